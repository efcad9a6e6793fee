/* Steps of a row fold: tiles and transfers. At step t of a ring the leaves of rank - t are resident. */
#include "route/grid.h"

/* rank + by, round the ring */
static int ring_rank(const psw_route *r, int rank, int by)
{
    return (int)(((ptrdiff_t)rank + by % r->size + r->size) % r->size);
}

bool psw_route_sees(const psw_route *r, int queries, int keys)
{
    if (r->pattern == PSW_GRID) return route_grid_sees(r, queries, keys);
    ptrdiff_t count = psw_route_count(r, queries);
    if (count == 0 || psw_route_count(r, keys) == 0) return false;
    return !r->causal || psw_route_leaf(r, queries, count - 1) >= psw_route_leaf(r, keys, 0);
}

ptrdiff_t psw_route_seen(const psw_route *r, ptrdiff_t leaf)
{
    return r->causal ? leaf + 1 : r->leaves;
}

/* Does `rank` need what is passed round the ring from `of`? */
static bool is_needed(const psw_route *r, int of, int rank)
{
    return r->pattern == PSW_PASS_Q ? psw_route_sees(r, of, rank) : psw_route_sees(r, rank, of);
}

/* No rank before the owner needs contiguous keys: those are not looked at. */
int psw_route_hops(const psw_route *r, int of)
{
    bool forward = r->pattern == PSW_RING && r->causal && r->layout == PSW_CONTIGUOUS;
    int hops = forward ? r->size - 1 - of : r->size - 1;
    if (psw_route_count(r, of) == 0) return 0;
    while (hops > 0 && !is_needed(r, of, ring_rank(r, of, hops))) hops--;
    return hops;
}

int psw_route_steps(const psw_route *r)
{
    if (r->pattern == PSW_STREAM) return (int)(psw_route_most(r) * r->leaves) + 1;
    if (r->pattern == PSW_GRID) return r->columns + 1;
    return r->pattern == PSW_ALL_GATHER ? 2 : r->size;
}

int psw_route_remote_buffers(const psw_route *r)
{
    if (r->pattern == PSW_STREAM) return 2;
    if (r->pattern == PSW_GRID) return route_grid_candidates(r, 0) / 2;
    if (r->pattern == PSW_ALL_GATHER) return r->size - 1;
    return r->size > 2 ? 2 : r->size - 1;
}

psw_remote psw_route_remote(const psw_route *r, int index)
{
    if (r->pattern == PSW_GRID) return route_grid_remote(r, index);
    psw_payload_kind what = r->pattern == PSW_PASS_Q ? PSW_QUERIES : PSW_KEYS;
    return (psw_remote){what, -1, r->pattern == PSW_STREAM ? 1 : psw_route_most(r)};
}

psw_leaves psw_route_done(const psw_route *r, int step)
{
    ptrdiff_t count = psw_route_count(r, r->rank);
    if (r->pattern != PSW_STREAM) return (psw_leaves){0, step + 1 == psw_route_steps(r) ? count : 0};
    ptrdiff_t place = (step - 1) / r->leaves;
    bool done = step > 0 && step % r->leaves == 0 && place < count;
    return (psw_leaves){place, done ? 1 : 0};
}

/* ---- a stream ---- */

/* Pair number `pair` of a rank: its query leaf pair / leaves, with the key leaf that comes pair % leaves after the
 * rank's first one. -1: the mask hides it, or there is no such query. Ranks begin at different keys, so that they do
 * not all receive from the same owner. */
static ptrdiff_t streamed(const psw_route *r, int rank, ptrdiff_t pair, ptrdiff_t *query)
{
    ptrdiff_t place = pair / r->leaves;
    *query = -1;
    if (pair < 0 || place >= psw_route_count(r, rank)) return -1;
    ptrdiff_t key = (psw_route_leaf(r, rank, 0) + pair % r->leaves) % r->leaves;
    *query = psw_route_leaf(r, rank, place);
    return key < psw_route_seen(r, *query) ? key : -1;
}

/* A step computes the tiles of the pair before, while the keys of its own pair arrive. */
static psw_step step_of_stream(const psw_route *r, int step)
{
    ptrdiff_t query, key = streamed(r, r->rank, step - 1, &query);
    int owner = key < 0 ? r->rank : psw_route_owner(r, key);
    return (psw_step){key >= 0, r->rank, owner, owner == r->rank ? -1 : (step - 1) % 2, query, key};
}

/* Candidate `index` of a step: what is received, then what is sent to each other rank. */
static bool of_stream(const psw_route *r, int step, int index, psw_transfer *transfer)
{
    int other = index == 0 ? r->rank : ring_rank(r, r->rank, index);
    ptrdiff_t query, key = streamed(r, other, step, &query);
    int owner = key < 0 ? -1 : psw_route_owner(r, key);
    if (index == 0) {
        *transfer = (psw_transfer){PSW_KEYS, owner, owner, false, false, step % 2, key};
        return owner >= 0 && owner != r->rank;
    }
    *transfer = (psw_transfer){PSW_KEYS, r->rank, other, true, false, -1, key};
    return owner == r->rank;
}

/* Remote buffer of what is resident at `step` of a ring. */
static int buffer_at(int step)
{
    return step == 0 ? -1 : (step - 1) % 2;
}

psw_step psw_route_step(const psw_route *r, int step)
{
    if (r->pattern == PSW_STREAM) return step_of_stream(r, step);
    if (r->pattern == PSW_GRID) return route_grid_step(r, step);
    int other = ring_rank(r, r->rank, -step);
    if (r->pattern == PSW_ALL_GATHER) return (psw_step){step == 1, r->rank, -1, -1, -1, -1};
    if (r->pattern == PSW_PASS_Q)
        return (psw_step){is_needed(r, other, r->rank), other, r->rank, buffer_at(step), -1, -1};
    return (psw_step){is_needed(r, other, r->rank), r->rank, other, buffer_at(step), -1, -1};
}

/* ---- transfers ---- */

enum { MOST = 4 };

typedef struct transfers {
    int count;
    psw_transfer list[MOST];
} transfers;

static void put(transfers *to, bool is, psw_transfer transfer)
{
    if (is) to->list[to->count++] = transfer;
}

/* Keys and values, or queries, from the rank before to the next one; sums of queries directly to their owner. */
static transfers of_ring(const psw_route *r, int step)
{
    transfers found = {0};
    int here = ring_rank(r, r->rank, -step), next = ring_rank(r, here, -1), before = ring_rank(r, r->rank, -1);
    int owner = ring_rank(r, r->rank, step);
    psw_payload_kind what = r->pattern == PSW_PASS_Q ? PSW_QUERIES : PSW_KEYS;
    bool more = step + 1 < r->size;
    put(&found, more && psw_route_hops(r, next) > step,
        (psw_transfer){what, next, before, false, false, buffer_at(step + 1), -1});
    put(&found, more && psw_route_hops(r, here) > step,
        (psw_transfer){what, here, ring_rank(r, r->rank, 1), true, false, buffer_at(step), -1});
    if (r->pattern != PSW_PASS_Q || step == 0) return found;
    put(&found, is_needed(r, r->rank, owner), (psw_transfer){PSW_SUMS, r->rank, owner, false, false, -1, -1});
    put(&found, is_needed(r, here, r->rank), (psw_transfer){PSW_SUMS, here, here, true, true, -1, -1});
    return found;
}

/* Step 0: to and from every other rank. */
static bool of_gather(const psw_route *r, int index, psw_transfer *transfer)
{
    int peer = ring_rank(r, r->rank, index / 2 + 1);
    bool send = index % 2 == 0;
    *transfer = send ? (psw_transfer){PSW_KEYS, r->rank, peer, true, false, -1, -1}
                     : (psw_transfer){PSW_KEYS, peer, peer, false, false, index / 2, -1};
    return send ? psw_route_sees(r, peer, r->rank) : psw_route_sees(r, r->rank, peer);
}

/* all_gather, stream, grid: transfers are those of these candidates that are needed. */
static int candidates(const psw_route *r, int step)
{
    if (r->pattern == PSW_STREAM) return r->size;
    if (r->pattern == PSW_GRID) return route_grid_candidates(r, step);
    return step == 0 ? 2 * (r->size - 1) : 0;
}

static bool candidate(const psw_route *r, int step, int index, psw_transfer *transfer)
{
    if (r->pattern == PSW_GRID) return route_grid_candidate(r, step, index, transfer);
    return r->pattern == PSW_STREAM ? of_stream(r, step, index, transfer) : of_gather(r, index, transfer);
}

static bool is_ring(const psw_route *r)
{
    return r->pattern == PSW_RING || r->pattern == PSW_PASS_Q;
}

int psw_route_transfers(const psw_route *r, int step)
{
    if (is_ring(r)) return of_ring(r, step).count;
    int count = 0;
    psw_transfer any;
    for (int i = 0; i < candidates(r, step); i++) count += candidate(r, step, i, &any);
    return count;
}

psw_transfer psw_route_transfer(const psw_route *r, int step, int index)
{
    psw_transfer found = {0};
    if (is_ring(r)) return of_ring(r, step).list[index];
    for (int i = 0; index >= 0; i++) index -= candidate(r, step, i, &found);
    return found;
}
