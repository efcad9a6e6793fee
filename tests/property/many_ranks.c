/* How busy many ranks are with jobs/nodes/many-ranks.yaml, by plan, with the rates of one machine: a core with AVX2,
 * and the network that plan supposes where none was measured. */
#include "check.h"
#include "polysweep/plan.h"

static const psw_rates avx2 = {
    .flop_s = {5.8e-11, 2.8e-11},
    .score_s = {1.39e-9, 1.16e-9},
    .weigh_s = {1.5e-10, 5.3e-11},
    .transcend_s = {7.4e-9, 3e-9},
    .exponential_s = {2.2e-9, 5.8e-10},
    .sketch_flop_s = {4.7e-11, 2.6e-11},
    .feature_s = {8.3e-10, 3.3e-10},
    .head_flop_s = {1.65e-11, 7.9e-12},
    .head_entry_s = {1.1e-9, 6.3e-10},
    .sign_s = 1.67e-9,
    .row_s = 2.9e-9,
    .noise_s = 4e-8,
    .point_s = 5.7e-5,
    .run_s = 4e-4,
    .latency_s = {2e-6, 2e-5},
    .byte_s = {2e-10, 1e-9},
};

typedef struct world {
    const psw_rates *rates;
    ptrdiff_t ranks;
    double busy; /* at least this part of all rank seconds */
} world;

/* Where a core is four times as fast, with AVX-512, the network is what it waits for. */
static const world worlds[] = {
    {&avx2, 1024, 0.95},
    {&avx2, 16384, 0.90},
    {&avx2, 65536, 0.85},
    {&avx2, 100000, 0.80},
    {&avx2, 1000000, 0.2},
    {&psw_rates_default, 16384, 0.90},
    {&psw_rates_default, 100000, 0.70},
};

static double finish_of(const psw_study *study, const world *w)
{
    psw_split split = {w->ranks, (w->ranks + 63) / 64, NULL, {0}};
    psw_cut cut = psw_cut_default;
    psw_runs runs;
    psw_schedule s;
    cut.split = &split;
    cut.memory_bytes = 4e9;
    CHECK(psw_runs_create(study, w->rates, &cut, NULL, &runs) == PSW_OK, "%s", psw_message());
    CHECK(psw_schedule_simulate(&runs, &split, INFINITY, &s, NULL) == PSW_OK, "%s", psw_message());
    CHECK(s.runs == runs.count && runs.points == psw_study_slots(study), "%td points", runs.points);
    CHECK(s.utilisation >= w->busy, "%td ranks are busy %.3f of the time", w->ranks, s.utilisation);
    fprintf(stderr, "%td ranks: %.3f s, utilisation %.3f (at least %.2f)\n", w->ranks, s.finish_s, s.utilisation,
            w->busy);
    psw_runs_free(&runs);
    return s.finish_s;
}

int main(void)
{
    psw_study *study = NULL;
    double before_s = INFINITY;
    CHECK(psw_study_read(POLYSWEEP_JOBS "/nodes/many-ranks.yaml", NULL, 0, NULL, &study) == PSW_OK, "%s",
          psw_message());
    CHECK(psw_study_slots(study) == 1122, "%td points", psw_study_slots(study));
    for (size_t i = 0; i < sizeof worlds / sizeof *worlds; i++) {
        double finish_s = finish_of(study, &worlds[i]);
        bool more = i > 0 && worlds[i].ranks > worlds[i - 1].ranks;
        CHECK(!more || finish_s <= before_s, "%td ranks end later than fewer", worlds[i].ranks);
        before_s = finish_s;
    }
    psw_study_free(study);
    return test_end();
}
