#!/usr/bin/env python3
"""Small diffusion transformers, and what diffusers computes with them, gradients included.

usage: make_fixtures.py   (needs diffusers, torch; writes a folder for each network beside itself)

Every weight is moved away from its start, those of adaLN-zero too, so that no branch is closed. Weights have 8
significant bits and are stored as bfloat16.
"""
import os

import diffusers
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
DIT, PIXART = diffusers.DiTTransformer2DModel, diffusers.PixArtTransformer2DModel
# Class, settings, height and width of the sample, and whether gradients are stored.
NETWORKS = {
    "classes": (DIT, dict(
        num_attention_heads=2, attention_head_dim=4, in_channels=3, num_layers=2, sample_size=8, patch_size=2,
        num_embeds_ada_norm=5), (8, 8), True),
    "classes_other": (DIT, dict(
        num_attention_heads=1, attention_head_dim=8, in_channels=2, out_channels=4, num_layers=1, sample_size=8,
        patch_size=4, num_embeds_ada_norm=3, attention_bias=False, activation_fn="gelu", norm_elementwise_affine=True,
        norm_eps=1e-3), (12, 12), False),
    "text": (PIXART, dict(
        num_attention_heads=2, attention_head_dim=4, in_channels=2, out_channels=4, num_layers=2, sample_size=8,
        patch_size=2, cross_attention_dim=8, caption_channels=6, norm_elementwise_affine=True), (8, 12), True),
    "text_plain": (PIXART, dict(
        num_attention_heads=2, attention_head_dim=4, in_channels=2, out_channels=2, num_layers=1, sample_size=8,
        patch_size=2, cross_attention_dim=6, activation_fn="geglu", interpolation_scale=2,
        use_additional_conditions=False), (8, 8), False),
}


def main():
    for name, (make, config, (height, width), with_gradients) in NETWORKS.items():
        torch.manual_seed(11)
        model = make(**config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.add_(0.2 * torch.randn_like(parameter))
                parameter.copy_(parameter.bfloat16().float())
        folder = os.path.join(HERE, name)
        model.save_config(folder)
        weights = {key: value.bfloat16().contiguous() for key, value in model.state_dict().items()}
        save_file(weights, os.path.join(folder, "diffusion_pytorch_model.safetensors"), metadata={"format": "pt"})
        x = torch.randn(2, model.config.in_channels, height, width)
        out = {"x": x}
        timesteps = torch.tensor([3.0, 120.5])
        if make is DIT:
            # The second row is told no class.
            out["classes"] = torch.tensor([1, config["num_embeds_ada_norm"]])
            arguments = dict(timestep=timesteps, class_labels=out["classes"])
        else:
            features = config.get("caption_channels") or config["cross_attention_dim"]
            context = torch.randn(2, 5, features).requires_grad_()
            out["context"] = context.detach().clone()
            arguments = dict(timestep=timesteps, encoder_hidden_states=context)
        result = model(x, **arguments).sample
        out["out"] = result.detach()
        if with_gradients:
            loss = result.square().mean()
            loss.backward()
            out["loss"] = loss.detach().reshape(1)
            out.update({f"grad.{key}": value.grad.contiguous() for key, value in model.named_parameters()})
            if make is PIXART:
                out["grad.context"] = context.grad
        save_file(out, os.path.join(folder, "expected.safetensors"), metadata={
            "diffusers": diffusers.__version__, "about": "out = model(x, timesteps [3, 120.5], classes or context)"})


if __name__ == "__main__":
    main()
