/* The nearest name as the end of a message. */
#include <string.h>

#include "spec/keys.h"

psw_shown psw_hint(const char *name, const char *const *names)
{
    psw_shown hint = {""};
    const char *near = psw_nearest(name, names);
    if (near) psw_format(hint.text, sizeof hint.text, "; the nearest is '%s'", near);
    return hint;
}

psw_shown psw_parameter_hint(const char *name)
{
    const char *names[PSW_PARAMETERS + 1] = {NULL};
    for (int id = 0; id < PSW_PARAMETERS; id++) names[id] = psw_keys[id].name;
    return psw_hint(name, names);
}

psw_shown psw_word_hint(psw_vocabulary vocabulary, const char *word)
{
    const char *words[64] = {NULL};
    for (int code = 0; code < 63 && psw_word(vocabulary, code); code++) words[code] = psw_word(vocabulary, code);
    return psw_hint(word, words);
}
