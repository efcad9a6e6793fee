/* The table of keys as a JSON Schema (draft 2020-12) of a study, for editors: it completes keys and words, shows
 * meanings and finds what is surely wrong. What depends on several keys is for the program to judge. */
#include <math.h>
#include <string.h>

#include "polysweep/print.h"
#include "spec/keys.h"

static const char *const no_words[] = {NULL};

static void one_of_types(psw_json *json, const char *const *types)
{
    psw_json_open(json, "type", '[');
    for (; *types; types++) psw_json_text(json, NULL, *types);
    psw_json_close(json);
}

/* Words of a vocabulary, and what YAML makes of them: false and true are no texts there. */
static void words(psw_json *json, int vocabulary)
{
    const char *word;
    psw_json_open(json, "enum", '[');
    for (int code = 0; (word = psw_word((psw_vocabulary)vocabulary, code)); code++) {
        if (strcmp(word, "false") == 0 || strcmp(word, "true") == 0)
            psw_json_bool(json, NULL, *word == 't');
        else
            psw_json_text(json, NULL, word);
    }
    psw_json_close(json);
}

static void limits(psw_json *json, const psw_yaml_key *key)
{
    if (key->least > -HUGE_VAL) psw_json_number(json, "minimum", key->least);
    if (key->most < HUGE_VAL && key->most < PSW_WHOLE_MAX) psw_json_number(json, "maximum", key->most);
}

/* One value of a key, as members of an open object. `formula`: an expression will do. */
static void value_of(psw_json *json, const psw_yaml_key *key, bool formula)
{
    static const char *const number[] = {"number", "string", NULL}, *const whole[] = {"integer", "string", NULL};
    static const char *const path[] = {"string", "object", NULL};
    switch (key->type) {
    case PSW_T_WORD: words(json, key->vocabulary); break;
    case PSW_T_REAL:
        formula ? one_of_types(json, number) : psw_json_text(json, "type", "number");
        limits(json, key);
        break;
    case PSW_T_WHOLE:
        formula ? one_of_types(json, whole) : psw_json_text(json, "type", "integer");
        limits(json, key);
        break;
    case PSW_T_AUTO: one_of_types(json, whole); break;
    case PSW_T_PATH: one_of_types(json, path); break;
    case PSW_T_SWITCH: psw_json_text(json, "type", "boolean"); break;
    case PSW_T_TEXT:
    case PSW_T_NAME: psw_json_text(json, "type", "string"); break;
    case PSW_T_DURATION:
    case PSW_T_SIZE: one_of_types(json, number); break;
    case PSW_T_TREE: break;
    }
}

static void described(psw_json *json, const char *name, const char *meaning)
{
    psw_json_open(json, name, '{');
    if (meaning) psw_json_text(json, "description", meaning);
}

static void value(psw_json *json, const char *name, const psw_yaml_key *key, bool formula)
{
    described(json, name, key->meaning);
    value_of(json, key, formula);
    psw_json_close(json);
}

/* A range of an axis. */
static void range(psw_json *json)
{
    static const char *const ends[] = {"from", "to", "step", "factor"};
    psw_json_open(json, NULL, '{');
    psw_json_text(json, "type", "object");
    psw_json_open(json, "properties", '{');
    for (int i = 0; i < 4; i++) {
        psw_json_open(json, ends[i], '{');
        psw_json_text(json, "type", "number");
        psw_json_close(json);
    }
    psw_json_open(json, "count", '{');
    psw_json_text(json, "type", "integer");
    psw_json_close(json);
    psw_json_open(json, "spacing", '{');
    psw_json_open(json, "enum", '[');
    psw_json_text(json, NULL, "linear");
    psw_json_text(json, NULL, "log");
    psw_json_close(json);
    psw_json_close(json);
    psw_json_close(json);
    psw_json_open(json, "required", '[');
    psw_json_text(json, NULL, "from");
    psw_json_text(json, NULL, "to");
    psw_json_close(json);
    psw_json_bool(json, "additionalProperties", false);
    psw_json_close(json);
}

/* A value, a list of values, a range; key NULL: of an axis of the study's own. */
static void axis(psw_json *json, const char *name, const psw_yaml_key *key)
{
    const psw_yaml_key own = {.type = PSW_T_REAL, .least = -HUGE_VAL, .most = HUGE_VAL};
    bool numbers = !key || key->type == PSW_T_REAL || key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO;
    described(json, name, key ? key->meaning : "an axis of your own: numbers");
    psw_json_open(json, "anyOf", '[');
    psw_json_open(json, NULL, '{');
    value_of(json, key ? key : &own, false);
    psw_json_close(json);
    psw_json_open(json, NULL, '{');
    psw_json_text(json, "type", "array");
    psw_json_open(json, "items", '{');
    value_of(json, key ? key : &own, false);
    psw_json_close(json);
    psw_json_close(json);
    if (numbers) range(json);
    psw_json_close(json);
    psw_json_close(json);
}

/* Opens an object with properties; members closes it. */
static void object(psw_json *json, const char *name, const char *meaning)
{
    described(json, name, meaning);
    psw_json_text(json, "type", "object");
    psw_json_open(json, "properties", '{');
}

static void close_object(psw_json *json, const char *const *required)
{
    psw_json_close(json);
    if (*required) psw_json_open(json, "required", '[');
    for (const char *const *at = required; *at; at++) psw_json_text(json, NULL, *at);
    if (*required) psw_json_close(json);
    psw_json_bool(json, "additionalProperties", false);
    psw_json_close(json);
}

static const char *meaning_of(const char *section)
{
    return spec_key_find("", section)->meaning;
}

static bool axis_of_grid(int id)
{
    return id != PSW_ID_METHOD && id != PSW_ID_DATA_KIND && id < PSW_ID_R;
}

static void data(psw_json *json)
{
    static const struct {
        const char *name;
        spec_parameter id;
    } lists[] = {{"layers", PSW_ID_LAYER}, {"heads", PSW_ID_HEAD}, {"batches", PSW_ID_BATCH}};
    object(json, "data", meaning_of("data"));
    for (const psw_yaml_key *key = spec_keys; key->name; key++) {
        if (strcmp(key->section, "data") != 0) continue;
        if (key->type == PSW_T_TREE) {
            described(json, key->name, key->meaning);
            psw_json_text(json, "type", "object");
            psw_json_close(json);
        } else {
            value(json, key == &spec_keys[PSW_ID_DATA_KIND] ? "kind" : key->name, key, false);
        }
    }
    for (int i = 0; i < 3; i++) {
        psw_yaml_key key = spec_keys[lists[i].id];
        described(json, lists[i].name, key.meaning);
        psw_json_close(json);
    }
    close_object(json, no_words);
}

static void grid(psw_json *json)
{
    described(json, "grid", meaning_of("grid"));
    psw_json_text(json, "type", "object");
    psw_json_open(json, "properties", '{');
    for (int id = 0; id < PSW_ID_R; id++)
        if (axis_of_grid(id)) axis(json, spec_keys[id].name, &spec_keys[id]);
    psw_json_close(json);
    axis(json, "additionalProperties", NULL);
    psw_json_close(json);
}

static void method_entry(psw_json *json)
{
    psw_json_open(json, NULL, '{');
    psw_json_text(json, "type", "object");
    psw_json_open(json, "properties", '{');
    for (int code = 0; code < PSW_METHODS; code++) {
        const psw_method_facts *method = psw_method_facts_of((psw_method)code);
        object(json, method->word, method->help);
        for (int id = PSW_ID_R; id < PSW_PARAMETERS; id++)
            if (spec_key_of_method((spec_parameter)id, (psw_method)code))
                axis(json, spec_keys[id].name, &spec_keys[id]);
        close_object(json, no_words);
    }
    psw_json_close(json);
    psw_json_bool(json, "additionalProperties", false);
    psw_json_close(json);
}

static void methods(psw_json *json)
{
    described(json, "methods", meaning_of("methods"));
    psw_json_text(json, "type", "array");
    psw_json_open(json, "items", '{');
    psw_json_open(json, "anyOf", '[');
    psw_json_open(json, NULL, '{');
    words(json, PSW_WORDS_METHOD);
    psw_json_close(json);
    method_entry(json);
    psw_json_close(json);
    psw_json_close(json);
    psw_json_close(json);
}

static void settings(psw_json *json, const char *section)
{
    object(json, section, meaning_of(section));
    for (const psw_yaml_key *key = spec_keys; key->name; key++)
        if (strcmp(key->section, section) == 0) value(json, key->name, key, key - spec_keys < PSW_PARAMETERS);
    close_object(json, no_words);
}

static void trials(psw_json *json)
{
    const psw_yaml_key *key = &spec_keys[PSW_ID_TRIALS];
    described(json, "trials", key->meaning);
    psw_json_open(json, "anyOf", '[');
    psw_json_open(json, NULL, '{');
    value_of(json, key, true);
    psw_json_close(json);
    object(json, NULL, "a rule that ends trials");
    for (key = spec_keys; key->name; key++) {
        if (strcmp(key->section, "judge.trials") != 0) continue;
        described(json, key->name, key->meaning);
        psw_json_close(json);
    }
    close_object(json, no_words);
    psw_json_close(json);
    psw_json_close(json);
}

static void judge(psw_json *json)
{
    object(json, "judge", meaning_of("judge"));
    for (const psw_yaml_key *key = spec_keys; key->name; key++) {
        if (strcmp(key->section, "judge") != 0) continue;
        if (key == &spec_keys[PSW_ID_TRIALS])
            trials(json);
        else
            value(json, key->name, key, true);
    }
    close_object(json, no_words);
}

/* Sections whose members are the study's own names, or lists of maps. */
static void open_section(psw_json *json, const char *name, const char *type)
{
    described(json, name, meaning_of(name));
    psw_json_text(json, "type", type);
    psw_json_close(json);
}

static void search(psw_json *json)
{
    object(json, "search", meaning_of("search"));
    for (const psw_yaml_key *key = spec_keys; key->name; key++) {
        if (strcmp(key->section, "search") != 0) continue;
        bool either = strcmp(key->name, "level") == 0; /* a number, or the column of another point */
        described(json, key->name, key->meaning);
        if (!either) value_of(json, key, false);
        psw_json_close(json);
    }
    close_object(json, (const char *const[]){"over", NULL});
}

static void timing(psw_json *json)
{
    described(json, "time", meaning_of("time"));
    psw_json_open(json, "anyOf", '[');
    psw_json_open(json, NULL, '{');
    psw_json_open(json, "enum", '[');
    psw_json_text(json, NULL, "off");
    psw_json_text(json, NULL, "no");
    psw_json_bool(json, NULL, false);
    psw_json_close(json);
    psw_json_close(json);
    object(json, NULL, NULL);
    for (const psw_yaml_key *key = spec_keys; key->name; key++)
        if (strcmp(key->section, "time") == 0) value(json, key->name, key, false);
    close_object(json, no_words);
    psw_json_close(json);
    psw_json_close(json);
}

static void output(psw_json *json)
{
    object(json, "output", meaning_of("output"));
    for (const psw_yaml_key *key = spec_keys; key->name; key++) {
        if (strcmp(key->section, "output") != 0) continue;
        described(json, key->name, key->meaning);
        if (key->type == PSW_T_TREE)
            psw_json_text(json, "type", "array");
        else
            value_of(json, key, false);
        psw_json_close(json);
    }
    close_object(json, no_words);
}

void psw_schema_print(FILE *stream)
{
    static const char *const named[] = {"schema", "study", "seed"};
    psw_json json = psw_json_line(stream);
    psw_json_text(&json, "$schema", "https://json-schema.org/draft/2020-12/schema");
    psw_json_text(&json, "title", "polysweep study");
    psw_json_text(&json, "type", "object");
    psw_json_open(&json, "properties", '{');
    for (int i = 0; i < 3; i++) value(&json, named[i], spec_key_find("", named[i]), false);
    data(&json);
    methods(&json);
    grid(&json);
    open_section(&json, "zip", "object");
    open_section(&json, "derive", "object");
    open_section(&json, "exclude", "array");
    open_section(&json, "include", "array");
    judge(&json);
    search(&json);
    settings(&json, "decode");
    open_section(&json, "predict", "object");
    timing(&json);
    settings(&json, "run");
    output(&json);
    close_object(&json, (const char *const[]){"schema", NULL});
    psw_json_end(&json);
}
