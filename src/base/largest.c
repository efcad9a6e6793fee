#include "polysweep/largest.h"

#include <math.h>
#include <stdint.h>

/* The root of the heap is the last in order. Puts `score` there, and lets it sink below those that come after it. */
static void sink_root(psw_score *heap, ptrdiff_t count, psw_score score)
{
    ptrdiff_t at = 0;
    for (ptrdiff_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && psw_score_before(heap[child], heap[child + 1])) child++;
        if (!psw_score_before(score, heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = score;
}

static void rise(psw_score *heap, ptrdiff_t at, psw_score score)
{
    for (; at > 0 && psw_score_before(heap[(at - 1) / 2], score); at = (at - 1) / 2) heap[at] = heap[(at - 1) / 2];
    heap[at] = score;
}

void psw_largest_offer(psw_score *heap, ptrdiff_t *count, ptrdiff_t keep, psw_score score)
{
    if (*count < keep)
        rise(heap, (*count)++, score);
    else if (psw_score_before(score, heap[0]))
        sink_root(heap, keep, score);
}

psw_score psw_largest_last(const psw_score *heap, ptrdiff_t count, ptrdiff_t keep)
{
    return count < keep ? (psw_score){-INFINITY, PTRDIFF_MAX} : heap[0];
}
