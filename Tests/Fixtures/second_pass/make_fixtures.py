"""Levels of AUTOMATIC1111's runs from a picture, computed from its description in numpy.

A run of `requested` steps in its second pass plans int(requested / min(strength, 0.999)) steps and enters at
planned - (requested - 1) - 1; its img2img plans `steps` and enters at steps - int(min(strength, 0.999) * steps) - 1
(modules/sd_samplers_common.py, setup_img2img_steps; modules/sd_samplers_kdiffusion.py, sample_img2img).
Levels: k-diffusion's get_sigmas (log-linear between the model's) and get_sigmas_karras, for Stable Diffusion's betas.

    python3 make_fixtures.py > expected.json
"""
import json
import numpy as np

betas = np.linspace(0.00085 ** 0.5, 0.012 ** 0.5, 1000) ** 2
bars = np.cumprod(1 - betas)
table = np.sqrt((1 - bars) / bars)


def uniform(n):
    t = np.linspace(999, 0, n)
    return list(np.exp(np.interp(t, np.arange(1000), np.log(table)))) + [0.0]


def karras(n, rho=7):
    low, high = table[0] ** (1 / rho), table[-1] ** (1 / rho)
    return list((high + np.linspace(0, 1, n) * (low - high)) ** rho) + [0.0]


rows = []
for schedule, levels in (("uniform", uniform), ("karras", karras)):
    for steps, strength in ((10, 0.5), (4, 0.5), (1, 0.5), (1, 1.0), (20, 1.0), (7, 0.3), (10, 0.7), (3, 0.55)):
        planned = int(steps / min(strength, 0.999))
        second = levels(planned)[planned - (steps - 1) - 1:]
        encoded = int(min(strength, 0.999) * steps)
        redrawn = levels(steps)[steps - encoded - 1:]
        rows.append({
            "schedule": schedule, "steps": steps, "strength": strength, "planned": planned,
            "all": [float("%.7g" % x) for x in second], "share_and_one": [float("%.7g" % x) for x in redrawn],
        })
print(json.dumps(rows))
