/* doctor/collect: the facts of all ranks, and a trial of writing in a directory. */
#ifndef POLYSWEEP_DOCTOR_COLLECT_H
#define POLYSWEEP_DOCTOR_COLLECT_H

#include "doctor/facts.h"
#include "polysweep/doctor.h"

/* Fills facts whose `ranks` and `places` (room for as many, filled on rank 0) are the caller's. A failure of the
 * trial is also a fact. Collective. PSW_USAGE, PSW_NO_MEMORY, PSW_STOPPED. */
psw_status doctor_collect(const psw_doctor_request *request, const psw_comm *world, doctor_place *places,
                          doctor_facts *facts);

#endif
