#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"

/* Who holds it, from the file's first line. */
static psw_status refuse(const char *path, int descriptor)
{
    char holder[160] = "";
    ssize_t length = pread(descriptor, holder, sizeof holder - 1, 0);
    holder[length > 0 ? length : 0] = '\0';
    holder[strcspn(holder, "\n")] = '\0';
    close(descriptor);
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

/* ---- what killed runs left beside the file ---- */

static bool is_number(const char *text, size_t length)
{
    return length > 0 && strspn(text, "0123456789") >= length;
}

/* NUMBER-NUMBER and then the ending, all of it. */
static bool is_pair(const char *text, const char *ending)
{
    size_t first = strcspn(text, "-");
    const char *second = text + first + (text[first] == '-');
    size_t length = strspn(second, "0123456789");
    return second > text + first && is_number(text, first) && length > 0 && strcmp(second + length, ending) == 0;
}

static bool begins(const char **text, const char *with)
{
    bool does = strncmp(*text, with, strlen(with)) == 0;
    if (does) *text += strlen(with);
    return does;
}

/* FILE-JOB-PROCESS.lock, of Open MPI's shared file pointers, and of ours what is not yet renamed:
 * FILE.status.json.PROCESS, FILE.new.PROCESS-NUMBER. */
static bool is_litter(const char *name, const char *file)
{
    const char *rest = name;
    if (!begins(&rest, file)) return false;
    if (begins(&rest, ".status.json.")) return is_number(rest, strlen(rest));
    if (begins(&rest, ".new.")) return is_pair(rest, "");
    return begins(&rest, "-") && is_pair(rest, ".lock");
}

/* FILE-1-2.lock is also the lock of a result FILE-1-2: one that is there, or that a run is about to make. */
static bool is_lock_of_ours(int directory, const char *name)
{
    char start[5] = "", result[NAME_MAX + 1];
    size_t length = strlen(name) - strlen(".lock");
    if (strcmp(name + length, ".lock") != 0) return false;
    psw_format(result, sizeof result, "%.*s", (int)length, name);
    if (faccessat(directory, result, F_OK, AT_SYMLINK_NOFOLLOW) == 0) return true;
    int descriptor = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return true; /* not to be judged: it stays */
    bool ours = pread(descriptor, start, sizeof start, 0) == sizeof start && memcmp(start, "host ", sizeof start) == 0;
    ours = ours || (flock(descriptor, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK);
    close(descriptor);
    return ours;
}

/* Open MPI's shared file pointers also make FILE.data.RANK and FILE.metadata.RANK. Nothing of ours is written through
 * them, so a file that is not empty is not ours. */
static bool is_empty_pointer(int directory, const char *name, const char *file)
{
    struct stat about;
    const char *rest = name + strlen(file);
    if (strncmp(name, file, strlen(file)) != 0) return false;
    size_t head = strncmp(rest, ".data.", 6) == 0 ? 6 : strncmp(rest, ".metadata.", 10) == 0 ? 10 : 0;
    return head > 0 && is_number(rest + head, strlen(rest + head)) &&
           fstatat(directory, name, &about, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(about.st_mode) && about.st_size == 0;
}

static bool may_go(int directory, const char *name, const char *file)
{
    size_t length = strlen(name);
    if (!is_litter(name, file)) return is_empty_pointer(directory, name, file);
    bool lock = length > 5 && strcmp(name + length - 5, ".lock") == 0;
    return !(lock && is_lock_of_ours(directory, name));
}

typedef char folder[4096];

/* The file's name in its directory. */
static const char *part(const char *path, folder directory)
{
    const char *slash = strrchr(path, '/');
    psw_format(directory, sizeof(folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return slash ? slash + 1 : path;
}

/* The holder of the lock is alone. */
static void sweep(const char *path)
{
    folder directory;
    const char *file = part(path, directory);
    DIR *list = opendir(directory);
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (may_go(dirfd(list), entry->d_name, file)) unlinkat(dirfd(list), entry->d_name, 0);
    if (list) closedir(list);
}

/* File systems that accept no new files, such as /proc, also return ENOENT. */
static psw_status no_directory(const char *path)
{
    folder directory;
    part(path, directory);
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

/* The lock is the kernel's and ends with the process; the file that carries it stays, so that nobody can hold a lock
 * on a name that is gone. */
psw_status psw_lock_take(const char *path, int *lock)
{
    char name[PATH_MAX];
    *lock = -1;
    if (!lock_name(path, name))
        return PSW_FAIL(PSW_ENVIRONMENT, "the name of the result file is too long: %.80s...", path);
    int descriptor;
    psw_status opened = psw_companion_open(name, 0, "host ", &descriptor);
    if (opened != PSW_OK) return errno == ENOENT ? no_directory(path) : opened;
    int failed = flock(descriptor, LOCK_EX | LOCK_NB);
    for (int look = 0; failed && errno == EWOULDBLOCK && look < 10; look++) { /* psw_lock_held holds it for a moment */
        usleep(20000);
        failed = flock(descriptor, LOCK_EX | LOCK_NB);
    }
    if (failed && errno == EWOULDBLOCK) return refuse(path, descriptor);
    sign(descriptor, !failed);
    if (!failed) sweep(path);
    *lock = descriptor;
    return PSW_OK;
}

void psw_lock_release(int lock)
{
    if (lock < 0) return;
    if (ftruncate(lock, 0) != 0) errno = 0; /* an old name inside does no harm while the lock is free */
    close(lock);
}

/* 1 = held, 0 = free, -1 = there is no lock, or a file system that has none */
static int look(const char *path)
{
    char name[PATH_MAX];
    if (!lock_name(path, name)) return -1;
    int descriptor = open(name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int failed = flock(descriptor, LOCK_SH | LOCK_NB), held = !failed ? 0 : errno == EWOULDBLOCK ? 1 : -1;
    close(descriptor);
    return held;
}

bool psw_lock_held(const char *path)
{
    return look(path) == 1;
}

bool psw_lock_free(const char *path)
{
    return look(path) == 0;
}
