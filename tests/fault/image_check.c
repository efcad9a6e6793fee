/* image_check REFERENCE FILE...: a line for each file, which slots a resumed run would leave alone and whether they are
 * what REFERENCE holds: "FILE 0110 2 WHY" for slots 1 and 2 done and 2 values wrong; "FILE - 0 WHY" if it is refused. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/store.h"

typedef struct file {
    psw_reader *reader;
    psw_record *records;
    psw_study *study;
} file;

static psw_status open_all(const char *path, file *f)
{
    *f = (file){0};
    PSW_TRY(psw_reader_open(path, &f->reader));
    PSW_TRY(psw_study_stored(f->reader, path, &f->study));
    ptrdiff_t slots = psw_reader_slots(f->reader);
    f->records = malloc((size_t)slots * sizeof *f->records);
    return psw_reader_get_whole(f->reader, 0, slots, f->records);
}

static void close_all(file *f)
{
    if (f->reader) psw_reader_close(f->reader);
    if (f->study) psw_study_free(f->study);
    free(f->records);
}

static ptrdiff_t columns_wrong(const file *a, const file *b, ptrdiff_t slot, char why[80])
{
    ptrdiff_t wrong = 0;
    psw_column list[PSW_COLUMNS_MAX];
    ptrdiff_t count = psw_columns_of(a->study, list);
    for (ptrdiff_t i = 0; i < count; i++) {
        uint64_t x = 0, y = 0;
        psw_column_pack(&list[i], &a->records[slot], 1, &x);
        psw_column_pack(&list[i], &b->records[slot], 1, &y);
        if (x == y || strcmp(list[i].name, "launch") == 0) continue;
        psw_format(why, 80, "slot %td %s", slot, list[i].name);
        wrong++;
    }
    return wrong;
}

static psw_status kept(const file *f, ptrdiff_t slot, double *out, ptrdiff_t *count)
{
    const psw_point *point = &f->records[slot].point;
    ptrdiff_t n = psw_method_computes(point->method) ? psw_data_queries(point) : 0, samples = 0;
    *count = 0;
    for (ptrdiff_t set = 0; n > 0 && set < psw_data_sets(point) && psw_study_settings(f->study)->keep_rows; set++) {
        psw_kept_rows rows = {out + *count, out + *count + n, out + *count + 2 * n};
        PSW_TRY(psw_reader_rows_get(f->reader, slot, point, (psw_row_span){set, 0, n}, rows));
        *count += n * (2 + point->v);
    }
    PSW_TRY(psw_reader_samples_get(f->reader, f->study, slot, out + *count, &samples));
    *count += samples;
    return PSW_OK;
}

/* Rows, samples, and what the launch was. */
static ptrdiff_t rest_wrong(const file *a, const file *b, ptrdiff_t slot, char why[80])
{
    static double x[1 << 20], y[1 << 20];
    ptrdiff_t nx = 0, ny = 0;
    psw_launch la, lb;
    bool same = kept(a, slot, x, &nx) == PSW_OK && kept(b, slot, y, &ny) == PSW_OK && nx == ny &&
                memcmp(x, y, (size_t)nx * sizeof *x) == 0;
    if (!same) psw_format(why, 80, "slot %td rows or samples", slot);
    bool launched = psw_reader_launch(a->reader, a->records[slot].slot.launch, &la) == PSW_OK &&
                    psw_reader_launch(b->reader, b->records[slot].slot.launch, &lb) == PSW_OK &&
                    strcmp(la.started, lb.started) == 0 && strcmp(la.hosts, lb.hosts) == 0 &&
                    strcmp(la.blas_kernel, lb.blas_kernel) == 0 && la.ranks == lb.ranks;
    if (!launched) psw_format(why, 80, "slot %td launch", slot);
    return !same + !launched;
}

static void compare(const file *reference, const char *path)
{
    file image;
    char why[80] = "";
    ptrdiff_t wrong = 0;
    psw_status status = open_all(path, &image);
    if (status != PSW_OK) {
        printf("%s - 0 %s\n", path, psw_message());
        close_all(&image);
        return;
    }
    printf("%s ", path);
    for (ptrdiff_t slot = 0; slot < psw_reader_slots(image.reader); slot++) {
        bool done = image.records[slot].slot.status == PSW_SLOT_DONE;
        putchar(done ? '1' : '0');
        if (!done) continue;
        wrong += columns_wrong(reference, &image, slot, why);
        wrong += rest_wrong(reference, &image, slot, why);
    }
    printf(" %td %s\n", wrong, why);
    close_all(&image);
}

int main(int argc, char **argv)
{
    file reference;
    psw_store_environment();
    if (argc < 3 || open_all(argv[1], &reference) != PSW_OK) {
        fprintf(stderr, "%s\n", psw_message());
        return 2;
    }
    for (int i = 2; i < argc; i++) compare(&reference, argv[i]);
    close_all(&reference);
    return 0;
}
