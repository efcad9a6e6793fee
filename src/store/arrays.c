/* Queries, keys and values of heads from datasets q, k and v of any HDF5 file. */
#include "store/store.h"

#include <stdlib.h>
#include <sys/stat.h>

/* Deflate makes nothing smaller than 1/1032: a dataset that claims more numbers has none. */
static const double compression_most = 1100;

static psw_status check_stored(const char *name, hid_t dataset, hid_t type, const psw_extent *extent)
{
    hid_t made = H5Dget_create_plist(dataset);
    H5D_layout_t how = made >= 0 ? H5Pget_layout(made) : H5D_LAYOUT_ERROR;
    int elsewhere = made >= 0 ? H5Pget_external_count(made) : 1;
    double needed = (double)extent->heads * (double)extent->rows * (double)extent->cols * (double)H5Tget_size(type);
    double stored = (double)H5Dget_storage_size(dataset);
    if (made >= 0) H5Pclose(made);
    if (elsewhere > 0 || (how != H5D_CONTIGUOUS && how != H5D_CHUNKED && how != H5D_COMPACT))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s stores its numbers in other files; copy them into this one", name);
    if (stored * compression_most < needed)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s needs %.0f bytes of numbers, but the file holds %.0f; write it again",
                        name, needed, stored);
    return PSW_OK;
}

static psw_status extent_of(const char *name, hid_t dataset, psw_extent *extent)
{
    hsize_t dims[H5S_MAX_RANK];
    uint64_t lengths[H5S_MAX_RANK];
    hid_t space = H5Dget_space(dataset);
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, dims, NULL) : -1;
    if (space >= 0) H5Sclose(space);
    if (rank < 0) return HDF_FAIL("%s has no shape", name);
    for (int i = 0; i < rank; i++) lengths[i] = dims[i];
    return psw_arrays_extent(name, lengths, rank, extent);
}

static psw_status read_numbers(hid_t dataset, hid_t type, psw_side side, psw_tensor *t, psw_arrays *arrays)
{
    PSW_TRY(extent_of(t->name, dataset, &t->extent));
    if (H5Tget_class(type) != H5T_FLOAT)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s does not hold floating-point numbers; save it as float32 or float64",
                        t->name);
    PSW_TRY(check_stored(t->name, dataset, type, &t->extent));
    t->single = H5Tget_size(type) <= sizeof(float);
    size_t count = (size_t)(t->extent.heads * t->extent.rows * t->extent.cols);
    t->at = malloc(count * (t->single ? sizeof(float) : sizeof(double)));
    if (!t->at) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %zu numbers of %s", count, t->name);
    hid_t memory = t->single ? H5T_NATIVE_FLOAT : H5T_NATIVE_DOUBLE;
    if (H5Dread(dataset, memory, H5S_ALL, H5S_ALL, H5P_DEFAULT, t->at) < 0) {
        free(t->at);
        return HDF_FAIL("%s cannot be read", t->name);
    }
    return psw_arrays_put(arrays, side, t);
}

static psw_status read_side(const char *path, hid_t file, psw_side side, psw_arrays *arrays)
{
    static const char *const names[PSW_SIDES] = {"q", "k", "v"};
    psw_tensor tensor = {0};
    psw_format(tensor.name, sizeof tensor.name, "%.200s: %s", path, names[side]);
    if (H5Lexists(file, names[side], H5P_DEFAULT) <= 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has no dataset '%s'; datasets q, k and v are needed", path, names[side]);
    hid_t dataset = H5Dopen2(file, names[side], H5P_DEFAULT);
    if (dataset < 0) return HDF_FAIL("%s cannot be opened", tensor.name);
    hid_t type = H5Dget_type(dataset);
    psw_status status =
        type < 0 ? HDF_FAIL("%s has no type", tensor.name) : read_numbers(dataset, type, side, &tensor, arrays);
    if (type >= 0) H5Tclose(type);
    H5Dclose(dataset);
    return status;
}

static psw_status read_hdf5(const char *path, psw_arrays *arrays)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    H5Pclose(access);
    if (file < 0) return HDF_FAIL("%s cannot be opened", path);
    psw_status status = PSW_OK;
    for (int side = 0; side < PSW_SIDES && status == PSW_OK; side++)
        status = read_side(path, file, (psw_side)side, arrays);
    H5Fclose(file);
    return status == PSW_OK ? psw_arrays_finish(arrays) : status;
}

static psw_status touch(const char *path, void *nothing)
{
    (void)nothing;
    psw_arrays arrays = {0};
    (void)read_hdf5(path, &arrays);
    psw_arrays_free(&arrays);
    return PSW_OK;
}

psw_status psw_store_arrays(const char *path, psw_arrays *arrays)
{
    struct stat about;
    *arrays = (psw_arrays){0};
    store_hdf_quiet();
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode); /* looking into a pipe would wait */
    if (!regular || H5Fis_hdf5(path) <= 0) return psw_arrays_read(path, arrays);
    psw_status status = store_guard_file(path, touch, NULL, store_guard_by_size(path));
    if (status == PSW_OK) status = read_hdf5(path, arrays);
    if (status != PSW_OK) psw_arrays_free(arrays);
    return status;
}
