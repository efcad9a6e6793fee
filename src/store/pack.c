/* A file that shrinks, and grows again: written by a child process, read back and compared by this one. */
#include "store/repack.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { LEVEL = 6, ROWS = 16384, PIECE = 1 << 14, VALUES_BYTES = 1 << 17 };

typedef struct packer {
    const char *path, *to;
    bool packs;
    psw_packing *packing;
    psw_reader *from, *new;
    unsigned char *values[2]; /* VALUES_BYTES, of both */
} packer;

/* ---- writing ---- */

typedef struct shared_order {
    store_repack what;
    store_finding found;
    bool whole;
} shared_order;

static psw_status repack_in_child(const char *path, void *result)
{
    shared_order *order = result;
    order->found.status = store_repack_all(path, &order->what);
    psw_format(order->found.message, sizeof order->found.message, "%s", psw_message());
    order->whole = true;
    return PSW_OK;
}

static psw_status tell(const packer *p, const shared_order *order)
{
    if (!order->whole) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be packed: HDF5 ends early", p->path);
    if (order->found.status == PSW_OK) return PSW_OK;
    return PSW_FAIL(order->found.status, "%s cannot be %s: %s", p->path, p->packs ? "packed" : "unpacked",
                    order->found.message);
}

static psw_status see_longest(void *context, const char *name, const store_raw *place)
{
    (void)name;
    if (place->count > *(ptrdiff_t *)context) *(ptrdiff_t *)context = place->count;
    return PSW_OK;
}

static psw_status write_new(const packer *p, const char *new_path)
{
    shared_order *order = mmap(NULL, sizeof *order, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (order == MAP_FAILED) return PSW_FAIL(PSW_NO_MEMORY, "no memory to pack %s", p->path);
    order->what = (store_repack){new_path, p->packs, LEVEL, 1, ROWS};
    (void)store_inventory_each(&p->from->has, see_longest, &order->what.longest);
    store_guard_limits limits = store_guard_by_size(p->path);
    limits.time_s *= 4; /* a packed file is read many times over */
    limits.memory_bytes = (double)(1 << 30);
    psw_status status = store_guard_file(p->path, repack_in_child, order, limits);
    if (status == PSW_OK) status = tell(p, order);
    munmap(order, sizeof *order);
    return status;
}

/* ---- reading back ---- */

typedef struct places {
    const store_raw *place[2 * PSW_COLUMNS_MAX + 2 * STORE_FIELDS];
    const char *name[2 * PSW_COLUMNS_MAX + 2 * STORE_FIELDS];
    ptrdiff_t count;
} places;

static psw_status take_place(void *context, const char *name, const store_raw *place)
{
    places *list = context;
    list->name[list->count] = name;
    list->place[list->count++] = place;
    return PSW_OK;
}

static psw_status compare_values(const packer *p, const char *name, const store_raw *old, const store_raw *new)
{
    if (old->count != new->count || (old->count > 0 && old->size != new->size))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s has %td values, %td were read back", name, old->count, new->count);
    ptrdiff_t most = old->count > 0 ? VALUES_BYTES / old->size : 1;
    for (ptrdiff_t first = 0; first < old->count; first += most) {
        ptrdiff_t count = old->count - first < most ? old->count - first : most;
        store_raw_part part = {(size_t)old->size, first, count};
        PSW_TRY(store_raw_read(p->from->file, name, *old, part, p->values[0]));
        PSW_TRY(store_raw_read(p->new->file, name, *new, part, p->values[1]));
        if (memcmp(p->values[0], p->values[1], (size_t)(count * old->size)) != 0)
            return PSW_FAIL(PSW_ENVIRONMENT, "%s was not read back as it was written", name);
    }
    return PSW_OK;
}

static psw_status compare_all(const packer *p)
{
    places old = {.count = 0}, new = {.count = 0};
    PSW_TRY(store_inventory_each(&p->from->has, take_place, &old));
    PSW_TRY(store_inventory_each(&p->new->has, take_place, &new));
    if (old.count != new.count || p->from->has.identity != p->new->has.identity)
        return PSW_FAIL(PSW_ENVIRONMENT, "not all of it was read back");
    for (ptrdiff_t i = 0; i < old.count; i++) PSW_TRY(compare_values(p, old.name[i], old.place[i], new.place[i]));
    return PSW_OK;
}

/* All that a reader knows of slots is in commit words, and these are in both files. */
static psw_status count_slots(const packer *p, psw_slot *slots)
{
    for (ptrdiff_t first = 0; first < psw_reader_slots(p->new); first += PIECE) {
        ptrdiff_t left = psw_reader_slots(p->new) - first, count = left < PIECE ? left : PIECE;
        PSW_TRY(psw_reader_slots_get(p->new, first, count, slots));
        for (ptrdiff_t i = 0; i < count; i++) {
            p->packing->torn += slots[i].torn;
            p->packing->ended += slots[i].status != PSW_SLOT_EMPTY && slots[i].status != PSW_SLOT_RUNNING;
        }
    }
    return PSW_OK;
}

static double bytes_of(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 ? (double)about.st_size : 0;
}

static psw_status read_back(packer *p, const char *new_path)
{
    PSW_TRY(psw_reader_open(new_path, &p->new));
    PSW_TRY(compare_all(p));
    psw_slot *slots = malloc(PIECE * sizeof *slots);
    psw_status status = slots ? count_slots(p, slots) : PSW_FAIL(PSW_NO_MEMORY, "no memory to read slots");
    free(slots);
    p->packing->after = bytes_of(new_path);
    return status;
}

/* ---- both ---- */

/* All values at full length, but of columns that had no storage before they were packed: these are not in chunks. The
 * rest of the file has no less room in a packed one. */
static psw_status add_bytes(void *context, const char *name, const store_raw *place)
{
    (void)name;
    if (!store_raw_bare(*place) || place->chunk > 0) *(double *)context += (double)place->count * (double)place->size;
    return PSW_OK;
}

static psw_status check_room(const packer *p, const char *new_path)
{
    double bytes = p->packing->before;
    if (p->packs) return PSW_OK;
    PSW_TRY(store_inventory_each(&p->from->has, add_bytes, &bytes));
    return store_file_reserve(p->to, new_path, bytes);
}

static psw_status put_packed(void *context, const char *new_path)
{
    packer *p = context;
    PSW_TRY(check_room(p, new_path));
    PSW_TRY(write_new(p, new_path));
    PSW_TRY(psw_fault("store.pack"));
    psw_status status = read_back(p, new_path);
    return status == PSW_ENVIRONMENT ? PSW_FAIL(status, "%s: %s", p->to, psw_message()) : status;
}

static psw_status convert(const char *path, const char *to, bool packs, psw_packing *packing)
{
    packer p = {.path = path, .to = to, .packs = packs, .packing = packing};
    packing->ended = packing->torn = 0;
    packing->before = bytes_of(path);
    p.values[0] = malloc(VALUES_BYTES), p.values[1] = malloc(VALUES_BYTES);
    psw_status status = p.values[0] && p.values[1] ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to pack %s", path);
    if (status == PSW_OK) status = psw_reader_open(path, &p.from);
    if (status == PSW_OK) status = store_file_bring(to, &(store_content){put_packed, &p, packing->replaces});
    psw_reader_close(p.from);
    psw_reader_close(p.new);
    free(p.values[0]);
    free(p.values[1]);
    return status;
}

psw_status psw_store_pack(const char *path, const char *to, psw_packing *packing)
{
    return convert(path, to, true, packing);
}

psw_status psw_store_unpack(const char *path, const char *to, psw_packing *packing)
{
    return convert(path, to, false, packing);
}
