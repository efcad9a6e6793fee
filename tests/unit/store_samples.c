/* Kept samples: the file's size, what a line holds before and after it is written, what a check of them sees. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store.h"

enum { REPS = 7, SLOTS = 1500 };

static char path[256];

static store_layout timed_layout(ptrdiff_t slots)
{
    store_layout what = test_layout(slots);
    what.reps = REPS;
    return what;
}

static void test_size(void)
{
    const ptrdiff_t slots[] = {1, 2, 1023, 1025, 5000};
    for (size_t i = 0; i < sizeof slots / sizeof *slots; i++) {
        store_layout what = timed_layout(slots[i]), none = test_layout(slots[i]);
        struct stat about;
        CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
        CHECK(stat(path, &about) == 0 && (double)about.st_size == store_layout_bytes(&what),
              "%td slots: %.0f bytes, not %.0f", slots[i], (double)about.st_size, store_layout_bytes(&what));
        CHECK(store_layout_bytes(&what) - store_layout_bytes(&none) >= 8.0 * REPS * (double)slots[i],
              "samples are not in the size");
        unlink(path);
    }
}

static void read_line(hid_t file, ptrdiff_t slot, double line[REPS])
{
    static double all[SLOTS][REPS];
    hid_t dataset = H5Dopen2(file, "time_s", H5P_DEFAULT);
    CHECK(H5Dread(dataset, H5T_NATIVE_DOUBLE, H5S_ALL, H5S_ALL, H5P_DEFAULT, all) >= 0, "time_s cannot be read");
    memcpy(line, all[slot], sizeof all[slot]);
    H5Dclose(dataset);
}

static void check_line(hid_t file, ptrdiff_t slot, const double *expected, ptrdiff_t count)
{
    double line[REPS];
    read_line(file, slot, line);
    for (ptrdiff_t i = 0; i < REPS; i++)
        CHECK(i < count ? line[i] == expected[i] : isnan(line[i]), "slot %td, sample %td: %g", slot, i, line[i]);
}

static void test_lines(void)
{
    const double many[REPS] = {7, 1, 6, 2, 5, 3, 4}, few[] = {0.5, 0.25};
    store_layout what = timed_layout(SLOTS);
    store_kept_samples kept;
    CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    CHECK(store_samples_open(file, &what, &kept) == PSW_OK, "%s", psw_message());
    check_line(file, 700, many, 0);
    CHECK(store_samples_put(&kept, 700, many, REPS) == PSW_OK, "%s", psw_message());
    check_line(file, 700, many, REPS);
    check_line(file, 699, many, 0);
    check_line(file, 701, many, 0);
    CHECK(store_samples_put(&kept, 700, few, 2) == PSW_OK, "%s", psw_message());
    check_line(file, 700, few, 2); /* nothing is left of the first attempt */
    CHECK(store_samples_put(&kept, 700, many, REPS + 1) == PSW_BUG, "more samples than there is room for");
    store_samples_close(&kept);
    H5Fclose(file);
    unlink(path);
}

static psw_status check_file(const store_layout *what)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(path, &reader));
    psw_status status = store_samples_check(reader, what);
    psw_reader_close(reader);
    return status;
}

static void expect_mismatch(const store_layout *what, const char *why)
{
    psw_status status = check_file(what);
    CHECK(status == PSW_MISMATCH, "%s: %d", why, status);
}

static void test_check(void)
{
    store_layout what = timed_layout(SLOTS), longer = timed_layout(SLOTS), none = test_layout(SLOTS);
    longer.reps++;
    CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
    CHECK(check_file(&what) == PSW_OK, "%s", psw_message());
    CHECK(check_file(&none) == PSW_OK, "a study without samples asks for none");
    expect_mismatch(&longer, "a line of another length");
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, H5P_DEFAULT);
    hid_t dataset = H5Dopen2(file, "time_s", H5P_DEFAULT);
    H5Adelete(dataset, "units");
    H5Dclose(dataset);
    H5Fclose(file);
    expect_mismatch(&what, "no units");
    unlink(path);
    CHECK(store_layout_create(path, &none) == PSW_OK, "%s", psw_message());
    expect_mismatch(&what, "no samples at all");
    unlink(path);
}

int main(void)
{
    char folder[] = "/tmp/psw-samples-XXXXXX";
    store_hdf_quiet();
    CHECK(mkdtemp(folder) != NULL, "no folder to write in");
    psw_format(path, sizeof path, "%s/samples.h5", folder);
    test_size();
    test_lines();
    test_check();
    rmdir(folder);
    return test_end();
}
