/* What a combination's answers say of its edges. */
#include <math.h>

#include "search/search.h"

typedef struct found {
    search_replay replay;
    const search_curve *curve;
    psw_crossings *out;
} found;

static ptrdiff_t position_of(const found *f, ptrdiff_t mark)
{
    return f->replay.search->all.first[f->curve->combination] + f->curve->marks[mark].at;
}

static double axis_of(const found *f, ptrdiff_t mark)
{
    return f->replay.search->all.value[position_of(f, mark)];
}

typedef struct height { /* of a candidate above its level, and the standard deviation of that; NaN: not known */
    double x, deviation;
} height;

/* An interval of 95 % is as wide as 2 * 1.96 deviations; one that holds at any stop is wider, which widens this. */
static height height_of(const found *f, ptrdiff_t mark)
{
    const psw_search *search = f->replay.search;
    const ptrdiff_t position = position_of(f, mark), *partner = search->all.partner;
    psw_answer own = f->replay.answers(f->replay.context, search->all.slot[position]);
    double level = search->keys->level;
    if (own.status != PSW_SLOT_DONE) return (height){NAN, NAN};
    if (partner && partner[position] >= 0)
        level = f->replay.answers(f->replay.context, search->all.slot[partner[position]]).level;
    return (height){own.value - level, (own.hi - own.lo) / (2 * 1.96)};
}

/* ---- one edge ---- */

/* Candidates of a bracket that are not decided have values too: the line is between the first neighbours whose values
 * are on the two sides. */
static void position_find(const found *f, search_bracket b, psw_crossing *crossing, double *variance)
{
    ptrdiff_t before = b.lo;
    height low = height_of(f, b.lo), high = low;
    bool rises = crossing->kind == PSW_EDGE_RISE;
    double from = axis_of(f, b.lo), to = from;
    for (ptrdiff_t i = b.lo + 1; i <= b.hi; i++) {
        high = height_of(f, i);
        if (isnan(high.x)) continue;
        from = axis_of(f, before), to = axis_of(f, i);
        if ((high.x >= 0) == rises) break;
        low = high, before = i;
    }
    double rise = high.x - low.x, t = -low.x / rise;
    if (!(t >= 0 && t <= 1)) t = 0.5; /* values that are not finite */
    double a = (1 - t) * low.deviation, c = t * high.deviation, slope = rise / (to - from);
    crossing->position = from + t * (to - from);
    *variance = a * a + c * c > 0 ? (a * a + c * c) / (slope * slope) : 0;
}

/* A crossing somewhere in a bracket of width w (uniform) is off the position by w^2 / 12 + (position - middle)^2 in the
 * mean square, so theory inside the bracket is at most two deviations away; the values at its ends move where the
 * line crosses by their deviations over its slope. */
static psw_crossing crossing_of(const found *f, search_bracket b, double theory)
{
    bool rises = f->curve->marks[b.hi].side == PSW_SIDE_ABOVE;
    psw_crossing crossing = {.kind = rises ? PSW_EDGE_RISE : PSW_EDGE_FALL, .theory = theory};
    double variance;
    crossing.lo = axis_of(f, b.lo);
    crossing.hi = axis_of(f, b.hi);
    position_find(f, b, &crossing, &variance);
    double width = crossing.hi - crossing.lo, off = crossing.position - (crossing.lo + width / 2);
    crossing.theory_z = (crossing.position - theory) / sqrt(width * width / 12 + off * off + variance);
    return crossing;
}

/* Theory has the first rise, and the first fall after it. */
static double theory_of(const found *f, psw_edge_kind kind, ptrdiff_t before)
{
    psw_edges edges = search_theory_edges(f->replay.search, f->curve->combination);
    bool starts_above = f->out->starts == PSW_SIDE_ABOVE;
    if (kind == PSW_EDGE_RISE) return before == 0 && !starts_above ? edges.lo : NAN;
    return before == (starts_above ? 0 : 1) ? edges.hi : NAN;
}

static void edges_find(found *f)
{
    psw_crossings *out = f->out;
    const psw_edges_asked asked = f->replay.search->keys->edges;
    search_bracket b = asked == PSW_EDGES_LAST ? search_bracket_last(f->curve) : search_bracket_next(f->curve, 0);
    for (; b.hi >= 0; b = search_bracket_next(f->curve, b.hi), out->count++) {
        psw_edge_kind kind = f->curve->marks[b.hi].side == PSW_SIDE_ABOVE ? PSW_EDGE_RISE : PSW_EDGE_FALL;
        double theory = asked == PSW_EDGES_LAST ? NAN : theory_of(f, kind, out->count);
        if (out->count < PSW_SEARCH_EDGES) out->edge[out->count] = crossing_of(f, b, theory);
        if (asked == PSW_EDGES_FIRST) b.hi = f->curve->count;
    }
}

/* ---- what was asked, and what was not ---- */

static void costs_add(found *f)
{
    const psw_search *search = f->replay.search;
    for (ptrdiff_t i = 0; i < f->curve->count; i++) {
        psw_answer own = f->replay.answers(f->replay.context, search->all.slot[position_of(f, i)]);
        f->out->open += f->curve->marks[i].side == PSW_SIDE_OPEN;
        if (own.status != PSW_SLOT_DONE) continue;
        f->out->evaluations++;
        f->out->trials += isnan(own.trials) ? 0 : own.trials;
        f->out->flops += isnan(own.flops) ? 0 : own.flops;
    }
}

/* Where one edge alone was asked for, nothing is said of what is beyond it. */
static void missed_find(found *f)
{
    const search_curve *curve = f->curve;
    const psw_edges_asked asked = f->replay.search->keys->edges;
    search_bracket first = search_bracket_next(curve, 0), last = search_bracket_last(curve);
    ptrdiff_t from = asked == PSW_EDGES_LAST && last.hi >= 0 ? last.hi : 0;
    ptrdiff_t to = asked == PSW_EDGES_FIRST && first.hi >= 0 ? first.lo : curve->count - 1, before = -1;
    psw_level_side side = PSW_SIDE_NONE;
    if (from > 0) before = curve->marks[from].at;
    for (ptrdiff_t i = from; i <= to; i++) {
        const search_mark *m = &curve->marks[i];
        if (m->side != PSW_SIDE_BELOW && m->side != PSW_SIDE_ABOVE) continue;
        bool crossed = side != PSW_SIDE_NONE && side != m->side;
        if (!crossed && m->at - before - 1 > f->out->missed) f->out->missed = m->at - before - 1;
        side = m->side, before = m->at;
    }
    bool whole = asked != PSW_EDGES_FIRST || first.hi < 0;
    if (whole && curve->candidates - before - 1 > f->out->missed) f->out->missed = curve->candidates - before - 1;
}

static void starts_find(found *f)
{
    const search_curve *curve = f->curve;
    ptrdiff_t i = 0;
    while (i + 1 < curve->count && curve->marks[i].side == PSW_SIDE_FAILED) i++;
    if (curve->count > 0) f->out->starts = curve->marks[i].side;
}

/* `out` from the curve of a family that was replayed. */
static void curve_read(found *f)
{
    const psw_combinations *all = &f->replay.search->all;
    const ptrdiff_t c = f->curve->combination;
    *f->out = (psw_crossings){.first_slot = all->slot[all->first[c]]};
    for (ptrdiff_t i = all->first[c]; i < all->first[c + 1]; i++)
        if (all->slot[i] < f->out->first_slot) f->out->first_slot = all->slot[i];
    starts_find(f);
    edges_find(f);
    costs_add(f);
    missed_find(f);
}

void psw_search_crossings(const psw_search *search, ptrdiff_t combination, psw_answers *answers, const void *context,
                          psw_crossings *crossings)
{
    const psw_combinations *all = &search->all;
    found f = {.replay = {.search = search, .family = all->family[combination], .answers = answers, .context = context},
               .curve = search->curves,
               .out = crossings};
    search_replay_run(&f.replay);
    while (f.curve->combination != combination) f.curve++;
    curve_read(&f);
}

void psw_search_crossings_family(const psw_search *search, ptrdiff_t family, psw_answers *answers, const void *context,
                                 psw_crossings *crossings)
{
    const ptrdiff_t *first = search->all.family_first;
    found f = {.replay = {.search = search, .family = family, .answers = answers, .context = context}};
    search_replay_run(&f.replay);
    for (ptrdiff_t k = 0; k < first[family + 1] - first[family]; k++) {
        f.curve = &search->curves[k];
        f.out = &crossings[f.curve->combination];
        curve_read(&f);
    }
}
