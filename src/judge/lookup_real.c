#include "judge/lookup.h"

/* ---- tables ---- */

/* Entry x of the coordinates so far becomes entries x and x + 2^k: the next one taken away, or added. */
static void table_of(const psw_lanes *line, psw_lanes *table)
{
    table[0] = -line[0], table[JUDGE_PARTS] = line[0];
    for (int k = 1; k < JUDGE_GROUP; k++) {
        psw_lanes next = line[k * JUDGE_PARTS], *more = table + ((ptrdiff_t)1 << k) * JUDGE_PARTS;
        for (ptrdiff_t x = 0; x < ((ptrdiff_t)1 << k) * JUDGE_PARTS; x += JUDGE_PARTS) {
            psw_lanes sum = table[x];
            table[x] = sum - next, more[x] = sum + next;
        }
    }
}

void judge_lookup_tables(const judge_lookup *to, const psw_real *lines)
{
    psw_lanes *table = (psw_lanes *)to->tables;
    const psw_lanes *line = (const psw_lanes *)lines;
    for (ptrdiff_t g = 0; g < to->groups; g++) {
        for (int part = 0; part < JUDGE_PARTS; part++) table_of(line + part, table + part);
        table += JUDGE_ENTRIES * JUDGE_PARTS, line += JUDGE_GROUP * JUDGE_PARTS;
    }
}

/* ---- sums ---- */

static inline const psw_lanes *entry(const psw_lanes *tables, int group, const uint16_t *signs)
{
    return (const psw_lanes *)((const char *)tables + group * JUDGE_ENTRIES * JUDGE_LINE + signs[group]);
}

/* The compiler reads nothing sooner that stands below, or it would add up one vector of all entries after the other and
 * run out of registers for their addresses: a sixth of the time under AVX2. */
static inline void in_this_order(void)
{
    __asm__ volatile("" ::: "memory");
}

/* `groups` is a constant at every call, so that its loop unrolls and sums live in registers. */
static inline __attribute__((always_inline)) void sums(int groups, judge_lookup *of)
{
    const psw_lanes *tables = (const psw_lanes *)of->tables, *from = (const psw_lanes *)of->from;
    const uint16_t *signs = of->signs;
    psw_lanes *to = (psw_lanes *)of->to, largest[JUDGE_PARTS];
    for (int i = 0; i < JUDGE_PARTS; i++) largest[i] = of->largest[i];
    for (ptrdiff_t c = 0; c < of->columns; c++) {
        psw_lanes sum[JUDGE_PARTS];
        for (int i = 0; i < JUDGE_PARTS; i++) sum[i] = from ? from[i] : (psw_lanes){0};
#pragma GCC unroll 16
        for (int g = 0; g < groups; g += 2) {
            const psw_lanes *x = entry(tables, g, signs), *y = g + 1 < groups ? entry(tables, g + 1, signs) : NULL;
#pragma GCC unroll 4
            for (int i = 0; i < JUDGE_PARTS; i++) sum[i] += y ? x[i] + y[i] : x[i];
            if (JUDGE_PARTS == 2 && groups > 8) in_this_order();
        }
#pragma GCC unroll 4
        for (int i = 0; i < JUDGE_PARTS; i++) {
            to[i] = sum[i] - of->less;
            largest[i] = psw_lanes_maximum(to[i], largest[i]);
        }
        signs += of->stride, to += JUDGE_PARTS, from = from ? from + JUDGE_PARTS : NULL;
    }
    for (int i = 0; i < JUDGE_PARTS; i++) of->largest[i] = largest[i];
}

#define EACH_SIZE(X) X(1) X(2) X(3) X(4) X(5) X(6) X(7) X(8) X(9) X(10) X(11) X(12) X(13) X(14)
#define SUMS(groups)                                                                                                   \
    static void sums_##groups(judge_lookup *of)                                                                        \
    {                                                                                                                  \
        sums(groups, of);                                                                                              \
    }
EACH_SIZE(SUMS)

void judge_lookup_sums(judge_lookup *of)
{
#define NAME(groups) sums_##groups,
    static void (*const by_groups[])(judge_lookup *) = {EACH_SIZE(NAME)};
    _Static_assert(sizeof by_groups / sizeof *by_groups == JUDGE_SLAB, "a function for every size of a slab");
    by_groups[of->groups - 1](of);
}
