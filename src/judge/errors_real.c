/* The sketched side, in the precision of the point. */
#include <math.h>

#include "polysweep/narrow_rows.h"

#include "judge/errors.h"

#define SKETCHER PSW_PRECISION_NAME(psw_sketcher)

/* ---- opening ---- */

static size_t bytes(const psw_point *point, const psw_route *route)
{
    psw_arena counting = psw_arena_counting();
    judge_errors_layout(point, route, sizeof(psw_real), &counting);
    ptrdiff_t tokens = psw_data_tokens(point), block = point->block < tokens ? point->block : tokens;
    return counting.high + SKETCHER.bytes(point, block);
}

static psw_status begin(const psw_point *point, const psw_given *given, psw_watch watch, psw_arena *arena,
                        psw_errors **errors)
{
    const psw_route *route = given->route;
    ptrdiff_t tokens = psw_data_tokens(point);
    PSW_TRY(psw_sketch_check(point));
    if (route && route->leaves != (tokens + point->block - 1) / point->block)
        return PSW_FAIL(PSW_BUG, "a route of %td leaves for %td tokens in blocks of %td", route->leaves, tokens,
                        point->block);
    PSW_TRY(psw_fault("judge.errors"));
    psw_errors *e = judge_errors_layout(point, route, sizeof(psw_real), arena);
    PSW_TRY(psw_arena_check(arena));
    if (!e) return PSW_FAIL(PSW_BUG, "the errors of a point were given no memory");
    e->watch = watch;
    PSW_TRY(judge_errors_load(e, given->data));
    PSW_TRY(SKETCHER.create(point, e->block, given->tables.weights, arena, &e->sketch));
    SKETCHER.keys(e->sketch, given->data);
    *errors = e;
    return PSW_OK;
}

static psw_status reload(psw_errors *e, const psw_data *data)
{
    PSW_TRY(psw_fault("judge.reload"));
    SKETCHER.keys(e->sketch, data);
    return judge_errors_load(e, data);
}

static void close(psw_errors *e)
{
    if (e) SKETCHER.destroy(e->sketch);
}

/* ---- a draw ---- */

static psw_real round_one(const psw_narrow *narrow, double x)
{
    if (narrow) psw_narrow_doubles(narrow, &x, 1);
    return (psw_real)x;
}

/* As the fold maps them, so that A~ is what it multiplies. Of a narrow format the rounding of lifted features, of
 * weights and of states is not in A~ but in the outputs. */
static void map_rows(psw_errors *e, psw_side side, const double *x, ptrdiff_t count, psw_real *stored,
                     double *log2_scale)
{
    psw_real *rounded = e->rounded;
    psw_rows m = psw_rows_of(stored, count, e->shape.stored);
    ptrdiff_t d = psw_point_width(&e->point);
    for (ptrdiff_t i = 0; i < count * d; i++) rounded[i] = round_one(e->narrow, x[i]);
    (side == PSW_KEY ? SKETCHER.map_keys : SKETCHER.map)(e->sketch, psw_read(psw_rows_of(rounded, count, d)), m,
                                                         log2_scale);
    if (e->narrow) psw_narrow_rows(e->narrow, m);
}

static void map_queries(psw_errors *e)
{
    for (ptrdiff_t first = 0; first < e->rows; first += e->block) {
        ptrdiff_t left = e->rows - first, count = left < e->block ? left : e->block;
        map_rows(e, PSW_QUERY, e->q + first * psw_point_width(&e->point), count,
                 (psw_real *)e->query + first * e->shape.stored, e->query_log2 + first);
    }
}

/* The scales of keys as factors 2^(s - largest s); returns the largest. Keys 2^1074 below it are lost. */
static double scale_keys(const double *scale, ptrdiff_t count, double *factor)
{
    double most = -INFINITY;
    for (ptrdiff_t j = 0; j < count; j++) most = scale[j] > most ? scale[j] : most;
    for (ptrdiff_t j = 0; j < count; j++) factor[j] = most > -INFINITY ? exp2(scale[j] - most) : 0;
    return most;
}

/* w = <m(q), m(k)> <- the partial sum, of query number `row` of the sample and the first keys of the block */
static void weigh_partial_sum(const psw_errors *e, ptrdiff_t row, ptrdiff_t count, double *w)
{
    const psw_real *key = e->key;
    double t = (double)((const psw_real *)e->query)[row * e->shape.stored];
    for (ptrdiff_t j = 0; j < count; j++) {
        double both = t * (double)key[j * e->shape.stored];
        w[j] = psw_partial_sum(e->point.order, both, w[j] - both);
    }
}

/* weigh(<m(q), m(k)>) times the factors of the keys; returns the log2 of the factor taken out */
static double weigh(psw_errors *e, ptrdiff_t row, const psw_real *product, ptrdiff_t count, const double *factor)
{
    double *w = e->sketched, log2 = 0;
    for (ptrdiff_t j = 0; j < count; j++) w[j] = (double)product[j];
    if (e->shape.weigh == PSW_WEIGH_POWER) log2 = judge_errors_power(e->point.beta, count, w, e->base);
    if (e->shape.weigh == PSW_WEIGH_PARTIAL_SUM) weigh_partial_sum(e, row, count, w);
    if (e->shape.weigh == PSW_WEIGH_SQUARE)
        for (ptrdiff_t j = 0; j < count; j++) w[j] *= w[j];
    for (ptrdiff_t j = 0; j < count; j++) w[j] *= factor[j];
    return log2;
}

/* A row that sees only keys that vanish beside the largest of their block gives them factors of their own. */
static double estimate(psw_errors *e, ptrdiff_t row, const psw_real *product, ptrdiff_t count, double *key_log2)
{
    double log2 = weigh(e, row, product, count, e->key_factor);
    if (judge_errors_largest(count, e->sketched) >= DBL_MIN) return log2;
    *key_log2 = scale_keys(e->key_log2, count, e->own_factor);
    return weigh(e, row, product, count, e->own_factor);
}

static void compare_strip(psw_errors *e, judge_errors_part strip, judge_errors_part keys, double key_log2)
{
    ptrdiff_t stored = e->shape.stored;
    const psw_real *query = (const psw_real *)e->query + strip.first * stored;
    psw_real *product = e->product;
    psw_product_nt((psw_const_rows){query, strip.count, stored, stored},
                   (psw_const_rows){e->key, keys.count, stored, stored}, psw_rows_of(product, strip.count, keys.count));
    judge_errors_scores(e, strip, keys);
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        ptrdiff_t row = strip.first + i;
        if (judge_errors_seen(e, row, keys) == 0) continue;
        double own_log2 = key_log2;
        double log2 = estimate(e, row, product + i * keys.count, judge_errors_sketched(e, row, keys), &own_log2);
        judge_errors_compare(e, row, keys, e->tile + i * keys.count, log2 + e->query_log2[row] + own_log2);
    }
}

static psw_status draw(psw_errors *e, ptrdiff_t number)
{
    if (number < 0 || number >= e->count) return PSW_FAIL(PSW_BUG, "draw %td of %td", number, e->count);
    if (!e->begun) return PSW_FAIL(PSW_BUG, "a draw before what begin left was merged");
    PSW_TRY(psw_fault("judge.draw"));
    judge_errors_draw_begin(e, number);
    PSW_TRY(SKETCHER.draw(e->sketch, number % e->tables, e->watch));
    map_queries(e);
    for (ptrdiff_t b = 0; b < e->blocks; b++) {
        judge_errors_part keys = judge_errors_keys(e, b);
        if (keys.count == 0) continue;
        PSW_TRY(psw_watch_ask(e->watch));
        map_rows(e, PSW_KEY, e->k + keys.held * psw_point_width(&e->point), keys.count, e->key, e->key_log2);
        double key_log2 = scale_keys(e->key_log2, keys.count, e->key_factor);
        for (ptrdiff_t s = 0; judge_errors_strip(e, s).count > 0; s++) {
            judge_errors_part strip = judge_errors_strip(e, s);
            if (judge_errors_seen(e, strip.first + strip.count - 1, keys) > 0) compare_strip(e, strip, keys, key_log2);
        }
    }
    return PSW_OK;
}

/* ---- the outputs of the fold ---- */

static void take_row(psw_errors *e, ptrdiff_t i, const psw_real *out, bool good)
{
    const double *exact = e->out + i * e->point.v;
    judge_errors_draw *now = e->now;
    double square = 0, norm = judge_errors_output_square(e, i);
    for (ptrdiff_t c = 0; c < e->point.v; c++) {
        double off = (double)out[c] - exact[c];
        now->out_square += e->times[i] * (off * off);
        now->out_max = fmax(now->out_max, fabs(off));
        square += off * off;
    }
    e->apart[i] = norm > 0 ? sqrt(square / norm) : 0;
    if (good) now->good_square += e->times[i] * square, now->good_exact += e->times[i] * norm;
}

static psw_status take(void *context, const psw_leaf *leaf)
{
    psw_errors *e = context;
    if (leaf->points != 1 || leaf->sets <= e->set || leaf->width != e->point.v || !e->now)
        return PSW_FAIL(PSW_BUG, "a leaf of %td points and %d sets for the errors of one", leaf->points, leaf->sets);
    const psw_real *out = (const psw_real *)leaf->rows + e->set * leaf->count * leaf->width;
    const double *log2_den = leaf->log2_den + e->set * leaf->count;
    for (ptrdiff_t i = 0; i < e->rows; i++) {
        ptrdiff_t at = e->row[i] - psw_data_first_query(&e->point) - leaf->first;
        if (at >= 0 && at < leaf->count) take_row(e, i, out + at * leaf->width, log2_den[at] > -INFINITY);
    }
    return PSW_OK;
}

extern const psw_assessor PSW_PRECISION_NAME(psw_assessor);
const psw_assessor PSW_PRECISION_NAME(psw_assessor) = {.bytes = bytes,
                                                       .begin = begin,
                                                       .reload = reload,
                                                       .merging = judge_errors_merging,
                                                       .draw = draw,
                                                       .take = take,
                                                       .end = judge_errors_end,
                                                       .close = close};
