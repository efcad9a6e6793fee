/* /edges: made with the file at a size that is predicted, written by rank 0 alone while the others have the file open,
 * read back; copied; refused where it is not what it should be. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store_edges.h"

enum { SLOTS = 1500, COMBINATIONS = 203, EDGES = PSW_SEARCH_EDGES * COMBINATIONS };

static char path[256];
static psw_comm world;

static double size_of(const char *name)
{
    struct stat about;
    return stat(name, &about) == 0 ? (double)about.st_size : -1;
}

/* Counts of combinations around the pieces that rows are written in. */
static void test_size(void)
{
    const ptrdiff_t combinations[] = {1, 2, 63, 64, 65, 1000};
    for (size_t i = 0; i < sizeof combinations / sizeof *combinations; i++) {
        store_layout what = store_edges_layout(1000, combinations[i]);
        CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
        CHECK(size_of(path) == store_layout_bytes(&what), "%td combinations: %.0f bytes, predicted %.0f",
              combinations[i], size_of(path), store_layout_bytes(&what));
        CHECK(size_of(path) < store_layout_bytes_most(&what), "%.0f bytes at most", store_layout_bytes_most(&what));
        unlink(path);
    }
}

typedef enum expected { NOTHING, FOUR_OF_FIVE } expected;

static bool is_written(expected what, ptrdiff_t combination)
{
    return what == FOUR_OF_FIVE && combination % 5 != 0;
}

static void check_rows(const char *name, expected written)
{
    store_layout what = store_edges_layout(SLOTS, COMBINATIONS);
    psw_reader *reader = NULL;
    psw_edge_row *rows = calloc(EDGES, sizeof *rows);
    ptrdiff_t wrong = 0;
    CHECK(psw_reader_open(name, &reader) == PSW_OK, "%s", psw_message());
    if (!reader || !rows) return;
    CHECK(store_edges_check(reader, &what) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_edges_get(reader, 0, COMBINATIONS, rows) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < EDGES; i++)
        wrong += store_edges_wrong(&rows[i], i, is_written(written, i / PSW_SEARCH_EDGES));
    CHECK(wrong == 0, "%td values are not what was found", wrong);
    CHECK(psw_reader_edges_get(reader, COMBINATIONS - 2, 1, rows) == PSW_OK &&
              store_edges_wrong(rows, EDGES - 2 * PSW_SEARCH_EDGES, written != NOTHING) == 0,
          "a combination alone");
    CHECK(psw_reader_edges_get(reader, COMBINATIONS - 1, 2, rows) == PSW_ENVIRONMENT, "rows past the end");
    CHECK(psw_reader_edges_get(reader, -1, 2, rows) == PSW_ENVIRONMENT, "rows before the first");
    psw_reader_close(reader);
    free(rows);
}

/* All but combinations that divide by 5, in ranges. */
static void write_edges(psw_store *store)
{
    psw_crossings found[4];
    for (ptrdiff_t first = 1; first < COMBINATIONS; first += 5) {
        ptrdiff_t count = COMBINATIONS - first < 4 ? COMBINATIONS - first : 4;
        for (ptrdiff_t i = 0; i < count; i++) found[i] = store_crossings(first + i);
        CHECK(psw_store_edges(store, first, count, found) == PSW_OK, "%s", psw_message());
    }
    CHECK(psw_store_edges(store, COMBINATIONS - 1, 2, found) == PSW_BUG, "rows past the end");
}

static void test_write(void)
{
    static const psw_launch launch = {.started = "2023-10-30T12:00:00Z", .command = "polysweep run", .ranks = 3};
    store_layout what = store_edges_layout(SLOTS, COMBINATIONS);
    psw_store *store = NULL;
    if (world.rank == 0) CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
    if (world.rank == 0) check_rows(path, NOTHING);
    CHECK(store_layout_open(&world, path, &what, &launch, NULL, &store) == PSW_OK, "%s", psw_message());
    if (!store) return;
    if (world.rank == 0) write_edges(store);
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    if (world.rank == 0) CHECK(size_of(path) == store_layout_bytes(&what), "the size has changed");
    if (world.rank == 0) check_rows(path, FOUR_OF_FIVE);
}

/* ---- copies ---- */

static psw_status take_nothing(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records,
                               psw_origin *origins)
{
    (void)context, (void)first, (void)count, (void)records, (void)origins;
    return PSW_OK;
}

/* Of no study: nothing can say what it found. */
static void test_copy(void)
{
    char name[300];
    store_layout what = store_edges_layout(SLOTS, COMBINATIONS);
    psw_copy copy = {.take = take_nothing};
    psw_format(name, sizeof name, "%s.copy", path);
    CHECK(store_layout_copy(name, &what, &copy) == PSW_OK, "%s", psw_message());
    check_rows(name, NOTHING);
    unlink(name);
}

/* ---- files that are not what they should be ---- */

/* `words` in what is said; NULL: it is right. */
static void expect(const store_layout *what, const char *words)
{
    psw_reader *reader = NULL;
    CHECK(psw_reader_open(path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    psw_status status = store_edges_check(reader, what);
    CHECK(status == (words ? PSW_MISMATCH : PSW_OK) && (!words || strstr(psw_message(), words)), "%d %s", status,
          status == PSW_OK ? "" : psw_message());
    psw_reader_close(reader);
}

static void change(const store_layout *what, const char *words, void how(hid_t file))
{
    unlink(path);
    CHECK(store_layout_create(path, what) == PSW_OK, "%s", psw_message());
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    how(file);
    H5Fclose(file);
    expect(what, words);
}

static void without_group(hid_t file)
{
    H5Ldelete(file, "edges", H5P_DEFAULT);
}

static void without_hi(hid_t file)
{
    H5Ldelete(file, "edges/hi", H5P_DEFAULT);
}

static void elsewhere(hid_t file)
{
    H5Ldelete(file, "edges/hi", H5P_DEFAULT);
    H5Lcreate_soft("/edges/lo", file, "edges/hi", H5P_DEFAULT, H5P_DEFAULT);
}

static void shorter(hid_t file)
{
    psw_column hi = {"hi", "1", "an end", PSW_F8, true, {0, 0}, -1, 0, false, NAN};
    hid_t group = H5Gopen2(file, "edges", H5P_DEFAULT), scale = H5Dopen2(group, "edge", H5P_DEFAULT);
    hid_t space = H5Screate_simple(1, (hsize_t[]){3}, NULL);
    H5Ldelete(group, "hi", H5P_DEFAULT);
    CHECK(store_column_create(group, &hi, space, scale) == PSW_OK, "%s", psw_message());
    H5Sclose(space);
    H5Dclose(scale);
    H5Gclose(group);
}

static void other_units(hid_t file)
{
    hid_t lo = H5Dopen2(file, "edges/lo", H5P_DEFAULT);
    H5Adelete(lo, "units");
    store_hdf_put_text(lo, "units", "s");
    H5Dclose(lo);
}

static void test_refused(void)
{
    store_layout what = store_edges_layout(50, 8), without = test_layout(50), more = store_edges_layout(50, 9);
    change(&what, "/edges/combination has 0 rows", without_group);
    change(&what, "hi is missing", without_hi);
    change(&what, "link to somewhere else", elsewhere);
    change(&what, "/edges/hi has 3 rows, not 32", shorter);
    change(&what, "units", other_units);
    unlink(path);
    CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
    expect(&what, NULL);
    expect(&more, "has 32 rows, not 36");
    expect(&without, NULL);
    unlink(path);
    CHECK(store_layout_create(path, &without) == PSW_OK, "%s", psw_message());
    expect(&without, NULL);
    unlink(path);
}

int main(int argc, char **argv)
{
    psw_store_environment();
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    psw_format(path, sizeof path, "/tmp/polysweep-edges.%ld.h5", (long)getpid());
    psw_comm_bytes(&world, 0, path, sizeof path);
    if (world.rank == 0) test_size();
    test_write();
    if (world.rank == 0) {
        test_copy();
        test_refused();
    }
    (void)store_record;
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
