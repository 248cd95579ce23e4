#!/usr/bin/env python3
"""Adapters of sd1_tiny's U-Net under torch and peft: every gradient of one step, and the losses of twenty.

usage: make_fixtures.py            (torch, diffusers, peft, safetensors; see the reference folder's requirements)
Writes lora.safetensors beside itself: the start of every matrix, inputs, `grad/...` of the first step and `losses`.
"""
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from peft import LoraConfig
from safetensors.torch import save_file

here = Path(__file__).parent
base = here.parent / "reference" / "sd1_tiny"
torch.manual_seed(0)
unet = UNet2DConditionModel.from_pretrained(base / "unet").float().requires_grad_(False)
scheduler = DDIMScheduler.from_pretrained(base / "scheduler")
targets = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]
unet.add_adapter(LoraConfig(r=3, lora_alpha=1.5, target_modules=targets))
rng = np.random.default_rng(11)
out = {}


def name(key):
    key = key.replace(".default", "").replace(".base_layer", "")
    return "unet." + key.replace(".lora_A.", ".lora_down.").replace(".lora_B.", ".lora_up.")


trained = []
for key, parameter in unet.named_parameters():
    if ".lora_" not in key:
        continue
    with torch.no_grad():
        parameter.copy_(torch.from_numpy(rng.normal(0, 0.1, parameter.shape).astype(np.float32)))
    parameter.requires_grad_(True)
    trained.append((name(key), parameter))
    out["start/" + name(key)] = parameter.detach().clone().reshape(parameter.shape[:2])

steps, batch = 20, 2
latents = torch.from_numpy(rng.normal(0, 1, (batch, 4, 8, 8)).astype(np.float32))
noise = torch.from_numpy(rng.normal(0, 1, (steps, batch, 4, 8, 8)).astype(np.float32))
context = torch.from_numpy(rng.normal(0, 1, (batch, 7, unet.config.cross_attention_dim)).astype(np.float32))
timesteps = torch.from_numpy(rng.integers(0, 1000, (steps, batch)).astype(np.int32))
optimizer = torch.optim.AdamW([p for _, p in trained], lr=5e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
losses = []
for step in range(steps):
    t = timesteps[step].long()
    noisy = scheduler.add_noise(latents, noise[step], t)
    prediction = unet(noisy, t, encoder_hidden_states=context).sample
    loss = torch.nn.functional.mse_loss(prediction, noise[step])
    optimizer.zero_grad()
    loss.backward()
    if step == 0:
        for key, parameter in trained:
            out["grad/" + key] = parameter.grad.clone().reshape(parameter.shape[:2])
    torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
    optimizer.step()
    losses.append(loss.item())
out["losses"] = torch.tensor(losses)
out["latents"], out["noise"], out["context"] = latents, noise, context
out["timesteps"] = timesteps.float()
save_file({k: v.contiguous() for k, v in out.items()}, here / "lora.safetensors")
print(len(trained), "matrices, losses", losses[0], losses[-1])
