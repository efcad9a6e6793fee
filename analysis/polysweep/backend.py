"""Imports matplotlib, also where MPLBACKEND names a backend that is not installed: a notebook hands its own down to everything
that is started from it, and matplotlib refuses to be imported then. Figures of this package need none."""
import contextlib
import os
import sys


def _load() -> None:
    wanted = os.environ.pop("MPLBACKEND", None)
    try:
        import matplotlib
    finally:
        if wanted is not None:
            os.environ["MPLBACKEND"] = wanted
    with contextlib.suppress(ValueError):  # what draws with pyplot takes a backend that is there
        matplotlib.rcParams.update({"backend": wanted} if wanted else {})  # as matplotlib would have done


if "matplotlib" not in sys.modules:
    _load()
