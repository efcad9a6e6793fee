/* The clock moves forward, rates are times of this machine, a point's time is what they say it is. */
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "polysweep/measure.h"

static void test_clock(void)
{
    double before = psw_clock_s(), resolution = psw_clock_resolution_s(), after = psw_clock_s();
    CHECK(after > before, "the clock went from %.17g to %.17g", before, after);
    CHECK(resolution > 0 && resolution < 1e-3, "resolution %g s", resolution);
    CHECK(psw_wall_s() > 1.6e9, "seconds since 1970: %g", psw_wall_s()); /* later than 2020 */
}

static void test_resident(void)
{
    size_t bytes = (size_t)64 << 20;
    double before = psw_resident_bytes();
    volatile char *block = malloc(bytes);
    for (size_t i = 0; block && i < bytes; i += 4096) block[i] = 1;
    double grown = psw_resident_bytes() - before;
    /* pages of other sizes and what was resident before: an eighth either way */
    CHECK(fabs(grown / (double)bytes - 1) < 0.125, "64 MiB touched, %g bytes more resident", grown);
    free((void *)block);
}

static void test_machine(void)
{
    psw_machine m = psw_machine_read();
    CHECK(m.host[0] != '\0', "no host name");
    CHECK(m.cores >= 1 && m.cores <= m.cores_node, "%d of %d cores", m.cores, m.cores_node);
    CHECK(m.binding[0] >= '0' && m.binding[0] <= '9', "binding \"%s\"", m.binding);
    CHECK(m.memory_bytes > 1e8, "memory %g", m.memory_bytes);
    psw_threads_set(1);
    m = psw_machine_read();
    CHECK(m.blas_threads == 0 || m.blas_threads == 1, "%d threads after 1 was set", m.blas_threads);
}

static int expected(const char *name, const char *value)
{
    setenv(name, value, 1);
    int ranks = psw_machine_read().expected_ranks;
    unsetenv(name);
    return ranks;
}

static void test_launcher(void)
{
    CHECK(psw_machine_read().expected_ranks == 0, "no launcher");
    CHECK(expected("SLURM_NTASKS", "6") == 6, "Slurm");
    CHECK(expected("OMPI_COMM_WORLD_SIZE", "3") == 3, "Open MPI");
    CHECK(expected("PMI_SIZE", "banana") == 0, "not a number");
    setenv("SLURM_NTASKS", "8", 1);
    CHECK(expected("OMPI_COMM_WORLD_SIZE", "2") == 2, "mpirun of 2 inside an allocation of 8");
    unsetenv("SLURM_NTASKS");
}

static void test_rates(void)
{
    psw_rates r;
    double start = psw_clock_s();
    CHECK(psw_measure_rates(&r) == PSW_OK, "%s", psw_message());
    CHECK(psw_clock_s() - start < 10, "it took %g s", psw_clock_s() - start); /* 0.3 s on a free core */
    for (int i = 0; i < 2; i++) {
        /* from a slow core without vectors to one that does not exist yet */
        CHECK(r.flop_s[i] > 1e-13 && r.flop_s[i] < 1e-8, "flop_s %g", r.flop_s[i]);
        CHECK(r.score_s[i] >= 0 && r.weigh_s[i] >= 0 && r.transcend_s[i] >= 0, "negative rates");
        CHECK(r.head_flop_s[i] >= 0 && r.head_entry_s[i] >= 0, "negative rates of the head");
        CHECK(r.head_flop_s[i] + r.head_entry_s[i] > 0, "the head takes time");
    }
    CHECK(r.row_s > 0 && r.sign_s > 0 && r.point_s > 0, "row %g sign %g point %g", r.row_s, r.sign_s, r.point_s);
}

int main(void)
{
    unsetenv("SLURM_NTASKS");
    unsetenv("SLURM_STEP_NUM_TASKS");
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("PMI_SIZE");
    test_clock();
    test_resident();
    test_machine();
    test_launcher();
    test_rates();
    return test_end();
}
