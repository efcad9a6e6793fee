/* An expression: over the names of a study, over columns of theory, and as a duration and a size. */
#include "cmd/cmd.h"
#include "fuzz/fuzz.h"

static const char text[] =
    "schema: 1\ndata: {preset: P1, noise: 0}\nmethods: [exact, softmax, polysketch: {r: [2, 3]}]\n"
    "grid: {beta: [2, 4], n: [64, 4096], d: [10, 18], own: [1, 0.5]}\npredict: {mine: own}\n";

static void over_points(const psw_study *study, const char *words)
{
    psw_filter *filter = NULL;
    must_say(psw_filter_create(study, words, &filter), PSW_USAGE);
    for (ptrdiff_t slot = 0; filter && slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        bool kept = psw_filter_keeps(filter, &point);
        MUST(kept == psw_filter_keeps(filter, &point), "a point is kept and not kept");
    }
    psw_filter_free(filter);
}

static void over_theory(const psw_study *study, const char *words)
{
    psw_expression *expression = NULL;
    psw_point point = psw_study_point(study, 0);
    must_say(psw_expression_create(words, "--where", &psw_theory_oracle, &expression), PSW_USAGE);
    if (expression) psw_expression_value(expression, &point);
    psw_expression_free(expression);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static psw_study *study;
    double number = -1;
    if (!study)
        must_say(psw_study_parse(&(psw_study_source){text, sizeof text - 1, "study", NULL, 0}, psw_house(), &study),
                 PSW_OK);
    char *words = malloc(size + 1);
    if (!words) return 0;
    memcpy(words, data, size);
    words[size] = '\0';
    over_points(study, words);
    over_theory(study, words);
    if (psw_parse_duration(words, &number) == PSW_OK) MUST(number >= 0, "%s lasts %g s", words, number);
    if (psw_parse_size(words, &number) == PSW_OK) MUST(number >= 0, "%s has %g bytes", words, number);
    free(words);
    return 0;
}
