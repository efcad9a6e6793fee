/* What doctor says of directories, file systems and trials of writing that are not at hand: as unit/doctor.c. */
#include <errno.h>

#include "unit/doctor_case.h"

static void test_place(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->attempt.path = NULL;
    expect_fine(&m, "no directory was tested");

    healthy(&m);
    f->attempt.directory.why_not = ENOENT;
    expect(&m, DOCTOR_BAD, "files", "No such file", "mkdir -p /scratch");

    healthy(&m);
    f->attempt.directory.why_not = ENOTDIR;
    expect(&m, DOCTOR_BAD, "files", "Not a directory", "dirname");

    healthy(&m);
    f->attempt.directory.why_not = EROFS;
    expect(&m, DOCTOR_BAD, "files", "Read-only", "findmnt -T /scratch");

    healthy(&m);
    f->attempt.directory.free_bytes = 1e6;
    expect(&m, DOCTOR_WARN, "files", "left", "df -h /scratch");

    healthy(&m);
    f->attempt.directory.free_bytes = NAN;
    expect_fine(&m, "free space is unknown");

    healthy(&m);
    f->attempt.directory.file_limit_bytes = 1e6;
    expect(&m, DOCTOR_WARN, "files", "larger than", "ulimit -f");
}

/* The longest that a path can be is not cut in the middle of a command. */
static void test_long_name(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    char path[4096];
    memset(path, 'a', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    f->attempt.path = path;
    f->attempt.directory.why_not = EACCES;
    expect(&m, DOCTOR_BAD, "files", "DIR: cannot be written to", "findmnt -T DIR`");

    healthy(&m);
    f->attempt.path = path + sizeof path - 1 - 240;
    f->attempt.directory.why_not = EACCES;
    expect(&m, DOCTOR_BAD, "files", f->attempt.path, f->attempt.path);
}

static void test_file_system(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    TEXT(f->attempt.directory.type, "nfs4");
    expect(&m, DOCTOR_WARN, "files", "nfs4", "parallel file system");

    healthy(&m);
    TEXT(f->attempt.directory.type, "tmpfs");
    expect(&m, DOCTOR_WARN, "files", "tmpfs", "a disk");

    healthy(&m);
    TEXT(f->attempt.directory.type, "overlay");
    expect(&m, DOCTOR_WARN, "files", "overlay", "--bind");

    healthy(&m);
    TEXT(f->attempt.directory.type, "fuse.sshfs");
    expect(&m, DOCTOR_WARN, "files", "fuse.sshfs", "a disk");

    healthy(&m);
    TEXT(f->attempt.directory.type, "ext4");
    expect_fine(&m, "/scratch is ext4");

    healthy(&m);
    expect_fine(&m, "lfs setstripe -c 1");

    healthy(&m);
    f->attempt.directory.magic = 0x1234;
    TEXT(f->attempt.directory.type, "newfs");
    expect_fine(&m, "newfs (magic 0x1234): unknown");

    healthy(&m);
    TEXT(f->attempt.directory.options, "rw,localflock");
    expect(&m, DOCTOR_WARN, "files", "localflock", "with flock");

    healthy(&m);
    TEXT(f->attempt.directory.options, "rw,flock,notlocalflock");
    expect_fine(&m, "lustre");

    healthy(&m);
    f->ranks = 2;
    EACH(&m, machine.expected_ranks, 2);
    TEXT(f->attempt.directory.type, "nfs");
    TEXT(f->attempt.directory.options, "rw,nolock");
    /* one node alone may write to NFS; locks are to be had all the same */
    expect(&m, DOCTOR_WARN, "files", "nolock", "local_lock=none");
}

static void test_locks(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->attempt.trial.flock_error = ENOSYS;
    f->attempt.trial.lock_unseen = 3;
    expect(&m, DOCTOR_WARN, "locks", "flock is refused", "HDF5_USE_FILE_LOCKING=FALSE");

    healthy(&m);
    f->attempt.trial.flock_error = ENOLCK;
    f->variables.hdf5_locking = "TRUE";
    expect(&m, DOCTOR_BAD, "locks", "flock is refused", "do not set it to TRUE");

    healthy(&m);
    f->attempt.trial.lock_unseen = 2;
    expect(&m, DOCTOR_WARN, "locks", "2 of 4 ranks", "polysweep status");

    healthy(&m);
    f->attempt.trial.fcntl_error = ENOLCK;
    expect(&m, DOCTOR_WARN, "locks", "fcntl", "verify");

    healthy(&m);
    f->attempt.trial.fcntl_error = ENOLCK;
    TEXT(f->mpi.io, "romio321");
    expect(&m, DOCTOR_WARN, "locks", "fcntl", "OMPI_MCA_io=ompio");
}

static void test_failed_trial(void)
{
    static const struct {
        doctor_trial_step step;
        int error;
        const char *why, *fix;
    } list[] = {{DOCTOR_TRIAL_CREATE, ENOSPC, "no words of the system", "df -h /scratch"},
                {DOCTOR_TRIAL_WRITE, EDQUOT, "cannot write status", "quota -s"},
                {DOCTOR_TRIAL_WRITE, EFBIG, "cannot write status", "ulimit -f"},
                {DOCTOR_TRIAL_SHARE, ENOENT, "another directory", "both nodes"},
                {DOCTOR_TRIAL_MAKE, ENOSPC, "no file can be created in /scratch", "df -h /scratch"},
                {DOCTOR_TRIAL_MAKE, EACCES, "no file can be created in /scratch", "ls -ld /scratch"},
                /* words of a message decide nothing */
                {DOCTOR_TRIAL_OPEN, 0, "no room on the same directory: No space left on device", "ls -ld /scratch"}};
    machine m;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        doctor_facts *f = healthy(&m);
        f->attempt.status = PSW_ENVIRONMENT;
        f->attempt.trial.step = list[i].step;
        f->attempt.trial.error = list[i].error;
        TEXT(f->attempt.why, list[i].why);
        expect(&m, DOCTOR_BAD, "write", list[i].why, list[i].fix);
    }
}

static void test_writing(void)
{
    machine m;
    doctor_facts *f = healthy(&m);
    f->attempt.trial.wrong = 7;
    expect(&m, DOCTOR_BAD, "write", "7 of 2048 points", "OMPI_MCA_io=romio321");

    healthy(&m);
    f->attempt.trial.wrong = 7;
    TEXT(f->mpi.io, "romio321");
    expect(&m, DOCTOR_BAD, "write", "7 of 2048", "OMPI_MCA_io=ompio");

    healthy(&m);
    f->attempt.trial.alone_s = f->attempt.trial.together_s = 2;
    expect(&m, DOCTOR_WARN, "write", "64 points take 250 ms", "OTHER_DIR");

    healthy(&m);
    f->attempt.trial.alone_s = 0.1;
    f->attempt.trial.together_s = 0.5;
    /* four ranks take five times as long as one: together they write less than it */
    expect(&m, DOCTOR_WARN, "write", "0.8 times what one writes alone", "compare");

    healthy(&m);
    f->attempt.trial.alone_s = 1e-4;
    f->attempt.trial.together_s = 1e-2;
    /* too short to tell */
    expect_fine(&m, "512 points a rank");

    healthy(&m);
    f->attempt.trial.sync_s = 5;
    expect(&m, DOCTOR_WARN, "write", "fdatasync takes 5 s", "OTHER_DIR");
}

int main(void)
{
    test_place();
    test_long_name();
    test_file_system();
    test_locks();
    test_failed_trial();
    test_writing();
    return test_end();
}
