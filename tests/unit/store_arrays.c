/* Arrays from HDF5 files that this test makes. */
#include <hdf5.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/store.h"

static char path[64];

static void put(hid_t file, const char *name, hid_t type, int rank, const hsize_t *dims, hid_t how,
                const double *values)
{
    hid_t space = H5Screate_simple(rank, dims, NULL);
    hid_t dataset = H5Dcreate2(file, name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    if (values) H5Dwrite(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values);
    H5Dclose(dataset);
    H5Sclose(space);
}

static double numbers[2 * 3 * 4];

/* q float32 in compressed chunks, k float64, v as the caller says */
static hid_t file_with_q_and_k(void)
{
    const hsize_t dims[3] = {2, 3, 4}, chunk[3] = {1, 2, 4};
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT), how = H5Pcreate(H5P_DATASET_CREATE);
    for (int i = 0; i < 24; i++) numbers[i] = 0.1 * i - 1;
    H5Pset_chunk(how, 3, chunk);
    H5Pset_deflate(how, 4);
    put(file, "q", H5T_IEEE_F32LE, 3, dims, how, numbers);
    put(file, "k", H5T_IEEE_F64LE, 3, dims, H5P_DEFAULT, numbers);
    H5Pclose(how);
    return file;
}

static hid_t half_type(void)
{
    hid_t half = H5Tcopy(H5T_IEEE_F32BE); /* the other order of bytes as well */
    H5Tset_fields(half, 15, 10, 5, 0, 10);
    H5Tset_size(half, 2);
    H5Tset_ebias(half, 15);
    return half;
}

static void arrays_are_read(void)
{
    const hsize_t dims[3] = {2, 3, 1};
    hid_t file = file_with_q_and_k(), half = half_type();
    const double halves[6] = {1, -2, 0.5, 65504, 0x1p-14, 3};
    psw_arrays a;
    put(file, "v", half, 3, dims, H5P_DEFAULT, halves);
    H5Tclose(half);
    H5Fclose(file);
    CHECK(psw_store_arrays(path, NULL, &a) == PSW_OK, "%s", psw_message());
    const psw_tensor *side = a.layer[0].side;
    for (int i = 0; i < PSW_SIDES; i++)
        CHECK(side[i].extent.heads == 2 && side[i].extent.rows == 3 && side[i].extent.cols == (i < 2 ? 4 : 1),
              "side %d", i);
    CHECK(side[0].single && !side[1].single && side[2].single, "precision kept");
    for (int i = 0; i < 24; i++) {
        CHECK(((float *)side[0].at)[i] == (float)numbers[i], "q %d", i);
        CHECK(((double *)side[1].at)[i] == numbers[i], "k %d", i);
    }
    for (int i = 0; i < 6; i++) CHECK((double)((float *)side[2].at)[i] == halves[i], "v %d", i);
    psw_arrays_free(&a);
}

static void refused(const char *word)
{
    psw_arrays a;
    CHECK(psw_store_arrays(path, NULL, &a) == PSW_ENVIRONMENT, "'%s' accepted", word);
    CHECK(strstr(psw_message(), word), "\"%s\" does not say '%s'", psw_message(), word);
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "'%s' leaves HDF5 objects open", word);
}

static void bad_v(hid_t type, int rank, const hsize_t *dims, hid_t how, const double *values, const char *word)
{
    hid_t file = file_with_q_and_k();
    put(file, "v", type, rank, dims, how, values);
    H5Fclose(file);
    refused(word);
}

static void bad_files_are_refused(void)
{
    const hsize_t good[3] = {2, 3, 1}, flat[1] = {6}, five[5] = {1, 1, 2, 3, 1}, longer[3] = {2, 4, 1};
    const hsize_t huge[3] = {2, 3, (hsize_t)1 << 40}, piece[3] = {1, 1, 1024};
    const double nan[6] = {1, 2, 3, 4, NAN, 6};
    hid_t chunked = H5Pcreate(H5P_DATASET_CREATE), outside = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(chunked, 3, piece);
    H5Pset_external(outside, "/dev/zero", 0, 48);
    bad_v(H5T_IEEE_F64LE, 3, good, H5P_DEFAULT, nan, "v[1, 1, 0]");
    bad_v(H5T_STD_I32LE, 3, good, H5P_DEFAULT, numbers, "not hold floating-point numbers");
    bad_v(H5T_IEEE_F64LE, 1, flat, H5P_DEFAULT, numbers, "1 dimensions");
    bad_v(H5T_IEEE_F64LE, 5, five, H5P_DEFAULT, numbers, "5 dimensions");
    bad_v(H5T_IEEE_F64LE, 3, longer, H5P_DEFAULT, numbers, "number of tokens");
    bad_v(H5T_IEEE_F64LE, 3, huge, chunked, NULL, "the file holds 0");
    bad_v(H5T_IEEE_F64LE, 3, good, H5P_DEFAULT, NULL, "the file holds 0");
    bad_v(H5T_IEEE_F64LE, 3, good, outside, NULL, "other files");
    H5Pclose(chunked), H5Pclose(outside);
    H5Fclose(file_with_q_and_k());
    refused("no dataset 'v'");
    hid_t file = file_with_q_and_k();
    H5Gclose(H5Gcreate2(file, "v", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT));
    H5Fclose(file);
    refused("no dataset 'v'");
    CHECK(truncate(path, 600) == 0, "not cut");
    refused("cannot be opened");
    unlink(path);
    refused("cannot be found");
    CHECK(mkfifo(path, 0600) == 0, "no pipe");
    refused("NAME.safetensors");
}

int main(void)
{
    snprintf(path, sizeof path, "arrays-%ld.h5", (long)getpid());
    arrays_are_read();
    bad_files_are_refused();
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    unlink(path);
    return test_end();
}
