/* The objects of a file, all of them made here. All raw data are contiguous, allocated and filled here, so that
 * nothing but raw data changes afterwards. */
#include "store/store.h"

#include <hdf5_hl.h>
#include <math.h>
#include <string.h>

/* ---- attributes of the file ---- */

/* Names of the parameters: xarray makes coordinates of them. */
static psw_status put_coordinates(hid_t file, const psw_column_set *all)
{
    char names[PSW_COLUMNS_MAX * STORE_NAME] = "";
    size_t used = 0;
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (psw_column_parameter(&all->list[i])) {
            psw_format(names + used, sizeof names - used, used ? " %s" : "%s", all->list[i].name);
            used += strlen(names + used);
        }
    return store_hdf_put_text(file, "coordinates", names);
}

static psw_status put_history(hid_t file, const char *more)
{
    char text[16384]; /* attributes end at 64 KiB */
    psw_format(text, sizeof text, "created by polysweep " PSW_VERSION "; launches in /provenance/launches%s%s",
               more ? "; " : "", more ? more : "");
    return store_hdf_put_text(file, "history", text);
}

static psw_status put_head(hid_t file, const store_layout *what, const psw_column_set *all)
{
    int32_t schema = STORE_SCHEMA, random = STORE_RANDOM_VERSION, commit = STORE_COMMIT_VERSION;
    PSW_TRY(store_hdf_put_text(file, "title", what->title));
    PSW_TRY(store_hdf_put_text(file, "source", "polysweep " PSW_VERSION));
    if (what->data_source && *what->data_source) PSW_TRY(store_hdf_put_text(file, "data_source", what->data_source));
    PSW_TRY(put_history(file, what->history));
    PSW_TRY(store_hdf_put_text(file, "Conventions", "CF-1.8"));
    PSW_TRY(store_hdf_put_text(file, "schema_name", "polysweep"));
    PSW_TRY(store_hdf_put_numbers(file, "schema_version", H5T_STD_I32LE, 1, &schema));
    PSW_TRY(store_hdf_put_numbers(file, "commit_version", H5T_STD_I32LE, 1, &commit));
    PSW_TRY(store_hdf_put_numbers(file, "random_version", H5T_STD_I32LE, 1, &random));
    return put_coordinates(file, all);
}

static psw_status put_dataset(hid_t at, const char *name, hid_t type, hid_t space, const void *values)
{
    hid_t dataset = H5Dcreate2(at, name, type, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    psw_status status = PSW_OK;
    if (dataset < 0 || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = HDF_FAIL("cannot write %s", name);
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    return status;
}

static psw_status put_long_text(hid_t at, const char *name, const char *text)
{
    hid_t type = store_hdf_text_type(strlen(text) + 1); /* a dataset, for attributes end at 64 KiB */
    psw_status status = put_dataset(at, name, type, H5Screate(H5S_SCALAR), text);
    H5Tclose(type);
    return status;
}

static psw_status put_names(hid_t at, const char *name, const char *const *names, ptrdiff_t count)
{
    char list[PSW_OWN_MAX > PSW_PREDICT_MAX ? PSW_OWN_MAX : PSW_PREDICT_MAX][STORE_NAME] = {{0}};
    hsize_t extent = (hsize_t)count;
    if (count == 0) return PSW_OK;
    for (ptrdiff_t i = 0; i < count; i++) psw_format(list[i], sizeof list[i], "%s", names[i]);
    hid_t type = store_hdf_text_type(STORE_NAME);
    psw_status status = put_dataset(at, name, type, H5Screate_simple(1, &extent, NULL), list);
    H5Tclose(type);
    return status;
}

/* How times come about, for who reads them. */
static psw_status put_timing(hid_t group)
{
    PSW_TRY(store_hdf_put_text(group, "timing_clock", "CLOCK_MONOTONIC of each rank; its resolution in launches"));
    PSW_TRY(store_hdf_put_text(group, "timing_synchronisation",
                               "barrier of the team, or of all teams beside it, before each pass"));
    return store_hdf_put_text(group, "timing_reduction",
                              "slowest rank of each pass; median and rank interval over passes");
}

static psw_status put_provenance(hid_t file, const store_layout *what)
{
    hid_t group = H5Gcreate2(file, "provenance", H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("cannot create /provenance");
    psw_status status = put_long_text(group, "study", what->text);
    if (status == PSW_OK) status = put_long_text(group, "resolved", what->resolved);
    if (status == PSW_OK)
        status =
            put_dataset(group, "identity", H5T_STD_U64LE, H5Screate_simple(1, (hsize_t[]){1}, NULL), &what->identity);
    if (status == PSW_OK) status = put_names(group, "own", what->own, what->owns);
    if (status == PSW_OK) status = put_names(group, "predict", what->predict, what->predicts);
    if (status == PSW_OK) status = put_timing(group);
    if (status == PSW_OK)
        status =
            store_table_create(group, "launches", "launch modulo 64 is its row", store_launch_fields, STORE_LAUNCHES);
    H5Gclose(group);
    return status;
}

/* Which interval the ends of success_rate are of, where it is not that of a fixed number of trials. */
static psw_status put_interval(hid_t file)
{
    static const char *const ends[] = {"success_lo", "success_hi"};
    static const char interval[] = "at 1 - trials_error, at any stop: a mixture of likelihoods of independent trials "
                                   "(Robbins 1970); of draws with "
                                   "several trials bets on their means (Waudby-Smith and Ramdas 2024)";
    psw_status status = PSW_OK;
    for (int i = 0; i < 2 && status == PSW_OK; i++) {
        hid_t dataset = H5Dopen2(file, ends[i], H5P_DEFAULT);
        if (dataset < 0) return HDF_FAIL("cannot open column %s", ends[i]);
        status = store_hdf_put_text(dataset, "interval", interval);
        H5Dclose(dataset);
    }
    return status;
}

psw_status store_layout_objects(hid_t file, const store_layout *what, const psw_column_set *all)
{
    PSW_TRY(store_columns_create(file, all, what->slots, what->blank));
    if (what->stops) PSW_TRY(put_interval(file));
    PSW_TRY(store_samples_create(file, what));
    PSW_TRY(put_head(file, what, all));
    PSW_TRY(put_provenance(file, what));
    PSW_TRY(store_rows_create(file, what));
    PSW_TRY(store_edges_create(file, what));
    return store_table_create(file, "failures", "slot modulo 4096 is its row, the newest stays", store_failure_fields,
                              store_failure_rows(what->slots));
}
