/* A name and the file that it was opened by. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/files.h"

/* A name that leads to the open file: where it was moved to. */
static bool moved_to(int descriptor, const struct stat *open, char place[PATH_MAX])
{
    char link[64];
    struct stat there;
    psw_format(link, sizeof link, "/proc/self/fd/%d", descriptor);
    ssize_t length = readlink(link, place, PATH_MAX - 1);
    place[length > 0 ? length : 0] = '\0';
    return length > 0 && stat(place, &there) == 0 && there.st_dev == open->st_dev && there.st_ino == open->st_ino;
}

psw_status psw_name_check(const char *path, int descriptor, size_t bytes)
{
    struct stat open, named;
    char place[PATH_MAX];
    if (fstat(descriptor, &open) != 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s: %s", path, psw_reason(errno));
    bool there = stat(path, &named) == 0;
    if (there && (named.st_dev != open.st_dev || named.st_ino != open.st_ino)) there = false;
    if (!there && moved_to(descriptor, &open, place))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s was renamed while it was written; its results are in %s", path, place);
    if (!there) return PSW_FAIL(PSW_ENVIRONMENT, "%s was deleted or replaced while it was written", path);
    if ((size_t)open.st_size >= bytes) return PSW_OK;
    return PSW_FAIL(
        PSW_ENVIRONMENT,
        "%s was cut to %lld of its %zu bytes while it was written, and what stood there is lost; give another "
        "file with -o",
        path, (long long)open.st_size, bytes);
}

static bool copy(int from, int to, off_t bytes)
{
    char block[1 << 16];
    for (off_t at = 0; at < bytes;) {
        ssize_t length = pread(from, block, sizeof block, at);
        if (length <= 0 || pwrite(to, block, (size_t)length, at) != length) return false;
        at += length;
    }
    return fsync(to) == 0 || errno == EINVAL;
}

psw_status psw_name_save(const char *path, int descriptor, char *name, size_t size)
{
    struct stat open;
    int to;
    name[0] = '\0';
    if (fstat(descriptor, &open) != 0 || open.st_nlink > 0 || open.st_size == 0) return PSW_OK;
    PSW_TRY(psw_temporary_create(path, "saved", name, size, &to));
    bool whole = copy(descriptor, to, open.st_size);
    int error = errno;
    close(to);
    if (whole) return PSW_OK;
    unlink(name);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s was deleted, and its results cannot be saved as %s: %s", path, name,
                    psw_reason(error));
}
