/* Values of an axis: value | list | {from, to, step} | {from, to, factor} | {from, to, count, spacing}. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

#define CLOSE 1e-9 /* relative: steps written in decimals reach `to` up to rounding */

static psw_status value_read(psw_study *study, const psw_node *node, const psw_key *key, double *value)
{
    if (key->type == PSW_T_PATH) return psw_weights_read(study, node, value);
    return psw_value_read(&study->tree, node, key, value);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static psw_status refuse_twins(const psw_study *study, const psw_node *node, const psw_key *key, const double *values,
                               ptrdiff_t count)
{
    double *sorted = malloc((size_t)count * sizeof *sorted);
    if (!sorted) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    memcpy(sorted, values, (size_t)count * sizeof *sorted);
    qsort(sorted, (size_t)count, sizeof *sorted, ascending);
    ptrdiff_t i = 1;
    while (i < count && sorted[i] != sorted[i - 1]) i++;
    double twin = i < count ? sorted[i] : 0;
    free(sorted);
    if (i >= count) return PSW_OK;
    const psw_node *child = node->child;
    for (ptrdiff_t at = 0, seen = 0; child; child = child->next, at++)
        if (values[at] == twin && seen++) break;
    const psw_node *shown = child && child->kind == PSW_MAP ? psw_node_child(child, "file") : child;
    return PSW_WRONG(&study->tree, child ? child->where : node->where, "%s has the value '%s' twice; remove one",
                     key->name, shown ? psw_show(shown->text).text : "");
}

static psw_status list_read(psw_study *study, const psw_node *node, const psw_key *key, double **values,
                            ptrdiff_t *count)
{
    if (node->children == 0)
        return PSW_WRONG(&study->tree, node->where, "%s has no values; give one or remove the axis", key->name);
    *values = malloc((size_t)node->children * sizeof **values);
    if (!*values) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    *count = 0;
    for (const psw_node *child = node->child; child; child = child->next)
        PSW_TRY(value_read(study, child, key, &(*values)[(*count)++]));
    return PSW_OK;
}

/* ---- ranges ---- */

typedef struct range {
    const psw_tree *tree;
    const psw_node *node;
    const psw_key *key;
    double from, to, step, factor, count;
    bool logarithmic;
    double points; /* how many values before rounding */
} range;

static psw_status range_number(const range *r, const char *name, psw_type type, double *value)
{
    psw_key key = {.name = name, .type = type, .least = -HUGE_VAL, .most = HUGE_VAL};
    const psw_node *child = psw_node_child(r->node, name);
    return child ? psw_value_read(r->tree, child, &key, value) : PSW_OK;
}

static psw_status range_keys(range *r)
{
    static const char *const names[] = {"from", "to", "step", "factor", "count", "spacing", NULL};
    int ways = 0;
    for (const psw_node *child = r->node->child; child; child = child->next) {
        int at = 0;
        while (names[at] && strcmp(names[at], child->key) != 0) at++;
        if (!names[at])
            return PSW_WRONG(r->tree, child->key_where,
                             "unknown key '%s' in a range%s; a range has from, to and one of step, factor, count",
                             psw_show(child->key).text, psw_hint(child->key, names).text);
        ways += at >= 2 && at <= 4;
    }
    if (!psw_node_child(r->node, "from") || !psw_node_child(r->node, "to") || ways != 1)
        return PSW_WRONG(r->tree, r->node->where, "the range of %s needs from, to and one of step, factor, count",
                         r->key->name);
    if (psw_node_child(r->node, "spacing") && !psw_node_child(r->node, "count"))
        return PSW_WRONG(r->tree, r->node->where, "spacing needs count");
    return PSW_OK;
}

static psw_status range_read(range *r)
{
    PSW_TRY(range_keys(r));
    PSW_TRY(psw_value_read(r->tree, psw_node_child(r->node, "from"), r->key, &r->from));
    PSW_TRY(psw_value_read(r->tree, psw_node_child(r->node, "to"), r->key, &r->to));
    PSW_TRY(range_number(r, "step", PSW_T_REAL, &r->step));
    PSW_TRY(range_number(r, "factor", PSW_T_REAL, &r->factor));
    PSW_TRY(range_number(r, "count", PSW_T_WHOLE, &r->count));
    const psw_node *spacing = psw_node_child(r->node, "spacing");
    if (!spacing) return PSW_OK;
    const char *text = spacing->kind == PSW_SCALAR ? spacing->text : "";
    r->logarithmic = strcmp(text, "log") == 0;
    if (!r->logarithmic && strcmp(text, "linear") != 0)
        return PSW_WRONG(r->tree, spacing->where, "spacing is linear or log, not '%s'", psw_show(text).text);
    return PSW_OK;
}

/* The value `i` steps from the first: a whole number of a whole key, else the decimal that was meant, so that
 * 0.1 + 2 * 0.1 is 0.3. */
static double value_at(const range *r, double i)
{
    double last = r->points - 1;
    double value = r->step != 0     ? r->from + i * r->step
                   : r->factor != 0 ? r->from * pow(r->factor, i)
                   : r->logarithmic ? r->from * pow(r->to / r->from, i / last)
                                    : r->from + (r->to - r->from) * (i / last);
    if (r->key->type == PSW_T_WHOLE && (r->logarithmic || fabs(value - round(value)) < CLOSE * fabs(value)))
        return round(value);
    char decimal[32];
    psw_format(decimal, sizeof decimal, "%.14g", value);
    return strtod(decimal, NULL);
}

/* The ends before and behind `to` that the key could have. */
static psw_status missed(const range *r, const char *how, double by, double steps)
{
    char ends[80] = "", what[160];
    int count = 0;
    for (int i = 0; i < 2; i++) {
        double end = value_at(r, floor(steps) + i);
        if (!psw_value_fits(r->key, end, what, sizeof what)) continue;
        size_t used = strlen(ends);
        psw_format(ends + used, sizeof ends - used, "%s%s", count++ ? " and " : "", psw_number_print(end).text);
    }
    return PSW_WRONG(r->tree, r->node->where, "%s: a %s of %s from %s does not reach %s; %s%s%s", r->key->name, how,
                     psw_number_print(by).text, psw_number_print(r->from).text, psw_number_print(r->to).text,
                     count == 2   ? "the nearest ends are "
                     : count == 1 ? "the nearest end is "
                                  : "change the ",
                     ends, count ? "" : how);
}

static psw_status plan_step(range *r)
{
    double steps = (r->to - r->from) / r->step;
    if (r->step == 0 || steps < 0)
        return PSW_WRONG(r->tree, r->node->where, "%s: a step of %s does not lead from %s to %s", r->key->name,
                         psw_number_print(r->step).text, psw_number_print(r->from).text, psw_number_print(r->to).text);
    double whole = round(steps);
    if (fabs(steps - whole) > CLOSE * fmax(1, whole)) return missed(r, "step", r->step, steps);
    r->points = whole + 1;
    return PSW_OK;
}

static psw_status plan_factor(range *r)
{
    double steps = log(r->to / r->from) / log(r->factor);
    if (!(r->factor > 0) || r->factor == 1 || !(r->from * r->to > 0) || !(steps > -CLOSE))
        return PSW_WRONG(r->tree, r->node->where, "%s: a factor of %s does not lead from %s to %s", r->key->name,
                         psw_number_print(r->factor).text, psw_number_print(r->from).text,
                         psw_number_print(r->to).text);
    double whole = round(steps);
    if (fabs(r->from * pow(r->factor, whole) - r->to) > CLOSE * fabs(r->to))
        return missed(r, "factor", r->factor, steps);
    r->points = whole + 1;
    return PSW_OK;
}

static psw_status plan_count(range *r)
{
    if (r->count < 1 || (r->count == 1) != (r->from == r->to))
        return PSW_WRONG(r->tree, r->node->where, "%s: %s values from %s to %s are not possible", r->key->name,
                         psw_number_print(r->count).text, psw_number_print(r->from).text, psw_number_print(r->to).text);
    if (r->logarithmic && !(r->from > 0 && r->to > 0))
        return PSW_WRONG(r->tree, r->node->where, "%s: log spacing needs from and to above 0", r->key->name);
    r->points = r->count;
    return PSW_OK;
}

static double range_value(const range *r, double i)
{
    return i == 0 ? r->from : i == r->points - 1 ? r->to : value_at(r, i);
}

static psw_status range_fill(const range *r, double **values, ptrdiff_t *count)
{
    *values = malloc((size_t)r->points * sizeof **values);
    if (!*values) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    *count = 0;
    for (double i = 0; i < r->points; i++) {
        char what[160];
        double value = range_value(r, i);
        if (!psw_value_fits(r->key, value, what, sizeof what))
            return PSW_WRONG(r->tree, r->node->where, "%s (value %.0f of the range); use a list or another spacing",
                             what, i + 1);
        if (*count == 0 || value != (*values)[*count - 1]) (*values)[(*count)++] = value;
    }
    return PSW_OK;
}

static psw_status range_values(const psw_study *study, const psw_node *node, const psw_key *key, double **values,
                               ptrdiff_t *count)
{
    range r = {.tree = &study->tree, .node = node, .key = key};
    if (key->type == PSW_T_WORD) return PSW_WRONG(r.tree, node->where, "%s cannot be a range; give a list", key->name);
    PSW_TRY(range_read(&r));
    PSW_TRY(psw_node_child(node, "step")     ? plan_step(&r)
            : psw_node_child(node, "factor") ? plan_factor(&r)
                                             : plan_count(&r));
    if (!(r.points <= PSW_AXIS_MAX))
        return PSW_WRONG(r.tree, node->where, "%s would have %.3g values; at most %d", key->name, r.points,
                         PSW_AXIS_MAX);
    return range_fill(&r, values, count);
}

psw_status psw_values_read(psw_study *study, const psw_node *node, const psw_key *key, double **values,
                           ptrdiff_t *count, bool *single)
{
    psw_status status;
    *values = NULL;
    *single = node->kind == PSW_SCALAR;
    if (node->kind == PSW_MAP && key->type != PSW_T_PATH) {
        status = range_values(study, node, key, values, count);
    } else if (node->kind == PSW_LIST) {
        status = list_read(study, node, key, values, count);
    } else {
        *values = malloc(sizeof **values);
        *count = 1;
        status = *values ? value_read(study, node, key, *values) : PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    }
    if (status != PSW_OK) {
        free(*values);
        *values = NULL;
    }
    return status;
}

psw_status psw_distinct(const psw_study *study, const psw_node *node, const psw_key *key, const double *values,
                        ptrdiff_t count)
{
    return node->kind == PSW_LIST ? refuse_twins(study, node, key, values, count) : PSW_OK;
}
