#include "polysweep/plan.h"

psw_deal psw_deal_of(ptrdiff_t left, double share, ptrdiff_t teams)
{
    double own = share * (double)left;
    psw_deal deal = {(ptrdiff_t)(own / 8), (ptrdiff_t)(own / 16) - teams};
    if (deal.length > 4 * teams) deal.length = 4 * teams;
    if (deal.length < 1) deal.length = 1;
    if (deal.length > left) deal.length = left;
    if (deal.ahead > teams) deal.ahead = teams;
    if (deal.ahead < 0) deal.ahead = 0;
    return deal;
}
