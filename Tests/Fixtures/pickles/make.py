"""Makes files of torch.save as trainers write them, with things in them that are no plain tensors.

    python make.py            # needs torch, numpy, omegaconf, pytorch_lightning, easydict (made with torch 2.13)

`embedding_*.pt` are textual inversions in a `ParameterDict`, as the first trainers saved them: zip, legacy stream, and
with the attributes the class had in torch 1.11. Their vectors are 0, 0.5, 1, ... `beside_*.pt` hold the tensor
`layer.weight` = [1, 2, 3, 4] among other values. `alpha.pt` is a LoRA whose alphas are Python's and numpy's numbers.
"""
import argparse, collections, datetime, decimal, fractions, os, pathlib, re, types, typing, uuid
import numpy as np
import torch
from torch import nn
from easydict import EasyDict
from omegaconf import OmegaConf
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities.parsing import AttributeDict

HERE = os.path.dirname(os.path.abspath(__file__))
vectors = nn.Parameter((torch.arange(2 * 32) / 2).reshape(2, 32), requires_grad=False)


def embedding(name, old=False, **options):
    words = nn.ParameterDict({"*": vectors})
    if old:
        # What torch 1.11 pickled of a module.
        words.__dict__ = {
            "training": True, "_parameters": collections.OrderedDict({"*": vectors}),
            "_buffers": collections.OrderedDict(), "_non_persistent_buffers_set": set(),
            "_backward_hooks": collections.OrderedDict(), "_is_full_backward_hook": None,
            "_forward_hooks": collections.OrderedDict(), "_forward_pre_hooks": collections.OrderedDict(),
            "_state_dict_hooks": collections.OrderedDict(), "_load_state_dict_pre_hooks": collections.OrderedDict(),
            "_modules": collections.OrderedDict()}
    content = {"string_to_token": {"*": torch.tensor(265)}, "string_to_param": words}
    torch.save(content, f"{HERE}/{name}.pt", **options)


embedding("embedding_zip")
embedding("embedding_legacy", _use_new_zipfile_serialization=False)
embedding("embedding_111", old=True)
embedding("embedding_111_legacy", old=True, _use_new_zipfile_serialization=False)

beside = {
    "set": {1, 2}, "frozenset": frozenset({"a"}), "counter": collections.Counter("abca"), "bytearray": bytearray(b"\x00\xff"),
    "bytes": b"", "default": collections.defaultdict(list, {"a": [1]}), "deque": collections.deque([1], maxlen=3),
    "namespace": argparse.Namespace(lr=1e-4, betas=(0.9, 0.99)), "simple": types.SimpleNamespace(a={1}),
    "numpy": [np.float64(1.5), np.float32(2), np.int64(3), np.bool_(True), np.complex128(1j), np.str_("a"), np.arange(3)],
    "dtype": [np.dtype("f4"), np.dtype(">i4"), np.datetime64("2024-01-01")], "random": np.random.RandomState(1).get_state(),
    "state": np.random.RandomState(1), "path": pathlib.PosixPath("a/b"), "pure": pathlib.PureWindowsPath("a"),
    "time": [datetime.datetime.now(datetime.timezone.utc), datetime.date(2024, 1, 1), datetime.timedelta(1)],
    "complex": 1 + 2j, "decimal": decimal.Decimal("1.5"), "fraction": fractions.Fraction(1, 3), "uuid": uuid.UUID(int=5),
    "range": range(3), "slice": slice(1, 2), "pattern": re.compile("a+"), "type": typing.Any, "big": 2**100,
    "torch": [torch.device("cpu"), torch.Size([1, 2]), torch.float16, torch.strided],
    "config": OmegaConf.create({"a": [1, {"b": None}]}), "easy": EasyDict({"a": {"b": 1}}),
    "callbacks": {ModelCheckpoint: {"best": "x"}}, "hyper_parameters": AttributeDict({"lr": 0.1}),
}
state = collections.OrderedDict({"layer.weight": torch.tensor([1.0, 2, 3, 4])})
for name, options in {"zip": {}, "legacy": {"_use_new_zipfile_serialization": False}, "protocol5": {"pickle_protocol": 5}}.items():
    torch.save({"state_dict": state, **beside}, f"{HERE}/beside_{name}.pt", **options)

key = "lora_unet_down_blocks_0_attentions_0_transformer_blocks_0_attn1_to_{}"
lora = {}
for part, alpha in {"q": 2, "k": np.float32(3)}.items():
    lora[key.format(part) + ".lora_down.weight"] = torch.ones(4, 8)
    lora[key.format(part) + ".lora_up.weight"] = torch.ones(12, 4)
    lora[key.format(part) + ".alpha"] = alpha
torch.save(lora, f"{HERE}/alpha.pt")
