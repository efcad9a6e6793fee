#include "judge/signs.h"

enum { BLOCK = 128, WORD = 32 };

ptrdiff_t judge_signs_groups(ptrdiff_t v)
{
    return (v + JUDGE_GROUP - 1) / JUDGE_GROUP;
}

/* Groups do not end where words do: bits wait for the rest of their group. Those past the last coordinate belong to
 * coordinates that are 0. */
void judge_signs_draw(psw_key key, uint64_t row, ptrdiff_t v, uint16_t *offsets)
{
    const uint16_t *end = offsets + judge_signs_groups(v);
    uint64_t bits = 0;
    uint32_t words[BLOCK / WORD];
    for (ptrdiff_t at = 0, waiting = 0; offsets < end; at += WORD) {
        if (at % BLOCK == 0) psw_random_block(key, row, (uint64_t)(at / BLOCK), words);
        bits |= (uint64_t)words[at % BLOCK / WORD] << waiting;
        for (waiting += WORD; offsets < end && waiting >= JUDGE_GROUP; waiting -= JUDGE_GROUP, bits >>= JUDGE_GROUP)
            *offsets++ = (uint16_t)(bits % JUDGE_ENTRIES * JUDGE_LINE);
    }
}
