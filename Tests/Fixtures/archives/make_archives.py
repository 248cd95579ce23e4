"""Writes small WebDataset archives in the three dialects of tar with Python's tarfile, packed with gzip.

    python make_archives.py

Each holds three samples: 0001 (picture, text), a long path (picture, JSON, class), 0003 (text before the picture, two
pictures), and what does not matter: a folder, a link, a file "._" as macOS writes.
"""

import gzip
import io
import os
import struct
import tarfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
LONG = "shard/" + "a-long-folder-name/" * 7 + "0002"


def png(value):
    def chunk(tag, data):
        return struct.pack(">I", len(data)) + tag + data + struct.pack(">I", zlib.crc32(tag + data))

    head = struct.pack(">IIBBBBB", 2, 2, 8, 0, 0, 0, 0)
    rows = bytes([0, value, value]) * 2
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


files = [
    ("shard/0001.png", png(1)),
    ("shard/0001.txt", "a café\n".encode()),
    ("shard/._0001.png", b"not a picture"),
    (LONG + ".png", png(2)),
    (LONG + ".json", b'{"caption": "from json", "size": 3}'),
    (LONG + ".cls", b"7"),
    ("shard/0003.txt", b"text first"),
    ("shard/0003.png", png(3)),
    ("shard/0003.mask.png", png(255)),
    ("shard/0004.txt", b"no picture"),
]

for name, dialect in [("ustar", tarfile.USTAR_FORMAT), ("gnu", tarfile.GNU_FORMAT), ("pax", tarfile.PAX_FORMAT)]:
    plain = io.BytesIO()
    with tarfile.open(fileobj=plain, mode="w", format=dialect) as archive:
        folder = tarfile.TarInfo("shard")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
        for path, data in files:
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        link = tarfile.TarInfo("shard/0005.png")
        link.type, link.linkname = tarfile.SYMTYPE, "0001.png"
        archive.addfile(link)
    with open(os.path.join(HERE, f"{name}.tar.gz"), "wb") as out:
        with gzip.GzipFile(fileobj=out, mode="wb", mtime=0, filename="") as packed:
            packed.write(plain.getvalue())
