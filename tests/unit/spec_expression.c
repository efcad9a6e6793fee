/* Values of expressions, words of coded names, theory columns, filters. */
#include "unit/spec_study.h"

/* `full` and `none` are names here, and words of other names. */
static const char *const names[] = {"x",      "y",       "method", "mask", "full", "row_norm",
                                    "timing", "weights", "team",   "none", NULL};
static const int coded[] = {-1,
                            -1,
                            PSW_WORDS_METHOD,
                            PSW_WORDS_MASK,
                            -1,
                            PSW_WORDS_ROW_NORM,
                            PSW_WORDS_TIMING,
                            PSW_WORDS_WEIGHTS,
                            PSW_WORDS_TEAM,
                            -1};

static double value(const void *subject, ptrdiff_t name)
{
    static const double values[] = {3, -2.5, PSW_POLYSKETCH, PSW_CAUSAL, 7, PSW_NORM_SQRT_D, 0, 0, 2, 9};
    (void)subject;
    return values[name];
}

static const psw_oracle oracle = {names, value, coded};

static double evaluate(const char *text)
{
    psw_expression *e;
    psw_status status = psw_expression_create(text, "--where", &oracle, &e);
    CHECK(status == PSW_OK, "%s", psw_message());
    double result = status == PSW_OK ? psw_expression_value(e, NULL) : NAN;
    psw_expression_free(e);
    return result;
}

static void values(void)
{
    static const struct {
        const char *text;
        double value;
    } cases[] = {
        {"1 + 2 * 3", 7},
        {"(1 + 2) * 3", 9},
        {"2 ** 3 ** 2", 512},
        {"-2 ** 2", -4},
        {"2 ** -1", 0.5},
        {"7 % 3", 1},
        {"-7 % 3", 2},
        {"7.5 % 2", 1.5},
        {"10 / 4", 2.5},
        {"1 - 2 - 3", -4},
        {"8 / 4 / 2", 1},
        {"--3", 3},
        {".5e1", 5},
        {"1e3", 1000},
        {"x * y", -7.5},
        {"abs(y)", 2.5},
        {"min(x, y, 1)", -2.5},
        {"max(x, y, 10)", 10},
        {"ceil(y)", -2},
        {"floor(y)", -3},
        {"round(2.5)", 3},
        {"sqrt(16)", 4},
        {"exp(0)", 1},
        {"log(exp(2))", 2},
        {"log2(1024)", 10},
        {"1 < 2", 1},
        {"2 <= 2", 1},
        {"3 > 4", 0},
        {"3 >= 4", 0},
        {"1 == 1", 1},
        {"1 != 1", 0},
        {"1 and 0", 0},
        {"1 or 0", 1},
        {"not 1", 0},
        {"not 0 and 0", 0},
        {"!(1 && 0) || 0", 1},
        {"1 or 0 and 0", 1},
        {"not x == 3", 0},
        {"x != 3 or y < 0", 1},
        {"(1 < 2) == (3 < 4)", 1},
        {"method == polysketch", 1},
        {"method != polysketch", 0},
        {"polysketch == method", 1},
        {"method == exact", 0},
        {"mask == causal and method != exact", 1},
        {"mask == mask", 1},
        {"x==3&&!(y>0)", 1},
        /* a word is the other side's, whatever else it names */
        {"mask == full", 0},
        {"full == mask", 0},
        {"causal == mask and full == 7", 1},
        {"mask != full and full + 1 == 8", 1},
        {"row_norm == sqrt_d", 1},
        {"row_norm == none", 0},
        {"none != row_norm", 1},
        {"timing == none", 1},
        {"none == timing and none == 9", 1},
        /* numbers with a word among them */
        {"weights == none", 1},
        {"none == weights", 1},
        {"weights == 0 and not weights > 0", 1},
        {"team == auto", 0},
        {"auto != team and team == 2", 1},
        {"team + 1 == none - 6", 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        CHECK_NEAR(evaluate(cases[i].text), cases[i].value, 1e-15); /* one rounding of log, exp */
    CHECK(isnan(evaluate("1 % 0")) && isnan(evaluate("sqrt(-1)")), "no value is NaN");
    CHECK(evaluate("not sqrt(-1)") == 1 && evaluate("sqrt(-1) or 0") == 0, "NaN is not true");
}

static void messages(void)
{
    static const struct {
        const char *text, *message;
    } cases[] = {
        {"x + z", "--where x + z: column 5: unknown name 'z' in an expression"},
        {"n", "--where n: column 1: unknown name 'n' in an expression"},
        {"method == exat",
         "--where method == exat: column 11: 'exat' is not one of: exact, softmax, linear, closed_form, "
         "monomial, polysketch, tree, tensorsketch, srht, maclaurin, favor, taylor, elu1, relu, uniform, window, topk, "
         "nystrom; "
         "the nearest is 'exact'"},
        {"team == atuo", "--where team == atuo: column 9: 'atuo' is not one of: auto; the nearest is 'auto'"},
        {"team + 1 == auto", "--where team + 1 == auto: column 13: unknown name 'auto' in an expression"},
        {"auto == -team", "--where auto == -team: column 1: unknown name 'auto' in an expression"},
        {"timing == sqrt_d", "--where timing == sqrt_d: column 11: 'sqrt_d' is not one of: none, alone, shared, "
                             "oversubscribed, beside"},
        {"row_norm == timing", "--where row_norm == timing: column 1: 'row_norm' has words for values (none, unit, "
                               "layernorm, sqrt_d); compare it with == or !="},
        {"", "--where : column 1: the expression ends too early; a number or a name is missing"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        psw_expression *e;
        psw_status status = psw_expression_create(cases[i].text, "--where", &oracle, &e);
        CHECK(status == PSW_USAGE && e == NULL, "'%s' was taken", cases[i].text);
        CHECK(strcmp(psw_message(), cases[i].message) == 0, "%s", psw_message());
    }
}

/* ---- over a study ---- */

static const char *const columns[] = {"beta_c", NULL};
static double column(const void *subject, ptrdiff_t name)
{
    const psw_point *p = subject;
    return (double)p->n / 16 + (double)name;
}

static void theory(void)
{
    static const psw_oracle theory_oracle = {.names = columns, .value = column};
    static const psw_rooms rooms = {.theory = &theory_oracle};
    psw_study *study = study_with("schema: 1\ndata: {preset: P1}\nmethods: [exact]\n"
                                  "grid: {beta: [4, 8], n: [64, 128], off: [0, 1], d: 10}\n"
                                  "derive: {block: ceil(beta_c) + off}\nexclude: [{when: beta < beta_c, why: below}]\n"
                                  "predict: {mine: beta_c / 2, other: off}\n",
                                  &rooms, NULL);
    if (!study) return;
    psw_point p = psw_study_point(study, 3), last = psw_study_point(study, psw_study_slots(study) - 1);
    double predicted[PSW_PREDICT_MAX];
    const char *const *words;
    CHECK(psw_study_slots(study) == 6, "%td slots", psw_study_slots(study));
    CHECK(p.n == 64 && p.block == 5 && last.n == 128 && last.block == 9 && last.own[0] == 1, "derived from theory");
    psw_study_predictions(study, &last, predicted);
    CHECK(psw_study_predict(study, &words) == 2 && strcmp(words[1], "other") == 0, "names");
    CHECK(predicted[0] == 4 && predicted[1] == 1, "predictions %g %g", predicted[0], predicted[1]);
    psw_filter *filter;
    CHECK(psw_filter_create(study, "n == 128 and off == 1 and beta_c > 7 and method == exact", &filter) == PSW_OK, "%s",
          psw_message());
    ptrdiff_t kept = 0;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point q = psw_study_point(study, slot);
        kept += psw_filter_keeps(filter, &q);
    }
    CHECK(kept == 1, "%td points kept", kept);
    psw_filter_free(filter);
    CHECK(psw_filter_create(study, "of == 1", &filter) == PSW_USAGE && filter == NULL, "a wrong filter");
    CHECK(strcmp(psw_message(), "--where of == 1: column 1: unknown name 'of' in an expression") == 0 ||
              strstr(psw_message(), "'off'"),
          "%s", psw_message());
    psw_study_free(study);
}

int main(void)
{
    values();
    messages();
    theory();
    return test_end();
}
