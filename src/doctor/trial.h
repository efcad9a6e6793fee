/* doctor/trial: whether ranks can write a result file together in a directory, and how fast. */
#ifndef DOCTOR_TRIAL_H
#define DOCTOR_TRIAL_H

#include "polysweep/store.h"

typedef enum doctor_trial_step {                     /* of a trial, in order */
                                 DOCTOR_TRIAL_MAKE,  /* the directory, by rank 0 */
                                 DOCTOR_TRIAL_SHARE, /* all ranks see it */
                                 DOCTOR_TRIAL_LOCK,
                                 DOCTOR_TRIAL_CREATE,
                                 DOCTOR_TRIAL_OPEN,
                                 DOCTOR_TRIAL_WRITE,
                                 DOCTOR_TRIAL_READ,
                                 DOCTOR_TRIAL_ENDED /* all steps are done */
} doctor_trial_step;

typedef struct doctor_trial {
    doctor_trial_step step;       /* that failed; DOCTOR_TRIAL_ENDED: none */
    int error;                    /* errno of the failure, from a direct system call afterwards; 0 unknown */
    int flock_error, fcntl_error; /* errno of each kind of lock on rank 0, 0 = it works */
    ptrdiff_t lock_unseen;        /* ranks that did not see rank 0's lock */
    ptrdiff_t slots, run;         /* written by each rank: in all, at a time */
    double slot_bytes;
    double create_s, open_s;    /* to create the file (rank 0), to open it together */
    double alone_s, together_s; /* for the slots of one rank: rank 0 alone, all at once (the slowest) */
    double sync_s;              /* until a writer's data was on disk (the slowest) */
    ptrdiff_t wrong;            /* slots that another rank did not read back as they were written */
} doctor_trial;

/* In a new directory inside `directory`, removed afterwards: locks, then the file of `study` (a whole
 * number of slots for each rank, at least one), written by all ranks through MPI-IO, and read again by each rank's
 * neighbour. Collective. The first failure ends it on all ranks, with its status (most often PSW_ENVIRONMENT) and
 * message. The trial then holds the failed step, the errno, and the results so far. */
psw_status doctor_try(const psw_comm *comm, const char *directory, const psw_study *study, const psw_launch *launch,
                      doctor_trial *trial);

#endif
