/* Rounding to bf16 and fp16 against the definition: the list of all numbers of a format, decoded from their patterns by
 * IEEE 754 alone. Between two neighbours the nearer one is right, half way the one whose pattern is even. */
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "polysweep/narrow_rows.h"
#include "polysweep/random.h"

static const psw_narrow *format;
static int fraction; /* bits of it in a pattern */

/* The number of a pattern without its sign; the pattern after the largest number as if the range went on. */
static double number(uint32_t pattern)
{
    int exponent = (int)(pattern >> fraction), bias = format->largest;
    double rest = ldexp((double)(pattern & ((1U << fraction) - 1)), -fraction);
    return exponent > 0 ? ldexp(1 + rest, exponent - bias) : ldexp(rest, 1 - bias);
}

static uint32_t first_infinite(void)
{
    return (uint32_t)(2 * format->largest + 1) << fraction;
}

static bool same(double a, double b)
{
    return a == b && signbit(a) == signbit(b);
}

static double round64(double x)
{
    psw_narrow_doubles(format, &x, 1);
    return x;
}

/* From psw_real, which is float or double. */
static double round_real(psw_real x)
{
    psw_narrow_numbers(format, &x, 1);
    return (double)x;
}

static void expect(double x, double to)
{
    bool real = (double)(psw_real)x == x;
    CHECK(same(round64(x), to) && same(round64(-x), -to), "%s: %a gives %a, not %a", format->word, x, round64(x), to);
    if (real)
        CHECK(same(round_real((psw_real)x), to) && same(round_real(-(psw_real)x), -to),
              "%s, from real: %a gives %a, not %a", format->word, x, round_real((psw_real)x), to);
}

/* Every pattern, what is half way to the next, and the nearest numbers on both sides of that and of the pattern. */
static void whole_range(void)
{
    uint32_t end = first_infinite();
    for (uint32_t pattern = 0; pattern < end; pattern++) {
        double here = number(pattern), next = number(pattern + 1), above = pattern + 1 < end ? next : INFINITY;
        double tie = here / 2 + next / 2; /* exact; `here + next` may be infinite as a float */
        expect(here, here);
        expect(tie, pattern % 2 ? above : here);
        expect(nextafter(tie, 0), here);
        expect(nextafter(tie, INFINITY), above);
        expect((double)nextafterf((float)tie, 0), here);
        if (tie < (double)FLT_MAX) expect((double)nextafterf((float)tie, INFINITY), above);
        if (pattern > 0) expect((double)nextafterf((float)here, 0), here);
        expect(nextafter(here, INFINITY), here);
    }
}

static void beyond(void)
{
    expect(INFINITY, INFINITY);
    expect(DBL_MAX, INFINITY);
    expect((double)FLT_MAX, INFINITY);
    expect(DBL_MIN / 8, 0);
    expect((double)FLT_TRUE_MIN, 0);
    CHECK(isnan(round64(NAN)) && isnan(round_real((psw_real)NAN)), "NaN");
    uint32_t bits = 0x7fffffff; /* a NaN whose fraction is all ones must not become a number */
    float x;
    memcpy(&x, &bits, sizeof x);
    CHECK(isnan(round_real((psw_real)x)), "NaN of ones gives %g", round_real((psw_real)x));
}

/* From double at once: through float, 1 + half a spacing + a little would become a tie and go to the even number. */
static void once(void)
{
    double half = psw_narrow_unit(format), x = 1 + half + 0x1p-40;
    CHECK(round64(x) == 1 + 2 * half && round64((double)(float)x) == 1, "%s: %a", format->word, round64(x));
}

/* Arrays give what single numbers give, in every place of a vector, with a stride; rows and columns have scales. */
enum { ROWS = 7, COLS = 13 };

static void arrays(void)
{
    double wide[ROWS * COLS], each[ROWS * COLS];
    psw_real real[ROWS * COLS];
    const uint64_t values[] = {1};
    psw_random_normals(psw_random_key(PSW_STREAM_SKETCH, 9, values, 1), 0, 0, ROWS * COLS, wide);
    for (int i = 0; i < ROWS * COLS; i++) real[i] = (psw_real)wide[i], each[i] = wide[i];
    psw_narrow_doubles(format, wide, ROWS * COLS);
    psw_narrow_numbers(format, real, ROWS * COLS);
    for (int i = 0; i < ROWS * COLS; i++)
        CHECK(same(wide[i], round64(each[i])) && same((double)real[i], round_real((psw_real)each[i])), "place %d", i);
}

/* 2^e round(2^-e x): no power of two in front of a row changes its digits, where a plain rounding overflows. */
static void scales(void)
{
    static const int powers[] = {-90, -30, 0, 20, 90};
    const psw_real wanted[] = {(psw_real)round64(1.234567), (psw_real)round64(-0.7654321),
                               (psw_real)round64(0.0123456)};
    for (size_t k = 0; k < sizeof powers / sizeof *powers; k++) {
        psw_real x[] = {(psw_real)ldexp(1.234567, powers[k]), (psw_real)ldexp(-0.7654321, powers[k]),
                        (psw_real)ldexp(0.0123456, powers[k]), 77},
                 y[] = {x[0], 5, x[1], 6, x[2], 7};
        psw_narrow_rows(format, (psw_rows){x, 1, 3, 4});
        psw_narrow_columns(format, (psw_rows){y, 3, 1, 2});
        for (int i = 0; i < 3; i++)
            CHECK((double)x[i] == ldexp((double)wanted[i], powers[k]) && x[i] == y[2 * i], "2^%d: %a and %a, not %a",
                  powers[k], (double)x[i], (double)y[2 * i], ldexp((double)wanted[i], powers[k]));
        CHECK((double)x[3] == 77 && (double)y[1] == 5 && (double)y[5] == 7, "what stands beside");
    }
    psw_real zero[] = {0, 0}, bad[] = {1, (psw_real)NAN};
    psw_narrow_rows(format, (psw_rows){zero, 1, 2, 2});
    psw_narrow_rows(format, (psw_rows){bad, 1, 2, 2});
    CHECK(zero[0] == 0 && zero[1] == 0 && bad[0] == 1 && isnan(bad[1]), "zeros and NaN");
}

int main(void)
{
    const psw_narrow *const formats[] = {&psw_narrow_bf16, &psw_narrow_fp16};
    for (int i = 0; i < 2; i++) {
        format = formats[i];
        fraction = format->bits - 1;
        CHECK(first_infinite() == (i ? 0x7c00 : 0x7f80), "%s: patterns of numbers", format->word);
        whole_range();
        beyond();
        once();
        arrays();
        scales();
    }
    CHECK(psw_narrow_unit(&psw_narrow_bf16) == 0x1p-8 && psw_narrow_unit(&psw_narrow_fp16) == 0x1p-11, "units");
    return test_end();
}
