#include <math.h>

#include "theory/closed_form.h"

/* The distinct rows of a data set: j3, the rest of its class, rows of a class with sign +1, of one with sign -1.
 * With S the sum of the signs of the other classes, a row's pre-activation over sqrt(ln n) is
 *     a mass w_1 + b own w_k + b other S + shift + (w_d - 1) c - kappa. */
enum { ROW_SPECIAL, ROW_SAME, ROW_PLUS, ROW_MINUS, ROWS };
enum { STATES = 8 }; /* of (w_1, w_k, w_d) */

typedef struct set_rows {
    double head[ROWS][STATES]; /* all of it but the term in S */
    double per_sum[ROWS];
} set_rows;

static double sign_of(int state, int bit)
{
    return state >> bit & 1 ? 1 : -1;
}

static void row_put(set_rows *rows, int row, const psw_point *p, double special, double own, double other, double shift)
{
    rows->per_sum[row] = p->b * other;
    for (int s = 0; s < STATES; s++)
        rows->head[row][s] =
            special * sign_of(s, 0) + p->b * own * sign_of(s, 1) + shift + (sign_of(s, 2) - 1) * p->c - p->kappa;
}

static set_rows rows_of(const psw_point *p, int set)
{
    psw_masses mass = psw_theory_masses(p, set);
    double a = set ? p->a_1 : p->a_0, step = p->b * (mass.own_class - mass.other_class);
    set_rows rows;
    row_put(&rows, ROW_SPECIAL, p, a * mass.special, mass.special + mass.special_class, mass.special_other, 0);
    row_put(&rows, ROW_SAME, p, a * mass.leak_same, mass.own_class, mass.other_class, 0);
    row_put(&rows, ROW_PLUS, p, a * mass.leak_other, mass.other_class, mass.other_class, step);
    row_put(&rows, ROW_MINUS, p, a * mass.leak_other, mass.other_class, mass.other_class, -step);
    if (p->n == p->d - 2) /* j3 is alone in its class */
        for (int s = 0; s < STATES; s++) rows.head[ROW_SAME][s] = -INFINITY;
    return rows;
}

/* Of the eight states, which fire when the other classes' signs hold `plus` +1 and `minus` -1. */
static void largest(const set_rows *rows, double plus, double minus, double out[STATES])
{
    double sum = plus - minus;
    double special = rows->per_sum[ROW_SPECIAL] * sum, same = rows->per_sum[ROW_SAME] * sum;
    double up = plus > 0 ? rows->per_sum[ROW_PLUS] * sum : -INFINITY;
    double down = minus > 0 ? rows->per_sum[ROW_MINUS] * sum : -INFINITY;
    for (int s = 0; s < STATES; s++) {
        double x = rows->head[ROW_SPECIAL][s] + special, y = rows->head[ROW_SAME][s] + same;
        double z = rows->head[ROW_PLUS][s] + up, w = rows->head[ROW_MINUS][s] + down;
        double xy = x > y ? x : y, zw = z > w ? z : w;
        out[s] = xy > zw ? xy : zw;
    }
}

typedef struct tally {
    const set_rows *d0, *d1;
    double tie;
    double weight, fired0, fired1, either;
} tally;

static void tally_state(tally *t, double plus, double minus, double weight)
{
    double top0[STATES], top1[STATES];
    int fired0 = 0, fired1 = 0, either = 0;
    largest(t->d0, plus, minus, top0);
    largest(t->d1, plus, minus, top1);
    for (int s = 0; s < STATES; s++) {
        int on0 = top0[s] > t->tie, on1 = top1[s] > t->tie;
        fired0 += on0, fired1 += on1, either += on0 | on1;
    }
    t->weight += weight;
    t->fired0 += weight * fired0, t->fired1 += weight * fired1, t->either += weight * either;
}

/* Binomial(classes, 1/2) from its mode outwards, as multiples of the weight there: nothing under- or overflows, and
 * far tails (below 1e-300 of the mode) end the sum after O(sqrt(d)) states. */
psw_firing psw_theory_firing(const psw_point *point)
{
    if (!psw_theory_applies(point)) return (psw_firing){NAN, NAN, NAN};
    set_rows d0 = rows_of(point, 0), d1 = rows_of(point, 1);
    tally t = {.d0 = &d0, .d1 = &d1, .tie = psw_theory_tie(point)};
    double classes = (double)(point->d - 3), mode = floor(classes / 2), weight = 1;
    for (double plus = mode; plus <= classes && weight > 1e-300; plus++) {
        tally_state(&t, plus, classes - plus, weight);
        weight *= (classes - plus) / (plus + 1);
    }
    weight = 1;
    for (double plus = mode; plus > 0 && weight > 1e-300; plus--) {
        weight *= plus / (classes - plus + 1);
        tally_state(&t, plus - 1, classes - plus + 1, weight);
    }
    double all = STATES * t.weight;
    return (psw_firing){t.fired0 / all, t.fired1 / all, t.either / all};
}
