/* Facts from the tables of methods and of kinds of data. */
#include <stddef.h>
#include <string.h>

#include "polysweep/text.h"

static const psw_method_facts methods[] = {
#define PSW_METHOD(word, CODE, folds, kernel, affine, degree, random, bitwise, squares, own, help)                     \
    {#word, PSW_FOLDS_##folds, PSW_KERNEL_##kernel, PSW_AFFINE_##affine, degree, random, bitwise, squares, help},
#include "polysweep/methods.def"
};

static const psw_data_kind_facts data_kinds[] = {
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, closed, classes, recalls, own, help)                              \
    {#word, sets, rows, closed, classes, recalls, PSW_DRAWN_##drawn, help},
#include "polysweep/data_kinds.def"
};

const psw_method_facts *psw_method_facts_of(psw_method method)
{
    static const psw_method_facts none = {.folds = PSW_FOLDS_NOTHING, .kernel = PSW_KERNEL_OTHER};
    return (size_t)method < PSW_METHODS ? &methods[method] : &none;
}

psw_method psw_method_of_kernel(psw_kernel kernel)
{
    size_t code = 0;
    while (code < PSW_METHODS && ((methods[code].folds != PSW_FOLDS_ROWS && methods[code].folds != PSW_FOLDS_EITHER) ||
                                  methods[code].kernel != kernel))
        code++;
    return (psw_method)code;
}

psw_word_list psw_methods_where(bool (*holds)(const psw_method_facts *facts))
{
    psw_word_list list = {""};
    int left = 0;
    for (size_t code = 0; code < PSW_METHODS; code++) left += holds(&methods[code]);
    for (size_t code = 0; code < PSW_METHODS; code++) {
        size_t used = strlen(list.text);
        if (!holds(&methods[code])) continue;
        psw_format(list.text + used, sizeof list.text - used, "%s%s", methods[code].word,
                   left > 2    ? ", "
                   : left == 2 ? " or "
                               : "");
        left--;
    }
    return list;
}

static bool is_theory(const psw_method_facts *facts)
{
    return facts->folds == PSW_FOLDS_NOTHING;
}

psw_word_list psw_methods_of_theory(void)
{
    return psw_methods_where(is_theory);
}

const psw_data_kind_facts *psw_data_kind_facts_of(psw_data_kind kind)
{
    static const psw_data_kind_facts none = {.sets = 1, .has_rows = true};
    return (size_t)kind < PSW_DATA_KINDS ? &data_kinds[kind] : &none;
}
