"""Makes the adapter files in this folder and what torch, peft and lycoris-lora compute with them.

    python make.py            # needs torch, safetensors, peft, lycoris-lora

`base.safetensors` holds a few small weights under the names of a U-Net and a text encoder. Each other file is an
adapter for some of them; `expected.safetensors` holds, as `file/key`, the weights after merging it with weight 1
(after the file's name `@0.6`, with weight 0.6). Everything is float32.
"""
import copy, json, math, os, sys
import torch
from torch import nn
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(0)
BLOCK = "down_blocks.0.attentions.0"
Q = f"{BLOCK}.transformer_blocks.0.attn1.to_q"
OUT = f"{BLOCK}.transformer_blocks.0.attn1.to_out.0"
K2 = f"{BLOCK}.transformer_blocks.0.attn2.to_k"
PROJ = f"{BLOCK}.proj_in"
CONV = "down_blocks.0.resnets.0.conv1"
NORM = "down_blocks.0.resnets.0.norm1"
TEXT = "text_model.encoder.layers.0.self_attn.q_proj"
SHAPES = {Q: (12, 8), OUT: (8, 8), K2: (12, 16), PROJ: (8, 8, 1, 1), CONV: (12, 8, 3, 3), TEXT: (16, 16)}
BIASED = [OUT, PROJ, CONV, TEXT]


def r8(t):
    """Eight significant bits, so that the files stay small when packed."""
    return t.to(torch.bfloat16).float()


base = {f"{n}.weight": r8(torch.randn(s) * 0.3) for n, s in SHAPES.items()}
base |= {f"{n}.bias": r8(torch.randn(SHAPES[n][0]) * 0.3) for n in BIASED}
base |= {f"{NORM}.weight": r8(1 + torch.randn(8) * 0.1), f"{NORM}.bias": r8(torch.randn(8) * 0.1)}
expected = {}


def put(name, tensors, metadata=None):
    save_file({k: v.detach().float().contiguous() for k, v in tensors.items()}, f"{HERE}/{name}.safetensors", metadata=metadata)


def want(name, weights):
    for key, value in weights.items():
        assert value.shape == base[key].shape, (name, key, value.shape)
        expected[f"{name}/{key}"] = value.detach().float().contiguous()


def layer(name):
    """The torch layer with the base's weights."""
    w = base[f"{name}.weight"]
    bias = base.get(f"{name}.bias")
    if w.dim() == 4:
        m = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2:], padding=w.shape[2] // 2, bias=bias is not None)
    else:
        m = nn.Linear(w.shape[1], w.shape[0], bias=bias is not None)
    m.weight.data = w.clone()
    if bias is not None:
        m.bias.data = bias.clone()
    return m


def kohya(name):
    return ("lora_te_" if name.startswith("text_model") else "lora_unet_") + name.replace(".", "_")


def effective(module, name):
    """The weight a wrapped layer acts with, read off its outputs: no formula of ours."""
    w, m = base[f"{name}.weight"], layer(name)
    zero_bias = m.bias.detach() if m.bias is not None else 0
    if w.dim() == 2:
        return (module(torch.eye(w.shape[1])) - zero_bias).T
    # A one in each place of a k×k image, no padding needed: the output's centre is the flipped weight.
    k = w.shape[2]
    x = torch.eye(w.shape[1] * k * k).reshape(-1, w.shape[1], k, k)
    y = module(x)[:, :, k // 2, k // 2] - zero_bias
    return y.T.reshape(w.shape)


# ---------------------------------------------------------------- LyCORIS
import lycoris.modules.locon as locon, lycoris.modules.loha as loha, lycoris.modules.lokr as lokr

CASES = {
    "locon": (locon.LoConModule, [Q, OUT, PROJ, CONV, TEXT], dict(lora_dim=3, alpha=2)),
    "locon_tucker": (locon.LoConModule, [CONV], dict(lora_dim=3, alpha=1, use_tucker=True)),
    "loha": (loha.LohaModule, [Q, PROJ, CONV, TEXT], dict(lora_dim=3, alpha=2)),
    "loha_tucker": (loha.LohaModule, [CONV], dict(lora_dim=2, alpha=1, use_tucker=True)),
    "lokr": (lokr.LokrModule, [Q, OUT, CONV, TEXT], dict(lora_dim=1, alpha=2, factor=4)),
    "lokr_full": (lokr.LokrModule, [Q, CONV], dict(lora_dim=8, alpha=3, factor=2)),
    "lokr_both": (lokr.LokrModule, [Q, TEXT], dict(lora_dim=1, alpha=0.5, factor=4, decompose_both=True)),
    "lokr_tucker": (lokr.LokrModule, [CONV], dict(lora_dim=1, alpha=0.5, factor=4, use_tucker=True)),
    "dora": (locon.LoConModule, [Q, CONV, TEXT], dict(lora_dim=3, alpha=2, weight_decompose=True, wd_on_out=True)),
    "dora_inputs": (locon.LoConModule, [Q, CONV], dict(lora_dim=3, alpha=2, weight_decompose=True, wd_on_out=False)),
    "dora_loha": (loha.LohaModule, [Q, CONV], dict(lora_dim=2, alpha=2, weight_decompose=True, wd_on_out=True)),
}
for case, (kind, names, options) in CASES.items():
    file, merged = {}, {}
    for name in names:
        original = layer(name)
        module = kind(kohya(name), original, multiplier=1.0, **options)
        for key, p in module.named_parameters():
            if key.startswith(("org", "lora_mid")) and p is original.weight:
                continue
            p.data = r8(p.data * (1 + 0.2 * torch.randn_like(p)) if key == "dora_scale" else torch.randn_like(p) * 0.3)
        module.apply_to()
        module.eval()
        with torch.no_grad():
            merged[f"{name}.weight"] = effective(original, name)
        for key, value in module.custom_state_dict().items():
            file[f"{kohya(name)}.{key}"] = value.clone()
    put(case, file, {"ss_network_module": "lycoris.kohya", "ss_base_model_version": "sd_v1"})
    want(case, merged)

# Differences as such, of weights, biases and norms.
full, merged = {}, {}
for name, ends in {Q: ("diff", None), CONV: ("diff", "diff_b"), NORM: ("w_norm", "b_norm")}.items():
    for key, end in zip(("weight", "bias"), ends):
        if end:
            change = r8(torch.randn(base[f"{name}.{key}"].shape) * 0.3)
            full[f"{kohya(name)}.{end}"] = change
            merged[f"{name}.{key}"] = base[f"{name}.{key}"] + change
put("full", full)
want("full", merged)

# ---------------------------------------------------------------- strength: W + w (W' - W), as A1111 and ComfyUI merge
for case in ["locon", "dora", "loha"]:
    for key in [k for k in list(expected) if k.startswith(case + "/")]:
        b = base[key.split("/", 1)[1]]
        expected[key.replace("/", "@0.6/", 1)] = b + 0.6 * (expected[key] - b)

# ---------------------------------------------------------------- PEFT
from peft import LoraConfig, get_peft_model
from peft.utils import get_peft_model_state_dict


class Tree(nn.Module):
    """The U-Net's layers under their names."""

    def __init__(self, names):
        super().__init__()
        for name in names:
            node = self
            *path, last = name.split(".")
            for part in path:
                if part not in node._modules:
                    node.add_module(part, nn.Module())
                node = node._modules[part]
            node.add_module(last, layer(name))

    def forward(self, x):
        return x


def peft_case(case, names, wrapped, metadata=None, **options):
    model = get_peft_model(Tree(names), LoraConfig(target_modules=names, **options))
    for key, p in model.named_parameters():
        if "lora_" in key:
            p.data = r8(p.data * (1 + 0.2 * torch.randn_like(p)) if "magnitude" in key else torch.randn_like(p) * 0.3)
    state = get_peft_model_state_dict(model)
    if not wrapped:
        state = {"unet." + k.removeprefix("base_model.model."): v for k, v in state.items()}
    folder = case if wrapped else ""
    os.makedirs(f"{HERE}/{folder}", exist_ok=True)
    put(f"{case}/adapter_model" if wrapped else case, state, metadata)
    if wrapped:
        config = {k: v for k, v in options.items()} | {"lora_alpha": options["lora_alpha"], "peft_type": "LORA"}
        json.dump(config, open(f"{HERE}/{case}/adapter_config.json", "w"), indent=1, sort_keys=True)
    plain = model.merge_and_unload().state_dict()
    weights = {f"{n}.weight": plain[f"{n}.weight"] for n in names}
    if options.get("lora_bias"):
        weights |= {f"{n}.bias": plain[f"{n}.bias"] for n in names if n in BIASED}
    want(f"{case}/adapter_model" if wrapped else case, weights)


peft_case("peft", [Q, K2, CONV], True, r=2, lora_alpha=5, alpha_pattern={"to_k": 3})
peft_case("peft_bias", [OUT, CONV], True, r=2, lora_alpha=4, lora_bias=True)
peft_case(
    "diffusers_rslora", [Q, OUT], False, r=4, lora_alpha=6, use_rslora=True,
    metadata={"format": "pt", "lora_adapter_metadata": json.dumps({"unet.r": 4, "unet.lora_alpha": 6, "unet.use_rslora": True})})
peft_case("peft_dora", [Q, CONV], True, r=2, lora_alpha=3, use_dora=True)

# ---------------------------------------------------------------- the oldest formats: one module each
def old(case, keys, name, scale=1.0):
    down, up = r8(torch.randn(2, base[f"{name}.weight"].shape[1]) * 0.3), r8(torch.randn(base[f"{name}.weight"].shape[0], 2) * 0.3)
    put(case, {keys[0]: down, keys[1]: up})
    want(case, {f"{name}.weight": base[f"{name}.weight"] + scale * up @ down})


old("attn_procs", [f"{BLOCK}.transformer_blocks.0.attn1.processor.to_out_lora.{d}.weight" for d in ("down", "up")], OUT)
old("text_linear_layer", [f"text_encoder.{TEXT}.lora_linear_layer.{d}.weight" for d in ("down", "up")], TEXT)
old("text_to_q", [f"text_encoder.{TEXT.replace('q_proj', 'to_q')}_lora.{d}.weight" for d in ("down", "up")], TEXT)

put("base", base)
put("expected", expected)
print({f: os.path.getsize(f"{HERE}/{f}") for f in sorted(os.listdir(HERE)) if f.endswith(".safetensors")}, file=sys.stderr)
