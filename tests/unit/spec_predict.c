/* Predictions of a study: critical degrees and claims, their values, and what is refused. */
#include "spec_study.h"

#define TOP "schema: 1\ndata: {preset: P1}\nmethods: [exact]\ngrid: {beta: 2, n: 64, d: 34}\n"

static const char *const columns[] = {"beta_c", NULL};
static double column(const void *subject, ptrdiff_t name)
{
    const psw_point *p = subject;
    return (double)p->n / 16 + (double)name;
}

static const psw_oracle theory_oracle = {.names = columns, .value = column};
static const char *const reserved[] = {"n", "status", "success_rate", NULL};
static const int words[] = {-1, PSW_WORDS_STATUS, -1};
static const psw_rooms rooms = {.theory = &theory_oracle, .reserved = reserved, .reserved_words = words};

/* clang-format off */
static const struct {
    const char *text, *set, *message;
} wrong[] = {
    {TOP "predict: {mine: [n]}\n", NULL,
     "s.yaml:5:17: a prediction is an expression, {edge: EXPR} or {when: EXPR, then: EXPR}, not a list"},
    {TOP "predict: {mine: {}}\n", NULL,
     "s.yaml:5:17: a prediction is an expression, {edge: EXPR} or {when: EXPR, then: EXPR}; add one of them"},
    {TOP "predict: {mine: {when: n > 2}}\n", NULL,
     "s.yaml:5:17: a prediction is an expression, {edge: EXPR} or {when: EXPR, then: EXPR}; add what holds there, then: ..."},
    {TOP "predict: {mine: {then: n > 2}}\n", NULL,
     "s.yaml:5:17: a prediction is an expression, {edge: EXPR} or {when: EXPR, then: EXPR}; add where it holds, when: ..."},
    {TOP "predict: {mine: {edge: n, then: n > 2}}\n", NULL,
     "s.yaml:5:18: a prediction is an expression, {edge: EXPR} or {when: EXPR, then: EXPR}; an edge and a claim are two predictions with two names"},
    {TOP "predict: {mine: {whem: n > 2, then: n > 2}}\n", NULL,
     "s.yaml:5:18: unknown key 'whem' in a prediction; the nearest is 'when'"},
    {TOP "predict: {mine: {edge: {when: n}}}\n", NULL,
     "s.yaml:5:24: an expression is expected here, not a map"},
    {TOP "predict: {mine: {edge: success_rate}}\n", NULL,
     "s.yaml:5:24: unknown name 'success_rate' in an expression"},
    {TOP "predict: {mine: {when: n > 2, then: [n]}}\n", NULL,
     "s.yaml:5:37: an expression is expected here, not a list"},
    {TOP "predict: {mine: {when: n > 2, then: ''}}\n", NULL,
     "s.yaml:5:38: the expression ends too early; a number or a name is missing"},
    {TOP "predict: {mine: {when: n > 2, then: 'succes_rate < 0.1'}}\n", NULL,
     "s.yaml:5:38: unknown name 'succes_rate' in an expression; the nearest is 'success_rate'"},
    {TOP "predict: {mine: {when: n > 2, then: status == don}}\n", NULL,
     "s.yaml:5:47: 'don' is not one of: empty, running, done, failed, skipped, timeout, not_needed; the nearest is 'done'"},
    {TOP "predict: {mine: {when: n > 2, then: success_rate > x}}\n", NULL,
     "s.yaml:5:52: unknown name 'x' in an expression"},
    {TOP "predict: {mine: {when: n > 2, then: success_rate > 0.9}}\n", "predict.mine.then=success_rate >",
     "--set predict.mine.then=success_rate >: the expression ends too early; a number or a name is missing"},
};
/* clang-format on */

/* The whole message, with its place. */
static void errors(void)
{
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        psw_study *study = NULL;
        const psw_study_source source = {wrong[i].text, strlen(wrong[i].text), "s.yaml", &wrong[i].set,
                                         wrong[i].set != NULL};
        psw_status status = psw_study_parse(&source, &rooms, &study);
        CHECK(status == PSW_USAGE && !study, "case %zu gave status %d", i, (int)status);
        CHECK(status == PSW_OK || strcmp(psw_message(), wrong[i].message) == 0, "case %zu said\n  %s\nand not\n  %s", i,
              psw_message(), wrong[i].message);
        psw_study_free(study);
    }
}

/* A claim is 1 where `when` is true; NaN is not. What it names must be a column, an own axis among them. */
static void claims(void)
{
    const char *const *known;
    double predicted[PSW_PREDICT_MAX];
    psw_study *study = study_with("schema: 1\ndata: {preset: P1}\nmethods: [exact, linear]\n"
                                  "grid: {beta: [4, 8], n: 64, off: 0.25, d: 10}\n"
                                  "predict: {edge: {edge: beta_c / 2}, plain: beta_c / 2, low: {when: beta - 4, then: "
                                  "success_rate < off and status == done}, all: {when: n > 2, then: predict_low < n}, "
                                  "none: {when: 0 / 0, then: n}}\n",
                                  &rooms, NULL);
    const char *const *then = psw_study_claims(study);
    CHECK(psw_study_predict(study, &known) == 5 && strcmp(known[2], "low") == 0, "names");
    CHECK(!then[0] && !then[1] && strcmp(then[2], "success_rate < off and status == done") == 0, "claims");
    CHECK(strcmp(psw_study_prediction(study, 0), psw_study_prediction(study, 1)) == 0, "{edge: EXPR} is EXPR");
    CHECK(strcmp(psw_study_prediction(study, 2), "beta - 4") == 0, "%s", psw_study_prediction(study, 2));
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        psw_study_predictions(study, &point, predicted);
        CHECK(predicted[0] == 2 && predicted[1] == 2, "degrees %g %g", predicted[0], predicted[1]);
        CHECK(predicted[2] == (slot == 1), "beta - 4 is %g in slot %td", predicted[2], slot); /* linear: NaN */
        CHECK(predicted[3] == 1 && predicted[4] == 0, "always %g, never %g", predicted[3], predicted[4]);
    }
    psw_study *again = study_with(psw_study_resolved(study), &rooms, NULL);
    CHECK(strcmp(psw_study_resolved(again), psw_study_resolved(study)) == 0, "resolved\n%s", psw_study_resolved(again));
    CHECK(strcmp(psw_study_claims(again)[2], then[2]) == 0, "a claim of the resolved study");
    psw_study_free(again);
    psw_study_free(study);
}

int main(void)
{
    errors();
    claims();
    return test_end();
}
