/* measure/cores: which cores a node has, and which this process may run on. */
#ifndef POLYSWEEP_MEASURE_CORES_H
#define POLYSWEEP_MEASURE_CORES_H

#include "polysweep/measure.h"

/* Fills cores, cores_node, binding and core_list. Built without hwloc, as the kernel lists them: a set of processors
 * that a container or a job may use at most is then not told from the whole node. */
void measure_cores_read(psw_machine *machine);

#endif
