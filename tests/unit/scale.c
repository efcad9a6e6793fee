/* Scaling studies: which teams, how the study is made, what a time says against another. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "cmd/scale.h"

static void test_teams(void)
{
    cmd_scale_teams t;
    CHECK(cmd_scale_teams_read(NULL, 6, &t) == PSW_OK && t.count == 4 && t.size[2] == 4 && t.size[3] == 6, "%td",
          t.count);
    CHECK(cmd_scale_teams_read(NULL, 8, &t) == PSW_OK && t.count == 4 && t.size[3] == 8, "8 stands once: %td", t.count);
    CHECK(cmd_scale_teams_read(NULL, 1, &t) == PSW_OK && t.count == 1 && t.size[0] == 1, "%td", t.count);
    CHECK(cmd_scale_teams_read("2,3", 6, &t) == PSW_OK && t.count == 2 && t.size[1] == 3, "%td", t.count);
    const char *const wrong[] = {"", "4,2", "2,2", "0", "1,x", "1;2", "8"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        CHECK(cmd_scale_teams_read(wrong[i], 6, &t) == PSW_USAGE, "\"%s\" is taken", wrong[i]);
}

static psw_study *parse(const char *text)
{
    psw_study *study = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "text", NULL, 0}, psw_house(), &study) == PSW_OK,
          "%s", psw_message());
    return study;
}

/* The made study; NULL and a message where it is refused. */
static psw_study *make(const char *text, const char *teams, bool weak)
{
    cmd_scale_teams t;
    char *made = NULL;
    psw_study *base = parse(text), *study = NULL;
    CHECK(cmd_scale_teams_read(teams, 64, &t) == PSW_OK, "%s", psw_message());
    if (base && cmd_scale_study_make(base, &t, weak, &made) == PSW_OK) study = parse(made);
    psw_study_free(base);
    free(made);
    return study;
}

#define HEAD "schema: 1\nstudy: 'a \"n\": {'\ndata: {kind: gaussian}\nmethods: [exact, polysketch: {r: 8, draws: 2}]\n"

static void test_strong(void)
{
    psw_study *s =
        make(HEAD "grid: {n: 256, d: [8, 16], beta: 2}\nrun: {team: 3}\noutput: {keep: [rows]}\n", "1,4", false);
    CHECK(s && psw_study_slots(s) == 8, "methods, widths, teams: %s", psw_message());
    if (!s) return;
    const psw_settings *settings = psw_study_settings(s);
    CHECK(settings->timing && settings->reps == 6 && settings->keep_samples && settings->keep_rows, "settings");
    for (ptrdiff_t i = 0; i < 8; i++) {
        psw_point p = psw_study_point(s, i);
        CHECK((p.team == 1 || p.team == 4) && p.n == 256, "team %td, n %td", p.team, p.n);
    }
    psw_study_free(s);
    s = make(HEAD "grid: {n: 256, d: 8, beta: 2}\ntime: {reps: 9}\n", "2", false);
    CHECK(s && psw_study_settings(s)->reps == 9, "a study that times already keeps how");
    psw_study_free(s);
    s = make(HEAD
             "grid: {n: [64, 128], d: 8, beta: 2}\ntime: {reps: 9}\nsearch: {over: n, column: flops, level: 1e6}\n",
             "2", false);
    CHECK(s && !psw_study_search(s), "every point is timed, whatever is searched");
    psw_study_free(s);
}

/* Work goes with n^2 and n: 4096 rows of 32-row blocks on 4 ranks are 8192 of exact attention, 16384 of a sketch. */
static void test_weak(void)
{
    psw_study *s = make(HEAD "grid: {n: 4096, d: 8, beta: 2, block: 32, mask: causal}\n", "1,4", true);
    CHECK(s != NULL, "%s", psw_message());
    for (ptrdiff_t i = 0; s && i < psw_study_slots(s); i++) {
        psw_point p = psw_study_point(s, i);
        ptrdiff_t n = p.team == 1 ? 4096 : p.method == PSW_EXACT ? 8192 : 16384;
        CHECK(p.n == n, "team %td: n %td, not %td", p.team, p.n, n);
        CHECK(cmd_scale_same_line(&p, &p, true), "a point is on its own line");
    }
    if (s) {
        psw_point a = psw_study_point(s, 0), b = psw_study_point(s, 1), c = psw_study_point(s, 2);
        CHECK(cmd_scale_same_line(&a, &b, true) && !cmd_scale_same_line(&a, &b, false), "n grows on a line");
        CHECK(!cmd_scale_same_line(&a, &c, true), "other methods are other lines");
    }
    psw_study_free(s);
    /* 64 rows of one block to 91: (91^2 / 2) / 64^2 = 1.011, but blocks are whole: much more */
    s = make(HEAD "grid: {n: 64, d: 8, beta: 2, block: 64, mask: causal}\n", "1,2", true);
    CHECK(!s && strstr(psw_message(), "would not be weak scaling"), "%s", psw_message());
    s = make(HEAD "zip: {shape: {n: [64, 128], d: [8, 16]}}\ngrid: {beta: 2}\n", "1,2", true);
    CHECK(!s && strstr(psw_message(), "give n in grid"), "%s", psw_message());
}

static psw_record record_of(ptrdiff_t team, double seconds)
{
    psw_point p = {
        .method = PSW_EXACT, .data_kind = PSW_GAUSSIAN, .beta = 2, .n = 192, .d = 8, .v = 8, .block = 64, .team = team};
    psw_record r = psw_record_blank(&p);
    r.slot.status = PSW_SLOT_DONE;
    r.cost.timing = PSW_TIMING_ALONE;
    r.cost.time_median_s = seconds;
    return r;
}

/* By hand: 10 s on one rank, 4 s on four: S = 2.5, E = 0.625, e = (0.4 - 0.25) / 0.75 = 0.2. */
/* 2048 sqrt(2) = 2896.3 tokens are 45.3 of 64 each; class blocks stay whole. */
static void test_classes(void)
{
    psw_study *s = make("schema: 1\nstudy: c\ndata: {kind: self_attention, preset: W2}\nmethods: [exact]\n"
                        "grid: {n: 2048, d: 66, beta: 2, block: 64}\njudge: {m: 4, trials: 2}\n",
                        "1,2", true);
    CHECK(s && psw_study_slots(s) == 2, "%s", psw_message());
    if (s) CHECK(psw_study_point(s, 1).n == 2880, "n = %td", psw_study_point(s, 1).n);
    psw_study_free(s);
}

static void test_comparison(void)
{
    psw_record one = record_of(1, 10), four = record_of(4, 4), two = record_of(2, 5);
    cmd_scale_row row = cmd_scale_compare(&one, &four, false);
    CHECK_NEAR(row.speed_up, 2.5, 1e-15);
    CHECK_NEAR(row.efficiency, 0.625, 1e-15);
    CHECK_NEAR(row.karp_flatt, 0.2, 1e-14); /* a difference of rounded numbers */
    row = cmd_scale_compare(&one, &one, false);
    CHECK(row.speed_up == 1 && row.efficiency == 1 && isnan(row.karp_flatt), "the base");
    row = cmd_scale_compare(&two, &four, false); /* two is the base: p = 2 */
    CHECK_NEAR(row.efficiency, 0.625, 1e-15);
    row = cmd_scale_compare(&one, &four, true);
    CHECK_NEAR(row.efficiency, 2.5, 1e-15);
    CHECK(row.speed_up == 10 && isnan(row.karp_flatt) && row.work == 0.25, "work %g", row.work);
    four.cost.timing = PSW_TIMING_OVERSUBSCRIBED;
    CHECK(isnan(cmd_scale_compare(&one, &four, false).speed_up), "a time that is not valid is not compared");
    CHECK(isnan(cmd_scale_compare(&four, &one, false).speed_up), "nor is one compared with it");
    two.slot.status = PSW_SLOT_FAILED;
    CHECK(!cmd_scale_valid(&two) && cmd_scale_valid(&one), "failed points have no time");
}

/* 8 operations a byte at 1 GB/s are 8e9 a second, below the 10e9 of products; two ranks do 8e9, half their roof. */
static void test_roof(void)
{
    psw_record r = record_of(2, 1);
    r.cost.flops = 8e9, r.cost.bytes = 1e9, r.cost.gflops = 8, r.cost.peak_gflops = 10;
    CHECK_NEAR(cmd_scale_roof(&r, 1e9), 0.5, 1e-15);
    CHECK_NEAR(cmd_scale_roof(&r, 1e10), 0.4, 1e-15);
    CHECK_NEAR(cmd_scale_roof(&r, NAN), 0.4, 1e-15); /* memory is not known */
    r.cost.timing = PSW_TIMING_OVERSUBSCRIBED;
    CHECK(isnan(cmd_scale_roof(&r, 1e9)), "no valid time");
}

/* 3 blocks: on two ranks one has 2 of 1.5. */
static void test_blocks(void)
{
    psw_point three = record_of(2, 1).point;
    CHECK_NEAR(cmd_scale_unevenness(&three), 4.0 / 3, 1e-15);
    three.team = 3;
    CHECK(cmd_scale_unevenness(&three) == 1, "%g", cmd_scale_unevenness(&three));
    three.team = 1;
    CHECK(cmd_scale_unevenness(&three) == 1, "one rank has all");
}

int main(void)
{
    test_teams();
    test_strong();
    test_weak();
    test_classes();
    test_comparison();
    test_roof();
    test_blocks();
    return test_end();
}
