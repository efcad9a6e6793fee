/* Rules that can never say one of the two sides, as too few trials or draws may come: before they are computed. */
#include <math.h>

#include "judge/head.h"
#include "polysweep/plain.h"
#include "polysweep/sequence.h"
#include "polysweep/sketch.h"

#define MOST 1e6 /* more are not asked for */

/* Trials that all succeed, at a level in [1/2, 1): the evidence grows with every one. */
static double trials_wanted(double level, double error)
{
    double few = 0, many = MOST;
    while (many - few > 1) {
        double middle = floor((few + many) / 2);
        if (psw_evidence_side(psw_trials_evidence(middle, 0, level), error) > 0)
            many = middle;
        else
            few = middle;
    }
    return many;
}

/* On the side that takes longer; a rate of 0 is to 1 - level what one of 1 is to the level. */
static double wanted(judge_head_rule rule, double level, double error)
{
    double side = fmax(level, 1 - level);
    return rule == HEAD_DRAWS ? psw_draws_wanted(side, error, MOST) : trials_wanted(side, error);
}

psw_judge_shortage psw_judge_shortage_of(const psw_study *study)
{
    psw_judge_shortage s = {0};
    psw_cursor cursor = psw_cursor_begin(study);
    double known[HEAD_SINGLE_DRAWS + 1] = {0}, level = NAN, error = NAN; /* the same for most points */
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        const psw_point *p = psw_cursor_at(&cursor, slot);
        judge_head_rule rule = judge_head_rule_of(p);
        if (rule == HEAD_FIXED || p->until != PSW_UNTIL_DECIDED || !psw_method_computes(p->method)) continue;
        if (p->level != level || p->until_error != error)
            known[HEAD_BLOCKS] = known[HEAD_DRAWS] = known[HEAD_SINGLE_DRAWS] = 0;
        level = p->level, error = p->until_error;
        if (known[rule] == 0) known[rule] = wanted(rule, level, error);
        double come = (double)(rule == HEAD_DRAWS ? psw_judge_draws(p) : psw_judge_trials(p));
        s.of++;
        if (come >= known[rule]) continue;
        if (s.points++ == 0 || known[rule] / come > s.wanted / s.come)
            s.point = *p, s.come = come, s.wanted = known[rule];
    }
    return s;
}

/* What to write: draws of rows, of tables, and more trials than draws; or trials. */
static void remedy(const psw_judge_shortage *s, char *text, size_t size)
{
    const psw_point *p = &s->point;
    char rows[64] = "", tables[64] = "", most[64] = "";
    bool drawn = judge_head_rule_of(p) == HEAD_DRAWS;
    if (p->data_draws > 0 && judge_head_rule_of(p) != HEAD_BLOCKS)
        psw_format(rows, sizeof rows, " data.data_draws: %.0f", s->wanted);
    if (psw_sketch_draws(p) > 0) psw_format(tables, sizeof tables, " draws: %.0f (of the sketch)", s->wanted);
    if (!drawn || (double)p->trials < 2 * s->wanted)
        psw_format(most, sizeof most, " judge.trials.most: %.0f", drawn ? 2 * s->wanted : s->wanted);
    psw_format(text, size, "%s%s%s", rows, tables, most);
}

void psw_judge_shortage_text(const psw_judge_shortage *s, char text[PSW_SHORTAGE_TEXT])
{
    char more[200];
    bool above = s->point.level >= 0.5;
    remedy(s, more, sizeof more);
    psw_format(text, PSW_SHORTAGE_TEXT,
               "%td of %td points can never be decided to be %s the level %g: %.0f %s are too few, even if all %s; "
               "with a chance "
               "of %.3g of a wrong side it takes %.0f; write%s, or a larger judge.trials.error",
               s->points, s->of, above ? "above" : "below", s->point.level, s->come,
               judge_head_rule_of(&s->point) == HEAD_DRAWS ? "draws" : "trials", above ? "succeed" : "fail",
               s->point.until_error, s->wanted, more);
}
