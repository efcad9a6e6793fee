/* Parameters that came after schema 1's first files. A study that does not set them keeps its identity. */
#include <math.h>
#include <string.h>

#include "spec/study.h"

/* Where passes are timed one draw is enough, but for a rule that ends trials: that looks at draws. Heads of a model are
 * compared with its own attention. */
const char *spec_default_text(const psw_study *study, int id)
{
    if (id == PSW_ID_DATA_DRAWS && study->settings.until != PSW_UNTIL_FIXED) return spec_draws_looked_at;
    if (id == PSW_ID_DATA_DRAWS && study->settings.timing) return spec_draws_once;
    if (id == PSW_ID_REFERENCE && spec_key_of_kind(PSW_ID_HEAD, study->kind) && !psw_study_before_references(study))
        return psw_word(PSW_WORDS_REFERENCE, PSW_REFERENCE_SOFTMAX);
    return spec_key_fallback((spec_parameter)id, -1);
}

bool psw_study_reference_open(const psw_study *study)
{
    return spec_key_of_kind(PSW_ID_HEAD, study->kind) && study->given[PSW_ID_REFERENCE].origin <= PSW_O_DEFAULT;
}

bool psw_study_before_references(const psw_study *study)
{
    return study->rooms.stored && psw_study_reference_open(study);
}

static psw_status read_default(psw_study *study, int id)
{
    const char *fallback = spec_keys[id].fallback; /* a method's own parameters have no formula */
    psw_names names = {.term = spec_parameter_term};
    ptrdiff_t column;
    if (spec_keys[id].type == PSW_T_WORD || !fallback) return PSW_OK;
    return psw_program_compile(spec_default_text(study, id), &names, &study->defaults[id], &column);
}

/* An axis of the study's own gives values to other parameters; so would hardly one that is meant as the parameter. */
static psw_status own_axis_check(const psw_study *study, int id)
{
    const spec_given *given = &study->given[id];
    if (given->origin != PSW_O_AXIS && given->origin != PSW_O_VALUE) return PSW_OK;
    for (ptrdiff_t i = 0; i < study->formula_count; i++) {
        const spec_formula *f = &study->formulas[i];
        if (!(f->program.reads & PSW_ID(id)) || PSW_YOUNGER_IDS >> f->id & 1) continue;
        return PSW_WRONG(&study->tree, given->where,
                         "'%s' has become a parameter (%s), and %s is computed from it as from an axis of your own; "
                         "rename the axis, as in %s_own, or, if the parameter is meant, derive both from such an axis",
                         spec_keys[id].name, spec_keys[id].meaning, spec_keys[f->id].name, spec_keys[id].name);
    }
    return PSW_OK;
}

psw_status spec_younger_read(psw_study *study)
{
    for (int id = 0; id < PSW_PARAMETERS; id++) {
        if (!(PSW_YOUNGER_IDS >> id & 1)) continue;
        PSW_TRY(own_axis_check(study, id));
        PSW_TRY(read_default(study, id));
    }
    return PSW_OK;
}

void spec_younger_free(psw_study *study)
{
    for (int id = 0; id < PSW_PARAMETERS; id++) psw_program_free(&study->defaults[id]);
}

double spec_younger_default(const psw_study *study, const spec_row *row, int id)
{
    const psw_yaml_key *key = &spec_keys[id];
    const char *fallback = id < PSW_ID_R ? spec_default_text(study, id)
                                         : spec_key_fallback((spec_parameter)id, (int)row->at[PSW_ID_METHOD]);
    double value = NAN;
    if (!fallback) return NAN;
    if (key->type == PSW_T_WORD) return psw_word_code((psw_vocabulary)key->vocabulary, fallback);
    if (psw_number_read(fallback, &value)) return value;
    return psw_program_value(&study->defaults[id], row->at, NULL, NULL);
}

bool spec_younger_tells(const psw_study *study, const spec_row *row, int id)
{
    double value = row->at[id];
    if (!(study->applies[(int)row->at[PSW_ID_METHOD]] >> id & 1) || isnan(value)) return false;
    return value != spec_younger_default(study, row, id);
}

uint64_t spec_younger_salt(int id)
{
    uint64_t salt = 0;
    for (const char *at = spec_keys[id].name; *at; at++) salt = spec_hash_mix(salt, (unsigned char)*at);
    return salt;
}
