/* The threshold head of one group while its leaves arrive. Everything here is a sum, a maximum or a union over leaves
 * (the sums of F are kept leaf by leaf, 0 for a missing leaf, and added along one tree at the end), so heads that took
 * different leaves of a group are merged member by member, in any order. */
#ifndef POLYSWEEP_JUDGE_HEAD_H
#define POLYSWEEP_JUDGE_HEAD_H

#include <stdatomic.h>

#include "polysweep/judge.h"
#include "polysweep/random.h"
#include "polysweep/threads.h"

/* Flags of a trial, `of << set`: it fired, it surely did, a pre-activation may be 0. */
enum { TRIAL_D0 = 1, TRIAL_D1 = 2, TRIAL_FIRED = 1, TRIAL_SURE = 4, TRIAL_TIE = 16 };

/* A row of a leaf, and the most that a pre-activation of it can be as it is computed. */
typedef struct judge_head_row {
    double most;
    const void *at;
    size_t bytes;
    ptrdiff_t index; /* in the leaf */
} judge_head_row;

/* Pre-activations of one point and data set that are to be computed again: where, until there are too many. */
enum { HEAD_PENDING = 256 };
typedef struct judge_head_place {
    ptrdiff_t row, column; /* query row; sign vector of this draw */
} judge_head_place;
typedef struct judge_head_pending {
    judge_head_place at[HEAD_PENDING];
    int count;
    bool many; /* rows are flagged, ties of trials mark those that are left */
} judge_head_pending;

/* How trials are looked at: not at all, their number is given; after blocks of them, against the rows of one pass that
 * are kept; after draws, each with trials of its own, or with one. */
typedef enum judge_head_rule { HEAD_FIXED, HEAD_BLOCKS, HEAD_DRAWS, HEAD_SINGLE_DRAWS } judge_head_rule;
enum { HEAD_BLOCK = 20 }; /* trials of a block, and single draws between looks */

/* What counts of a point: trial t below `trials` if it is of the first `draws` draws. */
typedef struct judge_head_counted {
    ptrdiff_t trials, draws;
    ptrdiff_t successes; /* of trials that were looked at */
    psw_trials_stop stop;
    bool over; /* nothing more is computed */
} judge_head_counted;

/* Of one thread: tables of a block of rows and slab, that block coordinate by coordinate, sums so far, and
 * pre-activations of a step (lookup.h). */
typedef struct judge_head_scratch {
    void *tables, *lines, *sums, *tile;
    double unasked; /* products since the watch was asked */
} judge_head_scratch;

struct psw_head {
    const psw_point *group;
    psw_point point; /* the group's first; the others differ in beta alone */
    ptrdiff_t points, leaves;
    int sets;
    double unit, threshold;      /* in units of the rows, as what follows */
    double bound[PSW_GROUP_MAX]; /* of each point: the error of a pre-activation */
    double
        doubt[PSW_GROUP_MAX]; /* what may be no more than that under another kernel; the bound but for narrow formats */
    double rounding;          /* decides within the bound, for a row as rounded; 0: undecided */

    /* m vectors of each trial, trial after trial, are the columns. A step is `step` of them, of one trial, whose last
     * step may have fewer; the signs of `batch` steps are in memory, `piece` of them share the tables of a slab. */
    ptrdiff_t steps, step, batch, piece;
    ptrdiff_t steps_of_trial, groups;
    ptrdiff_t period, before;           /* a batch ends at steps that `period` divides, counted from `before` columns */
    ptrdiff_t filled;                   /* first step whose signs are in memory, -1: none are */
    ptrdiff_t trials;                   /* that are computed at most */
    ptrdiff_t draw;                     /* whose leaves come */
    ptrdiff_t first_trial, draws, span; /* the columns are of trials first_trial, first_trial + draws, ...: span of them
                                         */
    judge_head_rule rule;
    judge_head_counted end[PSW_GROUP_MAX];
    psw_key key;
    psw_watch watch;
    bool prunes; /* leaves out rows that change nothing */

    double *value;        /* [leaves][points][sets]: F of a leaf, summed over trials */
    double *active;       /* [points][sets]: positive pre-activations */
    double *margin;       /* [points][sets]: the largest */
    double *special;      /* [draws][points][sets]: mass of row j3 on j3 */
    double *leak;         /* [draws][points]: largest mass of another row of D_1 on j3, -inf before the first */
    double *of_draw;      /* [2][draws]: room for what draws come to */
    double *rows;         /* [points][2]: rows that came, those without a positive denominator */
    double *made;         /* [points]: products of a row with a sign vector that were made */
    unsigned char *trial; /* [points][trials] */
    unsigned char *look;  /* [points][span]: of open points, while ranks merge them */

    /* where trials come in blocks: the leaves that came, their rows, in which order they are looked up, and their F */
    psw_leaf *kept;
    ptrdiff_t kept_most, kept_count, kept_rows; /* leaves there is room for, leaves, rows of the largest */
    void *kept_at;
    judge_head_row *kept_order; /* [leaves][points][sets][kept_rows] */
    double *kept_value;

    /* where rows can be computed again, else NULL */
    judge_head_pending *pending; /* [points][sets] */
    unsigned char *flags;        /* [queries]: of which data sets */
    unsigned char *left;         /* [trials]: still to be decided */
    double *again;               /* judge_head_settle_numbers */

    /* of one leaf, data set and batch: its rows and their F, how many of them are taken, signs */
    judge_head_row *order;
    double *row_value;
    ptrdiff_t taken;
    uint16_t *signs;

    /* Threads take blocks of rows, one after another, and whoever holds the lock may choose rows, note pre-activations
     * and add to what all share. Flags of trials are united without it. */
    int threads;
    judge_head_scratch *scratch; /* [threads] */
    atomic_flag locked;
};

void judge_head_lock(psw_head *head);
void judge_head_unlock(psw_head *head);
/* Most steps find the flags set. */
static inline void judge_head_unite(unsigned char *trial, int flags)
{
    unsigned char had = __atomic_load_n(trial, __ATOMIC_RELAXED);
    if ((had | flags) != had) __atomic_fetch_or(trial, (unsigned char)flags, __ATOMIC_RELAXED);
}

/* Lays out a threshold head in the arena (NULL from a counting arena), ready for the first leaf. */
psw_head *judge_head_layout(const psw_group *group, const psw_route *route, psw_arena *arena);
/* The columns of the trials of one draw; of the next block of trials. */
void judge_head_draw(psw_head *head, ptrdiff_t draw);
void judge_head_next(psw_head *head);
/* The step after the last of a batch. */
ptrdiff_t judge_head_batch_end(const psw_head *head, ptrdiff_t first);
/* looks.c: a rule that ends trials. What counts of a point. */
judge_head_rule judge_head_rule_of(const psw_point *point);
judge_head_counted judge_head_counted_of(const psw_head *head);
static inline bool judge_head_counts(const psw_head *h, const judge_head_counted *end, ptrdiff_t trial)
{
    return trial < end->trials && trial % h->draws < end->draws;
}
ptrdiff_t judge_head_done(const psw_head *head, ptrdiff_t point); /* how many trials do */
/* The sequence's interval; `rate`: room for as many as draws. */
psw_interval judge_head_interval(const psw_head *head, ptrdiff_t point, double *rate);
int judge_head_looking(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
bool judge_head_look(psw_head *head);
/* Adds what kept rows came to since the last time to the sums of their leaves. */
void judge_head_flush(psw_head *head);
/* The masses of a leaf on j3, and its denominators. */
void judge_head_take_masses(psw_head *head, const psw_leaf *leaf);
void judge_head_take_denominators(psw_head *head, const psw_leaf *leaf);
/* bound.c: of what judge_again_rows computes, over sqrt(ln n); of rounding rows to the precision alone; and
 * psw_judge_bound with what weights of a narrow format may move by. */
double judge_head_bound_again(const psw_point *point);
double judge_head_rounding(const psw_point *point);
double judge_head_doubt(const psw_point *point);
/* settle.c: a pre-activation that may be 0 is noted; after the last leaf of a draw all of them are decided. */
void judge_head_note(psw_head *head, ptrdiff_t pair, ptrdiff_t row, ptrdiff_t column);
psw_status judge_head_settle(psw_head *head, const psw_data *data, psw_watch watch);
ptrdiff_t judge_head_settle_numbers(const psw_point *point);
void judge_head_prune(psw_head *head, bool prunes);
int judge_head_merging(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
void judge_head_end(psw_head *head, psw_verdict *verdicts);

#endif
