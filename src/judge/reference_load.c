/* Two passes over the keys: sums of weights and of weights times values, then distances of normalised weights. */
#include <math.h>
#include <string.h>

#include "judge/reference.h"

/* ---- parts ---- */

/* Block number `index` of own keys, or of all; count 0 past the end. */
static judge_errors_part block_of(const psw_comparison *c, bool all, ptrdiff_t index)
{
    ptrdiff_t first = (all ? index : index * c->size + c->rank) * c->block, left = c->keys - first;
    return (judge_errors_part){first, left < 0 ? 0 : left < c->block ? left : c->block, 0};
}

judge_errors_part judge_reference_strip(const psw_comparison *c, ptrdiff_t index)
{
    ptrdiff_t first = index * REFERENCE_STRIP, left = c->rows - first;
    return (judge_errors_part){first, left < 0 ? 0 : left < REFERENCE_STRIP ? left : REFERENCE_STRIP, first};
}

static ptrdiff_t token_of(const psw_comparison *c, ptrdiff_t i)
{
    return psw_data_first(&c->point, PSW_QUERY) + c->row[i];
}

psw_tokens judge_reference_tokens(const psw_comparison *c, judge_errors_part keys)
{
    return (psw_tokens){psw_data_first(&c->point, PSW_KEY) + keys.first, keys.count};
}

ptrdiff_t judge_reference_seen(const psw_comparison *c, ptrdiff_t i, judge_errors_part keys)
{
    psw_tokens tokens = judge_reference_tokens(c, keys);
    psw_seen seen = psw_attend_seen(&c->shown, token_of(c, i), tokens);
    return seen.ranges > 0 ? seen.at[0].first + seen.at[0].count - tokens.first : 0;
}

/* ---- rows ---- */

static void map_rows(psw_comparison *c, const double *x, ptrdiff_t count, double *to)
{
    ptrdiff_t stored = c->features.width;
    for (ptrdiff_t first = 0; first < count; first += c->block) {
        ptrdiff_t left = count - first, rows = left < c->block ? left : c->block;
        psw_const_rows from = {x + first * c->plain.width, rows, c->plain.width, c->plain.width};
        psw_sketcher_in_double()->map(c->map, from, psw_rows_of(to + first * stored, rows, stored), c->raised);
        for (ptrdiff_t i = 0; i < rows; i++)
            for (ptrdiff_t f = 0; f < stored; f++) to[(first + i) * stored + f] *= exp2(c->raised[i]);
    }
}

void judge_reference_queries(psw_comparison *c)
{
    ptrdiff_t d = c->raw.width, width = c->plain.width;
    for (ptrdiff_t i = 0; i < c->rows; i++) {
        psw_data_rows(c->data, c->set, PSW_QUERY, c->row[i], 1, c->plain.query + i * width);
        if (!c->own) psw_data_raw_rows(c->data, c->set, PSW_QUERY, c->row[i], 1, c->raw.query + i * d);
    }
    for (ptrdiff_t x = 0; !c->own && x < c->rows * d; x++) c->raw.query[x] *= c->point.reference_scale;
    if (c->map) map_rows(c, c->plain.query, c->rows, c->features.query);
}

static void load_keys(psw_comparison *c, judge_errors_part keys)
{
    psw_data_rows(c->data, c->set, PSW_KEY, keys.first, keys.count, c->plain.key);
    if (!c->own) psw_data_raw_rows(c->data, c->set, PSW_KEY, keys.first, keys.count, c->raw.key);
    if (c->map) map_rows(c, c->plain.key, keys.count, c->features.key);
}

static void multiply(const judge_reference_side *side, judge_errors_part strip, judge_errors_part keys)
{
    ptrdiff_t d = side->width;
    psw_product_nt((psw_const_rows){side->query + strip.first * d, strip.count, d, d},
                   (psw_const_rows){side->key, keys.count, d, d}, psw_rows_of(side->tile, strip.count, keys.count));
}

void judge_reference_scores(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    multiply(&c->plain, strip, keys);
}

/* Scores of the reference and of the method, and of what the method's kernel is a function of. */
static void multiply_all(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    multiply(&c->plain, strip, keys);
    if (!c->own) multiply(&c->raw, strip, keys);
    if (c->map) multiply(&c->features, strip, keys);
}

static const double *scores_of(const psw_comparison *c, bool target, ptrdiff_t i, ptrdiff_t count)
{
    const judge_reference_side *kernel = c->map ? &c->features : &c->plain;
    return (target && !c->own ? &c->raw : kernel)->tile + i * count;
}

/* ---- sums ---- */

void judge_reference_under(psw_comparison *c, bool target, ptrdiff_t i, double log2)
{
    judge_reference_sums *s = target ? &c->of_target : &c->of_kernel;
    if (!(log2 > s->log2[i])) return;
    /* u log u turns into down (u log u + u log down) */
    double down = exp2(s->log2[i] - log2), *out = c->out + i * c->point.v;
    s->information[i] = down > 0 ? down * (s->information[i] + s->den[i] * (s->log2[i] - log2)) : 0;
    for (ptrdiff_t v = 0; target && v < c->point.v; v++) out[v] *= down;
    s->den[i] *= down, s->log2[i] = log2;
}

/* A row of weights joins its row; of a negative one there is no logarithm. */
static void join(psw_comparison *c, bool target, ptrdiff_t i, ptrdiff_t seen, double *w, double raised)
{
    judge_reference_sums *s = target ? &c->of_target : &c->of_kernel;
    judge_reference_under(c, target, i, raised);
    double factor = exp2(raised - s->log2[i]), den = 0, information = 0;
    for (ptrdiff_t j = 0; j < seen; j++) {
        w[j] *= factor;
        den += w[j];
        information += w[j] == 0 ? 0 : w[j] * log2(w[j]);
    }
    s->den[i] += den, s->information[i] += information;
}

static double weigh(const psw_comparison *c, bool target, ptrdiff_t i, judge_errors_part strip, judge_errors_part keys,
                    double *w)
{
    const psw_point *kernel = target ? &c->target : &c->kernel;
    const psw_score *kept = c->most > 0 ? &c->kept[strip.first + i] : NULL;
    return psw_weights_row(kernel, token_of(c, strip.first + i), judge_reference_tokens(c, keys),
                           scores_of(c, target, i, keys.count), kept, w);
}

static void add_weights(psw_comparison *c, bool target, judge_errors_part strip, judge_errors_part keys)
{
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        double *w = c->weights + i * keys.count, log2 = weigh(c, target, i, strip, keys, w);
        if (log2 > -INFINITY) join(c, target, strip.first + i, keys.count, w, log2);
    }
}

static void add_outputs(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    ptrdiff_t v = c->point.v;
    psw_gemm(false, false, keys.count, (psw_const_rows){c->weights, strip.count, keys.count, keys.count},
             (psw_const_rows){c->values, keys.count, v, v}, 1, psw_rows_of(c->out + strip.first * v, strip.count, v));
}

/* Values that a row sees, and signs of its scores. */
static void add_seen(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    ptrdiff_t v = c->point.v;
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        const double *z = c->plain.tile + i * keys.count;
        ptrdiff_t seen = judge_reference_seen(c, strip.first + i, keys), negative = 0;
        for (ptrdiff_t j = 0; j < seen; j++) negative += z[j] < 0;
        double times = c->times[strip.first + i];
        *c->seen += times * (double)seen, *c->negative += times * (double)negative;
        for (ptrdiff_t j = 0; j < keys.count; j++) c->weights[i * keys.count + j] = j < seen;
    }
    psw_gemm(false, false, keys.count, (psw_const_rows){c->weights, strip.count, keys.count, keys.count},
             (psw_const_rows){c->values, keys.count, v, v}, 1, psw_rows_of(c->mean + strip.first * v, strip.count, v));
}

static void add_tile(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    multiply_all(c, strip, keys);
    add_seen(c, strip, keys);
    if (c->known && !c->own) add_weights(c, false, strip, keys);
    add_weights(c, true, strip, keys);
    add_outputs(c, strip, keys);
}

/* ---- passes ---- */

psw_status judge_reference_over(psw_comparison *c, judge_reference_walk walk, judge_reference_step step)
{
    judge_errors_part keys, strip;
    for (ptrdiff_t b = 0; (keys = block_of(c, walk.all, b)).count > 0; b++) {
        load_keys(c, keys);
        if (walk.values) psw_data_rows(c->data, c->set, PSW_VALUE, keys.first, keys.count, c->values);
        for (ptrdiff_t s = 0; (strip = judge_reference_strip(c, s)).count > 0; s++) {
            PSW_TRY(psw_watch_ask(c->watch));
            if (judge_reference_seen(c, strip.first + strip.count - 1, keys) > 0) step(c, strip, keys);
        }
    }
    return PSW_OK;
}

psw_status judge_reference_load(psw_comparison *c)
{
    memset(c->sums, 0, (size_t)c->sum_count * sizeof *c->sums);
    for (ptrdiff_t i = 0; i < c->rows; i++) c->of_target.log2[i] = c->of_kernel.log2[i] = -INFINITY;
    return judge_reference_over(c, (judge_reference_walk){.values = true}, add_tile);
}

/* - sum p log p = log sum u - sum u log u / sum u, in nats; 0 of a row without weights */
static double entropy_of(const psw_comparison *c, const judge_reference_sums *s)
{
    double sum = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++)
        if (s->den[i] != 0) sum += c->times[i] * ((log2(s->den[i]) - s->information[i] / s->den[i]) * log(2));
    return sum / c->all;
}

/* 2^log2 / (den + constant), for weights under 2^s.log2: what turns them into attention; 0 of a row without any. */
static double scale_of(const judge_reference_sums *s, ptrdiff_t i, double constant)
{
    if (s->log2[i] == -INFINITY) return 0;
    double den = s->den[i] + (constant > 0 ? constant * exp2(-s->log2[i]) : 0); /* 0 inf is no number */
    return den != 0 ? 1 / den : 0;
}

static double constant_of(const psw_comparison *c, bool target)
{
    return target && !c->own ? 0 : c->point.den_constant;
}

static double visible(const psw_comparison *c, ptrdiff_t i)
{
    return (double)judge_reference_seen(c, i, (judge_errors_part){0, c->keys, 0});
}

void judge_reference_finish(psw_comparison *c)
{
    ptrdiff_t v = c->point.v;
    c->mean_square = 0;
    for (ptrdiff_t i = 0; i < c->rows; i++) {
        double scale = scale_of(&c->of_target, i, constant_of(c, true)), seen = visible(c, i);
        c->exact[i] = 0;
        for (ptrdiff_t x = i * v; x < (i + 1) * v; x++) {
            c->out[x] *= scale;
            c->mean[x] = seen > 0 ? c->mean[x] / seen : 0;
            c->exact[i] += c->out[x] * c->out[x];
            c->mean_square += c->times[i] * ((c->mean[x] - c->out[x]) * (c->mean[x] - c->out[x]));
        }
    }
    c->below += *c->negative / *c->seen;
    c->target_entropy += entropy_of(c, &c->of_target);
    c->kernel_entropy += c->known ? entropy_of(c, c->own ? &c->of_target : &c->of_kernel) : NAN;
    c->loads++;
}

/* ---- distances of weights ---- */

/* One row of attention to a block, which follows from its scores. */
static void attention_row(psw_comparison *c, bool target, ptrdiff_t i, judge_errors_part strip, judge_errors_part keys,
                          double *a)
{
    const judge_reference_sums *s = target ? &c->of_target : &c->of_kernel;
    ptrdiff_t row = strip.first + i;
    double log2 = weigh(c, target, i, strip, keys, a), scale = scale_of(s, row, constant_of(c, target));
    double factor = log2 > -INFINITY ? scale * exp2(log2 - s->log2[row]) : 0;
    for (ptrdiff_t j = 0; j < keys.count; j++) a[j] *= factor;
}

static void compare_tile(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    multiply_all(c, strip, keys);
    for (ptrdiff_t i = 0; i < strip.count; i++) {
        double apart = 0;
        attention_row(c, true, i, strip, keys, c->weights);
        attention_row(c, false, i, strip, keys, c->other);
        for (ptrdiff_t j = 0; j < keys.count; j++) apart += fabs(c->weights[j] - c->other[j]);
        c->apart[strip.first + i] += apart / 2;
    }
}

/* Of random maps the weights are not known here, and negative ones are no distribution. */
static bool comparable(const psw_comparison *c)
{
    bool random = psw_sketch_has(&c->point) && !psw_sketch_shape_of(&c->point).exact;
    bool negative = isnan(entropy_of(c, &c->of_target)) || isnan(entropy_of(c, &c->of_kernel));
    return c->known && !c->own && !random && !negative;
}

psw_status judge_reference_measure(psw_comparison *c)
{
    bool some = comparable(c);
    for (ptrdiff_t i = 0; i < c->rows; i++) c->apart[i] = some ? 0 : NAN;
    return some ? judge_reference_over(c, (judge_reference_walk){0}, compare_tile) : PSW_OK;
}
