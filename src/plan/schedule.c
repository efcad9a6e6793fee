#include <stdlib.h>

#include "polysweep/plan.h"

/* ---- a heap of teams: the first to be free; of several the deepest, so that no team splits further than there is
 * work ---- */

typedef struct worker {
    double free_s;
    int depth;
    int class; /* of speed */
    psw_team team;
} worker;

typedef struct simulation {
    const psw_runs *runs;
    const psw_split *split;
    double deadline_s;
    psw_schedule *schedule;
    psw_turn *turns;
    psw_share share[PSW_DEPTHS_MAX]; /* of which edge[k] is the run of segment k that is taken next, */
    ptrdiff_t end[PSW_DEPTHS_MAX][2 * PSW_CLASSES_MAX]; /* and this its end */
    ptrdiff_t left[PSW_DEPTHS_MAX];                     /* runs of a depth */
    worker *heap;
    ptrdiff_t count, room;
} simulation;

static bool before(const worker *a, const worker *b)
{
    if (a->free_s != b->free_s) return a->free_s < b->free_s;
    if (a->depth != b->depth) return a->depth > b->depth;
    return a->team.first < b->team.first;
}

/* The worker at the top sinks to its place. */
static void sink(simulation *s)
{
    worker moved = s->heap[0];
    ptrdiff_t at = 0;
    for (;;) {
        ptrdiff_t child = 2 * at + 1;
        if (child + 1 < s->count && before(&s->heap[child + 1], &s->heap[child])) child++;
        if (child >= s->count || !before(&s->heap[child], &moved)) break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = moved;
}

static psw_status rise(simulation *s, worker added)
{
    if (s->count == s->room) {
        ptrdiff_t room = s->room ? 2 * s->room : 256;
        worker *larger = realloc(s->heap, (size_t)room * sizeof *larger);
        if (!larger) return PSW_FAIL(PSW_NO_MEMORY, "no memory to simulate %td teams", room);
        s->heap = larger;
        s->room = room;
    }
    ptrdiff_t at = s->count++;
    for (; at > 0 && before(&added, &s->heap[(at - 1) / 2]); at = (at - 1) / 2) s->heap[at] = s->heap[(at - 1) / 2];
    s->heap[at] = added;
    return PSW_OK;
}

/* ---- what a free team does ---- */

static void take(simulation *s, worker *w, ptrdiff_t index)
{
    const psw_run *run = &s->runs->list[index];
    psw_stage *stage = &s->schedule->stage[w->depth];
    double start_s = w->free_s, end_s = start_s + run->predicted_s / psw_class_speed(s->runs->classes, w->class);
    if (s->turns) s->turns[s->schedule->runs] = (psw_turn){index, w->team, start_s, end_s};
    s->schedule->runs++;
    if (run->refused) return;
    if (stage->runs == 0) stage->from_s = start_s;
    if (end_s > stage->until_s) stage->until_s = end_s;
    if (end_s > s->schedule->finish_s) s->schedule->finish_s = end_s;
    stage->busy_s += run->busy_s;
    stage->held_s += run->predicted_s * (double)w->team.size;
    stage->points += run->count;
    stage->runs++;
    w->free_s = end_s;
}

/* The next run of the worker's depth that ends in time, -1 = none. */
static ptrdiff_t next_run(simulation *s, const worker *w)
{
    psw_share *share = &s->share[w->depth];
    double speed = psw_class_speed(s->runs->classes, w->class);
    for (int k = w->class; k < share->segments - w->class; k++) {
        ptrdiff_t *next = &share->edge[k], end = s->end[w->depth][k], before = *next;
        while (*next < end && w->free_s + s->runs->list[*next].predicted_s / speed > s->deadline_s) ++*next;
        s->left[w->depth] -= *next - before + (*next < end);
        if (*next < end) return (*next)++;
    }
    return -1;
}

static bool work_below(const simulation *s, int depth)
{
    for (int k = depth + 1; k < s->runs->depths; k++)
        if (s->left[k] > 0) return true;
    return false;
}

static void open_shares(simulation *s)
{
    psw_runs_share(s->runs, s->split, s->share);
    for (int k = 0; k < s->runs->depths; k++) {
        s->left[k] = s->runs->first[k + 1] - s->runs->first[k];
        for (int i = 0; i < s->share[k].segments; i++) s->end[k][i] = s->share[k].edge[i + 1];
    }
}

static worker worker_of(const simulation *s, double free_s, int depth, const psw_team *team)
{
    return (worker){free_s, depth, psw_class_of(s->runs->classes, s->split, team), *team};
}

static psw_status turn(simulation *s)
{
    worker w = s->heap[0];
    psw_team halves[2];
    ptrdiff_t run = next_run(s, &w);
    if (run >= 0) {
        take(s, &w, run);
    } else if (!work_below(s, w.depth)) {
        w = s->heap[--s->count];
        if (s->count == 0) return PSW_OK;
    } else {
        w.depth++;
        if (w.team.size > 1) {
            psw_split_halves(s->split, &w.team, halves);
            w = worker_of(s, w.free_s, w.depth, &halves[0]);
        } else {
            halves[1].size = 0;
        }
        s->heap[0] = w;
        sink(s);
        return halves[1].size > 0 ? rise(s, worker_of(s, w.free_s, w.depth, &halves[1])) : PSW_OK;
    }
    s->heap[0] = w;
    sink(s);
    return PSW_OK;
}

static psw_status begin(simulation *s)
{
    psw_trunk trunks[PSW_TRUNKS_MAX];
    int count = psw_split_trunks(s->split, trunks);
    open_shares(s);
    for (int i = 0; i < count; i++) PSW_TRY(rise(s, worker_of(s, 0, trunks[i].depth, &trunks[i].team)));
    return PSW_OK;
}

static void sum_up(psw_schedule *schedule, const psw_runs *runs, const psw_split *split, const psw_level *levels)
{
    schedule->depths = runs->depths;
    for (int k = 0; k < runs->depths; k++) {
        schedule->stage[k].level = levels[k];
        schedule->busy_s += schedule->stage[k].busy_s;
        schedule->held_s += schedule->stage[k].held_s;
    }
    double could_s = schedule->finish_s * psw_split_power(split, runs->classes);
    if (could_s > 0) schedule->utilisation = schedule->busy_s / could_s;
}

psw_status psw_schedule_simulate(const psw_runs *runs, const psw_split *split, double deadline_s,
                                 psw_schedule *schedule, psw_turn *turns)
{
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split world = *split;
    world.how = runs->how;
    *schedule = (psw_schedule){.ranks = split->ranks};
    if (split->ranks < 1) return PSW_FAIL(PSW_USAGE, "a schedule needs at least one rank, not %td", split->ranks);
    int depths = psw_split_levels(&world, levels);
    if (runs->count > 0 && runs->depths != depths)
        return PSW_FAIL(PSW_BUG, "runs of %d depths in a world of %d", runs->depths, depths);
    simulation s = {.runs = runs, .split = &world, .deadline_s = deadline_s, .schedule = schedule, .turns = turns};
    psw_status status = begin(&s);
    while (status == PSW_OK && s.count > 0 && runs->count > 0) status = turn(&s);
    free(s.heap);
    sum_up(schedule, runs, &world, levels);
    return status;
}
