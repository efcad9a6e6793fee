/* theory: the closed form of self-attention data, bounds derived from it, the exact probability of success.
 *
 * All of it follows from the definitions of the data and the head (shapes: a special token, classes of equal
 * tokens, a threshold); nothing here is a constant quoted from a paper. O(d) work for any n.
 * Applies to mask full, den_constant 0, row_norm none, noise 0, data self_attention, methods exact (closed_form),
 * softmax and linear; NaN otherwise. Unreachable degrees are +inf. A sketch has the masses and degrees of the exact
 * kernel that it estimates, beside which a success that only noise made is seen for what it is; how often it fires and
 * succeeds is not known. */
#ifndef POLYSWEEP_THEORY_H
#define POLYSWEEP_THEORY_H

#include "polysweep/spec.h"

/* Attention masses of one data set; indices refer to the special token j3 and its class. */
typedef struct psw_masses {
    double special;               /* f: row j3 on key j3 */
    double special_class;         /* s_k: row j3 on all other keys of its class together */
    double special_other;         /* row j3 on all keys of one other class together */
    double own_class, other_class; /* ordinary row: own class (rho), one other class */
    double leak_same, leak_other; /* ordinary row on key j3: same class as j3, another class */
} psw_masses;

typedef struct psw_theory {
    double special_mass_d1, special_mass_d0;
    double success, fire_d1, fire_d0;
    double beta_fail, beta_c, beta_ok, beta_large;
    double beta_up_special, beta_up_class, beta_up_class_3s, beta_up;
} psw_theory;

/* False for sketches. */
bool psw_theory_applies(const psw_point *point);

/* Masses on data set D_`set` (0 or 1), evaluated in logarithms; any beta >= 0, any n. */
psw_masses psw_theory_masses(const psw_point *point, int set);

/* The probability that one sign vector fires on D_0, on D_1, on either: exact, for any n and d. A sign vector enters
 * only through the signs of the special feature, of the constant feature, of the class of j3, and the number of +1
 * among the other classes, so 8 (d - 2) weighted states are all there is. */
typedef struct psw_firing {
    double d0, d1, either;
} psw_firing;
psw_firing psw_theory_firing(const psw_point *point);

/* The columns of theory: NaN where they do not apply. The degrees are those of the polynomial kernel, NaN for softmax,
 * linear and favor. */
psw_theory psw_theory_point(const psw_point *point);

/* |pre-activation| below this, in units of sqrt(ln n), is rounding, not a sign: C eps (a + b + 2c), eps and C of the
 * point's precision. */
double psw_theory_tie(const psw_point *point);

/* The theory columns by name, as a table for expressions: subject is a const psw_point *. */
extern const psw_oracle psw_theory_oracle;

#endif
