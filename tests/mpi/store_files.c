/* A file written by all ranks, each into runs of its own: read back, reopened, continued; nothing but raw data of the
 * columns changes after creation; a semaphore left by a killed run does not block. */
#include <fcntl.h>
#include <math.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "store.h"

enum { SLOTS = 3000, LONGEST = 200, LEFT = 37 }; /* slots whose number divides by LEFT wait for the second launch */

static char path[256];
static psw_comm world;

static const psw_launch launch = {.started = "2023-10-30T12:00:00Z", .command = "polysweep run", .ranks = 3};

static psw_store *open_store(psw_status expected, uint64_t identity)
{
    psw_store *store = NULL;
    store_layout what = test_layout(SLOTS);
    what.identity ^= identity;
    psw_status status = store_layout_open(&world, path, &what, &launch, NULL, &store);
    CHECK(status == expected, "%d %s", status, status == PSW_OK ? "" : psw_message());
    return store;
}

static void put_run(psw_store *store, ptrdiff_t first, ptrdiff_t count)
{
    static psw_record records[LONGEST];
    static psw_mark marks[LONGEST];
    for (ptrdiff_t i = 0; i < count; i++) {
        records[i] = store_record(first + i);
        marks[i] = (psw_mark){1, 0};
    }
    CHECK(psw_store_mark(store, first, count, marks) == PSW_OK, "%s", psw_message());
    CHECK(psw_store_put(store, first, count, records) == PSW_OK, "%s", psw_message());
}

/* Runs of 1 to LONGEST slots, cut at the slots to be left, dealt to the ranks like cards. */
static void put_first_part(psw_store *store)
{
    ptrdiff_t run = 0;
    for (ptrdiff_t first = 0, count; first < SLOTS; first += count, run++) {
        count = 1 + run * 29 % LONGEST;
        if (first % LEFT == 0)
            count = 1;
        else if (count > LEFT - first % LEFT)
            count = LEFT - first % LEFT;
        if (count > SLOTS - first) count = SLOTS - first;
        if (first % LEFT != 0 && run % world.size == world.rank) put_run(store, first, count);
    }
}

static void put_the_rest(psw_store *store)
{
    for (ptrdiff_t slot = 0; slot < SLOTS; slot += LEFT)
        if (slot / LEFT % world.size == world.rank) put_run(store, slot, 1);
}

/* ---- what rank 0 sees ---- */

static void check_slots(bool all)
{
    psw_reader *reader = NULL;
    psw_record *records = malloc(SLOTS * sizeof *records);
    ptrdiff_t count, wrong = 0;
    const psw_column *list = psw_columns(&count);
    CHECK(psw_reader_open(path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader || !records) return;
    CHECK(psw_reader_get(reader, 0, SLOTS, records) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t slot = 0; slot < SLOTS; slot++) {
        bool later = slot % LEFT == 0;
        psw_record expected = store_record(slot);
        expected.slot.launch = later ? 1 : 0;
        expected.slot.commit = records[slot].slot.commit;
        expected.slot.launch_checksum = records[slot].slot.launch_checksum;
        if (later && !all) {
            wrong += records[slot].slot.status != PSW_SLOT_EMPTY || records[slot].slot.commit != 0;
            continue;
        }
        wrong += records[slot].slot.launch_checksum == 0 || records[slot].slot.content_checksum != 0;
        for (ptrdiff_t i = 0; i < count; i++) {
            uint64_t a = 0, b = 0;
            psw_column_pack(&list[i], &expected, 1, &a);
            psw_column_pack(&list[i], &records[slot], 1, &b);
            wrong += a != b;
        }
        wrong += records[slot].slot.torn || records[slot].point.own[0] != expected.point.own[0];
        wrong += memcmp(records[slot].predict, expected.predict, 2 * sizeof(double)) != 0;
    }
    CHECK(wrong == 0, "%td values are not what was written", wrong);
    CHECK(psw_reader_schema(reader) == PSW_OK, "%s", psw_message());
    psw_reader_close(reader);
    free(records);
}

static void check_launches(void)
{
    psw_reader *reader = NULL;
    psw_launch row;
    char message[600];
    CHECK(psw_reader_open(path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    CHECK(psw_reader_launches(reader) == 2, "%td launches", psw_reader_launches(reader));
    CHECK(psw_reader_launch(reader, 1, &row) == PSW_OK && strcmp(row.command, launch.command) == 0 && row.ranks == 3,
          "%s", row.command);
    CHECK(psw_reader_launch(reader, 2, &row) == PSW_ENVIRONMENT, "a launch that was not");
    psw_reader_failure(reader, 5, message, sizeof message);
    CHECK(strcmp(message, "the point said no") == 0, "%s", message);
    psw_reader_failure(reader, 6, message, sizeof message);
    CHECK(message[0] == '\0', "%s", message);
    psw_reader_close(reader);
}

/* One bit of one column is enough. */
static void check_torn(void)
{
    psw_reader *reader = NULL;
    psw_record record;
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT), dataset = H5Dopen2(file, "margin_d1", H5P_DEFAULT);
    off_t at = (off_t)H5Dget_offset(dataset) + 77 * 8;
    H5Dclose(dataset);
    H5Fclose(file);
    char byte = 0;
    int descriptor = open(path, O_RDWR);
    CHECK(pread(descriptor, &byte, 1, at) == 1, "read");
    byte ^= 1;
    CHECK(pwrite(descriptor, &byte, 1, at) == 1, "write");
    close(descriptor);
    CHECK(psw_reader_open(path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader) return;
    psw_reader_get(reader, 77, 1, &record);
    CHECK(record.slot.torn && record.slot.status == PSW_SLOT_RUNNING, "a flipped bit was believed");
    psw_reader_get(reader, 78, 1, &record);
    CHECK(!record.slot.torn && record.slot.status == PSW_SLOT_DONE, "its neighbour was not");
    psw_reader_close(reader);
}

/* ---- nothing but raw data ---- */

static unsigned char *contents(size_t *size)
{
    struct stat about;
    FILE *stream = fopen(path, "rb");
    if (!stream || fstat(fileno(stream), &about) != 0) return NULL;
    unsigned char *bytes = malloc((size_t)about.st_size);
    *size = bytes ? fread(bytes, 1, (size_t)about.st_size, stream) : 0;
    fclose(stream);
    return bytes;
}

static herr_t cover(hid_t at, const char *name, const H5O_info_t *info, void *bytes)
{
    if (info->type != H5O_TYPE_DATASET) return 0;
    hid_t dataset = H5Dopen2(at, name, H5P_DEFAULT);
    memset((unsigned char *)bytes + H5Dget_offset(dataset), 0, (size_t)H5Dget_storage_size(dataset));
    H5Dclose(dataset);
    return 0;
}

static void check_objects(unsigned char *before, size_t size)
{
    size_t now = 0, changed = 0;
    unsigned char *after = contents(&now);
    CHECK(before && after && now == size, "the file had %zu bytes and has %zu", size, now);
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, cover, before);
    H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, cover, after);
    H5Fclose(file);
    for (size_t i = 0; i < size && i < now; i++) changed += before[i] != after[i];
    CHECK(changed == 0, "%zu bytes outside of raw data changed", changed);
    free(after);
}

/* ---- */

static void make_place(void)
{
    char directory[] = "/tmp/polysweep-files.XXXXXX";
    if (world.rank == 0) {
        store_layout what = test_layout(SLOTS);
        if (!mkdtemp(directory)) MPI_Abort(MPI_COMM_WORLD, 1);
        psw_format(path, sizeof path, "%s/%s.h5", directory, directory + strlen("/tmp/")); /* a basename of its own */
        CHECK(store_layout_create(path, &what) == PSW_OK, "%s", psw_message());
    }
    psw_comm_bytes(&world, 0, path, sizeof path);
}

/* Columns without storage: a blank value needs none, another is a bug; readers find blanks, and nothing is allocated.
 */
static void check_bare(void)
{
    char bare[300];
    store_layout what = test_layout(8);
    psw_store *store = NULL;
    psw_reader *reader = NULL;
    psw_record record = store_record(world.rank), read;
    psw_column_set all;
    ptrdiff_t gap = 0, order = 0;
    psw_column_set_make(what.own, what.owns, what.predict, what.predicts, NULL, &all);
    while (strcmp(all.list[gap].name, "gap") != 0) gap++;
    while (strcmp(all.list[order].name, "order") != 0) order++;
    what.blank[gap] = what.blank[order] = true;
    psw_format(bare, sizeof bare, "%s.bare", path);
    if (world.rank == 0) CHECK(store_layout_create(bare, &what) == PSW_OK, "%s", psw_message());
    psw_comm_barrier(&world);
    CHECK(store_layout_open(&world, bare, &what, &launch, NULL, &store) == PSW_OK, "%s", psw_message());
    if (!store) return;
    CHECK(psw_store_put(store, world.rank, 1, &record) == PSW_BUG && strstr(psw_message(), "gap"), "%s", psw_message());
    record.verdict.gap = NAN;
    CHECK(psw_store_put(store, world.rank, 1, &record) == PSW_OK, "%s", psw_message());
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_open(bare, &reader) == PSW_OK && psw_reader_schema(reader) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_get(reader, world.rank, 1, &read) == PSW_OK, "%s", psw_message());
    CHECK(read.slot.status == PSW_SLOT_DONE && isnan(read.verdict.gap) && read.point.order == 0, "%s is not blank",
          read.slot.torn ? "a torn slot" : "gap or order");
    psw_reader_close(reader);
    struct stat about;
    CHECK(stat(bare, &about) == 0 && (double)about.st_size == store_layout_bytes(&what), "%.0f bytes, predicted %.0f",
          (double)about.st_size, store_layout_bytes(&what));
    psw_comm_barrier(&world);
    if (world.rank == 0) unlink(bare);
}

/* What OMPIO leaves behind when it is killed inside an open: its semaphore, taken. */
static void plant_semaphore(char *name, size_t size)
{
    psw_format(name, size, "/OMPIO_%s", strrchr(path, '/') + 1);
    sem_t *taken = sem_open(name, O_CREAT, 0600, 0);
    CHECK(taken != SEM_FAILED, "no semaphore");
    sem_close(taken);
}

static void first_launch(unsigned char *before, size_t size)
{
    psw_store *store = open_store(PSW_OK, 0);
    if (!store) return;
    put_first_part(store);
    if (world.rank == world.size - 1)
        CHECK(psw_store_failure(store, 5, 1, "here:1", "the point said no") == PSW_OK, "%s", psw_message());
    CHECK(psw_store_sync(store) == PSW_OK, "%s", psw_message());
    CHECK(psw_store_put(store, SLOTS - 1, 2, NULL) == PSW_BUG, "a slot past the end");
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    if (world.rank == 0) check_slots(false);
    if (world.rank == 0) check_objects(before, size);
}

static void second_launch(void)
{
    psw_store *store = open_store(PSW_OK, 0);
    if (!store) return;
    put_the_rest(store);
    CHECK(psw_store_close(&world, store) == PSW_OK, "%s", psw_message());
    if (world.rank == 0) check_slots(true);
    if (world.rank == 0) check_launches();
    if (world.rank == 0) check_torn();
}

static void clean_up(const char *semaphore)
{
    char command[300];
    *strrchr(path, '/') = '\0';
    psw_format(command, sizeof command, "rm -r '%s'", path);
    CHECK(system(command) == 0, "%s", command);
    sem_unlink(semaphore);
}

int main(int argc, char **argv)
{
    size_t size = 0;
    char semaphore[300];
    psw_store_environment();
    MPI_Init(&argc, &argv);
    if (psw_comm_world(&world) != PSW_OK) return 1;
    make_place();
    if (world.rank == 0) plant_semaphore(semaphore, sizeof semaphore);
    unsigned char *before = world.rank == 0 ? contents(&size) : NULL;
    CHECK(open_store(PSW_ENVIRONMENT, 1) == NULL && strstr(psw_message(), "another study"), "%s", psw_message());
    first_launch(before, size);
    psw_comm_barrier(&world);
    second_launch();
    check_bare();
    free(before);
    CHECK(H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) == 0, "HDF5 objects are still open");
    if (world.rank == 0) clean_up(semaphore);
    double failures = test_failures;
    psw_comm_sum(&world, &failures, 1);
    psw_comm_free(&world);
    MPI_Finalize();
    return test_end() || failures > 0;
}
