"""What a run was made on and with: processor, vectors, caches, versions, commit; and the environment that every process gets."""
from __future__ import annotations

import json
import os
import pathlib
import platform
import shutil
import subprocess

#: flags of a processor that decide which kernels run on it
VECTORS = ("sse2", "avx", "avx2", "fma", "avx512f", "avx512bw", "avx512dq", "avx512vl", "avx512_bf16", "amx_tile", "asimd", "sve", "sve2")
#: what would choose kernels, threads or places for one side and not for the other
CLEANED = ("OPENBLAS_", "GOTO_", "BLIS_", "MKL_", "OMP_", "KMP_", "GOMP_", "XLA_", "JAX_", "ATEN_", "ONEDNN_", "DNNL_", "NPY_",
           "POLYSWEEP_TARGET", "PYTHONPATH", "LD_PRELOAD")
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "BLIS_NUM_THREADS": "1",
              "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false", "NPROC": "1"}
#: --target: every side keeps to these vectors, each by a variable of its own
TARGETS = {
    "avx2": {"POLYSWEEP_TARGET": "avx2", "OPENBLAS_CORETYPE": "Haswell", "MKL_ENABLE_INSTRUCTIONS": "AVX2", "ONEDNN_MAX_CPU_ISA": "AVX2",
             "ATEN_CPU_CAPABILITY": "avx2", "XLA_FLAGS": f"{ONE_THREAD['XLA_FLAGS']} --xla_cpu_max_isa=AVX2"},
    "avx512": {"POLYSWEEP_TARGET": "avx512"},
}


def environment(target=None):
    """That of the caller without what would choose for one side, one thread for all, and the vectors that were asked for."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(CLEANED)}
    return {**kept, **ONE_THREAD, **TARGETS.get(target, {})}


def words_of(command, **options):
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=60, **options).stdout.strip()
    except (OSError, subprocess.TimeoutExpired):
        return ""


def processor():
    """Model, family and caches by lscpu; the flags of VECTORS."""
    if not shutil.which("lscpu"):
        return {"model": platform.processor() or platform.machine(), "vectors": []}
    facts = {row["field"].strip().rstrip(":"): row["data"] for row in flat(json.loads(words_of(["lscpu", "-J"]) or "{}").get("lscpu", []))}
    flags = facts.get("Flags", "").split()
    wanted = {"architecture": "Architecture", "cores": "CPU(s)", "family": "CPU family", "number": "Model", "stepping": "Stepping",
              "L1d": "L1d cache", "L2": "L2 cache", "L3": "L3 cache", "hypervisor": "Hypervisor vendor"}
    return {"model": facts.get("Model name", platform.machine()), "vectors": [flag for flag in VECTORS if flag in flags],
            **{name: facts[field] for name, field in wanted.items() if field in facts}}


def flat(rows):
    for row in rows:
        yield row
        yield from flat(row.get("children", []))


def governor(core):
    path = pathlib.Path(f"/sys/devices/system/cpu/cpu{core}/cpufreq/scaling_governor")
    return path.read_text().strip() if path.exists() else "unknown"


def machine(core, place="."):
    return {"processor": processor(), "core": core, "governor": governor(core), "system": platform.platform(),
            "files": words_of(["stat", "-f", "-c", "%T", str(place)]) or "unknown",
            "memory_bytes": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")}


def program(where, build):
    """What `doctor` says of a build: processor, vectors, tiles, BLAS."""
    try:
        _, text = where.call([where.program(build), "doctor", "--json"])
    except Exception as error:
        return {"path": str(where.builds.get(build)), "doctor": str(error)}
    findings = json.loads(text.splitlines()[-1])["findings"]
    return {"path": str(where.builds[build]), "doctor": [f"{f['topic']}: {f['text']}" for f in findings
                                                         if f["topic"] in ("cpu", "build", "blas", "mpi", "hdf5")]}


def commit(source):
    found = words_of(["git", "-C", str(source), "rev-parse", "--short=12", "HEAD"])
    changed = words_of(["git", "-C", str(source), "status", "--porcelain", "--untracked-files=no"])
    return {"commit": found or "unknown", "changed": bool(changed)}
