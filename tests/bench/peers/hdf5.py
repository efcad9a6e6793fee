"""A plain writer: h5py, one dataset of doubles laid out beforehand, written piece by piece as the program writes kept rows."""
import os
import time

import h5py
import numpy as np


def about():
    return {"version": h5py.__version__, "hdf5": h5py.version.hdf5_version}


def write(total, piece, place):
    data, count = np.random.default_rng(1).standard_normal(piece // 8), total // piece
    path = os.path.join(place, "plain.h5")

    def call():
        with h5py.File(path, "w") as file:
            rows = file.create_dataset("rows", (count * len(data),), "f8", fillvalue=np.nan)
            rows[:] = np.nan  # laid out: space exists before it is written, as in a result file
            start = time.perf_counter()
            for i in range(count):
                rows[i * len(data):(i + 1) * len(data)] = data
            seconds = time.perf_counter() - start
        os.remove(path)
        return seconds

    return call


JOBS = {"write": write}
