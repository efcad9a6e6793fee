/* Has a file been written since? By what its file system changes with every write. */
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "polysweep/measure.h"

static bool describe(const char *path, struct stat *about, char text[PSW_SEAL])
{
    text[0] = '\0';
    if (stat(path, about) != 0 || !S_ISREG(about->st_mode)) return false;
    return psw_format(text, PSW_SEAL, "%llx %llx %lld %lld.%09ld %lld.%09ld", (unsigned long long)about->st_dev,
                      (unsigned long long)about->st_ino, (long long)about->st_size, (long long)about->st_mtim.tv_sec,
                      about->st_mtim.tv_nsec, (long long)about->st_ctim.tv_sec, about->st_ctim.tv_nsec);
}

static bool is_later(struct timespec a, struct timespec b)
{
    return a.tv_sec > b.tv_sec || (a.tv_sec == b.tv_sec && a.tv_nsec > b.tv_nsec);
}

/* Times of files are those of the clock's last tick: until the next one, a write would leave them as they are. */
static bool wait_for_tick(struct timespec changed)
{
    struct timespec now, millisecond = {0, 1000000};
    for (int i = 0; i < 30; i++) {
        clock_gettime(CLOCK_REALTIME_COARSE, &now);
        if (is_later(now, changed)) return true;
        nanosleep(&millisecond, NULL);
    }
    return false;
}

void psw_seal_take(const char *path, char text[PSW_SEAL])
{
    struct stat before, after;
    char first[PSW_SEAL];
    bool known = describe(path, &before, first) && before.st_ctim.tv_nsec != 0 && wait_for_tick(before.st_ctim);
    if (!known || !describe(path, &after, text) || strcmp(first, text) != 0) text[0] = '\0';
}

bool psw_seal_holds(const char *path, const char *text)
{
    struct stat about;
    char now[PSW_SEAL];
    return text[0] && describe(path, &about, now) && strcmp(now, text) == 0;
}
