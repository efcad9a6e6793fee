/* Random grids against a list made by nested loops; slot and point are inverse to each other. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "unit/spec_study.h"

#define STUDIES 400
#define LIST_MAX 16384
#define AXES 8

static uint64_t state;

static int random_below(int bound) /* xorshift64* (Marsaglia 2003, Vigna 2016) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (int)((state * 2685821657736338717u >> 33) % (uint64_t)bound);
}

typedef struct axis {
    const char *name;
    int count;
    double values[6];
    bool of_method; /* written with exact and closed_form */
} axis;

/* The axes a study may have, and the meaning of each for this test's own enumeration. */
typedef struct plan {
    axis axes[AXES]; /* as written */
    int axis_count;
    int methods[4], method_count;
    int divisor; /* exclude beta % divisor == 0, 0 = no rule */
    bool zipped; /* precision goes with n */
} plan;

static axis random_axis(const char *name, double first, double step)
{
    axis a = {name, 1 + random_below(4), {0}, false};
    for (int i = 0; i < a.count; i++) a.values[i] = first + step * i;
    for (int i = a.count - 1; i > 0; i--) {
        int j = random_below(i + 1);
        double kept = a.values[i];
        a.values[i] = a.values[j];
        a.values[j] = kept;
    }
    return a;
}

/* What scores are, and what a method's own words make of that. */
static int add_affine(axis *candidates, int count)
{
    if (random_below(2)) candidates[count++] = random_axis("scale", 0.25, 0.5);
    if (random_below(2)) candidates[count++] = random_axis("offset", 0, 0.75);
    if (random_below(2)) candidates[count++] = random_axis("den_constant", 0, 1);
    for (int i = 0; i < count; i++)
        if (candidates[i].count > 3) candidates[i].count = 3;
    if (random_below(2)) {
        axis match = {"match", 2, {random_below(2), 0}, true}, center = random_axis("center", -0.5, 0.5);
        match.values[1] = 1 - match.values[0], center.of_method = true;
        if (random_below(2)) candidates[count++] = center;
        candidates[count++] = match;
    }
    return count;
}

static plan random_plan(void)
{
    plan p = {.axis_count = 0};
    axis candidates[AXES];
    int count = 0;
    candidates[count++] = random_axis("beta", 1, 1);
    candidates[count++] = random_axis("n", 64, 64);
    candidates[count++] = random_axis("d", 10, 8);
    if (random_below(2)) {
        count = add_affine(candidates, count);
    } else {
        if (random_below(2)) candidates[count++] = random_axis("m", 4, 3);
        if (random_below(2)) candidates[count++] = random_axis("trials", 10, 5);
        if (random_below(2)) candidates[count++] = random_axis("x", 0.5, 0.25);
    }
    while (count > 0) {
        int i = random_below(count);
        p.axes[p.axis_count++] = candidates[i];
        candidates[i] = candidates[--count];
    }
    for (int method = PSW_EXACT; method <= PSW_CLOSED_FORM; method++)
        if (random_below(2) || (method == PSW_CLOSED_FORM && p.method_count == 0)) p.methods[p.method_count++] = method;
    p.divisor = random_below(3) ? 0 : 2 + random_below(2);
    return p;
}

static bool has_match(int method)
{
    return method == PSW_EXACT || method == PSW_CLOSED_FORM;
}

static void write_axis(const axis *a, char *text, size_t size)
{
    psw_format(text + strlen(text), size - strlen(text), "%s: [", a->name);
    for (int k = 0; k < a->count; k++)
        if (strcmp(a->name, "match") == 0)
            psw_format(text + strlen(text), size - strlen(text), "%s%s", k ? ", " : "",
                       psw_word(PSW_WORDS_MATCH, (int)a->values[k]));
        else
            psw_format(text + strlen(text), size - strlen(text), "%s%g", k ? ", " : "", a->values[k]);
    psw_format(text + strlen(text), size - strlen(text), "]");
}

static void write_method(const plan *p, int method, char *text, size_t size)
{
    int count = 0;
    psw_format(text + strlen(text), size - strlen(text), "%s", psw_word(PSW_WORDS_METHOD, method));
    for (int i = 0; i < p->axis_count && has_match(method); i++) {
        if (!p->axes[i].of_method) continue;
        psw_format(text + strlen(text), size - strlen(text), count++ ? ", " : ": {");
        write_axis(&p->axes[i], text, size);
    }
    if (count) psw_format(text + strlen(text), size - strlen(text), "}");
}

static void write_study(const plan *p, char *text, size_t size)
{
    psw_format(text, size, "schema: 1\ndata: {preset: P1}\nmethods: [");
    for (int i = 0; i < p->method_count; i++) {
        psw_format(text + strlen(text), size - strlen(text), "%s", i ? ", " : "");
        write_method(p, p->methods[i], text, size);
    }
    psw_format(text + strlen(text), size - strlen(text), "]\ngrid:\n");
    for (int i = 0; i < p->axis_count; i++) {
        if (p->axes[i].of_method) continue;
        psw_format(text + strlen(text), size - strlen(text), "  ");
        write_axis(&p->axes[i], text, size);
        psw_format(text + strlen(text), size - strlen(text), "\n");
    }
    psw_format(text + strlen(text), size - strlen(text), "predict: {p: n + x * 0}\n");
    if (p->divisor)
        psw_format(text + strlen(text), size - strlen(text), "exclude: [{when: beta %% %d == 0, why: r}]\n",
                   p->divisor);
}

static bool ignores(int method, const axis *a)
{
    const char *name = a->name;
    if (a->of_method) return !has_match(method);
    if (strcmp(name, "beta") == 0) return method == PSW_SOFTMAX || method == PSW_LINEAR;
    return strcmp(name, "trials") == 0 && method == PSW_CLOSED_FORM;
}

static double value_of(const psw_point *p, const char *name)
{
    if (strcmp(name, "beta") == 0) return p->beta;
    if (strcmp(name, "n") == 0) return (double)p->n;
    if (strcmp(name, "d") == 0) return (double)p->d;
    if (strcmp(name, "m") == 0) return (double)p->m;
    if (strcmp(name, "trials") == 0) return (double)p->trials;
    if (strcmp(name, "scale") == 0) return p->scale;
    if (strcmp(name, "offset") == 0) return p->offset;
    if (strcmp(name, "den_constant") == 0) return p->den_constant;
    if (strcmp(name, "match") == 0) return p->match;
    if (strcmp(name, "center") == 0) return p->center;
    return p->own[0];
}

typedef struct expected {
    int method;
    double values[AXES]; /* in the order of the axes; NaN where ignored */
    double scale, offset;
} expected;

/* A value that the axis of a name has, or what is there without one. */
static double *named(const plan *p, expected *e, const char *name, double *otherwise)
{
    for (int i = 0; i < p->axis_count; i++)
        if (strcmp(p->axes[i].name, name) == 0 && !isnan(e->values[i])) return &e->values[i];
    return otherwise;
}

/* The definitions of match exp, of a centre without it, and of an offset that cancels. */
static void settle(const plan *p, expected *e)
{
    double one = 1, none[6] = {0}, beta = *named(p, e, "beta", &one), d = *named(p, e, "d", &one);
    double *scale = named(p, e, "scale", &one), *offset = named(p, e, "offset", &none[0]);
    double *center = named(p, e, "center", &none[1]), match = *named(p, e, "match", &none[2]);
    if (match == PSW_MATCH_EXP) {
        *scale = 1 / sqrt(d) / beta;
        *offset = 1 - 1 / sqrt(d) * *center / beta;
    } else {
        *center = 0;
    }
    if (e->method == PSW_SOFTMAX && *named(p, e, "den_constant", &none[3]) == 0) *offset = 0;
    e->scale = *scale, e->offset = *offset;
}

static bool equal(const plan *p, const expected *a, const expected *b)
{
    bool same = a->method == b->method && a->scale == b->scale && a->offset == b->offset;
    for (int i = 0; i < p->axis_count; i++)
        same = same && (a->values[i] == b->values[i] || (isnan(a->values[i]) && isnan(b->values[i])));
    return same;
}

/* Nested loops by hand: `depth` runs over the kept axes, beta last. */
static void enumerate(const plan *p, int method, const int *order, int kept, int depth, expected *at, expected *list,
                      ptrdiff_t *count)
{
    if (depth == kept) {
        for (int i = 0; i < p->axis_count; i++)
            if (p->divisor && strcmp(p->axes[i].name, "beta") == 0 && fmod(at->values[i], p->divisor) == 0) return;
        expected settled = *at;
        settle(p, &settled);
        for (ptrdiff_t i = *count; i-- > 0 && list[i].method == method;)
            if (equal(p, &list[i], &settled)) return;
        if (*count < LIST_MAX) list[(*count)++] = settled;
        return;
    }
    const axis *a = &p->axes[order[depth]];
    for (int k = 0; k < a->count; k++) {
        at->values[order[depth]] = a->values[k];
        enumerate(p, method, order, kept, depth + 1, at, list, count);
    }
}

static ptrdiff_t enumerate_all(const plan *p, expected *list)
{
    ptrdiff_t count = 0;
    for (int i = 0; i < p->method_count; i++) {
        int order[AXES], kept = 0, method = p->methods[i], beta = -1;
        expected at = {.method = method};
        for (int k = 0; k < 2 * p->axis_count; k++) { /* a method's own first */
            const axis *a = &p->axes[k % p->axis_count];
            if (a->of_method != (k < p->axis_count)) continue;
            at.values[k % p->axis_count] = NAN;
            if (ignores(method, a)) continue;
            if (strcmp(a->name, "beta") == 0)
                beta = k % p->axis_count;
            else
                order[kept++] = k % p->axis_count;
        }
        if (beta >= 0) order[kept++] = beta;
        enumerate(p, method, order, kept, 0, &at, list, &count);
    }
    return count;
}

/* Steps of every length, forwards and back. */
static void check_cursor(const psw_study *study, ptrdiff_t slots)
{
    psw_cursor cursor = psw_cursor_begin(study);
    for (ptrdiff_t i = 0, step = 1; i < 3 * slots; i += 1 + i % 5, step = 1 + i % 3) {
        ptrdiff_t slot = i < 2 * slots ? i * step % slots : 3 * slots - 1 - i;
        psw_point point = psw_study_point(study, slot), found = *psw_cursor_at(&cursor, slot);
        CHECK(memcmp(&found, &point, sizeof point) == 0, "slot %td by a cursor", slot);
    }
}

static void check_slot(const psw_study *study, const plan *p, const expected *e, ptrdiff_t slot, const char *text)
{
    psw_point point = psw_study_point(study, slot);
    CHECK((int)point.method == e->method, "slot %td has another method\n%s", slot, text);
    CHECK(point.scale == e->scale && point.offset == e->offset, "slot %td: %.17g and %.17g, not %.17g and %.17g\n%s",
          slot, point.scale, point.offset, e->scale, e->offset, text);
    for (int i = 0; i < p->axis_count; i++) {
        double value = value_of(&point, p->axes[i].name);
        CHECK(isnan(e->values[i]) || value == e->values[i], "slot %td: %s is %g, not %g\n%s", slot, p->axes[i].name,
              value, e->values[i], text);
    }
    CHECK(psw_study_slot(study, &point) == slot, "slot %td comes back as %td\n%s", slot, psw_study_slot(study, &point),
          text);
    point.n++;
    CHECK(psw_study_slot(study, &point) == -1, "a point that is not there has slot %td", psw_study_slot(study, &point));
}

/* Ten million points with holes cost a bit each: slot and point are found without a list. */
static void ten_million(void)
{
    psw_study *study = study_of("schema: 1\ndata: {preset: P1}\nmethods: [exact]\n"
                                "grid: {x: {from: 1, to: 100, step: 1}, n: {from: 64, to: 6400, step: 64}, d: 34,\n"
                                "  beta: {from: 1, to: 1000, step: 1}}\n"
                                "exclude: [{when: n > 3200 and beta > 500 and x < 51, why: r}]\n");
    const ptrdiff_t slots = 10000000 - 50 * 50 * 500;
    CHECK(psw_study_slots(study) == slots, "%td slots", psw_study_slots(study));
    for (ptrdiff_t slot = 0; slot < slots; slot += 99991) {
        psw_point point = psw_study_point(study, slot);
        CHECK(psw_study_slot(study, &point) == slot, "slot %td comes back as %td", slot, psw_study_slot(study, &point));
    }
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    /* bitmap and directory are 2.5 MB; the rest is the program with its libraries. In KiB. */
    CHECK(usage.ru_maxrss < 200 * 1024, "%ld KiB resident", usage.ru_maxrss);
    psw_study_free(study);
}

int main(void)
{
    static expected list[LIST_MAX];
    static char text[4096];
    ptrdiff_t points = 0;
    for (int i = 0; i < STUDIES; i++) {
        state = 88172645463325252u + (uint64_t)i * 7919;
        plan p = random_plan();
        bool own = false;
        for (int k = 0; k < p.axis_count; k++) own = own || strcmp(p.axes[k].name, "x") == 0;
        write_study(&p, text, sizeof text);
        if (!own)
            *strstr(text, " + x * 0") = '}', memmove(strstr(text, "n}") + 2, strstr(text, "x * 0}") + 6,
                                                     strlen(strstr(text, "x * 0}") + 6) + 1);
        ptrdiff_t count = enumerate_all(&p, list);
        psw_study *study = NULL;
        psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, NULL, &study);
        CHECK((status == PSW_OK) == (count > 0), "%s\n%s", psw_message(), text);
        if (!study) continue;
        CHECK(psw_study_slots(study) == count, "seed %d: %td slots, not %td\n%s", i, psw_study_slots(study), count,
              text);
        for (ptrdiff_t slot = 0; slot < count && slot < psw_study_slots(study); slot++)
            check_slot(study, &p, &list[slot], slot, text);
        check_cursor(study, psw_study_slots(study));
        points += count;
        psw_study_free(study);
    }
    ten_million();
    CHECK(points > 10000, "only %td points were looked at", points);
    return test_end();
}
