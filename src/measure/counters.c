/* What the machine counts: cycles by the kernel's performance events, energy by files of the system. */
#include "polysweep/counters.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifdef __linux__
#include <linux/perf_event.h>
#endif

#include "polysweep/measure.h"

enum { NAME = 512 };

/* ---- cycles ---- */

/* -1 and errno where it is refused. Counters are fewer than events, so the time that they ran is read too. */
static int cycles_open(void)
{
#if defined(__linux__) && defined(SYS_perf_event_open)
    struct perf_event_attr event = {.type = PERF_TYPE_HARDWARE,
                                    .size = sizeof event,
                                    .config = PERF_COUNT_HW_CPU_CYCLES,
                                    .read_format = PERF_FORMAT_TOTAL_TIME_ENABLED | PERF_FORMAT_TOTAL_TIME_RUNNING,
                                    .inherit = 1,
                                    .exclude_kernel = 1,
                                    .exclude_hv = 1};
    return (int)syscall(SYS_perf_event_open, &event, 0, -1, -1, PERF_FLAG_FD_CLOEXEC);
#else
    errno = ENOSYS;
    return -1;
#endif
}

static bool number_of(const char *files, const char *name, double *number)
{
    char path[NAME];
    psw_format(path, sizeof path, "%s%s", files, name);
    FILE *file = fopen(path, "r");
    bool read = file && fscanf(file, "%lf", number) == 1;
    if (file) fclose(file);
    return read;
}

void psw_counters_refused(const char *files, int error, psw_counters *c)
{
    double level;
    char *why = c->cycles_why, *fix = c->cycles_fix;
    const size_t size = sizeof c->cycles_why;
    bool known = number_of(files, "/proc/sys/kernel/perf_event_paranoid", &level);
    bool denied = error == EACCES || error == EPERM;
    if (error == ENOENT || error == EOPNOTSUPP || error == ENODEV) {
        psw_format(why, size, "the processor shows no counter of cycles, as in most virtual machines");
    } else if (denied && known && level > 2) {
        psw_format(why, size, "kernel.perf_event_paranoid is %g, at most 2 lets a program count its own", level);
        psw_format(fix, size, "as root: `sysctl kernel.perf_event_paranoid=2`");
    } else if (denied || error == ENOSYS) {
        psw_format(why, size, "perf_event_open is refused here (%s), as containers do", strerror(error));
        psw_format(fix, size, "start the container with `--cap-add PERFMON` or `--security-opt seccomp=unconfined`");
    } else {
        psw_format(why, size, "perf_event_open: %s", strerror(error));
    }
}

double psw_counters_cycles(const psw_counters *c)
{
    uint64_t at[3]; /* cycles; nanoseconds that it could run; that it ran */
    if (c->cycles_fd < 0 || read(c->cycles_fd, at, sizeof at) != (ssize_t)sizeof at || at[2] == 0) return NAN;
    return (double)at[0] * ((double)at[1] / (double)at[2]);
}

/* ---- energy ---- */

/* The number that a file begins with, times its unit; NaN. Opened once and read from its start each time. */
static double energy_read(const psw_energy_file *file)
{
    char text[64];
    ssize_t count = pread(file->fd, text, sizeof text - 1, 0);
    char *end = text;
    if (count <= 0) return NAN;
    text[count] = '\0';
    double number = strtod(text, &end);
    return end > text && number >= 0 ? number * file->unit_j : NAN;
}

/* False: it cannot be read, and errno says why. */
static bool energy_add(psw_counters *c, const char *path, double unit_j, double range_j)
{
    psw_energy_file file = {.fd = open(path, O_RDONLY | O_CLOEXEC), .unit_j = unit_j, .range_j = range_j};
    if (file.fd < 0) return false;
    errno = EINVAL;
    file.last_j = energy_read(&file);
    if (isnan(file.last_j)) return close(file.fd), false;
    c->energy[c->energy_files++] = file;
    return true;
}

/* "package-0"; cores and memory below a package are parts of it, "psys" has it all once more. */
static bool is_package(const char *files, int number)
{
    char path[NAME], name[32] = "";
    psw_format(path, sizeof path, "%s/sys/class/powercap/intel-rapl:%d/name", files, number);
    FILE *file = fopen(path, "r");
    bool read = file && fscanf(file, "%31s", name) == 1;
    if (file) fclose(file);
    return read && strncmp(name, "package", 7) == 0;
}

/* All packages or none: a part of a node's energy would be taken for all of it. Returns how many there are. */
static int rapl_open(const char *files, psw_counters *c, int *error)
{
    char path[NAME];
    int packages = 0;
    for (int i = 0; i < 2 * PSW_ENERGY_FILES && packages < PSW_ENERGY_FILES; i++) {
        double range = 0;
        if (!is_package(files, i)) continue;
        packages++;
        psw_format(path, sizeof path, "/sys/class/powercap/intel-rapl:%d/max_energy_range_uj", i);
        number_of(files, path, &range);
        psw_format(path, sizeof path, "%s/sys/class/powercap/intel-rapl:%d/energy_uj", files, i);
        if (!energy_add(c, path, 1e-6, range > 0 ? 1e-6 * range : INFINITY)) *error = errno;
    }
    return packages;
}

static void energy_close(psw_counters *c)
{
    while (c->energy_files > 0) close(c->energy[--c->energy_files].fd);
}

static void energy_open(const char *files, psw_counters *c)
{
    char path[NAME];
    int error = 0, packages = rapl_open(files, c, &error);
    if (packages > 0 && c->energy_files == packages) {
        psw_format(c->energy_from, sizeof c->energy_from, "RAPL, %d package%s", packages, packages > 1 ? "s" : "");
        return;
    }
    energy_close(c);
    psw_format(path, sizeof path, "%s/sys/cray/pm_counters/energy", files);
    if (energy_add(c, path, 1, INFINITY)) {
        psw_format(c->energy_from, sizeof c->energy_from, "the node's own counter, /sys/cray/pm_counters/energy");
    } else if (packages == 0) {
        psw_format(c->energy_why, sizeof c->energy_why,
                   "no RAPL (/sys/class/powercap) and no /sys/cray/pm_counters, as in most virtual machines");
    } else {
        psw_format(c->energy_why, sizeof c->energy_why, "/sys/class/powercap/intel-rapl:*/energy_uj: %s",
                   strerror(error));
        psw_format(c->energy_fix, sizeof c->energy_fix,
                   "as root: `chmod a+r /sys/class/powercap/intel-rapl:*/energy_uj`");
    }
}

double psw_counters_energy_j(psw_counters *c)
{
    if (c->energy_files == 0) return NAN;
    for (int i = 0; i < c->energy_files; i++) {
        psw_energy_file *file = &c->energy[i];
        double now = energy_read(file), more = now - file->last_j;
        if (more < 0) more += file->range_j;
        c->energy_sum_j += more; /* NaN once it cannot be read, and from then on */
        file->last_j = now;
    }
    c->read_s = psw_clock_s();
    return isfinite(c->energy_sum_j) ? c->energy_sum_j : NAN;
}

void psw_counters_keep(psw_counters *c, double now_s)
{
    const double often_s = 60; /* packages count to 262 kJ and less: four minutes at a kilowatt */
    if (c->energy_files > 0 && now_s - c->read_s > often_s) psw_counters_energy_j(c);
}

/* ---- both ---- */

void psw_counters_open(const char *files, psw_counters *c)
{
    *c = (psw_counters){.cycles_fd = cycles_open(), .read_s = psw_clock_s()};
    if (c->cycles_fd >= 0)
        psw_format(c->cycles_from, sizeof c->cycles_from, "perf_event_open");
    else
        psw_counters_refused(files, errno, c);
    energy_open(files, c);
}

void psw_counters_close(psw_counters *c)
{
    if (c->cycles_fd >= 0) close(c->cycles_fd);
    energy_close(c);
    c->cycles_fd = -1;
}
