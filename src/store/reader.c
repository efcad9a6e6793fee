/* Reading a file in one process. What is read may be damaged or made to harm: sizes are checked against the file before
 * memory is taken, and a slot counts only with its commit word. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- is it ours? ---- */

static psw_status check_readable(const char *path)
{
    struct stat about;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe that nobody writes to must not hold us */
    if (descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, strerror(errno));
    bool regular = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    close(descriptor);
    if (!regular) return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a file", path);
    if (H5Fis_hdf5(path) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s is not an HDF5 file", path);
    return PSW_OK;
}

static psw_status check_schema(const char *path, hid_t file)
{
    char name[32];
    int32_t version = 0;
    ptrdiff_t count = 0;
    if (!hdf_get_text_attribute(file, "schema_name", name, sizeof name) || strcmp(name, "polysweep") != 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is an HDF5 file, but not one of polysweep", path);
    if (!hdf_get_numbers(file, "schema_version", H5T_STD_I32LE, 1, &version, &count) || count != 1 || version < 1)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s does not say which schema it has", path);
    if (version > STORE_SCHEMA)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s was written by a newer polysweep (schema %d, this one reads %d)", path,
                        (int)version, STORE_SCHEMA);
    return PSW_OK;
}

/* ---- opening ---- */

psw_status columns_open(hid_t file, const columns *all, ptrdiff_t slots, bool every, hid_t *datasets)
{
    for (ptrdiff_t i = 0; i < all->count; i++) datasets[i] = -1;
    for (ptrdiff_t i = 0; i < all->count; i++) {
        const psw_column *column = &all->list[i];
        if (!every && H5Lexists(file, column->name, H5P_DEFAULT) == 0) continue;
        PSW_TRY(hdf_open(file, column->name, hdf_type(column->type), slots, &datasets[i]));
    }
    return PSW_OK;
}

void columns_close(const columns *all, const hid_t *datasets)
{
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (datasets[i] > 0) H5Dclose(datasets[i]);
}

static psw_status read_line(hid_t at, const char *name, hid_t type, ptrdiff_t most, void *values, ptrdiff_t *count)
{
    hid_t dataset;
    PSW_TRY(hdf_open(at, name, type, -1, &dataset));
    psw_status status = PSW_OK;
    *count = hdf_length(dataset);
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
    hid_t type = hdf_text_type(STORE_NAME);
    psw_status status = read_line(at, name, type, most, names, count);
    H5Tclose(type);
    for (ptrdiff_t i = 0; i < most; i++) names[i][STORE_NAME - 1] = '\0';
    return status;
}

static psw_status read_provenance(psw_reader *reader, hid_t group)
{
    ptrdiff_t count;
    PSW_TRY(read_line(group, "identity", H5T_STD_U64LE, 1, &reader->identity, &count));
    PSW_TRY(hdf_get_text(group, "resolved", (size_t)1 << 28, &reader->study));
    PSW_TRY(read_names(group, "own", reader->own, PSW_OWN_MAX, &reader->owns));
    PSW_TRY(read_names(group, "predict", reader->predict, PSW_PREDICT_MAX, &reader->predicts));
    return table_open(group, "launches", launch_fields, STORE_LAUNCHES, &reader->launch);
}

static psw_status count_launches(psw_reader *reader)
{
    int64_t numbers[STORE_LAUNCHES];
    slice rows = slice_make(STORE_LAUNCHES, 0, STORE_LAUNCHES);
    psw_status status = hdf_read(reader->launch.dataset[0], "number", H5T_STD_I64LE, rows, numbers);
    slice_close(rows);
    reader->launches = 0;
    for (int i = 0; status == PSW_OK && i < STORE_LAUNCHES; i++)
        if (numbers[i] >= reader->launches && numbers[i] < INT64_MAX) reader->launches = (ptrdiff_t)numbers[i] + 1;
    return status;
}

/* The number of slots says how much memory callers take: believed only if there are data for so many. */
static psw_status check_inside(hid_t file, hid_t dataset)
{
    hsize_t size = H5Dget_storage_size(dataset), all = 0;
    haddr_t offset = H5Dget_offset(dataset);
    if (H5Fget_filesize(file, &all) < 0 || size > all || offset > all - size)
        return PSW_FAIL(PSW_ENVIRONMENT, "its columns do not lie in it");
    return PSW_OK;
}

static psw_status open_columns(psw_reader *reader)
{
    const char *own[PSW_OWN_MAX], *predict[PSW_PREDICT_MAX];
    hid_t scale;
    for (ptrdiff_t i = 0; i < reader->owns; i++) own[i] = reader->own[i];
    for (ptrdiff_t i = 0; i < reader->predicts; i++) predict[i] = reader->predict[i];
    columns_make(own, reader->owns, predict, reader->predicts, &reader->columns);
    PSW_TRY(hdf_open(reader->file, "point", H5T_STD_I64LE, -1, &scale));
    reader->slots = hdf_length(scale);
    psw_status status = check_inside(reader->file, scale);
    H5Dclose(scale);
    if (status != PSW_OK) return status;
    if (reader->slots < 1) return PSW_FAIL(PSW_ENVIRONMENT, "there are no points in it");
    return columns_open(reader->file, &reader->columns, reader->slots, false, reader->dataset);
}

static psw_status open_parts(psw_reader *reader)
{
    hid_t group = H5Gopen2(reader->file, "provenance", H5P_DEFAULT);
    if (group < 0) return PSW_FAIL(PSW_ENVIRONMENT, "/provenance is missing");
    psw_status status = read_provenance(reader, group);
    H5Gclose(group);
    if (status == PSW_OK) status = count_launches(reader);
    if (status == PSW_OK) status = open_columns(reader);
    if (status == PSW_OK)
        status = table_open(reader->file, "failures", failure_fields, failure_rows(reader->slots), &reader->failure);
    return status;
}

static psw_status open_file(psw_reader *reader, const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    reader->file = H5Fopen(path, H5F_ACC_RDONLY, access);
    psw_status status = reader->file < 0 ? HDF_FAIL("%s cannot be opened", path) : PSW_OK;
    H5Pclose(access);
    if (status == PSW_OK) PSW_TRY(check_schema(path, reader->file));
    if (status != PSW_OK) return status;
    status = open_parts(reader);
    return status == PSW_ENVIRONMENT ? PSW_FAIL(status, "%s is damaged: %s", path, psw_message()) : status;
}

static psw_status open_here(const char *path, psw_reader **out)
{
    *out = NULL;
    psw_reader *reader = calloc(1, sizeof *reader);
    if (reader) reader->buffer = malloc(STORE_PIECE * sizeof(double));
    if (!reader || !reader->buffer) {
        free(reader);
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to read %s", path);
    }
    psw_status status = open_file(reader, path);
    if (status == PSW_OK)
        *out = reader;
    else
        psw_reader_close(reader);
    return status;
}

/* Everything of HDF5 that any reader goes through: all objects and attributes, and a row of each table. */
static psw_status touch(const char *path)
{
    psw_reader *reader;
    psw_record record;
    launch_row launch;
    failure_row failure;
    PSW_TRY(open_here(path, &reader));
    (void)psw_reader_schema(reader);
    (void)psw_reader_get(reader, 0, 1, &record);
    (void)table_get(&reader->launch, 0, &launch);
    (void)table_get(&reader->failure, 0, &failure);
    rows_touch(reader->file);
    psw_reader_close(reader);
    return PSW_OK;
}

psw_status psw_reader_open(const char *path, psw_reader **out)
{
    *out = NULL;
    hdf_quiet();
    PSW_TRY(check_readable(path));
    PSW_TRY(guard_file(path, touch, (guard_limits){.time_s = 5, .memory_bytes = (double)(1 << 30)}));
    return open_here(path, out);
}

void psw_reader_close(psw_reader *reader)
{
    if (!reader) return;
    if (reader->file > 0) H5Fclose(reader->file); /* and with it what is open in it */
    free(reader->study);
    free(reader->buffer);
    free(reader);
}

ptrdiff_t psw_reader_slots(const psw_reader *reader)
{
    return reader->slots;
}
uint64_t psw_reader_identity(const psw_reader *reader)
{
    return reader->identity;
}
const char *psw_reader_study(const psw_reader *reader)
{
    return reader->study;
}
psw_status psw_reader_text(psw_reader *reader, char **text)
{
    hid_t group = H5Gopen2(reader->file, "provenance", H5P_DEFAULT);
    psw_status status = hdf_get_text(group, "study", (size_t)1 << 28, text);
    H5Gclose(group);
    return status;
}
ptrdiff_t psw_reader_launches(const psw_reader *reader)
{
    return reader->launches;
}

/* ---- slots ---- */

/* The commit word is read before the data: of a file that is being written, a commit word must not be younger than
 * the data it is compared with. */
static psw_status read_piece(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    const columns *all = &reader->columns;
    slice rows = slice_make(reader->slots, first, count);
    psw_status status = PSW_OK;
    for (ptrdiff_t k = 0; status == PSW_OK && k < all->count; k++) {
        ptrdiff_t i = (all->commit + k) % all->count;
        if (reader->dataset[i] < 0) continue;
        status = hdf_read(reader->dataset[i], all->list[i].name, hdf_type(all->list[i].type), rows, reader->buffer);
        if (status == PSW_OK) column_unpack(&all->list[i], reader->buffer, count, records);
    }
    slice_close(rows);
    return status;
}

static void believe(const columns *all, psw_record *record)
{
    bool final = record->slot.status != PSW_SLOT_EMPTY && record->slot.status != PSW_SLOT_RUNNING;
    record->slot.torn = final && record->slot.commit != columns_checksum(all, record);
    if (record->slot.torn) record->slot.status = PSW_SLOT_RUNNING;
}

psw_status psw_reader_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    const psw_point nowhere = {0};
    if (first < 0 || count < 0 || first > reader->slots - count)
        return PSW_FAIL(PSW_BUG, "slots %td to %td of %td were asked for", first, first + count, reader->slots);
    for (ptrdiff_t i = 0; i < count; i++) records[i] = psw_record_blank(&nowhere);
    for (ptrdiff_t done = 0; done < count; done += STORE_PIECE) {
        ptrdiff_t piece = count - done < STORE_PIECE ? count - done : STORE_PIECE;
        PSW_TRY(read_piece(reader, first + done, piece, records + done));
    }
    for (ptrdiff_t i = 0; i < count; i++) believe(&reader->columns, &records[i]);
    return PSW_OK;
}

psw_status psw_reader_slots_get(psw_reader *reader, psw_slot *slots)
{
    psw_record *records = malloc(STORE_PIECE * sizeof *records);
    psw_status status = records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read slots");
    for (ptrdiff_t first = 0; status == PSW_OK && first < reader->slots; first += STORE_PIECE) {
        ptrdiff_t count = reader->slots - first < STORE_PIECE ? reader->slots - first : STORE_PIECE;
        status = psw_reader_get(reader, first, count, records);
        for (ptrdiff_t i = 0; i < count; i++) slots[first + i] = records[i].slot;
    }
    free(records);
    return status;
}

/* ---- launches and failures ---- */

psw_status psw_reader_launch(psw_reader *reader, ptrdiff_t launch, psw_launch *out)
{
    launch_row row = {.number = -1, .launch = {.clock_resolution_s = NAN, .memory_bytes_s = NAN}};
    for (int i = 0; i < 2; i++) /* what an older file says nothing of */
        row.launch.product_flops_s[i] = row.launch.latency_s[i] = row.launch.byte_s[i] = NAN;
    if (launch >= 0) PSW_TRY(table_get(&reader->launch, launch % STORE_LAUNCHES, &row));
    if (launch < 0 || row.number != launch)
        return PSW_FAIL(PSW_ENVIRONMENT, "launch %td is no longer in the file", launch);
    *out = row.launch;
    return PSW_OK;
}

static int by_number(const void *a, const void *b)
{
    ptrdiff_t x = ((const launch_row *)a)->number, y = ((const launch_row *)b)->number;
    return (x > y) - (x < y);
}

psw_status psw_reader_launch_rows(psw_reader *reader, psw_launch_row rows[PSW_LAUNCHES], ptrdiff_t *count)
{
    *count = 0;
    for (ptrdiff_t i = 0; i < PSW_LAUNCHES; i++) {
        launch_row row = {.number = -1};
        PSW_TRY(table_get(&reader->launch, i, &row));
        if (row.number >= 0) rows[(*count)++] = row;
    }
    qsort(rows, (size_t)*count, sizeof *rows, by_number);
    return PSW_OK;
}

psw_status reader_failure(psw_reader *reader, ptrdiff_t slot, failure_row *row)
{
    if (slot < 0 || slot >= reader->slots)
        return PSW_FAIL(PSW_BUG, "slot %td of %td was asked for", slot, reader->slots);
    PSW_TRY(table_get(&reader->failure, slot % reader->failure.rows, row));
    if (row->slot != slot || row->check != failure_check(row)) *row = (failure_row){.slot = -1};
    return PSW_OK;
}

psw_status psw_reader_failure(psw_reader *reader, ptrdiff_t slot, char *message, size_t size)
{
    failure_row row;
    psw_format(message, size, "%s", "");
    PSW_TRY(reader_failure(reader, slot, &row));
    if (row.slot == slot) psw_format(message, size, "%s", row.message);
    return PSW_OK;
}
