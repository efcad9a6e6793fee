"""Where the result of a study file is, by runs of the program."""
import os
import pathlib

import pytest

import polysweep

BUILD = os.environ.get("POLYSWEEP_BUILD")
pytestmark = pytest.mark.skipif(not BUILD, reason="POLYSWEEP_BUILD names no build of the program")
STUDY = "schema: 1\nstudy: another\n{}methods: [exact]\ndata: {{kind: gaussian}}\ngrid: {{n: 64, d: 8, beta: [2, 4]}}\n"


def run(output="", **named):
    pathlib.Path("st.yaml").write_text(STUDY.format(output))
    return polysweep.run("st.yaml", ranks=1, program=pathlib.Path(BUILD) / "polysweep", **named)


@pytest.mark.parametrize("output, options, file", [
    ("", [], "another.h5"), ("output: {file: elsewhere.h5}\n", [], "elsewhere.h5"),
    ("output: {file: elsewhere.h5}\n", ["-q"], "elsewhere.h5"),
    ("output: {file: sub/far.h5}\n", [], "sub/far.h5"), ("output: {file: elsewhere.h5}\n", ["-o", "x.h5"], "x.h5")])
def test_the_file_is_the_one_that_the_study_names(tmp_path, monkeypatch, output, options, file):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    (tmp_path / "st.h5").write_bytes(b"another file")
    ds = run(output, options=options)
    assert ds.attrs["path"] == file and ds.sizes["point"] == 2 and ds["done"].all()
    again = run(output, options=options)
    assert again.attrs["path"] == file and (again["attempt"] == 1).all()
    assert {str(each.relative_to(tmp_path)) for each in tmp_path.rglob("*.h5")} == {"st.h5", file}
    assert output or run(file="named.h5").attrs["path"] == "named.h5"


def test_a_file_that_nobody_names_is_said(tmp_path, monkeypatch):
    """Nothing on stderr, and no sidecar where the call is."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "sub").mkdir()
    with pytest.raises(FileNotFoundError, match="name it with file="):
        run("output: {file: sub/far.h5}\n", options=["-q"])
