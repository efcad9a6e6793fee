#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "plan/choose.h"

const psw_cut psw_cut_default = {
    .least_s = 0.01, .most_s = 1, .most_slots = 1024, .ranks = 1, .alone = false, .choice = {-1, -1, -1}};

#define RUNS_PER_RANK 20 /* the end of a sweep then idles a worker for at most about a twentieth of its time */

/* ---- the growing list ---- */

typedef struct list {
    psw_run *at;
    ptrdiff_t count, room;
} list;

static psw_status append(list *runs, psw_run run)
{
    if (runs->count == runs->room) {
        ptrdiff_t room = runs->room ? 2 * runs->room : 256;
        psw_run *larger = realloc(runs->at, (size_t)room * sizeof *larger);
        if (!larger) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a list of %td runs", room);
        runs->at = larger;
        runs->room = room;
    }
    runs->at[runs->count++] = run;
    return PSW_OK;
}

/* ---- first pass: wanted slots become pieces of about least_s, cut between groups ---- */

typedef struct cutter {
    const psw_cut *cut;
    double run_s;
    list *runs;
    psw_run piece;    /* whole groups, not yet in the list; count 0 = none */
    psw_run group;    /* the group being read; count 0 = none */
    psw_point before; /* its newest point */
    ptrdiff_t most;   /* points it may have */
    bool apart;       /* a run of its own, which a team may get */
} cutter;

static bool over(const cutter *c, double seconds, ptrdiff_t slots)
{
    return seconds > c->cut->most_s || slots > c->cut->most_slots;
}

static psw_status end_piece(cutter *c)
{
    psw_run piece = c->piece;
    c->piece.count = 0;
    if (piece.count == 0) return PSW_OK;
    piece.predicted_s += c->run_s;
    return append(c->runs, piece);
}

/* A point whose memory decides about its team: it may need one, or be refused one. A rank of a small team needs up to a
 * few times what a point needs alone, for guests and for sums that wait between two steps. */
static bool too_large(const psw_cut *cut, const psw_point *point)
{
    const double more = 4;
    psw_group one = {point, 1};
    return cut->split && cut->memory_bytes > 0 && more * (double)psw_memory_group(&one, NULL) > cut->memory_bytes;
}

static psw_status end_group(cutter *c)
{
    psw_run group = c->group, *piece = &c->piece;
    c->group.count = 0;
    if (group.count == 0) return PSW_OK;
    bool apart = c->apart || group.predicted_s >= c->cut->least_s;
    if (apart || over(c, piece->predicted_s + group.predicted_s, piece->count + group.count)) PSW_TRY(end_piece(c));
    if (piece->count == 0) *piece = (psw_run){.first = group.first, .team = c->before.team, .refused = c->apart};
    piece->count += group.count;
    piece->predicted_s += group.predicted_s;
    if (apart || piece->predicted_s >= c->cut->least_s) PSW_TRY(end_piece(c));
    return PSW_OK;
}

static psw_status end_consecutive(cutter *c)
{
    PSW_TRY(end_group(c));
    return end_piece(c);
}

static bool grows(const cutter *c, const psw_point *point, const psw_cost *cost)
{
    const psw_run *group = &c->group;
    return group->count > 0 && group->count < c->most &&
           !over(c, group->predicted_s + cost->extra_s, group->count + 1) && psw_group_joins(&c->before, point);
}

static psw_status take_slot(cutter *c, ptrdiff_t slot, const psw_point *point, const psw_cost *cost)
{
    if (grows(c, point, cost)) {
        c->group.count++;
        c->group.predicted_s += cost->extra_s;
    } else {
        PSW_TRY(end_group(c));
        c->group = (psw_run){.first = slot, .count = 1, .predicted_s = cost->predicted_s};
        bool large = too_large(c->cut, point);
        c->apart = c->cut->alone || large || (c->cut->split && point->team > 0);
        c->most = c->cut->alone || large ? 1 : psw_group_most(point);
    }
    c->before = *point;
    return PSW_OK;
}

static psw_status cut_pieces(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                             const unsigned char *wanted, list *runs)
{
    cutter c = {.cut = cut, .run_s = rates->run_s, .runs = runs};
    ptrdiff_t slots = psw_study_slots(study);
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t slot = 0; slot < slots; slot++) {
        if (wanted && !wanted[slot]) {
            PSW_TRY(end_consecutive(&c));
            continue;
        }
        psw_point point = *psw_cursor_at(&cursor, slot);
        psw_cost cost = psw_cost_time(rates, &point);
        cost.predicted_s += cut->passes * cost.repeat_s;
        PSW_TRY(take_slot(&c, slot, &point, &cost));
    }
    return end_consecutive(&c);
}

/* ---- second pass: neighbours are joined up to the length that leaves every worker enough runs ---- */

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* A short run joins a neighbour, as long as the result is not too long for the number of ranks. */
static bool join(psw_run *run, const psw_run *next, const psw_cut *cut, double run_s, double target_s)
{
    double together = run->predicted_s + next->predicted_s - run_s;
    bool short_one = run->predicted_s < cut->least_s || next->predicted_s < cut->least_s;
    if (run->refused || next->refused) return false; /* never joined */
    if (run->first + run->count != next->first || run->count + next->count > cut->most_slots) return false;
    if (together > (short_one ? larger(target_s, 2 * cut->least_s) : target_s)) return false;
    run->count += next->count;
    run->predicted_s = together;
    return true;
}

static bool differ(const psw_classes *classes)
{
    return classes && classes->count > 1;
}

/* Ranks that form teams, each counted by its speed. */
static double speed_of(const psw_cut *cut)
{
    return differ(cut->classes) ? psw_split_power(cut->split, cut->classes) : (double)psw_split_used(cut->split);
}

static void join_pieces(list *runs, const psw_cut *cut, double run_s)
{
    double total = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) total += runs->at[i].predicted_s;
    double ranks = cut->split ? speed_of(cut) : larger((double)cut->ranks, 1);
    double target_s = larger(total / (RUNS_PER_RANK * ranks), cut->least_s);
    if (target_s > cut->most_s) target_s = cut->most_s;
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 1; i < runs->count; i++)
        if (!join(&runs->at[kept], &runs->at[i], cut, run_s, target_s)) runs->at[++kept] = runs->at[i];
    if (runs->count > 0) runs->count = kept + 1;
}

/* ---- on one rank each, or on teams ---- */

static void single(psw_run *run)
{
    run->alone_s = run->busy_s = run->predicted_s;
    run->refused = false;
    run->team = 0;
}

enum { LENGTHS = 8, PIECES_KEPT = 1 << 16 };

typedef struct plan { /* what is planned, and the best so far */
    const psw_study *study;
    const psw_rates *rates;
    psw_cut cut;
    const unsigned char *wanted;
    psw_runs *runs;
    double finish_s;      /* of the best */
    ptrdiff_t refused;    /* points of it */
    plan_fitting fitting; /* where there is a split */
    struct {
        double most_s;
        list pieces;
    } kept[LENGTHS]; /* of pieces that are asked for again with every split of the world */
    int lengths;
} plan;

static psw_status copy_pieces(const list *from, list *to)
{
    *to = (list){malloc((size_t)(from->count + 1) * sizeof *from->at), from->count, from->count + 1};
    if (!to->at) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a list of %td runs", from->count);
    if (from->count > 0) memcpy(to->at, from->at, (size_t)from->count * sizeof *from->at);
    return PSW_OK;
}

static psw_status keep_pieces(plan *p, double most_s, const list *pieces)
{
    if (!p->cut.split || p->lengths == LENGTHS || pieces->count > PIECES_KEPT) return PSW_OK;
    PSW_TRY(copy_pieces(pieces, &p->kept[p->lengths].pieces));
    p->kept[p->lengths++].most_s = most_s;
    return PSW_OK;
}

static psw_status find_pieces(plan *p, const psw_cut *cut, list *pieces)
{
    for (int i = 0; i < p->lengths; i++)
        if (p->kept[i].most_s == cut->most_s) return copy_pieces(&p->kept[i].pieces, pieces);
    PSW_TRY(cut_pieces(p->study, p->rates, cut, p->wanted, pieces));
    return keep_pieces(p, cut->most_s, pieces);
}

/* Runs of at most cut->most_s, which with its split is what differs from the plan's; finish_s is of the simulated
 * schedule, 0 where there is no split. */
static psw_status create(plan *p, const psw_cut *cut, psw_runs *runs, double *finish_s)
{
    list pieces = {0};
    psw_status status = find_pieces(p, cut, &pieces);
    *runs =
        (psw_runs){.list = pieces.at, .count = pieces.count, .depths = 1, .classes = cut->classes, .lean = {1, 0.5}};
    *finish_s = 0;
    if (status != PSW_OK) return status;
    join_pieces(&pieces, cut, p->rates->run_s);
    runs->count = pieces.count;
    for (ptrdiff_t i = 0; i < runs->count; i++) runs->points += runs->list[i].count;
    if (cut->split) return plan_choose_depths(p->study, p->rates, cut, &p->fitting, runs, finish_s);
    for (ptrdiff_t i = 0; i < runs->count; i++) single(&runs->list[i]);
    plan_choose_order(runs, NULL);
    return PSW_OK;
}

static const double near = 1.02; /* a schedule this near to its bound is not bettered */

/* Points that share tiles are best kept together as long as that leaves every rank enough to do. */
static psw_status shorten(plan *p, const psw_cut *cut, psw_runs *runs, double *finish_s)
{
    double alone_s = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) alone_s += runs->list[i].refused ? 0 : runs->list[i].alone_s;
    double share_s = alone_s / speed_of(cut), enough_s = larger(cut->least_s, share_s / RUNS_PER_RANK);
    psw_cut shorter = *cut;
    for (shorter.most_s /= 4; shorter.most_s * 4 > enough_s && *finish_s > near * share_s; shorter.most_s /= 4) {
        psw_runs others;
        double end_s;
        psw_status status = create(p, &shorter, &others, &end_s);
        psw_runs *worse = status == PSW_OK && end_s < *finish_s ? runs : &others;
        psw_runs_free(worse);
        if (worse == runs) *runs = others;
        if (worse == runs) *finish_s = end_s;
        PSW_TRY(status);
    }
    return PSW_OK;
}

/* Nothing else may run at the same time: all ranks synchronise for each run, and the first ones compute it. */
static void one_after_another(const psw_split *split, psw_runs *runs)
{
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split world = *split;
    world.how = runs->how;
    psw_split_levels(&world, levels);
    for (ptrdiff_t i = 0; i < runs->count; i++) {
        psw_run *run = &runs->list[i];
        if (run->team == 0 && run->depth > 0) run->team = levels[run->depth].least;
        run->depth = 0;
    }
    plan_choose_order(runs, levels);
}

void psw_cut_time(psw_cut *cut, const psw_settings *settings)
{
    cut->alone = settings->timing;
    cut->passes = settings->timing ? (double)(settings->warmup + settings->max_reps) : 0;
}

/* ---- how the world splits ---- */

static psw_status create_as(plan *p, psw_split_how how, psw_runs *runs, double *finish_s)
{
    psw_split split = *p->cut.split;
    psw_cut cut = p->cut;
    split.how = how;
    cut.split = &split;
    PSW_TRY(create(p, &cut, runs, finish_s));
    return cut.alone || cut.turns ? PSW_OK : shorten(p, &cut, runs, finish_s);
}

static ptrdiff_t refused_points(const psw_runs *runs)
{
    ptrdiff_t points = 0;
    for (ptrdiff_t i = 0; i < runs->count; i++) points += runs->list[i].refused ? runs->list[i].count : 0;
    return points;
}

/* Keeps the better of the runs so far and of those of another split. */
static psw_status consider(plan *p, psw_split_how how)
{
    psw_runs others = {0};
    double finish_s = INFINITY;
    psw_status status = create_as(p, how, &others, &finish_s);
    ptrdiff_t refused = refused_points(&others);
    bool better = status == PSW_OK && (refused < p->refused || (refused == p->refused && finish_s < p->finish_s));
    psw_runs worse = better ? *p->runs : others;
    if (better) *p->runs = others, p->refused = refused, p->finish_s = finish_s;
    psw_runs_free(&worse);
    return status;
}

/* What points take at least, whoever shares tiles with them. */
static double least_work(const plan *p)
{
    double seconds = 0;
    for (ptrdiff_t i = 0; i < p->runs->count; i++) {
        const psw_run *run = &p->runs->list[i];
        for (ptrdiff_t k = 0; !run->refused && k < run->count; k++) {
            psw_point point = psw_study_point(p->study, run->first + k);
            seconds += psw_cost_time(p->rates, &point).extra_s;
        }
    }
    return seconds;
}

/* The longest run of the best plan, as the fastest team of `split` would have it, whatever its memory. */
static double longest_within(const plan *p, const psw_split *split)
{
    psw_point points[PSW_GROUP_MAX];
    psw_level levels[PSW_DEPTHS_MAX];
    const psw_run *longest = NULL;
    double seconds = INFINITY;
    for (ptrdiff_t i = 0; i < p->runs->count; i++)
        if (!longest || p->runs->list[i].predicted_s > longest->predicted_s) longest = &p->runs->list[i];
    if (!longest || longest->team > 0) return 0;
    psw_slots slots = {longest->first, 1, NULL};
    psw_group one = {points, psw_group_fill(p->study, &slots, 0, points)};
    int depths = psw_split_levels(split, levels);
    for (int k = 0; k < depths; k++) {
        const psw_level *level = &levels[k];
        psw_choice choice = psw_choice_within(&one, p->cut.choice, level->least, 0);
        seconds = fmin(seconds, psw_cost_team_time(p->rates, &one, choice, level->least, level->nodes).seconds);
    }
    return seconds + p->rates->run_s;
}

/* Can a plan for ranks that split so end before the best one? */
static bool may_be_better(const plan *p, psw_split_how how, double least_s)
{
    psw_split split = *p->cut.split;
    split.how = how;
    if (p->finish_s <= least_s / (double)psw_split_used(&split)) return false;
    return p->refused > 0 || p->finish_s > longest_within(p, &split);
}

/* Are trunks anything else than halves? */
static bool are_trunks(const psw_split *world, psw_split_how how)
{
    psw_trunk trunks[PSW_TRUNKS_MAX];
    psw_split split = *world;
    split.how = how;
    return how.trunks && psw_split_is_even(&split) && psw_split_trunks(&split, trunks) > 1;
}

/* Nobody has to look where even ranks that never idle would end later. */
static psw_status consider_all(plan *p)
{
    const psw_split *world = p->cut.split;
    psw_split_how trunks = {.trunks = true};
    double least_s = least_work(p);
    if (p->finish_s > near * least_s / (double)world->ranks && are_trunks(world, trunks) &&
        may_be_better(p, trunks, least_s))
        PSW_TRY(consider(p, trunks));
    ptrdiff_t used = 1;
    while (2 * used < world->ranks) used *= 2;
    for (; used >= 1 && p->finish_s > least_s / (double)used; used /= 2) {
        psw_split_how halves = {false, used};
        trunks.used = used;
        if (may_be_better(p, halves, least_s)) PSW_TRY(consider(p, halves));
        if (are_trunks(world, trunks) && may_be_better(p, trunks, least_s)) PSW_TRY(consider(p, trunks));
    }
    return PSW_OK;
}

static void plan_free(plan *p)
{
    for (int i = 0; i < p->lengths; i++) free(p->kept[i].pieces.at);
    plan_fitting_free(&p->fitting);
}

static psw_status create_teams(plan *p)
{
    const psw_cut *cut = &p->cut;
    if (cut->split->ranks < 1)
        return PSW_FAIL(PSW_USAGE, "a schedule needs at least one rank, not %td", cut->split->ranks);
    PSW_TRY(plan_fitting_create(cut->choice, cut->memory_bytes, &p->fitting));
    PSW_TRY(create_as(p, (psw_split_how){0}, p->runs, &p->finish_s));
    p->refused = refused_points(p->runs);
    if (!cut->alone && !cut->turns)
        PSW_TRY(differ(cut->classes) ? psw_runs_lean(p->runs, cut->split) : consider_all(p));
    if (cut->alone) one_after_another(cut->split, p->runs);
    return PSW_OK;
}

psw_status psw_runs_create(const psw_study *study, const psw_rates *rates, const psw_cut *cut,
                           const unsigned char *wanted, psw_runs *runs)
{
    plan p = {.study = study, .rates = rates, .cut = *cut, .wanted = wanted, .runs = runs};
    *runs = (psw_runs){0};
    psw_status status = cut->split ? create_teams(&p) : create(&p, cut, runs, &p.finish_s);
    plan_free(&p);
    if (status != PSW_OK) psw_runs_free(runs);
    return status;
}

void psw_runs_free(psw_runs *runs)
{
    free(runs->list);
    *runs = (psw_runs){0};
}
