/* sweep/job: one launch: what run.c opens and closes, and work.c computes. */
#ifndef POLYSWEEP_SWEEP_JOB_H
#define POLYSWEEP_SWEEP_JOB_H

#include "sweep/crew.h"
#include "sweep/inside.h"

/* What this launch does about a slot. */
typedef enum psw_part { PSW_PART_ENDED, PSW_PART_WANTED, PSW_PART_SUSPECT, PSW_PART_KILLED } psw_part;

typedef struct psw_job {
    const psw_sweep_request *asked;
    const psw_comm *world;
    psw_comm node;
    psw_study *study;
    const psw_settings *settings;
    ptrdiff_t slots;
    char path[1024];
    int lock;                         /* rank 0 */
    unsigned char *part, *attempts, *deaths; /* one byte a slot: psw_part; both at most 255 */
    psw_rates rates;
    double product_flops_s[2], memory_byte_s, latency_s[2], byte_s[2]; /* as measured; NaN: not */
    psw_choice choice;
    psw_runs runs, suspects; /* suspects: each point a run, after all others, one at a time */
    psw_store *store;
    psw_crew crew;
    psw_display display;
    psw_inputs inputs;
    psw_computer computer;
    psw_record *records; /* one run's */
    psw_mark *marks;
    double least_limit_s; /* no point is given up before */
    double sync_s;       /* results are brought to the disk so often */
    double synced_s;     /* when this rank's last were */
    bool dirty;          /* it has written since */
    double deadline_s;   /* no run is started that would end later; INFINITY = none */
    double abandon_s;    /* what still runs then is given up: Slurm is about to end the job; INFINITY = never */
    double time_limit_s; /* from the start of this launch; NaN = none */
    const char *time_limit_from;
    bool out_of_time;    /* a run was left because it would not have ended in time */
    bool enough_failed;  /* --max-fails */
    char untold[1024];   /* the first failed point whose message could not be kept; "": none */
    psw_timer timer;       /* where the study times */
    double repeat_until_s; /* of the run */
    double memory_bytes; /* 0 = no limit */
    bool crowded;        /* more threads than processors: times are not valid */
} psw_job;

psw_status psw_job_limit(psw_job *job); /* sets the deadline; collective */
/* Why runs were left, the strongest reason on any rank; collective. */
psw_status psw_job_stop_reason(const psw_job *job, const char **reason);
/* Locks the result file, makes it where there is none, refuses another study's, and fills part, attempts and deaths.
 * Collective over the world; rank 0 looks. PSW_USAGE, PSW_ENVIRONMENT. */
psw_status psw_job_find_work(psw_job *job);
void psw_job_prepare(psw_job *job);    /* what computes, once everything is open */
psw_status psw_job_work(psw_job *job); /* takes runs until none is left; collective over each team */
void psw_job_meanwhile(void *job);     /* to be called often while computing or waiting */

/* ---- points that the program died with ---- */

/* By a slot's state in the file, the deaths it has seen, and whether failed points are asked for again. Pure. */
psw_part psw_job_part(const psw_slot *slot, ptrdiff_t deaths, bool redo);
psw_status psw_job_put_killed(psw_job *job); /* rank 0, once the file is open: those of PSW_PART_KILLED become failed */

#endif
