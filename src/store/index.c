/* Where a dataset's numbers are: whole, in chunks, or nowhere. Only a child process asks this of a file that may be
 * damaged; what it says is checked by the reader. */
#include "store/store.h"

#include <string.h>

/* ---- how it is stored ---- */

static psw_status refuse(const char *name, const char *what)
{
    return PSW_FAIL(PSW_ENVIRONMENT, "%s %s; if it was repacked: h5repack -f SHUF -f GZIP=6, or -f NONE -l CONTI", name,
                    what);
}

/* What of a chunk's filters are which; others are not read. */
typedef struct pipeline {
    unsigned shuffle, deflate; /* bits of a chunk's mask; 0: there is no such filter */
} pipeline;

static psw_status know_filters(hid_t made, const char *name, size_t size, pipeline *out)
{
    int count = H5Pget_nfilters(made);
    *out = (pipeline){0};
    for (int i = 0; i < count && i < 32; i++) {
        unsigned flags = 0, config = 0, values[8] = {0};
        size_t used = 8;
        H5Z_filter_t filter = H5Pget_filter2(made, (unsigned)i, &flags, &used, values, 0, NULL, &config);
        if (filter == H5Z_FILTER_SHUFFLE && !out->shuffle && !out->deflate && used == 1 && values[0] == size)
            out->shuffle = 1u << i;
        else if (filter == H5Z_FILTER_DEFLATE && !out->deflate)
            out->deflate = 1u << i;
        else
            return refuse(name, "has a filter other than shuffle and then deflate");
    }
    return count >= 0 && count < 32 ? PSW_OK : refuse(name, "has too many filters");
}

/* Chunks are lines of whole lines: one value after the other, as in a whole dataset. */
static ptrdiff_t chunk_values(hid_t dataset, hid_t made)
{
    hsize_t chunk[2] = {0, 1}, extent[2] = {0, 1};
    hid_t space = H5Dget_space(dataset);
    int axes = space >= 0 ? H5Sget_simple_extent_dims(space, NULL, NULL) : -1;
    bool known = (axes == 1 || axes == 2) && H5Sget_simple_extent_dims(space, extent, NULL) == axes &&
                 H5Pget_chunk(made, 2, chunk) == axes;
    if (space >= 0) H5Sclose(space);
    if (!known || chunk[0] == 0 || chunk[1] != extent[1]) return -1;
    if (chunk[0] > STORE_CHUNK_BYTES || chunk[1] > STORE_CHUNK_BYTES) return -1;
    return (ptrdiff_t)(chunk[0] * chunk[1]);
}

/* ---- its chunks ---- */

#if H5_VERSION_GE(1, 10, 5)
/* HDF5 finds each by going through those before it. */
static psw_status list_chunks(hid_t dataset, const char *name, pipeline filters, const store_raw *raw,
                              store_chunk *chunks)
{
    hid_t space = H5Dget_space(dataset);
    hsize_t stored = 0, at[H5S_MAX_RANK] = {0}, all = (hsize_t)((raw->count + raw->chunk - 1) / raw->chunk), extent[2];
    hsize_t width = H5Sget_simple_extent_dims(space, extent, NULL) == 2 ? extent[1] : 1;
    bool known = H5Dget_num_chunks(dataset, space, &stored) >= 0 && stored <= all;
    for (hsize_t i = 0; known && i < stored; i++) {
        unsigned mask = 0;
        haddr_t offset = HADDR_UNDEF;
        hsize_t bytes = 0, number = 0;
        known = H5Dget_chunk_info(dataset, space, i, at, &mask, &offset, &bytes) >= 0;
        number = at[0] * width / (hsize_t)raw->chunk;
        known = known && at[0] <= (hsize_t)raw->count && number < all && bytes <= UINT32_MAX;
        if (!known) continue;
        uint32_t how = (filters.shuffle && !(mask & filters.shuffle) ? STORE_SHUFFLED : 0) |
                       (filters.deflate && !(mask & filters.deflate) ? STORE_DEFLATED : 0);
        chunks[number] = (store_chunk){offset, (uint32_t)bytes, how};
    }
    H5Sclose(space);
    return known ? PSW_OK : refuse(name, "has a table of chunks that makes no sense");
}
#else
static psw_status list_chunks(hid_t dataset, const char *name, pipeline filters, const store_raw *raw,
                              store_chunk *chunks)
{
    (void)dataset, (void)filters, (void)raw, (void)chunks;
    return refuse(name, "is stored in chunks, and this HDF5 does not say where they are (1.10.5 and newer do)");
}
#endif

static psw_status place_chunks(hid_t dataset, hid_t made, const char *name, store_index *index, store_raw *raw)
{
    pipeline filters;
    raw->way = STORE_CHUNKED;
    raw->chunk = chunk_values(dataset, made);
    if (raw->chunk < 1 || raw->chunk > STORE_CHUNK_BYTES / raw->size)
        return refuse(name, "has chunks that are not whole lines, or larger than 4 MiB");
    PSW_TRY(know_filters(made, name, (size_t)raw->size, &filters));
    ptrdiff_t chunks = (raw->count + raw->chunk - 1) / raw->chunk;
    if (H5Dget_storage_size(dataset) == 0) { /* no chunk: no table of them either */
        raw->way = STORE_NOWHERE;
        return PSW_OK;
    }
    if (chunks > STORE_CHUNKS_MOST - index->count) return refuse(name, "has too many chunks");
    raw->first = index->count;
    index->count += chunks;
    for (ptrdiff_t i = 0; i < chunks; i++) index->chunk[raw->first + i] = (store_chunk){.offset = STORE_NO_CHUNK};
    return list_chunks(dataset, name, filters, raw, index->chunk + raw->first);
}

static psw_status place_any(hid_t dataset, hid_t made, const char *name, store_index *index, store_raw *raw)
{
    if (H5Pget_layout(made) == H5D_CHUNKED) return place_chunks(dataset, made, name, index, raw);
    if (H5Pget_layout(made) != H5D_CONTIGUOUS || H5Pget_external_count(made) != 0)
        return refuse(name, "is stored neither contiguously nor in chunks of this file");
    raw->offset = H5Dget_offset(dataset);
    if (raw->offset == HADDR_UNDEF)
        raw->way = STORE_NOWHERE;
    else if (H5Dget_storage_size(dataset) != (hsize_t)raw->count * (hsize_t)raw->size)
        return refuse(name, "is not stored at its full length");
    return PSW_OK;
}

/* Of a value of more than 8 bytes, a text, it is nothing. */
static psw_status know_fill(hid_t made, hid_t type, const char *name, store_raw *raw)
{
    unsigned char fill[STORE_VALUE_BYTES] = {0};
    static const unsigned char nothing[STORE_VALUE_BYTES];
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    H5Pfill_value_defined(made, &defined);
    if (defined == H5D_FILL_VALUE_USER_DEFINED && H5Pget_fill_value(made, type, fill) < 0)
        return refuse(name, "has a fill value of another type");
    if (raw->size > (ptrdiff_t)sizeof raw->fill && memcmp(fill, nothing, (size_t)raw->size) != 0)
        return refuse(name, "has a fill value that is not empty");
    memcpy(raw->fill, fill, sizeof raw->fill);
    return PSW_OK;
}

psw_status store_hdf_place(hid_t dataset, const char *name, store_index *index, store_raw *out)
{
    hid_t made = H5Dget_create_plist(dataset), type = H5Dget_type(dataset);
    store_raw raw = {.count = store_hdf_length(dataset), .size = type >= 0 ? (ptrdiff_t)H5Tget_size(type) : 0};
    psw_status status = PSW_OK;
    if (made < 0 || raw.size < 1 || raw.size > STORE_VALUE_BYTES || raw.count < 0 || raw.count > STORE_VALUES_MOST)
        status = refuse(name, "has values that are not read");
    if (status == PSW_OK) status = place_any(dataset, made, name, index, &raw);
    if (status == PSW_OK && raw.way != STORE_WHOLE) status = know_fill(made, type, name, &raw);
    if (made >= 0) H5Pclose(made);
    if (type >= 0) H5Tclose(type);
    if (status == PSW_OK) *out = raw;
    return status;
}

/* ---- by name ---- */

psw_status store_hdf_find(hid_t at, const char *name, hid_t type, ptrdiff_t length, store_index *index, store_raw *out)
{
    hid_t dataset;
    PSW_TRY(store_hdf_look(at, name, type, length, 0, &dataset));
    psw_status status = store_hdf_place(dataset, name, index, out);
    H5Dclose(dataset);
    return status;
}

static bool is_text(hid_t dataset, hid_t type, size_t size, size_t most)
{
    hid_t made = H5Dget_create_plist(dataset);
    bool whole = made >= 0 && H5Pget_layout(made) == H5D_CONTIGUOUS && H5Pget_external_count(made) == 0;
    if (made >= 0) H5Pclose(made);
    return whole && size > 0 && size <= most && H5Tget_class(type) == H5T_STRING && H5Tis_variable_str(type) == 0 &&
           H5Dget_offset(dataset) != HADDR_UNDEF && store_hdf_length(dataset) == 1 &&
           H5Dget_storage_size(dataset) == size;
}

psw_status store_hdf_find_text(hid_t at, const char *name, size_t most, store_raw *out)
{
    hid_t dataset;
    PSW_TRY(store_hdf_open_own(at, name, &dataset));
    hid_t type = H5Dget_type(dataset);
    size_t size = type >= 0 ? H5Tget_size(type) : 0;
    bool text = is_text(dataset, type, size, most);
    *out = (store_raw){.offset = H5Dget_offset(dataset), .count = (ptrdiff_t)size, .size = 1};
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return text ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "%s is not a text of at most %zu bytes", name, most);
}
