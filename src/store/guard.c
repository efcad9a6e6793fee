/* HDF5 1.10 is not safe against a malicious file: damaged tables lead it into freed memory, endless loops and
 * allocations of any size. So such a file is read by a child, within limits of time and memory. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void limit(unsigned resource, double most)
{
    struct rlimit now;
    if (getrlimit(resource, &now) != 0 || !(most < (double)now.rlim_cur)) return;
    now.rlim_cur = (rlim_t)most;
    setrlimit(resource, &now); /* if not allowed, the child continues without a limit */
}

/* What the child has mapped already: shared libraries, buffers of MPI. */
static double mapped_bytes(void)
{
    long pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    if (file && fscanf(file, "%ld", &pages) != 1) pages = 0;
    if (file) fclose(file);
    return (double)pages * (double)sysconf(_SC_PAGESIZE);
}

/* Ends quietly: MPI's handlers would print, glibc complains on stderr, and a sanitizer's report is of the library. */
static void be_quiet(void)
{
    static const int deadly[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU};
    for (size_t i = 0; i < sizeof deadly / sizeof *deadly; i++) signal(deadly[i], SIG_DFL);
    int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (nowhere >= 0) dup2(nowhere, STDERR_FILENO);
    limit(RLIMIT_CORE, 0);
}

static void read_in_child(const char *path, store_guard_attempt *attempt, void *result, store_guard_limits limits)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    be_quiet();
    H5set_free_list_limits(0, 0, 0, 0, 0, 0); /* memory goes back at once: what reads beyond its block shows itself */
    H5garbage_collect();
    limit(RLIMIT_CPU, limits.time_s);
    if (limits.memory_bytes > 0) limit(RLIMIT_AS, mapped_bytes() + limits.memory_bytes);
    (void)attempt(path, result); /* a refusal is an orderly end */
    _exit(0);
}

psw_status store_guard_file(const char *path, store_guard_attempt *attempt, void *result, store_guard_limits limits)
{
    int state = 0;
    pid_t child = fork();
    if (child == 0) read_in_child(path, attempt, result, limits);
    if (child < 0) { /* where no process can be made, a damaged file is the smaller danger */
        (void)attempt(path, result);
        return PSW_OK;
    }
    while (waitpid(child, &state, 0) < 0)
        if (errno != EINTR) return PSW_OK;
    if (WIFEXITED(state) && WEXITSTATUS(state) == 0) return PSW_OK;
    if (WIFSIGNALED(state) && (WTERMSIG(state) == SIGXCPU || WTERMSIG(state) == SIGKILL))
        return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: HDF5 does not finish reading it", path);
    return PSW_FAIL(PSW_ENVIRONMENT, "%s is damaged: HDF5 crashes on it", path);
}

store_guard_limits store_guard_by_size(const char *path)
{
    struct stat about;
    double bytes = stat(path, &about) == 0 ? (double)about.st_size : 0;
    return (store_guard_limits){.time_s = 20 + bytes / 1048576};
}
