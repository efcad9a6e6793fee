"""Files of scaling studies: times that follow a stated law, with noise of a stated kind, raw repetitions kept.

To try the figures: python scaled.py OUT.h5 strong|weak
"""
import sys

import h5py
import numpy as np
import synthetic
from scipy.stats import gamma

from polysweep.models import LAWS
from polysweep.samples import median_interval

TEAMS = (1, 2, 4, 8, 16, 32)
PEAK = 40.0  # GFLOP/s of a rank


def noise(random, kind, spread, shape):
    """Multiplicative noise of median 1: log-normal, or gamma of this coefficient of variation."""
    if kind == "lognormal":
        return random.lognormal(0, spread, shape)
    return random.gamma(1 / spread ** 2, 1, shape) / gamma.median(1 / spread ** 2)


def timed(random, law, parameters, base_s, team, reps=20, spread=0.03, kind="lognormal"):
    """Seconds of `reps` repetitions on `team` ranks."""
    return base_s * LAWS[law].g(float(team), np.array(parameters)) * noise(random, kind, spread, reps)


def point(method, n, team, seconds, timing="alone", **more):
    """A row of the file, timed; busy times as an imbalance that grows slowly and communication that grows faster."""
    d, flops = 64, (4.0 * n * n * 64 if method == "exact" else 6e5 * n)
    middle, lo, hi = median_interval(seconds)
    balance, comm = 1 - 0.01 * np.log2(team), 1 / (1 + 0.012 * (team - 1))
    return dict(method=method, beta=8.0, n=n, d=d, v=d, block=512, precision="fp64", seed=7, data_kind="gaussian",
                team_asked=team, team=team, nodes=1, idle=0, timing=timing, time_median_s=float(middle), time_lo_s=float(lo),
                time_hi_s=float(hi), samples=seconds, flops=flops,
                bytes=24.0 * n * d * 8 * (n / 512 if method == "exact" else 4), gflops=flops / middle / 1e9,
                peak_gflops=PEAK, predicted_s=float(middle), predicted_pass_s=float(middle) * (1 + 0.1 * np.sin(n + team)),
                load_balance=balance, comm_efficiency=comm, parallel_efficiency=balance * comm, sent_bytes=8.0 * n * d * team,
                comm_s=float(middle) * (1 - comm), start_s=0.0, end_s=float(seconds.sum()), first_rank=0, head_s=0.0, **more)


def strong_rows(random, lengths=(8192, 32768), teams=TEAMS, reps=20, timing="alone"):
    """Exact attention by the USL, a sketch by Amdahl's law."""
    rows = []
    for method, law, parameters in (("exact", "usl", (0.03, 0.0005)), ("polysketch", "amdahl", (0.08,))):
        for n in lengths:
            base = 1e-8 * n * n if method == "exact" else 2e-5 * n
            more = dict(r=16, features=136, draws=1) if method == "polysketch" else {}
            rows += [point(method, n, team, timed(random, law, parameters, base, team, reps), timing, **more)
                     for team in teams]
    return rows


def weak_rows(random, base_n=4096, teams=TEAMS, reps=20):
    """n grows with the square root of P for exact, with P for a sketch; own time by Gustafson's law."""
    rows = []
    for method, grow, s in (("exact", lambda p: p ** 0.5, 0.12), ("polysketch", lambda p: p, 0.05)):
        more = dict(r=16, features=136, draws=1) if method == "polysketch" else {}
        for team in teams:
            n = int(round(base_n * grow(team) / 32)) * 32
            rows.append(point(method, n, team, timed(random, "gustafson", (s,), 0.5, team, reps), **more))
    return rows


def write(path, rows, bandwidth=None):
    """As `synthetic.write`, with the repetitions as time_s(point, rep) where rows have them."""
    kept = [row.get("samples", ()) for row in rows]
    synthetic.write(path, [{name: value for name, value in row.items() if name != "samples"} for row in rows])
    most = max(map(len, kept))
    with h5py.File(path, "r+") as file:
        scale = file.create_dataset("rep", data=np.arange(most, dtype="i4"))
        scale.make_scale("rep")
        values = np.full((len(rows), most), np.nan)
        for slot, seconds in enumerate(kept):
            values[slot, :len(seconds)] = seconds
        item = file.create_dataset("time_s", data=values)
        item.dims[0].attach_scale(file["point"])
        item.dims[1].attach_scale(scale)
        item.attrs.update(units="s", long_name="seconds of a repetition", reproducibility="none", _FillValue=np.nan)
        if bandwidth:
            file["provenance/launches/memory_bytes_s"] = np.full(file["provenance/launches/number"].shape, bandwidth)


if __name__ == "__main__":
    generator = np.random.default_rng(1)
    write(sys.argv[1], {"strong": strong_rows, "weak": weak_rows}[sys.argv[2]](generator))
