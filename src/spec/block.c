/* `block: auto`: a number made of other parameters when a point is made, so that all else sees numbers. */
#include <math.h>
#include <string.h>

#include "spec/study.h"

bool spec_block_is_auto(const psw_study *study, int id, double value)
{
    return study->block_auto && id == PSW_ID_BLOCK && value == 0;
}

static const psw_where *in_grid(const psw_study *study)
{
    const spec_given *given = &study->given[PSW_ID_BLOCK];
    if (given->origin == PSW_O_VALUE && study->base.at[PSW_ID_BLOCK] == 0) return &given->where;
    for (ptrdiff_t i = 0; i < study->axis_count; i++) {
        const spec_axis *axis = &study->axes[i];
        for (ptrdiff_t k = 0; k < axis->members * axis->count; k++)
            if (axis->ids[k / axis->count] == PSW_ID_BLOCK && axis->values[k] == 0) return &axis->where;
    }
    return NULL;
}

static const psw_where *in_points(const psw_yaml_node *list)
{
    for (const psw_yaml_node *item = list ? list->child : NULL; item; item = item->next) {
        const psw_yaml_node *block = item->kind == PSW_MAP ? psw_yaml_child(item, "block") : NULL;
        if (block && block->kind == PSW_SCALAR && strcmp(block->text, "auto") == 0) return &block->where;
    }
    return NULL;
}

psw_status spec_block_declare(psw_study *study)
{
    const psw_search_keys *search = &study->settings.search;
    const psw_where *grid = in_grid(study);
    const psw_where *where = grid ? grid : in_points(psw_yaml_child(study->tree.root, "include"));
    psw_yaml_node node = {.kind = PSW_SCALAR, .text = (char *)(uintptr_t)spec_block_rule};
    if (!where) return PSW_OK;
    if (search->over && strcmp(search->over, spec_keys[PSW_ID_BLOCK].name) == 0)
        return PSW_WRONG(&study->tree, *where, "a search over block needs numbers, not auto");
    node.where = *where;
    study->block_auto = true;
    PSW_TRY(spec_formula_add(study, PSW_ID_BLOCK, &node, false));
    study->formulas[study->formula_count - 1].automatic = true;
    return PSW_OK;
}

void spec_block_note(psw_study *study, const spec_row *row)
{
    double block = row->at[PSW_ID_BLOCK];
    if (!study->block_auto || !psw_method_computes((psw_method)row->at[PSW_ID_METHOD])) return;
    study->block_number = study->block_number == 0 || study->block_number == block ? block : NAN;
}
