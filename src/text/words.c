#include <string.h>

#include "polysweep/text.h"

#define WORDS(...)                                                                                                     \
    {                                                                                                                  \
        (const char *const[]){__VA_ARGS__}, sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)                \
    }

static const char *const methods[] = {
#define PSW_METHOD(word, ...) #word,
#include "polysweep/methods.def"
};
static const char *const data_kinds[] = {
#define PSW_DATA_KIND(word, ...) #word,
#include "polysweep/data_kinds.def"
};

/* Codes are stored in files: append new words to the end of their line. */
static const struct {
    const char *const *words;
    size_t count;
} vocabularies[PSW_VOCABULARIES] = {
    [PSW_WORDS_METHOD] = {methods, PSW_METHODS},
    [PSW_WORDS_MASK] = WORDS("full", "causal"),
    [PSW_WORDS_PRECISION] = WORDS("fp64", "fp32", "bf16", "fp16"),
    [PSW_WORDS_ROW_NORM] = WORDS("none", "unit", "layernorm", "sqrt_d"),
    [PSW_WORDS_NEGATIVE] = WORDS("refuse", "signed", "abs", "relu"),
    [PSW_WORDS_DATA_KIND] = {data_kinds, PSW_DATA_KINDS},
    [PSW_WORDS_PRESET] = WORDS("custom", "P1", "P2", "P3", "W1", "W2"),
    [PSW_WORDS_STATUS] = WORDS("empty", "running", "done", "failed", "skipped", "timeout", "not_needed"),
    [PSW_WORDS_ERROR] =
        WORDS("none", "no_memory", "not_finite", "timeout", "killed", "injected", "usage", "environment", "bug"),
    [PSW_WORDS_TIMING] = WORDS("none", "alone", "shared", "oversubscribed", "beside"),
    [PSW_WORDS_SWITCH] = WORDS("false", "true"),
    [PSW_WORDS_TIME_STOP] = WORDS("none", "precise", "max_reps", "budget"),
    [PSW_WORDS_TEAM] = WORDS("auto"),
    [PSW_WORDS_WEIGHTS] = WORDS("none"),
    [PSW_WORDS_FOLDED] = WORDS("none", "rows", "states", "either", "landmarks"),
    [PSW_WORDS_KERNEL] = WORDS("power", "exponential", "linear", "other", "taylor", "features"),
    [PSW_WORDS_REFERENCE] = WORDS("own", "softmax", "exact"),
    [PSW_WORDS_MODE] = WORDS("forward", "decode"),
    [PSW_WORDS_MATCH] = WORDS("none", "exp"),
    [PSW_WORDS_BY] = WORDS("rows", "features"),
    [PSW_WORDS_LEAVES] = WORDS("gaussian", "srht", "count"),
    [PSW_WORDS_QUERIES] = WORDS("all", "distinct"),
    [PSW_WORDS_UNTIL] = WORDS("fixed", "decided", "width"),
    [PSW_WORDS_TRIALS_STOP] = WORDS("fixed", "decided", "width", "most"),
    [PSW_WORDS_EDGES] = WORDS("all", "first", "last"),
    [PSW_WORDS_EDGE] = WORDS("none", "rise", "fall"),
    [PSW_WORDS_SIDE] = WORDS("none", "below", "above", "open", "failed"),
};

const char *psw_word(psw_vocabulary vocabulary, int code)
{
    return code >= 0 && (size_t)code < vocabularies[vocabulary].count ? vocabularies[vocabulary].words[code] : NULL;
}

int psw_word_code(psw_vocabulary vocabulary, const char *word)
{
    for (int code = 0; psw_word(vocabulary, code); code++)
        if (strcmp(word, psw_word(vocabulary, code)) == 0) return code;
    return -1;
}

bool psw_words_open(psw_vocabulary vocabulary)
{
    return vocabulary == PSW_WORDS_TEAM || vocabulary == PSW_WORDS_WEIGHTS;
}

int psw_error_code(psw_status status)
{
    if (status == PSW_OK) return 0;
    int code = psw_word_code(PSW_WORDS_ERROR, psw_status_word(status));
    return code > 0 ? code : psw_word_code(PSW_WORDS_ERROR, "bug");
}

psw_list_text psw_words_list(psw_vocabulary vocabulary)
{
    psw_list_text list = {""};
    for (int code = 0; psw_word(vocabulary, code); code++) {
        size_t at = strlen(list.text);
        psw_format(list.text + at, sizeof list.text - at, "%s%s", code ? ", " : "", psw_word(vocabulary, code));
    }
    return list;
}
