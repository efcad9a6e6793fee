"""What `import polysweep` costs, and that functions keep their names whatever is imported first."""
import os
import subprocess
import sys

import pytest

import polysweep

HEAVY = {"h5py", "jinja2", "matplotlib", "numpy", "pandas", "scipy", "xarray"}


def imported(code):
    """The heavy packages that are there after `code`, in a fresh interpreter."""
    code += "\nimport sys; print(*sorted({name.split('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                          env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})
    assert done.returncode == 0, done.stderr
    return HEAVY & set(done.stdout.split())


def test_the_package_alone_imports_nothing_heavy():
    assert imported("import polysweep; polysweep.__version__, dir(polysweep), polysweep.FileError") == set()


def test_reading_a_file_needs_neither_scipy_nor_matplotlib(p1_file):
    assert imported(f"import polysweep; polysweep.grid(polysweep.open({str(p1_file)!r}))") == {"h5py", "numpy", "pandas", "xarray"}


def test_locking_is_off_before_hdf5_is_there():
    code = """import os, sys
os.environ.pop('HDF5_USE_FILE_LOCKING', None)
class Watch:
    def find_spec(self, name, *_):
        assert name != 'h5py' or os.environ.get('HDF5_USE_FILE_LOCKING') == 'FALSE', 'too late'
sys.meta_path.insert(0, Watch())
import polysweep.READ"""
    for module in ("read", "guard", "hdf", "engine"):
        assert "h5py" in imported(code.replace("READ", module))


def test_every_public_name_is_there():
    assert set(polysweep.__all__) <= set(dir(polysweep))
    assert set(polysweep._HOME) == set(polysweep.__all__) - {"plot", "scaling"}
    for name in polysweep.__all__:
        found = getattr(polysweep, name)
        assert name in ("plot", "scaling") or callable(found), name
        assert name in ("plot", "scaling") or found.__module__ == f"polysweep.{polysweep._HOME[name]}", name


def test_a_module_does_not_take_the_place_of_its_function():
    code = """import importlib, polysweep
for module in set(polysweep._HOME.values()):
    importlib.import_module(f"polysweep.{module}")
assert all(callable(getattr(polysweep, name)) for name in polysweep._HOME)
import polysweep.cases
from polysweep import grid
from polysweep.grid import axes
assert grid is polysweep.grid and callable(grid) and axes is polysweep.axes
assert polysweep.samples.__name__ == "polysweep.samples" """
    subprocess.run([sys.executable, "-c", code], check=True, env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)})


def test_what_is_not_there():
    with pytest.raises(AttributeError, match="module 'polysweep' has no attribute 'gird'"):
        polysweep.gird
    with pytest.raises(ImportError):
        from polysweep import nothing  # noqa: F401
