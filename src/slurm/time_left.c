/* The time left in the Slurm job of this process. */
#include "polysweep/plain.h"
#include "polysweep/slurm.h"
#include "polysweep/measure.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern char **environ;

/* ---- texts ---- */

/* "D-" in front: the days, and `at` moves behind it. */
static double days(const char **at)
{
    size_t digits = strspn(*at, "0123456789");
    if (digits == 0 || (*at)[digits] != '-') return -1;
    double count = strtod(*at, NULL);
    *at += digits + 1;
    return count;
}

/* Numbers between colons, at most three; 0: anything else. */
static int numbers(const char *at, double part[3])
{
    int count = 0;
    for (;; at++) {
        size_t digits = strspn(at, "0123456789");
        if (digits == 0 || digits > 9 || count == 3) return 0;
        part[count++] = strtod(at, NULL);
        at += digits;
        if (*at == '\0') return count;
        if (*at != ':') return 0;
    }
}

/* Slurm's rule: with days the first number is hours; without, one number is minutes, two are minutes and seconds. */
bool psw_slurm_time(const char *text, double *seconds)
{
    static const double with_days[3] = {3600, 60, 1}, units[3][3] = {{60}, {60, 1}, {3600, 60, 1}};
    double part[3] = {0};
    if (strcmp(text, "UNLIMITED") == 0) {
        *seconds = INFINITY;
        return true;
    }
    double first = days(&text);
    int count = numbers(text, part);
    if (count == 0) return false;
    const double *unit = first >= 0 ? with_days : units[count - 1];
    *seconds = first > 0 ? first * 86400 : 0;
    for (int i = 0; i < count; i++) *seconds += part[i] * unit[i];
    return true;
}

void psw_slurm_time_print(double seconds, char text[PSW_SLURM_TEXT])
{
    long s = (long)ceil(seconds), day = 86400;
    if (s >= day)
        psw_format(text, PSW_SLURM_TEXT, "%ld-%02ld:%02ld:%02ld", s / day, s % day / 3600, s / 60 % 60, s % 60);
    else
        psw_format(text, PSW_SLURM_TEXT, "%02ld:%02ld:%02ld", s / 3600, s / 60 % 60, s % 60);
}

/* ---- asking ---- */

/* All that arrives within `seconds`, as one text. */
static bool read_within(int from, double seconds, char *text, size_t size)
{
    double until = psw_clock_s() + seconds;
    size_t length = 0;
    for (;;) {
        struct pollfd wait = {.fd = from, .events = POLLIN};
        double left = until - psw_clock_s();
        int ready = left > 0 ? poll(&wait, 1, (int)(1000 * left) + 1) : 0;
        if (ready < 0 && errno == EINTR) continue;
        ssize_t count = ready > 0 ? read(from, text + length, size - 1 - length) : -1;
        if (count <= 0 || length + (size_t)count == size - 1) {
            text[length] = '\0';
            return count == 0;
        }
        length += (size_t)count;
    }
}

/* posix_spawn shares the memory with the child until it becomes another program: no page is marked to be copied, so
 * memory that MPI has registered with a network card stays what it was, which a fork would not promise. */
static pid_t start(char *const *command, int out)
{
    posix_spawn_file_actions_t files;
    pid_t child = -1;
    if (posix_spawn_file_actions_init(&files) != 0) return -1;
    bool wired = posix_spawn_file_actions_addopen(&files, STDIN_FILENO, "/dev/null", O_RDONLY, 0) == 0 &&
                 posix_spawn_file_actions_addopen(&files, STDERR_FILENO, "/dev/null", O_WRONLY, 0) == 0 &&
                 posix_spawn_file_actions_adddup2(&files, out, STDOUT_FILENO) == 0;
    if (!wired || posix_spawnp(&child, command[0], &files, NULL, command, environ) != 0) child = -1;
    posix_spawn_file_actions_destroy(&files);
    return child;
}

/* What a command prints within `seconds`; false: it is not there, failed or was too slow. */
static bool answer_of(char *const *command, double seconds, char *text, size_t size)
{
    int ends[2], code = 1;
    if (pipe2(ends, O_CLOEXEC) != 0) return false;
    pid_t child = start(command, ends[1]);
    close(ends[1]);
    bool whole = child > 0 && read_within(ends[0], seconds, text, size);
    close(ends[0]);
    if (child <= 0) return false;
    if (!whole) kill(child, SIGKILL);
    while (waitpid(child, &code, 0) < 0 && errno == EINTR) continue;
    return whole && WIFEXITED(code) && WEXITSTATUS(code) == 0;
}

/* A task of an array by its index: one of them has the number of the whole array, which would name all. */
static void job_name(char *text, size_t size)
{
    const char *array = getenv("SLURM_ARRAY_JOB_ID"), *task = getenv("SLURM_ARRAY_TASK_ID");
    if (array && task)
        psw_format(text, size, "%s_%s", array, task);
    else
        psw_format(text, size, "%s", getenv("SLURM_JOB_ID"));
}

static double ask_squeue(void)
{
    const double patience_s = 10; /* a controller under load answers in seconds; every rank waits for this one */
    char job[64], answer[256] = "";
    double left;
    job_name(job, sizeof job);
    char *const command[] = {"squeue", "--noheader", "--jobs", job, "--format", "%L", NULL};
    bool answered = answer_of(command, patience_s, answer, sizeof answer);
    answer[strcspn(answer, " \n")] = '\0';
    if (answered && psw_slurm_time(answer, &left)) return left;
    psw_print(stderr,
              "polysweep: note: the time left in job %s is unknown (squeue %s%.40s); the run has no time limit "
              "unless --time-limit gives one\n",
              job, answered ? "says: " : "did not answer", answered ? answer : "");
    return INFINITY;
}

double psw_slurm_left_s(void)
{
    const char *end = getenv("SLURM_JOB_END_TIME");
    char *rest;
    if (!getenv("SLURM_JOB_ID")) return INFINITY;
    double at = end ? strtod(end, &rest) : 0;
    if (end && *end && !*rest && at > 0) return at > psw_wall_s() ? at - psw_wall_s() : 0;
    return ask_squeue();
}

double psw_slurm_margin_s(double left_s)
{
    const double share = 0.1, most_s = 30;
    return left_s * share < most_s ? left_s * share : most_s;
}
