/* A packed file and what is unpacked from it hold what the first one holds, in every kind of place; and of a damaged
 * one nothing wrong is believed. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "check.h"
#include "folder.h"
#include "polysweep/random.h"
#include "store_edges.h"
#include "store_rows.h"

enum { SLOTS = 16400, SMALL = 400, REPS = 3, COMBINATIONS = 90, ROWS = 43, WIDTH = 5, DAMAGES = 60 };

/* ---- a file with everything: done, failed, running and empty slots, rows, samples, edges ---- */

static const psw_launch launch = {.version = "forty", .started = "2023-10-30T12:00:00Z"};

static psw_slot_status status_of(ptrdiff_t slot)
{
    if (slot % 3 == 2 || (slot > 800 && slot < 16000 && slot % 64)) return PSW_SLOT_EMPTY; /* chunks end elsewhere */
    if (slot % 1000 == 0) return PSW_SLOT_RUNNING;
    return slot % 17 == 4 ? PSW_SLOT_FAILED : PSW_SLOT_DONE;
}

static void make_samples(ptrdiff_t slot, double seconds[REPS])
{
    for (int i = 0; i < REPS; i++) seconds[i] = (double)slot / 7 + i;
}

static psw_leaf make_rows(ptrdiff_t slot, const psw_point *point)
{
    static double rows[2 * ROWS * WIDTH], special[2 * ROWS], log2_den[2 * ROWS];
    static float single[2 * ROWS * WIDTH];
    ptrdiff_t at = 0;
    for (int set = 0; set < psw_data_sets(point); set++)
        for (ptrdiff_t row = 0; row < point->n; row++, at++) {
            special[at] = store_row_value(slot, set, row, -1);
            log2_den[at] = store_row_value(slot, set, row, -2);
            for (ptrdiff_t i = 0; i < point->v; i++)
                single[at * point->v + i] = (float)(rows[at * point->v + i] = store_row_value(slot, set, row, i));
        }
    return (psw_leaf){.count = point->n,
                      .points = 1,
                      .sets = psw_data_sets(point),
                      .width = point->v,
                      .rows = point->precision == PSW_FP32 ? (const void *)single : rows,
                      .special = special,
                      .log2_den = log2_den};
}

static psw_record record_of(ptrdiff_t slot)
{
    psw_record record = store_record(slot);
    double seconds[REPS];
    record.point = store_rows_point(NULL, slot);
    record.slot.status = status_of(slot);
    record.slot.launch = 40;
    record.slot.launch_checksum = psw_launch_checksum(&launch);
    record.predict[0] = NAN; /* a column that is empty everywhere */
    if (record.slot.status == PSW_SLOT_FAILED) record.slot.error_code = PSW_NOT_FINITE;
    if (record.slot.status != PSW_SLOT_DONE) return record;
    psw_leaf leaf = make_rows(slot, &record.point);
    make_samples(slot, seconds);
    record.slot.content_checksum = psw_content_sum(PSW_CONTENT_SAMPLES, 0, REPS, seconds);
    if (record.point.method != PSW_CLOSED_FORM) record.slot.content_checksum += store_rows_sum(&record.point, &leaf, 0);
    return record;
}

static void put_columns(hid_t open, const store_layout *what)
{
    static psw_record records[STORE_PIECE];
    static uint64_t packed[STORE_PIECE];
    hid_t datasets[PSW_COLUMNS_MAX];
    psw_column_set all;
    psw_column_set_make(what->own, what->owns, what->predict, what->predicts, NULL, &all);
    CHECK(store_columns_open(open, &all, what->slots, true, NULL, datasets) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t first = 0; first < what->slots; first += STORE_PIECE) {
        ptrdiff_t count = what->slots - first < STORE_PIECE ? what->slots - first : STORE_PIECE;
        store_slice rows = store_slice_make(what->slots, first, count);
        for (ptrdiff_t i = 0; i < count; i++) {
            records[i] = record_of(first + i);
            if (status_of(first + i) != PSW_SLOT_EMPTY)
                psw_records_seal(&all, what->owns, what->predicts, &records[i], 1);
        }
        for (ptrdiff_t i = 0; i < all.count; i++) {
            psw_column_pack(&all.list[i], records, count, packed);
            store_hdf_write(datasets[i], all.list[i].name, store_hdf_type(all.list[i].type), rows, packed);
        }
        store_slice_close(rows);
    }
    store_columns_close(&all, datasets);
}

static void put_kept(hid_t open, const store_layout *what)
{
    store_kept_rows rows;
    store_kept_samples samples;
    CHECK(store_rows_open(open, what, &rows) == PSW_OK && store_samples_open(open, what, &samples) == PSW_OK, "%s",
          psw_message());
    for (ptrdiff_t slot = 0; slot < what->slots; slot++) {
        psw_point point = store_rows_point(NULL, slot);
        double seconds[REPS];
        if (status_of(slot) != PSW_SLOT_DONE) continue;
        make_samples(slot, seconds);
        psw_leaf leaf = make_rows(slot, &point);
        CHECK(store_samples_put(&samples, slot, seconds, REPS) == PSW_OK, "%s", psw_message());
        if (point.method != PSW_CLOSED_FORM)
            CHECK(store_rows_put(&rows, slot, &point, &leaf, 0, STORE_PIECE_VALUES) == PSW_OK, "%s", psw_message());
    }
    store_rows_close(&rows);
    store_samples_close(&samples);
}

static void put_tables(hid_t open, const store_layout *what)
{
    store_table failures, launches;
    store_kept_edges edges;
    psw_launch_row row = {40, launch};
    CHECK(store_edges_open(open, what, &edges) == PSW_OK &&
              store_table_open(open, "provenance/launches", store_launch_fields, STORE_LAUNCHES, &launches) == PSW_OK &&
              store_table_open(open, "failures", store_failure_fields, store_failure_rows(what->slots), &failures) ==
                  PSW_OK,
          "%s", psw_message());
    CHECK(store_table_put(&launches, 40, &row) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t slot = 0; slot < what->slots; slot++) {
        store_failure_row failure = {.slot = slot, .attempt = 1, .site = "room/file.c:7"};
        psw_format(failure.message, sizeof failure.message, "slot %td failed", slot);
        failure.check = store_failure_check(&failure);
        if (status_of(slot) == PSW_SLOT_FAILED) store_table_put(&failures, slot % failures.rows, &failure);
    }
    for (ptrdiff_t i = 0; i < COMBINATIONS; i++) {
        psw_crossings found = store_crossings(i);
        if (i % 5) CHECK(store_edges_put(&edges, i, 1, &found) == PSW_OK, "%s", psw_message());
    }
    store_table_close(&launches);
    store_table_close(&failures);
    store_edges_close(&edges);
}

static psw_status put_all(void *context, const char *new_path)
{
    hid_t open = H5Fopen(new_path, H5F_ACC_RDWR, H5P_DEFAULT);
    put_columns(open, context);
    put_kept(open, context);
    put_tables(open, context);
    H5Fclose(open);
    return PSW_OK;
}

static store_layout layout_of(ptrdiff_t slots)
{
    store_layout what = store_rows_layout(slots), edges = store_edges_layout(slots, COMBINATIONS);
    what.reps = REPS;
    what.search = edges.search, what.error = edges.error, what.combinations = COMBINATIONS;
    return what;
}

static void make_file(const char *name, ptrdiff_t slots)
{
    store_layout what = layout_of(slots);
    store_content content = {put_all, &what, true};
    CHECK(store_layout_bring(file(name), &what, &content) == PSW_OK, "%s", psw_message());
}

/* ---- the same to every reader ---- */

static ptrdiff_t slots_wrong(psw_reader *a, psw_reader *b, ptrdiff_t slots)
{
    static psw_record x[STORE_PIECE], y[STORE_PIECE];
    ptrdiff_t wrong = 0;
    for (ptrdiff_t first = 0; first < slots; first += STORE_PIECE) {
        ptrdiff_t count = slots - first < STORE_PIECE ? slots - first : STORE_PIECE;
        CHECK(psw_reader_get_whole(a, first, count, x) == PSW_OK, "%s", psw_message());
        CHECK(psw_reader_get_whole(b, first, count, y) == PSW_OK, "%s", psw_message());
        for (ptrdiff_t i = 0; i < count; i++)
            wrong += store_difference(&a->columns, &x[i], &y[i])[0] != '\0' || x[i].slot.torn != y[i].slot.torn ||
                     x[i].slot.status != status_of(first + i);
    }
    return wrong;
}

static ptrdiff_t rest_wrong(psw_reader *a, psw_reader *b, ptrdiff_t slots)
{
    psw_launch m, n;
    ptrdiff_t wrong = 0;
    for (ptrdiff_t slot = 0; slot < slots; slot += 13) {
        char first[512], second[512];
        psw_reader_failure(a, slot, first, sizeof first);
        CHECK(psw_reader_failure(b, slot, second, sizeof second) == PSW_OK, "%s", psw_message());
        wrong += strcmp(first, second) != 0;
    }
    CHECK(psw_reader_launch(a, 40, &m) == PSW_OK && psw_reader_launch(b, 40, &n) == PSW_OK, "%s", psw_message());
    return wrong + (psw_launch_checksum(&m) != psw_launch_checksum(&n)) +
           (strcmp(psw_reader_study(a), psw_reader_study(b)) != 0);
}

static void check_edges(psw_reader *reader)
{
    psw_edge_row rows[PSW_SEARCH_EDGES];
    int wrong = 0;
    for (ptrdiff_t i = 0; i < COMBINATIONS; i++) {
        CHECK(psw_reader_edges_get(reader, i, 1, rows) == PSW_OK, "%s", psw_message());
        for (int k = 0; k < PSW_SEARCH_EDGES; k++)
            wrong += store_edges_wrong(&rows[k], PSW_SEARCH_EDGES * i + k, i % 5 != 0);
    }
    CHECK(wrong == 0, "%d values of /edges are wrong", wrong);
}

static void check_same(const char *name, const char *other, ptrdiff_t slots, bool packed)
{
    psw_reader *a = NULL, *b = NULL;
    store_layout what = layout_of(slots);
    CHECK(psw_reader_open(file(name), &a) == PSW_OK && psw_reader_open(file(other), &b) == PSW_OK, "%s", psw_message());
    if (a && b) {
        CHECK(psw_reader_packed(b) == packed && !psw_reader_packed(a), "%s is packed: %d", other, packed);
        CHECK(psw_reader_schema(b) == PSW_OK && store_rows_check(b, &what) == PSW_OK &&
                  store_samples_check(b, &what) == PSW_OK && store_edges_check(b, &what) == PSW_OK,
              "%s", psw_message());
        ptrdiff_t wrong = slots_wrong(a, b, slots), more = rest_wrong(a, b, slots);
        CHECK(wrong == 0 && more == 0, "%s: %td slots are not as in %s, %td of the rest", other, wrong, name, more);
        check_edges(b);
    }
    psw_reader_close(a);
    psw_reader_close(b);
}

static void check_all(ptrdiff_t slots)
{
    psw_packing packing = {0};
    ptrdiff_t ended = 0;
    for (ptrdiff_t i = 0; i < slots; i++) ended += status_of(i) > PSW_SLOT_RUNNING;
    make_file("old.h5", slots);
    CHECK(psw_store_pack(file("old.h5"), file("small.h5"), &packing) == PSW_OK, "%s", psw_message());
    CHECK(packing.before == size_of("old.h5") && packing.after == size_of("small.h5") && packing.ended == ended &&
              packing.torn == 0 && packing.after < packing.before / 2,
          "%.0f to %.0f bytes, %td of %td slots, %td torn", packing.before, packing.after, packing.ended, ended,
          packing.torn);
    check_same("old.h5", "small.h5", slots, true);
    CHECK(psw_store_pack(file("old.h5"), file("small.h5"), &packing) == PSW_ENVIRONMENT &&
              strstr(psw_message(), "exists"),
          "%s", psw_message());
    CHECK(psw_store_unpack(file("small.h5"), file("large.h5"), &packing) == PSW_OK, "%s", psw_message());
    CHECK(packing.ended == ended && packing.after > 0.9 * size_of("old.h5"), "%td slots", packing.ended);
    check_same("old.h5", "large.h5", slots, false);
    if (slots > SMALL) return;
    packing.replaces = true;
    CHECK(psw_store_pack(file("large.h5"), file("large.h5"), &packing) == PSW_OK, "%s", psw_message());
    CHECK(fabs(size_of("large.h5") - size_of("small.h5")) < 1000, "%.0f and %.0f bytes", size_of("large.h5"),
          size_of("small.h5"));
    CHECK(psw_store_pack(file("small.h5"), file("small.h5"), &packing) == PSW_OK, "%s", psw_message());
    check_same("old.h5", "small.h5", slots, true);
    CHECK(!left_behind(file("small.h5.new")) && !left_behind(file("large.h5.new")), "a part was left");
}

/* What is unpacked can be written to: its datasets are where and what a run needs. */
static void test_writable(void)
{
    store_layout what = layout_of(SMALL);
    psw_packing packing = {.replaces = true};
    CHECK(psw_store_unpack(file("small.h5"), file("again.h5"), &packing) == PSW_OK, "%s", psw_message());
    hid_t open = H5Fopen(file("again.h5"), H5F_ACC_RDWR, H5P_DEFAULT);
    put_tables(open, &what);
    put_columns(open, &what);
    put_kept(open, &what);
    H5Fclose(open);
    check_same("old.h5", "again.h5", SMALL, false);
}

/* ---- damage ---- */

static size_t load(const char *name, unsigned char *bytes, size_t most)
{
    FILE *stream = fopen(file(name), "rb");
    size_t size = stream ? fread(bytes, 1, most, stream) : 0;
    if (stream) fclose(stream);
    return size;
}

static void save(const char *name, const unsigned char *bytes, size_t size)
{
    FILE *stream = fopen(file(name), "wb");
    if (!stream) return;
    fwrite(bytes, 1, size, stream);
    fclose(stream);
}

/* Slots that are believed and wrong; -1: it is said that the file is damaged. */
static ptrdiff_t believed(const char *name)
{
    static psw_record records[SMALL];
    psw_reader *reader = NULL;
    ptrdiff_t wrong = 0;
    psw_status status = psw_reader_open(file(name), &reader);
    if (status == PSW_OK) status = psw_reader_get_whole(reader, 0, SMALL, records);
    if (status != PSW_OK) CHECK(status == PSW_ENVIRONMENT && psw_message()[0], "%d: %s", status, psw_message());
    for (ptrdiff_t i = 0; status == PSW_OK && i < SMALL; i++) {
        psw_record expected = record_of(i);
        if (records[i].slot.status != PSW_SLOT_DONE) continue;
        expected.slot.commit = records[i].slot.commit;
        wrong += store_difference(&reader->columns, &expected, &records[i])[0] != '\0';
    }
    psw_reader_close(reader);
    return status == PSW_OK ? wrong : -1;
}

static void test_flips(void)
{
    static unsigned char bytes[1 << 21];
    const psw_key key = psw_random_key(PSW_STREAM_DATA, 1, NULL, 0);
    size_t size = load("small.h5", bytes, sizeof bytes);
    psw_reader *reader = NULL;
    ptrdiff_t refused = 0;
    CHECK(psw_reader_open(file("small.h5"), &reader) == PSW_OK && size < sizeof bytes, "%s", psw_message());
    const store_chunk *chunks = store_source_chunks(reader->file);
    for (uint64_t i = 0; i < DAMAGES; i++) {
        uint32_t word[4];
        psw_random_block(key, i, 0, word);
        const store_chunk *chunk = &chunks[word[0] % (uint32_t)reader->has.chunks];
        if (chunk->offset == STORE_NO_CHUNK) continue;
        uint64_t at = chunk->offset + word[1] % chunk->bytes;
        bytes[at] ^= (unsigned char)(1u << word[2] % 8);
        save("bad.h5", bytes, size);
        bytes[at] ^= (unsigned char)(1u << word[2] % 8);
        ptrdiff_t wrong = believed("bad.h5");
        CHECK(wrong <= 0, "bit %u of byte %llu: %td slots are wrong and believed", word[2] % 8, (unsigned long long)at,
              wrong);
        refused += wrong < 0;
    }
    CHECK(refused > DAMAGES / 3, "%td of %d damaged files are refused", refused, DAMAGES);
    psw_reader_close(reader);
}

/* A column in one chunk of its own making: bytes as they are given, with this filter. */
static void replace_flops(const char *name, H5Z_filter_t filter, const void *stored, size_t length)
{
    static unsigned char bytes[1 << 21];
    save(name, bytes, load("small.h5", bytes, sizeof bytes));
    hsize_t extent = SMALL, zero = 0;
    hid_t open = H5Fopen(file(name), H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(1, &extent, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_chunk(how, 1, &extent);
    if (filter == H5Z_FILTER_FLETCHER32) H5Pset_fletcher32(how);
    if (filter == H5Z_FILTER_DEFLATE) H5Pset_deflate(how, 6);
    H5Ldelete(open, "flops", H5P_DEFAULT);
    hid_t column = H5Dcreate2(open, "flops", H5T_IEEE_F64LE, space, H5P_DEFAULT, how, H5P_DEFAULT);
    CHECK(H5Dwrite_chunk(column, H5P_DEFAULT, 0, &zero, length, stored) >= 0, "cannot write a chunk");
    H5Dclose(column);
    H5Pclose(how);
    H5Sclose(space);
    H5Fclose(open);
}

static void expect_damaged(const char *name, const char *words)
{
    psw_reader *reader = NULL;
    static psw_record records[SMALL];
    psw_status status = psw_reader_open(file(name), &reader);
    if (status == PSW_OK) status = psw_reader_get(reader, 0, SMALL, records);
    CHECK(status == PSW_ENVIRONMENT && strstr(psw_message(), words), "%d: %s", status, psw_message());
    psw_reader_close(reader);
}

/* Chunks that inflate to more, a thousand times more, less, or nothing at all. */
static void test_bombs(void)
{
    enum { MOST = 1 << 22 };
    static const unsigned char zeros[MOST];
    const size_t lengths[] = {8 * SMALL + 1, 16 * SMALL, MOST, 8 * SMALL - 1, 0};
    unsigned char *stored = malloc(compressBound(MOST));
    for (size_t i = 0; stored && i < sizeof lengths / sizeof *lengths; i++) {
        uLongf length = compressBound(MOST);
        CHECK(compress(stored, &length, zeros, lengths[i]) == Z_OK, "compress");
        replace_flops("bomb.h5", H5Z_FILTER_DEFLATE, stored, length);
        expect_damaged("bomb.h5", "flops");
    }
    uLongf length = compressBound(MOST);
    CHECK(compress(stored, &length, zeros, 8 * SMALL) == Z_OK, "compress");
    stored[length] = 7; /* more behind its end */
    replace_flops("bomb.h5", H5Z_FILTER_DEFLATE, stored, length + 1);
    expect_damaged("bomb.h5", "does not inflate");
    replace_flops("bomb.h5", H5Z_FILTER_FLETCHER32, zeros, 8 * SMALL + 4);
    expect_damaged("bomb.h5", "filter");
    free(stored);
}

int main(void)
{
    if (!folder_make()) return 1;
    check_all(SLOTS);
    unlink(file("small.h5")), unlink(file("large.h5"));
    check_all(SMALL);
    test_writable();
    test_flips();
    test_bombs();
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    if (!folder_remove()) return 1;
    return test_end();
}
