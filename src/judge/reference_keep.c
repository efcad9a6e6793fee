/* Of a method that keeps the largest scores of a row: the last one that is kept. Every rank looks at all keys, so that
 * nothing has to be merged; scores have the bits that they have when they become weights, as tiles are the same. */
#include "judge/reference.h"

static void offer(psw_comparison *c, ptrdiff_t row, psw_score score)
{
    psw_largest_offer(c->heap + row * c->most, &c->held[row], c->most, score);
}

static void add_tile(psw_comparison *c, judge_errors_part strip, judge_errors_part keys)
{
    judge_reference_scores(c, strip, keys);
    ptrdiff_t first = judge_reference_tokens(c, keys).first;
    for (ptrdiff_t i = 0; i < strip.count; i++)
        for (ptrdiff_t j = 0, seen = judge_reference_seen(c, strip.first + i, keys); j < seen; j++)
            offer(c, strip.first + i, (psw_score){c->plain.tile[i * keys.count + j], first + j});
}

psw_status judge_reference_keep(psw_comparison *c)
{
    if (c->most == 0) return PSW_OK;
    for (ptrdiff_t i = 0; i < c->rows; i++) c->held[i] = 0;
    PSW_TRY(judge_reference_over(c, (judge_reference_walk){.all = true}, add_tile));
    for (ptrdiff_t i = 0; i < c->rows; i++) c->kept[i] = psw_largest_last(c->heap + i * c->most, c->held[i], c->most);
    return PSW_OK;
}
