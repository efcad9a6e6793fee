/* Reading a file in one process, without HDF5: a child process finds where its numbers are. The file may be damaged
 * or malicious: sizes are checked against the file before memory is allocated, and a slot counts only with its commit
 * word. */
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
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC); /* a pipe without a writer must not hang us */
    if (descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    bool regular = fstat(descriptor, &about) == 0 && S_ISREG(about.st_mode);
    close(descriptor);
    if (!regular) return PSW_FAIL(PSW_ENVIRONMENT, "%s is not a file", path);
    if (H5Fis_hdf5(path) <= 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s is not an HDF5 file", path);
    return PSW_OK;
}

enum { SAMPLES_MOST = 1 << 23 }; /* of a point, where none is stored: their memory has to end somewhere */

/* ---- opening ---- */

/* An axis of the study's own had the name before a column did: the dataset is the axis. */
static bool taken(const psw_column_set *all, ptrdiff_t i)
{
    for (ptrdiff_t k = i + 1; all->list[i].younger && k < all->count; k++)
        if (strcmp(all->list[k].name, all->list[i].name) == 0) return true;
    return false;
}

psw_status store_columns_open(hid_t file, const psw_column_set *all, ptrdiff_t slots, bool every, const bool *bare,
                              hid_t *datasets)
{
    for (ptrdiff_t i = 0; i < all->count; i++) datasets[i] = -1;
    for (ptrdiff_t i = 0; i < all->count; i++) {
        const psw_column *column = &all->list[i];
        bool may_lack = !every || column->younger;
        hid_t type = store_hdf_type(column->type);
        if ((bare && bare[i]) || taken(all, i) || (may_lack && H5Lexists(file, column->name, H5P_DEFAULT) == 0))
            continue;
        PSW_TRY(every ? store_hdf_open(file, column->name, type, slots, &datasets[i])
                      : store_hdf_look(file, column->name, type, slots, 0, &datasets[i]));
    }
    return PSW_OK;
}

void store_columns_close(const psw_column_set *all, const hid_t *datasets)
{
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (datasets[i] > 0) H5Dclose(datasets[i]);
}

static psw_status read_text(const psw_reader *reader, const char *name, store_raw at, char **text)
{
    *text = calloc((size_t)at.count + 1, 1);
    if (!*text) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td bytes of %s", at.count, name);
    psw_status status = store_raw_read(reader->file, name, at, (store_raw_part){1, 0, at.count}, *text);
    if (status == PSW_OK) return status;
    free(*text);
    *text = NULL;
    return status;
}

static psw_status know_launches(psw_reader *reader)
{
    int64_t numbers[STORE_LAUNCHES];
    PSW_TRY(store_raw_read(reader->file, "number", reader->has.launch[0],
                           (store_raw_part){sizeof *numbers, 0, STORE_LAUNCHES}, numbers));
    for (int i = 0; i < STORE_LAUNCHES; i++) {
        psw_launch_row row;
        bool free = numbers[i] < 0 || numbers[i] == INT64_MAX;
        reader->launch[i].number = free ? -1 : (ptrdiff_t)numbers[i];
        if (free) continue;
        if (numbers[i] >= reader->launches) reader->launches = (ptrdiff_t)numbers[i] + 1;
        PSW_TRY(store_table_get(reader->file, store_launch_fields, reader->has.launch, i, &row));
        reader->launch[i].checksum = psw_launch_checksum(&row.launch);
    }
    return PSW_OK;
}

static psw_status see_inside(void *context, const char *name, const store_raw *place)
{
    if (store_source_has(context, place)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "numbers of %s lie outside the file", name);
}

/* The number of slots and the lengths of texts decide how much memory is allocated: they must fit the file, which holds
 * the numbers of all points. */
static psw_status check_counts(const psw_reader *reader)
{
    const store_inventory *has = &reader->has;
    PSW_TRY(store_inventory_each(has, see_inside, reader->file));
    double stored = store_source_bytes(reader->file, &has->point), most = (double)store_source_size(reader->file);
    if (has->slots != has->point.count || stored <= 0 || stored > most ||
        (double)has->slots * sizeof(int64_t) > stored * STORE_DEFLATE_MOST)
        return PSW_FAIL(PSW_ENVIRONMENT, "it does not hold the numbers of %td points", has->slots);
    if (has->samples.way == STORE_NOWHERE && has->samples.count / has->slots > SAMPLES_MOST)
        return PSW_FAIL(PSW_ENVIRONMENT, "it has %td samples of a point, and none is stored",
                        has->samples.count / has->slots);
    if (has->text.way != STORE_WHOLE || has->text.count < 1 || has->resolved.way != STORE_WHOLE ||
        has->resolved.count < 1)
        return PSW_FAIL(PSW_ENVIRONMENT, "the text of its study is missing");
    return PSW_OK;
}

/* It must be the file that was looked into, not one that was put in its place since. */
static psw_status check_same(const psw_reader *reader, const char *path)
{
    struct stat about, named;
    if (fstat(store_source_file(reader->file), &about) == 0 && stat(path, &named) == 0 && about.st_ino == named.st_ino)
        return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s was replaced while it was being opened; try again", path);
}

psw_status store_reader_understand(psw_reader *reader, const char *path)
{
    PSW_TRY(check_same(reader, path));
    psw_status status = check_counts(reader);
    if (status == PSW_ENVIRONMENT) return PSW_FAIL(status, "%s is damaged: %s", path, psw_message());
    store_inventory_columns(&reader->has, &reader->columns);
    for (ptrdiff_t i = 0; i < reader->columns.count; i++)
        reader->older |= reader->columns.absent[i] = reader->has.column[i].count == 0;
    status = read_text(reader, "resolved", reader->has.resolved, &reader->study);
    if (status == PSW_OK) status = know_launches(reader);
    return status == PSW_ENVIRONMENT ? PSW_FAIL(status, "%s is damaged: %s", path, psw_message()) : status;
}

psw_status store_reader_begin(const char *path, psw_reader **out)
{
    *out = NULL;
    store_hdf_quiet();
    PSW_TRY(check_readable(path));
    psw_reader *reader = calloc(1, sizeof *reader);
    if (reader) reader->buffer = malloc(STORE_PIECE * sizeof(double)), reader->path = strdup(path);
    if (!reader || !reader->buffer || !reader->path) {
        if (reader) free(reader->buffer), free(reader->path);
        free(reader);
        return PSW_FAIL(PSW_NO_MEMORY, "no memory to read %s", path);
    }
    *out = reader;
    return store_source_open(path, &reader->file);
}

psw_status psw_reader_open(const char *path, psw_reader **out)
{
    psw_status status = store_reader_begin(path, out);
    if (status == PSW_OK) status = store_inventory_take(path, &(*out)->has, (*out)->file);
    if (status == PSW_OK) status = store_reader_understand(*out, path);
    if (status == PSW_OK) return status;
    psw_reader_close(*out);
    *out = NULL;
    return status;
}

void psw_reader_close(psw_reader *reader)
{
    if (!reader) return;
    store_source_close(reader->file);
    free(reader->path);
    free(reader->study);
    free(reader->rows_buffer);
    free(reader->buffer);
    free(reader);
}

ptrdiff_t psw_reader_slots(const psw_reader *reader)
{
    return reader->has.slots;
}
uint64_t psw_reader_identity(const psw_reader *reader)
{
    return reader->has.identity;
}
const char *psw_reader_study(const psw_reader *reader)
{
    return reader->study;
}
psw_status psw_reader_text(psw_reader *reader, char **text)
{
    return read_text(reader, "study", reader->has.text, text);
}
ptrdiff_t psw_reader_launches(const psw_reader *reader)
{
    return reader->launches;
}

ptrdiff_t psw_reader_own(const psw_reader *reader, const char *names[PSW_OWN_MAX])
{
    for (ptrdiff_t i = 0; i < reader->has.owns; i++) names[i] = reader->has.own[i];
    return reader->has.owns;
}

bool psw_reader_packed(const psw_reader *reader)
{
    return reader->has.packed || reader->has.chunks > 0;
}

bool psw_reader_older(const psw_reader *reader)
{
    return reader->older;
}

const psw_column *psw_reader_lacks(const psw_reader *reader, const psw_point *point)
{
    const psw_column_set *all = &reader->columns;
    const psw_record record = {.point = *point, .slot.random_version = psw_data_random_version(point)};
    for (ptrdiff_t i = 0; reader->older && i < all->count; i++) {
        bool known = psw_column_parameter(&all->list[i]) || i == all->random_version; /* before it is computed */
        if (all->absent[i] && known && psw_column_enters_commit(&all->list[i], &record)) return &all->list[i];
    }
    return NULL;
}

/* ---- launches and failures ---- */

static psw_status read_launch(const psw_reader *reader, ptrdiff_t index, psw_launch_row *row)
{
    return store_table_get(reader->file, store_launch_fields, reader->has.launch, index, row);
}

/* An older file lacks some numbers. */
static psw_launch_row blank_row(void)
{
    psw_launch_row row = {.number = -1,
                          .launch = {.clock_resolution_s = NAN,
                                     .memory_bytes_s = NAN,
                                     .rates_age_s = NAN,
                                     .rates_busy = NAN,
                                     .node_cores = NAN,
                                     .node_kinds = NAN,
                                     .node_speed = NAN,
                                     .node_memory_bytes = NAN}};
    for (int i = 0; i < 2; i++) row.launch.product_flops_s[i] = row.launch.latency_s[i] = row.launch.byte_s[i] = NAN;
    return row;
}

psw_status psw_reader_launch(psw_reader *reader, ptrdiff_t launch, psw_launch *out)
{
    psw_launch_row row = blank_row();
    if (launch >= 0) PSW_TRY(read_launch(reader, launch % STORE_LAUNCHES, &row));
    if (launch < 0 || row.number != launch)
        return PSW_FAIL(PSW_ENVIRONMENT, "launch %td is no longer in the file", launch);
    *out = row.launch;
    return PSW_OK;
}

static int by_number(const void *a, const void *b)
{
    ptrdiff_t x = ((const psw_launch_row *)a)->number, y = ((const psw_launch_row *)b)->number;
    return (x > y) - (x < y);
}

psw_status psw_reader_launch_rows(psw_reader *reader, psw_launch_row rows[PSW_LAUNCHES], ptrdiff_t *count)
{
    *count = 0;
    for (ptrdiff_t i = 0; i < PSW_LAUNCHES; i++) {
        psw_launch_row row = blank_row();
        PSW_TRY(read_launch(reader, i, &row));
        if (row.number >= 0) rows[(*count)++] = row;
    }
    qsort(rows, (size_t)*count, sizeof *rows, by_number);
    return PSW_OK;
}

psw_status store_reader_failure(psw_reader *reader, ptrdiff_t slot, store_failure_row *row)
{
    if (slot < 0 || slot >= reader->has.slots)
        return PSW_FAIL(PSW_BUG, "slot %td of %td was requested", slot, reader->has.slots);
    ptrdiff_t rows = store_failure_rows(reader->has.slots);
    PSW_TRY(store_table_get(reader->file, store_failure_fields, reader->has.failure, slot % rows, row));
    if (row->slot != slot || row->check != store_failure_check(row)) *row = (store_failure_row){.slot = -1};
    return PSW_OK;
}

psw_status psw_reader_failure(psw_reader *reader, ptrdiff_t slot, char *message, size_t size)
{
    store_failure_row row;
    psw_format(message, size, "%s", "");
    PSW_TRY(store_reader_failure(reader, slot, &row));
    if (row.slot == slot) psw_format(message, size, "%s", row.message);
    return PSW_OK;
}
