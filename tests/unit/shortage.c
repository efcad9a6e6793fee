/* Rules that can never decide: points that are counted, and what it would take, by the tests themselves. */
#include <stdlib.h>
#include <string.h>

#include "polysweep/judge.h"
#include "polysweep/sequence.h"
#include "polysweep/store.h"
#include "unit/spec_study.h"

#define TOP "schema: 1\ndata: {preset: P1%s}\nmethods: [exact, polysketch: {r: 4%s}]\n"
#define GRID                                                                                                           \
    "grid: {beta: [2, 4], n: 64, d: 10, noise: [0, 0.1], negative: signed}\njudge: {m: 8, level: %g, trials: %s}\n"

static psw_judge_shortage of(const char *rows, const char *tables, double level, const char *trials)
{
    char text[1024];
    psw_format(text, sizeof text, TOP GRID, rows, tables, level, trials);
    psw_study *study = study_with(text, psw_house(), NULL);
    psw_judge_shortage found = psw_judge_shortage_of(study);
    psw_study_free(study);
    return found;
}

/* Are so many draws, or trials, that all succeed enough, and one fewer not? */
static void check_wanted(const psw_judge_shortage *s, bool draws)
{
    double ones[1000], level = fmax(s->point.level, 1 - s->point.level), error = s->point.until_error;
    int enough[2];
    CHECK(s->wanted > s->come && s->wanted < 1000, "%g wanted, %g come", s->wanted, s->come);
    for (int k = 0; k < 1000; k++) ones[k] = 1;
    for (int k = 0; k < 2; k++)
        enough[k] = psw_evidence_side(draws ? psw_draws_evidence(ones, (ptrdiff_t)s->wanted - k, level)
                                            : psw_trials_evidence(s->wanted - k, 0, level),
                                      error);
    CHECK(enough[0] == 1 && enough[1] == 0, "%g: %d, one fewer: %d", s->wanted, enough[0], enough[1]);
}

static void check_text(const psw_judge_shortage *s, const char *beginning, const char *with)
{
    char text[PSW_SHORTAGE_TEXT], wanted[200];
    psw_judge_shortage_text(s, text);
    psw_format(wanted, sizeof wanted, with, s->wanted);
    CHECK(strncmp(text, beginning, strlen(beginning)) == 0 && strstr(text, wanted), "%s", text);
}

int main(void)
{
    psw_judge_shortage s =
        of("", "", 0.9, "{most: 400, until: decided}"); /* 20 draws of rows or tables; a sketch of degree 2 has none */
    CHECK(s.points == 5 && s.of == 8 && s.come == 20, "%td of %td, %g come", s.points, s.of, s.come);
    check_wanted(&s, true);
    check_text(&s, "5 of 8 points can never be decided to be above the level 0.9: 20 draws",
               "write data.data_draws: %.0f,");
    s = of(", data_draws: 300", ", draws: 300", 0.9, "{most: 900, until: decided}");
    CHECK(s.points == 0 && s.of == 8, "%td have too few of 300", s.points);
    s = of("", "", 0.2, "{most: 11, until: decided}");
    CHECK(s.points == 8 && s.point.data_draws == 0, "%td points of a level below 1/2", s.points);
    check_wanted(&s, false);
    check_text(&s, "8 of 8 points can never be decided to be below the level 0.2: 11 trials",
               "judge.trials.most: %.0f,");
    s = of("", "", 0.9, "{most: 4000, until: decided}");
    CHECK(s.points == 0 && s.of == 8, "a twentieth of 4000 is enough: %td", s.points);
    s = of("", "", 0.9, "{most: 40, until: {width: 0.1}}");
    CHECK(s.points == 0 && s.of == 0, "a width has no sides");
    s = of("", "", 0.9, "5");
    CHECK(s.of == 0, "as many as are given");
    return test_end();
}
