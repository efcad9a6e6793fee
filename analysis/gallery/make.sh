#!/usr/bin/env bash
# The pictures of the README, from studies of this repository: bash analysis/gallery/make.sh [DIRECTORY]
#
# Runs the studies into DIRECTORY (gallery-out), where done points are kept, and draws them with the analysis package. Some
# minutes on two cores. PYTHON and POLYSWEEP in the environment name other programs than those of the quickstart.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$here/../..
python=${PYTHON:-$root/.venv/bin/python}
program=${POLYSWEEP:-$root/build/polysweep}
mkdir -p "${1:-gallery-out}"
cd "${1:-gallery-out}"

# picture, study, figure of its report
pictures="phase-beta-d quickstart phase-beta-d
noise noise success-beta
edges search edges
errors sketch error-state-1
crossover sketch cost-crossover"

cp "$root/jobs/quickstart.yaml" .
sed -n '/^```yaml file=noise.yaml/,/^```$/p' "$root/README.md" | sed '/^```/d' > noise.yaml
for kind in search sketch; do "$program" init $kind > $kind.yaml; done

for study in quickstart noise search sketch; do
    mpirun -n 2 "$program" run $study.yaml
    "$python" -m polysweep.report $study.h5 -o $study > $study.txt
done

while read -r picture study figure; do
    "$python" - "$study/$figure.png" "$here/$picture.png" <<'END'
import sys
from PIL import Image

# few colours, without dithering: a third of the size, and the type stays sharp
picture = Image.open(sys.argv[1]).convert("RGB")
picture.thumbnail((2000, 2000))
picture.quantize(96, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(sys.argv[2], optimize=True)
END
    echo "$picture.png: $(wc -c < "$here/$picture.png") bytes"
done <<< "$pictures"
