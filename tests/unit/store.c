/* A file made and read in one process, without MPI: what is created, what a reader refuses, how large it is. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "folder.h"
#include "store.h"
#include "polysweep/files.h"

static void test_size_of(store_layout what)
{
    CHECK(store_layout_create(file("size.h5"), &what) == PSW_OK, "%s", psw_message());
    CHECK(size_of("size.h5") == store_layout_bytes(&what), "%td slots: %.0f bytes, predicted %.0f", what.slots,
          size_of("size.h5"), store_layout_bytes(&what));
    CHECK(size_of("size.h5") < store_layout_bytes_most(&what), "%.0f bytes at most", store_layout_bytes_most(&what));
    CHECK(!left_behind(file("size.h5.new")), "the temporary file is still there");
    unlink(file("size.h5"));
}

/* The size is predicted exactly, whatever the number of slots: around the pieces and the failure table's capacity; also
 * where few columns have storage. */
static void test_size(void)
{
    enum { STORED = 55 };
    const ptrdiff_t slots[] = {1, 2, 3, 7, 100, 1023, 1024, 1025, 4095, 4096, 4097, 10000, 20000};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        store_layout what = test_layout(slots[i]);
        test_size_of(what);
        for (ptrdiff_t column = STORED; column < PSW_COLUMNS_MAX; column++) what.blank[column] = true;
        test_size_of(what);
    }
}

/* A new file holds the parameters of every point and nothing else. */
static void test_new_file(void)
{
    store_layout what = test_layout(2500);
    psw_reader *reader = NULL;
    psw_record *records = malloc(2500 * sizeof *records);
    CHECK(store_layout_create(file("new.h5"), &what) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_open(file("new.h5"), &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "a reader lets HDF5 at the file itself");
    CHECK(psw_reader_slots(reader) == 2500, "%td slots", psw_reader_slots(reader));
    CHECK(psw_reader_identity(reader) == what.identity, "identity");
    CHECK(strcmp(psw_reader_study(reader), what.resolved) == 0, "%s", psw_reader_study(reader));
    CHECK(psw_reader_launches(reader) == 0, "%td launches", psw_reader_launches(reader));
    CHECK(psw_reader_schema(reader) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_get(reader, 0, 2500, records) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < 2500; i++) {
        psw_point point = store_point(NULL, i);
        psw_record blank = psw_record_blank(&point);
        const char *differs = store_difference(&reader->columns, &blank, &records[i]);
        CHECK(differs[0] == '\0', "point %td has another %s", i, differs);
        CHECK(records[i].slot.status == PSW_SLOT_EMPTY && !records[i].slot.torn &&
                  isnan(records[i].verdict.success_rate),
              "slot %td is not empty", i);
    }
    psw_reader_close(reader);
    free(records);
}

static void expect_refused(const char *name, const char *words)
{
    psw_reader *reader = NULL;
    psw_status status = psw_reader_open(file(name), &reader);
    CHECK(status == PSW_ENVIRONMENT && !reader && strstr(psw_message(), words), "%s: %d %s", name, status,
          psw_message());
}

static void write_text(const char *name, const char *text)
{
    FILE *stream = fopen(file(name), "w");
    if (!stream) return;
    fputs(text, stream);
    fclose(stream);
}

static void foreign_file(const char *name, const char *schema, int32_t version)
{
    hid_t made = H5Fcreate(file(name), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
    if (schema) store_hdf_put_text(made, "schema_name", schema);
    if (schema) store_hdf_put_numbers(made, "schema_version", H5T_STD_I32LE, 1, &version);
    H5Fclose(made);
}

static void test_refused_files(void)
{
    store_layout what = test_layout(50);
    store_layout_create(file("cut.h5"), &what);
    CHECK(truncate(file("cut.h5"), 20000) == 0, "truncate");
    write_text("text.h5", "not HDF5 at all\n");
    write_text("empty.h5", "");
    foreign_file("foreign.h5", NULL, 0);
    foreign_file("other.h5", "netsweep", 1);
    foreign_file("newer.h5", "polysweep", STORE_SCHEMA + 1);
    foreign_file("hollow.h5", "polysweep", STORE_SCHEMA);
    expect_refused("cut.h5", "truncated");
    expect_refused("text.h5", "is not an HDF5 file");
    expect_refused("empty.h5", "is not an HDF5 file");
    expect_refused("foreign.h5", "not one of polysweep");
    expect_refused("other.h5", "not one of polysweep");
    expect_refused("newer.h5", "newer polysweep");
    expect_refused("hollow.h5", "damaged");
    expect_refused("absent.h5", "No such file");
    expect_refused("", "is not a file");
}

/* A column that is not what it should be: gone, of another type, of another length, with a filter, a link to elsewhere.
 */
static void replace_success_rate(const char *name, hid_t type, hsize_t length, bool chunked, const char *link)
{
    hid_t open = H5Fopen(file(name), H5F_ACC_RDWR, H5P_DEFAULT), space = H5Screate_simple(1, &length, NULL);
    hid_t how = H5Pcreate(H5P_DATASET_CREATE);
    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    if (chunked) H5Pset_chunk(how, 1, &length), H5Pset_fletcher32(how);
    H5Ldelete(open, "success_rate", H5P_DEFAULT);
    if (link)
        H5Lcreate_external(link, "success_rate", open, "success_rate", H5P_DEFAULT, H5P_DEFAULT);
    else if (length)
        H5Dclose(H5Dcreate2(open, "success_rate", type, space, H5P_DEFAULT, how, H5P_DEFAULT));
    H5Pclose(how);
    H5Sclose(space);
    H5Fclose(open);
}

static void test_hostile_columns(void)
{
    store_layout what = test_layout(50);
    const char *names[] = {"h1.h5", "h2.h5", "h3.h5", "h4.h5", "h5.h5"};
    for (int i = 0; i < 5; i++) store_layout_create(file(names[i]), &what);
    replace_success_rate("h1.h5", H5T_IEEE_F32LE, 50, false, NULL);
    replace_success_rate("h2.h5", H5T_IEEE_F64LE, 49, false, NULL);
    replace_success_rate("h3.h5", H5T_IEEE_F64LE, 50, true, NULL);
    replace_success_rate("h4.h5", H5T_IEEE_F64LE, 50, false, names[0]);
    expect_refused("h1.h5", "success_rate");
    expect_refused("h2.h5", "success_rate");
    expect_refused("h3.h5", "h5repack");
    expect_refused("h4.h5", "link");

    psw_reader *reader =
        NULL; /* a column that is missing may be younger than the file: readable, but not by its schema */
    replace_success_rate("h5.h5", H5T_IEEE_F64LE, 0, false, NULL);
    CHECK(psw_reader_open(file("h5.h5"), &reader) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_schema(reader) == PSW_MISMATCH && strstr(psw_message(), "success_rate"), "%s", psw_message());
    psw_reader_close(reader);
}

static void expect_not_created(const char *where, psw_status expected, const char *words)
{
    store_layout what = test_layout(5000);
    psw_status status = store_layout_create(where, &what);
    CHECK(status == expected && strstr(psw_message(), words), "%s: %d %s", where, status, psw_message());
}

static void test_refused_places(void)
{
    struct rlimit before, small = {1 << 20, RLIM_INFINITY};
    write_text("taken.h5", "precious");
    expect_not_created(file("taken.h5"), PSW_ENVIRONMENT, "exists");
    CHECK(size_of("taken.h5") == 8, "the file was touched");
    expect_not_created(file("no/such/place.h5"), PSW_ENVIRONMENT, "cannot be found");
    expect_not_created("/proc/self/x.h5", PSW_ENVIRONMENT, "/proc/self");
    getrlimit(RLIMIT_FSIZE, &before);
    setrlimit(RLIMIT_FSIZE, &small); /* stands for a full disk: writes end with an error in the middle */
    expect_not_created(file("big.h5"), PSW_ENVIRONMENT, "File too large");
    setrlimit(RLIMIT_FSIZE, &before);
    CHECK(access(file("big.h5"), F_OK) != 0 && !left_behind(file("big.h5.new")), "something was left behind");
}

static void test_lock(void)
{
    psw_lock first = psw_lock_none(), second = psw_lock_none();
    write_text("locked.h5.lock", "host elsewhere pid 1\n"); /* left by a run that is dead */
    CHECK(psw_lock_take(file("locked.h5"), &first) == PSW_OK, "%s", psw_message());
    CHECK(psw_lock_take(file("locked.h5"), &second) == PSW_ENVIRONMENT, "locked twice");
    CHECK(strstr(psw_message(), "in use") && strstr(psw_message(), "pid"), "%s", psw_message());
    psw_lock_release(&first);
    CHECK(psw_lock_take(file("locked.h5"), &second) == PSW_OK, "%s", psw_message());
    psw_lock_release(&second);
    CHECK(psw_lock_take(file("no/such/place.h5"), &first) == PSW_ENVIRONMENT, "a lock nowhere");
}

/* What dead runs left goes with the next lock; what only looks like it stays. */
static void test_litter(void)
{
    static const char *const litter[] = {"l.h5.data.0", "l.h5.metadata.12", "l.h5-1234-5.lock", "l.h5.status.json.77"};
    static const char *const kept[] = {"l.h5.data.",        "l.h5.data.1x", "l.h5.metadata.-1", "l.h5.data",
                                       "l.h5.metadata.1.0", "ll.h5.data.1", "l.h5.mydata.1",    "l.h5.status.json"};
    psw_lock lock = psw_lock_none();
    for (size_t i = 0; i < sizeof litter / sizeof *litter; i++) write_text(litter[i], "");
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++) write_text(kept[i], "");
    write_text("l.h5.data.3", "numbers of somebody");
    CHECK(psw_lock_take(file("l.h5"), &lock) == PSW_OK, "%s", psw_message());
    psw_lock_release(&lock);
    for (size_t i = 0; i < sizeof litter / sizeof *litter; i++)
        CHECK(access(file(litter[i]), F_OK) != 0, "%s is still there", litter[i]);
    for (size_t i = 0; i < sizeof kept / sizeof *kept; i++)
        CHECK(access(file(kept[i]), F_OK) == 0, "%s is gone", kept[i]);
    CHECK(size_of("l.h5.data.3") == 19, "a file that is not empty is gone");
}

/* From a study to its file: slots, parameters, own axes, predictions, size. */
static void test_study(void)
{
    static const char text[] = "schema: 1\nstudy: small # a comment\nseed: 20231030\n"
                               "data: {kind: self_attention, preset: W2}\nmethods: [exact, softmax]\n"
                               "grid: {beta: [2, 4], n: [256, 512], classes: [16, 32]}\nderive: {d: \"classes + 2\"}\n"
                               "judge: {m: 8, trials: 10}\npredict: {mine: \"log(n)\"}\n";
    psw_study *study = NULL;
    psw_reader *reader = NULL;
    psw_record records[12];
    psw_column list[PSW_COLUMNS_MAX];
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "small.yaml", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    if (!study) return;
    ptrdiff_t slots = psw_study_slots(study), count, fixed = psw_columns_of(study, list);
    psw_columns(&count);
    CHECK(slots == 12 && fixed == count + 2, "%td slots, %td columns", slots, fixed);
    CHECK(strcmp(list[count].name, "classes") == 0 && strcmp(list[count + 1].name, "predict_mine") == 0, "names");
    CHECK(psw_store_create(file("study.h5"), study) == PSW_OK, "%s", psw_message());
    CHECK(size_of("study.h5") == psw_store_bytes(study), "%g bytes", size_of("study.h5"));
    CHECK(psw_reader_open(file("study.h5"), &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(psw_reader_identity(reader) == psw_study_identity(study), "identity");
    CHECK(strcmp(psw_reader_study(reader), psw_study_resolved(study)) == 0, "resolved study");
    CHECK(psw_reader_get(reader, 0, 12, records) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t slot = 0; slot < 12; slot++) {
        psw_record expected = psw_record_blank(&(psw_point){0});
        expected.point = psw_study_point(study, slot);
        for (ptrdiff_t i = 0; i <= count; i++) {
            uint64_t a = 0, b = 0;
            if (!psw_column_parameter(&list[i])) continue;
            psw_column_pack(&list[i], &expected, 1, &a);
            psw_column_pack(&list[i], &records[slot], 1, &b);
            CHECK(a == b, "slot %td: %s", slot, list[i].name);
        }
    }
    psw_reader_close(reader);
    psw_study_free(study);
}

static void test_texts(void)
{
    psw_record record = store_record(5);
    char text[64];
    ptrdiff_t count;
    const psw_column *list = psw_columns(&count);
    record.slot.error_code = PSW_NO_MEMORY;
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_column_text(&list[i], &record, text, sizeof text);
        if (strcmp(list[i].name, "method") == 0) CHECK(strcmp(text, "exact") == 0, "%s", text);
        if (strcmp(list[i].name, "error_code") == 0) CHECK(strcmp(text, "no_memory") == 0, "%s", text);
        if (strcmp(list[i].name, "seed") == 0) CHECK(strcmp(text, "18446744073709551610") == 0, "%s", text);
        if (strcmp(list[i].name, "a_0") == 0) CHECK(strcmp(text, "0.1") == 0, "%s", text);
        if (strcmp(list[i].name, "a_1") == 0) CHECK(strcmp(text, "0.3333333333333333") == 0, "%s", text);
        if (strcmp(list[i].name, "n") == 0) CHECK(psw_column_value(&list[i], &record) == 261, "%s", text);
    }
}

int main(void)
{
    if (!folder_make()) return 1;
    test_size();
    test_new_file();
    test_refused_files();
    test_hostile_columns();
    test_refused_places();
    test_lock();
    test_litter();
    test_study();
    test_texts();
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    if (!folder_remove()) return 1;
    return test_end();
}
