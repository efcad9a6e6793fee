/* pack: a smaller file with the same contents, which every reader reads. */
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/cmd.h"
#include "polysweep/files.h"
#include "polysweep/plain.h"
#include "polysweep/print.h"

typedef struct parcel {
    const char *from, *to;
    psw_packing packing;
    ptrdiff_t slots;
    double seconds;
} parcel;

static psw_status check(const cmd_options *o)
{
    if (o->file_count != 1 || !o->output)
        return PSW_FAIL(PSW_USAGE, "pack takes one file, and -o with the name of the file to create: polysweep pack "
                                   "FILE.h5 -o SMALL.h5");
    if (access(o->output, F_OK) == 0)
        return PSW_FAIL(PSW_ENVIRONMENT, "%s exists and is not overwritten; give another name with -o", o->output);
    return PSW_OK;
}

/* No run begins to write it meanwhile. Where no lock is to be had (a directory that cannot be written) none writes. */
static psw_status lock_source(const char *path, psw_lock *lock)
{
    if (psw_lock_take(path, lock) == PSW_OK || !psw_lock_held(path)) return PSW_OK;
    return PSW_FAIL(PSW_ENVIRONMENT, "%s: a run is still writing it; pack it when that has ended", path);
}

static psw_status look(parcel *p)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(p->from, &reader));
    p->slots = psw_reader_slots(reader);
    bool packed = psw_reader_packed(reader);
    psw_reader_close(reader);
    if (!packed) return PSW_OK;
    return PSW_FAIL(PSW_USAGE, "%s is packed already: copy it (cp %s %s)", p->from, p->from, p->to);
}

/* Two passes over the file, of some 5 s a GB each. */
static void announce(const parcel *p)
{
    const double large = 1 << 28, second = 1e8;
    struct stat about;
    double bytes = stat(p->from, &about) == 0 ? (double)about.st_size : 0;
    if (bytes > large)
        psw_print(stderr, "polysweep: packing %.1f GB of %s takes some %.0f s\n", bytes / 1e9, p->from, bytes / second);
}

static psw_status pack_locked(const cmd_options *o, parcel *p)
{
    psw_lock lock;
    if (!o->quiet) announce(p);
    PSW_TRY(psw_lock_take(p->to, &lock));
    psw_status status = psw_store_pack(p->from, p->to, &p->packing);
    psw_lock_release(&lock);
    return status;
}

static psw_status pack(const cmd_options *o, parcel *p)
{
    psw_lock lock = psw_lock_none();
    double start_s = psw_clock_s();
    PSW_TRY(check(o));
    PSW_TRY(look(p));
    PSW_TRY(lock_source(p->from, &lock));
    psw_status status = pack_locked(o, p);
    psw_lock_release(&lock);
    p->seconds = psw_clock_s() - start_s;
    return status;
}

static void print(const parcel *p)
{
    const psw_packing *k = &p->packing;
    ptrdiff_t left = p->slots - k->ended - k->torn;
    psw_print(stdout, "file        %s, %.0f bytes, %.1f a point\n", p->to, k->after, k->after / (double)p->slots);
    psw_print(stdout, "from        %s, %.0f bytes, %.1f a point\n", p->from, k->before, k->before / (double)p->slots);
    psw_print(stdout, "slots       %td, %td ended, all values and commit words the same\n", p->slots, k->ended);
    if (k->torn > 0) psw_print(stdout, "torn        %td, in both files: polysweep run computes them again\n", k->torn);
    if (left > 0)
        psw_print(stdout, "unfinished  %td; a run on %s unpacks it by itself and computes them\n", left, p->to);
}

static void json(const parcel *p)
{
    psw_json out = psw_json_begin(stdout, "pack");
    psw_json_text(&out, "file", p->to);
    psw_json_text(&out, "from", p->from);
    psw_json_number(&out, "bytes", p->packing.after);
    psw_json_number(&out, "bytes_before", p->packing.before);
    psw_json_count(&out, "slots", p->slots);
    psw_json_count(&out, "ended", p->packing.ended);
    psw_json_count(&out, "torn", p->packing.torn);
    psw_json_number(&out, "seconds", p->seconds);
    psw_json_end(&out);
}

psw_status cmd_pack(const cmd_options *options, const psw_comm *world)
{
    (void)world;
    parcel p = {.from = options->files[0], .to = options->output};
    PSW_TRY(pack(options, &p));
    (options->json ? json : print)(&p);
    return PSW_OK;
}
