/* A new file that begins with slots of others, in one process without MPI. Nothing of it is seen under its name before
 * it is whole, has been read back and is on the disk. */
#include "store/store.h"

#include <stdlib.h>

typedef struct copier {
    const psw_copy *copy;
    const store_layout *what;
    psw_column_set columns;
    hid_t file, dataset[PSW_COLUMNS_MAX];
    store_table failure;
    store_kept_rows rows;
    store_kept_samples samples;
    store_kept_edges edges;
    psw_record *records; /* STORE_PIECE of each */
    psw_origin *origins;
    double *buffer;          /* ROWS_BUFFER */
    ptrdiff_t ended, needed; /* slots; those that were not needed, and are empty again */
} copier;

/* ---- slots ---- */

static bool has_ended(const psw_slot *slot)
{
    return slot->status != PSW_SLOT_EMPTY && slot->status != PSW_SLOT_RUNNING;
}

/* Of an unfinished slot its columns are nothing, whatever the file holds; how often it was begun counts, and how often
 * the program ended with it. */
static void reduce(psw_record *record, psw_origin *origin)
{
    psw_slot slot = record->slot;
    *record = psw_record_blank(&record->point);
    *origin = (psw_origin){0};
    if (slot.attempt <= 0) return;
    record->slot = (psw_slot){.status = slot.status, .attempt = slot.attempt, .deaths = slot.torn ? 0 : slot.deaths};
}

static psw_status put_failure(copier *c, ptrdiff_t slot, psw_origin origin)
{
    store_failure_row row;
    PSW_TRY(store_reader_failure(origin.reader, origin.slot, &row));
    if (row.slot < 0) return PSW_OK;
    row.slot = slot;
    row.check = store_failure_check(&row);
    return store_table_put(&c->failure, slot % c->failure.rows, &row);
}

/* Data of a slot outside the columns. */
static psw_status put_beside(copier *c, ptrdiff_t slot, const psw_record *record, psw_origin origin)
{
    if (!origin.reader) return PSW_OK;
    if (record->slot.status != PSW_SLOT_DONE) return put_failure(c, slot, origin);
    PSW_TRY(store_samples_copy(origin.reader, origin.slot, &c->samples, slot));
    if (!c->what->keeps_rows) return PSW_OK;
    return store_rows_copy(origin.reader, origin.slot, &c->rows, slot, &record->point, c->buffer);
}

/* A column that no run of this study fills gets storage where another program's has. */
static bool nothing_to_put(const copier *c, ptrdiff_t i, ptrdiff_t count)
{
    if (!c->what->blank[i] || H5Dget_offset(c->dataset[i]) != HADDR_UNDEF) return false;
    for (ptrdiff_t k = 0; k < count; k++)
        if (!psw_column_blank(&c->columns.list[i], &c->records[k])) return false;
    return true;
}

static psw_status put_columns(copier *c, ptrdiff_t first, ptrdiff_t count)
{
    const psw_column_set *all = &c->columns;
    store_slice rows = store_slice_make(c->what->slots, first, count);
    psw_status status = PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && i < all->count; i++) {
        if (psw_column_parameter(&all->list[i]) && i != all->data_draws) continue; /* there since the file was made */
        if (nothing_to_put(c, i, count)) continue;
        psw_column_pack(&all->list[i], c->records, count, c->buffer);
        status = store_hdf_write(c->dataset[i], all->list[i].name, store_hdf_type(all->list[i].type), rows, c->buffer);
    }
    store_slice_close(rows);
    return status;
}

static psw_status copy_piece(copier *c, ptrdiff_t first, ptrdiff_t count)
{
    PSW_TRY(psw_fault("store.copy"));
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_point point = c->what->point(c->what->context, first + i);
        c->records[i] = psw_record_blank(&point);
        c->origins[i] = (psw_origin){0};
    }
    PSW_TRY(c->copy->take(c->copy->context, first, count, c->records, c->origins));
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_record *record = &c->records[i];
        if (has_ended(&record->slot)) {
            if (record->slot.random_version == 1) record->point.data_draws = 1; /* whatever the study has now */
            psw_records_seal(&c->columns, c->what->owns, c->what->predicts, record, 1);
            c->ended++;
        } else {
            reduce(record, &c->origins[i]);
        }
        PSW_TRY(put_beside(c, first + i, record, c->origins[i]));
    }
    return put_columns(c, first, count);
}

/* ---- the file ---- */

static psw_status put_launches(copier *c)
{
    store_table launches;
    psw_status status =
        store_table_open(c->file, "provenance/launches", store_launch_fields, STORE_LAUNCHES, &launches);
    for (ptrdiff_t i = 0; status == PSW_OK && i < c->copy->launch_count; i++) {
        psw_launch_row row = c->copy->launches[i];
        status = store_table_put(&launches, row.number % STORE_LAUNCHES, &row);
    }
    store_table_close(&launches);
    return status;
}

/* Those without storage, too. */
static psw_status open_columns(copier *c)
{
    const psw_column *column = c->columns.list;
    ptrdiff_t slots = c->what->slots;
    PSW_TRY(store_columns_open(c->file, &c->columns, slots, true, c->what->blank, c->dataset));
    for (ptrdiff_t i = 0; i < c->columns.count; i++, column++)
        if (c->what->blank[i])
            PSW_TRY(store_hdf_look(c->file, column->name, store_hdf_type(column->type), slots, 0, &c->dataset[i]));
    return PSW_OK;
}

static psw_status open_parts(copier *c)
{
    PSW_TRY(open_columns(c));
    PSW_TRY(
        store_table_open(c->file, "failures", store_failure_fields, store_failure_rows(c->what->slots), &c->failure));
    PSW_TRY(store_samples_open(c->file, c->what, &c->samples));
    PSW_TRY(store_edges_open(c->file, c->what, &c->edges));
    return store_rows_open(c->file, c->what, &c->rows);
}

/* Its datasets close with it. */
static psw_status close_file(copier *c, const char *path, psw_status status)
{
    return H5Fclose(c->file) < 0 && status == PSW_OK ? HDF_FAIL("%s cannot be finished", path) : status;
}

static psw_status open_file(copier *c, const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    c->file = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    if (c->file < 0) return HDF_FAIL("%s cannot be opened for writing", path);
    psw_status status = open_parts(c);
    return status == PSW_OK ? status : close_file(c, path, status);
}

static psw_status copy_all(copier *c)
{
    PSW_TRY(put_launches(c));
    for (ptrdiff_t first = 0; first < c->what->slots; first += STORE_PIECE)
        PSW_TRY(copy_piece(c, first, c->what->slots - first < STORE_PIECE ? c->what->slots - first : STORE_PIECE));
    return PSW_OK;
}

/* ---- what a search makes of all slots together ---- */

/* As they were put; those that change are sealed again. */
static psw_status settle_piece(copier *c, psw_reader *reader, const psw_replay *replay, ptrdiff_t first,
                               ptrdiff_t count)
{
    bool changed = false;
    PSW_TRY(psw_reader_get(reader, first, count, c->records));
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_record *record = &c->records[i];
        const psw_slot before = record->slot;
        psw_replay_settle(replay, first + i, record);
        if (record->slot.status == before.status && record->slot.asked == before.asked) continue;
        changed = true;
        c->needed += !has_ended(&record->slot);
        if (has_ended(&record->slot)) psw_records_seal(&c->columns, c->what->owns, c->what->predicts, record, 1);
    }
    return changed ? put_columns(c, first, count) : PSW_OK;
}

static psw_status settle_all(copier *c, psw_reader *reader, const psw_replay *replay)
{
    psw_crossings found;
    for (ptrdiff_t first = 0; first < c->what->slots; first += STORE_PIECE) {
        ptrdiff_t count = c->what->slots - first < STORE_PIECE ? c->what->slots - first : STORE_PIECE;
        PSW_TRY(settle_piece(c, reader, replay, first, count));
    }
    for (ptrdiff_t i = 0; replay->open == 0 && i < c->what->combinations; i++) {
        psw_replay_crossings(replay, i, &found);
        PSW_TRY(store_edges_put(&c->edges, i, 1, &found));
    }
    return PSW_OK;
}

/* The new file has all answers, wherever they come from. */
static psw_status replay_copied(const copier *c, const char *path, psw_reader **reader, psw_replay *replay)
{
    PSW_TRY(psw_reader_open(path, reader));
    return psw_reader_replay(*reader, c->copy->study, replay);
}

static psw_status settle_search(copier *c, const char *path)
{
    psw_reader *reader = NULL;
    psw_replay replay = {0};
    psw_status status = replay_copied(c, path, &reader, &replay);
    if (status == PSW_OK) status = open_file(c, path);
    if (status == PSW_OK) {
        status = settle_all(c, reader, &replay);
        status = close_file(c, path, status);
    }
    psw_replay_free(&replay);
    psw_reader_close(reader);
    c->ended -= c->needed;
    if (c->copy->needed) *c->copy->needed = c->needed;
    return status;
}

/* As anyone reads it: every slot that was written is there, with its commit word. */
static psw_status read_back(copier *c, const char *path)
{
    psw_reader *reader;
    ptrdiff_t ended = 0;
    PSW_TRY(psw_reader_open(path, &reader));
    psw_status status = PSW_OK;
    for (ptrdiff_t first = 0; status == PSW_OK && first < c->what->slots; first += STORE_PIECE) {
        ptrdiff_t count = c->what->slots - first < STORE_PIECE ? c->what->slots - first : STORE_PIECE;
        status = psw_reader_get_whole(reader, first, count, c->records);
        for (ptrdiff_t i = 0; i < count; i++) ended += has_ended(&c->records[i].slot);
    }
    psw_reader_close(reader);
    if (status != PSW_OK || ended == c->ended) return status;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: %td slots were copied, %td read back", path, c->ended, ended);
}

static psw_status put_content(void *context, const char *path)
{
    copier *c = context;
    c->records = malloc(STORE_PIECE * sizeof *c->records);
    c->origins = malloc(STORE_PIECE * sizeof *c->origins);
    c->buffer = malloc(ROWS_BUFFER * sizeof *c->buffer);
    bool room = c->records && c->origins && c->buffer;
    psw_status status = room ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to copy slots");
    if (status == PSW_OK) status = open_file(c, path);
    if (status == PSW_OK) status = close_file(c, path, copy_all(c));
    if (status == PSW_OK && c->what->search && c->copy->study) status = settle_search(c, path);
    if (status == PSW_OK) status = read_back(c, path);
    free(c->records);
    free(c->origins);
    free(c->buffer);
    return status;
}

psw_status store_layout_copy(const char *path, const store_layout *what, const psw_copy *copy)
{
    copier *c = calloc(1, sizeof *c);
    if (!c) return PSW_FAIL(PSW_NO_MEMORY, "no memory to copy slots");
    c->copy = copy;
    c->what = what;
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, what->claims, &c->columns);
    psw_status status = store_layout_bring(path, what, &(store_content){put_content, c, copy->replaces});
    free(c);
    return status;
}

psw_status psw_store_copy(const char *path, const psw_copy *copy)
{
    store_layout what = store_layout_new(copy->study);
    what.text = copy->text;
    what.history = copy->history;
    return store_layout_copy(path, &what, copy);
}
