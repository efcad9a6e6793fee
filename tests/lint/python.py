"""The analysis package holds ruff's rules and mypy's, as analysis/pyproject.toml chooses them. mypy keeps what it knows in the build
directory, so that the second time takes a few seconds.

    POLYSWEEP_BUILD=build .venv/bin/python tests/lint/python.py
"""
import os
import subprocess
import sys
from pathlib import Path

ANALYSIS = Path(__file__).resolve().parents[2] / "analysis"
CACHE = Path(os.environ.get("POLYSWEEP_BUILD", "build")).resolve() / "mypy"
STEPS = (["ruff", "check", "--no-cache", "--quiet", "--output-format", "concise", "polysweep"],
         ["mypy", "--cache-dir", str(CACHE), "--no-error-summary", "polysweep"])


def main():
    wrong = 0
    for step in STEPS:
        done = subprocess.run([sys.executable, "-m", *step], cwd=ANALYSIS, capture_output=True, text=True)
        print(done.stdout + done.stderr, end="")
        wrong += done.returncode != 0
    return 1 if wrong else 0


sys.exit(main())
