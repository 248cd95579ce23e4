"""Networks that guide, and what torch computes with them.

The network is built of diffusers' own blocks (the way down and the middle of its UNet2DModel) and torch's attention.

    python3 make_fixtures.py        # needs torch, diffusers, transformers, safetensors
"""
import json
import os

import torch
from diffusers import DDIMScheduler, UNet2DConditionModel, UNet2DModel
from safetensors.torch import load_file, save_file
from torch import nn
from transformers import CLIPTextConfig, CLIPTextModel, CLIPTextModelWithProjection, CLIPTokenizer

here = os.path.dirname(os.path.abspath(__file__))
reference = os.path.join(here, "..", "reference")
expected = {}
torch.manual_seed(0)
SETTINGS = dict(block_out_channels=[8, 16], down_block_types=["DownBlock2D", "AttnDownBlock2D"], layers_per_block=1,
                attention_head_dim=8, norm_num_groups=4)


class Pool(nn.Module):
    def __init__(self, channels, heads, outputs):
        super().__init__()
        self.heads = heads
        for name in "qkv":
            setattr(self, name + "_proj", nn.Linear(channels, channels))
        self.c_proj = nn.Linear(channels, outputs)

    def pooled(self, x):
        places = x.flatten(2).permute(0, 2, 1)
        mean = places.mean(1, keepdim=True)
        everything = torch.cat([mean, places], 1)

        def split(y):
            return y.unflatten(2, (self.heads, -1)).transpose(1, 2)
        out = nn.functional.scaled_dot_product_attention(
            split(self.q_proj(mean)), split(self.k_proj(everything)), split(self.v_proj(everything)))
        return out.transpose(1, 2).flatten(2)[:, 0]


class Encoder(nn.Module):
    def __init__(self, channels, outputs):
        super().__init__()
        whole = UNet2DModel(in_channels=channels, out_channels=channels, sample_size=32,
                            up_block_types=["AttnUpBlock2D", "UpBlock2D"], **SETTINGS)
        self.time_proj = whole.time_proj
        self.time_embedding, self.conv_in = whole.time_embedding, whole.conv_in
        self.down_blocks, self.mid_block = whole.down_blocks, whole.mid_block
        self.conv_norm_out = nn.GroupNorm(4, 16, eps=1e-5)
        self.pool = Pool(16, 2, outputs)

    def features(self, x, t):
        time = self.time_embedding(self.time_proj(torch.as_tensor(t, dtype=torch.float32)))
        x = self.conv_in(x)
        for block in self.down_blocks:
            x, _ = block(hidden_states=x, temb=time)
        x = self.mid_block(x, time)
        return self.pool.pooled(nn.functional.silu(self.conv_norm_out(x)))

    def forward(self, x, t):
        return self.pool.c_proj(self.features(x, t))


def lively(module, factor=2.0):
    """Weights that make a difference: torch's start is small for so few channels."""
    with torch.no_grad():
        for name, p in module.named_parameters():
            if p.dim() > 1:
                p.mul_(factor)
            else:
                p.add_(0.1 * torch.randn_like(p))
            p.copy_(p.half().float())
    return module.eval()


def write(folder, module, config, name="diffusion_pytorch_model"):
    path = os.path.join(here, folder)
    os.makedirs(path, exist_ok=True)
    save_file({k: v.half().contiguous() for k, v in module.state_dict().items()}, f"{path}/{name}.safetensors")
    text(f"{folder}/config.json", config)


def text(path, value):
    full = os.path.join(here, path)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    with open(full, "w") as f:
        json.dump(value, f, indent=2, sort_keys=True)
        f.write("\n")


def scheduler(case):
    with open(f"{reference}/{case}/scheduler/scheduler_config.json") as f:
        return json.load(f)


# ---- a classifier of the small pipelines' latents ----
SAMPLES = {"channels": 4, "downscale": 2, "scaling_factor": 0.18215, "shift": 0, "normalized": False}
CLASSES = ["cat", "dog", "red car"]
classifier = lively(Encoder(4, 3))
for case in ("sd1_tiny", "sd2_tiny_v"):
    folder = f"classifier_{case}"
    write(f"{folder}/encoder", classifier,
          dict(SETTINGS, _class_name="EncoderUNet2DModel", in_channels=4, sample_size=32, projection_dim=3))
    text(f"{folder}/guide.json", {"_class_name": "NoisyClassifier", "samples": SAMPLES, "classes": CLASSES})
    text(f"{folder}/scheduler/scheduler_config.json", scheduler(case))

x = torch.randn(2, 4, 12, 8, generator=torch.Generator().manual_seed(1))
t, wanted = [37.0, 812.5], torch.tensor([1, 2])
expected["classifier.x"] = x
x = x.clone().requires_grad_()
logits = classifier(x, t)
expected["classifier.logits"] = logits.detach()
expected["classifier.features"] = classifier.features(x, t).detach()
nn.functional.log_softmax(logits, 1)[torch.arange(2), wanted].sum().backward()
expected["classifier.gradient"] = x.grad.clone()
classifier.zero_grad()
loss = nn.functional.cross_entropy(classifier(x.detach(), t), wanted)
loss.backward()
expected["classifier.loss"] = loss.detach().reshape(1)
for name, p in classifier.named_parameters():
    expected[f"classifier.grad.{name}"] = p.grad.clone()


# ---- whole runs under both kinds of guidance ----
def weights(case, part, name):
    path = f"{reference}/{case}/{part}/{name}.safetensors"
    return load_file(path if os.path.exists(path) else f"{reference}/sd1_tiny/{part}/{name}.safetensors")


def run(case, words, negative, cfg, scale, steps, seed):
    with open(f"{reference}/{case}/unet/config.json") as f:
        unet = UNet2DConditionModel.from_config(json.load(f)).eval()
    unet.load_state_dict({k: v.float() for k, v in weights(case, "unet", "diffusion_pytorch_model").items()})
    with open(f"{reference}/{case}/text_encoder/config.json") as f:
        encoder = CLIPTextModel(CLIPTextConfig(**json.load(f))).eval()
    own = encoder.state_dict().keys()
    state = weights(case, "text_encoder", "model")
    state = {k if k in own else k.removeprefix("text_model."): v.float() for k, v in state.items()}
    encoder.load_state_dict({k: v for k, v in state.items() if "position_ids" not in k})
    tokenizer = CLIPTokenizer.from_pretrained(os.path.join(here, "..", "clip_tokenizer"))
    sampler = DDIMScheduler.from_config(scheduler(case))
    sampler.set_timesteps(steps)

    def context(s):
        ids = tokenizer(s, padding="max_length", max_length=77, return_tensors="pt").input_ids
        return encoder(ids).last_hidden_state
    with torch.no_grad():
        states = torch.cat([context(negative), context(words)])
    latents = torch.randn(1, 4, 32, 32, generator=torch.Generator().manual_seed(seed))
    for step in sampler.timesteps:
        with torch.no_grad():
            u, c = unet(torch.cat([latents] * 2), step, encoder_hidden_states=states).sample.chunk(2)
        output = u + cfg * (c - u)
        noisy = latents.clone().requires_grad_()
        said = nn.functional.log_softmax(classifier(noisy, [float(step)]), 1)[0, 1]
        gradient, = torch.autograd.grad(said, noisy)
        bar = sampler.alphas_cumprod[step]
        # Algorithm 2 of Dhariwal & Nichol 2021 on the noise; back to what the network predicts by its definition.
        if case.endswith("_v"):
            noise = bar.sqrt() * output + (1 - bar).sqrt() * latents
            noise = noise - scale * (1 - bar).sqrt() * gradient
            clean = (latents - (1 - bar).sqrt() * noise) / bar.sqrt()
            output = bar.sqrt() * noise - (1 - bar).sqrt() * clean
        else:
            output = output - scale * (1 - bar).sqrt() * gradient
        latents = sampler.step(output, step, latents).prev_sample
    return latents


expected["run.sd1_tiny"] = run("sd1_tiny", "a cat on the moon", "", 7.5, 30, 6, 42)
expected["run.sd2_tiny_v"] = run("sd2_tiny_v", "a cat on the moon", "", 7.5, 30, 6, 42)

# ---- a contrastive model ----
letters = [chr(i) for i in list(range(33, 127)) + list(range(161, 173)) + list(range(174, 256))]
letters += [chr(256 + i) for i in range(256 - len(letters))]
merges = [("c", "a"), ("ca", "t</w>"), ("m", "o"), ("mo", "o"), ("moo", "n</w>")]
tokens = letters + [c + "</w>" for c in letters] + ["".join(m) for m in merges] + ["<|startoftext|>", "<|endoftext|>"]
text("contrastive/tokenizer/vocab.json", {token: i for i, token in enumerate(tokens)})
with open(os.path.join(here, "contrastive/tokenizer/merges.txt"), "w") as f:
    f.write("#version: 0.2\n" + "".join(" ".join(m) + "\n" for m in merges))
text("contrastive/tokenizer/tokenizer_config.json", {
    "bos_token": "<|startoftext|>", "eos_token": "<|endoftext|>", "pad_token": "<|endoftext|>",
    "unk_token": "<|endoftext|>", "model_max_length": 12, "tokenizer_class": "CLIPTokenizer"})
image = lively(Encoder(4, 6))
settings = dict(vocab_size=len(tokens), hidden_size=8, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2,
                max_position_embeddings=12, hidden_act="gelu", projection_dim=6, eos_token_id=len(tokens) - 1)
words = CLIPTextModelWithProjection(CLIPTextConfig(**settings)).eval()
with torch.no_grad():
    for name, p in words.named_parameters():
        p.copy_((torch.randn_like(p) * 0.5 if p.dim() > 1 else p).half().float())
write("contrastive/image_encoder", image,
      dict(SETTINGS, _class_name="EncoderUNet2DModel", in_channels=4, sample_size=32, projection_dim=6))
write("contrastive/text_encoder", words, dict(settings, architectures=["CLIPTextModelWithProjection"]), "model")
text("contrastive/guide.json", {"_class_name": "NoisyContrastiveModel", "samples": SAMPLES, "logit_scale": 12.5})
text("contrastive/scheduler/scheduler_config.json", scheduler("sd1_tiny"))
tokenizer = CLIPTokenizer.from_pretrained(os.path.join(here, "contrastive/tokenizer"))
captions = ["a cat", "on the moon", "a cat"]
ids = tokenizer(captions, padding="max_length", max_length=12, return_tensors="pt").input_ids
expected["contrastive.ids"] = ids.float()
x = torch.randn(3, 4, 8, 8, generator=torch.Generator().manual_seed(2))
expected["contrastive.x"] = x
t = [5.0, 400.0, 900.0]
pictures = nn.functional.normalize(image(x, t), dim=1)
texts = nn.functional.normalize(words(input_ids=ids).text_embeds, dim=1)
expected["contrastive.images"], expected["contrastive.texts"] = pictures.detach(), texts.detach()
cosines = (1 / 0.07) * pictures @ texts.T
targets = torch.tensor([[0.5, 0, 0.5], [0, 1, 0], [0.5, 0, 0.5]])
loss = (nn.functional.cross_entropy(cosines, targets) + nn.functional.cross_entropy(cosines.T, targets)) / 2
loss.backward()
expected["contrastive.loss"] = loss.detach().reshape(1)
for prefix, module in (("image", image), ("text", words)):
    for name, p in module.named_parameters():
        expected[f"contrastive.grad.{prefix}.{name}"] = p.grad.clone()
one = x[:1].clone().requires_grad_()
(12.5 * nn.functional.normalize(image(one, [5.0]), dim=1) @ texts[1].detach()).sum().backward()
expected["contrastive.gradient"] = one.grad

# ---- a U-Net on pixels that is told classes ----
told = UNet2DModel(in_channels=3, out_channels=3, sample_size=8, up_block_types=["AttnUpBlock2D", "UpBlock2D"],
                   num_class_embeds=4, **SETTINGS)
lively(told, 1.5)
write("classes/unet", told, dict(SETTINGS, _class_name="UNet2DModel", in_channels=3, out_channels=3, sample_size=8,
                                 up_block_types=["AttnUpBlock2D", "UpBlock2D"], num_class_embeds=4))
text("classes/model_index.json", {
    "_class_name": "DDPMPipeline", "scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"],
    "id2label": {"0": "sneaker", "1": "bag", "2": "coat"}})
text("classes/scheduler/scheduler_config.json", {
    "_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_schedule": "linear", "beta_start": 0.0001,
    "beta_end": 0.02})
x = torch.randn(2, 3, 8, 8, generator=torch.Generator().manual_seed(3))
expected["classes.x"] = x
with torch.no_grad():
    expected["classes.out"] = told(x, torch.tensor([10, 700]), class_labels=torch.tensor([2, 3])).sample

save_file({k: v.detach().float().contiguous() for k, v in expected.items()}, os.path.join(here, "expected.safetensors"))
