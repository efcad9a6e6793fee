#include "polysweep/text.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

size_t psw_number_length(const char *text)
{
    size_t whole = strspn(text, "0123456789"), at = whole, fraction = 0;
    if (text[at] == '.') {
        fraction = strspn(text + at + 1, "0123456789");
        at += fraction + 1;
    }
    if (whole + fraction == 0) return 0;
    if (text[at] == 'e' || text[at] == 'E') {
        size_t sign = text[at + 1] == '+' || text[at + 1] == '-';
        size_t digits = strspn(text + at + 1 + sign, "0123456789");
        if (digits) at += 1 + sign + digits;
    }
    return at;
}

bool psw_number_read(const char *text, double *value)
{
    size_t sign = text[0] == '-' || text[0] == '+';
    size_t length = psw_number_length(text + sign);
    if (length == 0 || text[sign + length]) return false;
    *value = strtod(text, NULL) + 0.0; /* -0 becomes 0 */
    return isfinite(*value);
}

/* The number is 0.DIGITS times ten to the power `point`: the digits from the first that is not 0 are those of the
 * value, followed by zeros alone. */
bool psw_number_exact(const char *text, double value)
{
    char wanted[32];
    const char *at = text + (text[0] == '-' || text[0] == '+');
    size_t mantissa = strcspn(at, "eE");
    long power = at[mantissa] ? strtol(at + mantissa + 1, NULL, 10) : 0, most = 1 << 20, seen = 0;
    long point = (long)strcspn(at, ".eE") + (power > most ? most : power < -most ? -most : power);
    psw_format(wanted, sizeof wanted, "%.0f", value);
    for (size_t i = 0; i < mantissa; i++) {
        if (at[i] == '.') continue;
        if (seen == 0 && at[i] == '0') {
            point--;
        } else if (at[i] != (seen < (long)strlen(wanted) ? wanted[seen] : '0')) {
            return false;
        } else {
            seen++;
        }
    }
    while (seen > 0 && wanted[seen] == '0') seen++;
    return value == 0 ? seen == 0 : point == (long)strlen(wanted) && seen >= point;
}

psw_number psw_number_print(double value)
{
    psw_number number;
    psw_format(number.text, sizeof number.text, "%.15g", value);
    if (!isnan(value) && strtod(number.text, NULL) != value)
        psw_format(number.text, sizeof number.text, "%.17g", value);
    return number;
}

typedef struct unit {
    const char *name;
    double factor;
} unit;

static const unit *unit_at(const unit *units, const char *text, size_t *length)
{
    *length = 0;
    while (isalpha((unsigned char)text[*length])) ++*length;
    for (const unit *u = units; u->name; u++)
        if (strlen(u->name) == *length && strncmp(u->name, text, *length) == 0) return u;
    return NULL;
}

psw_status psw_parse_duration(const char *text, double *seconds)
{
    static const unit units[] = {{"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}, {"ms", 1e-3}, {NULL, 0}};
    double sum = 0;
    size_t at = 0, length;
    while (text[at]) {
        size_t digits = psw_number_length(text + at);
        const unit *u = unit_at(units, text + at + digits, &length);
        if (!digits || !u) break;
        sum += strtod(text + at, NULL) * u->factor;
        at += digits + length;
    }
    if (at == 0 || text[at] || !isfinite(sum))
        return PSW_FAIL(PSW_USAGE, "'%s' is not a duration; write 30s, 5m, 2h or 1h30m", psw_show(text).text);
    *seconds = sum;
    return PSW_OK;
}

psw_status psw_parse_size(const char *text, double *bytes)
{
    static const unit units[] = {{"", 1},         {"K", 1e3},      {"M", 1e6},      {"G", 1e9},      {"T", 1e12},
                                 {"Ki", 0x1p10},  {"Mi", 0x1p20},  {"Gi", 0x1p30},  {"Ti", 0x1p40},  {"B", 1},
                                 {"kB", 1e3},     {"KB", 1e3},     {"MB", 1e6},     {"GB", 1e9},     {"TB", 1e12},
                                 {"KiB", 0x1p10}, {"MiB", 0x1p20}, {"GiB", 0x1p30}, {"TiB", 0x1p40}, {"PiB", 0x1p50},
                                 {"bytes", 1},    {NULL, 0}};
    size_t digits = psw_number_length(text), blanks = strspn(text + digits, " "), length;
    const unit *u = unit_at(units, text + digits + blanks, &length);
    bool whole = digits && u && !text[digits + blanks + length] && (length || !blanks);
    double size = whole ? strtod(text, NULL) * u->factor : NAN;
    if (!isfinite(size))
        return PSW_FAIL(PSW_USAGE, "'%s' is not a size; write 512M, 1.5 GiB or a number of bytes", psw_show(text).text);
    *bytes = size;
    return PSW_OK;
}
