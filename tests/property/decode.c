/* Decoding a token gives the last row of causal attention, for every method, cache and precision. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/attend.h"
#include "polysweep/sketch.h"

enum { V = 5 };

typedef struct row {
    double out[V], log2_den;
    ptrdiff_t rows; /* that were emitted */
} row;

typedef struct taking {
    const psw_point *p;
    row *to;
} taking;

/* The last row of a pass. */
static psw_status take(void *context, const psw_leaf *leaf)
{
    const taking *t = context;
    const double *full = leaf->rows;
    const float *single = leaf->rows;
    ptrdiff_t at = (leaf->count - 1) * leaf->width;
    t->to->rows += leaf->count;
    if (leaf->first + leaf->count < psw_data_queries(t->p)) return PSW_OK;
    for (ptrdiff_t c = 0; c < V; c++)
        t->to->out[c] = t->p->precision == PSW_FP64 ? full[at + c] : (double)single[at + c];
    t->to->log2_den = leaf->log2_den[leaf->count - 1];
    return PSW_OK;
}

static row last_row(const psw_point *p, ptrdiff_t draw, int passes)
{
    row last = {.rows = 0};
    const psw_engine *engine = psw_engine_of(p->precision);
    psw_group group = {p, 1};
    psw_arena arena;
    psw_data *data;
    psw_attention *attention;
    CHECK(psw_attend_check(p) == PSW_OK, "%s", psw_message());
    CHECK(psw_arena_create(engine->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_given given = {.data = data, .sets = 1, .tables = {0, NULL}};
    CHECK(engine->prepare(&group, &given, &arena, &attention) == PSW_OK, "%s", psw_message());
    if (draw > 0) CHECK(engine->redraw(attention, draw, (psw_watch){0}) == PSW_OK, "%s", psw_message());
    for (int i = 0; i < passes; i++) {
        taking t = {p, &last};
        last.rows = 0;
        CHECK(engine->pass(attention, (psw_watch){0}, take, &t) == PSW_OK, "%s", psw_message());
    }
    engine->release(attention);
    CHECK(arena.high <= arena.size, "%zu bytes of %zu", arena.high, arena.size);
    psw_data_close(data);
    psw_arena_destroy(&arena);
    return last;
}

static psw_point point_of(psw_method method, psw_precision precision, ptrdiff_t n)
{
    psw_point p = {.method = method,
                   .data_kind = PSW_GAUSSIAN,
                   .mask = PSW_CAUSAL,
                   .precision = precision,
                   .n = n,
                   .d = 7,
                   .v = V,
                   .block = 32,
                   .seed = 17,
                   .beta = NAN,
                   .scale = 0.37,
                   .cache = precision};
    if (psw_method_facts_of(method)->has_degree) p.beta = 4;
    if (psw_method_facts_of(method)->kernel == PSW_KERNEL_LINEAR) p.negative = PSW_NEGATIVE_SIGNED;
    if (psw_sketch_has(&p) && psw_method_facts_of(method)->random) p.r = p.features = 12, p.draws = 2;
    if (psw_method_facts_of(method)->squares) p.features = 78;
    p.order = 2, p.keep = 9, p.sinks = 3;
    if (method == PSW_WINDOW) p.local = 21;
    return p;
}

static double distance(const row *a, const row *b)
{
    double off = 0, size = 0;
    for (int c = 0; c < V; c++) off = fmax(off, fabs(a->out[c] - b->out[c])), size = fmax(size, fabs(b->out[c]));
    return off / size;
}

/* Sums of n products in another order. Denominators that nearly cancel (signed weights) leave fewer digits: outputs
 * are then as much larger than the values. */
static void compare(psw_point p, double tolerance)
{
    row forward = last_row(&p, 0, 1), decoded;
    p.mode = PSW_DECODE;
    decoded = last_row(&p, 0, 2);
    CHECK(decoded.rows == 1, "%td rows", decoded.rows);
    double off = distance(&decoded, &forward), den = fabs(decoded.log2_den - forward.log2_den);
    const char *word = psw_method_facts_of(p.method)->word;
    bool negative = isnan(decoded.log2_den) && isnan(forward.log2_den);
    CHECK(off < tolerance && (negative || den < 4 * tolerance),
          "%s n %td local %td %s: off by %.2g, denominator 2^%.2g", word, p.n, p.local,
          psw_word(PSW_WORDS_PRECISION, (int)p.cache), off, den);
}

static void methods(psw_precision precision, double tolerance)
{
    static const ptrdiff_t lengths[] = {1, 20, 32, 33, 96, 151};
    for (int code = 0; code < PSW_METHODS; code++)
        for (int i = 0; i < 6; i++) {
            psw_point p = point_of((psw_method)code, precision, lengths[i]);
            if (psw_attend_check(&p) != PSW_OK) continue; /* theory alone, or another mask */
            compare(p, tolerance);
            p.offset = 1.25;
            if (psw_method_facts_of(p.method)->affine == PSW_AFFINE_BOTH) compare(p, tolerance);
            p.local = 64;
            if (psw_method_facts_of(p.method)->random && psw_attend_check(&p) == PSW_OK) compare(p, tolerance);
        }
}

/* Sketches that are not their method's plain one; a floor that depends on all keys. */
static void variants(psw_precision precision, double tolerance)
{
    static const psw_method trees[] = {PSW_TREE, PSW_POLYSKETCH}, complex[] = {PSW_MACLAURIN, PSW_TENSORSKETCH};
    for (ptrdiff_t n = 33; n <= 151; n += 118)
        for (int i = 0; i < 2; i++) {
            psw_point p = point_of(trees[i], precision, n);
            for (int kind = PSW_LEAVES_SRHT; kind <= PSW_LEAVES_COUNT; kind++)
                p.leaves = (psw_leaves_kind)kind, compare(p, tolerance);
            p = point_of(complex[i], precision, n);
            p.is_complex = 1, p.r = 6;
            compare(p, tolerance);
            p = point_of(PSW_FAVOR, precision, n);
            p.epsilon = i ? 1e-3 : 1;
            compare(p, tolerance);
        }
}

/* Keys and values of a format are off by its unit roundoff; weights by beta times that of their scores. */
static void formats(void)
{
    static const psw_precision format[] = {PSW_FP32, PSW_BF16, PSW_FP16};
    static const double unit[] = {0x1p-24, 0x1p-8, 0x1p-11};
    for (int i = 0; i < 3; i++) {
        psw_point p = point_of(PSW_SOFTMAX, PSW_FP64, 151);
        p.mode = PSW_DECODE;
        row full = last_row(&p, 0, 1), small;
        p.cache = format[i];
        small = last_row(&p, 0, 1);
        double off = distance(&small, &full);
        CHECK(off < 8 * unit[i] && off > unit[i] / 64, "cache of %s: %.2g", psw_word(PSW_WORDS_PRECISION, (int)p.cache),
              off);
    }
}

/* Each draw of the tables has its own state, whatever was drawn before. */
static void draws(void)
{
    psw_point p = point_of(PSW_TENSORSKETCH, PSW_FP64, 96);
    p.mode = PSW_DECODE;
    row first = last_row(&p, 0, 1), second = last_row(&p, 1, 1);
    p.mode = PSW_FORWARD;
    row forward = last_row(&p, 1, 1);
    CHECK(distance(&first, &second) > 1e-6, "draws differ");
    CHECK(distance(&second, &forward) < 1e-12, "the second draw: %.2g", distance(&second, &forward));
}

/* r = 8, v = d = 32, local 64, double: a state of 36 x 33 numbers, and 64 tokens of 64. */
static void work(void)
{
    psw_point p = point_of(PSW_POLYSKETCH, PSW_FP64, 512);
    p.d = p.v = 32, p.r = 8, p.features = 36, p.local = 64, p.mode = PSW_DECODE;
    psw_decode_work w = psw_attend_decode_work(&p);
    CHECK(w.state_bytes == 9504 + 32768, "%g bytes", w.state_bytes);
    CHECK(w.kv_bytes == 512 * 64 * 8, "%g bytes of cache", w.kv_bytes);
    p.cache = PSW_FP16;
    w = psw_attend_decode_work(&p);
    CHECK(w.state_bytes == 9504 + 8192 && w.kv_bytes == 512 * 64 * 2, "of half precision");
    CHECK(w.flops == 4 * 36 * 33 + 2 * 64 * 64, "%g operations", w.flops);
    p.method = PSW_WINDOW, p.local = 20, p.sinks = 4; /* 24 of 512 tokens */
    w = psw_attend_decode_work(&p);
    CHECK(w.kv_bytes == 512 * 128 && w.state_bytes == 24 * 128 && w.bytes == 25 * 128, "of a window");
    p.method = PSW_UNIFORM; /* values alone */
    w = psw_attend_decode_work(&p);
    CHECK(w.state_bytes == 512 * 64 && w.flops == 2 * 512 * 32, "of a mean: %g, %g", w.state_bytes, w.flops);
}

static void refusals(void)
{
    psw_point p = point_of(PSW_EXACT, PSW_FP64, 64);
    p.mode = PSW_DECODE, p.data_kind = PSW_SELF_ATTENTION;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "one data set"), "%s", psw_message());
    p = point_of(PSW_EXACT, PSW_BF16, 64);
    p.mode = PSW_DECODE;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "cache: bf16"), "%s", psw_message());
    p = point_of(PSW_EXACT, PSW_FP64, 64);
    p.mode = PSW_DECODE, p.beta = 3, p.offset = 2; /* scores may be below 0 */
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "nothing looks at"), "%s", psw_message());
    p = point_of(PSW_EXACT, PSW_FP64, 64);
    p.mode = PSW_DECODE, p.block = 20;
    CHECK(psw_attend_check(&p) == PSW_USAGE && strstr(psw_message(), "multiple of 16"), "%s", psw_message());
    p.block = 32, p.d = 1, p.scale = 1e10, p.cache = PSW_FP16;
    psw_group group = {&p, 1};
    psw_arena arena;
    psw_data *data;
    psw_attention *attention;
    CHECK(psw_arena_create(psw_engine_of(p.precision)->bytes(&group, NULL), &arena) == PSW_OK, "%s", psw_message());
    CHECK(psw_data_open(&p, NULL, &data) == PSW_OK, "%s", psw_message());
    psw_given given = {.data = data, .sets = 1};
    psw_status status = psw_engine_of(p.precision)->prepare(&group, &given, &arena, &attention);
    CHECK(status == PSW_NOT_FINITE && strstr(psw_message(), "does not fit into a key-value cache of fp16"), "%s",
          psw_message());
    psw_data_close(data);
    psw_arena_destroy(&arena);
}

int main(void)
{
    methods(PSW_FP64, 1e-11);
    methods(PSW_FP32, 5e-3);
    variants(PSW_FP64, 1e-11);
    variants(PSW_FP32, 5e-3);
    formats();
    draws();
    work();
    refusals();
    return test_end();
}
