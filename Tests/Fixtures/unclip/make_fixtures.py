#!/usr/bin/env python3
"""A small diffusion prior, and what diffusers computes with it, gradients included.

usage: make_fixtures.py   (needs diffusers, torch; writes beside itself)

prior/: a PriorTransformer, every weight moved away from its start. expected.safetensors there: `noisy` [2, P], `embedding` [2, P],
`states` [2, T, P], timesteps 3 and 120.5, `out` [2, P], `loss`, the mean of its squares, and `grad.NAME` of it.
"""
import os

import diffusers
import torch
from safetensors.torch import save_file

HERE = os.path.dirname(os.path.abspath(__file__))
WIDTH, TOKENS = 6, 5

torch.manual_seed(11)
model = diffusers.PriorTransformer(
    num_attention_heads=2, attention_head_dim=4, num_layers=2, embedding_dim=WIDTH, num_embeddings=TOKENS).eval()
with torch.no_grad():
    for name, parameter in model.named_parameters():
        parameter.copy_((parameter * (0 if name.startswith("clip_") else 1) + 0.3 * torch.randn_like(parameter)).bfloat16())
    # What the embeddings are freed of is no part of the network's own formula.
    model.clip_std.copy_((1 + model.clip_std.abs()).bfloat16())
folder = os.path.join(HERE, "prior")
model.save_config(folder)
save_file({key: value.bfloat16().contiguous() for key, value in model.state_dict().items()},
          os.path.join(folder, "diffusion_pytorch_model.safetensors"), metadata={"format": "pt"})

noisy, embedding = torch.randn(2, WIDTH), torch.randn(2, WIDTH)
states = torch.randn(2, TOKENS, WIDTH)
# Without a mask of the text diffusers leaves the causal one out, too.
mask = torch.ones(2, TOKENS)
out = model(noisy, torch.tensor([3, 120.5]), embedding, states, mask).predicted_image_embedding
loss = out.square().mean()
loss.backward()
tensors = {"noisy": noisy, "embedding": embedding, "states": states, "out": out.detach(), "loss": loss.detach().reshape(1)}
tensors |= {f"grad.{name}": p.grad.clone() for name, p in model.named_parameters() if p.grad is not None}
save_file(tensors, os.path.join(folder, "expected.safetensors"))
