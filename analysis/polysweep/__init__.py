"""Offline reader, tables and figures for the result files of the polysweep program.

    import polysweep
    ds = polysweep.open("phase.h5")        # one entry per grid point, dimension `point`
    cube = polysweep.grid(ds)              # the axes that vary, as dimensions
    cube.success_rate.sel({"method": "exact", "n": 1024})
"""
import os as _os

# A reader must not take a lock that a running sweep, or a shared file system, would trip over. HDF5 looks at the
# variable when it opens its first file, so it has to be there before h5py is imported.
_os.environ.setdefault("HDF5_USE_FILE_LOCKING", "FALSE")

from . import scaling  # noqa: E402
from .capture import capture, capture_arrays  # noqa: E402
from .claims import claims  # noqa: E402
from .compare import compare  # noqa: E402
from .conjectures import counterexamples  # noqa: E402
from .critical import critical  # noqa: E402
from .decode import decode_table  # noqa: E402
from .edge_fit import edge_fits  # noqa: E402
from .edge_tables import statement  # noqa: E402
from .edges import edges, open_edges  # noqa: E402
from .foreign import FileError  # noqa: E402
from .grid import axes, grid  # noqa: E402
from .heads import heads  # noqa: E402
from .read import failures, open, provenance  # noqa: E402, A004
from .residuals import residuals  # noqa: E402
from .rows import rows  # noqa: E402
from .run import RunError, run  # noqa: E402

__all__ = ["open", "provenance", "failures", "rows", "grid", "axes", "compare", "critical", "scaling", "capture", "capture_arrays",
           "run", "RunError", "heads", "decode_table", "FileError", "edges", "open_edges", "edge_fits", "statement", "claims",
           "counterexamples", "residuals"]
__version__ = "0.5.0"
