"""Kills a real study and prints what became of it: kill_table.py [KILLS [SEED]], 108 for every combination once.

A kill is one of {one rank, all ranks, mpirun} x {KILL, TERM, USR1} x {before the first point is written, while points
are written, near the end} x both MPI-IO components x the earliest and the latest format of HDF5, at 2 to 4 ranks. After
it the file opens, every point that was seen committed still is, with the bits of a run that nobody disturbed, and the
same command finishes the study with those bits. Half of the kills hit a run that resumes what an earlier kill left.
"""

import itertools
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import h5py

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = os.environ["POLYSWEEP_BUILD"] + "/polysweep"
sys.path[:0] = [str(SOURCE / "tests/e2e"), str(SOURCE / "analysis")]
import bits  # noqa: E402
import polysweep  # noqa: E402

VICTIMS = ("a rank", "all ranks", "mpirun")
SIGNALS = ("KILL", "TERM", "USR1")
MOMENTS = ("before", "during", "after")
FORMATS = ("earliest", "latest")
COMPONENTS = ("ompio", "romio321")
DONE, STOPPED = 2, 75  # a status of points, an exit code
LONGEST_S = 90  # an undisturbed run takes two or three seconds, on two busy cores
TRIES = 12  # a signal that came too early or too late has shown nothing: the run is started again

STUDY = """
schema: 1
study: kills
seed: 11
data: {kind: self_attention, preset: W2, noise: 0.05, data_draws: 1}
methods: [exact, softmax, linear]
grid: {negative: signed, team: [1, 2], precision: [fp64, fp32], n: [128, 256, 512], d: 10, beta: [2, 4, 6, 8, 12, 16, 32, 64]}
judge: {m: 16, trials: 1000}
output: {keep: [rows]}
"""

FILE = Path(f"kills-{os.getpid()}.h5")  # a basename of its own, also in /dev/shm


class Kill:
    """One row of the design, in an order in which the first few already hold every victim, signal, moment, component and format."""

    def __init__(self, number, chance):
        i = number % 108
        self.victim = VICTIMS[i % 3]
        self.signal = SIGNALS[i // 3 % 3]
        self.moment = MOMENTS[(i + i // 3 + i // 9) % 3]
        self.component, self.format = list(itertools.product(COMPONENTS, FORMATS))[(i + 2 * (i // 27)) % 4]
        self.ranks = chance.choice((2, 3, 4))
        self.share = chance.random()  # how far into its moment

    def __str__(self):
        return f"{self.signal} to {self.victim}, {self.moment}, {self.ranks} ranks, {self.component}, {self.format}"


# ---- runs ----


def environment(component="ompio", form="earliest"):
    place = os.getcwd()  # what killed jobs leave goes there, not to /dev/shm and /tmp
    return dict(os.environ, OMPI_MCA_io=component, POLYSWEEP_HDF5_FORMAT=form, OMPI_MCA_btl_vader_backing_directory=place,
                OMPI_MCA_orte_tmpdir_base=place)


def start(file, ranks, **how):
    return subprocess.Popen(["mpirun", "-n", str(ranks), PROGRAM, "run", "study.yaml", "-o", file, "--oversubscribe"],
                            env=environment(**how), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                            stderr=open("said", "w"))


def wait(job):
    try:
        return job.wait(LONGEST_S)
    except subprocess.TimeoutExpired:
        job.terminate()
        return "none, it hangs"


def ranks_of(job):
    try:
        return [int(pid) for pid in Path(f"/proc/{job.pid}/task/{job.pid}/children").read_text().split()]
    except OSError:
        return []


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def wait_gone(pids, most_s=20.0):
    """How long processes live on whose launcher is gone; those that would not go are ended, for the sake of the next kill."""
    begun = time.monotonic()
    while any(lives(pid) for pid in pids) and time.monotonic() - begun < most_s:
        time.sleep(0.005)
    lasted = time.monotonic() - begun
    for pid in filter(lives, pids):
        os.kill(pid, signal.SIGKILL)
    return lasted


# ---- what a file holds, seen while others write it ----


class Watcher:
    """Points that are committed: read from the raw data, which stay where they are. Status and commit word are written last."""

    def __init__(self, file):
        self.stream = None
        self.file = file

    def open(self):
        with h5py.File(self.file) as opened:
            self.places = {name: (opened[name].id.get_offset(), opened[name].nbytes) for name in ("status", "commit")}
            self.points = len(opened["status"])
        self.stream = open(self.file, "rb", buffering=0)

    def read(self, name):
        at, size = self.places[name]
        return os.pread(self.stream.fileno(), size, at)

    def committed(self):
        if not self.stream:
            if not self.file.exists():
                return set()
            self.open()
        words = struct.unpack(f"<{self.points}Q", self.read("commit"))
        return {slot for slot, status in enumerate(self.read("status")) if status == DONE and words[slot]}

    def wait_share(self, job, share):
        """Until more than this share of the points is committed."""
        while job.poll() is None and (not self.committed() or len(self.committed()) <= share * self.points):
            time.sleep(0.002)

    def close(self):
        if self.stream:
            self.stream.close()


def committed_by_show(file):
    command = [PROGRAM, "show", file, "--csv", "--columns", "status"]
    shown = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S)
    if shown.returncode != 0:
        raise OSError(shown.stderr)
    return {slot for slot, word in enumerate(shown.stdout.split()[1:]) if word == "done"}


def kept_rows(file):
    with h5py.File(file) as opened:
        return {name: item[()].tobytes() for name, item in opened["rows"].items()}


def differences(file, reference, committed):
    found = list(bits.differences(reference["columns"], bits.columns(file), committed))
    if not committed and kept_rows(file) != reference["rows"]:
        found.append("kept rows differ")
    return found


# ---- one kill ----


def send(kill, job, chance):
    """Whether a process got the signal, and the ranks that there were."""
    ranks = ranks_of(job)
    whom = {"a rank": chance.sample(ranks, min(1, len(ranks))), "all ranks": ranks, "mpirun": [job.pid]}[kill.victim]
    reached = 0
    for pid in whom:
        if lives(pid):
            os.kill(pid, getattr(signal, "SIG" + kill.signal))
            reached += 1
    return reached > 0, ranks


def wait_moment(kill, job, watcher, start_s, haste):
    """False: it was missed. `haste` falls below 1 with every run that was over before."""
    before = len(watcher.committed())
    if kill.moment == "before":
        while job.poll() is None and not ranks_of(job):
            time.sleep(0.001)
        time.sleep(kill.share * start_s * haste)
        return len(watcher.committed()) == before
    begun = before / watcher.points if before else 0.0
    if kill.moment == "during":
        watcher.wait_share(job, begun + (0.9 - begun) * kill.share)
        return job.poll() is None and len(watcher.committed()) < watcher.points
    watcher.wait_share(job, 1 - 1e-9 if kill.share > 0.3 and haste > 0.3 else 0.93)
    time.sleep(max(0.0, kill.share - 0.4) * 0.2 * haste)  # the end takes about so long
    return True


def strike(kill, chance, start_s):
    """Runs, and kills at the moment; the exit code, what was seen committed, how long ranks outlived their launcher."""
    for attempt in range(TRIES):
        watcher = Watcher(FILE)
        before = watcher.committed()
        job = start(FILE, kill.ranks, component=kill.component, form=kill.format)
        met = wait_moment(kill, job, watcher, start_s, 0.7**attempt)
        seen = before | watcher.committed()
        reached, ranks = send(kill, job, chance)
        code = wait(job)
        lasted = wait_gone(ranks)
        watcher.close()
        if met and reached:
            return code, seen, lasted
        begin()
    raise RuntimeError(f"{kill}: {TRIES} runs were over before the signal came, or had not begun")


def begin(left=None):
    """A new file, or the one that a kill has left."""
    for path in Path(".").glob(FILE.name + "*"):
        path.unlink()
    if left and left.exists():
        shutil.copy(left, FILE)


def code_complaints(kill, code, committed, points):
    if code == 0 and len(committed) < points:
        yield f"exit code 0 with {len(committed)} of {points} points"
    if code == STOPPED and '"stopped_clean"' not in Path(f"{FILE}.status.json").read_text():
        yield f"exit code {code}, but the sidecar does not say that it was stopped"
    expected = {"KILL": "a failure", "USR1": (0, STOPPED), "TERM": (0, STOPPED)}[kill.signal]
    if kill.moment == "during" and not (kill.victim == "mpirun" and kill.signal != "USR1"):
        if code == 0 if kill.signal == "KILL" else code not in expected:
            yield f"exit code {code}, not {expected}"


def examine(kill, code, seen, reference, row):
    """What the kill left: counts in the row, complaints."""
    if FILE.exists():
        try:
            committed = committed_by_show(FILE)
            with polysweep.open(FILE) as table:
                points = table.sizes["point"]
            row["opened"] += 1
        except Exception as why:  # whatever a reader stumbles over
            yield f"does not open: {why}"
            return
        lost, wrong = seen - committed, differences(FILE, reference, committed=True)
        row["lost"] += len(lost)
        row["wrong"] += len(wrong)
        row["cut"] += len(committed) < points
        yield from [f"lost points {sorted(lost)}"] if lost else []
        yield from wrong
        yield from code_complaints(kill, code, committed, points)
    elif seen or kill.moment != "before":
        yield "there is no file"
    else:
        row["no file"] += 1


def resume(kill, reference, row):
    code = wait(start(FILE, kill.ranks, component=kill.component, form=kill.format))
    if code != 0:
        yield f"resuming: exit code {code}: {Path('said').read_text()}"
        return
    found = differences(FILE, reference, committed=False)
    beside = {path.name[len(FILE.name):] for path in Path(".").glob(FILE.name + "*")}
    if not beside <= {"", ".lock", ".status.json", ".events.jsonl"}:
        found.append(f"left beside the file: {sorted(beside)}")
    row["equal"] += not found
    yield from (f"resumed: {line}" for line in found)
    with open(FILE, "rb") as stream:
        version = stream.read(9)[8]
    if (version >= 2) != (kill.format == "latest"):
        yield f"a superblock of version {version} in the {kill.format} format"
    with h5py.File(FILE) as opened:
        used = {text.decode() for text in opened["provenance/launches/mpi_io"][()] if text}
    if used and not any(kill.component in text for text in used):
        yield f"written through {used}"


def stale_semaphore():
    """What a kill inside MPI_File_open can leave in Open MPI: a semaphore at 0 that every later open waits for."""
    semaphore = Path(f"/dev/shm/sem.OMPIO_{FILE.name}")
    if not semaphore.parent.is_dir():
        return []
    semaphore.write_bytes(bytes(32))
    try:
        code = wait(start(FILE, 2))
        return [] if code == 0 else [f"a stale semaphore: exit code {code}"]
    finally:
        semaphore.unlink(missing_ok=True)


# ---- all kills ----

TOTAL = f"{'~~ all':27}"
COLUMNS = ("kills", "no file", "opened", "cut", "lost", "wrong", "equal")


def print_table(rows):
    print("cut: points were left to do; equal: after resuming")
    print(f"{'signal':7}{'to':11}{'when':9}" + "".join(f"{name:>9}" for name in COLUMNS))
    for key, row in sorted(rows.items()):
        print(key + "".join(f"{row[name]:9}" for name in COLUMNS))


def totals(kill, result, rows):
    what, how = f"{kill.signal:7}{kill.victim:11}{kill.moment:9}", f"~ {kill.component}, {kill.format}"
    for key in (what, f"{how:27}", TOTAL):
        rows.setdefault(key, Counter()).update(result)


def reference_run():
    begun = time.monotonic()
    job, watcher = start("reference.h5", 2), Watcher(Path("reference.h5"))
    while job.poll() is None and not watcher.committed():
        time.sleep(0.002)
    start_s = time.monotonic() - begun
    if wait(job) != 0:
        raise RuntimeError("undisturbed: " + Path("said").read_text())
    watcher.close()
    print(f"undisturbed: {start_s:.1f} s to the first points, {time.monotonic() - begun:.1f} s in all")
    return {"columns": bits.columns("reference.h5"), "rows": kept_rows("reference.h5")}, start_s


def drive(kills, seed):
    chance = random.Random(seed)
    reference, start_s = reference_run()
    rows, complaints, longest_s = {}, [], 0.0
    for number in range(kills):
        kill, result = Kill(number, chance), Counter(kills=1)
        left = Path(f"left-{kill.format}.h5")
        begin(left if number % 4 > 1 else None)
        code, seen, lasted = strike(kill, chance, start_s)
        longest_s = max(longest_s, lasted)
        found = list(examine(kill, code, seen, reference, result))
        left.unlink(missing_ok=True)
        if FILE.exists():
            shutil.copy(FILE, left)
        found += resume(kill, reference, result)
        complaints += [f"kill {number} ({kill}): {line}" for line in found]
        totals(kill, result, rows)
    complaints += stale_semaphore()
    print_table(rows)
    print(f"ranks outlived their launcher by at most {longest_s:.2f} s")
    if 4 * rows[TOTAL]["cut"] < kills:
        complaints.append("too few kills left points to do")
    return complaints


def main():
    kills, seed = (int(text) for text in (sys.argv[1:] + ["108", "1"][len(sys.argv) - 1:]))
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        Path("study.yaml").write_text(STUDY)
        complaints = drive(kills, seed)
        os.chdir("/")
    print("\n".join(complaints) or "nothing lost, nothing wrong")
    print(f"{time.monotonic() - begun:.0f} s")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
