/* Before everything that is compiled for SimGrid: clocks and sleeping are the simulation's. All ranks share one thread,
 * so who waits for another must hand it over, and time must pass meanwhile. */
#include <smpi/smpi_helpers.h>

#include <sched.h>
#include <unistd.h>
#define sched_yield() usleep(10)
