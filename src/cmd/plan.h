/* What plan finds out, and what is told of it. */
#ifndef POLYSWEEP_CMD_PLAN_H
#define POLYSWEEP_CMD_PLAN_H

#include "cmd/cmd.h"
#include "cmd/print.h"

enum { PLAN_METHODS = PSW_FAVOR + 1, PLAN_COMPARE_MAX = 32 };

typedef struct plan_tally { /* points of one method */
    ptrdiff_t points;
    double alone_s, flops, head_flops;
} plan_tally;

typedef struct plan_extreme { /* a point that stands out */
    ptrdiff_t slot;           /* -1 = none */
    double value;
    ptrdiff_t team; /* ranks it is meant for */
} plan_extreme;

/* What keeps a schedule from ending earlier. */
typedef enum plan_limit {
    PLAN_WORK,   /* nine tenths of the ranks' time are computing */
    PLAN_POINT,  /* one point on its best team is nine tenths of it */
    PLAN_MEMORY, /* with memory enough it would take a tenth less */
    PLAN_TEAMS,  /* ranks of teams wait: fewer leaves than ranks, or the network */
    PLAN_ENDS    /* ranks are idle at the end: too few runs */
} plan_limit;

typedef struct plan_outcome { /* of the study on a number of ranks */
    psw_schedule schedule;
    plan_extreme critical; /* the point that takes longest on its best team */
    plan_limit limit;
    double speed_up;   /* against one rank that computes the same points */
    ptrdiff_t refused; /* points that no team has the memory or the ranks for */
} plan_outcome;

typedef struct plan_bought { /* points of one method and length */
    psw_method method;
    ptrdiff_t n, points, of;
} plan_bought;

typedef struct plan_budget {
    const char *text; /* as it was given; NULL = none */
    double node_hours, deadline_s;
    double needs_node_hours; /* the whole study */
    ptrdiff_t points;        /* that it buys */
    plan_bought *table;
    ptrdiff_t rows;
} plan_budget;

typedef struct plan_outlook {
    psw_study *study;
    const char *rates_from;
    psw_rates rates;
    psw_choice choice;
    psw_machine machine;
    ptrdiff_t slots, points;
    unsigned char *wanted;
    plan_tally methods[PLAN_METHODS];
    plan_extreme longest, largest; /* seconds on one rank; bytes of a rank of its team */
    ptrdiff_t *node;               /* first ranks of nodes */
    psw_runs runs;
    plan_outcome outcome;
    double sent_bytes, messages; /* of a pass of outcome.critical on its team, over all ranks */
    plan_outcome compare[PLAN_COMPARE_MAX];
    ptrdiff_t compared, ranks, ranks_per_node, too_large;
    double alone_s;      /* the whole study on one rank */
    double memory_bytes; /* one rank may have */
    double file_bytes;
    plan_budget budget;
    ptrdiff_t *run_of; /* --points: the run of each slot that is wanted; else NULL */
} plan_outlook;

/* Whole nodes first. Lives as long as the outlook. */
psw_split plan_split(const plan_outlook *o, ptrdiff_t ranks);
/* Ranks that a run is meant for; of a refused one those that were asked for, else 1. */
ptrdiff_t plan_team(const psw_run *run, const psw_level *levels);

/* plan_limits: the schedule of `runs` and what limits it. */
psw_status plan_judge(const plan_outlook *o, const psw_runs *runs, const psw_split *split, plan_outcome *outcome);
psw_status plan_cut(const plan_outlook *o, const psw_split *split, double memory_bytes, psw_runs *runs);
const char *plan_limit_word(plan_limit limit);

/* plan_budget: "200nodeh" or "5000coreh". PSW_USAGE. */
psw_status plan_budget_read(const char *text, double *hours, bool *of_nodes);
psw_status plan_budget_spend(plan_outlook *o, const char *text);

/* The largest number of ranks compared of which nine tenths are busy, -1 = none. */
ptrdiff_t plan_knee(const plan_outlook *o);

void plan_tell(const plan_outlook *o); /* for a person */
void plan_json(const plan_outlook *o);

/* plan_points: each point by itself on its team. Too many are refused before anything is planned: PSW_USAGE. The runs
 * are found before anything is printed: PSW_NO_MEMORY. */
psw_status plan_points_check(const plan_outlook *o);
psw_status plan_points_find(plan_outlook *o);
void plan_points_tell(const plan_outlook *o);
void plan_points_json(psw_json *json, const plan_outlook *o);

/* plan_slurm: a job script. What is asked for is checked before anything is measured. PSW_USAGE, PSW_ENVIRONMENT. */
psw_status plan_slurm_check(const psw_options *options);
psw_status plan_slurm(const psw_options *options, const plan_outlook *o);

#endif
