/* Commit words. */
#include <math.h>
#include <string.h>

#include "polysweep/record.h"

static uint64_t word_of(const psw_column *column, const psw_record *record)
{
    uint64_t word = 0;
    psw_column_pack(column, record, 1, &word);
    return word;
}

/* Words as files have them: as psw_column_value. */
static double number_of(const psw_column *column, uint64_t word)
{
    double value;
    memcpy(&value, &word, sizeof value);
    return column->type == PSW_F8 ? value : column->type == PSW_I8 ? (double)(int64_t)word : (double)word;
}

static bool is_blank(const psw_column *column, uint64_t word)
{
    return column->type == PSW_F8 ? isnan(number_of(column, word)) : word == 0;
}

bool psw_column_blank(const psw_column *column, const psw_record *record)
{
    return is_blank(column, word_of(column, record));
}

static bool enters(const psw_column *column, uint64_t word)
{
    return !is_blank(column, word) && !(column->younger && number_of(column, word) == column->plain);
}

bool psw_column_enters_commit(const psw_column *column, const psw_record *record)
{
    return enters(column, word_of(column, record));
}

/* The launch numbers a table of its own file, so it stays out and a slot can move between files. Blank values (NaN, 0)
 * stay out too, and what a younger column says where nothing is new: a column added later, or one that a file does not
 * have, changes no commit word. A sum, because the terms carry their column and so need no order. */
void psw_checksum_add(const psw_column_set *all, ptrdiff_t i, const void *packed, ptrdiff_t count, uint64_t *sums)
{
    const psw_column *column = &all->list[i];
    ptrdiff_t words = column->type == PSW_U1 ? psw_column_words(column) : 0;
    for (ptrdiff_t k = 0; k < count; k++) {
        uint64_t word = 0;
        if (column->type != PSW_U1)
            memcpy(&word, (const char *)packed + 8 * k, sizeof word);
        else if (column->vocabulary < 0 || ((const uint8_t *)packed)[k] < words) /* no word: as when it is read */
            word = ((const uint8_t *)packed)[k];
        if (enters(column, word)) sums[k] += psw_hash_word(all->salt[i] ^ psw_hash_word(word + 0x9e3779b97f4a7c15));
    }
}

uint64_t psw_checksum_end(uint64_t sum)
{
    sum = psw_hash_word(sum);
    return sum ? sum : 1;
}

uint64_t psw_record_checksum(const psw_column_set *all, const psw_record *record)
{
    uint64_t sum = 0;
    for (ptrdiff_t i = 0; i < all->count; i++) {
        uint64_t word = word_of(&all->list[i], record);
        if (i != all->commit && i != all->launch && !all->absent[i]) psw_checksum_add(all, i, &word, 1, &sum);
    }
    return psw_checksum_end(sum);
}

void psw_record_seal(const psw_column_set *all, ptrdiff_t owns, ptrdiff_t predicts, psw_record *record)
{
    for (ptrdiff_t i = owns; i < PSW_OWN_MAX; i++) record->point.own[i] = 0;
    for (ptrdiff_t i = predicts; i < PSW_PREDICT_MAX; i++) record->predict[i] = NAN;
    record->slot.torn = false;
    record->slot.commit = psw_record_checksum(all, record);
}
