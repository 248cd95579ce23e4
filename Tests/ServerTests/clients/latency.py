"""The time of a small picture over HTTP beside the command's own, both with the model warm.

    python3 latency.py http://127.0.0.1:7860 TXT2IMG
"""
import json
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

URL, txt2img = sys.argv[1].rstrip("/"), sys.argv[2]
COUNT, STEPS, ROUNDS = 20, 8, 6
body = json.dumps({"prompt": "a cat on the moon", "seed": 1, "steps": STEPS, "cfg_scale": 4, "width": 128, "height": 128,
                   "sampler_name": "DDIM"}).encode()


def command():
    with tempfile.TemporaryDirectory() as folder:
        out = subprocess.run(
            [txt2img, "a cat on the moon", "--seed", "1", "--steps", str(STEPS), "--cfg", "4", "--sampler", "ddim", "--rng",
             "nv", "--count", str(COUNT), "--json", "--quiet", "--output", folder + "/"], capture_output=True, check=True)
    # The first ones warm up.
    return [json.loads(line)["seconds"] for line in out.stdout.splitlines()][4:]


def over_http():
    seconds = []
    for _ in range(COUNT):
        start = time.perf_counter()
        request = urllib.request.Request(
            f"{URL}/sdapi/v1/txt2img", body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            response.read()
        seconds.append(time.perf_counter() - start)
    return seconds[4:]


rounds = [(command(), over_http()) for _ in range(ROUNDS)]
own, http = (statistics.median(sum(part, [])) for part in zip(*rounds))
for a, b in rounds:
    print(f"command {statistics.median(a) * 1000:.1f} ms (least {min(a) * 1000:.1f}), over HTTP "
          f"{statistics.median(b) * 1000:.1f} ms (least {min(b) * 1000:.1f})")
print(f"median: command {own * 1000:.1f} ms, over HTTP {http * 1000:.1f} ms, {1000 * (http - own):.1f} ms above")
