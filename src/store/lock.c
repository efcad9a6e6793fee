#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/store.h"

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

/* FILE-JOB-PROCESS.lock, of Open MPI's shared file pointers, and FILE.status.json.PROCESS, not yet renamed. */
static bool is_litter(const char *name, const char *file)
{
    const char *sidecar = ".status.json.", *rest = name + strlen(file);
    if (strncmp(name, file, strlen(file)) != 0) return false;
    if (strncmp(rest, sidecar, strlen(sidecar)) == 0)
        return is_number(rest + strlen(sidecar), strlen(rest) - strlen(sidecar));
    size_t job = *rest == '-' ? strcspn(rest + 1, "-") : 0;
    const char *process = rest + 1 + job + 1, *end = strrchr(rest, '.');
    return job > 0 && is_number(rest + 1, job) && end > process && strcmp(end, ".lock") == 0 &&
           is_number(process, (size_t)(end - process));
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
        if (is_litter(entry->d_name, file) || is_empty_pointer(dirfd(list), entry->d_name, file))
            unlinkat(dirfd(list), entry->d_name, 0);
    if (list) closedir(list);
}

/* File systems that accept no new files, such as /proc, also return ENOENT. */
static psw_status cannot_open(const char *path, const char *name)
{
    int why = errno;
    folder directory;
    part(path, directory);
    if (why != ENOENT) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be opened: %s", name, strerror(why));
    if (access(directory, F_OK) == 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s: no file can be created in its directory; give another file", path);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: its directory does not exist; create it or give another file", path);
}

/* The lock is the kernel's and ends with the process; the file that carries it stays, so that nobody can hold a lock
 * on a name that is gone. */
psw_status psw_store_lock(const char *path, int *lock)
{
    char name[4096];
    *lock = -1;
    if (!psw_format(name, sizeof name, "%s.lock", path))
        return PSW_FAIL(PSW_ENVIRONMENT, "the name of the result file is too long: %.80s...", path);
    int descriptor = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
    if (descriptor < 0) return cannot_open(path, name);
    int failed = flock(descriptor, LOCK_EX | LOCK_NB);
    for (int look = 0; failed && errno == EWOULDBLOCK && look < 10;
         look++) { /* psw_store_locked holds it for a moment */
        usleep(20000);
        failed = flock(descriptor, LOCK_EX | LOCK_NB);
    }
    if (failed && errno == EWOULDBLOCK) return refuse(path, descriptor);
    sign(descriptor, !failed);
    if (!failed) sweep(path);
    *lock = descriptor;
    return PSW_OK;
}

void psw_store_unlock(int lock)
{
    if (lock < 0) return;
    if (ftruncate(lock, 0) != 0) errno = 0; /* an old name inside does no harm while the lock is free */
    close(lock);
}

/* 1 = held, 0 = free, -1 = there is no lock, or a file system that has none */
static int look(const char *path)
{
    char name[4096];
    if (!psw_format(name, sizeof name, "%s.lock", path)) return -1;
    int descriptor = open(name, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) return -1;
    int failed = flock(descriptor, LOCK_SH | LOCK_NB), held = !failed ? 0 : errno == EWOULDBLOCK ? 1 : -1;
    close(descriptor);
    return held;
}

bool psw_store_locked(const char *path)
{
    return look(path) == 1;
}

bool psw_store_unlocked(const char *path)
{
    return look(path) == 0;
}
