/* plan: what a study will take, for any number of ranks, without MPI. */
#include "cmd/plan.h"

#include <math.h>
#include <stdlib.h>

static psw_status choose_points(const psw_options *options, plan_outlook *o)
{
    psw_filter *filter = NULL;
    o->slots = psw_study_slots(o->study);
    o->longest.slot = o->largest.slot = -1;
    o->wanted = malloc((size_t)o->slots + 1);
    if (!o->wanted) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", o->slots);
    PSW_TRY(psw_filter_of_options(options, o->study, &filter));
    for (ptrdiff_t slot = 0; slot < o->slots; slot++) {
        psw_point point = psw_study_point(o->study, slot);
        o->wanted[slot] = !filter || psw_filter_keeps(filter, &point);
        if (!o->wanted[slot]) continue;
        psw_cost cost = psw_cost_time(&o->rates, &point);
        plan_tally *of = &o->methods[point.method];
        o->points++;
        of->points++;
        of->alone_s += cost.predicted_s;
        of->flops += psw_data_sets(&point) * cost.flops;
        of->head_flops += cost.head_flops;
        if (cost.predicted_s > o->longest.value) o->longest = (plan_extreme){slot, cost.predicted_s, 1};
    }
    psw_filter_free(filter);
    return PSW_OK;
}

/* ---- memory ---- */

/* A group that does not fit is computed point by point, as run does it. */
static void weigh_group(plan_outlook *o, const psw_group *group, ptrdiff_t slot, ptrdiff_t team)
{
    psw_group one = {group->points, 1};
    psw_choice choice = psw_choice_within(group, o->choice, team, o->memory_bytes);
    double bytes = psw_team_memory(group, choice, team);
    bool whole = o->memory_bytes <= 0 || bytes <= o->memory_bytes;
    if (!whole) bytes = psw_team_memory(&one, choice, team); /* members differ in beta alone */
    if (bytes > o->largest.value) o->largest = (plan_extreme){slot, bytes, team};
}

ptrdiff_t plan_team(const psw_run *run, const psw_level *levels)
{
    return run->team > 0 ? run->team : run->refused ? 1 : levels[run->depth].least;
}

/* Runs are computed group by group, so a run's memory is that of its largest group. A run that is refused is as large
 * as on one rank. */
static void weigh_memory(plan_outlook *o, const psw_split *split)
{
    psw_point points[PSW_GROUP_MAX];
    psw_level levels[PSW_DEPTHS_MAX];
    psw_split_levels(split, levels);
    for (ptrdiff_t k = 0; k < o->runs.count; k++) {
        const psw_run *run = &o->runs.list[k];
        ptrdiff_t team = plan_team(run, levels);
        if (run->refused) o->too_large += run->count;
        if (team > split->ranks) continue;
        for (ptrdiff_t slot = run->first; slot < run->first + run->count;) {
            psw_group group = {points, psw_group_fill(o->study, slot, run->first + run->count, points)};
            weigh_group(o, &group, slot, team);
            slot += group.count;
        }
    }
}

/* What the longest point's team sends. */
static void weigh_messages(plan_outlook *o)
{
    const plan_extreme *critical = &o->outcome.critical;
    if (critical->slot < 0) return;
    psw_point point = psw_study_point(o->study, critical->slot);
    psw_group one = {&point, 1};
    psw_choice choice = psw_choice_within(&one, o->choice, critical->team, o->memory_bytes);
    psw_team_cost cost = psw_cost_team(&o->rates, &one, choice, critical->team, 1);
    o->sent_bytes = cost.sent_bytes;
    o->messages = cost.messages;
}

/* ---- schedules ---- */

psw_split plan_split(const plan_outlook *o, ptrdiff_t ranks)
{
    return (psw_split){ranks, (ranks + o->ranks_per_node - 1) / o->ranks_per_node, o->node};
}

/* Nodes are full but for the last one, so the first ranks are the same in any world. */
static psw_status lay_nodes(plan_outlook *o, ptrdiff_t most)
{
    ptrdiff_t nodes = (most + o->ranks_per_node - 1) / o->ranks_per_node;
    o->node = malloc((size_t)nodes * sizeof *o->node);
    if (!o->node) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td nodes", nodes);
    for (ptrdiff_t k = 0; k < nodes; k++) o->node[k] = k * o->ranks_per_node;
    return PSW_OK;
}

static psw_status find_alone(plan_outlook *o)
{
    psw_runs runs;
    psw_cut cut = psw_cut_default;
    psw_cut_time(&cut, psw_study_settings(o->study));
    PSW_TRY(psw_runs_create(o->study, &o->rates, &cut, o->wanted, &runs));
    o->alone_s = runs.predicted_s;
    psw_runs_free(&runs);
    return PSW_OK;
}

static psw_status compare(plan_outlook *o, const ptrdiff_t *worlds)
{
    for (ptrdiff_t i = 0; i < o->compared; i++) {
        psw_split split = plan_split(o, worlds[i]);
        psw_runs runs;
        PSW_TRY(plan_cut(o, &split, o->memory_bytes, &runs));
        psw_status status = plan_judge(o, &runs, &split, &o->compare[i]);
        psw_runs_free(&runs);
        PSW_TRY(status);
    }
    return PSW_OK;
}

ptrdiff_t plan_knee(const plan_outlook *o)
{
    ptrdiff_t knee = -1;
    for (ptrdiff_t i = 0; i < o->compared; i++) {
        const psw_schedule *s = &o->compare[i].schedule;
        if (s->utilisation >= 0.9 && s->ranks > knee) knee = s->ranks;
    }
    return knee;
}

/* ---- what was asked ---- */

static psw_status read_worlds(const char *list, ptrdiff_t worlds[PLAN_COMPARE_MAX], ptrdiff_t *count)
{
    for (const char *at = list; at && *at; ++*count) {
        char *end;
        long ranks = strtol(at, &end, 10);
        if (end == at || ranks < 1 || ranks > 1000000000 || (*end && *end != ',') || *count == PLAN_COMPARE_MAX)
            return PSW_FAIL(PSW_USAGE, "--compare: \"%s\" is not a list of at most %d numbers of ranks, as in 1,2,4,8",
                            list, PLAN_COMPARE_MAX);
        worlds[*count] = ranks;
        at = *end ? end + 1 : end;
    }
    return PSW_OK;
}

static psw_status find_rates(const psw_options *options, plan_outlook *o)
{
    o->rates_from = options->calibration ? options->calibration : "measured on this machine";
    if (options->calibration) return psw_rates_of_file(options->calibration, &o->rates);
    return psw_measure_rates(&o->rates);
}

static void set_machine(const psw_options *options, plan_outlook *o)
{
    const psw_settings *settings = psw_study_settings(o->study);
    o->machine = psw_machine_read();
    o->ranks = options->ranks > 0 ? options->ranks : o->machine.cores > 0 ? o->machine.cores : 1;
    o->ranks_per_node = options->ranks_per_node > 0        ? options->ranks_per_node
                        : o->ranks < o->machine.cores_node ? o->ranks
                                                           : o->machine.cores_node;
    if (o->ranks_per_node < 1) o->ranks_per_node = 1;
    o->memory_bytes = settings->memory_per_rank_bytes > 0 ? settings->memory_per_rank_bytes
                                                          : o->machine.memory_bytes / (double)o->ranks_per_node;
}

/* Everything that can be asked for wrongly, before anything is measured. */
static psw_status read_options(const psw_options *options, plan_outlook *o, ptrdiff_t worlds[PLAN_COMPARE_MAX])
{
    const psw_settings *settings = psw_study_settings(o->study);
    double hours;
    bool of_nodes;
    PSW_TRY(psw_choice_read(settings->layout, settings->route, settings->scan, &o->choice));
    PSW_TRY(read_worlds(options->compare, worlds, &o->compared));
    if (options->budget) PSW_TRY(plan_budget_read(options->budget, &hours, &of_nodes));
    psw_threads_set(settings->threads);
    set_machine(options, o);
    ptrdiff_t most = o->ranks;
    for (ptrdiff_t i = 0; i < o->compared; i++)
        if (worlds[i] > most) most = worlds[i];
    return lay_nodes(o, most);
}

/* What would end the run before its first point ends the plan, too: files that are missing, or of another shape. */
static psw_status try_inputs(const psw_options *options, const psw_study *study)
{
    psw_inputs inputs = {0};
    psw_status status = options->no_inputs ? PSW_OK : psw_inputs_read(study, &inputs);
    psw_inputs_free(&inputs);
    return status;
}

static psw_status look_ahead(const psw_options *options, plan_outlook *o)
{
    ptrdiff_t worlds[PLAN_COMPARE_MAX];
    PSW_TRY(read_options(options, o, worlds));
    PSW_TRY(try_inputs(options, o->study));
    PSW_TRY(find_rates(options, o));
    PSW_TRY(choose_points(options, o));
    if (options->points) PSW_TRY(plan_points_check(o));
    PSW_TRY(find_alone(o));
    psw_split split = plan_split(o, o->ranks);
    PSW_TRY(plan_cut(o, &split, o->memory_bytes, &o->runs));
    PSW_TRY(plan_judge(o, &o->runs, &split, &o->outcome));
    weigh_memory(o, &split);
    weigh_messages(o);
    o->file_bytes = psw_store_bytes(o->study);
    if (options->points) PSW_TRY(plan_points_find(o));
    PSW_TRY(compare(o, worlds));
    return options->budget ? plan_budget_spend(o, options->budget) : PSW_OK;
}

psw_status psw_cmd_plan(const psw_options *options, const psw_comm *world)
{
    (void)world;
    plan_outlook o = {0};
    PSW_TRY(plan_slurm_check(options));
    PSW_TRY(psw_study_of_options(options, &o.study));
    psw_status status = look_ahead(options, &o);
    if (status == PSW_OK && options->slurm)
        status = plan_slurm(options, &o);
    else if (status == PSW_OK)
        (options->json ? plan_json : plan_tell)(&o);
    psw_runs_free(&o.runs);
    free(o.budget.table);
    free(o.run_of);
    free(o.node);
    free(o.wanted);
    psw_study_free(o.study);
    return status;
}
