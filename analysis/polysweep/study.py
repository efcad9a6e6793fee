"""What a file's study asked for, from the resolved study that the file keeps."""
from __future__ import annotations

import json
from typing import Any

import xarray as xr

LEVEL = 0.9


def resolved_of(ds: xr.Dataset) -> dict[str, Any]:
    """The resolved study of a file; empty where it has none."""
    try:
        found = json.loads(ds.attrs["provenance_resolved"])
    except (KeyError, TypeError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def level_of(ds: xr.Dataset) -> float:
    """The level of a study, `judge.level`; 0.9 where it has none."""
    try:
        return float(resolved_of(ds)["judge"]["level"])
    except (KeyError, TypeError, ValueError):
        return LEVEL


def search_of(ds: xr.Dataset) -> dict[str, Any] | None:
    """What a file searched for: over, column, level (a number, or a dict with `column` and `where`), edges, within; None: it did
    not search."""
    given = resolved_of(ds).get("search")
    if not isinstance(given, dict) or not given.get("over"):
        return None
    level = given.get("level")
    return {"over": str(given["over"]), "column": str(given.get("column", "success_rate")),
            "level": level if isinstance(level, dict) else float(level_of(ds) if level is None else level),
            "edges": str(given.get("edges", "all")), "within": float(given.get("within", 1))}


def rule_of(ds: xr.Dataset) -> dict[str, Any] | None:
    """What ends the trials of a point: until ("decided", or "width" with `width`), error (of all points together), most; None: their
    number."""
    judge = resolved_of(ds).get("judge")
    given = judge.get("trials") if isinstance(judge, dict) else None
    if not isinstance(given, dict) or "until" not in given:
        return None
    until = given["until"]
    width = until.get("width") if isinstance(until, dict) else None
    return {"until": "width" if isinstance(until, dict) else str(until), "width": width, "error": float(given.get("error", 0.01)),
            "most": given.get("most")}
