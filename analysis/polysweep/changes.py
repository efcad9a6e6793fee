"""What is different between results of one study: before and after, two machines, two builds. The first of several files is the one
that the others are held against, by `polysweep.compare`."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd
import xarray as xr
from scipy.stats import t as student

from .cases import number
from .compare import Comparison, compare
from .figures.scaling import seconds_text
from .foreign import plain
from .grid import axes
from .read import provenance
from .tables import Table

_ABOUT = {"version": "version", "blas_kernel": "BLAS kernel", "cpu": "processor", "hosts": "hosts", "ranks": "ranks", "threads": "threads",
          "mpi": "MPI", "hdf5": "HDF5", "started": "started"}  #: column of a launch: what a reader calls it
_CHANGED = ("slower", "faster")


@dataclass
class Changes:
    """What several files say of each other."""

    sentences: list[str] = field(default_factory=list)
    tables: list[Table] = field(default_factory=list)
    data: dict[str, pd.DataFrame] = field(default_factory=dict)  #: by the name of its CSV
    times: pd.DataFrame = field(default_factory=pd.DataFrame)  #: a row for every point that two files have timed comparably


def changes(files: Sequence[tuple[str, xr.Dataset]]) -> Changes:
    """Holds every file against the first.

    files: names, all of them different, and datasets of `polysweep.open`. Files without a point in common with the first are said to
    be so, and no more. Times of different launches are compared point by point, with an interval for each ratio; what all points of
    a launch share (other jobs, heat, placement) is in no interval, which the note of the table says.
    """
    out, (name, first) = Changes(), files[0]
    found = [(other, ds, compare(first, ds)) for other, ds in files[1:]]
    out.sentences = [f"{plain(other)} against {plain(name)}: {_sentence(c)}." for other, _, c in found]
    together = [each for each in found if each[2].attrs["points"]]
    if not together:
        return out
    launches = _launches([files[0], *((other, ds) for other, ds, _ in together)])
    places = _gathered(together, lambda ds, c: _labelled(first, c.places))
    out.times = _gathered(together, lambda ds, c: _labelled(first, c.times))
    tables = _launch_table(launches), _place_table(places), _method_table(out.times), _time_table(out.times)
    out.tables = [each for each in tables if each]
    out.data = {file: frame for file, frame in (("launches.csv", launches), ("differences.csv", places), ("times.csv", out.times))
                if len(frame)}
    return out


# ---- in words


def _sentence(c: Comparison) -> str:
    """"140 points in common (12 only in the first); all 60 columns of results agree; 3 of 140 times are slower, 0 faster"."""
    if not c.attrs["points"]:
        return f"no point in common ({c.attrs['only_a']} done here and {c.attrs['only_b']} there)"
    beside = [f"{count} only in the {which}" for count, which in ((c.attrs["only_a"], "first"), (c.attrs["only_b"], "second")) if count]
    wrong = c[~c["agrees"]]
    science = f"all {len(c)} columns of results agree"
    if len(wrong):
        science = f"{len(wrong)} of {len(c)} columns of results differ (" + ", ".join(
            f"{plain(row.column)} at {row.outside}" for row in wrong.head(5).itertuples()) + ", ..." * (len(wrong) > 5) + ")"
    return f"{c.attrs['points']} points in common{' (' + ', '.join(beside) + ')' if beside else ''}; {science}; {_times_in_words(c.times)}"


def _times_in_words(times: pd.DataFrame) -> str:
    if not len(times):
        return "no point was timed in both"
    known = times[~times["verdict"].isin(["not comparable", "no interval"])]
    if not len(known):
        return f"none of {len(times)} times can be compared (timed beside other work, on other teams, or too rarely for an interval)"
    counts = known["verdict"].value_counts()
    return (f"of {len(known)} times {counts.get('slower', 0)} are slower and {counts.get('faster', 0)} faster, "
            f"in the geometric mean {_ratio_text(*mean_ratio(known))}")


def mean_ratio(times: pd.DataFrame) -> tuple[float, float, float]:
    """(ratio, lo, hi): the geometric mean of the ratios of points, with its 95 % interval over points (Student's t on logarithms); of a
    single point its own interval."""
    logs = np.log(times["ratio"].to_numpy(float))
    if len(logs) == 1:
        return float(times["ratio"].iloc[0]), float(times["ratio_lo"].iloc[0]), float(times["ratio_hi"].iloc[0])
    half = student.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / np.sqrt(len(logs))
    middle, low, high = (float(np.exp(logs.mean() + shift)) for shift in (0, -half, half))
    return middle, low, high


def _ratio_text(ratio: float, lo: float, hi: float) -> str:
    return f"{ratio:.3g} ({lo:.3g} to {hi:.3g}) times the first's" if lo == lo else f"{ratio:.3g} times the first's (no interval)"


# ---- in tables


def _gathered(found: Sequence[tuple[str, xr.Dataset, Comparison]],
              frame_of: Callable[[xr.Dataset, Comparison], pd.DataFrame]) -> pd.DataFrame:
    """What is found of each file, one below the other, its name in front."""
    frames = [frame.assign(file=plain(name))[["file", *frame]] for name, ds, c in found if len(frame := frame_of(ds, c))]
    return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame()


def _labelled(first: xr.Dataset, frame: pd.DataFrame) -> pd.DataFrame:
    """Rows with the coordinates of their points, those that tell points of the first file apart."""
    names = [name for name in axes(first) if name != "team_asked"]
    values = {name: first[name].values[frame["slot_a"].to_numpy(int)] for name in names}
    return pd.DataFrame(values, index=frame.index).join(frame)


def _launches(files: Sequence[tuple[str, xr.Dataset]]) -> pd.DataFrame:
    rows = []
    for name, ds in files:
        launches = provenance(ds.attrs["path"])["launches"]
        rows.append({"file": plain(name), **{
            word: ", ".join(dict.fromkeys(launches[column].astype(str))) for column, word in _ABOUT.items() if column in launches}})
    return pd.DataFrame(rows)


def _launch_table(launches: pd.DataFrame) -> Table | None:
    """Only what is different."""
    names = [name for name in launches if name == "file" or launches[name].nunique() > 1]
    if len(names) < 2:
        return None
    return Table("Launches", "What is different between the launches that made these files; all else of them is equal.",
                 launches[names], "launches.csv")


def _points(frame: pd.DataFrame, until: str) -> pd.DataFrame:
    """The columns before `until`, as texts."""
    names = list(frame)[1:list(frame).index(until)]
    texts = frame[names].map(_text) if hasattr(frame, "map") else frame[names].applymap(_text)
    return texts if frame["file"].nunique() < 2 else pd.concat([frame[["file"]], texts], axis=1)


def _text(value: Any) -> str:
    return plain(value) if isinstance(value, str) else "" if value != value else number(value)


def _place_table(places: pd.DataFrame) -> Table | None:
    if not len(places):
        return None
    order = places.assign(_first=places.groupby(["file", "column"], sort=False).cumcount()).sort_values("_first", kind="stable").drop(
        columns="_first")  # the worst point of every column comes before the second worst of one
    shown = _points(order, "column").assign(column=order["column"].map(plain), first=order["a"].map(_digits),
                                            second=order["b"].map(_digits), difference=[f"{x:.2g}" for x in order["difference"]])
    return Table("Results that differ", "The values that are further apart than their column promises, relative to the larger one (of 0.01 "
                 "at least). Where builds or BLAS kernels are different, bits are not promised and tolerances apply.",
                 shown.reset_index(drop=True), "differences.csv")


def _digits(value: float) -> str:
    return f"{value:.9g}"


def _method_table(times: pd.DataFrame) -> Table | None:
    """A row for every file and method with times that can be compared."""
    rows = []
    known = times[~times["verdict"].isin(["not comparable", "no interval"])] if len(times) else times
    for (file, method), part in known.groupby(["file", "method"], sort=False) if len(known) else ():
        counts = part["verdict"].value_counts()
        ratio, lo, hi = mean_ratio(part)
        rows.append({"file": file, "method": plain(method), "points": str(len(part)), "slower": str(counts.get("slower", 0)),
                     "faster": str(counts.get("faster", 0)), "time over the first's": f"{ratio:.3g}",
                     "95 % interval": f"{lo:.3g} .. {hi:.3g}"})
    if not rows:
        return None
    shown = pd.DataFrame(rows)
    return Table("Times by method",
                 "Geometric mean over points of the ratio of median times, its interval over points. Slower and faster: by a "
                 "rank test of the repetitions, at 5 % over all points of a file together. What all points of a launch share "
                 "(other jobs, heat, placement) is in no interval: two launches of one build say how much that is.",
                 shown if shown["file"].nunique() > 1 else shown.drop(columns="file"), "times.csv")


def _time_table(times: pd.DataFrame) -> Table | None:
    """What became slower or faster, the largest change first."""
    changed = times[times["verdict"].isin(_CHANGED)] if len(times) else times
    if not len(changed):
        return None
    changed = changed.reindex(np.log(changed["ratio"]).sort_values(ascending=False, kind="stable").index)
    shown = _points(changed, "slot_a").assign(**{
        "first": changed["time_a_s"].map(seconds_text), "second": changed["time_b_s"].map(seconds_text),
        "ratio": changed["ratio"].map("{:.3g}".format),
        "95 % interval": [f"{a:.3g} .. {b:.3g}" for a, b in zip(changed["ratio_lo"], changed["ratio_hi"])], "verdict": changed["verdict"]})
    return Table("Points that became slower or faster", "Median times of a pass, the slowest first.", shown.reset_index(drop=True),
                 "times.csv")


def title(names: Sequence[str]) -> str:
    """What a report calls the comparison."""
    return f"{', '.join(map(plain, names[1:]))} against {plain(names[0])}"
