/* The datasets of columns, with their attributes. */
#include "store/store.h"

#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

static psw_status describe_codes(hid_t dataset, const psw_column *column)
{
    uint8_t values[256];
    char meanings[1024] = "";
    ptrdiff_t words = psw_column_words(column);
    for (ptrdiff_t code = 0; code < words; code++) {
        size_t used = strlen(meanings);
        values[code] = (uint8_t)code;
        psw_format(meanings + used, sizeof meanings - used, code ? " %s" : "%s",
                   psw_word((psw_vocabulary)column->vocabulary, (int)code));
    }
    PSW_TRY(store_hdf_put_numbers(dataset, "flag_values", H5T_STD_U8LE, (hsize_t)words, values));
    return store_hdf_put_text(dataset, "flag_meanings", meanings);
}

/* The table of methods by code, in the order of flag_values: words as a text, flags as numbers 0 and 1. */
static psw_status describe_methods(hid_t dataset)
{
    uint8_t degree[PSW_METHODS], random[PSW_METHODS], bitwise[PSW_METHODS];
    char folds[16 * PSW_METHODS] = "", kernels[16 * PSW_METHODS] = "";
    for (int code = 0; code < PSW_METHODS; code++) {
        const psw_method_facts *method = psw_method_facts_of((psw_method)code);
        size_t used[] = {strlen(folds), strlen(kernels)};
        psw_format(folds + used[0], sizeof folds - used[0], "%s%s", code ? " " : "",
                   psw_word(PSW_WORDS_FOLDED, (int)method->folds));
        psw_format(kernels + used[1], sizeof kernels - used[1], "%s%s", code ? " " : "",
                   psw_word(PSW_WORDS_KERNEL, (int)method->kernel));
        degree[code] = method->has_degree, random[code] = method->random, bitwise[code] = method->bitwise;
    }
    PSW_TRY(store_hdf_put_text(dataset, "flag_folds", folds));
    PSW_TRY(store_hdf_put_text(dataset, "flag_kernels", kernels));
    PSW_TRY(store_hdf_put_numbers(dataset, "flag_degree", H5T_STD_U8LE, PSW_METHODS, degree));
    PSW_TRY(store_hdf_put_numbers(dataset, "flag_random", H5T_STD_U8LE, PSW_METHODS, random));
    return store_hdf_put_numbers(dataset, "flag_bitwise", H5T_STD_U8LE, PSW_METHODS, bitwise);
}

/* _FillValue on floats only: readers turn integers that have one into floats. */
static psw_status describe(hid_t dataset, const psw_column *column)
{
    double nothing = NAN;
    PSW_TRY(store_hdf_put_text(dataset, "units", column->units));
    PSW_TRY(store_hdf_put_text(dataset, "long_name", column->long_name));
    PSW_TRY(store_hdf_put_text(dataset, "reproducibility", column->bitwise ? "bitwise" : "none"));
    PSW_TRY(store_hdf_put_numbers(dataset, "reproducibility_other", H5T_IEEE_F64LE, 2, column->other));
    if (column->type == PSW_F8) PSW_TRY(store_hdf_put_numbers(dataset, "_FillValue", H5T_IEEE_F64LE, 1, &nothing));
    if (column->younger) PSW_TRY(store_hdf_put_numbers(dataset, "commit_default", H5T_IEEE_F64LE, 1, &column->plain));
    if (column->vocabulary >= 0) PSW_TRY(describe_codes(dataset, column));
    if (column->vocabulary == PSW_WORDS_METHOD) PSW_TRY(describe_methods(dataset));
    return PSW_OK;
}

/* `bare`: storage is allocated when something is written. Opened for writing by MPI-IO it would be allocated at once.
 */
static psw_status create_line(hid_t file, const char *name, psw_column_type type, hid_t space, bool bare,
                              hid_t *dataset)
{
    double nothing = NAN;
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_layout(how, H5D_CONTIGUOUS);
    H5Pset_alloc_time(how, bare ? H5D_ALLOC_TIME_LATE : H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_ALLOC);
    if (type == PSW_F8) H5Pset_fill_value(how, H5T_IEEE_F64LE, &nothing);
    *dataset = H5Dcreate2(file, name, store_hdf_type(type), space, H5P_DEFAULT, how, H5P_DEFAULT);
    psw_status status = *dataset < 0 ? HDF_FAIL("cannot create column %s", name) : PSW_OK;
    H5Pclose(how);
    return status;
}

static psw_status create_column(hid_t at, const psw_column *column, hid_t space, hid_t scale, bool bare)
{
    hid_t dataset;
    PSW_TRY(create_line(at, column->name, column->type, space, bare, &dataset));
    psw_status status = describe(dataset, column);
    if (status == PSW_OK && H5DSattach_scale(dataset, scale, 0) < 0)
        status = HDF_FAIL("cannot attach %s to its dimension", column->name);
    H5Dclose(dataset);
    return status;
}

psw_status store_column_create(hid_t at, const psw_column *column, hid_t space, hid_t scale)
{
    return create_column(at, column, space, scale, false);
}

static psw_status create_scale(hid_t file, hid_t space, hid_t *scale)
{
    PSW_TRY(create_line(file, "point", PSW_I8, space, false, scale));
    PSW_TRY(store_hdf_put_text(*scale, "units", "1"));
    PSW_TRY(store_hdf_put_text(*scale, "long_name", "slot of the study's grid"));
    PSW_TRY(store_hdf_put_text(*scale, "reproducibility", "bitwise"));
    PSW_TRY(store_hdf_put_numbers(*scale, "reproducibility_other", H5T_IEEE_F64LE, 2, (double[]){0, 0}));
    return H5DSset_scale(*scale, "point") < 0 ? HDF_FAIL("cannot make the dimension scale") : PSW_OK;
}

psw_status store_columns_create(hid_t file, const psw_column_set *all, ptrdiff_t slots, const bool *blank)
{
    hsize_t extent = (hsize_t)slots;
    hid_t scale = -1, space = H5Screate_simple(1, &extent, NULL);
    psw_status status = create_scale(file, space, &scale);
    for (ptrdiff_t i = 0; status == PSW_OK && i < all->count; i++)
        status = create_column(file, &all->list[i], space, scale, blank[i]);
    if (scale >= 0) H5Dclose(scale);
    H5Sclose(space);
    return status;
}
