#include <signal.h>

#include "polysweep/measure.h"
#include "polysweep/sweep.h"

static volatile sig_atomic_t asked = PSW_GO, by = 0;
static double since_s; /* when `asked` was; the handler's own: its signals wait for each other */

/* Who asks a second time does not want to wait: the signal's own action then ends the process, whatever that does.
 * timeout(1) signals a process and at once its whole group, service managers TERM and HUP together: one wish. */
static void on_signal(int number)
{
    const double apart_s = 0.05;
    int wish = number == SIGUSR1 ? PSW_STOP_SOON : PSW_STOP_NOW;
    if (wish == PSW_STOP_NOW && asked == PSW_STOP_NOW && psw_clock_s() - since_s > apart_s) {
        signal(number, SIG_DFL);
        raise(number);
    }
    if (wish <= asked) return;
    since_s = psw_clock_s();
    by = number;
    asked = wish;
}

void psw_stop_listen(void)
{
    static const int signals[] = {SIGUSR1, SIGTERM, SIGINT, SIGHUP};
    enum { COUNT = sizeof signals / sizeof *signals };
    struct sigaction action = {0}, before;
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    for (int i = 0; i < COUNT; i++) sigaddset(&action.sa_mask, signals[i]);
    for (int i = 0; i < COUNT; i++) {
        if (sigaction(signals[i], NULL, &before) == 0 && signals[i] == SIGHUP && before.sa_handler == SIG_IGN) continue;
        sigaction(signals[i], &action, NULL);
    }
}

psw_stop psw_stop_asked(void)
{
    return (psw_stop)asked;
}

int psw_stop_signal(void)
{
    return by;
}
