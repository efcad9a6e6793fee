/* Files beside a result file: only what is ours is written, and no name is followed to somebody else's file. */
#include "polysweep/files.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static psw_status refuse(const char *name, const char *what)
{
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is %s and is left as it is; move it, or give another result file", name, what);
}

static psw_status check_content(const char *name, int descriptor, const char *begins)
{
    struct stat about;
    char start[64];
    size_t length = strlen(begins);
    if (fstat(descriptor, &about) != 0 || !S_ISREG(about.st_mode)) return refuse(name, "not a regular file");
    if (about.st_size == 0) return PSW_OK;
    bool ours = pread(descriptor, start, length, 0) == (ssize_t)length && memcmp(start, begins, length) == 0;
    return ours ? PSW_OK : refuse(name, "not a file of polysweep");
}

static psw_status cannot_open(const char *name, int why)
{
    psw_status status = why == ELOOP ? refuse(name, "a symbolic link")
                        : why == EISDIR || why == ENXIO
                            ? refuse(name, "not a regular file")
                            : PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be opened: %s", name, strerror(why));
    errno = why;
    return status;
}

psw_status psw_companion_open(const char *name, int flags, const char *begins, int *descriptor)
{
    /* without O_NONBLOCK a FIFO would wait for its other end */
    *descriptor = open(name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC | flags, 0666);
    if (*descriptor < 0) return cannot_open(name, errno);
    psw_status status = check_content(name, *descriptor, begins);
    if (status == PSW_OK) return status;
    close(*descriptor);
    *descriptor = -1;
    errno = EEXIST;
    return status;
}

psw_status psw_temporary_create(const char *path, char *name, size_t size, int *descriptor)
{
    enum { TRIES = 100 };
    for (int k = 0; k < TRIES; k++) {
        if (!psw_format(name, size, "%s.new.%ld-%d", path, (long)getpid(), k))
            return PSW_FAIL(PSW_ENVIRONMENT, "the name of the result file is too long: %.80s...", path);
        *descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
        if (*descriptor >= 0) return PSW_OK;
        if (errno != EEXIST) break;
    }
    return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be created: %s", name, strerror(errno));
}
