#include "judge/again.h"
#include "judge/head.h"
#include "judge/signs.h"

#include <math.h>
#include <sched.h>
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

/* Leaves up to the last one with a query. */
static ptrdiff_t leaves_of(const psw_point *p)
{
    return (psw_data_first(p, PSW_QUERY) + psw_data_queries(p) + p->block - 1) / p->block;
}

static ptrdiff_t leaves_with_queries(const psw_point *p)
{
    return leaves_of(p) - psw_data_first(p, PSW_QUERY) / p->block;
}

/* Without noise the rows of a class are equal where all see the same keys: d - 2 classes, and the special row. */
static bool rows_repeat(const psw_point *p)
{
    const psw_method_facts *method = psw_method_facts_of(p->method);
    bool classes = psw_data_kind_facts_of(p->data_kind)->closed_form && p->noise == 0;
    return classes && p->mask == PSW_FULL && psw_point_folds(p) == PSW_FOLDS_ROWS && psw_kernel_known(method->kernel);
}

static ptrdiff_t threads_of(const psw_point *p, double rows)
{
    ptrdiff_t numbers = JUDGE_LINE / (psw_point_single(p) ? (ptrdiff_t)sizeof(float) : (ptrdiff_t)sizeof(double));
    ptrdiff_t blocks = (ptrdiff_t)ceil(rows / (double)numbers), threads = psw_threads_of(p->threads);
    return blocks < 1 ? 1 : threads < blocks ? threads : blocks;
}

double psw_judge_threads(const psw_point *p)
{
    double rows = psw_judge_rows(p) / (double)leaves_with_queries(p);
    return (double)threads_of(p, rows);
}

double psw_judge_rows(const psw_point *p)
{
    double rows = (double)psw_data_queries(p), classes = (double)p->d - 1;
    return rows_repeat(p) ? fmin(rows, classes * (double)leaves_with_queries(p)) : rows;
}

/* Vectors of a trial that are looked up at a time: their pre-activations stay in the first-level cache. */
enum { STEP_MOST = 64 };

static ptrdiff_t steps_of_trial(ptrdiff_t m)
{
    return (m + STEP_MOST - 1) / STEP_MOST;
}

/* Signs that are kept while leaves come, and vectors whose sums wait for the next slab of coordinates: what stays in a
 * second-level cache beside the rows. Functions of the point, so that memory does not grow with its trials. */
enum { SIGNS_MOST = 1 << 19, PIECE_MOST = 2048 };

static void lay_steps(psw_head *h)
{
    ptrdiff_t m = h->point.m;
    h->groups = judge_signs_groups(h->point.v);
    h->steps_of_trial = steps_of_trial(m);
    if (h->steps_of_trial == 0) return;
    h->step = (m + h->steps_of_trial - 1) / h->steps_of_trial;
    ptrdiff_t most = SIGNS_MOST / (h->step * h->groups * (ptrdiff_t)sizeof *h->signs), piece = PIECE_MOST / h->step;
    if (most < 1) most = 1;
    h->period = most;
    h->batch = h->steps < most ? h->steps : most;
    h->piece = h->groups <= JUDGE_SLAB || h->batch < piece ? h->batch : piece;
}

/* Trials t = draw, draw + draws, ... */
static ptrdiff_t trials_of(const psw_point *p, ptrdiff_t draw)
{
    ptrdiff_t draws = psw_judge_draws(p), trials = psw_judge_trials(p);
    return draw < trials ? (trials - draw + draws - 1) / draws : 0;
}

static void lay_columns(psw_head *h, ptrdiff_t first, ptrdiff_t trials)
{
    h->first_trial = first, h->span = trials;
    h->steps = h->sets == 2 ? steps_of_trial(h->point.m) * trials : 0;
    h->before = h->rule == HEAD_BLOCKS ? steps_of_trial(h->point.m) * first : 0;
    h->filled = -1;
}

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

void judge_head_draw(psw_head *h, ptrdiff_t draw)
{
    h->draw = draw;
    lay_columns(h, draw, h->rule == HEAD_BLOCKS ? least(HEAD_BLOCK, h->trials) : trials_of(&h->point, draw));
}

/* The last block has what is left. */
void judge_head_next(psw_head *h)
{
    ptrdiff_t first = 0;
    for (ptrdiff_t i = 0; i < h->points; i++) first = h->end[i].trials > first ? h->end[i].trials : first;
    lay_columns(h, first, least(HEAD_BLOCK, h->trials - first));
}

ptrdiff_t judge_head_batch_end(const psw_head *h, ptrdiff_t first)
{
    return least(least(first + h->batch, h->steps), first + h->period - (h->before + first) % h->period);
}

/* Those of a batch are drawn once for all leaves of a draw, if it is the only one. */
double psw_judge_signs(const psw_point *p)
{
    psw_head h = {.point = *p, .sets = psw_data_sets(p), .rule = judge_head_rule_of(p), .trials = psw_judge_trials(p)};
    judge_head_draw(&h, 0);
    lay_steps(&h);
    double once = (double)p->m * psw_judge_expected(p).trials * (double)p->v;
    bool shared = h.batch == h.steps || h.rule == HEAD_BLOCKS;
    return h.sets < 2 ? 0 : shared ? once : once * (double)leaves_with_queries(p);
}

/* Own leaves of a rank of a team; data that are not shared are all on the first rank. */
static ptrdiff_t leaves_to_keep(const psw_point *p, const psw_route *route)
{
    bool all = !route || psw_attend_kind(p) == PSW_ONE_RANK;
    return all ? leaves_with_queries(p) : psw_route_count(route, route->rank);
}

static psw_head head_of(const psw_group *group, const psw_route *route)
{
    const psw_point *p = group->points;
    const uint64_t values[] = {(uint64_t)p->n, (uint64_t)p->d};
    psw_head head = {.group = group->points, .point = *p, .points = group->count, .sets = psw_data_sets(p)};
    head.leaves = leaves_of(p);
    head.unit = psw_data_unit(p);
    head.threshold = psw_data_threshold(p);
    for (ptrdiff_t i = 0; i < group->count; i++) {
        head.bound[i] = psw_judge_bound(&group->points[i]) * head.unit;
        head.doubt[i] = judge_head_doubt(&group->points[i]) * head.unit;
    }
    head.rounding = psw_point_single(p) && !judge_repeats(p) ? judge_head_rounding(p) * head.unit : 0;
    head.draws = psw_judge_draws(p);
    head.trials = psw_judge_trials(p);
    head.prunes = true;
    head.rule = judge_head_rule_of(p);
    for (ptrdiff_t i = 0; i < group->count; i++) head.end[i] = judge_head_counted_of(&head);
    if (head.rule == HEAD_BLOCKS) head.kept_most = leaves_to_keep(p, route);
    head.kept_rows = least(psw_data_queries(p), p->block);
    judge_head_draw(&head, 0);
    lay_steps(&head);
    head.key = psw_random_key(PSW_STREAM_SIGNS, p->seed, values, 2);
    return head;
}

static void lay_out(psw_head *h, psw_arena *arena)
{
    ptrdiff_t pairs = h->points * h->sets;
    h->value = psw_arena_take(arena, h->leaves * pairs, sizeof *h->value);
    h->active = psw_arena_take(arena, pairs, sizeof *h->active);
    h->margin = psw_arena_take(arena, pairs, sizeof *h->margin);
    h->special = psw_arena_take(arena, h->draws * pairs, sizeof *h->special);
    h->leak = psw_arena_take(arena, h->draws * h->points, sizeof *h->leak);
    h->rows = psw_arena_take(arena, 2 * h->points, sizeof *h->rows);
    h->of_draw = psw_arena_take(arena, 2 * h->draws, sizeof *h->of_draw);
    h->trial = psw_arena_take(arena, h->points * h->trials, 1);
    h->made = psw_arena_take(arena, h->points, sizeof *h->made);
}

/* What products take: the same bytes in either precision. */
static void lay_out_products(psw_head *h, psw_arena *arena)
{
    ptrdiff_t queries = psw_data_queries(&h->point), rows = queries < h->point.block ? queries : h->point.block;
    ptrdiff_t slab = h->groups < JUDGE_SLAB ? h->groups : JUDGE_SLAB;
    if (h->steps == 0) return;
    h->order = psw_arena_take(arena, rows, sizeof *h->order);
    h->row_value = psw_arena_take(arena, rows, sizeof *h->row_value);
    h->signs = psw_arena_take(arena, h->batch * h->step * h->groups, sizeof *h->signs);
    h->threads = (int)threads_of(&h->point, (double)rows);
    h->scratch = psw_arena_take(arena, h->threads, sizeof *h->scratch);
    for (int i = 0; i < h->threads; i++) {
        judge_head_scratch s = {.tables = psw_arena_take(arena, slab * JUDGE_ENTRIES, JUDGE_LINE)};
        s.lines = psw_arena_take(arena, slab * JUDGE_GROUP, JUDGE_LINE);
        s.tile = psw_arena_take(arena, h->step, JUDGE_LINE);
        if (h->groups > slab) s.sums = psw_arena_take(arena, h->piece * h->step, JUDGE_LINE);
        if (h->scratch) h->scratch[i] = s;
    }
}

static void lay_out_looks(psw_head *h, psw_arena *arena)
{
    ptrdiff_t rows = h->kept_most * h->points * h->sets * h->kept_rows;
    if (h->rule == HEAD_FIXED) return;
    h->look = psw_arena_take(arena, h->points * h->span, 1);
    if (h->rule != HEAD_BLOCKS) return;
    h->kept = psw_arena_take(arena, h->kept_most, sizeof *h->kept);
    h->kept_at = psw_arena_take(arena, rows * h->point.v, psw_point_single(&h->point) ? sizeof(float) : sizeof(double));
    h->kept_order = psw_arena_take(arena, rows, sizeof *h->kept_order);
    h->kept_value = psw_arena_take(arena, rows, sizeof *h->kept_value);
}

/* Only single precision asks for more than it has. */
static void lay_out_pending(psw_head *h, psw_arena *arena)
{
    ptrdiff_t pairs = h->points * h->sets;
    if (h->point.precision != PSW_FP32 || !judge_repeats(&h->point) || h->steps == 0) return;
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
    for (ptrdiff_t i = 0; i < h->points; i++) h->made[i] = 0;
    memset(h->trial, 0, (size_t)(h->points * h->trials));
    if (!h->pending) return;
    for (ptrdiff_t i = 0; i < pairs; i++) h->pending[i].count = 0, h->pending[i].many = false;
    memset(h->flags, 0, (size_t)psw_data_queries(&h->point));
}

psw_head *judge_head_layout(const psw_group *group, const psw_route *route, psw_arena *arena)
{
    psw_head *head = psw_arena_take(arena, 1, sizeof *head), laid = head_of(group, route);
    lay_out(&laid, arena);
    lay_out_products(&laid, arena);
    lay_out_looks(&laid, arena);
    lay_out_pending(&laid, arena);
    if (!head || arena->used > arena->size) return NULL;
    *head = laid;
    atomic_flag_clear(&head->locked);
    clear(head);
    return head;
}

void judge_head_take_masses(psw_head *h, const psw_leaf *leaf)
{
    ptrdiff_t at = h->point.j3 - psw_data_first(&h->point, PSW_QUERY) - leaf->first, pairs = h->points * h->sets;
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
        for (ptrdiff_t i = 0; i < rows && !h->end[point].over; i++) {
            double times = psw_data_times(&h->point, leaf->first + i % leaf->count);
            h->rows[2 * point] += times;
            h->rows[2 * point + 1] += log2_den[i] > -INFINITY ? 0 : times;
        }
    }
}

void judge_head_lock(psw_head *h)
{
    while (h->threads > 1 && atomic_flag_test_and_set_explicit(&h->locked, memory_order_acquire)) sched_yield();
}

void judge_head_unlock(psw_head *h)
{
    if (h->threads > 1) atomic_flag_clear_explicit(&h->locked, memory_order_release);
}

void judge_head_prune(psw_head *h, bool prunes)
{
    h->prunes = prunes;
}

int judge_head_merging(psw_head *h, psw_merging list[PSW_MERGING_MAX])
{
    ptrdiff_t pairs = h->points * h->sets;
    judge_head_flush(h);
    const psw_merging all[] = {{PSW_ADD, h->value, h->leaves * pairs},
                               {PSW_ADD, h->active, pairs},
                               {PSW_LARGEST, h->margin, pairs},
                               {PSW_ADD, h->special, h->draws * pairs},
                               {PSW_LARGEST, h->leak, h->draws * h->points},
                               {PSW_ADD, h->rows, 2 * h->points},
                               {PSW_ADD, h->made, h->points},
                               {PSW_UNITE, h->trial, h->points * h->trials}};
    memcpy(list, all, sizeof all);
    return sizeof all / sizeof all[0];
}
