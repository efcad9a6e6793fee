import numpy as np
import synthetic

import polysweep


def changed(rows, tmp_path, name, change):
    rows = [dict(row) for row in rows]
    change(rows)
    synthetic.write(tmp_path / name, rows)
    return tmp_path / name


def test_a_file_agrees_with_itself_whatever_the_times(p1_file, p1_rows, tmp_path):
    def slower(rows):
        for row in rows:
            row["time_median_s"] *= 3

    found = polysweep.compare(p1_file, changed(p1_rows, tmp_path, "slow.h5", slower))
    assert found["agrees"].all() and found.attrs["points"] == 112 and found.attrs["same_build"]
    assert "successes" in set(found["column"]) and not {"time_median_s", "commit", "launch"} & set(found["column"])


def test_one_last_bit_is_seen_in_one_build_and_allowed_across(p1_file, p1_rows, tmp_path):
    def last_bit(rows):
        rows[4]["special_mass_d1"] = np.nextafter(rows[4]["special_mass_d1"], 1)

    other = changed(p1_rows, tmp_path, "bit.h5", last_bit)
    found = polysweep.compare(p1_file, other).set_index("column")
    assert not found.loc["special_mass_d1", "agrees"] and found.loc["special_mass_d1", "outside"] == 1
    assert found["agrees"].sum() == len(found) - 1
    assert polysweep.compare(p1_file, other, same_build=False)["agrees"].all()


def test_what_is_not_bitwise_is_held_to_its_tolerance(p1_rows, tmp_path):
    def error(factor):
        def change(rows):
            for row in rows:
                row["err_out"] = 0.25 * factor

        return changed(p1_rows, tmp_path, f"{factor}.h5", change)

    found = {factor: polysweep.compare(error(1), error(factor)).set_index("column") for factor in (1 + 1e-12, 1 + 1e-7)}
    assert found[1 + 1e-12]["agrees"].all()  # in one build, of a row fold: no bits are promised
    assert found[1 + 1e-7]["agrees"].sum() == len(found[1 + 1e-7]) - 1 and not found[1 + 1e-7].loc["err_out", "agrees"]


def test_a_weight_rounded_otherwise_is_allowed_in_formats_that_round(p1_rows, tmp_path):
    """Twice the unit roundoff for a sum over keys, beside what single precision has; nothing more for theory."""
    def file(precision, mass, theory):
        def change(rows):
            for row in rows:
                row.update(precision=precision, special_mass_d1=0.5 * mass, theory_special_mass_d1=0.5 * theory)

        return changed(p1_rows, tmp_path, f"{precision}-{mass}-{theory}.h5", change)

    for precision, allowed in (("fp32", 5e-6), ("bf16", 5e-6 + 2.0**-7), ("fp16", 5e-6 + 2.0**-10)):
        one, near, far, theory = (file(precision, 1 + x, 1 + y)
                                  for x, y in ((0, 0), (0.99 * allowed, 0), (1.02 * allowed, 0), (0, 1e-6)))
        assert polysweep.compare(one, near, same_build=False)["agrees"].all()
        for other, column in ((far, "special_mass_d1"), (theory, "theory_special_mass_d1")):
            assert list(polysweep.compare(one, other, same_build=False).query("not agrees")["column"]) == [column]


def test_what_counted_less_once_is_not_held_against_it(p1_rows, tmp_path):
    def counting(bad, of):
        def change(rows):
            for row in rows:
                row.update(bad_rows=bad, **of)

        return changed(p1_rows, tmp_path, f"{bad}-{len(of)}.h5", change)

    old, new, other = counting(0, {}), counting(7, {"den_rows": 64}), counting(8, {"den_rows": 64})
    assert polysweep.compare(old, new)["agrees"].all() and polysweep.compare(new, old)["agrees"].all()
    assert list(polysweep.compare(new, other).query("not agrees")["column"]) == ["bad_rows"]


def test_points_are_matched_by_value_not_by_slot(p1_file, p1_rows, tmp_path):
    found = polysweep.compare(p1_file, changed(p1_rows, tmp_path, "turned.h5", lambda rows: rows.reverse()))
    assert found["agrees"].all() and found.attrs["points"] == 112


def test_only_what_is_done_in_both(p1_file, p1_rows, tmp_path):
    def some(rows):
        del rows[:7]
        rows[0]["status"] = "empty"

    found = polysweep.compare(p1_file, changed(p1_rows, tmp_path, "part.h5", some))
    assert found.attrs["points"] == 104 and found.attrs["only_a"] == 8 and found.attrs["only_b"] == 0


def test_a_number_on_one_side_only(p1_file, p1_rows, tmp_path):
    def lost(rows):
        rows[2]["gap"] = np.nan

    found = polysweep.compare(p1_file, changed(p1_rows, tmp_path, "nan.h5", lost), same_build=False).set_index("column")
    assert not found.loc["gap", "agrees"] and np.isinf(found.loc["gap", "largest"])


def test_nothing_in_common_is_no_agreement(p1_file, p1_rows, tmp_path):
    def other(rows):
        del rows[5:]
        for row in rows:
            row["d"] = 7

    found = polysweep.compare(p1_file, changed(p1_rows, tmp_path, "other.h5", other))
    assert str(found) == "no point in common (112 only in a, 5 only in b)"
    assert "112 points: all" in str(polysweep.compare(p1_file, p1_file))
