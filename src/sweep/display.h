/* sweep/display: progress: on stderr for people, in sidecars for scripts. */
#ifndef POLYSWEEP_SWEEP_DISPLAY_H
#define POLYSWEEP_SWEEP_DISPLAY_H

#include "sweep/families.h"
#include "sweep/limits.h"
#include "sweep/places.h"
#include "sweep/runs.h"

typedef struct sweep_tally {                  /* totals of one rank, or of all; nothing but doubles */
    double done, failed, skipped, not_needed; /* points */
    double cost_s, busy_s; /* predicted and measured seconds of finished runs, by the ranks that they hold */
    psw_pace pace;         /* the same by kind */
    double team, run_s;    /* of a rank alone: of the team that it leads, ranks, and seconds of the run that it has */
} sweep_tally;

typedef struct sweep_display {
    psw_board *board;
    const char *path; /* of the result file */
    FILE *events;     /* rank 0 */
    psw_progress mode;
    bool bar;
    int drawn; /* columns of the bar that stands */
    int rank, ranks;
    double begin_s;             /* when the first run began */
    double ended_s, ended_cost; /* when a run was last seen to have ended; the cost of all that had */
    double start_s, last_line_s, last_state_s, last_post_s;
    psw_remaining remaining;        /* of this launch's runs */
    const sweep_families *families; /* rank 0, of a search instead */
    double share_before, share;     /* of the study's points: finished by earlier launches; to be done by this one */
    ptrdiff_t done_before, failed_before, skipped_before, not_needed_before;
    double expected; /* points of a search that has come so far */
    sweep_tally mine;
    double run_begun_s; /* of this rank; NaN: it has none */
    sweep_places places;
    psw_sweep_state state;
} sweep_display;

/* Local, on every rank; `remaining` is the caller's to fill; the board is opened separately. `started`: of the launch,
 * as in its row. PSW_ENVIRONMENT. */
psw_status sweep_display_open(const sweep_given *given, const sweep_slots *slots, const sweep_runs *runs,
                              const sweep_limits *limits, const char *started, sweep_display *display);
/* Collective: from here on totals of all ranks are known. */
psw_status sweep_display_share(const psw_comm *world, const psw_comm *node, sweep_display *display);
void sweep_display_free(sweep_display *display);
/* This rank begins a run: as the first of so many, 0: as another. ends: it has none. */
void sweep_display_begins(sweep_display *display, int team);
void sweep_display_ends(sweep_display *display);

void sweep_display_tick(sweep_display *display); /* often; posts, draws, writes the sidecar when due */
void sweep_display_event(sweep_display *display, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Collective: closes the board; the totals of all ranks. */
psw_status sweep_display_end(const psw_comm *world, sweep_display *display, sweep_tally *all);

#endif
