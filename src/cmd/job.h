/* cmd/job: one launch of the run command: what run.c opens and closes, and work.c computes. */
#ifndef POLYSWEEP_CMD_JOB_H
#define POLYSWEEP_CMD_JOB_H

#include "cmd/crew.h"
#include "cmd/run.h"

typedef struct psw_job {
    const psw_options *options;
    const psw_comm *world;
    psw_comm node;
    psw_study *study;
    const psw_settings *settings;
    ptrdiff_t slots;
    char path[1024];
    int lock;                         /* rank 0 */
    unsigned char *wanted, *attempts; /* one byte a slot */
    psw_rates rates;
    psw_choice choice;
    psw_runs runs;
    psw_store *store;
    psw_crew crew;
    psw_display display;
    psw_inputs inputs;
    psw_computer computer;
    psw_record *records; /* one run's */
    ptrdiff_t *marks;
    double deadline_s;   /* INFINITY = none */
    double memory_bytes; /* 0 = no limit */
    bool crowded;        /* more threads than cores: times are not valid */
} psw_job;

void psw_job_prepare(psw_job *job);    /* what computes, once everything is open */
psw_status psw_job_work(psw_job *job); /* takes runs until none is left; collective over each team */
void psw_job_meanwhile(void *job);     /* to be called often while computing or waiting */

#endif
