"""Names, titles and texts that hold what a terminal obeys, or bytes that are no UTF-8, in every command: nothing of them reaches
a terminal as it is, and all JSON is UTF-8. Status files that no run can have written are not believed."""
import fcntl, json, os, re, shutil, subprocess, sys, tempfile

import h5py

import commands
from commands import PROGRAM, check

TITLE = "t\\u009b\\u202e\\x7f\\u2028i"  # of a study, in YAML
EVIL = b"e\x1b[31m\x9b\xc2\x9b\xe2\x80\xae\xff\n"  # C0, C1 as a byte and as a character, a bidirectional mark, no UTF-8
STUDY = f"""schema: 1
study: "{TITLE}"
seed: 1
data: {{kind: self_attention, preset: P1}}
methods: [exact]
grid: {{n: [64, 65], d: 10, beta: [2, 4]}}
exclude: [{{when: "n % (d - 2) != 0", why: "whole blocks {TITLE}"}}]
judge: {{m: 4, trials: 2}}
"""
OBEYED = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")


def run(*arguments, code=(0,)):
    """The program's output, which any terminal can show."""
    done = subprocess.run([PROGRAM, *arguments], stdin=subprocess.DEVNULL, capture_output=True)
    check(done.returncode in code, arguments, "ended with", done.returncode, done.stderr)
    for said in (done.stdout, done.stderr):
        try:
            found = OBEYED.search(said.decode())
        except UnicodeDecodeError as why:
            found = why
        check(not found, arguments, "prints", found, said)
    return done


def told(*arguments, code=(0,)):
    done = run(*arguments, code=code)
    try:
        return json.loads(done.stdout.decode())  # strictly
    except ValueError as why:
        check(False, arguments, "is no JSON in UTF-8:", why, done.stdout)
        return {}


def commands_with_json(file, other, study):
    check(told("plan", study, "--json")["study"] == json.loads(f'"{TITLE}"'.replace("\\x7f", "\\u007f")), "the title survives")
    for command in (["plan", study, "--points"], ["show", file], ["status", file], ["verify", file], ["doctor", "."],
                    ["doctor", EVIL], ["merge", EVIL + b"joined.h5", file, other]):
        code = (0, 1, 3) if command[0] == "doctor" else (0,)
        told(*command, "--json", code=code)
        if command[0] != "merge":
            run(*command, code=code)
    run("merge", EVIL + b"again.h5", file, other)
    for line in run("show", file, "--jsonl").stdout.splitlines():
        json.loads(line.decode())
    run("show", file, "--csv")
    told("scale", study, "--strong", "-o", EVIL + b"scaled.h5", "--set", "grid.team=1", "--json", code=(0, 1))


def what_is_beside(file):
    for ending in (b".status.json", b".events.jsonl"):
        with open(file + ending, "rb") as beside:
            for line in beside.read().splitlines():
                json.loads(line.decode())
    with h5py.File(os.fsdecode(file)) as stored:
        json.loads(bytes(stored["provenance/resolved"][()]).rstrip(b"\0").decode())


def a_job_script(study):
    script = run("plan", study, "--slurm").stdout
    check(b"$'" in script, "what a shell needs quoted", script)
    name = re.search(rb"^study=(.*)$", script, re.M)[1]
    read = subprocess.run([b"bash", b"-c", b"printf %s " + name], capture_output=True).stdout
    check(read == os.path.realpath(study), "the shell reads another name:", read, name)


def messages(file, study):
    for arguments, code in (([EVIL], 2), (["run", EVIL], 3), (["show", EVIL], 3), (["status", EVIL], 3), (["verify", EVIL], 3),
                            (["plan", study, "--set", EVIL], 2), (["plan", study, "--set", b"grid.n=" + EVIL], 2),
                            (["plan", study, "--set", b"data.path=" + EVIL], 2), (["plan", study, "--where", EVIL], 2),
                            (["run", study, b"--" + EVIL], 2), (["run", study, "-o", EVIL + b"/x.h5"], 3),
                            (["show", file, "--columns", EVIL], 2), (["help", EVIL], 2), 
                            (["merge", file, EVIL], 3), (["run", study, "--time-limit", EVIL], 2)):
        done = run(*arguments, code=(code,))
        check(b"\\x1b" in done.stderr, arguments, "is not shown:", done.stderr)
    run("plan", study, "--slurm", "--sbatch", b"account=\xc2\x9b", code=(2,))
    with open(b"x" + EVIL + b".yaml", "wb") as broken:
        broken.write(b"schema: 1\nstudy: [\x1b\n")
    run("plan", b"x" + EVIL + b".yaml", code=(2,))
    with open("other.yaml", "w") as other:
        other.write(STUDY.replace("[2, 4]", "[2, 6]"))
    done = run("run", "other.yaml", "-o", file, code=(2,))
    check(done.stderr.count(b"\n") > 1, "a difference has lines of its own", done.stderr)


def failures_of_a_file(file):
    shutil.copyfile(file, b"fail" + EVIL)
    with h5py.File(os.fsdecode(b"fail" + EVIL), "r+") as stored:
        for name in ("message", "site"):
            values = stored["failures"][name]
            values[0] = EVIL
        stored["failures/slot"][0], stored["failures/attempt"][0] = 0, 1
        stored["status"][0] = 3
        for name, column in stored["provenance/launches"].items():
            if column.dtype.kind == "S":
                column[...] = EVIL[:column.dtype.itemsize]
    for command in (["show"], ["show", "--json"], ["status"], ["status", "--json"], ["verify", "--quiet"], ["verify", "--json"]):
        run(command[0], b"fail" + EVIL, *command[1:], code=(0, 1, 3, 4))


def status_files(file):
    """What is wrong with one is said in a line, and the file itself is read; where there is none, the code is 3."""
    shutil.copyfile(file, "s.h5")
    with open(file + b".status.json") as good:
        state = json.load(good)
    changes = [{"done": value} for value in (-3, 1e308, 20.5, "3", [3], {"done": 3}, None, True, 10**30)]
    changes += [{name: value} for name in ("fraction", "elapsed_s", "eta_s") for value in (-1, 1e308, float("nan"), "x", [1])]
    changes += [{"state": EVIL.decode("latin-1")}, {"pid": -1}, {"points": 1}, {"host": 3}, {"more": {"done": 3}}]
    texts = [json.dumps(state | change).encode() for change in changes]
    texts += [b"", b"{", b"[" * 100_000, b"\0" * 100, EVIL, os.urandom(4096), json.dumps([state]).encode(), b"{" + b'"a": 1, ' * 100_000]
    for text in texts:
        with open("s.h5.status.json", "wb") as sidecar:
            sidecar.write(text)
        done = run("status", "s.h5")
        check(b"done        2" in done.stdout, text[:300], done.stdout)
        check(done.stderr.startswith(b"polysweep: note: s.h5.status.json is not the status of a run") and done.stderr.count(b"\n") == 1,
              text[:300], done.stderr)
    with open("s.h5.status.json", "wb") as sidecar:
        sidecar.truncate(100 << 20)
    run("status", "s.h5")
    check(told("status", "s.h5", "--json")["missing"] == 0, "nothing is missing")
    os.rename("s.h5.status.json", "gone.h5.status.json")
    run("status", "gone.h5", code=(3,))
    shown = json.dumps(state | {"study": "\x1b\u009b\u202e", "host": "\x1b", "stop_reason": "\x1b"})
    with open("s.h5.status.json", "w") as sidecar:
        sidecar.write(shown)
    check(b"study       \\x1b\\u009b\\u202e, 2 points" in run("status", "s.h5").stdout, "a title from a status file")
    told("status", "s.h5", "--json")


def a_lock(file):
    """Whoever holds a lock says who that is."""
    with open(b"s.h5.lock", "wb") as lock:
        lock.write(b"host " + EVIL[:-1])
        lock.flush()
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = run("run", "study.yaml", "-o", "s.h5", code=(3,))
        check(b"\\x1b[31m" in done.stderr, "the holder is named", done.stderr)


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        study, file, other = EVIL + b".yaml", EVIL + b".h5", EVIL + b"2.h5"
        for name in (study, b"study.yaml"):
            with open(name, "w") as out:
                out.write(STUDY)
        for name in (file, other):
            run("run", study, "-o", name)
        commands_with_json(file, other, study)
        what_is_beside(file)
        a_job_script(study)
        messages(file, study)
        failures_of_a_file(file)
        status_files(file)
        a_lock(file)
        os.chdir("/")
    print(f"{commands.checks} checks, {commands.failed} failed")
    return commands.failed > 0 or commands.checks == 0


sys.exit(main())
