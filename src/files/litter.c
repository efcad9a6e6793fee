/* What killed runs left beside a file. */
#include "files/litter.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

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

/* The file's name in its directory. */
const char *files_part(const char *path, files_folder directory)
{
    const char *slash = strrchr(path, '/');
    psw_format(directory, sizeof(files_folder), "%.*s", slash ? (int)(slash - path) + 1 : 1, slash ? path : ".");
    return slash ? slash + 1 : path;
}

void files_litter_remove(const char *path)
{
    files_folder directory;
    const char *file = files_part(path, directory);
    DIR *list = opendir(directory);
    for (struct dirent *entry; list && (entry = readdir(list));)
        if (may_go(dirfd(list), entry->d_name, file)) unlinkat(dirfd(list), entry->d_name, 0);
    if (list) closedir(list);
}
