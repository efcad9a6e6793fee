#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/base.h"

const char *psw_reason(int error)
{
    return error ? strerror(error) : "the system gives no reason";
}

/* Why not, or NULL. What a shell hands over as /dev/fd/N has its writer already. */
static const char *refusal(const char *path, int descriptor)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0) return psw_reason(errno);
    if (S_ISREG(about.st_mode)) return NULL;
    if (S_ISDIR(about.st_mode)) return psw_reason(EISDIR);
    bool handed = strncmp(path, "/dev/stdin", 10) == 0 || strncmp(path, "/dev/fd/", 8) == 0;
    bool pipe = handed && S_ISFIFO(about.st_mode) && fcntl(descriptor, F_SETFL, 0) == 0;
    return pipe ? NULL : "it is no regular file";
}

psw_status psw_file_open(const char *path, FILE **file)
{
    *file = NULL;
    int descriptor = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, psw_reason(errno));
    const char *why = refusal(path, descriptor);
    if (!why) *file = fdopen(descriptor, "rb");
    if (*file) return PSW_OK;
    close(descriptor);
    return why ? PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be read: %s", path, why)
               : PSW_FAIL(PSW_NO_MEMORY, "no memory to read %s", path);
}
