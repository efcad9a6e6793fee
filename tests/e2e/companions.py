"""Files beside a result file: other people's are never emptied, followed or removed, whatever their names."""
import fcntl, os, re, stat, subprocess, sys, tempfile

import commands
from commands import check

WAIT_S = 60  # of a command that takes a second: it hangs
STUDY = """schema: 1
study: small
data: {kind: self_attention, preset: P1}
methods: [exact]
grid: {n: 64, d: 10, beta: [2, 4]}
judge: {m: 4, trials: 2}
"""


def run(*arguments, code=0, word=""):
    try:
        done = subprocess.run([commands.PROGRAM, *map(str, arguments)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                              timeout=WAIT_S)
    except subprocess.TimeoutExpired:
        check(False, arguments, "hangs")
        return
    check(done.returncode == code and word in done.stderr, arguments, "ended with", done.returncode, done.stderr[:600])


def content(name):
    with open(name, "rb") as file:
        return file.read()


def write(name, text):
    with open(name, "w") as file:
        file.write(text)


def names_of_new_files():
    """A result whose name is another's with .new behind it."""
    run("run", "study.yaml", "-o", "r.h5.new", "--quiet")
    before = content("r.h5.new")
    run("run", "study.yaml", "-o", "r.h5", "--quiet")
    check(content("r.h5.new") == before, "r.h5.new was touched by a run on r.h5")
    run("run", "study.yaml", "-o", "r.h5", "--quiet")  # resumes
    check(content("r.h5.new") == before, "r.h5.new was touched by resuming r.h5")
    run("merge", "all.h5", "r.h5", "r.h5.new")
    os.rename("r.h5.new", "joined.h5.new")
    run("merge", "joined.h5", "joined.h5.new", "r.h5")
    check(os.path.exists("joined.h5.new") and content("joined.h5.new") == before, "merge touched its input joined.h5.new")
    check(not [name for name in os.listdir() if re.search(r"\.new\.\d+-\d+$", name)], "something was left", os.listdir())


def other_peoples_files():
    """A lock or events in a link, or in a file of somebody else."""
    write("precious", "years of work\n")
    for ending in ("lock", "events.jsonl"):
        os.symlink("precious", f"a.h5.{ending}")
        run("run", "study.yaml", "-o", "a.h5", "--quiet", code=3, word=f"a.h5.{ending} is a symbolic link")
        check(content("precious") == b"years of work\n", "a link was followed:", ending)
        os.unlink(f"a.h5.{ending}")
    write("Cargo.lock", "# made by a package manager\n")
    run("run", "study.yaml", "-o", "Cargo", "--quiet", code=3, word="Cargo.lock is not a file of polysweep")
    check(content("Cargo.lock") == b"# made by a package manager\n", "Cargo.lock was touched")
    check(not os.path.exists("Cargo"), "a refused run made its file")


def no_regular_files():
    """Nothing waits for the other end of a FIFO."""
    for ending in ("lock", "events.jsonl"):
        os.mkfifo(f"f.h5.{ending}")
        run("run", "study.yaml", "-o", "f.h5", "--quiet", code=3, word=f"f.h5.{ending} is not a regular file")
        run("status", "f.h5", code=0 if os.path.exists("f.h5") else 3)
        check(stat.S_ISFIFO(os.stat(f"f.h5.{ending}").st_mode), "the FIFO is gone")
        os.unlink(f"f.h5.{ending}")
        os.mkdir(f"f.h5.{ending}")
        run("run", "study.yaml", "-o", "f.h5", "--quiet", code=3, word=f"f.h5.{ending} is not a regular file")
        os.rmdir(f"f.h5.{ending}")
    run("run", "study.yaml", "-o", "f.h5", "--quiet")


def held(name):
    file = open(name, "w")
    fcntl.flock(file, fcntl.LOCK_EX)
    return file


def live_locks():
    """The lock of a run on phase-1-3 looks like litter of phase; the lock of a file holds for links to it, too."""
    with held("phase-1-3.lock") as lock:
        run("run", "study.yaml", "-o", "phase", "--quiet")
        check(os.path.exists("phase-1-3.lock") and os.path.samestat(os.stat("phase-1-3.lock"), os.fstat(lock.fileno())),
              "a live lock was removed")
    write("phase-7-8.lock", "")  # of a killed run by Open MPI
    run("run", "study.yaml", "-o", "phase", "--quiet")
    check(not os.path.exists("phase-7-8.lock"), "litter stays")
    os.symlink("phase", "link.h5")
    with held("phase.lock"):
        run("run", "study.yaml", "-o", "link.h5", "--quiet", code=3, word="in use by another run")
    run("run", "study.yaml", "-o", "link.h5", "--quiet")
    check(not os.path.exists("link.h5.lock"), "a link has a lock of its own")


def main():
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        write("study.yaml", STUDY)
        for part in (names_of_new_files, other_peoples_files, no_regular_files, live_locks):
            part()
        os.chdir("/")
    return commands.failed > 0


sys.exit(main())
