"""Edges as a person reads them: a row per edge, what was asked for, and what is said of all judged points at once."""
from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
import xarray as xr

from .cases import number
from .checks import of_dataset
from .critical import decided_at, undecided
from .curve import combinations
from .edges import above_from, answers, edges, level_asked, narrowed, settled, sure_sides
from .grid import distinguishing
from .study import level_of, rule_of, search_of
from .tables import Table

_NOWHERE = (np.nan, np.nan)
_OF_COMBINATION = ("starts", "count", "evaluations", "candidates", "trials", "flops", "missed", "open")


@of_dataset
def edge_frame(ds: xr.Dataset, found: xr.Dataset | None = None) -> pd.DataFrame:
    """A row per edge of `edges` (or of `found`, what it returned): the coordinates that tell combinations apart, `combination`,
    `edge`, `kind`, `lo`, `hi`, `position`, `theory`, `theory_z`, `outside`, `first` and `last` candidate, what holds for the whole
    combination, `above_from` (the first decided candidate where that is above the level) and `settled`: both ends and all candidates
    that were asked are decided, but for those inside the interval of an edge, and none between is farther from a decided one than a
    search leaves them. Only then there is no other edge. Theory is outside where the first edge of its kind is surely elsewhere: not
    in (`sure_lo`, `sure_hi`], between the candidates that are surely on a side (`edges.narrowed`).

    A combination without an edge has a row of kind none. An edge that theory has between candidates, and that was not found, has a row
    of its kind without numbers; it is outside where a candidate between theory's edges is surely below, else such candidates were not
    asked, or not decided.
    """
    found = edges(ds) if found is None else found
    names = names_of(ds, found)
    about = pd.DataFrame({name: found[name].values for name in (*names, *_OF_COMBINATION)})
    points = answers(ds, found.attrs["over"], found.attrs["column"], level_asked(found))[0]
    ends = points.groupby("combination")["value"].agg(["first", "last"])
    about[["first", "last"]] = ends.to_numpy()
    about["settled"], about["above_from"] = settled(found, points), above_from(found, points)
    points["side"] = sure_sides(ds, points, found.attrs["column"])
    sure = {(row.combination, row.kind): (row.lo, row.hi) for row in narrowed(ds, found).itertuples()}
    rows = [_rows(found.isel(combination=c), about.loc[c], expected, {kind: sure.get((c, kind), _NOWHERE) for kind in ("rise", "fall")})
            for c, expected in enumerate(_expected(ds, found, points))]
    frame = pd.DataFrame([row for each in rows for row in each])
    frame.insert(0, "combination", np.repeat(np.arange(len(rows)), [len(each) for each in rows]))
    return frame[[*names, *(name for name in frame if name not in names)]]


@of_dataset
def names_of(ds: xr.Dataset, found: xr.Dataset) -> list[str]:
    """The fewest coordinates that tell combinations apart."""
    over = found.attrs["over"]
    chosen = distinguishing(ds, ("method", over), (over,))[0]
    return [name for name in chosen if name != over and name in found.coords and name != "team_asked"] or ["method"]


def _rows(one: xr.Dataset, about: pd.Series, expected: dict[str, tuple[float, bool]],
          sure: dict[str, tuple[float, float]]) -> list[dict[str, int | str]]:
    """Rows of one combination; expected: {kind: (theory's edge that some candidate is beyond, whether one is surely otherwise)}; sure:
    {kind: (lo, hi) of the first edge of that kind}."""
    rows = []
    for k in range(min(int(one["count"]), one.sizes["edge"])):
        row = {name: one[name].values[k] for name in ("kind", "lo", "hi", "position", "theory", "theory_z")}
        lo, hi = sure[row["kind"]]
        rows.append({**about, "edge": k, **row, "sure_lo": lo, "sure_hi": hi, "outside": bool(row["theory"] <= lo or hi < row["theory"])})
    blank = dict.fromkeys(("lo", "hi", "position", "theory", "theory_z", "sure_lo", "sure_hi"), np.nan)
    missing = [kind for kind in expected if kind not in [row["kind"] for row in rows]]
    for kind in missing:
        theory, below = expected[kind]
        lo, hi = sure[kind]
        rows.append({**about, "edge": -1, **blank, "kind": kind, "theory": theory, "sure_lo": lo, "sure_hi": hi,
                     "outside": below or bool(theory <= lo or hi < theory)})
    return rows or [{**about, "edge": -1, **blank, "kind": "none", "outside": False}]


def _expected(ds: xr.Dataset, found: xr.Dataset, points: pd.DataFrame) -> Iterator[dict[str, tuple[float, bool]]]:
    """For each combination {kind: (theory's edge, whether a candidate between theory's edges is surely below)} of edges that
    candidates are on both sides of; theory has the first rise, and the first fall after it."""
    theory = pd.DataFrame({"rise": np.nan, "fall": np.nan}, index=range(found.sizes["combination"]))
    if (found.attrs["over"], found.attrs["column"], found.attrs["level"]) == ("beta", "success_rate", level_of(ds)) and (
            "edge_lo" in ds and found.attrs.get("edges", "all") == "all"):
        for kind, name in (("rise", "edge_lo"), ("fall", "edge_hi")):
            values = pd.Series(ds[name].values[points.index], points["combination"]).groupby(level=0)
            theory[kind] = values.min().where(values.nunique() == 1)
    for (_, curve), (rise, fall) in zip(points.groupby("combination"), theory.to_numpy()):
        candidates = curve["value"].to_numpy()
        inside = (candidates >= rise) & (candidates < fall)
        below = bool((inside & curve["asked"] & (curve["side"] == "below")).any())
        known = {"rise": (rise, below)} if inside.any() and candidates[0] < rise else {}
        yield {**known, "fall": (fall, below)} if inside.any() and candidates[-1] >= fall else known


# ---- tables ---------------------------------------------------------------------------------------------------------------


def edge_table(frame: pd.DataFrame, found: xr.Dataset) -> Table | None:
    """A row per combination."""
    if not len(frame):
        return None
    names = [name for name in frame.columns[:list(frame).index("combination")] if frame[name].nunique(dropna=False) > 1
             or name in ("n", "d")]
    whole = found.attrs.get("edges", "all") == "all"
    rows = [_combination(part, whole) for _, part in frame.groupby("combination")]
    shown = pd.concat([frame.drop_duplicates("combination")[names].map(_text).reset_index(drop=True), pd.DataFrame(rows)], axis=1)
    shown = shown.loc[:, [name in names or bool((shown[name] != "").any()) for name in shown]]
    over, column, level = (found.attrs[name] for name in ("over", "column", "level"))
    note = (f"Where {column} crosses {level} along {over}: in (lo, hi], two neighbouring candidates that were judged to be on different "
            "sides. Theory: the exact edge; a star where it is not between candidates that are surely on different sides. Asked: of how "
            "many "
            "candidates. Missed: a window of so many candidates may lie between neighbours of one side. Open: asked, and their side not "
            "decided.")
    none = [*(shown["rise"] == "none seen")] if "rise" in shown else []
    return Table("Edges", note, shown.reset_index(drop=True), "edges.csv", none=none,
                 none_words=f"{sum(none)} of {len(shown)} combinations: no edge")


def _combination(part: pd.DataFrame, whole: bool) -> dict[str, str]:
    """The cells of a combination: its first rise and fall, and how many more there are. whole: all edges were asked for, so that
    something can be said of those that are not there."""
    row = part.iloc[0]
    cells = {}
    for kind in ("rise", "fall"):
        of = part[part["kind"] == kind]
        there = len(of) and of["lo"].notna().iloc[0]
        cells[kind] = _interval(of.iloc[0]) if there else _absent(row, kind) if whole or row["count"] == 0 else ""
        theory = of["theory"].iloc[0] if len(of) else np.nan
        cells[f"theory, {kind}"] = "" if theory != theory else f"{theory:.2f}{'*' * bool(of['outside'].iloc[0])}"
    cells["further"] = str(row["count"] - 2) if row["count"] > 2 else ""
    cells["asked"] = f"{row['evaluations']}/{row['candidates']}"
    cells["trials"] = str(row["trials"]) if row["trials"] else ""
    cells["missed"], cells["open"] = (str(row[name]) if row[name] else "" for name in ("missed", "open"))
    return cells


def _interval(row: pd.Series) -> str:
    return f"({number(row['lo'])}, {number(row['hi'])}]"


def _absent(row: pd.Series, kind: str) -> str:
    """Of a kind of edge that a combination does not have, where it would be."""
    if row["candidates"] == 1 and row["starts"] in ("above", "below"):
        return f"{row['starts']}{_at(row['first'])}" if kind == "rise" else ""
    above = row["above_from"] == row["above_from"]
    if kind == "rise" and above:
        return f"<= {number(row['above_from'])}"
    if not row["settled"]:
        return "not decided" if kind == "rise" or row["count"] or above else ""
    if kind == "rise":
        return "none seen"
    rises = (row["count"] % 2 == 1) if row["starts"] == "below" else row["count"] % 2 == 0
    return f"> {number(row['last'])}" if rises else ""


def _at(value: float) -> str:
    return "" if value != value else f" at {number(value)}"


def _text(x: float | str) -> str:
    return x if isinstance(x, str) else "" if x != x else number(x)


# ---- what was asked for, and what is said -----------------------------------------------------------------------------------


@of_dataset
def asked_for(ds: xr.Dataset, found: xr.Dataset) -> list[str]:
    """Sentences on a search: what it was for, what it cost, what it may have missed; empty for a file that did not search."""
    asked = search_of(ds)
    if asked is None:
        return []
    level = asked["level"]
    level = f"{level.get('column')} where {level.get('where')}" if isinstance(level, dict) else number(level)
    which = {"all": "all edges", "first": "the first edge", "last": "the last edge"}.get(asked["edges"], asked["edges"])
    lines = [f"Searched over {asked['over']} for where {asked['column']} crosses {level}: {which} of "
             f"{found.sizes['combination']} combinations, to within {number(asked['within'])}."]
    spent, whole = int(found["evaluations"].sum()), int(found["candidates"].sum())
    flops, trials = shares(ds, found)
    lines.append(f"{spent} of {whole} candidates were asked ({_percent(spent / max(whole, 1))}), with {_percent(flops)} of the operations"
                 + (f" and {_percent(trials)} of the trials" if trials == trials else "")
                 + " that the whole grid takes at the most trials of each point.")
    missed = int(found["missed"].max()) if found.sizes["combination"] else 0
    if missed:
        lines.append(f"No shape is assumed between candidates that were asked: a window narrower than {missed + 1} candidates may be "
                     "missed "
                     "(column missed has it for each combination).")
    return lines


@of_dataset
def shares(ds: xr.Dataset, found: xr.Dataset) -> tuple[float, float]:
    """(of operations, of trials) that a search took, of those of its whole grid at the most trials of each point. Operations of a
    candidate that was not asked are the mean of those of its combination; those of the head grow with the trials."""
    points = combinations(ds, found.attrs["over"])
    take = points.index.to_numpy()
    done = ds["done"].values[take]
    if "asked" in ds:
        done &= ds["asked"].values[take] > 0
    sets = np.where(np.isin(ds["data_kind"].values[take], ["self_attention", "scores"]), 2, 1)
    flops, head, trials, most = (ds[name].values[take].astype(float) if name in ds else np.full(len(take), np.nan)
                                 for name in ("flops", "head_flops", "trials_done", "trials"))
    ratio = np.where(trials > 0, most / np.where(trials > 0, trials, 1), 1)
    frame = pd.DataFrame({"combination": points["combination"].to_numpy(), "spent": sets * flops + np.nan_to_num(head),
                          "whole": sets * flops + ratio * np.nan_to_num(head), "trials": trials, "most": most})
    sizes = frame.groupby("combination").size()
    one = frame[done].groupby("combination")[["spent", "whole", "trials", "most"]]
    total, mean = one.sum(), one.mean()
    mean = mean.mul(sizes.reindex(mean.index), axis=0)
    flops_share, trials_share = (float(total[spent].sum() / mean[all_of].sum()) if mean[all_of].sum() > 0 else np.nan
                                 for spent, all_of in (("spent", "whole"), ("trials", "most")))
    return flops_share, trials_share


def _percent(x: float) -> str:
    return "nothing known" if x != x else f"{100 * x:.3g} %" if x < 0.1 else f"{100 * x:.0f} %"


@of_dataset
def statement(ds: xr.Dataset) -> tuple[str, pd.DataFrame]:
    """What holds of all judged points at once, where a rule ended their trials.

    Every point may err with its trials_error, whatever is asked next and however points share their signs (Ville 1939, and the union
    of all points that could have been asked), so all that is said holds at once with 1 - their sum.

    Parameters
    ----------
    ds : Dataset
        From `open`.

    Returns
    -------
    text : str
        A sentence; "" where trials were of a fixed number.
    table : DataFrame
        A row per combination with the degrees (or other candidates) that are judged above and below the level, those that are
        undecided, and those that were not visited, of which nothing is said. Empty where trials were of a fixed number.

    Raises
    ------
    TypeError
        For a path, and everything else that is no Dataset.

    Examples
    --------
    >>> polysweep.statement(polysweep.open(path))[0]
    ''
    """
    rule = rule_of(ds)
    error = ds["trials_error"].values if "trials_error" in ds else np.full(ds.sizes["point"], np.nan)
    known = ds["done"].values & np.isfinite(error)
    if not known.any():
        return "", pd.DataFrame()
    asked, level = search_of(ds), level_of(ds)
    over = asked["over"] if asked else "beta"
    points = combinations(ds, over)
    take = points.index.to_numpy()
    judged = points.assign(known=known[take], unsure=undecided(ds, level, decided_at(ds))[take], rate=ds["success_rate"].values[take])
    judged = judged[np.isin(points["combination"], points["combination"][known[take]])]  # of methods that are judged
    judged["says"] = np.select([~judged["known"], judged["unsure"], judged["rate"] >= level], ["not visited", "undecided", "above"],
                               "below")
    total = error[known].sum() + (len(judged) - known.sum()) * error[known].max()
    counts = judged["says"].value_counts()
    text = (f"With probability at least {max(0.0, 1 - total):.4g} every point that was judged ({counts.get('above', 0)} above, "
            f"{counts.get('below', 0)} below) is on the side of {number(level)} that it is said to be on, all of them at once.")
    left = [f"{counts[word]} {what}" for word, what in (("undecided", "are undecided at the end of their trials"),
                                                        ("not visited", "were not visited")) if counts.get(word)]
    if left:
        text += f" {' and '.join(left)}: of these nothing is said."
    if rule and rule["until"] == "width":
        text += " All intervals hold their rates as well."
    return text, _said(ds, judged, over)


def _said(ds: xr.Dataset, judged: pd.DataFrame, over: str) -> pd.DataFrame:
    names = [name for name in distinguishing(ds, ("method", over), (over,))[0] if name not in (over, "team_asked")]
    rows = []
    for _, part in judged.groupby("combination"):
        slot = part.index.min()
        rows.append({**{name: ds[name].values[slot] for name in names},
                     **{word: ranges(part, part["says"] == word) for word in ("below", "above", "undecided", "not visited")}})
    return pd.DataFrame(rows)


def ranges(part: pd.DataFrame, chosen: list[int] | pd.Series) -> str:
    """"1..4, 7, 9..12": candidates of a combination that are chosen, neighbours joined."""
    chosen = np.flatnonzero(np.asarray(chosen))
    value, texts = part["value"].to_numpy(), []
    for run in np.split(chosen, np.flatnonzero(np.diff(chosen) > 1) + 1) if len(chosen) else ():
        first, last = value[run[0]], value[run[-1]]
        texts.append((_text(first) or "all") if len(run) == 1 else f"{number(first)}{', ' if len(run) == 2 else '..'}{number(last)}")
    return ", ".join(texts)


def said_table(sentence: str, said: pd.DataFrame) -> Table | None:
    """The statement, and what it is about."""
    if not len(said):
        return None
    kept = [name for name in said if name in ("n", "d", "below", "above", "not visited") or said[name].nunique(dropna=False) > 1]
    shown = pd.DataFrame({name: [_text(x) for x in said[name]] for name in kept})
    return Table("What holds of all judged points at once", sentence, shown, "judged.csv", brief=True)
