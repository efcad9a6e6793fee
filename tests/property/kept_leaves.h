/* The leaves of a group, of all draws of its tables, kept: to be handed to heads in any order. */
#ifndef POLYSWEEP_TESTS_KEPT_LEAVES_H
#define POLYSWEEP_TESTS_KEPT_LEAVES_H

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/errors.h"
#include "polysweep/judge.h"

enum { LEAVES_MOST = 128 };

typedef struct kept {
    psw_leaf leaf[LEAVES_MOST];
    ptrdiff_t draw[LEAVES_MOST], count, now;
    size_t real_bytes;
} kept;

static inline const void *copy(const void *from, ptrdiff_t count, size_t each)
{
    void *to = from ? malloc((size_t)count * each) : NULL;
    return to ? memcpy(to, from, (size_t)count * each) : NULL;
}

static inline psw_status keep(void *context, const psw_leaf *leaf)
{
    kept *k = context;
    if (k->count == LEAVES_MOST) return PSW_FAIL(PSW_BUG, "more than %d leaves", LEAVES_MOST);
    psw_leaf *own = &k->leaf[k->count];
    ptrdiff_t rows = leaf->points * leaf->sets * leaf->count;
    *own = *leaf;
    own->rows = copy(leaf->rows, rows * leaf->width, k->real_bytes);
    own->special = copy(leaf->special, rows, sizeof(double));
    own->log2_den = copy(leaf->log2_den, rows, sizeof(double));
    k->draw[k->count++] = k->now;
    return PSW_OK;
}

static inline ptrdiff_t draws_of(const psw_point *p)
{
    return psw_sketch_has(p) ? psw_errors_draws(p) : 1;
}

static inline kept *leaves_of(const psw_group *group, const psw_arrays *arrays)
{
    const psw_engine *engine = psw_engine_of(group->points->precision);
    kept *k = calloc(1, sizeof *k);
    psw_arena arena;
    psw_data *data = NULL;
    k->real_bytes = engine->real_bytes;
    CHECK(psw_arena_create(engine->bytes(group, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(group->points, arrays, &data) == PSW_OK, "%s", psw_message());
    for (k->now = 0; k->now < draws_of(group->points); k->now++) {
        psw_status status = engine->attend(
            group, &(psw_given){.data = data, .sets = psw_data_sets(group->points), .tables = {k->now, NULL}}, &arena,
            (psw_watch){0}, keep, k);
        CHECK(status == PSW_OK, "%s", psw_message());
    }
    psw_data_close(data);
    psw_arena_destroy(&arena);
    return k;
}

static inline void forget(kept *k)
{
    for (ptrdiff_t i = 0; i < k->count; i++)
        free((void *)k->leaf[i].rows), free((void *)k->leaf[i].special), free((void *)k->leaf[i].log2_den);
    free(k);
}

#endif
