/* Some points of a study once more, as a study of its own: every value of theirs is written out, so that no axis and no
 * formula is needed. Names of own axes stay where an expression still uses them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

typedef struct again {
    const psw_study *study;
    const psw_again *asked;
    psw_writer out;
    double shift;  /* from seeds of the study to new ones */
    psw_ids own;   /* own axes that some of the points have */
    psw_ids named; /* of these, what an expression that stays names */
} again;

/* ---- seeds ---- */

/* By so much more than the widest distance of seeds that none is met again. */
static psw_status shift_find(again *a)
{
    double least = INFINITY, most = 0;
    psw_cursor cursor = psw_cursor_begin(a->study);
    for (ptrdiff_t slot = 0; slot < a->study->slots; slot++) {
        const psw_point *point = psw_cursor_at(&cursor, slot);
        double seed = (double)point->seed;
        if (!(a->study->applies[point->method] >> PSW_ID_SEED & 1)) continue;
        least = fmin(least, seed), most = fmax(most, seed);
    }
    a->shift = most >= least ? most - least + 1 : 0;
    if (most + a->shift <= PSW_WHOLE_MAX) return PSW_OK;
    a->shift = -a->shift;
    if (least + a->shift >= 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "seeds of this study go from %.0f to %.0f; there are none that are not among them",
                    least, most);
}

/* ---- expressions that stay, so that own axes have a use ---- */

static const psw_ids all_own = ~(((psw_ids)1 << PSW_PARAMETERS) - 1);

static bool stays(const again *a, psw_ids reads)
{
    return (reads & all_own) && !(reads & all_own & ~a->own);
}

static bool formula_stays(const again *a, const spec_formula *f)
{
    return f->derived && a->study->given[f->id].origin == PSW_O_FORMULA && stays(a, f->program.reads);
}

static void own_find(again *a)
{
    const psw_study *s = a->study;
    for (ptrdiff_t i = 0; i < a->asked->count; i++) {
        psw_point point = psw_study_point(s, a->asked->slots[i]);
        for (int k = 0; k < (int)s->own_count; k++)
            if (!isnan(point.own[k])) a->own |= PSW_ID(PSW_PARAMETERS + k);
    }
    for (ptrdiff_t i = 0; i < s->formula_count; i++)
        if (formula_stays(a, &s->formulas[i])) a->named |= s->formulas[i].program.reads;
    for (ptrdiff_t i = 0; i < s->rule_count; i++)
        if (stays(a, s->rules[i].reads)) a->named |= s->rules[i].reads;
    for (ptrdiff_t i = 0; i < s->predict_count; i++) a->named |= s->predictions[i].reads | s->claim_reads[i];
    a->named &= a->own;
}

static void put_pair(psw_writer *out, const char *key, const char *text)
{
    psw_writer_key(out, key);
    psw_writer_scalar(out, text);
}

static void put_derive(again *a)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < a->study->formula_count; i++) {
        const spec_formula *f = &a->study->formulas[i];
        if (!formula_stays(a, f)) continue;
        if (count++ == 0) psw_writer_open(&a->out, "derive: {");
        put_pair(&a->out, spec_keys[f->id].name, f->text);
    }
    if (count > 0) psw_writer_close(&a->out, "}\n");
}

static void put_exclude(again *a)
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < a->study->rule_count; i++) {
        if (!stays(a, a->study->rules[i].reads)) continue;
        psw_writer_open(&a->out, count++ == 0 ? "exclude: [{" : ", {");
        put_pair(&a->out, "when", a->study->exclusions[i].when);
        put_pair(&a->out, "why", a->study->exclusions[i].why);
        psw_writer_close(&a->out, "}");
    }
    if (count > 0) psw_writer_put(&a->out, "]\n");
}

/* ---- sections ---- */

static const char *const unread[] = {"schema", "study", "seed",    "methods", "grid",   "zip",
                                     "derive", "judge", "exclude", "include", "search", NULL};
/* What points give, and the file of the study's own results. */
static const char *const unread_keys[] = {"layers", "heads", "batches", "file", NULL};

static bool listed(const char *const *names, const char *name)
{
    while (*names && strcmp(*names, name) != 0) names++;
    return *names != NULL;
}

/* A default that is written out says nothing, but where it has become another one. */
static bool says_nothing(const psw_yaml_node *node)
{
    const psw_yaml_key *key = spec_key_find(node->parent->key, node->key);
    if (listed(unread_keys, node->key) || (node->kind == PSW_LIST && node->children == 0)) return true;
    return key && key->fallback && node->kind == PSW_SCALAR && strcmp(node->text, key->fallback) == 0 &&
           key != &spec_keys[PSW_ID_REFERENCE];
}

static void put_section(again *a, const psw_yaml_node *section)
{
    ptrdiff_t count = 0;
    for (const psw_yaml_node *node = section->child; node; node = node->next) {
        if (says_nothing(node)) continue;
        if (count++ == 0) {
            psw_writer_put(&a->out, section->key);
            psw_writer_open(&a->out, ": {");
        }
        psw_writer_key(&a->out, node->key);
        spec_node_write(a->study, node, &a->out);
        a->out.comma = true;
    }
    if (count > 0) psw_writer_close(&a->out, "}\n");
}

static psw_status put_sections(again *a)
{
    psw_yaml tree = {.name = a->study->name};
    PSW_TRY(psw_yaml_load(&tree, a->study->resolved, strlen(a->study->resolved), 0));
    for (const psw_yaml_node *section = tree.root->child; section; section = section->next)
        if (!listed(unread, section->key)) put_section(a, section);
    psw_yaml_free(tree.root);
    return PSW_OK;
}

/* ---- points ---- */

static double value_of(const again *a, const spec_row *row, int id, ptrdiff_t number)
{
    double value = row->at[id];
    if (id == PSW_ID_SEED) return value + a->shift;
    if (id == PSW_ID_TRIALS) return a->asked->trials[number];
    if (value > 0 && (id == PSW_ID_DRAWS || id == PSW_ID_DATA_DRAWS))
        return fmax(1, round(value * a->asked->more[number]));
    return value;
}

/* What the new study gives a point that does not give it: of the section of data, else a default. NaN: nothing. */
static double usual(const again *a, const spec_row *row, int id)
{
    const psw_study *s = a->study;
    const psw_yaml_key *key = &spec_keys[id];
    const char *fallback = spec_key_fallback((spec_parameter)id, (int)row->at[PSW_ID_METHOD]);
    psw_names names = {.term = spec_parameter_term};
    psw_program program;
    ptrdiff_t column;
    double value = NAN;
    if (s->given[id].origin == PSW_O_VALUE && strcmp(s->given[id].section, "data") == 0) return s->base.at[id];
    if (!fallback) return NAN;
    if (key->type == PSW_T_WORD) return psw_word_code((psw_vocabulary)key->vocabulary, fallback);
    if (psw_number_read(fallback, &value) || psw_program_compile(fallback, &names, &program, &column) != PSW_OK)
        return value;
    value = psw_program_value(&program, row->at, NULL, NULL);
    psw_program_free(&program);
    return value;
}

static bool is_usual(const again *a, const spec_row *row, int id, ptrdiff_t number)
{
    bool reference = id >= PSW_ID_REFERENCE && id <= PSW_ID_REFERENCE_BETA; /* of files the default has changed */
    if (id >= PSW_PARAMETERS || id == PSW_ID_SEED || id == PSW_ID_TRIALS) return false;
    if (reference && spec_key_of_kind(PSW_ID_HEAD, a->study->kind)) return false;
    return value_of(a, row, id, number) == usual(a, row, id);
}

/* What follows from another value, or says nothing. */
static bool follows(const spec_row *row, int id)
{
    double value = row->at[id];
    bool learned = row->at[PSW_ID_WEIGHTS] > 0, matched = row->at[PSW_ID_MATCH] == PSW_MATCH_EXP;
    if (id >= PSW_ID_A_0 && id <= PSW_ID_KAPPA) return row->at[PSW_ID_PRESET] != PSW_CUSTOM;
    switch (id) {
    case PSW_ID_METHOD:
    case PSW_ID_DATA_KIND: return true;
    case PSW_ID_PRESET: return value == PSW_CUSTOM;
    case PSW_ID_SCALE:
    case PSW_ID_OFFSET: return matched;
    case PSW_ID_CENTER: return !matched;
    case PSW_ID_R: return learned;
    case PSW_ID_FEATURES: return learned || row->at[PSW_ID_R] > 0;
    case PSW_ID_DATA_DRAWS:
    case PSW_ID_DRAWS:
    case PSW_ID_WEIGHTS:
    case PSW_ID_TEAM: return value == 0;
    default: return false;
    }
}

static void put_value(again *a, int id, double value)
{
    psw_yaml_key key = spec_id_key(a->study, id);
    psw_yaml_node path = {.kind = PSW_SCALAR, .key = (char *)(uintptr_t) "weights"};
    psw_writer_key(&a->out, key.name);
    if (key.type == PSW_T_WORD) {
        psw_writer_scalar(&a->out, psw_word((psw_vocabulary)key.vocabulary, (int)value));
    } else if (key.type == PSW_T_PATH) {
        path.text = (char *)(uintptr_t)psw_study_path(a->study, (ptrdiff_t)value);
        spec_node_write(a->study, &path, &a->out);
    } else {
        psw_writer_scalar(&a->out, psw_number_print(value).text);
    }
    a->out.comma = true;
}

static void put_point(again *a, ptrdiff_t number)
{
    psw_point point = psw_study_point(a->study, a->asked->slots[number]);
    spec_row row = spec_row_of_point(&point);
    psw_ids applies = a->study->applies[point.method] & (a->named | ~all_own);
    psw_writer_put(&a->out, "  - ");
    psw_writer_open(&a->out, "{");
    put_pair(&a->out, "method", psw_word(PSW_WORDS_METHOD, (int)point.method));
    for (int id = 0; id < PSW_PARAMETERS + (int)a->study->own_count; id++) {
        if (!(applies >> id & 1) || isnan(row.at[id]) || follows(&row, id)) continue;
        if (is_usual(a, &row, id, number)) continue;
        put_value(a, id, value_of(a, &row, id, number));
    }
    psw_writer_close(&a->out, "}\n");
}

static psw_status put_all(again *a)
{
    psw_writer_put(&a->out, "schema: 1\nstudy: ");
    psw_writer_quote(&a->out, a->asked->name);
    psw_writer_put(&a->out, "\n");
    PSW_TRY(put_sections(a));
    psw_writer_put(&a->out, "judge: ");
    psw_writer_open(&a->out, "{");
    put_pair(&a->out, "level", psw_number_print(a->study->settings.level).text);
    psw_writer_close(&a->out, "}\n");
    put_derive(a);
    put_exclude(a);
    psw_writer_put(&a->out, "include:\n");
    for (ptrdiff_t i = 0; i < a->asked->count; i++) put_point(a, i);
    return a->out.failed ? PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the text of a study") : PSW_OK;
}

/* ---- is it what was asked for? ---- */

static bool same_value(const again *a, const spec_row *old, const spec_row *row, int id, ptrdiff_t number)
{
    double wanted = value_of(a, old, id, number);
    return row->at[id] == wanted || (isnan(row->at[id]) && isnan(wanted));
}

static psw_status check(const again *a, const psw_study *made)
{
    if (made->slots != a->asked->count)
        return PSW_FAIL(PSW_BUG, "a study of %td points has %td", a->asked->count, made->slots);
    for (ptrdiff_t i = 0; i < a->asked->count; i++) {
        psw_point old = psw_study_point(a->study, a->asked->slots[i]), point = psw_study_point(made, i);
        spec_row from = spec_row_of_point(&old), row = spec_row_of_point(&point);
        for (int id = 0; id < PSW_PARAMETERS; id++)
            if ((a->study->applies[old.method] >> id & 1) && id != PSW_ID_WEIGHTS && !same_value(a, &from, &row, id, i))
                return PSW_FAIL(PSW_USAGE, "the point of slot %td cannot be given alone: its %s would be %g, not %g",
                                a->asked->slots[i], spec_keys[id].name, row.at[id], value_of(a, &from, id, i));
    }
    return PSW_OK;
}

/* As a file is read that somebody gives to the program. */
static psw_status read_back(const again *a)
{
    psw_study *made;
    psw_rooms rooms = a->study->rooms;
    rooms.stored = rooms.first_files = false;
    PSW_TRY(psw_study_parse(&(psw_study_source){a->out.text, a->out.length, a->asked->name, NULL, 0}, &rooms, &made));
    psw_status status = check(a, made);
    psw_study_free(made);
    return status;
}

psw_status psw_study_again(const psw_study *study, const psw_again *asked, char **text)
{
    again a = {.study = study, .asked = asked};
    psw_status status = shift_find(&a);
    if (status == PSW_OK) {
        own_find(&a);
        status = put_all(&a);
    }
    if (status == PSW_OK) status = read_back(&a);
    *text = status == PSW_OK ? a.out.text : NULL;
    if (status != PSW_OK) free(a.out.text);
    return status;
}
