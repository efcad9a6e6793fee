/* point: one group of points on one team: its inputs, its computing, its timing. */
#ifndef POLYSWEEP_POINT_H
#define POLYSWEEP_POINT_H

#include "polysweep/dist.h"
#include "polysweep/store.h"

/* Other files that a study names: heads of `file` data, learned weights of sketches. */
typedef struct psw_inputs {
    psw_arrays arrays;
    bool has_arrays;
    psw_weights *weights; /* number k of a point stands at [k - 1] */
    ptrdiff_t weights_count;
} psw_inputs;
/* Reads them and checks every point against them. PSW_ENVIRONMENT, PSW_USAGE. The caller frees, also after a failure.
 */
psw_status psw_inputs_read(const psw_study *study, psw_inputs *inputs);
void psw_inputs_free(psw_inputs *inputs);

/* How passes are timed: each begins together and takes as long as its slowest rank. Times are those of one data set. */
typedef struct psw_timer {
    psw_repeat repeat;  /* the rule, and the samples of the newest point */
    psw_time_stop stop; /* why they ended; PSW_TIME_NONE: there are none */
    ptrdiff_t warmup;
    const psw_comm *beside; /* other teams that compute the same at the same time, with this one; NULL = none */
    bool met;               /* they have begun */
    bool (*over)(void *context, double pass_s); /* no time is left for a pass so long; first rank of all; may be NULL */
    void *context;
} psw_timer;
psw_status psw_timer_create(const psw_settings *settings, psw_timer *timer); /* PSW_NO_MEMORY */
void psw_timer_free(psw_timer *timer);
void psw_timer_begin(psw_timer *timer); /* a point: no samples yet */
/* Collective over the team and those beside it: warms up, then repeats the pass of the task until the rule ends it. The
 * leaves are dropped. `sum`: over the repetitions. */
psw_status psw_timer_run(psw_timer *timer, const psw_team_task *task, psw_traffic *sum);
/* Where a team has not come to its repetitions, those beside it hear of it. Collective over all of them. */
psw_status psw_timer_agree(psw_timer *timer, psw_status status);

/* What computes: one per rank. The arena grows to the largest run seen; `failed` is told of a failed point while its
 * message is in the message slot. */
typedef struct psw_computer {
    const psw_study *study;
    const psw_rates *rates;
    double product_flops_s[2]; /* ceiling of products; index = psw_precision */
    const psw_inputs *inputs;
    psw_timer *timer;     /* NULL: the pass that results are of is timed, once */
    psw_choice choice;    /* how a team works */
    bool any_team;        /* points may be computed by other teams than they ask for */
    ptrdiff_t nodes;      /* that the team is on, for predictions */
    double memory_bytes;  /* points that need more are skipped; 0 = no limit */
    double point_limit;   /* a point is given up after so many times its predicted time; 0 = never */
    double least_limit_s; /* but not before: the predictions of short points say little */
    psw_watch watch;
    void (*failed)(void *context, ptrdiff_t slot); /* on the first rank of a team; may be NULL */
    /* Rows of point number `index` of a leaf, which belong to `slot`, on whoever has them; NULL: they are not kept. */
    psw_status (*keep)(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index);
    void *context;
    psw_arena arena;
} psw_computer;

/* The columns that need no computing. */
void psw_compute_theory(const psw_study *study, psw_record *record);

/* Computes consecutive points (a run of slots): theory, attention, verdict, cost and parallel columns, each record's
 * status. Collective over the team that shares them; every rank gets the same records. Groups of points share their
 * tiles. PSW_STOPPED when a watch gave up; the failure of a point is its record's status, not the function's. */
psw_status psw_compute(const psw_comm *team, psw_computer *computer, ptrdiff_t first, ptrdiff_t count,
                       psw_record *records);

#endif
