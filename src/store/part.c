/* Files of parts of a study: at full size, with the part as an attribute, and holes where other parts' slots are. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* ---- where results are ---- */

enum { SLOTS, ROWS, VALUES, KINDS }; /* what a dataset has a value, or a line, of */
typedef struct results {
    uint64_t offset;
    ptrdiff_t bytes; /* of one */
    int kind;
} results;

typedef struct file_of_part {
    const store_layout *what;
    const psw_part *part;
    const unsigned char *mine;
    results list[PSW_COLUMNS_MAX + ROWS_LINES];
    ptrdiff_t count;
} file_of_part;

static psw_status add(file_of_part *f, hid_t file, const char *name, int kind)
{
    const ptrdiff_t length[KINDS] = {f->what->slots, f->what->rows, f->what->values};
    hid_t dataset = H5Dopen2(file, name, H5P_DEFAULT);
    if (dataset < 0) return HDF_FAIL("cannot open %s", name);
    results one = {H5Dget_offset(dataset), (ptrdiff_t)H5Dget_storage_size(dataset) / length[kind], kind};
    H5Dclose(dataset);
    if (one.bytes > 0) f->list[f->count++] = one; /* else no storage */
    return PSW_OK;
}

/* All but what says which points they are. */
static psw_status find_results(file_of_part *f, hid_t file)
{
    psw_column_set all;
    char name[STORE_NAME + 8];
    ptrdiff_t lines;
    const psw_column *rows = psw_row_columns(&lines);
    psw_column_set_make(f->what->own, f->what->owns, f->what->predict, f->what->predicts, NULL, &all);
    for (ptrdiff_t i = 0; i < all.count; i++)
        if (!psw_column_parameter(&all.list[i])) PSW_TRY(add(f, file, all.list[i].name, SLOTS));
    if (f->what->reps > 0) PSW_TRY(add(f, file, "time_s", SLOTS));
    for (ptrdiff_t i = 0; f->what->keeps_rows && i < lines; i++) {
        psw_format(name, sizeof name, "rows/%s", rows[i].name);
        PSW_TRY(add(f, file, name, ROWS_SPECIAL_MASS + i < ROWS_OUTPUT ? ROWS : VALUES));
    }
    return PSW_OK;
}

/* ---- holes ---- */

/* Whole blocks between two places; false: the file system has no holes. */
static bool punch(int file, const results *r, ptrdiff_t first, ptrdiff_t end)
{
    const off_t block = 4096;
    off_t from = ((off_t)r->offset + first * r->bytes + block - 1) / block * block;
    off_t until = ((off_t)r->offset + end * r->bytes) / block * block;
    return until <= from || fallocate(file, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, from, until - from) == 0;
}

static void step(const file_of_part *f, ptrdiff_t slot, ptrdiff_t at[KINDS])
{
    at[SLOTS]++;
    if (!f->what->keeps_rows) return;
    psw_point point = f->what->point(f->what->context, slot);
    store_row_extent e = store_rows_extent(&point);
    at[ROWS] += e.rows;
    at[VALUES] += e.values;
}

/* Stretch after stretch of slots that are not the part's. A file that cannot have holes is larger, and no worse. */
static void punch_all(const file_of_part *f, int file)
{
    ptrdiff_t at[KINDS] = {0};
    for (ptrdiff_t slot = 0; slot < f->what->slots;) {
        ptrdiff_t first[KINDS] = {at[SLOTS], at[ROWS], at[VALUES]};
        bool mine = f->mine[slot];
        for (; slot < f->what->slots && f->mine[slot] == mine; slot++) step(f, slot, at);
        for (ptrdiff_t i = 0; !mine && i < f->count; i++)
            if (!punch(file, &f->list[i], first[f->list[i].kind], at[f->list[i].kind])) return;
    }
}

/* ---- creating ---- */

/* Of the slots of a part: another version of the program may deal otherwise. */
static void digest(const unsigned char *mine, ptrdiff_t slots, char text[STORE_DIGEST])
{
    uint64_t hash = psw_hash_word((uint64_t)slots);
    for (ptrdiff_t i = 0; i < slots; i++)
        if (i == 0 || mine[i] != mine[i - 1]) hash = psw_hash_word(hash ^ (uint64_t)(2 * i + mine[i]));
    psw_format(text, STORE_DIGEST, "%016llx", (unsigned long long)hash);
}

static psw_status put_attribute(file_of_part *f, hid_t file)
{
    char text[PSW_PART_TEXT], slots[STORE_DIGEST];
    psw_part_print(f->part, text);
    digest(f->mine, f->what->slots, slots);
    PSW_TRY(store_hdf_put_text(file, "part", text));
    PSW_TRY(store_hdf_put_text(file, "part_slots", slots));
    PSW_TRY(store_hdf_put_text(file, "part_long_name",
                               "slots of other parts of the study are empty (status 0), and their results no numbers"));
    return find_results(f, file);
}

static psw_status put_part(void *context, const char *path)
{
    file_of_part *f = context;
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    H5Pset_fclose_degree(access, H5F_CLOSE_STRONG);
    hid_t file = H5Fopen(path, H5F_ACC_RDWR, access);
    H5Pclose(access);
    if (file < 0) return HDF_FAIL("%s cannot be opened for writing", path);
    psw_status status = put_attribute(f, file);
    if (H5Fclose(file) < 0 && status == PSW_OK) status = HDF_FAIL("%s cannot be finished", path);
    PSW_TRY(status);
    int descriptor = open(path, O_RDWR | O_CLOEXEC);
    if (descriptor < 0) return PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be opened: %s", path, strerror(errno));
    punch_all(f, descriptor);
    close(descriptor);
    return PSW_OK;
}

psw_status psw_store_create_part(const char *path, const psw_study *study, const psw_part *part,
                                 const unsigned char *mine)
{
    store_layout what = store_layout_new(study);
    file_of_part f = {.what = &what, .part = part, .mine = mine};
    return store_layout_bring(path, &what, &(store_content){put_part, &f, false});
}

/* ---- reading ---- */

psw_status psw_reader_part(const psw_reader *reader, psw_part *part)
{
    *part = (psw_part){0};
    if (!reader->has.is_part || psw_part_read(reader->has.part, part)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: its attribute `part` is no part of a study, as in 2/10",
                    reader->path);
}

bool psw_reader_part_is(const psw_reader *reader, const unsigned char *mine)
{
    char text[STORE_DIGEST];
    digest(mine, reader->has.slots, text);
    return !reader->has.part_slots[0] || strcmp(reader->has.part_slots, text) == 0;
}
