#!/usr/bin/env python3
"""What AUTOMATIC1111's samplers draw with the small SD 1 model: k-diffusion's functions, NV noise, Brownian paths.

usage: K_DIFFUSION=folder of k_diffusion/sampling.py A1111=folder of sd_samplers_extra.py make_a1111.py REFERENCE
(REFERENCE as for make_fixtures.py; needs torch, torchsde, torchdiffeq and diffusers; writes a1111.safetensors)

`NAME/SCHEDULE`: last latents `[1, 4, 16, 16]` under the sampler and schedule of those names in AUTOMATIC1111, CFG 4, seed
21, 32 x 32 pixels, eight steps, Restart twenty.
"""
import importlib
import math
import os
import sys
import types

import diffusers
import numpy as np
import torch
import torchsde._brownian.brownian_interval as interval
from safetensors.torch import save_file

package = types.ModuleType("k_diffusion")
package.__path__ = [os.environ["K_DIFFUSION"]]
package.utils = types.ModuleType("k_diffusion.utils")
package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
sys.modules.update({"k_diffusion": package, "k_diffusion.utils": package.utils})
sampling = package.sampling = importlib.import_module("k_diffusion.sampling")
sys.path.insert(0, os.environ["A1111"])
from sd_samplers_extra import restart_sampler  # noqa: E402

HERE = os.path.dirname(os.path.abspath(__file__))
PROMPT, CFG, SEED, SHAPE = "a cat on the moon", 4.0, 21, (4, 16, 16)
# In double precision and rounded once, as the original checkpoints have it.
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
BARS = torch.cumprod(1 - BETAS, 0).float()
TABLE = ((1 - BARS) / BARS) ** 0.5
LOGS = TABLE.log()
LOW, HIGH = TABLE[0].item(), TABLE[-1].item()


class Philox:
    """Normals of a CUDA generator (Salmon et al. 2011; Box and Muller 1958)."""

    def __init__(self, seed):
        self.seed, self.call = int(seed), 0

    def randn(self, shape):
        count, low = math.prod(shape), np.uint64(0xFFFFFFFF)
        c = [np.full(count, self.call, np.uint64), np.zeros(count, np.uint64), np.arange(count, dtype=np.uint64),
             np.zeros(count, np.uint64)]
        k = [self.seed & 0xFFFFFFFF, self.seed >> 32]
        self.call += 1
        for _ in range(10):
            a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
            c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low,
                 (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
            k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
        u = c[0] * 2.0**-32 + 2.0**-33
        v = (c[1] * 2.0**-32 + 2.0**-33) * 2 * math.pi
        return torch.as_tensor(np.sqrt(-2 * np.log(u)) * np.sin(v)).float().reshape(shape)


class Hijack:
    """torch, with noise of this run's generator."""

    def __init__(self, generator):
        self.randn_like = lambda x: generator.randn(x.shape)

    def __getattr__(self, name):
        return getattr(torch, name)


def uniform(n):
    t = torch.linspace(999, 0, n)
    low, w = t.floor().long(), t.frac()
    return sampling.append_zero(((1 - w) * LOGS[low] + w * LOGS[t.ceil().long()]).exp())


SCHEDULES = {"Uniform": uniform, "Karras": lambda n: sampling.get_sigmas_karras(n, LOW, HIGH),
             "Exponential": lambda n: sampling.get_sigmas_exponential(n, LOW, HIGH)}
# Sampler: function, schedule, whether the last but one of one level more is left out, further arguments.
SAMPLERS = {
    "DPM++ 2M": ("sample_dpmpp_2m", "Karras", False, {}), "DPM++ SDE": ("sample_dpmpp_sde", "Karras", False, {}),
    "DPM++ 2M SDE": ("sample_dpmpp_2m_sde", "Exponential", False, {}),
    "DPM++ 2M SDE Heun": ("sample_dpmpp_2m_sde", "Exponential", False, {"solver_type": "heun"}),
    "DPM++ 2S a": ("sample_dpmpp_2s_ancestral", "Karras", False, {}),
    "DPM++ 3M SDE": ("sample_dpmpp_3m_sde", "Exponential", True, {}),
    "Euler a": ("sample_euler_ancestral", "Uniform", False, {}), "Euler": ("sample_euler", "Uniform", False, {}),
    "LMS": ("sample_lms", "Uniform", False, {}), "Heun": ("sample_heun", "Uniform", False, {}),
    "DPM2": ("sample_dpm_2", "Karras", True, {}), "DPM2 a": ("sample_dpm_2_ancestral", "Karras", True, {}),
    "DPM fast": ("sample_dpm_fast", "Uniform", False, {"eta": 1.0}),
    "DPM adaptive": ("sample_dpm_adaptive", "Uniform", False, {"eta": 1.0}), "Restart": (None, "Karras", False, {}),
}


@torch.no_grad()
def main():
    pipe = diffusers.StableDiffusionPipeline.from_pretrained(f"{sys.argv[1]}/sd1_tiny", safety_checker=None)
    context = torch.cat([pipe.encode_prompt(text, "cpu", 1, False)[0] for text in ("", PROMPT)])
    interval._randn = lambda size, dtype, device, seed: Philox(seed).randn(size).to(dtype)
    calls = 0

    def denoise(x, sigma, **_):
        nonlocal calls
        calls += 1
        sigma = sigma[0]
        distance = sigma.log() - LOGS
        low = distance.ge(0).cumsum(0).argmax().clamp(max=998)
        w = ((LOGS[low] - sigma.log()) / (LOGS[low] - LOGS[low + 1])).clamp(0, 1)
        t = (1 - w) * low + w * (low + 1)
        rows = torch.cat([x / (sigma**2 + 1) ** 0.5] * 2)
        unconditional, conditional = pipe.unet(rows, t, encoder_hidden_states=context).sample.chunk(2)
        return x - sigma * (unconditional + CFG * (conditional - unconditional))

    out = {}
    for name, (function, schedule, drops, options) in SAMPLERS.items():
        steps = 20 if name == "Restart" else 8
        sigmas = SCHEDULES[schedule](steps + drops)
        if drops:
            sigmas = torch.cat([sigmas[:-2], sigmas[-1:]])
        generator = Philox(SEED)
        sampling.torch = Hijack(generator)
        x = generator.randn((1,) + SHAPE) * sigmas[0]
        options = dict(options)
        if name.startswith("DPM++") and "SDE" in name:
            options["noise_sampler"] = sampling.BrownianTreeNoiseSampler(
                x, sigmas[sigmas > 0].min(), sigmas.max(), seed=[SEED])
        calls = 0
        if name == "Restart":
            result = restart_sampler(denoise, x, sigmas, disable=True)
        elif name == "DPM fast":
            result = sampling.sample_dpm_fast(denoise, x, LOW, HIGH, steps, disable=True, **options)
        elif name == "DPM adaptive":
            result = sampling.sample_dpm_adaptive(denoise, x, LOW, HIGH, disable=True, **options)
        else:
            result = getattr(sampling, function)(denoise, x, sigmas, disable=True, **options)
        print(name, calls, result.abs().max().item())
        out[f"{name}/{schedule}"] = result.float().contiguous()
    save_file(out, f"{HERE}/a1111.safetensors")


if __name__ == "__main__":
    main()
