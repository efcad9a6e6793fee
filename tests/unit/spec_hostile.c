/* Input that means harm ends in a message, quickly, and never in a crash or in gigabytes. */
#include <stdlib.h>

#include "unit/spec_study.h"

#define TOP "schema: 1\ndata: {preset: P1}\nmethods: [exact]\n"

static char *repeat(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t length = strlen(piece), before = strlen(head);
    char *text = malloc(before + length * times + strlen(tail) + 1);
    if (!text) return NULL;
    memcpy(text, head, before);
    for (size_t i = 0; i < times; i++) memcpy(text + before + i * length, piece, length);
    memcpy(text + before + times * length, tail, strlen(tail) + 1);
    return text;
}

static void refuse(const char *what, char *text, const char *message)
{
    psw_study *study = NULL;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, NULL, &study);
    CHECK(status == PSW_USAGE && strstr(psw_message(), message), "%s: status %d, %s", what, (int)status, psw_message());
    psw_study_free(study);
    free(text);
}

static void refuse_set(const char *what, char *argument, const char *message)
{
    const char *const text = TOP "grid: {beta: 2, n: 64, d: 10}\n";
    const char *set = argument;
    psw_study *study = NULL;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", &set, 1}, NULL, &study);
    CHECK(status == PSW_USAGE && strstr(psw_message(), message), "%s: status %d, %s", what, (int)status, psw_message());
    CHECK(strncmp(psw_message(), "--set ", 6) == 0, "%s does not name the argument: %s", what, psw_message());
    psw_study_free(study);
    free(argument);
}

int main(void)
{
    const size_t many = 1 << 16;
    refuse("deep lists", repeat(TOP "grid: ", "[", many, "\n"), "nested more than 12 deep");
    refuse("deep maps", repeat(TOP "grid: ", "{a: ", many, "\n"), "nested more than 12 deep");
    refuse("deep blocks", repeat("", "- ", many, "\n"), "nested more than 12 deep");
    refuse("a key of 64 KiB", repeat(TOP "? ", "k", many, "\n: 1\n"), "65536 bytes long; at most 64");
    refuse("a value of 64 KiB", repeat(TOP "study: ", "v", many, "\n"), "65536 bytes long; at most 4096");
    refuse("a long expression", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: \"", "0*", 2000, "1\"}\n"),
           "m = 0 is too small");
    refuse("an endless expression", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: \"", "1+", 3000, "1\"}\n"),
           "at most 4096");
    refuse("deep parentheses", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: '", "(", 2000, "'}\n"),
           "nested more than 48");
    refuse("deep powers", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: '", "2**", 1000, "2'}\n"),
           "nested more than 48");
    refuse("deep minuses", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: '", "-", 2000, "2'}\n"),
           "nested more than 48");
    refuse("deep denials", repeat(TOP "grid: {beta: 2, n: 64, d: 10}\njudge: {m: '", "not ", 1000, "2'}\n"),
           "nested more than 48");
    refuse("many values", repeat(TOP "grid: {beta: [", "1,", 300000, "1]}\n"), "more than 262144 values");
    refuse(
        "many points",
        repeat(TOP "grid: {d: 3, beta: {from: 1, to: 1000000, step: 1}, n: {from: 2, to: 1001, step: 1}}\n", "", 0, ""),
        "1e+09 points; at most 1e+08");
    refuse("more than a number counts",
           repeat(TOP "grid: {n: 64, d: 3, beta: {from: 0, to: 1e300, step: 1e-300}}\n", "", 0, ""), "at most");
    refuse("many own axes",
           repeat(TOP "grid: {n: 64, d: 3, beta: 1, a: 1, aa: 1, ab: 1, ac: 1, ad: 1, ae: 1, af: 1, ag: 1, ah: 1}\n",
                  "", 0, ""),
           "at most 8");
    refuse("many rules", repeat(TOP "grid: {n: 64, d: 3, beta: 1}\nexclude:\n", "  - {when: n == 1}\n", 65, ""),
           "more than 64");
    refuse("many includes", repeat(TOP "grid: {n: 64, d: 3, beta: 1}\ninclude:\n", "  - {method: linear}\n", 4097, ""),
           "more than 4096");
    refuse("a laughing alias", repeat("a: &a [1]\nb: ", "[*a]", 1, "\n"), "anchors and aliases");
    refuse("no end", repeat(TOP "study: \"", "x", 100, ""), "not YAML");
    refuse_set("a long argument", repeat("grid.beta=", "7", many, ""), "at most 4096");
    refuse_set("a long key", repeat("", "k", many, "=1"), "not KEY=VALUE");
    refuse_set("many dots", repeat("a", ".a", 50, "=1"), "not a key of a study");
    refuse_set("deep value", repeat("grid.beta=", "[", many, ""), "nested more than 12 deep");
    refuse_set("no value", repeat("grid.beta=", "", 0, ""), "the study is empty");
    return test_end();
}
