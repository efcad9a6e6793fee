/* The sweep as it is scheduled, ended when the allocation is. */
#include "forecast/budget.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "forecast/schedule.h"

psw_status forecast_budget_read(const char *text, double *hours, bool *of_nodes)
{
    char *unit;
    *hours = strtod(text, &unit);
    *of_nodes = strcmp(unit, "nodeh") == 0;
    bool known = *of_nodes || strcmp(unit, "coreh") == 0;
    if (unit == text || !known || !(*hours > 0) || isinf(*hours))
        return PSW_FAIL(
            PSW_USAGE,
            "--budget: \"%s\" is not an allocation; write hours of nodes or of cores, as in 200nodeh or 5000coreh",
            text);
    return PSW_OK;
}

/* ---- the table: one row for each method and length ---- */

static int by_method_and_length(const void *a, const void *b)
{
    const psw_forecast_purchase *x = a, *y = b;
    if (x->method != y->method) return x->method < y->method ? -1 : 1;
    return (x->n > y->n) - (x->n < y->n);
}

/* Sorted rows of single points become one row for each method and length. */
static ptrdiff_t add_up(psw_forecast_purchase *rows, ptrdiff_t count)
{
    ptrdiff_t kept = 0;
    for (ptrdiff_t i = 1; i < count; i++) {
        if (by_method_and_length(&rows[kept], &rows[i]) != 0) {
            rows[++kept] = rows[i];
            continue;
        }
        rows[kept].points += rows[i].points;
        rows[kept].of += rows[i].of;
    }
    return count > 0 ? kept + 1 : 0;
}

static psw_status fill_table(psw_forecast *f, const unsigned char *bought)
{
    psw_forecast_budget *b = &f->budget;
    ptrdiff_t count = 0;
    b->table = malloc((size_t)(f->points + 1) * sizeof *b->table);
    if (!b->table) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a table of %td points", f->points);
    psw_cursor cursor = psw_cursor_begin(f->study);
    for (ptrdiff_t slot = 0; slot < f->slots; slot++) {
        if (!f->wanted[slot]) continue;
        const psw_point *p = psw_cursor_at(&cursor, slot);
        b->table[count++] = (psw_forecast_purchase){p->method, p->n, bought[slot], 1};
    }
    qsort(b->table, (size_t)count, sizeof *b->table, by_method_and_length);
    b->rows = add_up(b->table, count);
    return PSW_OK;
}

/* ---- spending ---- */

static void mark(const psw_forecast *f, const psw_turn *turns, ptrdiff_t count, unsigned char *bought)
{
    memset(bought, 0, (size_t)f->slots);
    for (ptrdiff_t i = 0; i < count; i++) {
        const psw_run *run = &f->runs.list[turns[i].run];
        if (!run->refused) memset(bought + run->first, 1, (size_t)run->count);
    }
}

static psw_status spend(psw_forecast *f, psw_turn *turns, unsigned char *bought)
{
    psw_split split = forecast_split(f, f->ranks);
    psw_schedule schedule;
    if (!turns || !bought) return PSW_FAIL(PSW_NO_MEMORY, "no memory for the turns of %td runs", f->runs.count);
    PSW_TRY(psw_schedule_simulate(&f->runs, &split, f->budget.deadline_s, &schedule, turns));
    mark(f, turns, schedule.runs, bought);
    for (ptrdiff_t slot = 0; slot < f->slots; slot++) f->budget.points += bought[slot];
    return fill_table(f, bought);
}

psw_status forecast_budget_spend(psw_forecast *f, const char *text)
{
    psw_forecast_budget *b = &f->budget;
    double hours;
    bool of_nodes;
    PSW_TRY(forecast_budget_read(text, &hours, &of_nodes));
    double nodes = (double)forecast_split(f, f->ranks).nodes;
    double cores = (double)f->ranks * psw_study_settings(f->study)->threads;
    b->text = text;
    b->deadline_s = 3600 * hours / (of_nodes ? nodes : cores);
    b->node_hours = b->deadline_s / 3600 * nodes;
    b->needs_node_hours = f->outcome.schedule.finish_s / 3600 * nodes;
    psw_turn *turns = malloc((size_t)(f->runs.count + 1) * sizeof *turns);
    unsigned char *bought = malloc((size_t)f->slots + 1);
    psw_status status = spend(f, turns, bought);
    free(turns);
    free(bought);
    return status;
}
