/* Leaves against sign vectors. The rows of a leaf stand in the order of the most that they can reach, in blocks that
 * share their look-ups; sums of F are kept row by row and added in the order of rows.
 *
 * Rows that are left out change no column, whatever the order of leaves, rows and ranks:
 * - of a row with 1-norm N no computed pre-activation exceeds most = fl(fl(N (1 + e)) - tau): the computed sum of its
 *   signed coordinates is at most N (1 + e), rounding is monotone, and the subtraction is the one that is made. With
 *   most < -doubt none fires, adds to F or is in doubt, whatever its sign vector, and with most <= margin, the largest
 *   of this data set that was seen here so far, none is the largest of all, which is no smaller.
 * - rows of a leaf with the same bits have the same pre-activations: those of one stand for all.
 * e: an addition rounds by a relative u, a coordinate goes through fewer than v + 8 of them (lookup.h) and the 1-norm
 * through v, so the sum is at most (1 + g(v + 8)) / (1 - g(v)) times the computed norm, g(k) = k u / (1 - k u) (Higham
 * 2002, lemma 3.1), which is below 1 + (4 v + 16) u for (v + 8) u <= 1/4; e = (4 v + 32) u has room for the rounding of
 * what is computed here. */
#include <math.h>
#include <string.h>

#include "judge/head_order.h"
#include "judge/lookup.h"

/* Rows that are looked up together, each for all that are equal to it. */
typedef struct block {
    psw_head *h;
    judge_head_scratch *own; /* of the thread that has it */
    const psw_leaf *leaf;
    ptrdiff_t pair, rows;
    psw_real bound, doubt;
    const judge_head_row *row[JUDGE_ROWS];
    ptrdiff_t equal[JUDGE_ROWS];
    double value[JUDGE_ROWS], active[JUDGE_ROWS];
    psw_lanes largest[JUDGE_PARTS];
    judge_lookup look;
} block;

static ptrdiff_t least(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

/* ---- columns: steps of sign vectors ---- */

static ptrdiff_t trial_of(const psw_head *h, ptrdiff_t step)
{
    return h->first_trial + step / h->steps_of_trial * h->draws;
}

/* The first vector of a step in its trial. */
static ptrdiff_t vector_of(const psw_head *h, ptrdiff_t step)
{
    return step % h->steps_of_trial * h->step;
}

static ptrdiff_t columns_of(const psw_head *h, ptrdiff_t step)
{
    return least(h->point.m - vector_of(h, step), h->step);
}

static psw_status fill_step(void *context, int thread, ptrdiff_t number, psw_watch watch)
{
    const psw_head *h = context;
    ptrdiff_t step = h->filled + number;
    uint16_t *out = h->signs + number * h->step * h->groups;
    uint64_t row = (uint64_t)trial_of(h, step) << 32 | (uint64_t)vector_of(h, step);
    for (ptrdiff_t c = 0; c < columns_of(h, step); c++, out += h->groups)
        judge_signs_draw(h->key, row + (uint64_t)c, h->point.v, out);
    (void)thread, (void)watch;
    return PSW_OK;
}

/* Those of the steps from `first` on are kept until others are asked for: all leaves share them where they fit. */
static psw_status fill_signs(psw_head *h, ptrdiff_t first)
{
    ptrdiff_t steps = judge_head_batch_end(h, first) - first;
    if (h->filled == first) return PSW_OK;
    h->filled = first;
    return psw_threads_run(steps < 8 ? 1 : h->threads, steps, (psw_watch){0}, fill_step, h);
}

/* ---- rows: in which order, and which are left out ---- */

static bool changes_nothing(const block *b, const judge_head_row *row)
{
    return row->most < (double)-b->doubt && row->most <= b->h->margin[b->pair];
}

/* How many of the rows from `row` on have its bits. */
static ptrdiff_t equal_to(const psw_head *h, const judge_head_row *row, const judge_head_row *end)
{
    const judge_head_row *next = row + 1;
    while (h->prunes && next < end && next->most == row->most && !memcmp(next->at, row->at, row->bytes)) next++;
    return next - row;
}

/* The next rows of the leaf that may change something; returns how many have been seen. */
static ptrdiff_t choose_rows(block *b, ptrdiff_t seen)
{
    const judge_head_row *end = b->h->order + b->leaf->count;
    for (b->rows = 0; seen < b->leaf->count && b->rows < JUDGE_ROWS; b->rows++) {
        const judge_head_row *row = b->h->order + seen;
        if (changes_nothing(b, row)) break;
        b->row[b->rows] = row, b->equal[b->rows] = equal_to(b->h, row, end);
        b->value[b->rows] = b->h->row_value[row->index], b->active[b->rows] = 0;
        seen += b->equal[b->rows];
    }
    return seen;
}

/* Coordinates of a slab, one after another. Past the last they are 0, and rows that are missing are no numbers, which
 * neither exceed anything nor are near to it. */
static void lay_lines(const block *b, ptrdiff_t group, ptrdiff_t groups)
{
    ptrdiff_t first = group * JUDGE_GROUP, count = groups * JUDGE_GROUP, known = least(count, b->h->point.v - first);
    psw_real *line = b->own->lines;
    for (ptrdiff_t i = 0; i < JUDGE_ROWS; i++) {
        const psw_real *row = i < b->rows ? (const psw_real *)b->row[i]->at + first : NULL;
        for (ptrdiff_t k = 0; k < count; k++) line[k * JUDGE_ROWS + i] = !row ? (psw_real)NAN : k < known ? row[k] : 0;
    }
}

/* ---- one step of one block ---- */

typedef __typeof__((psw_lanes){0} > (psw_lanes){0}) lanes_mask; /* -1 in lanes where it holds, else 0 */

static bool any(lanes_mask mask)
{
    bool some = false;
    for (int i = 0; i < PSW_LANES; i++) some |= mask[i] != 0;
    return some;
}

/* Of a row as it was rounded: it fires or not, and may not where another team or kernel rounds otherwise. */
static bool rounded_fires(const psw_head *h, const psw_real *row, const uint16_t *signs)
{
    double g = -h->threshold;
    if (h->rounding == 0) return false;
    for (ptrdiff_t k = 0; k < h->point.v; k++) g += judge_sign_at(signs, k) * (double)row[k];
    return g > h->rounding;
}

/* A pre-activation in doubt: that of column c of the step, and of every row that is equal. */
static void examine(block *b, ptrdiff_t lane, ptrdiff_t step, ptrdiff_t c, const uint16_t *signs)
{
    psw_head *h = b->h;
    const judge_head_row *row = b->row[lane];
    unsigned char *trial = h->trial + b->pair / h->sets * h->trials + trial_of(h, step);
    ptrdiff_t column = step / h->steps_of_trial * h->point.m + vector_of(h, step) + c;
    if (h->pending) judge_head_lock(h);
    for (ptrdiff_t i = 0; h->pending && i < b->equal[lane]; i++)
        judge_head_note(h, b->pair, b->leaf->first + row[i].index, column);
    if (h->pending) judge_head_unlock(h);
    if (h->pending) return;
    bool fires = rounded_fires(h, row->at, signs);
    judge_head_unite(trial, (TRIAL_TIE | (fires ? TRIAL_FIRED : 0)) << b->pair % h->sets);
}

/* All groups of a sign vector: b->look.signs begins with those of the slab. */
static void examine_step(block *b, ptrdiff_t step)
{
    const psw_real *g = b->own->tile;
    const uint16_t *signs = b->h->signs + (step - b->h->filled) * b->h->step * b->h->groups;
    for (ptrdiff_t c = 0; c < b->look.columns; c++, g += JUDGE_ROWS, signs += b->h->groups)
        for (ptrdiff_t i = 0; i < b->rows; i++)
            if (g[i] <= b->doubt && g[i] >= -b->doubt) examine(b, i, step, c, signs);
}

/* What the pre-activations of a step are, lane by lane: the sum and number of those above the bound, and whether one
 * is above it, surely positive, or in doubt. */
typedef struct lanes_scan {
    psw_lanes sum;
    lanes_mask number, fires, sure, near;
} lanes_scan;

static lanes_scan scan(const block *b, int part)
{
    const psw_lanes *g = (const psw_lanes *)b->own->tile + part;
    const psw_real bound = b->bound, doubt = b->doubt;
    lanes_scan s = {.sum = {0}};
    for (ptrdiff_t c = 0; c < b->look.columns; c++, g += JUDGE_PARTS) {
        lanes_mask above = *g > bound, sure = *g > doubt;
        s.sum += (psw_lanes)(above & (lanes_mask)*g);
        s.number -= above;
        s.fires |= above, s.sure |= sure, s.near |= (*g >= -doubt) & ~sure;
    }
    return s;
}

static void scan_step(block *b, ptrdiff_t step)
{
    psw_head *h = b->h;
    unsigned char *trial = h->trial + b->pair / h->sets * h->trials + trial_of(h, step);
    bool near = false;
    for (int part = 0; part < JUDGE_PARTS; part++) {
        lanes_scan s = scan(b, part);
        for (ptrdiff_t i = 0; i < PSW_LANES; i++) {
            b->value[part * PSW_LANES + i] += (double)s.sum[i];
            b->active[part * PSW_LANES + i] += (double)s.number[i];
        }
        int seen = (any(s.fires) ? TRIAL_FIRED : 0) | (any(s.sure) ? TRIAL_SURE : 0);
        judge_head_unite(trial, seen << b->pair % h->sets);
        near |= any(s.near);
    }
    if (near) examine_step(b, step);
}

/* Most steps have nothing to scan: nothing comes near to the threshold. */
static void judge_step(block *b, ptrdiff_t step)
{
    bool reached = false;
    for (int part = 0; part < JUDGE_PARTS; part++) {
        psw_lanes largest = b->look.largest[part];
        b->largest[part] = psw_lanes_maximum(largest, b->largest[part]);
        reached |= any(largest >= -b->doubt);
    }
    if (reached) scan_step(b, step);
}

/* ---- a block, a leaf ---- */

static void take_slab(block *b, ptrdiff_t slab, ptrdiff_t first, ptrdiff_t end)
{
    psw_head *h = b->h;
    judge_lookup *look = &b->look;
    bool last = slab + JUDGE_SLAB >= h->groups;
    look->groups = least(h->groups - slab, JUDGE_SLAB);
    look->less = last ? (psw_real)h->threshold : 0;
    lay_lines(b, slab, look->groups);
    judge_lookup_tables(look, b->own->lines);
    for (ptrdiff_t step = first; step < end; step++) {
        psw_real *sums = b->own->sums ? (psw_real *)b->own->sums + (step - first) * h->step * JUDGE_ROWS : NULL;
        look->signs = h->signs + (step - h->filled) * h->step * h->groups + slab;
        look->columns = columns_of(h, step);
        look->from = slab > 0 ? sums : NULL, look->to = last ? b->own->tile : sums;
        for (int part = 0; part < JUDGE_PARTS; part++) look->largest[part] = (psw_lanes){0} - (psw_real)INFINITY;
        judge_lookup_sums(look);
        if (last) judge_step(b, step);
    }
}

/* Queries that the rows of a lane, which are equal, stand for. */
static double queries_of(const block *b, ptrdiff_t lane)
{
    double all = 0;
    for (ptrdiff_t i = 0; i < b->equal[lane]; i++)
        all += psw_data_times(&b->h->point, b->leaf->first + b->row[lane][i].index);
    return all;
}

static void keep_block(const block *b)
{
    psw_head *h = b->h;
    for (ptrdiff_t lane = 0; lane < b->rows; lane++) {
        double largest = (double)b->largest[lane / PSW_LANES][lane % PSW_LANES];
        if (largest > h->margin[b->pair]) h->margin[b->pair] = largest;
        if (b->active[lane] > 0) h->active[b->pair] += b->active[lane] * queries_of(b, lane);
        for (ptrdiff_t i = 0; i < b->equal[lane]; i++) h->row_value[b->row[lane][i].index] = b->value[lane];
    }
}

/* The rows of a block with the steps whose signs are in memory. */
static void take_block(block *b, ptrdiff_t end)
{
    psw_head *h = b->h;
    b->look.tables = b->own->tables, b->look.stride = h->groups;
    for (int part = 0; part < JUDGE_PARTS; part++) b->largest[part] = (psw_lanes){0} - (psw_real)INFINITY;
    for (ptrdiff_t first = h->filled; first < end; first += h->piece)
        for (ptrdiff_t slab = 0; slab < h->groups; slab += JUDGE_SLAB)
            take_slab(b, slab, first, least(first + h->piece, end));
}

/* Now and then: the smallest products take less time than asking. */
static psw_status ask(const psw_head *h, judge_head_scratch *own, double products, psw_watch watch)
{
    const double often = 0x1p22;
    own->unasked += products * (double)h->point.v;
    if (own->unasked < often) return PSW_OK;
    own->unasked = 0;
    return psw_watch_ask(watch);
}

static double columns_between(const psw_head *h, ptrdiff_t first, ptrdiff_t end)
{
    ptrdiff_t whole = first / h->steps_of_trial * h->point.m + vector_of(h, first);
    return (double)(end / h->steps_of_trial * h->point.m + vector_of(h, end) - whole);
}

/* A pair of point and data set, whose rows are listed, against one batch of steps. */
typedef struct batch {
    psw_head *h;
    const psw_leaf *leaf;
    ptrdiff_t pair, first, end;
} batch;

static block next_block(const batch *of, judge_head_scratch *own)
{
    psw_head *h = of->h;
    block b = {.h = h, .own = own, .leaf = of->leaf, .pair = of->pair};
    ptrdiff_t point = of->pair / h->sets;
    b.bound = (psw_real)h->bound[point], b.doubt = (psw_real)h->doubt[point];
    judge_head_lock(h);
    h->taken = choose_rows(&b, h->taken);
    judge_head_unlock(h);
    return b;
}

/* The next block of rows, if one is left that may change something. */
static psw_status part(void *context, int thread, ptrdiff_t number, psw_watch watch)
{
    const batch *of = context;
    psw_head *h = of->h;
    block b = next_block(of, &h->scratch[thread]);
    double made = (double)b.rows * columns_between(h, of->first, of->end);
    (void)number;
    if (b.rows == 0) return PSW_OK;
    take_block(&b, of->end);
    judge_head_lock(h);
    keep_block(&b);
    h->made[of->pair / h->sets] += made;
    judge_head_unlock(h);
    return ask(h, b.own, made, watch);
}

/* Where little is to be done, threads would wait for each other. */
static psw_status take_batch(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair, ptrdiff_t first)
{
    const double least = 0x1p20;
    batch of = {h, leaf, pair, first, judge_head_batch_end(h, first)};
    ptrdiff_t parts = (leaf->count + JUDGE_ROWS - 1) / JUDGE_ROWS;
    double most = (double)leaf->count * columns_between(h, first, of.end) * (double)h->point.v;
    block none = {.h = h, .leaf = leaf, .pair = pair};
    none.doubt = (psw_real)h->doubt[pair / h->sets];
    h->taken = 0;
    if (leaf->count == 0 || changes_nothing(&none, h->order)) return PSW_OK;
    PSW_TRY(fill_signs(h, first));
    return psw_threads_run(most < least ? 1 : h->threads, parts, h->watch, part, &of);
}

static psw_status take_pair(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair, ptrdiff_t first)
{
    double *value = &h->value[leaf->index * h->points * h->sets + pair];
    if (h->end[pair / h->sets].over) return PSW_OK;
    judge_head_list(h, leaf, pair);
    PSW_TRY(take_batch(h, leaf, pair, first));
    for (ptrdiff_t i = 0; i < leaf->count; i++) *value += psw_data_times(&h->point, leaf->first + i) * h->row_value[i];
    return PSW_OK;
}

/* ---- rows that are kept for blocks of trials to come ---- */

/* Of a pair of the leaf that is number `place` of those that are kept. */
static void find_rows(psw_head *h, ptrdiff_t place, ptrdiff_t pair)
{
    ptrdiff_t first = (place * h->points * h->sets + pair) * h->kept_rows;
    h->order = h->kept_order + first, h->row_value = h->kept_value + first;
}

static psw_status keep(psw_head *h, const psw_leaf *leaf)
{
    ptrdiff_t place = h->kept_count++, pairs = h->points * h->sets, numbers = pairs * h->kept_rows * h->point.v;
    if (place >= h->kept_most || leaf->count > h->kept_rows)
        return PSW_FAIL(PSW_BUG, "leaf %td with %td rows: there is room for %td leaves of %td", leaf->index,
                        leaf->count, h->kept_most, h->kept_rows);
    psw_real *rows = (psw_real *)h->kept_at + place * numbers;
    memcpy(rows, leaf->rows, (size_t)(pairs * leaf->count * h->point.v) * sizeof *rows);
    h->kept[place] = *leaf;
    h->kept[place].rows = rows, h->kept[place].special = h->kept[place].log2_den = NULL;
    for (ptrdiff_t pair = 0; pair < pairs; pair++) {
        find_rows(h, place, pair);
        judge_head_list(h, &h->kept[place], pair);
    }
    return PSW_OK;
}

/* Sums of F wait row by row, and are added where a run of as many trials would have: at the ends of its batches. */
static psw_status compute_block(psw_head *h)
{
    judge_head_next(h);
    for (ptrdiff_t first = 0, end; first < h->steps; first = end) {
        end = judge_head_batch_end(h, first);
        for (ptrdiff_t place = 0; place < h->kept_count; place++)
            for (ptrdiff_t pair = 0; pair < h->points * h->sets; pair++) {
                find_rows(h, place, pair);
                if (!h->end[pair / h->sets].over) PSW_TRY(take_batch(h, &h->kept[place], pair, first));
            }
        if ((h->before + end) % h->period == 0) judge_head_flush(h);
    }
    return PSW_OK;
}

static psw_status take(void *context, const psw_leaf *leaf)
{
    psw_head *h = context;
    judge_head_take_masses(h, leaf);
    judge_head_take_denominators(h, leaf);
    if (h->rule == HEAD_BLOCKS) return keep(h, leaf);
    for (ptrdiff_t first = 0; first < h->steps; first = judge_head_batch_end(h, first))
        for (ptrdiff_t pair = 0; pair < h->points * h->sets; pair++) PSW_TRY(take_pair(h, leaf, pair, first));
    return PSW_OK;
}

static size_t bytes(const psw_group *group, const psw_route *route)
{
    psw_arena counting = psw_arena_counting();
    judge_head_layout(group, route, &counting);
    return counting.high;
}

static psw_status begin(const psw_group *group, const psw_route *route, psw_watch watch, psw_arena *arena,
                        psw_head **head)
{
    *head = judge_head_layout(group, route, arena);
    PSW_TRY(psw_arena_check(arena));
    if (!*head) return PSW_FAIL(PSW_BUG, "the head of a group was given no memory");
    (*head)->watch = watch;
    return PSW_OK;
}

extern const psw_judge PSW_PRECISION_NAME(psw_judge);
const psw_judge PSW_PRECISION_NAME(psw_judge) = {.bytes = bytes,
                                                 .begin = begin,
                                                 .take = take,
                                                 .end = judge_head_end,
                                                 .draw = judge_head_draw,
                                                 .prune = judge_head_prune,
                                                 .settle = judge_head_settle,
                                                 .merging = judge_head_merging,
                                                 .block = compute_block,
                                                 .looking = judge_head_looking,
                                                 .look = judge_head_look};
