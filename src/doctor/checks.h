/* doctor/checks: checks of a machine and a launch. Pure functions from facts to findings, so that other machines can be
 * tested too. */
#ifndef POLYSWEEP_DOCTOR_CHECKS_H
#define POLYSWEEP_DOCTOR_CHECKS_H

#include "doctor/facts.h"
#include "doctor/report.h"

void doctor_check_launch(const doctor_facts *facts, doctor_report *report); /* ranks, cores, binding */
void doctor_check_blas(const doctor_facts *facts, doctor_report *report);   /* kernel, threads, build, processor */
void doctor_check_mpi(const doctor_facts *facts, doctor_report *report);    /* library, settings, shared memory */
void doctor_check_files(const doctor_facts *facts, doctor_report *report);  /* HDF5, the directory, the trial */

#endif
