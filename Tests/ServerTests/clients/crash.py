"""Kills a server in the middle, again and again, and looks whether all that it had answered is made in the end, once.

    python3 crash.py PORT COMMAND...      (the command that starts the server on that port, with --data DIR in it)
"""
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import threading
import time

import requests

port, command = sys.argv[1], sys.argv[2:]
URL, data = f"http://127.0.0.1:{port}", command[command.index("--data") + 1]
answered, lock = {}, threading.Lock()


def start():
    server = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    for _ in range(100):
        try:
            requests.get(f"{URL}/api/jobs", timeout=5)
            return server
        except requests.RequestException:
            time.sleep(0.1)
    raise SystemExit("the server did not start")


def ask(stop):
    randomness = random.Random(threading.get_ident())
    while not stop.is_set():
        count = randomness.randint(1, 3)
        body = dict(settings=dict(prompt="a cat", width=64, height=64, steps=randomness.randint(2, 12)), count=count)
        try:
            response = requests.post(f"{URL}/api/jobs", json=body, timeout=10)
        except requests.RequestException:
            return
        if response.status_code == 202:
            with lock:
                answered[response.json()["id"]] = count
        time.sleep(0.05)


def pictures():
    with sqlite3.connect(f"file:{data}/gallery.sqlite?mode=ro", uri=True) as database:
        return database.execute("SELECT job, COUNT(*) FROM pictures WHERE job != '' GROUP BY job").fetchall()


for number in range(6):
    server = start()
    stop = threading.Event()
    threads = [threading.Thread(target=ask, args=(stop,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    time.sleep(random.uniform(0.5, 2.5))
    server.send_signal(signal.SIGKILL)
    server.wait()
    stop.set()
    for thread in threads:
        thread.join()
server = start()
while any(job["state"] in ("queued", "running") for job in requests.get(f"{URL}/api/jobs", timeout=60).json()["jobs"]):
    time.sleep(0.5)
made = dict(pictures())
lost = {job: count for job, count in answered.items() if made.get(job) != count}
print(f"killed 6 times: {len(answered)} jobs answered, {sum(answered.values())} pictures asked for, "
      f"{sum(made.values())} made by {len(made)} jobs; wrong: {len(lost)}")
assert not lost, {job: (count, made.get(job)) for job, count in lost.items()}
listed = requests.get(f"{URL}/api/gallery?limit=200", timeout=60).json()
for item in listed["pictures"][:50]:
    response = requests.get(f"{URL}/api/gallery/{item['id']}/image", timeout=60)
    assert response.content[:8] == b"\x89PNG\r\n\x1a\n" and response.content[-8:-4] == b"IEND", item
assert os.listdir(f"{data}/queue") == [], os.listdir(f"{data}/queue")
started = time.time()
server.send_signal(signal.SIGINT)
status = server.wait(timeout=20)
print(f"Ctrl-C: status {status} after {time.time() - started:.1f} s")
assert status == 130
print("crash: ok")
