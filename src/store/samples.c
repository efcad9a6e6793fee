/* Every repetition of a time: time_s(point, rep). A line of a slot has room for time.max_reps numbers, in the order in
 * which they came, NaN behind the last. */
#include <hdf5_hl.h>
#include <math.h>
#include <stdlib.h>

#include "store/store.h"

static const psw_column samples = {
    "time_s", "s", "one forward pass of one data set, every repetition", PSW_F8, false, {INFINITY, INFINITY}, -1, 0};

double samples_bytes(const layout *what)
{
    return what->reps > 0 ? (double)sizeof(double) * (double)what->reps * (double)(what->slots + 1) : 0; /* and `rep` */
}

/* ---- creating ---- */

static psw_status write_scale(hid_t scale, ptrdiff_t reps)
{
    int64_t *numbers = malloc((size_t)reps * sizeof *numbers);
    if (!numbers) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td repetitions", reps);
    for (ptrdiff_t i = 0; i < reps; i++) numbers[i] = i;
    psw_status status = PSW_OK;
    if (H5Dwrite(scale, H5T_STD_I64LE, H5S_ALL, H5S_ALL, H5P_DEFAULT, numbers) < 0)
        status = HDF_FAIL("cannot write the repetitions' numbers");
    free(numbers);
    return status;
}

static psw_status create_scale(hid_t file, ptrdiff_t reps, hid_t *scale)
{
    hsize_t extent = (hsize_t)reps;
    hid_t space = H5Screate_simple(1, &extent, NULL);
    *scale = H5Dcreate2(file, "rep", H5T_STD_I64LE, space, H5P_DEFAULT, H5P_DEFAULT, H5P_DEFAULT);
    H5Sclose(space);
    if (*scale < 0) return HDF_FAIL("cannot create dimension rep");
    PSW_TRY(hdf_put_text(*scale, "units", "1"));
    PSW_TRY(hdf_put_text(*scale, "long_name", "repetition of a timed forward pass, in order"));
    PSW_TRY(write_scale(*scale, reps));
    return H5DSset_scale(*scale, "rep") < 0 ? HDF_FAIL("cannot make dimension rep") : PSW_OK;
}

static psw_status create_lines(hid_t file, const layout *what, hid_t scale)
{
    hsize_t extent[2] = {(hsize_t)what->slots, (hsize_t)what->reps};
    hid_t points = H5Dopen2(file, "point", H5P_DEFAULT), space = H5Screate_simple(2, extent, NULL);
    psw_status status = column_create(file, &samples, space, points);
    hid_t dataset = status == PSW_OK ? H5Dopen2(file, samples.name, H5P_DEFAULT) : -1;
    if (dataset >= 0 && H5DSattach_scale(dataset, scale, 1) < 0) status = HDF_FAIL("cannot attach dimension rep");
    if (dataset >= 0) H5Dclose(dataset);
    H5Sclose(space);
    H5Dclose(points);
    return status;
}

psw_status samples_create(hid_t file, const layout *what)
{
    hid_t scale = -1;
    if (what->reps == 0) return PSW_OK;
    psw_status status = create_scale(file, what->reps, &scale);
    if (status == PSW_OK) status = create_lines(file, what, scale);
    if (scale >= 0) H5Dclose(scale);
    return status;
}

/* ---- opening ---- */

psw_status samples_open(hid_t file, const layout *what, kept_samples *kept)
{
    *kept = (kept_samples){-1, what->slots, what->reps};
    if (what->reps == 0) return PSW_OK;
    return hdf_open_lines(file, samples.name, hdf_type(samples.type), what->slots, what->reps, &kept->dataset);
}

void samples_close(kept_samples *kept)
{
    if (kept->dataset > 0) H5Dclose(kept->dataset);
    kept->dataset = -1;
}

psw_status samples_check(hid_t file, const layout *what)
{
    kept_samples kept;
    psw_status status = samples_open(file, what, &kept);
    if (status != PSW_OK) return PSW_FAIL(PSW_MISMATCH, "kept samples: %s", psw_message());
    if (what->reps > 0) status = column_check(kept.dataset, &samples);
    samples_close(&kept);
    return status;
}

psw_status psw_reader_samples(psw_reader *reader, const psw_study *study)
{
    layout what = layout_of(study);
    return samples_check(reader->file, &what);
}

/* ---- lines ---- */

static slice line_of(const kept_samples *kept, ptrdiff_t slot)
{
    hsize_t all[2] = {(hsize_t)kept->slots, (hsize_t)kept->reps}, from[2] = {(hsize_t)slot, 0}, one[2] = {1, all[1]};
    slice line = {H5Screate_simple(2, all, NULL), H5Screate_simple(2, one, NULL)};
    H5Sselect_hyperslab(line.file, H5S_SELECT_SET, from, NULL, one, NULL);
    return line;
}

/* The whole line, so that nothing stays of an earlier attempt. */
psw_status samples_put(const kept_samples *kept, ptrdiff_t slot, const double *seconds, ptrdiff_t count)
{
    if (kept->dataset < 0 || count > kept->reps)
        return PSW_FAIL(PSW_BUG, "%td samples of slot %td were to be kept, there is room for %td", count, slot,
                        kept->reps);
    double *line = malloc((size_t)kept->reps * sizeof *line);
    if (!line) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td samples", kept->reps);
    for (ptrdiff_t i = 0; i < kept->reps; i++) line[i] = i < count ? seconds[i] : NAN;
    slice at = line_of(kept, slot);
    psw_status status = hdf_write(kept->dataset, samples.name, H5T_NATIVE_DOUBLE, at, line);
    slice_close(at);
    free(line);
    return status;
}

static psw_status read_line(const kept_samples *kept, ptrdiff_t slot, double *line)
{
    slice at = line_of(kept, slot);
    psw_status status = hdf_read(kept->dataset, samples.name, H5T_NATIVE_DOUBLE, at, line);
    slice_close(at);
    return status;
}

psw_status psw_reader_samples_get(psw_reader *reader, const psw_study *study, ptrdiff_t slot, double *seconds,
                                  ptrdiff_t *count)
{
    layout what = layout_of(study);
    kept_samples kept;
    *count = 0;
    PSW_TRY(samples_open(reader->file, &what, &kept));
    if (what.reps == 0) return PSW_OK;
    psw_status status = read_line(&kept, slot, seconds);
    samples_close(&kept);
    while (status == PSW_OK && *count < what.reps && !isnan(seconds[*count])) ++*count;
    return status;
}

static psw_status copy_line(const kept_samples *from, ptrdiff_t from_slot, const kept_samples *to, ptrdiff_t slot)
{
    double *line = malloc((size_t)from->reps * sizeof *line);
    if (!line) return PSW_FAIL(PSW_NO_MEMORY, "no memory for %td samples", from->reps);
    psw_status status = read_line(from, from_slot, line);
    if (status == PSW_OK) status = samples_put(to, slot, line, to->reps);
    free(line);
    return status;
}

psw_status samples_copy(psw_reader *from, ptrdiff_t from_slot, const kept_samples *to, ptrdiff_t slot)
{
    kept_samples kept = {-1, from->slots, to->reps};
    if (to->reps == 0 || H5Lexists(from->file, samples.name, H5P_DEFAULT) <= 0) return PSW_OK;
    PSW_TRY(hdf_open_lines(from->file, samples.name, hdf_type(samples.type), kept.slots, kept.reps, &kept.dataset));
    psw_status status = copy_line(&kept, from_slot, to, slot);
    samples_close(&kept);
    return status;
}
