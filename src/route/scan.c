/* Moves of a scan over ranks (doubling: Hillis, Steele 1986), then of the totals from the last rank to all by a
 * binomial tree. For rounds that go down, ranks are counted from the other end. */
#include "polysweep/route.h"

typedef struct moves {
    const psw_route *route;
    psw_move *list;
    int count;
} moves;

static int steps_of_doubling(int size)
{
    int steps = 0;
    while (1 << steps < size) steps++;
    return steps;
}

/* `place` is a rank counted in the direction of the scan. */
static void put(moves *m, int step, int place, bool send, bool down, bool total)
{
    if (place < 0 || place >= m->route->size) return;
    int peer = down ? m->route->size - 1 - place : place;
    if (m->list) m->list[m->count] = (psw_move){step, peer, send, down, total};
    m->count++;
}

static void put_window(moves *m, int step, bool down)
{
    int place = down ? m->route->size - 1 - m->route->rank : m->route->rank;
    if (m->route->scan == PSW_DOUBLING) {
        put(m, step, place + (1 << step), true, down, false);
        put(m, step, place - (1 << step), false, down, false);
    } else {
        if (step == place) put(m, step, place + 1, true, down, false);
        if (step == place - 1) put(m, step, place - 1, false, down, false);
    }
}

/* Before step k the last 2^k ranks have the total. */
static void put_total(moves *m, int first, int k, bool down)
{
    int size = m->route->size, place = down ? size - 1 - m->route->rank : m->route->rank, behind = size - 1 - place;
    if (behind < 1 << k) put(m, first + k, place - (1 << k), true, down, true);
    if (behind >= 1 << k && behind < 2 << k) put(m, first + k, place + (1 << k), false, down, true);
}

int psw_route_moves(const psw_route *r, bool totals, psw_move *list)
{
    moves m = {r, list, 0};
    if (r->scan != PSW_DOUBLING && r->scan != PSW_CHAIN) return 0;
    int log = steps_of_doubling(r->size), windows = r->scan == PSW_DOUBLING ? log : r->size - 1;
    int directions = r->layout == PSW_ZIGZAG ? 2 : 1;
    for (int step = 0; step < windows; step++)
        for (int down = 0; down < directions; down++) put_window(&m, step, down);
    for (int k = 0; totals && k < log; k++)
        for (int down = 0; down < directions; down++) put_total(&m, windows, k, down);
    return m.count;
}

psw_route psw_route_of_states(const psw_route *r, bool *totals)
{
    psw_route states = *r;
    if (!r->causal) states.layout = PSW_CONTIGUOUS;
    *totals = !r->causal || psw_route_rounds(&states) > 1;
    return states;
}
