/* measure/kept: speeds in a file of the user's cache, one for each kind of machine, program and launch. */
#ifndef POLYSWEEP_MEASURE_KEPT_H
#define POLYSWEEP_MEASURE_KEPT_H

#include "polysweep/measure.h"

/* What the speeds of a rank depend on, as lines of text. */
typedef struct measure_key {
    char text[1536];
    uint64_t hash; /* of the text; 0: such a machine is not told from others, so nothing is kept of it */
} measure_key;
/* `ranks` of a node measure at the same time, with so many threads each, in a world on `nodes` of them. */
measure_key measure_key_of(const psw_machine *machine, int ranks, int threads, ptrdiff_t nodes);

/* The directory, and the file of a key in it; false: there is none, since neither XDG_CACHE_HOME nor HOME names one. */
bool measure_kept_directory(char *path, size_t size);
bool measure_kept_path(uint64_t hash, char *path, size_t size);

/* What is kept under a key, if that is what was once written, and not older than MEASURE_KEPT_S at `now` (seconds since
 * 1970), of a busy machine than MEASURE_BUSY_S: launches that follow each other agree. Whatever is wrong with the file,
 * it is as if there were none. */
enum { MEASURE_KEPT_S = 30 * 86400, MEASURE_BUSY_S = 600 };
bool measure_kept_read(uint64_t hash, double now, psw_speeds *speeds);
/* At once, or not at all: nobody reads half a file. false: the directory cannot be made or written to. */
bool measure_kept_write(const measure_key *key, double now, const psw_speeds *speeds);

/* ---- several nodes ---- */

typedef struct measure_node { /* what one has measured */
    measure_key key;
    psw_speeds speeds;
} measure_node;
/* What is kept of each kind of node, by the keys of the list, into it; false: one of them is missing. */
bool measure_kinds_read(measure_node *list, ptrdiff_t nodes, double now);
/* The slowest of all nodes, and of which kinds they are. */
psw_speeds measure_kinds_join(const measure_node *list, ptrdiff_t nodes);
/* Keeps the slowest node of each kind. */
void measure_kinds_write(const measure_node *list, ptrdiff_t nodes, double now);
/* *all becomes the slower of the two in each number that stands alone, and in rates, which belong together. */
void measure_speeds_join(const psw_speeds *other, psw_speeds *all);

/* Seconds of a common point: one number to compare ranks by. */
double measure_slowness(const psw_rates *rates);

/* May such measurements be kept for long? Not if another process had the core for more than a tenth of the time, if the
 * median of the products took a quarter longer than the fastest, or if two halves of the rounds that give the rates
 * differ by more than a tenth: they are good enough for some minutes. */
bool measure_was_busy(double had_s, double wall_s, double products_spread, double rates_spread);
/* Have there been enough rounds? When halves of them differ by three hundredths at most, else after twice as many, or
 * after a second. */
bool measure_is_enough(int rounds, double wall_s, double spread);

#endif
