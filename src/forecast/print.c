/* plan, for a person. */
#include <string.h>

#include "forecast/points.h"
#include "forecast/schedule.h"

#include "polysweep/plain.h"

static const char *plural(ptrdiff_t count)
{
    return count == 1 ? "" : "s";
}

static void print_methods(const psw_forecast *f)
{
    psw_table table;
    char points[PSW_TEXT], alone[PSW_TEXT], flops[PSW_TEXT], head[PSW_TEXT];
    if (!psw_table_begin(stdout, 5, &table)) return;
    psw_table_row(&table, (const char *const[]){"method", "points", "attention Gflop", "head Gflop", "each alone"});
    for (int i = 0; i < PSW_FORECAST_METHODS; i++) {
        const psw_forecast_tally *of = &f->methods[i];
        if (of->points == 0) continue;
        psw_format(points, sizeof points, "%td", of->points);
        psw_format(flops, sizeof flops, "%.4g", of->flops / 1e9);
        psw_format(head, sizeof head, "%.4g", of->head_flops / 1e9);
        psw_format_seconds(of->alone_s, alone);
        psw_table_row(&table, (const char *const[]){psw_word(PSW_WORDS_METHOD, i), points, flops, head, alone});
    }
    psw_table_end(&table);
}

static void print_exclusions(const psw_forecast *f)
{
    const psw_exclusion *list;
    ptrdiff_t count = psw_study_exclusions(f->study, &list);
    for (ptrdiff_t i = 0; i < count; i++)
        psw_print(stdout, "excluded    %td points where %s: %s\n", list[i].points, list[i].when,
                  list[i].why ? list[i].why : "");
}

static void print_shortage(const psw_forecast *f)
{
    char text[PSW_SHORTAGE_TEXT];
    psw_judge_shortage shortage = psw_judge_shortage_of(f->study);
    if (shortage.points == 0) return;
    psw_judge_shortage_text(&shortage, text);
    psw_print(stdout, "note        %s\n", text);
}

static void print_point(const psw_forecast *f, const char *label, const psw_forecast_point *e, const char *value)
{
    char text[160];
    if (e->slot < 0) return;
    psw_point point = psw_study_point(f->study, e->slot);
    psw_point_text(&point, text, sizeof text);
    psw_print(stdout, "%-11s %s on %td rank%s: slot %td, %s\n", label, value, e->team, plural(e->team), e->slot, text);
}

/* What another block would give where one point is all that is waited for. */
static void print_block(const psw_forecast *f)
{
    const psw_forecast_outcome *out = &f->outcome;
    char now[PSW_TEXT], then[PSW_TEXT], value[160];
    if (out->limit != PSW_LIMIT_POINT) return;
    psw_format_seconds(out->critical.value, now);
    psw_format_seconds(out->other.value, then);
    if (out->block > 0)
        psw_format(value, sizeof value, "block %td would end it in %s instead of %s (bits of results change)",
                   out->block, then, now);
    else
        psw_format(value, sizeof value, "no smaller block would end it before %s", now);
    print_point(f, "limit", out->block > 0 ? &out->other : &out->critical, value);
}

/* ---- the schedule ---- */

enum { CHART = 32 };

/* From the first start to the last end of a depth. */
static void draw(const psw_stage *stage, double finish_s, char chart[CHART + 1])
{
    int from = finish_s > 0 ? (int)(CHART * stage->from_s / finish_s) : 0;
    int until = finish_s > 0 ? (int)(CHART * stage->until_s / finish_s + 0.5) : 0;
    if (from >= CHART) from = CHART - 1;
    if (until <= from) until = from + 1;
    memset(chart, '.', CHART);
    memset(chart + from, '#', (size_t)(until - from));
    chart[CHART] = '\0';
}

static void print_stage(psw_table *table, const psw_schedule *s, const psw_stage *stage)
{
    char teams[PSW_TEXT], ranks[PSW_TEXT], runs[PSW_TEXT], points[PSW_TEXT], from[PSW_TEXT], until[PSW_TEXT];
    char share[PSW_TEXT], chart[CHART + 1];
    const psw_level *level = &stage->level;
    psw_format(teams, sizeof teams, "%td", level->teams);
    if (level->least == level->most)
        psw_format(ranks, sizeof ranks, "%td", level->most);
    else
        psw_format(ranks, sizeof ranks, "%td-%td", level->least, level->most);
    psw_format(runs, sizeof runs, "%td", stage->runs);
    psw_format(points, sizeof points, "%td", stage->points);
    psw_format_seconds(stage->from_s, from);
    psw_format_seconds(stage->until_s, until);
    psw_format(share, sizeof share, "%.1f %%", s->busy_s > 0 ? 100 * stage->busy_s / s->busy_s : 0);
    draw(stage, s->finish_s, chart);
    psw_table_row(table, (const char *const[]){teams, ranks, runs, points, share, from, until, chart});
}

static void print_stages(const psw_schedule *s)
{
    psw_table table;
    if (s->runs == 0 || !psw_table_begin(stdout, 8, &table)) return;
    psw_table_row(&table, (const char *const[]){"teams", "of ranks", "runs", "points", "of work", "from", "until", ""});
    for (int k = 0; k < s->depths; k++)
        if (s->stage[k].runs > 0) print_stage(&table, s, &s->stage[k]);
    psw_table_end(&table);
    psw_print(stdout, "\n");
}

static void print_memory(const psw_forecast *f)
{
    char memory[PSW_TEXT], may[PSW_TEXT];
    psw_format_bytes(f->largest.value, memory);
    psw_format_bytes(f->memory_bytes, may);
    print_point(f, "memory", &f->largest, memory);
    psw_print(stdout, "            per rank, with data; a rank may have %s (%td rank%s on a node%s%s)\n", may,
              f->ranks_per_node, plural(f->ranks_per_node), f->memory_from[0] ? ", limit of " : "", f->memory_from);
    if (f->too_large > 0)
        psw_print(stdout, "too large   %td of %td points, for the available memory or ranks: skipped\n", f->too_large,
                  f->points);
}

static void print_nodes(const psw_forecast *f)
{
    const psw_forecast_node *e = &f->each;
    char memory[PSW_TEXT] = "unknown memory";
    if (e->memory_bytes > 0) psw_format_bytes(e->memory_bytes, memory);
    psw_print(stdout, "nodes       %.0f core%s and %s each, as of %s (%s)%s%s%s\n", e->cores,
              plural((ptrdiff_t)e->cores), memory, e->from, e->cpu[0] ? e->cpu : "unknown processor",
              e->silent ? ": " : "", e->silent ? e->silent : "", e->silent ? " does not say what its nodes have" : "");
}

static void print_critical(const psw_forecast *f)
{
    char seconds[PSW_TEXT], bytes[PSW_TEXT];
    const psw_forecast_point *critical = &f->outcome.critical;
    if (critical->team < 2) return;
    psw_format_seconds(critical->value, seconds);
    psw_format_bytes(f->sent_bytes, bytes);
    print_point(f, "on a team", critical, seconds);
    psw_print(stdout, "            sends %s in %.0f message%s a pass, over all its ranks\n", bytes, f->messages,
              plural((ptrdiff_t)f->messages));
}

static void print_schedule(const psw_forecast *f)
{
    const psw_forecast_outcome *out = &f->outcome;
    char finish[PSW_TEXT], busy[PSW_TEXT], longest[PSW_TEXT], file[PSW_TEXT];
    psw_format_seconds(out->schedule.finish_s, finish);
    psw_format_seconds(out->schedule.busy_s, busy);
    psw_format_seconds(f->longest.value, longest);
    psw_format_bytes(f->file_bytes, file);
    psw_print(stdout, "rates       %s%s\n", f->rates_from,
              f->rates_busy ? ", which others used meanwhile: they may be too slow" : "");
    print_nodes(f);
    psw_print(stdout, "runs        %td of %s, %s of work\n", f->runs.count,
              f->search.combinations > 0 ? "one point each, in rounds" : "consecutive slots", busy);
    psw_print(stdout, "finish      %s on %td rank%s, utilisation %.0f %%, speed-up %.4g; limited by: %s\n", finish,
              f->ranks, plural(f->ranks), 100 * out->schedule.utilisation, out->speed_up,
              forecast_limit_word(out->limit));
    print_point(f, "longest", &f->longest, longest);
    print_critical(f);
    print_block(f);
    print_memory(f);
    psw_print(stdout, "file        %s\n", file);
}

/* ---- a search ---- */

static void print_bound(psw_table *table, const char *name, ptrdiff_t points, double busy_s, double finish_s)
{
    char count[PSW_TEXT], busy[PSW_TEXT], finish[PSW_TEXT];
    psw_format(count, sizeof count, "%td", points);
    psw_format_seconds(busy_s, busy);
    psw_format_seconds(finish_s, finish);
    psw_table_row(table, (const char *const[]){name, count, busy, finish});
}

static void print_search(const psw_forecast *f)
{
    const psw_forecast_search *s = &f->search;
    const psw_forecast_bound *least = &s->least, *most = &s->most;
    const psw_schedule *expected = &f->outcome.schedule;
    psw_table table;
    if (s->combinations == 0) return;
    psw_print(stdout, "\nsearch      %s over %s, %td combination%s; all else here is of the points that are expected\n",
              psw_study_search(f->study)->column, psw_study_search(f->study)->over, s->combinations,
              plural(s->combinations));
    if (s->unknown > 0)
        psw_print(stdout,
                  "            theory says nothing of %td of them: one edge in the middle is expected of each\n",
                  s->unknown);
    if (!psw_table_begin(stdout, 4, &table)) return;
    psw_table_row(&table, (const char *const[]){"", "points", "work", "finish"});
    print_bound(&table, "at least", least->points, least->busy_s, least->finish_s);
    print_bound(&table, "expected", f->points, expected->busy_s, expected->finish_s);
    print_bound(&table, "at most", most->points, most->busy_s, most->finish_s);
    psw_table_end(&table);
}

/* ---- --compare, --budget ---- */

static void print_compared(psw_table *table, const psw_forecast_outcome *out)
{
    char ranks[PSW_TEXT], finish[PSW_TEXT], gain[PSW_TEXT], busy[PSW_TEXT], critical[PSW_TEXT], team[PSW_TEXT],
        refused[PSW_TEXT];
    psw_format(ranks, sizeof ranks, "%td", out->schedule.ranks);
    psw_format_seconds(out->schedule.finish_s, finish);
    psw_format(gain, sizeof gain, "%.4g", out->speed_up);
    psw_format(busy, sizeof busy, "%.0f %%", 100 * out->schedule.utilisation);
    psw_format_seconds(out->critical.value, critical);
    psw_format(team, sizeof team, "%td", out->critical.team);
    psw_format(refused, sizeof refused, "%td", out->refused);
    psw_table_row(table, (const char *const[]){ranks, finish, gain, busy, critical, team, refused,
                                               forecast_limit_word(out->limit)});
}

/* Finish times against ranks; the knee is the largest number that still keeps nine tenths of its ranks busy. */
static void print_compare(const psw_forecast *f)
{
    psw_table table;
    if (f->compared == 0) return;
    psw_print(stdout, "\n");
    if (!psw_table_begin(stdout, 8, &table)) return;
    psw_table_row(&table, (const char *const[]){"ranks", "finish", "speed-up", "utilisation", "longest point",
                                                "on ranks", "refused", "limited by"});
    for (ptrdiff_t i = 0; i < f->compared; i++) print_compared(&table, &f->compare[i]);
    psw_table_end(&table);
    if (forecast_knee(f) > 0)
        psw_print(stdout, "with up to %td rank%s, at least nine tenths of them are busy\n", forecast_knee(f),
                  plural(forecast_knee(f)));
}

static void print_bought(const psw_forecast_budget *b)
{
    psw_table table;
    char n[PSW_TEXT], points[PSW_TEXT], of[PSW_TEXT];
    if (!psw_table_begin(stdout, 4, &table)) return;
    psw_table_row(&table, (const char *const[]){"method", "n", "bought", "of points"});
    for (ptrdiff_t i = 0; i < b->rows; i++) {
        psw_format(n, sizeof n, "%td", b->table[i].n);
        psw_format(points, sizeof points, "%td", b->table[i].points);
        psw_format(of, sizeof of, "%td", b->table[i].of);
        psw_table_row(&table,
                      (const char *const[]){psw_word(PSW_WORDS_METHOD, (int)b->table[i].method), n, points, of});
    }
    psw_table_end(&table);
}

static void print_budget(const psw_forecast *f)
{
    const psw_forecast_budget *b = &f->budget;
    char time[PSW_TEXT];
    if (!b->text) return;
    psw_format_seconds(b->deadline_s, time);
    psw_print(stdout, "\nbudget      %s: %s on %td rank%s, %.4g node hours\n", b->text, time, f->ranks,
              plural(f->ranks), b->node_hours);
    psw_print(stdout, "needs       %.4g node hours for the whole study\n", b->needs_node_hours);
    psw_print(stdout, "buys        %td of %td points\n\n", b->points, f->points);
    print_bought(b);
}

void psw_forecast_print(const psw_forecast *f)
{
    psw_print(stdout, "study       %s: %td points", psw_study_name(f->study), f->points);
    char part[PSW_PART_TEXT];
    psw_part_print(&f->part, part);
    if (f->points < f->slots) psw_print(stdout, " of %td", f->slots);
    if (part[0]) psw_print(stdout, ", part %s", part);
    psw_print(stdout, "\n");
    print_exclusions(f);
    print_shortage(f);
    psw_print(stdout, "\n");
    print_methods(f);
    psw_print(stdout, "\n");
    print_stages(&f->outcome.schedule);
    print_schedule(f);
    print_search(f);
    print_compare(f);
    print_budget(f);
    if (!f->run_of) return;
    psw_print(stdout, "\n");
    forecast_points_print(f);
}
