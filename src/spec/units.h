/* Numbers as texts: strict reading, and the shortest writing that reads back to the same bits. */
#ifndef SPEC_UNITS_H
#define SPEC_UNITS_H

#include <stdbool.h>
#include <stddef.h>

#define PSW_WHOLE_MAX 9007199254740992.0 /* 2^53: whole numbers up to here are exact in a double */

/* Length of the decimal number at the start of `text` (digits, point, exponent; no sign), 0 if there is none. */
size_t psw_number_length(const char *text);
bool psw_number_read(const char *text, double *value); /* the whole text, with an optional sign; finite */
/* Is a text that was read as the whole number `value` (0 .. 2^53) exactly that number, or was it rounded? */
bool psw_number_exact(const char *text, double value);

typedef struct psw_number {
    char text[32];
} psw_number;
psw_number psw_number_print(double value);

#endif
