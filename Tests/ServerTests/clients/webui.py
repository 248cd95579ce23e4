"""Drives a server with two clients of AUTOMATIC1111's API, unchanged: webuiapi and sd-backend-client.

    python3 webui.py http://127.0.0.1:7860 [TOKEN]
"""
import io
import sys
import threading
import time
from urllib.parse import urlparse

import requests
import webuiapi
from PIL import Image, ImageDraw
from sd_backend_client import DiffusionParams, connect_to_backend

URL = sys.argv[1].rstrip("/")
TOKEN = sys.argv[2] if len(sys.argv) > 2 else None
SIZE = dict(width=128, height=128)


def bytes_of(image):
    return image.convert("RGB").tobytes()


def with_webuiapi():
    place = urlparse(URL)
    auth = dict(username="anybody", password=TOKEN) if TOKEN else {}
    api = webuiapi.WebUIApi(baseurl=f"{URL}/sdapi/v1", sampler="Euler a", steps=6, **auth)
    assert place.port
    # All that the client sends by itself is accepted.
    first = api.txt2img(prompt="a cat on the moon", seed=7, **SIZE)
    assert first.image.size == (128, 128) and first.info["seed"] == 7, first.info
    assert first.info["sampler_name"] == "Euler a" and first.info["steps"] == 6, first.info
    again = api.txt2img(prompt="a cat on the moon", seed=7, **SIZE)
    assert bytes_of(again.image) == bytes_of(first.image)
    assert first.image.info["parameters"] == first.info["infotexts"][0]
    several = api.txt2img(prompt="a cat on the moon", seed=7, batch_size=2, n_iter=2, **SIZE)
    assert [len(several.images), several.info["all_seeds"]] == [4, [7, 8, 9, 10]]
    assert bytes_of(several.images[0]) == bytes_of(first.image)
    large = api.txt2img(
        prompt="a cat", seed=1, enable_hr=True, hr_scale=2, hr_upscaler=webuiapi.HiResUpscaler.Latent,
        denoising_strength=0.7, hr_second_pass_steps=4, **SIZE)
    assert large.image.size == (256, 256)
    karras = api.txt2img(prompt="a cat", seed=1, sampler_name="DPM++ 2M", scheduler="karras", **SIZE)
    assert "Schedule type: Karras" in karras.info["infotexts"][0], karras.info["infotexts"]

    changed = api.img2img(images=[first.image], prompt="a dog", seed=2, denoising_strength=0.6, **SIZE)
    assert changed.image.size == (128, 128) and changed.info["denoising_strength"] == 0.6
    mask = Image.new("L", (128, 128))
    ImageDraw.Draw(mask).ellipse((32, 32, 96, 96), fill=255)
    painted = api.img2img(
        images=[first.image], mask_image=mask, prompt="a red ball", seed=3, mask_blur=0, inpaint_full_res=False,
        inpainting_fill=1, denoising_strength=0.9, **SIZE)
    assert painted.image.convert("RGB").getpixel((2, 2)) == first.image.convert("RGB").getpixel((2, 2))
    assert bytes_of(painted.image) != bytes_of(first.image)
    inverse = api.img2img(
        images=[first.image], mask_image=mask, prompt="a red ball", seed=3, mask_blur=0, inpaint_full_res=False,
        inpainting_fill=1, denoising_strength=0.9, inpainting_mask_invert=1, **SIZE)
    assert inverse.image.convert("RGB").getpixel((64, 64)) == first.image.convert("RGB").getpixel((64, 64))
    for mode in (1, 2):
        wide = api.img2img(images=[first.image], prompt="a dog", seed=2, resize_mode=mode, width=160, height=128)
        assert wide.image.size == (160, 128)

    info = api.png_info(first.image)
    assert info.info == first.info["infotexts"][0], info.info
    enlarged = api.extra_single_image(first.image, upscaler_1="Lanczos", upscaling_resize=2)
    assert enlarged.image.size == (256, 256)
    batch = api.extra_batch_images([first.image, changed.image], upscaler_1="Nearest", upscaling_resize=2)
    assert [i.size for i in batch.images] == [(256, 256)] * 2

    assert "Euler a" in api.util_get_sampler_names() and "karras" in api.util_get_scheduler_names()
    models = api.util_get_model_names()
    assert "scenes" in models, models
    api.util_set_model("scenes")
    assert api.util_get_current_model() == "scenes"
    options = api.get_options()
    assert options["CLIP_stop_at_last_layers"] == 1
    assert api.set_options({"CLIP_stop_at_last_layers": 1}) is None
    for lists in (api.get_sd_vae, api.get_loras, api.get_prompt_styles, api.get_hypernetworks, api.get_face_restorers,
                  api.get_realesrgan_models, api.get_upscalers, api.get_latent_upscale_modes, api.get_schedulers):
        assert isinstance(lists(), list), lists
    assert set(api.get_embeddings()) == {"loaded", "skipped"}
    assert api.get_memory()["ram"]["total"] > 0 and "api" in api.get_cmd_flags()
    api.refresh_checkpoints()

    # What there is none of is refused by its name.
    for asked, name in [
        (dict(alwayson_scripts={"ControlNet": {"args": [{"enabled": True}]}}), "ControlNet"),
        (dict(script_name="x/y/z plot"), "x/y/z plot"), (dict(restore_faces=True), "restore_faces"),
        (dict(override_settings={"sd_model_checkpoint": "nothing"}), "nothing"),
        (dict(override_settings={"unheard_of": 1}), "unheard_of"), (dict(sampler_name="Nobody"), "Sampler not found"),
        (dict(s_churn=3), "s_churn"), (dict(width=100), "100"), (dict(steps=0), "steps"),
    ]:
        try:
            api.txt2img(**{**dict(prompt="a cat", alwayson_scripts={}), **SIZE, **asked})
        except RuntimeError as error:
            assert name in error.args[1] and '"detail"' in error.args[1], error
        else:
            raise AssertionError(f"{asked} was not refused")

    # Progress and previews while it runs, and an end before its time.
    result = {}
    long = threading.Thread(target=lambda: result.update(
        made=api.txt2img(prompt="a castle", seed=5, steps=150, n_iter=2, sampler_name="Euler", **SIZE)))
    long.start()
    seen, previews = [], 0
    while len(seen) < 400:
        told = api.get_progress()
        seen.append(told["progress"])
        previews += told["current_image"] is not None
        if told["progress"] > 0.1 and previews:
            break
        time.sleep(0.02)
    assert previews > 0 and any(0 < p < 1 for p in seen), seen[-5:]
    assert told["state"]["sampling_steps"] == 150, told
    api.skip()
    while api.get_progress()["state"]["job_no"] == 0:
        time.sleep(0.02)
    api.interrupt()
    long.join()
    # Both are there as they were when they were ended.
    assert [image.size for image in result["made"].images] == [(128, 128)] * 2, result
    assert api.get_progress()["progress"] == 0


def with_backend_client():
    credentials = (lambda: ("anybody", TOKEN)) if TOKEN else None
    backend = connect_to_backend(URL, credentials_provider=credentials)
    seen = []
    params = DiffusionParams(prompt="a house by a lake", steps=8, seed=42, cfg_scale=4, **SIZE)
    made = backend.submit_txt2img(params).wait(timeout=300, poll_interval=0.05, on_progress=seen.append)
    assert made.images[0].size == (128, 128) and made.seed == 42, made
    params.init_images = [made.images[0]]
    params.denoising_strength = 0.5
    changed = backend.submit_img2img(params).wait(timeout=300)
    assert changed.images[0].size == (128, 128)
    mask = Image.new("L", (128, 128))
    ImageDraw.Draw(mask).rectangle((40, 40, 90, 90), fill=255)
    params.mask = mask
    painted = backend.submit_inpaint(params).wait(timeout=300)
    assert painted.images[0].size == (128, 128)
    large = backend.submit_upscale(made.images[0], 256, 256).wait(timeout=300)
    assert large.images[0].size == (256, 256)
    capabilities = backend.get_capabilities()
    assert capabilities.scheduler and not capabilities.controlnet, capabilities
    assert backend.get_models() and backend.get_samplers() and backend.get_upscalers()
    assert backend.get_vae() == [] or backend.get_vae()
    assert isinstance(backend.get_loras(), list) and isinstance(backend.get_styles(), list)
    assert backend.get_config()["sd_model_checkpoint"]
    assert backend.get_scripts() is not None and backend.get_script_info() == []
    params.mask, params.init_images, params.steps = None, None, 400
    handle = backend.submit_txt2img(params)
    while (handle.poll().progress or 0) <= 0.01:
        time.sleep(0.02)
    assert handle.cancel()
    backend.disconnect()


with_webuiapi()
print("webuiapi: ok")
with_backend_client()
print("sd-backend-client: ok")
