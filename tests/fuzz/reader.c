/* A damaged result file. The input is damage, not a file: changes to a good file of two points that is made at the
 * start, each of 5 to 12 bytes,
 *     3 bytes  where, modulo what can be changed
 *     1 byte   bits 0-2: number of new bytes - 1; bit 3: in raw data, not in HDF5's tables; bit 4: the file ends there;
 *              bit 5, of the first change: the file is packed
 *     1-8      new bytes
 * so that inputs are small, most damage meets tables, and the corpus outlives new columns. */
#include "cmd/cmd.h"
#include "fuzz/hdf.h"
#include "store/store.h"

enum { SLOTS = 2, LARGEST = 1 << 20 };

static const char text[] = "schema: 1\nstudy: s\ndata: {preset: P1}\nmethods: [exact]\n"
                           "grid: {beta: [2, 4], n: 16, d: 10, own: 1}\njudge: {m: 4, trials: 2}\n"
                           "predict: {mine: own}\noutput: {keep: [rows]}\n"
                           "search: {over: beta, level: 0.5}\n";

typedef struct good_file {
    size_t size, tables; /* bytes; of these outside of raw data */
    uint8_t bytes[LARGEST], raw[LARGEST];
    size_t place[2][LARGEST]; /* of byte number i outside of and in raw data */
} good_file;

/* ---- the good file ---- */

static herr_t mark_chunks(hid_t dataset, good_file *good)
{
    hsize_t count = 0, at[2], size = 0;
    hid_t space = H5Dget_space(dataset);
    if (H5Dget_num_chunks(dataset, space, &count) < 0) count = 0;
    for (hsize_t i = 0; i < count; i++) {
        haddr_t offset = HADDR_UNDEF;
        unsigned mask;
        if (H5Dget_chunk_info(dataset, space, i, at, &mask, &offset, &size) >= 0 && offset + size <= good->size)
            memset(good->raw + offset, 1, (size_t)size);
    }
    H5Sclose(space);
    return 0;
}

static herr_t mark_raw(hid_t at, const char *name, const H5O_info_t *about, void *out)
{
    good_file *good = out;
    if (about->type != H5O_TYPE_DATASET) return 0;
    hid_t dataset = H5Dopen2(at, name, H5P_DEFAULT);
    haddr_t offset = H5Dget_offset(dataset);
    hsize_t size = H5Dget_storage_size(dataset);
    if (offset == HADDR_UNDEF) mark_chunks(dataset, good);
    H5Dclose(dataset);
    if (offset != HADDR_UNDEF && offset + size <= good->size) memset(good->raw + offset, 1, (size_t)size);
    return 0;
}

static void sort_places(good_file *good, const char *path)
{
    size_t count[2] = {0};
    hid_t file = H5Fopen(path, H5F_ACC_RDONLY, H5P_DEFAULT);
    H5Ovisit(file, H5_INDEX_NAME, H5_ITER_NATIVE, mark_raw, good);
    H5Fclose(file);
    for (size_t i = 0; i < good->size; i++) good->place[good->raw[i]][count[good->raw[i]]++] = i;
    good->tables = count[0];
    MUST(count[0] > 4096 && count[1] > 1024, "%zu bytes of tables, %zu of data", count[0], count[1]);
}

static void load(good_file *good, const char *path)
{
    FILE *stream = fopen(path, "rb");
    good->size = stream ? fread(good->bytes, 1, LARGEST, stream) : 0;
    if (stream) fclose(stream);
    sort_places(good, path);
}

static void set_word(const char *path, const psw_reader *reader, ptrdiff_t column, ptrdiff_t slot, const void *word)
{
    size_t size = psw_column_bytes(&reader->columns.list[column]);
    FILE *stream = fopen(path, "rb+");
    if (!stream) return;
    fseek(stream, (long)reader->has.column[column].offset + (long)slot * (long)size, SEEK_SET);
    fwrite(word, size, 1, stream);
    fclose(stream);
}

/* The first slot is done, so that its columns are believed. */
static void finish_slot(const char *path)
{
    psw_reader *reader = NULL;
    psw_record record;
    must_say(psw_reader_open(path, &reader), PSW_OK);
    must_say(psw_reader_get(reader, 0, 1, &record), PSW_OK);
    record.slot.status = PSW_SLOT_DONE;
    record.slot.commit = psw_record_checksum(&reader->columns, &record);
    set_word(path, reader, reader->columns.commit, 0, &record.slot.commit);
    set_word(path, reader, reader->columns.status, 0, &(uint8_t){PSW_SLOT_DONE});
    psw_reader_close(reader);
}

/* As a run leaves it, and packed. */
static psw_study *make_good(good_file good[2])
{
    char path[64];
    psw_study *study = NULL;
    psw_packing packing = {.replaces = true};
    must_say(psw_study_parse(&(psw_study_source){text, sizeof text - 1, "study", NULL, 0}, psw_house(), &study),
             PSW_OK);
    psw_format(path, sizeof path, "/tmp/polysweep-fuzz.%ld.h5", (long)getpid());
    must_say(psw_store_create(path, study), PSW_OK);
    finish_slot(path);
    load(&good[0], path);
    must_say(psw_store_pack(path, path, &packing), PSW_OK);
    load(&good[1], path);
    unlink(path);
    return study;
}

/* ---- damage ---- */

/* Returns the size of the file that is left. */
static size_t damage(const good_file *good, const uint8_t *data, size_t size, uint8_t *bytes)
{
    size_t kept = good->size;
    memcpy(bytes, good->bytes, kept);
    while (size >= 5) {
        bool in_data = data[3] & 8;
        size_t count = 1 + (data[3] & 7), where = data[0] | (size_t)data[1] << 8 | (size_t)data[2] << 16;
        size_t most = in_data ? good->size - good->tables : good->tables;
        where = good->place[in_data][where % most];
        if (data[3] & 16 && where < kept) kept = where;
        if (count > size - 4) count = size - 4;
        if (count > good->size - where) count = good->size - where;
        memcpy(bytes + where, data + 4, count);
        data += 4 + count, size -= 4 + count;
    }
    return kept;
}

/* ---- what show, verify and run read ---- */

static void read_slots(psw_reader *reader, ptrdiff_t slots)
{
    psw_record records[SLOTS + 1];
    char words[64];
    for (ptrdiff_t first = 0; first < slots && first < LARGEST; first += SLOTS + 1) {
        ptrdiff_t count = slots - first > SLOTS ? SLOTS + 1 : slots - first;
        if (psw_reader_get(reader, first, count, records) != PSW_OK) return;
        for (ptrdiff_t k = 0; k < count; k++)
            for (ptrdiff_t i = 0; i < reader->columns.count; i++)
                psw_column_text(&reader->columns.list[i], &records[k], words, sizeof words);
        psw_reader_failure(reader, first, words, sizeof words);
    }
}

/* What show --edges and verify do. */
static void read_edges(psw_reader *reader, const psw_study *study)
{
    psw_edge_row rows[PSW_SEARCH_EDGES];
    psw_replay replay;
    psw_crossings found;
    psw_reader_edges(reader, study);
    must_say(psw_reader_edges_get(reader, 0, 1, rows), PSW_ENVIRONMENT);
    must_say(psw_reader_edges_get(reader, 1, 1, rows), PSW_ENVIRONMENT);
    if (psw_reader_slots(reader) == psw_study_slots(study)) {
        must_say(psw_reader_replay(reader, study, &replay), PSW_ENVIRONMENT);
        if (replay.search) psw_replay_crossings(&replay, 0, &found);
        psw_replay_free(&replay);
    }
}

static void read_rest(psw_reader *reader, const psw_study *study)
{
    psw_launch launch;
    ptrdiff_t launches = psw_reader_launches(reader);
    psw_slot *slots = calloc((size_t)psw_reader_slots(reader), sizeof *slots);
    if (slots) psw_reader_slots_get(reader, 0, psw_reader_slots(reader), slots);
    free(slots);
    for (ptrdiff_t i = launches > STORE_LAUNCHES ? launches - STORE_LAUNCHES : 0; i < launches; i++)
        psw_reader_launch(reader, i, &launch);
    psw_reader_schema(reader);
    psw_reader_rows(reader, study);
    read_edges(reader, study);
}

static void read_all(const char *path, const psw_study *study)
{
    psw_reader *reader = NULL;
    psw_study *stored = NULL;
    psw_status status = psw_reader_open(path, &reader);
    must_say(status, PSW_ENVIRONMENT);
    if (status != PSW_OK) return;
    MUST(psw_reader_slots(reader) <= LARGEST, "%td slots in a small file", psw_reader_slots(reader));
    read_slots(reader, psw_reader_slots(reader));
    read_rest(reader, study);
    const char *resolved = psw_reader_study(reader);
    must_say(psw_study_parse(&(psw_study_source){resolved, strlen(resolved), "stored", NULL, 0}, psw_house(), &stored),
             PSW_USAGE);
    psw_study_free(stored);
    psw_reader_close(reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static good_file good[2];
    static psw_study *study;
    static uint8_t bytes[LARGEST];
    char path[64];
    if (!study) study = make_good(good);
    const good_file *one = &good[size > 3 && data[3] & 32 ? 1 : 0];
    put_file(bytes, damage(one, data, size, bytes), path);
    read_all(path, study);
    unlink(path);
    return 0;
}
