"""Published statements as studies (jobs/claims): run for real, smaller, or `long`: whole; the report has the verdict lines.

Every study of the folder is here, so that a new one has to say what its verdicts are."""
import contextlib, io, os, subprocess, sys, tempfile
from pathlib import Path

import polysweep
from polysweep.report import main as report

SOURCE = Path(os.environ["POLYSWEEP_SOURCE"])
PROGRAM = Path(os.environ["POLYSWEEP_BUILD"]) / "polysweep"
IDENTITY, CONSISTENT, CONTRADICTED, UNTESTED = (
    "identity", "consistent in the range", "contradicted in the range", "not testable here")
SMALL = {  # of each study: what makes it small, and its verdicts then
    "degree": (["grid.n=[64, 256]", "grid.a_1=1.2", "judge.trials=40"], [IDENTITY, IDENTITY, IDENTITY, CONTRADICTED]),
    "dispersion": (["grid.seed={from: 1, to: 20, step: 1}", "grid.preset=P1", "grid.n=64", "grid.d=66", "grid.beta=[2, 8]"],
                   [IDENTITY, CONSISTENT, CONSISTENT]),
    "signal": (["grid.n=[32, 64, 128, 256]", "grid.d=10", "data.data_draws=4", "judge.trials=8"],
               [CONTRADICTED, CONSISTENT, CONSISTENT, CONSISTENT]),
    "temperature": (["grid.n=64", "data.data_draws=4", "judge.trials=4"], [IDENTITY, CONSISTENT, CONTRADICTED]),
    "sketches": (["grid.seed={from: 1, to: 60, step: 1}", "grid.d=32", "grid.beta=[2, 4]"], [CONSISTENT] * 3),
    "memory": (["grid.d=[12, 16, 24, 32]", "grid.n={from: 6, to: 160, count: 40, spacing: log}", "data.data_draws=8"],
               [CONSISTENT, UNTESTED]),
    "kernels": (["grid.d=[4, 8]", "grid.n={from: 4, to: 256, count: 40, spacing: log}"], [CONSISTENT]),
    "entries": (["zip.size={n: [20, 55, 148], d: [3, 4, 5]}"], [CONSISTENT] * 2),
}
WHOLE = {
    "degree": SMALL["degree"][1], "dispersion": [IDENTITY, CONSISTENT, CONTRADICTED], "signal": [CONTRADICTED, CONSISTENT, CONSISTENT, CONTRADICTED],
    "temperature": [IDENTITY, CONSISTENT, CONTRADICTED], "sketches": [CONSISTENT] * 3, "entries": [CONSISTENT] * 2,
    "memory": [CONSISTENT, CONTRADICTED], "kernels": [CONSISTENT],
}
failed = []


def check(condition, *what):
    if not condition:
        failed.append(what)
        print("failed:", *what, file=sys.stderr)


def run(place, *command):
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=place)
    check(done.returncode == 0, command, "ended with", done.returncode, done.stderr[-500:])
    return done.stdout


def study(place, name, small, expected):
    sets = [part for each in small for part in ("--set", each)]
    run(place, PROGRAM, "run", SOURCE / "jobs" / "claims" / f"{name}.yaml", "--quiet", *sets)
    found = polysweep.claims(polysweep.open(place / f"claim-{name}.h5"))
    print(found[["claim", "statement", "verdict", "numbers"]].to_csv(index=False, header=False), end="")
    check(list(found["verdict"]) == expected, name, list(found["verdict"]), "not", expected)
    return found


def reported(place, name, found):
    """The verdict lines of a report are those of the table."""
    told = io.StringIO()
    with contextlib.redirect_stdout(told):
        check(report([str(place / f"claim-{name}.h5"), "-o", str(place / "report")]) == 0, name, "has no report")
    for row in found.itertuples():
        line = f"{row.statement} ({row.source}): {row.verdict}. {row.numbers}."
        check(line in told.getvalue().splitlines(), name, row.statement, "is not told")
    check((place / "report" / "claims.csv").is_file(), name, "has no claims.csv")


def main():
    whole = sys.argv[1:] == ["long"]
    there = {path.stem for path in (SOURCE / "jobs" / "claims").glob("*.yaml")}
    check(there == set(SMALL) == set(WHOLE), "studies of jobs/claims:", sorted(there ^ set(SMALL)))
    with tempfile.TemporaryDirectory() as directory:
        for name, (sets, expected) in SMALL.items():
            found = study(Path(directory), name, [] if whole else sets, WHOLE[name] if whole else expected)
            if whole or name == "degree":
                reported(Path(directory), name, found)
    sys.exit(bool(failed))


main()
