#!/usr/bin/env python3
"""Runs diffusers' schedulers with the settings that reference/samplers leaves at their defaults.

usage: make_fixtures.py   (needs diffusers, torch, scipy; writes expected.safetensors beside itself)

The stand-in for the network and the order of the random draws are those of reference/samplers.
"""
import json
import math
import os

import diffusers
import numpy as np
import torch
from safetensors.torch import save_file

SD = dict(num_train_timesteps=1000, beta_start=0.00085, beta_end=0.012, beta_schedule="scaled_linear")
V_ZERO = {**SD, "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"}
MULTI, SINGLE, EULER = "DPMSolverMultistepScheduler", "DPMSolverSinglestepScheduler", "EulerDiscreteScheduler"
UNIPC, DEIS, HEUN = "UniPCMultistepScheduler", "DEISMultistepScheduler", "HeunDiscreteScheduler"
SETUPS = {
    "ddpm_sigmoid": ("DDPMScheduler", dict(beta_schedule="sigmoid", clip_sample=True, clip_sample_range=2.0)),
    "ddpm_threshold": ("DDPMScheduler", {**SD, "thresholding": True, "sample_max_value": 1.5}),
    "ddim_linspace_x0": ("DDIMScheduler", {**SD, "timestep_spacing": "linspace", "prediction_type": "sample"}),
    "ddim_inverse_trailing_v": (
        "DDIMInverseScheduler",
        {**SD, "clip_sample": False, "timestep_spacing": "trailing", "prediction_type": "v_prediction"}),
    "pndm_rk": ("PNDMScheduler", {**SD, "steps_offset": 1}),
    "pndm_v_trailing": (
        "PNDMScheduler",
        {**SD, "skip_prk_steps": True, "timestep_spacing": "trailing", "prediction_type": "v_prediction"}),
    "lms_karras": ("LMSDiscreteScheduler", {**SD, "use_karras_sigmas": True}),
    "lms_x0_leading": (
        "LMSDiscreteScheduler",
        {**SD, "prediction_type": "sample", "timestep_spacing": "leading", "steps_offset": 1}),
    "euler_zero_snr": (EULER, V_ZERO),
    "euler_exponential": (EULER, {**SD, "use_exponential_sigmas": True}),
    "euler_beta": (EULER, {**SD, "use_beta_sigmas": True}),
    "euler_log_linear": (EULER, {**SD, "interpolation_type": "log_linear"}),
    "euler_continuous": (
        EULER,
        {**SD, "prediction_type": "v_prediction", "timestep_type": "continuous", "use_karras_sigmas": True,
         "sigma_min": 0.002, "sigma_max": 700.0}),
    "euler_sigma_min": (EULER, {**SD, "final_sigmas_type": "sigma_min"}),
    "euler_trained_betas": (EULER, dict(trained_betas=[0.01 + 0.0001 * i for i in range(50)], num_train_timesteps=50)),
    "euler_a_v_leading": (
        "EulerAncestralDiscreteScheduler",
        {**SD, "prediction_type": "v_prediction", "timestep_spacing": "leading"}),
    "euler_a_zero_snr": ("EulerAncestralDiscreteScheduler", V_ZERO),
    "heun_clip_trailing": (HEUN, {**SD, "clip_sample": True, "timestep_spacing": "trailing"}),
    "heun_beta": (HEUN, {**SD, "use_beta_sigmas": True}),
    "dpm2_karras": ("KDPM2DiscreteScheduler", {**SD, "use_karras_sigmas": True}),
    "dpm2_a_v": ("KDPM2AncestralDiscreteScheduler", {**SD, "prediction_type": "v_prediction"}),
    "multi_leading": (MULTI, {**SD, "timestep_spacing": "leading", "steps_offset": 1}),
    "multi_trailing_zero_snr": (MULTI, V_ZERO),
    "multi_first": (MULTI, {**SD, "solver_order": 1}),
    "multi_heun": (MULTI, {**SD, "solver_type": "heun"}),
    "multi_noise": (MULTI, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}),
    "multi_noise_heun": (
        MULTI, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_type": "heun"}),
    "multi_noise_3": (
        MULTI, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": 3}),
    "multi_sde": (MULTI, {**SD, "algorithm_type": "sde-dpmsolver++"}),
    "multi_sde_heun": (MULTI, {**SD, "algorithm_type": "sde-dpmsolver++", "solver_type": "heun"}),
    "multi_sde_noise": (
        MULTI, {**SD, "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min"}),
    "multi_sde_noise_heun": (
        MULTI,
        {**SD, "algorithm_type": "sde-dpmsolver", "final_sigmas_type": "sigma_min", "solver_type": "heun"}),
    "multi_lu": (MULTI, {**SD, "use_lu_lambdas": True}),
    "multi_exponential": (MULTI, {**SD, "use_exponential_sigmas": True}),
    "multi_beta": (MULTI, {**SD, "use_beta_sigmas": True}),
    "multi_euler_final": (MULTI, {**SD, "euler_at_final": True, "final_sigmas_type": "sigma_min"}),
    "multi_high_final": (MULTI, {**SD, "lower_order_final": False, "solver_order": 3}),
    "multi_cosine_clipped": (
        MULTI, dict(beta_schedule="squaredcos_cap_v2", lambda_min_clipped=-5.1, use_karras_sigmas=False)),
    "multi_threshold": (MULTI, {**SD, "thresholding": True}),
    "single_3": (SINGLE, {**SD, "solver_order": 3}),
    "single_3_heun": (SINGLE, {**SD, "solver_order": 3, "solver_type": "heun"}),
    "single_heun": (SINGLE, {**SD, "solver_type": "heun"}),
    "single_noise": (SINGLE, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min"}),
    "single_noise_3": (
        SINGLE, {**SD, "algorithm_type": "dpmsolver", "final_sigmas_type": "sigma_min", "solver_order": 3}),
    "single_lower": (
        SINGLE, {**SD, "lower_order_final": True, "final_sigmas_type": "sigma_min", "solver_order": 3}),
    "single_sde_karras": (SINGLE, {**SD, "algorithm_type": "sde-dpmsolver++", "use_karras_sigmas": True}),
    "deis_3": (DEIS, {**SD, "solver_order": 3}),
    "deis_karras_v": (DEIS, {**SD, "use_karras_sigmas": True, "prediction_type": "v_prediction"}),
    "unipc_3": (UNIPC, {**SD, "solver_order": 3}),
    "unipc_bh1": (UNIPC, {**SD, "solver_type": "bh1", "solver_order": 3, "final_sigmas_type": "sigma_min"}),
    "unipc_noise": (UNIPC, {**SD, "predict_x0": False, "final_sigmas_type": "sigma_min"}),
    "unipc_uncorrected": (UNIPC, {**SD, "disable_corrector": [0, 2]}),
    "unipc_exponential": (UNIPC, {**SD, "use_exponential_sigmas": True, "final_sigmas_type": "sigma_min"}),
    "unipc_zero_snr": (UNIPC, V_ZERO),
    "lcm_v": ("LCMScheduler", {**SD, "prediction_type": "v_prediction", "original_inference_steps": 40}),
    "tcd_v": ("TCDScheduler", {**SD, "prediction_type": "v_prediction"}),
    "flow_karras": ("FlowMatchEulerDiscreteScheduler", dict(shift=2.0, use_karras_sigmas=True)),
    "flow_terminal": ("FlowMatchEulerDiscreteScheduler", dict(shift=3.0, shift_terminal=0.1)),
    "flow_stochastic": ("FlowMatchEulerDiscreteScheduler", dict(shift=1.5, stochastic_sampling=True)),
}


def stand_in(x, t):
    t = float(t) / 1000
    return 0.3 * x * math.cos(3 * t) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t)


def run(name, steps, out):
    class_name, config = SETUPS[name]
    scheduler = getattr(diffusers, class_name)(**config)
    scheduler.set_timesteps(steps)
    generator = torch.Generator().manual_seed(7)
    x = torch.randn((1, 4, 2, 4), generator=generator) * float(scheduler.init_noise_sigma if hasattr(
        scheduler, "init_noise_sigma") else 1)
    key = f"{name}.{steps}"
    out[f"{key}.x0"] = x
    out[f"{key}.timesteps"] = torch.as_tensor(np.asarray(scheduler.timesteps)).float()
    if torch.is_tensor(getattr(scheduler, "sigmas", None)):
        out[f"{key}.sigmas"] = scheduler.sigmas.float()
    takes_generator = "generator" in scheduler.step.__code__.co_varnames
    trajectory = []
    for t in scheduler.timesteps:
        seen = scheduler.scale_model_input(x, t) if hasattr(scheduler, "scale_model_input") else x
        kwargs = {"generator": generator} if takes_generator else {}
        x = scheduler.step(stand_in(seen, t), t, x, **kwargs).prev_sample
        trajectory.append(x)
    out[f"{key}.traj"] = torch.cat(trajectory)
    assert torch.isfinite(out[f"{key}.traj"]).all(), key


def main():
    out = {}
    for name in SETUPS:
        for steps in (6, 17):
            run(name, steps, out)
    about = {"samplers": {name: {"class": c, "config": k} for name, (c, k) in SETUPS.items()}}
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors")
    save_file(out, path, metadata={"about": json.dumps(about), "diffusers": diffusers.__version__})


if __name__ == "__main__":
    main()
