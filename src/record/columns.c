#include <math.h>
#include <stdio.h>
#include <string.h>

#include "polysweep/record.h"

enum { none, bitwise };

static const psw_column fixed[] = {
#define PSW_YOUNGER(name, type, member, units, long_name, kept, fp64, fp32, vocabulary, plain)                         \
    {#name, units, long_name, PSW_##type, kept == bitwise, {fp64, fp32}, vocabulary, offsetof(psw_record, member),     \
     true,  plain},
#define PSW_COLUMN(name, type, member, units, long_name, kept, fp64, fp32, vocabulary)                                 \
    {#name, units, long_name, PSW_##type, kept == bitwise, {fp64, fp32}, vocabulary, offsetof(psw_record, member),     \
     false, NAN},
#include "record/columns.def"
#undef PSW_COLUMN
};

/* a column's type is its member's, and its texts are of a length that files are read with */
#define PSW_COLUMN(name, type, member, units, long_name, ...)                                                          \
    _Static_assert(_Generic(((psw_record *)0)->member, double                                                          \
                            : PSW_F8, ptrdiff_t                                                                        \
                            : PSW_I8, uint64_t                                                                         \
                            : PSW_U8, default                                                                          \
                            : PSW_U1) == PSW_##type,                                                                   \
                   #name);                                                                                             \
    _Static_assert(sizeof #name <= PSW_COLUMN_NAME && sizeof(units) <= PSW_COLUMN_TEXT &&                              \
                       sizeof(long_name) <= PSW_COLUMN_TEXT,                                                           \
                   "texts of " #name);
#include "record/columns.def"
#undef PSW_COLUMN
_Static_assert(offsetof(psw_record, point) == 0, "parameters are recognised by their offset");

static const ptrdiff_t fixed_count = sizeof fixed / sizeof *fixed;
_Static_assert(sizeof fixed / sizeof *fixed + PSW_OWN_MAX + PSW_PREDICT_MAX <= PSW_COLUMNS_MAX, "room for all columns");

const psw_column *psw_columns(ptrdiff_t *count)
{
    *count = fixed_count;
    return fixed;
}

/* ---- columns of a study ---- */

static psw_column float_column(const char *prefix, const char *name, const char *long_name, size_t offset)
{
    psw_column column = {"", "1", long_name, PSW_F8, true, {0, 0}, -1, offset, false, NAN};
    psw_format(column.name, sizeof column.name, "%s%s", prefix, name);
    return column;
}

/* `claims`: as psw_study_claims; NULL: not known. */
static ptrdiff_t columns_list(const char *const *own, ptrdiff_t owns, const char *const *predict, ptrdiff_t predicts,
                              const char *const *claims, psw_column *list)
{
    static const char *const predicted[] = {"critical degree as the study predicts it",
                                            "1 where the study claims something, 0 elsewhere"};
    ptrdiff_t count = fixed_count;
    memcpy(list, fixed, sizeof fixed);
    for (ptrdiff_t i = 0; i < owns; i++)
        list[count++] = float_column("", own[i], "axis of the study's own",
                                     offsetof(psw_record, point.own) + (size_t)i * sizeof(double));
    for (ptrdiff_t i = 0; i < predicts; i++) {
        list[count] = float_column("predict_", predict[i], predicted[claims && claims[i]],
                                   offsetof(psw_record, predict) + (size_t)i * sizeof(double));
        list[count].other[0] = list[count].other[1] = 1e-12; /* other mathematical libraries */
        count++;
    }
    return count;
}

ptrdiff_t psw_columns_of(const psw_study *study, psw_column list[PSW_COLUMNS_MAX])
{
    const char *const *own, *const *predict;
    ptrdiff_t owns = psw_study_own(study, &own), predicts = psw_study_predict(study, &predict);
    return columns_list(own, owns, predict, predicts, psw_study_claims(study), list);
}

static ptrdiff_t position(const psw_column_set *all, size_t offset)
{
    ptrdiff_t i = 0;
    while (all->list[i].offset != offset) i++;
    return i;
}

void psw_column_set_make(const char *const *own, ptrdiff_t owns, const char *const *predict, ptrdiff_t predicts,
                         const char *const *claims, psw_column_set *out)
{
    out->count = columns_list(own, owns, predict, predicts, claims, out->list);
    for (ptrdiff_t i = 0; i < out->count; i++) {
        out->salt[i] = psw_hash_text(0, out->list[i].name);
        out->absent[i] = false;
    }
    out->commit = position(out, offsetof(psw_record, slot.commit));
    out->launch = position(out, offsetof(psw_record, slot.launch));
    out->status = position(out, offsetof(psw_record, slot.status));
    out->attempt = position(out, offsetof(psw_record, slot.attempt));
    out->deaths = position(out, offsetof(psw_record, slot.deaths));
    out->asked = position(out, offsetof(psw_record, slot.asked));
    out->data_draws = position(out, offsetof(psw_record, point.data_draws));
    out->random_version = position(out, offsetof(psw_record, slot.random_version));
}

bool psw_column_parameter(const psw_column *column)
{
    return column->offset < sizeof(psw_point);
}

/* ---- values ---- */

size_t psw_column_bytes(const psw_column *column)
{
    return column->type == PSW_U1 ? 1 : 8;
}

ptrdiff_t psw_column_words(const psw_column *column)
{
    int count = 0;
    if (column->vocabulary < 0) return 0;
    while (psw_word((psw_vocabulary)column->vocabulary, count)) count++;
    return count;
}

static const void *member(const psw_column *column, const psw_record *record)
{
    return (const char *)record + column->offset;
}

/* Reasons of failure are statuses in a record and words of their vocabulary in the file. */
static uint8_t code_of(const psw_column *column, const psw_record *record)
{
    int code;
    memcpy(&code, member(column, record), sizeof code);
    if (column->vocabulary == PSW_WORDS_ERROR) code = psw_error_code((psw_status)code);
    return (uint8_t)code;
}

static psw_status status_of(int code)
{
    const char *word = psw_word(PSW_WORDS_ERROR, code);
    if (code == 0) return PSW_OK;
    for (int status = 1; word && status <= PSW_STOPPED; status++)
        if (strcmp(psw_status_word((psw_status)status), word) == 0) return (psw_status)status;
    return PSW_BUG;
}

static void set_code(const psw_column *column, uint8_t stored, psw_record *record)
{
    int code = column->vocabulary < 0 || stored < psw_column_words(column) ? stored : 0; /* no word: a damaged slot */
    if (column->vocabulary == PSW_WORDS_ERROR) code = (int)status_of(code);
    memcpy((char *)record + column->offset, &code, sizeof code);
}

void psw_column_pack(const psw_column *column, const psw_record *records, ptrdiff_t count, void *buffer)
{
    if (column->type == PSW_U1) {
        for (ptrdiff_t i = 0; i < count; i++) ((uint8_t *)buffer)[i] = code_of(column, records + i);
        return;
    }
    for (ptrdiff_t i = 0; i < count; i++) memcpy((char *)buffer + 8 * i, member(column, records + i), 8);
}

void psw_column_unpack(const psw_column *column, const void *buffer, ptrdiff_t count, psw_record *records)
{
    if (column->type == PSW_U1) {
        for (ptrdiff_t i = 0; i < count; i++) set_code(column, ((const uint8_t *)buffer)[i], records + i);
        return;
    }
    for (ptrdiff_t i = 0; i < count; i++)
        memcpy((char *)(records + i) + column->offset, (const char *)buffer + 8 * i, 8);
}

/* ---- records, one value at a time ---- */

psw_record psw_record_blank(const psw_point *point)
{
    psw_record record = {.point = *point};
    for (ptrdiff_t i = 0; i < fixed_count; i++)
        if (fixed[i].type == PSW_F8 && !psw_column_parameter(&fixed[i])) {
            double nothing = NAN;
            memcpy((char *)&record + fixed[i].offset, &nothing, sizeof nothing);
        }
    for (int i = 0; i < PSW_PREDICT_MAX; i++) record.predict[i] = NAN;
    return record;
}

void psw_column_put_plain(const psw_column *column, psw_record *record)
{
    double real = column->plain;
    if (!column->younger || isnan(real)) return;
    int64_t whole = (int64_t)real;
    uint8_t code = (uint8_t)whole;
    const void *const packed[] = {[PSW_F8] = &real, [PSW_I8] = &whole, [PSW_U8] = &whole, [PSW_U1] = &code};
    psw_column_unpack(column, packed[column->type], 1, record);
}

int psw_column_vocabulary(const psw_column *column)
{
    if (strcmp(column->name, "team_asked") == 0) return PSW_WORDS_TEAM;
    if (strcmp(column->name, "weights") == 0) return PSW_WORDS_WEIGHTS;
    return column->vocabulary;
}

double psw_column_value(const psw_column *column, const psw_record *record)
{
    const void *at = member(column, record);
    switch (column->type) {
    case PSW_F8: return *(const double *)at;
    case PSW_I8: return (double)*(const ptrdiff_t *)at;
    case PSW_U8: return (double)*(const uint64_t *)at;
    case PSW_U1: return code_of(column, record);
    }
    return NAN;
}

/* The shortest of 15 to 17 digits that reads back as the same number. */
static void float_text(double value, char *text, size_t size)
{
    text[0] = '\0';
    if (isnan(value)) return;
    for (int digits = 15; digits <= 17; digits++) {
        double back = 0;
        psw_format(text, size, "%.*g", digits, value);
        if (sscanf(text, "%lf", &back) == 1 && back == value) return;
    }
}

void psw_column_text(const psw_column *column, const psw_record *record, char *text, size_t size)
{
    const void *at = member(column, record);
    int code;
    switch (column->type) {
    case PSW_F8: float_text(*(const double *)at, text, size); return;
    case PSW_I8: psw_format(text, size, "%td", *(const ptrdiff_t *)at); return;
    case PSW_U8: psw_format(text, size, "%llu", (unsigned long long)*(const uint64_t *)at); return;
    case PSW_U1:
        code = code_of(column, record);
        if (code < psw_column_words(column))
            psw_format(text, size, "%s", psw_word((psw_vocabulary)column->vocabulary, code));
        else
            psw_format(text, size, "%d", code);
    }
}
