/* Formulas: derive, judge and the defaults that depend on other parameters, put in an order in which each reads only
 * what is known. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

psw_status spec_formula_add(psw_study *study, int id, const psw_yaml_node *node, bool derived)
{
    spec_formula *formula = &study->formulas[study->formula_count];
    psw_names names = spec_study_names(study);
    *formula = (spec_formula){.id = id, .text = node->text, .derived = derived, .where = node->where};
    PSW_TRY(psw_program_of_node(&study->tree, node, &names, &formula->program));
    study->formula_count++;
    return PSW_OK;
}

/* The default of a parameter that nothing gives: a value, or a formula. */
static psw_status default_of(psw_study *study, int id)
{
    const psw_yaml_key *key = &spec_keys[id];
    const char *fallback = spec_default_text(study, id);
    psw_yaml_node node = {.kind = PSW_SCALAR, .text = (char *)(uintptr_t)fallback};
    double value;
    if (id == PSW_ID_METHOD || id == PSW_ID_DATA_KIND || id == PSW_ID_TEAM || id == PSW_ID_SEED) return PSW_OK;
    if (id == PSW_ID_WEIGHTS) study->base.at[id] = 0; /* no path */
    bool applies = spec_key_of_kind((spec_parameter)id, study->kind);
    if (key->type == PSW_T_WHOLE && !applies) study->base.at[id] = 0; /* as it will read */
    if (!fallback) return PSW_OK;
    bool plain = key->type == PSW_T_WORD || psw_number_read(fallback, &value);
    study->given[id] = (spec_given){PSW_O_DEFAULT, "default", psw_nowhere(0)};
    return plain ? psw_value_read(&study->tree, &node, key, &study->base.at[id])
                 : spec_formula_add(study, id, &node, false);
}

psw_status spec_own_defaults(const psw_study *study, psw_method method, spec_row *row)
{
    for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        const char *fallback = spec_own_fallback(study, id, method);
        psw_yaml_node node = {.kind = PSW_SCALAR, .text = (char *)(uintptr_t)fallback};
        bool taken = spec_key_of_method((spec_parameter)id, method);
        if (study->given[id].origin != PSW_O_DEFAULT || !taken) continue;
        row->at[id] = NAN; /* another method may have a default */
        if (fallback) PSW_TRY(psw_value_read(&study->tree, &node, &spec_keys[id], &row->at[id]));
    }
    return PSW_OK;
}

psw_status spec_formulas_default(psw_study *study)
{
    for (int id = 0; id < PSW_PARAMETERS; id++)
        if (study->given[id].origin == PSW_O_NONE) PSW_TRY(default_of(study, id));
    for (int id = PSW_ID_A_0; id <= PSW_ID_KAPPA; id++)
        study->constants_given |= study->given[id].origin > PSW_O_DEFAULT;
    return PSW_OK;
}

/* What formula `f` reads; a column of theory stands for every formula that needs no theory itself. */
static bool needs(const spec_formula *f, const spec_formula *other)
{
    if (f == other) return f->program.reads & PSW_ID(f->id);
    return (f->program.reads & PSW_ID(other->id)) || (f->program.oracle && !other->program.oracle);
}

static psw_status circle(const psw_study *study, const spec_formula *f, const bool *done)
{
    char text[400] = "";
    const spec_formula *at = f;
    for (int steps = 0; steps < 8; steps++) {
        size_t used = strlen(text);
        psw_format(text + used, sizeof text - used, "%s%s", used ? " needs " : "", spec_keys[at->id].name);
        if (steps > 0 && at == f) break;
        const spec_formula *next = NULL;
        for (ptrdiff_t i = 0; i < study->formula_count && next != f; i++)
            if (!done[i] && needs(at, &study->formulas[i]) && (!next || &study->formulas[i] == f))
                next = &study->formulas[i];
        at = next ? next : f;
    }
    return PSW_WRONG(&study->tree, f->where, "%s depends on itself (%s); break the circle", spec_keys[f->id].name,
                     text);
}

psw_status spec_formulas_order(psw_study *study)
{
    spec_formula ordered[PSW_PARAMETERS];
    bool done[PSW_PARAMETERS] = {false};
    ptrdiff_t count = 0, before = -1, total = study->formula_count;
    while (count < total && before != count) {
        before = count;
        for (ptrdiff_t i = 0; i < total; i++) {
            bool ready = !done[i];
            for (ptrdiff_t j = 0; j < total && ready; j++)
                ready = done[j] || !needs(&study->formulas[i], &study->formulas[j]);
            if (!ready) continue;
            done[i] = true;
            ordered[count++] = study->formulas[i];
        }
    }
    for (ptrdiff_t i = 0; i < total && count < total; i++)
        if (!done[i]) return circle(study, &study->formulas[i], done);
    memcpy(study->formulas, ordered, (size_t)total * sizeof *ordered);
    return PSW_OK;
}

psw_ids spec_influence(const psw_study *study, int id)
{
    psw_ids reached = PSW_ID(id);
    if (id == PSW_ID_PRESET)
        for (int constant = PSW_ID_A_0; constant <= PSW_ID_KAPPA; constant++)
            if (study->given[constant].origin <= PSW_O_DEFAULT) reached |= PSW_ID(constant);
    if (id == PSW_ID_R || id == PSW_ID_FEATURES) reached |= PSW_ID(PSW_ID_R) | PSW_ID(PSW_ID_FEATURES);
    for (ptrdiff_t i = 0; i < study->formula_count; i++) {
        const spec_formula *f = &study->formulas[i];
        if (!(f->program.reads & reached) && !f->program.oracle) continue;
        reached |= PSW_ID(f->id);
        if (f->id == PSW_ID_R || f->id == PSW_ID_FEATURES) reached |= PSW_ID(PSW_ID_R) | PSW_ID(PSW_ID_FEATURES);
    }
    return reached;
}
