/* Learned weights of a sketch from any HDF5 file: datasets STACK/LEVEL/{gain,shift,up,down}, stacks and levels
 * counted from 0 ("0/1/up"); gain and shift may be missing. */
#include "store/store.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "polysweep/sketch.h"

static const char *const parts[] = {"gain", "shift", "up", "down"};
enum { PARTS = 4, MOST = 1 << 26 };

static psw_array *part_of(psw_weights *weights, int stack, int level, int part)
{
    psw_array *of[PARTS] = {&weights->level[stack][level].gain, &weights->level[stack][level].shift,
                            &weights->level[stack][level].up, &weights->level[stack][level].down};
    return of[part];
}

/* A vector is one row. */
static psw_status read_numbers(hid_t dataset, const char *name, psw_array *array)
{
    hsize_t dims[H5S_MAX_RANK] = {0};
    hid_t space = H5Dget_space(dataset);
    int rank = space >= 0 ? H5Sget_simple_extent_dims(space, dims, NULL) : -1;
    if (space >= 0) H5Sclose(space);
    if (rank != 1 && rank != 2)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has %d dimensions; 1 or 2 are expected", name, rank);
    hsize_t rows = rank == 2 ? dims[0] : 1, cols = dims[rank - 1];
    if (rows == 0 || cols == 0 || rows > MOST || cols > MOST / rows)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is empty or has more than %d numbers", name, MOST);
    double *at = malloc((size_t)(rows * cols) * sizeof *at);
    if (!at) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %s", name);
    if (H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, at) < 0) {
        free(at);
        return HDF_FAIL("%s cannot be read as numbers", name);
    }
    array->at = at;
    array->rows = (ptrdiff_t)rows;
    array->cols = (ptrdiff_t)cols;
    return PSW_OK;
}

static bool there(hid_t file, int stack, int level, const char *part)
{
    char at[32];
    psw_format(at, sizeof at, "%d", stack);
    if (H5Lexists(file, at, H5P_DEFAULT) <= 0) return false;
    psw_format(at, sizeof at, "%d/%d", stack, level);
    if (H5Lexists(file, at, H5P_DEFAULT) <= 0) return false;
    psw_format(at, sizeof at, "%d/%d/%s", stack, level, part);
    return H5Lexists(file, at, H5P_DEFAULT) > 0;
}

/* A part that is missing stays empty: psw_weights_check knows which may. */
static psw_status read_part(hid_t file, const char *path, int stack, int level, int part, psw_weights *weights)
{
    static const char *const names[2][2][PARTS] = {
        {{"0/0/gain", "0/0/shift", "0/0/up", "0/0/down"}, {"0/1/gain", "0/1/shift", "0/1/up", "0/1/down"}},
        {{"1/0/gain", "1/0/shift", "1/0/up", "1/0/down"}, {"1/1/gain", "1/1/shift", "1/1/up", "1/1/down"}}};
    const char *place = names[stack][level][part];
    char name[512];
    psw_array *array = part_of(weights, stack, level, part);
    *array = (psw_array){.name = place};
    if (!there(file, stack, level, parts[part])) return PSW_OK;
    psw_format(name, sizeof name, "%.400s: %s", path, place);
    hid_t dataset = H5Dopen2(file, place, H5P_DEFAULT);
    if (dataset < 0) return HDF_FAIL("%s cannot be opened", name);
    psw_status status = read_numbers(dataset, name, array);
    H5Dclose(dataset);
    return status;
}

static psw_status read_file(const char *path, psw_weights *weights)
{
    *weights = (psw_weights){0};
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    if (file < 0) return HDF_FAIL("%s cannot be opened", path);
    psw_status status = PSW_OK;
    for (int i = 0; i < 4 * PARTS && status == PSW_OK; i++)
        status = read_part(file, path, i / 8, i / 4 % 2, i % PARTS, weights);
    H5Fclose(file);
    if (status != PSW_OK) psw_store_weights_free(weights);
    return status;
}

static psw_status touch(const char *path, void *nothing)
{
    (void)nothing;
    psw_weights weights;
    PSW_TRY(read_file(path, &weights));
    psw_store_weights_free(&weights);
    return PSW_OK;
}

psw_status psw_store_weights(const char *path, psw_weights *weights)
{
    struct stat about;
    *weights = (psw_weights){0};
    store_hdf_quiet();
    bool regular = stat(path, &about) == 0 && S_ISREG(about.st_mode); /* looking into a pipe would wait */
    if (!regular || H5Fis_hdf5(path) <= 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s, named by weights, is not a readable HDF5 file", path);
    PSW_TRY(store_guard_file(path, touch, NULL, store_guard_by_size(path)));
    return read_file(path, weights);
}

void psw_store_weights_free(psw_weights *weights)
{
    for (int i = 0; i < 4 * PARTS; i++) free((void *)(uintptr_t)part_of(weights, i / 8, i / 4 % 2, i % PARTS)->at);
    *weights = (psw_weights){0};
}
