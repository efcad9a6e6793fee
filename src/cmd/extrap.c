/* Numbers that vary are parameters, the same for all points; other differences of points are in their callpath. */
#include "cmd/extrap.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* What a forward pass may cost more by; a value of 0 or NaN does not apply. */
static const char *const parameters[] = {"team", "n", "d", "beta", "r", NULL};
/* What a forward pass does not depend on, or what follows from a parameter. */
static const char *const others[] = {"team_asked", "m", "trials", "j3", "seed", "draws", NULL};

typedef struct extrap {
    const cmd_view *view;
    bool varies[PSW_COLUMNS_MAX],
        lacks[PSW_COLUMNS_MAX];                 /* of timed points: of one method some differ; some have none */
    double first[PSW_METHODS][PSW_COLUMNS_MAX]; /* of each method's first point */
    bool seen[PSW_METHODS];
    ptrdiff_t columns; /* the fixed ones: own axes cost by the parameters that are derived from them */
    ptrdiff_t points, parameters;
    double *seconds; /* repetitions of a point */
    psw_status status;
} extrap;

static bool among(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

static bool timed(const psw_record *record)
{
    int how = record->cost.timing;
    return record->slot.status == PSW_SLOT_DONE && (how == PSW_TIMING_ALONE || how == PSW_TIMING_BESIDE) &&
           record->cost.time_median_s > 0;
}

/* v where it is d, and features where they come from r, are redundant. */
static double value_of(const cmd_view *v, ptrdiff_t column, const psw_record *record)
{
    const char *name = v->all[column].name;
    const psw_point *p = &record->point;
    if (strcmp(name, "v") == 0 && p->v == p->d) return 0;
    if (strcmp(name, "features") == 0 && p->r > 0) return 0;
    return psw_column_value(&v->all[column], record);
}

static bool sets_apart(const cmd_view *v, ptrdiff_t column)
{
    const char *name = v->all[column].name;
    return strcmp(name, "team") == 0 || (psw_column_parameter(&v->all[column]) && !among(others, name));
}

static void collect(cmd_view *v, void *state, const psw_record *record)
{
    extrap *e = state;
    int method = (int)record->point.method;
    double *first = e->first[method];
    if (!timed(record)) return;
    for (ptrdiff_t i = 0; i < e->columns; i++) {
        double x = value_of(v, i, record);
        if (!e->seen[method]) first[i] = x;
        e->varies[i] |= sets_apart(v, i) && x != first[i] && !(isnan(x) && isnan(first[i]));
        e->lacks[i] |= isnan(x) || x == 0;
    }
    e->seen[method] = true;
    e->points++;
}

static bool is_parameter(const extrap *e, ptrdiff_t column)
{
    return e->varies[column] && !e->lacks[column] && among(parameters, e->view->all[column].name);
}

static void callpath(const extrap *e, const psw_record *record, char *text, size_t size)
{
    psw_format(text, size, "%s", psw_word(PSW_WORDS_METHOD, (int)record->point.method));
    for (ptrdiff_t i = 0; i < e->columns; i++) {
        const psw_column *c = &e->view->all[i];
        char value[PSW_CELL];
        bool none = c->vocabulary < 0 && value_of(e->view, i, record) == 0;
        if (!e->varies[i] || is_parameter(e, i) || none) continue;
        psw_column_text(c, record, value, sizeof value);
        size_t used = strlen(text);
        if (value[0]) psw_format(text + used, size - used, " %s=%s", c->name, value);
    }
}

static void point(cmd_view *v, void *state, const psw_record *record)
{
    extrap *e = state;
    ptrdiff_t count = 0;
    char text[512];
    if (!timed(record) || e->status != PSW_OK) return;
    e->status = psw_reader_samples_get(v->reader, v->study, v->slot, e->seconds, &count);
    if (e->status != PSW_OK) return;
    if (count == 0) e->seconds[count++] = record->cost.time_median_s;
    callpath(e, record, text, sizeof text);
    psw_json line = psw_json_line(stdout);
    psw_json_open(&line, "params", '{');
    for (ptrdiff_t i = 0; i < e->columns; i++)
        if (is_parameter(e, i)) psw_json_number(&line, v->all[i].name, psw_column_value(&v->all[i], record));
    psw_json_close(&line);
    psw_json_text(&line, "callpath", text);
    psw_json_text(&line, "metric", "time_s");
    psw_json_open(&line, "value", '[');
    for (ptrdiff_t i = 0; i < count; i++) psw_json_number(&line, NULL, e->seconds[i]);
    psw_json_end(&line);
}

static psw_status write_lines(cmd_view *v, extrap *e)
{
    PSW_TRY(cmd_view_walk(v, collect, e));
    for (ptrdiff_t i = 0; i < e->columns; i++) e->parameters += is_parameter(e, i);
    if (e->points == 0)
        return PSW_FAIL(PSW_USAGE, "no point has a time of its own; a study with time: {reps: 6} gives them");
    if (e->parameters == 0)
        return PSW_FAIL(PSW_USAGE, "none of team, n, d, beta and r varies over all timed points; --where picks points");
    PSW_TRY(cmd_view_walk(v, point, e));
    return e->status;
}

psw_status cmd_extrap_print(cmd_view *v)
{
    ptrdiff_t most = psw_study_settings(v->study)->max_reps;
    extrap e = {.view = v, .seconds = malloc((size_t)(most > 0 ? most : 1) * sizeof(double))};
    psw_columns(&e.columns);
    if (!e.seconds) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td repetitions", most);
    psw_status status = write_lines(v, &e);
    free(e.seconds);
    fflush(stdout);
    return status;
}
