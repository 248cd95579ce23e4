#!/usr/bin/env python3
"""Small U-Nets with settings that no published Stable Diffusion has, and what diffusers computes with them.

usage: make_fixtures.py   (needs diffusers, torch; writes a folder for each network beside itself)

Weights have 8 significant bits and are stored as bfloat16.
"""
import os

import diffusers
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
COMMON = dict(
    sample_size=8, block_out_channels=(4, 8), norm_num_groups=2, layers_per_block=1, center_input_sample=True,
    mid_block_scale_factor=1.5, downsample_padding=0, time_embedding_dim=12)
NETWORKS = {
    "conditional": (diffusers.UNet2DConditionModel, dict(
        COMMON, cross_attention_dim=8, attention_head_dim=2, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), time_embedding_act_fn="silu", timestep_post_act="gelu",
        act_fn="swish")),
    "unconditional": (diffusers.UNet2DModel, dict(
        COMMON, attention_head_dim=None, down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"), flip_sin_to_cos=False, freq_shift=1)),
    "scale_shift_text": (diffusers.UNet2DConditionModel, dict(
        sample_size=8, block_out_channels=(4, 8), norm_num_groups=2, layers_per_block=1, cross_attention_dim=8,
        attention_head_dim=2, down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"),
        up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"), resnet_time_scale_shift="scale_shift",
        addition_embed_type="text", addition_embed_type_num_heads=4)),
}


def gradients(model, x, timesteps, context):
    """Of the mean squared output, for every parameter and for the text's states."""
    context = context.clone().requires_grad_()
    loss = model(x, timesteps, context).sample.square().mean()
    loss.backward()
    found = {f"grad.{name}": parameter.grad.contiguous() for name, parameter in model.named_parameters()}
    return {**found, "grad.context": context.grad, "loss": loss.detach().reshape(1)}


def main():
    for name, (make, config) in NETWORKS.items():
        torch.manual_seed(5)
        model = make(**config).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                # Biases and norms too, so that none is at its start.
                parameter.add_(0.1 * torch.randn_like(parameter))
                parameter.copy_(parameter.bfloat16().float())
        folder = os.path.join(HERE, name)
        model.save_config(folder)
        weights = {key: value.bfloat16().contiguous() for key, value in model.state_dict().items()}
        save_file(weights, os.path.join(folder, "diffusion_pytorch_model.safetensors"), metadata={"format": "pt"})
        x = torch.randn(2, model.config.in_channels, 8, 8)
        timesteps = torch.tensor([3, 700])
        inputs = {"x": x}
        arguments = []
        if name != "unconditional":
            inputs["context"] = torch.randn(2, 5, 8)
            arguments = [inputs["context"]]
        with torch.no_grad():
            inputs["out"] = model(x, timesteps, *arguments).sample
        if name == "scale_shift_text":
            inputs.update(gradients(model, x, timesteps, *arguments))
        save_file(inputs, os.path.join(folder, "expected.safetensors"), metadata={
            "diffusers": diffusers.__version__, "about": "out = model(x, [3, 700], context)"})


if __name__ == "__main__":
    main()
