"""Files and names from elsewhere: whatever is wrong with them ends as one line and one exception, and nothing of them reaches
a terminal or a page that either would obey."""
import io
import json
import os
import pathlib
import random
import re
import signal
import subprocess
import sys
import urllib.parse

import h5py
import numpy as np
import pytest
import synthetic

import polysweep
from polysweep import guard
from polysweep.foreign import plain, say
from polysweep.projection import read_plan
from polysweep.report import _names, main

EVIL = "a\x1b[31m\u202eb\x9bc\nd<i>"
OBEYED = [chr(code) for code in (*range(10), *range(11, 32), *range(127, 160), 0x61c, 0x200e, 0x200f, *range(0x2028, 0x202f),
                                 *range(0x2066, 0x206a), 0xfeff)]
READERS = (polysweep.open, polysweep.provenance, polysweep.failures, lambda path: polysweep.rows(path, 0),
           lambda path: polysweep.compare(path, path))
OF_ROWS = ("keeps no rows", "is not done", "has no rows")  # of a good file, too


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.h5"
    rows = synthetic.fill(synthetic.points(["P1"], ["exact", "softmax"], [2, 4], [64], [10], lambda n: 8, 20))
    synthetic.write(path, rows, failures=[(0, 1, "attend", "not enough memory")])
    return path


@pytest.fixture(autouse=True)
def patience(monkeypatch):
    """Small files are read in hundredths of a second."""
    monkeypatch.setattr(guard, "_TIME", 1)


def refused(path, must=True):
    """Every reader refuses the file with a FileError that begins with its name; not must: or reads it."""
    for reader in READERS:
        try:
            reader(path)
        except polysweep.FileError as error:
            assert str(error).startswith(plain(path)) and "\n" not in str(error) and len(str(error)) < 1000
        except (KeyError, ValueError) as error:
            assert not must and any(words in str(error) for words in OF_ROWS), error
        else:
            assert not must, f"{reader} reads {path}"


def changed(good, path, change):
    path.write_bytes(good.read_bytes())
    with h5py.File(path, "r+") as file:
        change(file)
    return path


def put(name, value, **how):
    def change(file):
        del file[name]
        file.create_dataset(name, data=value, **how)
    return change


def link(name, target):
    def change(file):
        del file[name]
        file[name] = target
    return change


def virtual(file):
    layout = h5py.VirtualLayout(shape=file["n"].shape, dtype="i8")
    layout[:] = h5py.VirtualSource("/dev/zero", "n", shape=file["n"].shape)
    del file["n"]
    file.create_virtual_dataset("n", layout)


def external(file):
    shape = file["n"].shape
    del file["n"]
    file.create_dataset("n", shape, "i8", external=[("/dev/zero", 0, 8 * shape[0])])


def huge(name):
    def change(file):
        del file[name]
        file.create_dataset(name, (1 << 45,), "i8")
    return change


DAMAGE = {  # none of these can be read
    "another program": lambda file: file.attrs.__setitem__("schema_name", EVIL),
    "a number for a name": lambda file: file.attrs.__setitem__("schema_name", 7),
    "a newer schema": lambda file: file.attrs.__setitem__("schema_version", 99),
    "no schema at all": lambda file: file.attrs.__setitem__("schema_version", "new"),
    "no commit words": lambda file: file.__delitem__("commit"),
    "commit words in two dimensions": put("commit", np.zeros((3, 2), "u8")),
    "text for commit words": put("commit", np.array([b"x"] * 3)),
    "a compound": put("n", np.zeros(3, [("a", "i8")])),
    "text for numbers": put("n", np.array([b"64"] * 3)),
    "too few": put("n", np.zeros(2, "i8")),
    "none": put("n", h5py.Empty("i8")),
    "no number for each point": put("n", np.zeros((3, 3), "i8")),
    "huge": huge("n"),
    "huge commit words": huge("commit"),
    "a link to itself": link("n", h5py.SoftLink("/n")),
    "a dangling link": link("n", h5py.SoftLink("/nothing")),
    "another file": link("n", h5py.ExternalLink("/dev/zero", "/n")),
    "a virtual column": virtual,
    "numbers of another file": external,
    "codes without words": lambda file: file["method"].attrs.__setitem__("flag_values", np.arange(300)),
    "floats for codes": put("status", np.full(3, 0.5)),
    "a promise that is none": lambda file: file["gap"].attrs.__setitem__("reproducibility_other", np.arange(7.0)),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_is_damaged_is_one_exception(good, tmp_path, name, capsys):
    path = changed(good, tmp_path / "bad.h5", DAMAGE[name])
    with pytest.raises(polysweep.FileError, match="bad.h5: "):
        polysweep.open(path)
    refused(path, must=False)
    assert main([str(path), "-o", str(tmp_path / "out")]) == 3
    said = capsys.readouterr()
    assert said.out == "" and said.err.count("\n") == 1 and said.err.startswith(f"polysweep-report: {path}: ")


def test_groups_in_a_ring_end(good, tmp_path):
    def ring(file):
        del file["provenance"]
        file["provenance"] = file["/"]
    refused(changed(good, tmp_path / "ring.h5", ring), must=False)


def test_other_kinds_of_files(tmp_path, capsys):
    (tmp_path / "text.h5").write_text("not HDF5")
    (tmp_path / "empty.h5").write_bytes(b"")
    (tmp_path / "signed.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + random.Random(1).randbytes(5000))
    (tmp_path / "folder.h5").mkdir()
    os.mkfifo(tmp_path / "pipe.h5")
    (tmp_path / "nowhere.h5").symlink_to("nothing")
    (tmp_path / "ring.h5").symlink_to("ring.h5")
    with h5py.File(tmp_path / "foreign.h5", "w") as file:
        file["x"] = [1.0]
    for name in ("text", "empty", "signed", "folder", "pipe", "nowhere", "ring", "foreign", "missing"):
        refused(tmp_path / f"{name}.h5")
        assert main([str(tmp_path / f"{name}.h5"), "-o", str(tmp_path / "out")]) == 3
        said = capsys.readouterr()
        assert said.out == "" and said.err.count("\n") == 1 and f"{name}.h5: " in said.err
    for path in ("/dev/zero", "/dev/null", "x" * 300, "a\0b"):
        refused(pathlib.Path(path))
    with pytest.raises(FileNotFoundError):
        polysweep.open(tmp_path / "missing.h5")
    assert issubclass(polysweep.FileError, OSError) and issubclass(polysweep.FileError, ValueError)


def damages(data, count, seed):
    """Copies of a file with bits flipped, bytes replaced, a stretch zeroed, the end cut."""
    chance = random.Random(seed)
    for k in range(count):
        bad = bytearray(data)
        for _ in range(chance.choice((1, 3, 30)) if k % 4 < 2 else 0):
            most = len(bad) if k % 4 else min(len(bad), 8192)  # metadata come first
            bad[chance.randrange(most)] ^= 1 << chance.randrange(8)
        if k % 4 == 2:
            at, length = chance.randrange(len(bad)), chance.choice((4, 64, 512, 4096))
            bad[at:at + length] = bytes(len(bad[at:at + length]))
        yield bytes(bad[:chance.randrange(len(bad))] if k % 4 == 3 else bad)


def fuzzed(good, tmp_path, count, seed):
    path = tmp_path / "fuzzed.h5"
    for data in damages(good.read_bytes(), count, seed):
        path.write_bytes(data)
        refused(path, must=False)


@pytest.mark.skipif(sys.platform != "linux", reason="files are tried in a child on Linux alone")
def test_what_crashes_the_library_is_refused(good, tmp_path, monkeypatch):
    def crashes(path):
        os.kill(os.getpid(), signal.SIGSEGV)

    def never_ends(path):
        while True:
            pass

    def eats(path):
        return bytearray(1 << 36)

    about = os.stat(good)
    for opened in (crashes, never_ends):
        with pytest.raises(polysweep.FileError, match="good.h5: damaged: HDF5 crashes on it, or does not finish"):
            guard.try_file(good, about, opened)
    guard.try_file(good, about, eats)  # which is refused in an orderly way
    monkeypatch.setattr("polysweep.hdf.open_file", crashes)
    refused(good)


def test_any_damage(good, tmp_path):
    fuzzed(good, tmp_path, 12, 1)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(2, 12))
def test_much_damage(good, tmp_path, seed, capsys):
    fuzzed(good, tmp_path, 150, seed)
    for data in damages(good.read_bytes(), 12, seed):
        (tmp_path / "f.h5").write_bytes(data)
        assert main([str(tmp_path / "f.h5"), "-o", str(tmp_path / "out"), "--quiet"]) in (0, 3)
        assert "Traceback" not in capsys.readouterr().err


@pytest.mark.parametrize("text", ["", "[" * 100000, "{" * 100000, '{"polysweep_json": 1, "command": "plan", "each": 7}',
                                  '{"polysweep_json": 1, "command": "plan", "each": [7]}', "\xff", "null"])
def test_plans_that_are_none(tmp_path, text):
    (tmp_path / "plan.json").write_text(text, encoding="latin-1")
    with pytest.raises(polysweep.FileError, match="plan.json: "):
        read_plan(tmp_path / "plan.json")


@pytest.mark.parametrize("number", ["1e999", "-1e999", "-3", '"x"', "[1]", "{}"])
def test_numbers_of_a_plan_are_checked(tmp_path, number):
    point = dict.fromkeys(("slot", "n", "team", "pass_s", "flops"), "1") | {"flops": number, "method": '"exact"'}
    each = ", ".join(f'"{name}": {value}' for name, value in point.items())
    (tmp_path / "plan.json").write_text(f'{{"polysweep_json": 1, "command": "plan", "each": [{{{each}}}]}}')
    with pytest.raises(polysweep.FileError, match="plan.json: "):
        read_plan(tmp_path / "plan.json")


# ---- texts


def test_plain_texts():
    assert plain(EVIL) == "a\\x1b[31m\\u202eb\\u009bc\\x0ad<i>" and plain("β = 1 €") == "β = 1 €"
    assert plain(os.fsdecode(b"x\xff")) == "x\\xff" and plain(plain(EVIL)) == plain(EVIL)
    assert all(plain(character) != character for character in OBEYED)


@pytest.fixture(scope="module")
def evil(good, tmp_path_factory):
    """A good file whose texts and name are not, and a folder of that kind for the report."""
    folder = tmp_path_factory.mktemp("evil")
    path = folder / os.fsdecode(b"q\xff\x1b[31m #%.h5")

    def change(file):
        group = file["provenance"]
        for name in [name for name in group if not isinstance(group[name], h5py.Group)]:
            del group[name]
        group["study"] = EVIL
        group["resolved"] = json.dumps({"study": EVIL})
        table = file["failures"]
        for name in ("site", "message"):
            for owner in (table, *(each for each in table.values() if isinstance(each, h5py.Group))):
                if name in owner:
                    owner[name][...] = EVIL.encode()[:owner[name].dtype.itemsize or None]
        file.attrs["source"] = EVIL
    return changed(good, path, change), folder / os.fsdecode(b"out\xfe\x9b")


def is_plain(text):
    return not any(character in text for character in OBEYED) and "\ufffd" not in text


def test_terminals_and_pages_are_plain(evil, capsys):
    path, out = evil
    assert main([str(path), "-o", str(out)]) == 0
    said, text = capsys.readouterr(), (out / "index.html").read_bytes().decode("utf-8")  # strictly
    assert is_plain(said.out) and is_plain(said.err) and is_plain(text)
    assert "a\\x1b[31m\\u202eb\\u009bc\\x0ad<i> (" in said.out
    assert "<i>a" not in text and "d&lt;i&gt;" in text and "q\\xff\\x1b[31m #%.h5" in text
    links = [urllib.parse.unquote(link, errors="surrogateescape") for link in re.findall(r'<a href="([^"#][^"]*)"', text)]
    assert links and all((out / link).exists() for link in links)
    with pytest.raises(SystemExit):
        main([str(path), "-o", str(out), "--\x1b"])
    assert is_plain(capsys.readouterr().err)


def test_what_ascii_does_not_have_is_escaped(monkeypatch):
    paper = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    monkeypatch.setattr(sys, "stdout", paper)
    assert say("\u03b2 = 1")
    assert paper.buffer.getvalue() == b"\\u03b2 = 1\n"


def test_a_closed_pipe_a_notebook_and_an_ascii_terminal(evil, tmp_path):
    """The page is there, whoever reads the tables, whatever backend is not installed."""
    end, start = os.pipe()
    os.close(end)
    with os.fdopen(start, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "polysweep.report", evil[0], "-o", tmp_path], stdout=nobody, stderr=subprocess.PIPE,
            env={**os.environ, "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii",
                 "MPLBACKEND": "module://matplotlib_inline.not_installed"}, timeout=600)
    assert done.returncode == 0 and done.stderr.isascii() and done.stderr.count(b"\n") == 1, done.stderr
    assert (tmp_path / "index.html").read_text(encoding="utf-8").rstrip().endswith("</html>")


def test_the_page_is_there_before_anything_is_said(good, tmp_path, monkeypatch):
    def say(text, stream=None):
        assert (tmp_path / "index.html").exists()
        return True
    monkeypatch.setattr("polysweep.report.say", say)
    assert main([str(good), "-o", str(tmp_path)]) == 0


def test_a_place_that_cannot_be_written(good, tmp_path, capsys):
    (tmp_path / "file").write_text("")
    assert main([str(good), "-o", str(tmp_path / "file" / "out")]) == 3
    assert capsys.readouterr().err.count("\n") == 1


@pytest.mark.parametrize("stems, names", [
    (["a/x.h5", "b/x.h5", "c/x.h5"], ["x", "x-2", "x-3"]),
    (["x.h5", "x-2.h5", "b/x.h5"], ["x", "x-2", "x-3"]),
    (["x.h5", "b/x.h5", "x-2.h5"], ["x", "x-2", "x-2-2"]),
    (["...h5", "index.html.h5"], ["file", "file-2"])])
def test_no_two_files_share_a_folder(stems, names):
    assert _names(stems) == names


def test_three_files_of_one_name(good, tmp_path):
    paths = []
    for k, degrees in enumerate(([2, 4], [2, 4, 6], [2, 4])):
        paths.append(tmp_path / str(k) / "x.h5")
        paths[-1].parent.mkdir()
        synthetic.write(paths[-1], synthetic.fill(synthetic.points(["P1"], ["exact"], degrees, [64], [10], lambda n: 8, 20)))
    assert main([*map(str, paths), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    lengths = [len(synthetic.read_csv(tmp_path / "out" / name / "success-beta.csv")) for name in ("x", "x-2", "x-3")]
    assert lengths[0] == lengths[2] < lengths[1]
