/* One rank's part of a sketch that is attended by a team. */
#include "attend/states.h"

/* Near parts that are made while states travel: a few milliseconds of work. */
enum { AHEAD_MOST = 16 };
/* States after blocks that are kept; what is more is made again. */
#define RUNNING_MOST ((size_t)256 << 20)

static bool causal(const attend_state_pass *f)
{
    return f->p->mask == PSW_CAUSAL;
}

static ptrdiff_t state_reals(const attend_state_pass *f)
{
    return (f->p->v + 1) * f->shape.features;
}

/* ---- memory ---- */

static void lay_keys(attend_state_pass *f, psw_arena *arena)
{
    f->team.keys = psw_arena_take(arena, f->own, sizeof *f->team.keys);
    for (ptrdiff_t i = 0; i < f->own; i++) {
        attend_mapped keys = attend_mapped_take(arena, f->block, f->shape.stored);
        if (f->team.keys) f->team.keys[i] = keys;
    }
}

static void lay_running(attend_state_pass *f, psw_arena *arena)
{
    ptrdiff_t reals = state_reals(f);
    if (!causal(f) || (size_t)(f->sets * f->own * reals) * sizeof(psw_real) > RUNNING_MOST) return;
    for (int s = 0; s < f->sets; s++) {
        f->team.running[s] = psw_arena_take(arena, f->own * reals, sizeof(psw_real));
        f->team.exponent[s] = psw_arena_take(arena, f->own, sizeof(int));
        f->team.prefix[s] = psw_arena_take(arena, reals, sizeof(psw_real));
        f->team.buffer[s] = f->reading[s];
    }
}

static void lay_near(attend_state_pass *f, psw_arena *arena)
{
    f->team.ahead_most = !causal(f) ? 0 : f->own < AHEAD_MOST ? f->own : AHEAD_MOST;
    ptrdiff_t count = f->team.ahead_most * f->sets;
    f->team.near = psw_arena_take(arena, count, sizeof *f->team.near);
    for (ptrdiff_t i = 0; i < count; i++) {
        attend_sums sums = attend_sums_take(arena, f->block, f->p->v + 2);
        if (f->team.near) f->team.near[i] = sums;
    }
}

static size_t state_bytes(const psw_point *p)
{
    return attend_state_packed(p->v + 1, psw_sketch_shape_of(p).features);
}

psw_message_bytes attend_states_message_bytes(const psw_point *point, int sets)
{
    return (psw_message_bytes){.states = (size_t)sets * state_bytes(point)};
}

static void lay_states(attend_state_pass *f, psw_arena *arena)
{
    psw_states *s = &f->team.states;
    *s = (psw_states){.sets = f->sets};
    s->route = psw_route_of_states(&f->route, &s->totals);
    s->rounds = psw_route_rounds(&s->route);
    s->bytes = state_bytes(f->p);
    ptrdiff_t count = s->rounds * s->sets, ranks = f->route.scan == PSW_STATE_GATHER ? f->route.size : 1;
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

void attend_states_begin(attend_state_pass *f)
{
    attend_states_reset(f);
    for (int s = 0; s < f->sets && f->special >= 0; s++)
        if (psw_route_owner(&f->route, f->special / f->block) != f->route.rank) attend_states_map_token(f, s);
}

/* ---- totals of own stretches ---- */

/* Nobody reads a state that holds the last stretch. */
static bool is_read(const attend_state_pass *f, ptrdiff_t block)
{
    return !causal(f) || block / f->stretch < (f->blocks - 1) / f->stretch;
}

/* f->state += a block, kept. */
static void add_block(attend_state_pass *f, int set, ptrdiff_t block)
{
    ptrdiff_t place = psw_route_place(&f->route, block);
    psw_real *running = f->team.running[set];
    attend_states_total(f, set, block, &f->state[set], running ? running + place * state_reals(f) : NULL);
    if (running) f->team.exponent[set][place] = f->state[set].exponent;
}

/* Adds the blocks of a stretch of this rank to f->state. Within it D_1 has a state of its own from the block of j3 on;
 * `apart`: it has one already. */
static psw_status total_of(attend_state_pass *f, psw_leaves stretch, bool *apart, psw_watch watch)
{
    for (ptrdiff_t i = stretch.first; i < stretch.first + stretch.count; i++) {
        PSW_TRY(psw_watch_ask(watch));
        if (!is_read(f, i)) continue;
        if (f->sets > 1 && attend_span_has(attend_block_span(f, i), f->special)) {
            attend_state_copy(&f->state[1], &f->state[0]);
            *apart = true;
        }
        for (int s = 0; s < (*apart ? f->sets : 1); s++) add_block(f, s, i);
    }
    return PSW_OK;
}

static void pack_states(attend_state_pass *f, ptrdiff_t round, bool apart)
{
    const psw_states *to = &f->team.states;
    for (int s = 0; s < f->sets; s++) {
        attend_state_pack(&f->state[apart ? s : 0], to->own + (size_t)(round * f->sets + s) * to->bytes);
    }
    for (int s = 0; s < f->sets; s++) attend_state_clear(&f->state[s]);
}

/* Of all stretches of the rank where they are one round, else of each. */
psw_status attend_states_totals(attend_state_pass *f, psw_watch watch)
{
    ptrdiff_t rounds = psw_route_rounds(&f->route);
    bool whole = f->team.states.rounds != rounds, apart = false;
    for (ptrdiff_t round = 0; round < rounds; round++) {
        PSW_TRY(total_of(f, psw_route_round(&f->route, f->route.rank, round), &apart, watch));
        if (whole && round + 1 < rounds) continue;
        pack_states(f, whole ? 0 : round, apart);
        apart = false;
    }
    return PSW_OK;
}

/* ---- while the states of others travel ---- */

psw_status attend_states_overlap(attend_state_pass *f, psw_watch watch, bool *more)
{
    ptrdiff_t place = f->team.ahead;
    *more = place < f->team.ahead_most;
    if (!*more) return PSW_OK;
    ptrdiff_t block = psw_route_leaf(&f->route, f->route.rank, place);
    attend_span span = attend_block_span(f, block);
    attend_sums *to = f->team.near + place * f->sets;
    for (int s = 0; s < f->sets; s++) {
        f->sums[s].rows = to[s].rows = span.count;
        if (f->near)
            attend_sums_clear(f->sums[s]);
        else
            attend_states_read(f, s, block, PSW_NEAR, f->sums[s]);
    }
    if (f->near) PSW_TRY(attend_states_exact(f, block, watch));
    for (int s = 0; s < f->sets; s++) attend_sums_copy(to[s], f->sums[s]);
    f->team.ahead++;
    return PSW_OK;
}

/* ---- with the states of others ---- */

/* State before the stretch of a round: whole earlier rounds, and the earlier ranks of this one. */
static void set_state(attend_state_pass *f, ptrdiff_t round)
{
    const psw_states *from = &f->team.states;
    psw_leaves stretch = psw_route_round(&f->route, f->route.rank, round);
    ptrdiff_t token = f->special < 0 ? -1 : f->special / f->block, end = stretch.first + stretch.count;
    f->team.apart = token >= stretch.first && token < end ? token : end;
    for (int s = 0; s < f->sets; s++) {
        attend_state_clear(&f->state[s]);
        for (ptrdiff_t r = 0; r < round; r++)
            attend_state_add_packed(&f->state[s], from->total + (size_t)(r * f->sets + s) * from->bytes);
        attend_state_add_packed(&f->state[s], from->before + (size_t)(round * f->sets + s) * from->bytes);
        if (f->team.running[s]) f->reading[s] = f->team.buffer[s];
        attend_states_set_readable(f, s, &f->state[s]);
        if (!f->team.running[s]) continue;
        attend_states_round(&f->state[s], f->team.prefix[s]);
        f->team.prefix_exponent[s] = f->state[s].exponent;
    }
}

/* reading = prefix + running, under the larger exponent; running itself where nothing is before it; 0 times what is not
 * finite is found in the results. */
static void read_both(attend_state_pass *f, int set, int from, ptrdiff_t place)
{
    int before = f->team.prefix_exponent[set], own = f->team.exponent[from][place], top = before > own ? before : own;
    const psw_real a = (psw_real)attend_scale_to(before, top), b = (psw_real)attend_scale_to(own, top);
    const psw_real *restrict x = f->team.prefix[set], *restrict y = f->team.running[from] + place * state_reals(f);
    psw_real *restrict to = f->reading[set] = f->team.buffer[set];
    f->reading_exponent[set] = top;
    if (before == PSW_EMPTY) {
        f->reading[set] = f->team.running[from] + place * state_reals(f);
        return;
    }
    for (ptrdiff_t i = 0; i < state_reals(f); i++) to[i] = a * x[i] + b * y[i];
}

/* The states that the blocks from `first` on are read from; the round begins with `start`. */
static void read_kept(attend_state_pass *f, ptrdiff_t start, ptrdiff_t first, int sets)
{
    for (int s = 0; s < sets; s++)
        if (first > start) read_both(f, s, first - 1 >= f->team.apart ? s : 0, psw_route_place(&f->route, first - 1));
}

/* The states of own blocks are there already. */
static psw_status walk_kept(attend_state_pass *f, psw_leaves span, psw_watch watch, psw_leaf_sink sink, void *context)
{
    ptrdiff_t parting = attend_states_divergence(f), end = span.first + span.count;
    for (ptrdiff_t first = span.first; first < end; first += f->stretch) {
        bool alike = first < parting;
        f->token_in = first > parting;
        read_kept(f, span.first, first, alike ? 1 : f->sets);
        psw_leaves stretch = {first, end - first < f->stretch ? end - first : f->stretch};
        PSW_TRY(attend_states_stretch(f, stretch, alike, watch, sink, context));
    }
    return PSW_OK;
}

static psw_status rest_full(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    const psw_states *from = &f->team.states;
    for (int s = 0; s < f->sets; s++) {
        attend_state_clear(&f->state[s]);
        attend_state_add_packed(&f->state[s], from->total + (size_t)s * from->bytes);
        attend_states_set_readable(f, s, &f->state[s]);
    }
    f->token_in = f->special >= 0;
    for (ptrdiff_t i = 0; i < f->own; i++) {
        ptrdiff_t block = psw_route_leaf(&f->route, f->route.rank, i);
        PSW_TRY(attend_states_attend(f, block, false, NULL, watch));
        PSW_TRY(attend_states_emit_leaf(f, block, sink, context));
    }
    return PSW_OK;
}

psw_status attend_states_finish(attend_state_pass *f, psw_watch watch, psw_leaf_sink sink, void *context)
{
    if (!causal(f)) return rest_full(f, watch, sink, context);
    for (ptrdiff_t round = 0; round < f->team.states.rounds; round++) {
        psw_leaves stretch = psw_route_round(&f->route, f->route.rank, round);
        if (stretch.count == 0) continue;
        set_state(f, round);
        PSW_TRY(f->team.running[0] ? walk_kept(f, stretch, watch, sink, context)
                                   : attend_states_walk(f, stretch, watch, sink, context));
    }
    return PSW_OK;
}
