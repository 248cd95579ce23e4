#!/usr/bin/env python3
"""Runs diffusers on continuous noise levels (EDM): its schedulers, and a whole SDXL pipeline with normalised latents.

usage: make_fixtures.py SDXL_TINY   (needs diffusers, torch, transformers; writes beside itself)

SDXL_TINY is the full folder that reference/sdxl_tiny was shrunk from. The stand-in for the network and the order of
the random draws are those of reference/samplers.
"""
import json
import os
import sys

import diffusers
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "samplers_options"))
import make_fixtures as options  # noqa: E402

EULER, MULTI = "EDMEulerScheduler", "EDMDPMSolverMultistepScheduler"
COS = dict(sigma_min=0.002, sigma_max=120.0, sigma_data=1.0, prediction_type="v_prediction", sigma_schedule="exponential")
SETUPS = {
    "edm_euler": (EULER, {}),
    "edm_euler_cos": (EULER, COS),
    "edm_euler_rho": (EULER, dict(sigma_max=30.0, rho=3.0, sigma_data=0.8)),
    "edm_multi": (MULTI, {}),
    "edm_multi_cos": (MULTI, COS),
    "edm_multi_first": (MULTI, dict(solver_order=1)),
    "edm_multi_heun": (MULTI, dict(solver_type="heun")),
    "edm_multi_3": (MULTI, dict(solver_order=3)),
    "edm_multi_sde": (MULTI, dict(algorithm_type="sde-dpmsolver++")),
}
MEAN, DEVIATION = [-1.6574, 1.886, -1.383, 2.5155], [8.4927, 5.9022, 6.5498, 5.2299]


def pipeline(folder):
    """A call with Playground 2.5's scheduler, scale and statistics of latents on the small SDXL."""
    pipe = diffusers.StableDiffusionXLPipeline.from_pretrained(folder, add_watermarker=False)
    pipe.set_progress_bar_config(disable=True)
    pipe.scheduler = diffusers.EDMDPMSolverMultistepScheduler()
    pipe.vae.register_to_config(latents_mean=MEAN, latents_std=DEVIATION, scaling_factor=0.5)
    steps = []

    def keep(pipe, index, timestep, kwargs):
        steps.append(kwargs["latents"].clone())
        return kwargs

    image = pipe(
        "a cat on the moon", num_inference_steps=4, guidance_scale=3.0, height=32, width=32,
        generator=torch.Generator().manual_seed(11), output_type="np", callback_on_step_end=keep).images
    return {"latents": torch.cat(steps), "image": torch.from_numpy(image).contiguous()}


def main():
    options.SETUPS = SETUPS
    out = {}
    for name in SETUPS:
        for steps in (6, 17):
            options.run(name, steps, out)
    about = {"samplers": {name: {"class": c, "config": k} for name, (c, k) in SETUPS.items()}}
    metadata = {"about": json.dumps(about), "diffusers": diffusers.__version__}
    save_file(out, os.path.join(HERE, "schedulers.safetensors"), metadata=metadata)
    save_file(pipeline(sys.argv[1]), os.path.join(HERE, "pipeline.safetensors"), metadata={
        "diffusers": diffusers.__version__, "latents_mean": json.dumps(MEAN), "latents_std": json.dumps(DEVIATION)})


if __name__ == "__main__":
    main()
