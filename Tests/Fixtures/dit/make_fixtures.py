#!/usr/bin/env python3
"""Small diffusion transformers, and what diffusers computes with them, gradients included.

usage: make_fixtures.py   (needs diffusers, torch, transformers; writes a folder for each network beside itself)

Every weight is moved away from its start, those of adaLN-zero too, so that no branch is closed. Weights have 8
significant bits and are stored as bfloat16.

pipeline_classes and pipeline_text are networks on the latents of reference/sd1_tiny, and what runs of them make: flow
matching from torch's noise of seed 42, guided, Euler's and Heun's steps.
"""
import os

import diffusers
import torch
import transformers
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


def build(name, make, config):
    """A network whose weights are no more at their start, written to its folder."""
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
    return model, folder


def states(texts):
    """What the text encoder of reference/sd1_tiny makes of texts."""
    words = os.path.join(HERE, "..", "clip_tokenizer")
    tokenizer = transformers.CLIPTokenizer(os.path.join(words, "vocab.json"), os.path.join(words, "merges.txt"))
    encoder = transformers.CLIPTextModel.from_pretrained(os.path.join(HERE, "..", "reference", "sd1_tiny", "text_encoder"))
    ids = tokenizer(texts, padding="max_length", max_length=77, truncation=True, return_tensors="pt").input_ids
    return encoder(ids).last_hidden_state


@torch.no_grad()
def pipelines():
    """Latents of whole runs, guided by 3 in 5 steps at shift 2."""
    for name, make, more in (
        ("pipeline_classes", DIT, dict(num_embeds_ada_norm=3)),
        ("pipeline_text", PIXART, dict(cross_attention_dim=32, out_channels=8)),
    ):
        model, folder = build(name, make, dict(
            num_attention_heads=2, attention_head_dim=4, in_channels=4, num_layers=1, sample_size=8, patch_size=2, **more))
        if make is DIT:
            # No class, and the second of three.
            told = dict(class_labels=torch.tensor([3, 1]))
        else:
            told = dict(encoder_hidden_states=states(["", "a cat on the moon"]))
        out = {}
        for sampler, scheduler in (
            ("flow-euler", diffusers.FlowMatchEulerDiscreteScheduler), ("heun", diffusers.FlowMatchHeunDiscreteScheduler)
        ):
            scheduler = scheduler(shift=2.0)
            scheduler.set_timesteps(5)
            x = torch.randn((1, 4, 8, 8), generator=torch.Generator().manual_seed(42))
            for t in scheduler.timesteps:
                both = model(torch.cat([x, x]), timestep=t.expand(2), **told).sample[:, :4]
                x = scheduler.step(both[:1] + 3 * (both[1:] - both[:1]), t, x).prev_sample
            out[sampler] = x
        save_file(out, os.path.join(folder, "expected.safetensors"), metadata={
            "diffusers": diffusers.__version__, "about": "latents of 5 steps at shift 2, guidance 3, seed 42"})


def main():
    for name, (make, config, (height, width), with_gradients) in NETWORKS.items():
        model, folder = build(name, make, config)
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
    pipelines()


if __name__ == "__main__":
    main()
