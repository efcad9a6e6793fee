"""IOR (https://github.com/hpc/ior), where it is on the path: the same bytes into one file, in the same pieces, by POSIX calls."""
import json
import os
import shutil
import subprocess
import tempfile

from . import Missing


def run(total, piece, place):
    """What it says of itself as JSON. -E -k: the file stays, so that all runs but the first write where space is laid out, as the
    program does."""
    path, summary = os.path.join(place, "plain.ior"), os.path.join(place, "ior.json")
    command = ["ior", "-a", "POSIX", "-w", "-k", "-E", "-t", str(piece), "-b", str(total // piece * piece), "-o", path,
               "-O", f"summaryFormat=JSON,summaryFile={summary}"]
    subprocess.run(command, check=True, capture_output=True)
    with open(summary, encoding="utf-8") as file:
        return json.load(file)


def about():
    if not shutil.which("ior"):
        raise Missing("no ior on PATH")
    with tempfile.TemporaryDirectory() as place:
        return {"version": run(4096, 4096, place)["Version"]}


def write(total, piece, place):
    return lambda: float(run(total, piece, place)["tests"][0]["Results"][0]["wrRdTime"])


JOBS = {"write": write}
