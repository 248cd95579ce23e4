"""Makes states.safetensors and the embedding files: weighted, chunked states of the small text encoder.

The rules are written out here once more, in numpy, over transformers' text encoder. Run in this folder;
needs torch, transformers, safetensors, numpy.
"""

import numpy as np
import torch
from safetensors.numpy import save_file
from transformers import CLIPTextModel, CLIPTokenizer

REFERENCE = "../reference/sd1_tiny/text_encoder"
model = CLIPTextModel.from_pretrained(REFERENCE).eval()
tokenizer = CLIPTokenizer("../clip_tokenizer/vocab.json", "../clip_tokenizer/merges.txt")
table = model.get_input_embeddings()
BOS, EOS = 49406, 49407
WIDTH = model.config.hidden_size

random = np.random.default_rng(11)
# The reference's last LayerNorm changes nothing, and leaves states whose mean is rounding. Real encoders have one to keep.
norm = getattr(model, "text_model", model).final_layer_norm
norm_weight = (1 + 0.3 * random.standard_normal(WIDTH)).astype(np.float32)
norm_bias = (0.4 + 0.2 * random.standard_normal(WIDTH)).astype(np.float32)
norm.weight.data, norm.bias.data = torch.tensor(norm_weight), torch.tensor(norm_bias)

# Vectors that stand for the word "zorb".
vectors = (random.standard_normal((2, WIDTH)) * 0.05).astype(np.float32)


def ids(text):
    return tokenizer(text, add_special_tokens=False).input_ids


def states(row, skip):
    """[77, D] of a row of ids, -1 and -2 standing for the embedding's vectors."""
    found = [vectors[-i - 1] if i < 0 else table.weight[i].detach().numpy() for i in row]

    def replace(module, args, output):
        return torch.tensor(np.stack(found))[None]

    hook = table.register_forward_hook(replace)
    with torch.no_grad():
        out = model(torch.tensor([[max(i, 0) for i in row]]), output_hidden_states=True)
    hook.remove()
    if skip is None:
        return out.last_hidden_state[0].numpy()
    hidden = out.hidden_states[-1 - skip]
    with torch.no_grad():
        return norm(hidden)[0].numpy()


def row(tokens):
    """A full row and the weights of its 77 places, from (id, weight)."""
    padding = 75 - len(tokens)
    return [BOS] + [t for t, _ in tokens] + [EOS] * (padding + 1), np.array(
        [1.0] + [w for _, w in tokens] + [1.0] * (padding + 1), np.float32
    )


def weighted(segments, chunk_ends=None):
    tokens = [(i, w) for text, w in segments for i in ([-1, -2] if text == "zorb" else ids(text))]
    if chunk_ends is None:
        assert len(tokens) <= 75
        return [row(tokens)]
    starts = [0] + chunk_ends
    return [row(tokens[a:b]) for a, b in zip(starts, chunk_ends + [len(tokens)])]


def context(texts, rule, skip=None):
    """Contexts of texts that are one batch: lists of rows and weights, all of the same length."""
    result = [[] for _ in texts]
    for index in range(len(texts[0])):
        z = np.stack([states(rows[index][0], skip) for rows in texts]).astype(np.float64)
        w = np.stack([rows[index][1] for rows in texts])[:, :, None].astype(np.float64)
        if rule == "original":
            z2 = z * w
            z2 *= z.mean() / z2.mean()
        elif rule == "no-norm":
            z2 = z * w
        elif rule == "comfy":
            empty = states(row([])[0], skip).astype(np.float64)
            z2 = (z - empty) * w + empty
        else:
            z2 = z
        for text, part in zip(result, z2):
            text.append(part)
    return [np.concatenate(parts).astype(np.float32) for parts in result]


out = {}
plain = [("a ", 1), ("cat", 1.3), (" on the ", 1), ("moon", 1 / 1.1)]
for rule in ["original", "no-norm", "comfy", "ignore"]:
    out[f"plain.{rule}"] = context([weighted(plain)], rule)[0]
out["skip.original"] = context([weighted(plain)], "original", skip=1)[0]

# The row is full within a phrase whose comma is near, so the phrase moves on.
words = "one two three four five six seven eight nine ten".split()
phrases = [f"{words[i % 10]} {words[(i * 3 + 1) % 10]} {words[(i * 7 + 2) % 10]}" for i in range(24)]
text = "a " + ", ".join(phrases)
all_ids = ids(text)
comma = ids(",")[0]
assert 75 < len(all_ids) < 150 and all_ids[75] != comma
cut = max(i for i in range(75) if all_ids[i] == comma) + 1
assert 0 < 75 - cut < 20
out["long.original"] = context([weighted([(text, 1), (" end", 1.5)], [cut])], "original")[0]

# No comma: the row is filled to the end.
solid = " ".join(words[i % 10] for i in range(80))
out["solid.comfy"] = context([weighted([(solid, 0.8)], [75])], "comfy")[0]

out["break.original"] = context([weighted([("a cat", 1), ("the moon", 1.2)], [2])], "original")[0]
out["word.original"] = context([weighted([("a ", 1), ("zorb", 1.25), (" on the moon", 1)])], "original")[0]

# One schedule is one batch: the mean is that of both.
both = [weighted([("a ", 1), ("cat", 1.4), (" at sea", 1)]), weighted([("a ", 1), ("dog", 0.6), (" at sea", 1)])]
out["schedule.first"], out["schedule.second"] = context(both, "original")

# Every fourth place keeps the file small.
thinned = {key: np.ascontiguousarray(value[::4]) for key, value in out.items()}
save_file({**thinned, "norm.weight": norm_weight, "norm.bias": norm_bias}, "states.safetensors")
save_file({"emb_params": vectors}, "zorb.safetensors")
torch.save(
    {
        "string_to_token": {"*": 265},
        "string_to_param": {"*": torch.tensor(vectors)},
        "name": "zorb",
        "step": 3,
        "sd_checkpoint": None,
        "sd_checkpoint_name": None,
    },
    "zorb-a1111.pt",
)
torch.save({"<zorb-toy>": torch.tensor(vectors[0])}, "zorb-concept.bin")
with open("long.txt", "w") as file:
    file.write(text)
print({key: value.shape for key, value in out.items()}, "long:", len(all_ids), "cut at", cut)
