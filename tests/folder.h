/* A folder of a test's own for its files. */
#ifndef POLYSWEEP_TESTS_FOLDER_H
#define POLYSWEEP_TESTS_FOLDER_H

#include <stdlib.h>
#include <sys/stat.h>

#include "polysweep/base.h"

static char folder[64];

static inline bool folder_make(void)
{
    psw_format(folder, sizeof folder, "/tmp/polysweep-test.XXXXXX");
    return mkdtemp(folder) != NULL;
}

static inline bool folder_remove(void)
{
    char remove[128];
    psw_format(remove, sizeof remove, "rm -r '%s'", folder);
    return system(remove) == 0;
}

/* The path of a file there, good for four calls. */
static inline const char *file(const char *name)
{
    static char full[4][512];
    static int next;
    psw_format(full[next = (next + 1) % 4], sizeof full[0], "%s/%s", folder, name);
    return full[next];
}

/* -1: there is no such file. */
static inline double size_of(const char *name)
{
    struct stat about;
    return stat(file(name), &about) == 0 ? (double)about.st_size : -1;
}

#endif
