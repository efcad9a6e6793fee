/* What a study keeps of every row: group /rows. Lines over all slots, ragged: slot after slot, in a slot D_0's rows
 * before D_1's, and the widths of points differ. Where a slot begins is in the file, so no reader has to add up. */
#include <hdf5_hl.h>
#include <math.h>

#include "store/store.h"

/* By the dimension they are on: slots, rows, values. */
static const psw_column beginnings[ROWS_SPECIAL_MASS] = {
    [ROWS_FIRST_ROW] = {"first_row", "1", "position of the point's first row", PSW_I8, true, {0, 0}, -1, 0, false, NAN},
    [ROWS_FIRST_VALUE] =
        {"first_value", "1", "position of the point's first value of output", PSW_I8, true, {0, 0}, -1, 0, false, NAN},
    [ROWS_SETS] =
        {"sets", "count", "data sets: D_0, or D_0 and then D_1; 0 = no rows", PSW_I8, true, {0, 0}, -1, 0, false, NAN},
    [ROWS_QUERIES] = {"queries", "count", "rows of a data set", PSW_I8, true, {0, 0}, -1, 0, false, NAN},
};

/* The lines of positions come first, then those of results. */
static const psw_column *line_at(int line)
{
    ptrdiff_t count;
    return line < ROWS_SPECIAL_MASS ? &beginnings[line] : psw_row_columns(&count) + (line - ROWS_SPECIAL_MASS);
}

static const ptrdiff_t most_values = (ptrdiff_t)1 << 58; /* beyond every disk, and its bytes are still a number */

/* ---- sizes ---- */

store_row_extent store_rows_extent(const psw_point *point)
{
    if (!psw_method_computes(point->method)) return (store_row_extent){0};
    store_row_extent e = {.sets = psw_data_sets(point), .queries = psw_data_queries(point)};
    double values = (double)e.sets * (double)e.queries * (double)point->v;
    e.rows = values < (double)most_values ? e.sets * e.queries : most_values;
    e.values = values < (double)most_values ? e.rows * point->v : most_values;
    return e;
}

static ptrdiff_t add(ptrdiff_t a, ptrdiff_t b)
{
    return a < most_values - b ? a + b : most_values;
}

void store_rows_measure(store_layout *what)
{
    what->rows = what->values = 0;
    for (ptrdiff_t slot = 0; slot < what->slots; slot++) {
        psw_point point = what->point(what->context, slot);
        store_row_extent e = store_rows_extent(&point);
        what->rows = add(what->rows, e.rows);
        what->values = add(what->values, e.values);
    }
    if (what->rows == 0) what->rows = 1; /* HDF5 gives nothing empty a place in the file */
    if (what->values == 0) what->values = 1;
}

static ptrdiff_t length_of(const store_layout *what, int line)
{
    return line < ROWS_SPECIAL_MASS ? what->slots : line < ROWS_OUTPUT ? what->rows : what->values;
}

double store_rows_bytes(const store_layout *what)
{
    double bytes = 0;
    for (int i = 0; what->keeps_rows && i < ROWS_LINES; i++)
        bytes += (double)psw_column_bytes(line_at(i)) * (double)length_of(what, i);
    return bytes;
}

/* ---- creating ---- */

/* A dimension without values, in netCDF's words: a dataset that is never written and takes no room. */
static psw_status create_dimension(hid_t group, const char *name, ptrdiff_t length, hid_t *scale)
{
    hsize_t size = (hsize_t)length;
    hid_t space = H5Screate_simple(1, &size, NULL);
    *scale = H5Dcreate2(group, name, H5T_STD_U8LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Sclose(space);
    if (*scale < 0 || H5DSset_scale(*scale, "This is a netCDF dimension but not a netCDF variable.") < 0)
        return HDF_FAIL("cannot make dimension %s of /rows", name);
    return PSW_OK;
}

static psw_status create_lines(hid_t group, const store_layout *what, const hid_t scales[3])
{
    psw_status status = PSW_OK;
    for (int i = 0; status == PSW_OK && i < ROWS_LINES; i++) {
        hsize_t length = (hsize_t)length_of(what, i);
        hid_t space = H5Screate_simple(1, &length, NULL);
        status = store_column_create(group, line_at(i), space,
                                     scales[i < ROWS_SPECIAL_MASS ? 0
                                            : i < ROWS_OUTPUT     ? 1
                                                                  : 2]);
        H5Sclose(space);
    }
    return status;
}

static bool same_everywhere(const psw_method_facts *method)
{
    return method->folds == PSW_FOLDS_ROWS && method->bitwise;
}

static psw_status put_promise(hid_t group)
{
    char text[512];
    psw_format(text, sizeof text,
               "%s attention of the same data has the same bits under AVX2, AVX-512 and AArch64, where tiles are the "
               "program's own kernel (/provenance/launches)",
               psw_methods_where(same_everywhere).text);
    return store_hdf_put_text(group, "comment", text);
}

psw_status store_rows_create(hid_t file, const store_layout *what)
{
    if (!what->keeps_rows) return PSW_OK;
    hid_t how = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(how, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t group = H5Gcreate2(file, "rows", H5P_DEFAULT, how, H5P_DEFAULT);
    H5Pclose(how);
    if (group < 0) return HDF_FAIL("cannot create /rows");
    hid_t scales[3] = {H5Dopen2(file, "point", H5P_DEFAULT), -1, -1};
    psw_status status = store_hdf_put_text(group, "long_name", "attention of every query row");
    if (status == PSW_OK) status = put_promise(group);
    if (status == PSW_OK) status = create_dimension(group, "row", what->rows, &scales[1]);
    if (status == PSW_OK) status = create_dimension(group, "value", what->values, &scales[2]);
    if (status == PSW_OK) status = create_lines(group, what, scales);
    for (int i = 0; i < 3; i++)
        if (scales[i] >= 0) H5Dclose(scales[i]);
    H5Gclose(group);
    return status;
}

/* ---- opening ---- */

static psw_status open_lines(hid_t group, const store_layout *what, hid_t *datasets)
{
    for (int i = 0; i < ROWS_LINES; i++)
        PSW_TRY(store_hdf_open(group, line_at(i)->name, store_hdf_type(line_at(i)->type), length_of(what, i),
                               &datasets[i]));
    return PSW_OK;
}

static store_kept_rows rows_of(const store_layout *what)
{
    store_kept_rows kept = {.slots = what->slots, .rows = what->rows, .values = what->values};
    for (int i = 0; i < PSW_GROUP_MAX; i++) kept.place[i].slot = -1;
    for (int i = 0; i < ROWS_LINES; i++) kept.dataset[i] = -1;
    return kept;
}

psw_status store_rows_open(hid_t file, const store_layout *what, store_kept_rows *kept)
{
    *kept = rows_of(what);
    if (!what->keeps_rows) return PSW_OK;
    if (H5Lexists(file, "rows", H5P_DEFAULT) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "group /rows is missing");
    hid_t group = H5Gopen2(file, "rows", H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("group /rows cannot be opened");
    psw_status status = open_lines(group, what, kept->dataset);
    H5Gclose(group);
    if (status != PSW_OK) store_rows_close(kept);
    return status;
}

void store_rows_close(store_kept_rows *kept)
{
    for (int i = 0; i < ROWS_LINES; i++)
        if (kept->dataset[i] > 0) {
            H5Dclose(kept->dataset[i]);
            kept->dataset[i] = -1;
        }
}

psw_status store_rows_take(const psw_reader *reader, const store_layout *what, store_kept_rows *kept)
{
    *kept = rows_of(what);
    kept->file = reader->file;
    for (int i = 0; i < ROWS_LINES; i++) {
        kept->line[i] = reader->has.rows[i];
        if (kept->line[i].count != length_of(what, i))
            return PSW_FAIL(PSW_ENVIRONMENT, "/rows/%s has %td values, not %td", line_at(i)->name, kept->line[i].count,
                            length_of(what, i));
    }
    return PSW_OK;
}

/* ---- positions of the rows of slots ---- */

typedef struct index_piece {
    ptrdiff_t rows, values; /* of all slots before */
    ptrdiff_t line[ROWS_SPECIAL_MASS][STORE_PIECE];
} index_piece;

static void index_next(const store_layout *what, ptrdiff_t first, ptrdiff_t count, index_piece *piece)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_point point = what->point(what->context, first + i);
        store_row_extent e = store_rows_extent(&point);
        piece->line[ROWS_FIRST_ROW][i] = piece->rows;
        piece->line[ROWS_FIRST_VALUE][i] = piece->values;
        piece->line[ROWS_SETS][i] = e.sets;
        piece->line[ROWS_QUERIES][i] = e.queries;
        piece->rows = add(piece->rows, e.rows);
        piece->values = add(piece->values, e.values);
    }
}

typedef psw_status index_move(const store_kept_rows *kept, int line, ptrdiff_t first, ptrdiff_t count,
                              const ptrdiff_t *values);

static psw_status each_index(const store_layout *what, const store_kept_rows *kept, index_move *move)
{
    index_piece piece = {0};
    psw_status status = PSW_OK;
    for (ptrdiff_t first = 0; status == PSW_OK && first < what->slots; first += STORE_PIECE) {
        ptrdiff_t count = what->slots - first < STORE_PIECE ? what->slots - first : STORE_PIECE;
        index_next(what, first, count, &piece);
        for (int i = 0; status == PSW_OK && i < ROWS_SPECIAL_MASS; i++)
            status = move(kept, i, first, count, piece.line[i]);
    }
    return status;
}

static psw_status write_index(const store_kept_rows *kept, int line, ptrdiff_t first, ptrdiff_t count,
                              const ptrdiff_t *values)
{
    store_slice at = store_slice_make(kept->slots, first, count);
    psw_status status = store_hdf_write(kept->dataset[line], line_at(line)->name, H5T_STD_I64LE, at, values);
    store_slice_close(at);
    return status;
}

static psw_status compare_index(const store_kept_rows *kept, int line, ptrdiff_t first, ptrdiff_t count,
                                const ptrdiff_t *values)
{
    ptrdiff_t stored[STORE_PIECE];
    PSW_TRY(store_raw_read(kept->file, line_at(line)->name, kept->line[line],
                           (store_raw_part){sizeof *stored, first, count}, stored));
    for (ptrdiff_t i = 0; i < count; i++)
        if (stored[i] != values[i])
            return PSW_FAIL(PSW_MISMATCH, "/rows/%s of slot %td is %td instead of %td", line_at(line)->name, first + i,
                            stored[i], values[i]);
    return PSW_OK;
}

psw_status store_rows_fill(hid_t file, const store_layout *what)
{
    store_kept_rows kept;
    if (!what->keeps_rows) return PSW_OK;
    PSW_TRY(store_rows_open(file, what, &kept));
    psw_status status = each_index(what, &kept, write_index);
    store_rows_close(&kept);
    return status;
}

psw_status store_rows_check(const psw_reader *reader, const store_layout *what)
{
    store_kept_rows kept;
    if (!what->keeps_rows) return PSW_OK;
    PSW_TRY(store_finding_tell(&reader->has.rows_are));
    psw_status status = store_rows_take(reader, what, &kept);
    if (status == PSW_ENVIRONMENT) return PSW_FAIL(PSW_MISMATCH, "kept rows: %s", psw_message());
    return each_index(what, &kept, compare_index);
}

psw_status store_rows_locate(hid_t file, store_index *index, store_raw places[ROWS_LINES])
{
    if (H5Lexists(file, "rows", H5P_DEFAULT) <= 0) return PSW_FAIL(PSW_MISMATCH, "kept rows: group /rows is missing");
    hid_t group = H5Gopen2(file, "rows", H5P_DEFAULT), dataset;
    psw_status status = group < 0 ? PSW_FAIL(PSW_MISMATCH, "kept rows: group /rows cannot be opened") : PSW_OK;
    for (int i = 0; status == PSW_OK && i < ROWS_LINES; i++) {
        status = store_hdf_look(group, line_at(i)->name, store_hdf_type(line_at(i)->type), -1, 0, &dataset);
        if (status == PSW_OK) {
            status = store_hdf_place(dataset, line_at(i)->name, index, &places[i]);
            if (status == PSW_OK) status = store_column_check(dataset, line_at(i));
            H5Dclose(dataset);
        }
        if (status == PSW_ENVIRONMENT) status = PSW_FAIL(PSW_MISMATCH, "kept rows: %s", psw_message());
    }
    if (group >= 0) H5Gclose(group);
    return status;
}

psw_status psw_reader_rows(psw_reader *reader, const psw_study *study)
{
    store_layout what = store_layout_of(study);
    return store_rows_check(reader, &what);
}

/* ---- writing ---- */

static psw_status read_place(const store_kept_rows *kept, int line, ptrdiff_t slot, ptrdiff_t *position)
{
    if (kept->file)
        return store_raw_read(kept->file, line_at(line)->name, kept->line[line],
                              (store_raw_part){sizeof *position, slot, 1}, position);
    store_slice one = store_slice_make(kept->slots, slot, 1);
    psw_status status = store_hdf_read(kept->dataset[line], line_at(line)->name, H5T_STD_I64LE, one, position);
    store_slice_close(one);
    return status;
}

/* Read from the file at most once per slot while a group's leaves come in; checked against the lines' ends. */
psw_status store_rows_find(store_kept_rows *kept, ptrdiff_t slot, const store_row_extent *e, store_row_place *out)
{
    store_row_place *place = &kept->place[slot % PSW_GROUP_MAX];
    if (place->slot != slot) {
        place->slot = -1;
        PSW_TRY(read_place(kept, ROWS_FIRST_ROW, slot, &place->row));
        PSW_TRY(read_place(kept, ROWS_FIRST_VALUE, slot, &place->value));
        place->slot = slot;
    }
    *out = *place;
    if (out->row >= 0 && out->row <= kept->rows - e->rows && out->value >= 0 && out->value <= kept->values - e->values)
        return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "/rows is damaged: the rows of slot %td lie outside it", slot);
}

static psw_status check_leaf(const store_kept_rows *kept, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                             ptrdiff_t index, const store_row_extent *e)
{
    if (kept->dataset[ROWS_OUTPUT] < 0)
        return PSW_FAIL(PSW_BUG, "rows of slot %td cannot be kept: the study keeps none", slot);
    if (index >= 0 && index < leaf->points && leaf->sets <= e->sets && leaf->width == point->v && leaf->first >= 0 &&
        leaf->count >= 0 && leaf->first <= e->queries - leaf->count)
        return PSW_OK;
    return PSW_FAIL(PSW_BUG, "rows %td to %td of slot %td cannot be kept: it has %td", leaf->first,
                    leaf->first + leaf->count, slot, e->queries);
}

/* `part` numbers the blocks of rows of a leaf: point after point, in a point set after set. */
static psw_status put_set(const store_kept_rows *kept, store_row_place place, const psw_point *point,
                          const psw_leaf *leaf, ptrdiff_t part, ptrdiff_t most)
{
    bool single = point->precision != PSW_FP64;
    ptrdiff_t row = place.row, values = leaf->count * leaf->width;
    size_t at = (size_t)(part * values) * (single ? sizeof(float) : sizeof(double));
    PSW_TRY(store_hdf_write_pieces(
        kept->dataset[ROWS_OUTPUT], "/rows/output", single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE,
        (store_span){kept->values, place.value, values}, most, (const char *)leaf->rows + at));
    if (leaf->special)
        PSW_TRY(store_hdf_write_pieces(kept->dataset[ROWS_SPECIAL_MASS], "/rows/special_mass", H5T_NATIVE_DOUBLE,
                                       (store_span){kept->rows, row, leaf->count}, most,
                                       leaf->special + part * leaf->count));
    return store_hdf_write_pieces(kept->dataset[ROWS_LOG2_DEN], "/rows/log2_den", H5T_NATIVE_DOUBLE,
                                  (store_span){kept->rows, row, leaf->count}, most,
                                  leaf->log2_den + part * leaf->count);
}

/* The same numbers as put_set writes, at the places that they have among the rows of the slot. */
uint64_t store_rows_sum(const psw_point *point, const psw_leaf *leaf, ptrdiff_t index)
{
    enum { SPECIAL_MASS, LOG2_DEN, OUTPUT };
    uint64_t sum = 0;
    store_row_extent e = store_rows_extent(point);
    for (int set = 0; set < leaf->sets; set++) {
        ptrdiff_t part = index * leaf->sets + set, row = set * e.queries + leaf->first, from = part * leaf->count;
        ptrdiff_t values = leaf->count * leaf->width, place = row * leaf->width;
        if (leaf->special) sum += psw_content_sum(SPECIAL_MASS, row, leaf->count, leaf->special + from);
        sum += psw_content_sum(LOG2_DEN, row, leaf->count, leaf->log2_den + from);
        sum += point->precision != PSW_FP64
                   ? psw_content_sum_single(OUTPUT, place, values, (const float *)leaf->rows + from * leaf->width)
                   : psw_content_sum(OUTPUT, place, values, (const double *)leaf->rows + from * leaf->width);
    }
    return sum;
}

psw_status store_rows_put(store_kept_rows *kept, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                          ptrdiff_t index, ptrdiff_t most)
{
    store_row_place first;
    store_row_extent e = store_rows_extent(point);
    PSW_TRY(check_leaf(kept, slot, point, leaf, index, &e));
    PSW_TRY(store_rows_find(kept, slot, &e, &first));
    for (int set = 0; set < leaf->sets; set++) {
        ptrdiff_t row = set * e.queries + leaf->first;
        store_row_place place = {slot, first.row + row, first.value + row * point->v};
        PSW_TRY(put_set(kept, place, point, leaf, index * leaf->sets + set, most));
    }
    return PSW_OK;
}
