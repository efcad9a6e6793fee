"""Starts the program on a study and opens what it wrote."""
from __future__ import annotations

import contextlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from .checks import index_of
from .foreign import plain, say
from .read import open as read

_EVERY_S = 0.25  #: how often progress is looked at
_LEFT_OVER = {1: "some points failed, took too long or were skipped; polysweep.failures has their messages",
              75: "stopped before the end, as asked; the same call goes on from there"}
_BANNER = re.compile(r"^-{40,}$.*?^-{40,}$\n?", re.MULTILINE | re.DOTALL)  # what mpirun says of a program that ended with a code
_OUTCOME = re.compile(r"^polysweep: (.*): \d+ of \d+ points", re.MULTILINE)  # the last line of a run begins with its file
_SIDECAR = ".status.json"
_ENDED_S = 10  # time to end after a signal


class RunError(RuntimeError):
    """The program could not do a study.

    Parameters
    ----------
    code : int
        Its exit code (``polysweep help codes``).
    message : str
        What it said.
    command : list of str
        What was started.

    Examples
    --------
    >>> str(polysweep.RunError(2, "no such key", ["polysweep", "run", "x.yaml"]))
    'no such key (exit code 2: polysweep run x.yaml)'
    """

    def __init__(self, code: Any, message: Any, command: Any) -> None:
        super().__init__(f"{message or 'the program said nothing'} (exit code {code}: {shlex.join(command)})")
        self.code, self.message, self.command = code, message, command


def run(study: str, ranks: int = 2, file: str | None = None, *, program: pathlib.Path | None = None, launcher: Any = None,
        options: list[str] | tuple[Any, ...] = (), progress: Any = None, columns: list[str] | None = None) -> xr.Dataset:
    """Computes every point of a study that its file does not have yet, and returns the file as `open` does.

    Points that failed, and an end before the last point, are warnings: the dataset has what is done. An interrupt stops the program
    first.

    Parameters
    ----------
    study : mapping or path
        The keys of a study file (`schema` may be left out; numbers of numpy are fine), or the path of one.
    ranks : int
        How many processes; 1 starts the program by itself.
    file : path, optional
        The result file; by default `output.file` of the study, else NAME.h5 in the current directory. One that is there already is
        resumed.
    program : path, optional
        The program; by default that of the environment variable POLYSWEEP, `polysweep` on the path, or the build beside the
        sources of this package.
    launcher : str or sequence of str, optional
        How ranks are started, "mpirun" by default, with arguments as a list: ["srun", "--mpi=pmix"].
    options : iterable of str
        More options of `polysweep run`: ["--where", "n <= 512"].
    progress : bool, optional
        Whether a line says how far it is; by default on a terminal and in a notebook.
    columns : iterable of str, optional
        As for `open`.

    Returns
    -------
    Dataset
        As `open` gives it.

    Raises
    ------
    RunError
        With the program's message, where it refuses.
    FileNotFoundError
        Where there is no program.

    Examples
    --------
    >>> study = {"study": "small", "data": {"kind": "self_attention", "preset": "P1"}, "methods": ["exact"],
    ...          "grid": {"n": [64], "d": 10, "beta": [2, 4]}, "judge": {"m": 8, "trials": 20}}
    >>> ds = polysweep.run(study, ranks=1)  # doctest: +SKIP
    """
    ranks, program = index_of(ranks, "the number of ranks"), find_program(program)
    if ranks < 1:
        raise ValueError(f"at least one rank computes, not {ranks}")
    with tempfile.TemporaryDirectory(prefix="polysweep-") as place:
        path, file = _written(study, place, file)
        command = [*_launched(launcher, ranks), str(program), "run", str(path), *(["-o", str(file)] if file else []), "--progress", "off",
                   *map(str, options)]
        code, said, file = _watched(command, file, progress)
    said = _BANNER.sub("", said).strip().replace(f"{place}{os.sep}", "")
    for note in re.findall(r"^polysweep: (note: .*)$", said, re.MULTILINE):
        warnings.warn(plain(note), stacklevel=2)
    if code in _LEFT_OVER and file and pathlib.Path(file).exists():
        warnings.warn(f"{plain(file)}: {_LEFT_OVER[code]}", stacklevel=2)
    elif code:
        raise RunError(code, "\n".join(plain(line) for line in said.splitlines()).removeprefix("polysweep: "), command)
    if not file:
        raise FileNotFoundError(f"{plain(study)} was computed, but the program did not say into which file: name it with file=")
    return read(file, columns)


def find_program(program: pathlib.Path | None = None) -> pathlib.Path:
    """The program that is named, else that of the environment variable POLYSWEEP, on the path, or built beside this package."""
    named = program or os.environ.get("POLYSWEEP")
    if named:
        found = shutil.which(os.fspath(named))
        if not found:
            raise FileNotFoundError(f"{plain(named)}: no program that can be started")
        return pathlib.Path(found)
    builds = pathlib.Path(__file__).resolve().parents[2].glob("build*/polysweep")
    found = shutil.which("polysweep") or next((str(each) for each in sorted(builds) if os.access(each, os.X_OK)), None)
    if not found:
        raise FileNotFoundError("the program polysweep is not on the path: install it, or name it with program= or the environment "
                                "variable POLYSWEEP")
    return pathlib.Path(found)


def _written(study: str, place: str, file: str | None) -> tuple[Any, ...]:
    """(path of the study file, of the result file; None where it is for the program to read in a study file which one it is)."""
    if isinstance(study, (str, os.PathLike)):
        return study, file
    if not isinstance(study, Mapping):
        raise TypeError(f"run takes a study as a mapping, or the path of a study file, not a {type(study).__name__}")
    path, study = pathlib.Path(place) / "study", {"schema": 1, **study}
    output = study.get("output")
    file = file or (output.get("file") if isinstance(output, Mapping) else None) or f"{study.get('study', 'study')}.h5"
    path.write_text(json.dumps(study, default=_plain_value, allow_nan=False) + "\n", encoding="utf-8")
    return path, file


def _plain_value(value: Any) -> Any:
    """What JSON has no word for."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if isinstance(value, (range, set, frozenset, tuple)):
        return list(value)
    if hasattr(value, "__fspath__"):
        return os.fspath(value)
    raise TypeError(f"a study has numbers, texts, lists and mappings, not a {type(value).__name__}")


def _launched(launcher: Any, ranks: int) -> list[Any]:
    if launcher is None:
        return ["mpirun", "-n", str(ranks)] if ranks > 1 else []
    return [*([launcher] if isinstance(launcher, str) else map(str, launcher)), "-n", str(ranks)]


# ---- while it runs ---------------------------------------------------------------------------------------------------


def _watched(command: list[str], file: str | None, progress: Any) -> tuple[Any, ...]:
    """(exit code, what it said on stderr, the result file), with a line of progress meanwhile. A file that is not known is found
    beside the sidecar of this launch, or in what the program said."""
    token = uuid.uuid4().hex[:16]
    line = _Line(progress)
    with tempfile.TemporaryFile() as said:
        try:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
                                       env={**os.environ, "POLYSWEEP_LAUNCH": token}, start_new_session=True)
        except OSError as why:
            raise FileNotFoundError(f"{plain(command[0])}: cannot be started ({why.strerror})") from None
        try:
            waiting = True
            while waiting:  # and once more as it ended
                waiting = _waiting(process)
                file = file or _beside(token)
                line.show(_state(file, token))
        except BaseException:  # an interrupt: the program ends cleanly, and what it has done is in the file
            _end(process)
            raise
        finally:
            line.close()
        said.seek(0)
        text = said.read().decode("utf-8", "replace")
    return process.returncode, text, file or next(iter(_OUTCOME.findall(text)[-1:]), None)


def _beside(token: str) -> str | None:
    """The result file in this directory whose sidecar is of this launch; None as long as there is none."""
    files = (str(each).removesuffix(_SIDECAR) for each in pathlib.Path().glob(f"*{_SIDECAR}"))
    return next((file for file in files if _state(file, token)), None)


def _waiting(process: Any) -> bool:
    try:
        process.wait(_EVERY_S)
    except subprocess.TimeoutExpired:
        return True
    return False


def _end(process: Any) -> None:
    for stop in (process.terminate, process.kill):
        stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(_ENDED_S)
            return


def _state(file: str | None, token: str) -> dict[str, int | str]:
    """What the file beside the result says of this launch; {} as long as there is nothing."""
    try:
        state = json.loads(pathlib.Path(f"{file}{_SIDECAR}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return state if isinstance(state, dict) and state.get("launch") == token else {}


class _Line:
    """One line that says how far a run is, on a terminal or below the cell of a notebook."""

    def __init__(self, wanted: Any) -> None:
        self.begun, self.shown, self.handle = time.monotonic(), "", None
        notebook = _notebook()
        self.put = None
        if wanted is not False and notebook:
            self.put = self._in_notebook
        elif wanted or wanted is None and sys.stderr is not None and sys.stderr.isatty():
            self.put = self._on_terminal

    def show(self, state: dict[str, int | str]) -> None:
        text = _told(state, time.monotonic() - self.begun)
        if self.put and text and text != self.shown:
            self.put(text)
            self.shown = text

    def close(self) -> None:
        if self.put == self._on_terminal and self.shown:
            say("", sys.stderr)

    def _on_terminal(self, text: str) -> None:
        sys.stderr.write("\r" + text.ljust(len(self.shown)))
        sys.stderr.flush()

    def _in_notebook(self, text: str) -> None:
        from IPython.display import display

        if self.handle is None:
            self.handle = display({"text/plain": text}, raw=True, display_id=True)
        else:
            self.handle.update({"text/plain": text}, raw=True)


def _notebook() -> bool:
    """Whether this is the kernel of a notebook."""
    shell = getattr(sys.modules.get("IPython"), "get_ipython", lambda: None)()
    return shell is not None and hasattr(shell, "kernel")


def _told(state: dict[str, Any], elapsed_s: float) -> str:
    """"[######..................]  25 %  3 of 12 points, 12 s, about 36 s left"; "" of what is no state."""
    try:
        share, done, points, left_s = (float(state[name]) for name in ("fraction", "done", "points", "eta_s"))
        share = min(max(share, 0.0), 1.0)
        failed = f", {int(state['failed'])} failed" if state.get("failed") else ""
        left = f", about {left_s:.0f} s left" if left_s > 0 and share > 0 else ""
        return f"[{'#' * int(24 * share):.<24}] {100 * share:3.0f} %  {int(done)} of {int(points)} points{failed}, {elapsed_s:.0f} s{left}"
    except (KeyError, TypeError, ValueError, OverflowError):
        return ""
