/* Stands between the program and its libraries (LD_PRELOAD), for scripts of faults:
 *   PRELOAD_SYNCS=FILE          every fdatasync and fsync adds a line "rank seconds path" to FILE
 *   PRELOAD_SHADOW=FILE         what the disk holds of a result, as of its last good sync; when its pages are given up,
 * the result becomes that, and FILE goes PRELOAD_SYNC_FAILS=COUNT    from that fdatasync of a result on, all of this
 * process fail PRELOAD_WRITES=RANK:COUNT   from that pwrite to a file .h5 on, all of this rank fail: the disk has
 * broken PRELOAD_TESTS=RANK:COUNT    from that MPI_Testall with messages on, all of this rank fail: the network has */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <mpi.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *rank(void)
{
    const char *text = getenv("OMPI_COMM_WORLD_RANK");
    return text ? text : "0";
}

/* From which call on a function fails on this rank; 0 = never. */
static long fails_from(const char *variable)
{
    const char *text = getenv(variable);
    size_t length = text ? strcspn(text, ":") : 0;
    bool mine = text && strlen(rank()) == length && strncmp(text, rank(), length) == 0;
    return mine ? strtol(text + length + 1, NULL, 10) : 0;
}

static void path_of(int descriptor, char *path, size_t size)
{
    char link[64];
    snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, path, size - 1);
    path[length > 0 ? length : 0] = '\0';
}

/* ---- syncs ---- */

/* One write of a line to a file opened for appending: ranks do not mix. */
static void note_sync(int descriptor)
{
    const char *log = getenv("PRELOAD_SYNCS");
    char path[600], line[700];
    struct timespec now;
    if (!log) return;
    path_of(descriptor, path, sizeof path);
    clock_gettime(CLOCK_MONOTONIC, &now);
    int size = snprintf(line, sizeof line, "%s %ld.%03ld %s\n", rank(), (long)now.tv_sec, now.tv_nsec / 1000000, path);
    int out = open(log, O_WRONLY | O_CREAT | O_APPEND, 0666);
    if (out < 0 || write(out, line, (size_t)size) != size) abort();
    close(out);
}

/* ---- what is on the disk, and what is only in memory ---- */

static bool is_result(int descriptor)
{
    char path[600];
    path_of(descriptor, path, sizeof path);
    size_t length = strlen(path);
    return length > 3 && strcmp(path + length - 3, ".h5") == 0;
}

static void copy(int from, int to)
{
    static char block[1 << 16];
    ssize_t length;
    for (off_t at = 0; (length = pread(from, block, sizeof block, at)) > 0; at += length) {
        if (pwrite(to, block, (size_t)length, at) != length) abort();
    }
}

int fdatasync(int descriptor)
{
    static long calls = 0;
    int (*real)(int);
    const char *shadow = getenv("PRELOAD_SHADOW"), *fails = getenv("PRELOAD_SYNC_FAILS");
    *(void **)&real = dlsym(RTLD_NEXT, "fdatasync");
    note_sync(descriptor);
    if (!shadow || !fails || !is_result(descriptor)) return real(descriptor);
    if (++calls >= atol(fails)) {
        errno = EIO;
        return -1;
    }
    int to = open(shadow, O_RDWR | O_CREAT, 0666);
    copy(descriptor, to);
    close(to);
    return 0;
}

/* Pages that could not be written are let go: what the disk has is seen again. */
int posix_fadvise(int descriptor, off_t first, off_t length, int advice)
{
    char path[600];
    const char *shadow = getenv("PRELOAD_SHADOW");
    int from = shadow && advice == POSIX_FADV_DONTNEED && is_result(descriptor) ? open(shadow, O_RDONLY) : -1;
    (void)first, (void)length;
    if (from < 0) return 0;
    path_of(descriptor, path, sizeof path);
    int to = open(path, O_RDWR);
    copy(from, to);
    close(to);
    close(from);
    unlink(shadow);
    return 0;
}

int fsync(int descriptor)
{
    int (*real)(int);
    *(void **)&real = dlsym(RTLD_NEXT, "fsync");
    note_sync(descriptor);
    return real(descriptor);
}

/* ---- writes ---- */

static ssize_t write_at(const char *name, int descriptor, const void *data, size_t bytes, off_t at)
{
    static long calls = 0;
    ssize_t (*real)(int, const void *, size_t, off_t);
    long from = fails_from("PRELOAD_WRITES");
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (from == 0 || !is_result(descriptor) || ++calls < from) return real(descriptor, data, bytes, at);
    errno = EIO;
    return -1;
}

ssize_t pwrite(int descriptor, const void *data, size_t bytes, off_t at)
{
    return write_at("pwrite", descriptor, data, bytes, at);
}

ssize_t pwrite64(int descriptor, const void *data, size_t bytes, off_t at)
{
    return write_at("pwrite64", descriptor, data, bytes, at);
}

/* ---- messages ---- */

int MPI_Testall(int count, MPI_Request requests[], int *flag, MPI_Status statuses[])
{
    static long calls = 0;
    long from = fails_from("PRELOAD_TESTS");
    calls += count > 0;
    if (from == 0 || calls < from) return PMPI_Testall(count, requests, flag, statuses);
    *flag = 0;
    return MPI_ERR_OTHER;
}
