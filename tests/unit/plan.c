/* The cost model against counts made tile by tile, the simulated schedule against the definition of list scheduling. */
#include <stdlib.h>
#include <string.h>

#include "attend/work.h"
#include "check.h"
#include "polysweep/errors.h"
#include "polysweep/plan.h"

static psw_point point(ptrdiff_t n, ptrdiff_t d, double beta)
{
    psw_point p = {.method = PSW_EXACT, .data_kind = PSW_SELF_ATTENTION, .preset = PSW_W2, .beta = beta};
    p.n = n;
    p.d = p.v = d;
    p.m = 8;
    p.trials = 3;
    p.block = 512;
    p.a_0 = 0.04, p.a_1 = 1.2, p.b = 0.3, p.c = 1, p.kappa = 0.1;
    return p;
}

/* Scores of both data sets, strip by strip and leaf by leaf, of a causal mask up to the strip's end: D_1's only where
 * the strip or the keys that are looked at hold j3. */
static double scores_made(const psw_point *p)
{
    ptrdiff_t strip = PSW_STRIP < p->block ? PSW_STRIP : p->block;
    double made = 0;
    for (ptrdiff_t leaf = 0; leaf < p->n; leaf += p->block)
        for (ptrdiff_t q = leaf; q < p->n && q < leaf + p->block; q += strip)
            for (ptrdiff_t k = 0; k < p->n; k += p->block) {
                if (p->mask == PSW_CAUSAL && k > leaf) break;
                ptrdiff_t end = leaf + p->block < p->n ? leaf + p->block : p->n;
                ptrdiff_t rows = q + strip < end ? strip : end - q;
                ptrdiff_t columns = k + p->block < p->n ? p->block : p->n - k;
                if (p->mask == PSW_CAUSAL && k == leaf) columns = q + rows - leaf;
                bool again = (p->j3 >= q && p->j3 < q + rows) || (p->j3 >= k && p->j3 < k + columns);
                made += (double)(rows * columns) * (again ? 2 : 1);
            }
    return made;
}

static void test_scores(void)
{
    const ptrdiff_t lengths[] = {64, 512, 1024, 1536, 2560, 4096};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (int causal = 0; causal < 2; causal++)
            for (int single = 0; single < 2; single++) {
                psw_point p = point(lengths[i], 18, 4);
                psw_rates rates = {.score_s = {1, 1}};
                p.mask = causal ? PSW_CAUSAL : PSW_FULL;
                p.precision = single ? PSW_FP32 : PSW_FP64;
                p.j3 = causal ? p.n - 1 : 0;
                /* whole numbers below 2^53 apart from one division */
                CHECK_NEAR(psw_cost_time(&rates, &p).predicted_s, scores_made(&p), 1e-12);
            }
}

static void test_cost(void)
{
    psw_point p = point(1024, 66, 4);
    psw_cost cost = psw_cost_point(&psw_rates_default, &p);
    psw_group group = {&p, 1};
    CHECK(cost.flops == psw_attend_work(&p).flops, "flops %g", cost.flops);
    CHECK(cost.head_flops == 2 * psw_judge_flops(&p), "head flops %g", cost.head_flops);
    CHECK(cost.memory_bytes == (double)psw_memory_group(&group, NULL), "memory %g", cost.memory_bytes);
    CHECK(cost.extra_s < cost.predicted_s && cost.pass_s < cost.predicted_s && cost.extra_s > 0, "parts of a whole");
    psw_rates none = {0};
    CHECK(psw_cost_time(&none, &p).predicted_s == 0, "the model is linear in its rates");
}

static void test_cost_of_methods(void)
{
    psw_point p = point(1024, 66, 4), slow = p, theory = p, soft = p;
    slow.beta = 63; /* five squarings and five products against two squarings */
    theory.method = PSW_CLOSED_FORM;
    soft.method = PSW_SOFTMAX;
    psw_rates weigh = {.weigh_s = {1, 1}}, transcend = {.transcend_s = {1, 1}}, exponential = {.exponential_s = {1, 1}};
    CHECK_NEAR(psw_cost_time(&weigh, &slow).pass_s / psw_cost_time(&weigh, &p).pass_s, 5.0, 1e-15);
    CHECK(psw_cost_time(&weigh, &soft).pass_s == 0 && psw_cost_time(&exponential, &soft).pass_s > 0, "softmax");
    CHECK(psw_cost_time(&transcend, &p).pass_s == 0, "integer degrees need no logarithm");
    slow.beta = 3.5;
    CHECK(psw_cost_time(&transcend, &slow).pass_s > 0, "fractions do");
    CHECK(psw_cost_point(&psw_rates_default, &theory).predicted_s == psw_rates_default.point_s, "closed form");
}

/* Each draw of a sketch is attended and compared; tables, maps and entries take time of their own. */
static void test_cost_of_sketches(void)
{
    static const psw_method methods[] = {PSW_POLYSKETCH, PSW_TREE,      PSW_TENSORSKETCH,
                                         PSW_SRHT,       PSW_MACLAURIN, PSW_FAVOR};
    for (int i = 0; i < 6; i++) {
        psw_point p = point(1024, 64, 4), exact = p;
        p.method = methods[i], p.data_kind = exact.data_kind = PSW_GAUSSIAN, p.r = 64, p.draws = 1;
        psw_errors_work begin = psw_errors_begin_work(&p), draw = psw_errors_draw_work(&p);
        psw_rates products = {.flop_s = {1, 1}, .sketch_flop_s = {1, 1}}, none = {0};
        double once = psw_cost_time(&psw_rates_default, &p).predicted_s;
        double attended = psw_cost_time(&psw_rates_default, &p).pass_s;
        CHECK(psw_cost_time(&products, &p).predicted_s >
                  psw_attend_work(&p).flops + begin.exact_flops + draw.exact_flops + draw.flops,
              "products");
        CHECK(psw_cost_time(&none, &p).predicted_s == 0, "the model is linear in its rates");
        p.draws = 3;
        double more = psw_cost_time(&psw_rates_default, &p).predicted_s - once;
        CHECK(more > 2 * attended && more < 2 * once, "two more draws: %g after %g", more, once);
        CHECK(psw_cost_time(&psw_rates_default, &exact).predicted_s < once, "errors hold a sketch against all of A");
    }
}

/* Four times as many tokens take four times as long, of all that is not one for a point. */
static void test_cost_of_linear_methods(void)
{
    psw_point linear[] = {{.method = PSW_ELU1},
                          {.method = PSW_RELU},
                          {.method = PSW_TAYLOR, .order = 2, .by = PSW_BY_FEATURES},
                          {.method = PSW_NYSTROM, .landmarks = 16}};
    for (int i = 0; i < 4; i++)
        for (int mask = 0; mask < (linear[i].landmarks > 0 ? 1 : 2); mask++) {
            psw_point p = linear[i], more;
            p.data_kind = PSW_GAUSSIAN, p.n = 1 << 15, p.d = p.v = 32, p.block = 256, p.mask = (psw_mask)mask;
            more = p, more.n *= 4;
            psw_cost once = psw_cost_time(&psw_rates_default, &p), four = psw_cost_time(&psw_rates_default, &more);
            CHECK(psw_attend_check(&p) == PSW_OK, "%s", psw_message());
            CHECK_NEAR(four.pass_s / once.pass_s, 4.0, 0.1);
            CHECK(four.flops > 3.9 * once.flops && four.flops < 4.1 * once.flops, "%g after %g", four.flops,
                  once.flops);
            CHECK(once.predicted_s > once.pass_s, "rows are made as well");
        }
}

/* Draws of the rows: everything but what is fixed is done as often. */
static void test_cost_of_draws(void)
{
    psw_point p = point(1024, 66, 4);
    p.noise = 0.1, p.trials = 160;
    psw_cost once = psw_cost_time(&psw_rates_default, &p);
    p.data_draws = 16;
    psw_cost more = psw_cost_time(&psw_rates_default, &p);
    double looks = 2 * 1024 * 66 * psw_rates_default.row_s;                /* at the rows, by the head */
    double fixed = psw_rates_default.point_s, heads = once.head_s - looks; /* as many trials in all */
    CHECK_NEAR(more.predicted_s - fixed - heads, 16 * (once.predicted_s - fixed - heads), 1e-12);
    CHECK_NEAR(more.repeat_s, once.repeat_s, 1e-15);
    CHECK_NEAR(more.head_s, once.head_s + 15 * looks, 1e-15);
    p.trials = 161; /* rounded up to 176 */
    CHECK_NEAR(psw_cost_time(&psw_rates_default, &p).head_flops / once.head_flops, 1.1, 1e-12);
    psw_group group = {&p, 1};
    psw_team_cost two = psw_cost_team_time(&psw_rates_default, &group, PSW_CHOICE_AUTO, 2, 1);
    CHECK(two.seconds > more.predicted_s / 4 && two.seconds < more.predicted_s, "a team's draws");
}

/* Of rows that are equal, as they are of a class without noise, the head makes one a leaf; else all. */
static void test_cost_of_rows(void)
{
    psw_point p = point(1000, 66, 4);
    psw_rates rates = {.head_entry_s = {1, 1}};
    double columns = (double)p.m * (double)p.trials;
    p.block = 256;
    CHECK(psw_cost_time(&rates, &p).head_s == 2 * 4 * 65 * columns, "64 classes and the special row, of four leaves");
    p.d = p.v = 1002;
    CHECK(psw_cost_time(&rates, &p).head_s == 2 * 1000 * columns, "fewer rows than classes");
    p.d = p.v = 66, p.mask = PSW_CAUSAL;
    CHECK(psw_cost_time(&rates, &p).head_s == 2 * 1000 * columns, "rows that see other keys");
    p.mask = PSW_FULL, p.noise = 0.1;
    CHECK(psw_cost_time(&rates, &p).head_s == 2 * 1000 * columns, "noise");
    CHECK(psw_cost_time(&rates, &p).head_flops == 2 * psw_judge_flops(&p), "operations are of all rows");
    /* signs that are kept are drawn once, else for every leaf */
    CHECK(psw_judge_signs(&p) == columns * 66, "%g signs", psw_judge_signs(&p));
    p.trials = 1000000, columns = (double)p.m * 1e6;
    CHECK(psw_judge_signs(&p) == 4 * columns * 66, "%g signs", psw_judge_signs(&p));
}

/* D_1 is D_0 up to the block of j3; of 1024 tokens in blocks of 256 that is the last one. Under a full mask it has the
 * keys of D_0, but not what reads them. */
static void test_cost_of_a_second_set(void)
{
    psw_point p = point(1024, 64, 4);
    p.method = PSW_POLYSKETCH, p.block = 256, p.r = 16, p.features = 136, p.draws = 1;
    p.mask = PSW_CAUSAL, p.j3 = 1023;
    psw_cost causal = psw_cost_time(&psw_rates_default, &p);
    CHECK_NEAR(causal.repeat_s / causal.pass_s, 1.25, 1e-12);
    p.j3 = 0;
    CHECK_NEAR(psw_cost_time(&psw_rates_default, &p).repeat_s / causal.pass_s, 2.0, 1e-12);
    p.mask = PSW_FULL;
    psw_cost full = psw_cost_time(&psw_rates_default, &p);
    CHECK_NEAR(full.repeat_s / full.pass_s, 1.5, 1e-12);
}

static void test_scaling(void)
{
    psw_point p = point(1024, 66, 4);
    psw_rates rates = psw_rates_scaled(&psw_rates_default, PSW_FP64, 3, 5);
    psw_cost before = psw_cost_time(&psw_rates_default, &p), after = psw_cost_time(&rates, &p);
    CHECK_NEAR(after.pass_s / before.pass_s, 3.0, 1e-12); /* a few roundings */
    CHECK(after.head_s > before.head_s, "head");
    p.precision = PSW_FP32;
    CHECK(psw_cost_time(&rates, &p).pass_s == psw_cost_time(&psw_rates_default, &p).pass_s,
          "the other precision stays");
}

static void test_group_limit(void)
{
    psw_point same[PSW_GROUP_MAX], small = point(64, 10, 2), large = point(16384, 1026, 2);
    CHECK(psw_group_most(&small) == PSW_GROUP_MAX, "small points fill a group");
    ptrdiff_t most = psw_group_most(&large);
    for (int i = 0; i < PSW_GROUP_MAX; i++) same[i] = large;
    psw_group one = {same, 1}, fits = {same, most}, over = {same, most + 1};
    CHECK(most >= 1 && most < PSW_GROUP_MAX, "%td large points", most);
    CHECK(most == 1 || psw_memory_group(&fits, NULL) <= (size_t)256 << 20, "a group is at most 256 MiB");
    CHECK(psw_memory_group(&over, NULL) > (size_t)256 << 20, "and no smaller than it may be");
    CHECK(psw_memory_group(&one, NULL) > 16384 * 1026 * 8, "a point needs at least its rows");
}

/* ---- schedule ---- */

static double naive_finish(const psw_runs *runs, ptrdiff_t ranks)
{
    double *free_at = calloc((size_t)ranks, sizeof *free_at), finish = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        ptrdiff_t first = 0;
        for (ptrdiff_t r = 1; r < ranks; r++)
            if (free_at[r] < free_at[first]) first = r;
        free_at[first] += runs->list[i].predicted_s;
        finish = fmax(finish, free_at[first]);
    }
    free(free_at);
    return finish;
}

/* Runs of single ranks, in a world of `ranks`. */
static psw_runs some_runs(ptrdiff_t count, const psw_split *split)
{
    psw_runs runs = {.list = malloc((size_t)count * sizeof *runs.list), .count = count};
    runs.depths = psw_split_depths(split);
    runs.first[runs.depths] = count;
    for (ptrdiff_t i = 0; i < count; i++) {
        double seconds = 10.0 / (double)(1 + i % 977) + 1e-3 * (double)((i * 7919) % 101);
        runs.list[i] = (psw_run){.first = i, .count = 1, .predicted_s = seconds, .busy_s = seconds};
        runs.list[i].depth = runs.depths - 1;
        runs.predicted_s += seconds;
    }
    return runs;
}

static void test_schedule(void)
{
    for (ptrdiff_t ranks = 1; ranks <= 900; ranks = ranks * 3 / 2 + 1) {
        psw_split split = {ranks, 1, NULL, {0}};
        psw_runs runs = some_runs(700, &split);
        psw_schedule s;
        CHECK(psw_schedule_simulate(&runs, &split, INFINITY, &s, NULL) == PSW_OK, "%s", psw_message());
        CHECK(s.finish_s == naive_finish(&runs, ranks), "finish on %td ranks: %g", ranks, s.finish_s);
        CHECK_NEAR(s.utilisation * s.finish_s * (double)ranks, runs.predicted_s, 1e-12); /* its definition */
        free(runs.list);
    }
}

static void test_many_ranks(void)
{
    psw_split split = {65536, 512, NULL, {0}}, four = {4, 1, NULL, {0}}, no_ranks = {0, 1, NULL, {0}};
    psw_runs runs = some_runs(200000, &split), none = {0};
    psw_schedule s;
    CHECK(psw_schedule_simulate(&runs, &split, INFINITY, &s, NULL) == PSW_OK, "%s", psw_message());
    CHECK(s.finish_s >= runs.predicted_s / 65536 && s.utilisation > 0 && s.utilisation <= 1, "finish %g", s.finish_s);
    CHECK(psw_schedule_simulate(&runs, &four, INFINITY, &s, NULL) == PSW_BUG, "runs of another world");
    CHECK(psw_schedule_simulate(&none, &four, INFINITY, &s, NULL) == PSW_OK && s.finish_s == 0 && s.utilisation == 0,
          "nothing to do");
    CHECK(psw_schedule_simulate(&runs, &no_ranks, INFINITY, &s, NULL) == PSW_USAGE, "no ranks");
    free(runs.list);
}

int main(void)
{
    test_scores();
    test_cost();
    test_cost_of_methods();
    test_cost_of_sketches();
    test_cost_of_linear_methods();
    test_cost_of_a_second_set();
    test_cost_of_draws();
    test_cost_of_rows();
    test_scaling();
    test_group_limit();
    test_schedule();
    test_many_ranks();
    return test_end();
}
