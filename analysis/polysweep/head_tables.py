"""The tables of heads and of decoding as a person reads them."""
from __future__ import annotations

from typing import Any

import pandas as pd

from .cases import number
from .decode import QUANTITIES
from .figures.costs import length_text
from .heads import OVER, Z
from .style import size_text
from .tables import Table


def heads_table(found: pd.DataFrame, column: str, level: float) -> Table | None:
    """Of `polysweep.heads`: a row for every way to compute attention, the best first."""
    if not len(found):
        return None
    shown = _case(found)
    shown["attention"] = found["words"]
    shown["median"] = found["median"].map(_short)
    shown["quartiles"] = [f"{_short(a)} .. {_short(b)}" for a, b in zip(found["q25"], found["q75"])]
    shown["worst head"] = [_short(x) + at for x, at in zip(found["worst"], _worst(found))]
    shown[f"heads <= {level:g}"] = [f"{100 * x:.0f} %" for x in found["share"]]
    if found["of_uniform"].notna().any():
        shown["of uniform"] = found["of_uniform"].map(_short)
    if found["state_bytes"].notna().any():
        shown["state"] = ["" if x != x else size_text(x) for x in found["state_bytes"]]
    shown["cache"] = found["cache_bytes"].map(size_text)
    note = (f"Over {found['heads'].max()} heads: median, first and third quartile, the worst head (layer, batch, head), the share of "
            f"heads at {level:g} or below; the median over that of uniform attention; the state of a head, and keys and values of "
            "all its tokens.")
    if found["words"].str.contains(r"\bz\b").any():
        note += f" In the names of kernels {Z}"
    return Table(f"Error of all heads ({column})", note, shown, "heads.csv")


def layers_table(found: pd.DataFrame, column: str) -> Table | None:
    """Of `polysweep.heads(per=["layer"])`: a row for every way, a column for every layer."""
    if not len(found) or found["layer"].nunique() < 2:
        return None
    wide = found.pivot_table("median", [*_varying(found, "layer"), "words"], "layer", sort=False, aggfunc="first")
    wide = wide.loc[wide.median(axis=1).sort_values(kind="stable").index]
    shown = wide.index.to_frame(index=False).rename(columns={"words": "attention"})
    shown = shown.apply(lambda one: one if one.dtype == object and one.name == "attention" else one.map(_text))
    for layer in sorted(wide):
        shown[f"{layer}"] = wide[layer].map(_short).to_numpy()
    return Table(f"Error by layer ({column})", "The median over the heads of a layer; layers count from 0.", shown, "layers.csv")


def decode_table_of(found: pd.DataFrame) -> Table | None:
    """Of `polysweep.decode_table`."""
    if not len(found):
        return None
    shown = _case(found)
    shown["attention"] = found["words"]
    shown["error"] = found["error"].map(_short)
    shown["state"], shown["a token of the cache"] = found["state"].map(size_text), found["token"].map(size_text)
    shown["smaller from n"] = [length_text(x) for x in found["state_n"]]
    for quantity, text in zip(QUANTITIES, ("faster from n", "fewer flops from n", "fewer bytes from n")):
        if found[quantity + "_how"].ne("").any():
            rows = found[[quantity + "_n", quantity + "_how", "n_first", "n_last"]].itertuples(index=False)
            shown[text] = [_from(*row) for row in rows]
            shown["gain" + " " * len(shown.columns)] = ["" if x != x else f"{x:.3g}x" for x in found[quantity + "_gain"]]
    return Table("Generating token by token", "From which number of tokens on the state is smaller than the key-value cache "
                 "(exactly), and from which a token takes less time than with the cache (as measured, by straight lines between "
                 "lengths of the grid in logarithms; gains are those at the largest length).", shown, "decode.csv")


def _from(n: float, how: str, first: int, last: int) -> str:
    return {"inside": length_text(n) if how == "inside" else "", "below": f"<= {int(first)}", "above": f"> {int(last)}", "": ""}[how]


def _varying(found: pd.DataFrame, *but: Any) -> list[str]:
    end = list(found.columns).index("method")
    return [name for name in found.columns[:end] if name not in but and found[name].nunique(dropna=False) > 1]


def _case(found: pd.DataFrame) -> pd.DataFrame:
    """The columns that say what is computed, where they vary."""
    names = _varying(found, *OVER)
    return pd.DataFrame({name: found[name].map(_text) for name in names}, index=found.index)


def _worst(found: pd.DataFrame) -> list[str]:
    """" (L3 H5)": layer and head."""
    names = {"layer": "L", "batch": "B", "head": "H"}
    names = {f"worst_{name}": letter for name, letter in names.items() if f"worst_{name}" in found}
    names = {name: letter for name, letter in names.items() if name == "worst_head" or found[name].any()}
    if not names:
        return [""] * len(found)
    rows = found[list(names)].itertuples(index=False)
    return [f" ({' '.join(letter + str(int(x)) for letter, x in zip(names.values(), row))})" for row in rows]


def _short(x: float) -> str:
    return "" if x != x else f"{x:.3g}"


def _text(value: int | str) -> str:
    return "" if value != value else str(value) if isinstance(value, str) else number(value)
