#include <math.h>
#include <string.h>

#include "polysweep/text.h"

static const char *noun(const psw_yaml_key *key)
{
    return key->type == PSW_T_AUTO    ? "a whole number or auto"
           : key->type == PSW_T_WHOLE ? "a whole number"
                                      : "a number";
}

bool psw_value_fits(const psw_yaml_key *key, double value, char *what, size_t size)
{
    if (isnan(value) || ((key->type == PSW_T_WHOLE || key->type == PSW_T_AUTO) && value != floor(value)))
        return psw_format(what, size, "%s = %s is not %s", key->name, psw_number_print(value).text, noun(key)), false;
    if (value < key->least)
        return psw_format(what, size, "%s = %s is too small; the least is %s", key->name, psw_number_print(value).text,
                          psw_number_print(key->least).text),
               false;
    if (value > key->most || isinf(value))
        return psw_format(what, size, "%s = %s is too large; the most is %s", key->name, psw_number_print(value).text,
                          psw_number_print(key->most).text),
               false;
    return true;
}

static psw_status word_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, double *value)
{
    psw_vocabulary vocabulary = (psw_vocabulary)key->vocabulary;
    int code = psw_word_code(vocabulary, node->text);
    *value = code;
    if (code >= 0) return PSW_OK;
    return PSW_WRONG(tree, node->where, "'%s' is not a %s%s; there are: %s", psw_show(node->text).text, key->name,
                     psw_word_hint(vocabulary, node->text).text, psw_words_list(vocabulary).text);
}

static psw_status number_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, double *value)
{
    char what[160];
    if (!psw_number_read(node->text, value))
        return PSW_WRONG(tree, node->where, "%s is %s, not '%s'", key->name, noun(key), psw_show(node->text).text);
    if (!psw_value_fits(key, *value, what, sizeof what)) return PSW_WRONG(tree, node->where, "%s", what);
    if (key->type == PSW_T_REAL || psw_number_exact(node->text, *value)) return PSW_OK;
    return PSW_WRONG(tree, node->where, "%s = %s would be rounded to %s; whole numbers go up to %.0f", key->name,
                     psw_show(node->text).text, psw_number_print(*value).text, PSW_WHOLE_MAX);
}

psw_status psw_value_read(const psw_yaml *tree, const psw_yaml_node *node, const psw_yaml_key *key, double *value)
{
    psw_status status = PSW_OK;
    *value = 0;
    if (node->kind != PSW_SCALAR)
        return PSW_WRONG(tree, node->where, "%s is one value here, not a %s", key->name,
                         node->kind == PSW_LIST ? "list" : "map");
    if (!*node->text && !node->quoted && key->type != PSW_T_TEXT)
        return PSW_WRONG(tree, node->where, "%s has no value", key->name);
    switch (key->type) {
    case PSW_T_WORD: return word_read(tree, node, key, value);
    case PSW_T_AUTO:
        if (strcmp(node->text, "auto") == 0) return PSW_OK;
        return number_read(tree, node, key, value);
    case PSW_T_DURATION: status = psw_parse_duration(node->text, value); break;
    case PSW_T_SIZE: status = psw_parse_size(node->text, value); break;
    case PSW_T_REAL:
    case PSW_T_WHOLE: return number_read(tree, node, key, value);
    default: return PSW_OK;
    }
    if (status == PSW_OK) return PSW_OK;
    char words[256]; /* psw_wrong_at writes the message it would read */
    psw_format(words, sizeof words, "%s", psw_message());
    return PSW_WRONG(tree, node->where, "%s: %s", key->name, words);
}
