#include "forecast/points.h"

#include <math.h>
#include <stdlib.h>

#include "forecast/schedule.h"

enum { POINTS_MOST = 1000000, FIGURES = 6 };

static const struct {
    const char *name, *units;
} figures[FIGURES] = {{"predicted_s", "s"},   {"pass_s", "s"},       {"flops", "flop"},
                      {"sent_bytes", "byte"}, {"messages", "count"}, {"memory_bytes", "byte"}};

typedef struct view {
    const psw_forecast *f;
    psw_column columns[PSW_COLUMNS_MAX]; /* parameters of a point */
    ptrdiff_t count;
    psw_level levels[PSW_DEPTHS_MAX];
} view;

typedef struct row {
    ptrdiff_t slot, team;
    psw_record record; /* its point alone is set */
    double figure[FIGURES];
} row;

psw_status forecast_points_check(const psw_forecast *f)
{
    if (f->points <= POINTS_MOST) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "--points: %td points are more than the %d that can be listed; choose some with --where",
                    f->points, POINTS_MOST);
}

psw_status forecast_points_find(psw_forecast *f)
{
    f->run_of = malloc(((size_t)f->slots + 1) * sizeof *f->run_of);
    if (!f->run_of) return PSW_FAIL(PSW_NO_MEMORY, "no memory for the runs of %td points", f->slots);
    for (ptrdiff_t k = 0; k < f->runs.count; k++) {
        const psw_run *run = &f->runs.list[k];
        for (ptrdiff_t i = 0; i < run->count; i++) f->run_of[run->first + i] = k;
    }
    return PSW_OK;
}

static view view_of(const psw_forecast *f)
{
    psw_column all[PSW_COLUMNS_MAX];
    view v = {.f = f};
    psw_split split = forecast_split(f, f->ranks);
    split.how = f->runs.how;
    psw_split_levels(&split, v.levels);
    ptrdiff_t count = psw_columns_of(f->study, all);
    for (ptrdiff_t i = 0; i < count; i++)
        if (psw_column_parameter(&all[i])) v.columns[v.count++] = all[i];
    return v;
}

/* A team that was asked for begins with a node. */
static ptrdiff_t nodes_of(const view *v, const psw_run *run, ptrdiff_t team)
{
    ptrdiff_t each = v->f->ranks_per_node;
    return run->team > 0 ? (team + each - 1) / each : v->levels[run->depth].nodes;
}

/* Of a point that is refused nothing is known. */
static void weigh(const view *v, row *r)
{
    const psw_forecast *f = v->f;
    const psw_run *run = &f->runs.list[f->run_of[r->slot]];
    const psw_point *point = &r->record.point;
    psw_group one = {point, 1};
    r->team = forecast_team(run, v->levels);
    for (int i = 0; i < FIGURES; i++) r->figure[i] = NAN;
    if (run->refused) return;
    psw_choice choice = psw_choice_within(&one, f->choice, r->team, f->memory_bytes);
    psw_team_cost cost = psw_cost_team(&f->rates, &one, choice, r->team, nodes_of(v, run, r->team));
    double flops = psw_cost_time(&f->rates, point).flops, pass_s = cost.repeat_s / psw_data_sets(point);
    double found[FIGURES] = {cost.seconds, pass_s, flops, cost.sent_bytes, cost.messages, cost.memory_bytes};
    for (int i = 0; i < FIGURES; i++) r->figure[i] = found[i];
}

/* The next point that was chosen; false past the last one. */
static bool next(const view *v, row *r)
{
    while (++r->slot < v->f->slots && !v->f->wanted[r->slot]) continue;
    if (r->slot >= v->f->slots) return false;
    r->record.point = psw_study_point(v->f->study, r->slot);
    weigh(v, r);
    return true;
}

void forecast_points_json(psw_json *json, const psw_forecast *f)
{
    view v = view_of(f);
    row r = {.slot = -1};
    psw_json_open(json, "each", '[');
    while (next(&v, &r)) {
        psw_json_open(json, NULL, '{');
        psw_json_count(json, "slot", r.slot);
        for (ptrdiff_t i = 0; i < v.count; i++) psw_cell_json(json, &v.columns[i], &r.record);
        psw_json_count(json, "team", r.team);
        for (int i = 0; i < FIGURES; i++) psw_json_number(json, figures[i].name, r.figure[i]);
        psw_json_close(json);
    }
    psw_json_close(json);
}

/* ---- for a person: the parameters that vary ---- */

typedef char cell[PSW_CELL];

static ptrdiff_t headings(const view *v, cell *text)
{
    ptrdiff_t at = 0;
    psw_format(text[at++], PSW_CELL, "slot");
    for (ptrdiff_t i = 0; i < v->count; i++) psw_cell_heading(v->columns[i].name, v->columns[i].units, text[at++]);
    psw_format(text[at++], PSW_CELL, "team");
    for (int i = 0; i < FIGURES; i++) psw_cell_heading(figures[i].name, figures[i].units, text[at++]);
    return at;
}

static void cells(const view *v, const row *r, cell *text)
{
    ptrdiff_t at = 0;
    psw_format(text[at++], PSW_CELL, "%td", r->slot);
    for (ptrdiff_t i = 0; i < v->count; i++) psw_cell_text(&v->columns[i], &r->record, text[at++]);
    psw_format(text[at++], PSW_CELL, "%td", r->team);
    for (int i = 0; i < FIGURES; i++)
        psw_format(text[at++], PSW_CELL, isnan(r->figure[i]) ? "-" : "%.6g", r->figure[i]);
}

static void keep_varying(view *v)
{
    bool varies[PSW_COLUMNS_MAX];
    ptrdiff_t kept = 0;
    psw_cells_vary(v->f->study, v->f->wanted, v->columns, v->count, varies);
    for (ptrdiff_t i = 0; i < v->count; i++)
        if (varies[i]) v->columns[kept++] = v->columns[i];
    v->count = kept;
}

void forecast_points_print(const psw_forecast *f)
{
    cell text[PSW_COLUMNS_MAX];
    const char *row_text[PSW_COLUMNS_MAX];
    view v = view_of(f);
    row r = {.slot = -1};
    psw_table table;
    keep_varying(&v);
    ptrdiff_t columns = headings(&v, text);
    for (ptrdiff_t i = 0; i < columns; i++) row_text[i] = text[i];
    if (!psw_table_begin(stdout, columns, &table)) return;
    psw_table_row(&table, row_text);
    while (next(&v, &r)) {
        cells(&v, &r, text);
        psw_table_row(&table, row_text);
    }
    psw_table_end(&table);
}
