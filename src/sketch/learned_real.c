#include <math.h>

#include "sketch/exp.h"
#include "sketch/map.h"

/* m(x) = sqrt(r) tanh(f_1(x) * f_2(x) / sqrt(r)), each f two levels of layernorm, d -> 8r, gelu, 8r -> r: the learned
 * sketch of Kacham, Mirrokni, Zhong 2023. Scales with no power of |x|: layernorm removes it. */
typedef struct level {
    ptrdiff_t in;
    psw_real *gain, *shift, *up, *down;
} level;

typedef struct learned {
    level level[2][2];
    psw_real *normed, *hidden; /* rows x in, rows x 8r */
    psw_real *out[2];          /* rows x r: what the stacks make */
    ptrdiff_t r, rows;
} learned;

static void *lay(const psw_sketch *s, psw_arena *arena)
{
    learned n = {.r = s->shape.r, .rows = s->rows};
    learned *kept = psw_arena_take(arena, 1, sizeof n);
    ptrdiff_t d = psw_point_width(&s->point), widest = d > n.r ? d : n.r;
    for (int i = 0; i < 4; i++) {
        level *l = &n.level[i / 2][i % 2];
        l->in = i % 2 == 0 ? d : n.r;
        l->gain = psw_arena_take(arena, l->in, sizeof(psw_real));
        l->shift = psw_arena_take(arena, l->in, sizeof(psw_real));
        l->up = psw_arena_take(arena, l->in * 8 * n.r, sizeof(psw_real));
        l->down = psw_arena_take(arena, 8 * n.r * n.r, sizeof(psw_real));
    }
    n.normed = psw_arena_take(arena, n.rows * widest, sizeof(psw_real));
    n.hidden = psw_arena_take(arena, n.rows * 8 * n.r, sizeof(psw_real));
    for (int i = 0; i < 2; i++) n.out[i] = psw_arena_take(arena, n.rows * n.r, sizeof(psw_real));
    if (kept) *kept = n;
    return kept;
}

static void take(const psw_array *array, ptrdiff_t count, double otherwise, psw_real *out)
{
    for (ptrdiff_t i = 0; i < count; i++) out[i] = (psw_real)(array->at ? array->at[i] : otherwise);
}

static psw_status start(psw_sketch *s, const psw_weights *weights)
{
    learned *n = s->own;
    if (!weights) return PSW_FAIL(PSW_BUG, "the learned weights of a sketch were not loaded");
    PSW_TRY(psw_weights_check(&s->point, weights));
    for (int i = 0; i < 4; i++) {
        level *l = &n->level[i / 2][i % 2];
        take(&weights->level[i / 2][i % 2].gain, l->in, 1, l->gain);
        take(&weights->level[i / 2][i % 2].shift, l->in, 0, l->shift);
        take(&weights->level[i / 2][i % 2].up, l->in * 8 * n->r, 0, l->up);
        take(&weights->level[i / 2][i % 2].down, 8 * n->r * n->r, 0, l->down);
    }
    return PSW_OK;
}

/* (x - mean) / sqrt(variance + 1e-5) * gain + shift */
static void layernorm(const level *l, psw_const_rows x, psw_rows out)
{
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *from = x.at + i * x.stride;
        psw_real *restrict to = out.at + i * out.stride;
        double sum = 0;
        for (ptrdiff_t j = 0; j < l->in; j++) sum += (double)from[j];
        psw_real mean = (psw_real)(sum / (double)l->in);
        for (ptrdiff_t j = 0; j < l->in; j++) to[j] = from[j] - mean;
        double variance = SKETCH_SUM_OF_SQUARES(to, l->in) / (double)l->in;
        psw_real scale = (psw_real)(1 / sqrt(variance + 1e-5));
        for (ptrdiff_t j = 0; j < l->in; j++) to[j] = to[j] * scale * l->gain[j] + l->shift[j];
    }
}

/* h (1 + tanh u) / 2 = h / (1 + e^(-2 u)),  u = sqrt(2 / pi) (h + 0.044715 h^3) */
static void gelu(psw_real *restrict h, ptrdiff_t count)
{
    const psw_real twice = (psw_real)1.5957691216057308, cubic = (psw_real)0.044715;
    for (ptrdiff_t i = 0; i < count; i++) h[i] = h[i] / (1 + sketch_exp(-twice * (h[i] + cubic * h[i] * h[i] * h[i])));
}

static void apply(const learned *n, const level *l, psw_const_rows x, psw_rows out)
{
    psw_rows normed = psw_rows_of(n->normed, x.rows, l->in), hidden = psw_rows_of(n->hidden, x.rows, 8 * n->r);
    layernorm(l, x, normed);
    psw_product_nn(psw_read(normed), (psw_const_rows){l->up, l->in, 8 * n->r, 8 * n->r}, hidden);
    gelu(hidden.at, hidden.rows * hidden.cols);
    psw_product_nn(psw_read(hidden), (psw_const_rows){l->down, 8 * n->r, n->r, n->r}, out);
}

/* tanh z = 1 - 2 / (1 + e^(2 z)) */
static void map(psw_sketch *s, psw_const_rows x, psw_rows stored, double *log2_scale)
{
    const learned *n = s->own;
    psw_real root = (psw_real)sqrt((double)n->r), twice = 2 / root;
    for (int i = 0; i < 2; i++) {
        psw_rows out = psw_rows_of(n->out[i], x.rows, n->r);
        apply(n, &n->level[i][0], x, out);
        apply(n, &n->level[i][1], psw_read(out), out);
    }
    for (ptrdiff_t i = 0; i < x.rows; i++) {
        const psw_real *restrict a = n->out[0] + i * n->r, *restrict b = n->out[1] + i * n->r;
        psw_real *restrict m = stored.at + i * stored.stride;
        for (ptrdiff_t j = 0; j < n->r; j++) m[j] = root - 2 * root / (1 + sketch_exp(twice * (a[j] * b[j])));
        log2_scale[i] = 0;
    }
}

/* ---- what a point asks of it ---- */

/* Eight products with d x r matrices for each stack, twenty-four with r x r ones, and some 200 for functions. */
static psw_sketch_shape shape(const psw_point *point, ptrdiff_t r)
{
    double d = (double)psw_point_width(point), width = (double)r;
    return (psw_sketch_shape){
        .r = r, .stored = r, .weigh = PSW_WEIGH_SQUARE, .flops = 4 * 8 * width * (d + 3 * width) + 200 * width};
}

const sketch_map SKETCH_MAP(learned) = {
    .shape = shape, .moments = sketch_moments_unknown, .lay = lay, .start = start, .map = map};
