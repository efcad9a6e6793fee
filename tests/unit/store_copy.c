/* A new file that begins with slots of others: what comes along, under which number, and what a copy that fails leaves.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "folder.h"
#include "store_rows.h"

enum { OLD = 2100, NEW = 4300, FAILED = 17, ROWS = 43, WIDTH = 5 };

/* ---- a file to copy from: every third slot was never begun, one in 17 failed, the
 * first of each piece was interrupted ---- */

static psw_slot_status status_of(ptrdiff_t slot)
{
    return slot % 3 == 2 ? PSW_SLOT_EMPTY : slot % FAILED == 4 ? PSW_SLOT_FAILED : PSW_SLOT_DONE;
}

static psw_record record_of(ptrdiff_t slot)
{
    psw_record record = store_record(slot);
    record.point = store_rows_point(NULL, slot);
    record.slot.status = status_of(slot);
    record.slot.launch = slot % 2 ? 66 : 40;
    if (record.slot.status == PSW_SLOT_FAILED) record.slot.error_code = PSW_NOT_FINITE;
    return record;
}

static psw_status take_first(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins)
{
    (void)context, (void)origins;
    for (ptrdiff_t i = 0; i < count; i++)
        if (status_of(first + i) != PSW_SLOT_EMPTY) records[i] = record_of(first + i);
    records[0].slot = (psw_slot){.status = PSW_SLOT_RUNNING, .attempt = 2, .deaths = 1};
    if (first == 0) records[2].slot = (psw_slot){.status = PSW_SLOT_EMPTY, .attempt = 3}; /* stopped on request */
    return PSW_OK;
}

static void put_rows(store_kept_rows *kept, ptrdiff_t slot)
{
    static double rows[2 * ROWS * WIDTH], special[2 * ROWS], log2_den[2 * ROWS];
    static float single[2 * ROWS * WIDTH];
    psw_point point = store_rows_point(NULL, slot);
    int sets = psw_data_sets(&point);
    ptrdiff_t at = 0;
    for (int set = 0; set < sets; set++)
        for (ptrdiff_t row = 0; row < point.n; row++, at++) {
            special[at] = store_row_value(slot, set, row, -1);
            log2_den[at] = store_row_value(slot, set, row, -2);
            for (ptrdiff_t i = 0; i < point.v; i++) {
                rows[at * point.v + i] = store_row_value(slot, set, row, i);
                single[at * point.v + i] = (float)rows[at * point.v + i];
            }
        }
    psw_leaf leaf = {.count = point.n,
                     .points = 1,
                     .sets = sets,
                     .width = point.v,
                     .rows = point.precision == PSW_FP32 ? (const void *)single : rows,
                     .special = special,
                     .log2_den = log2_den};
    if (point.method != PSW_CLOSED_FORM)
        CHECK(store_rows_put(kept, slot, &point, &leaf, 0, STORE_PIECE_VALUES) == PSW_OK, "%s", psw_message());
}

/* What a run would have written beside the columns, by hand. */
static void put_beside(const char *name, const store_layout *what)
{
    store_kept_rows kept;
    store_table failures;
    hid_t open = H5Fopen(file(name), H5F_ACC_RDWR, H5P_DEFAULT);
    CHECK(store_rows_open(open, what, &kept) == PSW_OK, "%s", psw_message());
    CHECK(store_table_open(open, "failures", store_failure_fields, store_failure_rows(OLD), &failures) == PSW_OK, "%s",
          psw_message());
    for (ptrdiff_t slot = 0; slot < OLD; slot++) {
        store_failure_row row = {.slot = slot, .attempt = 3, .site = "room/file.c:7"};
        if (status_of(slot) == PSW_SLOT_DONE) put_rows(&kept, slot);
        if (status_of(slot) != PSW_SLOT_FAILED) continue;
        psw_format(row.message, sizeof row.message, "slot %td failed", slot);
        row.check = store_failure_check(&row);
        CHECK(store_table_put(&failures, slot, &row) == PSW_OK, "%s", psw_message());
    }
    store_rows_close(&kept);
    store_table_close(&failures);
    H5Fclose(open);
}

static void make_old(const char *name, const store_layout *what)
{
    psw_launch_row launches[] = {{40, {.version = "forty"}}, {66, {.version = "sixty-six"}}};
    psw_copy copy = {.launches = launches, .launch_count = 2, .take = take_first};
    CHECK(store_layout_copy(file(name), what, &copy) == PSW_OK, "%s", psw_message());
    put_beside(name, what);
}

/* ---- and to: old slot k stands at 2 k + 1 ---- */

static psw_point new_point(const void *context, ptrdiff_t slot)
{
    ptrdiff_t old = (slot - 1) / 2;
    psw_point point = store_rows_point(context, slot % 2 && old < OLD ? old : 100000 + slot);
    return point;
}

static psw_status take_old(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records, psw_origin *origins)
{
    psw_reader *old = context;
    for (ptrdiff_t i = 0; i < count; i++) {
        ptrdiff_t slot = (first + i - 1) / 2;
        if ((first + i) % 2 == 0 || slot >= OLD) continue;
        PSW_TRY(psw_reader_get(old, slot, 1, &records[i]));
        origins[i] = (psw_origin){old, slot};
    }
    return PSW_OK;
}

static store_layout new_layout(void)
{
    store_layout what = store_rows_layout(NEW);
    what.point = new_point;
    what.history = "extended by a test";
    store_rows_measure(&what);
    return what;
}

static psw_status copy_old(psw_reader *old, const char *name, bool replaces)
{
    psw_launch_row rows[PSW_LAUNCHES];
    psw_copy copy = {.launches = rows, .replaces = replaces, .take = take_old, .context = old};
    store_layout what = new_layout();
    CHECK(psw_reader_launch_rows(old, rows, &copy.launch_count) == PSW_OK && copy.launch_count == 2, "launches");
    return store_layout_copy(file(name), &what, &copy);
}

static void check_rows(psw_reader *reader, ptrdiff_t slot, ptrdiff_t old, const psw_point *point)
{
    double special[ROWS], log2_den[ROWS], output[ROWS * WIDTH];
    if (point->method == PSW_CLOSED_FORM) return;
    for (int set = 0; set < psw_data_sets(point); set++) {
        psw_row_span at = {set, 1, point->n - 1};
        psw_status status = psw_reader_rows_get(reader, slot, point, at, (psw_kept_rows){special, log2_den, output});
        CHECK(status == PSW_OK, "%s", psw_message());
        ptrdiff_t wrong = 0;
        for (ptrdiff_t row = 0; row < at.count; row++) {
            wrong += special[row] != store_row_value(old, set, row + 1, -1);
            wrong += log2_den[row] != store_row_value(old, set, row + 1, -2);
            for (ptrdiff_t i = 0; i < point->v; i++)
                wrong += output[row * point->v + i] != store_row_value(old, set, row + 1, i);
        }
        CHECK(wrong == 0, "%td values of the rows of slot %td are wrong", wrong, slot);
    }
}

static void check_slot(psw_reader *from, psw_reader *reader, ptrdiff_t slot)
{
    ptrdiff_t old = (slot - 1) / 2;
    psw_record before, after;
    char message[512];
    CHECK(psw_reader_get(reader, slot, 1, &after) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_failure(reader, slot, message, sizeof message) == PSW_OK, "%s", psw_message());
    if (slot % 2 == 0 || old >= OLD || old % STORE_PIECE == 0 || status_of(old) == PSW_SLOT_EMPTY) {
        bool begun = slot % 2 && old < OLD && old % STORE_PIECE == 0;
        CHECK(after.slot.status == (begun ? PSW_SLOT_RUNNING : PSW_SLOT_EMPTY) &&
                  after.slot.attempt == (begun       ? 2
                                         : slot == 5 ? 3
                                                     : 0) &&
                  after.slot.deaths == begun && after.slot.commit == 0 && isnan(after.cost.flops) && !message[0],
              "slot %td", slot);
        return;
    }
    CHECK(psw_reader_get(from, old, 1, &before) == PSW_OK, "%s", psw_message());
    CHECK(after.slot.status == status_of(old) && !after.slot.torn && after.slot.commit == before.slot.commit &&
              after.slot.launch == before.slot.launch && after.slot.attempt == before.slot.attempt,
          "slot %td from %td: %d, %d torn", slot, old, after.slot.status, after.slot.torn);
    const char *differs = store_difference(&reader->columns, &before, &after);
    CHECK(differs[0] == '\0', "slot %td has another %s than %td", slot, differs, old);
    char expected[64] = "";
    if (status_of(old) == PSW_SLOT_FAILED) psw_format(expected, sizeof expected, "slot %td failed", old);
    CHECK(strcmp(message, expected) == 0, "slot %td: %s", slot, message);
    if (status_of(old) == PSW_SLOT_DONE) check_rows(reader, slot, old, &after.point);
}

static void check_new(psw_reader *from, const char *name)
{
    psw_reader *reader = NULL;
    psw_launch launch;
    char text[256];
    store_layout what = new_layout();
    CHECK(psw_reader_open(file(name), &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(psw_reader_schema(reader) == PSW_OK && store_rows_check(reader, &what) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t slot = 0; slot < NEW; slot++) check_slot(from, reader, slot);
    CHECK(psw_reader_launches(reader) == 67, "%td launches", psw_reader_launches(reader));
    CHECK(psw_reader_launch(reader, 40, &launch) == PSW_OK && strcmp(launch.version, "forty") == 0, "launch 40");
    CHECK(psw_reader_launch(reader, 66, &launch) == PSW_OK && strcmp(launch.version, "sixty-six") == 0, "launch 66");
    hid_t made = H5Fopen(file(name), H5F_ACC_RDONLY, H5P_DEFAULT);
    CHECK(store_hdf_get_text_attribute(made, "history", text, sizeof text) && strstr(text, "extended by a test"), "%s",
          text);
    H5Fclose(made);
    psw_reader_close(reader);
}

/* ---- a copy that does not come to its end ---- */

static psw_status take_and_fail(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records,
                                psw_origin *origins)
{
    if (first >= 2 * STORE_PIECE) return PSW_FAIL(PSW_MISMATCH, "enough");
    return take_old(context, first, count, records, origins);
}

static void test_failure(psw_reader *old)
{
    store_layout what = new_layout(), before = test_layout(5);
    psw_copy copy = {.replaces = true, .take = take_and_fail, .context = old};
    psw_reader *reader = NULL;
    CHECK(store_layout_create(file("there.h5"), &before) == PSW_OK, "%s", psw_message());
    CHECK(store_layout_copy(file("there.h5"), &what, &copy) == PSW_MISMATCH, "%s", psw_message());
    CHECK(!left_behind(file("there.h5.new")), "a part was left");
    CHECK(psw_reader_open(file("there.h5"), &reader) == PSW_OK && psw_reader_slots(reader) == 5,
          "the old file is gone");
    psw_reader_close(reader);
    CHECK(copy_old(old, "there.h5", false) == PSW_ENVIRONMENT && strstr(psw_message(), "exists"), "%s", psw_message());
    CHECK(copy_old(old, "there.h5", true) == PSW_OK, "%s", psw_message());
    check_new(old, "there.h5");
}

/* A record that a copy changes gets a commit word that fits it. */
static psw_status take_changed(void *context, ptrdiff_t first, ptrdiff_t count, psw_record *records,
                               psw_origin *origins)
{
    PSW_TRY(take_old(context, first, count, records, origins));
    for (ptrdiff_t i = 0; i < count; i++) records[i].predict[0] = 1234;
    return PSW_OK;
}

static void test_changed(psw_reader *old)
{
    store_layout what = new_layout();
    psw_copy copy = {.take = take_changed, .context = old};
    psw_reader *reader = NULL;
    psw_record before, after;
    CHECK(store_layout_copy(file("changed.h5"), &what, &copy) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_open(file("changed.h5"), &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(psw_reader_get(old, 6, 1, &before) == PSW_OK && psw_reader_get(reader, 13, 1, &after) == PSW_OK, "read");
    CHECK(after.slot.status == PSW_SLOT_DONE && after.predict[0] == 1234 && after.slot.commit != before.slot.commit,
          "status %d", after.slot.status);
    psw_reader_close(reader);
}

int main(void)
{
    if (!folder_make()) return 1;
    store_layout what = store_rows_layout(OLD);
    psw_reader *old = NULL;
    make_old("old.h5", &what);
    CHECK(psw_reader_open(file("old.h5"), &old) == PSW_OK, "%s", psw_message());
    if (!old) return 1;
    CHECK(copy_old(old, "new.h5", false) == PSW_OK, "%s", psw_message());
    check_new(old, "new.h5");
    test_failure(old);
    test_changed(old);
    psw_reader_close(old);
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    if (!folder_remove()) return 1;
    return test_end();
}
