/* sweep/job: one launch: what was given, what is to be done, deadlines, what is open, and its progress. */
#ifndef POLYSWEEP_SWEEP_JOB_H
#define POLYSWEEP_SWEEP_JOB_H

#include "sweep/crew.h"
#include "sweep/display.h"
#include "sweep/search.h"

typedef struct sweep_hand sweep_hand;
typedef struct sweep_round sweep_round;

/* While points are computed. */
typedef struct sweep_open {
    sweep_crew crew;
    psw_store *store;
    bool untouched; /* rank 0: nobody has written to the file between reading its slots and opening it */
    sweep_display display;
    psw_computer computer;
    psw_counters counters; /* of this process and its node */
    psw_timer timer;       /* where the study times */
    psw_record *records;   /* one run's */
    psw_mark *marks;       /* one run's */
    sweep_hand *hand;      /* of a search (sweep/rounds) */
    sweep_round *round;    /* of a search */
} sweep_open;

/* Progress of this rank, and why it skipped runs. */
typedef struct sweep_progress {
    bool out_of_time;      /* a run was skipped because it would not have ended in time */
    bool enough_failed;    /* --max-fails */
    bool alone;            /* one point at a time, nothing beside it: what takes too long now has had its chance */
    bool unsynced;         /* it has written since `synced_s` */
    double synced_s;       /* when its results were last flushed to disk */
    double repeat_until_s; /* repetitions of the run that is being computed */
    ptrdiff_t asked;       /* round of the search that it is of; 0: of none */
    char unsaved[1024];    /* the first failure whose message could not be saved; "": all were */
} sweep_progress;

typedef struct sweep_job {
    sweep_given given;
    sweep_slots slots;
    psw_speeds machine;
    sweep_runs runs;
    sweep_search search;
    sweep_limits limits;
    sweep_open open;
    sweep_progress progress;
} sweep_job;

#endif
