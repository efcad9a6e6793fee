"""status while a run is under way: nodes and teams, again and again on a terminal, in a pipe, until Ctrl-C; and for Prometheus,
read by a parser of its text format that takes nothing else."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import commands
import terminal
from commands import PROGRAM, check, parse, refused, run

STUDY = terminal.SLOW.replace("looked at", r'a \"quoted\" \\ name').replace("study: ", 'study: "').replace("name\n", 'name"\n')
SAMPLE = re.compile(r'(polysweep_[a-z_]+)\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)+)\} (\S+)')


def metrics(text):
    """Samples of the exposition format, {(name, labels): value}: HELP and TYPE once, before the samples, which stand together."""
    found, name, lines = {}, None, text.split("\n")
    check(lines[-1] == "", "the last line has an end")
    for line in lines[:-1]:
        if begins := re.fullmatch(r"# HELP (polysweep_[a-z_]+) ([A-Z][^\\]*\.)", line):
            name = begins[1]
            check(all(name != other for other, _ in found), name, "is not together")
        elif line.startswith("#"):
            check(line == f"# TYPE {name} gauge", line)
        else:
            sample = SAMPLE.fullmatch(line)
            check(sample and sample[1] == name, "no sample of", name, ":", line)
            labels = tuple((key, re.sub(r'\\(.)', lambda one: "\n" if one[1] == "n" else one[1], value))
                           for key, value in re.findall(r'([a-z_]+)="((?:[^"\\]|\\.)*)"', sample[2]))
            check((name, labels) not in found, "twice:", line)
            found[name, labels] = float(sample[3])
    return found


class Run:
    """A run of two ranks that stands still for some seconds when it puts its first points."""

    def __init__(self, file, seconds):
        self.file = file
        command = ["mpirun", "-n", "2", PROGRAM, "run", "study.yaml", "-o", file, "--quiet"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL,
                                        env={**os.environ, "POLYSWEEP_FAULT": f"store.put:1:1:{seconds}"})
        while not (Path(f"{file}.status.json").exists() and json.loads(Path(f"{file}.status.json").read_text())["nodes"]):
            time.sleep(0.02)

    def end(self):
        check(self.process.wait() == 0, self.file, "ended with an error")


def look(file):
    going = Run(file, 4)
    told = parse(run("status", file, "--json"))
    check(told["state"] == "running" and len(told["nodes"]) == 1 and told["nodes"][0]["ranks"] == 2, told)
    check(told["nodes"][0]["nodes"] == 1 and told["nodes"][0]["host"] == told["host"], told)
    check([set(team) for team in told["teams"]] == [{"ranks", "teams", "points", "longest_s", "heard_s"}] * len(told["teams"]), told)
    check(told["age_s"] >= 0 and told["rate"] >= 0, told)
    people = run("status", file)
    check(re.search(r"^node +ranks +points +heard before\n\S+ +2 +\d+ ", people, re.M), people)
    found = metrics(run("status", file, "--prometheus"))
    common = (("file", file), ("study", 'a "quoted" \\ name'))
    check(found["polysweep_state", (*common, ("state", "running"))] == 1, found)
    check(found["polysweep_node_ranks", (*common, ("node", told["host"]))] == 2, found)
    check(0 <= found["polysweep_heartbeat_seconds", common] < 60, found)
    code, text = terminal.seen([PROGRAM, "status", file, "--watch", "0.1"], 60, POLYSWEEP_FAULT="")
    check(code == 0, "status --watch ended with", code, text)
    frames = text.split("\033[J")[:-1]
    check(len(frames) > 3 and "state       running" in frames[0] and "state       done" in frames[-1], frames[-2:])
    check(all(len(line.replace("\033[K", "")) < 60 for frame in frames for line in re.sub(r"\033\[\d+A\r", "", frame).split("\n")), text)
    for before, frame in zip(frames, frames[1:]):
        check(frame.startswith(f"\033[{before.count(chr(10))}A\r"), "does not begin where the one before did", frame[:20])
    going.end()
    again = metrics(run("status", file, "--prometheus"))
    check(sum(value for (name, _), value in again.items() if name == "polysweep_points") == 12, again)
    check(all(math.isfinite(value) for value in again.values()), again)
    check(not any(name.startswith("polysweep_node") for name, _ in again), "nodes of a run that has ended")


def piped(file):
    going = Run(file, 3)
    watching = subprocess.Popen([PROGRAM, "status", file, "--watch=0.2"], stdout=subprocess.PIPE, text=True)
    stopped = subprocess.Popen([PROGRAM, "status", file, "--watch", "30"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    check(" running " in stopped.stdout.readline(), "the first line")
    stopped.send_signal(signal.SIGINT)
    rest = stopped.communicate(timeout=20)
    check(stopped.returncode == 75 and rest == ("", ""), "Ctrl-C:", stopped.returncode, rest)
    lines = watching.communicate(timeout=60)[0].splitlines()
    check(watching.returncode == 0 and len(lines) > 2, watching.returncode, lines)
    check(all(re.match(r"\d{4}-\d\d-\d\dT[\d:]+Z  running  \d+ of 12 points  ", line) for line in lines[:-1]), lines)
    check("  done  12 of 12 points  100.0 %" in lines[-1] and "\033" not in "".join(lines), lines[-1])
    going.end()


def others(file):
    """Sidecars of earlier programs have neither nodes nor teams; options that do not go together."""
    sidecar = Path(f"{file}.status.json")
    told = json.loads(sidecar.read_text())
    sidecar.write_text(json.dumps({key: value for key, value in told.items() if key not in ("before", "nodes", "teams")}))
    check(parse(run("status", file, "--json"))["done"] == 12, "an earlier sidecar")
    check("state       done" in run("status", file), "an earlier sidecar")
    check("leave --watch and --json out" in refused("status", file, "--prometheus", "--json"), "--json")
    check("is not a number of seconds" in refused("status", file, "--watch=soon"), "soon")
    run("status", "nothing.h5", "--watch", code=3)


with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    Path("study.yaml").write_text(STUDY)
    look("look.h5")
    piped("piped.h5")
    others("piped.h5")
print(f"{commands.checks} checks, {commands.failed} failed")
sys.exit(commands.failed > 0)
