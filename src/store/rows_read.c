/* Kept rows of a slot, read and moved to another file. */
#include "store/store.h"

#include <string.h>

/* The lengths are the file's own; whether a slot's rows lie inside is checked when they are read. */
psw_status reader_rows(psw_reader *reader)
{
    const inventory *has = &reader->has;
    layout what = {.slots = has->slots, .rows = has->rows[ROWS_LOG2_DEN].count, .values = has->rows[ROWS_OUTPUT].count};
    if (reader->rows_known) return PSW_OK;
    if (what.rows == 0) return PSW_FAIL(PSW_ENVIRONMENT, "group /rows is missing");
    PSW_TRY(rows_take(reader, &what, &reader->rows));
    reader->rows_known = true;
    return PSW_OK;
}

static psw_status read_span(const kept_rows *kept, int line, const char *name, span at, double *values)
{
    return raw_read(kept->file, name, kept->line[line], (raw_part){sizeof *values, at.first, at.count}, values);
}

psw_status psw_reader_rows_get(psw_reader *reader, ptrdiff_t slot, const psw_point *point, psw_row_span at,
                               psw_kept_rows rows)
{
    row_place place;
    row_extent e = rows_extent(point);
    PSW_TRY(reader_rows(reader));
    kept_rows *kept = &reader->rows;
    if (slot < 0 || slot >= reader->has.slots || at.set < 0 || at.set >= e.sets || at.first < 0 || at.count < 0 ||
        at.first > e.queries - at.count)
        return PSW_FAIL(PSW_BUG, "rows %td to %td of slot %td were requested", at.first, at.first + at.count, slot);
    PSW_TRY(rows_find(kept, slot, &e, &place));
    if (at.count == 0) return PSW_OK;
    ptrdiff_t row = at.set * e.queries + at.first;
    span line = {kept->rows, place.row + row, at.count};
    span values = {kept->values, place.value + row * point->v, at.count * point->v};
    PSW_TRY(read_span(kept, ROWS_SPECIAL_MASS, "/rows/special_mass", line, rows.special_mass));
    PSW_TRY(read_span(kept, ROWS_LOG2_DEN, "/rows/log2_den", line, rows.log2_den));
    return read_span(kept, ROWS_OUTPUT, "/rows/output", values, rows.output);
}

/* ---- to another file ---- */

static psw_status copy_line(const kept_rows *from, int line, span source, hid_t to, span target, double *buffer)
{
    psw_status status = PSW_OK;
    for (ptrdiff_t done = 0; status == PSW_OK && done < source.count; done += ROWS_BUFFER) {
        ptrdiff_t count = source.count - done < ROWS_BUFFER ? source.count - done : ROWS_BUFFER;
        status = read_span(from, line, "kept rows", (span){source.length, source.first + done, count}, buffer);
        slice piece = slice_make(target.length, target.first + done, count);
        if (status == PSW_OK) status = hdf_write(to, "kept rows", H5T_NATIVE_DOUBLE, piece, buffer);
        slice_close(piece);
    }
    return status;
}

psw_status rows_copy(psw_reader *from, ptrdiff_t from_slot, kept_rows *to, ptrdiff_t to_slot, const psw_point *point,
                     double *buffer)
{
    row_place source, target;
    row_extent e = rows_extent(point);
    PSW_TRY(reader_rows(from));
    PSW_TRY(rows_find(&from->rows, from_slot, &e, &source));
    PSW_TRY(rows_find(to, to_slot, &e, &target));
    for (int i = ROWS_SPECIAL_MASS; i < ROWS_OUTPUT; i++)
        PSW_TRY(copy_line(&from->rows, i, (span){from->rows.rows, source.row, e.rows}, to->dataset[i],
                          (span){to->rows, target.row, e.rows}, buffer));
    return copy_line(&from->rows, ROWS_OUTPUT, (span){from->rows.values, source.value, e.values},
                     to->dataset[ROWS_OUTPUT], (span){to->values, target.value, e.values}, buffer);
}
