/* Queues over nodes, whose ranks take from what their node holds and is given by rank 0: no number is lost, and nodes
 * of any speeds end about when ranks would that took from one list, however few runs there are. Without MPI; messages
 * take no time here. tests/mpi/kinds.c looks at the same of the queues themselves. */
#include <math.h>
#include <stdlib.h>

#include "check.h"
#include "polysweep/plan.h"

enum { PER_NODE = 16, NODES = 8, RANKS = PER_NODE * NODES };

static const double loss_most = 0.02; /* of the speeds of all ranks, against the plan */

typedef struct span {
    ptrdiff_t first, count;
} span;

/* One segment of the runs. */
typedef struct queue {
    span pool, held[NODES][2 * PER_NODE]; /* in the order in which they came */
    int spans[NODES];
    double power, here[NODES];
    int teams[NODES];
} queue;

typedef struct scene {
    psw_runs runs;
    psw_split split;
    psw_classes classes;
    unsigned char of[NODES];
    psw_share share;
    queue queues[2 * PSW_CLASSES_MAX];
    double free_s[RANKS], finish_s;
    ptrdiff_t held_most; /* that a node had been given and not begun */
} scene;

/* ---- a queue ---- */

static ptrdiff_t held(const queue *q, int node)
{
    ptrdiff_t count = 0;
    for (int i = 0; i < q->spans[node]; i++) count += q->held[node][i].count;
    return count;
}

static void give(queue *q, int node, ptrdiff_t count)
{
    CHECK(count >= 1 && count <= q->pool.count, "%td of %td", count, q->pool.count);
    CHECK(q->spans[node] < 2 * PER_NODE, "too many spans");
    q->held[node][q->spans[node]++] = (span){q->pool.first, count};
    q->pool.first += count, q->pool.count -= count;
}

static ptrdiff_t pop(queue *q, int node)
{
    span *s = q->held[node];
    ptrdiff_t number = s->first++;
    if (--s->count > 0) return number;
    q->spans[node]--;
    for (int i = 0; i < q->spans[node]; i++) s[i] = s[i + 1];
    return number;
}

/* As comm/queue does; -1: none is left. */
static ptrdiff_t take(scene *s, queue *q, int node, double speed)
{
    double all = q->here[node] / q->power;
    if (node == 0) return q->pool.count-- > 0 ? q->pool.first++ : -1;
    if (q->spans[node] == 0 && q->pool.count <= 0) return -1;
    if (q->spans[node] == 0) give(q, node, psw_deal_of(q->pool.count, speed / q->power, 1).length);
    ptrdiff_t number = pop(q, node);
    psw_deal deal = psw_deal_of(q->pool.count > 0 ? q->pool.count : 0, all, q->teams[node]);
    CHECK(deal.ahead >= 0 && deal.ahead <= q->teams[node], "%td ahead", deal.ahead);
    if (deal.length > 0 && held(q, node) < deal.ahead) give(q, node, deal.length);
    if (held(q, node) > s->held_most) s->held_most = held(q, node);
    return number;
}

/* ---- ranks ---- */

static void open_queues(scene *s)
{
    psw_share shares[PSW_DEPTHS_MAX];
    psw_runs_share(&s->runs, &s->split, shares);
    s->share = shares[s->runs.depths - 1];
    for (int k = 0; k < s->share.segments; k++) {
        queue *q = &s->queues[k];
        *q = (queue){.pool = {s->share.edge[k], s->share.edge[k + 1] - s->share.edge[k]}};
        for (int node = 0; node < NODES; node++) {
            int class = s->classes.count < 2 ? 0 : s->of[node];
            if (k < class || k >= s->share.segments - class) continue;
            q->teams[node] = PER_NODE;
            q->here[node] = PER_NODE * psw_class_speed(&s->classes, class);
            q->power += q->here[node];
        }
    }
}

static ptrdiff_t next(scene *s, int rank)
{
    int node = rank / PER_NODE, class = s->classes.count < 2 ? 0 : s->of[node];
    for (int k = class; k < s->share.segments - class; k++) {
        ptrdiff_t number = take(s, &s->queues[k], node, psw_class_speed(&s->classes, class));
        if (number >= 0) return number;
    }
    return -1;
}

/* The rank that is free first takes; one that finds nothing is done. */
static void play(scene *s)
{
    unsigned char *seen = calloc((size_t)s->runs.count, 1);
    for (int done = 0; done < RANKS;) {
        int rank = 0;
        for (int i = 1; i < RANKS; i++)
            if (s->free_s[i] < s->free_s[rank]) rank = i;
        double now_s = s->free_s[rank], speed = psw_class_speed(&s->classes, s->of[rank / PER_NODE]);
        ptrdiff_t k = next(s, rank);
        if (k >= 0) seen[k]++, s->free_s[rank] += s->runs.list[k].predicted_s / speed;
        if (k < 0) s->free_s[rank] = INFINITY, done++;
        if (k < 0 && now_s > s->finish_s) s->finish_s = now_s;
    }
    for (ptrdiff_t i = 0; i < s->runs.count; i++) CHECK(seen[i] == 1, "run %td: %d times", i, seen[i]);
    free(seen);
}

/* ---- runs ---- */

static int longest_first(const void *a, const void *b)
{
    double x = ((const psw_run *)a)->predicted_s, y = ((const psw_run *)b)->predicted_s;
    return (x < y) - (x > y);
}

/* From 1 s to `most` s, as many of each octave. */
static void make_runs(scene *s, ptrdiff_t count, double most)
{
    psw_runs *runs = &s->runs;
    *runs = (psw_runs){.count = count, .depths = psw_split_depths(&s->split), .lean = {INFINITY, 0}};
    runs->classes = &s->classes;
    runs->list = calloc((size_t)count, sizeof *runs->list);
    for (ptrdiff_t i = 0; i < count; i++) {
        double seconds = pow(most, rand() / (double)RAND_MAX);
        runs->list[i] = (psw_run){.first = i, .count = 1, .predicted_s = seconds, .busy_s = seconds};
        runs->list[i].depth = runs->depths - 1;
        runs->predicted_s += seconds;
    }
    qsort(runs->list, (size_t)count, sizeof *runs->list, longest_first);
    for (int k = runs->depths; k <= PSW_DEPTHS_MAX; k++) runs->first[k] = count;
}

/* `each` runs for a rank of speed 1. */
static void test_nodes(double ratio, int fast, double each, double most)
{
    scene *s = calloc(1, sizeof *s);
    psw_schedule plan;
    s->split = (psw_split){.ranks = RANKS, .nodes = NODES};
    s->classes = (psw_classes){.count = ratio > 1 ? 2 : 1, .speed = {ratio, 1}, .of = s->of};
    for (int k = 0; k < NODES; k++) s->of[k] = ratio > 1 && k >= fast;
    double power = psw_split_power(&s->split, &s->classes);
    make_runs(s, (ptrdiff_t)(each * power) + RANKS / 3, most);
    CHECK(psw_runs_lean(&s->runs, &s->split) == PSW_OK, "%s", psw_message());
    CHECK(psw_schedule_simulate(&s->runs, &s->split, INFINITY, &plan, NULL) == PSW_OK, "%s", psw_message());
    open_queues(s);
    play(s);
    double busy = s->runs.predicted_s / (s->finish_s * power);
    fprintf(stderr,
            "%g times as fast, %d of %d nodes, %g runs each of 1 to %g s: %.1f %% busy, planned %.1f %%, %td held\n",
            ratio, fast, NODES, each, most, 100 * busy, 100 * plan.utilisation, s->held_most);
    CHECK(busy >= plan.utilisation - loss_most, "%g busy, planned %g", busy, plan.utilisation);
    free(s->runs.list);
    free(s);
}

int main(void)
{
    static const double each[] = {1, 4, 8, 20}, most[] = {1, 4, 100};
    srand(7);
    for (int ratio = 1; ratio <= 4; ratio++)
        for (int fast = 1; fast < NODES; fast += 3)
            for (int i = 0; i < 12 && (ratio > 1 || fast == 1); i++) test_nodes(ratio, fast, each[i / 3], most[i % 3]);
    return test_end();
}
