/* One rank's part of a row fold that meets the leaves of other ranks step by step. */
#include <string.h>

#include "attend/rows.h"

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

static ptrdiff_t pairs(const attend_row_pass *f)
{
    return f->group->count * f->sets;
}

/* ---- memory ---- */

/* Bytes of the sums of `queries`'s rows over the keys of `keys`: of each node its rows' sums, and their exponents. */
static ptrdiff_t sums_bytes(const attend_row_pass *f, int queries, int keys)
{
    ptrdiff_t rows = 0;
    if (!psw_route_sees(&f->route, queries, keys)) return 0;
    for (ptrdiff_t i = 0; i < psw_route_count(&f->route, queries); i++) {
        ptrdiff_t leaf = psw_route_leaf(&f->route, queries, i), seen = psw_route_seen(&f->route, leaf);
        rows += psw_route_nodes(&f->route, keys, seen, NULL) * attend_leaf_span(f, leaf).count;
    }
    return rows * (ptrdiff_t)f->travel.sums;
}

static void lay_sums(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t out = 0, in = 0;
    for (int other = 0; other < f->route.size; other++) {
        if (other == f->route.rank) continue;
        out = larger(out, sums_bytes(f, other, f->route.rank));
        in = larger(in, sums_bytes(f, f->route.rank, other));
    }
    f->sums_out = psw_arena_take(arena, out, 1);
    f->sums_in = psw_arena_take(arena, in, 1);
    f->nodes = psw_arena_take(arena, f->leaves, sizeof *f->nodes);
}

/* Trees of one query leaf, which wait where they are: what waits, and the one that is filled. */
static void lay_streamed(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t count = attend_strips(f) * pairs(f), places = 1;
    for (ptrdiff_t i = 0; i < f->own; i++) {
        ptrdiff_t seen = psw_route_seen(&f->route, psw_route_leaf(&f->route, f->route.rank, i));
        places = larger(places, psw_route_waiting(&f->route, seen) + 1);
    }
    f->streamed = psw_arena_take(arena, count, sizeof *f->streamed);
    for (ptrdiff_t k = 0; k < count; k++) {
        attend_tree tree = attend_tree_take(arena, f->strip, f->p->v + 2, places);
        if (f->streamed) f->streamed[k] = tree;
    }
}

void attend_rows_lay_team(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t each = attend_strips(f) * pairs(f);
    if (f->route.pattern == PSW_ALL_GATHER) return;
    if (f->route.pattern == PSW_STREAM) {
        lay_streamed(f, arena);
        return;
    }
    f->parked = psw_arena_take(arena, f->own * each, sizeof *f->parked);
    for (ptrdiff_t i = 0; i < f->own; i++) {
        ptrdiff_t seen = psw_route_seen(&f->route, psw_route_leaf(&f->route, f->route.rank, i));
        ptrdiff_t places = larger(1, psw_route_waiting(&f->route, seen)); /* 1 in the end: the root */
        for (ptrdiff_t k = 0; k < each; k++) {
            attend_parked parked = attend_parked_take(arena, f->strip, f->p->v + 2, places);
            if (f->parked) f->parked[i * each + k] = parked;
        }
    }
    if (f->route.pattern == PSW_PASS_Q) lay_sums(f, arena);
}

/* ---- trees of a strip, between steps ---- */

static attend_parked *parked_of(attend_row_pass *f, ptrdiff_t leaf, ptrdiff_t strip)
{
    return f->parked + (psw_route_place(&f->route, leaf) * attend_strips(f) + strip) * pairs(f);
}

static attend_tree *tree_of(attend_row_pass *f, ptrdiff_t pair)
{
    return &f->tree[pair / f->sets][pair % f->sets];
}

static psw_status resume(attend_row_pass *f, ptrdiff_t leaf, attend_span rows, const attend_parked *parked)
{
    ptrdiff_t seen = psw_route_seen(&f->route, leaf);
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++)
        if (parked)
            PSW_TRY(attend_tree_resume(tree_of(f, pair), seen, rows.count, &parked[pair]));
        else
            attend_tree_begin(tree_of(f, pair), seen, rows.count);
    return PSW_OK;
}

static psw_status park(attend_row_pass *f, attend_parked *parked)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++) PSW_TRY(attend_tree_park(tree_of(f, pair), &parked[pair]));
    return PSW_OK;
}

/* ---- sums that travel: leaf by leaf, strip by strip, pair by pair, node by node ---- */

typedef struct cursor {
    double *at;
    ptrdiff_t rows, width;
} cursor;

static void write_sums(cursor *c, const attend_sums *sums)
{
    memcpy(c->at, sums->at, (size_t)(c->rows * c->width) * sizeof *c->at);
    c->at += c->rows * c->width;
    for (ptrdiff_t i = 0; i < c->rows; i++) *c->at++ = sums->exponent[i];
}

static void read_sums(cursor *c, attend_sums *sums)
{
    memcpy(sums->at, c->at, (size_t)(c->rows * c->width) * sizeof *c->at);
    c->at += c->rows * c->width;
    for (ptrdiff_t i = 0; i < c->rows; i++) sums->exponent[i] = (int)*c->at++;
}

static psw_status send_nodes(attend_row_pass *f, ptrdiff_t count, cursor *c)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++)
        for (ptrdiff_t i = 0; i < count; i++) {
            const attend_sums *sums = attend_tree_node(tree_of(f, pair), f->nodes[i]);
            if (!sums) return PSW_FAIL(PSW_BUG, "a sum that another rank waits for is not there");
            write_sums(c, sums);
        }
    return PSW_OK;
}

static psw_status add_nodes(attend_row_pass *f, ptrdiff_t count, cursor *c)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++)
        for (ptrdiff_t i = 0; i < count; i++) {
            attend_sums *place = attend_tree_free(tree_of(f, pair));
            if (!place) return PSW_FAIL(PSW_BUG, "no place is left in the tree of partial sums");
            read_sums(c, place);
            attend_tree_add(tree_of(f, pair), place, f->nodes[i]);
        }
    return PSW_OK;
}

psw_status attend_rows_receive(attend_row_pass *f, const psw_transfer *t)
{
    cursor c = {f->sums_in, 0, f->p->v + 2};
    if (t->what != PSW_SUMS) return PSW_OK;
    for (ptrdiff_t place = 0; place < f->own; place++) {
        ptrdiff_t leaf = psw_route_leaf(&f->route, f->route.rank, place);
        ptrdiff_t count = psw_route_nodes(&f->route, t->peer, psw_route_seen(&f->route, leaf), f->nodes);
        attend_span span = attend_leaf_span(f, leaf), strip;
        for (ptrdiff_t i = 0; count > 0 && (strip = attend_strip_span(f, span, i)).count > 0; i++) {
            attend_parked *parked = parked_of(f, leaf, i);
            c.rows = strip.count;
            PSW_TRY(resume(f, leaf, strip, parked));
            PSW_TRY(add_nodes(f, count, &c));
            PSW_TRY(park(f, parked));
        }
    }
    return PSW_OK;
}

/* ---- steps ---- */

void attend_rows_begin(attend_row_pass *f)
{
    ptrdiff_t all = f->parked ? f->own * attend_strips(f) * pairs(f) : 0;
    for (ptrdiff_t i = 0; i < all; i++) attend_parked_clear(&f->parked[i]);
    f->hand = f->q;
}

static psw_real *guest_at(const attend_row_pass *f, int guest)
{
    return f->guest + guest * f->guest_reals;
}

/* Where the leaves of `of` are: in a buffer, or where its own are. */
static void find_keys(attend_row_pass *f, int of, int guest)
{
    psw_real *at = guest < 0 ? f->keys : guest_at(f, guest);
    for (ptrdiff_t i = 0; i < psw_route_count(&f->route, of); i++)
        f->key_at[psw_route_leaf(&f->route, of, i)] = at + i * f->leaf_reals;
}

/* One leaf, or all leaves of a rank. */
static psw_payload keys_parcel(const attend_row_pass *f, const psw_transfer *t)
{
    bool one = t->leaf >= 0;
    ptrdiff_t leaves = one ? 1 : psw_route_count(&f->route, t->of);
    ptrdiff_t first = one && t->guest < 0 ? psw_route_place(&f->route, t->leaf) : 0;
    return (psw_payload){(t->guest < 0 ? f->keys : guest_at(f, t->guest)) + first * f->leaf_reals,
                         (size_t)leaves * f->travel.keys};
}

psw_payload attend_rows_payload(attend_row_pass *f, const psw_transfer *t)
{
    ptrdiff_t leaves = psw_route_count(&f->route, t->of);
    switch (t->what) {
    case PSW_KEYS: return keys_parcel(f, t);
    case PSW_QUERIES:
        return (psw_payload){t->guest < 0 ? f->q : guest_at(f, t->guest), (size_t)leaves * f->travel.queries};
    default:
        return (psw_payload){t->send ? f->sums_out : f->sums_in,
                             (size_t)sums_bytes(f, t->of, t->send ? f->route.rank : t->peer)};
    }
}

/* One strip with the keys of one rank. */
static psw_status meet_strip(attend_row_pass *f, ptrdiff_t leaf, attend_span strip, int keys, psw_watch watch)
{
    ptrdiff_t seen = psw_route_seen(&f->route, leaf);
    for (ptrdiff_t i = 0; i < psw_route_count(&f->route, keys); i++) {
        ptrdiff_t key = psw_route_leaf(&f->route, keys, i);
        if (key >= seen) return PSW_OK;
        PSW_TRY(psw_watch_ask(watch));
        PSW_TRY(attend_rows_tile(f, strip, attend_leaf_span(f, key)));
    }
    return PSW_OK;
}

/* Own queries wait where they are; sums of another rank's are made whole and go back to it. */
static psw_status meet_leaf(attend_row_pass *f, const psw_step *m, ptrdiff_t leaf, psw_watch watch, cursor *c)
{
    bool own = m->queries == f->route.rank;
    attend_span span = attend_leaf_span(f, leaf), strip;
    ptrdiff_t seen = psw_route_seen(&f->route, leaf);
    ptrdiff_t nodes = own ? 0 : psw_route_nodes(&f->route, m->keys, seen, f->nodes);
    for (ptrdiff_t i = 0; (strip = attend_strip_span(f, span, i)).count > 0; i++) {
        attend_parked *parked = own ? parked_of(f, leaf, i) : NULL;
        PSW_TRY(resume(f, leaf, strip, parked));
        PSW_TRY(meet_strip(f, leaf, strip, m->keys, watch));
        c->rows = strip.count;
        PSW_TRY(own ? park(f, parked) : send_nodes(f, nodes, c));
    }
    return PSW_OK;
}

/* The trees of a strip of the query leaf at hand take the place of the fold's. */
static void use_streamed(attend_row_pass *f, ptrdiff_t strip)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++) *tree_of(f, pair) = f->streamed[strip * pairs(f) + pair];
}

static void put_streamed(attend_row_pass *f, ptrdiff_t strip)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++) f->streamed[strip * pairs(f) + pair] = *tree_of(f, pair);
}

/* One query leaf with one key leaf; it begins with the rank's first leaf. */
static psw_status meet_streamed(attend_row_pass *f, const psw_step *m, psw_watch watch)
{
    attend_span query = attend_leaf_span(f, m->query), strip;
    psw_transfer at = {.what = PSW_KEYS, .of = m->keys, .guest = m->guest, .leaf = m->key};
    f->key_at[m->key] = keys_parcel(f, &at).at;
    for (ptrdiff_t i = 0; (strip = attend_strip_span(f, query, i)).count > 0; i++) {
        PSW_TRY(psw_watch_ask(watch));
        use_streamed(f, i);
        if (m->key == psw_route_leaf(&f->route, f->route.rank, 0)) PSW_TRY(resume(f, m->query, strip, NULL));
        PSW_TRY(attend_rows_tile(f, strip, attend_leaf_span(f, m->key)));
        put_streamed(f, i);
    }
    return PSW_OK;
}

psw_status attend_rows_compute(attend_row_pass *f, int step, psw_watch watch)
{
    psw_step m = psw_route_step(&f->route, step);
    cursor c = {f->sums_out, 0, f->p->v + 2};
    if (!m.tiles || m.keys < 0) return PSW_OK; /* of all at once: attend_rows_emit */
    if (m.query >= 0) return meet_streamed(f, &m, watch);
    f->hand = m.queries == f->route.rank ? f->q : guest_at(f, m.guest);
    find_keys(f, m.keys, m.keys == f->route.rank ? -1 : m.guest);
    for (ptrdiff_t i = 0; i < psw_route_count(&f->route, m.queries); i++)
        PSW_TRY(meet_leaf(f, &m, psw_route_leaf(&f->route, m.queries, i), watch, &c));
    return PSW_OK;
}

/* ---- the end ---- */

static psw_status deliver_leaf(attend_row_pass *f, ptrdiff_t leaf, psw_leaf_sink sink, void *context)
{
    attend_span span = attend_leaf_span(f, leaf), strip;
    for (ptrdiff_t i = 0; (strip = attend_strip_span(f, span, i)).count > 0; i++) {
        if (f->streamed)
            use_streamed(f, i);
        else
            PSW_TRY(resume(f, leaf, strip, parked_of(f, leaf, i)));
        for (ptrdiff_t pair = 0; pair < pairs(f); pair++)
            PSW_TRY(attend_rows_finish(f, pair / f->sets, (int)(pair % f->sets), span, strip,
                                       attend_tree_root(tree_of(f, pair))));
    }
    return attend_rows_emit_leaf(f, leaf, sink, context);
}

psw_status attend_rows_emit(attend_row_pass *f, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context)
{
    if (f->route.pattern == PSW_ALL_GATHER) {
        if (places.count == 0) return PSW_OK;
        for (int i = 1; i < f->route.size; i++) find_keys(f, (f->route.rank + i) % f->route.size, i - 1);
        return attend_rows_pass(f, watch, sink, context);
    }
    for (ptrdiff_t i = places.first; i < places.first + places.count; i++)
        PSW_TRY(deliver_leaf(f, psw_route_leaf(&f->route, f->route.rank, i), sink, context));
    return PSW_OK;
}
