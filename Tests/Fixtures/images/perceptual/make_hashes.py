"""Copies a few pictures here and writes their perceptual hashes, as the Python package ImageHash computes them.

    pip install imagehash pillow
    python make_hashes.py BUTTERFLIES     # the folder of pictures that a few are scaled down from
"""

import json
import os
import sys

import imagehash
from PIL import Image

HERE = os.path.dirname(os.path.abspath(__file__))
names = sorted(name for name in os.listdir(sys.argv[1]) if name.endswith(".jpg"))[::300]
expected = []
for name in names:
    picture = Image.open(os.path.join(sys.argv[1], name)).resize((48, 48), Image.LANCZOS)
    file = name.replace(".jpg", ".png")
    picture.quantize(24).convert("RGB").save(os.path.join(HERE, file), optimize=True)
    expected.append({"file": file, "hash": str(imagehash.phash(Image.open(os.path.join(HERE, file))))})
with open(os.path.join(HERE, "expected.json"), "w") as out:
    json.dump(expected, out, indent=1)
    out.write("\n")
