/* The part of one rank in a row fold whose keys or queries arrive step by step. */
#include <string.h>

#include "attend/rows.h"

static ptrdiff_t pairs(const attend_row_pass *f)
{
    return f->base.group->count * f->base.sets;
}

/* ---- memory ---- */

/* Bytes of the sums that rank `keys` makes for the queries of rank `queries`: for each node, sums and exponents of its
 * rows. */
static ptrdiff_t sums_bytes(const attend_row_pass *f, int queries, int keys)
{
    ptrdiff_t rows = 0, count = psw_route_count(&f->base.route, queries);
    if (!psw_route_sees(&f->base.route, queries, keys)) return 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t leaf = psw_route_leaf(&f->base.route, queries, i), seen = psw_route_seen(&f->base.route, leaf);
        rows += psw_route_nodes(&f->base.route, keys, seen, NULL) * attend_query_span(f, leaf).count;
    }
    return rows * (ptrdiff_t)f->message.sums;
}

/* Which buffer the sums of a step are written to: those of a grid are sent while the next ones are made. */
static int outgoing(const attend_row_pass *f, int step)
{
    return f->base.route.pattern == PSW_GRID ? step % 2 : 0;
}

static void lay_sums(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t out[2] = {0}, in = 0;
    int rank = f->base.route.rank;
    for (int step = 0; step < psw_route_steps(&f->base.route); step++) {
        int other = psw_route_step(&f->base.route, step).queries, which = outgoing(f, step);
        if (other == rank) continue;
        out[which] = attend_larger(out[which], sums_bytes(f, other, rank));
        in = attend_larger(in, sums_bytes(f, rank, other)); /* who sends queries gets some as well */
    }
    for (int i = 0; i < 2; i++) f->sums_out[i] = psw_arena_take(arena, out[i], 1);
    f->sums_in = psw_arena_take(arena, in, 1);
    f->nodes = psw_arena_take(arena, f->base.leaves, sizeof *f->nodes);
}

/* Trees of one query leaf. They stay in place between steps: the nodes that wait, and the one being filled. */
static void lay_streamed(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t count = attend_strips(f) * pairs(f), places = 1;
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        ptrdiff_t seen = psw_route_seen(&f->base.route, psw_route_leaf(&f->base.route, f->base.route.rank, i));
        places = attend_larger(places, psw_route_waiting(&f->base.route, seen) + 1);
    }
    f->streamed = psw_arena_take(arena, count, sizeof *f->streamed);
    for (ptrdiff_t k = 0; k < count; k++) {
        attend_tree tree = attend_tree_take(arena, f->strip, f->base.p->v + 2, places);
        if (f->streamed) f->streamed[k] = tree;
    }
}

void attend_rows_lay_team(attend_row_pass *f, psw_arena *arena)
{
    ptrdiff_t each = attend_strips(f) * pairs(f);
    if (f->base.route.pattern == PSW_ALL_GATHER) return;
    if (f->base.route.pattern == PSW_STREAM) {
        lay_streamed(f, arena);
        return;
    }
    f->parked = psw_arena_take(arena, f->base.own * each, sizeof *f->parked);
    for (ptrdiff_t i = 0; i < f->base.own; i++) {
        ptrdiff_t leaf = psw_route_leaf(&f->base.route, f->base.route.rank, i);
        attend_span span = attend_query_span(f, leaf);
        ptrdiff_t waiting = psw_route_waiting(&f->base.route, psw_route_seen(&f->base.route, leaf));
        ptrdiff_t places = attend_larger(1, waiting); /* 1: the root, at the end */
        for (ptrdiff_t k = 0; k < each; k++) {
            bool some = attend_strip_span(f, span, k / pairs(f)).count > 0;
            attend_parked parked = attend_parked_take(arena, f->strip, f->base.p->v + 2, some ? places : 0);
            if (f->parked) f->parked[i * each + k] = parked;
        }
    }
    if (f->base.route.pattern == PSW_PASS_Q || f->base.route.pattern == PSW_GRID) lay_sums(f, arena);
}

/* ---- trees of a strip, between steps ---- */

static attend_parked *parked_of(attend_row_pass *f, ptrdiff_t leaf, ptrdiff_t strip)
{
    return f->parked + (psw_route_place(&f->base.route, leaf) * attend_strips(f) + strip) * pairs(f);
}

static attend_tree *tree_of(attend_row_pass *f, ptrdiff_t pair)
{
    return &f->tree[pair / f->base.sets][pair % f->base.sets];
}

static psw_status resume(attend_row_pass *f, ptrdiff_t leaf, attend_span rows, const attend_parked *parked)
{
    ptrdiff_t seen = psw_route_seen(&f->base.route, leaf);
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

/* ---- sums in a message: leaf by leaf, strip by strip, pair by pair, node by node ---- */

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
            if (!sums) return PSW_FAIL(PSW_BUG, "a sum that another rank waits for is missing");
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

static psw_status receive(psw_attention *a, const psw_transfer *t)
{
    attend_row_pass *f = (attend_row_pass *)a;
    cursor c = {f->sums_in, 0, f->base.p->v + 2};
    if (t->what != PSW_SUMS) return PSW_OK;
    for (ptrdiff_t place = 0; place < f->base.own; place++) {
        ptrdiff_t leaf = psw_route_leaf(&f->base.route, f->base.route.rank, place);
        ptrdiff_t count = psw_route_nodes(&f->base.route, t->peer, psw_route_seen(&f->base.route, leaf), f->nodes);
        attend_span span = attend_query_span(f, leaf), strip;
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

static void begin(psw_attention *a)
{
    attend_row_pass *f = (attend_row_pass *)a;
    ptrdiff_t all = f->parked ? f->base.own * attend_strips(f) * pairs(f) : 0;
    for (ptrdiff_t i = 0; i < all; i++) attend_parked_clear(&f->parked[i]);
    f->current_queries = f->q;
}

static psw_real *remote_at(const attend_row_pass *f, int remote)
{
    return f->remote[remote];
}

/* The leaves of rank `of` are in a remote buffer, or among the own ones (remote = -1). */
static void find_keys(attend_row_pass *f, int of, int remote)
{
    psw_real *at = remote < 0 ? f->keys : remote_at(f, remote);
    for (ptrdiff_t i = 0; i < psw_route_count(&f->base.route, of); i++)
        f->resident_keys[psw_route_leaf(&f->base.route, of, i)] = at + i * f->leaf_reals;
}

/* The keys of a column are those of several ranks. */
static void find_column(attend_row_pass *f)
{
    for (int i = 0; i < psw_route_remote_buffers(&f->base.route); i++) {
        psw_remote remote = psw_route_remote(&f->base.route, i);
        if (remote.what == PSW_KEYS) find_keys(f, remote.of, i);
    }
}

/* Keys and values of one leaf, or of all leaves of a rank. */
static psw_payload keys_payload(const attend_row_pass *f, const psw_transfer *t)
{
    bool one = t->leaf >= 0;
    ptrdiff_t leaves = one ? 1 : psw_route_count(&f->base.route, t->of);
    ptrdiff_t first = one && t->remote < 0 ? psw_route_place(&f->base.route, t->leaf) : 0;
    return (psw_payload){(t->remote < 0 ? f->keys : remote_at(f, t->remote)) + first * f->leaf_reals,
                         (size_t)leaves * f->message.keys};
}

static psw_payload payload(psw_attention *a, const psw_transfer *t)
{
    attend_row_pass *f = (attend_row_pass *)a;
    ptrdiff_t leaves = psw_route_count(&f->base.route, t->of);
    switch (t->what) {
    case PSW_KEYS: return keys_payload(f, t);
    case PSW_QUERIES:
        return (psw_payload){t->remote < 0 ? f->q : remote_at(f, t->remote), (size_t)leaves * f->message.queries};
    default:
        return (psw_payload){t->send ? f->sums_out[attend_larger(0, t->remote)] : f->sums_in,
                             (size_t)sums_bytes(f, t->of, t->send ? f->base.route.rank : t->peer)};
    }
}

/* One strip with the keys of one rank. */
static psw_status compute_strip(attend_row_pass *f, ptrdiff_t leaf, attend_span strip, int keys, psw_watch watch)
{
    ptrdiff_t seen = psw_route_seen(&f->base.route, leaf);
    for (ptrdiff_t round = 0; round < psw_route_rounds(&f->base.route); round++) {
        psw_leaves leaves = psw_route_round(&f->base.route, keys, round);
        leaves.count = attend_smaller(leaves.count, seen - leaves.first);
        if (leaves.count > 0) PSW_TRY(attend_rows_leaves(f, strip, leaves, watch));
    }
    return PSW_OK;
}

/* Numbers that the first `rows` query rows of a leaf send, strip by strip. */
static ptrdiff_t numbers_sent(const attend_row_pass *f, ptrdiff_t nodes, ptrdiff_t rows)
{
    return nodes * rows * (ptrdiff_t)(f->message.sums / sizeof(double));
}

/* The strips of all leaves of a rank with the keys of one. */
typedef struct tiles {
    attend_row_pass *f;
    const psw_step *step;
    double *sums; /* for queries of another rank */
} tiles;

/* Where the sums of a leaf of the step's queries begin in the message, in numbers. */
static ptrdiff_t sums_before(const attend_row_pass *f, const psw_step *m, ptrdiff_t place)
{
    ptrdiff_t numbers = 0;
    for (ptrdiff_t i = 0; i < place; i++) {
        ptrdiff_t leaf = psw_route_leaf(&f->base.route, m->queries, i), seen = psw_route_seen(&f->base.route, leaf);
        numbers +=
            numbers_sent(f, psw_route_nodes(&f->base.route, m->keys, seen, NULL), attend_query_span(f, leaf).count);
    }
    return numbers;
}

static psw_status compute_foreign(attend_row_pass *f, const tiles *t, ptrdiff_t place, ptrdiff_t number,
                                  psw_watch watch)
{
    const psw_step *m = t->step;
    ptrdiff_t leaf = psw_route_leaf(&f->base.route, m->queries, place), seen = psw_route_seen(&f->base.route, leaf);
    attend_span span = attend_query_span(f, leaf), strip = attend_strip_span(f, span, number);
    ptrdiff_t rows = attend_smaller(number * f->strip, span.count - strip.count); /* j3 alone is the last one */
    cursor c = {t->sums + sums_before(f, m, place), strip.count, f->base.p->v + 2};
    ptrdiff_t nodes = psw_route_nodes(&f->base.route, m->keys, seen, f->nodes);
    c.at += numbers_sent(f, nodes, rows);
    PSW_TRY(resume(f, leaf, strip, NULL));
    PSW_TRY(compute_strip(f, leaf, strip, m->keys, watch));
    return send_nodes(f, nodes, &c);
}

/* Trees of own queries are parked; sums for another rank's queries are completed and sent back. */
static psw_status compute_part(void *context, int thread, ptrdiff_t part, psw_watch watch)
{
    const tiles *t = context;
    attend_row_pass *f = attend_rows_own(t->f, thread);
    ptrdiff_t place = part / attend_strips(f), number = part % attend_strips(f);
    ptrdiff_t leaf = psw_route_leaf(&f->base.route, t->step->queries, place);
    attend_span strip = attend_strip_span(f, attend_query_span(f, leaf), number);
    double least = f->smallest.z;
    if (strip.count <= 0) return PSW_OK;
    if (t->step->queries == f->base.route.rank) {
        attend_parked *parked = parked_of(f, leaf, number);
        PSW_TRY(resume(f, leaf, strip, parked));
        PSW_TRY(compute_strip(f, leaf, strip, t->step->keys, watch));
        PSW_TRY(park(f, parked));
    } else {
        PSW_TRY(compute_foreign(f, t, place, number, watch));
    }
    if (f->smallest.z < least) f->smallest_part = part;
    return PSW_OK;
}

/* f->tree becomes the trees of a strip of the current query leaf. */
static void use_streamed(attend_row_pass *f, ptrdiff_t strip)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++) *tree_of(f, pair) = f->streamed[strip * pairs(f) + pair];
}

static void put_streamed(attend_row_pass *f, ptrdiff_t strip)
{
    for (ptrdiff_t pair = 0; pair < pairs(f); pair++) f->streamed[strip * pairs(f) + pair] = *tree_of(f, pair);
}

/* The first key leaf of every query is the rank's first own one. */
static psw_status stream_part(void *context, int thread, ptrdiff_t part, psw_watch watch)
{
    const tiles *t = context;
    const psw_step *m = t->step;
    attend_row_pass *f = attend_rows_own(t->f, thread);
    attend_span strip = attend_strip_span(f, attend_query_span(f, m->query), part);
    double least = f->smallest.z;
    if (strip.count <= 0) return PSW_OK;
    use_streamed(f, part);
    if (m->key == psw_route_leaf(&f->base.route, f->base.route.rank, 0)) PSW_TRY(resume(f, m->query, strip, NULL));
    PSW_TRY(attend_rows_leaves(f, strip, (psw_leaves){m->key, 1}, watch));
    put_streamed(f, part);
    if (f->smallest.z < least) f->smallest_part = part;
    return PSW_OK;
}

/* One query leaf with one key leaf. */
static psw_status compute_streamed(attend_row_pass *f, const psw_step *m, psw_watch watch)
{
    psw_transfer at = {.what = PSW_KEYS, .of = m->keys, .remote = m->remote, .leaf = m->key};
    f->resident_keys[m->key] = keys_payload(f, &at).at;
    return attend_rows_threads(f, attend_strips(f), watch, stream_part, &(tiles){f, m, NULL});
}

static psw_status compute(psw_attention *a, int step, psw_watch watch)
{
    attend_row_pass *f = (attend_row_pass *)a;
    psw_step m = psw_route_step(&f->base.route, step);
    double *sums = f->sums_out[outgoing(f, step)];
    if (f->base.route.pattern == PSW_GRID && step == 1) find_column(f);
    if (!m.tiles || m.keys < 0) return PSW_OK; /* all_gather: emit computes everything */
    if (m.query >= 0) return compute_streamed(f, &m, watch);
    f->current_queries = m.queries == f->base.route.rank ? f->q : remote_at(f, m.remote);
    find_keys(f, m.keys, m.keys == f->base.route.rank ? -1 : m.remote);
    ptrdiff_t leaves = psw_route_count(&f->base.route, m.queries);
    return attend_rows_threads(f, leaves * attend_strips(f), watch, compute_part, &(tiles){f, &m, sums});
}

/* ---- the end ---- */

static psw_status emit_leaf(attend_row_pass *f, ptrdiff_t leaf, psw_leaf_sink sink, void *context)
{
    attend_span span = attend_query_span(f, leaf), strip;
    for (ptrdiff_t i = 0; (strip = attend_strip_span(f, span, i)).count > 0; i++) {
        if (f->streamed)
            use_streamed(f, i);
        else
            PSW_TRY(resume(f, leaf, strip, parked_of(f, leaf, i)));
        for (ptrdiff_t pair = 0; pair < pairs(f); pair++)
            PSW_TRY(attend_finish(&f->base, pair, span, strip, attend_tree_root(tree_of(f, pair))));
    }
    return attend_emit_leaf(&f->base, leaf, sink, context);
}

static psw_status emit(psw_attention *a, psw_leaves places, psw_watch watch, psw_leaf_sink sink, void *context)
{
    attend_row_pass *f = (attend_row_pass *)a;
    if (f->base.route.pattern == PSW_ALL_GATHER) {
        if (places.count == 0) return PSW_OK;
        for (int i = 1; i < f->base.route.size; i++) find_keys(f, (f->base.route.rank + i) % f->base.route.size, i - 1);
        return attend_rows_pass(f, watch, sink, context);
    }
    for (ptrdiff_t i = places.first; i < places.first + places.count; i++)
        PSW_TRY(emit_leaf(f, psw_route_leaf(&f->base.route, f->base.route.rank, i), sink, context));
    return PSW_OK;
}

static const psw_smallest *smallest(const psw_attention *a)
{
    return &((const attend_row_pass *)a)->smallest;
}

const psw_row_fold attend_rows_team = {.begin = begin,
                                       .payload = payload,
                                       .compute_step = compute,
                                       .receive = receive,
                                       .emit = emit,
                                       .smallest = smallest};
