/* doctor: HDF5, a directory, and how it went to write there. */
#include <errno.h>
#include <math.h>
#include <string.h>

#include "doctor/checks.h"
#include "polysweep/print.h"

/* ---- HDF5 ---- */

static const char *locking(const doctor_facts *f)
{
    return f->variables.hdf5_locking ? f->variables.hdf5_locking : "not set";
}

static void check_hdf5(const doctor_facts *f, doctor_report *r)
{
    doctor_fine(r, "hdf5", "%s, with MPI-IO of %s; HDF5_USE_FILE_LOCKING=%s", f->hdf5,
                !f->mpi.open_mpi ? "the MPI library"
                : f->mpi.io[0]   ? f->mpi.io
                                 : "Open MPI's choice",
                locking(f));
}

/* ---- can it be written at all? ---- */

/* For sentences and commands, which have no room for every name. */
static const char *name_of(const doctor_attempt *a)
{
    return strlen(a->path) <= 240 ? a->path : "DIR";
}

static bool unusable(const doctor_attempt *a, doctor_report *r)
{
    int why = a->directory.why_not;
    if (why == 0) return false;
    doctor_bad(r, "files", "%s: cannot be written to: %s", name_of(a), psw_reason(why));
    if (why == ENOENT)
        doctor_fix(r, "`mkdir -p %s`", name_of(a));
    else if (why == ENOTDIR)
        doctor_fix(r, "`polysweep doctor $(dirname %s)`: name a directory", name_of(a));
    else
        doctor_fix(r, "`ls -ld %s; findmnt -T %s`, or give another directory", name_of(a), name_of(a));
    return true;
}

/* ---- what file system is it? ---- */

typedef enum family { LOCAL, NETWORK, PARALLEL, MEMORY, LAYER, STRANGE, NOT_KNOWN } family;

static const struct {
    const char *type; /* its beginning */
    family family;
} families[] = {{"nfs", NETWORK},    {"lustre", PARALLEL}, {"gpfs", PARALLEL},  {"beegfs", PARALLEL},
                {"ceph", PARALLEL},  {"panfs", PARALLEL},  {"pvfs2", PARALLEL}, {"wekafs", PARALLEL},
                {"ocfs2", PARALLEL}, {"gfs2", PARALLEL},   {"tmpfs", MEMORY},   {"ramfs", MEMORY},
                {"overlay", LAYER},  {"fuse", STRANGE},    {"9p", STRANGE},     {"cifs", STRANGE},
                {"smb", STRANGE},    {"afs", STRANGE},     {"ext", LOCAL},      {"xfs", LOCAL},
                {"btrfs", LOCAL},    {"zfs", LOCAL},       {"f2fs", LOCAL}};

static family family_of(const char *type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strncmp(type, families[i].type, strlen(families[i].type)) == 0) return families[i].family;
    return NOT_KNOWN;
}

static bool option(const char *options, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = options; (at = strstr(at, name)) != NULL; at += length)
        if ((at == options || at[-1] == ',') && (at[length] == '\0' || at[length] == ',')) return true;
    return false;
}

/* Locks that the mount keeps local to a node: they succeed, but other nodes do not see them. */
static const char *local_locks(const psw_directory *d)
{
    static const char *const names[] = {"localflock", "nolock", "local_lock=all", "local_lock=flock"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (option(d->options, names[i])) return names[i];
    return NULL;
}

static void check_local_locks(const doctor_attempt *a, doctor_report *r)
{
    const char *name = local_locks(&a->directory);
    if (!name) return;
    doctor_warn(r, "files", "%s is mounted with %s: a second run, on another node, is not noticed", name_of(a), name);
    doctor_fix(r, "`polysweep status FILE.h5` before `run`; the site can mount it with %s",
               strncmp(a->directory.type, "nfs", 3) == 0 ? "lock,local_lock=none" : "flock");
}

static void check_family(const doctor_attempt *a, int nodes, doctor_report *r)
{
    const char *type = a->directory.type;
    family kind = family_of(type);
    const char *elsewhere = "`polysweep run STUDY.yaml -o DIR/FILE.h5` with DIR on the parallel file system";
    if (kind == NETWORK && nodes > 1) {
        doctor_warn(r, "files", "%s is %s: made for one writer at a time, and %d nodes would write", name_of(a), type,
                    nodes);
        doctor_fix(r, "%s", elsewhere);
    } else if (kind == MEMORY) {
        doctor_warn(r, "files", "%s is in memory (%s): it takes memory from the ranks, and is lost with the node",
                    name_of(a), type);
        doctor_fix(r, "`polysweep run STUDY.yaml -o DIR/FILE.h5` with DIR on a disk");
    } else if (kind == LAYER) {
        doctor_warn(r, "files", "%s is a container layer (%s): its files vanish with the container", name_of(a), type);
        doctor_fix(r,
                   "`docker run -v /host/dir:/data ...`, `apptainer --bind /host/dir:/data ...`, and write to /data");
    } else if (kind == STRANGE) {
        doctor_warn(r, "files", "%s is %s, which is not made for several writers of one file", name_of(a), type);
        doctor_fix(r, "`polysweep run STUDY.yaml -o DIR/FILE.h5` with DIR on a disk or a parallel file system");
    } else if (kind == NOT_KNOWN) {
        doctor_fine(r, "files", "%s is on %s (magic 0x%lx): unknown to polysweep, so rely on the trial", name_of(a),
                    type[0] ? type : "an unnamed file system", (unsigned long)a->directory.magic);
    } else {
        doctor_fine(r, "files", "%s is %s%s", name_of(a), type,
                    strcmp(type, "lustre") == 0
                        ? "; for results below 1 GiB one stripe is best: `lfs setstripe -c 1` on it"
                        : "");
    }
}

/* ---- room ---- */

/* 100 MiB: a hundred thousand points, more than most sweeps have; plan computes it exactly. */
static void check_room(const doctor_attempt *a, doctor_report *r)
{
    const double little = 100.0 * 1048576;
    const psw_directory *d = &a->directory;
    char room[PSW_TEXT], limit[PSW_TEXT];
    psw_format_bytes(d->free_bytes, room);
    psw_format_bytes(d->file_limit_bytes, limit);
    if (isnan(d->free_bytes)) {
        doctor_fine(r, "files", "%s: free space is unknown", name_of(a));
    } else if (d->free_bytes < little) {
        doctor_warn(r, "files", "%s has %s left", name_of(a), room);
        doctor_fix(r, "`polysweep plan STUDY.yaml` prints how large a file will be; `df -h %s`", name_of(a));
    } else {
        doctor_fine(r, "files", "%s has %s left (a quota may give less)", name_of(a), room);
    }
    if (!isfinite(d->file_limit_bytes)) return;
    doctor_warn(r, "files", "no file of this process may be larger than %s", limit);
    doctor_fix(r, "`ulimit -f unlimited`");
}

/* ---- the trial ---- */

static void failed(const doctor_attempt *a, doctor_report *r)
{
    int error = a->trial.error;
    doctor_bad(r, "write", "%.600s", a->why);
    if (a->trial.step == DOCTOR_TRIAL_SHARE)
        doctor_fix(r, "`df %s` on both nodes, and give a directory of a shared file system", name_of(a));
    else if (error == ENOSPC || error == EDQUOT)
        doctor_fix(r, "`df -h %s`, `quota -s`, and make room or give another directory", name_of(a));
    else if (error == EFBIG)
        doctor_fix(r, "`ulimit -f unlimited`");
    else
        doctor_fix(r, "`ls -ld %s; findmnt -T %s`, or give another directory", name_of(a), name_of(a));
}

static void check_flock(const doctor_facts *f, doctor_report *r)
{
    const doctor_trial *t = &f->attempt.trial;
    bool insists = f->variables.hdf5_locking && strcmp(f->variables.hdf5_locking, "TRUE") == 0;
    if (t->flock_error) {
        (insists ? doctor_bad : doctor_warn)(
            r, "locks", "flock is refused in %s (%s): a second run on a file is not noticed, and HDF5's own locks fail",
            name_of(&f->attempt), psw_reason(t->flock_error));
        doctor_fix(r, "`export HDF5_USE_FILE_LOCKING=FALSE` for h5py, ncdump and other readers%s",
                   insists ? ", and do not set it to TRUE" : "");
    } else if (t->lock_unseen > 0) {
        doctor_warn(r, "locks",
                    "a lock in %s was not seen by %td of %d ranks: a second run, on another node, is not "
                    "noticed",
                    name_of(&f->attempt), t->lock_unseen, f->ranks);
        doctor_fix(r, "`polysweep status FILE.h5` before `run`; the site can mount it with flock (Lustre) or "
                      "local_lock=none (NFS)");
    } else {
        doctor_fine(r, "locks", "flock works, and every rank saw rank 0's lock");
    }
}

/* ROMIO locks by fcntl on NFS and where it sieves data; OMPIO where it is set to. */
static void check_fcntl(const doctor_facts *f, doctor_report *r)
{
    int error = f->attempt.trial.fcntl_error;
    bool romio = strstr(f->mpi.io, "romio") != NULL && f->mpi.io[0] != '^';
    if (!error) return;
    doctor_warn(r, "locks", "fcntl locks are refused in %s (%s); ROMIO may need them", name_of(&f->attempt),
                psw_reason(error));
    const char *later = f->mpi.open_mpi ? "`polysweep verify FILE.h5` after a run, and leave OMPI_MCA_io unset"
                                        : "`polysweep verify FILE.h5` after a run";
    doctor_fix(r, "%s", romio && f->mpi.open_mpi ? "`export OMPI_MCA_io=ompio`" : later);
}

static const char *other_io(const doctor_facts *f)
{
    if (!f->mpi.open_mpi) return "`polysweep verify FILE.h5` after each run, and another MPI library or directory";
    return strstr(f->mpi.io, "romio") ? "`OMPI_MCA_io=ompio mpirun ... polysweep doctor DIR`, and compare"
                                      : "`OMPI_MCA_io=romio321 mpirun ... polysweep doctor DIR`, and compare";
}

static void check_content(const doctor_facts *f, doctor_report *r)
{
    const doctor_trial *t = &f->attempt.trial;
    ptrdiff_t all = t->slots * f->ranks;
    if (t->wrong == 0) {
        doctor_fine(r, "write", "all %td points that were written read back correctly%s", all,
                    f->ranks > 1 ? ", each on the next rank" : "");
        return;
    }
    doctor_bad(r, "write", "%td of %td points did not read back as they were written", t->wrong, all);
    doctor_fix(r, "%s", other_io(f));
}

/* A sweep's run of points takes from 10 ms to 1 s, so 0.1 s to write it is felt. */
static bool slow(const doctor_facts *f, doctor_report *r)
{
    const double felt = 0.1;
    const doctor_trial *t = &f->attempt.trial;
    double run = t->together_s / (double)t->slots * (double)t->run;
    char seconds[PSW_TEXT];
    psw_format_seconds(run, seconds);
    if (run < felt) return false;
    doctor_warn(r, "write", "%td points take %s to write, which slows down a sweep of small points", t->run, seconds);
    doctor_fix(r, "`polysweep doctor OTHER_DIR`, or %s", other_io(f));
    return true;
}

/* Below 0.1 s altogether no difference matters, and times are of the scheduler. */
static void check_parallel(const doctor_facts *f, doctor_report *r)
{
    const double worth = 0.1;
    const doctor_trial *t = &f->attempt.trial;
    double gain = f->ranks * t->alone_s / t->together_s;
    if (f->ranks < 2 || t->together_s < worth || doctor_facts_crowded(f) || gain >= 1) return;
    doctor_warn(r, "write", "%d ranks together write %.2g times what one writes alone: they wait for each other",
                f->ranks, gain);
    doctor_fix(r, "%s", other_io(f));
}

static void report_speed(const doctor_facts *f, doctor_report *r)
{
    const doctor_trial *t = &f->attempt.trial;
    double slots = (double)t->slots, bytes = slots * t->slot_bytes;
    char alone[PSW_TEXT], each[PSW_TEXT], all[PSW_TEXT], point[PSW_TEXT], sync[PSW_TEXT], create[PSW_TEXT],
        opened[PSW_TEXT];
    psw_format_bytes(bytes / t->alone_s, alone);
    psw_format_bytes(bytes / t->together_s, each);
    psw_format_bytes(bytes * f->ranks / t->together_s, all);
    psw_format_seconds(t->together_s / slots, point);
    psw_format_seconds(t->sync_s, sync);
    psw_format_seconds(t->create_s, create);
    psw_format_seconds(t->open_s, opened);
    if (f->ranks > 1)
        doctor_fine(r, "write",
                    "%td points a rank, %td at a time: %s a point; %s/s a rank, %s/s together, %s/s one alone",
                    t->slots, t->run, point, each, all, alone);
    else
        doctor_fine(r, "write", "%td points, %td at a time: %s a point; %s/s", t->slots, t->run, point, each);
    doctor_fine(r, "write", "file made in %s, opened in %s, on disk %s after writing", create, opened, sync);
}

/* A run syncs every minute: 3 s are a twentieth of it. */
static void check_speed(const doctor_facts *f, doctor_report *r)
{
    const double long_sync = 3;
    report_speed(f, r);
    if (!slow(f, r)) check_parallel(f, r);
    if (f->attempt.trial.sync_s < long_sync) return;
    doctor_warn(r, "write", "fdatasync takes %.2g s; a run asks for it every minute", f->attempt.trial.sync_s);
    doctor_fix(r, "`polysweep doctor OTHER_DIR`");
}

void doctor_check_files(const doctor_facts *f, doctor_report *r)
{
    const doctor_attempt *a = &f->attempt;
    check_hdf5(f, r);
    if (!a->path) {
        doctor_fine(r, "files",
                    "no directory was tested; `polysweep doctor DIR` writes a small file in DIR and removes it");
        return;
    }
    if (unusable(a, r)) return;
    check_family(a, doctor_facts_nodes(f), r);
    check_local_locks(a, r);
    check_room(a, r);
    if (a->status != PSW_OK) {
        failed(a, r);
        return;
    }
    check_flock(f, r);
    check_fcntl(f, r);
    check_content(f, r);
    check_speed(f, r);
}
