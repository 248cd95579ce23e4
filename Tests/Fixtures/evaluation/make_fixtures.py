#!/usr/bin/env python3
"""Makes metrics.safetensors and networks.safetensors: what independent programs say of small random features, pictures and
networks.

usage: make_fixtures.py [FOLDER]      (numpy, scipy, torch, torch-fidelity, scikit-image, scikit-learn, safetensors,
                                       efficientnet-lite-pytorch)

- Fréchet distance by scipy's matrix square root; kernel distance, inception score, precision and recall by torch-fidelity;
  PSNR and SSIM by scikit-image with Wang et al.'s window; ridge regression by scikit-learn.
- EfficientNet-Lite0 by efficientnet-lite-pytorch and FID's Inception-v3 by torch-fidelity, both with weights that a formula
  makes of their keys, so that the networks need not be stored.
"""
import sys
import numpy as np
import torch
from efficientnet_lite_pytorch import EfficientNet
from scipy import linalg
from safetensors.numpy import save_file
from skimage.metrics import peak_signal_noise_ratio, structural_similarity
from sklearn.linear_model import Ridge
from torch_fidelity import feature_extractor_inceptionv3 as source
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3
from torch_fidelity.metric_isc import isc_features_to_metric
from torch_fidelity.metric_kid import kernel_mmd
from torch_fidelity.metric_prc import prc_features_to_metric

folder = sys.argv[1] if len(sys.argv) > 1 else "."
rng = np.random.default_rng(5)


def number(x):
    return np.array([x], dtype=np.float64).astype(np.float32)


def frechet(a, b):
    s, t = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    d = a.mean(0) - b.mean(0)
    return d @ d + np.trace(s) + np.trace(t) - 2 * np.trace(linalg.sqrtm(s @ t)).real


def metrics():
    out = {}
    mix = rng.normal(size=(6, 6))
    a = (rng.normal(size=(40, 6)) @ mix).astype(np.float32)
    b = (rng.normal(size=(37, 6)) @ mix * 0.8 + 0.3).astype(np.float32)
    out["a"], out["b"] = a, b
    out["frechet"] = number(frechet(a.astype(np.float64), b.astype(np.float64)))
    # Fewer rows than columns: a covariance without full rank.
    c, d = rng.normal(size=(5, 8)).astype(np.float32), rng.normal(size=(6, 8)).astype(np.float32)
    out["c"], out["d"] = c, d
    s, t = np.cov(c.astype(np.float64), rowvar=False), np.cov(d.astype(np.float64), rowvar=False)
    values = np.linalg.eigvals(s @ t).astype("complex128")
    m = c.astype(np.float64).mean(0) - d.astype(np.float64).mean(0)
    out["frechet_flat"] = number(m @ m + np.trace(s) + np.trace(t) - 2 * np.sqrt(values).real.sum())
    out["kernel"] = number(kernel_mmd(a[:37].astype(np.float64), b.astype(np.float64)))
    found = prc_features_to_metric(torch.tensor(a), torch.tensor(b), verbose=False)
    out["precision"], out["recall"] = number(found["precision"]), number(found["recall"])
    logits = (3 * rng.normal(size=(30, 5))).astype(np.float32)
    out["logits"] = logits
    for splits in (1, 3):
        out[f"inception_{splits}"] = number(
            isc_features_to_metric(torch.tensor(logits), splits=splits, shuffle=False)["inception_score_mean"])
    first = rng.integers(0, 256, size=(17, 20, 3))
    first = np.cumsum(first - 128, axis=1) % 256
    second = np.clip(first + rng.integers(-30, 31, size=first.shape), 0, 255)
    first, second = first.astype(np.uint8), second.astype(np.uint8)
    out["picture"], out["other"] = first.astype(np.float32), second.astype(np.float32)
    out["psnr"] = number(peak_signal_noise_ratio(first, second, data_range=255))
    out["ssim"] = number(structural_similarity(
        first, second, data_range=255, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False))
    x, y = a.astype(np.float64), np.eye(3)[rng.integers(0, 3, size=40)]
    out["targets"] = y.astype(np.float32)
    z = (x - x.mean(0)) / x.std(0)

    def error(strength):
        # Each row from the others, one fit each.
        total = 0.0
        for i in range(len(z)):
            keep = np.arange(len(z)) != i
            fit = Ridge(alpha=strength * len(z)).fit(z[keep], y[keep])
            total += ((fit.predict(z[i:i + 1]) - y[i]) ** 2).sum()
        return total
    strengths = [1e-4, 1e-3, 3e-3, 1e-2, 3e-2, 0.1, 0.3, 1, 3, 10]
    best = min(strengths, key=error)
    fit = Ridge(alpha=best * len(z)).fit(z, y)
    out["ridge_strength"], out["ridge"] = number(best), fit.predict(z).astype(np.float32)
    save_file(out, f"{folder}/metrics.safetensors")


def mixed(key, count):
    """Numbers in -1 ... 1 that a key and a position decide (the finaliser of SplitMix64), the same in any language."""
    seed = 0xCBF29CE484222325
    for byte in key.encode():
        seed = ((seed ^ byte) * 0x100000001B3) % 2**64
    with np.errstate(over="ignore"):
        z = np.arange(count, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(seed)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return ((z >> np.uint64(40)).astype(np.float32) * np.float32(2**-23) - np.float32(1))


def filled(network):
    """Weights by their keys: uniform with variance 2 / fan-in, normalisations near 1 and 0."""
    for key, value in network.state_dict().items():
        if value.dtype != torch.float32:
            continue
        u = torch.tensor(mixed(key, value.numel())).reshape(value.shape)
        if value.dim() > 1:
            u = u * (6 / value[0].numel()) ** 0.5
        elif key.endswith("running_var") or (key.endswith("weight") and value.dim() == 1):
            u = 1 + u / 4
        else:
            u = u / 8
        value.copy_(u)
    return network.eval()


def picture(height, width):
    y, x, c = np.meshgrid(np.arange(height), np.arange(width), np.arange(3), indexing="ij")
    return ((y * 3 + x * 5 + c * 40 + (y * x) // 7) % 256).astype(np.uint8)


def networks():
    out = {}
    lite = filled(EfficientNet.from_name("efficientnet-lite0"))
    x = (torch.tensor(picture(224, 224).astype(np.float32)).permute(2, 0, 1)[None] - 127) / 128
    maps = lite.extract_features(x)
    pooled = maps.mean((2, 3))
    out["lite.pooled"], out["lite.logits"] = pooled.numpy(), lite._fc(pooled).numpy()
    # Without its constructor, which fetches weights.
    inception = FeatureExtractorInceptionV3.__new__(FeatureExtractorInceptionV3)
    real = source.load_state_dict_from_url, torch.nn.Module.load_state_dict
    source.load_state_dict_from_url = lambda *_, **__: None
    torch.nn.Module.load_state_dict = lambda *_, **__: None
    inception.__init__("inception", ["2048", "logits_unbiased"])
    source.load_state_dict_from_url, torch.nn.Module.load_state_dict = real
    filled(inception)
    for name, size in (("grown", (40, 53)), ("shrunk", (310, 420))):
        x = torch.tensor(picture(*size)).permute(2, 0, 1)[None]
        features, logits = inception(x)
        out[f"inception.{name}.pooled"], out[f"inception.{name}.logits"] = features.numpy(), logits.numpy()
    for key, value in out.items():
        print(key, value.shape, float(value.mean()), float(value.std()))
    save_file(out, f"{folder}/networks.safetensors")


torch.set_grad_enabled(False)
metrics()
networks()
