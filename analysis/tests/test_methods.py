import h5py
import synthetic

import polysweep
from polysweep.methods import BEFORE_ATTRIBUTES, facts


def test_files_without_the_attributes_have_the_methods_of_their_time(p1):
    assert facts(p1) is BEFORE_ATTRIBUTES
    assert list(BEFORE_ATTRIBUTES.index) == synthetic.WORDS["method"][:synthetic.WORDS["method"].index(synthetic.OLDEST) + 1]


def test_attributes_say_what_a_file_knows(p1_file, tmp_path):
    """Also of a method that this package has never heard of: here the third is one."""
    path, expected = tmp_path / "new.h5", BEFORE_ATTRIBUTES.rename(index={"linear": "cubic"})
    expected.loc["cubic", "kernel"] = "other"
    path.write_bytes(p1_file.read_bytes())
    with h5py.File(path, "r+") as file:
        attributes = file["method"].attrs
        attributes["flag_meanings"] = " ".join(expected.index)
        attributes["flag_folds"], attributes["flag_kernels"] = " ".join(expected["folds"]), " ".join(expected["kernel"])
        for name in ("degree", "random", "bitwise"):
            attributes[f"flag_{name}"] = expected[name].to_numpy("u1")
    ds = polysweep.open(path)
    assert facts(ds).equals(expected)
    other = ds.copy(deep=True)
    other["success_hi"].values[other["method"].values == "cubic"] *= 1 - 1e-13
    strict, loose = (polysweep.compare(ds, other, same_build=build).set_index("column") for build in (True, False))
    assert not strict.loc["success_hi", "agrees"] and loose.loc["success_hi", "agrees"]  # its bits are promised
