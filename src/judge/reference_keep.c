/* Of a method that keeps the largest scores of a row: the last one that is kept. Every rank looks at all keys, so that
 * nothing has to be merged; scores have the bits that they have when they become weights, as tiles are the same. */
#include <math.h>
#include <stdint.h>

#include "judge/reference.h"

/* Larger scores come first, of equal ones the first key. */
static bool before(psw_kept a, psw_kept b)
{
    return a.z > b.z || (a.z == b.z && a.key < b.key);
}

static void swap(psw_kept *a, psw_kept *b)
{
    psw_kept kept = *a;
    *a = *b, *b = kept;
}

/* A heap: nobody comes after his parent's place, so the last of all is at the top. */
static void rise(psw_kept *heap, ptrdiff_t i)
{
    for (; i > 0 && before(heap[(i - 1) / 2], heap[i]); i = (i - 1) / 2) swap(&heap[(i - 1) / 2], &heap[i]);
}

static void sink(psw_kept *heap, ptrdiff_t count)
{
    for (ptrdiff_t i = 0, child; (child = 2 * i + 1) < count; i = child) {
        child += child + 1 < count && before(heap[child], heap[child + 1]);
        if (!before(heap[i], heap[child])) break;
        swap(&heap[i], &heap[child]);
    }
}

static void add(psw_comparison *c, ptrdiff_t row, psw_kept score)
{
    psw_kept *heap = c->heap + row * c->most;
    if (c->held[row] < c->most) {
        heap[c->held[row]] = score;
        rise(heap, c->held[row]++);
    } else if (before(score, heap[0])) {
        heap[0] = score;
        sink(heap, c->most);
    }
}

static void add_tile(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    judge_reference_scores(c, strip, keys);
    ptrdiff_t first = judge_reference_tokens(c, keys).first;
    for (ptrdiff_t i = 0; i < strip.count; i++)
        for (ptrdiff_t j = 0, seen = judge_reference_seen(c, strip.first + i, keys); j < seen; j++)
            add(c, strip.first + i, (psw_kept){c->plain.tile[i * keys.count + j], first + j});
}

psw_status judge_reference_keep(psw_comparison *c)
{
    const psw_kept all = {-INFINITY, PTRDIFF_MAX};
    if (c->most == 0) return PSW_OK;
    for (ptrdiff_t i = 0; i < c->rows; i++) c->held[i] = 0;
    PSW_TRY(judge_reference_over(c, (judge_reference_walk){.all = true}, add_tile));
    for (ptrdiff_t i = 0; i < c->rows; i++) c->kept[i] = c->held[i] < c->most ? all : c->heap[i * c->most];
    return PSW_OK;
}
