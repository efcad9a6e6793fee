/* doctor/trial: whether ranks can write a result file together in a directory, and how fast. */
#ifndef DOCTOR_TRIAL_H
#define DOCTOR_TRIAL_H

#include "polysweep/store.h"

typedef enum doctor_trial_step { /* of a trial, in their order */
    DOCTOR_TRIAL_MAKE,       /* the directory, by rank 0 */
    DOCTOR_TRIAL_SHARE,      /* it is there for all ranks */
    DOCTOR_TRIAL_LOCK,
    DOCTOR_TRIAL_CREATE,
    DOCTOR_TRIAL_OPEN,
    DOCTOR_TRIAL_WRITE,
    DOCTOR_TRIAL_READ,
    DOCTOR_TRIAL_ENDED       /* all of them are done */
} doctor_trial_step;

typedef struct doctor_trial {
    doctor_trial_step step; /* that failed; DOCTOR_TRIAL_ENDED: none did */
    int error;           /* errno of what failed, as the system itself gives it when it is asked again; 0 unknown */
    int flock_error, fcntl_error; /* errno of each kind of lock on rank 0, 0 = it works */
    ptrdiff_t lock_unseen;        /* ranks that did not see the lock that rank 0 held */
    ptrdiff_t slots, run;         /* that each rank wrote, and at a time */
    double slot_bytes;
    double create_s, open_s;      /* to make the file (rank 0), to open it together */
    double alone_s, together_s;   /* for the slots of one rank: rank 0 alone, all at once (the slowest) */
    double sync_s;                /* until a writer's data was on disk (the slowest) */
    ptrdiff_t wrong;              /* slots that another rank did not read back as they were written */
} doctor_trial;

/* In a directory of its own inside `directory`, which is gone afterwards: locks, then the file of `study` (a whole
 * number of slots for each rank, at least one), written by all ranks through MPI-IO, and read again by each rank's
 * neighbour. Collective. The first failure ends it, on all ranks alike, with its status and its message for people: most
 * often PSW_ENVIRONMENT. The trial then says which step it was, the errno, and what came before. */
psw_status doctor_try(const psw_comm *comm, const char *directory, const psw_study *study,
                         const psw_launch *launch, doctor_trial *trial);

#endif
