/* Sums of a block's rows, a panel of queries at a time. */
#include <math.h>

#include "attend/states.h"
#include "polysweep/turn.h"

static const psw_sketcher *const sketcher = &PSW_PRECISION_NAME(psw_sketcher);

/* The rows of one panel. */
typedef struct panel {
    int set;
    attend_reach reach;
    attend_span block;
    ptrdiff_t first, count; /* within the block */
    const attend_mapped *q, *k;
} panel;

/* to = m^T; columns past the last row are 0 */
static void transpose(psw_const_rows m, psw_real *to)
{
    psw_turn_rows(m, psw_rows_of(to, m.cols, PSW_PANEL));
    for (ptrdiff_t a = 0; a < m.cols && m.rows < PSW_PANEL; a++)
        for (ptrdiff_t i = m.rows; i < PSW_PANEL; i++) to[a * PSW_PANEL + i] = 0;
}

static void add_near(attend_state_pass *f, const panel *p, ptrdiff_t block)
{
    ptrdiff_t keys = p->first + p->count, width = f->base.p->v + 1;
    psw_panels queries = {f->queries, f->shape.stored, PSW_PANEL}, weights = {f->weights, keys, PSW_PANEL};
    psw_const_rows values = attend_states_values(f, p->set, block);
    psw_panels_product(psw_part(psw_read(p->k->m), 0, keys), queries, psw_rows_of(f->weights, keys, PSW_PANEL));
    attend_states_weigh(f, p->k, p->first, keys);
    if (f->base.narrow) psw_narrow_columns(f->base.narrow, psw_rows_of(f->weights, keys, PSW_PANEL));
    psw_panels_product((psw_const_rows){values.at, width, keys, values.stride}, weights,
                       psw_rows_of(f->near_sum, width, PSW_PANEL));
}

static void add_far(attend_state_pass *f, const panel *p)
{
    ptrdiff_t features = f->shape.features, width = f->base.p->v + 1;
    psw_panels phi = {attend_states_as_stored(f) ? f->queries : f->transposed, features, PSW_PANEL};
    if (phi.at != f->queries)
        sketcher->lift_transposed(f->sketch, psw_read(psw_rows_of(f->queries, f->shape.stored, PSW_PANEL)),
                                  psw_rows_of(phi.at, features, PSW_PANEL));
    if (f->base.narrow) psw_narrow_columns(f->base.narrow, psw_rows_of(phi.at, features, PSW_PANEL));
    psw_panels_product((psw_const_rows){f->reading[p->set], width, features, features}, phi,
                       psw_rows_of(f->far_sum, width, PSW_PANEL));
}

/* ---- into sums ---- */

/* weigh z = <m(q), m(k)>; t: the product of the first of what is stored of each */
double attend_weigh_product(const psw_point *point, psw_weigh kind, double z, double t)
{
    switch (kind) {
    case PSW_WEIGH_SQUARE: return z * z;
    case PSW_WEIGH_POWER: return pow(z, point->beta);
    case PSW_WEIGH_PARTIAL_SUM: return psw_partial_sum(point->order, t, z - t);
    default: return z;
    }
}

/* weigh <m(q), m(k_j3)> 2^(s(k_j3) - E), E the exponent of the readable state; 0 if that does not contain key j3 */
static double token_far(const attend_state_pass *f, int set, const psw_real *m)
{
    const attend_mapped *token = &f->token[set];
    double z = 0;
    if (!f->token_in) return 0;
    for (ptrdiff_t a = 0; a < token->m.cols; a++) z += (double)m[a] * (double)token->m.at[a];
    return attend_weigh_product(f->base.p, f->shape.weigh, z, (double)m[0] * (double)token->m.at[0]) *
           *token->mantissa * attend_scale_to(*token->exponent, f->reading_exponent[set]);
}

/* Factors that bring the two parts of a panel's rows under one exponent. */
typedef struct scales {
    double near[PSW_PANEL], far[PSW_PANEL];
} scales;

static void find_scales(const attend_state_pass *f, const panel *p, scales *s, int *exponent)
{
    for (ptrdiff_t i = 0; i < p->count; i++) {
        int near = p->reach & PSW_NEAR ? f->top[p->first + i] : PSW_EMPTY;
        int far = p->reach & PSW_FAR ? f->reading_exponent[p->set] : PSW_EMPTY;
        int top = near > far ? near : far, own = p->q->exponent[p->first + i];
        double mantissa = p->q->mantissa[p->first + i];
        s->near[i] = near == PSW_EMPTY ? 0 : mantissa * attend_scale_to(near, top);
        s->far[i] = far == PSW_EMPTY ? 0 : mantissa * attend_scale_to(far, top);
        exponent[i] = own == PSW_EMPTY || top == PSW_EMPTY ? PSW_EMPTY : top + own;
    }
    for (ptrdiff_t i = p->count; i < PSW_PANEL; i++) s->near[i] = s->far[i] = 0;
}

/* Row c of the panel's sums, under one exponent for each query. */
static void put_both(const attend_state_pass *f, const panel *p, const scales *s, ptrdiff_t c, double *restrict both)
{
    const psw_real *restrict near = f->near_sum + c * PSW_PANEL, *restrict far = f->far_sum + c * PSW_PANEL;
    if (p->reach == PSW_NEAR)
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) both[i] = s->near[i] * (double)near[i];
    else if (p->reach == PSW_FAR)
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) both[i] = s->far[i] * (double)far[i];
    else
        for (ptrdiff_t i = 0; i < PSW_PANEL; i++) both[i] = s->near[i] * (double)near[i] + s->far[i] * (double)far[i];
}

/* Column i of the panel's sums goes to row first + i, a cache line of a row at a time. */
static void put_values(const attend_state_pass *f, const panel *p, const scales *s, attend_sums to)
{
    enum { LINE = 64 / sizeof(double) };
    double both[LINE][PSW_PANEL];
    for (ptrdiff_t first = 0, v = f->base.p->v; first < v; first += LINE) {
        ptrdiff_t count = v - first < LINE ? v - first : LINE;
        for (ptrdiff_t c = 0; c < count; c++) put_both(f, p, s, first + c, both[c]);
        for (ptrdiff_t i = 0; i < p->count; i++) {
            double *restrict row = to.at + (p->first + i) * to.width + first;
            if (count == LINE)
                for (ptrdiff_t c = 0; c < LINE; c++) row[c] = both[c][i];
            else
                for (ptrdiff_t c = 0; c < count; c++) row[c] = both[c][i];
        }
    }
}

/* The special key's weight and the denominator. Rounding of a state can make a sum of positive weights negative: it
 * counts as 0. */
static void put_weights(const attend_state_pass *f, const panel *p, const scales *s, attend_sums to)
{
    ptrdiff_t v = f->base.p->v, token = f->base.special - p->block.first;
    bool is_near = f->base.special >= 0 && token >= 0 && token < p->first + p->count;
    for (ptrdiff_t i = 0; i < p->count; i++) {
        double *sums = to.at + (p->first + i) * to.width, near = 0, far = 0;
        double near_token = is_near && p->reach & PSW_NEAR ? (double)f->weights[token * PSW_PANEL + i] : 0;
        double far_token = f->base.special < 0 || !(p->reach & PSW_FAR)
                               ? 0
                               : token_far(f, p->set, p->q->m.at + (p->first + i) * p->q->m.stride);
        if (p->reach & PSW_NEAR) near = (double)f->near_sum[v * PSW_PANEL + i];
        if (p->reach & PSW_FAR) far = (double)f->far_sum[v * PSW_PANEL + i];
        sums[v] = s->near[i] * near_token + s->far[i] * far_token;
        sums[v + 1] = s->near[i] * near + s->far[i] * (far < 0 && !f->shape.signs ? 0 : far);
    }
}

void attend_states_read(attend_state_pass *f, int set, ptrdiff_t block, attend_reach reach, attend_sums to)
{
    attend_span span = attend_block_span(f, block);
    if (f->reading_exponent[set] == PSW_EMPTY) reach &= PSW_NEAR;
    if (!reach) {
        attend_sums_clear(to);
        return;
    }
    panel p = {.set = set, .reach = reach, .block = span, .q = attend_states_queries(f, set, block)};
    attend_span panels = attend_states_panels(f, block);
    if (reach & PSW_NEAR) attend_states_tops(f, p.k = attend_states_keys(f, set, block));
    for (p.first = panels.first; p.first < panels.first + panels.count; p.first += PSW_PANEL) {
        scales s;
        p.count = span.count - p.first < PSW_PANEL ? span.count - p.first : PSW_PANEL;
        transpose(psw_part(psw_read(p.q->m), p.first, p.count), f->queries);
        if (reach & PSW_NEAR) add_near(f, &p, block);
        if (reach & PSW_FAR) add_far(f, &p);
        find_scales(f, &p, &s, to.exponent + p.first);
        put_values(f, &p, &s, to);
        put_weights(f, &p, &s, to);
    }
}
