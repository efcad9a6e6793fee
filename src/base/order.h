/* base/order: numbers as integers in the order of their magnitudes or values, so that the largest of a row is found
 * without branches and without regard to the order of looking. Compiled per precision and target. */
#ifndef POLYSWEEP_BASE_ORDER_H
#define POLYSWEEP_BASE_ORDER_H

#include "polysweep/lanes.h"
#include "polysweep/chunk.h"
#include "polysweep/peak.h"

enum { BASE_SIGN_SHIFT = 8 * sizeof(psw_lane_bits) - 1 };

/* Magnitudes are in order with infinity and NaN on top; signed values once the magnitude bits of negative ones are
 * flipped. Shifts of negative integers keep the sign. */
static inline psw_lanes_bits base_ordered(psw_lanes x, psw_peak_order order)
{
    psw_lanes_bits bits = (psw_lanes_bits)x;
    if (order == PSW_PEAK_MAGNITUDE) return bits & PSW_LANE_MAGNITUDE;
    return bits ^ ((bits >> BASE_SIGN_SHIFT) & PSW_LANE_MAGNITUDE);
}

static inline psw_lane_bits base_ordered_one(psw_real x, psw_peak_order order)
{
    psw_lane_bits bits;
    memcpy(&bits, &x, sizeof bits);
    if (order == PSW_PEAK_MAGNITUDE) return bits & PSW_LANE_MAGNITUDE;
    return bits ^ ((bits >> BASE_SIGN_SHIFT) & PSW_LANE_MAGNITUDE);
}

/* Below every number, or none. */
static inline psw_lane_bits base_lowest(psw_peak_order order)
{
    return order == PSW_PEAK_MAGNITUDE ? 0 : -PSW_LANE_MAGNITUDE - 1;
}

/* The number again; magnitudes are not negative. */
static inline double base_unordered(psw_lane_bits bits)
{
    psw_real x;
    bits ^= (bits >> BASE_SIGN_SHIFT) & PSW_LANE_MAGNITUDE;
    memcpy(&x, &bits, sizeof x);
    return (double)x;
}

static inline psw_lane_bits base_topmost(psw_lanes_bits x)
{
    psw_lane_bits at[PSW_LANES], top;
    memcpy(at, &x, sizeof at);
    top = at[0];
    for (ptrdiff_t i = 1; i < PSW_LANES; i++) top = at[i] > top ? at[i] : top;
    return top;
}

#endif
