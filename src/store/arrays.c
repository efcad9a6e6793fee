/* Queries, keys and values of heads from the datasets of any HDF5 file. */
#include "store/store.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Deflate makes nothing smaller than 1/1032: a dataset that claims more numbers has none. */
static const double compression_most = 1100;
enum { NAMES_MOST = 65536 };

typedef struct opened {
    hid_t file;
    char **name;
    ptrdiff_t count;
    bool failed; /* no memory for a name */
} opened;

/* ---- names ---- */

static herr_t take_name(hid_t group, const char *name, const H5L_info_t *link, void *context)
{
    opened *o = context;
    (void)link;
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    bool dataset = object >= 0 && H5Iget_type(object) == H5I_DATASET;
    if (object >= 0) H5Oclose(object);
    if (!dataset) return 0;
    char **more = realloc(o->name, (size_t)(o->count + 1) * sizeof *more), *kept = malloc(strlen(name) + 1);
    if (more) o->name = more;
    if (more && kept) o->name[o->count++] = memcpy(kept, name, strlen(name) + 1);
    if (!more || !kept) o->failed = true, free(kept);
    return o->failed || o->count == NAMES_MOST;
}

static const char *name_of(const psw_tensors *t, ptrdiff_t index)
{
    const opened *o = t->file;
    return index < o->count ? o->name[index] : NULL;
}

/* ---- a dataset ---- */

static psw_status check_stored(const char *title, hid_t dataset, double needed)
{
    hid_t made = H5Dget_create_plist(dataset);
    H5D_layout_t how = made >= 0 ? H5Pget_layout(made) : H5D_LAYOUT_ERROR;
    int elsewhere = made >= 0 ? H5Pget_external_count(made) : 1;
    double stored = (double)H5Dget_storage_size(dataset);
    if (made >= 0) H5Pclose(made);
    if (elsewhere > 0 || (how != H5D_CONTIGUOUS && how != H5D_CHUNKED && how != H5D_COMPACT))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s stores its numbers in other files; copy them into this one", title);
    if (stored * compression_most < needed)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s needs %.0f bytes of numbers, but the file holds %.0f; write it again",
                        title, needed, stored);
    return PSW_OK;
}

static psw_status shape_of(const char *title, hid_t dataset, hid_t type, psw_tensor_about *about)
{
    hsize_t dims[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, dims, NULL) : -1;
    double needed = (double)H5Tget_size(type);
    if (space >= 0) H5Sclose(space);
    if (rank < 0) return HDF_FAIL("%s has no shape", title);
    if (rank > PSW_TENSOR_DIMENSIONS) return PSW_FAIL(PSW_ENVIRONMENT, "%s has %d dimensions", title, rank);
    about->dims = rank;
    for (int i = 0; i < rank; i++) about->length[i] = dims[i], needed *= (double)dims[i];
    if (needed > 0x1p58) return PSW_FAIL(PSW_ENVIRONMENT, "%s claims more numbers than memory can hold", title);
    about->whole = H5Tget_class(type) != H5T_FLOAT;
    about->single = !about->whole && H5Tget_size(type) <= sizeof(float);
    if (about->whole && H5Tget_class(type) != H5T_INTEGER)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s does not hold numbers", title);
    return needed > 0 ? check_stored(title, dataset, needed) : PSW_OK;
}

static psw_status find(const psw_tensors *t, const char *name, psw_tensor_about *about)
{
    char title[256];
    psw_tensor_title(t, name, title, sizeof title);
    hid_t dataset = H5Dopen2(((const opened *)t->file)->file, name, H5P_DEFAULT);
    if (dataset < 0) return HDF_FAIL("%s cannot be opened", title);
    *about = (psw_tensor_about){.name = name};
    hid_t type = H5Dget_type(dataset);
    psw_status status = type < 0 ? HDF_FAIL("%s has no type", title) : shape_of(title, dataset, type, about);
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return status;
}

/* One matrix of the last two dimensions, or all numbers of fewer dimensions. */
static hid_t select_matrix(hid_t dataset, const psw_tensor_about *about, uint64_t index)
{
    hsize_t from[PSW_TENSOR_DIMENSIONS] = {0}, count[PSW_TENSOR_DIMENSIONS];
    hid_t space = H5Dget_space(dataset);
    for (int i = 0; i < about->dims; i++) count[i] = about->length[i];
    for (int i = about->dims - 3; i >= 0; i--) {
        from[i] = index % about->length[i];
        index /= about->length[i];
        count[i] = 1;
    }
    if (space >= 0 && about->dims > 0 && H5Sselect_hyperslab(space, H5S_SELECT_SET, from, NULL, count, NULL) < 0) {
        H5Sclose(space);
        return -1;
    }
    return space;
}

/* Whole matrices: that is how heads are read. */
static psw_status read_numbers(const psw_tensors *t, const psw_tensor_about *about, uint64_t first, size_t count,
                               void *to)
{
    char title[256];
    hsize_t all = count;
    hid_t dataset = H5Dopen2(((const opened *)t->file)->file, about->name, H5P_DEFAULT);
    hid_t space = dataset >= 0 ? select_matrix(dataset, about, count > 0 ? first / count : 0) : -1;
    hid_t memory = H5Screate_simple(1, &all, NULL), type = about->single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    psw_tensor_title(t, about->name, title, sizeof title);
    psw_status status = PSW_OK;
    if (space < 0 || H5Sget_select_npoints(space) != (hssize_t)count ||
        H5Dread(dataset, type, memory, space, H5P_DEFAULT, to) < 0)
        status = HDF_FAIL("%s cannot be read", title);
    H5Sclose(memory);
    if (space >= 0) H5Sclose(space);
    if (dataset >= 0) H5Dclose(dataset);
    return status;
}

/* ---- attributes of the root ---- */

static bool read_text(hid_t attribute, hid_t type, char *text, size_t size)
{
    char *own = NULL;
    size_t length = H5Tget_size(type);
    if (H5Tis_variable_str(type) > 0) {
        if (H5Aread(attribute, type, &own) < 0 || !own) return false;
        psw_format(text, size, "%s", own);
        H5free_memory(own);
        return true;
    }
    if (length == 0 || length > 65536 || !(own = calloc(length + 1, 1))) return false;
    bool read = H5Aread(attribute, type, own) >= 0;
    psw_format(text, size, "%s", own);
    free(own);
    return read;
}

static bool read_attribute(hid_t attribute, char *text, size_t size)
{
    hid_t type = H5Aget_type(attribute), space = H5Aget_space(attribute);
    bool one = space >= 0 && H5Sget_simple_extent_npoints(space) == 1, read = false;
    double number;
    if (one && H5Tget_class(type) == H5T_STRING) {
        read = read_text(attribute, type, text, size);
    } else if (one && (H5Tget_class(type) == H5T_FLOAT || H5Tget_class(type) == H5T_INTEGER)) {
        read = H5Aread(attribute, H5T_NATIVE_DOUBLE, &number) >= 0;
        if (read) psw_format(text, size, "%.17g", number);
    }
    if (space >= 0) H5Sclose(space);
    if (type >= 0) H5Tclose(type);
    return read;
}

static bool attribute(const psw_tensors *t, const char *name, char *text, size_t size)
{
    hid_t file = ((const opened *)t->file)->file;
    hid_t found = H5Aexists(file, name) > 0 ? H5Aopen(file, name, H5P_DEFAULT) : -1;
    if (found < 0) return false;
    bool read = read_attribute(found, text, size);
    H5Aclose(found);
    return read && *text;
}

/* ---- the file ---- */

static void close_file(psw_tensors *t)
{
    opened *o = t->file;
    for (ptrdiff_t i = 0; i < o->count; i++) free(o->name[i]);
    free(o->name);
    H5Fclose(o->file);
    free(o);
}

static psw_status open_hdf5(const char *path, psw_tensors *t)
{
    opened *o = calloc(1, sizeof *o);
    if (!o) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the names of datasets");
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    o->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (o->file < 0) {
        free(o);
        return HDF_FAIL("%s cannot be opened", path);
    }
    *t = (psw_tensors){.path = path, .noun = "dataset", .joint = ": ", .suffix = "", .file = o};
    t->name = name_of, t->find = find, t->read = read_numbers, t->attribute = attribute, t->close = close_file;
    H5Lvisit(o->file, H5_INDEX_NAME, H5_ITER_INC, take_name, o);
    if (!o->failed) return PSW_OK;
    close_file(t);
    return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the names of datasets");
}

/* ---- what others ask for, once by a child process and then by the caller ---- */

typedef struct request {
    const psw_wanted *wanted;
    const psw_file_keys *keys;
    psw_arrays *arrays;
    psw_file_facts *facts; /* in place of arrays */
} request;

static psw_status answer(const psw_tensors *t, const request *r)
{
    return r->facts ? psw_arrays_facts(t, r->keys, r->facts) : psw_arrays_load(t, r->wanted, r->arrays);
}

static psw_status answer_hdf5(const char *path, const request *r)
{
    psw_tensors t;
    PSW_TRY(open_hdf5(path, &t));
    psw_status status = answer(&t, r);
    close_file(&t);
    return status;
}

static psw_status touch(const char *path, void *context)
{
    return answer_hdf5(path, context);
}

static psw_status ask(const char *path, request *r)
{
    struct stat about;
    psw_tensors t;
    store_hdf_quiet();
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode); /* looking into a pipe would wait */
    if (regular && H5Fis_hdf5(path) > 0) {
        PSW_TRY(store_guard_file(path, touch, r, store_guard_by_size(path)));
        return answer_hdf5(path, r);
    }
    PSW_TRY(psw_tensors_open(path, &t));
    psw_status status = answer(&t, r);
    t.close(&t);
    return status;
}

psw_status psw_store_arrays(const char *path, const psw_wanted *wanted, psw_arrays *arrays)
{
    request r = {.wanted = wanted, .arrays = arrays};
    *arrays = (psw_arrays){0};
    return ask(path, &r);
}

psw_status psw_store_file_facts(const char *path, const psw_file_keys *keys, psw_file_facts *facts)
{
    request r = {.keys = keys, .facts = facts};
    *facts = (psw_file_facts){0};
    return ask(path, &r);
}
