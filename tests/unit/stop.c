/* Signals that ask for a stop: which of them, what a second one does, what was ignored before stays ignored. */
#define _DEFAULT_SOURCE
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/sweep.h"

static void pause_s(double seconds)
{
    struct timespec length = {.tv_nsec = (long)(seconds * 1e9)};
    nanosleep(&length, NULL);
}

/* A child that listens and gets two signals; `between_s` < 0: the second at once. It ends with 100 times what was asked
 * and the signal that counts, or by a signal: 1000 and its number. */
static int child_of(int first, int second, double between_s, bool ignored)
{
    int state = 0;
    pid_t child = fork();
    if (child == 0) {
        signal(SIGHUP, ignored ? SIG_IGN : SIG_DFL);
        psw_stop_listen();
        if (first) raise(first);
        if (between_s > 0) pause_s(between_s);
        if (second) raise(second);
        _exit(100 * (int)psw_stop_asked() + psw_stop_signal());
    }
    waitpid(child, &state, 0);
    return WIFSIGNALED(state) ? 1000 + WTERMSIG(state) : WEXITSTATUS(state);
}

static void one_signal(void)
{
    static const int now[] = {SIGTERM, SIGINT, SIGHUP};
    CHECK(child_of(0, 0, -1, false) == 0, "stopped by nothing");
    CHECK(child_of(SIGUSR1, 0, -1, false) == 100 * PSW_STOP_SOON + SIGUSR1, "USR1");
    for (int i = 0; i < 3; i++)
        CHECK(child_of(now[i], 0, -1, false) == 100 * PSW_STOP_NOW + now[i], "signal %d", now[i]);
    CHECK(child_of(SIGHUP, 0, -1, true) == 0, "HUP, which was ignored");
    CHECK(child_of(SIGTERM, 0, -1, true) == 100 * PSW_STOP_NOW + SIGTERM, "TERM where HUP was ignored");
}

static void two_signals(void)
{
    static const int now[] = {SIGTERM, SIGINT, SIGHUP};
    const double apart_s = 0.2;
    for (int i = 0; i < 3; i++)
        for (int k = 0; k < 3; k++)
            CHECK(child_of(now[i], now[k], apart_s, false) == 1000 + now[k], "signal %d, then %d", now[i], now[k]);
    CHECK(child_of(SIGUSR1, SIGTERM, apart_s, false) == 100 * PSW_STOP_NOW + SIGTERM,
          "TERM is a larger wish than USR1");
    CHECK(child_of(SIGTERM, SIGUSR1, apart_s, false) == 100 * PSW_STOP_NOW + SIGTERM, "USR1 is none after TERM");
    CHECK(child_of(SIGTERM, SIGHUP, apart_s, true) == 100 * PSW_STOP_NOW + SIGTERM, "HUP, which was ignored, second");
}

/* As timeout(1) sends it. A child that is held up between the two takes them for two: any of a few is enough. */
static void one_signal_twice(void)
{
    bool stopped = false;
    for (int i = 0; i < 50 && !stopped; i++)
        stopped = child_of(SIGTERM, SIGTERM, -1, false) == 100 * PSW_STOP_NOW + SIGTERM;
    CHECK(stopped, "one wish, delivered twice, ended the process");
}

int main(void)
{
    one_signal();
    two_signals();
    one_signal_twice();
    return test_end();
}
