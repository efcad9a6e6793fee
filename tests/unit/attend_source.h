/* A data source for tests of attend: rows given as arrays, so that shapes, signs and special tokens are free. It
 * replaces the data room at link time. */
#ifndef POLYSWEEP_TESTS_ATTEND_SOURCE_H
#define POLYSWEEP_TESTS_ATTEND_SOURCE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/attend.h"
#include "polysweep/random.h"
#include "polysweep/targets.h"

/* Products of tiles have the same bits for every shape (polysweep/tile.h). */
static inline bool any_shape(void)
{
    return strncmp(psw_tile_backend(), "own", 3) == 0;
}

static struct source {
    ptrdiff_t n, d, v, special;
    int sets;
    psw_tables tables; /* of a sketch */
    int passes;        /* before the one whose result is taken */
    bool shared, is_signed, zeros;
    double *rows[2][3]; /* [set][side] */
} source;

struct psw_data {
    int unused;
};
static struct psw_data source_data;

psw_status psw_data_check(const psw_point *point, const psw_arrays *arrays)
{
    return point && !arrays ? PSW_OK : PSW_USAGE;
}
psw_status psw_data_open(const psw_point *point, const psw_arrays *arrays, psw_data **data)
{
    *data = NULL;
    return psw_data_check(point, arrays);
}
void psw_data_close(psw_data *data)
{
    (void)data;
}
int psw_data_sets(const psw_point *point)
{
    return point ? source.sets : 0;
}
bool psw_data_shared(const psw_point *point)
{
    return point && source.shared;
}
ptrdiff_t psw_data_special(const psw_point *point)
{
    return point ? source.special : -1;
}
double psw_data_threshold(const psw_point *point)
{
    return point ? 1 : 0;
}
double psw_data_unit(const psw_point *point)
{
    return point ? 1 : 0;
}
psw_least_score psw_data_least(const psw_point *point)
{
    return (psw_least_score){point && source.is_signed ? -INFINITY : 0, false};
}
bool psw_data_signed(const psw_point *point)
{
    return psw_data_least(point).least < 0;
}
bool psw_data_zeros(const psw_point *point)
{
    return point && source.zeros;
}
psw_data_work psw_data_work_of(const psw_point *point)
{
    return (psw_data_work){.query_rows = point ? 1 : 0};
}
void psw_data_rows(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    (void)data;
    size_t width = (size_t)(side == PSW_VALUE ? source.v : source.d);
    memcpy(rows, source.rows[set][side] + (size_t)first * width, (size_t)count * width * sizeof *rows);
}

/* Rows that any precision holds exactly (multiples of 2^-10), so that both engines see the same numbers. Scores are
 * positive unless they may be signed. Row `special` of set 1 is three times that of set 0. */
static inline double source_entry(uint64_t seed, int side, ptrdiff_t row, ptrdiff_t column, bool is_signed)
{
    double u;
    const uint64_t values[] = {(uint64_t)side};
    psw_random_uniforms(psw_random_key(PSW_STREAM_DATA, seed, values, 1), (uint64_t)row, column, 1, &u);
    double entry = (double)(long)(1024 * (is_signed || side == PSW_VALUE ? 2 * u - 1 : u)) / 1024;
    return entry;
}

static inline void source_free(void)
{
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 3; side++) free(source.rows[set][side]);
    memset(&source, 0, sizeof source);
}

static inline void source_make(uint64_t seed, ptrdiff_t n, ptrdiff_t d, ptrdiff_t v, ptrdiff_t special, bool shared,
                               bool is_signed)
{
    source_free();
    source = (struct source){n, d, v, special, special < 0 ? 1 : 2, {0}, 0, shared, is_signed, false, {{NULL}}};
    for (int set = 0; set < 2; set++)
        for (int side = 0; side < 3; side++) {
            ptrdiff_t width = side == PSW_VALUE ? v : d;
            double *rows = malloc((size_t)(n * width) * sizeof *rows);
            for (ptrdiff_t i = 0; i < n; i++)
                for (ptrdiff_t c = 0; c < width; c++)
                    rows[i * width + c] =
                        source_entry(seed, shared ? 0 : side, i, c, is_signed) * (set == 1 && i == special ? 3 : 1);
            source.rows[set][side] = rows;
        }
}

/* Uses all bits of the mantissas, for tests of bits: of the plain rows most products are exact, so that a product
 * which is rounded before it is added has the bits of one that is not. */
static inline void source_fine(void)
{
    for (int side = 0; side < 3; side++) {
        const uint64_t values[] = {source.shared ? 0 : (uint64_t)side};
        psw_key key = psw_random_key(PSW_STREAM_DATA, 1, values, 1);
        ptrdiff_t width = side == PSW_VALUE ? source.v : source.d;
        for (ptrdiff_t i = 0; i < source.n * width; i++) {
            double u;
            psw_random_uniforms(key, (uint64_t)i, 0, 1, &u);
            for (int set = 0; set < 2; set++) source.rows[set][side][i] *= 1 + u * 0x1p-11;
        }
    }
}

/* ---- what an engine makes of it ---- */

typedef struct result { /* [points][sets][n]... */
    ptrdiff_t points, n, v;
    int sets;
    double *rows, *special, *log2_den;
    void *bits; /* rows as they came, n * v a point and set */
    size_t real_bytes;
    ptrdiff_t leaves, before; /* that came; numbers before the first one's */
} result;

static inline void result_free(result *r)
{
    free(r->rows);
    free(r->special);
    free(r->log2_den);
    free(r->bits);
    memset(r, 0, sizeof *r);
}

/* A leaf of any number, in any order. */
static inline psw_status result_put(void *context, const psw_leaf *leaf)
{
    result *r = context;
    for (ptrdiff_t p = 0; p < leaf->points; p++)
        for (int s = 0; s < leaf->sets; s++)
            for (ptrdiff_t i = 0; i < leaf->count; i++) {
                ptrdiff_t from = (p * leaf->sets + s) * leaf->count + i;
                ptrdiff_t to = (p * leaf->sets + s) * r->n + leaf->first + i;
                r->special[to] = leaf->special ? leaf->special[from] : 0;
                r->log2_den[to] = leaf->log2_den[from];
                memcpy((char *)r->bits + (size_t)(to * r->v) * r->real_bytes,
                       (const char *)leaf->rows + (size_t)(from * r->v) * r->real_bytes, (size_t)r->v * r->real_bytes);
                for (ptrdiff_t c = 0; c < r->v; c++)
                    r->rows[to * r->v + c] = r->real_bytes == 4 ? (double)((const float *)leaf->rows)[from * r->v + c]
                                                                : ((const double *)leaf->rows)[from * r->v + c];
            }
    r->leaves++;
    return PSW_OK;
}

/* Leaves in ascending order, from the first with a query on. */
static inline psw_status result_take(void *context, const psw_leaf *leaf)
{
    result *r = context;
    return leaf->index == r->before + r->leaves ? result_put(context, leaf) : PSW_BUG;
}

static inline void result_make(const psw_point *points, ptrdiff_t count, int sets, result *r)
{
    size_t all = (size_t)(count * sets * source.n);
    *r = (result){.points = count, .n = source.n, .v = source.v, .sets = sets};
    r->before = psw_data_first(points, PSW_QUERY) / points->block;
    r->real_bytes = psw_engine_of(points[0].precision)->real_bytes;
    r->rows = calloc(all * (size_t)source.v, sizeof(double));
    r->bits = calloc(all * (size_t)source.v, sizeof(double));
    r->special = calloc(all, sizeof(double));
    r->log2_den = calloc(all, sizeof(double));
}

static inline psw_status run_sets(const psw_point *points, ptrdiff_t count, int sets, result *r)
{
    const psw_engine *engine = psw_engine_of(points[0].precision);
    psw_group group = {points, count};
    psw_arena arena;
    result_make(points, count, sets, r);
    PSW_TRY(psw_arena_create(engine->bytes(&group, NULL), &arena));
    psw_given given = {.data = &source_data, .sets = sets, .tables = source.tables};
    psw_attention *attention;
    psw_status status = engine->prepare(&group, &given, &arena, &attention);
    for (int time = 0; time < source.passes + 1 && status == PSW_OK; time++) {
        r->leaves = 0;
        status = engine->pass(attention, (psw_watch){NULL, NULL}, result_take, r);
        if (time == source.passes || status != PSW_OK) engine->release(attention);
    }
    if (status == PSW_OK && arena.used > 0) status = PSW_BUG;
    if (status == PSW_OK && sets == source.sets && arena.high != engine->bytes(&group, NULL)) status = PSW_BUG;
    psw_arena_destroy(&arena);
    return status;
}

static inline psw_status run_group(const psw_point *points, ptrdiff_t count, result *r)
{
    return run_sets(points, count, source.sets, r);
}

static inline psw_point point_of(psw_method method, double beta, psw_mask mask, psw_precision precision,
                                 ptrdiff_t block)
{
    return (psw_point){.method = method,
                       .mask = mask,
                       .precision = precision,
                       .negative = PSW_NEGATIVE_SIGNED,
                       .data_kind = PSW_GAUSSIAN,
                       .beta = beta,
                       .n = source.n,
                       .d = source.d,
                       .v = source.v,
                       .j3 = source.special,
                       .block = block};
}

#endif
