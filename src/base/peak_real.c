#include "base/order.h"

double psw_row_peak(psw_peak_order order, const psw_real *z, ptrdiff_t count)
{
    psw_lanes_bits lowest = (psw_lanes_bits){0} + base_lowest(order), lanes[2] = {lowest, lowest};
    ptrdiff_t i = 0;
    for (; i + 2 * PSW_LANES <= count; i += 2 * PSW_LANES) {
        const psw_loose_lanes *at = (const psw_loose_lanes *)(z + i);
        lanes[0] = psw_lanes_larger(lanes[0], base_ordered((psw_lanes)at[0], order));
        lanes[1] = psw_lanes_larger(lanes[1], base_ordered((psw_lanes)at[1], order));
    }
    psw_lane_bits top = base_topmost(psw_lanes_larger(lanes[0], lanes[1]));
    for (; i < count; i++) {
        psw_lane_bits own = base_ordered_one(z[i], order);
        top = own > top ? own : top;
    }
    return base_unordered(top);
}
