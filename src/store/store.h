/* store: shared by the room's files. Nothing here communicates. */
#ifndef POLYSWEEP_STORE_INSIDE_H
#define POLYSWEEP_STORE_INSIDE_H

#include <hdf5.h>

#include "polysweep/store.h"

enum {
    STORE_SCHEMA = 1,
    STORE_COMMIT_VERSION = 2, /* of commit words; a file without the attribute has 1 */
    STORE_RANDOM_VERSION = 2, /* of noise that this program draws; a file without the attribute has 1 */
    STORE_LAUNCHES = PSW_LAUNCHES,
    STORE_FAILURES = 4096, /* most rows of the failure table */
    STORE_NAME = sizeof((psw_column *)0)->name,
    STORE_PIECE = 1024,          /* slots that pass through a buffer at a time */
    STORE_PIECE_VALUES = 1 << 26 /* numbers of one write: 512 MiB, well below the 2 GiB that MPI-IO can count */
};

/* ---- studies ---- */

/* psw_house as in the first program, for reading its files; points need not be computable any more. */
const psw_rooms *store_first_house(void);

/* ---- columns ---- */

/* A column's dataset with its attributes, on a dimension; and a check of these attributes (PSW_MISMATCH). */
psw_status store_column_create(hid_t at, const psw_column *column, hid_t space, hid_t scale);
psw_status store_column_check(hid_t dataset, const psw_column *column);
/* All columns of so many slots, and their dimension. Those that are blank have no storage until a value is written. */
psw_status store_columns_create(hid_t file, const psw_column_set *all, ptrdiff_t slots, const bool *blank);

/* ---- the layout of a file ---- */

typedef struct store_layout {
    ptrdiff_t slots;
    const char *title, *text, *resolved, *data_source; /* data_source: of heads, "": none */
    uint64_t identity;
    const char *const *own, *const *predict;
    ptrdiff_t owns, predicts;
    const char *const *claims; /* of predictions; NULL: they do not matter */
    psw_point (*point)(const void *context, ptrdiff_t slot);
    const void *context;
    const char *history; /* appended to the attribute history; NULL: nothing */
    bool keeps_rows;
    ptrdiff_t rows, values;        /* lengths of the lines of /rows: store_rows_measure */
    ptrdiff_t reps;                /* samples of times that are kept of a slot, 0 = none */
    const psw_search_keys *search; /* NULL: there is no /edges */
    bool search_bitwise;           /* the searched column is, and what its level is */
    double error;                  /* of judge.trials; NaN: nothing ends them */
    ptrdiff_t combinations;        /* of the search; -1: they cannot be counted, and psw_message says why */
    bool blank[PSW_COLUMNS_MAX];   /* columns that no run fills, which have no storage: store_layout_blank */
    bool stops;                    /* trials end by a rule: their interval is another */
} store_layout;

store_layout store_layout_of(const psw_study *study);
store_layout
store_layout_new(const psw_study *study); /* for a file to be made: with `blank`, for which it looks at every point */
hid_t store_layout_file(const char *path, hid_t access); /* an empty one */
psw_status store_layout_objects(hid_t file, const store_layout *what,
                                const psw_column_set *all); /* everything but the parameters' values */
psw_status store_layout_create(const char *path, const store_layout *file);
typedef struct store_content {
    psw_status (*put)(void *context, const char *path);
    void *context;
    bool replaces; /* an existing file is replaced */
} store_content;
/* A new file comes to its name complete or not at all: it is put to a temporary one, flushed and renamed. */
psw_status store_file_bring(const char *path, const store_content *content);
psw_status store_file_reserve(const char *path, const char *new_path, double bytes); /* is there room? */
/* An empty one; chunks > 0: half of what a node of a table of chunks has room for. */
hid_t store_file_create(const char *path, hid_t access, unsigned chunks);
/* The same of a layout, and what is written to it before it is renamed (put NULL: nothing). */
psw_status store_layout_bring(const char *path, const store_layout *file, const store_content *more);
double store_layout_bytes(const store_layout *file);
double store_layout_bytes_most(const store_layout *file); /* somewhat more, and known at once */

/* ---- HDF5 ---- */

void store_hdf_quiet(void); /* no error output of HDF5 */
/* PSW_ENVIRONMENT "what: why", why being HDF5's innermost reason, or the system's in it. */
psw_status store_hdf_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define HDF_FAIL(...) store_hdf_fail(__FILE__, __LINE__, __VA_ARGS__)

hid_t store_hdf_type(psw_column_type type); /* in files and in memory */
hid_t store_hdf_text_type(size_t size);     /* to be closed by the caller */
/* A dimension scale of numbers 0 .. length-1; -1 where it could not be made. The caller closes it. */
psw_status store_hdf_create_scale(hid_t place, const char *name, const char *long_name, ptrdiff_t length, hid_t *scale);
psw_status store_hdf_put_text(hid_t object, const char *name, const char *text); /* attribute */
psw_status store_hdf_put_numbers(hid_t object, const char *name, hid_t type, hsize_t count, const void *values);
/* Attributes of exactly this type that fit; false if there is none. */
bool store_hdf_get_text_attribute(hid_t object, const char *name, char *text, size_t size);
bool store_hdf_get_numbers(hid_t object, const char *name, hid_t type, size_t most, void *values, ptrdiff_t *count);
ptrdiff_t store_hdf_length(hid_t dataset);
psw_status store_hdf_open_own(hid_t at, const char *name, hid_t *dataset); /* hard-linked, of any type and shape */
/* A hard-linked dataset of `length` (-1 = any number of) values of `type`, stored contiguously and at full size, as a
 * run writes it; of `length` lines of `width` values (-1 = any number of). */
psw_status store_hdf_open(hid_t at, const char *name, hid_t type, ptrdiff_t length, hid_t *dataset);
psw_status store_hdf_open_lines(hid_t at, const char *name, hid_t type, ptrdiff_t length, ptrdiff_t width,
                                hid_t *dataset);
/* The same, stored in any way; width 0: a line. */
psw_status store_hdf_look(hid_t at, const char *name, hid_t type, ptrdiff_t length, ptrdiff_t width, hid_t *dataset);

/* ---- where numbers are in a file, to be read without HDF5 ---- */

enum {
    STORE_CHUNK_BYTES = 1 << 22, /* most of a chunk that is read */
    STORE_CHUNKS_MOST = 1 << 22, /* of a file */
    STORE_VALUE_BYTES = 1024,    /* most of a value: a text */
    STORE_DEFLATE_MOST = 1100    /* deflate makes nothing smaller than 1/1032 */
};
static const ptrdiff_t STORE_VALUES_MOST = (ptrdiff_t)1 << 58; /* of a dataset: their bytes are still a number */

/* Types in files are those in memory. */
typedef enum store_way {
    STORE_WHOLE,   /* one value after the other */
    STORE_NOWHERE, /* not stored: all are the fill value */
    STORE_CHUNKED
} store_way;
typedef struct store_raw {
    store_way way;
    uint64_t offset;       /* of the first value, where they are whole */
    ptrdiff_t count;       /* values; 0 = there are none */
    ptrdiff_t size;        /* bytes of one */
    ptrdiff_t chunk;       /* values of a chunk, the last one too; 0: it has no chunks; */
    ptrdiff_t first;       /* and the first of its chunks in the index */
    unsigned char fill[8]; /* of a longer value: 0, all of it */
} store_raw;
/* Values that are nowhere: all of them are fill. */
static inline bool store_raw_bare(store_raw at)
{
    return at.way == STORE_NOWHERE;
}

enum { STORE_SHUFFLED = 1, STORE_DEFLATED = 2 };
static const uint64_t STORE_NO_CHUNK = UINT64_MAX;
typedef struct store_chunk {
    uint64_t offset; /* STORE_NO_CHUNK: it is not stored, all of it is the fill value */
    uint32_t bytes, how;
} store_chunk;
typedef struct store_index { /* the chunks of a file, those of a dataset in order */
    ptrdiff_t count;
    store_chunk *chunk; /* STORE_CHUNKS_MOST: most are never touched */
} store_index;

/* PSW_ENVIRONMENT: stored in a way that is not read. With HDF5. */
psw_status store_hdf_place(hid_t dataset, const char *name, store_index *index, store_raw *out);
psw_status store_hdf_find(hid_t at, const char *name, hid_t type, ptrdiff_t length, store_index *index,
                          store_raw *out); /* as store_hdf_look */
psw_status store_hdf_find_text(hid_t at, const char *name, size_t most,
                               store_raw *out); /* a scalar text of at most so many bytes, as so many values */

/* ---- reading them, without HDF5 ---- */

/* Of each dataset the chunk that was read last stays in memory, within limits. */
typedef struct store_source store_source;
psw_status store_source_open(const char *path, store_source **out); /* PSW_ENVIRONMENT: it cannot be read */
void store_source_close(store_source *source);
int store_source_file(const store_source *source);
uint64_t store_source_size(const store_source *source); /* bytes of the file */
/* The index of the file's chunks; it is copied. NULL: room for it, to be filled by the caller. */
psw_status store_source_index(store_source *source, const store_chunk *chunks, ptrdiff_t count);
store_chunk *store_source_chunks(store_source *source);
/* The numbers of chunks are in the index, and these inside the file, whatever a child process says. */
bool store_source_has(const store_source *source, const store_raw *raw);
/* Stored bytes of all its values; -1: some of its chunks are not stored. */
double store_source_bytes(const store_source *source, const store_raw *raw);
/* `count` values of `size` bytes from number `first` on. PSW_ENVIRONMENT. */
typedef struct store_raw_part { /* so many values of so many bytes each */
    size_t size;
    ptrdiff_t first, count;
} store_raw_part;
psw_status store_raw_read(store_source *source, const char *name, store_raw from, store_raw_part part, void *values);

/* ---- rows of datasets, with HDF5 ---- */

typedef struct store_slice { /* rows first .. first+count of datasets of one length */
    hid_t file, memory;
} store_slice;
store_slice store_slice_make(ptrdiff_t length, ptrdiff_t first, ptrdiff_t count);
void store_slice_close(store_slice rows);
psw_status store_hdf_write(hid_t dataset, const char *name, hid_t type, store_slice rows, const void *values);
psw_status store_hdf_read(hid_t dataset, const char *name, hid_t type, store_slice rows, void *values);
typedef struct store_span {
    ptrdiff_t length, first, count; /* of a line of `length` values */
} store_span;
/* At most `most` values at a time. */
psw_status store_hdf_write_pieces(hid_t dataset, const char *name, hid_t type, store_span at, ptrdiff_t most,
                                  const void *values);

/* ---- files of unknown origin ---- */

typedef struct store_guard_limits {
    double time_s, memory_bytes; /* of the processor; beyond what is mapped already, 0 = any */
} store_guard_limits;
typedef psw_status store_guard_attempt(const char *path, void *result);
/* Makes the attempt in a child process, which leaves its result, if any, in shared memory. PSW_OK if the child ended by
 * itself, with any result; PSW_ENVIRONMENT if HDF5 crashed or exceeded the limits. */
psw_status store_guard_file(const char *path, store_guard_attempt *attempt, void *result, store_guard_limits limits);
store_guard_limits store_guard_by_size(const char *path); /* for files read completely: the time grows with the size */

/* ---- small tables: launches and failures, a group with one dataset per field ---- */

enum { STORE_FIELDS = 64 };
typedef struct store_field {
    const char *name;
    size_t offset, size; /* size 0: a ptrdiff_t, or a number; otherwise text of so many bytes */
    bool number;         /* a double; missing in tables of older versions, where it is left unchanged */
} store_field;

typedef struct store_table {
    const store_field *fields; /* ended by a name of NULL */
    ptrdiff_t rows;
    hid_t dataset[STORE_FIELDS];
} store_table;

typedef struct store_failure_row {
    ptrdiff_t slot, attempt; /* slot -1 = free */
    ptrdiff_t check;         /* over the others: a row half written, or written by two at once, is ignored */
    char site[96], message[512];
} store_failure_row;

extern const store_field store_launch_fields[], store_failure_fields[];
ptrdiff_t store_failure_rows(ptrdiff_t slots);
ptrdiff_t store_failure_check(const store_failure_row *row);
double store_table_bytes(const store_field *fields, ptrdiff_t rows);
psw_status store_table_create(hid_t at, const char *name, const char *title, const store_field *fields, ptrdiff_t rows);
psw_status store_table_open(hid_t at, const char *name, const store_field *fields, ptrdiff_t rows, store_table *out);
void store_table_close(store_table *open);
psw_status store_table_put(const store_table *open, ptrdiff_t index, void *row);
/* Where the fields are, and a row read from there; missing fields are left unchanged. */
psw_status store_table_find(hid_t at, const char *name, const store_field *fields, ptrdiff_t rows, store_index *index,
                            store_raw *out);
psw_status store_table_get(store_source *file, const store_field *fields, const store_raw *places, ptrdiff_t index,
                           void *row);

/* ---- kept rows: group /rows, lines over all slots ---- */

enum {
    ROWS_FIRST_ROW,
    ROWS_FIRST_VALUE,
    ROWS_SETS,
    ROWS_QUERIES, /* a value per slot */
    ROWS_SPECIAL_MASS,
    ROWS_LOG2_DEN, /* per row */
    ROWS_OUTPUT,   /* per value of a row */
    ROWS_LINES
};
typedef struct store_row_place {
    ptrdiff_t slot, row, value; /* where its rows begin */
} store_row_place;
typedef struct store_kept_rows {
    hid_t dataset[ROWS_LINES];  /* -1: none are kept, or they are read only, */
    store_raw line[ROWS_LINES]; /* from here */
    store_source *file;         /* NULL: they are not read */
    ptrdiff_t slots, rows, values;
    store_row_place place[PSW_GROUP_MAX]; /* last found, by slot modulo */
} store_kept_rows;

/* They do nothing for a layout that keeps no rows. */
void store_rows_measure(store_layout *what); /* sets its lengths */
double store_rows_bytes(const store_layout *what);
psw_status store_rows_create(hid_t file, const store_layout *what);
psw_status store_rows_fill(hid_t file, const store_layout *what); /* where each slot's rows begin */
psw_status store_rows_open(hid_t file, const store_layout *what, store_kept_rows *kept);
void store_rows_close(store_kept_rows *kept);
psw_status store_rows_check(const psw_reader *reader, const store_layout *what); /* PSW_MISMATCH */
typedef struct store_row_extent {
    ptrdiff_t sets, queries, rows, values;
} store_row_extent;
store_row_extent store_rows_extent(const psw_point *point);
/* Where the given number of rows of a slot begin; PSW_ENVIRONMENT if they lie outside the lines. */
psw_status store_rows_find(store_kept_rows *kept, ptrdiff_t slot, const store_row_extent *e, store_row_place *out);
psw_status store_rows_locate(hid_t file, store_index *index,
                             store_raw lines[ROWS_LINES]); /* where they are; PSW_MISMATCH: the first that is wrong */
/* For reading, of a reader's file, in which the lengths must be those of the layout. PSW_ENVIRONMENT. */
psw_status store_rows_take(const psw_reader *reader, const store_layout *what, store_kept_rows *kept);
/* As psw_store_rows, with at most `most` values a write. */
psw_status store_rows_put(store_kept_rows *kept, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf,
                          ptrdiff_t index, ptrdiff_t most);
/* Its share of psw_slot.content_checksum. */
uint64_t store_rows_sum(const psw_point *point, const psw_leaf *leaf, ptrdiff_t index);

/* ---- kept samples: time_s(point, rep) ---- */

typedef struct store_kept_samples {
    hid_t dataset; /* -1: none are kept */
    ptrdiff_t slots, reps;
} store_kept_samples;

ptrdiff_t store_samples_reps(const psw_study *study);
/* They do nothing for a layout that keeps no samples. */
double store_samples_bytes(const store_layout *what);
psw_status store_samples_create(hid_t file, const store_layout *what);
psw_status store_samples_open(hid_t file, const store_layout *what, store_kept_samples *kept);
void store_samples_close(store_kept_samples *kept);
psw_status store_samples_check(const psw_reader *reader, const store_layout *what); /* PSW_MISMATCH */
psw_status store_samples_locate(hid_t file, ptrdiff_t slots, store_index *index,
                                store_raw *out); /* if there are any; PSW_MISMATCH */
psw_status store_samples_put(const store_kept_samples *kept, ptrdiff_t slot, const double *seconds, ptrdiff_t count);
psw_status store_samples_sum(psw_reader *reader, ptrdiff_t slot, uint64_t *sum); /* adds to it */
/* The line of a slot of another file, if it keeps samples. */
psw_status store_samples_copy(psw_reader *from, ptrdiff_t from_slot, const store_kept_samples *to, ptrdiff_t slot);

/* ---- edges: group /edges ---- */

enum { STORE_EDGE_COLUMNS = 15 };
typedef struct store_kept_edges {
    hid_t dataset[STORE_EDGE_COLUMNS]; /* 0: there is no /edges */
    ptrdiff_t combinations;
} store_kept_edges;

/* They do nothing for a layout without a search. */
void store_edges_measure(const psw_study *study, store_layout *what);
double store_edges_bytes(const store_layout *what);
psw_status store_edges_create(hid_t file, const store_layout *what);
psw_status store_edges_fill(hid_t file, const store_layout *what); /* with rows that say that nothing is known yet */
psw_status store_edges_open(hid_t file, const store_layout *what, store_kept_edges *kept);
void store_edges_close(store_kept_edges *kept);
psw_status store_edges_check(const psw_reader *reader, const store_layout *what); /* PSW_MISMATCH */
psw_status store_edges_locate(hid_t file, store_index *index,
                              store_raw places[STORE_EDGE_COLUMNS]); /* if there are any; PSW_MISMATCH */
psw_status store_edges_put(const store_kept_edges *kept, ptrdiff_t first, ptrdiff_t count, const psw_crossings *found);

/* ---- reading, also used by the writer ---- */

typedef struct store_finding { /* the first failure of a check by a child process */
    psw_status status;
    char message[1024];
} store_finding;
psw_status store_finding_tell(const store_finding *what);

enum { STORE_DIGEST = 20 };

/* Where the parts of a file are, found by HDF5 in a child process: the process that reads the numbers never opens the
 * file with HDF5. All of it is validated: a child that read a malicious file may have written anything. */
typedef struct store_inventory {
    bool whole, is_part, packed; /* the child completed it; the file is of a part of its study; it says it is packed */
    char part[PSW_PART_TEXT], part_slots[STORE_DIGEST];
    store_finding opened, schema, rows_are, samples_are, edges_are;
    ptrdiff_t slots, owns, predicts, chunks;
    uint64_t identity;
    char own[PSW_OWN_MAX][STORE_NAME], predict[PSW_PREDICT_MAX][STORE_NAME];
    store_raw point, text, resolved, samples;
    store_raw column[PSW_COLUMNS_MAX], launch[STORE_FIELDS], failure[STORE_FIELDS], rows[ROWS_LINES];
    store_raw edges[STORE_EDGE_COLUMNS];
} store_inventory;
/* PSW_ENVIRONMENT: not a file of polysweep, or damaged. The source gets the index of its chunks. */
psw_status store_inventory_take(const char *path, store_inventory *out, store_source *source);
/* All of its places, `count` of them, with the names of those that have one of their own, else that of their group. */
typedef psw_status store_place_see(void *context, const char *name, const store_raw *place);
psw_status store_inventory_each(const store_inventory *of, store_place_see *see, void *context);
void store_inventory_columns(const store_inventory *of, psw_column_set *out);
psw_status store_schema_check(hid_t file, const psw_column_set *all, const hid_t *datasets);

struct psw_reader {
    store_source *file;
    char *path;
    store_inventory has; /* columns younger than the file have no values */
    psw_column_set columns;
    bool older;         /* than one of them */
    ptrdiff_t launches; /* the largest number, and one */
    struct store_known_launch {
        ptrdiff_t number; /* -1 = free */
        uint64_t checksum;
    } launch[STORE_LAUNCHES];
    char *study;
    void *buffer;         /* STORE_PIECE values */
    store_kept_rows rows; /* allocated when first needed */
    bool rows_known;
    double *rows_buffer; /* ROWS_BUFFER values, when first needed */
};
/* Opening, in steps: the file, whose reader is to be closed whatever comes; then `has` is filled; the rest. */
psw_status store_reader_begin(const char *path, psw_reader **reader);
psw_status store_reader_understand(psw_reader *reader, const char *path);
psw_status store_reader_rows(psw_reader *reader); /* fills reader->rows; PSW_ENVIRONMENT if there are none */
/* Copies the rows of a slot through a buffer of ROWS_BUFFER values. */
enum { ROWS_BUFFER = 1 << 18 };
psw_status store_rows_sum_stored(psw_reader *reader, ptrdiff_t slot, const psw_point *point, double *buffer,
                                 uint64_t *sum); /* adds to it */
psw_status store_rows_copy(psw_reader *from, ptrdiff_t from_slot, store_kept_rows *to, ptrdiff_t to_slot,
                           const psw_point *point, double *buffer);
/* As psw_store_copy, for a layout. */
psw_status store_layout_copy(const char *path, const store_layout *what, const psw_copy *copy);
/* The row of /failures about a slot; slot -1 if there is none. */
psw_status store_reader_failure(psw_reader *reader, ptrdiff_t slot, store_failure_row *row);
/* Of a file that is about to be written: `read` as for psw_store_open; PSW_ENVIRONMENT where it is another study's. */
typedef struct store_seen {
    ptrdiff_t launch;           /* the number of the next */
    bool bare[PSW_COLUMNS_MAX]; /* columns without storage */
} store_seen;
psw_status store_inspect(const char *path, const store_layout *what, const psw_reader *read, store_seen *out);
psw_status store_check_room(const char *path);
/* As psw_store_open, for a layout. */
psw_status store_layout_open(const psw_comm *comm, const char *path, const store_layout *what, const psw_launch *launch,
                             const psw_reader *read, psw_store **store);

/* Opens the columns but those of `bare` (NULL: none); a missing one is -1. With `every`, a missing one that is not
 * younger than the file is a failure.
 * */
psw_status store_columns_open(hid_t file, const psw_column_set *all, ptrdiff_t slots, bool every, const bool *bare,
                              hid_t *datasets);
void store_columns_close(const psw_column_set *all, const hid_t *datasets);

#endif
