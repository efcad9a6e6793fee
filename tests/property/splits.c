/* Any world splits into teams that part it, whole nodes first; any list of runs is worked off without a team too many,
 * a rank twice, or one that idles while there is work. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plan.h"

enum { RANKS_MAX = 200, RUNS_MAX = 400 };

static ptrdiff_t below(ptrdiff_t end)
{
    return rand() % end;
}

/* Nodes of unequal size: even, given by a list, or one node. */
static psw_split random_split(ptrdiff_t ranks, unsigned seed, ptrdiff_t node[RANKS_MAX])
{
    psw_split split = {ranks, 1, NULL, {0}};
    srand(seed);
    if (seed % 3 == 0) return split;
    if (seed % 3 == 1) {
        ptrdiff_t each = 1 + below(ranks);
        split.nodes = (ranks + each - 1) / each;
        return split;
    }
    split.nodes = 0;
    for (ptrdiff_t first = 0; first < ranks; first += 1 + below(seed % 2 ? 9 : 70)) node[split.nodes++] = first;
    split.node = node;
    return split;
}

/* ---- splits ---- */

static bool node_begins(const psw_split *s, ptrdiff_t rank)
{
    if (!s->node) return rank % ((s->ranks + s->nodes - 1) / s->nodes) == 0;
    for (ptrdiff_t k = 0; k < s->nodes; k++)
        if (s->node[k] == rank) return true;
    return false;
}

static ptrdiff_t nodes_of(const psw_split *s, const psw_team *t)
{
    ptrdiff_t nodes = 1;
    for (ptrdiff_t rank = t->first + 1; rank < t->first + t->size; rank++) nodes += node_begins(s, rank);
    return nodes;
}

/* Between nodes where there are several, and nowhere nearer to the middle. */
static void check_cut(const psw_split *s, const psw_team *t, const psw_team *first)
{
    ptrdiff_t cut = first->size;
    if (t->nodes == 1) {
        CHECK(cut == t->size / 2, "%td of %td", cut, t->size);
        return;
    }
    CHECK(node_begins(s, t->first + cut), "%td + %td cut inside a node", t->first, cut);
    for (ptrdiff_t other = 1; other < t->size; other++)
        if (node_begins(s, t->first + other))
            CHECK(labs((long)(2 * other - t->size)) >= labs((long)(2 * cut - t->size)), "%td is nearer than %td", other,
                  cut);
}

static void check_level(const psw_split *s, int depth, const psw_level *level)
{
    psw_level found = {.least = s->ranks};
    psw_team team;
    for (ptrdiff_t rank = 0; rank < s->ranks; rank += team.size) {
        team = psw_split_team(s, depth, rank);
        CHECK(team.first == rank && team.size >= (s->how.trunks || rank >= psw_split_used(s) ? 0 : 1) &&
                  rank + team.size <= psw_split_used(s) + (team.size == 0) * s->ranks,
              "%td+%td", team.first, team.size);
        CHECK(team.size == 0 || team.nodes == nodes_of(s, &team), "%td nodes", team.nodes);
        for (ptrdiff_t i = 1; i < team.size; i++)
            CHECK(psw_split_team(s, depth, rank + i).first == rank, "rank %td is elsewhere", rank + i);
        psw_team half = psw_split_team(s, depth + 1, rank);
        if (team.size == 0) { /* in no team yet */
            team.size = 1;
            continue;
        }
        if (team.size > 1)
            check_cut(s, &team, &half);
        else
            CHECK(half.size == 1 && half.first == rank, "a single rank stays");
        found.teams++;
        if (team.size < found.least) found.least = team.size;
        if (team.size > found.most) found.most = team.size;
        if (team.nodes > found.nodes) found.nodes = team.nodes;
    }
    CHECK(found.teams == level->teams && found.least == level->least && found.most == level->most &&
              found.nodes == level->nodes,
          "depth %d of %td: %td teams of %td..%td", depth, s->ranks, level->teams, level->least, level->most);
}

/* Whole nodes and powers of two of them, each at the depth of its size; together all that are used. */
static void check_trunks(const psw_split *s)
{
    psw_trunk trunks[PSW_TRUNKS_MAX];
    int count = psw_split_trunks(s, trunks);
    ptrdiff_t first = 0;
    for (int i = 0; i < count; i++) {
        const psw_team *t = &trunks[i].team;
        CHECK(t->first == first && (t->nodes & (t->nodes - 1)) == 0, "%td nodes from %td", t->nodes, t->first);
        first += t->size;
        psw_team other = psw_split_team(s, trunks[i].depth, 0);
        CHECK(i == 0 ? trunks[i].depth == 0 : t->size <= other.size && 2 * t->size >= other.size - 1,
              "a trunk of %td where teams have %td", t->size, other.size);
    }
    CHECK(first == psw_split_used(s), "%td of %td ranks", first, psw_split_used(s));
}

static void check_split(const psw_split *s)
{
    psw_level levels[PSW_DEPTHS_MAX];
    int depths = psw_split_levels(s, levels);
    if (s->how.trunks) check_trunks(s);
    CHECK(levels[depths - 1].most == 1 && (depths == 1 || levels[depths - 2].most > 1), "%d depths", depths);
    for (int k = 0; k < depths; k++) check_level(s, k, &levels[k]);
    CHECK(depths == psw_split_depths(s) && levels[0].least == psw_split_least(s, 0) &&
              levels[depths - 1].teams == psw_split_teams(s, depths - 1),
          "the same again");
}

/* ---- schedules ---- */

static int by_depth(const void *a, const void *b)
{
    const psw_run *x = a, *y = b;
    if (x->depth != y->depth) return x->depth - y->depth;
    return (x->predicted_s < y->predicted_s) - (x->predicted_s > y->predicted_s);
}

/* Five decades of cost; sometimes only deep runs, sometimes equal ones, sometimes none. */
static void random_runs(int depths, psw_runs *runs)
{
    int least = (int)below(depths), equal = below(4) == 0;
    runs->count = below(RUNS_MAX);
    runs->depths = depths;
    memset(runs->first, 0, sizeof runs->first);
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        double seconds = equal ? 1 : pow(10, -5 * (double)rand() / RAND_MAX);
        runs->list[i] = (psw_run){.first = i, .count = 1, .predicted_s = seconds, .busy_s = seconds};
        runs->list[i].depth = least + (int)below(depths - least);
        runs->first[runs->list[i].depth + 1]++;
    }
    for (int k = 0; k < PSW_DEPTHS_MAX; k++) runs->first[k + 1] += runs->first[k];
    if (runs->count) qsort(runs->list, (size_t)runs->count, sizeof *runs->list, by_depth);
}

/* A rank works from 0 on without a gap; it may end only when no run is left to begin: if one began later, its list was
 * not empty when the rank passed it. So the last run begins when all have worked up to then, and the schedule ends
 * within (rank seconds of the others) / ranks + its own seconds. */
static void check_turns(const psw_split *s, const psw_runs *runs, const psw_turn *turns, const psw_schedule *found)
{
    double end_s[RANKS_MAX] = {0}, last_start_s = 0, held_s = 0, bound_s = 0;
    bool seen[RUNS_MAX] = {false};
    for (ptrdiff_t i = 0; i < found->runs; i++) {
        const psw_turn *t = &turns[i];
        const psw_run *run = &runs->list[t->run];
        psw_team team = psw_split_team(s, run->depth, t->team.first);
        CHECK(!seen[t->run], "run %td twice", t->run);
        seen[t->run] = true;
        CHECK(team.first == t->team.first && team.size == t->team.size, "a team of another depth");
        CHECK(t->end_s == t->start_s + run->predicted_s, "a run of another length");
        for (ptrdiff_t rank = team.first; rank < team.first + team.size; rank++) {
            CHECK(end_s[rank] == t->start_s, "rank %td: free at %g, at work from %g", rank, end_s[rank], t->start_s);
            end_s[rank] = t->end_s;
        }
        last_start_s = t->start_s;
        held_s += run->predicted_s * (double)team.size;
    }
    for (ptrdiff_t i = 0; i < found->runs; i++)
        if (turns[i].end_s == found->finish_s) {
            double own_s = turns[i].end_s - turns[i].start_s;
            bound_s =
                fmax(bound_s, held_s / (double)s->ranks + own_s * (1 - (double)turns[i].team.size / (double)s->ranks));
        }
    for (ptrdiff_t rank = 0; rank < s->ranks; rank++)
        CHECK(found->runs == 0 || end_s[rank] >= last_start_s, "rank %td idles from %g, a run begins at %g", rank,
              end_s[rank], last_start_s);
    CHECK_NEAR(found->held_s, held_s, 1e-12); /* the same sum in another order */
    CHECK(found->finish_s <= bound_s * (1 + 1e-12), "%g > %g", found->finish_s, bound_s); /* sums of 400 terms */
}

static void check_schedule(const psw_split *s, psw_runs *runs)
{
    psw_turn turns[RUNS_MAX];
    psw_schedule found, early;
    random_runs(psw_split_depths(s), runs);
    CHECK(psw_schedule_simulate(runs, s, INFINITY, &found, turns) == PSW_OK, "%s", psw_message());
    CHECK(found.runs == runs->count, "%td of %td runs", found.runs, runs->count);
    check_turns(s, runs, turns, &found);
    ptrdiff_t sum = 0;
    for (int k = 0; k < found.depths; k++) sum += found.stage[k].runs;
    CHECK(sum == runs->count && found.utilisation <= 1 + 1e-12, "stages, %g", found.utilisation);
    double deadline_s = found.finish_s / 2;
    CHECK(psw_schedule_simulate(runs, s, deadline_s, &early, turns) == PSW_OK, "%s", psw_message());
    CHECK(early.finish_s <= deadline_s && early.runs <= runs->count, "%g after %g", early.finish_s, deadline_s);
    for (ptrdiff_t i = 0; i < early.runs; i++) CHECK(turns[i].end_s <= deadline_s, "late");
}

int main(void)
{
    ptrdiff_t node[RANKS_MAX];
    psw_runs runs = {.list = malloc(RUNS_MAX * sizeof *runs.list)};
    for (ptrdiff_t ranks = 1; ranks <= RANKS_MAX; ranks++)
        for (unsigned seed = 0; seed < 6; seed++) {
            psw_split split = random_split(ranks, (unsigned)ranks * 7 + seed, node);
            check_split(&split);
            runs.how = split.how;
            check_schedule(&split, &runs);
            split.how.used = ranks > 1 && seed % 2 ? 1 + below(ranks - 1) : 0;
            split.how.trunks = psw_split_is_even(&split);
            check_split(&split);
        }
    free(runs.list);
    return test_end();
}
