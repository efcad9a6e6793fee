/* sweep/machine: the speeds of this machine, for a launch. */
#ifndef POLYSWEEP_SWEEP_MACHINE_H
#define POLYSWEEP_SWEEP_MACHINE_H

#include "sweep/crew.h"
#include "sweep/given.h"

/* The same on every rank: kept ones, or measured by all ranks at once. `needed`: something is left to compute; else
 * nothing is measured unless it is asked for. *own: speed of this rank's node over the slowest's, left as it is where
 * that is not known. Collective. PSW_NO_MEMORY. */
psw_status sweep_machine_find(const sweep_given *given, const sweep_crew *crew, bool needed, psw_speeds *speeds,
                              double *own);
void sweep_machine_record(const psw_speeds *speeds, psw_launch *launch); /* into the launch's row */

#endif
