/* Scans over teams of up to 64 ranks, all ranks run in one process: every rank gets the sum of those before it, and the
 * total; every move has its counterpart. */
#include <string.h>

#include "check.h"
#include "polysweep/route.h"
#include "property/route_cases.h"

enum { RANKS = 64 };

/* Ranks and leaves are summed as sets: bit p is rank p. */
typedef unsigned long long set;

static set step_of(const psw_route *route, int rank, int step, bool down, const set *window, const set *total,
                   bool *totals)
{
    psw_move list[PSW_MOVES_MAX];
    psw_route r = route_case_on(route, rank);
    int count = psw_route_moves(&r, true, list);
    set got = 0;
    for (int i = 0; i < count; i++) {
        const psw_move *m = &list[i];
        if (m->step != step || m->send || m->down != down) continue;
        got = m->total ? total[m->peer] : window[m->peer];
        *totals = m->total;
    }
    return got;
}

static void check_direction(const psw_route *route, bool down)
{
    set window[RANKS], before[RANKS] = {0}, total[RANKS] = {0};
    psw_move list[PSW_MOVES_MAX];
    int last = down ? 0 : route->size - 1, steps = 0;
    set all = route->size == 64 ? ~0ull : (1ull << route->size) - 1;
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        int count = psw_route_moves(&r, true, list);
        CHECK(count <= PSW_MOVES_MAX, "%s: %d moves", route_case_name(route), count);
        for (int i = 0; i < count; i++) steps = list[i].step + 1 > steps ? list[i].step + 1 : steps;
        window[rank] = 1ull << rank;
    }
    for (int step = 0; step < steps; step++) {
        set old_window[RANKS], old_total[RANKS];
        total[last] = window[last];
        memcpy(old_window, window, sizeof window);
        memcpy(old_total, total, sizeof total);
        for (int rank = 0; rank < route->size; rank++) {
            bool totals = false;
            set got = step_of(route, rank, step, down, old_window, old_total, &totals);
            if (totals) {
                total[rank] = got;
            } else {
                CHECK((before[rank] & got) == 0, "%s: added twice", route_case_name(route));
                before[rank] |= got, window[rank] |= got;
            }
        }
    }
    total[last] = window[last];
    for (int rank = 0; rank < route->size; rank++) {
        set below = (1ull << rank) - 1, expected = down ? all & ~(below | 1ull << rank) : below;
        CHECK(before[rank] == expected, "%s: rank %d has the wrong ranks before it", route_case_name(route), rank);
        CHECK(total[rank] == all, "%s: rank %d lacks the total", route_case_name(route), rank);
    }
}

/* Every receive has its send. */
static void check_moves(const psw_route *route)
{
    int sends = 0, receives = 0;
    psw_move list[PSW_MOVES_MAX];
    for (int rank = 0; rank < route->size; rank++) {
        psw_route r = route_case_on(route, rank);
        int count = psw_route_moves(&r, true, list);
        for (int i = 0; i < count; i++) {
            psw_move m = list[i], other[PSW_MOVES_MAX];
            psw_route peer = route_case_on(route, m.peer);
            int found = 0, others = psw_route_moves(&peer, true, other);
            for (int j = 0; j < others; j++)
                found += other[j].peer == rank && other[j].step == m.step && other[j].send != m.send &&
                         other[j].down == m.down && other[j].total == m.total;
            CHECK(found == 1, "%s: rank %d step %d: %d counterparts", route_case_name(route), rank, m.step, found);
            sends += m.send, receives += !m.send;
        }
    }
    CHECK(sends == receives, "%s: %d sends, %d receives", route_case_name(route), sends, receives);
}

static void check_scans(psw_route route)
{
    for (route.scan = 0; route.scan <= PSW_CHAIN; route.scan++) {
        check_direction(&route, false);
        if (route.layout == PSW_ZIGZAG) check_direction(&route, true);
        check_moves(&route);
    }
}

int main(void)
{
    each_route(64, check_scans);
    return test_end();
}
