/* Kept rows of a slot, read and moved to another file. */
#include "store/store.h"

#include <string.h>

/* The lengths are the file's own; that a slot's rows lie inside is checked where they are asked for. */
static psw_status measure(hid_t group, layout *what)
{
    hid_t rows, values;
    PSW_TRY(hdf_open(group, "log2_den", H5T_IEEE_F64LE, -1, &rows));
    what->rows = hdf_length(rows);
    H5Dclose(rows);
    PSW_TRY(hdf_open(group, "output", H5T_IEEE_F64LE, -1, &values));
    what->values = hdf_length(values);
    H5Dclose(values);
    return PSW_OK;
}

psw_status reader_rows(psw_reader *reader)
{
    layout what = {.slots = reader->slots, .keeps_rows = true};
    if (reader->rows_known) return PSW_OK;
    if (H5Lexists(reader->file, "rows", H5P_DEFAULT) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "group /rows is missing");
    hid_t group = H5Gopen2(reader->file, "rows", H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("group /rows cannot be opened");
    psw_status status = measure(group, &what);
    H5Gclose(group);
    if (status == PSW_OK) status = rows_open(reader->file, &what, &reader->rows);
    reader->rows_known = status == PSW_OK;
    return status;
}

static psw_status read_span(hid_t dataset, const char *name, span at, double *values)
{
    slice piece = slice_make(at.length, at.first, at.count);
    psw_status status = hdf_read(dataset, name, H5T_NATIVE_DOUBLE, piece, values);
    slice_close(piece);
    return status;
}

psw_status psw_reader_rows_get(psw_reader *reader, ptrdiff_t slot, const psw_point *point, psw_row_span at,
                               psw_kept_rows rows)
{
    row_place place;
    row_extent e = rows_extent(point);
    PSW_TRY(reader_rows(reader));
    kept_rows *kept = &reader->rows;
    if (slot < 0 || slot >= reader->slots || at.set < 0 || at.set >= e.sets || at.first < 0 || at.count < 0 ||
        at.first > e.queries - at.count)
        return PSW_FAIL(PSW_BUG, "rows %td to %td of slot %td were asked for", at.first, at.first + at.count, slot);
    PSW_TRY(rows_find(kept, slot, &e, &place));
    if (at.count == 0) return PSW_OK;
    ptrdiff_t row = at.set * e.queries + at.first;
    span line = {kept->rows, place.row + row, at.count};
    span values = {kept->values, place.value + row * point->v, at.count * point->v};
    PSW_TRY(read_span(kept->dataset[ROWS_SPECIAL_MASS], "/rows/special_mass", line, rows.special_mass));
    PSW_TRY(read_span(kept->dataset[ROWS_LOG2_DEN], "/rows/log2_den", line, rows.log2_den));
    return read_span(kept->dataset[ROWS_OUTPUT], "/rows/output", values, rows.output);
}

/* ---- to another file ---- */

static psw_status copy_line(hid_t from, span source, hid_t to, span target, double *buffer)
{
    psw_status status = PSW_OK;
    for (ptrdiff_t done = 0; status == PSW_OK && done < source.count; done += ROWS_BUFFER) {
        ptrdiff_t count = source.count - done < ROWS_BUFFER ? source.count - done : ROWS_BUFFER;
        status = read_span(from, "kept rows", (span){source.length, source.first + done, count}, buffer);
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
        PSW_TRY(copy_line(from->rows.dataset[i], (span){from->rows.rows, source.row, e.rows}, to->dataset[i],
                          (span){to->rows, target.row, e.rows}, buffer));
    return copy_line(from->rows.dataset[ROWS_OUTPUT], (span){from->rows.values, source.value, e.values},
                     to->dataset[ROWS_OUTPUT], (span){to->values, target.value, e.values}, buffer);
}
