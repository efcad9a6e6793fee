/* Writing through MPI-IO: everything is opened together, then raw data only, each rank into slots of its own, without
 * collective calls until close. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"

struct psw_store {
    MPI_Comm handle; /* a plain duplicate: some MPI-IO damage data under reordered communicators */
    hid_t file, dataset[PSW_COLUMNS_MAX];
    psw_column_set columns;
    bool bare[PSW_COLUMNS_MAX]; /* without storage: never opened, for MPI-IO would make it, and never filled */
    store_table failure;
    store_kept_rows rows;
    store_kept_samples samples;
    store_kept_edges edges;
    ptrdiff_t slots, launch, owns, predicts;
    uint64_t launch_checksum;
    int descriptor; /* of the same file, for syncing alone */
    char *path;
    size_t bytes; /* of the file when it was opened: it has its full size from the start */
    void *buffer; /* STORE_PIECE values */
};

/* ---- opening ---- */

static psw_status open_together(psw_store *store, const char *path)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fapl_mpio(access, store->handle, MPI_INFO_NULL);
    store->file = H5Fopen(path, H5F_ACC_RDWR, access);
    psw_status status = store->file < 0 ? HDF_FAIL("%s cannot be opened for writing", path) : PSW_OK;
    H5Pclose(access);
    return status;
}

/* What one rank alone can fail at, before the collective steps. */
static psw_status open_alone(psw_store *store, const char *path)
{
    PSW_TRY(psw_fault("store.open"));
    struct stat about;
    store->descriptor = open(path, O_RDWR | O_CLOEXEC);
    store->buffer = malloc(STORE_PIECE * sizeof(double));
    store->path = strdup(path);
    if (store->descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be written: %s", path, psw_reason(errno));
    store->bytes = fstat(store->descriptor, &about) == 0 ? (size_t)about.st_size : 0;
    return store->buffer && store->path ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for writing %s", path);
}

static psw_status open_parts(const char *path, const store_layout *what, psw_store *store)
{
    psw_column_set *all = &store->columns;
    psw_status status = store_columns_open(store->file, all, store->slots, true, store->bare, store->dataset);
    for (ptrdiff_t i = 0; i < all->count; i++) all->absent[i] = store->dataset[i] < 0 && !store->bare[i];
    if (status == PSW_OK)
        status = store_table_open(store->file, "failures", store_failure_fields, store_failure_rows(store->slots),
                                  &store->failure);
    if (status == PSW_OK) status = store_rows_open(store->file, what, &store->rows);
    if (status == PSW_OK) status = store_samples_open(store->file, what, &store->samples);
    if (status == PSW_OK) status = store_edges_open(store->file, what, &store->edges);
    return status == PSW_ENVIRONMENT ? PSW_FAIL(status, "%s is damaged: %s", path, psw_message()) : status;
}

/* On the disk before any slot names it; and what it replaces is gone before it is half there. */
static psw_status put_launch_row(psw_store *store, const store_table *launches, const psw_launch *launch)
{
    psw_launch_row nothing = {.number = -1}, row = {store->launch, *launch};
    ptrdiff_t index = store->launch % STORE_LAUNCHES;
    if (store->launch >= STORE_LAUNCHES) {
        PSW_TRY(store_table_put(launches, index, &nothing));
        PSW_TRY(psw_store_sync(store));
    }
    PSW_TRY(store_table_put(launches, index, &row));
    return psw_store_sync(store);
}

/* All ranks open the table, though one writes: in a file opened through MPI-IO reading of objects is collective
 * (HDF5 1.10: rank 0 reads and broadcasts), only raw data are not. */
static psw_status put_launch(psw_store *store, bool mine, const psw_launch *launch)
{
    store_table launches;
    psw_status status =
        store_table_open(store->file, "provenance/launches", store_launch_fields, STORE_LAUNCHES, &launches);
    if (status == PSW_OK && mine) status = put_launch_row(store, &launches, launch);
    store_table_close(&launches);
    return status;
}

static psw_store *new_store(const store_layout *what)
{
    psw_store *store = calloc(1, sizeof *store);
    if (!store) return NULL;
    *store = (psw_store){.handle = MPI_COMM_NULL, .slots = what->slots, .owns = what->owns, .predicts = what->predicts};
    store->file = -1;
    store->descriptor = -1;
    store->samples.dataset = -1;
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, what->claims, &store->columns);
    return store;
}

static psw_status close_file(psw_store *store)
{
    hid_t file = store->file;
    store->file = -1;
    if (file < 0) return PSW_OK;
    store_columns_close(&store->columns, store->dataset);
    store_table_close(&store->failure);
    store_rows_close(&store->rows);
    store_samples_close(&store->samples);
    store_edges_close(&store->edges);
    return H5Fclose(file) < 0 ? HDF_FAIL("the result file cannot be closed") : PSW_OK;
}

/* Closing makes rank 0 write the beginning of the file. If that fails HDF5 (1.10 to 1.14) leaves rank 0 out of
 * barriers in which all others wait for ever, so the same bytes are written before, by hand. */
static psw_status try_begin(const psw_store *store)
{
    char bytes[96];
    ssize_t length = pread(store->descriptor, bytes, sizeof bytes, 0);
    if (length > 0 && pwrite(store->descriptor, bytes, (size_t)length, 0) == length) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "the result file cannot be written: %s; done points are kept; once it can be written, the same "
                    "command continues from here",
                    psw_reason(errno));
}

/* Collective if the file is open, as it is on all ranks or on none. One that cannot be closed cannot be left open
 * either: MPI_Finalize would close it. */
static psw_status close_together(const psw_comm *comm, psw_store *store)
{
    if (store->file < 0) return PSW_OK;
    psw_status status = psw_comm_agree(comm, comm->rank == 0 ? try_begin(store) : PSW_OK);
    if (status != PSW_OK) psw_comm_abort(comm, status);
    return close_file(store);
}

static psw_status discard(const psw_comm *comm, psw_store *store)
{
    if (!store) return PSW_OK;
    psw_status closed = close_together(comm, store);
    if (store->handle != MPI_COMM_NULL) MPI_Comm_free(&store->handle);
    if (store->descriptor >= 0) close(store->descriptor);
    free(store->buffer);
    free(store->path);
    free(store);
    return closed;
}

static psw_status open_steps(const psw_comm *comm, const char *path, const store_layout *what, const psw_launch *launch,
                             psw_store *store)
{
    PSW_TRY(psw_comm_agree(comm, open_alone(store, path)));
    if (MPI_Comm_dup(comm->handle, &store->handle) != MPI_SUCCESS)
        return PSW_FAIL(PSW_ENVIRONMENT, "MPI_Comm_dup failed");
    psw_status status = psw_comm_agree(comm, open_together(store, path));
    if (status != PSW_OK) store->file = -1; /* closing is collective, and not all have it */
    if (status == PSW_OK) status = psw_comm_agree(comm, open_parts(path, what, store));
    if (status == PSW_OK) status = psw_comm_agree(comm, put_launch(store, comm->rank == 0, launch));
    return status;
}

psw_status store_layout_open(const psw_comm *comm, const char *path, const store_layout *what, const psw_launch *launch,
                             const psw_reader *read, psw_store **out)
{
    store_seen there = {0};
    uint64_t checksum = psw_launch_checksum(launch); /* rank 0 describes it */
    psw_status status = PSW_OK;
    *out = NULL;
    psw_store_environment();
    store_hdf_quiet();
    if (comm->rank == 0) status = store_inspect(path, what, read, &there);
    if (comm->rank == 0 && status == PSW_OK) status = store_check_room(path);
    PSW_TRY(psw_comm_agree(comm, status));
    PSW_TRY(psw_comm_bytes(comm, 0, &there, sizeof there));
    PSW_TRY(psw_comm_bytes(comm, 0, &checksum, sizeof checksum));
    psw_store *store = new_store(what);
    status = psw_comm_agree(comm, store ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for writing %s", path));
    if (status == PSW_OK) {
        store->launch = there.launch;
        memcpy(store->bare, there.bare, sizeof store->bare);
        store->launch_checksum = checksum;
        status = open_steps(comm, path, what, launch, store);
    }
    if (status == PSW_OK)
        *out = store;
    else
        discard(comm, store);
    return status;
}

psw_status psw_store_open(const psw_comm *comm, const char *path, const psw_study *study, const psw_launch *launch,
                          const psw_reader *read, psw_store **store)
{
    store_layout what = store_layout_of(study);
    return store_layout_open(comm, path, &what, launch, read, store);
}

psw_status psw_store_close(const psw_comm *comm, psw_store *store)
{
    psw_status synced = psw_store_sync(store);
    psw_status closed = discard(comm, store);
    return psw_comm_agree(comm, synced != PSW_OK ? synced : closed);
}

/* ---- slots ---- */

static psw_status check_slots(const psw_store *store, ptrdiff_t first, ptrdiff_t count)
{
    if (first >= 0 && count > 0 && first <= store->slots - count) return PSW_OK;
    return PSW_FAIL(PSW_BUG, "slots %td to %td of %td cannot be written", first, first + count, store->slots);
}

static psw_status check_nothing(const psw_column *column, ptrdiff_t count, const psw_record *records)
{
    for (ptrdiff_t i = 0; i < count; i++)
        if (!psw_column_blank(column, &records[i]))
            return PSW_FAIL(PSW_BUG,
                            "column %s has a value, %.17g, and no storage in the file: columns.def says that no "
                            "point of the study fills it",
                            column->name, psw_column_value(column, &records[i]));
    return PSW_OK;
}

static psw_status put_column(const psw_store *store, ptrdiff_t i, store_slice rows, ptrdiff_t count,
                             const psw_record *records)
{
    const psw_column *column = &store->columns.list[i];
    if (store->columns.absent[i]) return PSW_OK;
    if (store->bare[i]) return check_nothing(column, count, records);
    psw_column_pack(column, records, count, store->buffer);
    return store_hdf_write(store->dataset[i], column->name, store_hdf_type(column->type), rows, store->buffer);
}

static psw_status mark_piece(const psw_store *store, ptrdiff_t count, const psw_mark *marks, store_slice rows)
{
    const psw_column_set *all = &store->columns;
    ptrdiff_t *number = store->buffer;
    for (ptrdiff_t i = 0; i < count; i++) number[i] = marks[i].attempt;
    PSW_TRY(store_hdf_write(store->dataset[all->attempt], "attempt", H5T_STD_I64LE, rows, number));
    for (ptrdiff_t i = 0; i < count; i++) number[i] = marks[i].deaths;
    PSW_TRY(store_hdf_write(store->dataset[all->deaths], "deaths", H5T_STD_I64LE, rows, number));
    memset(store->buffer, PSW_SLOT_RUNNING, (size_t)count);
    return store_hdf_write(store->dataset[all->status], "status", H5T_STD_U8LE, rows, store->buffer);
}

static psw_status unmark_piece(const psw_store *store, ptrdiff_t count, store_slice rows)
{
    memset(store->buffer, PSW_SLOT_EMPTY, (size_t)count);
    return store_hdf_write(store->dataset[store->columns.status], "status", H5T_STD_U8LE, rows, store->buffer);
}

/* With marks: running; without: empty again. */
static psw_status mark_pieces(const psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_mark *marks)
{
    PSW_TRY(check_slots(store, first, count));
    for (ptrdiff_t done = 0; done < count; done += STORE_PIECE) {
        ptrdiff_t piece = count - done < STORE_PIECE ? count - done : STORE_PIECE;
        store_slice rows = store_slice_make(store->slots, first + done, piece);
        psw_status status = marks ? mark_piece(store, piece, marks + done, rows) : unmark_piece(store, piece, rows);
        store_slice_close(rows);
        PSW_TRY(status);
    }
    return PSW_OK;
}

psw_status psw_store_mark(psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_mark *marks)
{
    PSW_TRY(psw_fault("store.mark"));
    return mark_pieces(store, first, count, marks);
}

psw_status psw_store_unmark(psw_store *store, ptrdiff_t first, ptrdiff_t count)
{
    return mark_pieces(store, first, count, NULL);
}

static void seal(const psw_store *store, psw_record *records, ptrdiff_t count)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        records[i].slot.launch = store->launch;
        records[i].slot.launch_checksum = store->launch_checksum;
    }
    psw_records_seal(&store->columns, store->owns, store->predicts, records, count);
}

/* Parameters are in the file already, all but what may change from launch to launch: the team that was asked for. */
static bool written(const psw_column_set *all, ptrdiff_t i)
{
    const psw_column *column = &all->list[i];
    if (i == all->commit || i == all->status) return false;
    return !psw_column_parameter(column) || column->offset == offsetof(psw_record, point.team);
}

static bool of_slot(const psw_column *column)
{
    return column->offset >= offsetof(psw_record, slot) && column->offset < offsetof(psw_record, verdict);
}

/* The commit words go last, after the status that they confirm. */
static psw_status put_piece(const psw_store *store, ptrdiff_t count, psw_record *records, store_slice rows, bool empty)
{
    const psw_column_set *all = &store->columns;
    seal(store, records, count);
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (written(all, i) && (!empty || of_slot(&all->list[i]) || psw_column_parameter(&all->list[i])))
            PSW_TRY(put_column(store, i, rows, count, records));
    PSW_TRY(put_column(store, all->status, rows, count, records));
    PSW_TRY(psw_fault("store.commit"));
    return put_column(store, all->commit, rows, count, records);
}

static psw_status put_pieces(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records, bool empty)
{
    PSW_TRY(check_slots(store, first, count));
    PSW_TRY(psw_fault("store.put"));
    for (ptrdiff_t done = 0; done < count; done += STORE_PIECE) {
        ptrdiff_t piece = count - done < STORE_PIECE ? count - done : STORE_PIECE;
        store_slice rows = store_slice_make(store->slots, first + done, piece);
        psw_status status = put_piece(store, piece, records + done, rows, empty);
        store_slice_close(rows);
        PSW_TRY(status);
    }
    return PSW_OK;
}

psw_status psw_store_put(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    return put_pieces(store, first, count, records, false);
}

psw_status psw_store_put_empty(psw_store *store, ptrdiff_t first, ptrdiff_t count, psw_record *records)
{
    return put_pieces(store, first, count, records, true);
}

psw_status psw_store_asked(psw_store *store, ptrdiff_t slot, psw_record *record)
{
    const psw_column_set *all = &store->columns;
    PSW_TRY(check_slots(store, slot, 1));
    psw_records_seal(all, store->owns, store->predicts, record, 1);
    store_slice one = store_slice_make(store->slots, slot, 1);
    psw_status status = put_column(store, all->asked, one, 1, record);
    if (status == PSW_OK) status = psw_fault("store.asked");
    if (status == PSW_OK) status = put_column(store, all->commit, one, 1, record);
    store_slice_close(one);
    return status;
}

psw_status psw_store_rows(psw_store *store, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                          ptrdiff_t index, uint64_t *sum)
{
    PSW_TRY(check_slots(store, slot, 1));
    PSW_TRY(psw_fault("store.rows"));
    PSW_TRY(store_rows_put(&store->rows, slot, point, leaf, index, STORE_PIECE_VALUES));
    *sum += store_rows_sum(point, leaf, index);
    return PSW_OK;
}

psw_status psw_store_samples(psw_store *store, ptrdiff_t slot, const double *seconds, ptrdiff_t count, uint64_t *sum)
{
    PSW_TRY(check_slots(store, slot, 1));
    PSW_TRY(store_samples_put(&store->samples, slot, seconds, count));
    *sum += psw_content_sum(PSW_CONTENT_SAMPLES, 0, count, seconds);
    return PSW_OK;
}

psw_status psw_store_failure(psw_store *store, ptrdiff_t slot, ptrdiff_t attempt, const char *site, const char *message)
{
    store_failure_row row = {.slot = slot, .attempt = attempt};
    PSW_TRY(check_slots(store, slot, 1));
    PSW_TRY(psw_fault("store.failure"));
    psw_format(row.site, sizeof row.site, "%s", site);
    psw_format(row.message, sizeof row.message, "%s", message);
    row.check = store_failure_check(&row);
    return store_table_put(&store->failure, slot % store->failure.rows, &row);
}

psw_status psw_store_edges(psw_store *store, ptrdiff_t first, ptrdiff_t count, const psw_crossings *found)
{
    PSW_TRY(psw_fault("store.edges"));
    return store_edges_put(&store->edges, first, count, found);
}

psw_status psw_store_sync(psw_store *store)
{
    PSW_TRY(psw_fault("store.sync"));
    if (fdatasync(store->descriptor) == 0 || errno == EINVAL)
        return psw_name_check(store->path, store->descriptor, store->bytes);
    return PSW_FAIL(PSW_ENVIRONMENT, "results cannot be flushed to disk: %s", psw_reason(errno));
}

psw_status psw_store_save(const psw_store *store, char *name, size_t size)
{
    return psw_name_save(store->path, store->descriptor, name, size);
}
