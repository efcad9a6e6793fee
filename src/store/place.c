/* A new file appears complete or not at all: created under a temporary name, filled, synced, renamed. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"

void psw_store_environment(void)
{
    /* shared file pointers, which we do not use: `sm` costs OMPIO a named semaphore that outlives a killed process at 0
     * and blocks the next run in MPI_File_open; `lockedfile` overruns a buffer where a file's name has 250 characters
     * */
    setenv("OMPI_MCA_sharedfp", "^sm,lockedfile", 0);
    setenv("HDF5_USE_FILE_LOCKING", "BEST_EFFORT", 0); /* some parallel file systems have no locks */
    signal(SIGXFSZ, SIG_IGN);
}

/* ---- parameters of the points ---- */

static psw_status fill_piece(const psw_column_set *all, const hid_t *datasets, store_slice rows, ptrdiff_t count,
                             const psw_record *records, void *buffer)
{
    for (ptrdiff_t i = 0; i < all->count; i++)
        if (psw_column_parameter(&all->list[i]) && datasets[i] > 0) {
            psw_column_pack(&all->list[i], records, count, buffer);
            PSW_TRY(store_hdf_write(datasets[i], all->list[i].name, store_hdf_type(all->list[i].type), rows, buffer));
        }
    return PSW_OK;
}

static psw_status fill_pieces(const store_layout *what, const psw_column_set *all, const hid_t *datasets, hid_t scale,
                              psw_record *records, int64_t *buffer)
{
    for (ptrdiff_t first = 0; first < what->slots; first += STORE_PIECE) {
        ptrdiff_t count = what->slots - first < STORE_PIECE ? what->slots - first : STORE_PIECE;
        store_slice rows = store_slice_make(what->slots, first, count);
        for (ptrdiff_t i = 0; i < count; i++) {
            records[i].point = what->point(what->context, first + i);
            buffer[i] = first + i;
        }
        psw_status status = store_hdf_write(scale, "point", H5T_STD_I64LE, rows, buffer);
        if (status == PSW_OK) status = fill_piece(all, datasets, rows, count, records, buffer);
        store_slice_close(rows);
        PSW_TRY(status);
    }
    return PSW_OK;
}

static psw_status fill(hid_t file, const store_layout *what, const psw_column_set *all)
{
    hid_t datasets[PSW_COLUMNS_MAX], scale;
    psw_record *records = calloc(STORE_PIECE, sizeof *records);
    int64_t *buffer = malloc(STORE_PIECE * sizeof *buffer);
    psw_status status = records && buffer ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to fill a result file");
    if (status == PSW_OK) status = store_columns_open(file, all, what->slots, true, what->blank, datasets);
    if (status == PSW_OK) status = store_hdf_open(file, "point", H5T_STD_I64LE, what->slots, &scale);
    if (status == PSW_OK) status = fill_pieces(what, all, datasets, scale, records, buffer);
    if (status == PSW_OK) status = store_rows_fill(file, what);
    if (status == PSW_OK) status = store_edges_fill(file, what);
    free(records);
    free(buffer);
    return status; /* the columns close with the file */
}

/* ---- size ---- */

/* Everything in a file but its raw data is the same for any number of slots, so a file of one slot made in memory
 * tells the size of all. */
static double objects_bytes(const store_layout *what, const psw_column_set *all)
{
    hsize_t size = 0;
    store_layout one = *what;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    one.slots = one.rows = one.values = one.combinations = 1;
    H5Pset_fapl_core(access, 1, 0); /* grows by single bytes: its size is what is used */
    hid_t file = store_layout_file("polysweep.in-memory", access);
    bool made = file >= 0 && store_layout_objects(file, &one, all) == PSW_OK;
    made = made && H5Fflush(file, H5F_SCOPE_GLOBAL) >= 0; /* what is not flushed may be given more room then */
    made = made && H5Fget_filesize(file, &size) >= 0;
    if (file >= 0) H5Fclose(file);
    H5Pclose(access);
    return made ? (double)size : NAN;
}

double store_layout_bytes(const store_layout *what)
{
    psw_column_set all;
    store_layout one = {.slots = 1, .rows = 1, .values = 1, .keeps_rows = what->keeps_rows, .reps = what->reps};
    one.search = what->search, one.combinations = 1;
    size_t slot = sizeof(int64_t); /* of the dimension */
    if (what->combinations < 0) return NAN;
    store_hdf_quiet();
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, what->claims, &all);
    for (ptrdiff_t i = 0; i < all.count; i++) slot += what->blank[i] ? 0 : psw_column_bytes(&all.list[i]);
    return objects_bytes(what, &all) + (double)slot * (double)(what->slots - 1) +
           store_table_bytes(store_failure_fields, store_failure_rows(what->slots)) -
           store_table_bytes(store_failure_fields, 1) + store_rows_bytes(what) - store_rows_bytes(&one) +
           store_samples_bytes(what) - store_samples_bytes(&one) + store_edges_bytes(what) - store_edges_bytes(&one);
}

/* All raw data and texts, and more for each object than any takes (1.4 KiB on average): without making them. */
double store_layout_bytes_most(const store_layout *what)
{
    const double object = 4096;
    psw_column_set all;
    size_t slot = sizeof(int64_t);
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, what->claims, &all);
    for (ptrdiff_t i = 0; i < all.count; i++) slot += psw_column_bytes(&all.list[i]);
    double objects = (double)(all.count + 2 * STORE_FIELDS + ROWS_LINES + STORE_EDGE_COLUMNS + 16);
    double texts = (double)(strlen(what->text) + strlen(what->resolved)) + (what->history ? 16384 : 0);
    return (double)slot * (double)what->slots + store_table_bytes(store_launch_fields, STORE_LAUNCHES) +
           store_table_bytes(store_failure_fields, store_failure_rows(what->slots)) + store_rows_bytes(what) +
           store_samples_bytes(what) + store_edges_bytes(what) + texts + object * objects;
}

/* ---- the way to its name ---- */

static void directory_of(const char *path, char *directory, size_t size)
{
    const char *slash = strrchr(path, '/');
    psw_format(directory, size, "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
}

static psw_status check_place(const char *path, bool replaces)
{
    char directory[4096];
    directory_of(path, directory, sizeof directory);
    if (!replaces && access(path, F_OK) == 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s exists and is not overwritten", path);
    if (access(directory, F_OK) != 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: directory %s cannot be found: %s", path, directory, psw_reason(errno));
    if (access(directory, W_OK | X_OK) != 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: cannot write in directory %s: %s", path, directory, psw_reason(errno));
    return PSW_OK;
}

static const char *asked_format(void)
{
    const char *text = getenv("POLYSWEEP_HDF5_FORMAT");
    return text && *text ? text : "earliest";
}

static psw_status check_format(void)
{
    const char *text = asked_format();
    if (strcmp(text, "earliest") == 0 || strcmp(text, "latest") == 0) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "POLYSWEEP_HDF5_FORMAT is %s; it must be earliest or latest", text);
}

/* Errors that say something else than that there is no room: it cannot be asked here. */
static int ask_for_room(int descriptor, double bytes)
{
    int why = bytes > 0 ? posix_fallocate(descriptor, 0, (off_t)bytes) : 0;
    return why == ENOSPC || why == EFBIG || why == EDQUOT ? why : 0;
}

/* A disk that fills up inside HDF5 leaves a file that cannot be closed, so room is asked of the system first. */
psw_status store_file_reserve(const char *path, const char *new_path, double bytes)
{
    int descriptor = open(new_path, O_RDWR | O_CLOEXEC);
    int why = descriptor >= 0 ? ask_for_room(descriptor, bytes) : 0;
    if (why && ftruncate(descriptor, 0) != 0) why = errno;
    if (descriptor >= 0) close(descriptor);
    if (why == 0) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: no room for a result file of %.1f MiB: %s", path, bytes / 1048576,
                    psw_reason(why));
}

/* More than is needed, or, where that is not there, to the byte. */
static psw_status reserve(const char *path, const char *new_path, const store_layout *what)
{
    if (store_file_reserve(path, new_path, store_layout_bytes_most(what)) == PSW_OK) return PSW_OK;
    return store_file_reserve(path, new_path, store_layout_bytes(what));
}

hid_t store_layout_file(const char *path, hid_t access)
{
    if (strcmp(asked_format(), "latest") == 0) H5Pset_libver_bounds(access, H5F_LIBVER_LATEST, H5F_LIBVER_LATEST);
    return store_file_create(path, access, 0);
}

hid_t store_file_create(const char *path, hid_t access, unsigned chunks)
{
    hid_t how = H5Pcreate(H5P_FILE_CREATE);
    if (chunks > 0) H5Pset_istore_k(how, chunks);
    H5Pset_link_creation_order(how, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED); /* readers show our order */
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    H5Pset_meta_block_size(access, 0); /* blocks set aside for small objects would fill differently with the slots */
    H5Pset_small_data_block_size(access, 0);
    hid_t file = H5Fcreate(path, H5F_ACC_TRUNC, how, access);
    H5Pclose(how);
    return file;
}

static psw_status write_new(const char *path, const store_layout *what)
{
    psw_column_set all;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, what->claims, &all);
    hid_t file = store_layout_file(path, access);
    psw_status status = file < 0 ? HDF_FAIL("cannot create %s", path) : PSW_OK;
    H5Pclose(access);
    if (status != PSW_OK) return status;
    status = store_layout_objects(file, what, &all);
    if (status == PSW_OK) status = fill(file, what, &all);
    if (H5Fclose(file) < 0 && status == PSW_OK) status = HDF_FAIL("cannot finish %s", path);
    return status;
}

static psw_status sync_path(const char *path, int flags)
{
    int descriptor = open(path, flags | O_CLOEXEC);
    bool synced = descriptor >= 0 && (fsync(descriptor) == 0 || errno == EINVAL); /* EINVAL: nothing to sync here */
    int why = errno;
    if (descriptor >= 0) close(descriptor);
    return synced ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be flushed to disk: %s", path, psw_reason(why));
}

/* RENAME_NOREPLACE is not known to every file system; there the caller's lock is what protects. */
static psw_status rename_new(const char *from, const char *to)
{
    int failed = renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_NOREPLACE);
    if (failed && (errno == EINVAL || errno == ENOSYS) && access(to, F_OK) != 0) failed = rename(from, to);
    return failed ? PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be created: %s", to, psw_reason(errno)) : PSW_OK;
}

/* The old file keeps its name until the new one has it: a rename is one step, and the new one is on the disk. */
static psw_status rename_over(const char *from, const char *to)
{
    PSW_TRY(psw_fault("store.replace"));
    if (rename(from, to) == 0) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be replaced: %s", to, psw_reason(errno));
}

/* Who may read and write the old one may the new one: nobody else, whatever umask says now. */
static psw_status keep_mode(const char *old_path, const char *new_path)
{
    struct stat old, new;
    if (stat(old_path, &old) != 0 || stat(new_path, &new) != 0) return PSW_OK; /* there is none */
    bool group = old.st_gid == new.st_gid || chown(new_path, (uid_t)-1, old.st_gid) == 0;
    if (chmod(new_path, old.st_mode & (group ? 0777 : 0707)) == 0) return PSW_OK;
    if (!(new.st_mode & ~old.st_mode & 0777)) return PSW_OK; /* some file systems have one mode for all */
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot get the mode of %s: %s", new_path, old_path, psw_reason(errno));
}

static psw_status put_and_rename(const char *new_path, const char *path, const store_content *content)
{
    char directory[4096];
    directory_of(path, directory, sizeof directory);
    PSW_TRY(content->put(content->context, new_path));
    PSW_TRY(sync_path(new_path, O_RDWR));
    if (content->replaces) PSW_TRY(keep_mode(path, new_path));
    PSW_TRY((content->replaces ? rename_over : rename_new)(new_path, path));
    return sync_path(directory, O_RDONLY | O_DIRECTORY);
}

/* A file that takes another's place takes that of the file itself, not of a link to it. */
psw_status store_file_bring(const char *given, const store_content *content)
{
    char new_path[4096], resolved[PATH_MAX];
    const char *path = content->replaces && realpath(given, resolved) ? resolved : given;
    int descriptor;
    psw_store_environment();
    store_hdf_quiet();
    PSW_TRY(check_format());
    PSW_TRY(check_place(path, content->replaces));
    PSW_TRY(psw_temporary_create(path, "new", new_path, sizeof new_path, &descriptor));
    close(descriptor);
    psw_status status = psw_fault("store.create");
    if (status == PSW_OK) status = put_and_rename(new_path, path, content);
    if (status != PSW_OK) unlink(new_path);
    return status;
}

/* ---- of a layout ---- */

typedef struct new_layout {
    const char *path; /* its name to be */
    const store_layout *what;
    const store_content *more;
} new_layout;

static psw_status put_layout(void *context, const char *new_path)
{
    const new_layout *layout = context;
    PSW_TRY(reserve(layout->path, new_path, layout->what));
    PSW_TRY(write_new(new_path, layout->what));
    return layout->more->put ? layout->more->put(layout->more->context, new_path) : PSW_OK;
}

psw_status store_layout_bring(const char *path, const store_layout *what, const store_content *more)
{
    new_layout layout = {path, what, more};
    if (what->slots < 1) return PSW_FAIL(PSW_USAGE, "%s: the study has no points", path);
    if (what->combinations < 0) return PSW_FAIL(PSW_USAGE, "%s", psw_message());
    return store_file_bring(path, &(store_content){put_layout, &layout, more->replaces});
}

psw_status store_layout_create(const char *path, const store_layout *what)
{
    return store_layout_bring(path, what, &(store_content){0});
}

/* ---- of a study ---- */

static psw_point study_point(const void *study, ptrdiff_t slot)
{
    return psw_study_point(study, slot);
}

store_layout store_layout_of(const psw_study *study)
{
    store_layout what = {.slots = psw_study_slots(study),
                         .title = psw_study_name(study),
                         .text = psw_study_text(study),
                         .resolved = psw_study_resolved(study),
                         .data_source = psw_study_data_source(study),
                         .identity = psw_study_identity(study),
                         .point = study_point,
                         .context = study};
    what.owns = psw_study_own(study, &what.own);
    what.predicts = psw_study_predict(study, &what.predict);
    what.claims = psw_study_claims(study);
    const psw_settings *settings = psw_study_settings(study);
    what.keeps_rows = settings->keep_rows;
    what.reps = store_samples_reps(study);
    what.stops = settings->until != PSW_UNTIL_FIXED;
    if (what.keeps_rows) store_rows_measure(&what);
    store_edges_measure(study, &what);
    return what;
}

store_layout store_layout_new(const psw_study *study)
{
    store_layout what = store_layout_of(study);
    psw_column_set all;
    psw_column_set_make(what.own, what.owns, what.predict, what.predicts, NULL, &all);
    psw_columns_blank(study, &all, what.blank);
    return what;
}

psw_status psw_store_create(const char *path, const psw_study *study)
{
    store_layout what = store_layout_new(study);
    return store_layout_create(path, &what);
}

double psw_store_bytes(const psw_study *study)
{
    store_layout what = store_layout_new(study);
    return store_layout_bytes(&what);
}
