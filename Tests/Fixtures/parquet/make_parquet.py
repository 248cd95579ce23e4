"""Writes the Parquet files of this folder with pyarrow, and what they hold as expected.json.

    pip install pyarrow pillow
    python make_parquet.py BUTTERFLIES     # a folder with metadata.csv (file, ..., caption) and its pictures

The schema is that of the Smithsonian butterflies subset: strings that may be null and image{bytes, path}. Pictures are
scaled to 16 pixels so that a file stays small. encodings.json lists other columns and what a reader must find in them.
"""

import base64
import csv
import io
import json
import os
import sys

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

SOURCE = sys.argv[1]
HERE = os.path.dirname(os.path.abspath(__file__))
COUNT = 12


def picture(path):
    out = io.BytesIO()
    Image.open(path).resize((16, 16), Image.LANCZOS).save(out, "JPEG", quality=80)
    return out.getvalue()


rows = list(csv.DictReader(open(os.path.join(SOURCE, "metadata.csv"))))[:COUNT]
pictures = [picture(os.path.join(SOURCE, row["file"])) for row in rows]
images = [{"bytes": data, "path": row["file"]} for data, row in zip(pictures, rows)]
images[7] = None  # a null structure
images[9] = {"bytes": None, "path": rows[9]["file"]}  # a null inside one
names = [None if i in (3, 7) else row["subspecies_label"] for i, row in enumerate(rows)]
alts = [None if i == 3 else row["caption"] for i, row in enumerate(rows)]

image_type = pa.struct([("bytes", pa.binary()), ("path", pa.string())])
features = {"info": {"features": {"stage": {"names": ["egg", "larva", "adult"], "_type": "ClassLabel"}}}}


def table(large=False):
    text = pa.large_string() if large else pa.string()
    return pa.table(
        {
            "image_alt": pa.array(alts, text),
            "name": pa.array(names, text),
            "stage": pa.array([i % 3 for i in range(COUNT)], pa.int64()),
            "image": pa.array(images, image_type),
            "sim_score": pa.array([None if i == 5 else i / 4 for i in range(COUNT)], pa.float64()),
            "hybrid": pa.array([i % 5 == 0 for i in range(COUNT)], pa.bool_()),
            "tags": pa.array([["a"] * (i % 3) for i in range(COUNT)], pa.list_(pa.string())),
        }
    ).replace_schema_metadata({"huggingface": json.dumps(features)})


variants = {
    "snappy": dict(compression="snappy"),
    "zstd-groups": dict(compression="zstd", row_group_size=5),
    "gzip-v2": dict(compression="gzip", data_page_version="2.0", row_group_size=7),
    "none-plain": dict(compression="none", use_dictionary=False),
    "snappy-v2-pages": dict(compression="snappy", data_page_version="2.0", data_page_size=600, write_batch_size=2),
    "zstd-plain-large": dict(compression="zstd", use_dictionary=False, data_page_size=600, write_batch_size=2),
}
for name, options in variants.items():
    pq.write_table(table("large" in name), os.path.join(HERE, f"{name}.parquet"), **options)

# What a reader may refuse, and must name.
pq.write_table(table(), os.path.join(HERE, "brotli.parquet"), compression="brotli")
pq.write_table(
    pa.table({"image": images, "stage": list(range(COUNT))}),
    os.path.join(HERE, "delta.parquet"),
    use_dictionary=False,
    column_encoding={"stage": "DELTA_BINARY_PACKED"},
)

# Columns of every type, many values in one page, long runs and short ones.
N = 600
numbers = {
    "int32": pa.array([i * 7 - 900 for i in range(N)], pa.int32()),
    "int64": pa.array([i * 7_000_000_000 - 3 for i in range(N)], pa.int64()),
    "few": pa.array([i // 100 % 17 for i in range(N)], pa.int64()),
    "float": pa.array([i / 8 for i in range(N)], pa.float32()),
    "bool": pa.array([i % 7 < 3 for i in range(N)], pa.bool_()),
    "date": pa.array([i * 11 for i in range(N)], pa.date32()),
    "fixed": pa.array([b"%04d" % (i % 50) for i in range(N)], pa.binary(4)),
    "nulls": pa.array([None if i % 11 < 4 else f"word {i % 40}" for i in range(N)], pa.string()),
    "nothing": pa.array([None] * N, pa.string()),
}
for name, options in {
    "numbers": dict(compression="snappy"),
    "numbers-v2": dict(compression="zstd", data_page_version="2.0"),
}.items():
    pq.write_table(pa.table(numbers), os.path.join(HERE, f"{name}.parquet"), **options)


def text(value):
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes):
        return value.decode()
    return str(value)


expected = {
    "rows": [
        {
            "name": names[i],
            "image_alt": alts[i],
            "stage": ["egg", "larva", "adult"][i % 3],
            "sim_score": None if i == 5 else i / 4,
            "hybrid": i % 5 == 0,
            "path": images[i]["path"] if images[i] else None,
            "bytes": base64.b64encode(pictures[i]).decode() if images[i] and images[i]["bytes"] else None,
        }
        for i in range(COUNT)
    ],
    "numbers": {name: [text(v) for v in array.to_pylist()][:: N // 30] for name, array in numbers.items()},
    "numbers_rows": list(range(N))[:: N // 30],
}
with open(os.path.join(HERE, "expected.json"), "w") as out:
    json.dump(expected, out, indent=1, sort_keys=True)
    out.write("\n")
