#include <math.h>
#include <string.h>

#include "attend/method.h"
#include "attend/work.h"
#include "polysweep/attend.h"
#include "polysweep/pseudo_inverse.h"
#include "polysweep/sketch.h"
#include "polysweep/targets.h"
#include "polysweep/threads.h"

PSW_TARGETS_DECLARE(psw_engine, psw_engine)
static const psw_engine *const engines[][2] = PSW_TARGETS_TABLE(psw_engine, psw_engine);

const psw_engine *psw_engine_of(psw_precision precision)
{
    return engines[psw_target()][precision != PSW_FP64];
}

/* ---- groups ---- */

/* What is computed for one point alone: outputs are compared with a reference, or with what they are in double. */
static bool is_compared(const psw_point *p)
{
    bool narrow = p->precision != PSW_FP64 && p->precision != PSW_FP32;
    return p->reference != PSW_REFERENCE_OWN || narrow;
}

/* Equal except for beta and own axes, and no states: at another degree a sketch has other features. Bytes are compared,
 * so a NaN equals itself. */
bool psw_group_joins(const psw_point *a, const psw_point *b)
{
#define SAME(member) (memcmp(&a->member, &b->member, sizeof a->member) == 0)
    bool kinds = SAME(method) && SAME(mask) && SAME(precision) && SAME(data_kind) && SAME(row_norm) && SAME(negative);
    bool shape = SAME(n) && SAME(d) && SAME(v) && SAME(r) && SAME(features) && SAME(local) && SAME(draws) && SAME(n_k);
    bool data = SAME(noise) && SAME(a_0) && SAME(a_1) && SAME(b) && SAME(c) && SAME(kappa) && SAME(j3) &&
                SAME(cosine) && SAME(layer) && SAME(head) && SAME(batch) && SAME(seed) && SAME(data_draws) &&
                SAME(common);
    bool scores = SAME(scale) && SAME(offset) && SAME(match) && SAME(center);
    bool asked = SAME(mode) && SAME(cache) && SAME(reference) && SAME(reference_scale) && SAME(reference_beta);
    bool own = SAME(order) && SAME(by) && SAME(sinks) && SAME(keep) && SAME(landmarks) && SAME(leaves) &&
               SAME(is_complex) && SAME(epsilon) && SAME(queries);
    bool rest = SAME(m) && SAME(trials) && SAME(den_constant) && SAME(block) && SAME(team) && SAME(weights);
#undef SAME
    return kinds && shape && data && scores && asked && own && rest && psw_attend_kind(a) != PSW_STATE_FOLD &&
           a->mode == PSW_FORWARD && !is_compared(a);
}

/* ---- work ---- */

/* Whole tiles up to the diagonal one. */
static double causal_scores(double n, double block)
{
    double whole = floor(n / block), last = n - whole * block;
    return block * block * whole * (whole + 1) / 2 + last * n;
}

/* Work of a sketch: rows read from a state, added to it, and mapped; scores within stretches. */
typedef struct parts {
    double read, added, mapped, scores;
} parts;

static parts parts_of(const psw_point *p)
{
    double n = (double)psw_data_tokens(p), stretch = (double)(p->local > 0 ? p->local : p->block),
           block = fmin((double)p->block, n);
    double sides = psw_data_shared(p) ? 1 : 2, whole = floor(n / stretch), rest = n - whole * stretch;
    if (psw_data_distinct(p)) return (parts){(double)psw_data_queries(p), n, (double)psw_data_queries(p) + n, 0};
    if (p->mask == PSW_FULL) return (parts){n, n, sides * n, 0};
    double read = fmax(n - stretch, 0), added = rest > 0 ? n - rest : n - stretch;
    double near = (whole > 0 ? whole * causal_scores(stretch, block) : 0) + causal_scores(rest, block);
    return (parts){read, added, p->local > 0 ? read + added : sides * n, near};
}

/* 2 (r + v + 1) flops per score of a stretch (d in place of r where it is exact), 2 features (v + 1) per row that is
 * read or added. Diagonal tiles of a stretch count whole, as in the row fold. */
static psw_work sketch_work(const psw_point *p)
{
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    parts rows = parts_of(p);
    double real = (double)psw_engine_of(p->precision)->real_bytes, width = (double)(p->v + 1);
    double state = (double)shape.features * width, blocks = ceil((double)psw_data_tokens(p) / (double)p->block);
    double inner = (double)(p->local > 0 ? psw_point_width(p) : shape.stored), moved = rows.read + rows.added;
    double lift = shape.weigh == PSW_WEIGH_IDENTITY ? 0 : shape.lift_flops;
    return (psw_work){2 * (inner + width) * rows.scores + (2 * state + lift) * moved + shape.flops * rows.mapped,
                      real * (2 * width * (double)psw_data_tokens(p) + (double)psw_point_width(p) * rows.mapped +
                              (double)shape.features * moved) +
                          2 * (real + sizeof(double)) * state * blocks};
}

/* Tokens whose keys and values are held beside a state: the exact ones, or the begun block. */
static double tail_of(const psw_point *p)
{
    double tail = p->local > 0 ? (double)p->local : (double)(p->block - 1);
    return fmin(tail, (double)p->n);
}

/* The tokens that the newest one sees. */
static double seen_tokens(const psw_point *p)
{
    psw_point last = *p;
    last.mask = PSW_CAUSAL;
    psw_seen seen = psw_attend_seen(&last, p->n - 1, (psw_tokens){0, p->n});
    double count = 0;
    for (int i = 0; i < seen.ranges; i++) count += (double)seen.at[i].count;
    return count;
}

psw_decode_work psw_attend_decode_work(const psw_point *p)
{
    static const double cache_bytes[] = {[PSW_FP64] = 8, [PSW_FP32] = 4, [PSW_BF16] = 2, [PSW_FP16] = 2};
    double number = cache_bytes[p->cache], n = (double)p->n, v = (double)p->v, width = v + 1;
    double token = ((double)p->d + v) * number;
    psw_decode_work work = {.kv_bytes = n * token};
    if (!psw_sketch_has(p)) {
        const attend_method_row *method = attend_method_row_of(p->method);
        bool scores = !method || method->peak; /* else keys are not looked at */
        double seen = seen_tokens(p), each = scores ? token : v * number;
        work.state_bytes = seen * each;
        work.flops = 2 * seen * ((scores ? (double)psw_point_width(p) : 0) + v);
        work.bytes = work.state_bytes + each; /* read, and one token written */
        return work;
    }
    double tail = tail_of(p), state = psw_sketch_state_bytes(p);
    work.state_bytes = state + tail * token;
    work.flops = 4 * (double)psw_sketch_shape_of(p).features * width + 2 * tail * (double)(p->d + p->v);
    work.bytes = 2 * state + tail * token;
    return work;
}

/* Leaves that are taken together keep all threads busy up to their last strips if there are as many leaves as threads;
 * fewer leaves are whole strips for each thread. */
double psw_attend_threads(const psw_point *p, ptrdiff_t leaves)
{
    bool shares = psw_attend_kind(p) == PSW_ROW_FOLD && p->mode != PSW_DECODE && attend_takes_threads();
    double leaf = fmin((double)p->block, (double)psw_data_tokens(p)), strips = leaf / fmin(leaf, (double)PSW_STRIP);
    double threads = shares ? fmin(psw_threads_of(p->threads), (double)leaves * ceil(strips)) : 1;
    if (threads <= 1) return 1;
    double whole = floor((double)leaves / threads), rest = (double)leaves - whole * threads;
    return (double)leaves * strips / (whole * strips + ceil(rest * strips / threads));
}

static bool has_landmarks(const psw_point *p)
{
    return psw_point_folds(p) == PSW_FOLDS_LANDMARKS;
}

/* Four products of n m rows, and what is done with m x m numbers. */
static psw_work landmark_work(const psw_point *p)
{
    double n = (double)p->n, keys = (double)psw_data_keys(p), m = (double)p->landmarks;
    double width = (double)psw_point_width(p), v = (double)p->v;
    double real = (double)psw_engine_of(p->precision)->real_bytes;
    return (psw_work){2 * m * (n * (width + v + 1) + keys * (width + v)) + 2 * m * m * (width + v + 1) +
                          psw_pseudo_inverse_flops(p->landmarks),
                      real * (n * (width + v + 1 + 2 * m) + keys * (width + v + 2 * m))};
}

psw_work psw_attend_work(const psw_point *p)
{
    if (p->mode == PSW_DECODE) {
        psw_decode_work work = psw_attend_decode_work(p);
        return (psw_work){work.flops, work.bytes};
    }
    if (psw_sketch_has(p)) return sketch_work(p);
    if (has_landmarks(p)) return landmark_work(p);
    double real = (double)psw_engine_of(p->precision)->real_bytes, d = (double)psw_point_width(p), v = (double)p->v;
    if (!psw_data_kind_facts_of(p->data_kind)->has_rows)
        return (psw_work){attend_scores_flops(p), (2 * sizeof(double) + real) * (double)p->n};
    double n = (double)psw_data_tokens(p), strip = fmin((double)p->block, n);
    attend_entries of = attend_point_entries(p, 1);
    return (psw_work){2 * (of.products * d + of.weights * v),
                      real * ((d + v) * n + (of.products * d + of.weights * v) / strip)};
}

psw_weigh_work psw_attend_weigh_work(const psw_point *p)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    if (has_landmarks(p)) return (psw_weigh_work){.exponentials = 1};
    if (psw_sketch_has(p)) return (psw_weigh_work){0}; /* also of a method that can weigh scores */
    return method && method->work ? method->work(p) : (psw_weigh_work){0};
}

double psw_attend_done_flops(const psw_group *group, int sets)
{
    return psw_engine_of(group->points->precision)->done_flops(group, sets);
}

double psw_attend_weighed(const psw_point *p, int sets)
{
    psw_fold_kind kind = psw_attend_kind(p);
    if (has_landmarks(p)) return (double)(p->n + psw_data_keys(p)) * (double)p->landmarks * sets;
    if (kind == PSW_STATE_FOLD) return 0;
    if (kind == PSW_ONE_RANK) return (double)p->n * sets;
    return attend_point_entries(p, sets).weights;
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
    if (p->beta == 0 && psw_data_zeros(p))
        return PSW_FAIL(PSW_USAGE, "beta = 0 with scores that are 0: 0^0 has no value; exclude this point");
    if (p->beta == 0 && p->negative == PSW_NEGATIVE_RELU && psw_data_signed(p))
        return PSW_FAIL(PSW_USAGE, "beta = 0 with negative: relu: max(z, 0)^0 of a negative score is 0^0, which has no "
                                   "value; exclude this point");
    return PSW_OK;
}

static psw_status refuse_power(const psw_point *p)
{
    psw_least_score scores = psw_data_least(p);
    const char *what = fmod(p->beta, 1) != 0 ? "undefined" : "negative";
    if (scores.reached)
        return PSW_FAIL(
            PSW_USAGE,
            "beta = %g with scores down to %g: weights would be %s; take an even degree or an offset larger "
            "by %g, or say negative: signed (keeps the sign), abs or relu (max(z, 0))",
            p->beta, scores.least, what, -scores.least);
    return PSW_FAIL(PSW_USAGE,
                    "beta = %g with scores that can be negative: weights would be %s; take an even degree, or say "
                    "negative: signed (keeps the sign), abs or relu (max(z, 0))",
                    p->beta, what);
}

static psw_status check_rows(const psw_point *p)
{
    const psw_method_facts *facts = psw_method_facts_of(p->method);
    if (facts->has_degree) {
        PSW_TRY(check_degree(p));
        return attend_refusal_of(p) == ATTEND_REFUSED ? refuse_power(p) : PSW_OK;
    }
    if (facts->kernel == PSW_KERNEL_TAYLOR && attend_refusal_of(p) == ATTEND_REFUSED)
        return PSW_FAIL(
            PSW_USAGE,
            "order = %td with scores down to %g: the sum is negative below z = %.6g; take an even order, or "
            "say negative: signed (keeps the sign), abs or relu (max(w, 0))",
            p->order, psw_data_least(p).least, attend_least_score(p));
    return PSW_OK;
}

static psw_status check_local(const psw_point *p)
{
    if (p->local < 0 || p->local % p->block != 0)
        return PSW_FAIL(PSW_USAGE, "local = %td is no multiple of block = %td", p->local, p->block);
    if (p->local > 0 && p->mask != PSW_CAUSAL)
        return PSW_FAIL(PSW_USAGE, "local = %td needs mask causal: under a full mask no block is nearer than another",
                        p->local);
    return PSW_OK;
}

/* A state sums with signs; 1 + z + ... + z^p / p! is positive where p is even. */
static psw_status check_order(const psw_point *p)
{
    bool odd_sum = psw_data_least(p).least < attend_least_score(p);
    if (!odd_sum || p->negative == PSW_NEGATIVE_SIGNED) return PSW_OK;
    if (p->negative == PSW_NEGATIVE_REFUSE)
        return PSW_FAIL(PSW_USAGE,
                        "order = %td with scores that can be negative: weights can be negative; take an even order, or "
                        "say negative: signed (keeps the sign)",
                        p->order);
    return PSW_FAIL(PSW_USAGE,
                    "order = %td by features: a state sums weights with their signs; say negative: signed, or by: rows",
                    p->order);
}

static psw_status check_sketch(const psw_point *p)
{
    const psw_data_kind_facts *data = psw_data_kind_facts_of(p->data_kind);
    if (!data->has_rows) return PSW_FAIL(PSW_USAGE, "data kind %s has no rows to sketch; take a row fold", data->word);
    PSW_TRY(psw_sketch_check(p));
    PSW_TRY(check_local(p));
    if (psw_method_facts_of(p->method)->kernel == PSW_KERNEL_TAYLOR) return check_order(p);
    if (!psw_method_facts_of(p->method)->has_degree) return PSW_OK;
    bool odd = psw_data_signed(p) && odd_or_fractional(p->beta);
    if (p->negative == PSW_NEGATIVE_RELU && psw_data_signed(p))
        return PSW_FAIL(PSW_USAGE, "negative: relu with scores that can be negative: a sketch estimates z^beta itself, "
                                   "and has no max(z, 0)^beta; say negative: signed, or compute every score");
    if (odd && p->negative == PSW_NEGATIVE_ABS)
        return PSW_FAIL(PSW_USAGE, "beta = %g: a sketch estimates z^beta with its sign; say negative: signed", p->beta);
    PSW_TRY(check_degree(p));
    return odd && p->negative == PSW_NEGATIVE_REFUSE ? refuse_power(p) : PSW_OK;
}

static psw_status check_decode(const psw_point *p)
{
    if (psw_point_narrow(p))
        return PSW_FAIL(PSW_USAGE,
                        "precision %s rounds the products of a forward pass; while generating take fp32 and say "
                        "decode: {cache: %s}",
                        psw_point_narrow(p)->word, psw_point_narrow(p)->word);
    if (has_landmarks(p))
        return PSW_FAIL(PSW_USAGE, "mode decode with %s: its landmarks are means of all tokens, the new ones too",
                        psw_method_facts_of(p->method)->word);
    if (psw_data_sets(p) > 1 || !psw_data_kind_facts_of(p->data_kind)->has_rows)
        return PSW_FAIL(PSW_USAGE, "mode decode with data of kind %s: one token is decoded from rows of one data set",
                        psw_data_kind_facts_of(p->data_kind)->word);
    if (psw_point_folds(p) == PSW_FOLDS_ROWS && attend_refusal_of(p) == ATTEND_LOOKED_AT)
        return PSW_FAIL(PSW_USAGE, "mode decode with scores that may have negative weights: nothing looks at the "
                                   "smallest one; say negative: signed, abs or relu");
    if (p->n_k > 0)
        return PSW_FAIL(PSW_USAGE, "n_k = %td with mode decode: the new token meets n keys; leave n_k out", p->n_k);
    if (p->block < p->n && p->block % PSW_DECODE_GROUP != 0)
        return PSW_FAIL(PSW_USAGE, "block = %td with mode decode: it must be a multiple of %d", p->block,
                        PSW_DECODE_GROUP);
    return PSW_OK;
}

/* Landmarks are means of all queries, and a method that lets a query see some keys knows where it stands. */
bool psw_attend_repeats(const psw_point *p)
{
    return psw_data_repeats(p) && psw_method_computes(p->method) && !has_landmarks(p) && psw_attend_sees_all(p);
}

static psw_status check_queries(const psw_point *p)
{
    if (!psw_data_distinct(p) || psw_attend_repeats(p)) return PSW_OK;
    return PSW_FAIL(PSW_USAGE,
                    "queries: distinct with %s: queries that are equal may have outputs that are not; take "
                    "queries: all",
                    psw_method_facts_of(p->method)->word);
}

enum { LANDMARKS_MOST = 32768 };

/* Of a method without a degree the reference has none either, unless it is given. */
static psw_status check_reference(const psw_point *p)
{
    bool degree = psw_method_facts_of(p->method)->has_degree || p->reference_beta >= 0;
    if (p->reference != PSW_REFERENCE_EXACT || degree) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "reference exact is a power, and %s has no degree: set reference_beta",
                    psw_word(PSW_WORDS_METHOD, (int)p->method));
}

static psw_status check_landmarks(const psw_point *p)
{
    const psw_data_kind_facts *data = psw_data_kind_facts_of(p->data_kind);
    const char *method = psw_method_facts_of(p->method)->word;
    if (!data->has_rows) return PSW_FAIL(PSW_USAGE, "data kind %s has no rows to take means of", data->word);
    if (p->mask != PSW_FULL)
        return PSW_FAIL(
            PSW_USAGE, "%s has no causal form: the mean of a segment knows all of its tokens; take mask: full", method);
    ptrdiff_t most = p->n < psw_data_keys(p) ? p->n : psw_data_keys(p);
    if (p->landmarks > LANDMARKS_MOST)
        return PSW_FAIL(PSW_USAGE, "%s: landmarks = %td: a matrix of as many rows and columns is inverted, at most %d",
                        method, p->landmarks, LANDMARKS_MOST);
    if (p->landmarks < 1 || p->landmarks > most)
        return PSW_FAIL(PSW_USAGE, "%s: landmarks = %td: from 1 to n = %td, a segment has at least one token", method,
                        p->landmarks, most);
    if (p->den_constant != 0)
        return PSW_FAIL(PSW_USAGE, "%s: den_constant = %g: it has no denominator of its own to add to; take 0", method,
                        p->den_constant);
    return PSW_OK;
}

psw_status psw_attend_check(const psw_point *p)
{
    bool sketch = psw_sketch_has(p), rows = psw_data_kind_facts_of(p->data_kind)->has_rows;
    if (!sketch && !has_landmarks(p) && !attend_method_row_of(p->method))
        return PSW_FAIL(PSW_USAGE, "this method has no attention to compute; take another");
    if (p->block < 1 || p->n < 1 || (rows && p->d < 1) || p->v < 1)
        return PSW_FAIL(PSW_USAGE, "n = %td, d = %td, v = %td, block = %td: each must be at least 1", p->n, p->d, p->v,
                        p->block);
    if (!(p->den_constant >= 0) || isinf(p->den_constant))
        return PSW_FAIL(PSW_USAGE, "den_constant = %g: it must be a number from 0 on", p->den_constant);
    PSW_TRY(check_reference(p));
    PSW_TRY(check_queries(p));
    if (p->mode == PSW_DECODE) PSW_TRY(check_decode(p));
    if (has_landmarks(p)) return check_landmarks(p);
    return sketch ? check_sketch(p) : check_rows(p);
}

psw_status psw_attend_allow(const psw_point *p)
{
    PSW_TRY(psw_attend_check(p));
    bool linear = psw_method_facts_of(p->method)->kernel == PSW_KERNEL_LINEAR;
    if (!linear || attend_refusal_of(p) != ATTEND_REFUSED) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "linear with scores that can be negative: weights cancel, and denominators may be 0 or negative; say "
        "negative: signed (keeps the sign, and bad_rows counts such rows), abs or relu");
}
