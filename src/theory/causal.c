/* Which sign vectors fire under a causal mask, exactly.
 *
 * Row i = q (d-2) + r is the row of class r in round q; it sees q + 1 keys of the classes up to r and q of those after,
 * so of its pre-activation (closed_form.h)
 *     same = q + 1,   other = q (d-3) + r,   against = M_r + q M,
 * M_r the signs among classes before r that are not w_r, M those among all. With (w_1, w_d), the number of -1 among all
 * classes and w_r fixed it falls with the number of -1 before r, and is linear in q: of the rounds before j3 and of
 * those after only the first and the last matter. So walk over the classes, drawing one sign after the other without
 * replacement, and count the -1: the walk fires where it is below a barrier that depends on class and sign. For each
 * (w_1, w_d) and each number of -1 the chance is a sum over O(d^2) places of walks: O(d^3) in all, any n. Classes that
 * cannot fire are passed over; with b <= kappa and j3 in the last round only row j3 is left, and it takes O(d log d).
 */
#include <stdlib.h>

#include "theory/closed_form.h"

/* Places of walks that are worth a second or two. */
static const double most_places = 0x1p31;

typedef struct causal {
    theory_limits limits[2];
    theory_weights weights[2];
    double t, classes; /* rounds, all classes */
    theory_place j3;
    int side;
} causal;

/* What a class is asked at: signs of the special and the constant feature, and -1 among all classes. */
typedef struct asked {
    int state; /* w_k is the class's own */
    double minus;
} asked;

/* 2 b w_r times the keys against it that a row of round q sees; `before`: signs before class r against w_r. */
static double against(const causal *c, int set, asked a, int sign, double q, double before)
{
    double all = sign ? a.minus : c->classes - a.minus;
    return 2 * c->limits[set].b * (sign ? 1 : -1) * (before + q * all);
}

/* A row of round q of class r, whose sign is w_r; `before`: signs before class r against w_r; `after` j3. */
typedef struct place {
    double r, q;
    int sign;
    bool after;
    double before;
} place;

static bool row_fires(const causal *c, int set, asked a, place p)
{
    double r = p.r, q = p.q, before = p.before;
    bool after = p.after;
    int sign = p.sign;
    const theory_weights *w = &c->weights[set];
    double leak = after ? theory_sign(a.state, 0) * c->limits[set].a : 0, other = q * (c->classes - 1) + r;
    bool same = r == c->j3.class;
    theory_form form = theory_ordinary_form(c->limits[set].own[sign][a.state >> 2], q + 1, same ? leak : 0, other,
                                            same ? 0 : leak, against(c, set, a, sign, q, before));
    return theory_positive(form, w->e, w->h, c->side);
}

static bool special_fires(const causal *c, int set, asked a, int sign, double before)
{
    const theory_limits *l = &c->limits[set];
    const theory_weights *w = &c->weights[set];
    double q = c->j3.round, other = q * (c->classes - 1) + c->j3.class;
    theory_form form = theory_special_form(l->special[(a.state & 5) | sign << 1], l->own[sign][a.state >> 2], q, other,
                                           against(c, set, a, sign, q, before));
    return theory_positive(form, w->e, w->eh, c->side);
}

/* Rounds of class r: up to `last` without j3 before them, from `next` on with it (row j3 is neither). */
static bool class_fires(const causal *c, int set, asked a, double r, int sign, double minus_before)
{
    double before = sign ? minus_before : r - minus_before;
    double last = r < c->j3.class ? c->j3.round : c->j3.round - 1;
    double next = r > c->j3.class ? c->j3.round : c->j3.round + 1;
    if (r == c->j3.class && special_fires(c, set, a, sign, before)) return true;
    if (last >= 0 && (row_fires(c, set, a, (place){r, 0, sign, false, before}) ||
                      row_fires(c, set, a, (place){r, last, sign, false, before})))
        return true;
    return next < c->t && (row_fires(c, set, a, (place){r, next, sign, true, before}) ||
                           row_fires(c, set, a, (place){r, c->t - 1, sign, true, before}));
}

/* The least number of -1 before class r at which it does not fire; from `near` it is a few steps. */
static double barrier(const causal *c, int set, asked a, double r, int sign, double near)
{
    double lo = fmax(0, a.minus - (c->classes - r)), hi = fmin(r, a.minus) + 1, at = fmin(fmax(near, lo), hi);
    while (at > lo && !class_fires(c, set, a, r, sign, at - 1)) at--;
    while (at < hi && class_fires(c, set, a, r, sign, at)) at++;
    return at;
}

/* Neither with j3 before them nor without it do rows of class r fire, at any signs of the classes. */
static bool class_silent(const causal *c, int state, double r)
{
    bool leaks = r > c->j3.class || c->j3.round + 1 < c->t;
    if (r == c->j3.class) return false;
    for (int set = 0; set < 2; set++) {
        double own = c->limits[set].own[1][state >> 2], a = theory_sign(state, 0) * c->limits[set].a;
        if (own > 0 || (leaks && a > 0)) return false;
    }
    return true;
}

/* ---- walks ---- */

enum { CHANCES = 3 }; /* D_0, D_1, either */

typedef struct walks {
    const causal *c;
    double *alive[CHANCES]; /* by number of -1 so far: chance to come there and not to have fired */
    double *next;           /* of the class after */
    double *barriers[2][2]; /* [D_0, D_1][sign] of each class, at the number of -1 before: one more moves them little */
    double first, last;     /* classes that may fire */
    asked asked;
    psw_watch watch;
    double fired[CHANCES];
} walks;

/* Of `count` signs, `minus` of them -1, `drawn` are drawn: the chance of each number of -1 among these, from its mode
 * outwards in multiples of that. */
static void draw_without_replacement(double count, double minus, double drawn, double *chance)
{
    double lo = fmax(0, minus - (count - drawn)), hi = fmin(drawn, minus), sum = 0;
    double mode = fmin(fmax(floor((drawn + 1) * (minus + 1) / (count + 2)), lo), hi);
    chance[(ptrdiff_t)mode] = 1;
    for (double x = mode; x < hi; x++)
        chance[(ptrdiff_t)x + 1] =
            chance[(ptrdiff_t)x] * (minus - x) * (drawn - x) / ((x + 1) * (count - minus - drawn + x + 1));
    for (double x = mode; x > lo; x--)
        chance[(ptrdiff_t)x - 1] =
            chance[(ptrdiff_t)x] * x * (count - minus - drawn + x) / ((minus - x + 1) * (drawn - x + 1));
    for (double x = lo; x <= hi; x++) sum += chance[(ptrdiff_t)x];
    for (double x = lo; x <= hi; x++) chance[(ptrdiff_t)x] /= sum;
}

/* `left` signs are to be drawn, `minus` of all are -1, those before the class are from .. to of them. */
typedef struct stride {
    int from, to;
    double left, minus;
} stride;

/* One class on: from x to x (sign +1) or x + 1 (-1), unless it fires. */
static double step(const double *restrict alive, double *restrict next, stride s, const double barriers[2])
{
    int from = s.from, to = s.to;
    double left = s.left, minus = s.minus;
    int up = (int)fmin(fmax(barriers[1], from), to + 1), down = (int)fmin(fmax(barriers[0], from), to + 1);
    double fired = 0;
    for (int x = from; x < up; x++) fired += alive[x] * ((left - minus + x) / left), next[x] = 0;
    for (int x = up; x <= to; x++) next[x] = alive[x] * ((left - minus + x) / left);
    next[to + 1] = 0;
    for (int x = from; x < down; x++) fired += alive[x] * ((minus - x) / left);
    for (int x = down; x <= to; x++) next[x + 1] += alive[x] * ((minus - x) / left);
    return fired;
}

static void all_step(walks *w, double r, double barriers[CHANCES][2])
{
    double left = w->c->classes - r, minus = w->asked.minus;
    int from = (int)fmax(0, minus - left), to = (int)fmin(r, minus);
    for (int i = 0; i < CHANCES; i++) {
        double *alive = w->alive[i];
        w->fired[i] += step(alive, w->next, (stride){from, to, left, minus}, barriers[i]);
        w->alive[i] = w->next, w->next = alive;
    }
}

static void class_step(walks *w, double r)
{
    const causal *c = w->c;
    double at[CHANCES][2];
    for (int sign = 0; sign < 2; sign++) {
        for (int set = 0; set < 2; set++) {
            double *kept = &w->barriers[set][sign][(ptrdiff_t)r];
            at[set][sign] = *kept = barrier(c, set, w->asked, r, sign, *kept);
        }
        at[2][sign] = fmax(at[0][sign], at[1][sign]);
    }
    all_step(w, r, at);
}

/* The chances that walks with so many -1 fire. */
static void walk(walks *w)
{
    for (int i = 0; i < CHANCES; i++) {
        w->fired[i] = 0;
        draw_without_replacement(w->c->classes, w->asked.minus, w->first, w->alive[i]);
    }
    for (double r = w->first; r <= w->last; r++)
        if (!class_silent(w->c, w->asked.state, r))
            class_step(w, r);
        else
            all_step(w, r, (double[CHANCES][2]){{0, 0}, {0, 0}, {0, 0}});
}

/* Binomial weights of the number of -1 as in a full mask (firing.c): from the mode outwards. False if the watch ends
 * it.
 */
static bool add_walks(walks *w, double fired[CHANCES])
{
    double classes = w->c->classes, mode = floor(classes / 2), total = 0, weight = 1, sum[CHANCES] = {0};
    for (int direction = 1; direction >= -1; direction -= 2) {
        weight = 1;
        for (double minus = mode; minus >= 0 && minus <= classes && weight > 1e-300; minus += direction) {
            if (direction > 0 || minus < mode) {
                if (psw_watch_ask(w->watch) != PSW_OK) return false;
                w->asked.minus = minus;
                walk(w);
                total += weight;
                for (int i = 0; i < CHANCES; i++) sum[i] += weight * w->fired[i];
            }
            weight *= direction > 0 ? (classes - minus) / (minus + 1) : minus / (classes - minus + 1);
        }
    }
    for (int i = 0; i < CHANCES; i++) fired[i] += fmin(sum[i] / total, 1) / 4;
    return true;
}

/* Nothing fires at any signs of the classes. */
static bool state_silent(const causal *c, int state)
{
    for (int set = 0; set < 2; set++) {
        const theory_limits *l = &c->limits[set];
        if (l->own[1][state >> 2] > 0 || theory_sign(state, 0) * l->a > 0) return false;
    }
    return true;
}

static double places_of(const walks *w)
{
    double classes = w->c->classes;
    return (w->last - w->first + 1) * (fmin(w->last, classes - w->first) + 1) * classes;
}

/* The classes that may fire; false if none does. */
static bool find_classes(walks *w, int state)
{
    const causal *c = w->c;
    if (state_silent(c, state)) return false;
    w->first = 0, w->last = c->classes - 1;
    while (class_silent(c, state, w->first)) w->first++; /* not that of j3 */
    while (class_silent(c, state, w->last)) w->last--;
    w->asked.state = state;
    return true;
}

/* All four (w_1, w_d); NaN where that would take too long. */
static psw_firing add_states(walks *w)
{
    double fired[CHANCES] = {0};
    for (int state = 0; state < THEORY_STATES; state++) {
        if (state & 2 || !find_classes(w, state)) continue;
        if (places_of(w) > most_places || !add_walks(w, fired)) return (psw_firing){NAN, NAN, NAN};
    }
    return (psw_firing){fired[0], fired[1], fired[2]};
}

static causal causal_of(const psw_point *p, theory_span span, int side)
{
    causal c = {
        .t = (double)(p->n / (p->d - 2)), .classes = (double)(p->d - 2), .j3 = theory_place_of(p), .side = side};
    for (int set = 0; set < 2; set++)
        c.limits[set] = theory_limits_of(p, set), c.weights[set] = theory_weights_of(p, set, span);
    return c;
}

double theory_causal_work(const psw_point *p)
{
    causal c = causal_of(p, (theory_span){1, 1}, 1);
    walks w = {.c = &c};
    double places = 0;
    for (int state = 0; state < THEORY_STATES; state++)
        if (!(state & 2) && find_classes(&w, state)) places += places_of(&w);
    return CHANCES * places + 100 * (double)p->d;
}

psw_firing theory_firing_causal(const psw_point *p, theory_span span, int side, psw_watch watch)
{
    causal c = causal_of(p, span, side);
    ptrdiff_t room = p->d;
    double *memory = calloc((size_t)((CHANCES + 5) * room), sizeof *memory);
    walks w = {.c = &c, .next = memory, .watch = watch};
    if (!memory) return (psw_firing){NAN, NAN, NAN};
    for (int i = 0; i < CHANCES; i++) w.alive[i] = memory + (1 + i) * room;
    for (int i = 0; i < 4; i++) w.barriers[i / 2][i % 2] = memory + (CHANCES + 1 + i) * room;
    psw_firing out = add_states(&w);
    free(memory);
    return out;
}
