"""Power losses and lost nodes, simulated: power_loss.py [IMAGES [HEALED [SEED]]].

Every write, sync and rename of real runs is recorded (recorder.c): rows, samples, a second launch, an extended file, a
merged one. An image is what a disk may hold when the machine stops at some moment: what was synced, and of what was not
an arbitrary part. Pages of 4 KiB, or sectors of 512 bytes, are as they were at any time since; or single writes are missing;
or all that one rank has not synced is. In each image every slot that counts as done is what the run wrote, all of it, and
none that was synced is missing; HEALED of them are resumed and end as the run that nobody disturbed.
"""

import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy

SOURCE, BUILD = Path(os.environ["POLYSWEEP_SOURCE"]), os.environ["POLYSWEEP_BUILD"]
sys.path[:0] = [str(SOURCE / "tests/e2e")]
import bits  # noqa: E402

PROGRAM, CHECK = f"{BUILD}/polysweep", f"{BUILD}/tests/image_check"
WRITE, SYNC, SIZE, RENAME, SYNC_DIRECTORY = 1, 2, 3, 4, 5
HEAD = struct.Struct("=IIIIQQ")
MODELS = ("pages", "sectors", "writes", "a rank")
RANKS = 3

STUDY = """
schema: 1
study: power
seed: 5
data: {kind: self_attention, preset: W2}
methods: [exact, softmax]
grid: {precision: [fp64, fp32], n: [48, 200], d: 10, beta: [2, 4, 6]}
judge: {m: 4, trials: 3}
"""
ROWS = STUDY + "output: {keep: [rows]}\nrun: {team: 2}\n"
SAMPLES = STUDY + "output: {keep: [samples]}\ntime: {reps: 2, max_reps: 3}\n"


def run(*arguments, ranks=RANKS, log=None):
    command = [PROGRAM, *map(str, arguments)]
    if ranks > 1:
        command = ["mpirun", "-n", str(ranks), *command, "--oversubscribe"]
    more = {"RECORD": str(log), "LD_PRELOAD": f"{BUILD}/tests/recorder.so", "POLYSWEEP_SYNC_S": "0.02"} if log else {}
    found = subprocess.run(command, env=dict(os.environ, **more), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if found.returncode:
        sys.exit(f"{' '.join(command)} ended with {found.returncode}: {found.stderr}")


# ---- recorded runs --------------------------------------------------------------------------------------------------


def rows(place, log):
    (place / "study.yaml").write_text(ROWS)
    run("run", "study.yaml", "-o", "out.h5", log=log)


def samples(place, log):
    (place / "study.yaml").write_text(SAMPLES)
    run("run", "study.yaml", "-o", "out.h5", log=log)


def launches(place, log):
    """A second launch on the file of a first."""
    (place / "study.yaml").write_text(ROWS)
    run("run", "study.yaml", "-o", "out.h5", "--where", "beta == 2", log=log)
    run("run", "study.yaml", "-o", "out.h5", log=log)


def extend(place, log):
    (place / "study.yaml").write_text(ROWS.replace("[2, 4, 6]", "[2, 4]"))
    run("run", "study.yaml", "-o", "out.h5", log=log)
    shutil.copy("out.h5", "before.h5")
    (place / "study.yaml").write_text(ROWS)
    run("run", "study.yaml", "-o", "out.h5", "--extend", log=log)


def merge(place, log):
    (place / "study.yaml").write_text(ROWS)
    run("run", "study.yaml", "-o", "a.h5", "--where", "n == 48")
    run("run", "study.yaml", "-o", "b.h5", "--where", "n != 48 and beta != 4")
    run("merge", "out.h5", "a.h5", "b.h5", ranks=1, log=log)


SCENES = (rows, samples, launches, extend, merge)


class Event:
    def __init__(self, kind, rank, inode, at, path, data):
        self.kind, self.rank, self.inode, self.at, self.path, self.data = kind, rank, inode, at, path, data


def read_log(log):
    text, at, events = log.read_bytes(), 0, []
    while at < len(text):
        kind, rank, path_bytes, data_bytes, inode, offset = HEAD.unpack_from(text, at)
        at += HEAD.size
        path = os.path.basename(text[at:at + path_bytes].decode())
        at += path_bytes
        events.append(Event(kind, rank, inode, offset, path, text[at:at + data_bytes]))
        at += data_bytes
    return events


# ---- images ---------------------------------------------------------------------------------------------------------


def inode_of(events, chance):
    """Which file has the name: the last renamed to it, unless that may not have reached the disk yet."""
    inode, sure = None, True
    for event in events:
        if event.kind == RENAME and event.path == "out.h5":
            if sure or chance.random() < 0.5:
                before = inode
            inode, sure = event.inode, False
        sure |= event.kind == SYNC_DIRECTORY
    return inode if sure or chance.random() < 0.5 else before


def synced_writes(events, inode, own=True):
    """Numbers of the events that are on the disk: a rank's sync is about what this rank has written."""
    durable, waiting = set(), []
    for number, event in enumerate(events):
        if event.inode != inode:
            continue
        if event.kind in (WRITE, SIZE):
            waiting.append(number)
        elif event.kind == SYNC:
            durable.update(n for n in waiting if events[n].rank == event.rank or not own)
            waiting = [n for n in waiting if n not in durable]
    return durable


class Image:
    def __init__(self, events, inode):
        self.bytes = numpy.zeros(max([e.at + len(e.data) for e in events if e.inode == inode], default=0), numpy.uint8)
        self.events = events

    def put(self, number, first=0, last=None):
        """The bytes of a write that lie in first .. last of the file."""
        event = self.events[number]
        end = event.at + len(event.data)
        low, high = max(event.at, first), end if last is None else min(end, last)
        if event.kind == WRITE and low < high:
            self.bytes[low:high] = numpy.frombuffer(event.data, numpy.uint8)[low - event.at:high - event.at]


def blocks_of(events, numbers, size):
    blocks = {}
    for number in numbers:
        event = events[number]
        for block in range(event.at // size, (event.at + max(len(event.data), 1) - 1) // size + 1):
            blocks.setdefault(block, []).append(number)
    return blocks


def make(events, inode, model, chance):
    """What the disk holds, and what it holds at least."""
    mine = [n for n, e in enumerate(events) if e.inode == inode and e.kind in (WRITE, SIZE)]
    durable = synced_writes(events, inode)
    least, image = Image(events, inode), Image(events, inode)
    for number in mine:
        if number in durable:
            least.put(number)
            image.put(number)
    loose = [n for n in mine if n not in durable]
    if model in ("pages", "sectors"):  # in the order of writing: a block is as it was at some time
        size = 4096 if model == "pages" else 512
        everything = blocks_of(events, mine, size)
        for block, numbers in blocks_of(events, loose, size).items():
            kept = numbers[:chance.randint(0, len(numbers))] if chance.random() < 0.7 else numbers
            upto = kept[-1] if kept else -1
            for number in everything[block]:  # a later synced write of another rank comes with the page that it is in
                if number in durable or number <= upto:
                    image.put(number, block * size, (block + 1) * size)
    else:
        lost = chance.randrange(RANKS)
        gone = {n for n in loose if (events[n].rank == lost if model == "a rank" else chance.random() < 0.3)}
        for number in mine:
            if number not in gone:
                image.put(number)
    return least.bytes.tobytes(), image.bytes.tobytes()


def moments(events, chance, count):
    """Ends of what was recorded, and the file that has the name then; where there is none yet, nothing is lost."""
    first = next(n for n, e in enumerate(events) if e.kind == RENAME and e.path == "out.h5")
    found = []
    while len(found) < count:
        moment = chance.randint(first + 1, len(events))
        inode = inode_of(events[:moment], chance)
        if inode is not None:
            found.append((moment, inode))
    return found


# ---- checks ---------------------------------------------------------------------------------------------------------


def checked(reference, files):
    found = {}
    for at in range(0, len(files), 50):
        out = subprocess.run([CHECK, reference, *files[at:at + 50]], capture_output=True, text=True)
        if out.returncode:
            sys.exit(f"image_check ended with {out.returncode}: {out.stderr}")
        for line in out.stdout.splitlines():
            name, done, wrong, *why = line.split(" ")
            found[name] = (done, int(wrong), " ".join(why))
    return found


def healed(name, reference, grows):
    """The same command finishes it; what was done keeps its bits, the rest gets them."""
    run("run", "study.yaml", "-o", name, "--quiet", *(["--extend"] if grows else []))
    first, other = bits.columns(reference), bits.columns(name)
    complaints = [line for line in bits.differences(first, other, False)]
    (done, wrong, why), = checked(name, [name]).values()
    if "0" in done:
        complaints.append(f"slots are missing: {done}")
    return complaints + ([why] if wrong else [])


def scene(how, images, heals, chance, counts):
    """Faults that were found."""
    place, log, complaints = Path.cwd(), Path("log"), []
    log.unlink(missing_ok=True)
    for old in place.glob("*.h5*"):
        old.unlink()
    how(place, log)
    recorded, made, known = read_log(log), [], {}
    for number, (moment, inode) in enumerate(moments(recorded, chance, images)):
        events, model = recorded[:moment], MODELS[number % len(MODELS)]
        pair = [f"{number}-{kind}.h5" for kind in ("least", "image")]
        contents = make(events, inode, model, chance)
        pair[0] = known.setdefault(contents[0], pair[0])  # the same for all moments between two syncs
        for name, content in zip(pair, contents):
            Path(name).write_bytes(content)
        made.append((number, model, moment, inode, *pair))
    run("run", "study.yaml", "-o", "out.h5", "--quiet")  # a merged file is finished, so that it has all slots
    found, last = {}, [event.inode for event in recorded if event.kind == RENAME][-1]
    for inode in {entry[3] for entry in made}:
        reference = "out.h5" if inode == last else "before.h5"
        found |= checked(reference, sorted({name for entry in made if entry[3] == inode for name in entry[4:]}))
    smaller = "-"
    for number, model, moment, _, least, image in made:
        (had, _, _), (done, wrong, why) = found[least], found[image]
        counts[model] += 1
        counts["slots done"] += done.count("1")
        smaller = had
        lost = sum(a == "1" and b != "1" for a, b in zip(had, done)) if had != "-" else 0
        if done == "-" or wrong or lost:
            complaints.append(f"{how.__name__}, image {number} ({model}, event {moment}): {wrong} wrong, {lost} synced lost, {why}")
    if smaller == "-":
        complaints.append(f"{how.__name__}: the last image is unreadable")
    for _, model, moment, _, _, image in chance.sample(made, min(heals, len(made))):
        counts["healed"] += 1
        complaints += [f"{how.__name__} ({model}, event {moment}) resumed: {line}" for line in healed(image, "out.h5", how is extend)]
    return complaints


def main():
    images, heals = (int(a) for a in (sys.argv[1:3] + ["300", "10"][len(sys.argv) - 1:]))
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else 7
    chance, counts, complaints = random.Random(seed), Counter(), []
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        for how in SCENES:
            complaints += scene(how, images // len(SCENES), max(1, heals // len(SCENES)), chance, counts)
    print("\n".join(complaints), "\n", dict(counts), f"seed {seed}: {len(complaints)} faults")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
