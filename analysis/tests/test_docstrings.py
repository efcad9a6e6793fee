"""Docstrings of what is public: in numpydoc's form, of every parameter, with examples that are true."""
import doctest

import pytest
import sketched
import synthetic
import test_rows

import polysweep

validate = pytest.importorskip("numpydoc.validate").validate

#: rules that are not followed: an extended summary and a section See Also in every docstring, text below the quotes, results without
#: names, and a summary in the imperative
LEFT = {"ES01", "SA01", "GL01", "RT02", "SS05"}
NAMES = [name for name in polysweep.__all__ if name not in ("scaling", "plot")]  # modules


@pytest.mark.parametrize("name", NAMES)
def test_form(name):
    found = validate(f"polysweep.{name}")
    assert [error for error in found["errors"] if error[0] not in LEFT] == []


@pytest.fixture(scope="module")
def names(tmp_path_factory):
    """What examples may use: a curve, heads against a reference, a file that keeps rows, and a folder."""
    folder = tmp_path_factory.mktemp("examples")
    listed = synthetic.points(["P1"], ["exact", "softmax", "linear"], [2, 4, 6], [64, 128], [10], 8, 200)
    synthetic.write(folder / "phase.h5", synthetic.fill(listed))
    synthetic.write(folder / "heads.h5", sketched.reference_study(3, 4), own=sketched.OWN["reference"])
    return {"polysweep": polysweep, "path": folder / "phase.h5", "references": folder / "heads.h5", "folder": folder,
            "kept": test_rows.write(folder / "kept.h5")}


@pytest.mark.parametrize("name", NAMES)
def test_examples_are_true(name, names):
    found = doctest.DocTestFinder(recurse=False).find(getattr(polysweep, name), name, globs=dict(names))
    assert sum(len(each.examples) for each in found), "an example"
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    said = []
    for each in found:
        runner.run(each, out=said.append)
    assert not runner.failures, "".join(said)
