/* Attention masses of one data set under mask full, of the first two also under a causal one, evaluated in logarithms.
 */
#ifndef POLYSWEEP_TESTS_THEORY_MASSES_H
#define POLYSWEEP_TESTS_THEORY_MASSES_H

#include "theory/closed_form.h"

typedef struct masses {
    double special;                /* f: row j3 on key j3 */
    double special_class;          /* s_k: row j3 on all other keys of its class together */
    double special_other;          /* row j3 on all keys of one other class together */
    double own_class, other_class; /* ordinary row: own class (rho), one other class */
    double leak_same, leak_other;  /* ordinary row on key j3: same class as j3, another class */
} masses;

/* Row j3: f, own class (t-1) E f, another class t E H f; another row: 1 / (t + (n-t) H) on one key of its class, H
 * times that on one key of another. */
static inline masses masses_of(const psw_point *point, int set)
{
    theory_kernel k = theory_kernel_of(point, set ? point->a_1 : point->a_0);
    double e = exp(-k.degree * k.special), h = k.others ? exp(-k.degree * k.own) : 0;
    double f = theory_special_mass(point, set), one = 1 / (k.t + k.t * k.classes * h);
    return (masses){.special = f,
                    .special_class = k.same * e * f,
                    .special_other = k.t * e * h * f,
                    .own_class = k.t * one,
                    .other_class = k.t * h * one,
                    .leak_same = one,
                    .leak_other = h * one};
}

#endif
