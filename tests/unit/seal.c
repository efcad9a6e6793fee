/* A seal holds until its file is written, whatever is written and whatever the times are set to then. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/measure.h"

static void spill(const char *path, const char *text, int flags)
{
    int file = open(path, O_WRONLY | O_CREAT | flags, 0600);
    CHECK(file >= 0 && write(file, text, strlen(text)) == (ssize_t)strlen(text), "%s cannot be written", path);
    if (file >= 0) close(file);
}

static void test_changes(const char *path)
{
    char seal[PSW_SEAL], again[PSW_SEAL], other[64];
    struct stat about;
    spill(path, "hello", O_TRUNC);
    psw_seal_take(path, seal);
    if (!seal[0]) { /* times in whole seconds */
        fprintf(stderr, "this file system cannot have seals\n");
        return;
    }
    CHECK(psw_seal_holds(path, seal), "%s", seal);
    psw_seal_take(path, again);
    CHECK(strcmp(seal, again) == 0, "%s is not %s", again, seal);
    spill(path, "hello", 0); /* the same bytes, at once */
    CHECK(!psw_seal_holds(path, seal), "written, and still sealed");
    stat(path, &about);
    psw_seal_take(path, seal);
    spill(path, "jello", 0);
    struct timespec back[2] = {about.st_atim, about.st_mtim};
    CHECK(utimensat(AT_FDCWD, path, back, 0) == 0 && !psw_seal_holds(path, seal), "the time of writing was set back");
    psw_seal_take(path, seal);
    psw_format(other, sizeof other, "%s.other", path);
    spill(other, "jello", O_TRUNC);
    CHECK(utimensat(AT_FDCWD, other, back, 0) == 0 && rename(other, path) == 0, "no second file");
    CHECK(!psw_seal_holds(path, seal), "another file has the name");
    psw_seal_take(path, seal);
    CHECK(truncate(path, 3) == 0 && !psw_seal_holds(path, seal), "cut, and still sealed");
}

/* Many writes, each right after a seal: also within a tick of the clock none is missed. */
static void test_ticks(const char *path)
{
    char seal[PSW_SEAL];
    for (int i = 0; i < 50; i++) {
        psw_seal_take(path, seal);
        spill(path, i % 2 ? "a" : "b", 0);
        CHECK(!psw_seal_holds(path, seal), "write %d was missed", i);
    }
}

int main(void)
{
    char place[] = "polysweep-seal-XXXXXX", path[64], seal[PSW_SEAL]; /* where results may be, not in memory */
    CHECK(mkdtemp(place) != NULL, "no directory");
    psw_format(path, sizeof path, "%s/file", place);
    psw_seal_take(path, seal);
    CHECK(!seal[0] && !psw_seal_holds(path, "") && !psw_seal_holds(path, seal), "a file that is not there is sealed");
    psw_seal_take(place, seal);
    CHECK(!seal[0], "a directory is sealed");
    test_changes(path);
    test_ticks(path);
    unlink(path);
    rmdir(place);
    return test_end();
}
