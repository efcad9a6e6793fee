/* What a strip of queries knows of all its scores before they become weights: the largest ones of each row; and what a
 * pass knows after it: the smallest one. */
#include <math.h>

#include "attend/rows.h"

/* ---- the largest ones ---- */

void attend_rows_lay_selection(attend_row_pass *f, psw_arena *arena)
{
    attend_selection *s = &f->selected;
    if (!f->method || !f->method->keep) return;
    s->keep = attend_smaller(f->method->keep(f->base.p), psw_data_keys(f->base.p));
    s->count = psw_arena_take(arena, f->base.sets * f->strip, sizeof *s->count);
    s->heap = psw_arena_take(arena, f->base.sets * f->strip * s->keep, sizeof *s->heap);
}

/* Most scores of a long row come after all that it keeps. */
void attend_selection_offer(attend_selection *s, ptrdiff_t row, const psw_real *z, psw_tokens keys)
{
    psw_score *heap = s->heap + row * s->keep;
    for (ptrdiff_t j = 0; j < keys.count; j++)
        if (s->count[row] < s->keep || (double)z[j] >= heap->z)
            psw_largest_offer(heap, &s->count[row], s->keep, (psw_score){(double)z[j], keys.first + j});
}

static psw_status offer_all(attend_row_pass *f, attend_span strip, attend_span keys, int first, int last)
{
    for (int set = first; set <= last; set++)
        for (ptrdiff_t i = 0; i < strip.count; i++)
            for (int k = 0; k < f->seen[i].ranges; k++) {
                psw_tokens seen = f->seen[i].at[k];
                const psw_real *z = f->scores.at + i * f->scores.stride + seen.first - keys.first;
                attend_selection_offer(&f->selected, set * f->strip + i, z, seen);
            }
    return PSW_OK;
}

psw_status attend_rows_select(attend_row_pass *f, attend_span strip, ptrdiff_t end, psw_watch watch)
{
    if (!f->method->keep) return PSW_OK;
    for (ptrdiff_t i = 0; i < f->base.sets * f->strip; i++) f->selected.count[i] = 0;
    psw_seen seen = psw_attend_seen_by(f->base.p, (psw_tokens){strip.first, strip.count});
    for (int k = 0; k < seen.ranges; k++) {
        ptrdiff_t last = (seen.at[k].first + seen.at[k].count - 1) / f->base.leaf;
        for (ptrdiff_t leaf = seen.at[k].first / f->base.leaf; leaf <= last && leaf < end; leaf++) {
            PSW_TRY(psw_watch_ask(watch));
            PSW_TRY(attend_rows_scores(f, strip, attend_key_span(f, leaf), offer_all));
        }
    }
    return PSW_OK;
}

psw_score attend_selection_last(const attend_selection *s, ptrdiff_t row)
{
    return psw_largest_last(s->heap + row * s->keep, s->count[row], s->keep);
}

psw_score attend_rows_kept(const attend_row_pass *f, ptrdiff_t i, int set)
{
    if (!f->method->keep) return (psw_score){-INFINITY, PTRDIFF_MAX};
    return attend_selection_last(&f->selected, set * f->strip + i);
}

/* ---- the smallest one ---- */

void attend_rows_begin_smallest(attend_row_pass *f)
{
    f->smallest = (psw_smallest){.z = INFINITY, .least = -INFINITY};
    for (ptrdiff_t i = 0; i < f->base.group->count; i++) {
        const psw_point *p = &f->base.group->points[i];
        if (attend_refusal_of(p) != ATTEND_LOOKED_AT) continue;
        f->smallest.looks = true;
        f->smallest.least = fmax(f->smallest.least, attend_least_score(p));
    }
}

void attend_rows_look_smallest(attend_row_pass *f, attend_span strip, attend_span keys, int set)
{
    psw_smallest *s = &f->smallest;
    for (ptrdiff_t i = 0; s->looks && i < strip.count; i++)
        for (int k = 0; k < f->seen[i].ranges; k++) {
            psw_tokens seen = f->seen[i].at[k];
            const psw_real *z = f->scores.at + i * f->scores.stride + seen.first - keys.first;
            for (ptrdiff_t j = 0; j < seen.count; j++)
                if ((double)z[j] < s->z)
                    *s = (psw_smallest){.looks = true,
                                        .z = (double)z[j],
                                        .least = s->least,
                                        .query = strip.first + i - f->base.first[PSW_QUERY],
                                        .key = seen.first + j - f->base.first[PSW_KEY],
                                        .set = set};
        }
}
