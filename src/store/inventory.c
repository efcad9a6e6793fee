/* Where the parts of a result file are: the only code that lets HDF5 read a file which may be damaged or malicious, in
 * a child process. */
#include "store/store.h"

#include <string.h>
#include <sys/mman.h>

static void note(store_finding *f, psw_status status)
{
    if (f->status != PSW_OK || status == PSW_OK) return;
    f->status = status;
    psw_format(f->message, sizeof f->message, "%s", psw_message());
}

static psw_status check_origin(const char *path, hid_t file)
{
    char name[32];
    int32_t version = 0;
    ptrdiff_t count = 0;
    if (!store_hdf_get_text_attribute(file, "schema_name", name, sizeof name) || strcmp(name, "polysweep") != 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is an HDF5 file, but not one of polysweep", path);
    if (!store_hdf_get_numbers(file, "schema_version", H5T_STD_I32LE, 1, &version, &count) || count != 1 || version < 1)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has no schema version", path);
    if (version > STORE_SCHEMA)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s was written by a newer polysweep (schema %d, this one reads %d)", path,
                        (int)version, STORE_SCHEMA);
    if (store_hdf_get_numbers(file, "commit_version", H5T_STD_I32LE, 1, &version, &count) &&
        version > STORE_COMMIT_VERSION)
        return PSW_FAIL(PSW_ENVIRONMENT,
                        "%s was written by a newer polysweep (commit words of version %d, this one knows %d)", path,
                        (int)version, STORE_COMMIT_VERSION);
    return PSW_OK;
}

/* ---- /provenance ---- */

static psw_status read_line(hid_t at, const char *name, hid_t type, ptrdiff_t most, void *values, ptrdiff_t *count)
{
    hid_t dataset;
    PSW_TRY(store_hdf_look(at, name, type, -1, 0, &dataset)); /* HDF5 reads it, however it is stored */
    psw_status status = PSW_OK;
    *count = store_hdf_length(dataset);
    if (*count < 1 || *count > most)
        status = PSW_FAIL(PSW_ENVIRONMENT, "%s holds %td values", name, *count);
    else if (H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) < 0)
        status = HDF_FAIL("cannot read %s", name);
    H5Dclose(dataset);
    return status;
}

static psw_status read_names(hid_t at, const char *name, char (*names)[STORE_NAME], ptrdiff_t most, ptrdiff_t *count)
{
    *count = 0;
    if (H5Lexists(at, name, H5P_DEFAULT) == 0) return PSW_OK;
    hid_t type = store_hdf_text_type(STORE_NAME);
    psw_status status = read_line(at, name, type, most, names, count);
    H5Tclose(type);
    for (ptrdiff_t i = 0; i < most; i++) names[i][STORE_NAME - 1] = '\0';
    return status;
}

static psw_status take_provenance(hid_t group, store_index *index, store_inventory *out)
{
    const size_t most = (size_t)1 << 28;
    ptrdiff_t count;
    PSW_TRY(read_line(group, "identity", H5T_STD_U64LE, 1, &out->identity, &count));
    PSW_TRY(store_hdf_find_text(group, "study", most, &out->text));
    PSW_TRY(store_hdf_find_text(group, "resolved", most, &out->resolved));
    PSW_TRY(read_names(group, "own", out->own, PSW_OWN_MAX, &out->owns));
    PSW_TRY(read_names(group, "predict", out->predict, PSW_PREDICT_MAX, &out->predicts));
    return store_table_find(group, "launches", store_launch_fields, STORE_LAUNCHES, index, out->launch);
}

/* ---- columns, and what else is on slots ---- */

void store_inventory_columns(const store_inventory *of, psw_column_set *out)
{
    const char *own[PSW_OWN_MAX], *predict[PSW_PREDICT_MAX];
    for (ptrdiff_t i = 0; i < of->owns; i++) own[i] = of->own[i];
    for (ptrdiff_t i = 0; i < of->predicts; i++) predict[i] = of->predict[i];
    psw_column_set_make(own, of->owns, predict, of->predicts, NULL, out);
}

static psw_status place_columns(const psw_column_set *all, const hid_t *datasets, store_index *index,
                                store_inventory *out)
{
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (datasets[i] > 0) PSW_TRY(store_hdf_place(datasets[i], all->list[i].name, index, &out->column[i]));
    return PSW_OK;
}

static psw_status take_columns(hid_t file, store_index *index, store_inventory *out)
{
    hid_t datasets[PSW_COLUMNS_MAX];
    psw_column_set all;
    store_inventory_columns(out, &all);
    PSW_TRY(store_hdf_find(file, "point", H5T_STD_I64LE, -1, index, &out->point));
    out->slots = out->point.count;
    if (out->slots < 1) return PSW_FAIL(PSW_ENVIRONMENT, "it has no points");
    psw_status status = store_columns_open(file, &all, out->slots, false, NULL, datasets);
    if (status == PSW_OK) status = place_columns(&all, datasets, index, out);
    if (status == PSW_OK) note(&out->schema, store_schema_check(file, &all, datasets));
    store_columns_close(&all, datasets);
    return status;
}

static psw_status take_parts(hid_t file, store_index *index, store_inventory *out)
{
    hid_t group = H5Gopen2(file, "provenance", H5P_DEFAULT);
    if (group < 0) return PSW_FAIL(PSW_ENVIRONMENT, "/provenance is missing");
    psw_status status = take_provenance(group, index, out);
    H5Gclose(group);
    if (status == PSW_OK) status = take_columns(file, index, out);
    if (status == PSW_OK)
        status = store_table_find(file, "failures", store_failure_fields, store_failure_rows(out->slots), index,
                                  out->failure);
    if (status != PSW_OK) return status;
    out->packed = H5Aexists(file, "packed") > 0;
    out->is_part = H5Aexists(file, "part") > 0;
    if (out->is_part) store_hdf_get_text_attribute(file, "part", out->part, sizeof out->part);
    out->part_slots[0] = '\0';
    if (H5Aexists(file, "part_slots") > 0)
        store_hdf_get_text_attribute(file, "part_slots", out->part_slots, sizeof out->part_slots);
    note(&out->rows_are, store_rows_locate(file, index, out->rows));
    note(&out->samples_are, store_samples_locate(file, out->slots, index, &out->samples));
    note(&out->edges_are, store_edges_locate(file, index, out->edges));
    return PSW_OK;
}

static psw_status take_file(const char *path, store_index *index, store_inventory *out)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, access);
    psw_status status = file < 0 ? HDF_FAIL("%s cannot be opened", path) : PSW_OK;
    H5Pclose(access);
    if (status != PSW_OK) return status;
    status = check_origin(path, file);
    if (status == PSW_OK) {
        status = take_parts(file, index, out);
        if (status == PSW_ENVIRONMENT) status = PSW_FAIL(status, "%s is damaged: %s", path, psw_message());
    }
    H5Fclose(file);
    return status;
}

typedef struct shared_finding {
    store_inventory has;
    store_chunk chunk[STORE_CHUNKS_MOST]; /* untouched pages take no memory */
} shared_finding;

static psw_status take_in_child(const char *path, void *result)
{
    shared_finding *out = result;
    store_index index = {0, out->chunk};
    note(&out->has.opened, take_file(path, &index, &out->has));
    out->has.chunks = index.count;
    out->has.whole = true;
    return PSW_OK;
}

/* Texts end, and numbers of names are numbers of names. */
static bool makes_sense(store_inventory *i)
{
    store_finding *findings[] = {&i->opened, &i->schema, &i->rows_are, &i->samples_are, &i->edges_are};
    for (size_t k = 0; k < sizeof findings / sizeof *findings; k++)
        findings[k]->message[sizeof findings[k]->message - 1] = '\0';
    for (ptrdiff_t k = 0; k < PSW_OWN_MAX; k++) i->own[k][STORE_NAME - 1] = '\0';
    for (ptrdiff_t k = 0; k < PSW_PREDICT_MAX; k++) i->predict[k][STORE_NAME - 1] = '\0';
    i->part[sizeof i->part - 1] = '\0';
    return i->whole && i->owns >= 0 && i->owns <= PSW_OWN_MAX && i->predicts >= 0 && i->predicts <= PSW_PREDICT_MAX;
}

/* Chunks are found one after the other, so the time grows with the file. */
static store_guard_limits limits_of(const char *path)
{
    store_guard_limits by_size = store_guard_by_size(path);
    return (store_guard_limits){.time_s = 5 + (by_size.time_s - 20) / 64, .memory_bytes = (double)(1 << 30)};
}

static psw_status take_all(const char *path, const shared_finding *found, store_inventory *out, store_source *source)
{
    *out = found->has;
    if (!makes_sense(out)) return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: HDF5 crashes on it", path);
    PSW_TRY(store_finding_tell(&out->opened));
    psw_status status = store_source_index(source, found->chunk, out->chunks);
    return status == PSW_ENVIRONMENT ? PSW_FAIL(status, "%s is damaged: %s", path, psw_message()) : status;
}

psw_status store_inventory_take(const char *path, store_inventory *out, store_source *source)
{
    shared_finding *found =
        mmap(NULL, sizeof *found, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (found == MAP_FAILED) return PSW_FAIL(PSW_NO_MEMORY, "no memory to look into %s", path);
    psw_status status = store_guard_file(path, take_in_child, found, limits_of(path));
    if (status == PSW_OK) status = take_all(path, found, out, source);
    munmap(found, sizeof *found);
    return status;
}

/* ---- all places ---- */

static psw_status each_of(const store_raw *places, ptrdiff_t count, const char *name, store_place_see *see,
                          void *context)
{
    for (ptrdiff_t i = 0; i < count; i++) PSW_TRY(see(context, name, &places[i]));
    return PSW_OK;
}

psw_status store_inventory_each(const store_inventory *of, store_place_see *see, void *context)
{
    psw_column_set all;
    store_inventory_columns(of, &all);
    PSW_TRY(see(context, "point", &of->point));
    PSW_TRY(see(context, "/provenance/study", &of->text));
    PSW_TRY(see(context, "/provenance/resolved", &of->resolved));
    PSW_TRY(see(context, "time_s", &of->samples));
    for (ptrdiff_t i = 0; i < all.count; i++) PSW_TRY(see(context, all.list[i].name, &of->column[i]));
    PSW_TRY(each_of(of->launch, STORE_FIELDS, "/provenance/launches", see, context));
    PSW_TRY(each_of(of->failure, STORE_FIELDS, "/failures", see, context));
    PSW_TRY(each_of(of->rows, ROWS_LINES, "/rows", see, context));
    return each_of(of->edges, STORE_EDGE_COLUMNS, "/edges", see, context);
}
