/* The part of one rank in a state fold of a team. */
#include "attend/states.h"

/* Near parts computed while states are on their way: a few milliseconds of work. */
enum { OVERLAP_MOST = 16 };
/* Bytes of states after blocks that are kept; if there are more, they are computed again. */
#define RUNNING_MOST ((size_t)256 << 20)

static bool causal(const attend_state_pass *f)
{
    return f->base.p->mask == PSW_CAUSAL;
}

static ptrdiff_t state_reals(const attend_state_pass *f)
{
    return (f->base.p->v + 1) * f->shape.features;
}

/* ---- memory ---- */

static void lay_keys(attend_state_pass *f, psw_arena *arena)
{
    f->team.keys = psw_arena_take(arena, f->base.own, sizeof *f->team.keys);
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        attend_mapped keys = attend_mapped_take(arena, f->base.leaf, f->shape.stored);
        if (f->team.keys) f->team.keys[i] = keys;
    }
}

static void lay_running(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t reals = state_reals(f);
    if (!causal(f) || (size_t)(f->base.sets * f->base.own * reals) * sizeof(psw_real) > RUNNING_MOST) return;
    for (int s = 0; s < f->base.sets; s++) {
        f->team.running[s] = psw_arena_take(arena, f->base.own * reals, sizeof(psw_real));
        f->team.exponent[s] = psw_arena_take(arena, f->base.own, sizeof(int));
        f->team.prefix[s] = psw_arena_take(arena, reals, sizeof(psw_real));
        f->team.buffer[s] = f->reading[s];
    }
}

static void lay_near(attend_state_pass *f, psw_arena *arena)
{
    f->team.overlap_most = !causal(f) ? 0 : f->base.own < OVERLAP_MOST ? f->base.own : OVERLAP_MOST;
    ptrdiff_t count = f->team.overlap_most * f->base.sets;
    f->team.near = psw_arena_take(arena, count, sizeof *f->team.near);
    for (ptrdiff_t i = 0; i < count; i++) {
        attend_sums sums = attend_sums_take(arena, f->base.leaf, f->base.p->v + 2);
        if (f->team.near) f->team.near[i] = sums;
    }
}

static size_t state_bytes(const psw_point *p)
{
    return attend_state_packed(p->v + 1, psw_sketch_shape_of(p).features);
}

psw_message_bytes attend_states_message_bytes(const psw_group *group, int sets)
{
    return (psw_message_bytes){.states = (size_t)sets * state_bytes(&group->points[0])};
}

static void lay_states(attend_state_pass *f, psw_arena *arena)
{
    psw_states *s = &f->team.states;
    *s = (psw_states){.sets = f->base.sets};
    s->route = psw_route_of_states(&f->base.route, &s->totals);
    s->rounds = psw_route_rounds(&s->route);
    s->bytes = state_bytes(f->base.p);
    ptrdiff_t count = s->rounds * s->sets, ranks = f->base.route.scan == PSW_STATE_GATHER ? f->base.route.size : 1;
    s->own = psw_arena_take(arena, count, s->bytes);
    s->before = psw_arena_take(arena, count, s->bytes);
    s->total = psw_arena_take(arena, s->totals ? count : 0, s->bytes);
    s->incoming = psw_arena_take(arena, ranks * count, s->bytes);
}

void attend_states_lay_team(attend_state_pass *f, psw_arena *arena)
{
    lay_keys(f, arena);
    lay_running(f, arena);
    lay_near(f, arena);
    lay_states(f, arena);
}

static void begin(psw_attention *a)
{
    attend_state_pass *f = (attend_state_pass *)a;
    attend_states_reset(f);
    for (int s = 0; s < f->base.sets && f->base.special >= 0; s++)
        if (psw_route_owner(&f->base.route, f->base.special / f->base.leaf) != f->base.route.rank)
            attend_states_map_token(f, s);
}

/* ---- totals of own stretches ---- */

/* No row is read from a state that contains the last stretch. */
static bool is_read(const attend_state_pass *f, ptrdiff_t block)
{
    return !causal(f) || block / f->stretch < (f->base.leaves - 1) / f->stretch;
}

/* f->state += a block; the sum is kept where there is memory. */
static void add_block(attend_state_pass *f, int set, ptrdiff_t block)
{
    ptrdiff_t place = psw_route_place(&f->base.route, block);
    psw_real *running = f->team.running[set];
    attend_states_total(f, set, block, &f->state[set], running ? running + place * state_reals(f) : NULL);
    if (running) f->team.exponent[set][place] = f->state[set].exponent;
}

/* Adds the blocks of an own stretch to f->state. From the block of j3 on, the states of D_0 and D_1 have diverged. */
static psw_status total_of(attend_state_pass *f, psw_leaves stretch, bool *diverged, psw_watch watch)
{
    for (ptrdiff_t i = stretch.first; i < stretch.first + stretch.count; i++) {
        PSW_TRY(psw_watch_ask(watch));
        if (!is_read(f, i)) continue;
        if (f->base.sets > 1 && attend_span_has(attend_block_span(f, i), f->base.special)) {
            attend_state_copy(&f->state[1], &f->state[0]);
            *diverged = true;
        }
        for (int s = 0; s < (*diverged ? f->base.sets : 1); s++) add_block(f, s, i);
    }
    return PSW_OK;
}

static void pack_states(attend_state_pass *f, ptrdiff_t round, bool diverged)
{
    const psw_states *to = &f->team.states;
    for (int s = 0; s < f->base.sets; s++) {
        attend_state_pack(&f->state[diverged ? s : 0], to->own + (size_t)(round * f->base.sets + s) * to->bytes);
    }
    for (int s = 0; s < f->base.sets; s++) attend_state_clear(&f->state[s]);
}

/* One state for all own stretches where they are one round, else one per stretch. */
static psw_status total(psw_attention *a, psw_watch watch, psw_states **states)
{
    attend_state_pass *f = (attend_state_pass *)a;
    *states = &f->team.states;
    ptrdiff_t rounds = psw_route_rounds(&f->base.route);
    bool whole = f->team.states.rounds != rounds, diverged = false;
    for (ptrdiff_t round = 0; round < rounds; round++) {
        PSW_TRY(total_of(f, psw_route_round(&f->base.route, f->base.route.rank, round), &diverged, watch));
        if (whole && round + 1 < rounds) continue;
        pack_states(f, whole ? 0 : round, diverged);
        diverged = false;
    }
    return PSW_OK;
}

/* ---- while the states of other ranks are on their way ---- */

static psw_status overlap(psw_attention *a, psw_watch watch, bool *more)
{
    attend_state_pass *f = (attend_state_pass *)a;
    ptrdiff_t place = f->team.overlapped;
    *more = place < f->team.overlap_most;
    if (!*more) return PSW_OK;
    ptrdiff_t block = psw_route_leaf(&f->base.route, f->base.route.rank, place);
    attend_span span = attend_block_span(f, block);
    attend_sums *to = f->team.near + place * f->base.sets;
    f->team.overlapped++;
    if (attend_block_part(f, PSW_QUERY, block).count == 0) return PSW_OK;
    for (int s = 0; s < f->base.sets; s++) {
        f->sums[s].rows = to[s].rows = span.count;
        if (f->near)
            attend_sums_clear(f->sums[s]);
        else
            attend_states_read(f, s, block, PSW_NEAR, f->sums[s]);
    }
    if (f->near) PSW_TRY(attend_states_exact(f, block, watch));
    for (int s = 0; s < f->base.sets; s++) attend_sums_copy(to[s], f->sums[s]);
    return PSW_OK;
}

/* ---- with the states of other ranks ---- */

/* The state before the own stretch of a round: all earlier rounds, and the earlier ranks of this one. */
static void set_state(attend_state_pass *f, ptrdiff_t round)
{
    const psw_states *from = &f->team.states;
    psw_leaves stretch = psw_route_round(&f->base.route, f->base.route.rank, round);
    ptrdiff_t token = f->base.special < 0 ? -1 : f->base.special / f->base.leaf, end = stretch.first + stretch.count;
    f->team.diverged_from = token >= stretch.first && token < end ? token : end;
    for (int s = 0; s < f->base.sets; s++) {
        attend_state_clear(&f->state[s]);
        for (ptrdiff_t r = 0; r < round; r++)
            attend_state_add_packed(&f->state[s], from->total + (size_t)(r * f->base.sets + s) * from->bytes);
        attend_state_add_packed(&f->state[s], from->before + (size_t)(round * f->base.sets + s) * from->bytes);
        if (f->team.running[s]) f->reading[s] = f->team.buffer[s];
        attend_states_set_readable(f, s, &f->state[s]);
        if (!f->team.running[s]) continue;
        attend_states_round(&f->state[s], f->team.prefix[s]);
        f->team.prefix_exponent[s] = f->state[s].exponent;
    }
}

/* reading = prefix + running, under the larger exponent; where the prefix is empty running itself, or a copy of it that
 * can be rounded to a format. A number that is not
 * finite stays so (times 0 it is NaN) and is found in the results. */
static void read_both(attend_state_pass *f, int set, int from, ptrdiff_t place)
{
    int before = f->team.prefix_exponent[set], own = f->team.exponent[from][place], top = before > own ? before : own;
    const psw_real a = (psw_real)attend_scale_to(before, top), b = (psw_real)attend_scale_to(own, top);
    const psw_real *restrict x = f->team.prefix[set], *restrict y = f->team.running[from] + place * state_reals(f);
    psw_real *restrict to = f->reading[set] = f->team.buffer[set];
    f->reading_exponent[set] = top;
    if (before == PSW_EMPTY && !f->base.narrow) {
        f->reading[set] = f->team.running[from] + place * state_reals(f);
        return;
    }
    for (ptrdiff_t i = 0; i < state_reals(f); i++) to[i] = a * x[i] + b * y[i];
    attend_states_round_reading(f, set);
}

/* Makes the kept states readable for the blocks from `first` on; the round begins with block `start`. */
static void read_kept(attend_state_pass *f, ptrdiff_t start, ptrdiff_t first, int sets)
{
    for (int s = 0; s < sets; s++)
        if (first > start)
            read_both(f, s, first - 1 >= f->team.diverged_from ? s : 0, psw_route_place(&f->base.route, first - 1));
}

/* As attend_states_walk, with the kept states of own blocks. */
static psw_status walk_kept(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink, void *context)
{
    ptrdiff_t divergence = attend_states_divergence(f), end = span.first + span.count;
    for (ptrdiff_t first = span.first; first < end; first += f->stretch) {
        bool same_as_d0 = first < divergence;
        f->token_in = first > divergence;
        read_kept(f, span.first, first, same_as_d0 ? 1 : f->base.sets);
        psw_leaves stretch = {first, end - first < f->stretch ? end - first : f->stretch};
        PSW_TRY(attend_states_stretch(f, stretch, same_as_d0, watch, sink, context));
    }
    return PSW_OK;
}

static psw_status finish_full(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    const psw_states *from = &f->team.states;
    for (int s = 0; s < f->base.sets; s++) {
        attend_state_clear(&f->state[s]);
        attend_state_add_packed(&f->state[s], from->total + (size_t)s * from->bytes);
        attend_states_set_readable(f, s, &f->state[s]);
    }
    return attend_states_full(f, watch, sink, context);
}

static psw_status finish(psw_attention *a, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_state_pass *f = (attend_state_pass *)a;
    if (!causal(f)) return finish_full(f, watch, sink, context);
    for (ptrdiff_t round = 0; round < f->team.states.rounds; round++) {
        psw_leaves stretch = psw_route_round(&f->base.route, f->base.route.rank, round);
        if (stretch.count == 0) continue;
        set_state(f, round);
        PSW_TRY(f->team.running[0] ? walk_kept(f, stretch, watch, sink, context)
                                   : attend_states_walk(f, stretch, watch, sink, context));
    }
    return PSW_OK;
}

const psw_state_fold attend_states_team = {.begin = begin, .total = total, .overlap = overlap, .finish = finish};
