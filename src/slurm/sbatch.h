/* slurm/sbatch: the lines for sbatch that a user adds to a job script, --sbatch KEY=VALUE. */
#ifndef POLYSWEEP_SLURM_SBATCH_H
#define POLYSWEEP_SLURM_SBATCH_H

#include "polysweep/slurm.h"

/* Each KEY is an option of sbatch with a value where it takes one, or looks like one of the site's own; none is
 * decided by plan itself (nodes, ranks, threads). PSW_USAGE with the argument and the nearest key. */
psw_status slurm_sbatch_check(const psw_script_request *asked);
bool slurm_sbatch_has(const psw_script_request *asked, const char *key);
/* The value given to `key` last, "" for a flag; NULL: it was not given. */
const char *slurm_sbatch_value(const psw_script_request *asked, const char *key);
/* All of them, the last of each key, as "#SBATCH --key=value" lines, except the keys of `done` (NULL-terminated),
 * printed elsewhere. */
void slurm_sbatch_print(const psw_script_request *asked, const char *const *done, FILE *out);
void slurm_sbatch_line(const char *key, const char *value, FILE *out);

#endif
