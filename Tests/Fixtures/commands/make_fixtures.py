#!/usr/bin/env python3
"""What diffusers draws with the small SD 1 model under other schedulers, and with the tiny autoencoder.

usage: make_fixtures.py REFERENCE   (the folder of full reference models: sd1_tiny with its tokenizer, samplers,
taesd_shape; needs torch, diffusers and scipy; writes expected.safetensors beside itself)

`setup.NAME`: last latents of a run under the scheduler class and configuration of that name in
reference/samplers/expected.safetensors. `flags.NAME`: the same under a class that takes over the model's own
configuration with a change or two, as `--sampler` and `--schedule` say it. `taesd.*`: image and latents of a run whose
autoencoder is taesd_shape. All: CFG 4, five steps, seed 21, 32 x 32 pixels (taesd: 64 x 64).
"""
import json
import os
import sys

import diffusers
import torch
from safetensors import safe_open
from safetensors.torch import save_file

REFERENCE = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
PROMPT, CFG, STEPS, SEED = "a cat on the moon", 4.0, 5, 21

FLAGS = {
    "ddpm": ("DDPMScheduler", {}), "ddim": ("DDIMScheduler", {}), "pndm": ("PNDMScheduler", {}),
    "lms": ("LMSDiscreteScheduler", {}), "euler": ("EulerDiscreteScheduler", {}),
    "euler-a": ("EulerAncestralDiscreteScheduler", {}), "heun": ("HeunDiscreteScheduler", {}),
    "dpm2": ("KDPM2DiscreteScheduler", {}), "dpm2-a": ("KDPM2AncestralDiscreteScheduler", {}),
    "dpmpp-2m": ("DPMSolverMultistepScheduler", {}),
    "dpmpp-2m-sde": ("DPMSolverMultistepScheduler", {"algorithm_type": "sde-dpmsolver++"}),
    "dpmpp-3m": ("DPMSolverMultistepScheduler", {"solver_order": 3}),
    "dpmpp-2s": ("DPMSolverSinglestepScheduler", {}), "deis": ("DEISMultistepScheduler", {}),
    "unipc": ("UniPCMultistepScheduler", {}), "lcm": ("LCMScheduler", {}), "tcd": ("TCDScheduler", {}),
    "flow-euler": ("FlowMatchEulerDiscreteScheduler", {}),
    "ddim trailing": ("DDIMScheduler", {"timestep_spacing": "trailing"}),
    "euler trailing": ("EulerDiscreteScheduler", {"timestep_spacing": "trailing"}),
    "euler linspace": ("EulerDiscreteScheduler", {"timestep_spacing": "linspace"}),
    "dpmpp-2m linspace": ("DPMSolverMultistepScheduler", {"timestep_spacing": "linspace"}),
}


def draw(pipe, scheduler, extra):
    """The pipeline's loop, for schedulers its class does not know as well."""
    generator = torch.Generator().manual_seed(SEED)
    scheduler.set_timesteps(STEPS)
    x = torch.randn((1, 4, 16, 16), generator=generator) * getattr(scheduler, "init_noise_sigma", 1.0)
    context = torch.cat([pipe.encode_prompt(text, "cpu", 1, False)[0] for text in ("", PROMPT)])
    kwargs = dict(extra)
    if "generator" in scheduler.step.__code__.co_varnames:
        kwargs["generator"] = generator
    scale = getattr(scheduler, "scale_model_input", lambda x, t: x)
    for t in scheduler.timesteps:
        rows = torch.cat([scale(x, t)] * 2)
        unconditional, conditional = pipe.unet(rows, t, encoder_hidden_states=context).sample.chunk(2)
        output = unconditional + CFG * (conditional - unconditional)
        x = scheduler.step(output, t, x, **kwargs).prev_sample
    return x


@torch.no_grad()
def main():
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(f"{REFERENCE}/sd1_tiny", safety_checker=None)
    pipe.set_progress_bar_config(disable=True)
    own = pipe.scheduler
    out = {}
    with safe_open(f"{REFERENCE}/samplers/expected.safetensors", "pt") as file:
        setups = json.loads(file.metadata()["about"])["samplers"]
    for name, setup in setups.items():
        scheduler = getattr(diffusers, setup["class"]).from_config(setup["config"])
        out[f"setup.{name}"] = draw(pipe, scheduler, setup["extra"])
    for name, (kind, changes) in FLAGS.items():
        out[f"flags.{name}"] = draw(pipe, getattr(diffusers, kind).from_config(own.config, **changes), {})
    vae = diffusers.AutoencoderTiny.from_pretrained(f"{REFERENCE}/taesd_shape")
    parts = {**pipe.components, "vae": vae}
    tiny = diffusers.StableDiffusionPipeline(**parts, requires_safety_checker=False)
    tiny.set_progress_bar_config(disable=True)

    def call(kind):
        return tiny(
            PROMPT, guidance_scale=CFG, num_inference_steps=STEPS, height=64, width=64, output_type=kind,
            generator=torch.Generator().manual_seed(SEED)).images

    out["taesd.image_nhwc"] = torch.as_tensor(call("np"))
    out["taesd.latents"] = call("latent")
    about = {"prompt": PROMPT, "cfg": CFG, "steps": STEPS, "seed": SEED, "flags": {k: v[0] for k, v in FLAGS.items()}}
    save_file(
        {k: v.float().contiguous() for k, v in out.items()}, f"{HERE}/expected.safetensors",
        metadata={"about": json.dumps(about), "diffusers": diffusers.__version__, "torch": torch.__version__})


if __name__ == "__main__":
    main()
