/* The head of one group while its leaves arrive. Everything here is a sum, a maximum or a union over leaves (the sums
 * of F are kept leaf by leaf, 0 for a leaf that did not come, and added along one tree at the end), so heads that took
 * different leaves of a group are merged member by member, in any order. */
#ifndef POLYSWEEP_JUDGE_HEAD_H
#define POLYSWEEP_JUDGE_HEAD_H

#include "polysweep/judge.h"
#include "polysweep/random.h"

/* What a trial has seen so far. */
enum { TRIAL_D0 = 1, TRIAL_D1 = 2, TRIAL_TIE = 4 };

struct psw_head {
    psw_point point; /* the group's first; the others differ in beta alone */
    ptrdiff_t points, leaves;
    int sets;
    double unit, threshold, tolerance; /* the last two in units of the rows */

    /* m vectors of each trial, trial after trial, are the columns; `batch` of them make one product */
    ptrdiff_t columns, batch;
    ptrdiff_t trials;             /* that are computed */
    ptrdiff_t draw;               /* whose leaves come */
    ptrdiff_t first_trial, draws; /* the columns are of trials first_trial, first_trial + draws, ... */
    psw_key key;

    double *value;        /* [leaves][points][sets]: F of a leaf, summed over trials */
    double *active;       /* [points][sets]: positive pre-activations */
    double *margin;       /* [points][sets]: the largest */
    double *special;      /* [draws][points][sets]: mass of row j3 on j3 */
    double *leak;         /* [draws][points]: largest mass of another row of D_1 on j3, -inf before the first */
    double *of_draw;      /* [2][draws]: room for what draws come to */
    double *rows;         /* [points][2]: rows that came, those without a positive denominator */
    unsigned char *trial; /* [points][trials] */

    /* of one product, in the precision of the head: sign vectors as rows, pre-activations of a leaf, and per column the
     * largest, the sum and number of positive ones, and the distance of the nearest from zero */
    void *signs, *tile, *largest, *sum, *count, *nearest;
};

/* Lays a head out in the arena (NULL where that only counts), ready for the first leaf. */
psw_head *head_layout(const psw_group *group, psw_arena *arena, size_t real_bytes);
/* The columns of the trials of one draw. */
void head_draw(psw_head *head, ptrdiff_t draw);
/* The masses of a leaf on j3, and its denominators. */
void head_take_masses(psw_head *head, const psw_leaf *leaf);
void head_take_denominators(psw_head *head, const psw_leaf *leaf);
int head_merging(psw_head *head, psw_merging list[PSW_MERGING_MAX]);
void head_end(psw_head *head, psw_verdict *verdicts);

extern const psw_judge psw_judge_fp64, psw_judge_fp32;

#endif
