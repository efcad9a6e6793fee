/* Kept rows of a slot, read and moved to another file. */
#include "store/store.h"

#include <string.h>

/* The lengths are the file's own; whether a slot's rows lie inside is checked when they are read. */
psw_status store_reader_rows(psw_reader *reader)
{
    const store_inventory *has = &reader->has;
    store_layout what = {
        .slots = has->slots, .rows = has->rows[ROWS_LOG2_DEN].count, .values = has->rows[ROWS_OUTPUT].count};
    if (reader->rows_known) return PSW_OK;
    if (what.rows == 0) return PSW_FAIL(PSW_ENVIRONMENT, "group /rows is missing");
    PSW_TRY(store_rows_take(reader, &what, &reader->rows));
    reader->rows_known = true;
    return PSW_OK;
}

static psw_status read_span(const store_kept_rows *kept, int line, const char *name, store_span at, double *values)
{
    return store_raw_read(kept->file, name, kept->line[line], (store_raw_part){sizeof *values, at.first, at.count},
                          values);
}

psw_status psw_reader_rows_get(psw_reader *reader, ptrdiff_t slot, const psw_point *point, psw_row_span at,
                               psw_kept_rows rows)
{
    store_row_place place;
    store_row_extent e = store_rows_extent(point);
    PSW_TRY(store_reader_rows(reader));
    store_kept_rows *kept = &reader->rows;
    if (slot < 0 || slot >= reader->has.slots || at.set < 0 || at.set >= e.sets || at.first < 0 || at.count < 0 ||
        at.first > e.queries - at.count)
        return PSW_FAIL(PSW_BUG, "rows %td to %td of slot %td were requested", at.first, at.first + at.count, slot);
    PSW_TRY(store_rows_find(kept, slot, &e, &place));
    if (at.count == 0) return PSW_OK;
    ptrdiff_t row = at.set * e.queries + at.first;
    store_span line = {kept->rows, place.row + row, at.count};
    store_span values = {kept->values, place.value + row * point->v, at.count * point->v};
    PSW_TRY(read_span(kept, ROWS_SPECIAL_MASS, "/rows/special_mass", line, rows.special_mass));
    PSW_TRY(read_span(kept, ROWS_LOG2_DEN, "/rows/log2_den", line, rows.log2_den));
    return read_span(kept, ROWS_OUTPUT, "/rows/output", values, rows.output);
}

/* ---- their sum ---- */

static psw_status sum_line(const store_kept_rows *from, int line, store_span source, double *buffer, uint64_t *sum)
{
    psw_status status = PSW_OK;
    for (ptrdiff_t done = 0; status == PSW_OK && done < source.count; done += ROWS_BUFFER) {
        ptrdiff_t count = source.count - done < ROWS_BUFFER ? source.count - done : ROWS_BUFFER;
        status = read_span(from, line, "kept rows", (store_span){source.length, source.first + done, count}, buffer);
        if (status == PSW_OK) *sum += psw_content_sum(line - ROWS_SPECIAL_MASS, done, count, buffer);
    }
    return status;
}

psw_status store_rows_sum_stored(psw_reader *reader, ptrdiff_t slot, const psw_point *point, double *buffer,
                                 uint64_t *sum)
{
    store_row_place place;
    store_row_extent e = store_rows_extent(point);
    PSW_TRY(store_reader_rows(reader));
    const store_kept_rows *kept = &reader->rows;
    PSW_TRY(store_rows_find(&reader->rows, slot, &e, &place));
    for (int i = ROWS_SPECIAL_MASS; i < ROWS_OUTPUT; i++)
        PSW_TRY(sum_line(kept, i, (store_span){kept->rows, place.row, e.rows}, buffer, sum));
    return sum_line(kept, ROWS_OUTPUT, (store_span){kept->values, place.value, e.values}, buffer, sum);
}

/* ---- to another file ---- */

static psw_status copy_line(const store_kept_rows *from, int line, store_span source, hid_t to, store_span target,
                            double *buffer)
{
    psw_status status = PSW_OK;
    for (ptrdiff_t done = 0; status == PSW_OK && done < source.count; done += ROWS_BUFFER) {
        ptrdiff_t count = source.count - done < ROWS_BUFFER ? source.count - done : ROWS_BUFFER;
        status = read_span(from, line, "kept rows", (store_span){source.length, source.first + done, count}, buffer);
        store_slice piece = store_slice_make(target.length, target.first + done, count);
        if (status == PSW_OK) status = store_hdf_write(to, "kept rows", H5T_NATIVE_DOUBLE, piece, buffer);
        store_slice_close(piece);
    }
    return status;
}

psw_status store_rows_copy(psw_reader *from, ptrdiff_t from_slot, store_kept_rows *to, ptrdiff_t to_slot,
                           const psw_point *point, double *buffer)
{
    store_row_place source, target;
    store_row_extent e = store_rows_extent(point);
    PSW_TRY(store_reader_rows(from));
    PSW_TRY(store_rows_find(&from->rows, from_slot, &e, &source));
    PSW_TRY(store_rows_find(to, to_slot, &e, &target));
    for (int i = ROWS_SPECIAL_MASS; i < ROWS_OUTPUT; i++)
        PSW_TRY(copy_line(&from->rows, i, (store_span){from->rows.rows, source.row, e.rows}, to->dataset[i],
                          (store_span){to->rows, target.row, e.rows}, buffer));
    return copy_line(&from->rows, ROWS_OUTPUT, (store_span){from->rows.values, source.value, e.values},
                     to->dataset[ROWS_OUTPUT], (store_span){to->values, target.value, e.values}, buffer);
}
