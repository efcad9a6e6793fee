/* Learned weights of a sketch: none, a path, or {file: path, r: rows}. Beside random tables, or where the study gives
 * no size, r is the file's: its number is stored with the path, so that a study that is written out needs no file.
 */
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

psw_status spec_path_number(psw_study *study, const char *text, double *number)
{
    for (ptrdiff_t i = 0; i < study->path_count; i++) {
        *number = (double)i;
        if (i > 0 && strcmp(study->paths[i].text, text) == 0) return PSW_OK;
    }
    spec_path *more = realloc(study->paths, (size_t)(study->path_count + 1) * sizeof *more);
    if (more) study->paths = more;
    char *kept = malloc(strlen(text) + 1);
    if (!more || !kept) {
        free(kept);
        return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a path of the study");
    }
    memcpy(kept, text, strlen(text) + 1);
    *number = (double)study->path_count;
    study->paths[study->path_count++] = (spec_path){.text = kept};
    return PSW_OK;
}

/* {file: path, r: rows} */
static psw_status stated_read(psw_study *study, const psw_yaml_node *node, double *value)
{
    static const char *const names[] = {"file", "r", NULL};
    const psw_yaml_node *file = psw_yaml_child(node, "file"), *r = psw_yaml_child(node, "r");
    double rows = 0;
    for (const psw_yaml_node *child = node->child; child; child = child->next)
        if (child != file && child != r)
            return PSW_WRONG(&study->tree, child->key_where, "unknown key '%s' in weights%s; there are: file, r",
                             psw_show(child->key).text, psw_hint(child->key, names).text);
    if (!file || file->kind != PSW_SCALAR || !*file->text)
        return PSW_WRONG(&study->tree, node->where, "weights is none, a file, or {file: FILE.h5, r: 32}");
    PSW_TRY(spec_path_number(study, file->text, value));
    if (!r) return PSW_OK;
    PSW_TRY(psw_value_read(&study->tree, r, &spec_keys[PSW_ID_R], &rows));
    spec_path *path = &study->paths[(ptrdiff_t)*value];
    if (path->r > 0 && (double)path->r != rows)
        return PSW_WRONG(&study->tree, r->where, "r of %s is %.0f here and %td before", psw_show(path->text).text, rows,
                         path->r);
    path->r = (ptrdiff_t)rows;
    return PSW_OK;
}

psw_status spec_weights_read(psw_study *study, const psw_yaml_node *node, double *value)
{
    if (node->kind == PSW_MAP) return stated_read(study, node, value);
    PSW_TRY(psw_value_read(&study->tree, node, &spec_keys[PSW_ID_WEIGHTS], value));
    int code = psw_word_code(PSW_WORDS_WEIGHTS, node->text);
    *value = code;
    return code >= 0 ? PSW_OK : spec_path_number(study, node->text, value);
}

psw_status spec_weights_rows(psw_study *study, double number, psw_where where)
{
    spec_path *path = &study->paths[(ptrdiff_t)number];
    if (number == 0 || path->r > 0) return PSW_OK;
    if (!study->rooms.learned_r)
        return PSW_WRONG(&study->tree, where, "r of %s is not known without the file; write weights: {file: %s, r: 32}",
                         psw_show(path->text).text, psw_show(path->text).text);
    return study->rooms.learned_r(path->text, &path->r);
}

bool spec_row_learned(const spec_row *row)
{
    return spec_key_of_method(PSW_ID_WEIGHTS, (psw_method)row->at[PSW_ID_METHOD]) && row->at[PSW_ID_WEIGHTS] > 0;
}
