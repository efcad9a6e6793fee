/* A forecast, from what is asked to what is known. */
#include <math.h>
#include <stdlib.h>

#include "forecast/budget.h"
#include "forecast/points.h"
#include "forecast/schedule.h"
#include "forecast/search.h"

static psw_status choose_points(psw_forecast *f, const psw_forecast_request *asked)
{
    psw_filter *filter = NULL;
    f->slots = psw_study_slots(f->study);
    f->longest.slot = f->largest.slot = -1;
    f->wanted = malloc((size_t)f->slots + 1);
    if (!f->wanted) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", f->slots);
    f->part = asked->part;
    PSW_TRY(psw_part_slots(f->study, &f->part, f->wanted, &f->points));
    PSW_TRY(psw_filter_create(f->study, asked->where, &filter));
    f->points = 0;
    psw_cursor cursor = psw_cursor_begin(f->study);
    for (ptrdiff_t slot = 0; slot < f->slots; slot++) {
        f->wanted[slot] &= !filter || psw_filter_keeps(filter, psw_cursor_at(&cursor, slot));
        f->points += f->wanted[slot];
    }
    psw_filter_free(filter);
    return PSW_OK;
}

static void tally_points(psw_forecast *f)
{
    psw_cursor cursor = psw_cursor_begin(f->study);
    for (ptrdiff_t slot = 0; slot < f->slots; slot++) {
        if (!f->wanted[slot]) continue;
        const psw_point *point = psw_cursor_at(&cursor, slot);
        psw_cost cost = psw_cost_time(&f->rates, point);
        psw_forecast_tally *of = &f->methods[point->method];
        of->points++;
        of->alone_s += cost.predicted_s;
        of->flops += psw_data_sets(point) * cost.flops;
        of->head_flops += cost.head_flops;
        if (cost.predicted_s > f->longest.value) f->longest = (psw_forecast_point){slot, cost.predicted_s, 1};
    }
}

/* ---- memory ---- */

/* A group that does not fit is computed point by point, as run does it. */
static void weigh_group(psw_forecast *f, const psw_group *group, ptrdiff_t slot, ptrdiff_t team)
{
    psw_group one = {group->points, 1};
    psw_choice choice = psw_choice_within(group, f->choice, team, f->memory_bytes);
    double bytes = psw_team_memory(group, choice, team);
    bool whole = f->memory_bytes <= 0 || bytes <= f->memory_bytes;
    if (!whole) bytes = psw_team_memory(&one, choice, team); /* members differ in beta alone */
    if (bytes > f->largest.value) f->largest = (psw_forecast_point){slot, bytes, team};
}

/* Runs are computed group by group, so a run's memory is that of its largest group. A run that is refused is as large
 * as on one rank. */
static void weigh_memory(psw_forecast *f, const psw_split *split)
{
    psw_point points[PSW_GROUP_MAX];
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split world = *split;
    world.how = f->runs.how;
    psw_split_levels(&world, levels);
    psw_cursor cursor = psw_cursor_begin(f->study);
    for (ptrdiff_t k = 0; k < f->runs.count; k++) {
        const psw_run *run = &f->runs.list[k];
        ptrdiff_t team = forecast_team(run, levels);
        if (run->refused) f->too_large += run->count;
        if (team > split->ranks) continue;
        psw_slots slots = psw_slots_of_run(run);
        for (ptrdiff_t i = 0; i < slots.count;) {
            if (!psw_method_computes(psw_cursor_at(&cursor, psw_slots_at(&slots, i))->method)) {
                i++; /* theory has no arrays */
                continue;
            }
            psw_group group = {points, psw_group_fill(f->study, &slots, i, points)};
            weigh_group(f, &group, run->first + i, team);
            i += group.count;
        }
    }
}

/* What the longest point's team sends. */
static void weigh_messages(psw_forecast *f)
{
    const psw_forecast_point *critical = &f->outcome.critical;
    if (critical->slot < 0) return;
    psw_point point = psw_study_point(f->study, critical->slot);
    psw_group one = {&point, 1};
    psw_choice choice = psw_choice_within(&one, f->choice, critical->team, f->memory_bytes);
    psw_team_cost cost = psw_cost_team(&f->rates, &one, choice, critical->team, 1);
    f->sent_bytes = cost.sent_bytes;
    f->messages = cost.messages;
}

/* ---- schedules ---- */

/* Nodes are full but for the last one, so the first ranks are the same in any world. */
static psw_status lay_nodes(psw_forecast *f, ptrdiff_t most)
{
    ptrdiff_t nodes = (most + f->ranks_per_node - 1) / f->ranks_per_node;
    f->node = malloc((size_t)nodes * sizeof *f->node);
    if (!f->node) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td nodes", nodes);
    for (ptrdiff_t k = 0; k < nodes; k++) f->node[k] = k * f->ranks_per_node;
    return PSW_OK;
}

static psw_status compare(psw_forecast *f, const ptrdiff_t *worlds)
{
    for (ptrdiff_t i = 0; i < f->compared; i++) {
        psw_split split = forecast_split(f, worlds[i]);
        psw_runs runs;
        PSW_TRY(forecast_cut(f, &split, f->memory_bytes, &runs));
        psw_status status = forecast_judge(f, &runs, &split, &f->compare[i]);
        psw_runs_free(&runs);
        PSW_TRY(status);
    }
    return PSW_OK;
}

/* ---- a search: what it takes at least and at most; all else is of what it is expected to take ---- */

static psw_status bound_find(psw_forecast *f, forecast_supposed supposed, psw_forecast_bound *bound)
{
    psw_split split = forecast_split(f, f->ranks);
    psw_forecast_outcome outcome = {0};
    psw_runs runs;
    forecast_search_suppose(f, supposed);
    PSW_TRY(forecast_alone(f));
    PSW_TRY(forecast_cut(f, &split, f->memory_bytes, &runs));
    psw_status status = forecast_judge(f, &runs, &split, &outcome);
    psw_runs_free(&runs);
    *bound = (psw_forecast_bound){f->points, outcome.schedule.busy_s, outcome.schedule.finish_s};
    return status;
}

static psw_status suppose(psw_forecast *f)
{
    PSW_TRY(forecast_search_begin(f));
    PSW_TRY(bound_find(f, FORECAST_LEAST, &f->search.least));
    PSW_TRY(bound_find(f, FORECAST_MOST, &f->search.most));
    forecast_search_suppose(f, FORECAST_EXPECTED);
    return PSW_OK;
}

/* ---- what was asked ---- */

static psw_status too_many_ranks(const char *option)
{
    return PSW_FAIL(PSW_USAGE,
                    "--%s: plan knows worlds of at most %d ranks; a larger allocation computes the parts of a study in "
                    "several jobs: `run STUDY -o FILE.h5 --part K/N`, and `plan --part 1/N` for one of them",
                    option, PSW_FORECAST_RANKS_MAX);
}

static psw_status read_worlds(const char *list, ptrdiff_t worlds[PSW_FORECAST_COMPARE_MAX], ptrdiff_t *count)
{
    for (const char *at = list; at && *at; ++*count) {
        char *end;
        long ranks = strtol(at, &end, 10);
        if (end != at && ranks > PSW_FORECAST_RANKS_MAX) return too_many_ranks("compare");
        if (end == at || ranks < 1 || (*end && *end != ',') || *count == PSW_FORECAST_COMPARE_MAX)
            return PSW_FAIL(PSW_USAGE, "--compare: \"%s\" is not a list of at most %d numbers of ranks, as in 1,2,4,8",
                            list, PSW_FORECAST_COMPARE_MAX);
        worlds[*count] = ranks;
        at = *end ? end + 1 : end;
    }
    return PSW_OK;
}

static psw_status find_rates(const psw_forecast_request *asked, psw_forecast *f)
{
    psw_speeds speeds;
    f->rates_from = asked->calibration;
    f->rates = f->calibration.rates;
    f->rates_busy = f->calibration.busy;
    if (asked->calibration) return PSW_OK;
    PSW_TRY(psw_speeds_alone(&f->machine, (int)psw_study_settings(f->study)->threads, asked->calibrate, &speeds));
    f->rates = speeds.rates;
    f->rates_busy = speeds.busy;
    f->rates_from = speeds.age_s > 0 ? "kept of this machine" : "measured on this machine";
    return PSW_OK;
}

static void take_this_machine(const psw_forecast_request *asked, psw_forecast *f)
{
    int usable = psw_machine_processors(&f->machine, f->machine.cores_node);
    f->ranks = psw_machine_processors(&f->machine, f->machine.cores);
    if (asked->ranks > 0) f->ranks = asked->ranks;
    f->ranks_per_node = f->ranks < usable ? f->ranks : usable;
    f->memory_from = f->machine.allowed.memory_from;
    f->each = (psw_forecast_node){f->machine.cpu, "this machine", usable, f->machine.memory_bytes, asked->calibration};
}

/* Ranks share a node as they did there, but for threads that would not have a core each. */
static void take_calibration(const psw_forecast_request *asked, psw_forecast *f)
{
    const psw_calibration *c = &f->calibration;
    ptrdiff_t fit = (ptrdiff_t)c->node_cores / psw_study_settings(f->study)->threads;
    f->ranks = asked->ranks > 0 ? asked->ranks : c->ranks;
    f->ranks_per_node = fit < 1 ? 1 : c->ranks_per_node < fit ? c->ranks_per_node : fit;
    f->memory_from = "";
    f->each = (psw_forecast_node){c->cpu, asked->calibration, c->node_cores, c->node_memory_bytes, NULL};
}

static void set_machine(const psw_forecast_request *asked, psw_forecast *f)
{
    const psw_settings *settings = psw_study_settings(f->study);
    f->machine = psw_machine_read();
    if (f->calibration.node_cores > 0)
        take_calibration(asked, f);
    else
        take_this_machine(asked, f);
    if (asked->ranks_per_node > 0) f->ranks_per_node = asked->ranks_per_node;
    f->memory_bytes = f->each.memory_bytes / (double)f->ranks_per_node;
    if (settings->memory_per_rank_bytes > 0) f->memory_bytes = settings->memory_per_rank_bytes, f->memory_from = "";
}

/* Everything that can be asked for wrongly, before anything is measured. */
static psw_status read_options(const psw_forecast_request *asked, psw_forecast *f,
                               ptrdiff_t worlds[PSW_FORECAST_COMPARE_MAX])
{
    const psw_settings *settings = psw_study_settings(f->study);
    double hours;
    bool of_nodes;
    PSW_TRY(psw_choice_read(settings->layout, settings->route, settings->scan, &f->choice));
    PSW_TRY(read_worlds(asked->compare, worlds, &f->compared));
    if (asked->ranks > PSW_FORECAST_RANKS_MAX || asked->ranks_per_node > PSW_FORECAST_RANKS_MAX)
        return too_many_ranks("ranks");
    if (asked->budget) PSW_TRY(forecast_budget_read(asked->budget, &hours, &of_nodes));
    psw_threads_set(settings->threads);
    set_machine(asked, f);
    ptrdiff_t most = f->ranks;
    for (ptrdiff_t i = 0; i < f->compared; i++)
        if (worlds[i] > most) most = worlds[i];
    return lay_nodes(f, most);
}

static psw_status predict_schedules(const psw_forecast_request *asked, psw_forecast *f)
{
    ptrdiff_t worlds[PSW_FORECAST_COMPARE_MAX];
    if (asked->calibration) PSW_TRY(psw_calibration_read(asked->calibration, &f->calibration));
    PSW_TRY(read_options(asked, f, worlds));
    PSW_TRY(find_rates(asked, f));
    PSW_TRY(choose_points(f, asked));
    if (psw_study_search(f->study)) PSW_TRY(suppose(f));
    tally_points(f);
    if (asked->points) PSW_TRY(forecast_points_check(f));
    PSW_TRY(forecast_alone(f));
    psw_split split = forecast_split(f, f->ranks);
    PSW_TRY(forecast_cut(f, &split, f->memory_bytes, &f->runs));
    PSW_TRY(forecast_judge(f, &f->runs, &split, &f->outcome));
    weigh_memory(f, &split);
    weigh_messages(f);
    f->file_bytes = psw_store_bytes(f->study);
    if (asked->points) PSW_TRY(forecast_points_find(f));
    PSW_TRY(compare(f, worlds));
    return asked->budget ? forecast_budget_spend(f, asked->budget) : PSW_OK;
}

psw_status psw_forecast_make(const psw_study *study, const psw_forecast_request *asked, psw_forecast *f)
{
    *f = (psw_forecast){.study = study};
    return predict_schedules(asked, f);
}

void psw_forecast_free(psw_forecast *f)
{
    psw_runs_free(&f->runs);
    forecast_search_free(f);
    free(f->budget.table);
    free(f->run_of);
    free(f->node);
    free(f->wanted);
    *f = (psw_forecast){0};
}
