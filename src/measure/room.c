/* Room for products. A BLAS takes a buffer of its own at the first product, and OpenBLAS asks again and again where a
 * limit of the process does not allow it: for ever. So where there may not be room a child tries it first. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "polysweep/measure.h"
#include "polysweep/targets.h"

/* Of address space: more than any BLAS takes for one thread. */
static bool plenty(void)
{
    const size_t bytes = (size_t)2 << 30;
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) return false;
    munmap(at, bytes);
    return true;
}

/* As its first one; large enough for no path around the buffer. */
static bool multiply(void)
{
    const psw_large_product *product = psw_large_product_of(false);
    void *work = aligned_alloc(64, (product->bytes() + 63) / 64 * 64);
    if (!work) return false;
    product->prepare(work);
    product->by_blas(work);
    free(work);
    return true;
}

/* A second of processor time is a hundred such products, and whoever sleeps instead is woken. */
static void try_in_child(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGXCPU, SIGALRM, SIGTERM};
    struct rlimit second = {1, 1}, none = {0, 0};
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    setrlimit(RLIMIT_CORE, &none);
    setrlimit(RLIMIT_CPU, &second);
    if (!freopen("/dev/null", "w", stderr)) _exit(1);
    alarm(600);
    _exit(multiply() ? 0 : 1);
}

static bool child_can(void)
{
    int state = 0;
    pid_t child = fork();
    if (child == 0) try_in_child();
    if (child < 0) return true; /* nothing is known */
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR) return true;
    return WIFEXITED(state) && WEXITSTATUS(state) == 0;
}

/* Kibibytes of a line of /proc/self/status. */
static double in_use(const char *line)
{
    char text[256];
    double kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file && fgets(text, sizeof text, file))
        if (sscanf(text, line, &kib) == 1) break;
    if (file) fclose(file);
    return kib;
}

/* The limit of which least is left. */
static psw_status refuse(void)
{
    static const struct {
        int resource;
        const char *name, *option, *line;
    } limits[] = {{RLIMIT_AS, "RLIMIT_AS", "-v", "VmSize: %lf"}, {RLIMIT_DATA, "RLIMIT_DATA", "-d", "VmData: %lf"}};
    int worst = -1;
    double left = 0, most = 0;
    for (int i = 0; i < 2; i++) {
        struct rlimit r;
        if (getrlimit((__rlimit_resource_t)limits[i].resource, &r) != 0 || r.rlim_cur == RLIM_INFINITY) continue;
        double kib = (double)r.rlim_cur / 1024, rest = kib - in_use(limits[i].line);
        if (worst < 0 || rest < left) worst = i, left = rest, most = kib;
    }
    if (worst < 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "the system gives this process no memory for the buffer of the BLAS (128 MiB "
                                         "of OpenBLAS): fewer ranks on this node, or more memory "
                                         "(/proc/sys/vm/overcommit_memory, cat /proc/meminfo)");
    return PSW_FAIL(PSW_ENVIRONMENT,
                    "the limit ulimit %s %.0f (%s) leaves this process %.0f MiB, too little for the buffer of the BLAS "
                    "(128 MiB of OpenBLAS, for each thread): ulimit %s unlimited",
                    limits[worst].option, most, limits[worst].name, left > 0 ? left / 1024 : 0, limits[worst].option);
}

psw_status psw_measure_room(void)
{
    if (plenty()) return PSW_OK;
    if (!child_can()) return refuse();
    return multiply() ? PSW_OK : refuse(); /* the buffer is kept from now on */
}
