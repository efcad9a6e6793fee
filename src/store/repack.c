/* All objects of a result file in another one, stored in another way. It runs in a child process: HDF5 reads a file
 * that may be damaged. */
#include "store/repack.h"

#include <hdf5_hl.h>
#include <stdlib.h>
#include <string.h>

enum {
    PIECE_BYTES = 1 << 17, /* of a chunk: what varies a slot is kept by readers, for every column */
    CHUNKS_MOST = 4096,    /* of a dataset: HDF5 1.10 goes through all to find one; only the longest have more */
    CHUNKED_BYTES = 2048,  /* smaller tables stay as they are */
    SCALES_MOST = 16,
    PATH = 256
};

typedef struct dimension {
    haddr_t address; /* in the old file */
    char path[PATH];
} dimension;

typedef struct repacking {
    hid_t from, to;
    bool packs;
    int level;            /* of deflate */
    ptrdiff_t rows;       /* of a chunk */
    void *values, *empty; /* a piece, and one of fill values */
    dimension scales[SCALES_MOST];
    int scale_count;
    bool fills; /* the dataset has a fill value */
} repacking;

/* ---- attributes ---- */

/* Those that lead to other objects are made with them. */
static bool is_ours(hid_t type, const char *name)
{
    static const char *const made[] = {"DIMENSION_LIST", "REFERENCE_LIST", "packed"};
    for (size_t i = 0; i < sizeof made / sizeof *made; i++)
        if (strcmp(name, made[i]) == 0) return false;
    return H5Tdetect_class(type, H5T_REFERENCE) == 0;
}

static psw_status move_attribute(hid_t attribute, hid_t type, hid_t space, const char *name, hid_t to)
{
    hssize_t count = H5Sget_simple_extent_npoints(space);
    size_t size = H5Tget_size(type);
    void *values = count >= 0 && count < 1 << 24 && size < 1 << 24 ? calloc((size_t)count + 1, size) : NULL;
    if (!values) return PSW_FAIL(PSW_ENVIRONMENT, "attribute %s is too large", name);
    hid_t new = H5Acreate2(to, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool moved =
        new >= 0 && (count == 0 || (H5Aread(attribute, type, values) >= 0 && H5Awrite(new, type, values) >= 0));
    if (new >= 0) H5Aclose(new);
    free(values); /* texts of variable length go with the process */
    return moved ? PSW_OK : HDF_FAIL("cannot copy attribute %s", name);
}

static herr_t take_attribute(hid_t from, const char *name, const H5A_info_t *info, void *to)
{
    (void)info;
    hid_t attribute = H5Aopen(from, name, H5P_DEFAULT), type = attribute >= 0 ? H5Aget_type(attribute) : -1;
    hid_t space = attribute >= 0 ? H5Aget_space(attribute) : -1;
    psw_status status = space < 0 || type < 0 ? HDF_FAIL("cannot read attribute %s", name) : PSW_OK;
    if (status == PSW_OK && is_ours(type, name)) status = move_attribute(attribute, type, space, name, *(hid_t *)to);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (attribute >= 0) H5Aclose(attribute);
    return status == PSW_OK ? 0 : -1;
}

static psw_status move_attributes(hid_t from, hid_t to)
{
    psw_message_set("", "");
    if (H5Aiterate2(from, H5_INDEX_NAME, H5_ITER_NATIVE, NULL, take_attribute, &to) >= 0) return PSW_OK;
    return *psw_message() ? PSW_ENVIRONMENT : HDF_FAIL("cannot read attributes");
}

/* ---- how a dataset is stored ---- */

typedef struct shape {
    int axes;
    hsize_t extent[2], piece; /* lines at a time */
    size_t line;              /* bytes */
} shape;

static bool know_shape(hid_t space, size_t size, shape *out)
{
    *out = (shape){.axes = H5Sget_simple_extent_ndims(space), .extent = {0, 1}};
    if (out->axes < 1 || out->axes > 2 || H5Sget_simple_extent_dims(space, out->extent, NULL) != out->axes)
        return false;
    if (out->extent[0] == 0 || out->extent[1] == 0 || out->extent[1] > STORE_CHUNK_BYTES / size) return false;
    out->line = size * (size_t)out->extent[1];
    return true;
}

static bool is_stored(hid_t dataset, hid_t made)
{
    return H5Pget_layout(made) != H5D_CONTIGUOUS || H5Dget_offset(dataset) != HADDR_UNDEF;
}

/* Of the same number of lines in all columns. */
static void set_packed(const repacking *r, hid_t how, const shape *s)
{
    hsize_t lines = s->line > 8 ? PIECE_BYTES / s->line : (hsize_t)r->rows;
    while (lines < s->extent[0] / CHUNKS_MOST && lines <= STORE_CHUNK_BYTES / s->line / 2) lines *= 2;
    if (lines < 1) lines = 1;
    if (lines > s->extent[0]) lines = s->extent[0];
    hsize_t chunk[2] = {lines, s->extent[1]};
    H5Pset_layout(how, H5D_CHUNKED);
    H5Pset_chunk(how, s->axes, chunk);
    H5Pset_shuffle(how);
    H5Pset_deflate(how, (unsigned)r->level);
    H5Pset_alloc_time(how, H5D_ALLOC_TIME_INCR);
    H5Pset_fill_time(how, H5D_FILL_TIME_IFSET);
}

static void set_whole(hid_t how)
{
    H5Pset_layout(how, H5D_CONTIGUOUS);
    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_ALLOC);
}

/* In pieces of whole chunks of the file that has chunks, of either. */
static void set_piece(hid_t from, hid_t to, shape *s)
{
    hsize_t chunk[2];
    s->piece = s->line < PIECE_BYTES ? PIECE_BYTES / s->line : 1;
    if (H5Pget_layout(from) == H5D_CHUNKED && H5Pget_chunk(from, 2, chunk) == s->axes) s->piece = chunk[0];
    if (H5Pget_layout(to) == H5D_CHUNKED && H5Pget_chunk(to, 2, chunk) == s->axes) s->piece = chunk[0];
    if (s->piece > STORE_CHUNK_BYTES / s->line) s->piece = STORE_CHUNK_BYTES / s->line;
}

/* ---- values ---- */

static hid_t lines_of(const shape *s, hsize_t first, hsize_t count, hid_t *memory)
{
    hsize_t from[2] = {first, 0}, some[2] = {count, s->extent[1]};
    hid_t space = H5Screate_simple(s->axes, s->extent, NULL);
    *memory = H5Screate_simple(s->axes, some, NULL);
    H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, some, NULL);
    return space;
}

/* What is all fill value is there already, or needs not be stored. */
static psw_status move_piece(const repacking *r, hid_t from, hid_t to, hid_t type, const shape *s, hsize_t first)
{
    hid_t memory;
    hsize_t count = s->extent[0] - first < s->piece ? s->extent[0] - first : s->piece;
    hid_t space = lines_of(s, first, count, &memory);
    psw_status status = PSW_OK;
    if (H5Dread(from, type, memory, space, H5P_DEFAULT, r->values) < 0) status = HDF_FAIL("cannot read values");
    bool empty = status == PSW_OK && r->fills && memcmp(r->values, r->empty, (size_t)count * s->line) == 0;
    if (status == PSW_OK && !empty && H5Dwrite(to, type, memory, space, H5P_DEFAULT, r->values) < 0)
        status = HDF_FAIL("cannot write values");
    H5Sclose(space);
    H5Sclose(memory);
    return status;
}

static void fill_empty(repacking *r, hid_t made, hid_t type, size_t size, size_t bytes)
{
    unsigned char fill[STORE_VALUE_BYTES] = {0}, *to = r->empty;
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    r->fills = H5Pfill_value_defined(made, &defined) >= 0 && defined != H5D_FILL_VALUE_UNDEFINED;
    if (defined == H5D_FILL_VALUE_USER_DEFINED) H5Pget_fill_value(made, type, fill);
    for (size_t at = 0; at + size <= bytes; at += size) memcpy(to + at, fill, size);
}

static psw_status move_values(repacking *r, hid_t from, hid_t to, hid_t type, const shape *s)
{
    hid_t made = H5Dget_create_plist(to);
    hsize_t lines = s->piece < s->extent[0] ? s->piece : s->extent[0];
    fill_empty(r, made, type, H5Tget_size(type), (size_t)lines * s->line);
    H5Pclose(made);
    for (hsize_t first = 0; first < s->extent[0]; first += s->piece) PSW_TRY(move_piece(r, from, to, type, s, first));
    return PSW_OK;
}

/* ---- datasets ---- */

static bool is_known(hid_t type)
{
    H5T_class_t class = H5Tget_class(type);
    bool text = class == H5T_STRING && H5Tis_variable_str(type) == 0;
    return (class == H5T_INTEGER || class == H5T_FLOAT || text) && H5Tget_size(type) <= STORE_VALUE_BYTES;
}

/* The old one's own has places in the old file. */
static hid_t same_fill(hid_t made, hid_t type)
{
    unsigned char fill[STORE_VALUE_BYTES] = {0};
    H5D_fill_value_t defined = H5D_FILL_VALUE_UNDEFINED;
    H5D_alloc_time_t when = H5D_ALLOC_TIME_DEFAULT;
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pfill_value_defined(made, &defined);
    if (defined == H5D_FILL_VALUE_USER_DEFINED && H5Pget_fill_value(made, type, fill) >= 0)
        H5Pset_fill_value(how, type, fill);
    if (H5Pget_layout(made) == H5D_CONTIGUOUS && H5Pget_alloc_time(made, &when) >= 0) H5Pset_alloc_time(how, when);
    return how;
}

static psw_status make_dataset(repacking *r, hid_t from, hid_t made, hid_t at, const char *name, shape *s)
{
    hid_t type = H5Dget_type(from), space = H5Dget_space(from), how = same_fill(made, type);
    bool stored = is_stored(from, made);
    if (stored && !r->packs) set_whole(how);
    if (stored && r->packs && s->line * (size_t)s->extent[0] > CHUNKED_BYTES) set_packed(r, how, s);
    hid_t to = H5Dcreate2(at, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    psw_status status = to < 0 ? HDF_FAIL("cannot create it") : move_attributes(from, to);
    if (status == PSW_OK && stored) {
        set_piece(made, how, s);
        status = move_values(r, from, to, type, s);
    }
    if (to >= 0) H5Dclose(to);
    H5Pclose(how);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

/* A scalar, or what polysweep does not write: as it is. */
static psw_status copy_other(hid_t from_at, const char *name, hid_t to_at)
{
    return H5Ocopy(from_at, name, to_at, name, H5P_DEFAULT, H5P_DEFAULT) < 0 ? HDF_FAIL("cannot copy it") : PSW_OK;
}

static void note_scale(repacking *r, hid_t dataset, const char *path)
{
    H5O_info_t about;
    if (H5DSis_scale(dataset) <= 0 || r->scale_count == SCALES_MOST || H5Oget_info(dataset, &about) < 0) return;
    dimension *one = &r->scales[r->scale_count++];
    one->address = about.addr;
    psw_format(one->path, sizeof one->path, "%s", path);
}

static psw_status move_dataset(repacking *r, hid_t from_at, hid_t to_at, const char *name, const char *path)
{
    shape s = {0};
    hid_t from = H5Dopen2(from_at, name, H5P_DEFAULT);
    if (from < 0) return HDF_FAIL("cannot open it");
    hid_t made = H5Dget_create_plist(from), type = H5Dget_type(from), space = H5Dget_space(from);
    bool known = made >= 0 && type >= 0 && space >= 0 && is_known(type);
    bool lines = known && know_shape(space, H5Tget_size(type), &s);
    note_scale(r, from, path);
    psw_status status = lines ? make_dataset(r, from, made, to_at, name, &s) : copy_other(from_at, name, to_at);
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    if (made >= 0) H5Pclose(made);
    H5Dclose(from);
    return status;
}

/* ---- dimensions ---- */

typedef struct attaching {
    repacking *r;
    hid_t to;
    psw_status status;
} attaching;

static herr_t attach(hid_t dataset, unsigned axis, hid_t at, void *context)
{
    attaching *a = context;
    H5O_info_t about;
    (void)dataset;
    a->status = H5Oget_info(at, &about) < 0 ? HDF_FAIL("cannot look at its dimension") : PSW_OK;
    for (int i = 0; a->status == PSW_OK && i < a->r->scale_count; i++) {
        if (a->r->scales[i].address != about.addr) continue;
        hid_t scale = H5Dopen2(a->r->to, a->r->scales[i].path, H5P_DEFAULT);
        if (scale < 0 || H5DSattach_scale(a->to, scale, axis) < 0) a->status = HDF_FAIL("cannot attach its dimension");
        if (scale >= 0) H5Dclose(scale);
    }
    return a->status == PSW_OK ? 0 : -1;
}

static psw_status attach_scales(repacking *r, hid_t from_at, const char *name, const char *path)
{
    hid_t from = H5Dopen2(from_at, name, H5P_DEFAULT);
    attaching a = {r, H5Dopen2(r->to, path, H5P_DEFAULT), PSW_OK};
    if (from < 0 || a.to < 0) a.status = HDF_FAIL("cannot open it again");
    bool has = a.status == PSW_OK && H5Aexists(from, "DIMENSION_LIST") > 0;
    hid_t space = has ? H5Dget_space(from) : -1;
    int axes = has ? H5Sget_simple_extent_ndims(space) : 0;
    for (int axis = 0; axis < axes && a.status == PSW_OK; axis++)
        if (H5DSiterate_scales(from, (unsigned)axis, NULL, attach, &a) < 0 && a.status == PSW_OK)
            a.status = HDF_FAIL("cannot read its dimensions");
    if (space >= 0) H5Sclose(space);
    if (a.to >= 0) H5Dclose(a.to);
    if (from >= 0) H5Dclose(from);
    return a.status;
}

/* ---- groups ---- */

typedef psw_status each_object(repacking *r, hid_t from_at, hid_t to_at, const char *name, const char *path);
typedef struct visit {
    repacking *r;
    hid_t to_at;
    const char *path;
    bool attaches; /* in the second round, when all scales are there */
    int depth;
    psw_status status;
} visit;

static psw_status walk(visit *v, hid_t from);

/* The old one's own has places in the old file. */
static hid_t same_order(hid_t group)
{
    unsigned order = 0;
    hid_t made = H5Gget_create_plist(group), how = H5Pcreate(H5P_GROUP_CREATE);
    if (made >= 0 && H5Pget_link_creation_order(made, &order) >= 0) H5Pset_link_creation_order(how, order);
    if (made >= 0) H5Pclose(made);
    return how;
}

static psw_status move_group(visit *v, hid_t from_at, const char *name, const char *path)
{
    hid_t from = H5Gopen2(from_at, name, H5P_DEFAULT), how = from >= 0 ? same_order(from) : -1, to = -1;
    if (from >= 0 && how >= 0)
        to = v->attaches ? H5Gopen2(v->to_at, name, H5P_DEFAULT)
                         : H5Gcreate2(v->to_at, name, H5P_DEFAULT, how, H5P_DEFAULT);
    psw_status status = to < 0 ? HDF_FAIL("cannot create it") : PSW_OK;
    visit inside = {v->r, to, path, v->attaches, v->depth + 1, PSW_OK};
    if (status == PSW_OK) status = walk(&inside, from);
    if (status == PSW_OK && !v->attaches) status = move_attributes(from, to);
    if (to >= 0) H5Gclose(to);
    if (how >= 0) H5Pclose(how);
    if (from >= 0) H5Gclose(from);
    return status;
}

static psw_status see_object(visit *v, hid_t from, const char *name, const char *path)
{
    H5O_info_t about;
    if (H5Oget_info_by_name(from, name, &about, H5P_DEFAULT) < 0) return HDF_FAIL("cannot look at it");
    if (about.type == H5O_TYPE_GROUP && v->depth < 4) return move_group(v, from, name, path);
    if (about.type != H5O_TYPE_DATASET)
        return v->attaches ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "it is neither a dataset nor a group at most 4 deep");
    return v->attaches ? attach_scales(v->r, from, name, path) : move_dataset(v->r, from, v->to_at, name, path);
}

static herr_t take_object(hid_t from, const char *name, const H5L_info_t *link, void *context)
{
    visit *v = context;
    char path[PATH];
    bool fits = psw_format(path, sizeof path, "%s/%s", v->path, name);
    if (link->type != H5L_TYPE_HARD || !fits)
        v->status = PSW_FAIL(PSW_ENVIRONMENT, "it is a link to somewhere else");
    else
        v->status = see_object(v, from, name, path);
    if (v->status != PSW_OK && !strchr(psw_message(), '\n') && strncmp(psw_message(), "object ", 7) != 0)
        PSW_FAIL(v->status, "object %s: %s", path, psw_message());
    return v->status == PSW_OK ? 0 : -1;
}

/* In the order in which they were made, where that is known. */
static psw_status walk(visit *v, hid_t from)
{
    unsigned order = 0;
    hid_t how = H5Gget_create_plist(from);
    bool tracked = how >= 0 && H5Pget_link_creation_order(how, &order) >= 0 && (order & H5P_CRT_ORDER_INDEXED);
    if (how >= 0) H5Pclose(how);
    if (H5Literate(from, tracked ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME, H5_ITER_INC, NULL, take_object, v) >= 0)
        return PSW_OK;
    return v->status == PSW_OK ? HDF_FAIL("cannot list objects") : v->status;
}

/* ---- files ---- */

static psw_status move_all(repacking *r)
{
    int32_t yes = 1;
    hid_t from = H5Gopen2(r->from, "/", H5P_DEFAULT), to = H5Gopen2(r->to, "/", H5P_DEFAULT);
    psw_status status = from < 0 || to < 0 ? HDF_FAIL("cannot open the root") : PSW_OK;
    for (int round = 0; round < 2 && status == PSW_OK; round++) {
        visit v = {r, to, "", round == 1, 0, PSW_OK};
        status = walk(&v, from);
    }
    if (status == PSW_OK) status = move_attributes(from, to);
    if (status == PSW_OK && r->packs) status = store_hdf_put_numbers(to, "packed", H5T_STD_I32LE, 1, &yes);
    if (from >= 0) H5Gclose(from);
    if (to >= 0) H5Gclose(to);
    return status;
}

/* A node of a dataset's table of chunks has the same size in the whole file: no larger than the longest needs. */
static unsigned half_node(const store_repack *what)
{
    ptrdiff_t chunks = what->longest / what->rows + 1;
    return what->packs && chunks < 64 ? (unsigned)(chunks + 1) / 2 : 0;
}

static psw_status open_both(const char *path, const store_repack *what, repacking *r)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS), new = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    r->from = H5Fopen(path, H5F_ACC_RDONLY, access);
    psw_status status = r->from < 0 ? HDF_FAIL("%s cannot be opened", path) : PSW_OK;
    r->to = status == PSW_OK ? store_file_create(what->to, new, half_node(what)) : -1;
    if (status == PSW_OK && r->to < 0) status = HDF_FAIL("cannot create %s", what->to);
    H5Pclose(access);
    H5Pclose(new);
    return status;
}

psw_status store_repack_all(const char *path, const store_repack *what)
{
    repacking r = {.packs = what->packs, .level = what->level, .rows = what->rows};
    r.values = malloc(STORE_CHUNK_BYTES), r.empty = malloc(STORE_CHUNK_BYTES);
    psw_status status = r.values && r.empty ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to pack %s", path);
    if (status == PSW_OK) status = open_both(path, what, &r);
    if (status == PSW_OK) {
        status = move_all(&r);
        H5Fclose(r.from);
        if (H5Fclose(r.to) < 0 && status == PSW_OK) status = HDF_FAIL("%s cannot be finished", what->to);
    }
    free(r.values);
    free(r.empty);
    return status;
}
