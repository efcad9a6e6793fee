#include <math.h>
#include <string.h>

#include "polysweep/transcend.h"
#include "sketch/map.h"

/* ---- what maps share -------------------------------------------------------------------------------------- */

psw_key SKETCH_KEY(const psw_sketch *s, ptrdiff_t draw, sketch_place place)
{
    const psw_point *p = &s->point;
    const uint64_t values[] = {(uint64_t)p->method,
                               (uint64_t)psw_point_width(p),
                               (uint64_t)s->shape.r,
                               (uint64_t)draw,
                               place.level,
                               place.number,
                               place.side};
    return psw_random_key(PSW_STREAM_SKETCH, p->seed, values, sizeof values / sizeof values[0]);
}

psw_panels SKETCH_TAKE_TABLE(psw_arena *arena, ptrdiff_t rows, ptrdiff_t cols)
{
    return (psw_panels){psw_arena_take(arena, psw_panels_count(rows, cols), sizeof(psw_real)), rows, cols};
}

void SKETCH_TIMES_TABLE(psw_const_rows x, psw_panels table, psw_rows out)
{
    psw_panels_product(x, table, out);
}

psw_status SKETCH_NORMALS(const psw_sketch *s, const psw_key *keys, int count, psw_panels to)
{
    ptrdiff_t cols = to.cols / count;
    memset(to.at, 0, (size_t)psw_panels_count(to.inner, to.cols) * sizeof *to.at);
    for (ptrdiff_t i = 0; i < to.inner; i++) {
        if (i % 16 == 0) PSW_TRY(psw_watch_ask(s->watch));
        for (int k = 0; k < count; k++) {
            psw_random_normals(keys[k], (uint64_t)i, 0, cols, s->normals);
            for (ptrdiff_t j = 0; j < cols; j++) s->row[k * cols + j] = (psw_real)s->normals[j];
        }
        psw_panels_put_row(to, i, s->row);
    }
    return PSW_OK;
}

/* Sixteen sums that wait for each other as little as vectors allow. */
double SKETCH_SUM_OF_SQUARES(const psw_real *x, ptrdiff_t count)
{
    double lane[16] = {0}, rest = 0;
    ptrdiff_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int k = 0; k < 16; k++) lane[k] += (double)x[i + k] * (double)x[i + k];
    for (; i < count; i++) rest += (double)x[i] * (double)x[i];
    for (int k = 0; k < 8; k++) lane[k] += lane[k + 8];
    for (int k = 0; k < 4; k++) lane[k] += lane[k + 4];
    return (lane[0] + lane[2]) + (lane[1] + lane[3]) + rest;
}

psw_real SKETCH_LARGEST(const psw_real *x, ptrdiff_t count)
{
    psw_real lane[16], most = x[0];
    ptrdiff_t i = 0;
    for (int k = 0; k < 16; k++) lane[k] = x[0];
    for (; i + 16 <= count; i += 16)
        for (int k = 0; k < 16; k++) lane[k] = x[i + k] > lane[k] ? x[i + k] : lane[k];
    for (; i < count; i++) most = x[i] > most ? x[i] : most;
    for (int k = 0; k < 16; k++) most = lane[k] > most ? lane[k] : most;
    return most;
}

/* E <w,x>^2 <w,y>^2 = norms + 2 (c^2 - squares) for signs w */
psw_moments sketch_moments_of_signs(const psw_point *point, double norms, double product, double squares)
{
    double p = (double)sketch_degree(point), c = product, r = (double)psw_sketch_shape_of(point).r;
    double power = pow(c, p), square = power * power;
    return (psw_moments){power, (pow(norms + 2 * (c * c - squares), p) - square) / r};
}

psw_moments sketch_moments_unknown(const psw_point *point, double norms, double product, double squares)
{
    (void)point, (void)norms, (void)product, (void)squares;
    return (psw_moments){NAN, NAN};
}

/* ---- unit rows -------------------------------------------------------------------------------------------- */

/* u = x / |x|, returns log2 |x|, through 2^-e x with e the exponent of the largest entry: for rows whose squares leave
 * the range. A row of zeros stays one, with -inf; one that is not finite turns to NaN. */
static double unit_row_of_any_size(const psw_real *x, ptrdiff_t d, psw_real *u)
{
    int e = 0;
    double largest = 0, sum = 0;
    for (ptrdiff_t i = 0; i < d; i++) largest = fmax(largest, fabs((double)x[i]));
    if (largest > 0 && isfinite(largest)) frexp(largest, &e);
    for (ptrdiff_t i = 0; i < d; i++) sum += ldexp((double)x[i], -e) * ldexp((double)x[i], -e);
    double norm = sqrt(sum), inverse = norm > 0 ? 1 / norm : 0;
    for (ptrdiff_t i = 0; i < d; i++) u[i] = (psw_real)(norm < INFINITY ? ldexp((double)x[i], -e) * inverse : NAN);
    return norm > 0 ? log2(norm) + e : norm == 0 ? -INFINITY : NAN;
}

enum { FEW = 64 };

/* At most FEW rows, whose roots and logarithms are made side by side. */
static void few_unit_rows(psw_const_rows x, psw_rows u, double *restrict log2_norm)
{
    const double most = sizeof *x.at == sizeof(float) ? 0x1p240 : 0x1p900;
    double sum[FEW], inverse[FEW];
    for (ptrdiff_t i = 0; i < x.rows; i++) sum[i] = SKETCH_SUM_OF_SQUARES(x.at + i * x.stride, x.cols);
    for (ptrdiff_t i = 0; i < x.rows; i++) inverse[i] = 1 / sqrt(sum[i]);
    for (ptrdiff_t i = 0; i < x.rows; i++) log2_norm[i] = 0.5 * psw_log2(sum[i]);
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *restrict from = x.at + i * x.stride, each = (psw_real)inverse[i];
        psw_real *restrict to = u.at + i * u.stride;
        if (sum[i] > 1 / most && sum[i] < most)
            for (ptrdiff_t j = 0; j < x.cols; j++) to[j] = from[j] * each;
        else
            log2_norm[i] = unit_row_of_any_size(from, x.cols, to);
    }
}

static psw_const_rows unit_rows(psw_sketch *s, psw_const_rows x, double *log2_scale)
{
    psw_rows u = psw_rows_of(s->unit, x.rows, x.cols);
    for (ptrdiff_t first = 0; first < x.rows; first += FEW) {
        ptrdiff_t count = x.rows - first < FEW ? x.rows - first : FEW;
        few_unit_rows(psw_part(x, first, count), psw_rows_of(u.at + first * u.stride, count, x.cols),
                      log2_scale + first);
    }
    for (ptrdiff_t i = 0; i < x.rows; i++) log2_scale[i] *= s->point.beta;
    return psw_read(u);
}

/* ---- the table -------------------------------------------------------------------------------------------- */

static psw_sketch *lay(const psw_point *point, ptrdiff_t rows, psw_arena *arena)
{
    psw_sketch s = {.map = sketch_map_of(point), .point = *point, .shape = psw_sketch_shape_of(point), .rows = rows};
    psw_sketch *kept = psw_arena_take(arena, 1, sizeof s);
    if (s.map->unit) s.unit = psw_arena_take(arena, rows * psw_point_width(point), sizeof *s.unit);
    if (s.map->draw) {
        ptrdiff_t widest = s.shape.r > psw_point_width(point) ? s.shape.r : psw_point_width(point);
        s.normals = psw_arena_take(arena, widest, sizeof *s.normals);
        s.row = psw_arena_take(arena, 2 * widest, sizeof *s.row);
    }
    if (s.map->lay) s.own = s.map->lay(&s, arena);
    if (kept) *kept = s;
    return kept;
}

static size_t bytes(const psw_point *point, ptrdiff_t rows)
{
    psw_arena arena = psw_arena_counting();
    lay(point, rows, &arena);
    return arena.high;
}

static psw_status create(const psw_point *point, ptrdiff_t rows, const psw_weights *weights, psw_arena *arena,
                         psw_sketch **sketch)
{
    PSW_TRY(psw_sketch_check(point));
    *sketch = lay(point, rows, arena);
    PSW_TRY(psw_arena_check(arena));
    psw_status status = *sketch && (*sketch)->map->start ? (*sketch)->map->start(*sketch, weights) : PSW_OK;
    if (status != PSW_OK) *sketch = NULL;
    return status;
}

static void destroy(psw_sketch *s)
{
    if (s && s->map->stop) s->map->stop(s);
}

static psw_status draw(psw_sketch *s, ptrdiff_t number, psw_watch watch)
{
    s->watch = watch;
    return s->map->draw ? s->map->draw(s, number) : PSW_OK;
}

static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    if (x.rows == 0) return;
    s->map->map(s, s->map->unit ? unit_rows(s, x, log2_scale) : x, stored, log2_scale);
}

static void map_keys(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    if (!s->map->map_keys)
        map(s, x, stored, log2_scale);
    else if (x.rows > 0)
        s->map->map_keys(s, x, stored, log2_scale);
}

static void keys(psw_sketch *s, const psw_data *data)
{
    s->data = data;
}

static void copy(psw_const_rows from, psw_rows to)
{
    for (ptrdiff_t i = 0; i < to.rows; i++)
        memcpy(to.at + i * to.stride, from.at + i * from.stride, (size_t)to.cols * sizeof *to.at);
}

static void lift(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    if (s->shape.weigh == PSW_WEIGH_SQUARE)
        SKETCH_SQUARES(stored, features);
    else if (s->map->lift)
        s->map->lift(s, stored, features);
    else
        copy(stored, features);
}

static void lift_transposed(psw_sketch *s, psw_const_rows stored, psw_rows features)
{
    if (s->shape.weigh == PSW_WEIGH_SQUARE)
        SKETCH_SQUARES_TRANSPOSED(stored, features);
    else if (s->map->lift_transposed)
        s->map->lift_transposed(s, stored, features);
    else
        copy(stored, features);
}

const psw_sketcher PSW_PRECISION_NAME(psw_sketcher) = {bytes, create,          destroy,  draw, map,
                                                       lift,  lift_transposed, map_keys, keys};
