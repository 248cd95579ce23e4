#!/usr/bin/env python3
"""Brownian paths of torchsde, and k-diffusion's stochastic samplers on them.

usage: make_fixtures.py   (needs torch, torchsde 0.2.6 and k-diffusion 0.1.1; writes expected.safetensors beside itself)

`queries`: pairs of times within `ends`; `tree.SOURCE.SEED`: what the path of 64 values gains between them. SOURCE is
`torch`, torchsde as it is, or `nv`, where the generators are AUTOMATIC1111's Philox. `run.SOURCE.SAMPLER`: two pictures
`[2, 4, 4, 4]` under the seeds of `about` on Karras levels of Stable Diffusion, each on its own path.
"""
import json
import math
import os
import sys
import types

import numpy as np
import torch
import torchsde
import torchsde._brownian.brownian_interval as interval
from safetensors.torch import save_file

# Only sampling.py is needed; the package's other parts import much more.
package = types.ModuleType("k_diffusion")
package.__path__ = [os.path.join(os.environ["K_DIFFUSION"])]
package.utils = types.ModuleType("k_diffusion.utils")
package.utils.append_dims = lambda x, dims: x[(...,) + (None,) * (dims - x.ndim)]
sys.modules.update({"k_diffusion": package, "k_diffusion.utils": package.utils})
from k_diffusion import sampling  # noqa: E402

SEEDS = [7, 2**40 + 5]
# In double precision and rounded once, as the original checkpoints have it.
BETAS = torch.linspace(0.00085**0.5, 0.012**0.5, 1000, dtype=torch.float64) ** 2
BARS = torch.cumprod(1 - BETAS, 0).float()
TABLE = ((1 - BARS) / BARS).sqrt()
LOW, HIGH = TABLE[0].item(), TABLE[-1].item()
LOGS = TABLE.log().double().numpy()


def philox(seed, count, call):
    """Normals of one call of a CUDA generator (Salmon et al. 2011; Box and Muller 1958)."""
    c = [np.full(count, call, np.uint64), np.zeros(count, np.uint64), np.arange(count, dtype=np.uint64),
         np.zeros(count, np.uint64)]
    k = [seed & 0xFFFFFFFF, seed >> 32]
    low = np.uint64(0xFFFFFFFF)
    for _ in range(10):
        a, b = c[0] * np.uint64(0xD2511F53), c[2] * np.uint64(0xCD9E8D57)
        c = [(b >> np.uint64(32)) ^ c[1] ^ np.uint64(k[0]), b & low, (a >> np.uint64(32)) ^ c[3] ^ np.uint64(k[1]), a & low]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    u = c[0] * 2.0**-32 + 2.0**-33
    v = (c[1] * 2.0**-32 + 2.0**-33) * 2 * math.pi
    return torch.as_tensor(np.sqrt(-2 * np.log(u)) * np.sin(v)).float()


def normals(source, seed, shape, call=0):
    if source == "nv":
        return philox(int(seed), math.prod(shape), call).reshape(shape)
    return torch.randn(shape, generator=torch.Generator().manual_seed(int(seed)))


def stand_in(x, t):
    t = float(t) / 1000
    return 0.3 * x * math.cos(3 * t) + 0.2 * torch.sin(2 * x) + 0.05 * math.sin(7 * t)


def denoise(x, sigma, **_):
    sigma = float(sigma[0])
    t = np.interp(math.log(sigma), LOGS, np.arange(1000))
    return x - sigma * stand_in(x / math.sqrt(sigma**2 + 1), t)


def main():
    out = {}
    ends = torch.tensor([LOW, HIGH])
    levels = sampling.get_sigmas_karras(6, LOW, HIGH)[:-1]
    pairs = [(levels[i + 1], levels[i]) for i in range(5)] + [(levels[5], levels[0]), (levels[3], levels[1])]
    pairs += [(torch.tensor(a), torch.tensor(b)) for a, b in
              [(1.0, 1.001), (5.5, 5.500001), (0.02, 20.0), (7.3219, 7.3219), (0.03125, 0.5), (14.5, 14.75)]]
    out["ends"], out["queries"] = ends, torch.stack([torch.stack(p) for p in pairs])
    own = interval._randn
    for source in ("torch", "nv"):
        interval._randn = own if source == "torch" else (
            lambda size, dtype, device, seed: normals("nv", seed, size).to(dtype))
        for seed in [0, 42] + SEEDS:
            tree = torchsde.BrownianTree(ends[0], torch.zeros(64), ends[1], entropy=seed)
            out[f"tree.{source}.{seed}"] = torch.stack([tree(a, b) for a, b in pairs])
        karras = sampling.get_sigmas_karras(9, LOW, HIGH)
        longer = sampling.get_sigmas_karras(10, LOW, HIGH)
        # AUTOMATIC1111 makes one level more and leaves out the last but one.
        dropped = torch.cat([longer[:-2], longer[-1:]])
        runs = {
            "dpmpp-sde": (sampling.sample_dpmpp_sde, karras, {}), "dpmpp-2m-sde": (sampling.sample_dpmpp_2m_sde, karras, {}),
            "dpmpp-2m-sde-heun": (sampling.sample_dpmpp_2m_sde, karras, {"solver_type": "heun"}),
            "dpmpp-3m-sde": (sampling.sample_dpmpp_3m_sde, dropped, {}),
        }
        for name, (function, sigmas, options) in runs.items():
            x = torch.stack([normals(source, seed, (4, 4, 4)) for seed in SEEDS]) * sigmas[0]
            noise = sampling.BrownianTreeNoiseSampler(x, sigmas[sigmas > 0].min(), sigmas.max(), seed=SEEDS)
            out[f"run.{source}.{name}"] = function(
                denoise, x, sigmas, disable=True, noise_sampler=noise, **options)
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected.safetensors")
    save_file(
        {k: v.float().contiguous() for k, v in out.items()}, path,
        metadata={"about": json.dumps({"seeds": SEEDS}), "torch": torch.__version__})


if __name__ == "__main__":
    main()
