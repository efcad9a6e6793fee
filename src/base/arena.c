#include <stdlib.h>
#include <sys/mman.h>

#include "polysweep/base.h"

psw_arena psw_arena_counting(void)
{
    return (psw_arena){NULL, SIZE_MAX, 0, 0};
}

static const size_t huge_page = (size_t)2 << 20;

/* States, sums and rows are streamed: with huge pages, where the system has them, fewer addresses are looked up. */
static void *allocate(size_t bytes)
{
    bool large = bytes >= 2 * huge_page;
    void *base = bytes ? aligned_alloc(large ? huge_page : PSW_ALIGNMENT, bytes) : NULL;
    if (base && large) madvise(base, bytes, MADV_HUGEPAGE); /* a wish: whether it is granted does not matter */
    return base;
}

psw_status psw_arena_create(size_t bytes, psw_arena *arena)
{
    size_t rounded = (bytes + PSW_ALIGNMENT - 1) / PSW_ALIGNMENT * PSW_ALIGNMENT;
    PSW_TRY(psw_fault("arena.create"));
    *arena = (psw_arena){allocate(rounded), rounded, 0, 0};
    if (rounded && !arena->base)
        return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate %.1f MiB for the arena of a point", (double)bytes / 1048576);
    return PSW_OK;
}

void psw_arena_destroy(psw_arena *arena)
{
    free(arena->base);
    *arena = (psw_arena){0};
}

void *psw_arena_take(psw_arena *arena, ptrdiff_t count, size_t bytes_each)
{
    size_t bytes = (size_t)count * bytes_each;
    size_t at = arena->used;
    arena->used += (bytes + PSW_ALIGNMENT - 1) / PSW_ALIGNMENT * PSW_ALIGNMENT;
    if (arena->used > arena->high) arena->high = arena->used;
    return arena->base && arena->used <= arena->size ? arena->base + at : NULL;
}

psw_status psw_arena_check(const psw_arena *arena)
{
    if (arena->base && arena->high > arena->size)
        return PSW_FAIL(PSW_BUG, "an arena of %zu bytes was asked for %zu", arena->size, arena->high);
    return PSW_OK;
}
