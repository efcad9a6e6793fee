/* A launch, from its study to its end. */
#include <stdlib.h>

#include "sweep/attempt.h"
#include "sweep/end.h"
#include "sweep/job.h"
#include "sweep/pack.h"
#include "sweep/rounds.h"
#include "sweep/work.h"

#include "polysweep/plain.h"

static bool has_one_draw(const psw_study *study)
{
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        const psw_point *point = psw_cursor_at(&cursor, slot);
        if (point->data_draws == 1 && point->trials > 1) return true;
    }
    return false;
}

/* Points of theory only, and those that it does not cover. */
static void print_unknown(const sweep_given *g, const sweep_slots *s)
{
    ptrdiff_t points = 0, unknown = 0;
    psw_cursor cursor = psw_cursor_begin(g->study);
    for (ptrdiff_t slot = 0; slot < g->slots; slot++) {
        if (s->part[slot] != SWEEP_PART_WANTED) continue;
        const psw_point *point = psw_cursor_at(&cursor, slot);
        if (psw_method_computes(point->method)) continue;
        points++;
        unknown += !psw_theory_applies(point);
    }
    if (unknown > 0)
        psw_print(stderr,
                  "polysweep: note: %s has no result for %td of %td points and leaves NaN there (noise, row_norm, "
                  "den_constant, "
                  "or data without classes of tokens); `%s` computes them\n",
                  psw_methods_of_theory().text, unknown, points,
                  psw_word(PSW_WORDS_METHOD, (int)psw_method_of_kernel(PSW_KERNEL_POWER)));
}

/* Rules that can never decide. */
static void print_shortage(const sweep_given *g)
{
    char text[PSW_SHORTAGE_TEXT];
    if (g->world->rank != 0 || g->request->quiet) return;
    psw_judge_shortage shortage = psw_judge_shortage_of(g->study);
    if (shortage.points == 0) return;
    psw_judge_shortage_text(&shortage, text);
    psw_print(stderr, "polysweep: note: %s\n", text);
}

/* What a study asks for and does not get is reported. */
static void print_missing(const sweep_given *g, const sweep_slots *s)
{
    if (g->world->rank != 0 || g->request->quiet) return;
    print_unknown(g, s);
    if (g->settings->keep_samples && !g->settings->timing)
        psw_print(stderr, "polysweep: note: `output.keep: [samples]` keeps nothing while `time` is off\n");
    if (has_one_draw(g->study))
        psw_print(
            stderr,
            "polysweep: note: noise that is drawn once (data_draws 1) says nothing about other draws: success_lo and "
            "success_hi are Markov's, success_cond_lo and success_cond_hi given that draw\n");
}

/* The same on every rank. */
static bool is_work_left(const sweep_job *j)
{
    for (ptrdiff_t i = 0; i < j->given.slots; i++)
        if (j->slots.part[i] == SWEEP_PART_WANTED || j->slots.part[i] == SWEEP_PART_QUARANTINED) return true;
    return false;
}

static psw_status make_room(sweep_job *j)
{
    size_t most = (size_t)j->runs.most_slots;
    j->open.records = malloc(most * sizeof *j->open.records);
    j->open.marks = malloc(most * sizeof *j->open.marks);
    psw_status status =
        j->open.records && j->open.marks ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the records of a run");
    if (status == PSW_OK && j->given.settings->timing) status = psw_timer_create(j->given.settings, &j->open.timer);
    return psw_comm_agree(j->given.world, status);
}

/* Rank 0, once the file is open: points that have crashed too often become failed. */
static psw_status put_crashed(sweep_job *j)
{
    for (ptrdiff_t i = 0; i < j->given.slots; i++) {
        if (j->slots.part[i] != SWEEP_PART_CRASHED) continue;
        psw_mark mark = sweep_slots_before(&j->slots, i);
        psw_slot known = {.attempt = mark.attempt, .deaths = mark.deaths};
        if (j->search.search) known.asked = sweep_search_asked(&j->search, i);
        PSW_TRY(sweep_part_put_crashed(&j->given, j->open.store, i, &known));
    }
    return PSW_OK;
}

/* What is left to be simulated: of a search that is unknown. */
static psw_status foresee(sweep_job *j)
{
    psw_remaining_work work = {j->given.study, &j->machine.rates, &j->open.crew.split, &j->runs.usual,
                               &j->runs.quarantined};
    if (j->given.world->rank > 0) return PSW_OK;
    if (j->search.search) j->open.display.families = &j->search.families;
    return j->search.search ? PSW_OK : psw_remaining_create(&work, &j->open.display.remaining);
}

static psw_status open_crew(sweep_job *j)
{
    psw_pool_desk desk;
    psw_status status = j->search.search ? sweep_rounds_prepare(j, &desk) : PSW_OK;
    PSW_TRY(psw_comm_agree(j->given.world, status));
    return sweep_crew_open(&j->open.crew, &j->given.node, &j->runs.usual, j->search.search ? &desk : NULL);
}

static psw_status open_all(sweep_job *j)
{
    const sweep_given *g = &j->given;
    psw_launch launch;
    PSW_TRY(psw_launch_describe(g->world, &g->node, &g->machine, g->request->command, g->settings->threads, &launch));
    sweep_machine_record(&j->machine, &launch);
    psw_status status = sweep_display_open(g, &j->slots, &j->runs, &j->limits, launch.started, &j->open.display);
    if (status == PSW_OK) status = foresee(j);
    if (status == PSW_OK) status = psw_fault("sweep.open");
    PSW_TRY(psw_comm_agree(g->world, status));
    j->open.untouched = g->world->rank == 0 && psw_seal_holds(g->path, j->slots.seal);
    PSW_TRY(psw_store_open(g->world, g->path, g->study, &launch, j->slots.reader, &j->open.store));
    if (!j->search.search || g->world->rank > 0) {
        psw_reader_close(j->slots.reader);
        j->slots.reader = NULL;
    }
    PSW_TRY(psw_comm_agree(g->world, g->world->rank == 0 ? put_crashed(j) : PSW_OK));
    PSW_TRY(open_crew(j));
    PSW_TRY(sweep_display_share(g->world, &g->node, &j->open.display));
    sweep_attempt_prepare(j);
    return PSW_OK;
}

static psw_status cut(sweep_job *j)
{
    const psw_rates *rates = &j->machine.rates;
    const psw_split *split = &j->open.crew.split;
    if (j->search.search) return sweep_search_cut(&j->given, rates, split, &j->search, &j->runs);
    PSW_TRY(sweep_runs_cut(&j->given, &j->slots, rates, &j->open.crew, &j->runs));
    j->open.crew.split.how = j->runs.usual.how;
    return PSW_OK;
}

static psw_status run(sweep_job *j)
{
    sweep_crew *crew = &j->open.crew;
    double speed = 1;
    PSW_TRY(sweep_given_read(&j->given));
    PSW_TRY(sweep_search_open(&j->given, &j->search));
    PSW_TRY(sweep_slots_find(&j->given, j->search.search, &j->slots));
    PSW_TRY(sweep_search_read(&j->given, &j->slots, &j->search));
    if (sweep_pack_is_enough(j)) return sweep_pack_end(j);
    PSW_TRY(sweep_pack_open(j));
    print_missing(&j->given, &j->slots);
    print_shortage(&j->given);
    j->progress.synced_s = psw_clock_s();
    PSW_TRY(sweep_limits_set(&j->given, &j->limits));
    PSW_TRY(sweep_machine_find(&j->given, crew, is_work_left(j), &j->machine, &speed));
    PSW_TRY(sweep_crew_sort(crew, j->given.world, &j->given.node, speed));
    PSW_TRY(cut(j));
    PSW_TRY(make_room(j));
    PSW_TRY(open_all(j));
    return sweep_end(j, j->search.search ? sweep_rounds_work(j) : sweep_work(j));
}

static void release(sweep_job *j)
{
    sweep_display_free(&j->open.display);
    psw_arena_destroy(&j->open.computer.arena);
    free(j->open.records);
    free(j->open.marks);
    psw_timer_free(&j->open.timer);
    psw_counters_close(&j->open.counters);
    sweep_rounds_free(j);
    sweep_search_free(&j->search);
    sweep_runs_free(&j->runs);
    sweep_given_free(&j->given);
    sweep_slots_free(&j->slots);
    sweep_crew_free(&j->open.crew);
    psw_comm_free(&j->given.node);
}

psw_status psw_sweep_run(const psw_sweep_request *request, const psw_comm *world)
{
    sweep_job j = {.given = {.request = request, .world = world},
                   .slots = {.lock = psw_lock_none()},
                   .open = {.counters = {.cycles_fd = -1}}};
    psw_stop_listen();
    j.given.start_s = psw_clock_s();
    PSW_TRY(psw_comm_split_node(world, &j.given.node));
    psw_status status = sweep_crew_form(world, &j.given.node, &j.open.crew);
    if (status == PSW_OK) status = run(&j);
    release(&j);
    return status;
}
