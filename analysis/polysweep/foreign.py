"""What comes from elsewhere: files that may be damaged, and texts that may hold what a terminal obeys."""
from __future__ import annotations

import contextlib
import os
import pathlib
import re
import stat
import sys
from collections.abc import Iterator
from typing import Any

_OBEYED = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff\ud800-\udfff]")
_LONGEST = 300  # characters of what a library says about a damaged file


class FileError(OSError, ValueError):
    """A file that cannot be read.

    It is missing, a directory or a device, not HDF5, of another program, of a newer schema, or
    damaged. Every function of polysweep that reads a file raises it and nothing else about the file itself; the text
    begins with the path. It is an OSError and a ValueError; a missing file is a FileNotFoundError, too.

    Examples
    --------
    >>> try:
    ...     polysweep.open("nothing.h5")
    ... except polysweep.FileError as why:
    ...     print(why)
    nothing.h5: no such file
    """


class MissingFile(FileError, FileNotFoundError):
    """There is no such file."""


def plain(text: Any) -> str:
    """The text as a terminal may show it: control characters, line ends and bidirectional marks written out (\\x1b, \\u202e), and
    so are the bytes of a file name that are no UTF-8 (\\xff)."""
    return _OBEYED.sub(_written, str(text))


def _written(match: Any) -> str:
    code = ord(match[0])
    byte = code - 0xDC00 if 0xDC80 <= code <= 0xDCFF else code  # how Python holds bytes that it could not decode
    return f"\\x{byte:02x}" if byte < 0x80 or byte != code else f"\\u{code:04x}"


def say(text: str, stream: Any = None) -> bool:
    """Prints lines that are plain already, with escapes for what the stream cannot encode. False once nobody reads it any more."""
    stream = sys.stdout if stream is None else stream
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        print(str(text).encode(encoding, "backslashreplace").decode(encoding), file=stream, flush=True)
    except (BrokenPipeError, ValueError):  # ValueError: it is closed
        _forget(stream)
        return False
    return True


def _forget(stream: Any) -> None:
    """What is still in the buffer goes nowhere: the interpreter would complain of it at its end."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


@contextlib.contextmanager
def reading(path: pathlib.Path) -> Iterator[None]:
    """Whatever goes wrong inside is said of the file, as a FileError."""
    try:
        yield
    except FileError:
        raise
    except Exception as why:
        said = plain(why.args[0] if isinstance(why, KeyError) and why.args else why)
        said = said if len(said) <= _LONGEST else said[:_LONGEST] + "..."
        raise FileError(f"{plain(path)}: damaged, or not of polysweep ({said or type(why).__name__})") from None


def check_file(path: pathlib.Path) -> Any:
    """Refuses what is no regular file: a FIFO would never end."""
    try:
        about = pathlib.Path(path).stat()
    except FileNotFoundError:
        raise MissingFile(f"{plain(path)}: no such file") from None
    except (OSError, ValueError) as why:
        raise FileError(f"{plain(path)}: cannot be read ({getattr(why, 'strerror', None) or why})") from None
    if not stat.S_ISREG(about.st_mode):
        kind = "a directory" if stat.S_ISDIR(about.st_mode) else "no regular file"
        raise FileError(f"{plain(path)}: is {kind}, not a file that can be read")
    return about
