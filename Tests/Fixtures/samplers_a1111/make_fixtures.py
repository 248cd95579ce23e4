#!/usr/bin/env python3
"""AUTOMATIC1111's DPM fast, DPM adaptive and Restart.

usage: K_DIFFUSION=folder of k_diffusion/sampling.py A1111=folder of sd_samplers_extra.py make_fixtures.py
(needs torch, torchsde, torchdiffeq, scipy; writes expected.safetensors beside itself)

`MODEL.NAME`: results `[1, 4, 2, 4]`. MODEL is `gaussian`, the best denoiser of data of deviation 1/2, or `standin`, the
formula of the other fixtures. NAME is a sampler with its number of steps, `eta0` for no fresh noise, `from K` for image
to image that leaves out the first K steps: the levels are k-diffusion's own, Karras for Restart.
"""
import importlib
import math
import os
import sys
import types

import numpy as np
import torch
from safetensors.torch import save_file

package = types.ModuleType("k_diffusion")
package.__path__ = [os.environ["K_DIFFUSION"]]
package.utils = types.ModuleType("k_diffusion.utils")
package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
sys.modules.update({"k_diffusion": package, "k_diffusion.utils": package.utils})
sampling = package.sampling = importlib.import_module("k_diffusion.sampling")
sys.modules["k_diffusion.sampling"] = sampling
sys.path.insert(0, os.environ["A1111"])
from sd_samplers_extra import restart_sampler  # noqa: E402

# In double precision and rounded once, as the original checkpoints have it.
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
BARS = torch.cumprod(1 - BETAS, 0).float()
TABLE = ((1 - BARS) / BARS).sqrt()
LOW, HIGH = TABLE[0].item(), TABLE[-1].item()
LOGS = TABLE.log().double().numpy()
SHAPE = (1, 4, 2, 4)


def standin(x, sigma, **_):
    sigma = float(sigma[0])
    t = float(np.interp(math.log(sigma), LOGS, np.arange(1000))) / 1000
    y = x / math.sqrt(sigma**2 + 1)
    return x - sigma * (0.3 * y * math.cos(3 * t) + 0.2 * torch.sin(2 * y) + 0.05 * math.sin(7 * t))


def gaussian(x, sigma, **_):
    return x * (0.25 / (0.25 + float(sigma[0]) ** 2))


class Hijack:
    """torch, with noise of this run's generator."""

    def __init__(self, generator):
        self.randn_like = lambda x: torch.randn(x.shape, generator=generator)

    def __getattr__(self, name):
        return getattr(torch, name)


def uniform(n):
    t = np.linspace(999, 0, n)
    return torch.as_tensor([*np.exp(np.interp(t, np.arange(1000), LOGS)), 0.0]).float()


def main():
    out = {}
    for model, denoise in (("gaussian", gaussian), ("standin", standin)):
        for name, steps, eta, start in (
                ("fast", 9, 1, 0), ("fast", 10, 1, 0), ("fast", 11, 0, 0), ("fast", 2, 1, 0), ("fast", 10, 1, 4),
                ("adaptive", 10, 1, 0), ("adaptive", 10, 0, 0), ("adaptive", 10, 1, 4),
                ("restart", 12, 1, 0), ("restart", 20, 1, 0), ("restart", 36, 1, 0), ("restart", 50, 1, 0),
                ("restart", 40, 1, 15)):
            generator = torch.Generator().manual_seed(7)
            sampling.torch = Hijack(generator)
            sigmas = sampling.get_sigmas_karras(steps, LOW, HIGH) if name == "restart" else uniform(steps)
            sigmas = sigmas[start:]
            x = torch.randn(SHAPE, generator=generator)
            # Image to image starts from a picture of zeros.
            high, low = (HIGH, LOW) if start == 0 else (sigmas[0], sigmas[-2])
            x = x * high
            if name == "fast":
                result = sampling.sample_dpm_fast(denoise, x, low, high, len(sigmas) - 1, disable=True, eta=eta)
            elif name == "adaptive":
                result = sampling.sample_dpm_adaptive(denoise, x, low, high, disable=True, eta=eta)
            else:
                result = restart_sampler(denoise, x, sigmas, disable=True)
            key = f"{model}.{name}.{steps}" + ("" if eta else ".eta0") + (f".from{start}" if start else "")
            out[key] = result.float().contiguous()
            print(key, result.abs().max().item())
    save_file(out, os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors"))


if __name__ == "__main__":
    main()
