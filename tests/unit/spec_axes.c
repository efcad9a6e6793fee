/* Ranges: both ends are there, decimals are what was meant, integers are whole; units and nearest names. */
#include "polysweep/print.h"
#include "unit/spec_study.h"

static void check_axis(const char *name, const char *axis, ptrdiff_t count, const double *values)
{
    char text[400];
    bool n = *name == 'n';
    psw_format(text, sizeof text, "schema: 1\ndata: {preset: P1}\nmethods: [exact]\ngrid: {d: 10, %s: %s, %s: %s}\n",
               name, axis, n ? "beta" : "n", n ? "2" : "64");
    psw_study *study = study_of(text);
    CHECK(study && psw_study_slots(study) == count, "%s has %td values", axis, study ? psw_study_slots(study) : -1);
    for (ptrdiff_t i = 0; study && i < count && i < psw_study_slots(study); i++) {
        psw_point p = psw_study_point(study, i);
        double value = n ? (double)p.n : p.beta;
        CHECK(value == values[i], "%s: value %td is %.17g, not %.17g", axis, i, value, values[i]);
    }
    psw_study_free(study);
}

#define AXIS(name, axis, ...)                                                                                          \
    check_axis(name, axis, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (double[]){__VA_ARGS__})

static void ranges(void)
{
    AXIS("beta", "7", 7);
    AXIS("beta", "[4, 2.5, 3]", 4, 2.5, 3);
    AXIS("beta", "{from: 1, to: 7, step: 2}", 1, 3, 5, 7);
    AXIS("beta", "{from: 3, to: 1, step: -1}", 3, 2, 1);
    AXIS("beta", "{from: 0, to: 0.5, step: 0.1}", 0, 0.1, 0.2, 0.3, 0.4, 0.5);
    AXIS("beta", "{from: 5, to: 5, step: 1}", 5);
    AXIS("beta", "{from: 2, to: 32, factor: 2}", 2, 4, 8, 16, 32);
    AXIS("beta", "{from: 32, to: 8, factor: 0.5}", 32, 16, 8);
    AXIS("beta", "{from: 1, to: 3, count: 5}", 1, 1.5, 2, 2.5, 3);
    AXIS("beta", "{from: 1, to: 100, count: 3, spacing: log}", 1, 10, 100);
    AXIS("beta", "{from: 4, to: 4, count: 1}", 4);
    AXIS("n", "{from: 256, to: 1296, factor: 1.5}", 256, 384, 576, 864, 1296);
    AXIS("n", "{from: 10, to: 1000, count: 5, spacing: log}", 10, 32, 100, 316, 1000);
    AXIS("n", "{from: 2, to: 5, count: 9, spacing: log}", 2, 3, 4, 5); /* rounded, without twins */
    AXIS("n", "{from: 8, to: 16, count: 3}", 8, 12, 16);
    AXIS("n", "{from: 3, to: 1594323, factor: 3}", 3, 9, 27, 81, 243, 729, 2187, 6561, 19683, 59049, 177147, 531441,
         1594323);
}

static void durations_and_sizes(void)
{
    double value;
    CHECK(psw_parse_duration("1h30m", &value) == PSW_OK && value == 5400, "1h30m");
    CHECK(psw_parse_duration("45s", &value) == PSW_OK && value == 45, "45s");
    CHECK(psw_parse_duration("0.5h", &value) == PSW_OK && value == 1800, "0.5h");
    CHECK(psw_parse_size("4Gi", &value) == PSW_OK && value == 4294967296.0, "4Gi");
    CHECK(psw_parse_size("2M", &value) == PSW_OK && value == 2e6, "2M");
    CHECK(psw_parse_size("4096", &value) == PSW_OK && value == 4096, "4096");
    CHECK(psw_parse_size("1.5 GiB", &value) == PSW_OK && value == 1610612736.0, "1.5 GiB");
    CHECK(psw_parse_size("300MiB", &value) == PSW_OK && value == 314572800.0, "300MiB");
    CHECK(psw_parse_size("4 Gi", &value) == PSW_OK && value == 4294967296.0, "4 Gi");
    CHECK(psw_parse_size("2 MB", &value) == PSW_OK && value == 2e6, "2 MB");
    for (double size = 1; size < 0x1p56; size *= 32) {
        char text[PSW_TEXT];
        psw_format_bytes(size, text); /* powers of 2, so that no digit is lost */
        CHECK(psw_parse_size(text, &value) == PSW_OK && value == size, "%s is %g, not %g bytes", text, value, size);
    }
    static const char *const wrong[] = {"", "1", "h", "1h30", "1 h", "-5s", "1e999h", "5x", "0x10s", NULL};
    for (ptrdiff_t i = 0; wrong[i]; i++)
        CHECK(psw_parse_duration(wrong[i], &value) == PSW_USAGE, "'%s' was taken", wrong[i]);
    static const char *const bad[] = {"",    "G",        "4Q", "4 Q",   "4 ",  "4 GiBs",
                                      "GiB", "1.5 G iB", "-1", "1e999", "nan", NULL};
    for (ptrdiff_t i = 0; bad[i]; i++) CHECK(psw_parse_size(bad[i], &value) == PSW_USAGE, "'%s' was taken", bad[i]);
}

/* Whole numbers are what the digits say, however they are written, up to 2^53. */
static void whole_numbers(void)
{
    static const struct {
        const char *text;
        double value;
    } right[] = {{"9007199254740992", 0x1p53},
                 {"9007199254740991", 0x1p53 - 1},
                 {"9.007199254740992e15", 0x1p53},
                 {"0009007199254740992.000", 0x1p53},
                 {"900719925474099200000e-5", 0x1p53},
                 {"0", 0},
                 {"0.00e7", 0},
                 {"0e99999999999999999999", 0},
                 {"1e3", 1000},
                 {"0.001e+6", 1000},
                 {"1200.", 1200},
                 {"+10", 10}};
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        char text[200];
        psw_format(text, sizeof text,
                   "schema: 1\nseed: %s\nmethods: [exact]\ndata: {preset: P1}\ngrid: {beta: 2, n: 8, d: 3}\n",
                   right[i].text);
        psw_study *study = study_of(text);
        CHECK((double)psw_study_point(study, 0).seed == right[i].value, "seed %s", right[i].text);
        psw_study_free(study);
    }
}

static void nearest(void)
{
    static const char *const names[] = {"beta", "trials", "precision", "n", "seed", NULL};
    static const char *const pairs[][2] = {{"bta", "beta"},  {"trails", "trials"},
                                           {"Beta", "beta"}, {"presicion", "precision"},
                                           {"N", "n"},       {"sede", "seed"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const char *near = psw_nearest(pairs[i][0], names);
        CHECK(near && strcmp(near, pairs[i][1]) == 0, "'%s' is near '%s'", pairs[i][0], near ? near : "nothing");
    }
    CHECK(psw_nearest("colour", names) == NULL && psw_nearest("", names) == NULL, "nothing is near");
}

static void words(void)
{
    for (int v = 0; v < PSW_VOCABULARIES; v++)
        for (int code = 0; psw_word((psw_vocabulary)v, code); code++)
            CHECK(psw_word_code((psw_vocabulary)v, psw_word((psw_vocabulary)v, code)) == code, "vocabulary %d word %d",
                  v, code);
    CHECK(psw_word(PSW_WORDS_METHOD, PSW_METHODS) == NULL && psw_word(PSW_WORDS_METHOD, -1) == NULL, "past the end");
    CHECK(strcmp(psw_word(PSW_WORDS_METHOD, PSW_FAVOR), "favor") == 0, "favor");
    CHECK(strcmp(psw_word(PSW_WORDS_DATA_KIND, PSW_FILE), "file") == 0, "file");
    CHECK(strcmp(psw_word(PSW_WORDS_PRESET, PSW_W2), "W2") == 0, "W2");
    CHECK(psw_error_code(PSW_OK) == 0 && strcmp(psw_word(PSW_WORDS_ERROR, psw_error_code(PSW_TIMEOUT)), "timeout") == 0,
          "errors");
}

int main(void)
{
    ranges();
    durations_and_sizes();
    whole_numbers();
    nearest();
    words();
    return test_end();
}
