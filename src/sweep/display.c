#include "sweep/display.h"

#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "polysweep/files.h"
#include "polysweep/measure.h"
#include "polysweep/plain.h"
#include "polysweep/terminal.h"
#include "sweep/bar.h"

static void iso_time(char *out, size_t size)
{
    time_t now = (time_t)psw_wall_s();
    struct tm utc;
    strftime(out, size, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
}

/* Of a search: the points that it is expected to need, as fast as those so far. */
static void refresh_search(sweep_display *display, const sweep_tally *all)
{
    psw_sweep_state *state = &display->state;
    sweep_outlook outlook = sweep_families_outlook(display->families);
    double ended = (double)(state->done + state->failed + state->skipped);
    double pace = all->cost_s > 0 && all->busy_s > 0 ? all->busy_s / all->cost_s : 1;
    display->expected = ended + outlook.left;
    state->fraction = display->expected > 0 ? ended / display->expected : 1;
    state->eta_s = outlook.left_s * pace / display->ranks;
}

static void refresh(sweep_display *display, const sweep_tally *all)
{
    psw_sweep_state *state = &display->state;
    double total_s = display->remaining.total_s, launch = total_s > 0 ? fmin(all->cost_s / total_s, 1) : 1;
    state->done = display->done_before + (ptrdiff_t)all->done;
    state->failed = display->failed_before + (ptrdiff_t)all->failed;
    state->skipped = display->skipped_before + (ptrdiff_t)all->skipped;
    state->not_needed = display->not_needed_before + (ptrdiff_t)all->not_needed;
    state->fraction = display->share_before + display->share * launch;
    state->elapsed_s = psw_clock_s() - display->start_s;
    double now = psw_clock_s();
    if (all->cost_s != display->ended_cost) display->ended_s = now, display->ended_cost = all->cost_s;
    state->eta_s = psw_remaining_s(&display->remaining, &all->pace, now - display->begin_s, now - display->ended_s);
    if (display->families) refresh_search(display, all);
    if (state->done + state->failed + state->skipped + state->not_needed == state->points) state->fraction = 1;
    iso_time(state->updated, sizeof state->updated);
}

/* The width is asked each time: people make windows larger. A message clears what stands; it is drawn anew then. */
static void draw_bar(sweep_display *display)
{
    char text[SWEEP_BAR];
    int columns = sweep_bar_text(&display->state, display->families ? display->expected : 0,
                                 psw_terminal_columns(STDERR_FILENO), psw_terminal_unicode(), text);
    int before = display->drawn > columns ? display->drawn - columns : 0;
    psw_standing_set(0, false);
    psw_print(stderr, "\r%s%*s", text, before, "");
    fflush(stderr);
    psw_standing_set(columns + before, false);
    display->drawn = columns;
}

static void draw_line(const sweep_display *display)
{
    const psw_sweep_state *state = &display->state;
    char elapsed[32], left[32];
    sweep_bar_duration(state->elapsed_s, elapsed, sizeof elapsed);
    sweep_bar_duration(state->eta_s, left, sizeof left);
    psw_print(stderr, "polysweep: %3.0f %%  %td of ", 100 * state->fraction, state->done);
    if (display->families)
        psw_print(stderr, "about %.0f points that the search needs of %td", display->expected, state->points);
    else
        psw_print(stderr, "%td points", state->points);
    if (state->failed) psw_print(stderr, ", %td failed", state->failed);
    psw_print(stderr, "  %s elapsed, about %s left\n", elapsed, left);
    fflush(stderr);
}

static void draw(sweep_display *display)
{
    display->bar ? draw_bar(display) : draw_line(display);
}

void sweep_display_event(sweep_display *display, const char *format, ...)
{
    char now[32], body[768];
    va_list arguments;
    if (!display->events) return;
    va_start(arguments, format);
    vsnprintf(body, sizeof body, format, arguments);
    va_end(arguments);
    iso_time(now, sizeof now);
    fprintf(display->events, "{\"time\": \"%s\", %s}\n", now, body);
    fflush(display->events);
}

/* Between a failure and its report the message is that failure's. A full disk is met again at the end of the run. */
static void write_state(const sweep_display *display)
{
    char message[1024], site[96];
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    psw_sweep_state_write(display->path, &display->state);
    psw_message_set(message, site);
}

/* Nodes and teams; a rank that has said nothing yet is not heard. */
static void hear(sweep_display *display, double now)
{
    sweep_places_empty(&display->state);
    for (int rank = 0; rank < display->places.ranks; rank++) {
        double heard;
        const sweep_tally *it = (const sweep_tally *)psw_board_of(display->board, rank, &heard);
        sweep_word word = {it->team, it->run_s, it->done + it->failed + it->skipped + it->not_needed, now - heard};
        sweep_places_add(&display->places, rank, &word, &display->state);
    }
}

static void show(sweep_display *display, double now)
{
    double every_s = display->bar ? 0.2 : 10, first_s = display->bar ? 0.2 : 3;
    bool line =
        display->mode != PSW_PROGRESS_OFF && now - display->last_line_s >= every_s && now - display->start_s >= first_s;
    bool file = now - display->last_state_s >= 2;
    sweep_tally all;
    if (!line && !file) return;
    psw_board_read(display->board, now, (double *)&all);
    refresh(display, &all);
    hear(display, now);
    if (line) {
        draw(display);
        display->last_line_s = now;
    }
    if (file) {
        write_state(display);
        display->last_state_s = now;
    }
}

/* ---- opening ---- */

static void fill_state(const sweep_given *g, const sweep_slots *slots, const sweep_limits *limits, const char *started,
                       psw_sweep_state *state)
{
    ptrdiff_t ended = slots->done + slots->failed + slots->skipped + slots->not_needed;
    const char *launch = getenv("POLYSWEEP_LAUNCH");
    *state = (psw_sweep_state){.state = "running",
                               .points = slots->points,
                               .before = ended,
                               .ranks = g->world->size,
                               .pid = getpid(),
                               .time_limit_s = limits->time_limit_s};
    psw_format(state->time_limit_from, sizeof state->time_limit_from, "%s", limits->time_limit_from);
    psw_format(state->study, sizeof state->study, "%s", psw_study_name(g->study));
    psw_part_print(&g->request->part, state->part);
    psw_format(state->launch, sizeof state->launch, "%s", launch ? launch : "");
    psw_format(state->started, sizeof state->started, "%s", started);
    psw_format(state->host, sizeof state->host, "%s", g->machine.host);
}

static sweep_display display_of(const sweep_given *g, const sweep_slots *slots, const sweep_runs *runs)
{
    psw_progress mode = g->request->quiet ? PSW_PROGRESS_OFF : g->request->progress;
    double ended = (double)(slots->done + slots->failed + slots->skipped + slots->not_needed),
           points = (double)slots->points;
    return (sweep_display){.path = g->path,
                           .mode = mode,
                           .bar = mode == PSW_PROGRESS_BAR ||
                                  (mode == PSW_PROGRESS_AUTO && psw_terminal_draws(STDERR_FILENO)),
                           .rank = g->world->rank,
                           .ranks = g->world->size,
                           .start_s = g->start_s,
                           .run_begun_s = NAN,
                           .share_before = points > 0 ? ended / points : 1,
                           .share = points > 0 ? sweep_runs_points(runs) / points : 0,
                           .done_before = slots->done,
                           .failed_before = slots->failed,
                           .skipped_before = slots->skipped,
                           .not_needed_before = slots->not_needed};
}

static psw_status open_events(const char *name, FILE **events)
{
    int descriptor;
    PSW_TRY(psw_companion_open(name, O_APPEND, "{", &descriptor));
    *events = fdopen(descriptor, "a");
    if (*events) return PSW_OK;
    close(descriptor);
    return PSW_FAIL(PSW_NO_MEMORY, "no memory to write %s", name);
}

psw_status sweep_display_open(const sweep_given *given, const sweep_slots *slots, const sweep_runs *runs,
                              const sweep_limits *limits, const char *started, sweep_display *display)
{
    char name[1100];
    *display = display_of(given, slots, runs);
    fill_state(given, slots, limits, started, &display->state);
    psw_format(name, sizeof name, "%s.events.jsonl", given->path);
    if (display->rank == 0) PSW_TRY(open_events(name, &display->events));
    sweep_display_event(display, "\"event\": \"start\", \"ranks\": %d, \"points\": %td, \"done\": %td, \"runs\": %td",
                        display->ranks, slots->points, slots->done, runs->usual.count);
    if (!isnan(limits->time_limit_s))
        sweep_display_event(display, "\"event\": \"time_limit\", \"time_limit_s\": %.1f, \"from\": \"%s\"",
                            limits->time_limit_s, limits->time_limit_from);
    return PSW_OK;
}

_Static_assert(sizeof(sweep_tally) <= PSW_BOARD_MAX * sizeof(double), "a tally fits the board");

psw_status sweep_display_share(const psw_comm *world, const psw_comm *node, sweep_display *display)
{
    PSW_TRY(sweep_places_find(world, node, display->state.host, &display->places));
    display->begin_s = display->ended_s = psw_clock_s();
    PSW_TRY(psw_board_open(world, sizeof(sweep_tally) / sizeof(double), &display->board));
    refresh(display, &(sweep_tally){0}); /* what earlier launches have done is known from the start */
    double bar = display->rank == 0 && display->bar ? psw_terminal_columns(STDERR_FILENO) - 1 : 0;
    PSW_TRY(psw_comm_max(world, &bar, 1));
    if (display->rank != 0) psw_standing_set((int)bar, true); /* its messages come to where rank 0 draws */
    if (display->rank == 0) write_state(display);
    return PSW_OK;
}

void sweep_display_free(sweep_display *display)
{
    sweep_places_free(&display->places);
}

/* ---- while points are computed, and at the end ---- */

void sweep_display_begins(sweep_display *display, int team)
{
    display->mine.team = team;
    display->run_begun_s = team > 0 ? psw_clock_s() : NAN;
}

void sweep_display_ends(sweep_display *display)
{
    display->run_begun_s = NAN;
}

void sweep_display_tick(sweep_display *display)
{
    double now = psw_clock_s();
    if (now - display->last_post_s < 0.1) return;
    display->last_post_s = now;
    display->mine.run_s = isnan(display->run_begun_s) ? 0 : now - display->run_begun_s;
    psw_board_post(display->board, (const double *)&display->mine);
    if (display->rank == 0) show(display, now);
}

psw_status sweep_display_end(const psw_comm *world, sweep_display *display, sweep_tally *all)
{
    psw_board_post(display->board, (const double *)&display->mine);
    psw_status status = psw_board_close(world, display->board, (double *)all);
    refresh(display, all);
    display->state.eta_s = 0;
    sweep_places_empty(&display->state); /* nobody computes any more */
    psw_standing_set(0, false);
    if (display->rank == 0 && display->bar) {
        draw(display);
        psw_standing_set(0, false);
        psw_print(stderr, "\n");
    }
    return status;
}
