"""Progress as a person sees it: a bar on terminals of several widths, alone and under mpirun, and lines without anything that a
terminal obeys where nobody looks. A small terminal of our own says what stands on the screen after every write."""

import os
import pty
import re
import select
import struct
import subprocess
import sys
import tempfile
import termios
import fcntl
from pathlib import Path

import commands
from commands import PROGRAM, check

#: four points take a second, by a pause: no clock decides what is seen
PAUSE = "store.put:0:1:1"
SLOW = """schema: 1
study: looked at
seed: 3
data: {kind: self_attention, preset: W2}
methods: [exact]
grid: {n: [256], d: 34, beta: [2, 4, 6, 8], a_1: [1, 1.2, 1.4]}
judge: {m: 8, trials: 20}
"""


class Screen:
    """Lines of a terminal so wide; a character behind its edge begins another line, as terminals do."""

    def __init__(self, columns):
        self.columns, self.lines, self.at, self.wrapped = columns, [[]], 0, 0

    def feed(self, text):
        for character in text:
            if character == "\r":
                self.at = 0
            elif character == "\n":
                self.lines.append([])
                self.at = 0
            else:
                if self.at == self.columns:
                    self.wrapped += 1
                    self.lines.append([])
                    self.at = 0
                line = self.lines[-1]
                line.extend(" " * (self.at + 1 - len(line)))
                line[self.at] = character
                self.at += 1
        return "".join(self.lines[-1])


def seen(command, columns=None, **environment):
    """What a command writes on a terminal of so many columns; where it has none, COLUMNS of the environment says it."""
    def own_terminal():
        os.setsid()
        fcntl.ioctl(2, termios.TIOCSCTTY, 0)

    master, slave = pty.openpty()
    if columns:
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    around = {**os.environ, "TERM": "xterm", "LC_ALL": "C.UTF-8", "POLYSWEEP_FAULT": PAUSE, **environment}
    if "COLUMNS" not in environment:
        around.pop("COLUMNS", None)
    child = subprocess.Popen([str(word) for word in command], stdin=slave, stdout=slave, stderr=slave, env=around, preexec_fn=own_terminal)
    os.close(slave)
    said = b""
    while True:
        ready, _, _ = select.select([master], [], [], 60)
        try:
            piece = os.read(master, 65536) if ready else b""
        except OSError:
            piece = b""
        if not piece:
            break
        said += piece
    os.close(master)
    text = said.decode().replace("\r\n", "\n")
    return child.wait(), re.sub(r"^polysweep: note: [^\n]*\n", "", text, flags=re.M)


def frames(text):
    return [frame for frame in text.split("\r") if "%" in frame]


def is_bar(text, columns, what):
    """No line is longer than the screen: the bar is drawn over itself, and words behind it stand on a line of their own."""
    drawn = frames(text)
    check(len(drawn) >= 2, what, "draws no bar:", text)
    check(all(len(frame.split("\n")[0]) < columns for frame in drawn), what, "is wider than", columns, drawn)
    screen = Screen(columns)
    screen.feed(text.split("polysweep:")[0])
    check(screen.wrapped == 0 and len(screen.lines) == 2, what, "takes", screen.lines)
    check("100 %" in "".join(screen.lines[0]), what, "does not end:", drawn)
    check(re.search(r"100 %[^\n]*\npolysweep: [^\r]*$", text), what, "the last words:", text[-300:])


def alone():
    for columns, locale, mark in ((20, "C.UTF-8", ""), (40, "C", "#"), (80, "en_US.utf8", "\u2588"), (200, "C.UTF-8", "\u2588")):
        code, text = seen([PROGRAM, "run", "slow.yaml", "-o", f"{columns}.h5"], columns, LC_ALL=locale)
        check(code == 0, columns, "ended with", code, text)
        is_bar(text, columns, f"{columns} columns")
        check("of 12 points" in text.split("polysweep:")[0] or columns < 60, text)
        check(all((other in text) == (other == mark) for other in "#\u2588"), columns, locale, "other characters", text[-300:])
    is_bar(seen([PROGRAM, "run", "slow.yaml", "-o", "said.h5"], 120, COLUMNS="36")[1], 36, "COLUMNS")
    check("\r" not in seen([PROGRAM, "run", "slow.yaml", "-o", "dumb.h5"], 80, TERM="dumb")[1], "TERM=dumb")


def under_mpirun():
    code, text = seen(["mpirun", "-n", 2, PROGRAM, "run", "slow.yaml", "-o", "mpi.h5"], 44)
    check(code == 0, "mpirun ended with", code, text)
    is_bar(text, 44, "mpirun")
    for words in (["--tag-output"], ["--output-filename", "kept"]):
        code, text = seen(["mpirun", "-n", 2, *words, PROGRAM, "run", "slow.yaml", "-o", f"{words[0]}.h5"], 80)
        check(code == 0 and "\r" not in text, words, "leave no bar:", text)
    kept = list(Path("kept").rglob("stderr"))
    check(kept and all(b"\r" not in path.read_bytes() for path in kept), "files of mpirun", kept)
    code, text = seen(["bash", "-c", f"mpirun -n 2 {PROGRAM} run slow.yaml -o log.h5 2>log"], 80)
    check(code == 0 and "\r" not in text and b"\r" not in Path("log").read_bytes(), "a log:", Path("log").read_bytes())


def in_files():
    for launcher, mode in (([], "auto"), ([], "off"), (["mpirun", "-n", "2"], "bar")):
        done = subprocess.run([*launcher, PROGRAM, "run", "slow.yaml", "-o", f"{mode}{len(launcher)}.h5", "--progress", mode],
                              capture_output=True, env={**os.environ, "COLUMNS": "50", "TERM": "xterm", "POLYSWEEP_FAULT": PAUSE})
        said = done.stderr.decode()
        check(done.returncode == 0 and ("\r" in said) == (mode == "bar"), launcher, mode, said)
        check(mode != "bar" or all(len(frame.split("\n")[0]) < 50 for frame in frames(said)), mode, "is wider", said)
    check("is not one of auto, bar, plain, off" in commands.refused("run", "slow.yaml", "--progress", "bars"), "another word")


def torn():
    """A message in the middle of a run stands on a line of its own, and nothing is left of the bar beside it."""
    for launcher in ([], ["mpirun", "-n", 2]):
        code, text = seen([*launcher, PROGRAM, "run", "slow.yaml", "-o", f"torn{len(launcher)}.h5"], 80,
                          POLYSWEEP_FAULT="store.mark:0:1:1,store.put")
        screen = Screen(1000)
        screen.feed(text)
        shown = ["".join(line).rstrip() for line in screen.lines]
        said = [line for line in shown if "injected fault" in line]
        check(code != 0 and said and frames(text), launcher, "says nothing of the fault:", text)
        check(all(line.startswith("polysweep: ") and "%" not in line for line in said), "a torn line:", said)


PARTS = {part.__name__: part for part in (alone, under_mpirun, in_files, torn)}
if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as directory:
        os.chdir(directory)
        Path("slow.yaml").write_text(SLOW)
        for name in sys.argv[1:] or PARTS:
            PARTS[name]()
    print(f"{commands.checks} checks, {commands.failed} failed")
    sys.exit(commands.failed > 0)
