"""What xarray opens with engine="polysweep" is what polysweep.open reads, when it is looked at."""
import h5py
import numpy as np
import pytest
import synthetic
import xarray as xr

import polysweep
from polysweep import engine
from polysweep.engine import PolysweepBackend


@pytest.fixture
def reads(monkeypatch):
    """Names of columns that are read, each time they are."""
    seen, values = [], engine._values
    monkeypatch.setattr(engine, "_values", lambda dataset, key: seen.append(dataset.name[1:]) or values(dataset, key))
    return seen


@pytest.mark.parametrize("name", ["p1", "w2"])
def test_it_is_what_open_reads(name, request):
    """The second file has slots without a result, whose columns are blank."""
    path, whole = request.getfixturevalue(f"{name}_file"), request.getfixturevalue(name)
    ds = xr.open_dataset(path, engine=PolysweepBackend)
    xr.testing.assert_identical(ds.load(), whole)
    assert {each: ds[each].dtype for each in ds.variables} == {each: whole[each].dtype for each in whole.variables}
    xr.testing.assert_identical(polysweep.open(path, check=False).load(), whole)


def test_nothing_is_read_before_it_is_looked_at(reads, w2_file, w2):
    ds = xr.open_dataset(w2_file, engine=PolysweepBackend)
    assert not reads and ds.sizes["point"] == w2.sizes["point"]
    part = ds["success_rate"].isel(point=[10, 4, 4, 3])
    assert not reads
    np.testing.assert_array_equal(part.values, w2["success_rate"].values[[10, 4, 4, 3]])
    assert set(reads) == {"success_rate", "commit", "status"}
    reads.clear()
    assert str(ds["method"][3].values) == "exact" and float(ds["theory_success"][3]) != float(ds["theory_success"][3])
    assert (ds["n"][5:2:-1].values == 4096).all() and "success_rate" not in reads
    del part
    count = len(ds["n"].values), reads.count("n")
    assert (len(ds["n"].values), reads.count("n")) == count, "what was read stays"


def test_a_change_stays_in_memory(w2_file, w2):
    ds = xr.open_dataset(w2_file, engine=PolysweepBackend)
    ds["n"][0] = 3
    assert ds["n"].values[0] == 3 and xr.open_dataset(w2_file, engine=PolysweepBackend)["n"].values[0] == w2["n"].values[0]


def test_dropped_variables(w2_file):
    with pytest.raises(KeyError):
        xr.open_dataset(w2_file, engine=PolysweepBackend, drop_variables=["success_rate", "a"])["success_rate"]
    ds = xr.open_dataset(w2_file, engine=PolysweepBackend, drop_variables="done")
    assert "done" not in ds and "committed" in ds and "success_rate" in ds


def test_only_files_of_polysweep_are_claimed(p1_file, tmp_path):
    guess = PolysweepBackend().guess_can_open
    assert guess(p1_file) and guess(str(p1_file))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["commit"] = [1]
    (tmp_path / "text.h5").write_text("schema_name polysweep")
    (tmp_path / "short.h5").write_bytes(p1_file.read_bytes()[:4000])
    for path in (tmp_path / "other.h5", tmp_path / "text.h5", tmp_path / "short.h5", tmp_path, tmp_path / "none.h5", None, b"\x89HDF"):
        assert not guess(path)
    with pytest.raises(polysweep.FileError, match="other.h5: not a result file of polysweep"):
        xr.open_dataset(tmp_path / "other.h5", engine=PolysweepBackend)


def test_a_file_that_is_gone_is_named(tmp_path, p1_rows):
    synthetic.write(tmp_path / "x.h5", p1_rows[:3])
    ds = polysweep.open(tmp_path / "x.h5", columns=["success_rate"], check=False)
    (tmp_path / "x.h5").unlink()
    with pytest.raises(polysweep.FileError, match="x.h5: n cannot be read any more .*[Nn]o such file"):
        ds.variables["n"].load()
