/* Values of a range. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "polysweep/text.h"

#define CLOSE 1e-9 /* relative: steps written in decimals reach `to` up to rounding */

typedef struct range {
    const psw_yaml *tree;
    const psw_yaml_node *node;
    const psw_yaml_key *key;
    double from, to, step, factor, count;
    bool logarithmic;
    double points; /* how many values before rounding */
} range;

static psw_status range_number(const range *r, const char *name, psw_yaml_type type, double *value)
{
    psw_yaml_key key = {.name = name, .type = type, .least = -HUGE_VAL, .most = HUGE_VAL};
    const psw_yaml_node *child = psw_yaml_child(r->node, name);
    return child ? psw_value_read(r->tree, child, &key, value) : PSW_OK;
}

static psw_status range_keys(range *r)
{
    static const char *const names[] = {"from", "to", "step", "factor", "count", "spacing", NULL};
    int ways = 0;
    for (const psw_yaml_node *child = r->node->child; child; child = child->next) {
        int at = 0;
        while (names[at] && strcmp(names[at], child->key) != 0) at++;
        if (!names[at])
            return PSW_WRONG(r->tree, child->key_where,
                             "unknown key '%s' in a range%s; a range has from, to and one of step, factor, count",
                             psw_show(child->key).text, psw_hint(child->key, names).text);
        ways += at >= 2 && at <= 4;
    }
    if (!psw_yaml_child(r->node, "from") || !psw_yaml_child(r->node, "to") || ways != 1)
        return PSW_WRONG(r->tree, r->node->where, "the range of %s needs from, to and one of step, factor, count",
                         r->key->name);
    if (psw_yaml_child(r->node, "spacing") && !psw_yaml_child(r->node, "count"))
        return PSW_WRONG(r->tree, r->node->where, "spacing needs count");
    return PSW_OK;
}

static psw_status range_read(range *r)
{
    PSW_TRY(range_keys(r));
    PSW_TRY(psw_value_read(r->tree, psw_yaml_child(r->node, "from"), r->key, &r->from));
    PSW_TRY(psw_value_read(r->tree, psw_yaml_child(r->node, "to"), r->key, &r->to));
    PSW_TRY(range_number(r, "step", PSW_T_REAL, &r->step));
    PSW_TRY(range_number(r, "factor", PSW_T_REAL, &r->factor));
    PSW_TRY(range_number(r, "count", PSW_T_WHOLE, &r->count));
    const psw_yaml_node *spacing = psw_yaml_child(r->node, "spacing");
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

psw_status psw_range_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, ptrdiff_t most,
                          double **values, ptrdiff_t *count)
{
    psw_yaml_key number = *key;
    range r = {.tree = tree, .node = node, .key = &number};
    if (key->type == PSW_T_AUTO) number.type = PSW_T_WHOLE; /* auto is no end of a range */
    if (key->type == PSW_T_WORD) return PSW_WRONG(r.tree, node->where, "%s cannot be a range; give a list", key->name);
    PSW_TRY(range_read(&r));
    PSW_TRY(psw_yaml_child(node, "step")     ? plan_step(&r)
            : psw_yaml_child(node, "factor") ? plan_factor(&r)
                                             : plan_count(&r));
    if (!(r.points <= (double)most))
        return PSW_WRONG(r.tree, node->where, "%s would have %.3g values; at most %td", key->name, r.points, most);
    return range_fill(&r, values, count);
}
