/* plan/choose: the depth of each run, and the order in which runs are taken. */
#ifndef POLYSWEEP_PLAN_CHOOSE_H
#define POLYSWEEP_PLAN_CHOOSE_H

#include "plan/fitting.h"

/* Sorts by depth, then longest first, then first slot; fills first and predicted_s. `levels` NULL: one depth. */
void plan_choose_order(psw_runs *runs, const psw_level *levels);

/* Gives each run of the list its depth, its cost there, and orders them. In: predicted_s on one rank, team asked
 * for, refused where a run may be too large for a rank. fitting: of the choice and memory of `cut`. finish_s: of
 * the simulated schedule. On failure the list is
 * unusable, but must be freed. */
psw_status plan_choose_depths(const psw_study *study, const psw_rates *rates, const psw_cut *cut, plan_fitting *fitting,
                              psw_runs *runs, double *finish_s);

#endif
