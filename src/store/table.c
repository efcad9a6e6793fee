/* Small tables of texts and integers: launches and failures. One dataset per field, since compounds are invisible to
 * netCDF readers. */
#include "store/store.h"

#include <string.h>

#define TEXT(name, type, member)                                                                                       \
    {                                                                                                                  \
        name, offsetof(type, member), sizeof((type *)0)->member, false                                                 \
    }
#define INTEGER(name, type, member)                                                                                    \
    {                                                                                                                  \
        name, offsetof(type, member), 0, false                                                                         \
    }
#define NUMBER(name, type, member)                                                                                     \
    {                                                                                                                  \
        name, offsetof(type, member), 0, true                                                                          \
    }

#define RATE(rate) NUMBER("rate_" #rate, launch_row, launch.rates.rate)
#define RATES(rate)                                                                                                    \
    NUMBER("rate_" #rate "_fp64", launch_row, launch.rates.rate[0]),                                                   \
        NUMBER("rate_" #rate "_fp32", launch_row, launch.rates.rate[1])

const field launch_fields[] = {
    INTEGER("number", launch_row, number),
    TEXT("started", launch_row, launch.started),
    TEXT("version", launch_row, launch.version),
    TEXT("command", launch_row, launch.command),
    TEXT("hosts", launch_row, launch.hosts),
    TEXT("binding", launch_row, launch.binding),
    TEXT("cpu", launch_row, launch.cpu),
    TEXT("mpi", launch_row, launch.mpi),
    TEXT("mpi_io", launch_row, launch.mpi_io),
    TEXT("hdf5", launch_row, launch.hdf5),
    TEXT("blas", launch_row, launch.blas),
    TEXT("blas_kernel", launch_row, launch.blas_kernel),
    INTEGER("ranks", launch_row, launch.ranks),
    INTEGER("nodes", launch_row, launch.nodes),
    INTEGER("threads", launch_row, launch.threads),
    NUMBER("clock_resolution_s", launch_row, launch.clock_resolution_s),
    NUMBER("product_flops_s_fp64", launch_row, launch.product_flops_s[0]),
    NUMBER("product_flops_s_fp32", launch_row, launch.product_flops_s[1]),
    NUMBER("memory_bytes_s", launch_row, launch.memory_bytes_s),
    NUMBER("latency_s_node", launch_row, launch.latency_s[0]),
    NUMBER("latency_s_nodes", launch_row, launch.latency_s[1]),
    NUMBER("byte_s_node", launch_row, launch.byte_s[0]),
    NUMBER("byte_s_nodes", launch_row, launch.byte_s[1]),
    RATES(flop_s),
    RATES(score_s),
    RATES(weigh_s),
    RATES(transcend_s),
    RATES(exponential_s),
    RATES(sketch_flop_s),
    RATES(feature_s),
    RATES(head_flop_s),
    RATES(head_entry_s),
    RATE(sign_s),
    RATE(row_s),
    RATE(noise_s),
    RATE(point_s),
    {0},
};

const field failure_fields[] = {
    INTEGER("slot", failure_row, slot),    INTEGER("attempt", failure_row, attempt), TEXT("site", failure_row, site),
    TEXT("message", failure_row, message), INTEGER("check", failure_row, check),     {0},
};

ptrdiff_t failure_rows(ptrdiff_t slots)
{
    return slots < STORE_FAILURES ? slots : STORE_FAILURES;
}

ptrdiff_t failure_check(const failure_row *row)
{
    uint64_t h = psw_hash_text((uint64_t)row->slot, row->message);
    h = psw_hash_text(h ^ (uint64_t)row->attempt, row->site);
    return (ptrdiff_t)(h >> 1);
}

static hid_t field_type(const field *f)
{
    return f->size ? hdf_text_type(f->size) : H5Tcopy(f->number ? H5T_IEEE_F64LE : H5T_STD_I64LE);
}

double table_bytes(const field *fields, ptrdiff_t rows)
{
    size_t row = 0;
    for (; fields->name; fields++) row += fields->size ? fields->size : sizeof(int64_t);
    return (double)row * (double)rows;
}

/* ---- creating ---- */

static psw_status create_field(hid_t group, const field *f, bool key, ptrdiff_t rows)
{
    hsize_t extent = (hsize_t)rows;
    int64_t free_row = -1;
    hid_t type = field_type(f), space = H5Screate_simple(1, &extent, NULL), how = H5Pcreate(H5P_DATASET_CREATE);
    psw_status status = PSW_OK;
    H5Pset_alloc_time(how, H5D_ALLOC_TIME_EARLY);
    H5Pset_fill_time(how, H5D_FILL_TIME_ALLOC);
    if (key) H5Pset_fill_value(how, type, &free_row);
    hid_t dataset = H5Dcreate2(group, f->name, type, space, H5P_DEFAULT, how, H5P_DEFAULT);
    if (dataset < 0) status = HDF_FAIL("cannot create %s", f->name);
    if (dataset >= 0) H5Dclose(dataset);
    H5Pclose(how);
    H5Sclose(space);
    H5Tclose(type);
    return status;
}

psw_status table_create(hid_t at, const char *name, const char *title, const field *fields, ptrdiff_t rows)
{
    hid_t group = H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("cannot create group %s", name);
    psw_status status = hdf_put_text(group, "long_name", title);
    for (ptrdiff_t i = 0; status == PSW_OK && fields[i].name; i++)
        status = create_field(group, &fields[i], i == 0, rows); /* the first field is the key */
    H5Gclose(group);
    return status;
}

/* ---- rows ---- */

static psw_status open_field(hid_t group, const field *f, ptrdiff_t rows, hid_t *dataset)
{
    hid_t type = field_type(f);
    psw_status status = hdf_open(group, f->name, type, rows, dataset);
    H5Tclose(type);
    return status;
}

psw_status table_open(hid_t at, const char *name, const field *fields, ptrdiff_t rows, table *out)
{
    *out = (table){fields, rows, {0}};
    hid_t group = H5Gopen2(at, name, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("group %s is missing", name);
    psw_status status = PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && fields[i].name; i++)
        if (!fields[i].number || H5Lexists(group, fields[i].name, H5P_DEFAULT) != 0)
            status = open_field(group, &fields[i], rows, &out->dataset[i]);
    H5Gclose(group);
    return status;
}

void table_close(table *open)
{
    if (!open->fields) return;
    for (ptrdiff_t i = 0; open->fields[i].name; i++)
        if (open->dataset[i] > 0) H5Dclose(open->dataset[i]);
    open->fields = NULL;
}

psw_status table_put(const table *open, ptrdiff_t index, void *row)
{
    psw_status status = PSW_OK;
    slice one = slice_make(open->rows, index, 1);
    for (ptrdiff_t i = 0; status == PSW_OK && open->fields[i].name; i++) {
        const field *f = &open->fields[i];
        if (open->dataset[i] <= 0) continue;
        char *at = (char *)row + f->offset;
        hid_t type = field_type(f);
        if (f->size) at[f->size - 1] = '\0';
        status = hdf_write(open->dataset[i], f->name, type, one, at);
        H5Tclose(type);
    }
    slice_close(one);
    return status;
}

psw_status table_find(hid_t at, const char *name, const field *fields, ptrdiff_t rows, raw *out)
{
    table open;
    psw_status status = table_open(at, name, fields, rows, &open);
    for (ptrdiff_t i = 0; fields[i].name; i++) out[i] = open.dataset[i] > 0 ? hdf_place(open.dataset[i]) : (raw){0};
    table_close(&open);
    return status;
}

psw_status table_get(int file, const field *fields, const raw *places, ptrdiff_t index, void *row)
{
    for (ptrdiff_t i = 0; fields[i].name; i++) {
        const field *f = &fields[i];
        char *at = (char *)row + f->offset;
        if (places[i].count == 0) continue;
        PSW_TRY(raw_read(file, f->name, places[i], (raw_part){f->size ? f->size : sizeof(int64_t), index, 1}, at));
        if (f->size) at[f->size - 1] = '\0'; /* also what a foreign hand wrote ends somewhere */
    }
    return PSW_OK;
}
