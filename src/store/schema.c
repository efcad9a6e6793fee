/* Does a file hold what its schema promises? */
#include "store/store.h"

#include <string.h>

static psw_status check_text(hid_t object, const char *column, const char *name, const char *expected)
{
    char text[PSW_COLUMN_TEXT];
    if (!store_hdf_get_text_attribute(object, name, text, sizeof text) || text[0] == '\0')
        return PSW_FAIL(PSW_MISMATCH, "column %s has no attribute %s", column, name);
    if (expected && strcmp(text, expected) != 0)
        return PSW_FAIL(PSW_MISMATCH, "column %s has %s \"%s\" instead of \"%s\"", column, name, text, expected);
    return PSW_OK;
}

static psw_status check_codes(hid_t dataset, const psw_column *column)
{
    uint8_t values[256];
    ptrdiff_t count = 0;
    char meanings[1024];
    if (!store_hdf_get_numbers(dataset, "flag_values", H5T_STD_U8LE, sizeof values, values, &count) ||
        !store_hdf_get_text_attribute(dataset, "flag_meanings", meanings, sizeof meanings))
        return PSW_FAIL(PSW_MISMATCH, "column %s has no meanings for its codes", column->name);
    ptrdiff_t code = 0; /* an older file may know fewer words */
    for (char *rest = meanings, *word; (word = strtok_r(NULL, " ", &rest)) != NULL; code++) {
        const char *ours = psw_word((psw_vocabulary)column->vocabulary, (int)code);
        if (code >= count || values[code] != code || !ours || strcmp(word, ours) != 0)
            return PSW_FAIL(PSW_MISMATCH, "code %td of column %s means \"%s\"", code, column->name, word);
    }
    return code == count ? PSW_OK : PSW_FAIL(PSW_MISMATCH, "column %s has codes without words", column->name);
}

psw_status store_column_check(hid_t dataset, const psw_column *column)
{
    if (dataset < 0 && column->younger) return PSW_OK; /* the file is older */
    if (dataset < 0) return PSW_FAIL(PSW_MISMATCH, "column %s is missing", column->name);
    PSW_TRY(check_text(dataset, column->name, "units", column->units));
    PSW_TRY(check_text(dataset, column->name, "long_name", NULL));
    /* an older file may promise too much, as for errors of sketches */
    PSW_TRY(check_text(dataset, column->name, "reproducibility", column->bitwise ? "bitwise" : NULL));
    bool fill = H5Aexists(dataset, "_FillValue") > 0;
    if (fill != (column->type == PSW_F8))
        return PSW_FAIL(PSW_MISMATCH, "column %s %s attribute _FillValue", column->name,
                        fill ? "must not have" : "lacks");
    if (H5Aexists(dataset, "DIMENSION_LIST") <= 0) /* not read: references of a damaged file lead HDF5 astray */
        return PSW_FAIL(PSW_MISMATCH, "column %s has no dimension scale", column->name);
    return column->vocabulary < 0 ? PSW_OK : check_codes(dataset, column);
}

psw_status store_schema_check(hid_t file, const psw_column_set *all, const hid_t *datasets)
{
    psw_status status = PSW_OK;
    hid_t scale = H5Dopen2(file, "point", H5P_DEFAULT);
    char class[32];
    if (!store_hdf_get_text_attribute(scale, "CLASS", class, sizeof class) || strcmp(class, "DIMENSION_SCALE") != 0)
        status = PSW_FAIL(PSW_MISMATCH, "point is not a dimension scale");
    for (ptrdiff_t i = 0; status == PSW_OK && i < all->count; i++)
        status = store_column_check(datasets[i], &all->list[i]);
    H5Dclose(scale);
    return status;
}

psw_status store_finding_tell(const store_finding *what)
{
    return what->status == PSW_OK ? PSW_OK : PSW_FAIL(what->status, "%s", what->message);
}

psw_status psw_reader_schema(psw_reader *reader)
{
    return store_finding_tell(&reader->has.schema);
}
