/* What differs between two studies, for a person. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

#define LINES_MAX 256
#define LINE_MAX 512

typedef struct line {
    char path[96], text[LINE_MAX];
} line;

typedef struct lines {
    ptrdiff_t count;
    line at[LINES_MAX + 1]; /* the last is scratch, beyond what a person reads */
} lines;

static line *add(lines *l, const char *path, const char *name)
{
    line *made = &l->at[l->count < LINES_MAX ? l->count++ : LINES_MAX];
    psw_format(made->path, sizeof made->path, "%s%s%s", path, *name ? "." : "", name);
    made->text[0] = 0;
    return made;
}

static void append(line *l, const char *text)
{
    size_t used = strlen(l->text);
    psw_format(l->text + used, LINE_MAX - used, "%s%s", used ? ", " : "", text);
}

static void append_value(line *l, const psw_study *study, int id, double value)
{
    psw_yaml_key key = spec_id_key(study, id);
    const char *word = key.type == PSW_T_WORD ? psw_word((psw_vocabulary)key.vocabulary, (int)value) : NULL;
    if (key.type == PSW_T_PATH) word = value > 0 ? psw_study_path(study, (ptrdiff_t)value) : "none";
    if (spec_block_is_auto(study, id, value)) word = "auto";
    append(l, word ? psw_show(word).text : psw_number_print(value).text);
}

/* The section that a key belongs to, wherever it is given: a default written out is not a difference. */
static line *add_id(lines *l, const psw_study *study, int id)
{
    return add(l, id < PSW_PARAMETERS ? spec_keys[id].section : "grid", spec_id_name(study, id));
}

static void describe_axis(lines *l, const psw_study *study, const spec_axis *axis, const char *section)
{
    for (ptrdiff_t m = 0; m < axis->members; m++) {
        int id = axis->ids[m];
        line *made = section ? add(l, section, spec_id_name(study, id)) : add_id(l, study, id);
        for (ptrdiff_t i = 0; i < axis->count && i < 12; i++)
            append_value(made, study, axis->ids[m], axis->values[m * axis->count + i]);
        if (axis->count > 12) append(made, "...");
        if (axis->count > 12) append_value(made, study, axis->ids[m], axis->values[(m + 1) * axis->count - 1]);
    }
}

static void describe_method_defaults(lines *l, const psw_study *study, const spec_entry *entry, const char *section)
{
    for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++) {
        const char *fallback = spec_own_fallback(study, id, entry->method);
        bool given = study->given[id].origin != PSW_O_DEFAULT || !fallback;
        for (ptrdiff_t k = 0; k < entry->count; k++) given = given || entry->axes[k].ids[0] == id;
        if (!given) append(add(l, section, spec_keys[id].name), fallback);
    }
}

static void describe_methods(lines *l, const psw_study *study)
{
    line *list = add(l, "methods", "");
    for (ptrdiff_t i = 0; i < study->entry_count; i++) {
        char section[64];
        const char *name = psw_word(PSW_WORDS_METHOD, (int)study->entries[i].method);
        append(list, name);
        psw_format(section, sizeof section, "methods.%s", name);
        for (ptrdiff_t k = 0; k < study->entries[i].count; k++)
            describe_axis(l, study, &study->entries[i].axes[k], section);
        describe_method_defaults(l, study, &study->entries[i], section);
    }
}

/* A default that names methods had another text when there were fewer of them: written out, it is the default still. */
static const char *text_of(const psw_study *study, const spec_formula *f)
{
    const char *fallback = spec_key_fallback((spec_parameter)f->id, -1);
    psw_names names = {.term = spec_parameter_term};
    psw_program now;
    ptrdiff_t column;
    if (f->program.reads != PSW_ID(PSW_ID_METHOD) || f->program.oracle || !fallback) return f->text;
    if (psw_program_compile(fallback, &names, &now, &column) != PSW_OK) return f->text;
    bool same = !(now.reads & ~(PSW_ID(PSW_ID_METHOD) | PSW_ID(PSW_ID_BY)));
    for (ptrdiff_t i = 0; i < study->entry_count && same; i++) {
        spec_row row = {{[PSW_ID_METHOD] = study->entries[i].method}};
        same = psw_program_value(&now, row.at, NULL, NULL) == psw_program_value(&f->program, row.at, NULL, NULL);
    }
    psw_program_free(&now);
    return same ? fallback : f->text;
}

static void describe_values(lines *l, const psw_study *study)
{
    append(add(l, "seed", ""), psw_number_print(study->seed).text);
    append(add(l, "judge", "level"), psw_number_print(study->settings.level).text);
    append(add(l, "data", "kind"), psw_word(PSW_WORDS_DATA_KIND, (int)study->kind));
    append(add(l, "data", "path"), psw_show(study->paths[0].text).text);
    append(add(l, "data: names, kv_heads, padding, rope", ""), spec_file_reading(study));
    for (int id = PSW_ID_PRESET; id < PSW_ROW; id++) {
        const spec_given *given = &study->given[id];
        if (id == PSW_ID_DATA_DRAWS && !spec_study_random(study)) continue;
        if (given->origin == PSW_O_VALUE) append_value(add_id(l, study, id), study, id, study->base.at[id]);
        if (given->origin == PSW_O_DEFAULT && id < PSW_ID_R && spec_key_of_kind((spec_parameter)id, study->kind))
            append(add_id(l, study, id), psw_show(spec_default_text(study, id)).text);
    }
    for (ptrdiff_t i = 0; i < study->formula_count; i++)
        if (study->given[study->formulas[i].id].origin == PSW_O_FORMULA && !study->formulas[i].automatic)
            append(add_id(l, study, study->formulas[i].id), psw_show(text_of(study, &study->formulas[i])).text);
}

static void describe_axes(lines *l, const psw_study *study)
{
    line *order = add(l, "order of axes", "");
    for (ptrdiff_t i = 0; i < study->axis_count; i++) {
        const spec_axis *axis = &study->axes[i];
        append(order, psw_show(axis->name).text);
        describe_axis(l, study, axis, NULL);
    }
}

static double usual(const psw_study *study, int id)
{
    double value = NAN;
    const psw_yaml_key *key = &spec_keys[id];
    const spec_given *given = &study->given[id];
    if (given->origin == PSW_O_VALUE && strcmp(given->section, "grid") != 0) return study->base.at[id];
    if (id == PSW_ID_SEED) return study->seed;
    if (key->type == PSW_T_WORD && key->fallback) return psw_word_code((psw_vocabulary)key->vocabulary, key->fallback);
    if (key->fallback) psw_number_read(key->fallback, &value);
    return value;
}

/* What a point of include has otherwise than by data, judge and defaults that are values. */
static void describe_unusual(line *point, const psw_study *study, const spec_row *row)
{
    for (int id = PSW_ID_PRESET; id < PSW_PARAMETERS; id++) {
        double value = usual(study, id);
        bool named = (id >= PSW_ID_BETA && id <= PSW_ID_D) || id == PSW_ID_TEAM;
        bool applies = study->applies[(int)row->at[PSW_ID_METHOD]] >> id & 1;
        if (named || !applies || isnan(value) || isnan(row->at[id]) || row->at[id] == value) continue;
        append(point, spec_keys[id].name);
        append_value(point, study, id, row->at[id]);
    }
}

static void describe_points(lines *l, const psw_study *study)
{
    line *rules = add(l, "exclude", "");
    for (ptrdiff_t i = 0; i < study->rule_count; i++) append(rules, psw_show(study->exclusions[i].when).text);
    for (ptrdiff_t i = 0; i < study->include_count && i < 32; i++) {
        char number[32];
        psw_format(number, sizeof number, "%td", i + 1);
        const spec_row *row = &study->includes[i];
        line *point = add(l, "include", number);
        append_value(point, study, PSW_ID_METHOD, row->at[PSW_ID_METHOD]);
        for (int id = PSW_ID_BETA; id <= PSW_ID_D; id++) append_value(point, study, id, row->at[id]);
        describe_unusual(point, study, row);
    }
}

static void describe_search(lines *l, const psw_study *study)
{
    const psw_search_keys *s = &study->settings.search;
    if (!s->over) return;
    append(add(l, "search", "over"), psw_show(s->over).text);
    append(add(l, "search", "column"), psw_show(s->column).text);
    append(add(l, "search", "level"),
           s->level_column ? psw_show(s->level_column).text : psw_number_print(s->level).text);
    if (s->level_where) append(add(l, "search.level", "where"), psw_show(s->level_where).text);
    append(add(l, "search", "edges"), psw_word(PSW_WORDS_EDGES, (int)s->edges));
    append(add(l, "search", "within"), psw_number_print(s->within).text);
}

static void describe_kept(lines *l, const psw_study *study)
{
    const psw_settings *s = &study->settings;
    append(add(l, "output", "keep"), s->keep_samples && s->keep_rows ? "samples, rows"
                                     : s->keep_samples               ? "samples"
                                     : s->keep_rows                  ? "rows"
                                                                     : "");
    append(add(l, "time", ""), s->timing ? "on" : "off");
    if (s->timing) append(add(l, "time", "max_reps"), psw_number_print((double)s->max_reps).text);
    describe_search(l, study);
    append(add(l, "judge.trials", "until"), psw_word(PSW_WORDS_UNTIL, (int)s->until));
    if (s->until == PSW_UNTIL_FIXED) return;
    if (s->until == PSW_UNTIL_WIDTH)
        append(add(l, "judge.trials.until", "width"), psw_number_print(s->until_width).text);
    append(add(l, "judge.trials", "error"), psw_number_print(s->error).text);
    append(add(l, "judge.trials", "among"), psw_number_print(spec_study_among(study)).text);
    append(add(l, "judge", "level of trials"), psw_number_print(s->level).text);
}

/* What does not enter the identity but fixes the file's layout. */
static void describe_layout(lines *l, const psw_study *study)
{
    line *names = add(l, "predict", ""), *own = add(l, "own axes", "");
    for (ptrdiff_t i = 0; i < study->predict_count; i++) {
        append(names, study->predict[i]);
        append(add(l, "predict", study->predict[i]), study->prediction[i]);
        if (!study->claim[i]) continue;
        char path[sizeof l->at->path];
        psw_format(path, sizeof path, "predict.%s", study->predict[i]);
        append(add(l, path, "then"), study->claim[i]);
    }
    for (ptrdiff_t i = 0; i < study->own_count; i++) append(own, study->own[i]);
    describe_kept(l, study);
}

static void describe_all(lines *l, const psw_study *study)
{
    describe_methods(l, study);
    describe_values(l, study);
    describe_axes(l, study);
    describe_points(l, study);
    describe_layout(l, study);
}

static const line *find(const lines *l, const char *path)
{
    for (ptrdiff_t i = 0; i < l->count; i++)
        if (strcmp(l->at[i].path, path) == 0) return &l->at[i];
    return NULL;
}

static void append_difference(char *text, size_t size, const char *path, const line *here, const line *there)
{
    const char *a = here && *here->text ? here->text : "nothing", *b = there && *there->text ? there->text : "nothing";
    size_t used = strlen(text);
    if (strcmp(a, b) != 0)
        psw_format(text + used, size - used, "%s%s: %s here, %s in the file", used ? "\n" : "", path, a, b);
}

static void compare(void (*describe)(lines *, const psw_study *), const psw_study *asked, const psw_study *stored,
                    char *text, size_t size)
{
    lines *here = calloc(1, sizeof *here), *there = calloc(1, sizeof *there);
    text[0] = 0;
    if (here && there) {
        describe(here, asked);
        describe(there, stored);
        for (ptrdiff_t i = 0; i < here->count; i++)
            append_difference(text, size, here->at[i].path, &here->at[i], find(there, here->at[i].path));
        for (ptrdiff_t i = 0; i < there->count; i++)
            if (!find(here, there->at[i].path)) append_difference(text, size, there->at[i].path, NULL, &there->at[i]);
    }
    free(here);
    free(there);
}

void psw_study_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size)
{
    compare(describe_all, asked, stored, text, size);
    if (!*text && asked->identity != stored->identity)
        psw_format(text, size, "the same keys, but other points (made by another version of the program?)");
}

void psw_study_layout_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size)
{
    compare(describe_layout, asked, stored, text, size);
}

void psw_study_kept_difference(const psw_study *asked, const psw_study *stored, char *text, size_t size)
{
    compare(describe_kept, asked, stored, text, size);
    double among = spec_study_among(stored);
    bool ends = asked->settings.until != PSW_UNTIL_FIXED && asked->settings.until == stored->settings.until;
    size_t used = strlen(text);
    if (ends && spec_study_among(asked) != among)
        psw_format(
            text + used, size - used,
            "\ngive judge.trials.among: %s: then each point keeps its share of the error, and what is said of all "
            "of the %td points holds with an error of %.3g at most",
            psw_number_print(among).text, asked->slots, stored->settings.error / among * (double)asked->slots);
}
