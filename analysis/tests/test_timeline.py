"""The timeline of ranks: runs of slots from the points' parallel columns, what they add up to, and what is drawn."""
import numpy as np
import pytest
import xarray as xr

import polysweep
from polysweep import figures
from polysweep.figures.timeline import turns_of, utilisation

# launch, start, end, first rank, team, idle, points of the run: a team of four, then halves, one with a rank that idles
RUNS = [(0, 1.0, 3.0, 0, 4, 0, 1), (0, 3.0, 4.0, 0, 1, 1, 1), (0, 3.0, 5.0, 2, 1, 0, 3), (0, 3.5, 5.0, 3, 1, 0, 2),
        (1, 0.5, 1.5, 0, 2, 0, 2)]


@pytest.fixture
def ds(w2):
    """A file of 112 points, the first of which are those of RUNS; the others were never computed."""
    rows = [run[:6] for run in RUNS for _ in range(run[6])]
    names = ("launch", "start_s", "end_s", "first_rank", "team", "idle")
    count, out = w2.sizes["point"], w2.copy(deep=True)
    for k, name in enumerate(names):
        empty = np.nan if name.endswith("_s") else 0
        values = [row[k] for row in rows] + [empty] * (count - len(rows))
        out[name] = xr.DataArray(np.array(values, float if name.endswith("_s") else int), dims="point")
    return out


def test_points_of_a_run_are_one_bar(ds):
    turns = turns_of(ds)
    found = [tuple(row) for row in turns[["launch", "start_s", "end_s", "first_rank", "team", "idle", "points"]].to_numpy()]
    assert sorted(found) == sorted(RUNS)


def test_utilisation_counts_ranks(ds):
    turns = turns_of(ds)
    first = turns[turns["launch"] == 0]
    # four ranks for two seconds, then one, two and one and a half, of four ranks times five seconds, the first of which is start-up
    assert utilisation(first) == pytest.approx((8 + 1 + 2 + 1.5) / 20, abs=1e-15)
    assert utilisation(turns[turns["launch"] == 1]) == pytest.approx(2 / 3, abs=1e-15)


def test_a_launch_begins_with_its_start_up(ds):
    """4.2 of 6.3 seconds before the first run are not utilised, and are seen."""
    late = ds.assign(start_s=ds["start_s"] * 0 + 4.2, end_s=ds["start_s"] * 0 + 6.3, launch=ds["launch"] * 0, team=ds["team"] * 0 + 2,
                     first_rank=ds["first_rank"] * 0)
    late["start_s"], late["end_s"] = late["start_s"].fillna(4.2), late["end_s"].fillna(6.3)
    late["idle"] = late["idle"] * 0
    figure, = figures.timeline(late)
    ax = figure.canvas.axes[0]
    assert utilisation(turns_of(late)) == pytest.approx(2.1 / 6.3) and ax.get_xlim() == (0, 6.3)
    assert "start-up 4.2 s, utilisation 33 %" in ax.get_title(loc="left") and "Hatched: start-up" in figure.caption
    shade, = [patch for patch in ax.patches if patch.get_hatch()]
    assert shade.get_extents().transformed(ax.transData.inverted()).extents[[0, 2]] == pytest.approx([0, 4.2])


def test_bars_are_as_tall_as_teams(ds, tmp_path):
    figure, = figures.timeline(ds)
    paths = figure.save(tmp_path)
    bars = figure.canvas.axes[0].collections[0].get_paths()
    boxes = sorted(tuple(np.round(bar.get_extents().extents, 6)) for bar in bars)
    assert (1.0, -0.5, 3.0, 3.5) in boxes and (3.0, 1.5, 5.0, 2.5) in boxes and len(boxes) == 4
    assert "utilisation 62 %" in figure.canvas.axes[0].get_title(loc="left") and len(figure.canvas.axes) == 2
    assert paths["csv"].read_text().startswith("launch,start_s,end_s,first_rank,team,idle,points,n,method")


def test_one_rank_has_no_timeline(ds, w2):
    alone = ds.copy(deep=True)
    for name in ("team", "first_rank"):
        alone[name] = xr.ones_like(alone[name]) if name == "team" else xr.zeros_like(alone[name])
    assert not list(figures.timeline(alone))
    assert not list(figures.timeline(w2)) or "team" in w2


def test_thousands_of_bars_are_one_collection(w2):
    """Many launches: the last are drawn, all are in the data."""
    count = w2.sizes["point"]
    out = w2.copy(deep=True)
    start = np.arange(count, dtype=float)
    for name, values in dict(launch=np.arange(count) // 10, start_s=start, end_s=start + 1, first_rank=np.arange(count) % 5,
                             team=np.ones(count, int), idle=np.zeros(count, int)).items():
        out[name] = xr.DataArray(values, dims="point")
    figure, = figures.timeline(out)
    assert len(figure.canvas.axes) == 3 and len(figure.data[""]) == count and "earlier launches" in figure.caption
    assert polysweep.figures.timeline is figures.timeline
