#!/usr/bin/env python3
"""Runs diffusers' schedulers on a rectified flow: those made for flows, and the solvers that take one (`use_flow_sigmas`).

usage: make_fixtures.py   (needs diffusers, torch, scipy; writes expected.safetensors beside itself)

The stand-in for the network and the order of the random draws are those of reference/samplers. It is told 1000 times the
flow's time, which the solvers' own timesteps are rounded from. Each set-up is stored with the configuration of
`FlowMatchEulerDiscreteScheduler` that stands for the same model, and the sampler's name here.
"""
import json
import math
import os

import diffusers
import torch
from safetensors.torch import save_file

EULER, HEUN = "FlowMatchEulerDiscreteScheduler", "FlowMatchHeunDiscreteScheduler"
MULTI, SINGLE = "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler"
UNIPC = "UniPCMultistepScheduler"
FLOW = dict(use_flow_sigmas=True, prediction_type="flow_prediction")
# Sampler here, diffusers' class and settings, and the flow's shift.
SETUPS = {
    "euler": ("euler", EULER, {}, 1.0),
    "euler_shift": ("euler", EULER, {}, 3.0),
    "heun": ("heun", HEUN, {}, 1.0),
    "heun_shift": ("heun", HEUN, {}, 2.5),
    "multi": ("dpmpp-2m", MULTI, dict(FLOW), 1.0),
    "multi_shift": ("dpmpp-2m", MULTI, dict(FLOW), 3.0),
    "multi_3": ("dpmpp-3m", MULTI, dict(FLOW, solver_order=3), 3.0),
    "multi_sde": ("dpmpp-2m-sde", MULTI, dict(FLOW, algorithm_type="sde-dpmsolver++"), 2.0),
    "single": ("dpmpp-2s", SINGLE, dict(FLOW), 3.0),
    "unipc": ("unipc", UNIPC, dict(FLOW), 3.0),
}


def stand_in(x, t):
    t = float(t) / 1000
    return 0.3 * x * math.cos(3 * t) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t)


def run(name, steps, out):
    sampler, class_name, config, shift = SETUPS[name]
    key = "shift" if class_name in (EULER, HEUN) else "flow_shift"
    scheduler = getattr(diffusers, class_name)(**{**config, key: shift})
    scheduler.set_timesteps(steps)
    if class_name == UNIPC:
        # Its own list ends with a step ten times as short as the others: the solvers' is taken for all.
        other = diffusers.DPMSolverMultistepScheduler(**{**FLOW, key: shift})
        other.set_timesteps(steps)
        scheduler.sigmas = other.sigmas
    generator = torch.Generator().manual_seed(7)
    x = torch.randn((1, 4, 2, 4), generator=generator)
    at = f"{name}.{steps}"
    out[f"{at}.x0"] = x
    takes_generator = "generator" in scheduler.step.__code__.co_varnames
    trajectory, told = [], []
    for index, t in enumerate(scheduler.timesteps):
        level = t if class_name in (EULER, HEUN) else scheduler.sigmas[index] * 1000
        told.append(level.reshape(1))
        kwargs = {"generator": generator} if takes_generator else {}
        x = scheduler.step(stand_in(x, level), t, x, **kwargs).prev_sample
        trajectory.append(x)
    out[f"{at}.timesteps"] = torch.cat(told).float()
    out[f"{at}.traj"] = torch.cat(trajectory)
    assert torch.isfinite(out[f"{at}.traj"]).all(), at


def main():
    out = {}
    for name in SETUPS:
        for steps in (6, 17):
            run(name, steps, out)
    about = {name: {"sampler": s, "config": {"_class_name": EULER, "shift": shift}} for name, (s, _, _, shift) in SETUPS.items()}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors")
    save_file(out, path, metadata={"about": json.dumps(about), "diffusers": diffusers.__version__})


if __name__ == "__main__":
    main()
