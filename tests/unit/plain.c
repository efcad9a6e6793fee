/* Text from elsewhere: what a terminal would obey is written out, in messages, tables and JSON, and nothing else is
 * changed; formats come out as printf's do. */
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"
#include "polysweep/text.h"

#define EVIL "a\x1b[31m\n\xc2\x9b\xe2\x80\xae\xe2\x81\xa6\xff\xed\xa0\x80z"
#define SHOWN "a\\x1b[31m\\x0a\\u009b\\u202e\\u2066\\xff\\xed\\xa0\\x80z"

static void test_characters(void)
{
    static const struct {
        const char *text;
        size_t length;
        unsigned code;
    } cases[] = {{"a", 1, 'a'},
                 {"\xc3\xa9", 2, 0xe9},
                 {"\xe2\x82\xac", 3, 0x20ac},
                 {"\xf0\x9f\x98\x80", 4, 0x1f600},
                 {"\xc3", 1, 0xfffd},
                 {"\xc3z", 1, 0xfffd},
                 {"\xc0\xaf", 1, 0xfffd},         /* too long a form */
                 {"\xe0\x80\xaf", 1, 0xfffd},     /* the same */
                 {"\xed\xa0\x80", 1, 0xfffd},     /* half of a pair */
                 {"\xf4\x90\x80\x80", 1, 0xfffd}, /* beyond the last */
                 {"\x80", 1, 0xfffd},
                 {"\xf8", 1, 0xfffd},
                 {"\xef\xbf\xbd", 3, 0xfffd}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        unsigned code;
        size_t length = psw_character_read(cases[i].text, &code);
        CHECK(length == cases[i].length && code == cases[i].code, "%zu: %zu bytes, U+%04x", i, length, code);
    }
    for (unsigned code = 0; code < 0x110000; code++) {
        bool obeyed = code < 0x20 || (code > 0x7e && code < 0xa0) || code == 0x61c || code == 0x200e ||
                      code == 0x200f || (code >= 0x2028 && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069) ||
                      code == 0xfeff;
        CHECK(psw_character_obeyed(code) == obeyed, "U+%04x", code);
    }
}

static void test_texts(void)
{
    char out[128];
    CHECK(psw_plain_text(EVIL, out, sizeof out) && strcmp(out, SHOWN) == 0, "%s", out);
    CHECK(psw_plain_text(SHOWN, out, sizeof out) && strcmp(out, SHOWN) == 0, "what is plain stays: %s", out);
    CHECK(psw_plain_text("\xce\xb2 = \xe2\x82\xac", out, sizeof out) && strcmp(out, "\xce\xb2 = \xe2\x82\xac") == 0,
          "%s", out);
    CHECK(!psw_plain_text("ab\xe2\x82\xac", out, 5) && strcmp(out, "ab") == 0, "cut between characters: %s", out);
    CHECK(!psw_plain_text("ab\x1b", out, 6) && strcmp(out, "ab") == 0, "cut between characters: %s", out);
    CHECK(psw_plain_text("abc", out, 4) && strcmp(out, "abc") == 0, "%s", out);
    CHECK(strcmp(psw_show("a\x1b\nz").text, "a\\x1b\\x0az") == 0, "%s", psw_show("a\x1b\nz").text);
    char longer[200] = "";
    for (int i = 0; i < 60; i++) strcat(longer, "\xc3\xa9");
    psw_shown shown = psw_show(longer);
    CHECK(strlen(shown.text) < sizeof shown.text && strstr(shown.text, "\xc3\xa9..."), "%s", shown.text);
}

static void __attribute__((format(printf, 1, 2))) same(const char *format, ...)
{
    char mine[512], theirs[512];
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    psw_plain_format(mine, sizeof mine, format, arguments);
    vsnprintf(theirs, sizeof theirs, format, again);
    va_end(again);
    va_end(arguments);
    CHECK(strcmp(mine, theirs) == 0, "%s: \"%s\" instead of \"%s\"", format, mine, theirs);
}

static void test_formats(void)
{
    same("no conversion\n");
    same("100 %% of %s and %d, %i\n", "it", -3, 7);
    same("%td %zu %ld %lld %llu %lx %u %04x %c", (ptrdiff_t)-5, (size_t)7, -8L, -9LL, ~0ULL, 0xabcUL, ~0u, 10u, 'x');
    same("%g %.3g %.17g %.0f %3.0f %+.1f %.*g %.*e|", 0.1, 1e6 / 3, 1.0 / 3, 1e300, 7.0, 0.5, 4, 1e-9 / 3, 2, 1e9 / 7);
    same("[%5s] [%-5s] [%*s] [%-*s] [%.2s] [%.*s] [%5.1s] [%*s]", "ab", "ab", 6, "ab", 7, "ab", "abc", 1, "abc", "abc",
         -6, "ab");
    same("[%-4d] [%4d] [%02ld] [%5.1f] [%s]", 7, 7, 3L, 2.25, "");
    same("%hd %hhd %hu %jd", (short)-2, (signed char)-3, (unsigned short)65535, (intmax_t)-4);
}

static void test_messages(void)
{
    char longer[3000];
    memset(longer, 'x', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    PSW_FAIL(PSW_USAGE, "first %s\nsecond %.3s", EVIL, "\x1b\x1b\x1b\x1b");
    CHECK(strcmp(psw_message(), "first " SHOWN "\nsecond \\x1b\\x1b\\x1b") == 0, "%s", psw_message());
    PSW_FAIL(PSW_USAGE, "again: %s", psw_message());
    CHECK(strstr(psw_message(), "again: first " SHOWN "\\x0asecond") != NULL, "%s", psw_message());
    psw_fail_lines(PSW_FAIL(PSW_USAGE, "they differ:"), "  one \x1b\n  two");
    CHECK(strcmp(psw_message(), "they differ:\n  one \\x1b\n  two") == 0, "%s", psw_message());
    psw_fail_lines(PSW_FAIL(PSW_USAGE, "%s", longer), "  one\n  two");
    CHECK(strlen(psw_message()) < 1100, "%zu bytes", strlen(psw_message()));
}

static const char *read_back(FILE *file)
{
    static char text[4096];
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    fclose(file);
    return text;
}

static void test_outputs(void)
{
    FILE *file = tmpfile();
    psw_print(file, "%s\n%5s|", EVIL, "\x1b");
    const char *told = read_back(file);
    CHECK(strcmp(told, SHOWN "\n \\x1b|") == 0, "%s", told);
    file = tmpfile();
    psw_table table;
    CHECK(psw_table_begin(file, 2, &table), "no memory");
    psw_table_row(&table, (const char *const[]){"\x1b", "\xff"});
    psw_table_end(&table);
    told = read_back(file);
    CHECK(strcmp(told, "\\x1b  \\xff\n") == 0, "%s", told);
    file = tmpfile();
    psw_json json = psw_json_line(file);
    psw_json_text(&json, "k\xff", EVIL "\xc3\xa9");
    psw_json_end(&json);
    told = read_back(file);
    CHECK(
        strcmp(told,
               "{\"k\\ufffd\": \"a\\u001b[31m\\u000a\\u009b\\u202e\\u2066\\ufffd\\ufffd\\ufffd\\ufffdz\xc3\xa9\"}\n") ==
            0,
        "%s", told);
    psw_writer out = {0};
    psw_writer_quote(&out, "\x1b\xff\xc2\x9b\xc3\xa9");
    CHECK(strcmp(out.text, "\"\\u001b\\ufffd\\u009b\xc3\xa9\"") == 0, "%s", out.text);
    free(out.text);
}

int main(void)
{
    test_characters();
    test_texts();
    test_formats();
    test_messages();
    test_outputs();
    return test_end();
}
