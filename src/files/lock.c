#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "files/litter.h"

psw_lock psw_lock_none(void)
{
    return (psw_lock){-1, -1};
}

/* ---- the file beside ---- */

/* Who holds it, from the file's first line. */
static psw_status refuse(const char *path, int descriptor)
{
    char holder[160] = "";
    ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is in use by another run (%s); wait for it or stop it", path,
                    holder[0] ? holder : "unknown");
}

/* For the message of a refused run. A full disk may leave it empty: the lock still holds. */
static void sign(int descriptor, bool locked)
{
    char text[160], host[64] = "";
    gethostname(host, sizeof host - 1);
    psw_format(text, sizeof text, "host %s pid %ld%s\n", host, (long)getpid(),
               locked ? "" : " (this file system has no locks: take care that no second run starts)");
    if (ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, strlen(text), 0) < 0) errno = 0;
}

/* File systems that accept no new files, such as /proc, also return ENOENT. */
static psw_status no_directory(const char *path)
{
    files_folder directory;
    files_part(path, directory);
    if (access(directory, F_OK) == 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: no file can be created in its directory; give another file", path);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: its directory does not exist; create it or give another file", path);
}

/* Beside the file itself, whatever links lead there. */
static bool lock_name(const char *path, char name[PATH_MAX])
{
    char resolved[PATH_MAX];
    return psw_format(name, PATH_MAX, "%s.lock", realpath(path, resolved) ? resolved : path);
}

static bool names(const char *name, int descriptor)
{
    struct stat open, named;
    return fstat(descriptor, &open) == 0 && stat(name, &named) == 0 && open.st_dev == named.st_dev &&
           open.st_ino == named.st_ino;
}

/* psw_lock_held holds it for a moment. */
static int lock_whole(int descriptor)
{
    int failed = flock(descriptor, LOCK_EX | LOCK_NB);
    for (int look = 0; failed && errno == EWOULDBLOCK && look < 10; look++) {
        usleep(20000);
        failed = flock(descriptor, LOCK_EX | LOCK_NB);
    }
    return failed ? errno : 0;
}

/* The file that carries it stays, so that nobody can hold a lock on a name that is gone; if somebody removed it between
 * its opening and the lock, it is made again. */
static psw_status lock_beside(const char *path, const char *name, int *descriptor)
{
    for (int again = 0; again < 20; again++) {
        psw_status opened = psw_companion_open(name, 0, "host ", descriptor);
        if (opened != PSW_OK) return errno == ENOENT ? no_directory(path) : opened;
        int error = lock_whole(*descriptor);
        psw_status status = error == EWOULDBLOCK ? refuse(path, *descriptor) : PSW_OK;
        if (status == PSW_OK && names(name, *descriptor)) {
            sign(*descriptor, error == 0);
            if (error == 0) files_litter_remove(path);
            return PSW_OK;
        }
        close(*descriptor);
        *descriptor = -1;
        if (status != PSW_OK) return status;
    }
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is removed as often as it is made; stop what removes it", name);
}

/* ---- a byte beyond the end of the file itself ---- */

enum { NFS = 0x6969, SMB = 0x517b };
static const unsigned CIFS = 0xff534d42, SMB2 = 0xfe534d42;

static struct flock far_byte(void)
{
    return (struct flock){.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_start = (off_t)1 << 62, .l_len = 1};
}

/* There HDF5's lock of the whole file, as readers take it, would meet ours. */
static bool locks_are_ranges(int descriptor)
{
    struct statfs about;
    if (fstatfs(descriptor, &about) != 0) return true;
    unsigned type = (unsigned)about.f_type;
    return type == NFS || type == SMB || type == CIFS || type == SMB2;
}

/* -1: there is no file, or no lock to be had of it. */
static psw_status lock_inside(const char *path, int *descriptor)
{
    for (int again = 0; again < 20; again++) {
        struct flock byte = far_byte();
        *descriptor = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
        if (*descriptor < 0) return PSW_OK; /* whoever writes it says why it cannot be opened */
        bool without = locks_are_ranges(*descriptor);
        int error = without ? EINVAL : fcntl(*descriptor, F_OFD_SETLK, &byte) == 0 ? 0 : errno;
        if (error == 0 && names(path, *descriptor)) return PSW_OK;
        close(*descriptor);
        *descriptor = -1;
        if (error == EAGAIN || error == EACCES)
            return PSW_FAIL(PSW_ENVIRONMENT,
                            "%s is in use by another run, under another name of the file or with a lock that was "
                            "removed; wait for it or stop it",
                            path);
        if (error != 0) return PSW_OK;
    }
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is replaced again and again; stop what replaces it", path);
}

/* ---- both ---- */

psw_status psw_lock_renew(const char *path, psw_lock *lock)
{
    int fresh;
    if (lock->inside >= 0 && names(path, lock->inside)) return PSW_OK;
    PSW_TRY(lock_inside(path, &fresh));
    if (lock->inside >= 0) close(lock->inside);
    lock->inside = fresh;
    return PSW_OK;
}

psw_status psw_lock_take(const char *path, psw_lock *lock)
{
    char name[PATH_MAX];
    *lock = psw_lock_none();
    if (!lock_name(path, name))
        return PSW_FAIL(PSW_ENVIRONMENT, "the name of the result file is too long: %.80s...", path);
    psw_status status = lock_beside(path, name, &lock->beside);
    if (status == PSW_OK) status = psw_lock_renew(path, lock);
    if (status != PSW_OK) psw_lock_release(lock);
    return status;
}

void psw_lock_release(psw_lock *lock)
{
    if (lock->inside >= 0) close(lock->inside);
    if (lock->beside >= 0 && ftruncate(lock->beside, 0) != 0) errno = 0; /* a name inside a free lock does no harm */
    if (lock->beside >= 0) close(lock->beside);
    *lock = psw_lock_none();
}

/* 1 = held, 0 = free, -1 = it cannot be told */
static int look_beside(const char *path)
{
    char name[PATH_MAX];
    if (!lock_name(path, name)) return -1;
    int descriptor = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int failed = flock(descriptor, LOCK_SH | LOCK_NB), held = !failed ? 0 : errno == EWOULDBLOCK ? 1 : -1;
    close(descriptor);
    return held;
}

static int look_inside(const char *path)
{
    struct flock byte = far_byte();
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    bool asked = !locks_are_ranges(descriptor) && fcntl(descriptor, F_OFD_GETLK, &byte) == 0;
    close(descriptor);
    return !asked ? -1 : byte.l_type != F_UNLCK;
}

bool psw_lock_held(const char *path)
{
    return look_beside(path) == 1 || look_inside(path) == 1;
}

bool psw_lock_free(const char *path)
{
    return look_beside(path) == 0 && look_inside(path) != 1;
}
