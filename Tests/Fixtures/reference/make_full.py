#!/usr/bin/env python3
"""Write reference results of diffusers/transformers/torch for tiny random models.

usage: make_full.py OUT_DIR [--seed N] [--scale S]

Every case is a folder of real files in the public formats plus one
`expected.safetensors` (float32 unless said otherwise) whose metadata key `about`
is a JSON description.  Weights are random, so nothing here is a trained model:
the files only pin down formats and arithmetic.
Set-up: python3 -m venv v && v/bin/pip install -r ../requirements.txt
"""
import argparse, gzip, json, math, os, shutil, sys, warnings, logging
warnings.filterwarnings("ignore"); logging.disable(logging.WARNING)
import numpy as np, torch
from PIL import Image
from safetensors.torch import save_file, load_file
import diffusers, transformers
from diffusers import (AutoencoderKL, AutoencoderTiny, AutoPipelineForImage2Image, AutoPipelineForInpainting, DDIMInverseScheduler,
    DDIMScheduler, DDPMPipeline, DDPMScheduler, DEISMultistepScheduler, DPMSolverMultistepScheduler, DPMSolverSinglestepScheduler,
    EulerAncestralDiscreteScheduler, EulerDiscreteScheduler, FlowMatchEulerDiscreteScheduler, HeunDiscreteScheduler,
    KDPM2AncestralDiscreteScheduler, KDPM2DiscreteScheduler, LCMScheduler, LMSDiscreteScheduler, PNDMScheduler,
    StableDiffusionInpaintPipeline, StableDiffusionPipeline, StableDiffusionXLPipeline, TCDScheduler, UNet2DConditionModel,
    UNet2DModel, UniPCMultistepScheduler)
from transformers import (CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer)
diffusers.utils.logging.set_verbosity_error(); transformers.utils.logging.set_verbosity_error()
diffusers.utils.logging.disable_progress_bar()

ap = argparse.ArgumentParser(); ap.add_argument("out"); ap.add_argument("--seed", type=int, default=0)
ap.add_argument("--scale", type=int, default=1, help="channel multiplier, for other shapes than the default")
a = ap.parse_args(); OUT = a.out; S = a.seed; K = a.scale
os.makedirs(OUT, exist_ok=True)

def put(path, tensors, about):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    t = {k: v.detach().contiguous().clone() for k, v in tensors.items()}
    save_file(t, path, metadata={"about": json.dumps(about), "diffusers": diffusers.__version__, "torch": torch.__version__})

# ---------------------------------------------------------------- tokenizer
def clip_vocab():
    import open_clip
    from open_clip.tokenizer import bytes_to_unicode
    p = os.path.join(os.path.dirname(open_clip.__file__), "bpe_simple_vocab_16e6.txt.gz")
    merges = gzip.open(p).read().decode("utf-8").split("\n")[1:49152 - 256 - 2 + 1]
    v = list(bytes_to_unicode().values()); v += [x + "</w>" for x in v]
    v += ["".join(m.split()) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
    d = os.path.join(OUT, "clip_tokenizer"); os.makedirs(d, exist_ok=True)
    json.dump({t: i for i, t in enumerate(v)}, open(f"{d}/vocab.json", "w"), ensure_ascii=False)
    open(f"{d}/merges.txt", "w", encoding="utf-8").write("#version: 0.2\n" + "\n".join(merges) + "\n")
    tok = CLIPTokenizer(f"{d}/vocab.json", f"{d}/merges.txt", model_max_length=77, pad_token="<|endoftext|>")
    tok.save_pretrained(os.path.join(OUT, "clip_tokenizer_json"))
    return tok
tok = clip_vocab()
PROMPTS = ["a cat on the moon", "", " ", "A CAT, on the Moon!!", "photo of a butterfly's wing, macro, 35mm, f/1.8",
  "a  double   spaced\tprompt\nwith newline", "don't can't we'll I'm they've", "naïve café façade coöperate", "猫が月にいる", "кот на луне",
  "🐱🌕", "🏳️‍🌈 flag", "supercalifragilisticexpialidocious", "1234567890 12,345.67", "a_b-c/d\\e", "(masterpiece:1.2), [bad]", "<|endoftext|> in text",
  "&amp; html &lt;b&gt;", "ﬁne ligature", "ＦＵＬＬwidth", "é vs é", "x" * 400, " ".join(["word"] * 100), "a cat " * 60,
  "hello\u00a0nbsp\u200bzero", "Ünïcödé ŠŽ", "３ ½ ² ⅷ", "don’t “smart” quotes…", "العربية", "हिन्दी क्षि", "ไทย", "\U0001F9D1\U0001F3FD\u200d\U0001F680", "C++ & C# #1 @home 100%",
  "'s 'S 'T't 're", "....", "—–-", "\ufeffbom", "İstanbul ıI", "straße STRASSE", "a\u0301 combining", "end "]
ids = torch.full((len(PROMPTS), 77), -1, dtype=torch.int64)
full = []
for i, p in enumerate(PROMPTS):
    ids[i] = torch.tensor(tok(p, padding="max_length", truncation=True, max_length=77).input_ids)
    full.append(tok(p).input_ids if True else None)
json.dump({"prompts": PROMPTS, "padded_77": ids.tolist(), "untruncated": full}, open(f"{OUT}/clip_tokenizer/expected.json", "w"), ensure_ascii=False)

# ---------------------------------------------------------------- random numbers
rng = {}
for seed in (0, 1, 42, 2**31 + 7, 1234567890123):
    for n in (1, 7, 15, 16, 17, 64, 4 * 8 * 8, 1003):
        g = torch.Generator().manual_seed(seed); rng[f"randn.seed{seed}.n{n}"] = torch.randn(n, generator=g)
    g = torch.Generator().manual_seed(seed)
    rng[f"randn_seq.seed{seed}.a16"] = torch.randn(16, generator=g); rng[f"randn_seq.seed{seed}.b5"] = torch.randn(5, generator=g); rng[f"randn_seq.seed{seed}.c40"] = torch.randn(40, generator=g)
    g = torch.Generator().manual_seed(seed); rng[f"rand.seed{seed}.n33"] = torch.rand(33, generator=g)
    g = torch.Generator().manual_seed(seed); rng[f"randint1000.seed{seed}.n33"] = torch.randint(0, 1000, (33,), generator=g)
    g = torch.Generator().manual_seed(seed); rng[f"randperm.seed{seed}.n20"] = torch.randperm(20, generator=g)
put(f"{OUT}/torch_rng/expected.safetensors", rng, {"what": "torch.Generator('cpu') float32 streams"})

# ---------------------------------------------------------------- samplers on an analytic model
def fake(x, t, T=1000.0):   # a smooth stand-in for a network
    t = float(t); return 0.3 * x * math.cos(3 * t / T) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t / T)
base = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
SCHED = {
 "ddpm": (DDPMScheduler, {**base, "clip_sample": False}), "ddpm_clip_linear": (DDPMScheduler, dict(beta_start=1e-4, beta_end=0.02, beta_schedule="linear", clip_sample=True)),
 "ddpm_cosine": (DDPMScheduler, dict(beta_schedule="squaredcos_cap_v2", clip_sample=True)), "ddpm_fixed_large": (DDPMScheduler, {**base, "clip_sample": False, "variance_type": "fixed_large"}),
 "ddpm_v": (DDPMScheduler, {**base, "clip_sample": False, "prediction_type": "v_prediction"}), "ddpm_x0": (DDPMScheduler, {**base, "clip_sample": False, "prediction_type": "sample"}),
 "ddim": (DDIMScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}), "ddim_eta": (DDIMScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
 "ddim_v_zsnr_trailing": (DDIMScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}),
 "ddim_inverse": (DDIMInverseScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}),
 "pndm": (PNDMScheduler, {**base, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1}),
 "lms": (LMSDiscreteScheduler, base), "euler": (EulerDiscreteScheduler, {**base, "steps_offset": 1, "timestep_spacing": "leading"}), "euler_karras": (EulerDiscreteScheduler, {**base, "use_karras_sigmas": True}),
 "euler_trailing": (EulerDiscreteScheduler, {**base, "timestep_spacing": "trailing"}), "euler_v": (EulerDiscreteScheduler, {**base, "prediction_type": "v_prediction"}),
 "euler_a": (EulerAncestralDiscreteScheduler, {**base, "steps_offset": 1}), "heun": (HeunDiscreteScheduler, base), "heun_karras": (HeunDiscreteScheduler, {**base, "use_karras_sigmas": True}),
 "dpm2": (KDPM2DiscreteScheduler, base), "dpm2_a": (KDPM2AncestralDiscreteScheduler, base),
 "dpmpp_2m": (DPMSolverMultistepScheduler, base), "dpmpp_2m_karras": (DPMSolverMultistepScheduler, {**base, "use_karras_sigmas": True}), "dpmpp_2m_sde_karras": (DPMSolverMultistepScheduler, {**base, "use_karras_sigmas": True, "algorithm_type": "sde-dpmsolver++"}),
 "dpmpp_2m_v": (DPMSolverMultistepScheduler, {**base, "prediction_type": "v_prediction"}), "dpmpp_3m": (DPMSolverMultistepScheduler, {**base, "solver_order": 3}), "dpmpp_2s": (DPMSolverSinglestepScheduler, base),
 "deis": (DEISMultistepScheduler, base), "unipc": (UniPCMultistepScheduler, base), "unipc_karras": (UniPCMultistepScheduler, {**base, "use_karras_sigmas": True}),
 "lcm": (LCMScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False}), "tcd": (TCDScheduler, {**base, "clip_sample": False, "set_alpha_to_one": False}),
 "flow_euler_shift3": (FlowMatchEulerDiscreteScheduler, dict(num_train_timesteps=1000, shift=3.0)),
}
res, about, skipped = {}, {}, {}
for name, (cls, cfg) in SCHED.items():
    for steps in ((1, 4, 20) if "lcm" in name or "tcd" in name else (5, 20)):
        try:
            sch = cls(**cfg); sch.set_timesteps(steps); g = torch.Generator().manual_seed(7 + S)
            x = torch.randn((1, 4, 6, 5), generator=g) * float(getattr(sch, "init_noise_sigma", 1.0))
            res[f"{name}.{steps}.x0"] = x; res[f"{name}.{steps}.timesteps"] = torch.as_tensor(np.asarray(sch.timesteps)).float()
            if hasattr(sch, "sigmas") and torch.is_tensor(sch.sigmas): res[f"{name}.{steps}.sigmas"] = sch.sigmas.float()
            traj = []
            for t in sch.timesteps:
                xin = sch.scale_model_input(x, t) if hasattr(sch, "scale_model_input") else x
                kw = {"generator": g} if "generator" in cls.step.__code__.co_varnames else {}
                if name == "ddim_eta": kw["eta"] = 0.5
                x = sch.step(fake(xin, t), t, x, **kw).prev_sample; traj.append(x)
            res[f"{name}.{steps}.traj"] = torch.cat(traj)
            about[name] = {"class": cls.__name__, "config": {k: v for k, v in cfg.items()}, "extra": {"eta": 0.5} if name == "ddim_eta" else {}}
        except Exception as e: skipped[f"{name}.{steps}"] = repr(e)[:200]
put(f"{OUT}/samplers/expected.safetensors", res, {"model": "0.3*x*cos(3t/1000)+0.2*sin(2x)+0.05*sin(7t/1000) on scale_model_input(x,t)", "noise": f"one generator, seed {7+S}: first the start latents, then what step() draws", "samplers": about, "skipped": skipped})
if skipped: print("skipped", skipped)

# ---------------------------------------------------------------- tiny pipelines
def short(m):   # weights with 8 significant bits: the float32 files compress to half, nothing else changes
    for p in m.parameters(): p.data = p.data.bfloat16().float()
    return m.eval()
def text(hidden, layers, heads, act, proj=None, inter=None):
    torch.manual_seed(1 + S); cfg = CLIPTextConfig(vocab_size=49408, hidden_size=hidden, intermediate_size=inter or hidden * 4, num_hidden_layers=layers, num_attention_heads=heads, max_position_embeddings=77, hidden_act=act, projection_dim=proj or hidden, bos_token_id=49406, eos_token_id=49407, pad_token_id=1)
    return short((CLIPTextModelWithProjection if proj else CLIPTextModel)(cfg))
def vae(scaling=0.18215, ch=(32 * K, 64 * K)):
    torch.manual_seed(2 + S); return short(AutoencoderKL(in_channels=3, out_channels=3, down_block_types=("DownEncoderBlock2D",) * len(ch), up_block_types=("UpDecoderBlock2D",) * len(ch), block_out_channels=ch, layers_per_block=2, latent_channels=4, sample_size=64, scaling_factor=scaling))
def unet(**kw):
    torch.manual_seed(3 + S); d = dict(sample_size=32, in_channels=4, out_channels=4, layers_per_block=2, block_out_channels=(32 * K, 64 * K, 64 * K), down_block_types=("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"), cross_attention_dim=32, attention_head_dim=8); d.update(kw)
    return short(UNet2DConditionModel(**d))
def ddim(**kw): return DDIMScheduler(**{**base, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1, **kw})
def image(w=64, h=64, seed=0):
    r = np.random.default_rng(seed + S); yy, xx = np.mgrid[0:h, 0:w] / max(w, h); im = np.stack([np.sin(7 * xx + r.random() * 6), np.cos(5 * yy + r.random() * 6), np.sin(9 * (xx + yy))], -1) * .5 + .5
    return Image.fromarray((im * 255).astype(np.uint8))

def run(name, pipe, cases, extra_fn=None):
    d = f"{OUT}/{name}"; pipe.save_pretrained(d, safe_serialization=True); pipe.set_progress_bar_config(disable=True)
    if not hasattr(pipe.text_encoder, "text_model"): pipe.text_encoder.__dict__["text_model"] = pipe.text_encoder   # newer transformers dropped the level
    if name.startswith(("sd1", "sdxl")):    # ... and its `text_model.` key prefix, which most published checkpoints carry: keep both in the fixtures
        f = f"{d}/text_encoder/model.safetensors"; w = load_file(f); save_file({k if k.startswith(("text_model.", "text_projection.")) else "text_model." + k: v for k, v in w.items()}, f, metadata={"format": "pt"})
    out, ab = {}, {}
    for cname, kw in cases.items():
        kw = dict(kw); seed = kw.pop("seed"); steps = []
        def cb(p, i, t, k): steps.append(k["latents"].clone()); return k
        kw_ = dict(kw)
        for ik in ("image", "mask_image"):
            if ik in kw_: kw_[ik].save(f"{d}/{cname}.{ik}.png"); kw[ik] = f"{cname}.{ik}.png"
        p = pipe
        if "image" in kw_ and "mask_image" not in kw_: p = AutoPipelineForImage2Image.from_pipe(pipe)
        elif "mask_image" in kw_: p = AutoPipelineForInpainting.from_pipe(pipe)
        p.set_progress_bar_config(disable=True)
        im = p(generator=torch.Generator().manual_seed(seed), output_type="np", callback_on_step_end=cb, callback_on_step_end_tensor_inputs=["latents"], **kw_).images
        out[f"{cname}.image_nhwc"] = torch.from_numpy(im); out[f"{cname}.latents"] = torch.cat(steps); ab[cname] = {**{k: v for k, v in kw.items()}, "seed": seed}
    with torch.no_grad():
        if extra_fn: out.update(extra_fn(pipe))
    put(f"{d}/expected.safetensors", out, {"pipeline_calls": ab})
    print(name, {k: tuple(v.shape) for k, v in list(out.items())[:3]}, "params M", round(sum(p.numel() for m in (pipe.unet, pipe.vae) for p in m.parameters()) / 1e6, 2), flush=True)

P = "a cat on the moon"; N = "blurry, low quality"
def parts(pipe):
    g = torch.Generator().manual_seed(11 + S); o = {}
    x = torch.randn((2, pipe.unet.config.in_channels, 32, 24), generator=g); c = torch.randn((2, 77, pipe.unet.config.cross_attention_dim), generator=g)
    o["unet.x"], o["unet.context"] = x, c
    if pipe.unet.config.addition_embed_type is None:
        for t in (1, 500, 981): o[f"unet.out.t{t}"] = pipe.unet(x, t, c).sample
    im = torch.rand((1, 3, 64, 48), generator=g) * 2 - 1; o["vae.image"] = im; dist = pipe.vae.encode(im).latent_dist; o["vae.mean"], o["vae.logvar"] = dist.mean, dist.logvar
    o["vae.decoded"] = pipe.vae.decode(dist.mean).sample
    i = tok([P, N, ""], padding="max_length", truncation=True, max_length=77, return_tensors="pt").input_ids; r = pipe.text_encoder(i, output_hidden_states=True)
    o["text.ids"] = i; o["text.last_hidden_state"] = r[0] if r[0].ndim == 3 else r.last_hidden_state; o["text.hidden_minus2"] = r.hidden_states[-2]
    return o
def grads(pipe):
    o = parts(pipe); torch.set_grad_enabled(True); g = torch.Generator().manual_seed(21 + S)
    x = torch.randn((2, 4, 16, 16), generator=g); n = torch.randn((2, 4, 16, 16), generator=g); c = torch.randn((2, 77, 32), generator=g); t = torch.tensor([17, 801])
    u = pipe.unet; u.train(); u.zero_grad(); loss = ((u(x, t, c).sample - n) ** 2).mean(); loss.backward()
    o.update({"grad.x": x, "grad.noise": n, "grad.context": c, "grad.t": t, "grad.loss": loss.detach()[None]}); o.update({f"grad.unet.{k}": p.grad.clone() for k, p in u.named_parameters() if any(s in k for s in ("conv_in", "mid_block", "up_blocks.2", "time_embedding", "conv_norm_out"))})
    import copy
    w = copy.deepcopy(u); opt = torch.optim.AdamW(w.parameters(), lr=1e-3, betas=(0.9, 0.999), weight_decay=1e-2, eps=1e-8); ls = []
    for _ in range(5): opt.zero_grad(); l = ((w(x, t, c).sample - n) ** 2).mean(); l.backward(); torch.nn.utils.clip_grad_norm_(w.parameters(), 1.0); opt.step(); ls.append(l.detach())
    o["adamw.losses_5_steps"] = torch.stack(ls); o["adamw.conv_out.weight"] = w.conv_out.weight.detach()
    v = pipe.vae; v.train(); im = o["vae.image"]; po = v.encode(im).latent_dist; z = po.mean; l = (v.decode(z).sample - im).abs().mean() + 1e-3 * po.kl().mean(); v.zero_grad(); l.backward()
    o["vaegrad.loss"] = l.detach()[None]; o.update({f"vaegrad.{k}": p.grad.clone() for k, p in v.named_parameters() if any(s in k for s in ("conv_in", "mid_block", "quant_conv"))})
    te = pipe.text_encoder; te.train(); te.zero_grad(); h = te(o["text.ids"])[0]; l = (h ** 3).mean(); l.backward(); o["textgrad.loss"] = l.detach()[None]
    o.update({f"textgrad.{k}": p.grad.clone() for k, p in te.named_parameters() if "layers.0" in k or "final" in k or "position" in k})
    for m in (u, v, te): m.eval(); m.zero_grad(set_to_none=True)
    torch.set_grad_enabled(False); return o

torch.set_grad_enabled(False)
im, mask = image(), Image.fromarray(((np.mgrid[0:64, 0:64][0] > 20) * (np.mgrid[0:64, 0:64][1] > 30) * 255).astype(np.uint8))
sd1 = StableDiffusionPipeline(vae(), text(32, 3, 4, "quick_gelu"), tok, unet(), ddim(), None, None, requires_safety_checker=False)
sd1_cases = {"t2i_cfg7.5": dict(prompt=P, negative_prompt=N, guidance_scale=7.5, num_inference_steps=8, height=64, width=64, seed=42),
 "t2i_cfg1_wide": dict(prompt=P, guidance_scale=1.0, num_inference_steps=5, height=48, width=80, seed=1), "t2i_batch2": dict(prompt=[P, "a red butterfly"], guidance_scale=5.0, num_inference_steps=4, height=64, width=64, seed=3),
 "t2i_rescale": dict(prompt=P, guidance_scale=9.0, guidance_rescale=0.7, num_inference_steps=4, height=64, width=64, seed=5), "t2i_clipskip1": dict(prompt=P, clip_skip=1, num_inference_steps=4, height=64, width=64, seed=5),
 "i2i_s0.6": dict(prompt=P, image=im, strength=0.6, guidance_scale=7.5, num_inference_steps=10, seed=9), "inpaint_4ch": dict(prompt=P, image=im, mask_image=mask, strength=0.8, guidance_scale=7.5, num_inference_steps=10, height=64, width=64, seed=13)}
run("sd1_tiny", sd1, sd1_cases, grads)
# the same weights as one file with the original (LDM) key names, written by diffusers' own public naming
sd2 = StableDiffusionPipeline(vae(), text(32, 4, 4, "gelu"), tok, unet(attention_head_dim=(2, 4, 4), use_linear_projection=True), ddim(prediction_type="v_prediction"), None, None, requires_safety_checker=False)
run("sd2_tiny_v", sd2, {"t2i": dict(prompt=P, negative_prompt=N, guidance_scale=7.5, num_inference_steps=6, height=64, width=64, seed=42)}, parts)
inp = StableDiffusionInpaintPipeline(vae(), text(32, 3, 4, "quick_gelu"), tok, unet(in_channels=9), ddim(), None, None, requires_safety_checker=False)
run("inpaint_tiny_9ch", inp, {"inpaint_9ch": dict(prompt=P, image=im, mask_image=mask, strength=1.0, guidance_scale=7.5, num_inference_steps=6, height=64, width=64, seed=13)}, parts)
t2 = text(64, 3, 4, "gelu", proj=64); tok2 = CLIPTokenizer(f"{OUT}/clip_tokenizer/vocab.json", f"{OUT}/clip_tokenizer/merges.txt", model_max_length=77, pad_token="!")
xl = StableDiffusionXLPipeline(vae(0.13025), text(32, 3, 4, "quick_gelu"), t2, tok, tok2, unet(block_out_channels=(32 * K, 64 * K), down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), attention_head_dim=(2, 4), use_linear_projection=True, transformer_layers_per_block=(1, 2), addition_embed_type="text_time", addition_time_embed_dim=8, projection_class_embeddings_input_dim=64 + 6 * 8, cross_attention_dim=96), EulerDiscreteScheduler(**base, timestep_spacing="leading", steps_offset=1), add_watermarker=False)
run("sdxl_tiny", xl, {"t2i": dict(prompt=P, negative_prompt=N, guidance_scale=5.0, num_inference_steps=5, height=64, width=64, seed=42)}, None)
# ---------------------------------------------------------------- LoRA files on sd1_tiny
from peft import LoraConfig
import copy
def lora_case(tag, rank, alpha, targets):
    p = StableDiffusionPipeline.from_pretrained(f"{OUT}/sd1_tiny"); p.set_progress_bar_config(disable=True); torch.manual_seed(31 + S)
    p.unet.add_adapter(LoraConfig(r=rank, lora_alpha=alpha, init_lora_weights="gaussian", target_modules=targets))
    for k, q in p.unet.named_parameters():
        if "lora_B" in k: q.data = torch.randn_like(q) * 0.05
    from peft.utils import get_peft_model_state_dict
    from diffusers.utils import convert_state_dict_to_diffusers, convert_state_dict_to_kohya
    sd_ = {k: v.contiguous() for k, v in get_peft_model_state_dict(p.unet).items()}
    d = f"{OUT}/lora_tiny"; os.makedirs(d, exist_ok=True)
    diff = convert_state_dict_to_diffusers(sd_)
    StableDiffusionPipeline.save_lora_weights(d, unet_lora_layers=diff, weight_name=f"{tag}.diffusers.safetensors")
    kohya = {}
    for k, v in sd_.items():    # base names: lora_unet_<module path with underscores>.{lora_down,lora_up}.weight and .alpha
        mod, part = k.rsplit(".lora_", 1); n = "lora_unet_" + mod.replace(".", "_"); kohya[n + (".lora_down.weight" if part.startswith("A") else ".lora_up.weight")] = v.clone(); kohya[n + ".alpha"] = torch.tensor(float(alpha))
    save_file(kohya, f"{d}/{tag}.kohya.safetensors", metadata={"ss_network_dim": str(rank), "ss_network_alpha": str(alpha), "ss_network_module": "networks.lora"})
    r = p(P, guidance_scale=7.5, num_inference_steps=4, height=64, width=64, generator=torch.Generator().manual_seed(5), output_type="np").images
    return {f"{tag}.image_nhwc": torch.from_numpy(r)}
o = {}
o.update(lora_case("r4_a4_attn", 4, 4, ["to_q", "to_k", "to_v", "to_out.0"])); o.update(lora_case("r8_a2_attn_ff", 8, 2, ["to_q", "to_k", "to_v", "to_out.0", "ff.net.0.proj", "ff.net.2"]))
put(f"{OUT}/lora_tiny/expected.safetensors", o, {"base": "sd1_tiny", "call": dict(prompt=P, guidance_scale=7.5, num_inference_steps=4, height=64, width=64, seed=5), "weight": 1.0})
# ---------------------------------------------------------------- unconditional U-Net (butterflies shape) and tiny autoencoder
torch.manual_seed(41 + S)
u2 = UNet2DModel(sample_size=32, in_channels=3, out_channels=3, layers_per_block=2, block_out_channels=(32, 64, 64), norm_num_groups=32, down_block_types=("DownBlock2D", "AttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "AttnUpBlock2D", "UpBlock2D")); short(u2)
dp = DDPMPipeline(u2, DDPMScheduler(num_train_timesteps=1000)); dp.set_progress_bar_config(disable=True); dp.save_pretrained(f"{OUT}/ddpm_tiny")
x = torch.randn((2, 3, 32, 32)); put(f"{OUT}/ddpm_tiny/expected.safetensors", {"x": x, "out.t10": u2(x, 10).sample, "out.t900": u2(x, 900).sample, "image_nhwc": torch.from_numpy(dp(generator=torch.Generator().manual_seed(0), num_inference_steps=10, output_type="np").images)}, {"call": dict(num_inference_steps=10, seed=0)})
torch.manual_seed(43 + S); ta = short(AutoencoderTiny()); ta.save_pretrained(f"{OUT}/taesd_shape"); x = torch.rand((1, 3, 64, 64)) * 2 - 1; z = ta.encode(x).latents
put(f"{OUT}/taesd_shape/expected.safetensors", {"image": x, "latents": z, "decoded": ta.decode(z).sample}, {"class": "AutoencoderTiny, default config, random weights"})
print("ok")
