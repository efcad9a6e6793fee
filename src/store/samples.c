/* Every repetition of a time: time_s(point, rep). A line of a slot has room for time.max_reps numbers, in the order in
 * which they came, NaN behind the last. */
#include <hdf5_hl.h>
#include <math.h>
#include <stdlib.h>

#include "store/store.h"

static const psw_column samples = {
    "time_s", "s", "one forward pass of one data set, every repetition", PSW_F8, false, {INFINITY, INFINITY}, -1, 0,
    false,    NAN};

ptrdiff_t store_samples_reps(const psw_study *study)
{
    const psw_settings *settings = psw_study_settings(study);
    return settings->timing && settings->keep_samples ? settings->max_reps : 0;
}

double store_samples_bytes(const store_layout *what)
{
    return what->reps > 0 ? (double)sizeof(double) * (double)what->reps * (double)(what->slots + 1) : 0; /* and `rep` */
}

/* ---- creating ---- */

static psw_status create_lines(hid_t file, const store_layout *what, hid_t scale)
{
    hsize_t extent[2] = {(hsize_t)what->slots, (hsize_t)what->reps};
    hid_t points = H5Dopen2(file, "point", H5P_DEFAULT), space = H5Screate_simple(2, extent, NULL);
    psw_status status = store_column_create(file, &samples, space, points);
    hid_t dataset = status == PSW_OK ? H5Dopen2(file, samples.name, H5P_DEFAULT) : -1;
    if (dataset >= 0 && H5DSattach_scale(dataset, scale, 1) < 0) status = HDF_FAIL("cannot attach dimension rep");
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    H5Dclose(points);
    return status;
}

psw_status store_samples_create(hid_t file, const store_layout *what)
{
    hid_t scale = -1;
    if (what->reps == 0) return PSW_OK;
    psw_status status =
        store_hdf_create_scale(file, "rep", "repetition of a timed forward pass, in order", what->reps, &scale);
    if (status == PSW_OK) status = create_lines(file, what, scale);
    if (scale >= 0) H5Dclose(scale);
    return status;
}

/* ---- opening ---- */

psw_status store_samples_open(hid_t file, const store_layout *what, store_kept_samples *kept)
{
    *kept = (store_kept_samples){-1, what->slots, what->reps};
    if (what->reps == 0) return PSW_OK;
    return store_hdf_open_lines(file, samples.name, store_hdf_type(samples.type), what->slots, what->reps,
                                &kept->dataset);
}

void store_samples_close(store_kept_samples *kept)
{
    if (kept->dataset > 0) H5Dclose(kept->dataset);
    kept->dataset = -1;
}

psw_status store_samples_locate(hid_t file, ptrdiff_t slots, store_index *index, store_raw *out)
{
    hid_t dataset;
    if (H5Lexists(file, samples.name, H5P_DEFAULT) <= 0) return PSW_OK;
    psw_status status = store_hdf_look(file, samples.name, store_hdf_type(samples.type), slots, -1, &dataset);
    if (status == PSW_OK) {
        status = store_hdf_place(dataset, samples.name, index, out);
        if (status == PSW_OK) status = store_column_check(dataset, &samples);
        H5Dclose(dataset);
    }
    return status == PSW_ENVIRONMENT ? PSW_FAIL(PSW_MISMATCH, "kept samples: %s", psw_message()) : status;
}

/* Is there the layout's number for each slot? */
static psw_status check_length(const psw_reader *reader, ptrdiff_t reps)
{
    ptrdiff_t slots = reader->has.slots, count = reader->has.samples.count;
    if (count / slots == reps && count % slots == 0) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s has %td values for %td points, not %td for each", samples.name, count, slots,
                    reps);
}

psw_status store_samples_check(const psw_reader *reader, const store_layout *what)
{
    if (what->reps == 0) return PSW_OK;
    PSW_TRY(store_finding_tell(&reader->has.samples_are));
    if (reader->has.samples.count == 0) return PSW_FAIL(PSW_MISMATCH, "kept samples: %s is missing", samples.name);
    if (check_length(reader, what->reps) == PSW_OK) return PSW_OK;
    return PSW_FAIL(PSW_MISMATCH, "kept samples: %s", psw_message());
}

psw_status psw_reader_samples(psw_reader *reader, const psw_study *study)
{
    store_layout what = store_layout_of(study);
    return store_samples_check(reader, &what);
}

/* ---- lines ---- */

static store_slice line_of(const store_kept_samples *kept, ptrdiff_t slot)
{
    hsize_t all[2] = {(hsize_t)kept->slots, (hsize_t)kept->reps}, from[2] = {(hsize_t)slot, 0}, one[2] = {1, all[1]};
    store_slice line = {H5Screate_simple(2, all, NULL), H5Screate_simple(2, one, NULL)};
    H5Sselect_hyperslab(line.file, H5S_SELECT_SET, from, NULL, one, NULL);
    return line;
}

/* The whole line, so that nothing stays of an earlier attempt. */
psw_status store_samples_put(const store_kept_samples *kept, ptrdiff_t slot, const double *seconds, ptrdiff_t count)
{
    if (kept->dataset < 0 || count > kept->reps)
        return PSW_FAIL(PSW_BUG, "%td samples of slot %td cannot be kept: there is room for %td", count, slot,
                        kept->reps);
    double *line = malloc((size_t)kept->reps * sizeof *line);
    if (!line) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td samples", kept->reps);
    for (ptrdiff_t i = 0; i < kept->reps; i++) line[i] = i < count ? seconds[i] : NAN;
    store_slice at = line_of(kept, slot);
    psw_status status = store_hdf_write(kept->dataset, samples.name, H5T_NATIVE_DOUBLE, at, line);
    store_slice_close(at);
    free(line);
    return status;
}

/* Of a reader that keeps samples. PSW_ENVIRONMENT: not so many of a slot. */
static psw_status read_line(const psw_reader *reader, ptrdiff_t slot, ptrdiff_t reps, double *line)
{
    PSW_TRY(check_length(reader, reps));
    return store_raw_read(reader->file, samples.name, reader->has.samples,
                          (store_raw_part){sizeof *line, slot * reps, reps}, line);
}

psw_status psw_reader_samples_get(psw_reader *reader, const psw_study *study, ptrdiff_t slot, double *seconds,
                                  ptrdiff_t *count)
{
    ptrdiff_t reps = store_samples_reps(study);
    *count = 0;
    if (reps == 0) return PSW_OK;
    PSW_TRY(read_line(reader, slot, reps, seconds));
    while (*count < reps && !isnan(seconds[*count])) ++*count;
    return PSW_OK;
}

psw_status store_samples_sum(psw_reader *reader, ptrdiff_t slot, uint64_t *sum)
{
    ptrdiff_t reps = reader->has.samples.count / reader->has.slots;
    double *line = malloc((size_t)reps * sizeof *line + 1);
    if (!line) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td samples", reps);
    psw_status status = read_line(reader, slot, reps, line);
    if (status == PSW_OK) *sum += psw_content_sum(PSW_CONTENT_SAMPLES, 0, reps, line);
    free(line);
    return status;
}

psw_status store_samples_copy(psw_reader *from, ptrdiff_t from_slot, const store_kept_samples *to, ptrdiff_t slot)
{
    if (to->reps == 0 || from->has.samples.count == 0) return PSW_OK;
    double *line = malloc((size_t)to->reps * sizeof *line);
    if (!line) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td samples", to->reps);
    psw_status status = read_line(from, from_slot, to->reps, line);
    if (status == PSW_OK) status = store_samples_put(to, slot, line, to->reps);
    free(line);
    return status;
}
