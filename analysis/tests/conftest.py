import pathlib

import matplotlib.figure
import numpy as np
import pytest
import synthetic

import polysweep


@pytest.fixture
def undrawn(monkeypatch):
    """Figures of a report are made and not drawn, their pictures are empty: for tests of its words, tables and links."""
    monkeypatch.setattr(matplotlib.figure.Figure, "draw_without_rendering", lambda self: None)
    monkeypatch.setattr(matplotlib.figure.Figure, "savefig", lambda self, path, **_: pathlib.Path(path).write_bytes(b""))


@pytest.fixture(scope="session")
def p1_rows():
    """P1 and P2 over n, small: 2 presets x 4 lengths x 12 degrees and the two baselines."""
    return synthetic.fill(synthetic.points(["P1", "P2"], ["exact", "softmax", "linear"], range(1, 13), [64, 128, 256, 512],
                                           [34], lambda n: int(np.ceil(8 * np.log(n))), 200))


@pytest.fixture(scope="session")
def p1_file(p1_rows, tmp_path_factory):
    path = tmp_path_factory.mktemp("p1") / "p1.h5"
    synthetic.write(path, p1_rows)
    return path


@pytest.fixture(scope="session")
def w2_file(tmp_path_factory):
    """A window over (beta, d); three slots without a result."""
    path = tmp_path_factory.mktemp("w2") / "w2.h5"
    listed = synthetic.points(["W2"], ["exact", "softmax", "linear"], [2, 4, 6, 8, 16, 32, 48, 64, 96], [4096],
                              [18, 66, 130, 258], 67, 60)
    unfinished = {3: "running", 10: "empty", 13: "failed"}
    synthetic.write(path, synthetic.fill(listed, unfinished=unfinished), predict=["predict_mine"],
                    failures=[(13, 1, "attend", "not enough memory")])
    return path


@pytest.fixture(scope="session")
def p1(p1_file):
    return polysweep.open(p1_file)


@pytest.fixture(scope="session")
def w2(w2_file):
    return polysweep.open(w2_file)
