/* measure: what the machine counts while points are computed: cycles of this process, energy of its node. */
#ifndef POLYSWEEP_COUNTERS_H
#define POLYSWEEP_COUNTERS_H

#include <stdbool.h>

enum { PSW_ENERGY_FILES = 16, PSW_COUNTERS_TEXT = 320 };

/* An energy counter: a file with a number that grows, and begins again after `range_j`. */
typedef struct psw_energy_file {
    int fd;
    double unit_j, range_j; /* of its number; INFINITY: it never begins again */
    double last_j;          /* NaN: it could not be read */
} psw_energy_file;

typedef struct psw_counters {
    int cycles_fd; /* -1: none */
    psw_energy_file energy[PSW_ENERGY_FILES];
    int energy_files;
    double energy_sum_j, read_s; /* since they were opened; when they were last read, by the clock */
    /* Where numbers come from, "" where they are not known; then why not, and what to do about it. */
    char cycles_from[PSW_COUNTERS_TEXT], cycles_why[PSW_COUNTERS_TEXT], cycles_fix[PSW_COUNTERS_TEXT];
    char energy_from[PSW_COUNTERS_TEXT], energy_why[PSW_COUNTERS_TEXT], energy_fix[PSW_COUNTERS_TEXT];
} psw_counters;

/* Cycles: the kernel's perf_event_open, of this thread and of those that it will start, in user mode. Energy: the
 * packages of the node (RAPL, /sys/class/powercap/intel-rapl:N), else the node's own counter (/sys/cray/pm_counters).
 * `files` comes before the names of all files that are read: "", but in tests. Local; what is not there is no failure.
 * The caller closes. */
void psw_counters_open(const char *files, psw_counters *counters);
void psw_counters_close(psw_counters *counters);

/* Since they were opened. Cycles cost less than a microsecond; energy some ten for each file. NaN: not known. */
double psw_counters_cycles(const psw_counters *counters);
double psw_counters_energy_j(psw_counters *counters);
/* To be called at least every few minutes: a counter may begin again only once between two readings. Reads where a
 * minute has passed. */
void psw_counters_keep(psw_counters *counters, double now_s);

/* Why cycles are not counted where perf_event_open ends with `error` (errno): fills the texts. */
void psw_counters_refused(const char *files, int error, psw_counters *counters);

#endif
