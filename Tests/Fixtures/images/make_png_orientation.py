"""Makes the PNG pictures that EXIF or XMP turns. Needs Pillow and NumPy: python make_png_orientation.py

Each file is an upright picture of four flat quarters, stored so that the orientation it names turns it back; Pillow's
ImageOps.exif_transpose must give that picture.
"""
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

here = Path(__file__).parent
quarters = np.zeros((16, 32, 3), np.uint8)
quarters[:8, :16] = (230, 20, 20)
quarters[:8, 16:] = (20, 200, 20)
quarters[8:, :16] = (20, 20, 230)
quarters[8:, 16:] = (240, 240, 240)
T = Image.Transpose
undo = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE,
        6: T.ROTATE_90, 7: T.TRANSVERSE, 8: T.ROTATE_270}


def stored(number):
    image = Image.fromarray(quarters)
    return image if undo[number] is None else image.transpose(undo[number])


def exif(number):
    block = Image.Exif()
    block[0x0112] = number
    return block.tobytes()


def check(name):
    with Image.open(here / name) as image:
        assert np.array_equal(np.asarray(ImageOps.exif_transpose(image).convert("RGB")), quarters), name


def raw_profile(data):
    """As ImageMagick writes a profile into text."""
    digits = data.hex()
    lines = [digits[i:i + 72] for i in range(0, len(digits), 72)]
    return "\nexif\n%8d\n%s\n" % (len(data), "\n".join(lines))


for number in undo:
    stored(number).save(here / f"orientation{number}.png", exif=exif(number))
    check(f"orientation{number}.png")
    info = PngInfo()
    info.add_text("Raw profile type exif", raw_profile(exif(number)), zip=True)
    stored(number).save(here / f"orientation{number}_profile.png", pnginfo=info)
    check(f"orientation{number}_profile.png")
info = PngInfo()
info.add_itxt("XML:com.adobe.xmp", '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF '
              'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><rdf:Description '
              'xmlns:tiff="http://ns.adobe.com/tiff/1.0/" tiff:Orientation="6"/></rdf:RDF></x:xmpmeta>')
stored(6).save(here / "orientation6_xmp.png", pnginfo=info)
check("orientation6_xmp.png")
