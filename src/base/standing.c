/* A line that is drawn over and over on stderr. */
#include <stdio.h>

#include "polysweep/base.h"

static struct {
    int columns;
    bool elsewhere;
} standing;

void psw_standing_set(int columns, bool elsewhere)
{
    standing.columns = columns;
    standing.elsewhere = elsewhere;
}

void psw_standing_clear(void)
{
    if (standing.columns > 0) fprintf(stderr, "\r%*s\r", standing.columns, "");
    if (!standing.elsewhere) standing.columns = 0;
}
