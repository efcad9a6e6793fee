/* run: every point that is not complete in the file. Running again is resuming. */
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/job.h"

/* ---- the study, the same on every rank ---- */

static psw_status share_text(const psw_comm *world, char **text, size_t *length)
{
    PSW_TRY(psw_comm_bytes(world, 0, length, sizeof *length));
    if (world->rank != 0) *text = malloc(*length + 1);
    PSW_TRY(psw_comm_agree(world, *text ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the study's text")));
    return psw_comm_bytes(world, 0, *text, *length + 1);
}

static psw_status read_study(psw_job *j)
{
    const psw_options *o = j->options;
    psw_status status = j->world->rank == 0 ? psw_study_of_options(o, &j->study) : PSW_OK;
    char *text = NULL;
    size_t length = 0;
    PSW_TRY(psw_comm_agree(j->world, status));
    if (j->world->rank == 0) {
        text = strdup(psw_study_text(j->study));
        length = text ? strlen(text) : 0;
    }
    status = share_text(j->world, &text, &length);
    if (status == PSW_OK && j->world->rank != 0)
        status = psw_study_parse(text, length, o->files[0], o->set, o->set_count, psw_house(), &j->study);
    free(text);
    PSW_TRY(psw_comm_agree(j->world, status));
    j->settings = psw_study_settings(j->study);
    j->slots = psw_study_slots(j->study);
    PSW_TRY(psw_choice_read(j->settings->layout, j->settings->route, j->settings->scan, &j->choice));
    return psw_comm_agree(j->world, psw_inputs_read(j->study, &j->inputs));
}

static psw_status choose_path(psw_job *j)
{
    const char *path = j->options->output ? j->options->output : j->settings->file;
    bool whole = path[0] ? psw_format(j->path, sizeof j->path, "%s", path)
                         : psw_format(j->path, sizeof j->path, "%s.h5", psw_study_name(j->study));
    return whole ? PSW_OK
                 : PSW_FAIL(PSW_USAGE, "the name of the result file is longer than %zu characters", sizeof j->path - 1);
}

/* ---- start and end ---- */

/* Every rank cut the same slots by the same rates; rank 0's list is everybody's even where libraries round
 * differently. */
static psw_status same_runs(const psw_comm *world, psw_runs *runs)
{
    ptrdiff_t count = runs->count;
    PSW_TRY(psw_comm_bytes(world, 0, &count, sizeof count));
    PSW_TRY(psw_comm_agree(world, count == runs->count ? PSW_OK : PSW_FAIL(PSW_BUG, "ranks cut the work differently")));
    return psw_comm_bytes(world, 0, runs->list, (size_t)count * sizeof *runs->list);
}

/* The slots that play a part, cut into runs. */
static psw_status cut_part(psw_job *j, const psw_cut *cut, psw_part part, psw_runs *runs)
{
    unsigned char *wanted = malloc((size_t)j->slots);
    psw_status status = wanted ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", j->slots);
    for (ptrdiff_t i = 0; wanted && i < j->slots; i++) wanted[i] = j->part[i] == part;
    if (status == PSW_OK) status = psw_runs_create(j->study, &j->rates, cut, wanted, runs);
    free(wanted);
    PSW_TRY(psw_comm_agree(j->world, status));
    return same_runs(j->world, runs);
}

static psw_status cut_runs(psw_job *j, psw_cut *cut)
{
    psw_cut_time(cut, j->settings);
    cut->split = &j->crew.split;
    cut->choice = j->choice;
    cut->memory_bytes = j->memory_bytes;
    PSW_TRY(cut_part(j, cut, PSW_PART_WANTED, &j->runs));
    cut->alone = true;
    return cut_part(j, cut, PSW_PART_SUSPECT, &j->suspects);
}

static double points_asked(const psw_job *j)
{
    return (double)(j->runs.points + j->suspects.points);
}

/* The slowest rank's. */
static psw_status measure_products(psw_job *j)
{
    double flop_s[2] = {0, 0}, flops_s[2];
    psw_status status = psw_measure_products(flops_s);
    for (int i = 0; i < 2 && status == PSW_OK; i++) flop_s[i] = 1 / flops_s[i];
    PSW_TRY(psw_comm_agree(j->world, status));
    PSW_TRY(psw_comm_max(j->world, flop_s, 2));
    for (int i = 0; i < 2; i++) j->product_flops_s[i] = 1 / flop_s[i];
    return PSW_OK;
}

/* All ranks at once, as they will be at work; the slowest rank's memory counts. Without the memory to measure it, it is
 * not known. */
static psw_status measure_machine(psw_job *j)
{
    PSW_TRY(psw_measure_rates_agreed(j->world, &j->rates));
    PSW_TRY(psw_comm_barrier(j->world));
    PSW_TRY(measure_products(j));
    if (psw_measure_memory(&j->memory_byte_s) != PSW_OK) j->memory_byte_s = INFINITY;
    PSW_TRY(psw_comm_max(j->world, &j->memory_byte_s, 1));
    if (isinf(j->memory_byte_s)) j->memory_byte_s = NAN;
    PSW_TRY(psw_measure_messages(&j->crew.order, &j->crew.split, j->latency_s, j->byte_s));
    psw_rates_of_messages(j->latency_s, j->byte_s, &j->rates);
    return PSW_OK;
}

static void put_ceilings(const psw_job *j, psw_launch *launch)
{
    launch->rates = j->rates;
    launch->memory_bytes_s = 1 / j->memory_byte_s;
    for (int i = 0; i < 2; i++) {
        launch->product_flops_s[i] = j->product_flops_s[i];
        launch->latency_s[i] = j->latency_s[i];
        launch->byte_s[i] = j->byte_s[i];
    }
}

static psw_status share_work(psw_job *j)
{
    PSW_TRY(measure_machine(j));
    psw_cut cut = psw_cut_default;
    PSW_TRY(cut_runs(j, &cut));
    j->display.total_s = j->runs.predicted_s + j->suspects.predicted_s;
    double ended = (double)(j->display.points_before + j->display.failed_before + j->display.skipped_before);
    j->display.share_before = ended / (double)j->slots;
    j->display.share = points_asked(j) / (double)j->slots;
    j->records = malloc((size_t)cut.most_slots * sizeof *j->records);
    j->marks = malloc((size_t)cut.most_slots * sizeof *j->marks);
    psw_status status = j->records && j->marks ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the records of a run");
    if (status == PSW_OK && j->settings->timing) status = psw_timer_create(j->settings, &j->timer);
    return psw_comm_agree(j->world, status);
}

/* Tests cannot wait for a minute. */
static double seconds_for_tests(const char *variable, double usual)
{
    const char *text = getenv(variable);
    return text ? strtod(text, NULL) : usual;
}

/* The smallest node's memory is everybody's: ranks choose routes by it. */
static psw_status set_limits(psw_job *j)
{
    j->sync_s = seconds_for_tests("POLYSWEEP_SYNC_S", 60);
    j->least_limit_s = seconds_for_tests("POLYSWEEP_LEAST_LIMIT_S", 60);
    j->synced_s = psw_clock_s();
    double least = -psw_machine_read().memory_bytes / j->node.size;
    PSW_TRY(psw_comm_max(j->world, &least, 1));
    PSW_TRY(psw_job_limit(j));
    j->memory_bytes = j->settings->memory_per_rank_bytes > 0 ? j->settings->memory_per_rank_bytes : -least;
    return PSW_OK;
}

static psw_status open_display(psw_job *j, const psw_launch *launch)
{
    psw_display *d = &j->display;
    char name[1100];
    d->path = j->path;
    d->rank = j->world->rank;
    d->ranks = j->world->size;
    d->mode = j->options->quiet ? PSW_PROGRESS_OFF : j->options->progress;
    d->bar = d->mode == PSW_PROGRESS_AUTO && isatty(STDERR_FILENO);
    d->state = (psw_state){.state = "running", .points = j->slots, .ranks = j->world->size, .pid = getpid(),
                           .time_limit_s = j->time_limit_s};
    psw_format(d->state.time_limit_from, sizeof d->state.time_limit_from, "%s", j->time_limit_from);
    psw_format(d->state.study, sizeof d->state.study, "%s", psw_study_name(j->study));
    psw_format(d->state.started, sizeof d->state.started, "%s", launch->started);
    psw_format(d->state.host, sizeof d->state.host, "%s", psw_machine_read().host);
    psw_format(name, sizeof name, "%s.events.jsonl", j->path);
    if (d->rank == 0 && !(d->events = fopen(name, "a")))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be written: %s", name, strerror(errno));
    psw_display_event(d, "\"event\": \"start\", \"ranks\": %d, \"points\": %td, \"done\": %td, \"runs\": %td", d->ranks,
                      j->slots, d->points_before, j->runs.count);
    if (!isnan(j->time_limit_s))
        psw_display_event(d, "\"event\": \"time_limit\", \"time_limit_s\": %.1f, \"from\": \"%s\"", j->time_limit_s,
                          j->time_limit_from);
    return PSW_OK;
}

static psw_status open_all(psw_job *j)
{
    psw_launch launch;
    PSW_TRY(psw_launch_describe(j->world, &j->node, j->options, j->settings->threads, &launch));
    put_ceilings(j, &launch);
    PSW_TRY(psw_comm_agree(j->world, open_display(j, &launch)));
    PSW_TRY(psw_store_open(j->world, j->path, j->study, &launch, &j->store));
    PSW_TRY(psw_comm_agree(j->world, j->world->rank == 0 ? psw_job_put_killed(j) : PSW_OK));
    PSW_TRY(psw_crew_open(&j->crew, &j->node, &j->runs));
    PSW_TRY(psw_board_open(j->world, sizeof(psw_tally) / sizeof(double), &j->display.board));
    psw_job_prepare(j);
    return PSW_OK;
}

static bool has_one_draw(const psw_study *study)
{
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        if (point.data_draws == 1 && point.trials > 1) return true;
    }
    return false;
}

/* Points of closed_form, and those of which it knows nothing. */
static void say_unknown(const psw_job *j)
{
    ptrdiff_t points = 0, unknown = 0;
    for (ptrdiff_t slot = 0; slot < j->slots; slot++) {
        if (j->part[slot] != PSW_PART_WANTED) continue;
        psw_point point = psw_study_point(j->study, slot);
        points += point.method == PSW_CLOSED_FORM;
        unknown += point.method == PSW_CLOSED_FORM && !psw_theory_applies(&point);
    }
    if (unknown > 0)
        fprintf(
            stderr,
            "polysweep: note: closed_form knows nothing of %td of %td points and leaves NaN there (noise, row_norm, "
            "den_constant, or data other than self_attention); `exact` computes them\n",
            unknown, points);
}

/* What a study asks for and does not get is said, never taken silently. */
static void say_what_is_missing(const psw_job *j)
{
    const psw_settings *s = j->settings;
    if (j->world->rank != 0 || j->options->quiet) return;
    say_unknown(j);
    if (s->keep_samples && !s->timing)
        fprintf(stderr, "polysweep: note: `output.keep: [samples]` keeps nothing while `time` is off\n");
    if (has_one_draw(j->study))
        fprintf(stderr, "polysweep: note: noise that is drawn once (data_draws 1) says nothing of other draws: success_lo and "
                        "success_hi are Markov's, success_cond_lo and success_cond_hi given that draw\n");
}

static void say(const psw_job *j, bool stopped)
{
    const psw_state *s = &j->display.state;
    if (j->world->rank != 0 || j->options->quiet) return;
    fprintf(stderr, "polysweep: %s: %td of %td points done", j->path, s->done, s->points);
    if (s->failed) fprintf(stderr, ", %td failed (polysweep show %s --where \"status == failed\")", s->failed, j->path);
    if (s->skipped) fprintf(stderr, ", %td skipped for memory or size", s->skipped);
    if (s->failed + s->skipped) fprintf(stderr, "; --redo failed tries %s again", s->failed + s->skipped > 1 ? "them" : "it");
    if (stopped) fprintf(stderr, "; stopped (%s), the same command goes on from here", s->stop_reason);
    fprintf(stderr, "\n");
}

/* What the run came to, from what every rank did. */
static psw_status outcome(psw_job *j, const psw_tally *all)
{
    double ended = all->done + all->failed + all->skipped;
    psw_state *s = &j->display.state;
    bool stopped = ended < points_asked(j), left = s->done + s->failed + s->skipped < s->points;
    const char *word = stopped ? "stopped_clean" : left ? "partial" : s->failed + s->skipped ? "failed" : "done";
    psw_format(s->state, sizeof s->state, "%s", word);
    if (stopped) {
        const char *reason;
        PSW_TRY(psw_job_stop_reason(j, &reason));
        psw_format(s->stop_reason, sizeof s->stop_reason, "%s", reason);
    }
    say(j, stopped);
    if (stopped) return PSW_STOPPED;
    return s->failed + s->skipped ? PSW_POINTS_FAILED : PSW_OK;
}

/* The results are what counts: a sidecar that cannot be written is said, and no failure. The message stays that of the
 * run. */
static void write_sidecars(psw_job *j)
{
    char message[1024], site[96];
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    const psw_state *state = &j->display.state;
    psw_display_event(&j->display,
                      "\"event\": \"end\", \"state\": \"%s\", \"stop_reason\": \"%s\", \"done\": %td, \"failed\": %td",
                      state->state, state->stop_reason, state->done, state->failed);
    if (psw_state_write(j->path, state) != PSW_OK)
        fprintf(stderr, "polysweep: note: %s; polysweep status %s looks into the result file instead\n", psw_message(),
                j->path);
    if (j->display.events) fclose(j->display.events);
    psw_message_set(message, site);
}

static psw_status finish(psw_job *j, psw_status status)
{
    psw_tally all;
    if (status == PSW_STOPPED) status = PSW_OK; /* given up on request: counted as left */
    PSW_TRY(psw_comm_wait(j->world, psw_job_meanwhile, j));
    if (status == PSW_OK && j->untold[0]) status = PSW_FAIL(PSW_ENVIRONMENT, "%s", j->untold);
    status = psw_comm_agree(j->world, status);
    psw_status closing = psw_crew_close(&j->crew);
    if (closing == PSW_OK) closing = psw_display_end(j->world, &j->display, &all);
    if (closing == PSW_OK) closing = psw_store_close(j->world, j->store);
    if (status == PSW_OK) status = closing;
    if (status == PSW_OK)
        status = outcome(j, &all);
    else
        psw_format(j->display.state.state, sizeof j->display.state.state, "failed");
    if (j->world->rank == 0) write_sidecars(j);
    return status;
}

static psw_status run(psw_job *j)
{
    PSW_TRY(read_study(j));
    PSW_TRY(psw_comm_agree(j->world, choose_path(j)));
    PSW_TRY(psw_launch_check(j->world, &j->node, j->settings->threads,
                             j->options->oversubscribe || j->settings->oversubscribe, &j->crowded));
    PSW_TRY(psw_job_find_work(j));
    say_what_is_missing(j);
    PSW_TRY(set_limits(j));
    PSW_TRY(share_work(j));
    PSW_TRY(open_all(j));
    return finish(j, psw_job_work(j));
}

static void release(psw_job *j)
{
    psw_arena_destroy(&j->computer.arena);
    psw_runs_free(&j->runs);
    psw_runs_free(&j->suspects);
    free(j->records);
    free(j->marks);
    free(j->part);
    free(j->attempts);
    free(j->deaths);
    psw_timer_free(&j->timer);
    psw_inputs_free(&j->inputs);
    if (j->study) psw_study_free(j->study);
    if (j->lock >= 0) psw_store_unlock(j->lock);
    psw_crew_free(&j->crew);
    psw_comm_free(&j->node);
}

/* The plan for this very launch. */
static psw_status dry_run(const psw_options *options, const psw_comm *world)
{
    psw_options plan = *options;
    psw_comm node;
    PSW_TRY(psw_comm_split_node(world, &node));
    double most = node.size;
    psw_comm_free(&node);
    PSW_TRY(psw_comm_max(world, &most, 1));
    plan.ranks = world->size;
    plan.ranks_per_node = (ptrdiff_t)most;
    return world->rank == 0 ? psw_cmd_plan(&plan, world) : PSW_OK;
}

psw_status psw_cmd_run(const psw_options *options, const psw_comm *world)
{
    psw_job j = {.options = options, .world = world, .lock = -1};
    if (options->dry_run) return dry_run(options, world);
    psw_stop_listen();
    j.display.start_s = psw_clock_s();
    PSW_TRY(psw_comm_split_node(world, &j.node));
    psw_status status = psw_crew_form(world, &j.node, &j.crew);
    if (status == PSW_OK) status = run(&j);
    release(&j);
    return status;
}
