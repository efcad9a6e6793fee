#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "sketch/map.h"

/* Beyond this no sketch means anything, and the tree has as many nodes. */
static const double degree_max = 65536;

static const char *word_of(const psw_point *point)
{
    return psw_method_facts_of(point->method)->word;
}

psw_status sketch_check_degree(const psw_point *point, int least)
{
    double beta = point->beta;
    const char *method = word_of(point);
    if (!(beta >= least))
        return PSW_FAIL(PSW_USAGE, "%s: beta = %g: a sketch needs a degree of at least %d", method, beta, least);
    if (beta != floor(beta))
        return PSW_FAIL(PSW_USAGE, "%s: beta = %g: a sketch needs a whole degree; method %s accepts real degrees",
                        method, beta, psw_method_facts_of(psw_method_of_kernel(PSW_KERNEL_POWER))->word);
    if (beta > degree_max) return PSW_FAIL(PSW_USAGE, "%s: beta = %g is above %g", method, beta, degree_max);
    return PSW_OK;
}

psw_status sketch_check_size(const psw_point *point)
{
    ptrdiff_t r = point->r, features = point->features;
    const char *method = word_of(point);
    if (r == 0 && features == 0) return PSW_FAIL(PSW_USAGE, "%s needs a size: give r or features", method);
    if (r < 0 || features < 0)
        return PSW_FAIL(PSW_USAGE, "%s: %s = %td: a sketch has at least 1 column", method, r < 0 ? "r" : "features",
                        r < 0 ? r : features);
    if (r > INT_MAX || features > INT_MAX)
        return PSW_FAIL(PSW_USAGE, "%s: %s = %td is above %d", method, r > INT_MAX ? "r" : "features",
                        r > INT_MAX ? r : features, INT_MAX);
    if (point->is_complex && features % 2 != 0)
        return PSW_FAIL(PSW_USAGE, "%s: features = %td: a complex column is two features; nearest: %td or %td", method,
                        features, features - 1, features + 1);
    if (r > 0 && features > 0 && (double)features != sketch_features(point))
        return PSW_FAIL(PSW_USAGE, "%s: r = %td makes %.0f features, not %td; give one of the two", method, r,
                        sketch_features(point), features);
    return PSW_OK;
}

psw_status sketch_check_columns(const psw_point *point)
{
    PSW_TRY(sketch_check_degree(point, 1));
    return sketch_check_size(point);
}

static void in_words(double bytes, char *text, size_t size)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB", "PiB"};
    int unit = 0;
    while (bytes >= 1024 && unit < 5) bytes /= 1024, unit++;
    psw_format(text, size, unit ? "%.1f %s" : "%.0f %s", bytes, units[unit]);
}

static psw_status too_big(const psw_point *point, const char *limit)
{
    char size[48];
    in_words(psw_sketch_state_bytes(point), size, sizeof size);
    bool ordered = point->order > 0;
    return PSW_FAIL(PSW_NO_MEMORY,
                    "%s = %g in d = %td has %.0f features: with v = %td one state is %.0f bytes (%s), %s",
                    ordered ? "order" : "beta", ordered ? (double)point->order : point->beta, point->d,
                    sketch_features(point), point->v, psw_sketch_state_bytes(point), size, limit);
}

psw_status psw_sketch_fits(const psw_point *point, double bytes)
{
    char size[48], limit[96];
    if (psw_sketch_state_bytes(point) <= bytes) return PSW_OK;
    in_words(bytes, size, sizeof size);
    psw_format(limit, sizeof limit, "more than the %s there are", size);
    return too_big(point, limit);
}

psw_status psw_sketch_check(const psw_point *point)
{
    const char *method = psw_word(PSW_WORDS_METHOD, (int)point->method);
    if (!psw_sketch_has(point)) return PSW_FAIL(PSW_USAGE, "method %s has no feature map", method);
    if (point->d < 1) return PSW_FAIL(PSW_USAGE, "%s: d = %td: rows have at least one column", method, point->d);
    const sketch_map *map = sketch_map_of_method(point->method);
    if (map->check) PSW_TRY(map->check(point));
    if (sketch_features(point) > INT_MAX) return too_big(point, "too wide for a matrix product");
    return PSW_OK;
}

static psw_status check_array(const psw_array *array, const char *fallback, ptrdiff_t rows, ptrdiff_t cols,
                              bool optional)
{
    const char *name = array->name ? array->name : fallback;
    if (!array->at && optional) return PSW_OK;
    if (!array->at) return PSW_FAIL(PSW_USAGE, "weights: %s is missing; it should be %td x %td", name, rows, cols);
    if (array->rows != rows || array->cols != cols)
        return PSW_FAIL(PSW_USAGE, "weights: %s is %td x %td, but the point needs %td x %td", name, array->rows,
                        array->cols, rows, cols);
    for (ptrdiff_t i = 0; i < rows * cols; i++)
        if (!isfinite(array->at[i]))
            return PSW_FAIL(PSW_USAGE, "weights: %s holds %g in row %td, column %td", name, array->at[i], i / cols,
                            i % cols);
    return PSW_OK;
}

psw_status psw_weights_check(const psw_point *point, const psw_weights *weights)
{
    ptrdiff_t r = psw_sketch_shape_of(point).r;
    for (int stack = 0; stack < 2; stack++)
        for (int level = 0; level < 2; level++) {
            ptrdiff_t in = level == 0 ? psw_point_width(point) : r;
            char names[4][40];
            static const char *const parts[] = {"gain", "shift", "up", "down"};
            for (int i = 0; i < 4; i++)
                psw_format(names[i], sizeof names[i], "%s of stack %d, level %d", parts[i], stack + 1, level + 1);
            PSW_TRY(check_array(&weights->level[stack][level].gain, names[0], 1, in, true));
            PSW_TRY(check_array(&weights->level[stack][level].shift, names[1], 1, in, true));
            PSW_TRY(check_array(&weights->level[stack][level].up, names[2], in, 8 * r, false));
            PSW_TRY(check_array(&weights->level[stack][level].down, names[3], 8 * r, r, false));
        }
    return PSW_OK;
}
