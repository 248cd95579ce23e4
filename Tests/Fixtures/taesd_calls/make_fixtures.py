"""Pictures of diffusers' small Stable Diffusion with AutoencoderTiny (TAESD) in place of its autoencoder.

python make_fixtures.py   (torch, diffusers, transformers, safetensors; writes next to itself, 0.1 MB)
"""
import os, torch
from PIL import Image
from diffusers import (AutoencoderTiny, DDIMScheduler, StableDiffusionImg2ImgPipeline, StableDiffusionPipeline,
                       UNet2DConditionModel)
from safetensors.torch import save_file
from transformers import CLIPTextModel, CLIPTokenizer

HERE = os.path.dirname(os.path.abspath(__file__))
SD1 = f"{HERE}/../reference/sd1_tiny"
torch.set_grad_enabled(False)
parts = dict(
    vae=AutoencoderTiny.from_pretrained(f"{HERE}/../reference/taesd_shape"),
    text_encoder=CLIPTextModel.from_pretrained(f"{SD1}/text_encoder"),
    tokenizer=CLIPTokenizer(f"{HERE}/../clip_tokenizer/vocab.json", f"{HERE}/../clip_tokenizer/merges.txt",
                            pad_token="<|endoftext|>", model_max_length=77),
    unet=UNet2DConditionModel.from_pretrained(f"{SD1}/unet"),
    scheduler=DDIMScheduler.from_pretrained(f"{SD1}/scheduler"), safety_checker=None, feature_extractor=None)
words = StableDiffusionPipeline(**parts, requires_safety_checker=False)
pictures = StableDiffusionImg2ImgPipeline(**parts, requires_safety_checker=False)
call = dict(prompt="a cat on the moon", guidance_scale=7.5, output_type="np")
made = words(**call, num_inference_steps=4, width=64, height=64, generator=torch.Generator().manual_seed(5)).images
image = Image.open(f"{SD1}/i2i_s0.6.image.png").convert("RGB")
changed = pictures(**call, image=image, strength=0.6, num_inference_steps=5,
                   generator=torch.Generator().manual_seed(5)).images
save_file({"txt2img": torch.from_numpy(made).contiguous(), "img2img": torch.from_numpy(changed).contiguous()},
          f"{HERE}/expected.safetensors")
