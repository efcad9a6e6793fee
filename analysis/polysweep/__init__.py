"""Offline reader, tables and figures for the result files of the polysweep program.

    import polysweep
    ds = polysweep.open("phase.h5")        # one entry per grid point, dimension `point`
    cube = polysweep.grid(ds)              # the axes that vary, as dimensions
    polysweep.pick(cube.success_rate, method="exact", n=1024)

What a name needs (pandas, xarray, scipy, matplotlib) is imported when the name is first used.
"""
import importlib as _importlib
import os as _os
import sys as _sys
import types as _types
import typing as _typing

# A reader must not take a lock that a running sweep, or a shared file system, would trip over. HDF5 looks at the
# variable when it opens its first file, so it has to be there before h5py is imported.
_os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

if _typing.TYPE_CHECKING:
    from . import plot, scaling
    from .capture import capture, capture_arrays
    from .claims import claims
    from .compare import compare
    from .conjectures import counterexamples
    from .critical import critical
    from .decode import decode_table
    from .edge_fit import edge_fits
    from .edge_tables import statement
    from .edges import edges, open_edges
    from .foreign import FileError
    from .grid import axes, grid
    from .heads import heads
    from .pick import pick
    from .read import failures, open, provenance
    from .residuals import residuals
    from .rows import rows
    from .run import RunError, run

__all__ = ["open", "provenance", "failures", "rows", "grid", "axes", "pick", "compare", "critical", "scaling", "plot", "capture",
           "capture_arrays", "run", "RunError", "heads", "decode_table", "FileError", "edges", "open_edges", "edge_fits", "statement",
           "claims", "counterexamples", "residuals"]
__version__ = "0.5.0"  # the only place: CMakeLists.txt and pyproject.toml read this line

#: {module: what of it is public here}; modules themselves are attributes, too, but for those of the name of a function
_PUBLIC = {"capture": "capture capture_arrays", "claims": "claims", "compare": "compare", "conjectures": "counterexamples",
           "critical": "critical", "decode": "decode_table", "edge_fit": "edge_fits", "edge_tables": "statement",
           "edges": "edges open_edges", "foreign": "FileError", "grid": "axes grid", "heads": "heads", "pick": "pick",
           "read": "failures open provenance", "residuals": "residuals", "rows": "rows", "run": "RunError run"}
_HOME = {name: module for module, names in _PUBLIC.items() for name in names.split()}


class _Package(_types.ModuleType):
    """An import sets the module `polysweep.grid` as attribute of the package; the function of that name stays what it is."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, _types.ModuleType)):
            super().__setattr__(name, value)


_sys.modules[__name__].__class__ = _Package


def __getattr__(name: str) -> _typing.Any:
    if name in _HOME:
        found = getattr(_importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
        globals()[name] = found
        return found
    if not name.startswith("_"):
        module = f"{__name__}.{name}"
        try:
            return _importlib.import_module(module)
        except ModuleNotFoundError as why:
            if why.name != module:
                raise
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}", name=name, obj=_sys.modules[__name__])


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
