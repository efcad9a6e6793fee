#include <math.h>
#include <string.h>

#include "polysweep/attend.h"
#include "attend/method.h"

extern const psw_engine psw_engine_fp64, psw_engine_fp32;

const psw_engine *psw_engine_of(psw_precision precision)
{
    return precision == PSW_FP32 ? &psw_engine_fp32 : &psw_engine_fp64;
}

/* ---- groups ---- */

/* Equal but for beta and own axes: bytes are compared, so a NaN is equal to itself. */
bool psw_group_joins(const psw_point *a, const psw_point *b)
{
#define SAME(member) (memcmp(&a->member, &b->member, sizeof a->member) == 0)
    bool kinds = SAME(method) && SAME(mask) && SAME(precision) && SAME(data_kind) && SAME(row_norm) && SAME(negative);
    bool shape = SAME(n) && SAME(d) && SAME(v) && SAME(r) && SAME(features) && SAME(local) && SAME(draws);
    bool data = SAME(noise) && SAME(a_0) && SAME(a_1) && SAME(b) && SAME(c) && SAME(kappa) && SAME(j3) &&
                SAME(cosine) && SAME(head) && SAME(seed);
    bool rest = SAME(m) && SAME(trials) && SAME(den_constant) && SAME(block) && SAME(team) && SAME(weights);
#undef SAME
    return kinds && shape && data && rest;
}

/* ---- work ---- */

/* Scores that are computed: whole tiles, under a causal mask up to the diagonal one. */
static double scores(const psw_point *p)
{
    double n = (double)p->n, block = (double)(p->block < p->n ? p->block : p->n);
    if (p->mask == PSW_FULL) return n * n;
    double whole = floor(n / block), last = n - whole * block;
    return block * block * whole * (whole + 1) / 2 + last * n;
}

psw_work psw_attend_work(const psw_point *p)
{
    double real = (double)psw_engine_of(p->precision)->real_bytes, widths = (double)(p->d + p->v);
    if (p->data_kind == PSW_SCORES) return (psw_work){4 * (double)p->n, (2 * sizeof(double) + real) * (double)p->n};
    double strip = (double)(p->block < p->n ? p->block : p->n);
    return (psw_work){2 * scores(p) * widths, real * widths * ((double)p->n + scores(p) / strip)};
}

/* ---- what can be computed ---- */

static bool odd_or_fractional(double beta)
{
    return fmod(beta, 2) != 0;
}

static psw_status check_degree(const psw_point *p)
{
    if (!isfinite(p->beta) || p->beta < 0)
        return PSW_FAIL(PSW_USAGE, "beta = %g: the degree of exact attention is a number from 0 on", p->beta);
    if (p->beta == 0 && p->data_kind == PSW_SELF_ATTENTION && p->c == 0)
        return PSW_FAIL(PSW_USAGE, "beta = 0 with c = 0: scores are 0, and 0^0 has no value; exclude this point");
    if (psw_data_signed(p) && odd_or_fractional(p->beta) && p->negative == PSW_NEGATIVE_REFUSE)
        return PSW_FAIL(PSW_USAGE,
                        "beta = %g with scores that can be negative: weights would be %s; take an even degree, or say "
                        "negative: signed (keeps the sign) or negative: abs",
                        p->beta, fmod(p->beta, 1) != 0 ? "undefined" : "negative");
    return PSW_OK;
}

psw_status psw_attend_check(const psw_point *p)
{
    if (!psw_method_row_of(p->method))
        return PSW_FAIL(PSW_USAGE, "this method is not available; take exact, softmax or linear");
    bool rows = p->data_kind != PSW_SCORES; /* of width d */
    if (p->block < 1 || p->n < 1 || (rows && p->d < 1) || p->v < 1)
        return PSW_FAIL(PSW_USAGE, "n = %td, d = %td, v = %td, block = %td: each must be at least 1", p->n, p->d, p->v,
                        p->block);
    if (!(p->den_constant >= 0) || isinf(p->den_constant))
        return PSW_FAIL(PSW_USAGE, "den_constant = %g: it must be a number from 0 on", p->den_constant);
    return p->method == PSW_EXACT ? check_degree(p) : PSW_OK;
}
