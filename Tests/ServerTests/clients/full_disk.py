"""Asks for pictures until the disk is full, frees it, and asks again. Nothing half written may be left.

    mkdir small && mount -t tmpfs -o size=4m tmpfs small
    python3 full_disk.py http://127.0.0.1:7860 small/data      (the server's --data)
"""
import os
import sys
import time

import requests

URL, data = sys.argv[1].rstrip("/"), sys.argv[2]
SMALL = dict(prompt="a cat", width=64, height=64, steps=1)


def ask():
    response = requests.post(f"{URL}/api/jobs", json=dict(settings=SMALL), timeout=60)
    if response.status_code != 202:
        return response.status_code, response.json()["error"]["message"]
    job = response.json()["id"]
    while True:
        told = requests.get(f"{URL}/api/jobs/{job}", timeout=60).json()
        if told["state"] not in ("queued", "running"):
            return told["state"], told.get("error", {}).get("message")
        time.sleep(0.01)


made, told = 0, []
while len(told) < 5:
    state, message = ask()
    if state == "done":
        made += 1
        if made % 20 == 0:
            # What fills it is not the pictures alone.
            with open(f"{data}/ballast-{made}", "wb") as ballast:
                try:
                    ballast.write(bytes(256 << 10))
                except OSError:
                    pass
        assert made < 2000, "the disk is too large"
    else:
        told.append((state, message))
print(f"{made} pictures fit; then: {told[0]}, {told[-1]}")
assert all(state in ("failed", 507) and ("space" in message or "full" in message) for state, message in told), told
# Those who only look are answered all the same, and so is who waits for a picture.
assert requests.get(f"{URL}/api/jobs", timeout=60).status_code == 200
waited = requests.post(f"{URL}/sdapi/v1/txt2img", json=SMALL, timeout=60)
assert waited.status_code == 200, waited.text
for name in os.listdir(data):
    if name.startswith("ballast"):
        os.remove(f"{data}/{name}")
deadline = time.time() + 30
while ask()[0] != "done":
    assert time.time() < deadline, "it does not recover"
pictures = requests.get(f"{URL}/api/gallery?limit=200", timeout=60).json()["pictures"]
for item in pictures:
    content = requests.get(f"{URL}/api/gallery/{item['id']}/image", timeout=60).content
    assert content[:8] == b"\x89PNG\r\n\x1a\n" and content[-8:-4] == b"IEND", item
files = [os.path.join(folder, name) for folder, _, names in os.walk(data) for name in names]
odd = [f for f in files if os.path.getsize(f) == 0 and not f.endswith((".lock", "-wal", "-shm"))
       or os.path.basename(f).startswith(".")]
assert not odd, odd
assert os.listdir(f"{data}/queue") == []
print("full disk: ok")
