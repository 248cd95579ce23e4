#!/usr/bin/env python3
"""A small causal transformer with tied embeddings, and what transformers computes with it.

usage: make_fixtures.py   (needs torch, transformers, safetensors; writes beside itself)

llama.safetensors: the weights of a LlamaForCausalLM under its names, `ids` [2, 9], `logits` [2, 9, V] of them, `loss`, the mean
cross-entropy of each token after the first, and `gradient.NAME` of the loss for three weights.
choice.safetensors: `logits` [12], and `probabilities` [4, 12] after the temperature 0.7; with top-k 5 besides; with top-p 0.6
besides; with both, as transformers' own warpers have them.
"""
import os

import torch
import transformers
from safetensors.torch import save_file
from transformers.generation import logits_process as warpers

HERE = os.path.dirname(os.path.abspath(__file__))
GRADIENTS = ["model.embed_tokens.weight", "model.layers.0.self_attn.k_proj.weight", "model.layers.1.mlp.gate_proj.weight"]

torch.manual_seed(5)
config = transformers.LlamaConfig(
    vocab_size=514, hidden_size=16, intermediate_size=24, num_hidden_layers=2, num_attention_heads=2,
    num_key_value_heads=2, max_position_embeddings=16, rms_norm_eps=1e-5, tie_word_embeddings=True,
    initializer_range=0.3, rope_theta=10000.0)
model = transformers.LlamaForCausalLM(config).float().eval()
tensors = {name: value.detach().clone() for name, value in model.named_parameters() if name != "lm_head.weight"}
ids = torch.randint(0, 514, (2, 9))
logits = model(ids).logits
loss = torch.nn.functional.cross_entropy(logits[:, :-1].reshape(-1, 514), ids[:, 1:].reshape(-1))
loss.backward()
tensors |= {"ids": ids.int(), "logits": logits.detach(), "loss": loss.detach().reshape(1)}
tensors |= {f"gradient.{name}": dict(model.named_parameters())[name].grad.clone() for name in GRADIENTS}
save_file(tensors, os.path.join(HERE, "llama.safetensors"))

scores = torch.randn(1, 12) * 2
rows = []
for chosen in ([], [warpers.TopKLogitsWarper(5)], [warpers.TopPLogitsWarper(0.6)],
               [warpers.TopKLogitsWarper(5), warpers.TopPLogitsWarper(0.6)]):
    warped = warpers.TemperatureLogitsWarper(0.7)(None, scores)
    for warper in chosen:
        warped = warper(None, warped)
    rows.append(warped.softmax(-1)[0])
save_file({"logits": scores[0].contiguous(), "probabilities": torch.stack(rows)}, os.path.join(HERE, "choice.safetensors"))
