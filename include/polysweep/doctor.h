/* doctor: what this machine and launch look like, what is wrong with them, and what to type. */
#ifndef POLYSWEEP_DOCTOR_H
#define POLYSWEEP_DOCTOR_H

#include "polysweep/comm.h"

typedef struct psw_doctor_request {
    const char *directory;  /* to test writing in; NULL: none */
    const char *const *set; /* run.threads=N, nothing else */
    ptrdiff_t sets;
    const char *command; /* the whole command line */
    bool json;
} psw_doctor_request;

/* Prints its findings on stdout of rank 0. Collective; the same status on all ranks: PSW_ENVIRONMENT where something
 * has to be fixed before a run, PSW_USAGE, PSW_STOPPED. */
psw_status psw_doctor_examine(const psw_doctor_request *request, const psw_comm *world);

#endif
