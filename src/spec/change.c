/* A study made of another: axes of its grid get other names and values, on the tree that its resolved text is. */
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

static psw_status no_memory(void)
{
    return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a changed study");
}

static const psw_yaml_node *grid_of(const psw_yaml *tree)
{
    return psw_yaml_child(tree->root, "grid");
}

bool psw_study_in_grid(const psw_study *study, const char *name)
{
    return psw_yaml_child(grid_of(&study->tree), name) != NULL;
}

static psw_status rename_axis(psw_yaml_node *axis, const char *name)
{
    char *copy = strdup(name);
    if (!copy) return no_memory();
    free(axis->key);
    axis->key = copy;
    return PSW_OK;
}

/* The axis becomes an empty list. */
static void empty_axis(psw_yaml_node *axis)
{
    for (psw_yaml_node *child = axis->child, *next; child; child = next) {
        next = child->next;
        psw_yaml_free(child);
    }
    free(axis->text);
    axis->text = NULL;
    axis->kind = PSW_LIST;
    axis->child = axis->last = NULL;
    axis->children = 0;
}

static psw_status fill_axis(psw_yaml *tree, psw_yaml_node *axis, const double *values, ptrdiff_t count)
{
    empty_axis(axis);
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_yaml_node *value =
            psw_yaml_create(tree, PSW_SCALAR, NULL, psw_number_print(values[i]).text, psw_nowhere(0));
        if (!value) return no_memory();
        psw_yaml_append(axis, value);
    }
    return PSW_OK;
}

static psw_status change_axis(psw_yaml *tree, const psw_axis_change *change)
{
    psw_yaml_node *grid = psw_yaml_child(tree->root, "grid"), *axis = psw_yaml_child(grid, change->axis);
    if (!axis && !change->values)
        return PSW_WRONG(tree, psw_nowhere(0), "the grid has no '%s' to rename", psw_show(change->axis).text);
    if (!axis) {
        axis = psw_yaml_create(tree, PSW_LIST, change->axis, NULL, psw_nowhere(0));
        if (!axis) return no_memory();
        psw_yaml_append(grid, axis);
    }
    if (change->values) PSW_TRY(fill_axis(tree, axis, change->values, change->count));
    return change->name ? rename_axis(axis, change->name) : PSW_OK;
}

static psw_status changed_text(const psw_study *study, const psw_study_changes *changes, char **text)
{
    psw_yaml tree = {.name = changes->name};
    psw_status status = psw_yaml_load(&tree, study->resolved, strlen(study->resolved), 0);
    for (ptrdiff_t i = 0; status == PSW_OK && i < changes->axis_count; i++)
        status = change_axis(&tree, &changes->axes[i]);
    if (status == PSW_OK) status = spec_yaml_write(tree.root, text);
    psw_yaml_free(tree.root);
    return status;
}

psw_status psw_study_change(const psw_study *study, const psw_study_changes *changes, psw_study **changed)
{
    char *text = NULL;
    *changed = NULL;
    psw_status status = changed_text(study, changes, &text);
    if (status == PSW_OK)
        status = psw_study_parse(&(psw_study_source){text, strlen(text), changes->name, changes->set, changes->sets},
                                 &study->rooms, changed);
    free(text);
    return status;
}
