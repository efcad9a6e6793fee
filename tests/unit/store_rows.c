/* The lines of kept rows: their size, what is in them at first, what a check of them sees. */
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "folder.h"
#include "store_rows.h"

static void test_size(void)
{
    const ptrdiff_t slots[] = {1, 2, 7, 1023, 1024, 1025, 5000};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        store_layout what = store_rows_layout(slots[i]), none = test_layout(slots[i]);
        CHECK(store_layout_create(file("size.h5"), &what) == PSW_OK, "%s", psw_message());
        CHECK(size_of("size.h5") == store_layout_bytes(&what), "%td slots: %.0f bytes, predicted %.0f", slots[i],
              size_of("size.h5"), store_layout_bytes(&what));
        CHECK(size_of("size.h5") < store_layout_bytes_most(&what), "%.0f bytes at most",
              store_layout_bytes_most(&what));
        CHECK(store_layout_bytes(&what) - store_layout_bytes(&none) >=
                  8 * (double)(what.values + 2 * what.rows + 4 * slots[i]),
              "the lines of /rows are not in the size");
        unlink(file("size.h5"));
    }
}

/* By hand: slots 0 and 2 have two data sets of 3 and 5 rows, 1 and 3 values wide; slot 1 has one of 4 rows, 2 wide. */
static void test_lengths(void)
{
    store_layout what = store_rows_layout(3);
    CHECK(what.rows == 2 * 3 + 4 + 2 * 5 && what.values == 2 * 3 + 4 * 2 + 2 * 5 * 3, "%td rows, %td values", what.rows,
          what.values);
}

static psw_point closed_point(const void *context, ptrdiff_t slot)
{
    psw_point point = store_point(context, slot);
    point.method = PSW_CLOSED_FORM;
    return point;
}

static psw_point endless_point(const void *context, ptrdiff_t slot)
{
    psw_point point = store_point(context, slot);
    point.n = (ptrdiff_t)1 << 50;
    return point;
}

static psw_status check_file(const char *name, const store_layout *what)
{
    psw_reader *reader = NULL;
    PSW_TRY(psw_reader_open(file(name), &reader));
    psw_status status = store_rows_check(reader, what);
    psw_reader_close(reader);
    return status;
}

/* No point has rows: the file opens all the same. All have more than any disk: refused before anything is made. */
static void test_extremes(void)
{
    store_layout none = test_layout(5), endless = test_layout(5000);
    none.point = closed_point;
    endless.point = endless_point;
    none.keeps_rows = endless.keeps_rows = true;
    store_rows_measure(&none);
    store_rows_measure(&endless);
    CHECK(store_layout_create(file("none.h5"), &none) == PSW_OK, "%s", psw_message());
    CHECK(size_of("none.h5") == store_layout_bytes(&none), "size");
    CHECK(check_file("none.h5", &none) == PSW_OK, "%s", psw_message());
    psw_status status = store_layout_create(file("endless.h5"), &endless);
    CHECK(status == PSW_ENVIRONMENT && strstr(psw_message(), "no room"), "%d %s", status, psw_message());
    CHECK(size_of("endless.h5") < 0 && !left_behind(file("endless.h5.new")), "something was left behind");
}

/* Rows have their places, and hold NaN before they are written. */
static void test_new_file(void)
{
    enum { SLOTS = 2500 };
    store_layout what = store_rows_layout(SLOTS);
    CHECK(store_layout_create(file("new.h5"), &what) == PSW_OK, "%s", psw_message());
    hid_t open = H5Fopen(file("new.h5"), H5F_ACC_RDONLY, H5P_DEFAULT);
    const char *const names[] = {"rows/output", "rows/special_mass", "rows/log2_den"};
    for (int i = 0; i < 3; i++) {
        hid_t dataset = H5Dopen2(open, names[i], H5P_DEFAULT);
        ptrdiff_t length = store_hdf_length(dataset), numbers = 0;
        double *values = malloc((size_t)length * sizeof *values);
        CHECK(length == (i == 0 ? what.values : what.rows), "%s has %td values", names[i], length);
        CHECK(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, values) >= 0, "read");
        for (ptrdiff_t k = 0; k < length; k++) numbers += !isnan(values[k]);
        CHECK(numbers == 0, "%s holds %td numbers", names[i], numbers);
        free(values);
        H5Dclose(dataset);
    }
    H5Fclose(open);
    CHECK(check_file("new.h5", &what) == PSW_OK, "%s", psw_message());
}

/* ---- what verify says ---- */

static void expect_mismatch(const char *name, const store_layout *what, const char *words)
{
    psw_status status = check_file(name, what);
    CHECK(status == PSW_MISMATCH && strstr(psw_message(), words), "%s: %d %s", name, status, psw_message());
}

static void spoil(const char *name, const char *object, const char *attribute, ptrdiff_t first_row_7)
{
    hid_t open = H5Fopen(file(name), H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(open, "rows/first_row", H5P_DEFAULT);
    store_slice one = store_slice_make(store_hdf_length(dataset), 7, 1);
    if (first_row_7 >= 0) store_hdf_write(dataset, "first_row", H5T_STD_I64LE, one, &first_row_7);
    store_slice_close(one);
    H5Dclose(dataset);
    if (object && attribute) H5Adelete_by_name(open, object, attribute, H5P_DEFAULT);
    if (object && !attribute) H5Ldelete(open, object, H5P_DEFAULT);
    H5Fclose(open);
}

static void test_mismatches(void)
{
    store_layout what = store_rows_layout(50), none = test_layout(50), other = what;
    const char *names[] = {"m0.h5", "m1.h5", "m2.h5", "m3.h5"};
    for (int i = 0; i < 4; i++) store_layout_create(file(names[i]), &what);
    store_layout_create(file("m4.h5"), &none);
    spoil("m0.h5", "rows/log2_den", NULL, -1);
    spoil("m1.h5", "rows/output", "units", -1);
    spoil("m2.h5", NULL, NULL, 100);
    other.values++;
    expect_mismatch("m0.h5", &what, "log2_den is missing");
    expect_mismatch("m1.h5", &what, "output has no attribute units");
    expect_mismatch("m2.h5", &what, "first_row of slot 7 is 100 instead of ");
    expect_mismatch("m3.h5", &other, "output has ");
    expect_mismatch("m4.h5", &what, "group /rows is missing");
}

/* From the study's own words to a file with its size and its check. */
static void test_study(void)
{
    static const char text[] = "schema: 1\nstudy: small\nseed: 1\ndata: {kind: self_attention, preset: W2}\n"
                               "methods: [exact, closed_form]\ngrid: {beta: [2, 4], n: [256, 512], d: 18}\n"
                               "output: {keep: [rows]}\n";
    psw_study *study = NULL;
    psw_reader *reader = NULL;
    CHECK(psw_study_parse(&(psw_study_source){text, strlen(text), "small.yaml", NULL, 0}, NULL, &study) == PSW_OK, "%s",
          psw_message());
    if (!study) return;
    store_layout what = store_layout_of(study);
    CHECK(what.rows == 2 * 2 * (256 + 512) && what.values == 18 * what.rows, "%td rows", what.rows);
    CHECK(psw_store_create(file("study.h5"), study) == PSW_OK, "%s", psw_message());
    CHECK(size_of("study.h5") == psw_store_bytes(study), "%g bytes", size_of("study.h5"));
    CHECK(psw_reader_open(file("study.h5"), &reader) == PSW_OK, "%s", psw_message());
    if (reader)
        CHECK(psw_reader_schema(reader) == PSW_OK && psw_reader_rows(reader, study) == PSW_OK, "%s", psw_message());
    psw_reader_close(reader);
    psw_study_free(study);
}

int main(void)
{
    if (!folder_make()) return 1;
    test_size();
    test_lengths();
    test_extremes();
    test_new_file();
    test_mismatches();
    test_study();
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    if (!folder_remove()) return 1;
    return test_end();
}
