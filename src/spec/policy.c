/* What ends the trials of a point (judge.trials as a map), and what a run searches for (search). */
#include <math.h>
#include <string.h>

#include "spec/study.h"

/* ---- judge.trials ---- */

static psw_status until_read(psw_study *study, const psw_yaml_node *node)
{
    static const psw_yaml_key width = {.name = "width", .type = PSW_T_REAL, .least = 1e-4, .most = 1};
    psw_settings *s = &study->settings;
    const psw_yaml_node *narrow = node->kind == PSW_MAP ? psw_yaml_child(node, "width") : NULL;
    if (narrow && node->children == 1) {
        s->until = PSW_UNTIL_WIDTH;
        return psw_value_read(&study->tree, narrow, &width, &s->until_width);
    }
    s->until = PSW_UNTIL_DECIDED;
    if (node->kind == PSW_SCALAR && strcmp(node->text, psw_word(PSW_WORDS_UNTIL, PSW_UNTIL_DECIDED)) == 0)
        return PSW_OK;
    return PSW_WRONG(&study->tree, node->where, "until is decided, or {width: 0.05}");
}

/* `most` becomes the node of the number, or expression, that `trials` is otherwise. */
psw_status spec_trials_read(psw_study *study, const psw_yaml_node *map, const psw_yaml_node **most)
{
    static const char section[] = "judge.trials";
    const psw_yaml_node *until = psw_yaml_child(map, "until");
    for (const psw_yaml_node *node = map->child; node; node = node->next)
        if (!spec_key_find(section, node->key)) return spec_unknown(&study->tree, node, section);
    *most = psw_yaml_child(map, "most");
    if (!*most || !until)
        return PSW_WRONG(&study->tree, map->where,
                         "trials is a number, an expression, or a rule that ends them, as in {most: 4000, until: "
                         "decided, error: 0.01}");
    PSW_TRY(until_read(study, until));
    PSW_TRY(spec_setting_read(&study->tree, psw_yaml_child(map, "error"), spec_key_find(section, "error"),
                              &study->settings));
    const psw_yaml_node *among = psw_yaml_child(map, "among");
    return among ? spec_setting_read(&study->tree, among, spec_key_find(section, "among"), &study->settings) : PSW_OK;
}

double spec_study_among(const psw_study *study)
{
    ptrdiff_t among = study->settings.among > 0 ? study->settings.among : study->slots;
    return among > 0 ? (double)among : 1;
}

/* Points with a verdict have trials that a rule can end. */
static bool ends_trials(const psw_study *study)
{
    return study->settings.until != PSW_UNTIL_FIXED && psw_data_kind_facts_of(study->kind)->sets == 2;
}

const char *spec_own_fallback(const psw_study *study, int id, psw_method method)
{
    return id == PSW_ID_DRAWS && ends_trials(study) ? NULL : spec_key_fallback((spec_parameter)id, (int)method);
}

/* No draw is used twice: an equal number of rows and of tables. */
void spec_draws_settle(const psw_study *study, spec_row *row)
{
    double *tables = &row->at[PSW_ID_DRAWS], *rows = &row->at[PSW_ID_DATA_DRAWS];
    bool random = psw_method_facts_of((psw_method)row->at[PSW_ID_METHOD])->random && !spec_row_learned(row);
    if (!ends_trials(study) || *tables == 0) return; /* 0: it does not apply */
    if (isnan(*tables)) *tables = fmax(16, ceil(row->at[PSW_ID_TRIALS] / 20));
    if (random && *rows > 0) *tables = *rows = fmax(*tables, *rows);
}

/* ---- search ---- */

static psw_status text_read(psw_study *study, const psw_yaml_node *node, const char **text)
{
    if (node->kind != PSW_SCALAR || !*node->text)
        return PSW_WRONG(&study->tree, node->where, "%s is a name or an expression, not a list or a map", node->key);
    *text = node->text;
    return PSW_OK;
}

/* A column of the result that is not one of the point's parameters. */
static psw_status column_read(psw_study *study, const psw_yaml_node *node, const char **text)
{
    PSW_TRY(text_read(study, node, text));
    const char *const *names = study->rooms.reserved;
    for (; names && *names; names++)
        if (strcmp(*names, *text) == 0 && !psw_is_parameter(*text)) return PSW_OK;
    if (!study->rooms.reserved) return PSW_OK;
    return PSW_WRONG(&study->tree, node->where, "'%s' is not a column of the result%s", psw_show(*text).text,
                     psw_hint(*text, study->rooms.reserved).text);
}

/* A number, or the column of another point. */
static psw_status level_read(psw_study *study, const psw_yaml_node *node)
{
    psw_search_keys *s = &study->settings.search;
    if (node->kind != PSW_MAP) return psw_value_read(&study->tree, node, spec_key_find("search", "level"), &s->level);
    const psw_yaml_node *column = psw_yaml_child(node, "column"), *where = psw_yaml_child(node, "where");
    s->level = NAN;
    if (!column || !where || node->children != 2)
        return PSW_WRONG(&study->tree, node->where,
                         "level is a number, or {column: time_median_s, where: \"method == %s\"}",
                         psw_word(PSW_WORDS_METHOD, (int)psw_method_of_kernel(PSW_KERNEL_POWER)));
    PSW_TRY(column_read(study, column, &s->level_column));
    return text_read(study, where, &s->level_where);
}

/* Has a method of the study a list of its own by that name? */
static bool is_method_axis(const psw_study *study, const char *name)
{
    const psw_yaml_node *methods = psw_yaml_child(study->tree.root, "methods");
    for (const psw_yaml_node *item = methods ? methods->child : NULL; item; item = item->next) {
        const psw_yaml_node *own = item->kind == PSW_MAP ? psw_yaml_child(item->child, name) : NULL;
        if (own && own->kind != PSW_SCALAR) return true;
    }
    return false;
}

static psw_status over_read(psw_study *study, const psw_yaml_node *node)
{
    psw_search_keys *s = &study->settings.search;
    const char *axes[PSW_ROW + 1];
    ptrdiff_t count = 0;
    PSW_TRY(text_read(study, node, &s->over));
    for (int id = 0; id < PSW_PARAMETERS + (int)study->own_count; id++) {
        if (study->given[id].origin != PSW_O_AXIS) continue;
        axes[count++] = spec_id_name(study, id);
        if (strcmp(axes[count - 1], s->over) == 0) return PSW_OK;
    }
    axes[count] = NULL;
    if (spec_parameter_find(s->over) >= PSW_ID_R && is_method_axis(study, s->over)) return PSW_OK;
    return PSW_WRONG(&study->tree, node->where,
                     "'%s' is no axis of the study%s; the candidates are a list in grid, or of a method",
                     psw_show(s->over).text, psw_hint(s->over, axes).text);
}

static psw_status key_read(psw_study *study, const psw_yaml_node *node)
{
    psw_search_keys *s = &study->settings.search;
    double value;
    if (!spec_key_find("search", node->key)) return spec_unknown(&study->tree, node, "search");
    if (strcmp(node->key, "over") == 0) return over_read(study, node);
    if (strcmp(node->key, "column") == 0) return column_read(study, node, &s->column);
    if (strcmp(node->key, "level") == 0) return level_read(study, node);
    PSW_TRY(psw_value_read(&study->tree, node, spec_key_find("search", node->key), &value));
    if (strcmp(node->key, "within") == 0)
        s->within = value;
    else
        s->edges = (psw_edges_asked)value;
    return PSW_OK;
}

psw_status spec_search_read(psw_study *study)
{
    const psw_yaml_node *map = psw_yaml_child(study->tree.root, "search");
    psw_search_keys *s = &study->settings.search;
    if (!map || (map->kind == PSW_SCALAR && !*map->text)) return PSW_OK;
    if (map->kind == PSW_MAP && map->children == 0) return PSW_OK; /* as a study without one is written out */
    if (map->kind != PSW_MAP || !psw_yaml_child(map, "over"))
        return PSW_WRONG(&study->tree, map->where, "search is a map with an axis, as in {over: beta, level: 0.9}");
    *s = (psw_search_keys){.column = spec_key_find("search", "column")->fallback, .level = study->settings.level};
    s->within = 1;
    for (const psw_yaml_node *node = map->child; node; node = node->next) PSW_TRY(key_read(study, node));
    return PSW_OK;
}

const psw_search_keys *psw_study_search(const psw_study *study)
{
    return study->settings.search.over ? &study->settings.search : NULL;
}
