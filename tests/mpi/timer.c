/* Repetitions over real teams: every rank has the same samples and ends for the same reason, whatever its own clock
 * says; teams beside each other are timed together; a team that fails before its repetitions leaves none waiting. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/point.h"

static psw_comm world;

/* ci_rel is so small that only the other reasons can end it. */
static const char text[] =
    "schema: 1\nseed: 3\ndata: {kind: gaussian}\nmethods: [exact, polysketch: {r: 4, draws: 2}]\n"
    "grid: {n: 256, d: 8, beta: 2, mask: causal, block: 16}\n"
    "time: {reps: 3, max_reps: 9, ci_rel: 1e-9, warmup: 1}\n";

static psw_study *study_of(const char *set)
{
    psw_study *study = NULL;
    psw_status status =
        psw_study_parse(&(psw_study_source){text, strlen(text), "text", &set, set ? 1 : 0}, psw_house(), &study);
    CHECK(status == PSW_OK, "%s", psw_message());
    return study;
}

/* ---- what is computed ---- */

typedef struct setting {
    const psw_comm *team, *beside;
    int early; /* rank of all whose clock says that the time is over; -1 none */
    bool fails;
} setting;

static bool at_once(void *context, double pass_s)
{
    CHECK(pass_s > 0, "a pass took %g s", pass_s);
    *(int *)context += 1;
    return true;
}

static psw_status stop(void *context)
{
    (void)context;
    return PSW_FAIL(PSW_STOPPED, "asked to stop");
}

typedef struct outcome { /* samples that there are not are 0 */
    double samples[9], median, lo, hi, status, stop, count, gap, sent_bytes;
} outcome;

static psw_status compute(const setting *s, const psw_study *study, ptrdiff_t slot, outcome *out, int *asked)
{
    psw_rates rates = psw_rates_default;
    psw_inputs inputs = {0};
    psw_timer timer;
    psw_record record;
    CHECK(psw_timer_create(psw_study_settings(study), &timer) == PSW_OK, "%s", psw_message());
    timer.beside = s->beside;
    timer.context = asked;
    if (s->early == world.rank) timer.over = at_once;
    psw_computer c = {.study = study, .rates = &rates, .inputs = &inputs, .timer = &timer, .nodes = 1};
    c.choice = (psw_choice){-1, -1, -1, 0};
    if (s->fails) c.watch.ask = stop;
    psw_status status = psw_compute(s->team, &c, &(psw_slots){slot, 1, NULL}, &record);
    memset(out, 0, sizeof *out);
    if (status == PSW_OK) {
        *out = (outcome){.median = record.cost.time_median_s,
                         .status = record.slot.status,
                         .stop = record.cost.time_stop,
                         .count = (double)timer.repeat.count,
                         .sent_bytes = record.parallel.sent_bytes};
        memcpy(out->samples, timer.repeat.samples, (size_t)timer.repeat.count * sizeof(double));
        if (record.cost.time_lo_s <= record.cost.time_hi_s)
            out->lo = record.cost.time_lo_s, out->hi = record.cost.time_hi_s;
    }
    psw_arena_destroy(&c.arena);
    psw_timer_free(&timer);
    return status;
}

static void same_everywhere(const outcome *mine)
{
    outcome first = *mine;
    CHECK(psw_comm_bytes(&world, 0, &first, sizeof first) == PSW_OK, "%s", psw_message());
    CHECK(memcmp(first.samples, mine->samples, sizeof first.samples) == 0, "samples of rank %d differ", world.rank);
    CHECK(first.count == mine->count && first.stop == mine->stop && first.median == mine->median,
          "rank %d decided alone", world.rank);
}

/* ---- tests ---- */

static void test_reason(const psw_study *study, ptrdiff_t slot, int early, psw_time_stop expected, double count)
{
    outcome mine;
    int asked = 0;
    setting s = {&world, NULL, early, false};
    CHECK(compute(&s, study, slot, &mine, &asked) == PSW_OK, "%s", psw_message());
    CHECK(mine.status == PSW_SLOT_DONE && mine.stop == expected && mine.count == count, "%g samples, reason %g",
          mine.count, mine.stop);
    CHECK(mine.median > 0 && (count < 6 || (mine.lo <= mine.median && mine.median <= mine.hi)), "%g in %g .. %g",
          mine.median, mine.lo, mine.hi);
    same_everywhere(&mine);
    CHECK((early == 0 && world.rank == 0) == (asked > 0), "rank %d was asked %d times", world.rank, asked);
    CHECK((world.size > 1) == (mine.sent_bytes > 0), "%g bytes in a pass of %d ranks", mine.sent_bytes, world.size);
}

/* Results are of one pass, so repeating changes none; messages of a pass are those of every pass. */
static void test_results(const psw_study *timed)
{
    psw_study *plain = study_of("time=off");
    psw_rates rates = psw_rates_default;
    psw_inputs inputs = {0};
    psw_timer timer;
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    CHECK(psw_timer_create(psw_study_settings(timed), &timer) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t slot = 0; slot < 2; slot++) {
        psw_record with, without;
        psw_computer c = {.study = plain, .rates = &rates, .inputs = &inputs, .nodes = 1, .choice = {-1, -1, -1}};
        CHECK(psw_compute(&world, &c, &(psw_slots){slot, 1, NULL}, &without) == PSW_OK, "%s", psw_message());
        c.study = timed, c.timer = &timer;
        CHECK(psw_compute(&world, &c, &(psw_slots){slot, 1, NULL}, &with) == PSW_OK, "%s", psw_message());
        for (ptrdiff_t i = 0; i < count; i++) {
            double a = psw_column_value(&columns[i], &with), b = psw_column_value(&columns[i], &without);
            if (columns[i].bitwise)
                CHECK(a == b || (isnan(a) && isnan(b)), "%s: %.17g, once %.17g", columns[i].name, a, b);
        }
        CHECK(with.parallel.sent_bytes == without.parallel.sent_bytes, "bytes of a pass");
        psw_arena_destroy(&c.arena);
    }
    psw_timer_free(&timer);
    psw_study_free(plain);
}

/* Two halves: the samples are of both. Where one fails, so does the other. */
static void test_beside(const psw_study *study)
{
    psw_comm half;
    outcome mine;
    int asked = 0;
    CHECK(psw_comm_split(&world, world.rank * 2 / world.size, world.rank, &half) == PSW_OK, "%s", psw_message());
    setting s = {&half, &world, -1, false};
    CHECK(compute(&s, study, 0, &mine, &asked) == PSW_OK && mine.count == 9, "%g samples", mine.count);
    same_everywhere(&mine);
    s.fails = world.rank * 2 / world.size == 1;
    CHECK(compute(&s, study, 0, &mine, &asked) == PSW_STOPPED, "a team waited for one that had stopped");
    psw_comm_free(&half);
}

int main(int argc, char **argv)
{
    MPI_Init(&argc, &argv);
    CHECK(psw_comm_world(&world) == PSW_OK, "%s", psw_message());
    psw_study *study = study_of(NULL);
    for (ptrdiff_t slot = 0; slot < 2; slot++) {
        test_reason(study, slot, -1, PSW_TIME_MAX_REPS, 9);
        test_reason(study, slot, 0, PSW_TIME_BUDGET, 3);
        if (world.size > 1) test_reason(study, slot, 1, PSW_TIME_MAX_REPS, 9); /* nobody listens to rank 1 */
    }
    psw_study *wide = study_of("time.ci_rel=1e9");
    test_reason(wide, 0, -1, PSW_TIME_PRECISE, 8); /* 3 samples have no interval, 8 have one */
    psw_study_free(wide);
    test_results(study);
    if (world.size % 2 == 0) test_beside(study);
    psw_study_free(study);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end();
}
