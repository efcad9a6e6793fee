"""IOR (https://github.com/hpc/ior), where it is on the path: the same bytes into one file, in the same pieces, by POSIX calls."""
import json
import os
import shutil
import subprocess

from . import Missing


def about():
    if not shutil.which("ior"):
        raise Missing("no ior on PATH")
    said = subprocess.run(["ior", "--version"], capture_output=True, text=True)
    return {"version": ((said.stdout + said.stderr).splitlines() or ["unknown"])[0]}


def write(total, piece, place):
    path, summary = os.path.join(place, "plain.ior"), os.path.join(place, "ior.json")
    # -E: into a file that exists, since result files are laid out before they are written
    command = ["ior", "-a", "POSIX", "-w", "-k", "-E", "-t", str(piece), "-b", str(total // piece * piece), "-o", path,
               "-O", f"summaryFormat=JSON,summaryFile={summary}"]

    def call():
        subprocess.run(command, check=True, capture_output=True)
        with open(summary, encoding="utf-8") as file:
            result = json.load(file)["tests"][0]["Results"][0]
        return float(result["wrRdTime"] if "wrRdTime" in result else result[0]["wrRdTime"])

    return call


JOBS = {"write": write}
