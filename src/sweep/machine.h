/* sweep/machine: rates of this machine, measured at the start of a launch. */
#ifndef POLYSWEEP_SWEEP_MACHINE_H
#define POLYSWEEP_SWEEP_MACHINE_H

#include "polysweep/record.h"
#include "sweep/crew.h"

/* The same on every rank. Index: psw_precision, or for messages within a node, between nodes. NaN: not
 * measured. */
typedef struct sweep_machine {
    psw_rates rates;
    double product_flops_s[2], memory_byte_s, latency_s[2], byte_s[2];
} sweep_machine;

/* All ranks at once, as in a run; the slowest rank counts. Collective. PSW_NO_MEMORY. */
psw_status sweep_machine_measure(const psw_comm *world, const sweep_crew *crew, sweep_machine *machine);
void sweep_machine_record(const sweep_machine *machine, psw_launch *launch); /* into the launch's row */

#endif
