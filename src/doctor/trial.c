/* A result file on trial: what a sweep will do in a directory, done there in small, and nothing left. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "doctor/trial.h"
#include "polysweep/files.h"
#include "polysweep/measure.h"

enum { RUN_MAX = 64 }; /* slots that a sweep of small points writes at a time */

typedef struct trial {
    const psw_comm *comm;
    const psw_study *study;
    double file_bytes; /* NaN: not known */
    char directory[4096],
        file[2 * 4096]; /* of one name: what MPI libraries derive from it may have been left by others */
    psw_store *store;
    psw_record *records; /* one run */
    doctor_trial *out;
} trial;

/* ---- the place ---- */

static psw_status make_place(const char *directory, trial *t)
{
    bool whole = psw_format(t->directory, sizeof t->directory, "%s/polysweep-doctor-XXXXXX", directory);
    if (whole && mkdtemp(t->directory)) return PSW_OK;
    t->out->error = whole ? errno : ENAMETOOLONG;
    t->directory[0] = '\0';
    return PSW_FAIL(PSW_ENVIRONMENT, "no file can be created in %.200s: %s", directory, psw_reason(t->out->error));
}

static psw_status use_place(const char *directory, const trial *t)
{
    if (access(t->directory, W_OK | X_OK) == 0) return PSW_OK;
    t->out->error = errno;
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "%s is not the same directory on every node: what rank 0 made there, rank %d cannot use (%s)",
                    directory, t->comm->rank, psw_reason(t->out->error));
}

static psw_status share_place(const char *directory, trial *t)
{
    psw_status status = t->comm->rank == 0 ? make_place(directory, t) : PSW_OK;
    PSW_TRY(psw_comm_agree(t->comm, status));
    PSW_TRY(psw_comm_bytes(t->comm, 0, t->directory, sizeof t->directory));
    psw_format(t->file, sizeof t->file, "%s%s.h5", t->directory, strrchr(t->directory, '/'));
    t->out->step = DOCTOR_TRIAL_SHARE;
    return psw_comm_agree(t->comm, use_place(directory, t));
}

static void remove_file(const char *name, const char *ending)
{
    char path[2 * 4096 + 16];
    if (psw_format(path, sizeof path, "%s%s", name, ending)) unlink(path);
}

/* No rank has anything open when rank 0 cleans up. */
static void clear_place(const trial *t)
{
    psw_comm_barrier(t->comm);
    if (t->comm->rank != 0 || !t->directory[0]) return;
    remove_file(t->file, "");
    remove_file(t->file, ".lock");
    remove_file(t->directory, "/locks");
    rmdir(t->directory);
}

/* ---- locks ---- */

static int try_flock(int descriptor)
{
    return flock(descriptor, LOCK_EX | LOCK_NB) == 0 && flock(descriptor, LOCK_UN) == 0 ? 0 : errno;
}

static int try_fcntl(int descriptor)
{
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    return fcntl(descriptor, F_SETLK, &whole) == 0 ? 0 : errno;
}

/* Both kinds: flock is what HDF5 and our own lock use, fcntl what ROMIO uses on NFS and Lustre. */
static void try_kinds(const trial *t)
{
    char path[sizeof t->directory + 32];
    psw_format(path, sizeof path, "%s/locks", t->directory);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) {
        t->out->flock_error = t->out->fcntl_error = errno;
        return;
    }
    t->out->flock_error = try_flock(descriptor);
    t->out->fcntl_error = try_fcntl(descriptor);
    close(descriptor);
}

/* Does a lock of one node reach the others? */
static psw_status try_lock(const trial *t)
{
    psw_lock lock = psw_lock_none();
    psw_status status = PSW_OK;
    t->out->step = DOCTOR_TRIAL_LOCK;
    if (t->comm->rank == 0) {
        try_kinds(t);
        status = psw_lock_take(t->file, &lock);
    }
    status = psw_comm_agree(t->comm, status);
    double unseen = status == PSW_OK && !psw_lock_held(t->file);
    if (status == PSW_OK) status = psw_comm_sum(t->comm, &unseen, 1); /* also: all have looked before it goes */
    t->out->lock_unseen = (ptrdiff_t)unseen;
    psw_lock_release(&lock);
    return status;
}

/* ---- writing ---- */

static ptrdiff_t first_of(const trial *t, int rank)
{
    return rank * t->out->slots;
}

/* Numbers that nothing else would write here. */
static psw_record record_of(const trial *t, ptrdiff_t slot)
{
    psw_point point = psw_study_point(t->study, slot);
    psw_record record = psw_record_blank(&point);
    record.slot.status = PSW_SLOT_DONE;
    record.slot.attempt = 1;
    record.parallel.end_s = (double)slot + 0.25;
    return record;
}

static psw_status write_slots(const trial *t)
{
    ptrdiff_t first = first_of(t, t->comm->rank);
    for (ptrdiff_t done = 0; done < t->out->slots; done += t->out->run) {
        ptrdiff_t count = t->out->slots - done < t->out->run ? t->out->slots - done : t->out->run;
        for (ptrdiff_t i = 0; i < count; i++) t->records[i] = record_of(t, first + done + i);
        PSW_TRY(psw_store_put(t->store, first + done, count, t->records));
    }
    return PSW_OK;
}

/* Seconds of the slowest participating rank for `what`. */
static psw_status time_of(const trial *t, psw_status (*what)(const trial *), bool takes_part, double *seconds)
{
    PSW_TRY(psw_comm_barrier(t->comm));
    double start = psw_clock_s();
    psw_status status = takes_part ? what(t) : PSW_OK;
    *seconds = takes_part ? psw_clock_s() - start : 0;
    PSW_TRY(psw_comm_agree(t->comm, status));
    return psw_comm_max(t->comm, seconds, 1);
}

static psw_status sync_slots(const trial *t)
{
    return psw_store_sync(t->store);
}

static psw_status create_file(const trial *t)
{
    return psw_store_create(t->file, t->study);
}

/* The first time is not counted: pages and blocks come into being. */
static psw_status write_all(const trial *t)
{
    double first_s;
    PSW_TRY(time_of(t, write_slots, true, &first_s));
    PSW_TRY(time_of(t, write_slots, t->comm->rank == 0, &t->out->alone_s));
    PSW_TRY(time_of(t, write_slots, true, &t->out->together_s));
    return time_of(t, sync_slots, true, &t->out->sync_s);
}

static psw_status open_and_write(trial *t, const psw_launch *launch)
{
    double start = psw_clock_s();
    t->out->step = DOCTOR_TRIAL_OPEN;
    PSW_TRY(psw_store_open(t->comm, t->file, t->study, launch, NULL, &t->store));
    t->out->open_s = psw_clock_s() - start;
    psw_status status = psw_comm_max(t->comm, &t->out->open_s, 1);
    t->out->step = DOCTOR_TRIAL_WRITE;
    if (status == PSW_OK) status = write_all(t);
    psw_status closed = psw_store_close(t->comm, t->store);
    return status != PSW_OK ? status : closed;
}

/* ---- reading back ---- */

static ptrdiff_t wrong_slots(const trial *t, psw_reader *reader, ptrdiff_t first, ptrdiff_t count)
{
    ptrdiff_t wrong = 0;
    if (psw_reader_get(reader, first, count, t->records) != PSW_OK) return count;
    for (ptrdiff_t i = 0; i < count; i++)
        wrong += t->records[i].slot.status != PSW_SLOT_DONE || t->records[i].slot.torn ||
                 t->records[i].parallel.end_s != record_of(t, first + i).parallel.end_s;
    return wrong;
}

/* The neighbour's slots, which on another node came there over the file system. */
static psw_status read_back(const trial *t)
{
    psw_reader *reader;
    ptrdiff_t first = first_of(t, (t->comm->rank + 1) % t->comm->size);
    double wrong = 0;
    t->out->step = DOCTOR_TRIAL_READ;
    psw_status status = psw_reader_open(t->file, &reader);
    for (ptrdiff_t done = 0; status == PSW_OK && done < t->out->slots; done += t->out->run) {
        ptrdiff_t count = t->out->slots - done < t->out->run ? t->out->slots - done : t->out->run;
        wrong += (double)wrong_slots(t, reader, first + done, count);
    }
    if (status == PSW_OK) psw_reader_close(reader);
    PSW_TRY(psw_comm_agree(t->comm, status));
    PSW_TRY(psw_comm_sum(t->comm, &wrong, 1));
    t->out->wrong = (ptrdiff_t)wrong;
    return PSW_OK;
}

/* ---- the system's reason for a failure ---- */

static bool is_refusal(int error)
{
    return error != 0 && error != EINVAL && error != EOPNOTSUPP && error != ENOSYS; /* these: it cannot be asked so */
}

/* Room for `bytes`, a byte as far out as the file would end, both on the disk. */
static int refusal_of(int descriptor, double bytes, double end)
{
    if (pwrite(descriptor, "", 1, (off_t)end - 1) != 1) return errno;
    int error = posix_fallocate(descriptor, 0, (off_t)bytes);
    if (is_refusal(error)) return error;
    error = fdatasync(descriptor) == 0 ? 0 : errno;
    return is_refusal(error) ? error : 0;
}

/* HDF5 and MPI-IO pass on words at best, so a file of our own asks for what the result file needs. */
static int ask_system(const trial *t)
{
    const double block = 4096;
    bool creates = t->comm->rank == 0 && t->out->step == DOCTOR_TRIAL_CREATE;
    double end = t->file_bytes, bytes = creates ? end : block;
    char path[sizeof t->directory + 32];
    if (!(end >= 1)) return 0;
    psw_format(path, sizeof path, "%s/plain.%d", t->directory, t->comm->rank);
    int descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return errno;
    int error = refusal_of(descriptor, bytes, end);
    close(descriptor);
    unlink(path);
    return error;
}

/* The same on all ranks. The message stays that of the failure. */
static void find_error(const trial *t)
{
    if (t->out->step > DOCTOR_TRIAL_SHARE) t->out->error = ask_system(t);
    double error = t->out->error;
    if (psw_comm_max(t->comm, &error, 1) == PSW_OK) t->out->error = (int)error;
}

/* ---- all of it ---- */

static psw_status try_steps(trial *t, const char *directory, const psw_launch *launch)
{
    t->records = calloc(RUN_MAX, sizeof *t->records);
    PSW_TRY(psw_comm_agree(t->comm, t->records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for a trial")));
    PSW_TRY(share_place(directory, t));
    PSW_TRY(try_lock(t));
    t->out->step = DOCTOR_TRIAL_CREATE;
    PSW_TRY(time_of(t, create_file, t->comm->rank == 0, &t->out->create_s));
    PSW_TRY(open_and_write(t, launch));
    PSW_TRY(read_back(t));
    t->out->step = DOCTOR_TRIAL_ENDED;
    return PSW_OK;
}

/* What putting a slot writes: its columns but the parameters, which are there from the start. */
static double slot_bytes(const psw_study *study)
{
    psw_column list[PSW_COLUMNS_MAX];
    ptrdiff_t count = psw_columns_of(study, list);
    size_t bytes = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        if (!psw_column_parameter(&list[i])) bytes += psw_column_bytes(&list[i]);
    return (double)bytes;
}

psw_status doctor_try(const psw_comm *comm, const char *directory, const psw_study *study, const psw_launch *launch,
                      doctor_trial *out)
{
    ptrdiff_t slots = psw_study_slots(study) / comm->size;
    trial t = {.comm = comm, .study = study, .file_bytes = psw_store_bytes(study), .out = out};
    *out = (doctor_trial){.slots = slots, .run = slots < RUN_MAX ? slots : RUN_MAX};
    out->slot_bytes = slot_bytes(study);
    psw_status status = try_steps(&t, directory, launch);
    if (status != PSW_OK) find_error(&t);
    clear_place(&t);
    free(t.records);
    return status;
}
