#include <math.h>

#include "data/kind.h"

/* Rows of one head of arrays that were read from a file. */

/* Row of the array that is the point's first query: the last query stands where the last key does, in the array and
 * in the point. */
static ptrdiff_t first_query(const psw_point *p, const psw_layer *layer)
{
    const psw_extent *q = &layer->side[PSW_QUERY].extent, *k = &layer->side[PSW_KEY].extent;
    return (psw_data_keys(p) - p->n) - (k->rows - q->rows);
}

static psw_status check_widths(const psw_point *p, const psw_layer *layer)
{
    const psw_tensor *q = &layer->side[PSW_QUERY], *v = &layer->side[PSW_VALUE];
    if (p->d == q->extent.cols && p->v == v->extent.cols) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "d = %td, v = %td: %s is %td wide and %s %td; set d: %td and v: %td", p->d, p->v,
                    q->name, q->extent.cols, v->name, v->extent.cols, q->extent.cols, v->extent.cols);
}

static psw_status check_tokens(const psw_point *p, const psw_layer *layer)
{
    const psw_tensor *q = &layer->side[PSW_QUERY], *k = &layer->side[PSW_KEY];
    ptrdiff_t queries = q->extent.rows, keys = k->extent.rows, first = first_query(p, layer);
    if (queries == keys && p->n_k == 0 && p->n > queries)
        return PSW_FAIL(PSW_USAGE, "n = %td: %s has %td tokens; set n <= %td", p->n, q->name, queries, queries);
    if (psw_data_keys(p) <= keys && first >= 0 && first + p->n <= queries) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "n = %td, n_k = %td: %s has %td queries and %s %td keys, and the last ones stand beside each other; "
        "set n: %td and n_k: %td",
        p->n, psw_data_keys(p), q->name, queries, k->name, keys, queries, keys);
}

static psw_status check_head(const psw_point *p, const psw_layer *layer)
{
    const psw_tensor *q = &layer->side[PSW_QUERY];
    if (p->batch < 0 || p->batch >= q->extent.batches)
        return PSW_FAIL(PSW_USAGE, "batch %td: %s has a batch of %td, counted from 0", p->batch, q->name,
                        q->extent.batches);
    if (p->head >= q->extent.heads)
        return PSW_FAIL(PSW_USAGE, "head %td: %s has %td heads, counted from 0", p->head, q->name, q->extent.heads);
    if (q->place && q->place[p->batch * q->extent.heads + p->head] < 0)
        return PSW_FAIL(PSW_BUG, "head %td of %s was not read", p->head, q->name);
    return PSW_OK;
}

static psw_status check_arrays(const psw_point *p, const psw_arrays *a)
{
    if (p->layer < 0 || p->layer >= a->layers || !a->layer[p->layer].side[PSW_QUERY].at)
        return PSW_FAIL(PSW_USAGE, "layer %td was not read; layers count from 0", p->layer);
    const psw_layer *layer = &a->layer[p->layer];
    PSW_TRY(check_widths(p, layer));
    PSW_TRY(check_head(p, layer));
    return check_tokens(p, layer);
}

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    PSW_TRY(data_check_widths(point));
    if (point->head < 0) return PSW_FAIL(PSW_USAGE, "head = %td: heads count from 0", point->head);
    return arrays ? check_arrays(point, arrays) : PSW_OK;
}

static psw_status open_file(psw_data *data)
{
    return data->arrays ? PSW_OK : PSW_FAIL(PSW_BUG, "data of kind file were opened before their arrays were read");
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    const psw_point *p = &data->point;
    const psw_layer *layer = &data->arrays->layer[p->layer];
    const psw_tensor *t = &layer->side[side];
    ptrdiff_t head = side == PSW_QUERY ? p->head : psw_layer_key_head(layer, p->head);
    ptrdiff_t at = p->batch * t->extent.heads + head, numbers = count * t->extent.cols;
    if (t->place) at = t->place[at];
    if (side == PSW_QUERY) first += first_query(p, layer);
    ptrdiff_t from = (at * t->extent.rows + first) * t->extent.cols;
    const float *single = t->at;
    const double *full = t->at;
    (void)set;
    for (ptrdiff_t i = 0; i < numbers; i++) rows[i] = t->single ? (double)single[from + i] : full[from + i];
}

const data_kind data_file = {.check = check, .open = open_file, .rows = rows_of};

psw_status psw_data_whole(const psw_arrays *arrays, psw_point *point)
{
    if (!arrays || point->layer >= arrays->layers || !arrays->layer[point->layer].length) return PSW_OK;
    ptrdiff_t length = (ptrdiff_t)arrays->layer[point->layer].length[point->batch], keys = psw_data_keys(point);
    ptrdiff_t there = keys < length ? keys : length, queries = point->n - (keys - there);
    if (queries < 1)
        return PSW_FAIL(PSW_USAGE,
                        "batch %td: its sequence has %td tokens, so none of the %td queries is there; leave it out",
                        point->batch, length, point->n);
    point->n = queries, point->n_k = there == queries ? 0 : there;
    return PSW_OK;
}
