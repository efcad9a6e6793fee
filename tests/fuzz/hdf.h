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

/* A reader lets HDF5 at a file in a child (store/guard.c), where it may break down. If it is our own code that a
 * sanitizer stops there, the harness is told. Frames of HDF5 that stand before ours make it the library's. */
#ifdef POLYSWEEP_FUZZ
#include <dlfcn.h>
#include <execinfo.h>
#include <pthread.h>
#include <sanitizer/common_interface_defs.h>
#include <signal.h>
#include <sys/mman.h>

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

/* What is covered in a child counts: libFuzzer's counters are put into memory that both share, page by page. Their
 * section is made to begin with a page, and in its last one only constants stand behind them. In C the names of its
 * ends would be those that clang itself declares. */
__asm__(".pushsection __sancov_cntrs,\"aw\",@progbits\n.balign 4096\n.popsection\n"
        ".pushsection .data\ncounters_begin: .quad __start___sancov_cntrs\ncounters_end: .quad __stop___sancov_cntrs\n"
        ".popsection");
extern const uintptr_t counters_begin, counters_end;

static void share_counters(void)
{
    const size_t page = 4096, size = (counters_end - counters_begin + page - 1) / page * page;
    void *place = (void *)counters_begin, *copy = malloc(size);
    MUST(counters_begin % page == 0 && copy, "the counters of coverage cannot be shared");
    memcpy(copy, place, size);
    place = mmap(place, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    MUST(place != MAP_FAILED, "the counters of coverage cannot be shared");
    memcpy(place, copy, size);
    free(copy);
}

__attribute__((constructor)) static void watch_children(void)
{
    share_counters();
    pthread_atfork(NULL, NULL, in_child);
}
#endif

#endif
