/* Speeds that are kept: what they depend on, and the file. Its last line is a checksum of the others, and a file counts
 * only if it is, byte for byte, what would be written for what was read from it. */
#include "measure/kept.h"

#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "polysweep/record.h"

/* ---- the key ---- */

/* The linker's hash of a program, in digits (a note of its ELF file; GNU binutils, "NT_GNU_BUILD_ID"). */
static int find_build(struct dl_phdr_info *program, size_t size, void *digits)
{
    (void)size;
    for (int i = 0; i < program->dlpi_phnum; i++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[i];
        if (part->p_type != PT_NOTE) continue;
        const char *at = (const char *)(program->dlpi_addr + part->p_vaddr), *end = at + part->p_memsz;
        while (end - at >= (ptrdiff_t)sizeof(ElfW(Nhdr))) {
            ElfW(Nhdr) note;
            memcpy(&note, at, sizeof note);
            const char *name = at + sizeof note, *value = name + (note.n_namesz + 3) / 4 * 4;
            bool build = note.n_type == NT_GNU_BUILD_ID && note.n_namesz == 4 && memcmp(name, "GNU", 4) == 0;
            for (size_t k = 0; build && k < note.n_descsz && k < 20; k++)
                psw_format((char *)digits + 2 * k, 3, "%02x", (unsigned char)value[k]);
            if (build) return 1;
            at = value + (note.n_descsz + 3) / 4 * 4;
        }
    }
    return 1; /* the first one is the program, the others are libraries */
}

/* Without such a note, the file. */
static void describe_build(char *out, size_t size)
{
    char digits[48] = "";
    struct stat about;
    dl_iterate_phdr(find_build, digits);
    if (!digits[0] && stat("/proc/self/exe", &about) == 0)
        psw_format(digits, sizeof digits, "%lld-%lld", (long long)about.st_size, (long long)about.st_mtim.tv_sec);
    psw_format(out, size, "%s %s", PSW_VERSION, digits);
}

/* MPI's own words for how messages travel, where somebody has chosen. */
static uint64_t transport(void)
{
    static const char *const names[] = {"OMPI_MCA_pml", "OMPI_MCA_btl", "OMPI_MCA_btl_vader_single_copy_mechanism",
                                        "UCX_TLS", "FI_PROVIDER"};
    char library[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(library, &length);
    uint64_t hash = psw_hash_text(0, library);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        hash = psw_hash_text(hash, getenv(names[i]) ? getenv(names[i]) : "");
    return hash;
}

measure_key measure_key_of(const psw_machine *machine, int ranks, int threads, ptrdiff_t nodes)
{
    measure_key key;
    char build[128];
    describe_build(build, sizeof build);
    bool whole = psw_format(key.text, sizeof key.text,
                            "polysweep speeds 2\nprocessor %s\nBLAS %s, %s\nprogram %s\n"
                            "%d ranks of %d threads on %d processors, %s\nmessages %016llx\n",
                            machine->cpu, machine->blas_config, machine->blas_kernel, build, ranks, threads,
                            psw_machine_processors(machine, machine->cores_node),
                            nodes > 1 ? "several nodes" : "one node", (unsigned long long)transport());
    key.hash = machine->cpu[0] && whole ? psw_hash_text(0, key.text) : 0;
    return key;
}

/* ---- the text ---- */

/* zero: it may be 0; unknown: it may be no number. */
static const struct {
    const char *name;
    size_t at;
    bool zero, unknown;
} numbers[] = {
#define NUMBER(member, zero, unknown)                                                                                  \
    {                                                                                                                  \
#member, offsetof(psw_speeds, member), zero, unknown                                                           \
    }
#define RATE(member) NUMBER(rates.member, true, false)
#define RATES(member) RATE(member[0]), RATE(member[1])
    NUMBER(rates.flop_s[0], false, false),
    NUMBER(rates.flop_s[1], false, false),
    RATES(score_s),
    RATES(weigh_s),
    RATES(transcend_s),
    RATES(exponential_s),
    RATES(sketch_flop_s),
    RATES(feature_s),
    RATES(head_flop_s),
    RATES(head_entry_s),
    RATE(sign_s),
    RATE(row_s),
    RATE(noise_s),
    RATE(point_s),
    NUMBER(product_flops_s[0], false, false),
    NUMBER(product_flops_s[1], false, false),
    NUMBER(memory_byte_s, false, true),
    NUMBER(latency_s[0], false, true),
    NUMBER(latency_s[1], false, true),
    NUMBER(byte_s[0], false, true),
    NUMBER(byte_s[1], false, true),
};
enum { NUMBERS = sizeof numbers / sizeof *numbers, TEXT = 8192 };

typedef struct text {
    char at[TEXT];
    size_t length;
} text;

static double *number(psw_speeds *speeds, int i)
{
    return (double *)((char *)speeds + numbers[i].at);
}

/* `key`: so many bytes. */
static void write_text(const char *key, size_t length, double when, const psw_speeds *speeds, text *out)
{
    psw_speeds copy = *speeds;
    psw_format(out->at, TEXT, "%.*s", (int)length, key);
    for (int i = 0; i < NUMBERS; i++) {
        double value = *number(&copy, i);
        out->length = strlen(out->at);
        if (isnan(value))
            psw_format(out->at + out->length, TEXT - out->length, "%s nan\n", numbers[i].name);
        else
            psw_format(out->at + out->length, TEXT - out->length, "%s %.17g\n", numbers[i].name, value);
    }
    out->length = strlen(out->at);
    psw_format(out->at + out->length, TEXT - out->length, "busy %d\nmeasured %.0f\n", speeds->busy, when);
    uint64_t sum = psw_hash_text(1, out->at);
    out->length = strlen(out->at);
    psw_format(out->at + out->length, TEXT - out->length, "sum %016llx\n", (unsigned long long)sum);
    out->length = strlen(out->at);
}

static bool take(const char **at, const char *name, double *value)
{
    size_t length = strlen(name);
    char *end;
    if (strncmp(*at, name, length) != 0 || (*at)[length] != ' ') return false;
    *value = strtod(*at + length + 1, &end);
    if (end == *at + length + 1 || *end != '\n') return false;
    *at = end + 1;
    return true;
}

static bool allowed(int i, double value)
{
    if (isnan(value)) return numbers[i].unknown;
    return isfinite(value) && (numbers[i].zero ? value >= 0 : value > 0);
}

static bool read_text(const text *in, uint64_t hash, double *when, psw_speeds *speeds)
{
    const char *first = strstr(in->at, numbers[0].name), *at = first;
    text key, again;
    double busy;
    if (!first) return false;
    psw_format(key.at, TEXT, "%.*s", (int)(first - in->at), in->at);
    if (psw_hash_text(0, key.at) != hash) return false;
    *speeds = (psw_speeds){.rates = psw_rates_default};
    for (int i = 0; i < NUMBERS; i++)
        if (!take(&at, numbers[i].name, number(speeds, i)) || !allowed(i, *number(speeds, i))) return false;
    if (!take(&at, "busy", &busy) || !(busy == 0 || busy == 1)) return false;
    speeds->busy = busy == 1;
    if (!take(&at, "measured", when) || !isfinite(*when)) return false;
    write_text(in->at, (size_t)(first - in->at), *when, speeds, &again);
    return again.length == in->length && memcmp(again.at, in->at, in->length) == 0;
}

/* ---- the file ---- */

/* As the XDG base directory specification has it: a relative path is none. */
bool measure_kept_directory(char *path, size_t size)
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (cache && cache[0] == '/') return psw_format(path, size, "%s/polysweep", cache);
    return home && home[0] == '/' && psw_format(path, size, "%s/.cache/polysweep", home);
}

bool measure_kept_path(uint64_t hash, char *path, size_t size)
{
    char directory[1024];
    return hash && measure_kept_directory(directory, sizeof directory) &&
           psw_format(path, size, "%s/speeds-%016llx", directory, (unsigned long long)hash);
}

static bool read_all(const char *path, text *in)
{
    FILE *file;
    if (access(path, R_OK) != 0 || psw_file_open(path, &file) != PSW_OK) return false;
    in->length = fread(in->at, 1, TEXT - 1, file);
    in->at[in->length] = '\0';
    bool whole = !ferror(file) && feof(file) && strlen(in->at) == in->length;
    fclose(file);
    return whole;
}

bool measure_kept_read(uint64_t hash, double now, psw_speeds *speeds)
{
    char path[1200];
    text in;
    double when;
    psw_speeds found;
    if (!measure_kept_path(hash, path, sizeof path) || !read_all(path, &in)) return false;
    if (!read_text(&in, hash, &when, &found) || when > now + 1 ||
        now - when > (found.busy ? MEASURE_BUSY_S : MEASURE_KEPT_S))
        return false;
    *speeds = found;
    speeds->age_s = fmax(now - when, 1); /* 0 is for what this launch measured */
    psw_rates_of_messages(speeds->latency_s, speeds->byte_s, &speeds->rates);
    return true;
}

/* The cache and the directory in it; nothing above the cache: a home that is not there is not made. */
static void make_directories(const char *path)
{
    char cache[1300], own[1300];
    psw_format(own, sizeof own, "%s", path);
    *strrchr(own, '/') = '\0';
    psw_format(cache, sizeof cache, "%s", own);
    *strrchr(cache, '/') = '\0';
    mkdir(cache, 0700);
    mkdir(own, 0700);
}

static bool write_all(const char *path, const text *out)
{
    int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (file < 0) return false;
    bool written = write(file, out->at, out->length) == (ssize_t)out->length;
    return close(file) == 0 && written;
}

bool measure_kept_write(const measure_key *key, double now, const psw_speeds *speeds)
{
    char path[1200], temporary[1300], host[64] = "";
    text out;
    if (!measure_kept_path(key->hash, path, sizeof path)) return false;
    gethostname(host, sizeof host - 1);
    psw_format(temporary, sizeof temporary, "%s.%s.%ld", path, host, (long)getpid());
    write_text(key->text, strlen(key->text), now, speeds, &out);
    make_directories(temporary);
    if (write_all(temporary, &out) && rename(temporary, path) == 0) return true;
    unlink(temporary);
    return false;
}
