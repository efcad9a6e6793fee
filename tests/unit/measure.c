/* The clock moves forward, rates are times of this machine, a point's time is what they say it is. */
#define _DEFAULT_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/measure.h"

static void test_clock(void)
{
    double before = psw_clock_s(), resolution = psw_clock_resolution_s(), after = psw_clock_s();
    CHECK(after > before, "the clock went from %.17g to %.17g", before, after);
    CHECK(resolution > 0 && resolution < 1e-3, "resolution %g s", resolution);
    CHECK(psw_wall_s() > 1.6e9, "seconds since 1970: %g", psw_wall_s()); /* later than 2020 */
}

static void test_machine(void)
{
    psw_machine m = psw_machine_read();
    CHECK(m.host[0] != '\0', "no host name");
    CHECK(m.cores >= 1 && m.cores <= m.cores_node, "%d of %d cores", m.cores, m.cores_node);
    CHECK(m.binding[0] >= '0' && m.binding[0] <= '9', "binding \"%s\"", m.binding);
    CHECK(m.core_list[0] >= '0' && m.core_list[0] <= '9', "cores \"%s\"", m.core_list);
    CHECK(m.allowed.cores >= 0 && m.blas_parallel >= -1 && m.blas_parallel <= 2, "%g %d", m.allowed.cores,
          m.blas_parallel);
    CHECK(m.memory_bytes > 1e8, "memory %g", m.memory_bytes);
    psw_threads_set(1);
    m = psw_machine_read();
    CHECK(m.blas_threads == 0 || m.blas_threads == 1, "%d threads after 1 was set", m.blas_threads);
}

static void test_directory(void)
{
    char file[] = "/tmp/polysweep-measure-XXXXXX";
    int descriptor = mkstemp(file);
    psw_directory d = psw_directory_read("/tmp");
    CHECK(d.why_not == 0 && d.magic != 0 && d.free_bytes > 0, "/tmp: %d, %lx, %g", d.why_not, (unsigned long)d.magic,
          d.free_bytes);
    CHECK(strlen(d.type) > 1 && strncmp(d.options, "rw", 2) == 0, "/tmp: \"%s\" \"%s\"", d.type, d.options);
    CHECK(psw_directory_read("/tmp/nowhere/at/all").why_not == ENOENT, "a directory that is not there");
    CHECK(descriptor >= 0 && psw_directory_read(file).why_not == ENOTDIR, "a file");
    CHECK(strcmp(psw_directory_read("/proc").type, "proc") == 0, "/proc: \"%s\"", psw_directory_read("/proc").type);
    struct rlimit old, limit;
    getrlimit(RLIMIT_FSIZE, &old);
    limit = (struct rlimit){1 << 20, old.rlim_max};
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0 && psw_directory_read("/tmp").file_limit_bytes == 1 << 20,
          "a limit of 1 MiB");
    setrlimit(RLIMIT_FSIZE, &old);
    close(descriptor);
    unlink(file);
}

/* Beside whatever other programs have there: differences count. */
static void test_shared_memory(void)
{
    char semaphore[64], segment[64], word[64];
    psw_format(semaphore, sizeof semaphore, "/OMPIO_polysweep-measure-%ld", (long)getpid());
    psw_format(word, sizeof word, "sem.%s", semaphore + 1);
    psw_format(segment, sizeof segment, "/dev/shm/vader_segment.polysweep-measure-%ld", (long)getpid());
    if (isnan(psw_shared_memory_read().free_bytes) || access("/dev/shm", W_OK) != 0) return;
    sem_t *held = sem_open(semaphore, O_CREAT | O_EXCL, 0600, 0);
    CHECK(held != SEM_FAILED, "a semaphore cannot be made");
    CHECK(strcmp(psw_shared_memory_read().semaphore, word) != 0,
          "a semaphore that somebody has open was not left behind");
    sem_close(held);
    psw_shared_memory seen = psw_shared_memory_read();
    CHECK(seen.semaphores_shut >= 1 && seen.semaphores >= seen.semaphores_shut, "%d of %d shut", seen.semaphores_shut,
          seen.semaphores);
    CHECK(seen.semaphores_shut > 1 || strcmp(seen.semaphore, word) == 0, "\"%s\" is not \"%s\"", seen.semaphore, word);
    sem_unlink(semaphore);
    int descriptor = open(segment, O_CREAT | O_EXCL | O_WRONLY, 0600);
    CHECK(write(descriptor, segment, sizeof segment) > 0, "a segment cannot be made");
    close(descriptor);
    seen = psw_shared_memory_read();
    CHECK(seen.segments >= 1 && seen.segment_bytes >= 4096, "%d segments of %g bytes", seen.segments,
          seen.segment_bytes);
    unlink(segment);
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

#define HOSTS(line, expected)                                                                                          \
    do {                                                                                                               \
        char hosts[64];                                                                                                \
        bool launcher = psw_launcher_hosts_of(line, sizeof line, hosts, sizeof hosts);                                 \
        CHECK(launcher == (expected[0] != '?') && strcmp(hosts, launcher ? expected : "") == 0, "\"%s\"", hosts);      \
    } while (0)

/* Words as /proc has them. */
static void test_hosts(void)
{
    HOSTS("/usr/bin/mpirun\0-n\0"
          "4\0--host\0a:2,b:2\0polysweep\0doctor",
          " --host a:2,b:2");
    HOSTS("mpiexec\0-hostfile\0my/hosts\0-n\0"
          "4\0polysweep",
          " -hostfile my/hosts");
    HOSTS("mpirun\0-n\0"
          "2\0polysweep",
          "");
    HOSTS("mpirun\0--host\0a b;rm\0polysweep", "");
    HOSTS("mpirun\0--host", "");
    HOSTS("bash\0--host\0a", "?");
    HOSTS("", "?");
}

static void test_rates(void)
{
    psw_rates r;
    double start = psw_clock_s(), spread;
    CHECK(psw_measure_rates(&r, &spread) == PSW_OK, "%s", psw_message());
    CHECK(psw_clock_s() - start < 10, "it took %g s", psw_clock_s() - start); /* 0.3 s on a free core */
    for (int i = 0; i < 2; i++) {
        /* from a slow core without vectors to one that does not exist yet */
        CHECK(r.flop_s[i] > 1e-13 && r.flop_s[i] < 1e-8, "flop_s %g", r.flop_s[i]);
        CHECK(r.score_s[i] >= 0 && r.weigh_s[i] >= 0 && r.transcend_s[i] >= 0 && r.exponential_s[i] >= 0,
              "negative rates");
        CHECK(r.head_flop_s[i] >= 0 && r.head_entry_s[i] >= 0, "negative rates of the head");
        CHECK(r.head_flop_s[i] + r.head_entry_s[i] > 0, "the head takes time");
    }
    CHECK(r.row_s > 0 && r.sign_s > 0 && r.point_s > 0, "row %g sign %g point %g", r.row_s, r.sign_s, r.point_s);
}

static void test_memory(void)
{
    double byte_s = 0;
    CHECK(psw_measure_memory(&byte_s) == PSW_OK, "%s", psw_message());
    CHECK(byte_s > 1e-13 && byte_s < 1e-7, "%g s a byte", byte_s); /* 10 MB/s to 10 TB/s */
}

int main(void)
{
    unsetenv("SLURM_NTASKS");
    unsetenv("SLURM_STEP_NUM_TASKS");
    unsetenv("OMPI_COMM_WORLD_SIZE");
    unsetenv("PMI_SIZE");
    test_clock();
    test_machine();
    test_directory();
    test_shared_memory();
    test_launcher();
    test_hosts();
    test_rates();
    test_memory();
    return test_end();
}
