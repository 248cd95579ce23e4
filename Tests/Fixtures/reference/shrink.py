#!/usr/bin/env python3
"""Copies the reference results the tests read, without what the tests do not need.

usage: shrink.py FULL_DATA OUT

FULL_DATA holds one folder for each case, as diffusers wrote it; README.md says which versions, and what is left out.
"""
import os
import shutil
import sys

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from transformers import CLIPTokenizer

PIPELINES = ["sd1_tiny", "sd2_tiny_v", "inpaint_tiny_9ch", "sdxl_tiny", "ddpm_tiny"]
OTHERS = ["taesd_shape", "samplers", "lora_tiny"]
# Every prompt a stored pipeline call or hidden state was made from.
PROMPTS = ["a cat on the moon", "blurry, low quality", "", "a red butterfly"]
# "!" (padding of the second tokenizer of SDXL), start and end of text.
SPECIAL = [0, 49406, 49407]
BASE = "sd1_tiny"


def used_tokens(full):
    """Ids whose rows of the token table some stored result depends on."""
    folder = os.path.join(full, "clip_tokenizer")
    tokenizer = CLIPTokenizer(f"{folder}/vocab.json", f"{folder}/merges.txt")
    ids = set(SPECIAL)
    for prompt in PROMPTS:
        ids |= set(tokenizer(prompt).input_ids)
    for case in PIPELINES:
        path = os.path.join(full, case, "expected.safetensors")
        with safe_open(path, "pt") as file:
            if "text.ids" in file.keys():
                ids |= set(file.get_tensor("text.ids").flatten().tolist())
    return sorted(ids)


def halved(tensors, ids):
    """The same weights as bfloat16, with unused rows of a token table set to zero."""
    out = {}
    for key, value in tensors.items():
        if value.is_floating_point():
            half = value.bfloat16()
            assert torch.equal(half.float(), value.float()), f"{key} has more than 8 significant bits"
            value = half
        if key.endswith("token_embedding.weight"):
            kept = torch.zeros_like(value)
            kept[ids] = value[ids]
            value = kept
        out[key] = value.contiguous()
    return out


def same_values(a, b):
    """Whether two files hold the same tensors, whether or not keys carry transformers' old prefix."""
    a = {key.removeprefix("text_model."): value for key, value in load_file(a).items()}
    b = {key.removeprefix("text_model."): value for key, value in load_file(b).items()}
    return a.keys() == b.keys() and all(torch.equal(a[key], b[key]) for key in a)


def copy_case(full, out, case, ids):
    source = os.path.join(full, case)
    for folder, _, files in os.walk(source):
        relative = os.path.relpath(folder, source)
        if relative.split(os.sep)[0].startswith("tokenizer"):
            continue
        os.makedirs(os.path.join(out, case, relative), exist_ok=True)
        for name in sorted(files):
            path = os.path.join(folder, name)
            target = os.path.join(out, case, relative, name)
            # Results and adapters have all 24 bits.
            if not name.endswith(".safetensors") or name == "expected.safetensors" or case == "lora_tiny":
                shutil.copyfile(path, target)
                continue
            twin = os.path.join(full, BASE, relative, name)
            if case != BASE and os.path.exists(twin) and same_values(path, twin):
                with open(os.path.join(out, case, relative, "SAME_AS"), "w") as file:
                    file.write(BASE + "\n")
                continue
            save_file(halved(load_file(path), ids), target, metadata={"format": "pt"})


def main():
    full, out = sys.argv[1:3]
    ids = used_tokens(full)
    for case in PIPELINES + OTHERS:
        copy_case(full, out, case, ids)


main()
