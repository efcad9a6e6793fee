/* Weights that would be negative: refused by the smallest score, not by the degree alone. */
#include <math.h>

#include "attend/method.h"
#include "attend/work.h"

double attend_least_score(const psw_point *p)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    return method && method->least ? method->least(p) : -INFINITY;
}

/* Of powers without an offset only the data say whether scores are negative: gaussian ones are. */
static bool is_certain(const psw_point *p)
{
    psw_point plain = *p;
    plain.offset = 0;
    bool centred = p->offset <= 0 && psw_data_signed(&plain);
    return psw_data_least(p).reached || (centred && psw_kernel_known(psw_method_facts_of(p->method)->kernel));
}

attend_refusal attend_refusal_of(const psw_point *p)
{
    if (p->negative != PSW_NEGATIVE_REFUSE || psw_data_least(p).least >= attend_least_score(p)) return ATTEND_ACCEPTED;
    return is_certain(p) ? ATTEND_REFUSED : ATTEND_LOOKED_AT;
}

psw_status psw_attend_check_smallest(const psw_smallest *s)
{
    if (!s->looks || !(s->z < s->least)) return PSW_OK;
    return PSW_FAIL(
        PSW_USAGE,
        "the smallest score that a query sees is z = %g (query %td, key %td, data set %d): its weight would "
        "be negative or undefined; take an offset larger by %g, or say negative: signed (keeps the sign), "
        "abs or relu",
        s->z, s->query, s->key, s->set, s->least - s->z);
}
