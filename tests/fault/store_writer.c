/* A run without mathematics, for scripts that kill it or read its file:
 *   store_writer write FILE SLOTS PAUSE_US [rows]   every slot that is not done, in runs of 16, with its rows if the
 *                                            word is there; what was put goes to FILE.ack
 *   store_writer check FILE SLOTS            are all done slots right, and all done that FILE.ack names?
 *   store_writer pack FILE TO                TO is FILE, packed
 * Prints how many slots are done; 0 = all is well, so far as it goes. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"
#include "store.h"
#include "polysweep/files.h"

enum { RUN = 16 };

static psw_comm world;
static bool with_rows;

static store_layout writer_layout(ptrdiff_t slots)
{
    store_layout what = test_layout(slots);
    what.keeps_rows = with_rows;
    store_rows_measure(&what);
    return what;
}

/* Every row of a point as one leaf: number i of a slot's output is slot + i / 2^20, of the rest slot + i / 1024. */
static psw_status put_rows(psw_store *store, ptrdiff_t slot, uint64_t *sum)
{
    psw_point point = store_point(NULL, slot);
    ptrdiff_t count = psw_data_sets(&point) * point.n;
    double *numbers = malloc((size_t)(count * (point.v + 1)) * sizeof *numbers), *row = numbers;
    if (!numbers) return PSW_FAIL(PSW_NO_MEMORY, "no memory for rows");
    for (ptrdiff_t i = 0; i < count; i++) row[i] = (double)slot + (double)i / 1024;
    for (ptrdiff_t i = 0; i < count * point.v; i++) row[count + i] = (double)slot + (double)i / (1 << 20);
    psw_leaf leaf = {.count = point.n,
                     .points = 1,
                     .sets = psw_data_sets(&point),
                     .width = point.v,
                     .rows = row + count,
                     .special = row,
                     .log2_den = row};
    psw_status status = psw_store_rows(store, slot, &point, &leaf, 0, sum);
    free(numbers);
    return status;
}

/* ---- write ---- */

static psw_status read_done(const char *path, ptrdiff_t slots, unsigned char *done)
{
    psw_reader *reader = NULL;
    PSW_TRY(psw_reader_open(path, &reader));
    psw_slot *found = malloc((size_t)slots * sizeof *found);
    psw_status status = psw_reader_slots_get(reader, 0, psw_reader_slots(reader), found);
    for (ptrdiff_t i = 0; status == PSW_OK && i < slots; i++) done[i] = found[i].status == PSW_SLOT_DONE;
    psw_reader_close(reader);
    free(found);
    return status;
}

static psw_status prepare(const char *path, ptrdiff_t slots, psw_lock *lock, unsigned char *done)
{
    store_layout what = writer_layout(slots);
    PSW_TRY(psw_lock_take(path, lock));
    if (access(path, F_OK) != 0) PSW_TRY(store_layout_create(path, &what));
    return read_done(path, slots, done);
}

static psw_status put_run(psw_store *store, int ack, ptrdiff_t first, ptrdiff_t count)
{
    psw_record records[RUN];
    ptrdiff_t line[2] = {first, count};
    psw_mark marks[RUN];
    for (ptrdiff_t i = 0; i < count; i++) {
        records[i] = store_record(first + i);
        marks[i] = (psw_mark){1, 0};
    }
    PSW_TRY(psw_store_mark(store, first, count, marks));
    for (ptrdiff_t i = 0; with_rows && i < count; i++)
        PSW_TRY(put_rows(store, first + i, &records[i].slot.content_checksum));
    PSW_TRY(psw_store_put(store, first, count, records));
    return write(ack, line, sizeof line) == sizeof line ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "cannot acknowledge");
}

static psw_status put_all(psw_store *store, const char *path, ptrdiff_t slots, int pause_us, const unsigned char *done)
{
    char name[600];
    psw_status status = PSW_OK;
    psw_format(name, sizeof name, "%s.ack", path);
    int ack = open(name, O_WRONLY | O_APPEND | O_CREAT, 0666);
    ptrdiff_t run = 0;
    for (ptrdiff_t first = 0, count; status == PSW_OK && first < slots; first += count, run++) {
        for (count = 1; count < RUN && first + count < slots && done[first + count] == done[first];) count++;
        if (done[first] || run % world.size != world.rank) continue;
        status = put_run(store, ack, first, count);
        usleep((useconds_t)pause_us);
    }
    close(ack);
    return status;
}

static psw_status write_missing(const char *path, ptrdiff_t slots, int pause_us, psw_lock *lock, unsigned char *done)
{
    static const psw_launch launch = {.started = "2023-10-30T12:00:00Z"};
    store_layout what = writer_layout(slots);
    psw_store *store = NULL;
    PSW_TRY(psw_comm_agree(&world, world.rank == 0 ? prepare(path, slots, lock, done) : PSW_OK));
    PSW_TRY(psw_comm_bytes(&world, 0, done, (size_t)slots));
    PSW_TRY(store_layout_open(&world, path, &what, &launch, NULL, &store));
    psw_status status = put_all(store, path, slots, pause_us, done), closed = psw_store_close(&world, store);
    return psw_comm_agree(&world, status != PSW_OK ? status : closed);
}

static psw_status write_all(const char *path, ptrdiff_t slots, int pause_us)
{
    psw_lock lock = psw_lock_none();
    unsigned char *done = calloc((size_t)slots, 1);
    psw_status status = write_missing(path, slots, pause_us, &lock, done);
    psw_lock_release(&lock);
    free(done);
    return status;
}

/* ---- check ---- */

/* Every bit of a done slot is what store_record says, but for its launch and checksums. */
static bool right(const psw_record *found, ptrdiff_t slot)
{
    psw_record expected = store_record(slot);
    ptrdiff_t count, wrong = 0;
    const psw_column *list = psw_columns(&count);
    expected.slot.launch = found->slot.launch;
    expected.slot.commit = found->slot.commit;
    expected.slot.launch_checksum = found->slot.launch_checksum;
    expected.slot.content_checksum = found->slot.content_checksum;
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t a = 0, b = 0;
        psw_column_pack(&list[i], &expected, 1, &a);
        psw_column_pack(&list[i], found, 1, &b);
        wrong += a != b;
    }
    return wrong == 0;
}

static void check_acknowledged(const char *path, const psw_record *records)
{
    char name[600];
    ptrdiff_t line[2], lost = 0;
    psw_format(name, sizeof name, "%s.ack", path);
    FILE *stream = fopen(name, "rb");
    while (stream && fread(line, sizeof line, 1, stream) == 1)
        for (ptrdiff_t i = line[0]; i < line[0] + line[1]; i++) lost += records[i].slot.status != PSW_SLOT_DONE;
    if (stream) fclose(stream);
    CHECK(lost == 0, "%td acknowledged slots are lost", lost);
}

static void check_all(const char *path, ptrdiff_t slots)
{
    psw_reader *reader = NULL;
    ptrdiff_t done = 0, wrong = 0, torn = 0;
    psw_record *records = malloc((size_t)slots * sizeof *records);
    CHECK(psw_reader_open(path, &reader) == PSW_OK, "%s", psw_message());
    if (!reader || !records) return;
    CHECK(psw_reader_schema(reader) == PSW_OK, "%s", psw_message());
    CHECK(psw_reader_get(reader, 0, slots, records) == PSW_OK, "%s", psw_message());
    for (ptrdiff_t i = 0; i < slots; i++) {
        bool final = records[i].slot.status == PSW_SLOT_DONE;
        done += final;
        torn += records[i].slot.torn;
        wrong += final && !right(&records[i], i);
    }
    CHECK(wrong == 0, "%td done slots are wrong", wrong);
    check_acknowledged(path, records);
    printf("%td done %td torn\n", done, torn);
    psw_reader_close(reader);
    free(records);
}

/* Without MPI, as a command that packs. */
static int pack(const char *path, const char *to)
{
    psw_packing packing = {.replaces = true};
    psw_status status = psw_store_pack(path, to, &packing);
    if (status != PSW_OK) fprintf(stderr, "%s\n", psw_message());
    return (int)status;
}

int main(int argc, char **argv)
{
    if (argc < 4) return PSW_USAGE;
    if (strcmp(argv[1], "pack") == 0) return pack(argv[2], argv[3]);
    with_rows = argc > 5 && strcmp(argv[5], "rows") == 0;
    ptrdiff_t slots = strtol(argv[3], NULL, 10);
    if (strcmp(argv[1], "check") == 0) {
        check_all(argv[2], slots);
        return test_failures > 0;
    }
    psw_store_environment();
    MPI_Init(&argc, &argv);
    psw_status status = psw_comm_world(&world);
    psw_fault_rank(world.rank);
    if (status == PSW_OK) status = write_all(argv[2], slots, argc > 4 ? (int)strtol(argv[4], NULL, 10) : 0);
    if (status != PSW_OK && world.rank == 0) fprintf(stderr, "%s\n", psw_message());
    psw_comm_free(&world);
    MPI_Finalize();
    (void)test_end;
    return (int)status;
}
