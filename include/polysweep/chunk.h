/* base: a chunk of a row in registers. Compiled per precision and target.
 *
 * Four vectors with a name each: an array of them would be in memory. Operations are entry by entry, and the entries of
 * a row go to the same partial sums whatever the width of vectors, so that width changes no bit. */
#ifndef POLYSWEEP_CHUNK_H
#define POLYSWEEP_CHUNK_H

#include <stdint.h>
#include <string.h>

#include "polysweep/fused.h"

#ifdef PSW_SINGLE
typedef int32_t psw_lane_bits;
#define PSW_LANE_MAGNITUDE INT32_C(0x7fffffff)
#else
typedef int64_t psw_lane_bits;
#define PSW_LANE_MAGNITUDE INT64_C(0x7fffffffffffffff)
#endif
#define PSW_CHUNK (4 * PSW_LANES)

typedef psw_lane_bits psw_lanes_bits __attribute__((vector_size(PSW_VECTOR_BYTES)));
typedef struct psw_chunk {
    psw_lanes a, b, c, d;
} psw_chunk;

static inline psw_chunk psw_chunk_load(const psw_real *at)
{
    const psw_loose_lanes *x = (const psw_loose_lanes *)at;
    return (psw_chunk){x[0], x[1], x[2], x[3]};
}

static inline void psw_chunk_store(psw_chunk x, psw_real *at)
{
    psw_loose_lanes *to = (psw_loose_lanes *)at;
    to[0] = x.a, to[1] = x.b, to[2] = x.c, to[3] = x.d;
}

static inline psw_chunk psw_chunk_times(psw_chunk x, psw_chunk y)
{
    return (psw_chunk){x.a * y.a, x.b * y.b, x.c * y.c, x.d * y.d};
}

static inline psw_chunk psw_chunk_plus(psw_chunk x, psw_chunk y)
{
    return (psw_chunk){x.a + y.a, x.b + y.b, x.c + y.c, x.d + y.d};
}

/* x c, 0 where its magnitude is below `least`; bits outside of `keep` are cleared */
static inline psw_lanes psw_lanes_scale(psw_lanes x, psw_real c, psw_real least, psw_lane_bits keep)
{
    psw_lanes_bits bits = (psw_lanes_bits)(x * c);
    psw_lanes_bits large = (psw_lanes_bits)((psw_lanes)(bits & PSW_LANE_MAGNITUDE) >= least);
    return (psw_lanes)(bits & keep & large);
}

static inline psw_chunk psw_chunk_scale(psw_chunk x, psw_real c, psw_real least, psw_lane_bits keep)
{
    return (psw_chunk){psw_lanes_scale(x.a, c, least, keep), psw_lanes_scale(x.b, c, least, keep),
                       psw_lanes_scale(x.c, c, least, keep), psw_lanes_scale(x.d, c, least, keep)};
}

/* ---- sums of a row ---- */

/* Entry i of a row joins sum i mod PSW_ABREAST: 256 bytes of them, one to four chunks. */
enum { PSW_PARTS = 64 / PSW_VECTOR_BYTES };
#define PSW_ABREAST (PSW_PARTS * PSW_CHUNK)
typedef struct psw_abreast {
    psw_chunk part[PSW_PARTS];
} psw_abreast;

/* Groups of four partial sums are added in the engine's precision, then all in double, in a fixed order. */
static inline double psw_abreast_total(const psw_abreast *sums)
{
    psw_lanes at[4 * PSW_PARTS];
    double total = 0;
    memcpy(at, sums, sizeof at);
#pragma GCC unroll 4
    for (int j = 0; j < PSW_PARTS; j++) {
        psw_lanes four = (at[j] + at[PSW_PARTS + j]) + (at[2 * PSW_PARTS + j] + at[3 * PSW_PARTS + j]);
        for (ptrdiff_t i = 0; i < PSW_LANES; i++) total += (double)four[i];
    }
    return total;
}

/* Sum of a row: in partial sums as far as entries fill all of them, then in double. */
static inline double psw_row_sum(const psw_real *w, ptrdiff_t count)
{
    psw_abreast sums;
    ptrdiff_t whole = count / PSW_ABREAST * PSW_ABREAST;
    for (int i = 0; i < PSW_PARTS; i++) {
        psw_chunk sum = {{0}, {0}, {0}, {0}};
        for (ptrdiff_t j = i * PSW_CHUNK; j < whole; j += PSW_ABREAST) sum = psw_chunk_plus(sum, psw_chunk_load(w + j));
        sums.part[i] = sum;
    }
    double total = psw_abreast_total(&sums);
    for (ptrdiff_t i = whole; i < count; i++) total += (double)w[i];
    return total;
}

#endif
