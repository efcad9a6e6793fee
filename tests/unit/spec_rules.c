/* What a study file means: order of slots, collapse, defaults, presets, zip, derive, exclude, include, overrides. */
#include "unit/spec_study.h"

#define TOP "schema: 1\ndata: {preset: P1}\n"

/* The points of a study as words: "exact 2 64 34;" is method, beta (- for none), n, d. */
static const char *points_of(const psw_study *study)
{
    static char text[4096];
    text[0] = 0;
    for (ptrdiff_t slot = 0; study && slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        char beta[32] = "-";
        if (!isnan(p.beta)) psw_format(beta, sizeof beta, "%g", p.beta);
        size_t used = strlen(text);
        psw_format(text + used, sizeof text - used, "%s %s %td %td;", psw_word(PSW_WORDS_METHOD, (int)p.method), beta,
                   p.n, p.d);
    }
    return text;
}

static void check_points(const char *text, const char *expected)
{
    psw_study *study = study_of(text);
    const char *points = points_of(study);
    CHECK(strcmp(points, expected) == 0, "%s\ngave %s\nnot  %s", text, points, expected);
    psw_study_free(study);
}

static void order_of_slots(void)
{
    /* methods as listed, axes as written, beta last wherever it stands */
    check_points(TOP "methods: [linear, exact]\ngrid: {beta: [2, 4], n: [64, 128], d: [10, 18]}\n",
                 "linear - 64 10;linear - 64 18;linear - 128 10;linear - 128 18;"
                 "exact 2 64 10;exact 4 64 10;exact 2 64 18;exact 4 64 18;"
                 "exact 2 128 10;exact 4 128 10;exact 2 128 18;exact 4 128 18;");
    check_points(TOP "methods: [exact]\ngrid: {d: [10, 18], beta: 2, n: [64, 128]}\n",
                 "exact 2 64 10;exact 2 128 10;exact 2 64 18;exact 2 128 18;");
    /* sections as written: zip before grid */
    check_points(TOP "methods: [exact]\nzip: {s: {n: [64, 128], d: [10, 18]}}\ngrid: {beta: [1, 2]}\n",
                 "exact 1 64 10;exact 2 64 10;exact 1 128 18;exact 2 128 18;");
    /* a zip group that holds beta moves last as a whole */
    check_points(TOP "methods: [exact]\nzip: {s: {beta: [1, 2], n: [64, 128]}}\ngrid: {d: [10, 18]}\n",
                 "exact 1 64 10;exact 2 128 10;exact 1 64 18;exact 2 128 18;");
}

static void method_keys_come_first(void)
{
    psw_study *study = study_of(TOP "methods: [polysketch: {draws: [1, 2], r: [8, 16]}]\n"
                                    "grid: {beta: [2, 4], n: 64, d: 10}\n");
    static const ptrdiff_t draws[] = {1, 1, 1, 1, 2, 2, 2, 2}, r[] = {8, 8, 16, 16, 8, 8, 16, 16};
    CHECK(study && psw_study_slots(study) == 8, "other slots");
    for (ptrdiff_t slot = 0; study && slot < 8; slot++) {
        psw_point p = psw_study_point(study, slot);
        CHECK(p.draws == draws[slot] && p.r == r[slot] && p.features == p.r * (p.r + 1) / 2, "slot %td", slot);
    }
    psw_study_free(study);
}

static void collapse(void)
{
    /* an own axis that reaches only what the method ignores collapses with it */
    check_points(TOP "methods: [softmax, exact]\ngrid: {x: [1, 2], n: 64, d: 10}\nderive: {beta: 2 * x}\n",
                 "softmax - 64 10;exact 2 64 10;exact 4 64 10;");
    /* beta collapses by method, not by value: n derives from it and stays */
    check_points(TOP "methods: [softmax]\ngrid: {beta: [1, 2, 3], d: 10}\nderive: {n: \"64 * max(2, beta)\"}\n",
                 "softmax - 128 10;softmax - 192 10;");
    /* a zip group of which a part is ignored */
    check_points(TOP "methods: [softmax]\nzip: {s: {beta: [1, 2, 3], n: [64, 64, 128]}}\ngrid: {d: 10}\n",
                 "softmax - 64 10;softmax - 128 10;");
    /* closed_form has no precision, seed or trials, but all that its result, or whether it knows one, depends on */
    check_points(TOP "methods: [closed_form]\n"
                     "grid: {precision: [fp64, fp32], seed: [1, 2], trials: [1, 2], beta: 3, n: 64, d: 10}\n",
                 "closed_form 3 64 10;");
    static const char *const axes[] = {"mask: [full, causal]", "noise: [0, 0.1]", "row_norm: [none, unit]",
                                       "den_constant: [0, 1]", "j3: [0, 1]"};
    for (size_t i = 0; i < sizeof axes / sizeof axes[0]; i++) {
        char text[200];
        snprintf(text, sizeof text, TOP "methods: [closed_form]\ngrid: {beta: 3, n: 64, d: 10, %s}\n", axes[i]);
        check_points(text, "closed_form 3 64 10;closed_form 3 64 10;");
    }
    psw_study *study =
        study_of(TOP "methods: [softmax, exact]\ngrid: {x: [1, 2], n: 64, d: 10}\nderive: {beta: 2 * x}\n");
    psw_point blank = psw_study_point(study, 0), kept = psw_study_point(study, 2);
    CHECK(isnan(blank.own[0]) && isnan(blank.beta), "what does not apply is NaN");
    CHECK(kept.own[0] == 2, "an own axis keeps its value");
    psw_study_free(study);
}

static void defaults(void)
{
    psw_study *study = study_of(TOP "seed: 7\nmethods: [exact, tensorsketch: {features: 100}]\n"
                                    "grid: {beta: 2, n: 1000, d: 10, mask: [full, causal]}\n");
    psw_point full = psw_study_point(study, 0), causal = psw_study_point(study, 1), sketch = psw_study_point(study, 2);
    CHECK(full.block == 512 && sketch.block == 256, "block %td %td", full.block, sketch.block);
    CHECK(full.j3 == 0 && causal.j3 == 999, "j3 %td %td", full.j3, causal.j3);
    CHECK(full.v == 10 && full.m == 56 && full.trials == 200, "v, m = ceil(8 ln 1000) = 56, trials");
    CHECK(full.seed == 7 && full.precision == PSW_FP64 && full.team == 0 && full.row_norm == PSW_NORM_NONE, "others");
    CHECK(full.negative == PSW_NEGATIVE_REFUSE && full.den_constant == 0 && full.noise == 0, "others");
    CHECK(full.r == 0 && full.draws == 0 && full.local == 0 && full.weights == 0, "0 where it does not apply");
    CHECK(sketch.r == 100 && sketch.features == 100 && sketch.draws == 20, "features = r but for polysketch");
    psw_study_free(study);
    study = study_of("schema: 1\ndata: {kind: scores}\nmethods: [exact]\ngrid: {beta: 2, n: 100}\n");
    psw_point scores = psw_study_point(study, 0);
    CHECK(scores.d == 0 && scores.v == 100 && isnan(scores.kappa), "values of scores are the identity");
    psw_study_free(study);
}

static void presets(void)
{
    static const double known[6][5] = {{0},
                                       {.04, .7, .05, .7, .1},
                                       {.04, 1.2, .05, .7, .1},
                                       {.04, 1.2, .05, 1.5, .1},
                                       {.4, 1.2, .05, 1, .1},
                                       {.04, 1.2, .3, 1, .1}};
    psw_study *study =
        study_of("schema: 1\nmethods: [exact]\ngrid: {preset: [P1, P2, P3, W1, W2], beta: 2, n: 64, d: 34}\n");
    for (ptrdiff_t i = 0; study && i < 5; i++) {
        psw_point p = psw_study_point(study, i);
        const double *k = known[p.preset];
        CHECK((int)p.preset == i + 1, "preset %d", (int)p.preset);
        CHECK(p.a_0 == k[0] && p.a_1 == k[1] && p.b == k[2] && p.c == k[3] && p.kappa == k[4], "constants of %td", i);
    }
    psw_study_free(study);
    study = study_of("schema: 1\ndata: {preset: W2, b: 0.2}\nmethods: [exact]\ngrid: {beta: 2, n: 64, d: 34}\n");
    psw_point p = psw_study_point(study, 0);
    CHECK(p.preset == PSW_CUSTOM && p.b == 0.2 && p.a_1 == 1.2, "constants override, preset reads custom");
    psw_study_free(study);
    /* P1 and P2 differ in a_1 alone: with a_1 given they are one point */
    check_points("schema: 1\ndata: {a_1: 1}\nmethods: [exact]\ngrid: {preset: [P1, P2], beta: 2, n: 64, d: 34}\n",
                 "exact 2 64 34;");
}

static void derive(void)
{
    /* in order of need, not of writing */
    check_points(TOP "methods: [exact]\ngrid: {beta: 1, x: [1, 2]}\nderive: {d: n / 8 + 2, n: 2 ** (x + 5)}\n",
                 "exact 1 64 10;exact 1 128 18;");
    psw_study *study = study_of(TOP "methods: [tree: {}]\ngrid: {beta: 1, n: 64, d: 10}\nderive: {r: d * 2}\n");
    CHECK(psw_study_point(study, 0).features == 20, "a derived r sets features");
    psw_study_free(study);
}

static void exclude(void)
{
    const char *text =
        TOP "methods: [softmax, exact]\ngrid: {beta: [2, 3, 4], n: 64, d: 10}\n"
            "exclude:\n  - {when: beta % 2 != 0, why: odd}\n  - {when: method == exact && beta > 2, why: b}\n"
            "  - {when: block == 512 and method == softmax and beta >= 0, why: never}\n";
    check_points(text, "softmax - 64 10;exact 2 64 10;");
    psw_study *study = study_of(text);
    const psw_exclusion *list;
    CHECK(psw_study_exclusions(study, &list) == 3, "rules");
    CHECK(list[0].points == 1 && list[1].points == 1 && list[2].points == 0, "each point counts for its first rule");
    CHECK(strcmp(list[0].why, "odd") == 0 && strcmp(list[0].when, "beta % 2 != 0") == 0, "words");
    psw_study_free(study);
    /* a point that could not be computed may be excluded */
    check_points(TOP "methods: [exact]\ngrid: {beta: 2, x: [10, 11], n: 64}\nderive: {d: 100 / x}\n"
                     "exclude: [{when: floor(d) != d, why: whole}]\n",
                 "exact 2 64 10;");
}

static void include(void)
{
    const char *text =
        "schema: 1\nseed: 3\ndata: {preset: W2}\nmethods: [exact]\n"
        "grid: {beta: [2, 4], n: 64, precision: fp32, seed: 5, x: [1, 2]}\nderive: {d: 8 * x + 2, block: 64}\n"
        "exclude: [{when: beta == 2, why: x}]\njudge: {m: 9}\n"
        "include:\n  - {method: exact, beta: 2, n: 128, d: 34}\n"
        "  - {method: exact, beta: 2, n: 128, d: 34, preset: P1}\n"
        "  - {method: exact, beta: 2, n: 128, d: 34, kappa: 0.2}\n"
        "  - {method: polysketch, r: 3, beta: 2, n: 128, d: 34, mask: causal, m: 4}\n";
    check_points(text, "exact 4 64 10;exact 4 64 18;exact 2 128 34;exact 2 128 34;exact 2 128 34;polysketch 2 128 34;");
    psw_study *study = study_of(text);
    psw_point first = psw_study_point(study, 2), second = psw_study_point(study, 3), third = psw_study_point(study, 4),
              last = psw_study_point(study, 5);
    CHECK(first.block == 512 && first.m == 9 && first.trials == 200, "judge and defaults; derive is skipped");
    CHECK(first.precision == PSW_FP64 && first.seed == 3 && isnan(first.own[0]), "the grid is not looked at");
    CHECK(first.preset == PSW_W2 && second.preset == PSW_P1 && second.c == 0.7, "data, or its own preset");
    CHECK(third.preset == PSW_CUSTOM && third.kappa == 0.2 && third.a_1 == 1.2, "its own constant");
    CHECK(last.features == 6 && last.j3 == 127 && last.m == 4 && last.block == 256, "sizes, defaults by formula");
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        CHECK(psw_study_slot(study, &p) == slot, "slot %td", slot);
    }
    psw_study_free(study);
}

static void overrides(void)
{
    static const char *const set[] = {"grid.beta=[2,4]",
                                      "judge.trials=10",
                                      "run.time_limit=1h30m",
                                      "run.memory_per_rank=4Gi",
                                      "methods.polysketch.r=[8, 16]",
                                      "time.reps=7",
                                      "data.noise=0.5",
                                      NULL};
    psw_study *study =
        study_with(TOP "methods: [polysketch: {r: 4}]\ngrid: {beta: 8, n: 64, d: 10}\ntime: off\n", NULL, set);
    if (!study) return;
    psw_point last = psw_study_point(study, 3);
    const psw_settings *s = psw_study_settings(study);
    CHECK(psw_study_slots(study) == 4 && last.beta == 4 && last.r == 16 && last.trials == 10 && last.noise == 0.5,
          "values");
    CHECK(s->time_limit_s == 5400 && s->memory_per_rank_bytes == 4294967296.0, "units");
    CHECK(s->timing && s->reps == 7 && s->max_reps == 50 && s->threads == 1 && s->point_limit == 10, "settings");
    CHECK(strcmp(s->route, "auto") == 0 && s->team == 0 && !s->oversubscribe, "settings");
    psw_study_free(study);
}

static void settings(void)
{
    psw_study *study =
        study_of("{\"schema\": 1, \"study\": \"j\", \"data\": {\"preset\": \"P1\"}, \"methods\": \"exact\",\n"
                 "\"grid\": {\"beta\": \"2\", \"n\": 64.0, \"d\": 1e1, \"team\": [\"auto\", 2]}, \"zip\": {},\n"
                 "\"run\": {\"team\": 3}, \"output\": {\"file\": \"a.h5\", \"keep\": [\"rows\", \"samples\"]}}");
    const psw_settings *s = psw_study_settings(study);
    CHECK(strcmp(psw_study_name(study), "j") == 0 && strcmp(s->file, "a.h5") == 0, "JSON is YAML");
    CHECK(s->keep_rows && s->keep_samples && s->team == 3 && !s->timing, "settings");
    CHECK(psw_study_point(study, 0).team == 0 && psw_study_point(study, 1).team == 2, "an axis replaces run.team");
    psw_study_free(study);
    study = study_of(TOP "methods: [exact]\ngrid: {beta: 2, n: 64, d: 10}\nrun: {team: 3}\n");
    CHECK(psw_study_point(study, 0).team == 3, "run.team is the default");
    psw_study_free(study);
}

static void files(void)
{
    psw_study *study =
        study_of("schema: 1\ndata: {kind: file, path: q.h5, heads: [0, 3]}\n"
                 "methods: [polysketch: {r: 4, weights: [a.h5, b.h5]}]\ngrid: {beta: 4, n: 64, d: 10}\n");
    psw_point last = psw_study_point(study, 3);
    CHECK(psw_study_slots(study) == 4 && last.head == 3 && last.weights == 2 && last.m == 0,
          "heads and weights are axes");
    CHECK(strcmp(psw_study_path(study, 0), "q.h5") == 0 && strcmp(psw_study_path(study, 2), "b.h5") == 0, "paths");
    CHECK(psw_study_path(study, 3) == NULL, "past the end");
    psw_study_free(study);
    CHECK(psw_study_read("/nonexistent/study.yaml", NULL, 0, NULL, &study) == PSW_ENVIRONMENT, "no such file");
    CHECK(strstr(psw_message(), "/nonexistent/study.yaml") != NULL, "%s", psw_message());
}

/* One row of the table for each key that a study may have. */
static void keys(void)
{
    static const char *const names[] = {"schema",          "data.kind",      "grid.beta",   "judge.m",
                                        "method.features", "run.time_limit", "time.ci_rel", "output.keep"};
    char text[16384] = "";
    FILE *stream = tmpfile();
    CHECK(stream != NULL, "no temporary file");
    if (!stream) return;
    psw_keys_print(stream);
    rewind(stream);
    text[fread(text, 1, sizeof text - 1, stream)] = 0;
    fclose(stream);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char row[64];
        psw_format(row, sizeof row, "\n| `%s` | ", names[i]);
        CHECK(strstr(text, row) != NULL, "%s is not in the table\n%s", names[i], text);
    }
}

int main(void)
{
    order_of_slots();
    method_keys_come_first();
    collapse();
    defaults();
    presets();
    derive();
    exclude();
    include();
    overrides();
    settings();
    files();
    keys();
    return test_end();
}
