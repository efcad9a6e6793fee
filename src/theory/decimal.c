/* Sums of constants as they were written. 0.01 + 0.09 is 0.1 to who writes a study, not to doubles: each number here
 * stands for the shortest decimal that reads as it, and decimals are added exactly. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "theory/closed_form.h"

/* Limb i counts 10^(9 i + LOWEST): room for every digit of every double. */
enum { LIMBS = 80, LOWEST = -351, BASE = 1000000000 };

/* digits 10^exponent, digits < 10^17 */
typedef struct decimal {
    int64_t digits;
    int exponent;
} decimal;

static decimal decimal_of(double x)
{
    char text[40];
    decimal d = {0, 0};
    int precision = 14, after = 0;
    do snprintf(text, sizeof text, "%.*e", precision, x); /* one digit before the point */
    while (++precision < 17 && strtod(text, NULL) != x);
    const char *at = text;
    for (; *at && *at != 'e'; at++) {
        if (*at >= '0' && *at <= '9') d.digits = 10 * d.digits + (*at - '0'), after++;
    }
    d.exponent = (*at ? (int)strtol(at + 1, NULL, 10) : 0) - (after - 1);
    if (x < 0) d.digits = -d.digits;
    return d;
}

static void add(int64_t limb[LIMBS], decimal d)
{
    int place = d.exponent - LOWEST, first = place / 9;
    int64_t shift = 1;
    for (int i = place % 9; i > 0; i--) shift *= 10;
    limb[first] += d.digits % BASE * shift; /* below 10^17, so that several fit */
    limb[first + 1] += d.digits / BASE * shift;
}

/* Every limb below the base and of the sign of the sum, which is returned. */
static int normalise(int64_t limb[LIMBS])
{
    for (int i = 0; i + 1 < LIMBS; i++) {
        int64_t carry = limb[i] / BASE - (limb[i] % BASE < 0);
        limb[i] -= carry * BASE;
        limb[i + 1] += carry;
    }
    if (limb[LIMBS - 1] >= 0) return 1;
    for (int i = 0; i < LIMBS; i++) limb[i] = -limb[i];
    return -normalise(limb);
}

static double value_of(int64_t limb[LIMBS])
{
    int sign = normalise(limb), top = LIMBS - 1;
    char text[64];
    while (top > 2 && limb[top] == 0) top--;
    snprintf(text, sizeof text, "%lld%09lld%09lde%d", (long long)limb[top], (long long)limb[top - 1],
             (long)limb[top - 2], 9 * (top - 2) + LOWEST);
    return sign * strtod(text, NULL);
}

double theory_sum(const double *terms, int count)
{
    int64_t limb[LIMBS] = {0};
    double sum = 0, size = 0;
    for (int i = 0; i < count; i++) sum += terms[i], size += fabs(terms[i]);
    if (!(fabs(sum) < 0.01 * size)) return sum; /* nothing cancels, or it is NaN */
    for (int i = 0; i < count; i++) add(limb, decimal_of(terms[i]));
    return value_of(limb);
}
