/* The closed form: scores of the self-attention data take three values, so three weights are all there is. */
#ifndef POLYSWEEP_THEORY_CLOSED_FORM_H
#define POLYSWEEP_THEORY_CLOSED_FORM_H

#include "polysweep/theory.h"

/* ln of the ratio of two weights, per degree: the special key over a key of its class, and that over a key of another
 * class. Softmax and linear are the same with a degree of 1. */
typedef struct theory_kernel {
    double special, own; /* ln(z_special / z_own), ln(z_own / z_other) */
    double degree;
    double t, classes; /* keys of one class; number of other classes */
    double per_other;  /* keys of one other class that have any weight: t, or 0 if their score is 0 */
} theory_kernel;

/* True where the masses below are those of the data, whatever the method does with the kernel. */
bool theory_kernel_applies(const psw_point *point);
theory_kernel theory_kernel_of(const psw_point *point, double a);

/* The degree at which  weight_f f + weight_class (f + s_k)  reaches `level` (it grows with the degree): 0 if it starts
 * there, +inf if it never does. Weights are not negative. */
double theory_degree_reaching(const theory_kernel *kernel, double weight_f, double weight_class, double level);

/* The columns that are degrees. */
double theory_beta_large(const psw_point *point);
double theory_beta_fail(const psw_point *point);
double theory_beta_c(const psw_point *point);
double theory_beta_ok(const psw_point *point);
double theory_beta_up_special(const psw_point *point);
double theory_beta_up_class(const psw_point *point);
double theory_beta_up_class_3s(const psw_point *point);

#endif
