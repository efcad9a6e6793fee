/* Columns that hold nothing but blanks whatever a run does: no point of the study has what they are about. */
#include "record/needs.h"

#include <math.h>
#include <string.h>

#include "polysweep/judge.h"
#include "polysweep/record.h"

enum { COLUMN = -1 };

/* Of every fixed column, COLUMN; before them what they need. */
static const int lines[] = {
#define PSW_NEEDS(what) PSW_NEED_##what,
#define PSW_COLUMN(...) COLUMN,
#define PSW_YOUNGER(...) COLUMN,
#include "record/columns.def"
#undef PSW_COLUMN
};

static void needs_of_columns(record_need needs[PSW_COLUMNS_MAX])
{
    record_need need = PSW_NEED_ANYTHING;
    ptrdiff_t column = 0;
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
        if (lines[i] == COLUMN)
            needs[column++] = need;
        else
            need = (record_need)lines[i];
    }
}

/* ---- what a point has ---- */

static bool has_head(const psw_point *p)
{
    return psw_data_sets(p) == 2 && p->m > 0 && p->trials > 0;
}

static bool has_of_theory(const psw_point *p, record_need need)
{
    if (need == PSW_NEED_CHANCES) return psw_theory_applies(p);
    if (need == PSW_NEED_MASSES) return psw_theory_covers(p);
    return psw_method_facts_of(p->method)->kernel == PSW_KERNEL_POWER && psw_theory_covers(p);
}

/* Of a point that makes rows. */
static bool has_of_rows(const psw_settings *s, const psw_point *p, record_need need)
{
    switch (need) {
    case PSW_NEED_SETS: return psw_data_sets(p) == 2;
    case PSW_NEED_HEAD: return has_head(p);
    case PSW_NEED_RULE: return has_head(p) && s->until != PSW_UNTIL_FIXED;
    case PSW_NEED_ONE_DRAW: return p->data_draws == 1;
    case PSW_NEED_DRAWS: return p->data_draws > 0 || psw_sketch_draws(p) > 0;
    case PSW_NEED_SPREAD: return psw_judge_draws(p) > 1;
    case PSW_NEED_NOISE: return psw_data_random_version(p) > 0;
    case PSW_NEED_SKETCH: return psw_sketch_has(p);
    case PSW_NEED_REFERENCE: return psw_reference_computed(p);
    case PSW_NEED_COMPARED: return psw_sketch_has(p) || psw_reference_computed(p);
    case PSW_NEED_RECALL: return psw_recall_computed(p);
    case PSW_NEED_TIMED: return s->timing;
    case PSW_NEED_DECODING: return p->mode == PSW_DECODE;
    case PSW_NEED_KEPT: return s->keep_rows || (s->keep_samples && s->timing);
    default: return true;
    }
}

static bool has(const psw_study *study, const psw_point *p, record_need need)
{
    bool of_theory = need == PSW_NEED_MASSES || need == PSW_NEED_CHANCES || need == PSW_NEED_DEGREES;
    if (need == PSW_NEED_SEARCH) return psw_study_search(study) != NULL;
    if (of_theory) return has_of_theory(p, need);
    return psw_method_computes(p->method) && has_of_rows(psw_study_settings(study), p, need);
}

/* ---- of all points ---- */

static void drop(ptrdiff_t *list, ptrdiff_t *count, ptrdiff_t i)
{
    list[i] = list[--*count];
}

/* A parameter is blank where all points have none. The team that is asked for is not the study's alone. */
static ptrdiff_t list_parameters(const psw_column_set *all, ptrdiff_t list[PSW_COLUMNS_MAX])
{
    ptrdiff_t count = 0;
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (psw_column_parameter(&all->list[i]) && all->list[i].offset != offsetof(psw_record, point.team))
            list[count++] = i;
    return count;
}

/* What no point has stays in the lists: most of what some have is found at the first. */
typedef struct wanting {
    ptrdiff_t needs[PSW_NEEDS_COUNT], parameters[PSW_COLUMNS_MAX], need_count, parameter_count;
} wanting;

static void look(const psw_study *study, const psw_column_set *all, psw_record *record, wanting *w)
{
    for (ptrdiff_t k = w->need_count; k-- > 0;)
        if (has(study, &record->point, (record_need)w->needs[k])) drop(w->needs, &w->need_count, k);
    for (ptrdiff_t k = w->parameter_count; k-- > 0;)
        if (!psw_column_blank(&all->list[w->parameters[k]], record)) drop(w->parameters, &w->parameter_count, k);
}

void psw_columns_blank(const psw_study *study, const psw_column_set *all, bool blank[PSW_COLUMNS_MAX])
{
    record_need needs[PSW_COLUMNS_MAX] = {PSW_NEED_ANYTHING};
    bool lacks[PSW_NEEDS_COUNT] = {false};
    psw_record record = {0};
    psw_cursor cursor = psw_cursor_begin(study);
    wanting w = {.parameter_count = list_parameters(all, w.parameters)};
    for (int need = PSW_NEED_ROWS; need < PSW_NEEDS_COUNT; need++) w.needs[w.need_count++] = need;
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        record.point = *psw_cursor_at(&cursor, slot);
        look(study, all, &record, &w);
    }
    needs_of_columns(needs);
    for (ptrdiff_t k = 0; k < w.need_count; k++) lacks[w.needs[k]] = true;
    for (ptrdiff_t i = 0; i < all->count; i++) blank[i] = !psw_column_parameter(&all->list[i]) && lacks[needs[i]];
    for (ptrdiff_t k = 0; k < w.parameter_count; k++) blank[w.parameters[k]] = true;
}
