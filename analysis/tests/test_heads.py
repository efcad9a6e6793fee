"""Many heads as one answer, against loops over the rows that were written; and what the figure draws, against the table."""
import numpy as np
import pytest
import scaled
import sketched
import synthetic
from test_report import page

import polysweep
from polysweep import figures, style
from polysweep.head_tables import heads_table
from polysweep.heads import answers, pooled
from polysweep.report import main

LAYERS, HEADS = 3, 4


@pytest.fixture(scope="module")
def rows():
    return sketched.reference_study(LAYERS, HEADS)


@pytest.fixture(scope="module")
def path(rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("heads") / "heads.h5"
    synthetic.write(path, rows, own=sketched.OWN["reference"])
    return path


@pytest.fixture(scope="module")
def ds(path):
    return polysweep.open(path)


def errors_of(rows, method, **of):
    """{(layer, head): error} of the rows of one setting."""
    same = [row for row in rows if row["method"] == method and all(row.get(name) == value for name, value in of.items())]
    return {(row["layer"], row["head"]): row["err_out_ref"] for row in same}


def test_every_row_is_what_numpy_says_of_its_heads(ds, rows):
    found = polysweep.heads(ds, level=0.3)
    assert len(found) == 5 + 5 + 6 and (found["heads"] == LAYERS * HEADS).all() and (np.diff(found["median"]) >= 0).all()
    uniform = np.median(list(errors_of(rows, "uniform").values()))
    for row in found.itertuples():
        of = {} if row.beta != row.beta else dict(beta=row.beta, scale=row.scale)
        errors = errors_of(rows, row.method, **of, **({"r": row.r} if row.r else {}))
        values = np.array(list(errors.values()))
        assert len(values) == LAYERS * HEADS
        assert (row.median, row.worst, row.share) == (np.median(values), values.max(), (values <= 0.3).mean())
        assert (row.q25, row.q75) == tuple(np.quantile(values, [0.25, 0.75])) and row.of_uniform == np.median(values) / uniform
        assert (row.worst_layer, row.worst_head) == max(errors, key=errors.get)
        assert row.cache_bytes == 512 * 64 * 8 and row.compared == (row.method in ("uniform", "window"))


def test_a_head_at_the_level_counts(ds, rows):
    level = max(errors_of(rows, "uniform").values())
    found = polysweep.heads(ds, level=level).set_index("words")
    below = polysweep.heads(ds, level=level * (1 - 1e-15)).set_index("words")
    assert found.loc["uniform", "share"] == 1 and below.loc["uniform", "share"] < 1


def test_the_table_says_what_z_is(ds):
    found = polysweep.heads(ds)
    assert "z is reference_scale times" in heads_table(found, "err_out_ref", 0.3).note
    assert "z is" not in heads_table(found[found["beta"].isna()], "err_out_ref", 0.3).note


def test_layers_apart(ds, rows):
    found = polysweep.heads(ds, per=["layer"])
    assert len(found) == LAYERS * 16 and (found["heads"] == HEADS).all()
    for row in found[found["method"] == "window"].itertuples():
        values = [error for (layer, _), error in errors_of(rows, "window").items() if layer == row.layer]
        uniform = [error for (layer, _), error in errors_of(rows, "uniform").items() if layer == row.layer]
        assert row.median == np.median(values) and row.of_uniform == np.median(values) / np.median(uniform)


def test_kernels_have_their_names(ds):
    words = set(polysweep.heads(ds)["words"])
    assert {"z^2", "(1 + z/4)^4", "(1 + z/8)^8", "taylor, order 2", "window, 64 local", "elu1",
            "polysketch of (1 + z/8)^8, r = 16"} <= words


@pytest.mark.parametrize("point, words", [
    (dict(beta=4.0, scale=0.25, offset=1.0, row_norm="sqrt_d"), "(1 + z/4)^4"),
    (dict(beta=4.0, scale=0.25 / 32 ** 0.5, offset=1.0), "(1 + z/4)^4"),
    (dict(beta=2.0, scale=1.0, offset=2.0, row_norm="unit"), "(1 + z/2)^2"),
    (dict(beta=3.0, scale=2.0, offset=1.0, row_norm="unit"), "(1 + 2 z)^3"),
    (dict(beta=4.0, scale=0.5, offset=-1.0, row_norm="unit"), "(1 - z/2)^4"), (dict(beta=4.0, scale=0.0, offset=0.0), "z^4"),
    (dict(beta=4.0, scale=0.05, offset=1.0, reference_scale=0.2), "(1 + z/4)^4"), (dict(beta=2.0, scale=0.199996, offset=1.0,
     reference_scale=0.2), "(1 + z)^2"), (dict(beta=2.0, scale=-0.200004, offset=1.0, reference_scale=0.2), "(1 - z)^2"),
    (dict(beta=4.0, scale=0.25, offset=1.0, reference_scale=1.0, row_norm="sqrt_d", match="exp"), "(1 + z/4)^4"),
    (dict(beta=4.0, scale=0.25 / 32 ** 0.5, offset=1.0, reference_scale=1.0), "(1 + z/22.63)^4"),
    (dict(beta=3.0, negative="relu"), "z^3, negative relu")])
def test_an_affine_score_as_one_reads_it(point, words):
    from polysweep.heads import words as words_of

    assert words_of({"method": "exact", "d": 32, "row_norm": "none", "negative": "refuse", **point}, ["negative"]) == words


def settings_study():
    """Every setting on the same two heads, its place in the list as error."""
    point = dict(n=64, d=16, v=16, data_kind="file", row_norm="sqrt_d", beta=np.nan, scale=1.0, offset=0.0, epsilon=0.0,
                 reference="softmax")
    listed = [dict(method="softmax", scale=scale) for scale in (0.5, 1.0, 2.0)]
    listed += [dict(method="taylor", order=2, offset=offset) for offset in (0.0, 0.25)]
    listed += [dict(method="elu1", scale=scale, den_constant=constant) for scale in (0.5, 1.0) for constant in (0.0, 1.0)]
    listed += [dict(method="favor", features=32, draws=5, epsilon=epsilon) for epsilon in (0.0, 1e-3)]
    listed += [dict(method="exact", beta=4.0, scale=scale, offset=4 * scale) for scale in (0.25, 0.5)]
    listed += [dict(method="polysketch", beta=beta, r=r, draws=5, exact_map=int(beta == 2)) for beta in (2.0, 4.0) for r in (8, 16)]
    return [{**point, **more, "head": head, "err_out_ref": k + 0.5 * head} for k, more in enumerate(listed) for head in range(2)]


def test_no_setting_hides_another(tmp_path):
    rows = settings_study()
    synthetic.write(tmp_path / "s.h5", rows, own=("scale", "offset", "order", "reference", "epsilon"))
    found = polysweep.heads(polysweep.open(tmp_path / "s.h5"))
    assert len(found) == len(rows) // 2 - 1 and not found["words"].duplicated().any()  # the exact map has one size
    assert sorted(found["median"] - 0.25) == [k for k in range(len(rows) // 2) if k != len(rows) // 2 - 3]
    assert found["words"].tolist() == [
        "softmax, scale 0.5", "softmax, scale 1", "softmax, scale 2", "taylor, order 2, offset 0", "taylor, order 2, offset 0.25",
        "elu1, scale 0.5, den_constant 0", "elu1, scale 0.5, den_constant 1", "elu1, scale 1, den_constant 0",
        "elu1, scale 1, den_constant 1", "favor, 32 features, epsilon 0", "favor, 32 features, epsilon 0.001",
        "(1 + z/4)^4, scale 0.25, offset 1", "(1 + z/4)^4, scale 0.5, offset 2", "polysketch of z^2",
        "polysketch of z^4, r = 8", "polysketch of z^4, r = 16"]
    series = found.set_index("words")["series"]
    assert series["polysketch of z^4, r = 8"] == series["polysketch of z^4, r = 16"] == "polysketch of z^4"
    assert series["favor, 32 features, epsilon 0"] == "favor, epsilon 0"


def test_a_file_without_references_has_its_own_errors(tmp_path):
    synthetic.write(tmp_path / "x.h5", sketched.heads_study())
    ds = polysweep.open(tmp_path / "x.h5")
    found = polysweep.heads(ds)
    mine = [row["err_out"] for row in sketched.heads_study() if row["method"] == "tensorsketch"]
    assert found.loc[found["method"] == "tensorsketch", "median"].item() == np.median(mine) and found["of_uniform"].isna().all()
    assert polysweep.heads(ds, "entropy")["worst"].iloc[0] == 5.5
    with pytest.raises(ValueError, match="no column 'err_ot'; near it: err_out"):
        polysweep.heads(ds, "err_ot")
    with pytest.raises(ValueError, match="no coordinate of heads 'n'"):
        polysweep.heads(ds, per=["n"])


def test_the_answer(ds, path):
    found = polysweep.heads(ds, level=0.3)
    said, = answers(found, "err_out_ref", 0.3, "softmax")
    best = found.iloc[0]
    assert said.startswith(f"At error <= 0.3 against softmax (median of 12 heads, n = 512): (1 + z/8)^8 exact ({best['median']:.2g}); ")
    lowest = found.loc[found["folds"] == "states", "median"].min()
    assert f"no sketch or feature map up to 549 kB (lowest {lowest:.2g}); the key-value cache is 262 kB." in said
    assert "To compare: window, 64 local" in said and "uniform" in said
    said, = answers(polysweep.heads(ds, level=1.0), "err_out_ref", 1.0, "softmax")
    smallest = found[(found["folds"] == "states") & (found["median"] <= 1)].sort_values("state_bytes", kind="stable").iloc[0]
    assert f"smallest state {smallest['words']}, 8.45 kB" in said and "no sketch" not in said
    said, = answers(polysweep.heads(ds, level=0.01), "err_out_ref", 0.01, "softmax")
    assert "no exact kernel; no sketch" in said


def test_every_reference_has_its_answer_and_nothing_is_left_out_silently(rows, tmp_path, capsys, undrawn):
    own = [dict(row, reference="own", err_out_ref=0.01 if row["r"] else np.nan) for row in
           ({"r": 0, **row} for row in rows if row["method"] in ("exact", "polysketch"))]
    own += [dict(row, reference="own", err_out_ref=1e-16) for row in rows if row["method"] == "relu"]  # no sketch of anything
    synthetic.write(tmp_path / "r.h5", sorted(rows + own, key=lambda row: row["method"]), own=sketched.OWN["reference"])
    assert main([str(tmp_path / "r.h5"), "-o", str(tmp_path / "out")]) == 0
    said = capsys.readouterr().out.splitlines()
    assert said[1].startswith("At error <= 0.3 against its own kernel (median of 12 heads, n = 512): smallest state polysketch of ")
    assert said[2].startswith("At error <= 0.3 against softmax (median of 12 heads, n = 512): (1 + z/8)^8 exact")
    assert said[3] == f"{5 * LAYERS * HEADS} points that are done have no err_out_ref and are not in this."
    lonely = [row for row in own if row["method"] == "exact"] + [row for row in rows if row["method"] != "polysketch"]
    synthetic.write(tmp_path / "l.h5", sorted(lonely, key=lambda row: row["method"]), own=sketched.OWN["reference"])
    assert main([str(tmp_path / "l.h5"), "-o", str(tmp_path / "out")]) == 0
    assert capsys.readouterr().out.splitlines()[1].startswith("At error <= 0.3 against softmax")  # the only one with numbers


def test_cases_beyond_the_first_are_counted(tmp_path):
    synthetic.write(tmp_path / "n.h5", sketched.reference_study(1, 2, (16,), (64, 128, 192, 256, 320, 384)), own=sketched.OWN["reference"])
    said = answers(polysweep.heads(polysweep.open(tmp_path / "n.h5")), "err_out_ref", 0.3)
    assert [f"n = {n})" in text for n, text in zip((64, 128, 192, 256), said)] == [True] * 4
    assert said[4:] == ["2 further cases are in the table of heads."]


def test_baselines_alone_make_no_figure(tmp_path):
    rows = [dict(row, method="softmax", err_out_ref=1e-16) for row in sketched.reference_study() if row["method"] == "elu1"]
    rows += [row for row in sketched.reference_study() if row["method"] == "window"]
    synthetic.write(tmp_path / "b.h5", rows, own=sketched.OWN["reference"])
    ds = polysweep.open(tmp_path / "b.h5")
    assert len(polysweep.heads(ds)) == 2 and not list(figures.heads(ds))


def test_all_heads_as_one_point(ds, rows):
    one = pooled(ds)
    assert one.sizes["point"] == 16 and "head" not in polysweep.axes(one) and one["done"].all()
    at = np.flatnonzero((one["method"] == "window").values).item()
    assert one["err_out_ref"].values[at] == np.median(list(errors_of(rows, "window").values()))
    assert pooled(one) is one
    broken = ds.copy(deep=True)
    broken["done"].values[: LAYERS * HEADS - 1] = False  # of the first setting one head is done
    assert pooled(broken)["err_out_ref"].values[0] == ds["err_out_ref"].values[LAYERS * HEADS - 1]
    assert pooled(broken)["done"].values[0]


def test_what_is_counted_over_heads_is_counted_together(rows, tmp_path):
    counted = [dict(row, bad_rows=row["head"], den_rows=512) for row in rows]
    synthetic.write(tmp_path / "c.h5", counted, own=sketched.OWN["reference"])
    one = pooled(polysweep.open(tmp_path / "c.h5"))
    assert (one["bad_rows"] == LAYERS * sum(range(HEADS))).all() and (one["den_rows"] == LAYERS * HEADS * 512).all()


def test_one_figure_for_all_heads(ds):
    figure, = figures.heads(ds, 0.3)
    found = figure.data[""]
    left, right = figure.canvas.axes
    drawn = [line for line in left.lines if line.get_marker() not in ("None", "o") and len(line.get_xdata()) == 1]
    kernels = found[(found["folds"] == "rows") & ~found["compared"]]
    assert [line.get_ydata()[0] for line in drawn] == kernels["median"].tolist()
    dots = [line for ax in (left, right) for line in ax.lines if len(line.get_xdata()) == LAYERS * HEADS]
    assert len(dots) == 16 - 2 and sorted(dots[0].get_ydata()) == pytest.approx(sorted(
        figure.data["each"].query("method == 'exact' and beta == 8 and scale == 0.125")["err_out_ref"]), rel=0)
    across = [line for line in right.lines if line.get_linestyle() == "--" and list(line.get_xdata()) == [0, 1]]
    level = {line.get_ydata()[0] for line in across}
    assert level == set(found.loc[found["compared"], "median"]) and len(level) == 2
    assert {"uniform", "window, 64 local", "error 0.3"} <= {text.get_text() for text in right.texts}
    assert any(np.array_equal(line.get_xdata(), [262144.0] * 2) for line in right.lines)  # the cache
    assert all(line.get_color() == style.GREY for line in across)
    assert "Grey lines across: medians of baselines. " in figure.caption and "Dashed" not in figure.caption


def test_the_report_starts_with_the_answer(path, tmp_path, capsys):
    assert main([str(path), "-o", str(tmp_path), "--accept", "0.3"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[1].startswith("At error <= 0.3 against softmax (median of 12 heads")
    assert "Error of all heads (err_out_ref)" in said and "Error by layer (err_out_ref)" in said
    text, checker = page(tmp_path)
    assert all((tmp_path / link).exists() for link in checker.links)
    assert text.index("At error ≤ 0.3") < text.index("points done") and text.count("<figure>") == 1  # no grid for each head
    assert not (tmp_path / "critical.csv").exists()  # nothing in it
    layers = synthetic.read_csv(tmp_path / "layers.csv")
    assert len(layers) == LAYERS * 16 and np.array_equal(synthetic.read_csv(tmp_path / "heads.csv")["median"], polysweep.heads(
        polysweep.open(path))["median"])
    assert main([str(path), "-o", str(tmp_path), "--accept", "0.01"]) == 0
    assert "no exact kernel" in capsys.readouterr().out


def test_teams_have_one_curve_for_all_heads(tmp_path):
    """Three heads on each team, and of each repetition the median: seconds are those of the head between the others."""
    rows = []
    for row in scaled.strong_rows(np.random.default_rng(1), (8192,), reps=8):
        for head, factor in enumerate((1.0, 0.5, 3.0)):
            slower = {name: row[name] * factor for name in ("time_median_s", "time_lo_s", "time_hi_s", "samples")}
            rows.append({**row, **slower, "head": head, "data_kind": "file"})
    scaled.write(tmp_path / "t.h5", rows)
    assert main([str(tmp_path / "t.h5"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    table = synthetic.read_csv(tmp_path / "out" / "strong-scaling.csv")
    assert len(table) == 2 * 6 and table["time_s"].tolist() == pytest.approx([row["time_median_s"] for row in rows[::3]], rel=1e-15)
    assert table["slot"].tolist() == list(range(0, 36, 3))
    assert len(synthetic.read_csv(tmp_path / "out" / "strong-efficiency.csv")) == 12
    assert len(synthetic.read_csv(tmp_path / "out" / "roofline.csv")) == 12
    found, alone = polysweep.scaling.fits(pooled(polysweep.open(tmp_path / "t.h5"))), tmp_path / "alone.h5"
    scaled.write(alone, [{**row, "head": 0} for row in rows[::3]])
    expected = polysweep.scaling.fits(polysweep.open(alone))
    assert found["value"].tolist() == expected["value"].tolist() and found["lo"].tolist() == expected["lo"].tolist()


# ---- decoding ---------------------------------------------------------------------------------------------------------


def test_where_a_state_is_smaller_and_where_faster(tmp_path):
    lengths, local = (128, 512, 2048, 8192), 64
    synthetic.write(tmp_path / "d.h5", sketched.decode_study(lengths), own=sketched.OWN["decode"])
    found = polysweep.decode_table(polysweep.open(tmp_path / "d.h5"))
    assert found["method"].tolist() == ["polysketch"] * 2 and found["r"].tolist() == [8, 16]
    for row in found.itertuples():
        f = row.r * (row.r + 1) // 2
        assert row.state_n == pytest.approx(f * 33 * 4 / (64 * 2) + local, rel=1e-15)  # F (v + 1) s_state / ((d + v) s_cache) + u
        seconds = 1e3 * (1e6 * (1.2e-6 + 1e-8 * f) - 1)  # where 1e-6 + 1e-9 n is as much
        assert row.seconds_how == "inside" and row.seconds_n == pytest.approx(seconds, rel=0.15)  # lengths are four times apart
        assert row.seconds_gain == pytest.approx((1e-6 + 1e-9 * 8192) / (1.2e-6 + 1e-8 * f), rel=1e-12)
        assert row.flops_how == ("below" if 4 * f * 33 + 2 * local * 64 < 4 * 128 * 64 else "inside") and row.error == 8 / row.r
    assert polysweep.decode_table(polysweep.open(tmp_path / "d.h5"), against="softmax").equals(found)
    assert main([str(tmp_path / "d.h5"), "-o", str(tmp_path / "out"), "--quiet"]) == 0
    _, checker = page(tmp_path / "out")
    assert "Generating token by token" in checker.text and len(synthetic.read_csv(tmp_path / "out" / "decode.csv")) == 2


def test_a_file_without_decoding_has_no_such_table(ds):
    assert not len(polysweep.decode_table(ds))
