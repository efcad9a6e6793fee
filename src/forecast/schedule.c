#include "forecast/schedule.h"

#include <math.h>

#include "forecast/search.h"

psw_split forecast_split(const psw_forecast *f, ptrdiff_t ranks)
{
    return (psw_split){ranks, (ranks + f->ranks_per_node - 1) / f->ranks_per_node, f->node, {0}};
}

ptrdiff_t forecast_team(const psw_run *run, const psw_level *levels)
{
    return run->team > 0 ? run->team : run->refused ? 1 : levels[run->depth].least;
}

static const char *const words[] = {"work",       "longest point",   "memory",
                                    "teams wait", "idle at the end", "rounds of a search"};

const char *forecast_limit_word(psw_forecast_limit limit)
{
    return words[limit];
}

/* Of a search that times its points each takes all ranks, as that of a grid does. */
static bool by_families(const psw_forecast *f)
{
    return f->search.guess && !psw_study_settings(f->study)->timing;
}

psw_status forecast_alone(psw_forecast *f)
{
    psw_runs runs;
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(f->study));
    if (by_families(f)) {
        f->alone_s = forecast_search_alone(f);
        return PSW_OK;
    }
    PSW_TRY(psw_runs_create(f->study, &f->rates, &cut, f->wanted, &runs));
    f->alone_s = runs.predicted_s;
    psw_runs_free(&runs);
    return PSW_OK;
}

psw_status forecast_cut(const psw_forecast *f, const psw_split *split, double memory_bytes, psw_runs *runs)
{
    psw_cut cut = psw_cut_default;
    cut.split = split;
    cut.choice = f->choice;
    cut.memory_bytes = memory_bytes;
    psw_cut_time(&cut, psw_study_settings(f->study));
    if (by_families(f)) return forecast_search_cut(f, &cut, runs);
    return psw_runs_create(f->study, &f->rates, &cut, f->wanted, runs);
}

/* ---- the longest point on its best team ---- */

typedef struct teams {
    psw_level levels[PSW_DEPTHS_MAX];
    int depths;
    double passes; /* that only repeat */
} teams;

/* By the route that a rank with memory_bytes (0: any) would choose. */
static psw_forecast_point on_best_team(const psw_forecast *f, const teams *t, const psw_point *point, ptrdiff_t slot,
                                       double memory_bytes)
{
    psw_group one = {point, 1};
    psw_forecast_point best = {slot, INFINITY, 0};
    for (int k = t->depths - 1; k >= 0; k--) {
        const psw_level *level = &t->levels[k];
        ptrdiff_t size = point->team > 0 ? point->team : level->least;
        if (point->team > 0 && level->least < point->team) continue;
        psw_choice choice = psw_choice_within(&one, f->choice, size, memory_bytes);
        psw_team_cost cost = psw_cost_team_time(&f->rates, &one, choice, size, level->nodes);
        double seconds = cost.seconds + t->passes * cost.repeat_s;
        if (seconds < best.value) best = (psw_forecast_point){slot, seconds, size};
        if (point->team > 0) break;
    }
    return best;
}

static double alone_s(const psw_forecast *f, const teams *t, const psw_point *point)
{
    psw_cost cost = psw_cost_time(&f->rates, point);
    return cost.predicted_s + t->passes * cost.repeat_s;
}

/* Memory is laid out for few: for those that would be the longest if there were enough of it. */
static void consider_point(const psw_forecast *f, const teams *t, const psw_point *point, ptrdiff_t slot,
                           psw_forecast_point *longest)
{
    psw_forecast_point best = on_best_team(f, t, point, slot, 0);
    if (best.value > longest->value && f->memory_bytes > 0) best = on_best_team(f, t, point, slot, f->memory_bytes);
    if (best.value > longest->value) *longest = best;
}

/* Only a point that takes longer alone than the longest so far on its team can take its place; of points that differ in
 * their degree the one that takes longest alone. */
static psw_forecast_point find_critical(const psw_forecast *f, const psw_runs *runs, const psw_split *split)
{
    psw_forecast_point longest = {-1, 0, 1};
    psw_point before = {0};
    double before_s = 0;
    teams t;
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(f->study));
    t.passes = cut.passes;
    psw_split world = *split;
    world.how = runs->how;
    t.depths = psw_split_levels(&world, t.levels);
    for (ptrdiff_t k = 0; k < runs->count; k++) {
        const psw_run *run = &runs->list[k];
        if (run->refused || (run->team == 0 && run->alone_s <= longest.value)) continue;
        psw_cursor cursor = psw_cursor_begin(f->study);
        for (ptrdiff_t slot = run->first; slot < run->first + run->count; slot++) {
            const psw_point *point = psw_cursor_at(&cursor, slot);
            double seconds = alone_s(f, &t, point);
            if (point->team == 0 && seconds <= longest.value) continue;
            if (before_s >= seconds && psw_group_joins(&before, point)) continue;
            consider_point(f, &t, point, slot, &longest);
            before = *point, before_s = seconds;
        }
    }
    return longest;
}

/* The same point with half the block, a quarter and so on, which gives it more shares: is there one that ends it a
 * tenth earlier? */
static void find_block(const psw_forecast *f, const psw_split *split, psw_split_how how, psw_forecast_outcome *out)
{
    const ptrdiff_t least = 64; /* of tiles: below it the model's cost of a score is no longer true */
    psw_point point = psw_study_point(f->study, out->critical.slot);
    double limit_s = 0.9 * out->critical.value;
    teams t;
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(f->study));
    t.passes = cut.passes;
    psw_split world = *split;
    world.how = how;
    t.depths = psw_split_levels(&world, t.levels);
    for (ptrdiff_t block = point.block; block % 2 == 0 && block / 2 >= least;) {
        point.block = block /= 2;
        psw_forecast_point best = on_best_team(f, &t, &point, out->critical.slot, 0);
        if (best.value < limit_s && f->memory_bytes > 0)
            best = on_best_team(f, &t, &point, out->critical.slot, f->memory_bytes);
        if (best.value < limit_s) out->block = block, out->other = best, limit_s = best.value;
    }
}

/* ---- what limits ---- */

/* Would the sweep end a tenth earlier if memory were no matter? */
static psw_status memory_limits(const psw_forecast *f, const psw_split *split, double finish_s, bool *limits)
{
    psw_runs runs;
    psw_schedule free_schedule = {0};
    *limits = false;
    if (f->memory_bytes <= 0) return PSW_OK;
    PSW_TRY(forecast_cut(f, split, 0, &runs));
    psw_status status = psw_schedule_simulate(&runs, split, INFINITY, &free_schedule, NULL);
    *limits = free_schedule.finish_s < 0.9 * finish_s;
    psw_runs_free(&runs);
    return status;
}

static bool waits_for_rounds(const psw_forecast *f, const psw_runs *runs, psw_schedule *s)
{
    double least_s = by_families(f) ? forecast_search_longest(f, runs) : 0;
    if (s->finish_s >= least_s) return false;
    s->utilisation *= s->finish_s / least_s;
    s->finish_s = least_s;
    return true;
}

psw_status forecast_judge(const psw_forecast *f, const psw_runs *runs, const psw_split *split,
                          psw_forecast_outcome *out)
{
    psw_schedule *s = &out->schedule;
    bool memory = false;
    PSW_TRY(psw_schedule_simulate(runs, split, INFINITY, s, NULL));
    bool rounds = waits_for_rounds(f, runs, s);
    out->critical = find_critical(f, runs, split);
    double alone_s = f->alone_s;
    out->refused = 0;
    for (ptrdiff_t k = 0; k < runs->count; k++)
        if (runs->list[k].refused) alone_s -= runs->list[k].alone_s, out->refused += runs->list[k].count;
    out->speed_up = s->finish_s > 0 ? alone_s / s->finish_s : 1;
    out->block = 0;
    double waiting_s = s->held_s - s->busy_s, idle_s = s->finish_s * (double)s->ranks - s->held_s;
    out->limit = waiting_s > idle_s ? PSW_LIMIT_TEAMS : PSW_LIMIT_ENDS;
    if (s->utilisation >= 0.9)
        out->limit = PSW_LIMIT_WORK;
    else if (out->critical.slot < 0 && out->refused > 0) /* nothing fits */
        out->limit = PSW_LIMIT_MEMORY;
    else if (rounds)
        out->limit = PSW_LIMIT_ROUNDS;
    else if (out->critical.value >= 0.9 * s->finish_s)
        out->limit = PSW_LIMIT_POINT;
    else {
        PSW_TRY(memory_limits(f, split, s->finish_s, &memory));
        if (memory) out->limit = PSW_LIMIT_MEMORY;
    }
    if (out->limit == PSW_LIMIT_POINT) find_block(f, split, runs->how, out);
    return PSW_OK;
}

ptrdiff_t forecast_knee(const psw_forecast *f)
{
    ptrdiff_t knee = -1;
    for (ptrdiff_t i = 0; i < f->compared; i++) {
        const psw_schedule *s = &f->compare[i].schedule;
        if (s->utilisation >= 0.9 && s->ranks > knee) knee = s->ranks;
    }
    return knee;
}
