/* The closed form: scores of the self-attention data take three values, so there are only three weights. */
#ifndef POLYSWEEP_THEORY_CLOSED_FORM_H
#define POLYSWEEP_THEORY_CLOSED_FORM_H

#include <float.h>
#include <math.h>

#include "polysweep/theory.h"

/* ln of the ratio of two weights, per degree: the special key over a key of its class, and that over a key of another
 * class. Softmax and linear are the same with a degree of 1. Scores are offset + scale ln n (c^2, b^2 + c^2, a^2 + b^2
 * + c^2): powers see c^2 + omega for c^2, omega = offset / (scale ln n), and exponents of softmax are `scale` times as
 * large. With match exp omega grows with the degree, so the ratio at a degree is theory_logs_at. */
typedef struct theory_kernel {
    double special, own; /* ln(z_special / z_own), ln(z_own / z_other), at the scale and offset of the point */
    double degree;
    bool follows;       /* match exp: c^2 + omega = least + rate degree, */
    double least;       /* c^2 - center / ln n */
    double rate;        /* 1 / (reference_scale ln n) */
    double aa, bb;      /* a^2, b^2 */
    double t, classes;  /* keys of one class; number of other classes */
    bool others;        /* keys of another class have weight: false where their score is 0 */
    double same, other; /* keys that row j3 sees besides itself: of its class, of other classes if they have weight */
} theory_kernel;

/* True where the masses below are those of the data, for any method that uses the kernel. */
bool theory_kernel_applies(const psw_point *point);
/* Of the polynomial kernel, or one that a sketch estimates; with match exp where no score is below the centre, so that
 * every ratio of weights grows with the degree. */
bool theory_has_degrees(const psw_point *point);
theory_kernel theory_kernel_of(const psw_point *point, double a);
/* Logarithms of the ratios of two weights at a degree, and their derivatives: the special key over one of its class,
 * that over one of another class, the special key over one of another class. Match exp: they tend to those of softmax,
 * a^2 / rate and b^2 / rate. */
typedef struct theory_logs {
    double special, own, both, special_slope, own_slope;
} theory_logs;
theory_logs theory_logs_at(const theory_kernel *kernel, double degree);
typedef enum theory_pair { THEORY_SPECIAL, THEORY_OWN, THEORY_BOTH } theory_pair;
/* The degree at which one of them is `log`: +inf if it never is. */
double theory_degree_of(const theory_kernel *kernel, theory_pair pair, double log);
/* f: of row j3 on itself, in data set `set`. */
double theory_special_mass(const psw_point *point, int set);
/* Rounds of the classes before j3, and the class of j3: j3 = round (d - 2) + class. */
typedef struct theory_place {
    double round, class;
} theory_place;
theory_place theory_place_of(const psw_point *point);

/* The sum of constants, each taken as the shortest decimal that reads as it; exact wherever they cancel. */
double theory_sum(const double *terms, int count);

/* The degree at which  weight_f f + weight_class (f + s_k)  reaches `level` (it grows with the degree): 0 if it starts
 * there, +inf if it never does. `missing` is the sum of the weights less the level. Weights are not negative. */
double theory_degree_reaching(const theory_kernel *kernel, double weight_f, double weight_class, double level,
                              double missing);

/* The columns that are degrees. */
double theory_beta_large(const psw_point *point);
double theory_beta_fail(const psw_point *point);
double theory_beta_c(const psw_point *point);
double theory_beta_ok(const psw_point *point);
double theory_beta_up_special(const psw_point *point);
double theory_beta_up_class(const psw_point *point);
double theory_beta_up_class_3s(const psw_point *point);

/* ---- which sign vectors fire --------------------------------------------------------------------------------------
 *
 * With E = exp(-beta ln(z_special/z_own)) and H = exp(-beta ln(z_own/z_other)) weights are 1, E, E H in row j3 and 1, H
 * in the others. A pre-activation over sqrt(ln n), times the denominator of its row, is linear in them: nothing is
 * divided, and its limit where E and H vanish is a sum of constants, whose sign is decided on their decimals. For
 * w = w_1 .. w_d, k the class of j3, r that of the row, `same` and `other` the visible keys of class r (without j3 in
 * row j3) and of other classes, `against` the visible keys of other classes whose sign is not w_r: row j3:         (a
 * w_1 + L) + E same L + E H (other L - 2 b w_k against) another row:    same L + a w_1 [j3 visible, k = r] + H (other L
 * - 2 b w_r against + a w_1 [j3 visible, k != r]) with L = b w_r + (w_d - 1) c - kappa. */

enum { THEORY_STATES = 8 }; /* of (w_1, w_k, w_d) */
static inline double theory_sign(int state, int bit)
{
    return state >> bit & 1 ? 1 : -1;
}

/* Of one data set; [2]: signs -1, +1. */
typedef struct theory_limits {
    double a, b;
    double own[2][2];              /* [w_r][w_d]: L */
    double special[THEORY_STATES]; /* a w_1 + L */
} theory_limits;
theory_limits theory_limits_of(const psw_point *point, int set);

/* Weights at the degrees of an interval, least and most: of one degree, both are the same. */
typedef struct theory_weights {
    double e[2], eh[2], h[2];
} theory_weights;
typedef struct theory_span { /* of degrees; softmax and linear ignore it */
    double lo, hi;
} theory_span;
theory_weights theory_weights_of(const psw_point *point, int set, theory_span span);

/* c + ce e + ch h; below, the sums of the magnitudes of each one's terms. */
typedef struct theory_form {
    double c, ce, ch, size, size_e, size_h;
} theory_form;
/* Is it positive, somewhere among the weights (side 1) or everywhere (side 0)? A value
 * within a few roundings of 0 counts as 0: degree 0 and linear attention have weights that are ratios, so their sums
 * may cancel exactly. */
static inline bool theory_positive(theory_form f, const double e[2], const double h[2], int side)
{
    double value = f.c + f.ce * e[(f.ce > 0) == side] + f.ch * h[(f.ch > 0) == side];
    return value > 8 * DBL_EPSILON * (f.size + f.size_e * e[!side] + f.size_h * h[!side]);
}
/* Of row j3 (`limit` is a w_1 + L) and of another row; `own` is L, `against` 2 b w_r times those keys, a leak a w_1 or
 * 0.
 */
static inline theory_form theory_special_form(double limit, double own, double same, double other, double against)
{
    return (theory_form){limit,       same * own,       other * own - against,
                         fabs(limit), same * fabs(own), other * fabs(own) + fabs(against)};
}
static inline theory_form theory_ordinary_form(double own, double same, double leak_same, double other,
                                               double leak_other, double against)
{
    return (theory_form){same * own + leak_same,
                         0,
                         other * own + leak_other - against,
                         same * fabs(own) + fabs(leak_same),
                         0,
                         other * fabs(own) + fabs(leak_other) + fabs(against)};
}

/* The chance that a sign vector may fire at a degree of the interval (side 1), or surely does at each (side 0): at one
 * degree both are the chance that it fires. NaN where unknown, or where the watch ends it. */
psw_firing theory_firing_within(const psw_point *point, theory_span span, int side, psw_watch watch);
/* Of a causal mask. */
psw_firing theory_firing_causal(const psw_point *point, theory_span span, int side, psw_watch watch);
psw_firing theory_firing(const psw_point *point, psw_watch watch); /* psw_theory_firing */
psw_edges theory_edges(const psw_point *point, psw_watch watch);   /* psw_theory_edges */

/* What the edges, and all degrees of degrees.c, are a function of. */
typedef struct theory_case {
    double values[9];
    ptrdiff_t counts[4];
    int mask, match;
} theory_case;
theory_case theory_case_of(const psw_point *point);
double theory_firing_work(const psw_point *point); /* steps of it, a nanosecond or two each */
double theory_causal_work(const psw_point *point);
/* (1-p0)^m - (1-p01)^m, from chances of one vector; 1 - (1-p)^m. */
double theory_success(double d0, double either, ptrdiff_t m);
double theory_any(double p, ptrdiff_t m);

#endif
