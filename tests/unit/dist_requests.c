/* There is room for all messages of a step, also where leaves or sums are many GiB. Nothing is sent. */
#include "check.h"
#include "dist/pass.h"

/* Bytes of a leaf, and of the sums of one query leaf. */
struct psw_attention {
    const psw_route *route;
    size_t leaf, sums;
};

static psw_payload payload(psw_attention *a, const psw_transfer *t)
{
    size_t leaves = t->leaf >= 0 ? 1 : (size_t)psw_route_count(a->route, t->of);
    return (psw_payload){NULL, leaves * (t->what == PSW_SUMS ? a->sums : a->leaf)};
}

static void check_steps(psw_route route, size_t leaf, size_t sums)
{
    const psw_row_fold rows = {.payload = payload};
    const psw_engine engine = {.rows = &rows};
    psw_attention attention = {&route, leaf, sums};
    psw_team_task task = {.engine = &engine, .attention = &attention, .route = &route};
    for (route.rank = 0; route.rank < route.size; route.rank++) {
        int most = dist_rows_requests(&task);
        for (int step = 0; step < psw_route_steps(&route); step++) {
            int needed = 0;
            for (int i = 0; i < psw_route_transfers(&route, step); i++) {
                psw_transfer t = psw_route_transfer(&route, step, i);
                needed += dist_pieces(payload(&attention, &t).bytes);
            }
            CHECK(needed <= most, "pattern %d, %d ranks, rank %d, step %d: %d messages, room for %d",
                  (int)route.pattern, route.size, route.rank, step, needed, most);
        }
    }
}

int main(void)
{
    const size_t gib = (size_t)1 << 30;
    for (int pattern = 0; pattern < PSW_PATTERNS; pattern++)
        for (int size = 2; size < 8; size++)
            for (int causal = 0; causal < 2; causal++) {
                psw_route route = {.pattern = (psw_pattern)pattern, .causal = causal, .leaves = 11, .unit = 1};
                route.layout = causal ? PSW_ZIGZAG : PSW_CONTIGUOUS, route.size = size;
                if (pattern == PSW_GRID) route.columns = psw_route_shape(route.leaves, route.leaves, causal, size);
                check_steps(route, 1000, 1000);
                check_steps(route, 3 * gib, 1000);
                check_steps(route, 1000, 5 * gib);
            }
    return test_end();
}
