/* base: text from elsewhere, made plain for people: names, titles and messages that files, locks, sidecars, other
 * programs and command lines bring.
 *
 * A terminal obeys control characters, and bidirectional ones make it show another order than is there. So none of
 * them is printed: where a text is put into a message (psw_fail_at), a table (psw_table_row) or any output for people
 * (psw_print), each of them and each byte that is no UTF-8 is written out, as in \x1b, \u202e, \xff. Text that is plain
 * stays as it is. */
#ifndef POLYSWEEP_PLAIN_H
#define POLYSWEEP_PLAIN_H

#include <stdarg.h>
#include <stdio.h>

#include "polysweep/base.h"

/* The character at `at`, which is not the end: how many bytes it takes, and its code; bytes that are no UTF-8 count one
 * by one, each as U+FFFD. */
size_t psw_character_read(const char *at, unsigned *code);
/* C0 with line ends, DEL, C1, line and paragraph separators, bidirectional marks, the byte order mark. */
bool psw_character_obeyed(unsigned code);

/* `text` made plain; false if it was cut, which is done between characters. */
bool psw_plain_text(const char *text, char *out, size_t size);

/* printf formats whose %s are made plain one by one: line ends of the format itself stay. %n, %ls, %lc and %Lf are not
 * known. False if the text was cut. */
bool psw_plain_format(char *out, size_t size, const char *format, va_list arguments);
void psw_print(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
