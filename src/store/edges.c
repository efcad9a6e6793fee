/* What a search found: group /edges, four rows a combination on a dimension of their own. It is made with the file and
 * written when the search has ended; until then its numbers are NaN and -1. */
#include <hdf5_hl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "store/store.h"

enum { PIECE = 64 }; /* combinations at a time */

static ptrdiff_t length_of(const store_layout *what)
{
    return PSW_SEARCH_EDGES * what->combinations;
}

static bool is_bitwise(const psw_column *columns, ptrdiff_t count, const char *name)
{
    for (ptrdiff_t i = 0; name && i < count; i++)
        if (strcmp(columns[i].name, name) == 0) return columns[i].bitwise;
    return !name;
}

void store_edges_measure(const psw_study *study, store_layout *what)
{
    const psw_settings *settings = psw_study_settings(study);
    psw_column columns[PSW_COLUMNS_MAX];
    psw_combinations all;
    what->search = psw_study_search(study);
    what->error = settings->until != PSW_UNTIL_FIXED ? settings->error : NAN;
    if (!what->search) return;
    ptrdiff_t count = psw_columns_of(study, columns);
    what->search_bitwise =
        is_bitwise(columns, count, what->search->column) && is_bitwise(columns, count, what->search->level_column);
    what->combinations = psw_combinations_create(study, &all) == PSW_OK ? all.count : -1;
    psw_combinations_free(&all);
}

double store_edges_bytes(const store_layout *what)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    size_t row = sizeof(int64_t); /* of the dimension */
    for (ptrdiff_t i = 0; i < lines; i++) row += psw_column_bytes(&columns[i]);
    return what->search ? (double)row * (double)length_of(what) : 0;
}

/* ---- creating ---- */

static psw_status put_level(hid_t group, const psw_search_keys *search)
{
    char text[512];
    if (!search->level_column) return store_hdf_put_numbers(group, "level", H5T_IEEE_F64LE, 1, &search->level);
    psw_format(text, sizeof text, "%s where %s", search->level_column, search->level_where);
    return store_hdf_put_text(group, "level", text);
}

static psw_status put_keys(hid_t group, const store_layout *what)
{
    const psw_search_keys *search = what->search;
    PSW_TRY(store_hdf_put_text(group, "long_name", "where the column crosses the level along an axis"));
    PSW_TRY(store_hdf_put_text(group, "comment",
                               "An edge is in (lo, hi]. Rows 4 c to 4 c + 3 are of combination c: points that differ "
                               "in the axis alone. Until the search has ended, numbers are NaN and counts -1."));
    PSW_TRY(store_hdf_put_text(group, "over", search->over));
    PSW_TRY(store_hdf_put_text(group, "column", search->column));
    PSW_TRY(put_level(group, search));
    PSW_TRY(store_hdf_put_text(group, "edges", psw_word(PSW_WORDS_EDGES, (int)search->edges)));
    PSW_TRY(store_hdf_put_numbers(group, "within", H5T_IEEE_F64LE, 1, &search->within));
    return isnan(what->error) ? PSW_OK : store_hdf_put_numbers(group, "error", H5T_IEEE_F64LE, 1, &what->error);
}

static psw_status create_columns(hid_t group, const store_layout *what)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    hsize_t length = (hsize_t)length_of(what);
    hid_t scale = -1, space = H5Screate_simple(1, &length, NULL);
    psw_status status =
        store_hdf_create_scale(group, "edge", "edge modulo 4 of combination edge / 4", length_of(what), &scale);
    for (ptrdiff_t i = 0; status == PSW_OK && i < lines; i++) {
        psw_column column = columns[i];
        column.bitwise |= what->search_bitwise;
        status = store_column_create(group, &column, space, scale);
    }
    if (scale >= 0) H5Dclose(scale);
    H5Sclose(space);
    return status;
}

psw_status store_edges_create(hid_t file, const store_layout *what)
{
    if (!what->search) return PSW_OK;
    hid_t how = H5Pcreate(H5P_GROUP_CREATE);
    H5Pset_link_creation_order(how, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED);
    hid_t group = H5Gcreate2(file, "edges", H5P_DEFAULT, how, H5P_DEFAULT);
    H5Pclose(how);
    if (group < 0) return HDF_FAIL("cannot create /edges");
    psw_status status = put_keys(group, what);
    if (status == PSW_OK) status = create_columns(group, what);
    H5Gclose(group);
    return status;
}

/* ---- rows ---- */

void psw_edge_rows(const psw_crossings *found, ptrdiff_t combination, psw_edge_row rows[PSW_SEARCH_EDGES])
{
    for (ptrdiff_t k = 0; k < PSW_SEARCH_EDGES; k++) {
        const psw_crossing none = {PSW_EDGE_NONE, NAN, NAN, NAN, NAN, NAN};
        const psw_crossing *edge = k < found->count ? &found->edge[k] : &none;
        psw_edge_row *row = &rows[k];
        row->combination = combination, row->slot = found->first_slot, row->count = found->count;
        row->kind = edge->kind, row->position = edge->position, row->lo = edge->lo, row->hi = edge->hi;
        row->theory = edge->theory, row->theory_z = edge->theory_z;
        row->evaluations = found->evaluations, row->trials = (ptrdiff_t)found->trials, row->flops = found->flops;
        row->starts = found->starts, row->missed = found->missed, row->open = found->open;
    }
}

static void put_nothing(psw_edge_row *row)
{
    row->combination = row->slot = row->count = row->evaluations = row->trials = row->missed = row->open = -1;
    row->kind = PSW_EDGE_NONE, row->starts = PSW_SIDE_NONE;
    row->position = row->lo = row->hi = row->theory = row->theory_z = row->flops = NAN;
}

static psw_status write_rows(const store_kept_edges *kept, ptrdiff_t first, ptrdiff_t count, const psw_edge_row *rows)
{
    uint64_t packed[PSW_SEARCH_EDGES * PIECE];
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    store_slice at = store_slice_make(PSW_SEARCH_EDGES * kept->combinations, first, count);
    psw_status status = PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && i < lines; i++) {
        size_t size = psw_column_bytes(&columns[i]);
        for (ptrdiff_t k = 0; k < count; k++)
            psw_column_pack(&columns[i], &rows[k].record, 1, (char *)packed + (size_t)k * size);
        status = store_hdf_write(kept->dataset[i], columns[i].name, store_hdf_type(columns[i].type), at, packed);
    }
    store_slice_close(at);
    return status;
}

/* In pieces; found NULL: nothing is known. */
static psw_status put_pieces(const store_kept_edges *kept, ptrdiff_t first, ptrdiff_t count, const psw_crossings *found)
{
    psw_edge_row *rows = calloc(PSW_SEARCH_EDGES * PIECE, sizeof *rows);
    psw_status status = rows ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to write edges");
    for (ptrdiff_t done = 0; status == PSW_OK && done < count; done += PIECE) {
        ptrdiff_t piece = count - done < PIECE ? count - done : PIECE;
        for (ptrdiff_t i = 0; i < piece; i++)
            if (found) psw_edge_rows(&found[done + i], first + done + i, rows + PSW_SEARCH_EDGES * i);
        for (ptrdiff_t i = 0; !found && i < PSW_SEARCH_EDGES * piece; i++) put_nothing(&rows[i]);
        status = write_rows(kept, PSW_SEARCH_EDGES * (first + done), PSW_SEARCH_EDGES * piece, rows);
    }
    free(rows);
    return status;
}

psw_status store_edges_put(const store_kept_edges *kept, ptrdiff_t first, ptrdiff_t count, const psw_crossings *found)
{
    if (first < 0 || count < 0 || first > kept->combinations - count)
        return PSW_FAIL(PSW_BUG, "edges of combinations %td to %td of %td cannot be written", first, first + count,
                        kept->combinations);
    return put_pieces(kept, first, count, found);
}

psw_status store_edges_fill(hid_t file, const store_layout *what)
{
    store_kept_edges kept;
    if (!what->search) return PSW_OK;
    PSW_TRY(store_edges_open(file, what, &kept));
    psw_status status = put_pieces(&kept, 0, kept.combinations, NULL);
    store_edges_close(&kept);
    return status;
}

/* ---- opening ---- */

psw_status store_edges_open(hid_t file, const store_layout *what, store_kept_edges *kept)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    *kept = (store_kept_edges){.combinations = what->search ? what->combinations : 0};
    if (!what->search) return PSW_OK;
    if (H5Lexists(file, "edges", H5P_DEFAULT) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "group /edges is missing");
    hid_t group = H5Gopen2(file, "edges", H5P_DEFAULT);
    psw_status status = group < 0 ? HDF_FAIL("group /edges cannot be opened") : PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && i < lines; i++)
        status =
            store_hdf_open(group, columns[i].name, store_hdf_type(columns[i].type), length_of(what), &kept->dataset[i]);
    if (group >= 0) H5Gclose(group);
    if (status != PSW_OK) store_edges_close(kept);
    return status;
}

void store_edges_close(store_kept_edges *kept)
{
    for (int i = 0; i < STORE_EDGE_COLUMNS; i++)
        if (kept->dataset[i] > 0) {
            H5Dclose(kept->dataset[i]);
            kept->dataset[i] = 0;
        }
}
