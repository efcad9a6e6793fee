/* sweep/runs: the slots that this launch computes, divided into runs. */
#ifndef POLYSWEEP_SWEEP_RUNS_H
#define POLYSWEEP_SWEEP_RUNS_H

#include "sweep/machine.h"
#include "sweep/slots.h"

typedef struct sweep_runs {
    psw_runs usual, quarantined; /* quarantined: each point a run, after all others, one at a time */
    psw_runs again;              /* likewise, before these: points that took too long; cut once they are known */
    ptrdiff_t most_slots;        /* that a run may have */
} sweep_runs;

/* The same on every rank. Collective over the world. Must be freed whatever it returns: PSW_NO_MEMORY, PSW_USAGE. */
psw_status sweep_runs_cut(const sweep_given *given, const sweep_slots *slots, const psw_rates *rates,
                          const sweep_crew *crew, sweep_runs *runs);
/* The slots whose part is now SWEEP_PART_AGAIN. Collective over the world, as sweep_runs_cut. */
psw_status sweep_runs_cut_again(const sweep_given *given, const sweep_slots *slots, const psw_rates *rates,
                                const psw_split *split, sweep_runs *runs);
/* The points that are wanted: runs of one each. Collective over the world, as sweep_runs_cut. */
psw_status sweep_runs_cut_points(const sweep_given *given, const unsigned char *wanted, const psw_rates *rates,
                                 const psw_split *split, sweep_runs *runs);
void sweep_runs_free(sweep_runs *runs);

double sweep_runs_points(const sweep_runs *runs); /* of all runs */

#endif
