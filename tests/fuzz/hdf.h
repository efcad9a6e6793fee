/* Files in memory, for harnesses of readers that want a path. */
#ifndef POLYSWEEP_TESTS_FUZZ_HDF_H
#define POLYSWEEP_TESTS_FUZZ_HDF_H

#include <unistd.h>

#include "fuzz/fuzz.h"

/* HDF5's own checksum of its tables, replaced: files are made and read with sums of 0, so that a changed table reaches
 * what comes behind the comparison. (Where the library is linked to itself, it keeps its own, and fewer changes do.) */
uint32_t H5_checksum_metadata(const void *data, size_t size, uint32_t start);
uint32_t H5_checksum_metadata(const void *data, size_t size, uint32_t start)
{
    (void)data, (void)size, (void)start;
    return 0;
}

/* A new file each time, in memory where the system has such a place: what HDF5 may still hold open of the last one is
 * another file. (HDF5 asks for the real path, so it must have one.) */
static void put_file(const uint8_t *data, size_t size, char path[64])
{
    psw_format(path, 64, "%s/polysweep-fuzz.%ld", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp", (long)getpid());
    FILE *stream = fopen(path, "wb");
    MUST(stream && fwrite(data, 1, size, stream) == size && fclose(stream) == 0, "%s cannot be written", path);
}

/* A reader tries a file in a child first (store/guard.c), so that HDF5 may break down over it. If it is our own code
 * that a sanitizer stops there, the harness is told. Frames of HDF5 that stand before ours make it the library's. */
#ifdef POLYSWEEP_FUZZ
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>

static void blame(void)
{
    void *frames[64];
    char source[256];
    int count = backtrace(frames, 64);
    for (int i = 0; i < count; i++) {
        Dl_info about;
        if (dladdr(frames[i], &about) && strstr(about.dli_fname, "libhdf5")) break;
        __sanitizer_symbolize_pc(frames[i], "%s", source, sizeof source);
        if (!strstr(source, "/src/")) continue;
        kill(getppid(), SIGABRT);
        break;
    }
}

static void in_child(void)
{
    __sanitizer_set_death_callback(blame);
}

__attribute__((constructor)) static void watch_children(void)
{
    pthread_atfork(NULL, NULL, in_child);
}
#endif

#endif
