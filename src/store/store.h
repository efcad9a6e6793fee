/* store: shared by the room's files. Nothing here communicates. */
#ifndef POLYSWEEP_STORE_INSIDE_H
#define POLYSWEEP_STORE_INSIDE_H

#include <hdf5.h>

#include "polysweep/store.h"

enum {
    STORE_SCHEMA = 1,
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
psw_status column_create(hid_t at, const psw_column *column, hid_t space, hid_t scale);
psw_status column_check(hid_t dataset, const psw_column *column);

/* ---- the layout of a file ---- */

typedef struct layout {
    ptrdiff_t slots;
    const char *title, *text, *resolved;
    uint64_t identity;
    const char *const *own, *const *predict;
    ptrdiff_t owns, predicts;
    psw_point (*point)(const void *context, ptrdiff_t slot);
    const void *context;
    const char *history; /* appended to the attribute history; NULL: nothing */
    bool keeps_rows;
    ptrdiff_t rows, values; /* lengths of the lines of /rows: rows_measure */
    ptrdiff_t reps;         /* samples of times that are kept of a slot, 0 = none */
} layout;

layout layout_of(const psw_study *study);
hid_t layout_file(const char *path, hid_t access); /* an empty one */
psw_status layout_objects(hid_t file, const layout *what,
                          const psw_column_set *all); /* everything but the parameters' values */
psw_status layout_create(const char *path, const layout *file);
/* The same, and what is written to a new file before it is renamed (put NULL: nothing). */
typedef struct content {
    psw_status (*put)(void *context, const char *path);
    void *context;
    bool replaces; /* an existing file is replaced */
} content;
psw_status layout_bring(const char *path, const layout *file, const content *more);
double layout_bytes(const layout *file);

/* ---- HDF5 ---- */

void hdf_quiet(void); /* no error output of HDF5 */
/* PSW_ENVIRONMENT "what: why", why being HDF5's innermost reason, or the system's in it. */
psw_status hdf_fail(const char *file, int line, const char *format, ...) __attribute__((format(printf, 3, 4)));
#define HDF_FAIL(...) hdf_fail(__FILE__, __LINE__, __VA_ARGS__)

hid_t hdf_type(psw_column_type type);                                      /* in files and in memory */
hid_t hdf_text_type(size_t size);                                          /* to be closed by the caller */
psw_status hdf_put_text(hid_t object, const char *name, const char *text); /* attribute */
psw_status hdf_put_numbers(hid_t object, const char *name, hid_t type, hsize_t count, const void *values);
/* Attributes of exactly this type that fit; false if there is none. */
bool hdf_get_text_attribute(hid_t object, const char *name, char *text, size_t size);
bool hdf_get_numbers(hid_t object, const char *name, hid_t type, size_t most, void *values, ptrdiff_t *count);
/* A hard-linked dataset with allocated raw data: `length` (-1 = any number of) values of `type`. */
ptrdiff_t hdf_length(hid_t dataset);
psw_status hdf_open(hid_t at, const char *name, hid_t type, ptrdiff_t length, hid_t *dataset);
/* `length` lines of `width` values (-1 = any number of). */
psw_status hdf_open_lines(hid_t at, const char *name, hid_t type, ptrdiff_t length, ptrdiff_t width, hid_t *dataset);

/* Where a dataset's numbers are in the file, to be read without HDF5. Types in files are those in memory. */
typedef struct raw {
    uint64_t offset;
    ptrdiff_t count; /* values; 0 = there are none */
} raw;
raw hdf_place(hid_t dataset);
psw_status hdf_find(hid_t at, const char *name, hid_t type, ptrdiff_t length, raw *out); /* as hdf_open */
psw_status hdf_find_text(hid_t at, const char *name, size_t most, raw *out); /* a scalar text of at most so many bytes */
/* `count` values of `size` bytes from number `first` on. PSW_ENVIRONMENT. */
typedef struct raw_part { /* so many values of so many bytes each */
    size_t size;
    ptrdiff_t first, count;
} raw_part;
psw_status raw_read(int file, const char *name, raw from, raw_part part, void *values);

typedef struct slice { /* rows first .. first+count of datasets of one length */
    hid_t file, memory;
} slice;
slice slice_make(ptrdiff_t length, ptrdiff_t first, ptrdiff_t count);
void slice_close(slice rows);
psw_status hdf_write(hid_t dataset, const char *name, hid_t type, slice rows, const void *values);
psw_status hdf_read(hid_t dataset, const char *name, hid_t type, slice rows, void *values);
typedef struct span {
    ptrdiff_t length, first, count; /* of a line of `length` values */
} span;
/* At most `most` values at a time. */
psw_status hdf_write_pieces(hid_t dataset, const char *name, hid_t type, span at, ptrdiff_t most, const void *values);

/* ---- files of unknown origin ---- */

typedef struct guard_limits {
    double time_s, memory_bytes; /* of the processor; beyond what is mapped already, 0 = any */
} guard_limits;
typedef psw_status guard_attempt(const char *path, void *result);
/* Makes the attempt in a child process, which leaves its result, if any, in shared memory. PSW_OK if the child ended by
 * itself, with any result; PSW_ENVIRONMENT if HDF5 crashed or exceeded the limits. */
psw_status guard_file(const char *path, guard_attempt *attempt, void *result, guard_limits limits);
guard_limits guard_by_size(const char *path); /* for files read completely: the time grows with the size */

/* ---- small tables: launches and failures, a group with one dataset per field ---- */

enum { STORE_FIELDS = 64 };
typedef struct field {
    const char *name;
    size_t offset, size; /* size 0: a ptrdiff_t, or a number; otherwise text of so many bytes */
    bool number;         /* a double; missing in tables of older versions, where it is left unchanged */
} field;

typedef struct table {
    const field *fields; /* ended by a name of NULL */
    ptrdiff_t rows;
    hid_t dataset[STORE_FIELDS];
} table;

typedef psw_launch_row launch_row;

typedef struct failure_row {
    ptrdiff_t slot, attempt; /* slot -1 = free */
    ptrdiff_t check;         /* over the others: a row half written, or written by two at once, is ignored */
    char site[96], message[512];
} failure_row;

extern const field launch_fields[], failure_fields[];
ptrdiff_t failure_rows(ptrdiff_t slots);
ptrdiff_t failure_check(const failure_row *row);
double table_bytes(const field *fields, ptrdiff_t rows);
psw_status table_create(hid_t at, const char *name, const char *title, const field *fields, ptrdiff_t rows);
psw_status table_open(hid_t at, const char *name, const field *fields, ptrdiff_t rows, table *out);
void table_close(table *open);
psw_status table_put(const table *open, ptrdiff_t index, void *row);
/* Where the fields are, and a row read from there; missing fields are left unchanged. */
psw_status table_find(hid_t at, const char *name, const field *fields, ptrdiff_t rows, raw *out);
psw_status table_get(int file, const field *fields, const raw *places, ptrdiff_t index, void *row);

/* ---- kept rows: group /rows, lines over all slots ---- */

enum {
    ROWS_FIRST_ROW, ROWS_FIRST_VALUE, ROWS_SETS, ROWS_QUERIES, /* a value per slot */
    ROWS_SPECIAL_MASS, ROWS_LOG2_DEN,                          /* per row */
    ROWS_OUTPUT,                                               /* per value of a row */
    ROWS_LINES
};
typedef struct row_place {
    ptrdiff_t slot, row, value; /* where its rows begin */
} row_place;
typedef struct kept_rows {
    hid_t dataset[ROWS_LINES]; /* -1: none are kept, or they are read only, */
    raw line[ROWS_LINES];      /* from here */
    int file;
    ptrdiff_t slots, rows, values;
    row_place place[PSW_GROUP_MAX]; /* last found, by slot modulo */
} kept_rows;

/* They do nothing for a layout that keeps no rows. */
void rows_measure(layout *what); /* sets its lengths */
double rows_bytes(const layout *what);
psw_status rows_create(hid_t file, const layout *what);
psw_status rows_fill(hid_t file, const layout *what); /* where each slot's rows begin */
psw_status rows_open(hid_t file, const layout *what, kept_rows *kept);
void rows_close(kept_rows *kept);
psw_status rows_check(const psw_reader *reader, const layout *what); /* PSW_MISMATCH */
typedef struct row_extent {
    ptrdiff_t sets, queries, rows, values;
} row_extent;
row_extent rows_extent(const psw_point *point);
/* Where the given number of rows of a slot begin; PSW_ENVIRONMENT if they lie outside the lines. */
psw_status rows_find(kept_rows *kept, ptrdiff_t slot, const row_extent *e, row_place *out);
psw_status rows_locate(hid_t file, raw lines[ROWS_LINES]); /* where they are; PSW_MISMATCH: the first that is wrong */
/* For reading, of a reader's file, in which the lengths must be those of the layout. PSW_ENVIRONMENT. */
psw_status rows_take(const psw_reader *reader, const layout *what, kept_rows *kept);
/* As psw_store_rows, with at most `most` values a write. */
psw_status rows_put(kept_rows *kept, ptrdiff_t slot, const psw_point *point, const psw_leaf *leaf, ptrdiff_t index,
                    ptrdiff_t most);

/* ---- kept samples: time_s(point, rep) ---- */

typedef struct kept_samples {
    hid_t dataset; /* -1: none are kept */
    ptrdiff_t slots, reps;
} kept_samples;

/* They do nothing for a layout that keeps no samples. */
double samples_bytes(const layout *what);
psw_status samples_create(hid_t file, const layout *what);
psw_status samples_open(hid_t file, const layout *what, kept_samples *kept);
void samples_close(kept_samples *kept);
psw_status samples_check(const psw_reader *reader, const layout *what); /* PSW_MISMATCH */
psw_status samples_locate(hid_t file, ptrdiff_t slots, raw *out);         /* if there are any; PSW_MISMATCH */
psw_status samples_put(const kept_samples *kept, ptrdiff_t slot, const double *seconds, ptrdiff_t count);
/* The line of a slot of another file, if it keeps samples. */
psw_status samples_copy(psw_reader *from, ptrdiff_t from_slot, const kept_samples *to, ptrdiff_t slot);

/* ---- reading, also used by the writer ---- */

typedef struct finding { /* the first failure of a check by a child process */
    psw_status status;
    char message[1024];
} finding;
psw_status finding_tell(const finding *what);

/* Where the parts of a file are, found by HDF5 in a child process: the process that reads the numbers never opens the
 * file with HDF5. All of it is validated: a child that read a malicious file may have written anything. */
typedef struct inventory {
    bool whole; /* the child completed it */
    finding opened, schema, rows_are, samples_are;
    ptrdiff_t slots, owns, predicts;
    uint64_t identity;
    char own[PSW_OWN_MAX][STORE_NAME], predict[PSW_PREDICT_MAX][STORE_NAME];
    raw point, text, resolved, samples;
    raw column[PSW_COLUMNS_MAX], launch[STORE_FIELDS], failure[STORE_FIELDS], rows[ROWS_LINES];
} inventory;
/* PSW_ENVIRONMENT: not a file of polysweep, or damaged. */
psw_status inventory_take(const char *path, inventory *out);
void inventory_columns(const inventory *of, psw_column_set *out);
psw_status schema_check(hid_t file, const psw_column_set *all, const hid_t *datasets);

struct psw_reader {
    int file;
    inventory has; /* columns younger than the file have no values */
    psw_column_set columns;
    bool older; /* than one of them */
    ptrdiff_t launches;
    char *study;
    void *buffer;   /* STORE_PIECE values */
    kept_rows rows; /* allocated when first needed */
    bool rows_known;
};
psw_status reader_rows(psw_reader *reader); /* fills reader->rows; PSW_ENVIRONMENT if there are none */
/* Copies the rows of a slot through a buffer of ROWS_BUFFER values. */
enum { ROWS_BUFFER = 1 << 18 };
psw_status rows_copy(psw_reader *from, ptrdiff_t from_slot, kept_rows *to, ptrdiff_t to_slot, const psw_point *point,
                     double *buffer);
/* As psw_store_copy, for a layout. */
psw_status layout_copy(const char *path, const layout *what, const psw_copy *copy);
/* The row of /failures about a slot; slot -1 if there is none. */
psw_status reader_failure(psw_reader *reader, ptrdiff_t slot, failure_row *row);
/* As psw_store_open, for a layout. */
psw_status layout_open(const psw_comm *comm, const char *path, const layout *what, const psw_launch *launch,
                       psw_store **store);

/* Opens the columns; a missing one is -1. With `every`, a missing one that is not younger than the file is a failure.
 * */
psw_status columns_open(hid_t file, const psw_column_set *all, ptrdiff_t slots, bool every, hid_t *datasets);
void columns_close(const psw_column_set *all, const hid_t *datasets);

#endif
