/* Nodes of different speed: how much is left to faster ones, by what the schedule says of it. */
#include <math.h>

#include "polysweep/plan.h"

psw_status psw_runs_lean(psw_runs *runs, const psw_split *split)
{
    static const double firsts[] = {INFINITY, 1, 0.5, 0.25, 0.125}, lasts[] = {0, 0.25, 0.5, 1};
    psw_lean best = runs->lean;
    double best_s = INFINITY;
    if (!runs->classes || runs->classes->count < 2) return PSW_OK;
    for (int i = 0; i < 20; i++) {
        psw_schedule s;
        runs->lean = (psw_lean){firsts[i / 4], lasts[i % 4]};
        PSW_TRY(psw_schedule_simulate(runs, split, INFINITY, &s, NULL));
        if (s.finish_s < best_s) best = runs->lean, best_s = s.finish_s;
    }
    runs->lean = best;
    return PSW_OK;
}
