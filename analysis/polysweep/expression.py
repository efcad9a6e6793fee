"""Expressions of studies over the columns of a file, with the meaning that the program gives them."""
from __future__ import annotations

import ast
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import xarray as xr

from .checks import check_name
from .kinds import Array

MOST = 4096  #: characters
ALIASES = {"team": "team_asked"}  #: parameters whose column has another name
WORDS = {"team_asked": {"auto": 0}, "weights": {"none": 0}}  #: of columns of numbers
_SIGNS = {"&&": " and ", "||": " or ", "!": " not "}
_TWO: dict[type, Callable[..., Any]] = {ast.Add: np.add, ast.Sub: np.subtract, ast.Mult: np.multiply, ast.Div: np.divide, ast.Pow: np.power,
                                        ast.Mod: lambda y, x: np.where(x != 0, y - x * np.floor(y / np.where(x != 0, x, 1)), np.nan)}
_COMPARE: dict[type, Callable[..., Any]] = {ast.Eq: np.equal, ast.NotEq: np.not_equal, ast.Lt: np.less, ast.Gt: np.greater,
                                            ast.LtE: np.less_equal, ast.GtE: np.greater_equal}
_ONE: dict[str, Callable[..., Any]] = {"abs": np.abs, "ceil": np.ceil, "floor": np.floor, "sqrt": np.sqrt, "exp": np.exp, "log": np.log,
                                       "log2": np.log2,
                                       "round": lambda x: np.trunc(x + np.copysign(0.5, x))}  # halves away from 0
_MANY: dict[str, Callable[..., Any]] = {"min": np.minimum, "max": np.maximum}


class Expression:
    """An expression, read once. names: those that are columns of `ds`, by the names that they have there."""

    def __init__(self, text: str, ds: xr.Dataset, aliases: dict[str, str] = ALIASES) -> None:
        """Raises ValueError for a text that is no expression over columns of ds."""
        self.text, self._aliases = str(text), aliases
        self.tree = _read(self.text)
        self.names = sorted({name for node in ast.walk(self.tree) if isinstance(node, ast.Name) and (name := self.column(node, ds))})
        with np.errstate(all="ignore"):
            self.value(ds.isel(point=slice(0, 1)))  # names and functions are checked where they are used

    def value(self, ds: xr.Dataset, node: Any = None) -> np.ndarray:
        """(point,) its value, or that of a part of its tree: 0 and 1 for truth. Columns of ds that are NaN make comparisons false."""
        with np.errstate(all="ignore"):
            found = self._value(self.tree if node is None else node, ds)
        return np.broadcast_to(np.asarray(found, float), (ds.sizes["point"],))

    def column(self, node: Any, ds: xr.Dataset) -> str | None:
        """The column that a name stands for; None: it is none, perhaps a word or a function."""
        name = self._aliases.get(node.id, node.id)
        known = name in ds.variables and ds[name].dims == ("point",) and ds[name].dtype.kind in "iufbU"
        return name if known else None

    def _value(self, node: Any, ds: xr.Dataset) -> Array | float:
        if isinstance(node, ast.Constant):
            number: Any = node.value
            return float(number)
        if isinstance(node, ast.Name):
            return self._number(node, ds)
        if isinstance(node, ast.UnaryOp):
            x = self._value(node.operand, ds)
            return np.where(true(x), 0.0, 1.0) if isinstance(node.op, ast.Not) else -x if isinstance(node.op, ast.USub) else x
        if isinstance(node, ast.BinOp):
            return _TWO[type(node.op)](np.asarray(self._value(node.left, ds), float), np.asarray(self._value(node.right, ds), float))
        if isinstance(node, ast.BoolOp):
            parts = [true(self._value(part, ds)) for part in node.values]
            join = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return join.reduce(np.broadcast_arrays(*parts)).astype(float)
        if isinstance(node, ast.Compare):
            return self._comparison(node, ds)
        return self._call(node, ds)

    def _number(self, node: Any, ds: xr.Dataset) -> Array:
        name = self.column(node, ds)
        if name is None:
            check_name(node.id, [*ds.variables, *_ONE, *_MANY], "name")
            raise ValueError(f"{node.id} has no number for each point")
        if ds[name].dtype.kind == "U":
            raise ValueError(f"{node.id} has words for values; compare it with == or !=")
        return ds[name].values.astype(float)

    def _comparison(self, node: Any, ds: xr.Dataset) -> Array:
        left, right, operation = node.left, node.comparators[0], _COMPARE[type(node.ops[0])]
        if operation in (np.equal, np.not_equal):
            for one, other in ((left, right), (right, left)):
                words = self._words(one, other, ds)
                if words is not None:
                    return operation(*words).astype(float)
        return operation(self._value(left, ds), self._value(right, ds)).astype(float)

    def _words(self, one: Any, other: Any, ds: xr.Dataset) -> tuple[Any, ...] | None:
        """Both sides of a comparison with words; None: it is one of numbers."""
        if not isinstance(one, ast.Name) or not isinstance(other, ast.Name):
            return None
        name, second = self.column(one, ds), self.column(other, ds)
        if name is None:
            return None
        if ds[name].dtype.kind == "U":
            both = second is not None and ds[second].dtype.kind == "U"
            return ds[name].values, ds[second].values if both else np.str_(other.id)
        if second is None and other.id in WORDS.get(name, ()):
            return ds[name].values, WORDS[name][other.id]
        return None

    def _call(self, node: Any, ds: xr.Dataset) -> Array | float:
        name, arguments = node.func.id, [self._value(each, ds) for each in node.args]
        if name in _ONE and len(arguments) == 1:
            return _ONE[name](np.asarray(arguments[0], float))
        if name in _MANY and len(arguments) > 1:
            found = arguments[0]
            for each in arguments[1:]:
                found = _MANY[name](found, each)
            return found
        raise ValueError(f"{name} takes {'one argument' if name in _ONE else 'two or more arguments'}")


def true(x: Array | float) -> Array:
    """Not 0, and a number."""
    x = np.asarray(x, float)
    return (x != 0) & (x == x)


_KNOWN = (ast.Name, ast.UnaryOp, ast.BinOp, ast.BoolOp, ast.Compare, ast.Call, ast.Constant, ast.Load, ast.And, ast.Or, ast.Not, ast.USub,
          ast.UAdd, *_TWO, *_COMPARE)
_JOINING, _MARK = ("and", "or", "not"), "name_"  # marked, so that no name is a keyword of Python


def _read(text: str) -> Any:
    """The tree of an expression: names, numbers, operators and functions of the program, nothing else."""
    if len(text) > MOST:
        raise ValueError(f"an expression of {len(text)} characters; at most {MOST}")
    plain = re.sub(r"&&|\|\||!(?!=)", lambda sign: _SIGNS[sign[0]], " ".join(text.split()))
    plain = re.sub(r"(?<![\w.])[A-Za-z_]\w*", lambda name: name[0] if name[0] in _JOINING else _MARK + name[0], plain)
    plain = re.sub(r"(?<![\w.])0+(?=\d)", "", plain).strip()  # Python refuses 05, and takes a blank before all else for an indentation
    try:
        tree = ast.parse(plain, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise ValueError(f"not an expression: {text[:80]!r}") from None
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            node.id = node.id.removeprefix(_MARK)
        _check(node, text)
    return tree


def _check(node: Any, text: str) -> None:
    if not isinstance(node, _KNOWN):
        raise ValueError(f"not an expression of the program: {text[:80]!r}")
    if isinstance(node, ast.Constant) and type(node.value) not in (int, float):
        raise ValueError(f"{node.value!r} is no number")
    if isinstance(node, ast.Compare) and len(node.ops) > 1:
        raise ValueError("two comparisons in a row; write 'a < b and b < c'")
    if isinstance(node, ast.Call):
        name = node.func.id.removeprefix(_MARK) if isinstance(node.func, ast.Name) else "?"
        if node.keywords or name not in (*_ONE, *_MANY):
            raise ValueError(f"unknown function {name!r} in {text[:80]!r}")
