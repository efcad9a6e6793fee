/* Nodes of different speed: which runs a team leaves to faster ones. */
#include <math.h>

#include "polysweep/plan.h"

int psw_class_of(const psw_classes *classes, const psw_split *split, const psw_team *team)
{
    int slowest = 0;
    if (!classes || classes->count < 2) return 0;
    ptrdiff_t first = psw_split_node(split, team->first);
    for (ptrdiff_t k = first; k < first + team->nodes; k++)
        if (classes->of[k] > slowest) slowest = classes->of[k];
    return slowest;
}

double psw_class_speed(const psw_classes *classes, int number)
{
    return classes && classes->count > 1 ? classes->speed[number] : 1;
}

/* ---- how many there are ---- */

typedef struct tally {
    const psw_split *split;
    const psw_classes *classes;
    double ranks[PSW_CLASSES_MAX];
    double teams[PSW_DEPTHS_MAX][PSW_CLASSES_MAX]; /* as fast as the class */
} tally;

/* Ranks of one node, halved j times, are 2^j teams, in the end single ranks. */
static void count_node(tally *t, const psw_team *team, int depth)
{
    int class = psw_class_of(t->classes, t->split, team);
    t->ranks[class] += (double)team->size;
    for (int k = depth; k < PSW_DEPTHS_MAX; k++) t->teams[k][class] += fmin(exp2(k - depth), (double)team->size);
}

static void count_teams(tally *t, const psw_team *team, int depth)
{
    psw_team halves[2];
    if (team->nodes == 1 || depth + 1 == PSW_DEPTHS_MAX) {
        count_node(t, team, depth);
        return;
    }
    t->teams[depth][psw_class_of(t->classes, t->split, team)]++;
    psw_split_halves(t->split, team, halves);
    count_teams(t, &halves[0], depth + 1);
    count_teams(t, &halves[1], depth + 1);
}

static tally tally_of(const psw_split *split, const psw_classes *classes)
{
    tally t = {.split = split, .classes = classes};
    psw_team world = {0, split->ranks, split->nodes};
    count_teams(&t, &world, 0);
    return t;
}

static double power_of(const tally *t)
{
    double power = 0;
    for (int c = 0; c < t->classes->count; c++) power += t->ranks[c] * t->classes->speed[c];
    return power;
}

double psw_split_power(const psw_split *split, const psw_classes *classes)
{
    if (!classes || classes->count < 2) return (double)split->ranks;
    tally t = tally_of(split, classes);
    return power_of(&t);
}

/* ---- shares ---- */

typedef struct job {
    double finish_s, begin_s[PSW_DEPTHS_MAX]; /* when the sweep ends, and a depth begins */
    double share[PSW_DEPTHS_MAX];             /* of all speeds that a team of a depth has */
    int deepest;                              /* with runs */
} job;

/* The longest that such a team may begin with: the sweep, or faster teams with the runs so far, take as long. */
static ptrdiff_t first_of(const psw_runs *runs, ptrdiff_t from, int depth, double speed, double faster, double finish_s)
{
    double before_s = 0;
    ptrdiff_t i = runs->first[depth];
    for (; i < runs->first[depth + 1]; i++) {
        double own_s = runs->list[i].predicted_s;
        before_s += own_s;
        if (i >= from && own_s / speed <= runs->lean.first * fmax(finish_s, before_s / faster)) break;
    }
    return i;
}

/* So many of the last ones do faster teams while it computes one. */
static ptrdiff_t end_of(const psw_runs *runs, ptrdiff_t first, ptrdiff_t end, double speed, double faster)
{
    double after_s = 0;
    for (; end > first; end--) {
        double own_s = runs->list[end - 1].predicted_s;
        after_s += own_s;
        if (after_s > faster * own_s / speed) break;
    }
    return end;
}

/* Of a depth with others behind it: those that it ends before the sweep ends, if all go on as they should. */
static ptrdiff_t in_time_of(const psw_runs *runs, const job *j, int depth, ptrdiff_t first, double speed)
{
    ptrdiff_t i = runs->first[depth];
    double begin_s = j->begin_s[depth], limit = fmax(runs->lean.first, 1);
    for (; i < runs->first[depth + 1]; i++) {
        double own_s = runs->list[i].predicted_s;
        if (i >= first && begin_s + own_s / speed > j->finish_s * limit) return i;
        begin_s += own_s * j->share[depth];
    }
    return i;
}

static psw_share share_of(const tally *t, const psw_runs *runs, const job *j, int depth)
{
    const psw_classes *classes = t->classes;
    ptrdiff_t begin = runs->first[depth], end = runs->first[depth + 1], low = begin, high = end;
    int count = classes->count;
    psw_share share = {.segments = 2 * count - 1};
    double faster = 0; /* speeds of faster teams */
    for (int c = 0; c < count; c++) {
        double speed = classes->speed[c];
        ptrdiff_t tail = end;
        if (faster > 0) low = first_of(runs, low, depth, speed, faster, j->finish_s);
        if (faster > 0 && depth == j->deepest) tail = end_of(runs, begin, end, speed, runs->lean.last * faster);
        if (faster > 0 && depth < j->deepest) tail = in_time_of(runs, j, depth, low, speed);
        high = tail < low ? low : tail < high ? tail : high;
        share.edge[c] = low;
        share.edge[2 * count - 1 - c] = high;
        faster += t->teams[depth][c] * speed;
    }
    return share;
}

/* As if no rank ever idled, and a team were as fast as its ranks together. */
static job job_of(const tally *t, const psw_runs *runs, const psw_split *split)
{
    psw_level levels[PSW_DEPTHS_MAX];
    double power = power_of(t), passed_s = 0;
    job j = {.finish_s = runs->predicted_s / power};
    psw_split_levels(split, levels);
    for (int k = 0; k < runs->depths; k++) {
        j.begin_s[k] = passed_s;
        j.share[k] = (double)levels[k].least / power;
        if (runs->first[k] < runs->first[k + 1]) j.deepest = k;
        for (ptrdiff_t i = runs->first[k]; i < runs->first[k + 1]; i++)
            passed_s += runs->list[i].predicted_s * j.share[k];
    }
    return j;
}

void psw_runs_share(const psw_runs *runs, const psw_split *split, psw_share share[PSW_DEPTHS_MAX])
{
    const psw_classes *classes = runs->classes;
    if (!classes || classes->count < 2) {
        for (int k = 0; k < runs->depths; k++) share[k] = (psw_share){1, {runs->first[k], runs->first[k + 1]}};
        return;
    }
    tally t = tally_of(split, classes);
    job j = job_of(&t, runs, split);
    for (int k = 0; k < runs->depths; k++) share[k] = share_of(&t, runs, &j, k);
}
