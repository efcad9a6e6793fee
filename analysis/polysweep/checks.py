"""What public functions say of arguments that are not what they take: unknown names, levels out of range, other types."""
from __future__ import annotations

import contextlib
import copy
import difflib
import functools
import numbers
import operator
import os
import pathlib
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar, cast

import pandas as pd
import xarray as xr

Function = TypeVar("Function", bound=Callable[..., Any])


def of_dataset(function: Function) -> Function:
    """Decorator: the first argument has to be a Dataset of points; TypeError or ValueError says so at the call."""
    @functools.wraps(function)
    def checked(ds: xr.Dataset, *arguments: Any, **named: Any) -> Any:
        check_dataset(ds, function.__name__)
        return function(ds, *arguments, **named)
    return cast(Function, checked)


_memory: dict[Any, tuple[xr.Dataset, Any]] | None = None  #: while a report is made: {(function, id of a Dataset, other arguments): result}


@contextlib.contextmanager
def remembering() -> Iterator[None]:
    """Within it the functions that are `remembered` compute once for the same Dataset, which nobody changes meanwhile."""
    global _memory
    before, _memory = _memory, {}
    try:
        yield
    finally:
        _memory = before


def remembered(function: Function) -> Function:
    """Decorator: see `remembering`. A DataFrame is handed out as a copy whose columns can be set."""
    @functools.wraps(function)
    def once(ds: xr.Dataset, *arguments: Any, **named: Any) -> Any:
        if _memory is None:
            return function(ds, *arguments, **named)
        key = (function, id(ds), repr(arguments), repr(named))
        if key not in _memory:
            _memory[key] = ds, function(ds, *arguments, **named)  # the Dataset stays, and so its id
        found = _memory[key][1]
        return found.copy(deep=False) if isinstance(found, pd.DataFrame) else copy.copy(found)
    return cast(Function, once)


def check_dataset(ds: object, who: str) -> None:
    if isinstance(ds, (str, os.PathLike)):
        raise TypeError(f"{who} takes a Dataset, not a path: open the file first, polysweep.open({os.fspath(ds)!r})")
    if not isinstance(ds, xr.Dataset):
        raise TypeError(f"{who} takes a Dataset from polysweep.open, not {_kind(ds)}")
    if "point" not in ds.dims:
        raise ValueError(f"{who} takes the points in a row, as polysweep.open gives them: this Dataset has no dimension "
                         f"`point` but {', '.join(map(str, ds.dims)) or 'none'}")


def path_of(path: object, who: str) -> pathlib.Path:
    """`path` as a Path; TypeError where it is none."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"{who} takes the path of a result file, not {_kind(path)}")
    return pathlib.Path(path)


def names_of(names: Iterable[str], known: Iterable[Any], what: str) -> list[str]:
    """`names` as a list, each of them in `known`; ValueError names the first that is not, and what is near it."""
    if isinstance(names, str):
        raise TypeError(f"{what}s are given as a list of names: [{names!r}]")
    names = list(names)
    for name in names:
        check_name(name, known, what)
    return names


def check_name(name: str, known: Iterable[Any], what: str) -> str:
    known = [str(each) for each in known]
    if name in known:
        return name
    raise ValueError(f"there is no {what} {name!r}{near(name, known)}")


def near(name: object, known: list[str]) -> str:
    """"; near it: ..." or all there are, if these are few."""
    found = difflib.get_close_matches(str(name), known, n=3, cutoff=0.6)
    return f"; near it: {', '.join(found)}" if found else f"; there are: {', '.join(sorted(known))}" if len(known) < 16 else ""


def fraction(value: object, what: str) -> float:
    """A number between 0 and 1, both excluded: a level, a confidence, a chance."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what} is a number, not {_kind(value)}")
    number = float(value)
    if not 0 < number < 1:
        raise ValueError(f"{what} lies between 0 and 1, not at {number:g}")
    return number


def at_least(value: object, least: float, what: str) -> float:
    """A number not below `least`; no NaN."""
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise TypeError(f"{what} is a number, not {_kind(value)}")
    number = float(value)
    if not number >= least:
        raise ValueError(f"{what} is at least {least:g}, not {number:g}")
    return number


def index_of(value: Any, what: str) -> int:
    try:
        return operator.index(value)
    except TypeError:
        raise TypeError(f"{what} is a whole number, not {_kind(value)}") from None


def _kind(value: object) -> str:
    return "None" if value is None else f"{type(value).__name__} {value!r}"[:80] if isinstance(value, (str, numbers.Number)) \
        else f"a {type(value).__name__}"
