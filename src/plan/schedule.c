#include <stdlib.h>

#include "polysweep/plan.h"

/* The earliest free worker of a heap of free times takes `seconds` and sinks to its place. */
static double work(double *heap, ptrdiff_t size, double seconds)
{
    double done = heap[0] + seconds;
    ptrdiff_t at = 0;
    for (;;) {
        ptrdiff_t child = 2 * at + 1;
        if (child + 1 < size && heap[child + 1] < heap[child]) child++;
        if (child >= size || heap[child] >= done) break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = done;
    return done;
}

psw_status psw_schedule_simulate(const psw_runs *runs, ptrdiff_t ranks, psw_schedule *schedule)
{
    *schedule = (psw_schedule){.busy_s = runs->predicted_s, .ranks = ranks};
    if (ranks < 1) return PSW_FAIL(PSW_USAGE, "a schedule needs at least one rank, not %td", ranks);
    ptrdiff_t workers = ranks < runs->count ? ranks : runs->count; /* more find nothing to do */
    if (workers == 0) return PSW_OK;
    double *heap = calloc((size_t)workers, sizeof *heap);
    if (!heap) return PSW_FAIL(PSW_NO_MEMORY, "cannot simulate %td ranks", ranks);
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        double done = work(heap, workers, runs->list[i].predicted_s);
        if (done > schedule->finish_s) schedule->finish_s = done;
    }
    free(heap);
    if (schedule->finish_s > 0) schedule->utilisation = schedule->busy_s / (schedule->finish_s * (double)ranks);
    return PSW_OK;
}
