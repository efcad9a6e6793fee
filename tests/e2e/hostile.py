"""Input that means harm: studies, command lines and files that every command must refuse with a message and the right
exit code, without a crash, in little time and memory, and with nothing left behind."""
import os, shutil, subprocess, sys, tempfile, time, zlib

import h5py
import numpy

PROGRAM = os.path.join(os.environ["POLYSWEEP_BUILD"], "polysweep")
LONG = "x" * 65536
CPU_MOST_S = 5  # of a refusal; the slowest takes a second or so on a machine of 2024
MEMORY_MOST = 700 << 20  # a study of many points has a bit for each of 10^8 of them, MPI some 50 MiB
if os.path.exists(os.path.join(os.environ["POLYSWEEP_BUILD"], "CMakeCache.txt")):
    with open(os.path.join(os.environ["POLYSWEEP_BUILD"], "CMakeCache.txt")) as cache:
        if "POLYSWEEP_SANITIZE:BOOL=ON" in cache.read():
            CPU_MOST_S, MEMORY_MOST = 10 * CPU_MOST_S, 1 << 40  # sanitizers make everything slower and reserve all
STUDY = """schema: 1
study: good
seed: 1
data: {kind: self_attention, preset: P1}
methods: [closed_form, exact]
grid: {n: 64, d: 10, beta: [2, 4], own: 1}
judge: {m: 4, trials: 2}
predict: {mine: own}
output: {keep: [rows]}
"""
checks = failed = 0


def check(condition, *what):
    global checks, failed
    checks += 1
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def listed():
    """All files but locks, which stay where a run was tried: they hold only as long as it lives."""
    return {name for name in os.listdir() if not name.endswith(".lock")}


def refuse(codes, word, *arguments):
    """Runs the program; its exit code must be one of `codes`, and its message must hold the word."""
    files, shown = listed(), " ".join(a[:60] for a in arguments)
    with open("../said", "wb+") as said:
        child = subprocess.Popen([PROGRAM, *arguments], stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        _, state, used = os.wait4(child.pid, 0)
        said.seek(0)
        text = said.read().decode(errors="replace")
    code = os.waitstatus_to_exitcode(state)
    check(code in codes, shown, "ended with", code, "not", codes, text[:400])
    check(word in text, shown, "does not say", repr(word), text[:400])
    check(code == 0 or len(text) < 6000, shown, "says", len(text), "bytes")
    seconds = used.ru_utime + used.ru_stime
    check(seconds < CPU_MOST_S, shown, "took", seconds, "s")
    check(used.ru_maxrss << 10 < MEMORY_MOST, shown, "took", used.ru_maxrss, "KiB")
    check(listed() == files, shown, "left", listed() ^ files)


# ---- studies


def study(text):
    with open("study.yaml", "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())


def refuse_study(codes, word, text):
    study(text)
    refuse(codes, word, "plan", "study.yaml")
    refuse(codes, word, "run", "study.yaml", "-o", "new.h5")


def with_grid(grid, rest="judge: {m: 4, trials: 2}\n"):
    return f"schema: 1\ndata: {{preset: P1}}\nmethods: [exact]\ngrid: {{{grid}}}\n{rest}"


def check_studies():
    many = "beta: {from: 1, to: 1000000, step: 1}, n: {from: 2, to: 1001, step: 1}, d: 10"
    refuse_study([2], "1e+09 points; at most 1e+08", with_grid(many))
    refuse_study([2], "at most", with_grid("n: 64, d: 10, beta: {from: 0, to: 1e300, step: 1e-300}"))
    for deep in ("[", "{a: ", "- ", "? "):
        refuse_study([2], "study.yaml:", with_grid("n: 64, d: 10, beta: " + deep * 100_000))
        refuse_study([2], "study.yaml:", deep * 100_000)
    refuse_study([2], "at most 4096", with_grid("n: 64, d: 10, beta: 2", f'judge: {{m: "{"(" * 100_000}"}}'))
    refuse_study([2], "at most 4096", f"study: {LONG}\n" + with_grid("n: 64, d: 10, beta: 2"))
    refuse_study([2], "at most", with_grid(f"n: 64, d: 10, beta: 2, {LONG}: 1"))
    refuse_study([2], "at most", f"schema: 1\ndata: {{kind: file, path: {LONG}}}\nmethods: [exact]\n")
    refuse_study([2], "study.yaml", os.urandom(4096))
    refuse_study([2], "study.yaml", b"\x00" * 65536)
    refuse_study([2], "study.yaml", b"")
    refuse_study([2], "study.yaml", b"# nothing\n" * 100_000)
    refuse_study([2], "", b" " * (1 << 24))
    study(with_grid("n: 64, d: 10, beta: 2"))
    refuse([3], "study.yaml/", "plan", "study.yaml/")
    refuse([3], "folder", "plan", "folder")


def check_encodings():
    good = with_grid("n: 64, d: 10, beta: 2")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32"):
        study(good.encode(encoding))
        refuse([0, 2], "study" if encoding != "utf-16" else "", "plan", "study.yaml")
    for text in (good.encode("utf-8-sig"), good.replace("\n", "\r\n").encode(), good.replace("\n", "\r").encode()):
        study(text)
        refuse([0], "1 point", "plan", "study.yaml")


def check_numbers():
    names = ("beta", "n", "d", "noise", "a_0", "c", "kappa", "m", "trials", "block", "seed", "den_constant", "j3", "team")
    grid = {"n": "64", "d": "10", "beta": "2"}
    values = ("nan", ".nan", "inf", "-.inf", "1e400", "-1e400", "0x10", "1e17.5")
    for at, name in enumerate(names):
        for turn, value in enumerate(values):  # in the study or on the command line: another half of them for each name
            if (at + turn) % 2:
                study(with_grid(", ".join(f"{k}: {v}" for k, v in {**grid, name: value}.items()), ""))
                refuse([2], "study.yaml:", "plan", "study.yaml")
            else:
                study(with_grid(", ".join(f"{k}: {v}" for k, v in grid.items()), ""))
                refuse([2], "--set", "plan", "study.yaml", "--set", f"grid.{name}={value}")
    for setting in ("run.time_limit", "run.memory_per_rank", "run.point_limit", "time.reps", "time.ci_rel", "run.threads"):
        for value in ("nan", "inf", "-1", "1e400", "1e400s", "infh"):
            refuse([2], "--set", "plan", "study.yaml", "--set", f"{setting}={value}")


def check_arguments():
    study(with_grid("n: 64, d: 10, beta: 2"))
    for option in ("--where", "--set", "--compare", "--budget", "--ranks"):
        refuse([2], "", "plan", "study.yaml", option, LONG)
    refuse([3], "", "plan", "study.yaml", "--calibration", LONG)
    for value in ("nan", "inf", "-1", "1e400", LONG):
        refuse([2], "", "run", "study.yaml", "-o", "new.h5", "--time-limit", value)
    refuse([2, 3], "", "run", "study.yaml", "-o", LONG)
    refuse([3], "", "run", "study.yaml", "-o", "y" * 300 + ".h5")
    refuse([3], "", "run", LONG)
    refuse([2], "", LONG)
    refuse([2], "", "run", "--" + LONG)
    for command in ("show", "status", "verify"):
        refuse([3], "", command, LONG)
    refuse([2], "", "show", "../good.h5", "--columns", LONG)
    refuse([2], "", "show", "../good.h5", "--where", "(" * 65536)
    for name in ("a" * 4000, "/etc/x", "..", "a\\x01b"):
        study(f'study: "{name}"\n' + with_grid("n: 64, d: 10, beta: 2"))
        refuse([0, 2], "", "plan", "study.yaml")


# ---- result files


def replace(name, **how):
    def change(file):
        kept = file[name][()] if name in file else None
        del file[name]
        file.create_dataset(name, **({"data": kept} if not {"shape", "data"} & set(how) else {}), **how)

    return change


def link(name, target):
    def change(file):
        del file[name]
        file[name] = target

    return change


def virtual(name):
    def change(file):
        layout = h5py.VirtualLayout(shape=file[name].shape, dtype=file[name].dtype)
        layout[:] = h5py.VirtualSource("../good.h5", name, shape=file[name].shape)
        del file[name]
        file.create_virtual_dataset(name, layout)

    return change


def chunk(name, size):
    """A chunk of four numbers that holds so many bytes."""

    def change(file):
        kept = {key: value for key, value in file[name].attrs.items() if key != "DIMENSION_LIST"}
        del file[name]
        data = file.create_dataset(name, shape=(4,), dtype="i8", chunks=(4,), compression="gzip", shuffle=True)
        data.attrs.update(kept)
        data.dims[0].attach_scale(file["point"])
        data.id.write_direct_chunk((0,), zlib.compress(bytes(size)))

    return change


def external(file):
    kept = file["beta"][()]
    del file["beta"]
    file.create_dataset("beta", shape=kept.shape, dtype=kept.dtype, external=[("/etc/passwd", 0, 8 * len(kept))])


def attribute(name, value):
    return lambda file: file.attrs.__setitem__(name, value)


def text(name, value):
    return replace(name, data=numpy.bytes_(value))


def value(name, at, what):
    return lambda file: file[name].__setitem__(at, what)


def drop(name):
    return lambda file: file.__delitem__(name)


SMALLER = STUDY.replace("[2, 4]", "2")
HUGE = STUDY.replace("[2, 4]", "{from: 1, to: 1000000, step: 1}").replace("n: 64", "n: {from: 2, to: 1001, step: 1}")
BAD_FILES = {  # what is wrong: how it is made. None of these can be read.
    "wrong type": replace("beta", dtype="f4"),
    "integers for floats": replace("beta", dtype="i8"),
    "other byte order": replace("beta", dtype=">f8"),
    "text for numbers": replace("n", data=numpy.array([b"64"] * 4)),
    "a compound": replace("n", data=numpy.zeros(4, [("a", "i8")])),
    "variable length": replace("n", data=numpy.array(["64"] * 4, dtype=object), dtype=h5py.string_dtype()),
    "two dimensions": replace("n", data=numpy.zeros((4, 1), "i8")),
    "a scalar": replace("n", data=numpy.int64(64)),
    "empty": replace("n", data=h5py.Empty("i8")),
    "too short": replace("n", data=numpy.zeros(3, "i8")),
    "too long": replace("n", data=numpy.zeros(5, "i8")),
    "no points": replace("point", data=numpy.zeros(0, "i8")),
    "other points": replace("point", data=numpy.arange(3)),
    "huge column": replace("n", shape=(1 << 50,), dtype="i8"),
    "huge points": replace("point", shape=(1 << 50,), dtype="i8"),
    "huge chunks": replace("point", shape=(1 << 40,), dtype="i8", chunks=(1 << 20,)),
    "a filter": replace("beta", compression="lzf", chunks=(4,)),
    "a checksum": replace("beta", compression="gzip", fletcher32=True, chunks=(4,)),
    "points without numbers": replace("point", shape=(4,), dtype="i8"),
    "points without chunks": replace("point", shape=(1 << 30,), dtype="i8", chunks=(1 << 16,), compression="gzip"),
    "a chunk that inflates to more": chunk("n", 64),
    "a bomb": chunk("n", 1 << 28),
    "a chunk that inflates to less": chunk("n", 16),
    "a link to itself": link("beta", h5py.SoftLink("/beta")),
    "links in a ring": lambda file: (link("beta", h5py.SoftLink("/n"))(file), link("n", h5py.SoftLink("/beta"))(file)),
    "a dangling link": link("beta", h5py.SoftLink("/nothing")),
    "another file": link("beta", h5py.ExternalLink("../good.h5", "/beta")),
    "a virtual column": virtual("beta"),
    "numbers of another file": external,
    "a group for a column": lambda file: (drop("beta")(file), file.create_group("beta")),
    "a group in a ring": lambda file: (drop("provenance")(file), file.__setitem__("provenance", file["/"])),
    "a column for a group": lambda file: (
        drop("failures")(file), file.create_dataset("failures", data=1)),
    "no points column": drop("point"),
    "no provenance": drop("provenance"),
    "no failures": drop("failures"),
    "no study": drop("provenance/resolved"),
    "no identity": drop("provenance/identity"),
    "no launches": drop("provenance/launches"),
    "a study of no study": text("provenance/resolved", b"[" * 100000),
    "a study with zeros": text("provenance/resolved", b"\x00\x01" * 100),
    "a study of fewer points": text("provenance/resolved", SMALLER.encode()),
    "a study of 10^9 points": text("provenance/resolved", HUGE.encode()),
    "a study of variable length": replace("provenance/resolved", data="schema: 1", dtype=h5py.string_dtype()),
    "names of axes without end": replace("provenance/own", data=numpy.array([b"o" * 80] * 8)),
    "too many axes": replace("provenance/own", data=numpy.array([b"own"] * 100, dtype="S80")),
    "another program": attribute("schema_name", numpy.bytes_(b"polyswept")),
    "a name of variable length": attribute("schema_name", "polysweep"),
    "a newer schema": attribute("schema_version", numpy.array([99], "i4")),
    "many schemas": attribute("schema_version", numpy.arange(100, dtype="i4")),
    "a schema below": attribute("schema_version", numpy.array([-1], "i4")),
}
ODD_FILES = {  # readable, with values that are not believed
    "codes beyond words": value("method", slice(None), 255),
    "states beyond words": value("status", slice(None), 200),
    "launches beyond counting": value("provenance/launches/number", 0, 2**63 - 2),
    "negative launches": value("provenance/launches/number", slice(None), -(2**63)),
    "negative attempts": value("attempt", slice(None), -(2**63)),
    "slots of failures": value("failures/slot", slice(None), 2**63 - 1),
    "a text without end": value("failures/message", slice(None), b"m" * 512),
    "numbers that are none": value("time_median_s", slice(None), numpy.nan),
    "numbers beyond all": value("predicted_s", slice(None), numpy.inf),
    "commit words": value("commit", slice(None), 1),
}


def ask_all(codes, word, file, turn=None):
    """All commands that read a file, or, where many files are read, a run and two others in turn. What is readable for some ends well."""
    others = [("show", file), ("status", file), ("verify", file, "--quiet"), ("plan", "../study.yaml", "--calibration", file)]
    refuse(codes, word, "run", "../study.yaml", "-o", file)
    for command in others if turn is None else (others[turn % 4], others[(turn + 1) % 4]):
        refuse(*(([0, 2, 3], "") if command[0] == "plan" else (codes, word)), *command)


def damaged(name, change):
    shutil.copyfile("../good.h5", "bad.h5")
    try:
        with h5py.File("bad.h5", "r+") as file:
            change(file)
    except Exception as why:  # a case that was never made would be no test
        check(False, name, "cannot be made:", why)
        raise


def check_files():
    for turn, (name, change) in enumerate(BAD_FILES.items()):
        damaged(name, change)
        before = open("bad.h5", "rb").read()
        print(name, file=sys.stderr)
        ask_all([3], "bad.h5", "bad.h5", turn)
        check(open("bad.h5", "rb").read() == before, name, "was changed")
    os.unlink("bad.h5")


def check_odd_files():
    for name, change in ODD_FILES.items():
        print(name, file=sys.stderr)
        for command in (["show"], ["show", "--json"], ["status"], ["verify", "--quiet"]):
            damaged(name, change)
            refuse([0, 1, 3, 4], "", command[0], "bad.h5", *command[1:])
        os.unlink("bad.h5")


def check_truncated():
    whole = open("../good.h5", "rb").read()
    for turn, kept in enumerate((0, 1, 8, 95, 96, 800, 4096, len(whole) // 4, len(whole) // 2, len(whole) - 4096, len(whole) - 1)):
        with open("cut.h5", "wb") as file:
            file.write(whole[:kept])
        ask_all([3], "cut.h5", "cut.h5", turn)
    os.unlink("cut.h5")


def check_foreign():
    with h5py.File("foreign.h5", "w") as file:
        file["precious"] = [1, 2, 3]
    open("text.h5", "w").write("precious\n")
    open("garbage.h5", "wb").write(os.urandom(100_000))
    open("signed.h5", "wb").write(whole_signature() + os.urandom(100_000))
    os.mkdir("folder.h5")
    os.mkfifo("pipe.h5")
    for name in ("foreign.h5", "text.h5", "garbage.h5", "signed.h5", "folder.h5", "pipe.h5"):
        ask_all([3], name, name)
    for command in ("show", "status", "verify"):
        refuse([3], "/dev/zero", command, "/dev/zero")


def check_sidecars():
    """A sidecar that cannot be one is passed over: the file itself is read."""
    shutil.copyfile("../good.h5", "beside.h5")
    good = open("../good.h5.status.json").read()
    for text in ("", "{", "[" * 65536, "\x00" * 100, good[:-20], good.replace('"points": ', '"points": -9'), LONG,
                 good.replace('"points": ', '"points": 99999999999999999999'), good.replace('"pid": ', '"pid": -')):
        with open("beside.h5.status.json", "w") as file:
            file.write(text)
        refuse([0], "good, 4 points", "status", "beside.h5")


def whole_signature():
    return open("../good.h5", "rb").read(8)


# ---- files that a study names


def heads(**how):
    with h5py.File("heads.h5", "w") as file:
        for name in "qkv":
            how.get(name, lambda at, n: at.__setitem__(n, numpy.ones((2, 64, 4))))(file, name)


def check_inputs():
    study("schema: 1\ndata: {kind: file, path: heads.h5}\nmethods: [exact]\ngrid: {beta: 2, n: 64, d: 4, head: [0, 1]}\n")
    cases = {
        "huge": lambda at, n: at.create_dataset(n, shape=(1 << 20, 1 << 20, 4), dtype="f8"),
        "huge chunks": lambda at, n: at.create_dataset(n, shape=(1 << 20, 1 << 20, 4), dtype="f8", chunks=(64, 64, 4)),
        "a link to itself": lambda at, n: at.__setitem__(n, h5py.SoftLink(n)),
        "another file": lambda at, n: at.create_dataset(n, shape=(2, 64, 4), dtype="f8", external=[("/dev/zero", 0, 4096)]),
        "text": lambda at, n: at.__setitem__(n, "text"),
        "a group": lambda at, n: at.create_group(n),
        "none": lambda at, n: at.create_dataset(n, data=h5py.Empty("f8")),
        "nan": lambda at, n: at.__setitem__(n, numpy.full((2, 64, 4), numpy.nan)),
    }
    for name, make in cases.items():
        print("heads:", name, file=sys.stderr)
        heads(k=make)
        refuse([3], "heads.h5", "run", "study.yaml", "-o", "new.h5")
    heads()
    whole = open("heads.h5", "rb").read()
    for kept in (8, 100, len(whole) // 2):
        open("heads.h5", "wb").write(whole[:kept])
        refuse([3], "heads.h5", "run", "study.yaml", "-o", "new.h5")


def check_pipes():
    """A FIFO without another end, a device, a directory in place of a file: nothing waits or fills the memory."""
    os.mkfifo("fifo")
    named = "schema: 1\ndata: {{kind: file, path: {0}}}\nmethods: [exact]\ngrid: {{beta: 2, n: 64, d: 4}}\n"
    learned = "schema: 1\ndata: {{kind: gaussian}}\nmethods: [polysketch: {{r: 4, weights: {0}}}]\ngrid: {{beta: 2, n: 64, d: 4}}\n"
    for name in ("fifo", "/dev/zero", "folder"):
        refuse([3], name, "plan", name)
        refuse([3], name, "run", name, "-o", "new.h5")
        refuse([3], name, "plan", "../study.yaml", "--slurm", "--prologue", name)
        refuse([3], name, "plan", "../study.yaml", "--calibration", name)
        refuse([3], name, "merge", "new.h5", "../good.h5", name)
        refuse([3], name, "run", "../study.yaml", "-o", name)
        for text in (named, learned):
            study(text.format(name))
            refuse([3], name, "run", "study.yaml", "-o", "new.h5")
    for ending in ("status.json", "events.jsonl", "lock"):
        shutil.copyfile("../good.h5", "odd.h5")
        open("odd.h5.events.jsonl", "w").close()
        if ending == "events.jsonl":
            os.unlink("odd.h5.events.jsonl")
        os.mkfifo(f"odd.h5.{ending}")
        refuse([0], "4 points", "status", "odd.h5")
        for command in (["show"], ["verify", "--quiet"]):
            refuse([0], "", command[0], "odd.h5", *command[1:])
        # a sidecar is reported, a lock or a log that cannot be had ends the run
        refuse([0] if ending == "status.json" else [3], f"odd.h5.{ending}", "run", "../study.yaml", "-o", "odd.h5")
        check(not os.path.isfile(f"odd.h5.{ending}"), ending, "was replaced")
        for name in os.listdir():
            if name.startswith("odd.h5"):
                os.unlink(name)
    os.unlink("fifo")


def main():
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as above:
        os.mkdir(os.path.join(above, "work"))
        os.chdir(os.path.join(above, "work"))
        open("../study.yaml", "w").write(STUDY)
        subprocess.run([PROGRAM, "run", "../study.yaml", "-o", "../good.h5", "--quiet"], check=True)
        os.mkdir("folder")
        for part in (check_studies, check_encodings, check_numbers, check_arguments, check_truncated, check_files,
                     check_odd_files, check_foreign, check_sidecars, check_inputs, check_pipes):
            if len(sys.argv) < 2 or part.__name__ in sys.argv[1:]:
                part()
                print(f"{part.__name__}: {checks} checks, {failed} failed, {time.monotonic() - started:.0f} s",
                      file=sys.stderr)
        os.chdir("/")
    return failed > 0 or checks == 0


sys.exit(main())
