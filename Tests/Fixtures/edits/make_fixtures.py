"""Expected results for edits that Fixtures/reference does not hold, computed with diffusers on its small Stable Diffusion.

python make_fixtures.py   (torch, diffusers, transformers, safetensors; writes next to itself, 1 MB)
"""
import os, torch
import numpy as np
from PIL import Image
from diffusers import (AutoencoderKL, DDIMInverseScheduler, DDIMScheduler, StableDiffusionInstructPix2PixPipeline,
                       StableDiffusionPipeline, UNet2DConditionModel)
from diffusers.models.autoencoders.vae import DiagonalGaussianDistribution
from diffusers.pipelines.deprecated.stable_diffusion_diffedit.pipeline_stable_diffusion_diffedit import StableDiffusionDiffEditPipeline
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SD1 = f"{HERE}/../reference/sd1_tiny"
torch.set_grad_enabled(False)
vae, text = AutoencoderKL.from_pretrained(f"{SD1}/vae"), CLIPTextModel.from_pretrained(f"{SD1}/text_encoder")
if not hasattr(text, "text_model"):
    text.__dict__["text_model"] = text  # newer transformers dropped the level
unet, ddim = UNet2DConditionModel.from_pretrained(f"{SD1}/unet"), DDIMScheduler.from_pretrained(f"{SD1}/scheduler")
tok = CLIPTokenizer(f"{HERE}/../clip_tokenizer/vocab.json", f"{HERE}/../clip_tokenizer/merges.txt", model_max_length=77)
picture = Image.open(f"{SD1}/i2i_s0.6.image.png")
out = {}


def generator(seed):
    return torch.Generator().manual_seed(seed)


# Edits by instruction: a U-Net of 8 channels.
torch.manual_seed(5)
small = UNet2DConditionModel(
    sample_size=32, in_channels=8, out_channels=4, layers_per_block=1, block_out_channels=(32, 32),
    down_block_types=("CrossAttnDownBlock2D", "DownBlock2D"), up_block_types=("UpBlock2D", "CrossAttnUpBlock2D"),
    cross_attention_dim=32, attention_head_dim=4)
small.load_state_dict({k: v.bfloat16().float() for k, v in small.state_dict().items()})
os.makedirs(f"{HERE}/instruct_8ch", exist_ok=True)
small.save_config(f"{HERE}/instruct_8ch")
save_file({k: v.bfloat16() for k, v in small.state_dict().items()}, f"{HERE}/instruct_8ch/diffusion_pytorch_model.safetensors")
pipe = StableDiffusionInstructPix2PixPipeline(vae, text, tok, small, ddim, None, None, requires_safety_checker=False)
pipe.set_progress_bar_config(disable=True)
steps = []
image = pipe(
    "make it red", picture, negative_prompt="blurry", num_inference_steps=5, guidance_scale=7.5, image_guidance_scale=1.8,
    generator=generator(21), output_type="np",
    callback_on_step_end=lambda p, i, t, k: (steps.append(k["latents"].clone()), k)[1]).images
out["instruct.latents"], out["instruct.image_nhwc"] = torch.cat(steps), torch.from_numpy(image)


# Variation seeds: AUTOMATIC1111's rule, on (C, H, W).
def slerp(t, low, high):
    a, b = low / low.norm(dim=1, keepdim=True), high / high.norm(dim=1, keepdim=True)
    omega = torch.acos((a * b).sum(1))
    so = omega.sin()
    return (((1 - t) * omega).sin() / so).unsqueeze(1) * low + ((t * omega).sin() / so).unsqueeze(1) * high


low, high = (torch.randn((4, 8, 12), generator=generator(s)) for s in (1, 2))
for t in (0.25, 0.7):
    out[f"slerp.{t}"] = slerp(t, low, high)[None]

# Seamless pictures: every convolution pads with what stands on the other side.
x, context = torch.randn((1, 4, 16, 24), generator=generator(3)), torch.randn((1, 77, 32), generator=generator(4))
pixels = torch.rand((1, 3, 32, 48), generator=generator(5)) * 2 - 1
out.update({"tiling.x": x, "tiling.context": context, "tiling.pixels": pixels})
for module in [*unet.modules(), *vae.modules()]:
    if isinstance(module, torch.nn.Conv2d):
        module.padding_mode = "circular"
out["tiling.unet"], out["tiling.decoded"] = unet(x, 500, context).sample, vae.decode(x).sample
for module in [*unet.modules(), *vae.modules()]:
    if isinstance(module, torch.nn.Conv2d):
        module.padding_mode = "zeros"

# Edits by description (Couairon et al. 2022), with the encoder's mean instead of a draw.
DiagonalGaussianDistribution.sample = lambda self, generator=None: self.mode()
pipe = StableDiffusionDiffEditPipeline(
    vae, text, tok, unet, ddim, None, None, DDIMInverseScheduler.from_config(ddim.config), requires_safety_checker=False)
pipe.set_progress_bar_config(disable=True)
# The mask is the difference of two guided predictions over one unconditional, so its guidance scale cancels out.
source, target = "a cat on the moon", "a red butterfly"
out["diffedit.mask"] = torch.from_numpy(pipe.generate_mask(
    picture, target, source_prompt=source, num_inference_steps=10, guidance_scale=2.0, num_maps_per_mask=10,
    mask_encode_strength=0.5, generator=generator(7), output_type="np")).float()
out["diffedit.inverted"] = pipe.invert(
    source, picture, num_inference_steps=10, inpaint_strength=0.8, guidance_scale=1.0, generator=generator(7)).latents[0]

save_file({k: v.contiguous() for k, v in out.items()}, f"{HERE}/expected.safetensors")
for k, v in out.items():
    print(k, tuple(v.shape), float(v.float().mean()))
