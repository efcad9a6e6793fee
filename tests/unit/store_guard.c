/* A child that reads a file may crash, loop or ask for all memory: the parent is told and goes on. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "check.h"
#include "store/store.h"

static const store_guard_limits small = {.time_s = 1, .memory_bytes = 64 << 20};

static psw_status end_well(const char *path, void *result)
{
    (void)path, (void)result;
    return PSW_OK;
}

static psw_status refuse(const char *path, void *result)
{
    (void)result;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is refused", path);
}

static psw_status crash(const char *path, void *result)
{
    (void)path, (void)result;
    raise(SIGSEGV);
    return PSW_OK;
}

static psw_status give_up(const char *path, void *result)
{
    (void)path, (void)result;
    abort();
}

static psw_status loop(const char *path, void *result)
{
    (void)result;
    volatile size_t rounds = strlen(path);
    while (rounds > 0) rounds += 2;
    return PSW_OK;
}

static psw_status take_memory(const char *path, void *result)
{
    char *volatile room = malloc((size_t)1 << 30);
    if (!room) return crash(path, result);
    free(room);
    return PSW_OK;
}

static void expect(store_guard_attempt *attempt, psw_status wanted, const char *words)
{
    psw_status status = store_guard_file("file.h5", attempt, NULL, small);
    CHECK(status == wanted, "status %d instead of %d: %s", (int)status, (int)wanted, psw_message());
    CHECK(wanted == PSW_OK || (strstr(psw_message(), words) && strstr(psw_message(), "file.h5")), "%s", psw_message());
}

static psw_status answer(const char *path, void *result)
{
    *(size_t *)result = strlen(path);
    return PSW_OK;
}

static void test_result(void)
{
    size_t *shared = mmap(NULL, sizeof *shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(shared != MAP_FAILED, "no shared memory");
    if (shared == MAP_FAILED) return;
    CHECK(store_guard_file("file.h5", answer, shared, small) == PSW_OK && *shared == 7, "%zu", *shared);
    munmap(shared, sizeof *shared);
}

int main(void)
{
    expect(end_well, PSW_OK, "");
    expect(refuse, PSW_OK, ""); /* an orderly end: the parent meets it itself */
    expect(crash, PSW_ENVIRONMENT, "crashes on it");
    expect(give_up, PSW_ENVIRONMENT, "crashes on it");
    expect(loop, PSW_ENVIRONMENT, "does not finish");
    expect(take_memory, PSW_ENVIRONMENT, "crashes on it");
    test_result();
    return test_end();
}
