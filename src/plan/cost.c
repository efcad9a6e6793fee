#include <math.h>
#include <stdint.h>

#include "polysweep/recall.h"
#include "polysweep/reference.h"
#include "plan/parts.h"
#include "plan/sketch_cost.h"

/* One core of a 2023 server with AVX-512 under OpenBLAS. */
const psw_rates psw_rates_default = {
    .flop_s = {1.1e-11, 0.5e-11},
    .score_s = {4e-10, 2e-10},
    .weigh_s = {6e-11, 3e-11},
    .transcend_s = {2.5e-9, 1.5e-9},
    .exponential_s = {1.2e-9, 0.9e-9},
    .sketch_flop_s = {1.1e-11, 0.5e-11},
    .feature_s = {5e-10, 2.5e-10},
    .head_flop_s = {0.35e-11, 0.18e-11},
    .head_entry_s = {2e-10, 1.2e-10},
    .sign_s = 5e-10,
    .row_s = 2e-9,
    .noise_s = 1.5e-8,
    .point_s = 3e-5,
    .run_s = 4e-4,
    .latency_s = {2e-6, 2e-5},
    .byte_s = {2e-10, 1e-9},
};

static bool has_rows(const psw_point *p)
{
    return psw_data_kind_facts_of(p->data_kind)->has_rows;
}

static bool row_fold(const psw_point *p)
{
    return psw_point_folds(p) == PSW_FOLDS_ROWS;
}

static bool has_landmarks(const psw_point *p)
{
    return psw_point_folds(p) == PSW_FOLDS_LANDMARKS;
}

/* Seconds of `scores` scores beyond their products; only those that a query sees become weights. */
static double score_seconds(const psw_rates *rates, const psw_point *p, double scores)
{
    psw_weigh_work each = psw_attend_weigh_work(p);
    double seen = p->mode == PSW_DECODE ? (double)p->n : has_landmarks(p) ? scores : psw_attend_pairs(p);
    return scores * rates->score_s[psw_point_single(p)] +
           seen * each.exponentials * rates->exponential_s[psw_point_single(p)] +
           seen * each.transcends * rates->transcend_s[psw_point_single(p)] +
           seen * each.multiplications * rates->weigh_s[psw_point_single(p)] + plan_rounding_seconds(rates, p, scores);
}

/* A sketch of D_1 is that of D_0 up to the diagonal block of j3; under a full mask all keys but those of one block are,
 * and no reader's state. */
static double second_sketch(const psw_point *p)
{
    double n = (double)p->n, diagonal = (double)(p->local > 0 ? p->local : p->block);
    double queries = (double)psw_data_queries(p);
    if (p->mask == PSW_FULL) return queries / (queries + n);
    return (n - floor((double)psw_data_special(p) / diagonal) * diagonal) / n;
}

/* What D_1 takes beyond products of queries and keys, which it shares with D_0, as a part of what D_0 takes. */
static double second_set(const psw_point *p)
{
    if (psw_data_sets(p) < 2) return 0;
    if (psw_sketch_has(p)) return second_sketch(p);
    return row_fold(p) ? psw_attend_weighed(p, 2) / psw_attend_weighed(p, 1) - 1 : 1;
}

/* An element of a row. */
static double element_seconds(const psw_rates *rates, const psw_point *p)
{
    return rates->row_s + psw_data_work_of(p).drawn * rates->noise_s;
}

/* Elements made for a query. */
static double query_width(const psw_point *p)
{
    return psw_data_work_of(p).query_rows * (double)psw_point_width(p);
}

/* D_1 is D_0 but for one row. Exact diagonal blocks of a sketch have rows of their own. */
static double data_seconds(const psw_rates *rates, const psw_point *p)
{
    double n = (double)p->n, keys = (double)psw_data_keys(p), width = (double)psw_point_width(p);
    double queries = psw_data_distinct(p) ? (double)psw_data_queries(p) : n;
    double elements = psw_data_shared(p) ? n * width : queries * query_width(p) + keys * (width + (double)p->v);
    if (!has_rows(p)) return n * rates->noise_s;
    return (psw_sketch_has(p) && p->local > 0 ? 2 : 1) * elements * element_seconds(rates, p);
}

/* What errors are made of: some queries, all keys and values. */
static double errors_data_seconds(const psw_rates *rates, const psw_point *p)
{
    double elements =
        (double)psw_errors_rows(p) * query_width(p) + (double)psw_data_keys(p) * (double)(psw_point_width(p) + p->v);
    return elements * element_seconds(rates, p);
}

/* The signs are drawn for all that share them. */
static double sign_seconds(const psw_rates *rates, const psw_point *p)
{
    return psw_judge_signs(p) * rates->sign_s / psw_judge_threads(p);
}

/* Products of the rows that are not known to repeat others, and a look at every row. */
static double head_seconds(const psw_rates *rates, const psw_point *p)
{
    psw_judge_expectation e = psw_judge_expected(p);
    double entries = 2 * psw_judge_rows(p) * (double)p->m * e.trials;
    double looks = 2 * (double)psw_data_queries(p) * (double)p->v * e.draws;
    if (psw_data_sets(p) < 2) return 0;
    return entries / psw_judge_threads(p) *
               (2 * (double)p->v * rates->head_flop_s[psw_point_single(p)] + rates->head_entry_s[psw_point_single(p)]) +
           looks * rates->row_s;
}

/* Products of outputs with all values, and a look at each. */
static double recall_seconds(const psw_rates *rates, const psw_point *p)
{
    double flops = psw_recall_flops(p), entries = flops / (2 * (double)p->v);
    return flops * rates->head_flop_s[PSW_FP64] + entries * rates->head_entry_s[PSW_FP64];
}

/* Attention is computed once for each draw of rows or tables. */
static double draws_of(const psw_point *p)
{
    return psw_judge_expected(p).draws;
}

static double row_draws_of(const psw_point *p)
{
    return psw_judge_expected(p).row_draws;
}

/* Tables are drawn for attention and for errors, and each draw is held against the exact kernel of its rows. */
static void add_sketch(const psw_rates *rates, const psw_point *p, plan_cost_parts *parts)
{
    double draws = draws_of(p), rows = row_draws_of(p);
    parts->tables = 2 * draws * plan_sketch_table_seconds(rates, p);
    parts->errors = rows * (errors_data_seconds(rates, p) + plan_sketch_begin_seconds(rates, p)) +
                    draws * plan_sketch_draw_seconds(rates, p);
}

/* Rows are made as they are and as the method has them, for each of two passes. */
static double reference_seconds(const psw_rates *rates, const psw_point *p)
{
    if (!psw_reference_computed(p)) return 0;
    return row_draws_of(p) * (4 * errors_data_seconds(rates, p) + plan_reference_seconds(rates, p));
}

/* What decoding is made ready with: for each draw the rows and the state of all tokens; and a tenth of a second of
 * repetitions. */
static void add_decode(const psw_rates *rates, const psw_point *p, plan_cost_parts *parts)
{
    if (p->mode != PSW_DECODE) return;
    parts->fixed += 0.1;
    if (!psw_sketch_has(p)) return;
    psw_sketch_shape shape = psw_sketch_shape_of(p);
    double each = shape.flops + shape.lift_flops + 2 * (double)shape.features * (double)(p->v + 1);
    double rows = (double)(psw_point_width(p) + p->v) * element_seconds(rates, p);
    parts->tables += draws_of(p) * (double)p->n * (each * rates->sketch_flop_s[psw_point_single(p)] + rows);
}

/* Every rank makes all queries and keys, for their means. */
static double means_seconds(const psw_rates *rates, const psw_point *p)
{
    double elements = (double)p->n * (query_width(p) + (double)psw_point_width(p));
    return elements * element_seconds(rates, p) * row_draws_of(p);
}

/* A decoded token has no tiles. */
static double scores_of(const psw_point *p, const psw_work *work)
{
    return p->mode == PSW_DECODE ? work->flops / (2 * (double)(psw_point_width(p) + p->v)) : psw_attend_weighed(p, 1);
}

static ptrdiff_t leaves_of(const psw_point *p)
{
    return (psw_data_tokens(p) + p->block - 1) / p->block;
}

/* Row folds do 2 v flops for each weight; the rest is q k^T, which points of a group share. State folds share nothing.
 */
static plan_cost_parts parts_of(const psw_rates *rates, const psw_point *p, psw_cost *cost)
{
    plan_cost_parts parts = {.fixed = rates->point_s};
    if (!psw_method_computes(p->method)) return parts;
    psw_work work = psw_attend_work(p);
    double scores = row_fold(p) ? scores_of(p, &work) : 0;
    double flop_s = (psw_sketch_has(p) ? rates->sketch_flop_s : rates->flop_s)[psw_point_single(p)];
    double shared = row_fold(p) && has_rows(p) ? (work.flops - 2 * (double)p->v * scores) * flop_s : 0;
    double own = work.flops * flop_s - shared + score_seconds(rates, p, scores);
    if (psw_sketch_has(p)) own += plan_sketch_pass_seconds(rates, p);
    if (has_landmarks(p)) own += score_seconds(rates, p, psw_attend_weighed(p, 1));

    cost->flops = work.flops;
    cost->bytes = work.bytes;
    cost->head_flops = psw_data_sets(p) < 2 ? psw_recall_flops(p) : 2 * psw_judge_flops(p);
    if (psw_judge_ends(p)) cost->head_flops *= psw_judge_expected(p).trials / (double)psw_judge_trials(p);
    double threads = psw_attend_threads(p, leaves_of(p));
    shared /= threads, own /= threads;
    cost->pass_s = shared + own;
    parts.tiles = own * (1 + second_set(p)) * draws_of(p);
    parts.head = head_seconds(rates, p) + recall_seconds(rates, p);
    parts.shared_tiles = shared * draws_of(p);
    parts.shared_head = sign_seconds(rates, p) + psw_recall_values(p) * rates->sign_s;
    parts.data = data_seconds(rates, p) * row_draws_of(p);
    if (psw_sketch_has(p)) add_sketch(rates, p, &parts);
    parts.errors += reference_seconds(rates, p);
    add_decode(rates, p, &parts);
    if (has_landmarks(p)) parts.tables = means_seconds(rates, p);
    return parts;
}

psw_cost psw_cost_time(const psw_rates *rates, const psw_point *p)
{
    psw_cost cost = {0};
    plan_cost_parts parts = parts_of(rates, p, &cost);
    cost.head_s = parts.head + parts.shared_head;
    cost.extra_s = parts.fixed + parts.tables + parts.tiles + parts.errors + parts.head;
    cost.repeat_s = (parts.tiles + parts.shared_tiles) / draws_of(p);
    cost.predicted_s = cost.extra_s + parts.shared_tiles + parts.shared_head + parts.data;
    return cost;
}

plan_cost_parts plan_cost_parts_of(const psw_rates *rates, const psw_point *point)
{
    psw_cost cost = {0};
    return parts_of(rates, point, &cost);
}

plan_cost_parts plan_cost_parts_of_group(const psw_rates *rates, const psw_group *group)
{
    plan_cost_parts sum = plan_cost_parts_of(rates, &group->points[0]);
    for (ptrdiff_t i = 1; i < group->count; i++) {
        plan_cost_parts more = plan_cost_parts_of(rates, &group->points[i]);
        sum.fixed += more.fixed;
        sum.tables += more.tables;
        sum.tiles += more.tiles;
        sum.errors += more.errors;
        sum.head += more.head;
    }
    return sum;
}

psw_cost psw_cost_point(const psw_rates *rates, const psw_point *point)
{
    psw_cost cost = psw_cost_time(rates, point);
    psw_group alone = {point, 1};
    if (psw_method_computes(point->method)) cost.memory_bytes = (double)psw_memory_group(&alone, NULL);
    return cost;
}

psw_rates psw_rates_scaled(const psw_rates *rates, psw_precision precision, double attention, double head)
{
    psw_rates scaled = *rates;
    scaled.flop_s[precision] *= attention;
    scaled.score_s[precision] *= attention;
    scaled.weigh_s[precision] *= attention;
    scaled.transcend_s[precision] *= attention;
    scaled.exponential_s[precision] *= attention;
    scaled.sketch_flop_s[precision] *= attention;
    scaled.feature_s[precision] *= attention;
    scaled.head_flop_s[precision] *= head;
    scaled.head_entry_s[precision] *= head;
    return scaled;
}

void psw_rates_of_messages(const double latency_s[2], const double byte_s[2], psw_rates *rates)
{
    for (int far = 0; far < 2; far++) {
        if (latency_s[far] > 0) rates->latency_s[far] = latency_s[far];
        if (byte_s[far] > 0) rates->byte_s[far] = byte_s[far];
    }
}
