/* The few words of HDF5 that the room speaks, each with its error in one line. */
#include "store/store.h"

#include <hdf5_hl.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

void store_hdf_quiet(void)
{
    H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
}

/* ---- errors ---- */

/* Called from the innermost record outwards; one is enough. */
static herr_t first_reason(unsigned n, const H5E_error2_t *error, void *out)
{
    const char *system = error->desc ? strstr(error->desc, "error message = '") : NULL;
    if (n > 0 || !error->desc) return 0;
    if (system) { /* the words of errno inside the record of a failed read or write */
        system += strlen("error message = '");
        psw_format(out, 256, "%.*s", (int)strcspn(system, "'"), system);
    } else {
        psw_format(out, 256, "%s", error->desc);
    }
    return 0;
}

/* For a write that failed inside MPI-IO: HDF5 does not get the reason, but errno still holds it. */
static const char *disk_word(void)
{
    bool disk = errno == ENOSPC || errno == EIO || errno == EDQUOT || errno == EFBIG || errno == EROFS;
    return disk ? psw_reason(errno) : "";
}

psw_status store_hdf_fail(const char *file, int line, const char *format, ...)
{
    char why[256] = "", what[512];
    va_list arguments;
    H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, first_reason, why);
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    if (strstr(why, "write failed") && *disk_word()) psw_format(why, sizeof why, "%s", disk_word());
    return psw_fail_at(PSW_ENVIRONMENT, file, line, why[0] ? "%s: %s" : "%s%s", what, why);
}

/* ---- types and attributes ---- */

hid_t store_hdf_type(psw_column_type type)
{
    switch (type) {
    case PSW_F8: return H5T_IEEE_F64LE;
    case PSW_I8: return H5T_STD_I64LE;
    case PSW_U8: return H5T_STD_U64LE;
    case PSW_U1: return H5T_STD_U8LE;
    }
    return -1;
}

hid_t store_hdf_text_type(size_t size)
{
    hid_t type = H5Tcopy(H5T_C_S1);
    H5Tset_size(type, size ? size : 1);
    H5Tset_cset(type, H5T_CSET_UTF8);
    return type;
}

static psw_status put(hid_t object, const char *name, hid_t type, hid_t space, const void *values)
{
    hid_t attribute = H5Acreate2(object, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    psw_status status = PSW_OK;
    if (attribute < 0 || H5Awrite(attribute, type, values) < 0) status = HDF_FAIL("cannot write attribute %s", name);
    if (attribute >= 0) H5Aclose(attribute);
    H5Sclose(space);
    return status;
}

psw_status store_hdf_put_text(hid_t object, const char *name, const char *text)
{
    hid_t type = store_hdf_text_type(strlen(text) + 1);
    psw_status status = put(object, name, type, H5Screate(H5S_SCALAR), text);
    H5Tclose(type);
    return status;
}

psw_status store_hdf_put_numbers(hid_t object, const char *name, hid_t type, hsize_t count, const void *values)
{
    return put(object, name, type, H5Screate_simple(1, &count, NULL), values);
}

bool store_hdf_get_text_attribute(hid_t object, const char *name, char *text, size_t size)
{
    text[0] = '\0';
    if (H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    bool fits = type >= 0 && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
                H5Tget_size(type) < size && H5Aget_storage_size(attribute) == H5Tget_size(type) &&
                H5Aread(attribute, type, text) >= 0;
    if (fits) text[H5Tget_size(type)] = '\0';
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return fits;
}

bool store_hdf_get_numbers(hid_t object, const char *name, hid_t type, size_t most, void *values, ptrdiff_t *count)
{
    if (H5Aexists(object, name) <= 0) return false;
    hid_t attribute = H5Aopen(object, name, H5P_DEFAULT), stored = attribute >= 0 ? H5Aget_type(attribute) : -1;
    size_t bytes = stored >= 0 ? (size_t)H5Aget_storage_size(attribute) : 0;
    *count = (ptrdiff_t)(bytes / H5Tget_size(type));
    bool fits =
        stored >= 0 && H5Tequal(stored, type) > 0 && (size_t)*count <= most && H5Aread(attribute, type, values) >= 0;
    if (stored >= 0) H5Tclose(stored);
    if (attribute >= 0) H5Aclose(attribute);
    return fits;
}

/* ---- datasets ---- */

/* Nothing in a file is trusted: links may lead elsewhere. */
psw_status store_hdf_open_own(hid_t at, const char *name, hid_t *dataset)
{
    H5L_info_t link;
    if (H5Lexists(at, name, H5P_DEFAULT) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s is missing", name);
    if (H5Lget_info(at, name, &link, H5P_DEFAULT) < 0 || link.type != H5L_TYPE_HARD)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is a link to somewhere else", name);
    *dataset = H5Dopen2(at, name, H5P_DEFAULT);
    return *dataset < 0 ? HDF_FAIL("cannot open %s", name) : PSW_OK;
}

/* As a run writes it: nothing but its numbers changes, and they are where they are. */
static bool is_plain(hid_t dataset)
{
    hid_t made = H5Dget_create_plist(dataset);
    bool plain = made >= 0 && H5Pget_layout(made) == H5D_CONTIGUOUS && H5Dget_offset(dataset) != HADDR_UNDEF;
    if (made >= 0) H5Pclose(made);
    return plain;
}

static bool is_full(hid_t dataset, ptrdiff_t count, size_t size)
{
    return H5Dget_storage_size(dataset) == (hsize_t)count * size;
}

/* `width` 0: a line; else lines of so many values, -1: of any number. */
static bool is_shaped(hid_t dataset, hid_t type, ptrdiff_t length, ptrdiff_t width)
{
    hid_t space = H5Dget_space(dataset), stored = H5Dget_type(dataset);
    hsize_t extent[2] = {0, 1};
    int axes = width != 0 ? 2 : 1;
    bool right = space >= 0 && stored >= 0 && H5Tequal(stored, type) > 0 && H5Sget_simple_extent_ndims(space) == axes &&
                 H5Sget_simple_extent_dims(space, extent, NULL) == axes &&
                 (length < 0 || extent[0] == (hsize_t)length) && (width <= 0 || extent[1] == (hsize_t)width) &&
                 (extent[1] == 0 || extent[0] <= (hsize_t)STORE_VALUES_MOST / extent[1]);
    if (space >= 0) H5Sclose(space);
    if (stored >= 0) H5Tclose(stored);
    return right;
}

psw_status store_hdf_look(hid_t at, const char *name, hid_t type, ptrdiff_t length, ptrdiff_t width, hid_t *dataset)
{
    PSW_TRY(store_hdf_open_own(at, name, dataset));
    if (is_shaped(*dataset, type, length, width)) return PSW_OK;
    H5Dclose(*dataset);
    *dataset = -1;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s has the wrong type or length", name);
}

psw_status store_hdf_open_lines(hid_t at, const char *name, hid_t type, ptrdiff_t length, ptrdiff_t width,
                                hid_t *dataset)
{
    PSW_TRY(store_hdf_look(at, name, type, length, width, dataset));
    bool plain = is_plain(*dataset), full = is_full(*dataset, store_hdf_length(*dataset), H5Tget_size(type));
    if (plain && full) return PSW_OK;
    H5Dclose(*dataset);
    *dataset = -1;
    if (plain) return PSW_FAIL(PSW_ENVIRONMENT, "%s has the wrong type or length", name);
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s is not stored contiguously in the file; if it was repacked: h5repack -f NONE -l CONTI", name);
}

psw_status store_hdf_open(hid_t at, const char *name, hid_t type, ptrdiff_t length, hid_t *dataset)
{
    return store_hdf_open_lines(at, name, type, length, 0, dataset);
}

ptrdiff_t store_hdf_length(hid_t dataset)
{
    hid_t space = H5Dget_space(dataset);
    hssize_t length = H5Sget_simple_extent_npoints(space);
    H5Sclose(space);
    return (ptrdiff_t)length;
}

/* ---- rows ---- */

store_slice store_slice_make(ptrdiff_t length, ptrdiff_t first, ptrdiff_t count)
{
    hsize_t all = (hsize_t)length, from = (hsize_t)first, rows = (hsize_t)count;
    store_slice s = {H5Screate_simple(1, &all, NULL), H5Screate_simple(1, &rows, NULL)};
    H5Sselect_hyperslab(s.file, H5S_SELECT_SET, &from, NULL, &rows, NULL);
    return s;
}

void store_slice_close(store_slice rows)
{
    H5Sclose(rows.file);
    H5Sclose(rows.memory);
}

psw_status store_hdf_write(hid_t dataset, const char *name, hid_t type, store_slice rows, const void *values)
{
    if (H5Dwrite(dataset, type, rows.memory, rows.file, H5P_DEFAULT, values) < 0)
        return HDF_FAIL("cannot write %s", name);
    return PSW_OK;
}

psw_status store_hdf_read(hid_t dataset, const char *name, hid_t type, store_slice rows, void *values)
{
    if (H5Dread(dataset, type, rows.memory, rows.file, H5P_DEFAULT, values) < 0)
        return HDF_FAIL("cannot read %s", name);
    return PSW_OK;
}

psw_status store_hdf_write_pieces(hid_t dataset, const char *name, hid_t type, store_span at, ptrdiff_t most,
                                  const void *values)
{
    size_t size = H5Tget_size(type);
    for (ptrdiff_t done = 0; done < at.count; done += most) {
        store_slice piece =
            store_slice_make(at.length, at.first + done, at.count - done < most ? at.count - done : most);
        psw_status status = store_hdf_write(dataset, name, type, piece, (const char *)values + (size_t)done * size);
        store_slice_close(piece);
        PSW_TRY(status);
    }
    return PSW_OK;
}

static psw_status write_numbers(hid_t scale, const char *name, ptrdiff_t length)
{
    int64_t *numbers = malloc((size_t)length * sizeof *numbers);
    if (!numbers) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td numbers of dimension %s", length, name);
    for (ptrdiff_t i = 0; i < length; i++) numbers[i] = i;
    bool written = H5Dwrite(scale, H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) >= 0;
    free(numbers);
    return written ? PSW_OK : HDF_FAIL("cannot write dimension %s", name);
}

psw_status store_hdf_create_scale(hid_t place, const char *name, const char *long_name, ptrdiff_t length, hid_t *scale)
{
    hsize_t extent = (hsize_t)length;
    hid_t space = H5Screate_simple(1, &extent, NULL);
    *scale = H5Dcreate2(place, name, H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Sclose(space);
    if (*scale < 0) return HDF_FAIL("cannot create dimension %s", name);
    PSW_TRY(store_hdf_put_text(*scale, "units", "1"));
    PSW_TRY(store_hdf_put_text(*scale, "long_name", long_name));
    PSW_TRY(write_numbers(*scale, name, length));
    return H5DSset_scale(*scale, name) < 0 ? HDF_FAIL("cannot make dimension %s", name) : PSW_OK;
}

void psw_store_library(char *text, size_t size)
{
    unsigned major = 0, minor = 0, release = 0;
    H5get_libversion(&major, &minor, &release);
    psw_format(text, size, "%u.%u.%u", major, minor, release);
}
