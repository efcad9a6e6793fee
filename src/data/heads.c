/* Heads that a study wants, from an opened file: layer by layer, those alone. */
#include "data/heads.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/names.h"

/* A tensor as an array of rows: not 2, 3 or 4 dimensions, empty, or no floating-point numbers: PSW_ENVIRONMENT. */
static psw_status shape_of(const psw_tensors *t, const char *name, psw_tensor_about *about, psw_tensor *to)
{
    PSW_TRY(t->find(t, name, about));
    psw_tensor_title(t, name, to->name, sizeof to->name);
    int dims = about->dims;
    if (dims < 2 || dims > 4)
        return PSW_FAIL(PSW_ENVIRONMENT,
                        "%s has %d dimensions; give it the shape [batch, heads, n, width], [heads, n, width] or "
                        "[n, width]",
                        to->name, dims);
    for (int i = 0; i < dims; i++)
        if (about->length[i] == 0)
            return PSW_FAIL(PSW_ENVIRONMENT, "%s is empty (dimension %d has length 0)", to->name, i);
    if (about->whole)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s does not hold floating-point numbers; save it as float32 or float64",
                        to->name);
    ptrdiff_t length[4] = {1, 1, 1, 1};
    for (int i = 0; i < dims; i++) length[4 - dims + i] = (ptrdiff_t)about->length[i];
    to->extent = (psw_extent){length[0], length[1], length[2], length[3]};
    to->single = about->single;
    return PSW_OK;
}

/* ---- which heads ---- */

static psw_status no_head(const psw_tensor *t, const psw_head_place *at)
{
    if (at->batch >= t->extent.batches)
        return PSW_FAIL(PSW_USAGE, "batch %td: %s has a batch of %td, counted from 0", at->batch, t->name,
                        t->extent.batches);
    return PSW_FAIL(PSW_USAGE, "head %td: %s has %td heads, counted from 0", at->head, t->name, t->extent.heads);
}

/* Marks a head of each side as wanted (place 0). */
static psw_status mark(psw_layer *layer, const psw_head_place *at)
{
    const psw_extent *q = &layer->side[PSW_QUERY].extent;
    if (at->batch < 0 || at->batch >= q->batches || at->head < 0 || at->head >= q->heads)
        return no_head(&layer->side[PSW_QUERY], at);
    ptrdiff_t of_keys = psw_layer_key_head(layer, at->head);
    for (int side = 0; side < PSW_SIDES; side++) {
        psw_tensor *t = &layer->side[side];
        t->place[at->batch * t->extent.heads + (side == PSW_QUERY ? at->head : of_keys)] = 0;
    }
    return PSW_OK;
}

static psw_status allocate_places(psw_tensor *t, ptrdiff_t initial)
{
    ptrdiff_t heads = t->extent.batches * t->extent.heads;
    t->place = malloc((size_t)heads * sizeof *t->place);
    if (!t->place) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the heads of %s", t->name);
    for (ptrdiff_t i = 0; i < heads; i++) t->place[i] = initial;
    return PSW_OK;
}

/* ---- numbers ---- */

static psw_status read_side(const psw_tensors *t, const psw_tensor_about *about, psw_tensor *to)
{
    ptrdiff_t heads = to->extent.batches * to->extent.heads, count = 0, each = to->extent.rows * to->extent.cols;
    size_t bytes = to->single ? sizeof(float) : sizeof(double);
    for (ptrdiff_t i = 0; i < heads; i++)
        if (to->place[i] == 0) to->place[i] = count++;
    to->at = malloc((size_t)(count * each) * bytes);
    if (!to->at) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %td heads of %s", count, to->name);
    for (ptrdiff_t i = 0; i < heads; i++) {
        if (to->place[i] < 0) continue;
        char *at = (char *)to->at + (size_t)(to->place[i] * each) * bytes;
        PSW_TRY(t->read(t, about, (uint64_t)(i * each), (size_t)each, at));
        PSW_TRY(data_head_finite(to, i, to->place[i]));
    }
    return PSW_OK;
}

static ptrdiff_t heads_read(const psw_tensor *t)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < t->extent.batches * t->extent.heads; i++) count += t->place[i] >= 0;
    return count;
}

static psw_status widen(psw_tensor *t, ptrdiff_t numbers)
{
    if (!t->single) return PSW_OK;
    double *full = malloc((size_t)numbers * sizeof *full);
    if (!full) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %td numbers of %s", numbers, t->name);
    for (ptrdiff_t i = 0; i < numbers; i++) full[i] = (double)((const float *)t->at)[i];
    free(t->at);
    t->at = full, t->single = false;
    return PSW_OK;
}

/* Queries and keys end together: the last query stands where the last key does. */
static psw_status rotate(const psw_file_keys *keys, psw_layer *layer)
{
    psw_tensor *q = &layer->side[PSW_QUERY], *k = &layer->side[PSW_KEY];
    ptrdiff_t width = keys->rope_width, d = q->extent.cols;
    if (width > d || (width > 0 ? width : d) % 2 != 0)
        return PSW_FAIL(PSW_ENVIRONMENT,
                        "data.rope: width %td of the %td columns of %s: it must be even and at most %td",
                        width > 0 ? width : d, d, q->name, d);
    for (psw_tensor *t = q; t <= k; t++) {
        ptrdiff_t each = t->extent.rows * d, count = heads_read(t),
                  first = t == q ? k->extent.rows - q->extent.rows : 0;
        PSW_TRY(widen(t, count * each));
        for (ptrdiff_t i = 0; i < count; i++) data_rope(keys, first, t->extent.rows, d, (double *)t->at + i * each);
    }
    return PSW_OK;
}

/* ---- lengths ---- */

static psw_status check_length(const psw_layer *layer, const char *title, ptrdiff_t batch)
{
    double length = layer->length[batch];
    ptrdiff_t most = layer->side[PSW_KEY].extent.rows;
    if (length >= 1 && length <= (double)most && length == floor(length)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s[%td] is %g; the length of a sequence is a whole number from 1 to %td", title,
                    batch, length, most);
}

static psw_status read_lengths(const data_names *names, ptrdiff_t number, psw_layer *layer)
{
    const psw_tensors *t = names->tensors;
    const char *name;
    char title[256];
    psw_tensor_about about;
    size_t count = (size_t)layer->side[PSW_QUERY].extent.batches;
    PSW_TRY(data_name_of_padding(names, number, &name));
    if (!name) return PSW_OK;
    psw_tensor_title(t, name, title, sizeof title);
    PSW_TRY(t->find(t, name, &about));
    if (about.dims > 1 || (about.dims == 1 ? about.length[0] : 1) != count)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a list of %zu lengths, one for each sequence of the batch", title,
                        count);
    double *lengths = layer->length = malloc(count * sizeof *lengths);
    if (!lengths) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the lengths of sequences");
    PSW_TRY(t->read(t, &about, 0, count, lengths));
    for (size_t i = count; about.single && i-- > 0;) lengths[i] = (double)((const float *)(const void *)lengths)[i];
    for (size_t i = 0; i < count; i++) PSW_TRY(check_length(layer, title, (ptrdiff_t)i));
    return PSW_OK;
}

/* ---- a layer ---- */

static psw_status open_layer(const data_names *names, ptrdiff_t number, psw_tensor_about about[PSW_SIDES],
                             psw_layer *layer)
{
    for (int side = 0; side < PSW_SIDES; side++) {
        const char *name;
        PSW_TRY(data_name_of(names, (psw_side)side, number, &name));
        PSW_TRY(shape_of(names->tensors, name, &about[side], &layer->side[side]));
    }
    return data_layer_agrees(layer, names->keys ? names->keys->kv_heads : 0);
}

/* `count` heads of one layer, all where `at` is NULL. */
static psw_status load_layer(const data_names *names, ptrdiff_t number, const psw_head_place *at, ptrdiff_t count,
                             psw_layer *layer)
{
    psw_tensor_about about[PSW_SIDES];
    PSW_TRY(open_layer(names, number, about, layer));
    for (int side = 0; side < PSW_SIDES; side++) PSW_TRY(allocate_places(&layer->side[side], at ? -1 : 0));
    for (ptrdiff_t i = 0; i < count; i++) PSW_TRY(mark(layer, &at[i]));
    for (int side = 0; side < PSW_SIDES; side++) PSW_TRY(read_side(names->tensors, &about[side], &layer->side[side]));
    PSW_TRY(read_lengths(names, number, layer));
    return names->keys && names->keys->rope_base > 0 ? rotate(names->keys, layer) : PSW_OK;
}

static psw_status load_layers(const psw_tensors *t, const psw_wanted *wanted, psw_arrays *arrays)
{
    data_names names = {t, wanted ? wanted->keys : NULL};
    const psw_head_place *at = wanted ? wanted->at : NULL;
    ptrdiff_t count = at ? wanted->count : 0, layer = 0;
    for (ptrdiff_t first = 0, next = 0; first == 0 || first < count; first = next) {
        if (at) layer = at[first].layer;
        while (next < count && at[next].layer == layer) next++;
        PSW_TRY(data_layers_grow(arrays, layer));
        PSW_TRY(load_layer(&names, layer, at ? at + first : NULL, next - first, &arrays->layer[layer]));
        if (next == 0) break;
    }
    return PSW_OK;
}

psw_status psw_arrays_load(const psw_tensors *t, const psw_wanted *wanted, psw_arrays *arrays)
{
    *arrays = (psw_arrays){0};
    psw_status status = load_layers(t, wanted, arrays);
    if (status != PSW_OK) psw_arrays_free(arrays);
    return status;
}

psw_status psw_arrays_facts(const psw_tensors *t, const psw_file_keys *keys, psw_file_facts *facts)
{
    data_names names = {t, keys};
    psw_tensor_about about[PSW_SIDES];
    psw_layer layer = {0};
    char text[64];
    double scale;
    *facts = (psw_file_facts){0};
    data_name_layers(&names, facts);
    PSW_TRY(open_layer(&names, facts->layer[0], about, &layer));
    const psw_extent *q = &layer.side[PSW_QUERY].extent;
    facts->n = q->rows, facts->d = q->cols, facts->heads = q->heads, facts->batches = q->batches;
    facts->n_k = layer.side[PSW_KEY].extent.rows, facts->v = layer.side[PSW_VALUE].extent.cols;
    if (!t->attribute(t, "source", facts->source, sizeof facts->source)) facts->source[0] = 0;
    if (!t->attribute(t, "scale", text, sizeof text)) return PSW_OK;
    if (!psw_number_read(text, &scale) || !(scale > 0) || isinf(scale))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: its attribute scale is '%s'; it must be a number above 0", t->path,
                        psw_show(text).text);
    facts->scale = scale;
    return PSW_OK;
}
