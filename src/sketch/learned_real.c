#include <math.h>
#include <string.h>

#include "sketch/exp.h"
#include "sketch/map.h"

/* m(x) = sqrt(r) tanh(f_1(x) * f_2(x) / sqrt(r)), each f two levels of layernorm, d -> 8r, gelu, 8r -> r: the learned
 * sketch of Kacham, Mirrokni, Zhong 2023. Scales with no power of |x|: layernorm removes it. */
typedef struct level {
    ptrdiff_t in;
    psw_real *gain, *shift;
    psw_panels up, down; /* in x 8r, 8r x r */
} level;

typedef struct learned {
    level level[2][2];
    psw_real *normed, *hidden; /* rows x in, rows x 8r */
    psw_real *row;             /* of a table */
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
        l->up = SKETCH_TAKE_TABLE(arena, l->in, 8 * n.r);
        l->down = SKETCH_TAKE_TABLE(arena, 8 * n.r, n.r);
    }
    n.normed = psw_arena_take(arena, n.rows * widest, sizeof(psw_real));
    n.hidden = psw_arena_take(arena, n.rows * 8 * n.r, sizeof(psw_real));
    n.row = psw_arena_take(arena, 8 * n.r, sizeof(psw_real));
    for (int i = 0; i < 2; i++) n.out[i] = psw_arena_take(arena, n.rows * n.r, sizeof(psw_real));
    if (kept) *kept = n;
    return kept;
}

static void take(const psw_array *array, ptrdiff_t count, double otherwise, psw_real *out)
{
    for (ptrdiff_t i = 0; i < count; i++) out[i] = (psw_real)(array->at ? array->at[i] : otherwise);
}

static void pack(const psw_array *array, psw_real *row, psw_panels to)
{
    memset(to.at, 0, (size_t)psw_panels_count(to.inner, to.cols) * sizeof *to.at);
    for (ptrdiff_t i = 0; i < to.inner; i++) {
        for (ptrdiff_t j = 0; j < to.cols; j++) row[j] = (psw_real)array->at[i * to.cols + j];
        psw_panels_put_row(to, i, row);
    }
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
        pack(&weights->level[i / 2][i % 2].up, n->row, l->up);
        pack(&weights->level[i / 2][i % 2].down, n->row, l->down);
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
    enum { STEP = 256 };
    psw_real power[STEP];
    for (; count > 0; h += STEP, count -= STEP) {
        ptrdiff_t step = count < STEP ? count : STEP;
        for (ptrdiff_t i = 0; i < step; i++) power[i] = -twice * (h[i] + cubic * h[i] * h[i] * h[i]);
        sketch_exp_all(power, step);
        for (ptrdiff_t i = 0; i < step; i++) h[i] = h[i] / (1 + power[i]);
    }
}

static void apply(const learned *n, const level *l, psw_const_rows x, psw_rows out)
{
    psw_rows normed = psw_rows_of(n->normed, x.rows, l->in), hidden = psw_rows_of(n->hidden, x.rows, 8 * n->r);
    layernorm(l, x, normed);
    SKETCH_TIMES_TABLE(psw_read(normed), l->up, hidden);
    gelu(hidden.at, hidden.rows * hidden.cols);
    SKETCH_TIMES_TABLE(psw_read(hidden), l->down, out);
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
        for (ptrdiff_t j = 0; j < n->r; j++) m[j] = twice * (a[j] * b[j]);
        sketch_exp_all(m, n->r);
        for (ptrdiff_t j = 0; j < n->r; j++) m[j] = root - 2 * root / (1 + m[j]);
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
