#include <math.h>

#include "sketch/exp.h"
#include "sketch/map.h"

/* phi_j(x) = r^(-1/2) exp(<w_j, x> - |x|^2 / 2), w_j standard normal, d at a time orthogonal to each other
 * (Choromanski et al. 2021). A row's largest exponent goes into its scale, so no feature overflows.
 *
 * With epsilon > 0 what the code published with it computes,
 *     phi_j(x) = r^(-1/2) (exp(<w_j, x> - |x|^2 / 2 - M) + epsilon),
 * M the largest <w_j, q> of a query's own row, and for keys the largest <w_j, k> over all keys of the sequence, also
 * those that a causal mask hides. M goes into the scale: estimates are of e^<q,k> still, with a floor. */
typedef struct favor {
    psw_real *rows;   /* r x d: rows w_j */
    psw_panels table; /* d x r: columns w_j */
    double *block;    /* d x d: one orthogonal block */
    double *made;     /* rows x d: keys, to find the largest exponent in */
    psw_real *keys, *exponents;
    psw_real largest; /* over all keys */
    ptrdiff_t d, r;
} favor;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    favor f = {.d = psw_point_width(&s->point), .r = s->shape.r};
    favor *kept = psw_arena_take(arena, 1, sizeof f);
    f.rows = psw_arena_take(arena, f.r * f.d, sizeof *f.rows);
    f.table = SKETCH_TAKE_TABLE(arena, f.d, f.r);
    f.block = psw_arena_take(arena, f.d * f.d, sizeof *f.block);
    if (psw_sketch_asks_keys(&s->point)) {
        f.made = psw_arena_take(arena, s->rows * f.d, sizeof *f.made);
        f.keys = psw_arena_take(arena, s->rows * f.d, sizeof *f.keys);
        f.exponents = psw_arena_take(arena, s->rows * f.r, sizeof *f.exponents);
    }
    if (kept) *kept = f;
    return kept;
}

static double dot(const double *a, const double *b, ptrdiff_t count)
{
    double lane[8] = {0}, rest = 0;
    ptrdiff_t i = 0;
    for (; i + 8 <= count; i += 8)
        for (int k = 0; k < 8; k++) lane[k] += a[i + k] * b[i + k];
    for (; i < count; i++) rest += a[i] * b[i];
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) + ((lane[4] + lane[5]) + (lane[6] + lane[7])) + rest;
}

/* Gram-Schmidt, twice for each row (Giraud et al. 2005: then orthogonal to rounding). */
static psw_status orthonormalise(psw_watch watch, ptrdiff_t count, ptrdiff_t d, double *rows)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        if (i % 16 == 0) PSW_TRY(psw_watch_ask(watch));
        double *x = rows + i * d;
        for (ptrdiff_t j = 0; j < 2 * i; j++) {
            const double *y = rows + j % i * d;
            double along = dot(x, y, d);
            for (ptrdiff_t k = 0; k < d; k++) x[k] -= along * y[k];
        }
        double inverse = 1 / sqrt(dot(x, x, d));
        for (ptrdiff_t k = 0; k < d; k++) x[k] *= inverse;
    }
    return PSW_OK;
}

static ptrdiff_t keys_of(const psw_point *point)
{
    return point->n_k > 0 ? point->n_k : point->n;
}

/* Of all keys, in blocks: the same bits whoever asks. */
static psw_status find_largest(psw_sketch *s)
{
    favor *f = s->own;
    ptrdiff_t keys = keys_of(&s->point);
    if (!s->data) return PSW_FAIL(PSW_BUG, "favor with epsilon is drawn before its keys are known");
    for (ptrdiff_t first = 0; first < keys; first += s->rows) {
        ptrdiff_t count = keys - first < s->rows ? keys - first : s->rows;
        PSW_TRY(psw_watch_ask(s->watch));
        psw_data_rows(s->data, 0, PSW_KEY, first, count, f->made);
        for (ptrdiff_t i = 0; i < count * f->d; i++) f->keys[i] = (psw_real)f->made[i];
        SKETCH_TIMES_TABLE(psw_read(psw_rows_of(f->keys, count, f->d)), f->table,
                           psw_rows_of(f->exponents, count, f->r));
        psw_real most = SKETCH_LARGEST(f->exponents, count * f->r);
        if (first == 0 || most > f->largest) f->largest = most;
    }
    return PSW_OK;
}

/* Directions from one table of normals, lengths (chi with d degrees of freedom) from another. */
static psw_status draw_table(psw_sketch *s, ptrdiff_t number)
{
    favor *f = s->own;
    ptrdiff_t d = f->d;
    for (ptrdiff_t first = 0; first < f->r; first += d) {
        psw_key key = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)(first / d), 0});
        psw_key lengths = SKETCH_KEY(s, number, (sketch_place){0, (uint64_t)(first / d), 1});
        ptrdiff_t count = f->r - first < d ? f->r - first : d;
        for (ptrdiff_t i = 0; i < count; i++) psw_random_normals(key, (uint64_t)i, 0, d, f->block + i * d);
        PSW_TRY(orthonormalise(s->watch, count, d, f->block));
        for (ptrdiff_t i = 0; i < count; i++) {
            psw_random_normals(lengths, (uint64_t)i, 0, d, s->normals);
            double length = sqrt(dot(s->normals, s->normals, d));
            for (ptrdiff_t k = 0; k < d; k++) f->rows[(first + i) * d + k] = (psw_real)(length * f->block[i * d + k]);
        }
    }
    return PSW_OK;
}

static psw_status draw(psw_sketch *s, ptrdiff_t number)
{
    const favor *f = s->own;
    PSW_TRY(draw_table(s, number));
    psw_panels_pack_transposed((psw_const_rows){f->rows, f->r, f->d, f->d}, f->table);
    return psw_sketch_asks_keys(&s->point) ? find_largest(s) : PSW_OK;
}

/* phi holds <w_j, x>. */
static void add_floor(const psw_sketch *s, psw_real half, psw_real most, psw_real *restrict phi)
{
    psw_real scale = (psw_real)(1 / sqrt((double)s->shape.r)), epsilon = (psw_real)s->point.epsilon;
    for (ptrdiff_t j = 0; j < s->shape.r; j++) phi[j] = phi[j] - most - half;
    sketch_exp_all(phi, s->shape.r);
    for (ptrdiff_t j = 0; j < s->shape.r; j++) phi[j] = scale * (phi[j] + epsilon);
}

static void map_with_floor(psw_sketch *s, psw_side side, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const favor *f = s->own;
    SKETCH_TIMES_TABLE(x, f->table, stored);
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *phi = stored.at + i * stored.stride, most = side == PSW_KEY ? f->largest : SKETCH_LARGEST(phi, f->r);
        add_floor(s, (psw_real)(SKETCH_SUM_OF_SQUARES(x.at + i * x.stride, f->d) / 2), most, phi);
        log2_scale[i] = (double)most * 1.4426950408889634;
    }
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const favor *f = s->own;
    if (psw_sketch_asks_keys(&s->point)) {
        map_with_floor(s, PSW_QUERY, x, stored, log2_scale);
        return;
    }
    psw_real scale = (psw_real)(1 / sqrt((double)f->r));
    SKETCH_TIMES_TABLE(x, f->table, stored);
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        psw_real *restrict phi = stored.at + i * stored.stride, most = SKETCH_LARGEST(phi, f->r);
        for (ptrdiff_t j = 0; j < f->r; j++) phi[j] -= most;
        sketch_exp_all(phi, f->r);
        for (ptrdiff_t j = 0; j < f->r; j++) phi[j] *= scale;
        log2_scale[i] = ((double)most - SKETCH_SUM_OF_SQUARES(x.at + i * x.stride, f->d) / 2) * 1.4426950408889634;
    }
}

static void map_keys(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    if (psw_sketch_asks_keys(&s->point))
        map_with_floor(s, PSW_KEY, x, stored, log2_scale);
    else
        map(s, x, stored, log2_scale);
}

/* ---- what a point asks of it ---- */

/* D_0 and D_1 share the features of their blocks, which two largest exponents would tell apart. */
static psw_status check(const psw_point *point)
{
    if (point->epsilon > 0 && psw_data_sets(point) > 1)
        return PSW_FAIL(PSW_USAGE,
                        "favor: epsilon = %g: features then depend on the largest exponent of all keys, which D_0 and "
                        "D_1 do not share; use epsilon 0, or data of one set",
                        point->epsilon);
    return sketch_check_size(point);
}

static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), width = (double)r;
    return (psw_sketch_shape){.r = r, .stored = r, .flops = 2 * d * width + 20 * width};
}

/* Orthogonal rows have a smaller variance than independent ones, but no closed form; nor has the mean of a floor that
 * depends on largest exponents. */
static psw_moments moments(const psw_point *point, double norms, double product, double squares)
{
    (void)norms, (void)squares;
    return (psw_moments){point->epsilon > 0 ? NAN : exp(product), NAN};
}

static psw_sketch_work row_work(const psw_point *point, const psw_sketch_shape *shape)
{
    return (psw_sketch_work){.flops = sketch_exp_flops(point) * (double)shape->r};
}

/* Normals and lengths; d rows at a time made orthogonal, not by BLAS, which is ten times faster. With a floor every
 * rank makes all keys and their exponents. */
static psw_sketch_work table_work(const psw_point *point, const psw_sketch_shape *shape)
{
    double d = (double)psw_point_width(point), r = (double)shape->r;
    double keys = psw_sketch_asks_keys(point) ? (double)keys_of(point) : 0;
    double drawn = keys > 0 ? psw_data_work_of(point).drawn : 0;
    return (psw_sketch_work){.normals = 2 * d * r + keys * d * drawn, .flops = 4 * r * d * d * 10 + 2 * keys * d * r};
}

const sketch_map SKETCH_MAP(favor) = {.check = check,
                                      .shape = shape,
                                      .moments = moments,
                                      .row_work = row_work,
                                      .table_work = table_work,
                                      .lay = lay,
                                      .draw = draw,
                                      .map = map,
                                      .map_keys = map_keys};
