"""Drives a server with OpenAI's own client, unchanged.

    python3 openai_images.py http://127.0.0.1:7860 [TOKEN]
"""
import base64
import io
import sys

import openai
from PIL import Image, ImageDraw

URL = sys.argv[1].rstrip("/")
client = openai.OpenAI(base_url=f"{URL}/v1", api_key=sys.argv[2] if len(sys.argv) > 2 else "none", max_retries=0)


def png(image):
    out = io.BytesIO()
    image.save(out, "PNG")
    return out.getvalue()


def picture(item):
    return Image.open(io.BytesIO(base64.b64decode(item.b64_json)))


assert "scenes" in [model.id for model in client.models.list()]
assert client.models.retrieve("scenes").id == "scenes"
made = client.images.generate(model="scenes", prompt="a cat on the moon", n=2, size="128x128", response_format="b64_json")
pictures = [picture(item) for item in made.data]
assert [p.size for p in pictures] == [(128, 128)] * 2 and pictures[0].tobytes() != pictures[1].tobytes()
assert client.images.generate(model="gpt-image-1", prompt="a cat").data[0].b64_json

mask = Image.new("RGBA", (128, 128), (0, 0, 0, 255))
ImageDraw.Draw(mask).ellipse((32, 32, 96, 96), fill=(0, 0, 0, 0))
edited = client.images.edit(
    model="scenes", prompt="a red ball", image=("picture.png", png(pictures[0]), "image/png"),
    mask=("mask.png", png(mask), "image/png"), n=1)
result = picture(edited.data[0]).convert("RGB")
assert result.size == (128, 128) and result.getpixel((2, 2)) == pictures[0].convert("RGB").getpixel((2, 2))
assert result.tobytes() != pictures[0].convert("RGB").tobytes()
whole = client.images.edit(model="scenes", prompt="a dog", image=("p.png", png(pictures[0]), "image/png"))
assert picture(whole.data[0]).size == (128, 128)

for asked, kind, name in [
    (dict(model="nothing"), openai.UnprocessableEntityError, "nothing"),
    (dict(response_format="url"), openai.UnprocessableEntityError, "response_format"),
    (dict(size="wide"), openai.UnprocessableEntityError, "size"), (dict(n=11), openai.UnprocessableEntityError, "n"),
    (dict(quality="hd"), openai.UnprocessableEntityError, "quality"),
]:
    try:
        client.images.generate(**{**dict(model="scenes", prompt="a cat"), **asked})
    except kind as error:
        assert name in error.body["message"], error.body
    else:
        raise AssertionError(f"{asked} was not refused")
print("openai: ok")
