/* What spec asks of the rooms below it. */
#include "polysweep/record.h"

static psw_status can_compute(const psw_point *point)
{
    PSW_TRY(psw_data_check(point, NULL));
    return psw_method_computes(point->method) ? psw_attend_check(point) : PSW_OK;
}

/* A user's axis may not take the name of a column that the file has anyway. */
static const char *const *column_names(void)
{
    static const char *names[PSW_COLUMNS_MAX + 1];
    ptrdiff_t count;
    const psw_column *columns = psw_columns(&count);
    for (ptrdiff_t i = 0; i < count; i++) names[i] = columns[i].name;
    return names;
}

const psw_rooms *psw_house(void)
{
    static psw_rooms rooms;
    rooms = (psw_rooms){&psw_theory_oracle, can_compute, column_names()};
    return &rooms;
}
