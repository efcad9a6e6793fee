/* sweep, inside: growing a file, progress. */
#ifndef POLYSWEEP_SWEEP_INSIDE_H
#define POLYSWEEP_SWEEP_INSIDE_H

#include "polysweep/sweep.h"

/* ---- a study that has grown ---- */

/* Makes the file at `path` one of `study`, if it is not, without a loss of done points: PSW_USAGE says what stands
 * against it. Local; whatever happens, the file is the old one or the new one, whole. */
psw_status psw_extend(const char *path, const psw_study *study, bool quiet);
/* Done points that it would keep; -1: it would be refused. */
ptrdiff_t psw_extend_keeps(const char *path, const psw_study *study);

/* ---- progress ---- */

typedef struct psw_tally { /* totals of one rank, or of all */
    double done, failed, skipped, cost_s, busy_s; /* points; predicted and measured seconds of finished runs */
} psw_tally;

typedef struct psw_display {
    psw_board *board;
    const char *path; /* of the result file */
    FILE *events;     /* rank 0 */
    psw_progress mode;
    bool bar;
    int rank, ranks;
    double start_s, last_line_s, last_state_s, last_post_s;
    double total_s;      /* predicted cost of this launch's runs */
    double share_before, share; /* of the study's points: what earlier launches ended, what this one is to do */
    ptrdiff_t points_before, failed_before, skipped_before;
    psw_tally mine;
    psw_state state;
} psw_display;

void psw_display_tick(psw_display *display);       /* often; posts, draws, writes the sidecar when due */
void psw_display_event(psw_display *display, const char *format, ...) __attribute__((format(printf, 2, 3)));
psw_status psw_display_end(const psw_comm *world, psw_display *display, psw_tally *all); /* collective; closes the board */

#endif
