#include <stdlib.h>
#include <sys/mman.h>

#include "polysweep/base.h"

/* To AddressSanitizer an arena is one block, whoever writes past his part of it: under it parts stand behind fences,
 * which sizes count like anything else. */
#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
enum { FENCE = PSW_ALIGNMENT };
static void forbid(const void *at, size_t bytes)
{
    ASAN_POISON_MEMORY_REGION(at, bytes);
}
static void permit(const void *at, size_t bytes)
{
    ASAN_UNPOISON_MEMORY_REGION(at, bytes);
}
#else
enum { FENCE = 0 };
static void forbid(const void *at, size_t bytes)
{
    (void)at, (void)bytes;
}
static void permit(const void *at, size_t bytes)
{
    (void)at, (void)bytes;
}
#endif

static size_t round_up(size_t bytes)
{
    return (bytes + PSW_ALIGNMENT - 1) / PSW_ALIGNMENT * PSW_ALIGNMENT;
}

psw_arena psw_arena_counting(void)
{
    return (psw_arena){NULL, SIZE_MAX, 0, 0};
}

static const size_t huge_page = (size_t)2 << 20;

/* States, sums and rows are streamed: with huge pages, where the system has them, fewer addresses are looked up. */
static void *allocate(size_t bytes)
{
    bool large = bytes >= 2 * huge_page;
    void *base = NULL;
    if (bytes == 0 || posix_memalign(&base, large ? huge_page : PSW_ALIGNMENT, bytes) != 0) return NULL;
    if (large) madvise(base, bytes, MADV_HUGEPAGE); /* a wish: whether it is granted does not matter */
    return base;
}

psw_status psw_arena_create(size_t bytes, psw_arena *arena)
{
    size_t rounded = round_up(bytes);
    PSW_TRY(psw_fault("arena.create"));
    *arena = (psw_arena){allocate(rounded), rounded, 0, 0};
    if (rounded && !arena->base)
        return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %.1f MiB for the arena of a point", (double)bytes / 1048576);
    forbid(arena->base, rounded);
    return PSW_OK;
}

void psw_arena_destroy(psw_arena *arena)
{
    permit(arena->base, arena->base ? arena->size : 0);
    free(arena->base);
    *arena = (psw_arena){0};
}

void *psw_arena_take(psw_arena *arena, ptrdiff_t count, size_t bytes_each)
{
    size_t bytes = (size_t)count * bytes_each, room = round_up(bytes) + FENCE;
    size_t at = arena->used;
    arena->used += room;
    if (arena->used > arena->high) arena->high = arena->used;
    if (!arena->base || arena->used > arena->size) return NULL;
    forbid(arena->base + at, room); /* what stood here before is given back */
    permit(arena->base + at, bytes);
    return arena->base + at;
}

psw_status psw_arena_check(const psw_arena *arena)
{
    if (arena->base && arena->high > arena->size)
        return PSW_FAIL(PSW_BUG, "an arena of %zu bytes was asked for %zu", arena->size, arena->high);
    return PSW_OK;
}
