/* Rows of points whose leaves are striped over all ranks: written by each rank that has some, in groups and alone,
 * whole and in small pieces; read back, every value is at its place. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "store_rows.h"

enum { SLOTS = 1500, LEAF = 8, ROWS = 48, WIDTH = 5, MOST = ROWS * WIDTH * 4 };
static const ptrdiff_t unwritten = 100; /* a slot that nobody has rows of */

static char path[256];
static psw_comm world;

/* ---- leaves, as the attention would hand them out ---- */

typedef struct made_leaf {
    psw_leaf leaf;
    float single[MOST];
    double rows[MOST], special[MOST], log2_den[MOST];
} made_leaf;

/* Rows first .. first+count of `points` like points; the slot of the one at `index` is known, the others hold rubbish.
 */
static void make_leaf(ptrdiff_t slot, const psw_point *point, ptrdiff_t first, ptrdiff_t points, ptrdiff_t index,
                      made_leaf *out)
{
    int sets = psw_data_sets(point);
    ptrdiff_t count = point->n - first < LEAF ? point->n - first : LEAF, width = point->v, at = 0;
    for (ptrdiff_t p = 0; p < points; p++)
        for (int set = 0; set < sets; set++)
            for (ptrdiff_t row = first; row < first + count; row++, at++) {
                double rubbish = p == index ? 0 : -1e6;
                out->special[at] = rubbish + store_row_value(slot, set, row, -1);
                out->log2_den[at] = rubbish + store_row_value(slot, set, row, -2);
                for (ptrdiff_t i = 0; i < width; i++) {
                    out->rows[at * width + i] = rubbish + store_row_value(slot, set, row, i);
                    out->single[at * width + i] = (float)out->rows[at * width + i];
                }
            }
    out->leaf = (psw_leaf){.first = first,
                           .count = count,
                           .index = first / LEAF,
                           .points = points,
                           .sets = sets,
                           .width = width,
                           .rows = point->precision == PSW_FP32 ? (const void *)out->single : out->rows,
                           .special = sets == 2 ? out->special : NULL,
                           .log2_den = out->log2_den};
}

/* ---- writing ---- */

typedef psw_status put_leaf(void *to, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index);

static uint64_t share[SLOTS]; /* of each slot's checksum, this rank's */

static psw_status put_whole(void *store, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index)
{
    return psw_store_rows(store, slot, point, leaf, index, &share[slot]);
}

static psw_status put_pieces(void *kept, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index)
{
    return store_rows_put(kept, slot, point, leaf, index, 7); /* divides no leaf's values evenly */
}

static void put_all(void *to, put_leaf *put, ptrdiff_t ranks, ptrdiff_t rank)
{
    static made_leaf made;
    for (ptrdiff_t slot = 0; slot < SLOTS; slot++) {
        psw_point point = store_rows_point(NULL, slot);
        if (slot == unwritten || point.method == PSW_CLOSED_FORM) continue;
        for (ptrdiff_t leaf = (slot + rank) % ranks; leaf * LEAF < point.n; leaf += ranks) {
            ptrdiff_t points = 1 + slot % 4, index = slot / 4 % points;
            make_leaf(slot, &point, leaf * LEAF, points, index, &made);
            CHECK(put(to, slot, &point, &made.leaf, index) == PSW_OK, "%s", psw_message());
        }
    }
}

/* A rank's own mistakes are said, not written. */
static void test_refusals(psw_store *store)
{
    static made_leaf made;
    uint64_t sum = 0;
    psw_point point = store_rows_point(NULL, 6), closed = store_rows_point(NULL, 5);
    make_leaf(6, &point, 0, 1, 0, &made);
    CHECK(psw_store_rows(store, 6, &point, &made.leaf, 1, &sum) == PSW_BUG, "a point that the leaf has not");
    CHECK(psw_store_rows(store, SLOTS, &point, &made.leaf, 0, &sum) == PSW_BUG, "a slot past the end");
    CHECK(psw_store_rows(store, 5, &closed, &made.leaf, 0, &sum) == PSW_BUG, "rows of a point that has none");
    made.leaf.first = point.n - made.leaf.count + 1;
    CHECK(psw_store_rows(store, 6, &point, &made.leaf, 0, &sum) == PSW_BUG, "rows past the last");
}

/* ---- what rank 0 sees ---- */

static double *read_line(hid_t file, const char *name)
{
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    double *values = malloc((size_t)store_hdf_length(dataset) * sizeof *values);
    CHECK(values && H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, "%s", name);
    H5Dclose(dataset);
    return values;
}

static bool is(double stored, bool written, double expected)
{
    return written ? stored == expected : isnan(stored);
}

static void check_all(void)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    double *output = read_line(file, "rows/output"), *special = read_line(file, "rows/special_mass"),
           *log2_den = read_line(file, "rows/log2_den");
    ptrdiff_t at = 0, value = 0, wrong = 0;
    store_layout what = store_rows_layout(SLOTS);
    for (ptrdiff_t slot = 0; slot < SLOTS; slot++) {
        psw_point point = store_rows_point(NULL, slot);
        int sets = psw_data_sets(&point);
        bool written = slot != unwritten;
        for (int set = 0; set < sets && point.method != PSW_CLOSED_FORM; set++)
            for (ptrdiff_t row = 0; row < point.n; row++, at++) {
                wrong += !is(special[at], written && sets == 2, store_row_value(slot, set, row, -1));
                wrong += !is(log2_den[at], written, store_row_value(slot, set, row, -2));
                for (ptrdiff_t i = 0; i < point.v; i++, value++)
                    wrong += !is(output[value], written, store_row_value(slot, set, row, i));
            }
    }
    CHECK(wrong == 0, "%td values are not what was written", wrong);
    CHECK(at == what.rows && value == what.values, "%td rows, %td values", at, value);
    H5Fclose(file);
    psw_reader *reader = NULL;
    CHECK(psw_reader_open(path, &reader) == PSW_OK && store_rows_check(reader, &what) == PSW_OK, "%s", psw_message());
    psw_reader_close(reader);
    free(output);
    free(special);
    free(log2_den);
}

/* ---- */

static psw_store *open_store(const store_layout *what)
{
    static const psw_launch launch = {.started = "2023-10-30T12:00:00Z"};
    psw_store *store = NULL;
    CHECK(store_layout_open(&world, path, what, &launch, NULL, &store) == PSW_OK, "%s", psw_message());
    return store;
}

static void create(const store_layout *what)
{
    psw_comm_barrier(&world);
    if (world.rank == 0) unlink(path);
    if (world.rank == 0) CHECK(store_layout_create(path, what) == PSW_OK, "%s", psw_message());
    psw_comm_barrier(&world);
}

static void test_whole(const store_layout *what)
{
    create(what);
    psw_store *store = open_store(what);
    if (!store) return;
    put_all(store, put_whole, world.size, world.rank);
    test_refusals(store);
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    if (world.rank == 0) check_all();
}

/* ---- commit words cover rows ---- */

static uint64_t sum_of_all(uint64_t mine)
{
    double halves[] = {(double)(mine & 0xffffffff), (double)(mine >> 32)};
    psw_comm_sum(&world, halves, 2);
    return (uint64_t)halves[0] + ((uint64_t)halves[1] << 32);
}

/* Every rank has put leaves; rank 0 puts the slots. */
static void put_slots(psw_store *store)
{
    for (ptrdiff_t slot = 0; slot < SLOTS; slot++) {
        psw_point point = store_rows_point(NULL, slot);
        psw_record record = psw_record_blank(&point);
        record.slot.content_checksum = sum_of_all(share[slot]);
        record.slot.status = PSW_SLOT_DONE;
        if (world.rank == 0 && slot != unwritten)
            CHECK(psw_store_put(store, slot, 1, &record) == PSW_OK, "%s", psw_message());
    }
}

static psw_status note_state(void *context, ptrdiff_t first, ptrdiff_t count, const psw_slot *slots)
{
    unsigned char *state = context;
    for (ptrdiff_t i = 0; i < count; i++)
        state[first + i] = (unsigned char)(slots[i].status == PSW_SLOT_DONE ? 1 : slots[i].altered ? 2 : 0);
    return PSW_OK;
}

/* As all ranks see them together, each having read its share: done, and altered ones. */
static void count_states(ptrdiff_t *done, ptrdiff_t *altered)
{
    unsigned char state[SLOTS] = {0};
    psw_reader *reader = NULL;
    CHECK(psw_reader_open_shared(&world, path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(psw_reader_states_each(&world, reader, note_state, state) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_states_join(&world, reader, state) == PSW_OK, "%s", psw_message());
    psw_reader_close(reader);
    *done = *altered = 0;
    for (ptrdiff_t slot = 0; slot < SLOTS; slot++) *done += state[slot] == 1, *altered += state[slot] == 2;
}

static void change_rows(double value)
{
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT), lines = H5Dopen2(file, "rows/output", H5P_DEFAULT);
    store_slice one = store_slice_make(store_hdf_length(lines), 17, 1);
    CHECK(store_hdf_write(lines, "output", H5T_NATIVE_DOUBLE, one, &value) == PSW_OK, "%s", psw_message());
    store_slice_close(one);
    H5Dclose(lines);
    H5Fclose(file);
}

static void test_commit(const store_layout *what)
{
    ptrdiff_t done, altered;
    create(what);
    memset(share, 0, sizeof share);
    psw_store *store = open_store(what);
    if (!store) return;
    put_all(store, put_whole, world.size, world.rank);
    put_slots(store);
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    count_states(&done, &altered);
    CHECK(done == SLOTS - 1 && altered == 0, "%td done, %td altered", done, altered);
    psw_comm_barrier(&world);
    if (world.rank == 0) change_rows(NAN);
    psw_comm_barrier(&world);
    count_states(&done, &altered);
    CHECK(done == SLOTS - 2 && altered == 1, "%td done, %td altered after a row was lost", done, altered);
}

/* Twice: as an unfinished slot's rows are written again. */
static void test_pieces(const store_layout *what)
{
    create(what);
    if (world.rank > 0) return;
    store_kept_rows kept;
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CHECK(store_rows_open(file, what, &kept) == PSW_OK, "%s", psw_message());
    for (int time = 0; time < 2; time++) put_all(&kept, put_pieces, 1, 0);
    store_rows_close(&kept);
    H5Fclose(file);
    check_all();
}

static void test_none_kept(void)
{
    static made_leaf made;
    store_layout what = test_layout(SLOTS), keeping = store_rows_layout(SLOTS);
    psw_point point = store_rows_point(NULL, 6);
    make_leaf(6, &point, 0, 1, 0, &made);
    create(&what);
    psw_store *store = open_store(&what);
    uint64_t sum = 0;
    if (!store) return;
    CHECK(psw_store_rows(store, 6, &point, &made.leaf, 0, &sum) == PSW_BUG && strstr(psw_message(), "keeps none"), "%s",
          psw_message());
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    CHECK(store_layout_open(&world, path, &keeping, &(psw_launch){0}, NULL, &store) == PSW_ENVIRONMENT &&
              (world.rank > 0 || strstr(psw_message(), "/rows is missing")),
          "%s", psw_message());
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/polysweep-rows.XXXXXX";
    psw_store_environment();
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    if (world.rank == 0 && !mkdtemp(directory)) MPI_Abort(MPI_COMM_WORLD, 1);
    psw_format(path, sizeof path, "%s/%s.h5", directory, directory + strlen("/tmp/"));
    psw_comm_bytes(&world, 0, path, sizeof path);
    store_layout what = store_rows_layout(SLOTS);
    test_whole(&what);
    test_commit(&what);
    test_pieces(&what);
    test_none_kept();
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    psw_comm_barrier(&world);
    if (world.rank == 0) unlink(path);
    if (world.rank == 0) CHECK(rmdir(directory) == 0, "files are left in %s", directory);
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
