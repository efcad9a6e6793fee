#include "judge/again.h"
#include "judge/head.h"

#include <math.h>
#include <string.h>

#include "polysweep/errors.h"
#include "polysweep/targets.h"
#include "polysweep/theory.h"

PSW_TARGETS_DECLARE(psw_judge, psw_judge)
static const psw_judge *const judges[][2] = PSW_TARGETS_TABLE(psw_judge, psw_judge);

const psw_judge *psw_judge_of(psw_precision precision)
{
    return judges[psw_target()][precision != PSW_FP64];
}

/* <c_j, w> for every row, sign vector and trial */
double psw_judge_flops(const psw_point *p)
{
    return 2.0 * (double)psw_data_queries(p) * (double)p->v * (double)p->m * (double)psw_judge_trials(p);
}

/* Columns of one product: few enough for the tile to stay in cache and for wide signs to stay in memory, whole vectors,
 * and little padding in the last. A function of the point, so that every product of it has the same shape. */
enum { COLUMNS_MOST = 256, COLUMNS_UNIT = 16, SIGNS_MOST = 1 << 21 };

static ptrdiff_t batch_of(ptrdiff_t columns, ptrdiff_t v)
{
    ptrdiff_t most = SIGNS_MOST / v < COLUMNS_MOST ? SIGNS_MOST / v / COLUMNS_UNIT * COLUMNS_UNIT : COLUMNS_MOST;
    if (most < COLUMNS_UNIT) most = COLUMNS_UNIT;
    ptrdiff_t batches = (columns + most - 1) / most;
    if (batches == 0) return 0;
    ptrdiff_t even = (columns + batches - 1) / batches;
    return (even + COLUMNS_UNIT - 1) / COLUMNS_UNIT * COLUMNS_UNIT;
}

ptrdiff_t psw_judge_draws(const psw_point *p)
{
    return psw_sketch_has(p) ? psw_errors_draws(p) : psw_data_draws(p);
}

/* Where only tables are drawn, draws may have a trial more than others. */
ptrdiff_t psw_judge_trials(const psw_point *p)
{
    ptrdiff_t draws = psw_judge_draws(p);
    return p->data_draws > 0 ? (p->trials + draws - 1) / draws * draws : p->trials;
}

/* Trials t = draw, draw + draws, ... */
static ptrdiff_t trials_of(const psw_point *p, ptrdiff_t draw)
{
    ptrdiff_t draws = psw_judge_draws(p), trials = psw_judge_trials(p);
    return draw < trials ? (trials - draw + draws - 1) / draws : 0;
}

void judge_head_draw(psw_head *h, ptrdiff_t draw)
{
    h->first_trial = h->draw = draw;
    h->columns = h->sets == 2 ? h->point.m * trials_of(&h->point, draw) : 0;
}

static psw_head head_of(const psw_group *group)
{
    const psw_point *p = group->points;
    const uint64_t values[] = {(uint64_t)p->n, (uint64_t)p->d};
    psw_head head = {.group = group->points, .point = *p, .points = group->count, .sets = psw_data_sets(p)};
    head.leaves = (psw_data_queries(p) + p->block - 1) / p->block;
    head.unit = psw_data_unit(p);
    head.threshold = psw_data_threshold(p);
    for (ptrdiff_t i = 0; i < group->count; i++) {
        head.bound[i] = psw_judge_bound(&group->points[i]) * head.unit;
        head.doubt[i] = judge_head_doubt(&group->points[i]) * head.unit;
    }
    head.rounding = psw_point_single(p) && !judge_repeats(p) ? judge_head_rounding(p) * head.unit : 0;
    head.draws = psw_judge_draws(p);
    head.trials = psw_judge_trials(p);
    head.columns = head.sets == 2 ? p->m * trials_of(p, 0) : 0;
    head.batch = batch_of(head.columns, p->v);
    head.key = psw_random_key(PSW_STREAM_SIGNS, p->seed, values, 2);
    return head;
}

static void lay_out(psw_head *h, psw_arena *arena, size_t real_bytes)
{
    ptrdiff_t pairs = h->points * h->sets, queries = psw_data_queries(&h->point);
    ptrdiff_t rows = queries < h->point.block ? queries : h->point.block;
    h->value = psw_arena_take(arena, h->leaves * pairs, sizeof *h->value);
    h->active = psw_arena_take(arena, pairs, sizeof *h->active);
    h->margin = psw_arena_take(arena, pairs, sizeof *h->margin);
    h->special = psw_arena_take(arena, h->draws * pairs, sizeof *h->special);
    h->leak = psw_arena_take(arena, h->draws * h->points, sizeof *h->leak);
    h->rows = psw_arena_take(arena, 2 * h->points, sizeof *h->rows);
    h->of_draw = psw_arena_take(arena, 2 * h->draws, sizeof *h->of_draw);
    h->trial = psw_arena_take(arena, h->points * h->trials, 1);
    h->signs = psw_arena_take(arena, h->batch * h->point.v, real_bytes);
    h->tile = psw_arena_take(arena, h->batch * rows, real_bytes);
    h->largest = psw_arena_take(arena, h->batch, real_bytes);
    h->sum = psw_arena_take(arena, h->batch, real_bytes);
    h->count = psw_arena_take(arena, h->batch, real_bytes);
    h->nearest = psw_arena_take(arena, h->batch, real_bytes);
}

/* Only single precision asks for more than it has. */
static void lay_out_pending(psw_head *h, psw_arena *arena)
{
    ptrdiff_t pairs = h->points * h->sets;
    if (h->point.precision != PSW_FP32 || !judge_repeats(&h->point) || h->columns == 0) return;
    h->pending = psw_arena_take(arena, pairs, sizeof *h->pending);
    h->flags = psw_arena_take(arena, psw_data_queries(&h->point), 1);
    h->left = psw_arena_take(arena, h->trials, 1);
    h->again = psw_arena_take(arena, judge_head_settle_numbers(&h->point), sizeof *h->again);
}

static void clear(psw_head *h)
{
    ptrdiff_t pairs = h->points * h->sets;
    for (ptrdiff_t i = 0; i < h->leaves * pairs; i++) h->value[i] = 0;
    for (ptrdiff_t i = 0; i < pairs; i++) h->active[i] = 0, h->margin[i] = -INFINITY;
    for (ptrdiff_t i = 0; i < h->draws * pairs; i++) h->special[i] = 0;
    for (ptrdiff_t i = 0; i < h->draws * h->points; i++) h->leak[i] = -INFINITY;
    for (ptrdiff_t i = 0; i < 2 * h->points; i++) h->rows[i] = 0;
    memset(h->trial, 0, (size_t)(h->points * h->trials));
    if (!h->pending) return;
    for (ptrdiff_t i = 0; i < pairs; i++) h->pending[i].count = 0, h->pending[i].many = false;
    memset(h->flags, 0, (size_t)psw_data_queries(&h->point));
}

psw_head *judge_head_layout(const psw_group *group, psw_arena *arena, size_t real_bytes)
{
    psw_head *head = psw_arena_take(arena, 1, sizeof *head), laid = head_of(group);
    lay_out(&laid, arena, real_bytes);
    lay_out_pending(&laid, arena);
    if (!head || arena->used > arena->size) return NULL;
    *head = laid;
    clear(head);
    return head;
}

void judge_head_take_masses(psw_head *h, const psw_leaf *leaf)
{
    ptrdiff_t at = h->point.j3 - leaf->first, pairs = h->points * h->sets;
    if (!leaf->special) return;
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        const double *mass = leaf->special + pair * leaf->count;
        if (at >= 0 && at < leaf->count) h->special[h->draw * pairs + pair] += mass[at];
        if (pair % h->sets != h->sets - 1) continue;
        double *leak = &h->leak[h->draw * h->points + pair / h->sets];
        for (ptrdiff_t i = 0; i < leaf->count; i++)
            if (i != at) *leak = fmax(*leak, mass[i]);
    }
}

void judge_head_take_denominators(psw_head *h, const psw_leaf *leaf)
{
    ptrdiff_t rows = h->sets * leaf->count;
    for (ptrdiff_t point = 0; point < h->points; point++) {
        const double *log2_den = leaf->log2_den + point * rows;
        for (ptrdiff_t i = 0; i < rows; i++) h->rows[2 * point + 1] += !(log2_den[i] > -INFINITY);
        h->rows[2 * point] += (double)rows;
    }
}

int judge_head_merging(psw_head *h, psw_merging list[PSW_MERGING_MAX])
{
    ptrdiff_t pairs = h->points * h->sets;
    const psw_merging all[] = {{PSW_ADD, h->value, h->leaves * pairs},
                               {PSW_ADD, h->active, pairs},
                               {PSW_LARGEST, h->margin, pairs},
                               {PSW_ADD, h->special, h->draws * pairs},
                               {PSW_LARGEST, h->leak, h->draws * h->points},
                               {PSW_ADD, h->rows, 2 * h->points},
                               {PSW_UNITE, h->trial, h->points * h->trials}};
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof all[0];
}
