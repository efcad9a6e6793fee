/* plan: what a study will take, for any number of ranks, without MPI. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/cmd.h"
#include "cmd/print.h"

enum { METHODS = PSW_FAVOR + 1, COMPARE_MAX = 32 };

typedef struct tally { /* points of one method */
    ptrdiff_t points;
    double alone_s, flops, head_flops;
} tally;

typedef struct extreme { /* a point that stands out */
    ptrdiff_t slot;      /* -1 = none */
    double value;
} extreme;

typedef struct outlook {
    psw_study *study;
    const char *rates_from;
    psw_rates rates;
    psw_machine machine;
    ptrdiff_t slots, points;
    unsigned char *wanted;
    tally methods[METHODS];
    extreme longest, largest; /* seconds; bytes */
    psw_runs runs;
    psw_schedule schedule;
    psw_schedule compare[COMPARE_MAX];
    ptrdiff_t compared, ranks, ranks_per_node, too_large;
    double memory_bytes; /* one rank may have */
    double file_bytes;
} outlook;

/* ---- finding out ---- */

static psw_status choose_points(outlook *o, const char *where)
{
    psw_filter *filter = NULL;
    o->slots = psw_study_slots(o->study);
    o->longest.slot = o->largest.slot = -1;
    o->wanted = malloc((size_t)o->slots + 1);
    if (!o->wanted) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td points", o->slots);
    if (where) PSW_TRY(psw_filter_create(o->study, where, &filter));
    for (ptrdiff_t slot = 0; slot < o->slots; slot++) {
        psw_point point = psw_study_point(o->study, slot);
        o->wanted[slot] = !filter || psw_filter_keeps(filter, &point);
        if (!o->wanted[slot]) continue;
        psw_cost cost = psw_cost_time(&o->rates, &point);
        tally *of = &o->methods[point.method];
        o->points++;
        of->points++;
        of->alone_s += cost.predicted_s;
        of->flops += psw_data_sets(&point) * cost.flops;
        of->head_flops += cost.head_flops;
        if (cost.predicted_s > o->longest.value) o->longest = (extreme){slot, cost.predicted_s};
    }
    psw_filter_free(filter);
    return PSW_OK;
}

/* A group that does not fit is computed point by point, as run does it. */
static void weigh_group(outlook *o, const psw_group *group, ptrdiff_t slot)
{
    psw_group one = {group->points, 1};
    double bytes = (double)psw_memory_group(group, NULL);
    bool whole = o->memory_bytes <= 0 || bytes <= o->memory_bytes;
    if (!whole) bytes = (double)psw_memory_group(&one, NULL); /* members differ in beta alone */
    if (bytes > o->largest.value) o->largest = (extreme){slot, bytes};
    if (!whole && bytes > o->memory_bytes) o->too_large += group->count;
}

/* Runs are computed group by group, so a run's memory is that of its largest group. */
static void weigh_memory(outlook *o)
{
    psw_point points[PSW_GROUP_MAX];
    for (ptrdiff_t k = 0; k < o->runs.count; k++) {
        const psw_run *run = &o->runs.list[k];
        for (ptrdiff_t slot = run->first; slot < run->first + run->count;) {
            psw_group group = {points, psw_group_fill(o->study, slot, run->first + run->count, points)};
            weigh_group(o, &group, slot);
            slot += group.count;
        }
    }
}

static psw_status cut_for(const outlook *o, ptrdiff_t ranks, psw_runs *runs)
{
    psw_cut cut = psw_cut_default;
    psw_split split = {ranks, 1, NULL};
    cut.split = &split;
    cut.memory_bytes = o->memory_bytes;
    cut.alone = psw_study_settings(o->study)->timing;
    return psw_runs_create(o->study, &o->rates, &cut, o->wanted, runs);
}

static psw_status compare(outlook *o, const char *list)
{
    for (const char *at = list; at && *at; o->compared++) {
        char *end;
        long ranks = strtol(at, &end, 10);
        if (end == at || ranks < 1 || (*end && *end != ',') || o->compared == COMPARE_MAX)
            return PSW_FAIL(PSW_USAGE, "--compare: \"%s\" is not a list of at most %d numbers of ranks, as in 1,2,4,8",
                            list, COMPARE_MAX);
        psw_runs runs;
        PSW_TRY(cut_for(o, ranks, &runs));
        psw_status status =
            psw_schedule_simulate(&runs, &(psw_split){ranks, 1, NULL}, INFINITY, &o->compare[o->compared], NULL);
        psw_runs_free(&runs);
        PSW_TRY(status);
        at = *end ? end + 1 : end;
    }
    return PSW_OK;
}

static psw_status find_rates(const psw_options *options, outlook *o)
{
    o->rates_from = options->calibration ? options->calibration : "measured on this machine";
    if (options->calibration) return psw_rates_of_file(options->calibration, &o->rates);
    return psw_measure_rates(&o->rates);
}

static void set_machine(const psw_options *options, outlook *o)
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

static psw_status look_ahead(const psw_options *options, outlook *o)
{
    psw_threads_set(psw_study_settings(o->study)->threads);
    set_machine(options, o);
    PSW_TRY(find_rates(options, o));
    PSW_TRY(choose_points(o, options->where));
    PSW_TRY(cut_for(o, o->ranks, &o->runs));
    PSW_TRY(psw_schedule_simulate(&o->runs, &(psw_split){o->ranks, 1, NULL}, INFINITY, &o->schedule, NULL));
    weigh_memory(o);
    o->file_bytes = psw_store_bytes(o->study);
    return compare(o, options->compare);
}

/* ---- telling ---- */

static const char *method_word(int method)
{
    return psw_word(PSW_WORDS_METHOD, method);
}

static void tell_methods(const outlook *o)
{
    psw_table table;
    char points[PSW_TEXT], alone[PSW_TEXT], flops[PSW_TEXT], head[PSW_TEXT];
    if (!psw_table_begin(stdout, 5, &table)) return;
    psw_table_row(&table, (const char *const[]){"method", "points", "attention Gflop", "head Gflop", "each alone"});
    for (int i = 0; i < METHODS; i++) {
        const tally *of = &o->methods[i];
        if (of->points == 0) continue;
        psw_format(points, sizeof points, "%td", of->points);
        psw_format(flops, sizeof flops, "%.4g", of->flops / 1e9);
        psw_format(head, sizeof head, "%.4g", of->head_flops / 1e9);
        psw_say_seconds(of->alone_s, alone);
        psw_table_row(&table, (const char *const[]){method_word(i), points, flops, head, alone});
    }
    psw_table_end(&table);
}

static void tell_exclusions(const outlook *o)
{
    const psw_exclusion *list;
    ptrdiff_t count = psw_study_exclusions(o->study, &list);
    for (ptrdiff_t i = 0; i < count; i++)
        printf("excluded    %td points where %s: %s\n", list[i].points, list[i].when, list[i].why ? list[i].why : "");
}

static void tell_point(const outlook *o, const char *label, const extreme *e, const char *value)
{
    char text[160];
    if (e->slot < 0) return;
    psw_point point = psw_study_point(o->study, e->slot);
    psw_say_point(&point, text, sizeof text);
    printf("%-11s %s: slot %td, %s\n", label, value, e->slot, text);
}

static void tell_schedule(const outlook *o)
{
    char finish[PSW_TEXT], busy[PSW_TEXT], longest[PSW_TEXT], memory[PSW_TEXT], may[PSW_TEXT], file[PSW_TEXT];
    psw_say_seconds(o->schedule.finish_s, finish);
    psw_say_seconds(o->schedule.busy_s, busy);
    psw_say_seconds(o->longest.value, longest);
    psw_say_bytes(o->largest.value, memory);
    psw_say_bytes(o->memory_bytes, may);
    psw_say_bytes(o->file_bytes, file);
    printf("rates       %s\n", o->rates_from);
    printf("runs        %td of consecutive slots, %s of work\n", o->runs.count, busy);
    printf("finish      %s on %td rank%s, utilisation %.0f %%\n", finish, o->ranks, o->ranks == 1 ? "" : "s",
           100 * o->schedule.utilisation);
    tell_point(o, "longest", &o->longest, longest);
    tell_point(o, "memory", &o->largest, memory);
    printf("            per rank, with data; a rank may have %s (%td rank%s on a node)\n", may, o->ranks_per_node,
           o->ranks_per_node == 1 ? "" : "s");
    if (o->too_large > 0) printf("            %td points need more and will be skipped\n", o->too_large);
    printf("file        %s\n", file);
}

/* Finish times against ranks; the knee is the largest number that still keeps nine tenths of its ranks busy. */
static void tell_compare(const outlook *o)
{
    psw_table table;
    ptrdiff_t knee = -1;
    char ranks[PSW_TEXT], finish[PSW_TEXT], busy[PSW_TEXT];
    if (o->compared == 0 || !psw_table_begin(stdout, 3, &table)) return;
    psw_table_row(&table, (const char *const[]){"ranks", "finish", "utilisation"});
    for (ptrdiff_t i = 0; i < o->compared; i++) {
        const psw_schedule *s = &o->compare[i];
        psw_format(ranks, sizeof ranks, "%td", s->ranks);
        psw_say_seconds(s->finish_s, finish);
        psw_format(busy, sizeof busy, "%.0f %%", 100 * s->utilisation);
        psw_table_row(&table, (const char *const[]){ranks, finish, busy});
        if (s->utilisation >= 0.9 && (knee < 0 || s->ranks > o->compare[knee].ranks)) knee = i;
    }
    psw_table_end(&table);
    if (knee >= 0) printf("up to %td ranks nine tenths of them are busy\n", o->compare[knee].ranks);
}

static void tell(const outlook *o)
{
    printf("study       %s: %td points", psw_study_name(o->study), o->points);
    if (o->points < o->slots) printf(" of %td", o->slots);
    printf("\n");
    tell_exclusions(o);
    printf("\n");
    tell_methods(o);
    printf("\n");
    tell_schedule(o);
    tell_compare(o);
}

/* ---- JSON ---- */

static void json_methods(psw_json *json, const outlook *o)
{
    psw_json_open(json, "methods", '[');
    for (int i = 0; i < METHODS; i++) {
        if (o->methods[i].points == 0) continue;
        psw_json_open(json, NULL, '{');
        psw_json_text(json, "method", method_word(i));
        psw_json_count(json, "points", o->methods[i].points);
        psw_json_number(json, "flops", o->methods[i].flops);
        psw_json_number(json, "head_flops", o->methods[i].head_flops);
        psw_json_number(json, "alone_s", o->methods[i].alone_s);
        psw_json_close(json);
    }
    psw_json_close(json);
}

static void json_exclusions(psw_json *json, const outlook *o)
{
    const psw_exclusion *list;
    ptrdiff_t count = psw_study_exclusions(o->study, &list);
    psw_json_open(json, "exclusions", '[');
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_json_open(json, NULL, '{');
        psw_json_text(json, "when", list[i].when);
        psw_json_text(json, "why", list[i].why ? list[i].why : "");
        psw_json_count(json, "points", list[i].points);
        psw_json_close(json);
    }
    psw_json_close(json);
}

static void json_schedule(psw_json *json, const psw_schedule *s)
{
    psw_json_count(json, "ranks", s->ranks);
    psw_json_number(json, "finish_s", s->finish_s);
    psw_json_number(json, "busy_s", s->busy_s);
    psw_json_number(json, "utilisation", s->utilisation);
}

static void json_extreme(psw_json *json, const outlook *o, const char *key, const char *unit, const extreme *e)
{
    char text[160];
    if (e->slot < 0) return;
    psw_point point = psw_study_point(o->study, e->slot);
    psw_say_point(&point, text, sizeof text);
    psw_json_open(json, key, '{');
    psw_json_count(json, "slot", e->slot);
    psw_json_text(json, "point", text);
    psw_json_number(json, unit, e->value);
    psw_json_close(json);
}

static void json(const outlook *o)
{
    psw_json out = psw_json_begin(stdout, "plan");
    psw_json_text(&out, "study", psw_study_name(o->study));
    psw_json_count(&out, "slots", o->slots);
    psw_json_count(&out, "points", o->points);
    json_exclusions(&out, o);
    json_methods(&out, o);
    psw_json_text(&out, "rates", o->rates_from);
    psw_json_count(&out, "runs", o->runs.count);
    json_schedule(&out, &o->schedule);
    json_extreme(&out, o, "longest", "predicted_s", &o->longest);
    json_extreme(&out, o, "largest", "memory_bytes", &o->largest);
    psw_json_count(&out, "ranks_per_node", o->ranks_per_node);
    psw_json_number(&out, "memory_per_rank_bytes", o->memory_bytes);
    psw_json_count(&out, "too_large", o->too_large);
    psw_json_number(&out, "file_bytes", o->file_bytes);
    psw_json_open(&out, "compare", '[');
    for (ptrdiff_t i = 0; i < o->compared; i++) {
        psw_json_open(&out, NULL, '{');
        json_schedule(&out, &o->compare[i]);
        psw_json_close(&out);
    }
    psw_json_end(&out);
}

psw_status psw_cmd_plan(const psw_options *options, const psw_comm *world)
{
    (void)world;
    outlook o = {0};
    PSW_TRY(psw_study_of_options(options, &o.study));
    psw_status status = look_ahead(options, &o);
    if (status == PSW_OK) (options->json ? json : tell)(&o);
    psw_runs_free(&o.runs);
    free(o.wanted);
    psw_study_free(o.study);
    return status;
}
