/* Stands between the program and its libraries (LD_PRELOAD) and appends to RECORD=FILE what is done to result files, for
 * power_loss.py: a head, the path, and the bytes of a write, once it has returned; a sync when it begins. Appends of
 * several processes do not mix. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum kind { WRITE = 1, SYNC, SIZE, RENAME, SYNC_DIRECTORY };

struct head {
    uint32_t kind, rank, path_bytes, data_bytes;
    uint64_t inode, offset;
};

static uint32_t rank(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_RANK");
    return text ? (uint32_t)strtoul(text, NULL, 10) : 0;
}

static void append(enum kind kind, uint64_t inode, uint64_t offset, const char *path, const void *data, size_t bytes)
{
    const char *log = getenv("RECORD");
    struct head head = {kind, rank(), (uint32_t)strlen(path), (uint32_t)bytes, inode, offset};
    struct iovec parts[] = {{&head, sizeof head}, {(void *)(uintptr_t)path, strlen(path)}, {(void *)(uintptr_t)data, bytes}};
    int kept = errno, out = log ? open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666) : -1;
    if (log && (out < 0 || writev(out, parts, 3) != (ssize_t)(sizeof head + strlen(path) + bytes))) abort();
    if (out >= 0) close(out);
    errno = kept;
}

/* FILE.h5 and what becomes it, FILE.h5.new.*; its inode, 0 for anything else. */
static uint64_t result(int descriptor, char path[600])
{
    char link[64];
    struct stat about;
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = getenv("RECORD") ? readlink(link, path, 599) : -1;
    path[length > 0 ? length : 0] = '\0';
    const char *ending = strstr(path, ".h5");
    if (!ending || (ending[3] && strncmp(ending + 3, ".new.", 5) != 0)) return 0;
    return fstat(descriptor, &about) == 0 ? (uint64_t)about.st_ino : 0;
}

static ssize_t write_at(const char *name, int descriptor, const void *data, size_t bytes, off_t at)
{
    char path[600];
    ssize_t (*real)(int, const void *, size_t, off_t);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    ssize_t written = real(descriptor, data, bytes, at);
    uint64_t inode = written > 0 ? result(descriptor, path) : 0;
    if (inode) append(WRITE, inode, (uint64_t)at, path, data, (size_t)written);
    return written;
}

ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t at)
{
    return write_at("pwrite", descriptor, data, bytes, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off_t at)
{
    return write_at("pwrite64", descriptor, data, bytes, at);
}

/* No MPI-IO component here is known to write in other ways; one that did would leave images without results. */
ssize_t write(int descriptor, const void *data, size_t bytes)
{
    char path[600];
    ssize_t (*real)(int, const void *, size_t);
    *(void **)&real = dlsym(RTLD_NEXT, "write");
    uint64_t inode = result(descriptor, path);
    off_t at = inode ? lseek(descriptor, 0, SEEK_CUR) : 0;
    ssize_t written = real(descriptor, data, bytes);
    if (inode && written > 0) append(WRITE, inode, (uint64_t)at, path, data, (size_t)written);
    return written;
}

static int sync_of(const char *name, int descriptor)
{
    char path[600];
    struct stat about;
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    uint64_t inode = result(descriptor, path);
    if (inode) append(SYNC, inode, 0, path, NULL, 0);
    if (!inode && fstat(descriptor, &about) == 0 && S_ISDIR(about.st_mode)) append(SYNC_DIRECTORY, 0, 0, path, NULL, 0);
    return real(descriptor);
}

int fdatasync(int descriptor)
{
    return sync_of("fdatasync", descriptor);
}

int fsync(int descriptor)
{
    return sync_of("fsync", descriptor);
}

static void note_size(int descriptor)
{
    char path[600];
    struct stat about;
    uint64_t inode = result(descriptor, path);
    if (inode && fstat(descriptor, &about) == 0) append(SIZE, inode, (uint64_t)about.st_size, path, NULL, 0);
}

int ftruncate(int descriptor, off_t bytes)
{
    int (*real)(int, off_t);
    *(void **)&real = dlsym(RTLD_NEXT, "ftruncate");
    int failed = real(descriptor, bytes);
    note_size(descriptor);
    return failed;
}

int ftruncate64(int descriptor, off_t bytes)
{
    return ftruncate(descriptor, bytes);
}

int posix_fallocate(int descriptor, off_t at, off_t bytes)
{
    int (*real)(int, off_t, off_t);
    *(void **)&real = dlsym(RTLD_NEXT, "posix_fallocate");
    int failed = real(descriptor, at, bytes);
    note_size(descriptor);
    return failed;
}

static void note_rename(const char *to)
{
    struct stat about;
    if (strstr(to, ".h5") && !strstr(to, ".json") && stat(to, &about) == 0) append(RENAME, (uint64_t)about.st_ino, 0, to, NULL, 0);
}

int rename(const char *from, const char *to)
{
    int (*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "rename");
    int failed = real(from, to);
    if (!failed) note_rename(to);
    return failed;
}

int renameat2(int from_at, const char *from, int to_at, const char *to, unsigned flags)
{
    int (*real)(int, const char *, int, const char *, unsigned);
    *(void **)&real = dlsym(RTLD_NEXT, "renameat2");
    int failed = real(from_at, from, to_at, to, flags);
    if (!failed) note_rename(to);
    return failed;
}
