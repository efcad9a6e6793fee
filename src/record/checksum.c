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

/* psw_hash_word, where it is called for every value of a file. */
static inline uint64_t mixed(uint64_t x)
{
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

/* The launch numbers a table of its own file, so it stays out and a slot can move between files. Blank values (NaN, 0)
 * stay out too, and what a younger column says where nothing is new: a column added later, or one that a file does not
 * have, changes no commit word. A sum, because the terms carry their column and so need no order. */
static uint64_t term(const psw_column *column, uint64_t salt, uint64_t word)
{
    return enters(column, word) ? mixed(salt ^ mixed(word + 0x9e3779b97f4a7c15)) : 0;
}

/* Most columns of most studies hold one value in slot after slot, if any. */
static void add_words(const psw_column *column, uint64_t salt, const char *packed, ptrdiff_t count, uint64_t *sums)
{
    uint64_t word, before = 0, of_it = term(column, salt, 0);
    for (ptrdiff_t k = 0; k < count; k++) {
        memcpy(&word, packed + 8 * k, sizeof word);
        if (word != before) before = word, of_it = term(column, salt, word);
        sums[k] += of_it;
    }
}

/* What is no word counts as when it is read. */
static void add_codes(const psw_column *column, uint64_t salt, const uint8_t *packed, ptrdiff_t count, uint64_t *sums)
{
    ptrdiff_t words = column->vocabulary < 0 ? 256 : psw_column_words(column);
    uint8_t before = 0;
    uint64_t of_it = term(column, salt, 0);
    for (ptrdiff_t k = 0; k < count; k++) {
        if (packed[k] != before) before = packed[k], of_it = term(column, salt, before < words ? before : 0);
        sums[k] += of_it;
    }
}

static bool all_blank(const psw_column *column, const char *packed, ptrdiff_t count)
{
    uint64_t any = 0;
    if (column->type == PSW_U1)
        for (ptrdiff_t k = 0; k < count; k++) any |= (uint8_t)packed[k];
    for (ptrdiff_t k = 0; column->type != PSW_U1 && k < count; k++) {
        uint64_t word;
        double number;
        memcpy(&word, packed + 8 * k, sizeof word);
        memcpy(&number, packed + 8 * k, sizeof number);
        any |= column->type == PSW_F8 ? (uint64_t)!isnan(number) : word;
    }
    return any == 0;
}

void psw_checksum_add(const psw_column_set *all, ptrdiff_t i, const void *packed, ptrdiff_t count, uint64_t *sums)
{
    const psw_column *column = &all->list[i];
    if (all_blank(column, packed, count)) return;
    if (column->type == PSW_U1)
        add_codes(column, all->salt[i], packed, count, sums);
    else
        add_words(column, all->salt[i], packed, count, sums);
}

uint64_t psw_checksum_end(uint64_t sum)
{
    sum = psw_hash_word(sum);
    return sum ? sum : 1;
}

enum { PIECE = 256 }; /* records whose columns stay in the first cache */

/* Sums over columns of at most PIECE records. */
static void sum_piece(const psw_column_set *all, const psw_record *records, ptrdiff_t count, uint64_t *sums)
{
    uint64_t packed[PIECE];
    for (ptrdiff_t k = 0; k < count; k++) sums[k] = 0;
    for (ptrdiff_t i = 0; i < all->count; i++) {
        if (i == all->commit || i == all->launch || all->absent[i]) continue;
        psw_column_pack(&all->list[i], records, count, packed);
        psw_checksum_add(all, i, packed, count, sums);
    }
}

uint64_t psw_record_checksum(const psw_column_set *all, const psw_record *record)
{
    uint64_t sum;
    sum_piece(all, record, 1, &sum);
    return psw_checksum_end(sum);
}

static void clear(ptrdiff_t owns, ptrdiff_t predicts, psw_record *record)
{
    for (ptrdiff_t i = owns; i < PSW_OWN_MAX; i++) record->point.own[i] = 0;
    for (ptrdiff_t i = predicts; i < PSW_PREDICT_MAX; i++) record->predict[i] = NAN;
    record->slot.torn = false;
}

void psw_records_seal(const psw_column_set *all, ptrdiff_t owns, ptrdiff_t predicts, psw_record *records,
                      ptrdiff_t count)
{
    uint64_t sums[PIECE];
    for (ptrdiff_t k = 0; k < count; k++) clear(owns, predicts, &records[k]);
    for (ptrdiff_t done = 0; done < count; done += PIECE) {
        ptrdiff_t piece = count - done < PIECE ? count - done : PIECE;
        sum_piece(all, records + done, piece, sums);
        for (ptrdiff_t k = 0; k < piece; k++) records[done + k].slot.commit = psw_checksum_end(sums[k]);
    }
}
