/* One rank's part of a sketch that is attended by a team. */
#include "attend/sketched.h"

/* Near parts that are made while states travel: a few milliseconds of work. */
enum { AHEAD_MOST = 16 };
/* Products of blocks that are kept; what is more is made again. */
#define PRODUCTS_MOST ((size_t)256 << 20)

static bool causal(const psw_sketched *f)
{
    return f->p->mask == PSW_CAUSAL;
}

static ptrdiff_t state_reals(const psw_sketched *f)
{
    return (f->p->v + 1) * f->shape.features;
}

/* ---- memory ---- */

static void lay_keys(psw_sketched *f, psw_arena *arena)
{
    f->team.keys = psw_arena_take(arena, f->own, sizeof *f->team.keys);
    for (ptrdiff_t i = 0; i < f->own; i++) {
        psw_mapped keys = psw_mapped_take(arena, f->block, f->shape.stored);
        if (f->team.keys) f->team.keys[i] = keys;
    }
}

static void lay_products(psw_sketched *f, psw_arena *arena)
{
    ptrdiff_t count = f->own + (f->sets > 1);
    bool whole = f->lift_rows >= f->block; /* a block's features are one product */
    if (!causal(f) || !whole || (size_t)(count * state_reals(f)) * sizeof(psw_real) > PRODUCTS_MOST) return;
    f->team.products = psw_arena_take(arena, count * state_reals(f), sizeof(psw_real));
    f->team.exponents = psw_arena_take(arena, count, sizeof *f->team.exponents);
}

static void lay_near(psw_sketched *f, psw_arena *arena)
{
    f->team.ahead_most = !causal(f) ? 0 : f->own < AHEAD_MOST ? f->own : AHEAD_MOST;
    ptrdiff_t count = f->team.ahead_most * f->sets;
    f->team.near = psw_arena_take(arena, count, sizeof *f->team.near);
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_sums sums = psw_sums_take(arena, f->block, f->p->v + 2);
        if (f->team.near) f->team.near[i] = sums;
    }
}

static void lay_states(psw_sketched *f, psw_arena *arena)
{
    psw_states *s = &f->team.states;
    *s = (psw_states){.route = f->route, .sets = f->sets};
    if (!causal(f)) s->route.layout = PSW_CONTIGUOUS;
    s->rounds = psw_route_rounds(&s->route);
    s->bytes = psw_state_packed(f->p->v + 1, f->shape.features);
    s->totals = !causal(f) || s->rounds > 1;
    ptrdiff_t count = s->rounds * s->sets, ranks = f->route.scan == PSW_STATE_GATHER ? f->route.size : 1;
    s->own = psw_arena_take(arena, count, s->bytes);
    s->before = psw_arena_take(arena, count, s->bytes);
    s->total = psw_arena_take(arena, s->totals ? count : 0, s->bytes);
    s->incoming = psw_arena_take(arena, ranks * count, s->bytes);
}

void psw_sketched_lay_team(psw_sketched *f, psw_arena *arena)
{
    lay_keys(f, arena);
    lay_products(f, arena);
    lay_near(f, arena);
    lay_states(f, arena);
}

void psw_sketched_begin(psw_sketched *f)
{
    psw_sketched_forget(f);
    for (int s = 0; s < f->sets && f->special >= 0; s++)
        if (psw_route_owner(&f->route, f->special / f->block) != f->route.rank) psw_sketched_map_token(f, s);
}

/* ---- totals of own stretches ---- */

/* The place of a block's product among those that are kept. */
static ptrdiff_t product_of(const psw_sketched *f, int set, ptrdiff_t block)
{
    bool other = set > 0 && psw_span_has(psw_block_span(f, block), f->special);
    return other ? f->own : psw_route_place(&f->route, block);
}

static void make_products(psw_sketched *f, ptrdiff_t block)
{
    bool differ = psw_span_has(psw_block_span(f, block), f->special);
    for (int s = 0; f->team.products && s < (differ ? f->sets : 1); s++) {
        ptrdiff_t at = product_of(f, s, block);
        f->team.exponents[at] = psw_sketched_product(f, s, block, f->team.products + at * state_reals(f));
    }
}

static void add_block(psw_sketched *f, int set, ptrdiff_t block)
{
    ptrdiff_t at = product_of(f, set, block);
    if (!f->team.products)
        psw_sketched_total(f, set, block, &f->state[set]);
    else if (f->team.exponents[at] != PSW_EMPTY)
        psw_sketched_add(f->team.products + at * state_reals(f), f->team.exponents[at], &f->state[set]);
}

/* Nobody reads a state that holds the last stretch. */
static bool is_read(const psw_sketched *f, ptrdiff_t block)
{
    return !causal(f) || block / f->stretch < (f->blocks - 1) / f->stretch;
}

static psw_status total_of(psw_sketched *f, psw_leaves stretch, psw_watch watch)
{
    for (ptrdiff_t i = stretch.first; i < stretch.first + stretch.count; i++) {
        if (watch.ask && watch.ask(watch.context)) return PSW_FAIL(PSW_STOPPED, "attention was asked to stop");
        if (!is_read(f, i)) continue;
        make_products(f, i);
        for (int s = 0; s < f->sets; s++) add_block(f, s, i);
    }
    return PSW_OK;
}

/* Of all stretches of the rank where they are one round, else of each. */
psw_status psw_sketched_totals(psw_sketched *f, psw_watch watch)
{
    const psw_states *to = &f->team.states;
    ptrdiff_t rounds = psw_route_rounds(&f->route);
    for (ptrdiff_t round = 0; round < rounds; round++) {
        PSW_TRY(total_of(f, psw_route_round(&f->route, f->route.rank, round), watch));
        if (to->rounds != rounds && round + 1 < rounds) continue;
        for (int s = 0; s < f->sets; s++) {
            ptrdiff_t slot = (to->rounds == rounds ? round : 0) * f->sets + s;
            psw_state_pack(&f->state[s], to->own + (size_t)slot * to->bytes);
            psw_state_clear(&f->state[s]);
        }
    }
    return PSW_OK;
}

/* ---- while the states of others travel ---- */

psw_status psw_sketched_ahead(psw_sketched *f, psw_watch watch, bool *more)
{
    ptrdiff_t place = f->team.ahead;
    *more = place < f->team.ahead_most;
    if (!*more) return PSW_OK;
    ptrdiff_t block = psw_route_leaf(&f->route, f->route.rank, place);
    psw_span span = psw_block_span(f, block);
    psw_sums *to = f->team.near + place * f->sets;
    for (int s = 0; s < f->sets; s++) {
        f->sums[s].rows = to[s].rows = span.count;
        if (f->near)
            psw_sums_clear(f->sums[s]);
        else
            psw_sketched_read(f, s, block, PSW_NEAR, f->sums[s]);
    }
    if (f->near) PSW_TRY(psw_sketched_exact(f, block, watch));
    for (int s = 0; s < f->sets; s++) psw_sums_copy(to[s], f->sums[s]);
    f->team.ahead++;
    return PSW_OK;
}

/* ---- with the states of others ---- */

/* State before the stretch of a round: whole earlier rounds, and the earlier ranks of this one. */
static void set_state(psw_sketched *f, ptrdiff_t round)
{
    const psw_states *from = &f->team.states;
    for (int s = 0; s < f->sets; s++) {
        psw_state_clear(&f->state[s]);
        for (ptrdiff_t r = 0; r < round; r++)
            psw_state_add_packed(&f->state[s], from->total + (size_t)(r * f->sets + s) * from->bytes);
        psw_state_add_packed(&f->state[s], from->before + (size_t)(round * f->sets + s) * from->bytes);
        psw_sketched_publish(f, s, &f->state[s]);
    }
}

static psw_status rest_full(psw_sketched *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    const psw_states *from = &f->team.states;
    for (int s = 0; s < f->sets; s++) {
        psw_state_clear(&f->state[s]);
        psw_state_add_packed(&f->state[s], from->total + (size_t)s * from->bytes);
        psw_sketched_publish(f, s, &f->state[s]);
    }
    f->token_in = f->special >= 0;
    for (ptrdiff_t i = 0; i < f->own; i++) {
        ptrdiff_t block = psw_route_leaf(&f->route, f->route.rank, i);
        PSW_TRY(psw_sketched_attend(f, block, false, NULL, watch));
        PSW_TRY(psw_sketched_give(f, block, sink, context));
    }
    return PSW_OK;
}

psw_status psw_sketched_rest(psw_sketched *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    if (!causal(f)) return rest_full(f, watch, sink, context);
    for (ptrdiff_t round = 0; round < f->team.states.rounds; round++) {
        psw_leaves stretch = psw_route_round(&f->route, f->route.rank, round);
        if (stretch.count == 0) continue;
        set_state(f, round);
        PSW_TRY(psw_sketched_walk(f, stretch, add_block, watch, sink, context));
    }
    return PSW_OK;
}
