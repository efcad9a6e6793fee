/* How many trials: as many as are given, or until they know. What is looked at, when, and what is said then. */
#include <math.h>
#include <string.h>

#include "judge/head.h"
#include "polysweep/errors.h"
#include "polysweep/sequence.h"
#include "polysweep/sketch.h"

static bool is_drawn(const psw_point *p)
{
    return p->data_draws > 0 || psw_sketch_draws(p) > 0;
}

/* Points without a verdict have no trials to end. */
judge_head_rule judge_head_rule_of(const psw_point *p)
{
    bool judged = p->until != PSW_UNTIL_FIXED && psw_data_sets(p) == 2 && p->m > 0 && p->trials > 0;
    if (!judged) return HEAD_FIXED;
    if (!is_drawn(p)) return HEAD_BLOCKS;
    return psw_judge_draws(p) >= p->trials ? HEAD_SINGLE_DRAWS : HEAD_DRAWS;
}

ptrdiff_t psw_judge_draws(const psw_point *p)
{
    return psw_sketch_has(p) ? psw_errors_draws(p) : psw_data_draws(p);
}

/* Where only tables are drawn, draws may have a trial more than others, unless draws are what is looked at. */
ptrdiff_t psw_judge_trials(const psw_point *p)
{
    ptrdiff_t draws = psw_judge_draws(p);
    bool even = p->data_draws > 0 || judge_head_rule_of(p) > HEAD_BLOCKS;
    return even ? (p->trials + draws - 1) / draws * draws : p->trials;
}

bool psw_judge_in_blocks(const psw_point *p)
{
    return judge_head_rule_of(p) == HEAD_BLOCKS;
}

bool psw_judge_ends(const psw_point *p)
{
    return judge_head_rule_of(p) != HEAD_FIXED;
}

judge_head_counted judge_head_counted_of(const psw_head *h)
{
    if (h->rule == HEAD_FIXED) return (judge_head_counted){h->trials, h->draws, 0, PSW_TRIALS_FIXED, false};
    return (judge_head_counted){h->rule == HEAD_BLOCKS ? 0 : h->trials, h->rule == HEAD_BLOCKS ? h->draws : 0, 0,
                                PSW_TRIALS_MOST, false};
}

ptrdiff_t judge_head_done(const psw_head *h, ptrdiff_t point)
{
    const judge_head_counted *end = &h->end[point];
    return h->rule > HEAD_BLOCKS ? h->trials / h->draws * end->draws : end->trials;
}

/* ---- what is known ---- */

static bool succeeds(const psw_head *h, ptrdiff_t point, ptrdiff_t trial)
{
    return (h->trial[point * h->trials + trial] & (TRIAL_D0 | TRIAL_D1)) == TRIAL_D1;
}

/* Rates of the first draws, each over as many trials. */
static void rates_of(const psw_head *h, ptrdiff_t point, double *rate)
{
    ptrdiff_t draws = h->end[point].draws, each = h->trials / h->draws;
    for (ptrdiff_t k = 0; k < draws; k++) {
        double successes = 0;
        for (ptrdiff_t i = 0; i < each; i++) successes += succeeds(h, point, k + i * h->draws);
        rate[k] = successes / (double)each;
    }
}

psw_interval judge_head_interval(const psw_head *h, ptrdiff_t point, double *rate)
{
    const psw_point *p = &h->group[point];
    double successes = (double)h->end[point].successes;
    if (h->rule != HEAD_DRAWS)
        return psw_trials_interval(successes, (double)judge_head_done(h, point) - successes, p->until_error);
    rates_of(h, point, rate);
    return psw_draws_bounds(rate, h->end[point].draws, p->until_error);
}

static bool is_decided(const psw_head *h, ptrdiff_t point)
{
    const psw_point *p = &h->group[point];
    double successes = (double)h->end[point].successes, failures = (double)judge_head_done(h, point) - successes;
    psw_evidence evidence;
    if (h->rule == HEAD_DRAWS) {
        rates_of(h, point, h->of_draw);
        evidence = psw_draws_evidence(h->of_draw, h->end[point].draws, p->level);
    } else {
        evidence = psw_trials_evidence(successes, failures, p->level);
    }
    return psw_evidence_side(evidence, p->until_error) != 0;
}

static bool is_narrow(const psw_head *h, ptrdiff_t point)
{
    psw_interval interval = judge_head_interval(h, point, h->of_draw);
    return interval.hi - interval.lo <= h->group[point].until_width;
}

/* ---- a look ---- */

/* The newest trials count. Single draws are looked at as blocks of trials are. */
static bool looked_at(psw_head *h, judge_head_counted *end)
{
    if (h->rule == HEAD_BLOCKS)
        end->trials = h->first_trial + h->span;
    else
        end->draws = h->draw + 1;
    return h->rule != HEAD_SINGLE_DRAWS || end->draws % HEAD_BLOCK == 0 || end->draws == h->draws;
}

static void look_at(psw_head *h, ptrdiff_t point)
{
    judge_head_counted *end = &h->end[point];
    for (ptrdiff_t i = 0; i < h->span; i++) end->successes += succeeds(h, point, h->first_trial + i * h->draws);
    bool by_width = h->group[point].until == PSW_UNTIL_WIDTH;
    if (!looked_at(h, end)) return;
    bool known = by_width ? is_narrow(h, point) : is_decided(h, point);
    end->over = known || (end->trials == h->trials && end->draws == h->draws);
    if (known) end->stop = by_width ? PSW_TRIALS_WIDTH : PSW_TRIALS_DECIDED;
}

/* Copies the flags of the newest trials to where ranks merge them, or back. */
static void copy_flags(psw_head *h, bool back)
{
    for (ptrdiff_t point = 0; point < h->points; point++)
        for (ptrdiff_t i = 0; i < h->span; i++) {
            unsigned char *of = &h->trial[point * h->trials + h->first_trial + i * h->draws];
            unsigned char *at = &h->look[point * h->span + i];
            if (back)
                *of = *at;
            else
                *at = *of;
        }
}

int judge_head_looking(psw_head *h, psw_merging list[PSW_MERGING_MAX])
{
    if (h->rule == HEAD_FIXED) return 0;
    copy_flags(h, false);
    list[0] = (psw_merging){PSW_UNITE, h->look, h->points * h->span};
    return 1;
}

bool judge_head_look(psw_head *h)
{
    bool more = false;
    if (h->rule == HEAD_FIXED) return true;
    copy_flags(h, true);
    for (ptrdiff_t point = 0; point < h->points; point++) {
        if (!h->end[point].over) look_at(h, point);
        more = more || !h->end[point].over;
    }
    return more;
}

void judge_head_flush(psw_head *h)
{
    ptrdiff_t pairs = h->points * h->sets;
    for (ptrdiff_t place = 0; place < h->kept_count; place++)
        for (ptrdiff_t pair = 0; pair < pairs; pair++) {
            const psw_leaf *leaf = &h->kept[place];
            double *sum = &h->value[leaf->index * pairs + pair];
            double *value = &h->kept_value[(place * pairs + pair) * h->kept_rows];
            for (ptrdiff_t i = 0; i < leaf->count; i++) {
                *sum += psw_data_times(&h->point, leaf->first + i) * value[i];
                value[i] = 0;
            }
        }
}

/* ---- what to expect ---- */

/* Looks after `each` trials at a rate of 0 or 1, the one that takes longer, or until the interval of a rate at the
 * level is narrow: they tell more with every look. */
static bool tells(const psw_point *p, double trials)
{
    if (p->until == PSW_UNTIL_WIDTH) {
        psw_interval interval = psw_trials_interval(p->level * trials, (1 - p->level) * trials, p->until_error);
        return interval.hi - interval.lo <= p->until_width;
    }
    return psw_evidence_side(psw_trials_evidence(trials, 0, p->level), p->until_error) > 0 &&
           psw_evidence_side(psw_trials_evidence(0, trials, p->level), p->until_error) < 0;
}

static double expected_trials(const psw_point *p)
{
    double most = (double)psw_judge_trials(p), few = 0, many = ceil(most / HEAD_BLOCK);
    while (many - few > 1) {
        double middle = floor((few + many) / 2);
        if (tells(p, middle * HEAD_BLOCK))
            many = middle;
        else
            few = middle;
    }
    return fmin(many * HEAD_BLOCK, most);
}

/* The side further away in ratio takes longer. Of a width nothing is known before draws are seen. */
static double expected_draws(const psw_point *p)
{
    double most = (double)psw_judge_draws(p);
    if (p->until == PSW_UNTIL_WIDTH) return most;
    return fmin(most, psw_draws_wanted(fmax(p->level, 1 - p->level), p->until_error, most));
}

psw_judge_expectation psw_judge_expected(const psw_point *p)
{
    double draws = (double)psw_judge_draws(p), trials = (double)psw_judge_trials(p);
    judge_head_rule rule = judge_head_rule_of(p);
    psw_judge_expectation e = {trials, draws, (double)psw_data_draws(p)};
    if (rule == HEAD_BLOCKS || rule == HEAD_SINGLE_DRAWS) e.trials = expected_trials(p);
    if (rule == HEAD_SINGLE_DRAWS) e.draws = e.trials;
    if (rule == HEAD_DRAWS) e.draws = expected_draws(p), e.trials = e.draws * (trials / draws);
    if (rule > HEAD_BLOCKS && p->data_draws > 0) e.row_draws = fmin(e.row_draws, e.draws);
    return e;
}
