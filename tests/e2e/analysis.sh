#!/usr/bin/env bash
# The tests of the analysis package, with the Python that has it installed; arguments are pytest's (`-m long`).
set -euo pipefail
exec "$POLYSWEEP_PYTHON" -m pytest -q -p no:cacheprovider "$@" "$POLYSWEEP_SOURCE/analysis"
