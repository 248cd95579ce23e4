#!/usr/bin/env python3
"""Adapters of sd1_tiny under torch and peft: every gradient of one step, and the losses of twenty.

usage: make_fixtures.py            (torch, diffusers, transformers, peft, safetensors; see the reference folder's requirements)
Writes beside itself, each with the start of every matrix, inputs, `grad/...` of the first step and `losses`:
lora.safetensors      the U-Net's transformers
lora_all.safetensors  all of the U-Net, 3x3 convolutions with a rank of their own, and the text encoder at a rate of its own
"""
from pathlib import Path

import numpy as np
import torch
from diffusers import DDIMScheduler, UNet2DConditionModel
from peft import LoraConfig, inject_adapter_in_model
from safetensors.torch import save_file
from transformers import CLIPTextModel

here = Path(__file__).parent
base = here.parent / "reference" / "sd1_tiny"
scheduler = DDIMScheduler.from_pretrained(base / "scheduler")
TRANSFORMER = ["to_q", "to_k", "to_v", "to_out.0", "proj_in", "proj_out", "ff.net.0.proj", "ff.net.2"]
RESIDUAL = ["conv1", "conv2", "time_emb_proj", "conv_shortcut", "downsamplers.0.conv", "upsamplers.0.conv"]
TEXT = ["q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2"]
STEPS, BATCH, RATE = 20, 2, 5e-3


def name(network, key):
    key = key.replace(".default", "").replace(".base_layer", "").removeprefix("text_model.")
    return f"{network}." + key.replace(".lora_A.", ".lora_down.").replace(".lora_B.", ".lora_up.")


def matrix(key, value):
    """As the project has them: the upper one without the convolution's two axes of one, the lower one of a 1x1 too."""
    return value.reshape(value.shape[:2]) if ".lora_up." in key or value.shape[2:] == (1, 1) else value


def case(file, config, text_config=None, text_rate=0.0, stored=np.float32):
    torch.manual_seed(0)
    unet = UNet2DConditionModel.from_pretrained(base / "unet").float().requires_grad_(False)
    unet.add_adapter(config)
    networks = [("unet", unet, RATE)]
    if text_config is not None:
        text = CLIPTextModel.from_pretrained(base / "text_encoder").float().requires_grad_(False)
        inject_adapter_in_model(text_config, text)
        networks.append(("text_encoder", text, text_rate))
    rng = np.random.default_rng(11)
    out, trained, groups = {}, [], []
    for network, model, rate in networks:
        group = []
        for key, parameter in model.named_parameters():
            if ".lora_" not in key:
                continue
            start = rng.normal(0, 0.1, parameter.shape).astype(stored)
            with torch.no_grad():
                parameter.copy_(torch.from_numpy(start.astype(np.float32)))
            parameter.requires_grad_(True)
            trained.append((name(network, key), parameter))
            group.append(parameter)
            out["start/" + trained[-1][0]] = matrix(trained[-1][0], torch.from_numpy(start))
        groups.append({"params": group, "lr": rate})

    latents = torch.from_numpy(rng.normal(0, 1, (BATCH, 4, 8, 8)).astype(np.float32))
    noise = torch.from_numpy(rng.normal(0, 1, (STEPS, BATCH, 4, 8, 8)).astype(np.float32))
    if text_config is None:
        context = torch.from_numpy(rng.normal(0, 1, (BATCH, 7, unet.config.cross_attention_dim)).astype(np.float32))
        out["context"] = context
    else:
        ids = torch.from_numpy(rng.integers(0, 49406, (BATCH, 9)))
        ids[:, 0], ids[0, 6:], ids[1, 8:] = 49406, 49407, 49407
        out["ids"] = ids.float()
    timesteps = torch.from_numpy(rng.integers(0, 1000, (STEPS, BATCH)).astype(np.int32))
    optimizer = torch.optim.AdamW(groups, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2)
    losses = []
    for step in range(STEPS):
        t = timesteps[step].long()
        noisy = scheduler.add_noise(latents, noise[step], t)
        if text_config is not None:
            context = text(ids).last_hidden_state
        prediction = unet(noisy, t, encoder_hidden_states=context).sample
        loss = torch.nn.functional.mse_loss(prediction, noise[step])
        optimizer.zero_grad()
        loss.backward()
        if step == 0:
            for key, parameter in trained:
                out["grad/" + key] = matrix(key, parameter.grad.clone())
        torch.nn.utils.clip_grad_norm_([p for _, p in trained], 1.0)
        optimizer.step()
        losses.append(loss.item())
    out["losses"] = torch.tensor(losses)
    out["latents"], out["noise"], out["timesteps"] = latents, noise, timesteps.float()
    save_file({k: v.contiguous() for k, v in out.items()}, here / file)
    print(file, len(trained), "matrices, losses", losses[0], losses[-1])


case("lora.safetensors", LoraConfig(r=3, lora_alpha=1.5, target_modules=TRANSFORMER))
WIDE = r".*(conv1|conv2|downsamplers\.0\.conv|upsamplers\.0\.conv)"
case(
    "lora_all.safetensors",
    LoraConfig(
        r=2, lora_alpha=1, target_modules=TRANSFORMER + RESIDUAL, rank_pattern={WIDE: 1}, alpha_pattern={WIDE: 0.5}),
    LoraConfig(r=2, lora_alpha=1, target_modules=TEXT), text_rate=1e-3, stored=np.float16)
