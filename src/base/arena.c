#include <stdlib.h>

#include "polysweep/base.h"

psw_arena psw_arena_counting(void) { return (psw_arena){NULL, SIZE_MAX, 0, 0}; }

psw_status psw_arena_create(size_t bytes, psw_arena *arena)
{
    size_t rounded = (bytes + PSW_ALIGNMENT - 1) / PSW_ALIGNMENT * PSW_ALIGNMENT;
    PSW_TRY(psw_fault("arena.create"));
    *arena = (psw_arena){rounded ? aligned_alloc(PSW_ALIGNMENT, rounded) : NULL, rounded, 0, 0};
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
