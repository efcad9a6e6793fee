#include <math.h>

#include "judge/head.h"
#include "polysweep/real.h"

enum { BITS = 128 };

/* +1 for a bit that is set, -1 for one that is not */
static void expand(const uint32_t words[4], ptrdiff_t count, psw_real *out)
{
    ptrdiff_t whole = count / 32 * 32;
    for (ptrdiff_t at = 0; at < whole; at += 32)
        for (uint32_t k = 0; k < 32; k++) out[at + k] = (psw_real)((int32_t)(words[at / 32] >> k & 1) * 2 - 1);
    for (uint32_t k = 0; k < count - whole; k++)
        out[whole + k] = (psw_real)((int32_t)(words[whole / 32] >> k & 1) * 2 - 1);
}

/* The sign vectors of columns first .. first+batch, as rows. Vector j of trial i is row (i, j) of the sequence whatever
 * m is; the last batch includes trials that are not counted. */
static void fill_signs(const psw_head *h, ptrdiff_t first)
{
    psw_real *out = h->signs;
    uint64_t trial = (uint64_t)(h->first_trial + first / h->point.m * h->draws),
             vector = (uint64_t)(first % h->point.m);
    for (ptrdiff_t c = 0; c < h->batch; c++) {
        for (ptrdiff_t at = 0; at < h->point.v; at += BITS) {
            uint32_t words[4];
            psw_random_block(h->key, trial << 32 | vector, (uint64_t)(at / BITS), words);
            expand(words, h->point.v - at < BITS ? h->point.v - at : BITS, out + at);
        }
        out += h->point.v;
        if (++vector == (uint64_t)h->point.m) trial += (uint64_t)h->draws, vector = 0;
    }
}

/* Of every column of `rows` rows of pre-activations: max g, sum of g and number where g > bound, min |g|;
 * g = <c, w> - threshold. Columns are the lanes. */
static inline void scan_rows(const psw_head *h, const psw_real *restrict tile, int rows, psw_real bound)
{
    psw_real *restrict largest = h->largest, *restrict sum = h->sum, *restrict count = h->count,
                       *restrict nearest = h->nearest;
    const psw_real threshold = (psw_real)h->threshold;
    const ptrdiff_t batch = h->batch;
    for (ptrdiff_t c = 0; c < batch; c++) {
        psw_real high = largest[c], low = nearest[c], total = 0, number = 0;
        for (int i = 0; i < rows; i++) {
            psw_real g = tile[i * batch + c] - threshold, size = g < 0 ? -g : g;
            high = g > high ? g : high;
            low = size < low ? size : low;
            total += g > bound ? g : 0;
            number += g > bound ? 1 : 0;
        }
        largest[c] = high, nearest[c] = low;
        sum[c] += total, count[c] += number;
    }
}

static void scan(const psw_head *h, ptrdiff_t rows, psw_real bound)
{
    const psw_real *tile = h->tile;
    psw_real *largest = h->largest, *sum = h->sum, *count = h->count, *nearest = h->nearest;
    ptrdiff_t i = 0;
    for (ptrdiff_t c = 0; c < h->batch; c++)
        largest[c] = (psw_real)-INFINITY, sum[c] = 0, count[c] = 0, nearest[c] = (psw_real)INFINITY;
    for (; i + 4 <= rows; i += 4) scan_rows(h, tile + i * h->batch, 4, bound);
    for (; i < rows; i++) scan_rows(h, tile + i * h->batch, 1, bound);
}

/* Columns first .. of a scanned tile go to their trials. */
static void fold(psw_head *h, ptrdiff_t first, ptrdiff_t pair, double *value)
{
    const psw_real *largest = h->largest, *sum = h->sum, *count = h->count;
    unsigned char *trial = h->trial + pair / h->sets * h->trials;
    trial += h->first_trial + first / h->point.m * h->draws;
    unsigned char fired = (unsigned char)(TRIAL_FIRED << pair % h->sets),
                  sure = (unsigned char)(TRIAL_SURE << pair % h->sets);
    const psw_real doubt = (psw_real)h->doubt[pair / h->sets];
    ptrdiff_t vector = first % h->point.m, used = h->columns - first < h->batch ? h->columns - first : h->batch;
    double total = 0, number = 0, margin = h->margin[pair];
    for (ptrdiff_t c = 0; c < used; c++) {
        total += (double)sum[c], number += (double)count[c];
        margin = (double)largest[c] > margin ? (double)largest[c] : margin;
        *trial |= (unsigned char)((count[c] > 0 ? fired : 0) | (largest[c] > doubt ? sure : 0));
        if (++vector == h->point.m) trial += h->draws, vector = 0;
    }
    *value += total, h->active[pair] += number, h->margin[pair] = margin;
}

/* Of a row as it was rounded: it fires or not, and may not where another team or kernel rounds otherwise. */
static bool rounded_fires(const psw_head *h, const psw_real *row, const psw_real *signs)
{
    double g = -h->threshold;
    if (h->rounding == 0) return false;
    for (ptrdiff_t k = 0; k < h->point.v; k++) g += (double)row[k] * (double)signs[k];
    return g > h->rounding;
}

/* A column with pre-activations in doubt. */
static void examine(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair, ptrdiff_t first, ptrdiff_t c)
{
    const psw_real *tile = h->tile, *rows = (const psw_real *)leaf->rows + pair * leaf->count * h->point.v;
    const psw_real threshold = (psw_real)h->threshold, doubt = (psw_real)h->doubt[pair / h->sets];
    ptrdiff_t t = h->first_trial + (first + c) / h->point.m * h->draws;
    unsigned char *trial = h->trial + pair / h->sets * h->trials + t;
    for (ptrdiff_t i = 0; i < leaf->count; i++) {
        psw_real g = tile[i * h->batch + c] - threshold;
        if (g > doubt || g < -doubt) continue;
        bool fires = rounded_fires(h, rows + i * h->point.v, (const psw_real *)h->signs + c * h->point.v);
        if (h->pending)
            judge_head_note(h, pair, leaf->first + i, first + c);
        else
            *trial |= (unsigned char)((TRIAL_TIE | (fires ? TRIAL_FIRED : 0)) << pair % h->sets);
    }
}

static void examine_nearest(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair, ptrdiff_t first)
{
    const psw_real *nearest = h->nearest, doubt = (psw_real)h->doubt[pair / h->sets];
    ptrdiff_t used = h->columns - first < h->batch ? h->columns - first : h->batch;
    for (ptrdiff_t c = 0; c < used; c++)
        if (nearest[c] <= doubt) examine(h, leaf, pair, first, c);
}

/* One pair of point and data set against one batch of sign vectors. */
static void take_batch(psw_head *h, const psw_leaf *leaf, ptrdiff_t pair, ptrdiff_t first)
{
    ptrdiff_t pairs = h->points * h->sets, v = h->point.v;
    const psw_real *rows = (const psw_real *)leaf->rows + pair * leaf->count * v;
    psw_product_nt((psw_const_rows){rows, leaf->count, v, v}, (psw_const_rows){h->signs, h->batch, v, v},
                   psw_rows_of(h->tile, leaf->count, h->batch));
    scan(h, leaf->count, (psw_real)h->bound[pair / h->sets]);
    fold(h, first, pair, h->value + leaf->index * pairs + pair);
    examine_nearest(h, leaf, pair, first);
}

/* Now and then: the smallest products take less time than asking. */
static psw_status ask(psw_head *h, const psw_leaf *leaf)
{
    const double often = 0x1p22;
    h->unasked += (double)(leaf->count * h->batch) * (double)h->point.v;
    if (h->unasked < often) return PSW_OK;
    h->unasked = 0;
    return psw_watch_ask(h->watch);
}

static psw_status take(void *context, const psw_leaf *leaf)
{
    psw_head *h = context;
    judge_head_take_masses(h, leaf);
    judge_head_take_denominators(h, leaf);
    for (ptrdiff_t first = 0; first < h->columns; first += h->batch) {
        fill_signs(h, first);
        for (ptrdiff_t pair = 0; pair < h->points * h->sets; pair++) {
            PSW_TRY(ask(h, leaf));
            take_batch(h, leaf, pair, first);
        }
    }
    return PSW_OK;
}

static size_t bytes(const psw_group *group)
{
    psw_arena counting = psw_arena_counting();
    judge_head_layout(group, &counting, sizeof(psw_real));
    return counting.high;
}

static psw_status begin(const psw_group *group, psw_watch watch, psw_arena *arena, psw_head **head)
{
    *head = judge_head_layout(group, arena, sizeof(psw_real));
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
                                                 .settle = judge_head_settle,
                                                 .merging = judge_head_merging};
