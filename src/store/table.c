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

#define RATE(rate) NUMBER("rate_" #rate, psw_launch_row, launch.rates.rate)
#define RATES(rate)                                                                                                    \
    NUMBER("rate_" #rate "_fp64", psw_launch_row, launch.rates.rate[0]),                                               \
        NUMBER("rate_" #rate "_fp32", psw_launch_row, launch.rates.rate[1])

const store_field store_launch_fields[] = {
    INTEGER("number", psw_launch_row, number),
    TEXT("started", psw_launch_row, launch.started),
    TEXT("version", psw_launch_row, launch.version),
    TEXT("command", psw_launch_row, launch.command),
    TEXT("hosts", psw_launch_row, launch.hosts),
    TEXT("binding", psw_launch_row, launch.binding),
    TEXT("cpu", psw_launch_row, launch.cpu),
    TEXT("mpi", psw_launch_row, launch.mpi),
    TEXT("mpi_io", psw_launch_row, launch.mpi_io),
    TEXT("hdf5", psw_launch_row, launch.hdf5),
    TEXT("blas", psw_launch_row, launch.blas),
    TEXT("blas_kernel", psw_launch_row, launch.blas_kernel),
    INTEGER("ranks", psw_launch_row, launch.ranks),
    INTEGER("nodes", psw_launch_row, launch.nodes),
    INTEGER("threads", psw_launch_row, launch.threads),
    NUMBER("clock_resolution_s", psw_launch_row, launch.clock_resolution_s),
    NUMBER("product_flops_s_fp64", psw_launch_row, launch.product_flops_s[0]),
    NUMBER("product_flops_s_fp32", psw_launch_row, launch.product_flops_s[1]),
    NUMBER("memory_bytes_s", psw_launch_row, launch.memory_bytes_s),
    NUMBER("latency_s_node", psw_launch_row, launch.latency_s[0]),
    NUMBER("latency_s_nodes", psw_launch_row, launch.latency_s[1]),
    NUMBER("byte_s_node", psw_launch_row, launch.byte_s[0]),
    NUMBER("byte_s_nodes", psw_launch_row, launch.byte_s[1]),
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
    NUMBER("rates_age_s", psw_launch_row, launch.rates_age_s),
    NUMBER("rates_busy", psw_launch_row, launch.rates_busy),
    NUMBER("node_kinds", psw_launch_row, launch.node_kinds),
    NUMBER("node_speed", psw_launch_row, launch.node_speed),
    NUMBER("node_cores", psw_launch_row, launch.node_cores),
    NUMBER("node_memory_bytes", psw_launch_row, launch.node_memory_bytes),
    {0},
};

const store_field store_failure_fields[] = {
    INTEGER("slot", store_failure_row, slot),   INTEGER("attempt", store_failure_row, attempt),
    TEXT("site", store_failure_row, site),      TEXT("message", store_failure_row, message),
    INTEGER("check", store_failure_row, check), {0},
};

ptrdiff_t store_failure_rows(ptrdiff_t slots)
{
    return slots < STORE_FAILURES ? slots : STORE_FAILURES;
}

ptrdiff_t store_failure_check(const store_failure_row *row)
{
    uint64_t h = psw_hash_text((uint64_t)row->slot, row->message);
    h = psw_hash_text(h ^ (uint64_t)row->attempt, row->site);
    return (ptrdiff_t)(h >> 1);
}

static hid_t field_type(const store_field *f)
{
    return f->size ? store_hdf_text_type(f->size) : H5Tcopy(f->number ? H5T_IEEE_F64LE : H5T_STD_I64LE);
}

double store_table_bytes(const store_field *fields, ptrdiff_t rows)
{
    size_t row = 0;
    for (; fields->name; fields++) row += fields->size ? fields->size : sizeof(int64_t);
    return (double)row * (double)rows;
}

/* ---- creating ---- */

static psw_status create_field(hid_t group, const store_field *f, bool key, ptrdiff_t rows)
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

psw_status store_table_create(hid_t at, const char *name, const char *title, const store_field *fields, ptrdiff_t rows)
{
    hid_t group = H5Gcreate2(at, name, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("cannot create group %s", name);
    psw_status status = store_hdf_put_text(group, "long_name", title);
    for (ptrdiff_t i = 0; status == PSW_OK && fields[i].name; i++)
        status = create_field(group, &fields[i], i == 0, rows); /* the first field is the key */
    H5Gclose(group);
    return status;
}

/* ---- rows ---- */

static psw_status open_field(hid_t group, const store_field *f, ptrdiff_t rows, hid_t *dataset)
{
    hid_t type = field_type(f);
    psw_status status = store_hdf_open(group, f->name, type, rows, dataset);
    H5Tclose(type);
    return status;
}

/* A number that the table is older than. */
static bool may_lack(hid_t group, const store_field *f)
{
    return f->number && H5Lexists(group, f->name, H5P_DEFAULT) == 0;
}

psw_status store_table_open(hid_t at, const char *name, const store_field *fields, ptrdiff_t rows, store_table *out)
{
    *out = (store_table){fields, rows, {0}};
    hid_t group = H5Gopen2(at, name, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("group %s is missing", name);
    psw_status status = PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && fields[i].name; i++)
        if (!may_lack(group, &fields[i])) status = open_field(group, &fields[i], rows, &out->dataset[i]);
    H5Gclose(group);
    return status;
}

void store_table_close(store_table *open)
{
    if (!open->fields) return;
    for (ptrdiff_t i = 0; open->fields[i].name; i++)
        if (open->dataset[i] > 0) H5Dclose(open->dataset[i]);
    open->fields = NULL;
}

psw_status store_table_put(const store_table *open, ptrdiff_t index, void *row)
{
    psw_status status = PSW_OK;
    store_slice one = store_slice_make(open->rows, index, 1);
    for (ptrdiff_t i = 0; status == PSW_OK && open->fields[i].name; i++) {
        const store_field *f = &open->fields[i];
        if (open->dataset[i] <= 0) continue;
        char *at = (char *)row + f->offset;
        hid_t type = field_type(f);
        if (f->size) at[f->size - 1] = '\0';
        status = store_hdf_write(open->dataset[i], f->name, type, one, at);
        H5Tclose(type);
    }
    store_slice_close(one);
    return status;
}

psw_status store_table_find(hid_t at, const char *name, const store_field *fields, ptrdiff_t rows, store_index *index,
                            store_raw *out)
{
    hid_t group = H5Gopen2(at, name, H5P_DEFAULT);
    if (group < 0) return HDF_FAIL("group %s is missing", name);
    psw_status status = PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && fields[i].name; i++) {
        hid_t type = field_type(&fields[i]);
        out[i] = (store_raw){0};
        if (!may_lack(group, &fields[i])) status = store_hdf_find(group, fields[i].name, type, rows, index, &out[i]);
        H5Tclose(type);
    }
    H5Gclose(group);
    return status;
}

psw_status store_table_get(store_source *file, const store_field *fields, const store_raw *places, ptrdiff_t index,
                           void *row)
{
    for (ptrdiff_t i = 0; fields[i].name; i++) {
        const store_field *f = &fields[i];
        char *at = (char *)row + f->offset;
        if (places[i].count == 0) continue;
        PSW_TRY(store_raw_read(file, f->name, places[i],
                               (store_raw_part){f->size ? f->size : sizeof(int64_t), index, 1}, at));
        if (f->size) at[f->size - 1] = '\0'; /* also what a foreign hand wrote ends somewhere */
    }
    return PSW_OK;
}
