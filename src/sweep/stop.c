#include <signal.h>

#include "polysweep/sweep.h"

static volatile sig_atomic_t asked = PSW_GO, by = 0;

static void on_signal(int number)
{
    int wish = number == SIGUSR1 ? PSW_STOP_SOON : PSW_STOP_NOW;
    if (wish <= asked) return;
    by = number;
    asked = wish;
}

void psw_stop_listen(void)
{
    struct sigaction action = {0};
    action.sa_handler = on_signal;
    action.sa_flags = SA_RESTART;
    sigemptyset(&action.sa_mask);
    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

psw_stop psw_stop_asked(void)
{
    return (psw_stop)asked;
}

int psw_stop_signal(void)
{
    return by;
}
