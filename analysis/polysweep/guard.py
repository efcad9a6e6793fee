"""A damaged file can crash HDF5, or keep it busy for ever. So a child process reads it first, within limits of time and
memory; where that goes well, so does the same in this process."""
from __future__ import annotations

import contextlib
import faulthandler
import functools
import os
import pathlib
import signal
import sys
import warnings
from collections.abc import Callable
from typing import Any

import h5py

from .foreign import FileError, plain

_SMALL = 1 << 20  # bytes of a dataset that are read for a trial; of larger ones the head is
_MEMORY = 1 << 30  # bytes that a trial may add
_TIME = 5  # seconds of processor time that it may take, and one for each MiB of the file: reading takes far less
_DEEPEST = 4  # groups in each other

_OTHERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)  # do not come from the file


def try_file(path: pathlib.Path, about: Any, opened: Callable[..., Any]) -> None:
    """Raises FileError for a file on which HDF5 crashes. about: its os.stat; opened: a function that opens it."""
    if sys.platform == "linux" and not _right(os.fspath(path), (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns), opened):
        raise FileError(f"{plain(path)}: damaged: HDF5 crashes on it, or does not finish")


@functools.lru_cache(maxsize=64)
def _right(path: pathlib.Path, about: tuple[int, int, int, int], opened: Callable[..., Any]) -> bool:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # of Python 3.12, where there are threads: the child uses none
        try:
            child = os.fork()
        except OSError:
            return True  # no process can be had: a damaged file is the smaller danger
    if child == 0:
        _read(path, about[2], opened)
    try:
        state = os.waitpid(child, 0)[1]
    except ChildProcessError:  # somebody else waits for all children
        return True
    except BaseException:
        with contextlib.suppress(OSError):
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        raise
    return not os.WIFSIGNALED(state) or os.WTERMSIG(state) in _OTHERS


def _read(path: pathlib.Path, size: Any, opened: Any) -> None:
    """In the child: a refusal is an orderly end."""
    try:
        _confine(_TIME + (size >> 20))
        with opened(path) as file:
            _visit(file, 0)
    except BaseException:
        pass
    finally:
        os._exit(0)


def _confine(seconds: Any) -> None:
    import resource

    faulthandler.disable()
    for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGXCPU):
        signal.signal(number, signal.SIG_DFL)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # glibc and HDF5 complain there
    os.dup2(nowhere, 1)
    with pathlib.Path("/proc/self/statm").open() as pages:
        mapped = int(pages.read().split()[0]) * os.sysconf("SC_PAGESIZE")
    for kind, most in ((resource.RLIMIT_CORE, 0), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_AS, mapped + _MEMORY)):
        soft, hard = resource.getrlimit(kind)
        if soft == resource.RLIM_INFINITY or soft > most:
            resource.setrlimit(kind, (most, hard))


def _visit(group: Any, deep: Any) -> None:
    """Everything that `read` looks at, one after the other, whatever is wrong with one of them."""
    _attributes(group)
    for name in list(group) if deep < _DEEPEST else ():
        with contextlib.suppress(Exception):
            item = group[name] if isinstance(group.get(name, getlink=True), h5py.HardLink) else None
            if isinstance(item, h5py.Group):
                _visit(item, deep + 1)
            elif isinstance(item, h5py.Dataset):
                _attributes(item)
                _values(item)


def _attributes(item: Any) -> None:
    with contextlib.suppress(Exception):
        for key in item.attrs:
            with contextlib.suppress(Exception):
                item.attrs[key]


def _values(item: Any) -> None:
    with contextlib.suppress(Exception):
        for axis in range(item.ndim):
            [scale.name for scale in item.dims[axis].values()]
    if item.shape is not None and not item.is_virtual and not item.external:
        item[...] if item.size * item.dtype.itemsize <= _SMALL else item[:1]
