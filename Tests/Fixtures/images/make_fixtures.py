"""Makes the picture fixtures of ImagesTests. Needs Pillow and NumPy: python make_fixtures.py"""
import json
import re
import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

here = Path(__file__).parent
rng = np.random.default_rng(7)


def picture(h, w, c):
    """Smooth colour waves with hard edges and noise: all that resampling can get wrong."""
    y, x = np.mgrid[0:h, 0:w]
    planes = [
        127.5 + 127.5 * np.sin(x / (3 + k) + y / (5 - k) + k) for k in range(c)
    ]
    a = np.stack(planes, -1)
    a[h // 4: h // 2, w // 3: w // 2] = 255
    a[h // 2: h // 2 + 3, :, :] = 0
    a[:, : w // 5] = rng.integers(0, 256, (h, w // 5, c))
    return np.clip(a, 0, 255).astype(np.uint8)


def raw(name, a):
    (here / name).write_bytes(np.ascontiguousarray(a).tobytes())


rgb = picture(31, 43, 3)
Image.fromarray(rgb).save(here / "rgb.png")
raw("rgb.raw", rgb)
rgba = picture(31, 43, 4)
Image.fromarray(rgba, "RGBA").save(here / "rgba.png")
grey = picture(31, 43, 1)[..., 0]
Image.fromarray(grey).save(here / "grey.png")
raw("grey.raw", grey)

# Resizing: each reference is a picture of its own.
sizes = [(17, 11), (64, 50), (10, 70), (43, 5)]
filters = {"area": Image.BOX, "lanczos3": Image.LANCZOS, "bilinear": Image.BILINEAR,
           "bicubic": Image.BICUBIC, "nearest": Image.NEAREST}
for name, f in filters.items():
    for w, h in sizes:
        raw(f"resize_{name}_{w}x{h}.raw", np.asarray(Image.fromarray(rgb).resize((w, h), f)))
raw("resize_lanczos3_grey_17x11.raw", np.asarray(Image.fromarray(grey).resize((17, 11), Image.LANCZOS)))


def resize_float(plane, w, h):
    """Both passes of Pillow's float resampling, cut to the range of bytes after each."""
    rows = Image.fromarray(plane).resize((w, plane.shape[0]), Image.LANCZOS)
    rows = Image.fromarray(np.clip(np.asarray(rows), 0, 255).astype(np.float32))
    return np.clip(np.asarray(rows.resize((w, h), Image.LANCZOS)), 0, 255)


# Pillow multiplies by alpha in bytes, losing the colour of low alphas; here in float.
alpha = rgba[..., 3].astype(np.float32)
planes = [resize_float(rgba[..., c] * (alpha / 255), 17, 11) for c in range(3)]
new_alpha = resize_float(alpha, 17, 11)
straight = [np.where(new_alpha < 0.5, 0, p * 255 / np.maximum(new_alpha, 0.5)) for p in planes]
raw("resize_lanczos3_rgba_17x11.raw",
    np.floor(np.clip(np.dstack([*straight, new_alpha]), 0, 255) + 0.5).astype(np.uint8))


# PNG kinds that Pillow does not write, made by hand: (bit depth, colour type, rows of packed bytes).
def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(w, h, depth, colour, rows, *extra, interlace=0):
    head = struct.pack(">IIBBBBB", w, h, depth, colour, 0, 0, interlace)
    body = zlib.compress(b"".join(b"\0" + bytes(r) for r in rows), 9)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
            + b"".join(chunk(k, d) for k, d in extra) + chunk(b"IDAT", body) + chunk(b"IEND", b""))


def pack(samples, depth):
    bits = "".join(format(int(s), f"0{depth}b") for s in samples)
    bits += "0" * (-len(bits) % 8)
    return bytes(int(bits[i:i + 8], 2) for i in range(0, len(bits), 8))


expected = {}


def case(name, data, a):
    (here / name).write_bytes(data)
    a = np.asarray(a)
    expected[name] = {"width": a.shape[1], "height": a.shape[0],
                      "channels": 1 if a.ndim == 2 else a.shape[2],
                      "pixels": [int(v) for v in a.ravel()]}


w, h = 7, 5
palette = rng.integers(0, 256, (256, 3), dtype=np.uint8)
for depth in (1, 2, 4, 8, 16):
    top = 2 ** depth
    v = rng.integers(0, top, (h, w))
    scaled = (v * 255 * 2 + (top - 1)) // (2 * (top - 1))
    rows = [pack(r, depth) for r in v]
    case(f"kind_grey{depth}.png", png(w, h, depth, 0, rows), scaled)
    hidden = int(v[2, 3])
    a = np.dstack([scaled] * 3 + [np.where(v == hidden, 0, 255)])
    case(f"kind_grey{depth}_trns.png",
         png(w, h, depth, 0, rows, (b"tRNS", struct.pack(">H", hidden))), a)
    if depth < 16:
        entries = min(top, 200)
        v = rng.integers(0, entries, (h, w))
        rows = [pack(r, depth) for r in v]
        plte = (b"PLTE", palette[:entries].tobytes())
        case(f"kind_palette{depth}.png", png(w, h, depth, 3, rows, plte), palette[v])
        alpha = np.full(256, 255)
        alpha[:2] = (0, 100)
        a = np.dstack([palette[v], alpha[v]])
        case(f"kind_palette{depth}_trns.png",
             png(w, h, depth, 3, rows, plte, (b"tRNS", bytes([0, 100]))), a)
    if depth >= 8:
        for kind, c, colour in (("rgb", 3, 2), ("greyalpha", 2, 4), ("rgba", 4, 6)):
            v = rng.integers(0, top, (h, w, c))
            scaled = (v * 255 * 2 + (top - 1)) // (2 * (top - 1))
            rows = [pack(r.ravel(), depth) for r in v]
            full = scaled if c != 2 else scaled[..., [0, 0, 0, 1]]
            case(f"kind_{kind}{depth}.png", png(w, h, depth, colour, rows), full)
            if c == 3:
                hidden = v[1, 1]
                a = np.dstack([full, np.where((v == hidden).all(-1), 0, 255)])
                case(f"kind_rgb{depth}_trns.png",
                     png(w, h, depth, 2, rows, (b"tRNS", struct.pack(">3H", *hidden))), a)

# Adam7: the rows of seven small pictures one after the other.
v = rng.integers(0, 256, (11, 9, 3), dtype=np.uint8)
rows = []
for x0, y0, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4),
                       (1, 0, 2, 2), (0, 1, 1, 2)):
    rows += [r.tobytes() for r in v[y0::dy, x0::dx] if r.size]
case("kind_interlaced.png", png(9, 11, 8, 2, rows, interlace=1), v)

# Text before and after the picture.
info = PngInfo()
info.add_text("parameters", "a caf\u00e9\nSteps: 20, Sampler: Euler, Seed: 1")
info.add_text("Title", "squeezed " * 20, zip=True)
info.add_itxt("Caption", "\u732b on the moon")
info.add_itxt("zipped", "\u732b " * 50, zip=True)
info.add(b"tEXt", b"after\0the picture", after_idat=True)
Image.fromarray(rgb[:3, :3]).save(here / "text.png", pnginfo=info)

# JPEG: expected pixels are libjpeg's as Pillow gives them.
smooth = np.asarray(Image.fromarray(rgb[:, 9:]).resize((24, 16), Image.BICUBIC))


def jpeg(name, image, mode=None, **options):
    image.save(here / name, "JPEG", **options)
    got = Image.open(here / name)
    case(name, (here / name).read_bytes(), np.asarray(got.convert(mode) if mode else got))


jpeg("rgb.jpg", Image.fromarray(smooth), quality=92)
jpeg("progressive.jpg", Image.fromarray(smooth), quality=80, progressive=True)
jpeg("grey.jpg", Image.fromarray(smooth).convert("L"), quality=90)
jpeg("cmyk.jpg", Image.fromarray(smooth).convert("CMYK"), "RGB", quality=95)

# Each orientation of one upright picture of four flat quarters, stored so that EXIF turns it back.
quarters = np.zeros((16, 32, 3), np.uint8)
quarters[:8, :16] = (230, 20, 20)
quarters[:8, 16:] = (20, 200, 20)
quarters[8:, :16] = (20, 20, 230)
quarters[8:, 16:] = (240, 240, 240)
T = Image.Transpose
undo = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
        6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}
for number, operation in undo.items():
    image = Image.fromarray(quarters)
    if operation is not None:
        image = image.transpose(operation)
    exif = Image.Exif()
    exif[0x0112] = number
    image.save(here / f"orientation{number}.jpg", exif=exif, quality=95, subsampling=0)

# UserComment in both byte orders and in ASCII, in files of both byte orders.
text = "a \u732b, caf\u00e9\nSteps: 20, Sampler: Euler, Seed: 1"
for order in (">", "<"):
    for kind, payload in (("utf16be", b"UNICODE\0" + text.encode("utf-16-be")),
                          ("utf16le", b"UNICODE\0" + text.encode("utf-16-le")),
                          ("bom", b"UNICODE\0" + text.encode("utf-16")),
                          ("ascii", b"ASCII\0\0\0plain text, Steps: 20")):
        tiff = (b"MM\0*" if order == ">" else b"II*\0") + struct.pack(order + "I", 8)
        tiff += struct.pack(order + "HHHIII", 1, 0x8769, 4, 1, 26, 0)
        tiff += struct.pack(order + "HHHIII", 1, 0x9286, 7, len(payload), 44, 0) + payload
        name = f"comment_{kind}_{'mm' if order == '>' else 'ii'}.jpg"
        Image.fromarray(quarters).save(here / name, exif=b"Exif\0\0" + tiff, quality=50)

# Lines of settings as A1111's regular expression splits them.
pattern = re.compile(r'\s*(\w[\w \-/]+):\s*("(?:\\.|[^\\"])+"|[^,]*)(?:,|$)')
pieces = ["ab", "Size", "a", " ", "-", "/", ":", ": ", ", ", ",", '"', '\\"', "\\n", "\\\\", "512x512",
          "\u732b", "\t", "7.5", "!", "(x:1.2)", '"q, r"', "k-1: v", "Lora hashes: \"a: 1, b: 2\""]
lines = ["".join(rng.choice(pieces, rng.integers(1, 16))) for _ in range(400)]
(here / "infotext_lines.json").write_text(json.dumps(
    [{"line": line, "pairs": [{"key": k, "value": v} for k, v in pattern.findall(line)]}
     for line in lines], separators=(",", ":")))

(here / "expected.json").write_text(json.dumps(expected, separators=(",", ":")))
