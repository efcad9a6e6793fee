/* Which run gets which team: every wanted slot once, memory and forced teams kept, the same each time; and how busy the
 * ranks of a simulated sweep of very unequal points are. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plan.h"

static const char mixed[] =
    "schema: 1\nstudy: mixed\ndata: {kind: gaussian}\n"
    "methods: [exact, softmax, polysketch: {r: [8, 32], local: [0, 512], draws: 2}, closed_form]\n"
    "grid: {n: [300, 1024, 16384], d: [16, 64], mask: causal, beta: [2, 4, 8], team: [0, 1, 3, 6]}\n"
    "exclude: [{when: \"method == closed_form\", why: \"of other data\"}]\n";
static const char heavy[] =
    "schema: 1\nstudy: heavy\ndata: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
    "grid: {n: {from: 256, to: 65536, factor: 2}, d: [18, 34, 66], beta: {from: 2, to: 64, step: 2}, seed: [1, 2, 3]}\n"
    "include: [{method: exact, beta: 12, n: 2097152, d: 66}]\n"
    "judge: {m: 8, trials: 3}\n";

static psw_study *parse(const char *text)
{
    psw_study *study = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "test", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    return study;
}

static void check_cover(const psw_study *study, const psw_runs *runs, const unsigned char *wanted)
{
    ptrdiff_t slots = psw_study_slots(study);
    unsigned char *seen = calloc((size_t)slots, 1);
    for (ptrdiff_t k = 0; k < runs->count; k++)
        for (ptrdiff_t i = 0; i < runs->list[k].count; i++) seen[runs->list[k].first + i]++;
    for (ptrdiff_t i = 0; i < slots; i++) CHECK(seen[i] == (wanted[i] != 0), "slot %td: %d times", i, seen[i]);
    free(seen);
}

/* Does a group fit, computed point by point if need be? */
static bool fits(const psw_group *group, const psw_cut *cut, ptrdiff_t size)
{
    psw_group one = {group->points, 1};
    psw_choice choice = psw_choice_within(&one, cut->choice, size, cut->memory_bytes);
    return psw_cost_team(&psw_rates_default, &one, choice, size, 1).memory_bytes <= cut->memory_bytes;
}

static int deepest_with(const psw_split *split, ptrdiff_t ranks)
{
    int depth = psw_split_depths(split) - 1;
    while (depth >= 0 && psw_split_least(split, depth) < ranks) depth--;
    return depth;
}

static void check_forced(const psw_run *run, const psw_group *group, const psw_cut *cut)
{
    ptrdiff_t asked = group->points[0].team;
    int depth = deepest_with(cut->split, asked);
    CHECK(run->count == group->count && run->team == asked, "a team of %td for one of %td", run->team, asked);
    if (asked > cut->split->ranks)
        CHECK(run->refused && run->depth == 0, "%td ranks of %td", asked, cut->split->ranks);
    else
        CHECK(run->refused == !fits(group, cut, asked), "memory of %td", asked);
    if (!run->refused) CHECK(run->depth == (cut->alone ? 0 : depth), "depth %d, not %d", run->depth, depth);
}

static void check_run(const psw_study *study, const psw_run *run, const psw_cut *cut)
{
    psw_point points[PSW_GROUP_MAX];
    psw_slots slots = psw_slots_of_run(run);
    psw_group group = {points, psw_group_fill(study, &slots, 0, points)};
    ptrdiff_t size = run->team > 0 ? run->team : psw_split_least(cut->split, run->depth);
    if (points[0].team > 0) check_forced(run, &group, cut);
    if (cut->alone) CHECK(run->depth == 0 && run->count == 1, "something may run beside %td points", run->count);
    if (run->refused) {
        CHECK(run->predicted_s == 0, "refused runs take no time");
        for (int k = 0; points[0].team == 0 && k < psw_split_depths(cut->split); k++)
            CHECK(!fits(&group, cut, psw_split_least(cut->split, k)), "fits at depth %d", k);
        return;
    }
    CHECK(fits(&group, cut, size), "more memory than a rank of %td has", size);
    if (run->count > group.count) {
        CHECK(size == 1 && run->predicted_s == run->alone_s, "several groups on a team of %td", size);
        return;
    }
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split_levels(cut->split, levels);
    psw_group one = {group.points, 1}; /* whose memory decides about the pattern */
    psw_choice choice = psw_choice_within(&one, cut->choice, size, cut->memory_bytes);
    ptrdiff_t nodes = levels[cut->alone ? deepest_with(cut->split, size) : run->depth].nodes;
    psw_team_cost cost = psw_cost_team(&psw_rates_default, &group, choice, size, nodes);
    CHECK_NEAR(run->predicted_s, cost.seconds + cut->passes * cost.repeat_s + psw_rates_default.run_s,
               1e-12); /* the same sum; alone, another order */
}

static void check_teams(const psw_study *study, const psw_cut *cut, const unsigned char *wanted)
{
    psw_runs runs, again;
    psw_schedule s;
    CHECK(psw_runs_create(study, &psw_rates_default, cut, wanted, &runs) == PSW_OK, "%s", psw_message());
    CHECK(psw_runs_create(study, &psw_rates_default, cut, wanted, &again) == PSW_OK, "%s", psw_message());
    CHECK(runs.count == again.count, "%td and %td runs", runs.count, again.count);
    check_cover(study, &runs, wanted);
    psw_split split = *cut->split;
    psw_cut as = *cut;
    split.how = runs.how;
    as.split = &split;
    for (ptrdiff_t k = 0; k < runs.count; k++) {
        const psw_run *run = &runs.list[k], *same = &again.list[k];
        CHECK(run->first == same->first && run->depth == same->depth && run->predicted_s == same->predicted_s,
              "not again");
        CHECK(k >= runs.first[run->depth] && k < runs.first[run->depth + 1], "not in the list of its depth");
        if (k > runs.first[run->depth]) CHECK(run[-1].predicted_s >= run->predicted_s, "longest first");
        check_run(study, run, &as);
    }
    CHECK(psw_schedule_simulate(&runs, cut->split, INFINITY, &s, NULL) == PSW_OK && s.runs == runs.count, "schedule");
    psw_runs_free(&runs);
    psw_runs_free(&again);
}

static void test_mixed(void)
{
    static const ptrdiff_t worlds[] = {1, 2, 3, 5, 6, 8, 57, 200, 4096};
    psw_study *study = parse(mixed);
    ptrdiff_t slots = psw_study_slots(study);
    unsigned char *wanted = malloc((size_t)slots);
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++)
        for (unsigned seed = (unsigned)i % 6; seed < 12; seed += 6) { /* a sixth of all: they are many */
            psw_split split = {worlds[i], 1 + (ptrdiff_t)(seed % 4) * worlds[i] / 8, NULL, {0}};
            psw_cut cut = psw_cut_default;
            cut.split = &split;
            cut.memory_bytes =
                seed == 0 ? 1e12 : 3e6 * exp2(seed / 2.0); /* 4e6 .. 1.4e8: some do not fit a ring, or at all */
            cut.alone = seed % 4 == 3;
            if (cut.alone) cut.passes = 7;
            srand(seed + 1);
            for (ptrdiff_t k = 0; k < slots; k++) wanted[k] = seed == 0 || rand() % 4 > 0;
            check_teams(study, &cut, wanted);
        }
    free(wanted);
    psw_study_free(study);
}

/* One team of one: what the model says of a point alone. More ranks: never less than a fair share, and past the number
 * of leaves no faster. */
static void test_cost(void)
{
    psw_study *study = parse(mixed);
    psw_rates free_network = psw_rates_default;
    free_network.latency_s[0] = free_network.byte_s[0] = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        psw_group group = {&p, 1};
        double leaves = ceil((double)p.n / (double)p.block), alone = psw_cost_time(&psw_rates_default, &p).predicted_s;
        psw_team_cost one = psw_cost_team(&psw_rates_default, &group, PSW_CHOICE_AUTO, 1, 1);
        CHECK_NEAR(one.seconds / alone, 1.0, 1e-12); /* the same terms in another order */
        CHECK(one.sent_bytes == 0 && one.busy_s == one.seconds, "alone");
        CHECK(one.repeat_s > 0 && one.repeat_s < one.seconds, "a pass is a part of a point");
        for (ptrdiff_t size = 2; size < 100; size += size / 3 + 1) {
            psw_team_cost cost = psw_cost_team(&free_network, &group, PSW_CHOICE_AUTO, size, 1);
            psw_team_cost far = psw_cost_team(&psw_rates_default, &group, PSW_CHOICE_AUTO, size, 2);
            CHECK(cost.seconds * fmin((double)size, leaves) >= alone * (1 - 1e-12), "%td ranks, %g leaves: %g of %g",
                  size, leaves, cost.seconds, alone);
            CHECK(cost.seconds * (double)size >= cost.busy_s * (1 - 1e-12), "more computing than time");
            bool travels = leaves > 1 || psw_attend_kind(&p) == PSW_STATE_FOLD; /* one leaf has nobody to go to */
            CHECK(far.seconds > cost.seconds, "a network takes time");
            CHECK((far.sent_bytes > 0) == travels && (far.messages > 0) == travels, "%g bytes in %g messages",
                  far.sent_bytes, far.messages);
            if (size > leaves) {
                double enough =
                    psw_cost_team(&psw_rates_default, &group, PSW_CHOICE_AUTO, (ptrdiff_t)leaves, 2).seconds;
                bool one_leaf = leaves == 1; /* alone there is no network */
                CHECK(one_leaf || far.seconds >= enough * (1 - 1e-12), "%td ranks are faster than %g leaves", size,
                      leaves);
            }
        }
    }
    psw_study_free(study);
}

/* Tiles of 32 leaves on 57 ranks are 32 ranks' work; of a causal mask the rank with the last leaves has most. */
static void test_granularity(void)
{
    psw_rates tiles = {.score_s = {1, 1}};
    psw_point p = {
        .method = PSW_EXACT, .data_kind = PSW_GAUSSIAN, .beta = 2, .n = 16384, .d = 16, .v = 16, .block = 512};
    psw_group group = {&p, 1};
    double alone = psw_cost_team(&tiles, &group, PSW_CHOICE_AUTO, 1, 1).seconds;
    CHECK_NEAR(alone / psw_cost_team(&tiles, &group, PSW_CHOICE_AUTO, 57, 1).seconds, 32.0, 1e-12);
    p.mask = PSW_CAUSAL;
    psw_choice contiguous = {PSW_CONTIGUOUS, -1, -1, 0};
    alone = psw_cost_team(&tiles, &group, PSW_CHOICE_AUTO, 1, 1).seconds;
    CHECK_NEAR(alone / psw_cost_team(&tiles, &group, PSW_CHOICE_AUTO, 8, 1).seconds, 8.0, 1e-12);    /* zigzag: fair */
    CHECK_NEAR(alone / psw_cost_team(&tiles, &group, contiguous, 8, 1).seconds, 528.0 / 122, 1e-12); /* 29 + .. + 32 */
}

/* A sweep over five decades of cost, one point of which is three quarters of it. Work allows a team of all ranks for
 * that point, and for the others runs much shorter than their share of a rank; what it does not allow is more than the
 * leaves of the large point, 4,096 over ranks rounded up, let be busy. Nine tenths of that must be. */
static void test_heavy(void)
{
    static const ptrdiff_t worlds[] = {57, 1000, 1024};
    psw_study *study = parse(heavy);
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        ptrdiff_t ranks = worlds[i], nodes = (ranks + 63) / 64;
        psw_split split = {ranks, nodes, NULL, {0}};
        psw_cut cut = psw_cut_default;
        psw_runs runs;
        psw_schedule s;
        cut.split = &split;
        CHECK(psw_runs_create(study, &psw_rates_default, &cut, NULL, &runs) == PSW_OK, "%s", psw_message());
        CHECK(psw_schedule_simulate(&runs, &split, INFINITY, &s, NULL) == PSW_OK, "%s", psw_message());
        double largest = 4096 / ((double)ranks * ceil(4096 / (double)ranks));
        CHECK(s.utilisation >= 0.9 * largest, "%td ranks: %g of %g", ranks, s.utilisation, largest);
        fprintf(stderr, "%td ranks on %td nodes: %g s, utilisation %.3f (leaves of the largest point allow %.3f)\n",
                ranks, nodes, s.finish_s, s.utilisation, largest);
        psw_runs_free(&runs);
    }
    psw_study_free(study);
}

static double finish_of(const psw_study *study, ptrdiff_t ranks, ptrdiff_t each, ptrdiff_t *node)
{
    psw_split split = {ranks, (ranks + each - 1) / each, node, {0}};
    psw_cut cut = psw_cut_default;
    psw_runs runs;
    psw_schedule s;
    for (ptrdiff_t k = 0; k < split.nodes; k++) node[k] = k * each;
    cut.split = &split;
    cut.memory_bytes = 3e8;
    CHECK(psw_runs_create(study, &psw_rates_default, &cut, NULL, &runs) == PSW_OK, "%s", psw_message());
    CHECK(psw_schedule_simulate(&runs, &split, INFINITY, &s, NULL) == PSW_OK && s.runs == runs.count, "%s",
          psw_message());
    psw_runs_free(&runs);
    return s.finish_s;
}

static const char few[] = "schema: 1\nstudy: few\ndata: {kind: gaussian}\nmethods: [exact, polysketch: {r: 8}]\n"
                          "grid: {n: [2048, 16384], d: [16, 64], mask: causal, beta: [2, 4]}\n";

/* No world is planned to end later than a smaller one of 2^k ranks, whatever its nodes. */
static void test_more_ranks(void)
{
    static const ptrdiff_t each[] = {24, 64, 96, 128, 1000000};
    static const char *const texts[] = {few, heavy};
    ptrdiff_t *node = malloc(10000 * sizeof *node);
    srand(5);
    for (int t = 0; t < 2; t++) {
        psw_study *study = parse(texts[t]);
        for (int e = 0; e < 5; e++)
            for (int i = 0; i < (t == 0 ? 3 : e == 1); i++) {
                ptrdiff_t power = (ptrdiff_t)1 << rand() % (t == 0 ? 9 : 6), ranks = power + 1 + rand() % power;
                double less = finish_of(study, power, each[e], node), more = finish_of(study, ranks, each[e], node);
                CHECK(more <= less, "%td ranks: %g s, %td ranks: %g s (%td a node)", ranks, more, power, less, each[e]);
            }
        psw_study_free(study);
    }
    free(node);
}

/* What the plan says that a rank of a grid needs at most, by a look at few, is what the rank with most needs. */
static void test_memory_of_grids(void)
{
    psw_point p = {
        .method = PSW_EXACT, .data_kind = PSW_GAUSSIAN, .beta = 4, .block = 64, .n = 64 * 96, .d = 8, .v = 8};
    psw_group group = {&p, 1};
    psw_choice choice = {-1, PSW_GRID, -1, 0};
    for (int i = 0; i < 8; i++) {
        int size = 5 + i / 2 * 9;
        double most = 0, planned;
        p.mask = i % 2 ? PSW_CAUSAL : PSW_FULL;
        planned = psw_team_memory(&group, choice, size);
        for (int rank = 0; rank < size; rank++) {
            psw_route route = psw_attend_route(&p, choice, size, rank);
            most = fmax(most, (double)psw_memory_group(&group, &route));
        }
        CHECK(planned >= 0.97 * most, "%d ranks: %g bytes, planned are %g", size, most, planned);
    }
}

int main(void)
{
    test_memory_of_grids();
    test_mixed();
    test_cost();
    test_granularity();
    test_heavy();
    test_more_ranks();
    return test_end();
}
