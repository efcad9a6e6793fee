/* What slots hold: their columns, and whether that is what was put. */
#include "store/store.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The commit word is read before the data: of a file that is being written, a commit word must not be younger than
 * the data it is compared with. */
static psw_status read_piece(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    const psw_column_set *all = &reader->columns;
    for (ptrdiff_t k = 0; k < all->count; k++) {
        ptrdiff_t i = (all->commit + k) % all->count;
        const psw_column *column = &all->list[i];
        store_raw at = reader->has.column[i];
        if (at.count == 0) continue;
        PSW_TRY(store_raw_read(reader->file, column->name, at, (store_raw_part){psw_column_bytes(column), first, count},
                               reader->buffer));
        psw_column_unpack(column, reader->buffer, count, records);
    }
    return PSW_OK;
}

static bool is_final(const psw_slot *slot)
{
    return slot->status != PSW_SLOT_EMPTY && slot->status != PSW_SLOT_RUNNING;
}

/* Is the launch that the slot names the one that computed it? The table keeps the last of them; -1 is one that a file
 * which was merged from did not have any more. */
static bool names_its_launch(const psw_reader *reader, const psw_slot *slot)
{
    const struct store_known_launch *list = reader->launch;
    const struct store_known_launch *named = slot->launch >= 0 ? &list[slot->launch % STORE_LAUNCHES] : NULL;
    if (slot->launch_checksum == 0) return true;
    if (named && named->number == slot->launch) return named->checksum == slot->launch_checksum;
    for (int i = 0; i < STORE_LAUNCHES; i++)
        if (list[i].number >= 0 && list[i].checksum == slot->launch_checksum) return false;
    return slot->launch <= reader->launches - STORE_LAUNCHES || slot->launch < 0;
}

static void tear(psw_slot *slot)
{
    slot->torn = true;
    slot->status = PSW_SLOT_RUNNING;
}

static void judge(const psw_reader *reader, uint64_t checksum, psw_slot *slot)
{
    slot->torn = slot->altered = false;
    if (is_final(slot) && (slot->commit != checksum || !names_its_launch(reader, slot))) tear(slot);
}

static void validate(const psw_reader *reader, psw_record *record)
{
    const psw_column_set *all = &reader->columns;
    bool final = is_final(&record->slot);
    judge(reader, psw_record_checksum(all, record), &record->slot);
    if (!all->absent[all->random_version] || !final || psw_data_random_version(&record->point) == 0) return;
    record->slot.random_version = record->point.data_draws = 1;
}

static psw_status check_range(const psw_reader *reader, ptrdiff_t first, ptrdiff_t count)
{
    if (first >= 0 && count >= 0 && first <= reader->has.slots - count) return PSW_OK;
    return PSW_FAIL(PSW_BUG, "slots %td to %td of %td were requested", first, first + count, reader->has.slots);
}

/* What a file does not have is what it was when the file was made: the default, in parameters. */
static psw_record empty_record(const psw_reader *reader)
{
    const psw_column_set *all = &reader->columns;
    psw_record record = psw_record_blank(&(psw_point){0});
    for (ptrdiff_t i = 0; reader->older && i < all->count; i++)
        if (all->absent[i] && i != all->data_draws && psw_column_parameter(&all->list[i]))
            psw_column_put_plain(&all->list[i], &record);
    return record;
}

psw_status psw_reader_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    psw_record empty = empty_record(reader);
    PSW_TRY(check_range(reader, first, count));
    for (ptrdiff_t i = 0; i < count; i++) records[i] = empty;
    for (ptrdiff_t done = 0; done < count; done += STORE_PIECE) {
        ptrdiff_t piece = count - done < STORE_PIECE ? count - done : STORE_PIECE;
        PSW_TRY(read_piece(reader, first + done, piece, records + done));
    }
    for (ptrdiff_t i = 0; i < count; i++) validate(reader, &records[i]);
    return PSW_OK;
}

/* ---- with what is kept beside the columns ---- */

static psw_status kept_sum(psw_reader *reader, ptrdiff_t slot, const psw_point *point, uint64_t *sum)
{
    *sum = 0;
    if (!reader->rows_buffer) reader->rows_buffer = malloc(ROWS_BUFFER * sizeof(double));
    if (!reader->rows_buffer) return PSW_FAIL(PSW_NO_MEMORY, "no memory to read rows");
    if (reader->has.rows[ROWS_OUTPUT].count > 0 && psw_method_computes(point->method))
        PSW_TRY(store_rows_sum_stored(reader, slot, point, reader->rows_buffer, sum));
    return reader->has.samples.count > 0 ? store_samples_sum(reader, slot, sum) : PSW_OK;
}

static bool keeps_more(const psw_reader *reader)
{
    return reader->has.rows[ROWS_OUTPUT].count > 0 || reader->has.samples.count > 0;
}

/* Slots of a file from before have no sums, wherever they have moved since: what is kept of them is taken as it is. */
static psw_status check_content(psw_reader *reader, ptrdiff_t slot, psw_record *record)
{
    uint64_t sum;
    if (record->slot.status != PSW_SLOT_DONE || record->slot.launch_checksum == 0 || !keeps_more(reader)) return PSW_OK;
    PSW_TRY(kept_sum(reader, slot, &record->point, &sum));
    if (record->slot.content_checksum == sum) return PSW_OK;
    tear(&record->slot);
    record->slot.altered = true;
    return PSW_OK;
}

psw_status psw_reader_get_whole(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    PSW_TRY(psw_reader_get(reader, first, count, records));
    for (ptrdiff_t i = 0; i < count; i++) PSW_TRY(check_content(reader, first + i, &records[i]));
    return PSW_OK;
}

/* ---- states alone: a column at a time, in pieces that a file system likes ---- */

enum { SLOTS_PIECE = 1 << 14 };

typedef struct states {
    uint64_t sum[SLOTS_PIECE];
    char packed[8 * SLOTS_PIECE];
} states;

/* Of a column that is a member of psw_slot. */
static void unpack(const psw_column *column, const void *packed, ptrdiff_t count, psw_slot *slots)
{
    psw_record record = {0};
    size_t at = column->offset - offsetof(psw_record, slot), size = psw_column_bytes(column);
    const char *before = NULL; /* the value that `record` has */
    if (column->offset < offsetof(psw_record, slot) || at >= sizeof *slots) return;
    for (ptrdiff_t i = 0; i < count; i++) {
        const char *value = (const char *)packed + (size_t)i * size;
        if (!before || memcmp(before, value, size) != 0) psw_column_unpack(column, before = value, 1, &record);
        memcpy((char *)&slots[i] + at, (const char *)&record.slot + at, size == 1 ? sizeof(int) : 8);
    }
}

/* Not stored, and blank: 0 in a slot, and nothing in a sum. */
static bool is_nothing(const psw_column *column, store_raw at)
{
    uint64_t word;
    double number;
    memcpy(&word, at.fill, sizeof word);
    memcpy(&number, at.fill, sizeof number);
    return store_raw_bare(at) && (column->type == PSW_F8 ? isnan(number) : word == 0);
}

static psw_status read_states(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, states *s, psw_slot *slots)
{
    const psw_column_set *all = &reader->columns;
    memset(s->sum, 0, sizeof s->sum);
    memset(slots, 0, (size_t)count * sizeof *slots);
    for (ptrdiff_t k = 0; k < all->count; k++) {
        ptrdiff_t i = (all->commit + k) % all->count; /* commit words first, as in read_piece */
        const psw_column *column = &all->list[i];
        store_raw at = reader->has.column[i];
        if (at.count == 0 || is_nothing(column, at)) continue;
        PSW_TRY(store_raw_read(reader->file, column->name, at, (store_raw_part){psw_column_bytes(column), first, count},
                               s->packed));
        if (i != all->commit && i != all->launch) psw_checksum_add(all, i, s->packed, count, s->sum);
        unpack(column, s->packed, count, slots);
    }
    for (ptrdiff_t i = 0; i < count; i++) judge(reader, psw_checksum_end(s->sum[i]), &slots[i]);
    return PSW_OK;
}

static psw_status check_kept(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_slot *slots)
{
    for (ptrdiff_t i = 0; keeps_more(reader) && i < count; i++) {
        psw_record record;
        if (slots[i].status != PSW_SLOT_DONE) continue;
        PSW_TRY(psw_reader_get_whole(reader, first + i, 1, &record));
        if (record.slot.torn) slots[i] = record.slot;
    }
    return PSW_OK;
}

/* What noise a file's points have that does not say it, their parameters say. */
static psw_status read_old_states(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_slot *slots)
{
    psw_record *records = malloc(STORE_PIECE * sizeof *records);
    psw_status status = records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read slots");
    for (ptrdiff_t done = 0; status == PSW_OK && done < count; done += STORE_PIECE) {
        ptrdiff_t piece = count - done < STORE_PIECE ? count - done : STORE_PIECE;
        status = psw_reader_get(reader, first + done, piece, records);
        for (ptrdiff_t i = 0; i < piece; i++) slots[done + i] = records[i].slot;
    }
    free(records);
    return status;
}

psw_status psw_reader_slots_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_slot *slots)
{
    PSW_TRY(check_range(reader, first, count));
    if (reader->columns.absent[reader->columns.random_version]) return read_old_states(reader, first, count, slots);
    states *s = malloc(sizeof *s);
    psw_status status = s ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read slots");
    for (ptrdiff_t done = 0; status == PSW_OK && done < count; done += SLOTS_PIECE) {
        ptrdiff_t piece = count - done < SLOTS_PIECE ? count - done : SLOTS_PIECE;
        status = read_states(reader, first + done, piece, s, slots + done);
        if (status == PSW_OK) status = check_kept(reader, first + done, piece, slots + done);
    }
    free(s);
    return status;
}
