#!/usr/bin/env python3
"""Makes the files of this folder again, each by its own script; README.md says what they are.

usage: make_all.py [--list] [--full FOLDER] [--butterflies FOLDER] [--k-diffusion FOLDER] [--a1111 FOLDER] [SCRIPT ...]

SCRIPT is a path such as flow/make_fixtures.py; all without one. `--full` is where reference/make_full.py writes, or has
written, the whole reference models (200 MB; needed by those that say so). `--butterflies` holds metadata.csv and pictures.
`--k-diffusion` and `--a1111` hold sampling.py and sd_samplers_extra.py of those programs, which are not shipped here.
Set-up: python3 -m venv v && v/bin/pip install -r requirements.txt
"""
import argparse, os, subprocess, sys

HERE = os.path.dirname(os.path.abspath(__file__))
# Script, and what it is given: full, butterflies as arguments; k_diffusion, a1111 as variables of the environment.
SCRIPTS = [
    ("reference/make_full.py", ["full"]), ("reference/shrink.py", ["full", "here"]),
    ("adapters/make.py", []), ("adapters/make_peft.py", []), ("archives/make_archives.py", []),
    ("brownian/make_fixtures.py", []), ("commands/make_fixtures.py", ["full"]),
    ("commands/make_a1111.py", ["full", "k_diffusion", "a1111"]), ("dit/make_fixtures.py", []),
    ("edits/make_fixtures.py", []), ("edm/make_fixtures.py", ["sdxl"]), ("evaluation/make_fixtures.py", []),
    ("flow/make_fixtures.py", []), ("guides/make_fixtures.py", []), ("images/make_fixtures.py", []),
    ("images/make_png_orientation.py", []), ("images/perceptual/make_hashes.py", ["butterflies"]),
    ("lessons/make_fixtures.py", []), ("network_settings/make_fixtures.py", []),
    ("parquet/make_parquet.py", ["butterflies"]), ("pickles/make.py", []),
    ("prompts/make_schedules.py", []), ("prompts/make_states.py", []),
    ("samplers_a1111/make_fixtures.py", ["k_diffusion", "a1111"]), ("samplers_i2i/make_fixtures.py", []),
    ("samplers_k_diffusion/make_fixtures.py", ["k_diffusion"]), ("samplers_options/make_fixtures.py", []),
    ("second_pass/make_fixtures.py", []), ("taesd_calls/make_fixtures.py", []), ("training/make_fixtures.py", []),
    ("unclip/make_fixtures.py", []),
]

parser = argparse.ArgumentParser(usage=__doc__.split("usage: ")[1].split("\n")[0])
parser.add_argument("scripts", nargs="*", metavar="SCRIPT")
parser.add_argument("--list", action="store_true")
for name in ("full", "butterflies", "k-diffusion", "a1111"):
    parser.add_argument(f"--{name}")
options = parser.parse_args()
unknown = set(options.scripts) - {script for script, _ in SCRIPTS}
if unknown:
    sys.exit(f"error: no script {', '.join(sorted(unknown))}; --list names them")

values = {"full": options.full, "butterflies": options.butterflies, "here": os.path.join(HERE, "reference"),
          "sdxl": options.full and os.path.join(options.full, "sdxl_tiny"),
          "k_diffusion": options.k_diffusion, "a1111": options.a1111}
failed = []
for script, needs in SCRIPTS:
    if options.scripts and script not in options.scripts:
        continue
    if options.list:
        print(script, *needs)
        continue
    missing = [need for need in needs if not values[need]]
    if missing:
        failed.append(f"{script}: needs {', '.join(missing)}")
        continue
    variables = dict(os.environ, **{need.upper(): os.path.abspath(values[need]) for need in needs
                                    if need in ("k_diffusion", "a1111")})
    arguments = [os.path.abspath(values[need]) for need in needs if need not in ("k_diffusion", "a1111")]
    print(f"== {script}", flush=True)
    folder, name = os.path.split(os.path.join(HERE, script))
    if subprocess.run([sys.executable, name, *arguments], cwd=folder, env=variables).returncode:
        failed.append(f"{script}: failed")
for line in failed:
    print(f"error: {line}", file=sys.stderr)
sys.exit(1 if failed else 0)
