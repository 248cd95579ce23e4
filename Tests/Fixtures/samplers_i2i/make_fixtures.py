#!/usr/bin/env python3
"""Runs diffusers' schedulers from a noisy picture, entered as its image-to-image pipeline enters them.

usage: make_fixtures.py   (needs diffusers, torch, scipy; writes expected.safetensors beside itself)

One generator: first the clean sample, then the noise added to it, then what step() draws.
"""
import json
import math
import os

import diffusers
import torch
from safetensors.torch import save_file

SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
OFFSET = {**SD, "clip_sample": False, "set_alpha_to_one": False, "steps_offset": 1}
SETUPS = {
    "ddpm": ("DDPMScheduler", {**SD, "clip_sample": False}),
    "ddim": ("DDIMScheduler", OFFSET),
    "pndm": ("PNDMScheduler", {**SD, "skip_prk_steps": True, "set_alpha_to_one": False, "steps_offset": 1}),
    "euler": ("EulerDiscreteScheduler", {**SD, "timestep_spacing": "leading", "steps_offset": 1}),
    "euler_a": ("EulerAncestralDiscreteScheduler", SD),
    "heun": ("HeunDiscreteScheduler", SD),
    "dpm2": ("KDPM2DiscreteScheduler", SD),
    "dpm2_a": ("KDPM2AncestralDiscreteScheduler", SD),
    "dpmpp_2m_karras": ("DPMSolverMultistepScheduler", {**SD, "use_karras_sigmas": True}),
    "dpmpp_2m_sde": ("DPMSolverMultistepScheduler", {**SD, "algorithm_type": "sde-dpmsolver++"}),
    "dpmpp_3m": ("DPMSolverMultistepScheduler", {**SD, "solver_order": 3}),
    "dpmpp_2s": ("DPMSolverSinglestepScheduler", SD),
    "deis": ("DEISMultistepScheduler", SD),
    "unipc": ("UniPCMultistepScheduler", SD),
    "lcm": ("LCMScheduler", {**SD, "set_alpha_to_one": False}),
    "tcd": ("TCDScheduler", {**SD, "set_alpha_to_one": False}),
    "flow": ("FlowMatchEulerDiscreteScheduler", dict(shift=3.0)),
}
STEPS = 10


def stand_in(x, t):
    t = float(t) / 1000
    return 0.3 * x * math.cos(3 * t) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t)


def run(name, strength, out):
    class_name, config = SETUPS[name]
    scheduler = getattr(diffusers, class_name)(**config)
    scheduler.set_timesteps(STEPS)
    start = max(STEPS - min(int(STEPS * strength), STEPS), 0)
    timesteps = scheduler.timesteps[start * scheduler.order:]
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(start * scheduler.order)
    generator = torch.Generator().manual_seed(11)
    clean = torch.randn((1, 4, 2, 4), generator=generator)
    noise = torch.randn((1, 4, 2, 4), generator=generator)
    add = scheduler.add_noise if hasattr(scheduler, "add_noise") else None
    if add is None:
        x = scheduler.scale_noise(clean, timesteps[:1], noise)
    else:
        x = add(clean, noise, timesteps[:1])
    key = f"{name}.{strength}"
    out[f"{key}.start"] = x
    out[f"{key}.timesteps"] = timesteps.float()
    takes_generator = "generator" in scheduler.step.__code__.co_varnames
    trajectory = []
    for t in timesteps:
        seen = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        kwargs = {"generator": generator} if takes_generator else {}
        x = scheduler.step(stand_in(seen, t), t, x, **kwargs).prev_sample
        trajectory.append(x)
    out[f"{key}.traj"] = torch.cat(trajectory)


def main():
    out = {}
    for name in SETUPS:
        for strength in (0.35, 0.8, 1.0):
            run(name, strength, out)
    about = {"samplers": {name: {"class": c, "config": k} for name, (c, k) in SETUPS.items()}}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors")
    save_file(out, path, metadata={"about": json.dumps(about), "diffusers": diffusers.__version__})


if __name__ == "__main__":
    main()
