"""Of a file with many points no more is read than a command shows: counted by the kernel, in bytes, not by a clock."""
import os, subprocess, sys, tempfile

from commands import PROGRAM, check
import commands

POINTS = 20_000
STUDY = """schema: 1
study: {name}
data: {{kind: self_attention, preset: W2}}
methods: [closed_form]
grid: {{d: 18, n: {{from: 64, to: {last}, step: 16}}, beta: {{from: 1, to: 1000, step: 1}}}}
"""


def run(*arguments, code=0, lines=None):
    """(bytes read, what was printed); of `lines` lines the output is closed after them."""
    job = subprocess.Popen([PROGRAM, *arguments], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    text = job.stdout.read() if lines is None else b"".join(job.stdout.readline() for _ in range(lines))
    job.stdout.close()
    os.waitid(os.P_PID, job.pid, os.WEXITED | os.WNOWAIT)  # what it read is known as long as nobody has waited for it
    with open(f"/proc/{job.pid}/io", encoding="ascii") as file:
        read = int(dict(line.split(": ") for line in file.read().splitlines())["rchar"])
    job.wait()
    check(job.returncode == code, arguments, "ended with", job.returncode, "not", code)
    return read, text.decode()


def make(name, points):
    with open(f"{name}.yaml", "w", encoding="utf-8") as file:
        file.write(STUDY.format(name=name, last=64 + 16 * (points // 1000 - 1)))
    run("run", f"{name}.yaml", "-o", f"{name}.h5", "--quiet")


def main():
    make("large", POINTS)
    make("small", 1000)
    start = run("show", "small.h5", "--csv", "--columns", "beta")[0]  # libraries, the study, a small table
    whole = run("show", "large.h5", "--csv", "--where", "status == done and theory_success >= 0", "--columns", "n,beta")
    check(len(whole[1].splitlines()) == POINTS + 1, "rows", len(whole[1].splitlines()))
    check(whole[0] - start > 8 * 10 * POINTS, "all of it is read", whole[0], start)

    few = run("show", "large.h5", "--csv", "--where", "n == 320 and beta == 7", "--columns", "n,beta,status")
    check(few[1] == "n,beta,status\n320,7,done\n", "the row", few[1])
    check(few[0] - start < (whole[0] - start) / 10, "parameters say which slots are read", few[0], whole[0], start)
    head = run("show", "large.h5", "--csv", "--columns", "n,beta,theory_success", lines=2, code=3)
    check(head[0] - start < (whole[0] - start) / 5, "nobody reads the rest", head[0], whole[0], start)

    again = [run("run", f"{name}.yaml", "-o", f"{name}.h5", "--quiet")[0] for name in ("large", "small")]
    check(again[0] - again[1] < POINTS, "of a finished file that nobody touched no slot is read", again)
    verify = [run("verify", f"{name}.h5")[0] for name in ("large", "small")]
    check(verify[0] - verify[1] < 2 * os.path.getsize("large.h5"), "verify reads a slot about once", verify)

    os.unlink("large.h5.status.json")
    first = run("run", "large.yaml", "-o", "large.h5", "--quiet")[0]
    check(8 * POINTS < first - again[0] < os.path.getsize("large.h5"), "a run that knows nothing of the file reads it once", first, again)
    os.unlink("large.h5.status.json")
    check("state       done" in run("status", "large.h5")[1], "status, of the file itself")
    print(f"{commands.checks} checks, {commands.failed} failed")
    return 1 if commands.failed or not commands.checks else 0


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        sys.exit(main())
