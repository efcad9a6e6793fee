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
    CHECK(first.precision == PSW_FP32 && first.seed == 5 && isnan(first.own[0]), "single values of grid, no axes");
    CHECK(first.preset == PSW_W2 && second.preset == PSW_P1 && second.c == 0.7, "data, or its own preset");
    CHECK(third.preset == PSW_CUSTOM && third.kappa == 0.2 && third.a_1 == 1.2, "its own constant");
    CHECK(last.features == 6 && last.j3 == 127 && last.m == 4 && last.block == 256, "sizes, defaults by formula");
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        CHECK(psw_study_slot(study, &p) == slot, "slot %td", slot);
    }
    psw_study_free(study);
}

/* Points that nothing else makes. */
static void include_alone(void)
{
    static const char *const heads[] = {TOP, TOP "methods: []\n", TOP "methods: [softmax, linear]\ngrid:\n",
                                        TOP "methods: [exact]\ngrid: {}\nzip: {}\n",
                                        TOP "methods: [exact]\ngrid: {n: 128, negative: signed}\n"};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        char text[400];
        psw_format(text, sizeof text,
                   "%sinclude: [{method: exact, beta: 3, n: 128, d: 34}, {method: linear, n: 64, d: 10}]\n", heads[i]);
        check_points(text, "exact 3 128 34;linear - 64 10;");
    }
    /* single values that say all a method needs are a point */
    check_points(TOP "methods: [linear, exact]\ngrid: {n: 64, d: 10}\ninclude: [{method: exact, beta: 4}]\n",
                 "linear - 64 10;exact 4 64 10;");
    check_points("schema: 1\ndata: {kind: file, path: q.h5, heads: [0, 1]}\nmethods: [softmax]\n"
                 "include: [{method: softmax, n: 64, d: 10, head: 2}]\n",
                 "softmax - 64 10;");
}

static void include_own_axes(void)
{
    psw_study *study = study_of(TOP "methods: [exact]\ngrid: {beta: [2, 3], n: 64, d: 10, x: 5}\npredict: {p: x + y}\n"
                                    "exclude: [{when: y != 4, why: only points of include have it}]\n"
                                    "include: [{method: exact, beta: 4, y: 4, x: 1}, {method: linear, y: 0.5}]\n");
    double predicted[4][PSW_PREDICT_MAX];
    psw_point points[4];
    CHECK(psw_study_slots(study) == 4, "%td slots", psw_study_slots(study));
    for (ptrdiff_t slot = 0; slot < 4; slot++) {
        points[slot] = psw_study_point(study, slot);
        psw_study_predictions(study, &points[slot], predicted[slot]);
        CHECK(psw_study_slot(study, &points[slot]) == slot, "slot %td", slot);
    }
    CHECK(points[0].own[0] == 5 && isnan(points[0].own[1]) && isnan(predicted[0][0]), "of the grid");
    CHECK(points[2].own[0] == 1 && points[2].own[1] == 4 && predicted[2][0] == 5, "of the entry");
    CHECK(isnan(points[3].own[0]) && points[3].own[1] == 0.5, "the entry's alone, not the grid's");
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

static psw_status rows_of(const char *path, ptrdiff_t *r)
{
    if (path[0] == 'x') return PSW_FAIL(PSW_ENVIRONMENT, "%s is not there", path);
    *r = path[0] - 'a' + 5;
    return PSW_OK;
}

typedef struct sized {
    const char *weights;
    ptrdiff_t r, draws;
} sized;

/* Slots of one degree in order. */
static void check_sized(const char *keys, const psw_rooms *rooms, ptrdiff_t count, const sized *expected)
{
    char text[400];
    psw_format(text, sizeof text,
               "schema: 1\ndata: {kind: gaussian}\nmethods: [polysketch: {%s}]\ngrid: {beta: [4, 6], n: 64, d: 10}\n",
               keys);
    psw_study *study = study_with(text, rooms, NULL),
              *again = study_of(psw_study_resolved(study)); /* without the files */
    CHECK(psw_study_slots(study) == 2 * count, "%s: %td slots", keys, psw_study_slots(study));
    CHECK(psw_study_identity(again) == psw_study_identity(study), "%s: resolved is another study", keys);
    for (ptrdiff_t slot = 0; slot < 2 * count && slot < psw_study_slots(study); slot++) {
        psw_point p = psw_study_point(study, slot);
        const sized *e = &expected[slot / 2];
        const char *path = p.weights ? psw_study_path(study, p.weights) : "none";
        CHECK(strcmp(path, e->weights) == 0 && p.r == e->r && p.draws == e->draws && p.features == p.r * (p.r + 1) / 2,
              "%s, slot %td: %s r = %td features = %td draws = %td", keys, slot, path, p.r, p.features, p.draws);
        CHECK(psw_study_slot(study, &p) == slot, "%s: slot %td is not found", keys, slot);
    }
    psw_study_free(study);
    psw_study_free(again);
}
#define SIZED(keys, rooms, ...)                                                                                        \
    check_sized(keys, rooms, sizeof((sized[]){__VA_ARGS__}) / sizeof(sized), (sized[]){__VA_ARGS__})

/* Learned and random tables in one study: r of a learned sketch is its file's. */
static void weights(void)
{
    static const psw_rooms files = {.learned_r = rows_of};
    SIZED("weights: [none, a.h5, b.h5], r: [4, 7]", &files, {"none", 4, 20}, {"none", 7, 20}, {"a.h5", 5, 20},
          {"b.h5", 6, 20});
    SIZED("r: [4, 7], weights: [b.h5, none], draws: [2, 3]", &files, {"b.h5", 6, 2}, {"b.h5", 6, 3}, {"none", 4, 2},
          {"none", 4, 3}, {"none", 7, 2}, {"none", 7, 3});
    SIZED("weights: [a.h5, b.h5]", &files, {"a.h5", 5, 20}, {"b.h5", 6, 20});
    SIZED("weights: none, features: 36", NULL, {"none", 8, 20});
    SIZED("weights: [none, a.h5], features: [10, 36]", &files, {"none", 4, 20}, {"none", 8, 20}, {"a.h5", 5, 20});
    /* said in the study, or given for learned tables alone: no file is looked at */
    SIZED("weights: [none, {file: a.h5, r: 9}, {file: x.h5, r: 3}], r: 4", NULL, {"none", 4, 20}, {"a.h5", 9, 20},
          {"x.h5", 3, 20});
    SIZED("weights: {file: x.h5, r: 9}", NULL, {"x.h5", 9, 20});
    psw_study *study = study_with(TOP "include: [{method: polysketch, weights: a.h5, beta: 2, n: 64, d: 10}, {method: "
                                      "polysketch, weights: x.h5, r: 3, beta: 2, n: 64, d: 10}, {method: polysketch, "
                                      "weights: none, r: 4, beta: 2, n: 64, d: 10}]\n",
                                  &files, NULL);
    psw_study *again = study_of(psw_study_resolved(study));
    CHECK(psw_study_point(study, 0).r == 5 && psw_study_point(study, 1).r == 3 && psw_study_point(study, 2).r == 4,
          "of points of include");
    CHECK(psw_study_identity(study) == psw_study_identity(again), "resolved is another study");
    psw_study_free(study);
    psw_study_free(again);
    const char *missing =
        "schema: 1\ndata: {kind: gaussian}\nmethods: [polysketch: {weights: x.h5}]\ngrid: {beta: 4, n: 64, d: 10}\n";
    CHECK(psw_study_parse(&(psw_study_source){missing, strlen(missing), "s.yaml", NULL, 0}, &files, &study) ==
                  PSW_ENVIRONMENT &&
              !study,
          "a file that is not there");
    SIZED("weights: x.h5, r: [4, 7]", &files, {"x.h5", 4, 20}, {"x.h5", 7, 20});
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
    psw_keys_print(stream, NULL, true);
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
    include_alone();
    include_own_axes();
    overrides();
    settings();
    files();
    weights();
    keys();
    return test_end();
}
