/* A search on ranks that SimGrid simulates: the program's own loop, teams that ask rank 0 by messages for rounds and
 * bring answers back, while rank 0 computes, too. What is made up is what a point answers, and how long computing
 * takes: the time of the model of costs. All ranks are busy, and the points that they ask are those that one rank asks.
 */
#include <math.h>
#include <stdlib.h>

#include "polysweep/measure.h"
#include "ranks.h"
#include "searched.h"
#include "sweep/attempt.h"
#include "sweep/found.h"
#include "sweep/rounds.h"
#include "sweep/watch.h"

static const double busy_least = 0.8;
/* While it computes, a rank looks for questions between tiles, of 64 x 64 scores here, with their part of the head.
 * Rank 0 answers one question after another: two replays of a family, some microseconds each. */
static const double look_s = 1e-4, answer_s = 2e-5;

/* psw_house without what reads files. */
static const psw_rooms rooms = {
    .theory = &psw_theory_oracle, .negative = psw_data_signed, .repeats = psw_attend_repeats};

/* Every simulated rank has its own. */
static double busy_s;
static double *asked, *times; /* [slots]: the sum of the rounds that asked, how often it was computed */
static psw_pool_desk desk;

/* ---- in the place of what computes, writes and shows ---- */

static void record_slot(sweep_job *j, ptrdiff_t slot, psw_record *record)
{
    psw_point point = psw_study_point(j->given.study, slot);
    *record = psw_record_blank(&point);
    record->slot.status = PSW_SLOT_DONE;
    record->verdict.success_rate = searched_rate(j->given.study, j->search.search, slot);
    asked[slot] += (double)j->progress.asked;
    times[slot]++;
}

psw_status sweep_attempt_whole(sweep_job *j, const psw_comm *team, ptrdiff_t first, const psw_run *run)
{
    const psw_slots slots = psw_slots_of_run(run);
    (void)first;
    for (double left_s = run->predicted_s; left_s > 0; left_s -= look_s) {
        ranks_pass_time(fmin(left_s, look_s));
        sweep_watch_tick(j);
    }
    busy_s += run->predicted_s;
    for (ptrdiff_t i = 0; i < slots.count && team->rank == 0; i++)
        record_slot(j, psw_slots_at(&slots, i), &j->open.records[i]);
    return psw_comm_agree(team, PSW_OK);
}

psw_status sweep_attempt_part(sweep_job *j, const psw_comm *team, ptrdiff_t first, int size, const psw_run *run)
{
    (void)j, (void)team, (void)first, (void)run;
    return PSW_FAIL(PSW_BUG, "no point of these studies asks for a team of %d", size);
}

psw_status sweep_attempt_sync(sweep_job *j, double next_s)
{
    (void)j, (void)next_s;
    return PSW_OK;
}

psw_status sweep_found_put(sweep_job *j)
{
    j->search.unended = j->given.world->rank == 0 && sweep_families_outlook(&j->search.families).unended > 0;
    return PSW_OK;
}

psw_status psw_reader_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    (void)reader, (void)count, (void)records;
    return PSW_FAIL(PSW_BUG, "slot %td was computed by no launch before", first);
}

psw_status psw_reader_edges_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_edge_row *rows)
{
    (void)reader, (void)count, (void)rows;
    return PSW_FAIL(PSW_BUG, "edges of combination %td were found by no launch before", first);
}

void sweep_display_tick(sweep_display *display)
{
    (void)display;
}

/* ---- a launch ---- */

static size_t answer_slowly(void *context, const void *question, void *answer)
{
    ranks_pass_time(answer_s);
    return desk.answer(context, question, answer);
}

static psw_status prepare(const psw_comm *world, const sweep_job *j)
{
    size_t slots = (size_t)j->given.slots;
    const sweep_slots *s = &j->slots;
    asked = calloc(slots, sizeof *asked);
    times = calloc(slots, sizeof *times);
    bool all = asked && times && s->part && s->mine && s->selected;
    if (all) memset(s->part, SWEEP_PART_WANTED, slots);
    if (all) memset(s->mine, 1, slots);
    if (all) memset(s->selected, 1, slots);
    return psw_comm_agree(world, all ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %zu slots", slots));
}

/* As sweep/run does. */
static psw_status open_job(const psw_comm *world, sweep_job *j)
{
    sweep_crew *crew = &j->open.crew;
    PSW_TRY(prepare(world, j));
    PSW_TRY(sweep_search_open(&j->given, &j->search));
    PSW_TRY(sweep_search_read(&j->given, &j->slots, &j->search));
    PSW_TRY(sweep_crew_form(world, &j->given.node, crew));
    PSW_TRY(sweep_search_cut(&j->given, &j->machine.rates, &crew->split, &j->search, &j->runs));
    j->open.records = malloc((size_t)j->runs.most_slots * sizeof *j->open.records);
    PSW_TRY(psw_comm_agree(world, j->open.records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a run")));
    PSW_TRY(psw_comm_agree(world, sweep_rounds_prepare(j, &desk)));
    psw_pool_desk slow = desk;
    slow.answer = answer_slowly;
    return sweep_crew_open(crew, &j->given.node, &j->runs.usual, &slow);
}

/* Local functions alone free, after the pool was closed. */
static void free_job(sweep_job *j)
{
    sweep_rounds_free(j);
    sweep_crew_free(&j->open.crew);
    sweep_runs_free(&j->runs);
    sweep_search_free(&j->search);
    free(j->open.records);
    free(j->slots.part);
    free(j->slots.mine);
    free(j->slots.selected);
    free(asked);
    free(times);
}

/* ---- what is looked at ---- */

/* The rounds of one family after another, with nobody who waits or asks. */
static void search_alone(const sweep_job *j, double *round)
{
    psw_search *search = j->search.search;
    ptrdiff_t number, *slots = malloc((size_t)j->search.most * sizeof *slots);
    psw_answer *answers = calloc((size_t)j->given.slots, sizeof *answers);
    for (ptrdiff_t f = 0; f < psw_search_combinations(search)->families; f++)
        for (;;) {
            ptrdiff_t count = psw_search_round(search, f, sweep_search_answer, answers, slots, &number);
            if (count == 0) break;
            for (ptrdiff_t i = 0; i < count; i++) {
                psw_answer *a = &answers[slots[i]];
                *a = (psw_answer){.status = PSW_SLOT_DONE, .lo = NAN, .hi = NAN, .level = NAN};
                a->value = searched_rate(j->given.study, search, slots[i]);
                round[slots[i]] = (double)number;
            }
        }
    free(answers);
    free(slots);
}

/* Of all ranks together. */
static void check_asked(const sweep_job *j)
{
    const psw_comm *world = j->given.world;
    double *alone = calloc((size_t)j->given.slots, sizeof *alone), points = 0;
    psw_comm_sum(world, asked, (int)j->given.slots);
    psw_comm_sum(world, times, (int)j->given.slots);
    if (world->rank == 0) search_alone(j, alone);
    for (ptrdiff_t i = 0; i < j->given.slots && world->rank == 0; i++) {
        CHECK(times[i] == (alone[i] > 0), "slot %td is computed %g times", i, times[i]);
        CHECK(asked[i] == alone[i], "slot %td is of round %g, alone of %g", i, asked[i], alone[i]);
        points += times[i];
    }
    CHECK(world->rank > 0 || !j->search.unended, "some have not ended");
    if (world->rank == 0) fprintf(stderr, "%g points of %td\n", points, j->given.slots);
    free(alone);
}

static void check_busy(const sweep_job *j, int grid, double took_s)
{
    const psw_comm *world = j->given.world;
    psw_comm_sum(world, &busy_s, 1);
    psw_comm_max(world, &took_s, 1);
    double busy = busy_s / (world->size * took_s);
    if (world->rank > 0) return;
    fprintf(stderr, "%s, %td combinations, %d ranks: %.3g s, %.1f %% busy\n", searched_grids[grid][0],
            psw_search_combinations(j->search.search)->count, world->size, took_s, 100 * busy);
    CHECK(busy >= busy_least && busy <= 1, "ranks are busy %g of the time", busy);
}

static void search(const psw_comm *world, const psw_comm *node, int grid)
{
    psw_sweep_request request = {.quiet = true};
    psw_study *study = searched_study(grid, &rooms);
    size_t slots = (size_t)psw_study_slots(study);
    sweep_job job = {.given = {.request = &request, .world = world, .node = *node, .study = study},
                     .slots = {.part = malloc(slots), .mine = malloc(slots), .selected = malloc(slots)},
                     .machine = {.rates = psw_rates_default},
                     .limits = {.deadline_s = INFINITY, .abandon_s = INFINITY}};
    job.given.settings = psw_study_settings(study);
    job.given.slots = (ptrdiff_t)slots;
    job.given.choice = PSW_CHOICE_AUTO;
    psw_status status = open_job(world, &job);
    CHECK(status == PSW_OK, "%s", psw_message());
    if (status == PSW_OK) {
        psw_comm_barrier(world);
        double start_s = psw_clock_s();
        status = sweep_rounds_work(&job);
        double took_s = psw_clock_s() - start_s;
        CHECK(status == PSW_OK && sweep_crew_close(&job.open.crew) == PSW_OK, "%s", psw_message());
        check_busy(&job, grid, took_s);
        check_asked(&job);
    }
    free_job(&job);
    psw_study_free(study);
}

int main(int argc, char **argv)
{
    static const char *const parts[SEARCHED_GRIDS] = {"equal", "unequal", "one_long", "many_long"};
    psw_comm world, node;
    MPI_Init(&argc, &argv);
    psw_comm_world(&world);
    psw_comm_split_node(&world, &node);
    for (int grid = 0; grid < SEARCHED_GRIDS; grid++)
        if (argc > 1 && strcmp(argv[1], parts[grid]) == 0) search(&world, &node, grid);
    psw_comm_free(&node);
    return ranks_end(&world);
}
