"""What is measured of the program itself: studies that are made here, run as users run them, and read with polysweep.open."""
from __future__ import annotations

import dataclasses
import json
import os
import pathlib
import re
import subprocess
import time
from collections.abc import Callable

import numpy as np

import polysweep


class Failed(Exception):
    """A side could not be measured; the text says why."""


@dataclasses.dataclass(frozen=True)
class Where:
    """Programs, the core, the environment and the folder of this run."""

    builds: dict  # name -> directory of a build: "ours", and "native", "before" where they are given
    core: int
    environment: dict
    place: pathlib.Path
    mpirun: tuple = ()

    def program(self, build):
        if build not in self.builds:
            raise Failed(f"needs --{build} DIRECTORY")
        return self.builds[build] / "polysweep"

    def call(self, command, **options):
        """Runs it on the core; (seconds, standard output)."""
        start = time.perf_counter()
        job = subprocess.run([str(word) for word in command], env=self.environment, cwd=self.place, capture_output=True, text=True,
                             preexec_fn=lambda: os.sched_setaffinity(0, {self.core}), **options)
        seconds = time.perf_counter() - start
        if job.returncode:
            said = (job.stderr or job.stdout).strip().splitlines() or ["no word"]
            raise Failed(f"{pathlib.Path(command[0]).name} ended with {job.returncode}: {said[-1]}")
        return seconds, job.stdout


@dataclasses.dataclass(frozen=True)
class Launch:
    """One start of the program on a study. read: of the dataset, {side: seconds, or (seconds, operations)}. each: repetitions are
    rounds of their own, for studies that take long to set up."""

    study: dict
    read: Callable
    sides: frozenset
    build: str = "ours"
    each: bool = False

    def run(self, where):
        study, file = where.place / "study.yaml", where.place / "result.h5"
        for old in where.place.glob("result.h5*"):
            old.unlink()
        study.write_text(json.dumps({"schema": 1, "study": "bench", **self.study}))
        wall, _ = where.call([where.program(self.build), "run", study, "-o", file, "--quiet"])
        ds = polysweep.open(file)
        if not ds["done"].values.all():
            raise Failed("points of the study are not done: " + "; ".join(polysweep.failures(file)["message"].astype(str))[:200])
        found = self.read(ds, wall)
        return {side: self.sample(*(value if isinstance(value, tuple) else (value,))) for side, value in found.items()}

    def sample(self, seconds, work=None):
        seconds = list(map(float, np.atleast_1d(seconds)))
        made = {"rounds": [[x] for x in seconds]} if self.each else {"seconds": seconds}
        return made if work is None else {**made, "work": float(work)}


@dataclasses.dataclass(frozen=True)
class Command:
    """Wall seconds of a command of the program; `before` makes what it needs, once. own: a second side, "SIDE by itself", has the
    seconds that the run says of itself, which begin after MPI_Init."""

    side: str
    words: tuple
    study: dict
    before: tuple = ()
    build: str = "ours"
    fresh: bool = False  # without the result file of the last round
    own: bool = False

    @property
    def sides(self):
        return frozenset((self.side, *((f"{self.side} by itself",) if self.own else ())))

    def run(self, where):
        name = re.sub(r"\W+", "-", self.side)
        study, file = where.place / f"{name}.yaml", where.place / f"{name}.h5"
        words = {"STUDY": study, "FILE": file}
        if not study.exists():
            study.write_text(json.dumps({"schema": 1, "study": "bench", **self.study}))
            if self.before:
                where.call([where.program(self.build), *(words.get(word, word) for word in self.before)])
        if self.fresh:
            for old in where.place.glob(f"{name}.h5*"):
                old.unlink()
        seconds, _ = where.call([where.program(self.build), *(words.get(word, word) for word in self.words)])
        found = {self.side: {"seconds": [seconds]}}
        if self.own:
            found[f"{self.side} by itself"] = {"seconds": [float(json.loads((where.place / f"{name}.h5.status.json").read_text())["elapsed_s"])]}
        return found


@dataclasses.dataclass(frozen=True)
class Maps:
    """Seconds for each row of tensorsketch's features: the program of the test build that times maps alone."""

    side: str
    degree: int
    d: int
    features: int

    @property
    def sides(self):
        return frozenset((self.side,))

    def run(self, where):
        program = where.builds["ours"] / "tests" / "bench_sketch_fp64"
        if not program.exists():
            raise Failed(f"not built: cmake --build {where.builds['ours']} --target bench_sketch_fp64")
        _, text = where.call([program, self.degree, self.d, "tensorsketch"])
        for line in text.splitlines():
            words = line.split()
            if words[:1] == ["tensorsketch"] and words[3] == str(self.features):
                return {self.side: {"seconds": [1e-6 * float(words[5])]}}
        raise Failed("bench_sketch_fp64 does not say it")


# ---- what a dataset says ----

def selected(ds, **values):
    keep = np.ones(ds.sizes["point"], bool)
    for name, value in values.items():
        keep &= ds[name].values == value
    if not keep.any():
        raise Failed(f"no such point: {values}")
    return ds.isel(point=np.flatnonzero(keep))


def passes(ds):
    """Seconds of every timed pass of the points that are left."""
    samples = ds["time_s"].values
    return samples[~np.isnan(samples)]


def shared(ds, sets=1):
    """Seconds of the passes of points that shared them, one for each seed: even shares are added again."""
    seeds = ds["seed"].values
    return [sets * ds["time_median_s"].values[seeds == seed].sum() for seed in np.unique(seeds)]


def outside(ds):
    """Seconds a point outside of its mathematics: of the runs of slots, from first mark to last record, all but attention (two
    passes) and head."""
    start, end, attend, head = (ds[name].values for name in ("start_s", "end_s", "time_median_s", "head_s"))
    _, first = np.unique(start, return_index=True)  # one slot of each run
    return ((end[first] - start[first]).sum() - (2 * attend + head).sum()) / len(start)
