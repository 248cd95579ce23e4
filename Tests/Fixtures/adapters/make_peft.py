"""Makes the adapters in `peft_*` that PEFT saves with patterns, LoHa and LoKr, and what PEFT merges of them.

    python make_peft.py            # needs torch, safetensors, peft (made with torch 2.13, peft 0.21)

The weights they are added to are those of `base.safetensors`, which is only read. `expected_peft.safetensors` holds, as
`file/key`, the weights after merging a file with weight 1.
"""
import json, os, shutil
import torch
from torch import nn
from peft import LoHaConfig, LoKrConfig, LoraConfig, PeftModel, get_peft_model
from safetensors.torch import load_file, save_file

HERE = os.path.dirname(os.path.abspath(__file__))
torch.manual_seed(1)
base = load_file(f"{HERE}/base.safetensors")
BLOCK = "down_blocks.0.attentions.0"
Q = f"{BLOCK}.transformer_blocks.0.attn1.to_q"
OUT = f"{BLOCK}.transformer_blocks.0.attn1.to_out.0"
K2 = f"{BLOCK}.transformer_blocks.0.attn2.to_k"
PROJ = f"{BLOCK}.proj_in"
CONV = "down_blocks.0.resnets.0.conv1"
expected = {}


def layer(name):
    w, bias = base[f"{name}.weight"], base.get(f"{name}.bias")
    if w.dim() == 4:
        m = nn.Conv2d(w.shape[1], w.shape[0], w.shape[2:], padding=w.shape[2] // 2, bias=bias is not None)
    else:
        m = nn.Linear(w.shape[1], w.shape[0], bias=bias is not None)
    m.weight.data = w.clone()
    if bias is not None:
        m.bias.data = bias.clone()
    return m


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


def case(name, config, names, change=lambda config: config):
    """Saves an adapter, changes the configuration that was written if asked, and has PEFT read and merge it."""
    model = get_peft_model(Tree(names), config)
    for key, p in model.named_parameters():
        if any(part in key for part in ("lora_", "hada_", "lokr_")):
            p.data = (torch.randn_like(p) * 0.3).to(torch.bfloat16).float()
    folder = f"{HERE}/{name}"
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    for other in set(os.listdir(folder)) - {"adapter_config.json", "adapter_model.safetensors"}:
        os.remove(f"{folder}/{other}")
    path = f"{folder}/adapter_config.json"
    written = change(json.load(open(path)))
    json.dump(written, open(path, "w"), indent=1)
    plain = PeftModel.from_pretrained(Tree(names), folder).merge_and_unload().state_dict()
    for n in names:
        expected[f"{name}/adapter_model/{n}.weight"] = plain[f"{n}.weight"].detach().float().contiguous()


ALL = [Q, OUT, K2, CONV]
# The first pattern of the file that fits counts, whatever fits better; PEFT itself writes them sorted. Keys are regular
# expressions for the end of a name, behind a point.
PATTERNS = {"q": 100, "out.0": 50, "to_q": 1, "attn1.to_q": 32, r"attn\d\.to_(k|v)": 7, "to_k": 9, "(?!resnets).*conv1": 3}
case("peft_patterns", LoraConfig(
    r=8, lora_alpha=4, target_modules=ALL, rank_pattern={"attn1.to_q": 2, "conv[0-9]": 2, "to_.*": 3}), ALL,
    lambda config: config | {"alpha_pattern": PATTERNS})
case("peft_rslora", LoraConfig(
    r=4, lora_alpha=6, use_rslora=True, target_modules=ALL, rank_pattern={"^down_blocks.*to_q": 2}), ALL)
case("peft_lokr_whole", LoKrConfig(r=8, alpha=4, target_modules=ALL), ALL)
case("peft_lokr_parts", LoKrConfig(
    r=1, alpha=3, decompose_both=True, decompose_factor=4, use_effective_conv2d=True, rank_dropout=0.5,
    target_modules=ALL + [PROJ], rank_pattern={"to_q": 8}, alpha_pattern={"attn2.*": 0.5}), ALL + [PROJ])
case("peft_loha", LoHaConfig(
    r=3, alpha=2, target_modules=ALL + [PROJ], rank_pattern={"conv1": 2}, alpha_pattern={"conv1": 5}), ALL + [PROJ])
case("peft_loha_conv", LoHaConfig(r=2, alpha=5, use_effective_conv2d=True, module_dropout=0.1, target_modules=[CONV]), [CONV])
save_file(expected, f"{HERE}/expected_peft.safetensors")
