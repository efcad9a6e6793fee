/* plan: cost and memory model, runs of slots, order, simulation of the schedule. Sees numbers only: no clock, no
 * MPI, no file. The scheduler of a run and the one that `plan` prints are this code. */
#ifndef POLYSWEEP_PLAN_H
#define POLYSWEEP_PLAN_H

#include "polysweep/judge.h"

/* What a machine does, measured by measure/ or taken from a file; index = psw_precision. Seconds per unit. */
typedef struct psw_rates {
    double flop_s[2];       /* a flop of attention's products */
    double score_s[2];      /* one score through the fold: mask, maximum, scaling, sums */
    double weigh_s[2];      /* one score through a weigh function, per multiplication of its power */
    double transcend_s[2];  /* one score through log2 and exp2 */
    double head_flop_s[2];  /* a flop of the head's product */
    double head_entry_s[2]; /* one pre-activation through the threshold */
    double sign_s;          /* one random sign */
    double row_s, noise_s;  /* one element of generated data, made and packed; of its noise */
    double point_s;         /* fixed cost of a point: theory, bookkeeping */
    double run_s;           /* fixed cost of a run: taking, writing */
    double latency_s[2], byte_s[2]; /* of a message between two ranks: of one node, of two */
} psw_rates;
extern const psw_rates psw_rates_default; /* of a common core; every table that uses it says so */

typedef struct psw_cost { /* of one point */
    double flops;         /* one forward pass of one data set */
    double head_flops;    /* both data sets */
    double bytes;
    double memory_bytes;  /* of a run of one: the arena, by construction */
    double pass_s;        /* one forward pass of one data set */
    double head_s;        /* the head of both data sets, signs included */
    double predicted_s;   /* computed alone: both data sets, data, head */
    double extra_s;       /* what it adds to a group that already shares its scores and data */
} psw_cost;
psw_cost psw_cost_point(const psw_rates *rates, const psw_point *point);
/* The same without memory_bytes (0), for millions of points. */
psw_cost psw_cost_time(const psw_rates *rates, const psw_point *point);

/* Rates on which every predicted attention (head) time is `attention` (`head`) times as long. */
psw_rates psw_rates_scaled(const psw_rates *rates, psw_precision precision, double attention, double head);

/* How many points a group that starts with `point` may have: sharing pays in time and costs accumulators, so a group
 * ends at 256 MiB of arena, or at PSW_GROUP_MAX. No result depends on it. */
ptrdiff_t psw_group_most(const psw_point *point);
/* The points first .. first+count (count returned, at least 1, none at or after `end`) that are computed together: how
 * a run falls into groups, for planning and for computing. */
ptrdiff_t psw_group_fill(const psw_study *study, ptrdiff_t first, ptrdiff_t end, psw_point points[PSW_GROUP_MAX]);

/* Bytes of the arena that computes a group; a run needs as much as its largest group. `route`: this rank's part of it
 * in a team, NULL alone. */
size_t psw_memory_group(const psw_group *group, const psw_route *route);

typedef struct psw_run { /* consecutive slots first .. first+count, one worker */
    ptrdiff_t first, count;
    double predicted_s;
} psw_run;

typedef struct psw_runs {
    psw_run *list; /* longest first */
    ptrdiff_t count, points;
    double predicted_s; /* sum */
} psw_runs;

/* How to cut: at least least_s (to pay for taking and writing), at most most_s of predicted work unless a point alone
 * is longer, never more than most_slots; alone = every point its own run (timing). Between least_s and most_s runs
 * are as long as leaves each of `ranks` workers some twenty of them. */
typedef struct psw_cut {
    double least_s, most_s;
    ptrdiff_t most_slots, ranks;
    bool alone;
} psw_cut;
extern const psw_cut psw_cut_default; /* 10 ms .. 1 s, 1024 slots, one rank */

/* Cuts the slots for which wanted[slot] != 0 (NULL = all) into runs, longest first; ties by first slot. Same input,
 * same output, on every rank. PSW_NO_MEMORY. */
psw_status psw_runs_create(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                           const unsigned char *wanted, psw_runs *runs);
void psw_runs_free(psw_runs *runs);

typedef struct psw_schedule { /* the simulated run */
    double finish_s, busy_s, utilisation;
    ptrdiff_t ranks;
} psw_schedule;
/* Takes runs longest first by the first free of `ranks` workers (list scheduling, Graham 1969). PSW_NO_MEMORY. */
psw_status psw_schedule_simulate(const psw_runs *runs, ptrdiff_t ranks, psw_schedule *schedule);

#endif
