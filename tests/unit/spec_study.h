/* A study from a text in a test; a text that is refused ends the test with its message. */
#ifndef TESTS_SPEC_STUDY_H
#define TESTS_SPEC_STUDY_H

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/spec.h"

#define SETS_MAX 8

static inline psw_study *study_with(const char *text, const psw_rooms *rooms, const char *const *set)
{
    psw_study *study = NULL;
    ptrdiff_t sets = 0;
    while (set && set[sets]) sets++;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", set, sets}, rooms, &study);
    CHECK(status == PSW_OK, "%s\n%s", psw_message(), text);
    if (!study) exit(1);
    return study;
}

static inline psw_study *study_of(const char *text)
{
    return study_with(text, NULL, NULL);
}

#endif
