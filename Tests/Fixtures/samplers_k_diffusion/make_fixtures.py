#!/usr/bin/env python3
"""Noise levels as AUTOMATIC1111 makes them, and k-diffusion's samplers on its Karras levels.

usage: make_fixtures.py   (needs torch, scipy and k_diffusion's sampling.py; writes expected.safetensors beside itself)
"""
import importlib
import math
import os
import sys
import types

import numpy as np
import torch
from safetensors.torch import save_file
from scipy import stats

# sampling.py imports these without needing them here.
for missing in ("torchdiffeq", "torchsde", "k_diffusion.utils"):
    sys.modules.setdefault(missing, types.ModuleType(missing))
sys.modules["torchdiffeq"].odeint = None
package = types.ModuleType("k_diffusion")
package.__path__ = [os.environ["K_DIFFUSION"]]
package.utils = sys.modules["k_diffusion.utils"]
package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
sys.modules["k_diffusion"] = package
sampling = importlib.import_module("k_diffusion.sampling")

# In double precision and rounded once, as the original checkpoints have it.
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
BARS = torch.cumprod(1 - BETAS, 0).float()
TABLE = ((1 - BARS) / BARS).sqrt()
LOW, HIGH = TABLE[0].item(), TABLE[-1].item()
LOGS = TABLE.log().double().numpy()
AYS = {
    "ays": [14.615, 6.475, 3.861, 2.697, 1.886, 1.396, 0.963, 0.652, 0.399, 0.152, 0.029],
    "ays.xl": [14.615, 6.315, 3.771, 2.181, 1.342, 0.862, 0.555, 0.380, 0.234, 0.113, 0.029],
}


def level(t):
    """Linear in the logarithm between the training timesteps."""
    return np.exp(np.interp(t, np.arange(1000), LOGS))


def timestep(sigma):
    return np.interp(math.log(sigma), LOGS, np.arange(1000))


def schedules(n):
    karras = sampling.get_sigmas_karras(n, LOW, HIGH)
    out = {
        "karras": karras,
        "exponential": sampling.get_sigmas_exponential(n, LOW, HIGH),
        "polyexponential": sampling.get_sigmas_polyexponential(n, LOW, HIGH),
        "sgm-uniform": [*level(np.linspace(999, 0, n + 1)[:-1]), 0],
        "uniform": [*level(np.linspace(999, 0, n)), 0],
        "normal": [*level(np.linspace(999, 0, n)), 0],
        "simple": [*(float(TABLE[-(1 + int(x * (1000 / n)))]) for x in range(n)), 0],
        "beta": [*(LOW + stats.beta.ppf(x, 0.6, 0.6) * (HIGH - LOW) for x in 1 - np.linspace(0, 1, n)), 0],
        "kl-optimal": [
            math.tan(i / n * math.atan(LOW) + (1 - i / n) * math.atan(HIGH)) for i in range(n + 1)],
        "ddim": [*TABLE[1::max(1000 // n, 1)].flip(0).tolist(), 0],
    }
    for name, values in AYS.items():
        if n != len(values):
            places = np.linspace(0, 1, len(values))
            logs = np.interp(np.linspace(0, 1, n), places, np.log(values[::-1]))
            values = np.exp(logs)[::-1]
        out[name] = [*values, 0]
    return {name: torch.as_tensor(np.asarray(v, dtype=np.float64)).float() for name, v in out.items()}


def stand_in(x, t):
    t = float(t) / 1000
    return 0.3 * x * math.cos(3 * t) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t)


def denoise(x, sigma, **_):
    sigma = float(sigma[0])
    return x - sigma * stand_in(x / math.sqrt(sigma**2 + 1), timestep(sigma))


class Noise:
    """Independent noise for each step; noise over a step that contains the one asked for just before goes on from it."""

    def __init__(self, generator, shape):
        self.draw = lambda: torch.randn(shape, generator=generator)
        self.begun = None

    def __call__(self, sigma, following):
        sigma, following = float(sigma), float(following)
        fresh = self.draw()
        if self.begun is None or abs(self.begun[0] - sigma) > 1e-6:
            self.begun = (sigma, following, fresh)
            return fresh
        first, middle, half = self.begun
        self.begun = None
        return (math.sqrt(first - middle) * half + math.sqrt(middle - following) * fresh) / math.sqrt(first - following)


def run(name, function, sigmas, out, **kwargs):
    generator = torch.Generator().manual_seed(7)
    x = torch.randn((1, 4, 2, 4), generator=generator) * sigmas[0]
    if name == "dpmpp-sde":
        kwargs["noise_sampler"] = Noise(generator, x.shape)
    elif name.endswith(("-a", "-sde", "-sde-heun")):
        kwargs["noise_sampler"] = lambda *_: torch.randn(x.shape, generator=generator)
    out[f"run.{name}"] = function(denoise, x, sigmas, disable=True, **kwargs)


def main():
    out = {}
    for n in (7, 11, 20):
        for name, sigmas in schedules(n).items():
            out[f"sigmas.{name}.{n}"] = sigmas
    nine = sampling.get_sigmas_karras(9, LOW, HIGH)
    # AUTOMATIC1111 makes one level more and leaves out the last but one for these.
    dropped = sampling.get_sigmas_karras(10, LOW, HIGH)
    dropped = torch.cat([dropped[:-2], dropped[-1:]])
    runs = {
        "lms": (sampling.sample_lms, nine), "euler": (sampling.sample_euler, nine),
        "euler-a": (sampling.sample_euler_ancestral, nine), "heun": (sampling.sample_heun, nine),
        "dpm2": (sampling.sample_dpm_2, dropped), "dpm2-a": (sampling.sample_dpm_2_ancestral, dropped),
        "dpmpp-2s-a": (sampling.sample_dpmpp_2s_ancestral, nine), "dpmpp-sde": (sampling.sample_dpmpp_sde, nine),
        "dpmpp-2m": (sampling.sample_dpmpp_2m, nine), "dpmpp-2m-sde": (sampling.sample_dpmpp_2m_sde, nine),
        "dpmpp-2m-sde-heun": (sampling.sample_dpmpp_2m_sde, nine), "dpmpp-3m-sde": (sampling.sample_dpmpp_3m_sde, dropped),
    }
    for name, (function, sigmas) in runs.items():
        kwargs = {"solver_type": "heun"} if name.endswith("-sde-heun") else {}
        run(name, function, sigmas, out, **kwargs)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors")
    save_file({k: v.float().contiguous() for k, v in out.items()}, path)


if __name__ == "__main__":
    main()
