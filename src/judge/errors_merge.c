/* The parts of ranks become one. Sums with an exponent of their own agree on the largest exponent, then add. */
#include <math.h>

#include "judge/errors.h"

/* ---- sums with an exponent: one of each row, then totals ---- */

static ptrdiff_t sums(const psw_errors *e, psw_errors_stage stage)
{
    return e->rows + (stage == PSW_ERRORS_BEGUN ? ERRORS_TOTALS : 2);
}

static judge_errors_sum *sum_at(psw_errors *e, psw_errors_stage stage, ptrdiff_t i)
{
    judge_errors_sum *const totals[ERRORS_TOTALS] = {&e->exact.square, &e->exact.total, &e->exact.norm,
                                                     &e->theory_square, &e->theory_norm};
    if (stage == PSW_ERRORS_BEGUN) return i < e->rows ? &e->den[i] : totals[i - e->rows];
    if (i < e->rows) return &e->estimate[i];
    return i == e->rows ? &e->now->square : &e->now->bias;
}

static int agree(psw_errors *e, psw_errors_stage stage, psw_merging *list)
{
    for (ptrdiff_t i = 0; i < sums(e, stage); i++) e->merged[i] = sum_at(e, stage, i)->log2;
    list[0] = (psw_merging){PSW_LARGEST, e->merged, sums(e, stage)};
    return 1;
}

/* 2^(own - agreed): 1 for the rank with the largest, so a single rank keeps its bits. */
static void under(judge_errors_sum *sum, double log2)
{
    if (log2 > sum->log2) sum->value *= exp2(sum->log2 - log2), sum->log2 = log2;
}

static int add(psw_errors *e, psw_errors_stage stage, psw_merging *list)
{
    for (ptrdiff_t i = 0; i < sums(e, stage); i++) {
        judge_errors_sum *sum = sum_at(e, stage, i);
        if (stage == PSW_ERRORS_BEGUN && i < e->rows)
            judge_errors_row_under(e, i, e->merged[i]);
        else
            under(sum, e->merged[i]);
        e->merged[i] = sum->value;
    }
    list[0] = (psw_merging){PSW_ADD, e->merged, sums(e, stage)};
    list[1] = stage == PSW_ERRORS_BEGUN ? (psw_merging){PSW_ADD, e->out, e->rows * e->point.v}
                                        : (psw_merging){PSW_ADD, &e->now->negative, 1};
    list[2] = (psw_merging){PSW_ADD, e->information, e->rows};
    return stage == PSW_ERRORS_BEGUN ? 3 : 2;
}

static void settle(psw_errors *e, psw_errors_stage stage)
{
    for (ptrdiff_t i = 0; i < sums(e, stage); i++) sum_at(e, stage, i)->value = e->merged[i];
    if (stage == PSW_ERRORS_BEGUN)
        judge_errors_finish(e);
    else
        judge_errors_draw_end(e);
}

/* ---- outputs of a draw: each row is one rank's ---- */

static int pack_rows(psw_errors *e, psw_merging *list)
{
    list[0] = (psw_merging){PSW_ADD, e->apart, e->rows};
    return 1;
}

/* ---- outputs of all draws: sums of squares, then the largest entries ---- */

static double *output_of(judge_errors_draw *draw, int which)
{
    double *const all[ERRORS_OUTPUTS] = {&draw->out_square, &draw->good_square, &draw->good_exact, &draw->out_max};
    return all[which];
}

static int pack_outputs(psw_errors *e, psw_merging *list)
{
    const ptrdiff_t sums = ERRORS_OUTPUTS - 1;
    for (int which = 0; which < ERRORS_OUTPUTS; which++)
        for (ptrdiff_t i = 0; i < e->count; i++) e->merged[which * e->count + i] = *output_of(&e->draws[i], which);
    list[0] = (psw_merging){PSW_ADD, e->merged, sums * e->count};
    list[1] = (psw_merging){PSW_LARGEST, e->merged + sums * e->count, e->count};
    return 2;
}

static void unpack_outputs(psw_errors *e)
{
    for (int which = 0; which < ERRORS_OUTPUTS; which++)
        for (ptrdiff_t i = 0; i < e->count; i++) *output_of(&e->draws[i], which) = e->merged[which * e->count + i];
}

int judge_errors_merging(psw_errors *e, psw_errors_stage stage, int phase, psw_merging list[PSW_MERGING_MAX])
{
    if (stage == PSW_ERRORS_TAKEN) {
        if (phase == 0) return pack_rows(e, list);
        judge_errors_rows_end(e);
    } else if (stage == PSW_ERRORS_ENDING) {
        if (phase == 0) return pack_outputs(e, list);
        unpack_outputs(e);
    } else {
        if (phase == 0) return agree(e, stage, list);
        if (phase == 1) return add(e, stage, list);
        settle(e, stage);
    }
    return 0;
}
