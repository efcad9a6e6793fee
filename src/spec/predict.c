/* predict: what a study expects. An entry is a critical degree, EXPR or {edge: EXPR}, or a claim, {when: EXPR, then:
 * EXPR}. `then` is about results, which nobody has when a point is computed: it is read here to be refused where it is
 * wrong, and evaluated by those who read the file. */
#include <stdio.h>
#include <string.h>

#include "spec/study.h"

#define PREDICT_FORMS "an expression, {edge: EXPR} or {when: EXPR, then: EXPR}"

static psw_status name_check(const psw_study *study, const psw_yaml_node *node)
{
    size_t proper = strspn(node->key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    if (proper && !node->key[proper] && proper <= 32) return PSW_OK;
    return PSW_WRONG(&study->tree, node->key_where,
                     "'%s' cannot name a column; a name has at most 32 letters, digits and _",
                     psw_show(node->key).text);
}

/* ---- names of columns that a claim may use ---- */

enum { COLUMNS_MAX = 256 };

typedef struct column_names {
    const char *names[COLUMNS_MAX + 1];
    int words[COLUMNS_MAX];
    char predictions[PSW_PREDICT_MAX][PSW_NAME_MAX + 16];
} column_names;

/* Columns that every file has, and predictions; own axes are beside. */
static void columns_list(const psw_study *study, column_names *c)
{
    const psw_rooms *rooms = &study->rooms;
    const psw_yaml_node *predict = psw_yaml_child(study->tree.root, "predict");
    ptrdiff_t count = 0, i = 0;
    for (; rooms->reserved && rooms->reserved[count] && count < COLUMNS_MAX - PSW_PREDICT_MAX; count++) {
        c->names[count] = rooms->reserved[count];
        c->words[count] = rooms->reserved_words ? rooms->reserved_words[count] : -1;
    }
    for (const psw_yaml_node *node = predict->child; node && i < PSW_PREDICT_MAX; node = node->next, i++, count++) {
        psw_format(c->predictions[i], sizeof c->predictions[i], "predict_%s", node->key);
        c->names[count] = c->predictions[i];
        c->words[count] = -1;
    }
    c->names[count] = NULL;
}

static psw_status claim_check(const psw_study *study, const psw_yaml_node *then, psw_ids *reads)
{
    column_names columns;
    psw_program program;
    columns_list(study, &columns);
    psw_oracle oracle = {.names = columns.names, .vocabulary = columns.words};
    psw_names names = {.own = study->own, .oracle = &oracle};
    PSW_TRY(psw_program_of_node(&study->tree, then, &names, &program));
    *reads = program.reads << PSW_PARAMETERS;
    psw_program_free(&program);
    return PSW_OK;
}

/* ---- an entry ---- */

/* The node of the expression that gives the column its values, and of what is claimed. */
static psw_status parts_find(const psw_study *study, const psw_yaml_node *entry, const psw_yaml_node **value,
                             const psw_yaml_node **then)
{
    static const char *const keys[] = {"edge", "when", "then", NULL};
    const psw_yaml_node *edge = psw_yaml_child(entry, "edge"), *when = psw_yaml_child(entry, "when");
    *value = entry, *then = NULL;
    if (entry->kind == PSW_SCALAR) return PSW_OK;
    if (entry->kind == PSW_LIST)
        return PSW_WRONG(&study->tree, entry->where, "a prediction is " PREDICT_FORMS ", not a list");
    *then = psw_yaml_child(entry, "then");
    for (const psw_yaml_node *node = entry->child; node; node = node->next)
        if (node != edge && node != when && node != *then)
            return PSW_WRONG(&study->tree, node->key_where, "unknown key '%s' in a prediction%s",
                             psw_show(node->key).text, psw_hint(node->key, keys).text);
    if (edge && (when || *then))
        return PSW_WRONG(&study->tree, edge->key_where,
                         "a prediction is " PREDICT_FORMS "; an edge and a claim are two predictions with two names");
    if (!edge && (!when || !*then))
        return PSW_WRONG(&study->tree, entry->where, "a prediction is " PREDICT_FORMS "; add %s",
                         when    ? "what holds there, then: ..."
                         : *then ? "where it holds, when: ..."
                                 : "one of them");
    *value = edge ? edge : when;
    return PSW_OK;
}

psw_status spec_predict_read(psw_study *study, const psw_yaml_node *node)
{
    ptrdiff_t i = study->predict_count;
    const psw_yaml_node *value, *then;
    PSW_TRY(name_check(study, node));
    if (i == PSW_PREDICT_MAX)
        return PSW_WRONG(&study->tree, node->key_where, "more than %d predictions", PSW_PREDICT_MAX);
    PSW_TRY(parts_find(study, node, &value, &then));
    psw_names names = spec_study_names(study);
    PSW_TRY(psw_program_of_node(&study->tree, value, &names, &study->predictions[i]));
    study->prediction[i] = value->text;
    study->predict[study->predict_count++] = node->key;
    if (!then) return PSW_OK;
    if (then->kind != PSW_SCALAR || study->rooms.reserved) PSW_TRY(claim_check(study, then, &study->claim_reads[i]));
    study->claim[i] = then->text;
    return PSW_OK;
}

/* ---- for others ---- */

ptrdiff_t psw_study_predict(const psw_study *study, const char *const **names)
{
    *names = study->predict;
    return study->predict_count;
}

const char *const *psw_study_claims(const psw_study *study)
{
    return study->claim;
}

const char *psw_study_prediction(const psw_study *study, ptrdiff_t number)
{
    return study->prediction[number];
}

void psw_study_predictions(const psw_study *study, const psw_point *point, double values[PSW_PREDICT_MAX])
{
    spec_row row = spec_row_of_point(point);
    for (ptrdiff_t i = 0; i < study->predict_count; i++) {
        values[i] = psw_program_value(&study->predictions[i], row.at, study->rooms.theory, point);
        if (study->claim[i]) values[i] = psw_program_true(values[i]);
    }
}
