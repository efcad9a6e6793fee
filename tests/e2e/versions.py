"""The analysis package with the libraries of the distribution, which on Debian 12 are the oldest that it declares: a small
file is read, compared and drawn; with `long` all of the package's tests. The newest ones are in the virtual environment, with
which every other test runs. Skipped (77) where the distribution's are not installed.

    python tests/e2e/versions.py [long]
"""
import os, re, shutil, subprocess, sys, tempfile
from importlib import metadata
from pathlib import Path

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
PYTHON = "/usr/bin/python3"
FOUND = "import importlib, sys; print(*(importlib.import_module(name).__version__ for name in sys.argv[1:]))"
STATED = ["dpkg-query", "-W", "-f", "${Package} ${Version}\n"]  # some packages of Debian do not know their own version
USED = """
import sys
import polysweep, synthetic
from polysweep.report import main
path = sys.argv[1] + "/x.h5"
synthetic.write(path, synthetic.fill(synthetic.points(["P1"], ["exact", "softmax"], [2, 4, 6], [64], [10], lambda n: 8, 20)))
ds = polysweep.open(path)
assert ds["done"].all() and len(polysweep.critical(ds)) and polysweep.compare(path, path)["agrees"].all()
assert polysweep.grid(ds)["present"].sum() == 6
try:
    polysweep.open("/dev/null")
except polysweep.FileError:
    sys.exit(main([path, "-o", sys.argv[1] + "/out"]))
"""
failed = 0


def check(condition, *what):
    global failed
    if not condition:
        failed += 1
        print("failed:", *what, file=sys.stderr)


def declared():
    """{package: oldest version} of analysis/pyproject.toml."""
    text = (SOURCE / "analysis" / "pyproject.toml").read_text()
    return dict(each.split(">=") for each in re.findall(r'"([^"]+)"', re.search(r"^dependencies = \[([^]]*)\]", text, re.M)[1]))


def number(version):
    return [int(part) for part in re.findall(r"\d+", version)[:2]]


def of_the_distribution(names):
    done = subprocess.run([PYTHON, "-s", "-W", "ignore", "-c", FOUND, *names], capture_output=True, text=True, env=environment())
    if done.returncode:
        print(f"not installed for {PYTHON}: {done.stderr.strip().splitlines()[-1]}")
        sys.exit(77)
    packages = [f"python3-{name}" for name in names]
    stated = subprocess.run([*STATED, *packages], capture_output=True, text=True).stdout if shutil.which("dpkg-query") else ""
    by_package = dict(line.split() for line in stated.splitlines())
    return [by_package.get(package, own).split(":")[-1] for package, own in zip(packages, done.stdout.split())]


def environment():
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MPL"))}
    return {**kept, "PYTHONPATH": f"{SOURCE}/analysis:{SOURCE}/analysis/tests", "PYTHONDONTWRITEBYTECODE": "1"}


def a_report(folder, python):
    done = subprocess.run([python, "-s", "-W", "ignore", "-c", USED, folder], capture_output=True, text=True,
                          env=environment())
    check(done.returncode == 0 and "points done" in done.stdout, done.returncode, done.stdout, done.stderr)
    names = {path.suffix for path in (folder / "out").glob("*")}
    check({".png", ".svg", ".csv", ".html"} <= names, "written:", names)


def main():
    oldest = declared()
    there = dict(zip(oldest, of_the_distribution(oldest)))
    for name, version in oldest.items():
        print(f"{name:12} declared {version:8} of the distribution {there[name]:10} newest {metadata.version(name)}")
        check(number(there[name]) >= number(version), name, "is older than declared")
        check(number(metadata.version(name)) >= number(version), name, "of the virtual environment is older than declared")
    if Path("/etc/debian_version").read_text().startswith("12."):
        check(all(number(there[name]) == number(version) for name, version in oldest.items()), "Debian 12's are not what is declared")
    with tempfile.TemporaryDirectory() as folder:
        a_report(Path(folder), PYTHON)
    if "long" in sys.argv[1:]:
        done = subprocess.run([PYTHON, "-s", "-m", "pytest", "-q", "-p", "no:cacheprovider", SOURCE / "analysis"], env=environment())
        check(done.returncode == 0, "tests of the package with", PYTHON)
    return failed > 0


sys.exit(main())
