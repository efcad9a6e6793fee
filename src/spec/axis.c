/* Values of an axis: value | list | {from, to, step} | {from, to, factor} | {from, to, count, spacing}. */
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

/* Is the text a formula of parameters, and no number? */
static bool is_formula(const psw_yaml_node *node)
{
    psw_names names = {.term = spec_parameter_term};
    psw_program program;
    ptrdiff_t column;
    double value;
    if (node->kind != PSW_SCALAR || psw_number_read(node->text, &value)) return false;
    if (psw_program_compile(node->text, &names, &program, &column) != PSW_OK) return false;
    psw_program_free(&program);
    return true;
}

static psw_status value_read(psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key, double *value)
{
    if (key->type == PSW_T_PATH) return spec_weights_read(study, node, value);
    bool number = key->type == PSW_T_REAL || key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO,
         parameter = spec_parameter_find(key->name) >= 0;
    if (number && parameter && is_formula(node))
        return PSW_WRONG(&study->tree, node->where,
                         "%s is a number, not '%s'; a formula belongs in derive, as in derive: {%s: %s}", key->name,
                         psw_show(node->text).text, key->name, psw_show(node->text).text);
    return psw_value_read(&study->tree, node, key, value);
}

static int ascending(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static psw_status refuse_twins(const psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key,
                               const double *values, ptrdiff_t count)
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
    const psw_yaml_node *child = node->child;
    for (ptrdiff_t at = 0, seen = 0; child; child = child->next, at++)
        if (values[at] == twin && seen++) break;
    const psw_yaml_node *shown = child && child->kind == PSW_MAP ? psw_yaml_child(child, "file") : child;
    return PSW_WRONG(&study->tree, child ? child->where : node->where, "%s has the value '%s' twice; remove one",
                     key->name, shown ? psw_show(shown->text).text : "");
}

static psw_status list_read(psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key, double **values,
                            ptrdiff_t *count)
{
    if (node->children == 0)
        return PSW_WRONG(&study->tree, node->where, "%s has no values; give one or remove the axis", key->name);
    *values = malloc((size_t)node->children * sizeof **values);
    if (!*values) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    *count = 0;
    for (const psw_yaml_node *child = node->child; child; child = child->next)
        PSW_TRY(value_read(study, child, key, &(*values)[(*count)++]));
    return PSW_OK;
}

psw_status spec_values_read(psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key, double **values,
                            ptrdiff_t *count, bool *single)
{
    psw_status status;
    *values = NULL;
    *single = node->kind == PSW_SCALAR;
    if (node->kind == PSW_MAP && key->type != PSW_T_PATH) {
        status = psw_range_read(&study->tree, node, key, PSW_AXIS_MAX, values, count);
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

psw_status spec_distinct(const psw_study *study, const psw_yaml_node *node, const psw_yaml_key *key,
                         const double *values, ptrdiff_t count)
{
    return node->kind == PSW_LIST ? refuse_twins(study, node, key, values, count) : PSW_OK;
}
