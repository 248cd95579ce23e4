"""Many clients at once that ask, cancel, go away, and send what nobody should. The server must go on as if nothing was.

    python3 stress.py http://127.0.0.1:7860 --pid PID [--data DIR] [--requests 1000] [--clients 16]

Prints what was asked and what came of it; fails if a request got another's picture, if something answered is lost, or if
memory, files or connections stay behind.
"""
import argparse
import base64
import collections
import hashlib
import json
import os
import random
import socket
import threading
import time
from urllib.parse import urlparse

import requests

parser = argparse.ArgumentParser()
parser.add_argument("url")
parser.add_argument("--pid", type=int, required=True)
parser.add_argument("--data")
parser.add_argument("--requests", type=int, default=1000)
parser.add_argument("--clients", type=int, default=16)
parser.add_argument("--seed", type=int, default=1)
options = parser.parse_args()
URL, place = options.url.rstrip("/"), urlparse(options.url)
WORDS = ["a cat", "a dog", "a red car", "a house", "a tree", "the moon"]
SMALL = dict(width=64, height=64, steps=2)
outcomes, lock, problems, jobs = collections.Counter(), threading.Lock(), [], {}


def note(what, problem=None):
    with lock:
        outcomes[what] += 1
        if problem:
            problems.append(f"{what}: {problem}")


def picture(seed):
    body = dict(prompt=WORDS[seed % len(WORDS)], seed=seed, **SMALL)
    return requests.post(f"{URL}/sdapi/v1/txt2img", json=body, timeout=300)


def digest(response):
    return hashlib.sha256(base64.b64decode(response.json()["images"][0])).hexdigest()


def own(seed):
    """The hash of a job's picture, by way of the gallery."""
    body = dict(settings=dict(prompt=WORDS[seed % len(WORDS)], seed=seed, **SMALL))
    job = requests.post(f"{URL}/api/jobs", json=body, timeout=60).json()["id"]
    return gallery_digest(finished(job)["pictures"][0]["id"])


def gallery_digest(number):
    return hashlib.sha256(requests.get(f"{URL}/api/gallery/{number}/image", timeout=60).content).hexdigest()


def finished(job):
    while True:
        told = requests.get(f"{URL}/api/jobs/{job}", timeout=60).json()
        if told["state"] not in ("queued", "running"):
            return told
        time.sleep(0.02)


def raw(head, body=b"", linger=0.0):
    """Sends bytes and goes away."""
    with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
        try:
            connection.sendall(head.encode() + body)
            time.sleep(linger)
            connection.settimeout(0.5)
            return connection.recv(200).decode(errors="replace") if linger == 0 else ""
        except (OSError, socket.timeout):
            return ""


def head(path, length, more=""):
    return f"POST {path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n{more}\r\n"


def ask(randomness):
    kind = randomness.choices(
        ["picture", "job", "gone", "half", "long", "malformed", "cancel", "watch", "lists", "slow", "path"],
        [25, 15, 12, 6, 4, 10, 8, 6, 8, 2, 4])[0]
    seed = randomness.randrange(24)
    if kind == "picture":
        response = picture(seed)
        if response.status_code == 503:
            return note("picture refused for now")
        if response.status_code != 200:
            return note("picture", f"{response.status_code} {response.text[:200]}")
        return note("picture", None if digest(response) == expected[seed] else f"seed {seed} got another picture")
    if kind in ("job", "cancel"):
        body = dict(settings=dict(prompt=WORDS[seed % len(WORDS)], seed=seed, **SMALL), count=randomness.randint(1, 3))
        response = requests.post(f"{URL}/api/jobs", json=body, timeout=60)
        if response.status_code != 202:
            return note(kind, f"{response.status_code} {response.text[:200]}")
        job = response.json()["id"]
        if kind == "cancel":
            time.sleep(randomness.random() * 0.3)
            gone = requests.delete(f"{URL}/api/jobs/{job}", timeout=60)
            return note("cancel", None if gone.status_code == 200 else gone.text[:200])
        with lock:
            jobs[job] = (seed, body["count"])
        return note("job")
    if kind == "gone":
        body = json.dumps(dict(prompt="a cat", seed=seed, width=64, height=64, steps=200)).encode()
        raw(head("/sdapi/v1/txt2img", len(body)), body, randomness.random() * 0.2 + 0.01)
    elif kind == "half":
        raw(head("/api/jobs", 100_000), b'{"settings": {"prompt": "' + b"a" * randomness.randint(0, 50_000), 0.05)
    elif kind == "long":
        if randomness.random() < 0.5:
            answer = raw(head("/sdapi/v1/img2img", 200 << 20), b"x" * 1000)
            return note("long", None if " 413 " in answer or not answer else answer)
        try:
            chunks = (b"x" * (1 << 20) for _ in range(40))
            response = requests.post(f"{URL}/api/read-settings", data=chunks, timeout=60)
            return note("long", None if response.status_code in (404, 413, 503) else f"{response.status_code}")
        except requests.RequestException:
            return note("long")
    elif kind == "malformed":
        body = randomness.choice([
            b"", b"{", b"[]", b"null", b'"x"', b'{"settings": 3}', b'{"settings": {"steps": "many"}}',
            b'{"settings": {"prompt": "a", "steps": -1}}', b'{"settings": {}, "image": "%%%"}', b"\xff\xfe\x00",
            b'{"settings": {"prompt": "a"}, "image": "aGVsbG8="}', b"[" * 5000, b'{"a":' * 3000,
            b'{"settings": {"prompt": "' + b"(" * 5000 + b'"}}', b'{"promptFile": 1}',
        ])
        path = randomness.choice(["/api/jobs", "/sdapi/v1/txt2img", "/sdapi/v1/img2img", "/v1/images/generations"])
        response = requests.post(URL + path, data=body, timeout=60)
        fine = 400 <= response.status_code < 500 or (path.startswith("/sdapi") and body in (b"{}",))
        return note("malformed", None if fine else f"{path} {body[:60]} {response.status_code} {response.text[:100]}")
    elif kind == "watch":
        known = requests.get(f"{URL}/api/jobs", timeout=60).json()["jobs"]
        if known:
            job = randomness.choice(known)["id"]
            with requests.get(f"{URL}/api/jobs/{job}/events", stream=True, timeout=60) as response:
                for number, _ in enumerate(response.iter_lines()):
                    if number > randomness.randint(0, 20):
                        break
    elif kind == "lists":
        path = randomness.choice(["/sdapi/v1/progress", "/api/options", "/sdapi/v1/sd-models", "/v1/models"])
        response = requests.get(URL + path, timeout=60)
        return note("lists", None if response.status_code == 200 else f"{path} {response.status_code}")
    elif kind == "slow":
        body = json.dumps(dict(prompt="a cat", seed=1, **SMALL)).encode()
        with socket.create_connection((place.hostname, place.port), timeout=30) as connection:
            text = head("/sdapi/v1/txt2img", len(body)).encode() + body
            for start in range(0, len(text), 40):
                connection.sendall(text[start:start + 40])
                time.sleep(0.05)
    elif kind == "path":
        name = randomness.choice(["../../etc/passwd", "/etc/passwd", "..", "\u0000", "a/b"])
        setting = randomness.choice(["model", "lora", "vae", "embedding", "init_image", "mask", "tokenizer", "guide"])
        response = requests.post(
            f"{URL}/api/jobs", json=dict(settings={"prompt": "a", setting: name}), timeout=60)
        return note("path", None if response.status_code == 422 else f"{setting} {name} {response.status_code}")
    note(kind)


def work(number):
    randomness = random.Random(options.seed * 1000 + number)
    for _ in range(number, options.requests, options.clients):
        try:
            ask(randomness)
        except requests.RequestException as error:
            note("connection", f"{type(error).__name__} {error}")


def resident():
    with open(f"/proc/{options.pid}/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmRSS")) / 1024


def settle():
    while True:
        states = [job["state"] for job in requests.get(f"{URL}/api/jobs", timeout=60).json()["jobs"]]
        if not {"queued", "running"} & set(states):
            break
        time.sleep(0.5)
    time.sleep(8)
    return resident(), len(os.listdir(f"/proc/{options.pid}/fd"))


expected = {seed: digest(picture(seed)) for seed in range(24)}
expected_own = {seed: own(seed) for seed in range(24)}
before = settle()
started = time.time()
threads = [threading.Thread(target=work, args=(number,)) for number in range(options.clients)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
print(f"{sum(outcomes.values())} requests in {time.time() - started:.0f} s:", dict(outcomes))
after = settle()
for job, (seed, count) in jobs.items():
    told = requests.get(f"{URL}/api/jobs/{job}", timeout=60)
    if told.status_code == 404:
        continue  # ended long ago
    told = told.json()
    if told["state"] != "done" or [p["seed"] for p in told["pictures"]] != [str(seed + i) for i in range(count)]:
        problems.append(f"job {job}: {told}")
    elif gallery_digest(told["pictures"][0]["id"]) != expected_own[seed]:
        problems.append(f"job {job}: another's picture")
left = os.listdir(f"{options.data}/queue") if options.data else []
if left:
    problems.append(f"left in the queue's folder: {left}")
print(f"memory {before[0]:.0f} -> {after[0]:.0f} MB, files open {before[1]} -> {after[1]}")
assert after[0] < before[0] * 1.25 + 30, "memory stays behind"
assert after[1] <= before[1] + 8, "connections or files stay behind"
for problem in problems[:20]:
    print("PROBLEM", problem)
assert not problems, f"{len(problems)} problems"
assert picture(3).status_code == 200
print("stress: ok")
