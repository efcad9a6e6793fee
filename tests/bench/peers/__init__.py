"""What the program is compared with: one small module a peer, which runs in a process of its own (worker.py).

A module has `about()`, what is installed, as a dict of texts (ImportError or Missing: it is not), and JOBS: name -> function of the
job's sizes that makes inputs and returns what is then timed: a call without arguments. A call that returns a number has timed
itself, in seconds."""

#: name of a peer for people -> its module here
PEERS = {
    "numpy": "blas", "register loop": "loop", "torch": "pytorch", "jax": "xla", "scikit-learn": "scikit",
    "numpy polysketch": "sketching", "ior": "ior", "h5py": "hdf5",
}


class Missing(Exception):
    """A peer that is not a Python package is not here; the text says what is missing."""


def precision(name):
    return {"fp32": "float32", "fp64": "float64"}[name]
