/* What a slot answers, and on which side of the level that is. */
#include <math.h>

#include "search/search.h"

static double value_of(const psw_search *search, search_column which, const psw_record *record)
{
    const psw_column *column = search->column[which];
    return column ? psw_column_value(column, record) : NAN;
}

/* Where trials end by a rule: of `decided` the rule says so, of `width` the interval, which holds whenever one stops.
 */
static bool is_open(const psw_search *search, const psw_record *record, const psw_answer *answer)
{
    const psw_until until = psw_study_settings(search->study)->until;
    const double level = search->keys->level;
    if (!search->column[SEARCH_STOP] || until == PSW_UNTIL_FIXED || isnan(level)) return false;
    if (until == PSW_UNTIL_DECIDED) return value_of(search, SEARCH_STOP, record) != PSW_TRIALS_DECIDED;
    return answer->lo < level && level <= answer->hi;
}

psw_answer psw_search_answer(const psw_search *search, const psw_record *record)
{
    psw_answer answer = {.status = record->slot.status, .value = NAN, .level = NAN, .lo = NAN, .hi = NAN};
    if (answer.status != PSW_SLOT_DONE) return answer;
    answer.value = value_of(search, SEARCH_VALUE, record);
    answer.level = value_of(search, SEARCH_LEVEL, record);
    answer.lo = value_of(search, SEARCH_LO, record);
    answer.hi = value_of(search, SEARCH_HI, record);
    answer.trials = value_of(search, SEARCH_TRIALS, record);
    double passes = value_of(search, SEARCH_FLOPS, record), head = value_of(search, SEARCH_HEAD_FLOPS, record);
    answer.flops = (double)psw_data_sets(&record->point) * passes + (isnan(head) ? 0 : head);
    answer.open = is_open(search, record, &answer);
    return answer;
}

psw_level_side psw_search_side(const psw_search *search, const psw_answer *own, const psw_answer *partner)
{
    double level = partner ? partner->level : search->keys->level;
    if (own->status != PSW_SLOT_DONE || (partner && partner->status != PSW_SLOT_DONE)) return PSW_SIDE_FAILED;
    if (isnan(own->value) || isnan(level)) return PSW_SIDE_NONE;
    if (own->open) return PSW_SIDE_OPEN;
    return own->value >= level ? PSW_SIDE_ABOVE : PSW_SIDE_BELOW;
}
