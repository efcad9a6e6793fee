/* What makes two studies the same: their points in the order of slots, and nothing else. */
#include "unit/spec_study.h"

#define BASE                                                                                                           \
    "schema: 1\nstudy: a\nseed: 4\ndata: {preset: P1, noise: 0}\nmethods: [exact, polysketch: {r: [8, 16]}]\n"         \
    "grid:\n  beta: [2, 4]\n  n: [64, 128]\n  classes: [8, 16]\nderive: {d: classes + 2}\n"                            \
    "exclude: [{when: n == 128 and beta == 4 and classes == 8, why: x}]\njudge: {trials: 10}\n"                        \
    "include: [{method: linear, n: 64, d: 34}]\n"

static uint64_t identity(const char *text, const char *set)
{
    const char *const sets[] = {set, NULL};
    psw_study *study = study_with(text, NULL, set ? sets : NULL);
    uint64_t value = study ? psw_study_identity(study) : 0;
    psw_study_free(study);
    return value;
}

static void same(void)
{
    static const char *const texts[] = {
        /* comments, order of keys, other words for the same points */
        "# a comment\nschema: 1\nseed: 4\njudge: {trials: 10}\nmethods: [exact, polysketch: {r: [8, 16]}]\n"
        "derive: {d: 2 + classes}\ndata: {noise: 0.0, preset: P1}\ngrid: {beta: {from: 2, to: 4, step: 2}, "
        "n: {from: 64, to: 128, factor: 2}, classes: [8, 16]}\nexclude: [{when: n == 128 and beta == 4 and d == 10, "
        "why: y}]\n"
        "include: [{method: linear, n: 64, d: 34}]\nstudy: b\n",
        BASE "predict: {mine: classes}\n",
        BASE "predict: {mine: {edge: classes}, fails: {when: beta > 2, then: success_rate < 0.1}}\n",
        BASE "time: {reps: 3}\n",
        BASE "run: {team: 2, threads: 2, time_limit: 1h}\n",
        BASE "output: {file: other.h5, keep: [rows]}\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        CHECK(identity(texts[i], NULL) == identity(BASE, NULL), "text %zu is another study", i);
    /* beta is the fastest index wherever it stands */
    CHECK(identity(BASE, "grid={n: [64, 128], classes: [8, 16], beta: [2, 4]}") == identity(BASE, NULL), "beta moved");
}

static void other(void)
{
    static const char *const sets[] = {"seed=5",
                                       "data.preset=P2",
                                       "data.noise=0.1",
                                       "data.kappa=0.11",
                                       "methods=[exact]",
                                       "methods.polysketch.r=[8]",
                                       "methods.polysketch.draws=3",
                                       "grid.beta=[2,5]",
                                       "grid.beta=[4,2]",
                                       "grid.n=[64]",
                                       "grid.mask=causal",
                                       "grid.block=64",
                                       "grid.team=2",
                                       "judge.trials=11",
                                       "judge.m=3",
                                       "exclude=[]",
                                       "include=[]",
                                       "derive.d=classes+10",
                                       "grid={classes: [8, 16], n: [64, 128], beta: [2, 4]}" /* other slots */};
    size_t count = sizeof sets / sizeof *sets;
    uint64_t seen[sizeof sets / sizeof *sets + 1];
    seen[count] = identity(BASE, NULL);
    for (size_t i = 0; i < count; i++) {
        seen[i] = identity(BASE, sets[i]);
        CHECK(seen[i] != seen[count], "%s changes nothing", sets[i]);
        for (size_t j = 0; j < i; j++) CHECK(seen[i] != seen[j], "%s is the same as %s", sets[i], sets[j]);
    }
}

static void resolved(void)
{
    static const char *const texts[] = {
        BASE,
        "schema: 1\nstudy: \"q\\\"uo\\\\te \\u2028 \\u0085 \xc3\xa9 1e3\"\nmethods: [exact, favor: {r: 3}]\ngrid: "
        "{beta: 1e-3, n: 007, d: 3}\n"
        "data: {a_0: 1, a_1: 2, b: .5, c: 1e0}\n",
        "schema: 1\nstudy: 1e3\ndata: {kind: file, path: '12'}\nmethods: [polysketch: {r: 3, weights: ['07', b]}]\n"
        "grid: {beta: 2, n: 8, d: 3}\n",
        "schema: 1\ndata: {kind: aligned}\nzip: {s: {n: [8, 16], d: [3, 4]}}\ngrid: {beta: [1, 2]}\nmethods: "
        "exact\nseed: 9\n"
        "time: {reps: 4}\nexclude:\n",
        "schema: 1\ndata: {kind: scores}\nmethods: [softmax]\ngrid: {n: 8, seed: [1, 2], negative: refuse}\nrun: "
        "{team: 4}\n",
        "schema: 1\ndata: {preset: P1}\ngrid: {n: 64, seed: 5}\npredict: {p: x}\n"
        "include: [{method: exact, beta: 3, d: 34}, {method: linear, d: 10, x: 2}]\n",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        psw_study *study = study_of(texts[i]), *again = study ? study_of(psw_study_resolved(study)) : NULL;
        char difference[4096] = "";
        if (!again) continue;
        CHECK(psw_study_identity(again) == psw_study_identity(study), "resolved %zu is another study", i);
        CHECK(strcmp(psw_study_name(again), psw_study_name(study)) == 0, "name '%s'", psw_study_name(again));
        CHECK(strcmp(psw_study_resolved(again), psw_study_resolved(study)) == 0, "resolved is not at rest:\n%s%s",
              psw_study_resolved(study), psw_study_resolved(again));
        psw_study_difference(study, again, difference, sizeof difference);
        CHECK(!*difference, "differs from itself: %s", difference);
        psw_study_free(study);
        psw_study_free(again);
    }
}

static void check_difference(const char *set, const char *expected)
{
    const char *const sets[] = {set, NULL};
    psw_study *asked = study_with(BASE, NULL, sets), *stored = study_of(BASE);
    char text[4096] = "";
    if (asked && stored) psw_study_difference(asked, stored, text, sizeof text);
    CHECK(strcmp(text, expected) == 0, "%s gave\n%s", set, text);
    psw_study_free(asked);
    psw_study_free(stored);
}

/* Of two studies with the same points. */
static void check_layout(const char *one, const char *other, const char *expected)
{
    char text[4096] = "", texts[2][1024];
    psw_format(texts[0], sizeof texts[0], "%s%s", BASE, one);
    psw_format(texts[1], sizeof texts[1], "%s%s", BASE, other);
    psw_study *asked = study_of(texts[0]), *stored = study_of(texts[1]);
    psw_study_layout_difference(asked, stored, text, sizeof text);
    CHECK(strcmp(text, expected) == 0, "%s gave\n%s", one, text);
    CHECK(psw_study_identity(asked) == psw_study_identity(stored), "%s is another study", one);
    psw_study_free(asked);
    psw_study_free(stored);
}

static void difference(void)
{
    check_difference("grid.beta=[2,4,8]", "grid.beta: 2, 4, 8 here, 2, 4 in the file");
    check_difference("data.preset=W2", "data.preset: W2 here, P1 in the file");
    check_difference("grid.precision=fp32", "grid.precision: fp32 here, fp64 in the file\n"
                                            "include.1: linear, nan, 64, 34, precision, fp32 here, "
                                            "linear, nan, 64, 34 in the file");
    check_difference("judge.m=7", "judge.m: 7 here, ceil(8 * log(n)) in the file");
    check_difference("methods.polysketch.r=[8]", "methods.polysketch.r: 8 here, 8, 16 in the file");
    check_difference("exclude=[]", "exclude: nothing here, n == 128 and beta == 4 and classes == 8 in the file");
    check_difference("include=[]", "include.1: nothing here, linear, nan, 64, 34 in the file");
    check_difference("predict.mine=n", "predict: mine here, nothing in the file\n"
                                       "predict.mine: n here, nothing in the file");
    check_difference("predict.mine={edge: n}", "predict: mine here, nothing in the file\n"
                                               "predict.mine: n here, nothing in the file");
    check_difference("predict.mine={when: n > 2, then: n}", "predict: mine here, nothing in the file\n"
                                                            "predict.mine: n > 2 here, nothing in the file\n"
                                                            "predict.mine.then: n here, nothing in the file");
    check_layout("predict: {mine: n}\n", "predict: {mine: {edge: n}}\n", "");
    check_layout("predict: {mine: {when: n, then: m}}\n", "predict: {mine: n}\n",
                 "predict.mine.then: m here, nothing in the file");
    check_layout("predict: {mine: {when: n, then: m}}\n", "predict: {mine: {when: n, then: n}}\n",
                 "predict.mine.then: m here, n in the file");
    check_difference("output.keep=[rows]", "output.keep: rows here, nothing in the file");
    check_difference("time.reps=7", "time: on here, off in the file\ntime.max_reps: 50 here, nothing in the file");
    check_difference("run.threads=2", "");
}

/* Files of programs whose points of include took nothing from grid have these identities (recorded then). */
static void earlier(void)
{
    static const char shared[] =
        "schema: 1\nseed: 3\ndata: {preset: W2}\nmethods: [exact]\n"
        "grid: {beta: [2, 4], n: 64, d: 10, precision: fp32, seed: 5, negative: signed, x: 7}\n"
        "predict: {mine: x}\ninclude: [{method: exact, beta: 2, n: 128, d: 34}, {method: "
        "linear, n: 64, d: 34, x: 3}]\n";
    static const char nothing_shared[] =
        "schema: 1\nseed: 3\ndata: {preset: W2}\nmethods: [exact]\n"
        "grid: {beta: [2, 4], n: [64], d: [10]}\n"
        "include: [{method: exact, beta: 3, n: 128, d: 34, negative: signed}, {method: "
        "linear, n: 64, d: 34}]\n";
    static const psw_rooms alone = {.first_files = true};
    psw_study *asked = study_of(shared), *stored = study_with(shared, &alone, NULL);
    char text[1024];
    CHECK(psw_study_identity(stored) == 0x57d3b0aad1fe14b3, "%016llx", (unsigned long long)psw_study_identity(stored));
    CHECK(psw_study_identity(asked) != psw_study_identity(stored), "the points are other ones");
    psw_study_difference(asked, stored, text, sizeof text);
    CHECK(strcmp(text, "include.1: exact, 2, 128, 34, precision, fp32, negative, signed, seed, 5 here, "
                       "exact, 2, 128, 34 in the file\n"
                       "include.2: linear, nan, 64, 34, precision, fp32, negative, signed, seed, 5 here, "
                       "linear, nan, 64, 34 in the file") == 0,
          "%s", text);
    psw_study_free(asked);
    psw_study_free(stored);
    asked = study_of(nothing_shared), stored = study_with(nothing_shared, &alone, NULL);
    CHECK(psw_study_identity(stored) == 0x6a3c0fedc4e56dda && psw_study_identity(asked) == 0x6a3c0fedc4e56dda,
          "the same points");
    psw_study_free(asked);
    psw_study_free(stored);
}

int main(void)
{
    same();
    other();
    resolved();
    earlier();
    difference();
    return test_end();
}
