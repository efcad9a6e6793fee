#include <math.h>
#include <string.h>

#include "data/kind.h"

/* Associations of keys with values. Key j is the direction of d normals, value j has entries +-1 / sqrt(v), and query i
 * is key i, with noise the direction of k_i + noise N(0,1) / sqrt(d). */

static psw_status check(const psw_point *point, const psw_arrays *arrays)
{
    PSW_TRY(data_normal_check(point, arrays));
    if (!(point->noise >= 0) || isinf(point->noise))
        return PSW_FAIL(PSW_USAGE, "noise = %g: it is finite and not negative", point->noise);
    return PSW_OK;
}

/* A sequence for each side; that of queries is their noise. */
static void draw_sides(psw_data *data, ptrdiff_t draw)
{
    const psw_point *p = &data->point;
    uint64_t noise;
    memcpy(&noise, &p->noise, sizeof noise);
    for (uint64_t side = 0; side < PSW_SIDES; side++) {
        uint64_t width = (uint64_t)(side == PSW_VALUE ? p->v : p->d);
        const uint64_t values[] = {(uint64_t)p->data_kind, side, width, (uint64_t)draw, (uint64_t)p->n, noise};
        data->side[side] = psw_random_key(PSW_STREAM_DATA, p->seed, values, p->common ? 4 : 6);
    }
}

/* Sign k is a bit of block k / 128. */
static void fill_signs(psw_key key, ptrdiff_t row, ptrdiff_t width, double *x)
{
    enum { BLOCK = 128, WORD = 32 };
    const double size = 1 / sqrt((double)width);
    uint32_t words[BLOCK / WORD];
    for (ptrdiff_t k = 0; k < width; k++) {
        if (k % BLOCK == 0) psw_random_block(key, (uint64_t)row, (uint64_t)(k / BLOCK), words);
        x[k] = words[k % BLOCK / WORD] >> k % WORD & 1 ? size : -size;
    }
}

static void add_noise(const psw_data *data, ptrdiff_t row, double *x)
{
    const psw_point *p = &data->point;
    double scale = p->noise / sqrt((double)p->d), normals[64];
    for (ptrdiff_t at = 0; at < p->d; at += 64) {
        ptrdiff_t count = p->d - at < 64 ? p->d - at : 64;
        psw_random_normals(data->side[PSW_QUERY], (uint64_t)row, at, count, normals);
        for (ptrdiff_t i = 0; i < count; i++) x[at + i] += scale * normals[i];
    }
    data_row_norm(PSW_NORM_UNIT, 1, p->d, x);
}

static void rows_of(const psw_data *data, int set, psw_side side, ptrdiff_t first, ptrdiff_t count, double *rows)
{
    const psw_point *p = &data->point;
    (void)set;
    for (ptrdiff_t i = 0; i < count; i++) {
        double *x = rows + i * (side == PSW_VALUE ? p->v : p->d);
        if (side == PSW_VALUE) {
            fill_signs(data->side[side], first + i, p->v, x);
            continue;
        }
        psw_random_normals(data->side[PSW_KEY], (uint64_t)(first + i), 0, p->d, x);
        data_row_norm(PSW_NORM_UNIT, 1, p->d, x);
        if (side == PSW_QUERY && p->noise > 0) add_noise(data, first + i, x);
    }
}

/* The key of a query is made beside its noise. */
static psw_data_work work(const psw_point *point)
{
    return (psw_data_work){.drawn = 1, .query_rows = point->noise > 0 ? 2 : 1};
}

const data_kind data_memory = {
    .least = data_unit_least, .check = check, .draw = draw_sides, .rows = rows_of, .work = work};
