/* /dev/shm: Open MPI's messages inside a node and OMPIO's semaphores are here, and remain when a process is
 * killed. */
#include <dirent.h>
#include <fcntl.h>
#include <math.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "polysweep/measure.h"

enum { LEFT_MAX = 512, NAME = 128 };
static const char place[] = "/dev/shm/";

typedef struct left { /* a file that may have been left behind */
    char name[NAME];
    double bytes;
    dev_t device;
    ino_t inode;
    bool used;
} left;

/* Of this user only: those of others are theirs to clear, and whether they are used cannot be seen. */
static int list_files(left *files)
{
    int count = 0;
    DIR *directory = opendir(place);
    for (struct dirent *entry; directory && count < LEFT_MAX && (entry = readdir(directory)) != NULL;) {
        struct stat about;
        bool known = strncmp(entry->d_name, "vader_segment.", 14) == 0 || strncmp(entry->d_name, "sem.OMPIO_", 10) == 0;
        if (!known || fstatat(dirfd(directory), entry->d_name, &about, 0) != 0 || about.st_uid != geteuid()) continue;
        files[count] = (left){.bytes = 512.0 * (double)about.st_blocks, .device = about.st_dev, .inode = about.st_ino};
        if (psw_format(files[count].name, NAME, "%s", entry->d_name)) count++;
    }
    if (directory) closedir(directory);
    return count;
}

/* "7f00-7f01 rw-s 0 00:17 42 /dev/shm/name": by device and number, for who made a semaphore has it under another name.
 * */
static void mark_used(const char *process, left *files, int count)
{
    char path[64], line[4096];
    unsigned first, second;
    unsigned long inode;
    psw_format(path, sizeof path, "/proc/%.20s/maps", process);
    FILE *file = fopen(path, "r");
    while (file && fgets(line, sizeof line, file)) {
        if (sscanf(line, "%*s %*s %*s %x:%x %lu", &first, &second, &inode) != 3 || inode == 0) continue;
        for (int i = 0; i < count; i++)
            if (files[i].inode == inode && files[i].device == makedev(first, second)) files[i].used = true;
    }
    if (file) fclose(file);
}

static bool mark_all_used(left *files, int count)
{
    DIR *processes = opendir("/proc");
    for (struct dirent *entry; processes && (entry = readdir(processes)) != NULL;)
        if (strspn(entry->d_name, "0123456789") == strlen(entry->d_name)) mark_used(entry->d_name, files, count);
    if (processes) closedir(processes);
    return processes != NULL;
}

/* A job that ended while we looked took its files along. */
static bool is_there(const char *file)
{
    char path[sizeof place + NAME];
    psw_format(path, sizeof path, "%s%s", place, file);
    return access(path, F_OK) == 0;
}

static bool shut(const char *file)
{
    char name[NAME + 1];
    int value = 1;
    psw_format(name, sizeof name, "/%s", file + strlen("sem."));
    sem_t *semaphore = sem_open(name, 0);
    if (semaphore == SEM_FAILED) return false;
    if (sem_getvalue(semaphore, &value) != 0) value = 1;
    sem_close(semaphore);
    return value == 0;
}

static void count_file(const left *file, psw_shared_memory *out)
{
    if (strncmp(file->name, "sem.", 4) != 0) {
        out->segments++;
        out->segment_bytes += file->bytes;
        return;
    }
    out->semaphores++;
    if (!shut(file->name)) return;
    out->semaphores_shut++;
    psw_format(out->semaphore, sizeof out->semaphore, "%s", file->name);
}

psw_shared_memory psw_shared_memory_read(void)
{
    psw_shared_memory out = {.free_bytes = NAN};
    struct statvfs system;
    left *files = calloc(LEFT_MAX, sizeof *files);
    int count = files ? list_files(files) : 0;
    if (statvfs(place, &system) == 0) out.free_bytes = (double)system.f_bavail * (double)system.f_frsize;
    bool seen = count > 0 && mark_all_used(files, count);
    for (int i = 0; seen && i < count; i++)
        if (!files[i].used && is_there(files[i].name)) count_file(&files[i], &out);
    free(files);
    return out;
}
