/* Heads of a team's ranks, merged, against one head that took every leaf: the same bits, for every layout and size of
 * the team, also of ranks that took none. */
#include <stdlib.h>

#include "kept_leaves.h"
#include "merge.h"
#include "unit/theory_case.h"
#include "verdict.h"

/* ---- teams ---- */

typedef struct ranked {
    psw_arena arena;
    psw_head *head;
} ranked;

static ranked head_of(const psw_group *group, const kept *k, const psw_route *route)
{
    const psw_judge *judge = psw_judge_of(group->points->precision);
    ranked r;
    CHECK(psw_arena_create(judge->bytes(group, NULL), &r.arena) == PSW_OK, "%s", psw_message());
    CHECK(judge->begin(group, NULL, (psw_watch){0}, &r.arena, &r.head) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t draw = 0; draw < draws_of(group->points); draw++) {
        if (psw_sketch_has(group->points)) judge->draw(r.head, draw);
        for (ptrdiff_t i = 0; i < k->count; i++)
            if (k->draw[i] == draw && psw_route_owner(route, k->leaf[i].index) == route->rank)
                CHECK(judge->take(r.head, &k->leaf[i]) == PSW_OK, "%s", psw_message());
    }
    return r;
}

static void team(const psw_group *group, const kept *k, psw_route route, psw_verdict verdicts[TEAM_MOST][PSW_GROUP_MAX])
{
    const psw_judge *judge = psw_judge_of(group->points->precision);
    ranked ranks[TEAM_MOST];
    merge_list lists[TEAM_MOST];
    int count = 0;
    for (route.rank = 0; route.rank < route.size; route.rank++) {
        ranks[route.rank] = head_of(group, k, &route);
        count = judge->merging(ranks[route.rank].head, lists[route.rank]);
        CHECK(count > 0 && count <= PSW_MERGING_MAX, "%d to merge", count);
    }
    merge_all(lists, route.size, count);
    for (int rank = 0; rank < route.size; rank++) {
        judge->end(ranks[rank].head, verdicts[rank]);
        psw_arena_destroy(&ranks[rank].arena);
    }
}

typedef struct tally { /* that the verdicts have something in them */
    ptrdiff_t successes, fires_d0, ties, verdicts, idle;
} tally;

static void check_group(const psw_point *points, ptrdiff_t count, const psw_arrays *arrays, tally *seen)
{
    static const int sizes[] = {1, 2, 3, 5, 8};
    const psw_group group = {points, count};
    ptrdiff_t leaves = (psw_data_queries(points) + points->block - 1) / points->block;
    ptrdiff_t unit = points->local > 0 ? points->local / points->block : 1;
    kept *k = leaves_of(&group, arrays);
    psw_verdict alone[1 + TEAM_MOST][PSW_GROUP_MAX], of[TEAM_MOST][PSW_GROUP_MAX];
    team(&group, k, merge_route(PSW_CONTIGUOUS, leaves, 1, 1, 0), alone);
    for (psw_layout layout = PSW_CONTIGUOUS; layout < PSW_LAYOUTS; layout++)
        for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
            psw_route route = merge_route(layout, leaves, unit, sizes[s], 0);
            team(&group, k, route, of);
            for (int rank = 0; rank < sizes[s]; rank++) {
                seen->idle += psw_route_count(&route, rank) == 0;
                for (ptrdiff_t i = 0; i < count; i++)
                    CHECK(verdict_same(&of[rank][i], &alone[0][i]),
                          "method %d kind %d mask %d precision %d, layout %d, rank %d of %d, point %td",
                          (int)points->method, (int)points->data_kind, (int)points->mask, (int)points->precision,
                          (int)layout, rank, sizes[s], i);
            }
        }
    for (ptrdiff_t i = 0; i < count; i++) {
        seen->successes += alone[0][i].successes, seen->fires_d0 += alone[0][i].fires_d0, seen->ties += alone[0][i].tie;
        seen->verdicts += alone[0][i].value_d1 > 0;
    }
    forget(k);
}

/* ---- the points ---- */

static psw_point plain(psw_data_kind kind, psw_mask mask, psw_precision precision)
{
    psw_point p = case_of(&W1, 76, 6, 3); /* the last of five leaves is ragged */
    p.data_kind = kind, p.mask = mask, p.precision = precision;
    p.block = 16, p.m = 9, p.trials = 7, p.negative = PSW_NEGATIVE_SIGNED;
    p.cosine = 0.9, p.noise = kind == PSW_SELF_ATTENTION ? 0.05 : 0;
    p.j3 = mask == PSW_CAUSAL ? p.n - 1 : 21;
    if (kind == PSW_SCORES) p.v = p.n, p.d = 0, p.a_0 = p.a_1 = p.b = p.c = p.kappa = NAN;
    return p;
}

/* 76 rows of 6 entries */
static void fill_arrays(psw_arrays *arrays)
{
    arrays->layer = calloc(1, sizeof *arrays->layer);
    arrays->layers = arrays->layer->kv_heads = 1;
    for (int side = 0; side < PSW_SIDES; side++) {
        psw_tensor t = {.name = "made here", .extent = {1, 1, 76, 6}};
        double *x = malloc(76 * 6 * sizeof *x);
        for (int i = 0; i < 76 * 6; i++) x[i] = sin(1 + side + 0.7 * i);
        t.at = x;
        arrays->layer->side[side] = t;
    }
}

/* Three degrees share their tiles; softmax and sketches stand alone. */
static void kinds(psw_mask mask, psw_precision precision, const psw_arrays *arrays, tally *seen)
{
    for (int code = 0; code < PSW_DATA_KINDS; code++) {
        psw_data_kind kind = (psw_data_kind)code;
        if (kind == PSW_SCORES && mask == PSW_CAUSAL) continue;
        const psw_arrays *of_file = kind == PSW_FILE ? arrays : NULL;
        psw_point p = plain(kind, mask, precision), degrees[3] = {p, p, p};
        degrees[1].beta = 8, degrees[2].beta = 40;
        check_group(degrees, 3, of_file, seen);
        p.method = PSW_SOFTMAX, p.beta = NAN;
        check_group(&p, 1, of_file, seen);
        if (kind == PSW_SCORES) continue;
        p.method = PSW_POLYSKETCH, p.beta = 4, p.r = 8, p.draws = 3, p.local = mask == PSW_CAUSAL ? 32 : 0;
        check_group(&p, 1, of_file, seen);
        p.method = PSW_MACLAURIN, p.beta = 2, p.draws = 9; /* more than trials */
        check_group(&p, 1, of_file, seen);
    }
}

int main(void)
{
    psw_arrays arrays = {0};
    tally seen = {0};
    fill_arrays(&arrays);
    for (psw_precision precision = PSW_FP64; precision <= PSW_FP32; precision++)
        for (psw_mask mask = PSW_FULL; mask <= PSW_CAUSAL; mask++) kinds(mask, precision, &arrays, &seen);
    psw_point tie = case_of(&P1, 64, 10, 20000); /* a_0 + b = kappa to the last bit but one */
    tie.a_0 = 0.05, tie.trials = 10, tie.block = 16;
    check_group(&tie, 1, NULL, &seen);
    tie.trials = 0;
    check_group(&tie, 1, NULL, &seen);
    psw_arrays_free(&arrays);
    CHECK(seen.successes > 0 && seen.fires_d0 > 0 && seen.ties > 0 && seen.verdicts > 0 && seen.idle > 0,
          "%td successes, %td fires, %td ties, %td values, %td ranks without leaves", seen.successes, seen.fires_d0,
          seen.ties, seen.verdicts, seen.idle);
    return test_end();
}
