/* The pseudo-inverse of a matrix, for the comparison in landmarks.py: reads m and m x m numbers, prints as many. */
#include <stdio.h>
#include <stdlib.h>

#include "polysweep/pseudo_inverse.h"

int main(void)
{
    int m;
    if (scanf("%d", &m) != 1 || m < 1) return 2;
    size_t all = (size_t)m * (size_t)m;
    double *a = malloc(4 * all * sizeof *a), *inverse = a + all;
    for (size_t i = 0; i < all; i++)
        if (scanf("%lf", &a[i]) != 1) return 2;
    if (psw_pseudo_inverse(m, a, inverse, inverse + all, (psw_watch){NULL, NULL}) != PSW_OK) return 1;
    for (size_t i = 0; i < all; i++) printf("%.17g\n", inverse[i]);
    free(a);
    return 0;
}
