/* The hosts that whoever typed the launch gave to mpirun: from the command line of a process above this one. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "polysweep/measure.h"

static const char *const launchers[] = {"mpirun",        "mpiexec",        "orterun",        "prterun",
                                        "mpiexec.hydra", "mpirun.openmpi", "mpiexec.openmpi"};
static const char *const options[] = {"--host",        "-host",        "-H",     "--hostfile", "-hostfile",
                                      "--machinefile", "-machinefile", "-hosts", "-f"};

static bool is_one_of(const char *word, const char *const *list, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(list[i], word) == 0) return true;
    return false;
}

#define IS_ONE_OF(word, list) is_one_of(word, list, sizeof(list) / sizeof *(list))

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

/* What a shell leaves alone. */
static bool is_plain(const char *word)
{
    return word[0] &&
           strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.,:/@%+-=[]") == strlen(word);
}

bool psw_launcher_hosts_of(const char *arguments, size_t length, char *out, size_t size)
{
    const char *end = arguments + length, *option = NULL;
    out[0] = '\0';
    if (length == 0 || end[-1] || !IS_ONE_OF(base_of(arguments), launchers)) return false;
    for (const char *at = arguments + strlen(arguments) + 1; at < end; at += strlen(at) + 1) {
        size_t used = strlen(out);
        if (option && is_plain(at)) psw_format(out + used, size - used, " %s %s", option, at);
        option = !option && IS_ONE_OF(at, options) ? at : NULL;
    }
    return true;
}

static size_t read_file(long process, const char *name, char *text, size_t size)
{
    char path[64];
    psw_format(path, sizeof path, "/proc/%ld/%s", process, name);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, size - 1, file) : 0;
    text[length] = '\0';
    if (file) fclose(file);
    return length;
}

/* "17 (a name) S 16 ..."; 0: it has none. */
static long parent_of(long process)
{
    char text[512];
    long parent = 0;
    read_file(process, "stat", text, sizeof text);
    char *name = strrchr(text, ')');
    return name && sscanf(name + 1, " %*c %ld", &parent) == 1 ? parent : 0;
}

void psw_launcher_hosts(char *out, size_t size)
{
    enum { GENERATIONS = 8 };
    char arguments[8192];
    long process = getppid();
    out[0] = '\0';
    for (int i = 0; i < GENERATIONS && process > 1; i++, process = parent_of(process)) {
        size_t length = read_file(process, "cmdline", arguments, sizeof arguments);
        if (psw_launcher_hosts_of(arguments, length, out, size)) return;
    }
}
