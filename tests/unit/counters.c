/* Energy from trees of files as machines have them: packages, a counter that begins again, what cannot be read; what
 * is said of cycles that are not counted. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "check.h"
#include "polysweep/counters.h"
#include "polysweep/print.h"

static char base[] = "/tmp/polysweep-counters-XXXXXX", root[256];

static void new_tree(void)
{
    static int count = 0;
    psw_format(root, sizeof root, "%s/%d", base, count++);
}

static void put(const char *name, const char *text)
{
    char path[1024];
    psw_format(path, sizeof path, "%s%s", root, name);
    for (char *at = path + 1; (at = strchr(at, '/')) != NULL; at++) {
        *at = '\0';
        mkdir(path, 0700);
        *at = '/';
    }
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(text, file) >= 0 && fclose(file) == 0, "%s cannot be made", path);
}

#define RAPL "/sys/class/powercap/intel-rapl:"
#define CRAY "/sys/cray/pm_counters/energy"

static void put_domain(const char *number, const char *name, const char *energy)
{
    char path[128];
    psw_format(path, sizeof path, RAPL "%s/name", number);
    put(path, name);
    psw_format(path, sizeof path, RAPL "%s/max_energy_range_uj", number);
    put(path, "262143328850\n");
    psw_format(path, sizeof path, RAPL "%s/energy_uj", number);
    put(path, energy);
}

static double spent(psw_counters *c, double before)
{
    return psw_counters_energy_j(c) - before;
}

/* Both packages, not their parts, not the sum that "psys" is; one begins again meanwhile. */
static void packages(void)
{
    psw_counters c;
    new_tree();
    put_domain("0", "package-0\n", "1000000\n");
    put_domain("0:0", "core\n", "77000000\n");
    put_domain("1", "psys\n", "99000000\n");
    put_domain("3", "package-1\n", "262143000000\n"); /* numbers may have gaps */
    put(CRAY, "5 J 17 us\n");
    psw_counters_open(root, &c);
    CHECK(strcmp(c.energy_from, "RAPL, 2 packages") == 0 && !*c.energy_why, "from %s, %s", c.energy_from, c.energy_why);
    double start = psw_counters_energy_j(&c);
    put_domain("0", "package-0\n", "3500000\n");
    put_domain("1", "psys\n", "990000000\n");
    CHECK_NEAR(spent(&c, start), 2.5, 1e-12);
    put_domain("3", "package-1\n", "671150\n"); /* 0.32885 J to the end, then 0.67115 J */
    CHECK_NEAR(spent(&c, start), 3.5, 1e-9);
    put_domain("3", "package-1\n", "nothing\n");
    CHECK(isnan(psw_counters_energy_j(&c)), "a number that is none");
    put_domain("3", "package-1\n", "671150\n");
    CHECK(isnan(psw_counters_energy_j(&c)), "what was lost meanwhile is not known");
    psw_counters_close(&c);
}

/* A counter is looked at between the ends of long points, as it might begin again twice. */
static void kept(void)
{
    psw_counters c;
    new_tree();
    put_domain("0", "package-0\n", "100000000000\n");
    psw_counters_open(root, &c);
    double start = psw_counters_energy_j(&c);
    put_domain("0", "package-0\n", "200000000000\n");
    psw_counters_keep(&c, c.read_s + 59); /* too early */
    put_domain("0", "package-0\n", "250000000000\n");
    psw_counters_keep(&c, c.read_s + 61);
    put_domain("0", "package-0\n", "90000000000\n");
    psw_counters_keep(&c, c.read_s + 61);
    put_domain("0", "package-0\n", "110000000000\n"); /* beyond where it began: only by one round */
    CHECK_NEAR(spent(&c, start), 262143.32885 + 10000, 1e-12);
    psw_counters_close(&c);
}

static void absent(void)
{
    psw_counters c;
    new_tree();
    psw_counters_open(root, &c);
    CHECK(isnan(psw_counters_energy_j(&c)) && !*c.energy_from, "energy of nothing");
    CHECK(strstr(c.energy_why, "no RAPL"), "%s", c.energy_why);
    psw_counters_close(&c);

    put_domain("0", "package-0\n", "1000000\n");
    put(RAPL "1/name", "package-1\n"); /* without a counter: half a node is not the node */
    psw_counters_open(root, &c);
    CHECK(isnan(psw_counters_energy_j(&c)) && !*c.energy_from, "one package of two");
    CHECK(strstr(c.energy_why, "energy_uj: No such file") && strstr(c.energy_fix, "chmod a+r"), "%s, %s", c.energy_why,
          c.energy_fix);
    psw_counters_close(&c);

    put(CRAY, "4000 J 1700000000 us\n"); /* what can be read instead */
    psw_counters_open(root, &c);
    double start = psw_counters_energy_j(&c);
    CHECK(strstr(c.energy_from, "pm_counters") && !*c.energy_fix, "from %s", c.energy_from);
    put(CRAY, "4321 J 1700000001 us\n");
    CHECK_NEAR(spent(&c, start), 321.0, 0.0);
    psw_counters_close(&c);
}

static void refused_as(int error, const char *why, const char *fix)
{
    psw_counters c = {.cycles_fd = -1};
    psw_counters_refused(root, error, &c);
    CHECK(strstr(c.cycles_why, why) && strstr(c.cycles_fix, fix) && !*fix == !*c.cycles_fix, "%s: %s", c.cycles_why,
          c.cycles_fix);
    CHECK(isnan(psw_counters_cycles(&c)), "cycles of nothing");
}

static void refused(void)
{
    new_tree();
    refused_as(ENOENT, "virtual machines", "");
    refused_as(EACCES, "as containers do", "--cap-add PERFMON");
    refused_as(EMFILE, strerror(EMFILE), "");
    put("/proc/sys/kernel/perf_event_paranoid", "3\n");
    refused_as(EACCES, "perf_event_paranoid is 3", "sysctl kernel.perf_event_paranoid=2");
    put("/proc/sys/kernel/perf_event_paranoid", "2\n");
    refused_as(EPERM, "as containers do", "seccomp");
}

/* This machine's, where it has them: they grow with work, by at least one for each addition that waits for another. */
static void cycles(void)
{
    psw_counters c;
    psw_counters_open("", &c);
    double start = psw_counters_cycles(&c);
    volatile double sum = 0;
    for (int i = 0; i < 1000000; i++) sum += 1;
    double end = psw_counters_cycles(&c);
    CHECK(*c.cycles_from ? end - start >= 1e6 : isnan(end) && *c.cycles_why, "%g cycles; %s", end - start,
          c.cycles_why);
    psw_counters_close(&c);
}

int main(void)
{
    char command[300];
    if (!mkdtemp(base)) return 1;
    packages();
    kept();
    absent();
    refused();
    cycles();
    psw_format(command, sizeof command, "rm -r %s", base);
    return system(command) != 0 || test_end();
}
