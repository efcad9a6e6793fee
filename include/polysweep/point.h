/* point: one group of points on one team: inputs, computation, timing. */
#ifndef POLYSWEEP_POINT_H
#define POLYSWEEP_POINT_H

#include "polysweep/counters.h"
#include "polysweep/dist.h"
#include "polysweep/store.h"

/* Other files that a study names: attention heads of `file` data, learned weights of sketches. */
typedef struct psw_inputs {
    psw_arrays arrays;
    bool has_arrays;
    psw_weights *weights; /* number k of a point is at [k - 1] */
    ptrdiff_t weights_count;
} psw_inputs;
/* Reads them and checks every point against them. PSW_ENVIRONMENT, PSW_USAGE. The caller frees, also after a failure.
 */
psw_status psw_inputs_read(const psw_study *study, psw_inputs *inputs);
void psw_inputs_free(psw_inputs *inputs);
/* Points as they are computed: without padding (psw_data_whole). `inputs` may be NULL. */
psw_status psw_inputs_whole(const psw_inputs *inputs, psw_point *points, ptrdiff_t count);

/* How passes are timed: all ranks begin together, and the slowest rank counts. Times are for one data set. */
typedef struct psw_timer {
    psw_repeat repeat;  /* the rule, and the samples of the newest point */
    psw_time_stop stop; /* why they ended; PSW_TIME_NONE: there are none */
    ptrdiff_t warmup;
    const psw_comm *beside; /* this team and others that compute the same at the same time; NULL = none */
    bool met;               /* they have begun */
    bool (*over)(
        void *context,
        double pass_s); /* no time is left for a pass this long; called on the first rank of all; may be NULL */
    void *context;
} psw_timer;
psw_status psw_timer_create(const psw_settings *settings, psw_timer *timer); /* PSW_NO_MEMORY */
void psw_timer_free(psw_timer *timer);
void psw_timer_begin(psw_timer *timer); /* a new point: no samples yet */
/* Collective over the team and those beside it: warms up, then repeats the pass of the task until the rule ends it. No
 * leaf callbacks. `sum`: over the repetitions. */
psw_status psw_timer_run(psw_timer *timer, const psw_team_task *task, psw_traffic *sum);
/* For a team that does not reach its repetitions: informs the teams beside it. Collective over all of them. */
psw_status psw_timer_agree(psw_timer *timer, psw_status status);

/* Computes runs; one per rank. The arena grows to the largest run seen; `failed` is called for a failed point while
 * its message is in the message slot. */
typedef struct psw_computer {
    const psw_study *study;
    const psw_rates *rates;
    double product_flops_s[2]; /* ceiling of products; index = psw_precision */
    const psw_inputs *inputs;
    psw_counters *counters; /* NULL: no point has cycles or energy */
    int node_ranks;         /* that share the energy of the calling rank's node */
    psw_timer *timer;       /* NULL: only the pass that gives the results is timed */
    psw_choice choice;      /* how a team works */
    bool any_team;          /* points may be computed by teams of other sizes than requested */
    ptrdiff_t nodes;        /* that the team is on, for predictions */
    double memory_bytes;    /* points that need more are skipped; 0 = no limit */
    double point_limit;     /* a point is given up after this many times its predicted time; 0 = never */
    double least_limit_s;   /* but not before: predictions of short points are inaccurate */
    psw_watch watch;
    void (*failed)(void *context, ptrdiff_t slot, psw_status why); /* on the first rank of a team; may be NULL */
    /* Rows of point number `index` of a leaf, which belong to `slot`, on the rank that has them; NULL: not kept. `sum`:
     * adds what it kept to that rank's share of the slot's content_checksum. */
    psw_status (*keep)(void *context, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index,
                       uint64_t *sum);
    void *context;
    psw_arena arena;
} psw_computer;

/* The columns that need no attention. Local; the watch's status. */
psw_status psw_compute_theory(const psw_study *study, psw_watch watch, psw_record *record);

/* Computes the points of the slots: theory, attention, verdict, cost and parallel columns, each record's status.
 * Collective over the team that shares them; every rank gets the same records. Groups of points share their tiles.
 * PSW_STOPPED when the watch stopped it; the failure of a point is in its record's status, not the function's.
 */
psw_status psw_compute(const psw_comm *team, psw_computer *computer, const psw_slots *slots, psw_record *records);

#endif
