/* Parts of an arena: where they stand, what they count, and that AddressSanitizer sees who leaves his. */
#include <stdint.h>
#include <string.h>

#include "check.h"
#include "polysweep/base.h"

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
static void test_fence(const char *part, size_t bytes, const char *what)
{
    CHECK(!__asan_region_is_poisoned((void *)(uintptr_t)part, bytes), "%s: the part itself is forbidden", what);
    CHECK(__asan_address_is_poisoned(part + bytes), "%s: the byte after %zu is permitted", what, bytes);
}
#else
static void test_fence(const char *part, size_t bytes, const char *what)
{
    CHECK(part && bytes && what, "a part is nowhere");
}
#endif

static const ptrdiff_t counts[] = {1, 8, 64, 100, 0, 4096};
enum { PARTS = sizeof counts / sizeof *counts };

static void take_all(psw_arena *arena, char *parts[PARTS])
{
    for (int i = 0; i < PARTS; i++) parts[i] = psw_arena_take(arena, counts[i], sizeof(double));
}

static void test_parts(psw_arena *arena)
{
    char *parts[PARTS];
    take_all(arena, parts);
    for (int i = 0; i < PARTS; i++) {
        size_t bytes = (size_t)counts[i] * sizeof(double);
        CHECK((uintptr_t)parts[i] % PSW_ALIGNMENT == 0, "part %d is not aligned", i);
        memset(parts[i], i, bytes);
        if (bytes) test_fence(parts[i], bytes, "taken");
    }
    for (int i = 0; i < PARTS; i++)
        for (size_t at = 0; at < (size_t)counts[i] * sizeof(double); at++) CHECK(parts[i][at] == i, "parts overlap");
}

int main(void)
{
    psw_arena counting = psw_arena_counting(), arena;
    char *parts[PARTS], *longer;
    take_all(&counting, parts);
    CHECK(parts[0] == NULL, "a counting arena gives memory");
    CHECK(psw_arena_create(counting.high, &arena) == PSW_OK, "%s", psw_message());
    test_parts(&arena);
    CHECK(arena.high == counting.high && psw_arena_check(&arena) == PSW_OK, "%zu bytes, counted %zu", arena.high,
          counting.high);
    arena.used = 0; /* given back and taken again, in one piece */
    longer = psw_arena_take(&arena, 1000, 1);
    memset(longer, 0, 1000);
    test_fence(longer, 1000, "taken again");
    CHECK(psw_arena_take(&arena, (ptrdiff_t)counting.high, 1) == NULL, "more than there is");
    CHECK(psw_arena_check(&arena) == PSW_BUG, "nobody says so");
    psw_arena_destroy(&arena);
    CHECK(psw_arena_create((size_t)(5 << 20) + 1, &arena) == PSW_OK, "%s", psw_message());
    longer = psw_arena_take(&arena, 5 << 20, 1);
    memset(longer, 1, 5 << 20); /* of huge pages, where the system has them */
    psw_arena_destroy(&arena);
    return test_end();
}
