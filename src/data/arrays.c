#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/heads.h"

static psw_status disagree(const psw_tensor *a, const psw_tensor *b, const char *what)
{
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s is [%td, %td, %td, %td] but %s is [%td, %td, %td, %td] (batch, heads, tokens, width): %s",
                    a->name, a->extent.batches, a->extent.heads, a->extent.rows, a->extent.cols, b->name,
                    b->extent.batches, b->extent.heads, b->extent.rows, b->extent.cols, what);
}

/* `kv_heads` heads serve those of the queries; each may be stored once for every query head that it serves. */
static psw_status check_heads(const psw_tensor *q, const psw_tensor *k, ptrdiff_t kv_heads)
{
    ptrdiff_t heads = q->extent.heads, stored = k->extent.heads;
    if (heads % stored != 0)
        return disagree(q, k, "they must have the same number of heads, or keys one for each so many query heads");
    if (kv_heads == 0 || (heads % kv_heads == 0 && stored % kv_heads == 0)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "data.kv_heads: %td, but %s has %td heads and %s %td: it must divide both",
                    kv_heads, q->name, heads, k->name, stored);
}

psw_status data_layer_agrees(psw_layer *layer, ptrdiff_t kv_heads)
{
    const psw_tensor *q = &layer->side[PSW_QUERY], *k = &layer->side[PSW_KEY], *v = &layer->side[PSW_VALUE];
    for (const psw_tensor *other = k; other <= v; other++)
        if (other->extent.batches != q->extent.batches) return disagree(q, other, "they must have the same batch");
    if (k->extent.heads != v->extent.heads) return disagree(k, v, "they must have the same number of heads");
    if (k->extent.rows != v->extent.rows) return disagree(k, v, "they must have the same number of tokens");
    if (q->extent.cols != k->extent.cols) return disagree(q, k, "they must have the same width");
    PSW_TRY(check_heads(q, k, kv_heads));
    layer->kv_heads = kv_heads > 0 ? kv_heads : k->extent.heads;
    return PSW_OK;
}

/* Head h is in group h / (heads / kv_heads), whose keys are stored stored / kv_heads times. */
ptrdiff_t psw_layer_key_head(const psw_layer *layer, ptrdiff_t head)
{
    ptrdiff_t heads = layer->side[PSW_QUERY].extent.heads, stored = layer->side[PSW_KEY].extent.heads;
    return head / (heads / layer->kv_heads) * (stored / layer->kv_heads);
}

/* ---- finite numbers ---- */

/* "NAME[2, 3, 4] (head, token, column)", with the batch before it where there is one. */
static psw_status refuse_number(const psw_tensor *t, ptrdiff_t head, ptrdiff_t i, double number)
{
    char batch[32] = "";
    if (t->extent.batches > 1) psw_format(batch, sizeof batch, "%td, ", head / t->extent.heads);
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s[%s%td, %td, %td] (%shead, token, column) is %g; replace it, or leave this head out", t->name,
                    batch, head % t->extent.heads, i / t->extent.cols, i % t->extent.cols, *batch ? "batch, " : "",
                    number);
}

psw_status data_head_finite(const psw_tensor *t, ptrdiff_t head, ptrdiff_t place)
{
    ptrdiff_t count = t->extent.rows * t->extent.cols, first = place * count, i = 0;
    const float *single = t->at;
    const double *full = t->at;
    while (i < count && isfinite(t->single ? (double)single[first + i] : full[first + i])) i++;
    if (i == count) return PSW_OK;
    return refuse_number(t, head, i, t->single ? (double)single[first + i] : full[first + i]);
}

/* ---- layers ---- */

psw_status data_layers_grow(psw_arrays *arrays, ptrdiff_t layer)
{
    if (layer < arrays->layers) return PSW_OK;
    psw_layer *more = realloc(arrays->layer, (size_t)(layer + 1) * sizeof *more);
    if (!more) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate layer %td", layer);
    memset(more + arrays->layers, 0, (size_t)(layer + 1 - arrays->layers) * sizeof *more);
    arrays->layer = more, arrays->layers = layer + 1;
    return PSW_OK;
}

void psw_arrays_free(psw_arrays *arrays)
{
    for (ptrdiff_t i = 0; i < arrays->layers; i++) {
        for (int side = 0; side < PSW_SIDES; side++) {
            free(arrays->layer[i].side[side].at);
            free(arrays->layer[i].side[side].place);
        }
        free(arrays->layer[i].length);
    }
    free(arrays->layer);
    *arrays = (psw_arrays){0};
}
