#!/usr/bin/env bash
# cmake --install into any directory: what is there works from there, and the module files point there.
. "$(dirname "$0")/../e2e/common.sh"
prefix=$work/some/where
module=$prefix/share/polysweep/modulefiles/polysweep/$("$program" --version | awk '{print $2}')

expect 0 "Module files: $prefix/" cmake --install "$POLYSWEEP_BUILD" --prefix "$prefix"
expect 0 "^polysweep " "$prefix/bin/polysweep" --version
expect 0 "points" "$prefix/bin/polysweep" plan "$prefix/share/polysweep/jobs/quickstart.yaml"
expect 0 "points" "$prefix/bin/polysweep" plan "$prefix/share/polysweep/jobs/claims/degree.yaml"
expect 0 "^$prefix/share/polysweep/analysis/polysweep/" env PYTHONPATH="$prefix/share/polysweep/analysis" \
    "$python" -c 'import polysweep; print(polysweep.__file__)'
expect 0 "exit code 75" grep -h "exit code 75" "$prefix/share/man/man1/polysweep-run.1" "$prefix/share/man/man1/polysweep.1"
for made in bash-completion/completions/polysweep zsh/site-functions/_polysweep fish/vendor_completions.d/polysweep.fish \
    polysweep/study.schema.json; do
    expect 0 "" test -s "$prefix/share/$made"
done
installed=$(cd "$prefix/share/polysweep/jobs" && echo slurm*)
[ "$installed" = "slurm-array-parts.sh slurm-array.sh slurm-chain.sh slurm-largest.sh slurm-nodes.sh slurm-one-node.sh" ] || complain "job scripts: $installed"
for file in "$module" "$module.lua"; do
    grep -q "prefix.*$prefix\"" "$file" || complain "$file does not point at $prefix"
    if grep -n '@' "$file" >&2; then complain "$file is not filled in"; fi
done

# where there are modules, they load: PATH and the rest come and go
script='module use "$1" && module load polysweep && command -v polysweep && ls "$POLYSWEEP_JOBS/quickstart.yaml" &&
        module unload polysweep && ! command -v polysweep'
for start in /usr/share/lmod/lmod/init/bash /usr/share/modules/init/bash; do
    [ ! -e "$start" ] || expect 0 "^$prefix/bin/polysweep" \
        env -u BASH_ENV PATH=/usr/bin:/bin bash -c ". $start; $script" - "$prefix/share/polysweep/modulefiles"
done

# what was loaded when it was configured is loaded before it
mkdir again
sed -e 's/foreach(module )/foreach(module gcc\/12.2 openmpi)/' "$POLYSWEEP_BUILD/fill.cmake" >again/fill.cmake
expect 0 "" cmake -DCMAKE_INSTALL_PREFIX="$work/again" -P again/fill.cmake
again=$work/again/${module#"$prefix"/}
grep -qx 'depends_on("gcc/12.2")' "$again.lua" || complain "no gcc in $again.lua"
grep -qx 'module load openmpi' "$again" || complain "no openmpi in $again"
finish
