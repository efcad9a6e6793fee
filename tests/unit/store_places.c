/* Where numbers are in a packed file: what it takes to unpack it, and what is believed of what a child process says
 * that read a malicious one. */
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "check.h"
#include "folder.h"
#include "store.h"

enum { SLOTS = 400 };

static void make_small(void)
{
    store_layout what = test_layout(SLOTS);
    psw_packing packing = {0};
    CHECK(store_layout_create(file("old.h5"), &what) == PSW_OK &&
              psw_store_pack(file("old.h5"), file("small.h5"), &packing) == PSW_OK,
          "%s", psw_message());
}

static unsigned mode_of(const char *name)
{
    struct stat about;
    return stat(file(name), &about) == 0 ? about.st_mode & 0777 : 0;
}

/* Columns that had no storage get none, and no room is asked for them. In a file's place its mode stays. */
static void test_room(void)
{
    struct rlimit before, small;
    store_layout what = test_layout(4000);
    psw_packing packing = {.replaces = true};
    for (ptrdiff_t i = 64; i < PSW_COLUMNS_MAX; i++) what.blank[i] = true;
    CHECK(store_layout_create(file("bare.h5"), &what) == PSW_OK, "%s", psw_message());
    double bytes = size_of("bare.h5");
    chmod(file("bare.h5"), 0660);
    CHECK(psw_store_pack(file("bare.h5"), file("bare.h5"), &packing) == PSW_OK, "%s", psw_message());
    getrlimit(RLIMIT_FSIZE, &before);
    small = (struct rlimit){(rlim_t)(1.1 * bytes), before.rlim_max}; /* stands for a full disk */
    setrlimit(RLIMIT_FSIZE, &small);
    CHECK(psw_store_unpack(file("bare.h5"), file("bare.h5"), &packing) == PSW_OK, "%s", psw_message());
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(mode_of("bare.h5") == 0660, "mode %o, before it was packed 660", mode_of("bare.h5"));
    CHECK(packing.after < 1.1 * bytes, "%.0f bytes, before it was packed %.0f", packing.after, bytes);
}

/* What a child process that read a malicious file may say. */
static void test_places(void)
{
    store_source *source = NULL;
    store_chunk chunk[2] = {{96, 50, STORE_DEFLATED}, {.offset = STORE_NO_CHUNK}};
    const store_raw good = {.way = STORE_CHUNKED, .count = 15, .size = 8, .chunk = 10};
    CHECK(store_source_open(file("small.h5"), &source) == PSW_OK, "%s", psw_message());
    CHECK(store_source_index(source, chunk, -1) == PSW_ENVIRONMENT &&
              store_source_index(source, chunk, (ptrdiff_t)STORE_CHUNKS_MOST + 1) == PSW_ENVIRONMENT,
          "numbers of chunks");
    CHECK(store_source_index(source, chunk, 2) == PSW_OK && store_source_has(source, &good), "%s", psw_message());
    store_raw bad[11];
    for (int i = 0; i < 11; i++) bad[i] = good;
    bad[0].count = 21, bad[1].first = 1, bad[2].first = -1, bad[3].chunk = 0, bad[4].chunk = -1;
    bad[5].chunk = PTRDIFF_MAX, bad[6].count = PTRDIFF_MAX, bad[7].size = 0, bad[8].size = PTRDIFF_MAX;
    bad[9].way = (store_way)9, bad[10].first = PTRDIFF_MAX;
    for (int i = 0; i < 11; i++) CHECK(!store_source_has(source, &bad[i]), "place %d", i);
    store_chunk wrong[] = {{UINT64_MAX - 1, 50, STORE_DEFLATED},
                           {store_source_size(source) - 49, 50, STORE_DEFLATED},
                           {96, 0, STORE_DEFLATED},
                           {96, UINT32_MAX, STORE_DEFLATED},
                           {96, 79, STORE_SHUFFLED},
                           {96, 81, 0}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        store_source_chunks(source)[0] = wrong[i];
        CHECK(!store_source_has(source, &good), "chunk %zu", i);
    }
    CHECK(store_source_bytes(source, &(store_raw){.way = STORE_CHUNKED}) == 0, "bytes of nothing");
    store_source_close(source);
}

/* Two places that share a chunk, which has the values of one: of what is in memory, too, not more is read. */
static void test_shared(void)
{
    psw_reader *reader = NULL;
    static double values[SLOTS];
    const store_raw_part part = {sizeof *values, 0, SLOTS};
    CHECK(psw_reader_open(file("small.h5"), &reader) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; reader && i < reader->columns.count; i++) {
        store_raw right = reader->has.column[i], wide = right;
        if (right.way != STORE_CHUNKED || right.size != sizeof *values) continue;
        wide.count = wide.chunk = 2 * right.chunk;
        CHECK(store_raw_read(reader->file, "right", right, part, values) == PSW_OK, "%s", psw_message());
        CHECK(store_raw_read(reader->file, "wide", wide, (store_raw_part){sizeof *values, right.chunk, 1}, values) ==
                  PSW_ENVIRONMENT,
              "%s has values behind its last", reader->columns.list[i].name);
        CHECK(store_raw_read(reader->file, "right", right, part, values) == PSW_OK, "%s", psw_message());
    }
    psw_reader_close(reader);
}

int main(void)
{
    if (!folder_make()) return 1;
    make_small();
    test_room();
    test_places();
    test_shared();
    if (!folder_remove()) return 1;
    return test_end();
}
