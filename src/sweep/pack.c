#include "sweep/pack.h"

#include "polysweep/plain.h"

/* ---- nothing is left ---- */

static bool is_ended(const sweep_job *j)
{
    for (ptrdiff_t i = 0; i < j->given.slots; i++) {
        unsigned char part = j->slots.part[i];
        if (part == SWEEP_PART_WANTED || part == SWEEP_PART_QUARANTINED || part == SWEEP_PART_CRASHED) return false;
    }
    return true;
}

bool sweep_pack_is_enough(const sweep_job *j)
{
    if (!psw_reader_packed(j->slots.reader)) return false;
    return j->slots.whole || (is_ended(j) && (!j->search.search || j->search.all_there));
}

psw_status sweep_pack_end(const sweep_job *j)
{
    const sweep_slots *s = &j->slots;
    const char *path = j->given.path;
    psw_status status = s->failed + s->skipped > 0 ? PSW_POINTS_FAILED : PSW_OK;
    if (j->given.world->rank > 0 || j->given.request->quiet) return status;
    psw_print(stderr, "polysweep: %s: %td of %td points done", path, s->done, s->points);
    if (s->not_needed) psw_print(stderr, ", %td not needed", s->not_needed);
    if (s->failed) psw_print(stderr, ", %td failed", s->failed);
    if (s->skipped) psw_print(stderr, ", %td skipped for memory or size", s->skipped);
    bool all = s->done + s->failed + s->skipped + s->not_needed == s->points;
    psw_print(stderr, "; nothing %sis left to do, and the file stays packed\n", all ? "" : "of what --where keeps ");
    return status;
}

/* ---- unpacking ---- */

static void say(const sweep_job *j, const char *what, const psw_packing *p, double seconds)
{
    if (j->given.request->quiet) return;
    psw_print(stderr, "polysweep: %s: %s in %.1f s, from %.1f to %.1f MiB\n", j->given.path, what, seconds,
              p->before / 1048576, p->after / 1048576);
}

static psw_status unpack(sweep_job *j)
{
    psw_packing packing = {.replaces = true};
    double start_s = psw_clock_s();
    PSW_TRY(psw_store_unpack(j->given.path, j->given.path, &packing));
    PSW_TRY(psw_lock_renew(j->given.path, &j->slots.lock));
    psw_seal_take(j->given.path, j->slots.seal);
    say(j, "was packed; unpacked, for there is work left,", &packing, psw_clock_s() - start_s);
    return PSW_OK;
}

psw_status sweep_pack_open(sweep_job *j)
{
    const psw_comm *world = j->given.world;
    if (!psw_reader_packed(j->slots.reader)) return PSW_OK;
    PSW_TRY(psw_comm_agree(world, world->rank == 0 ? unpack(j) : PSW_OK));
    psw_reader_close(j->slots.reader);
    j->slots.reader = NULL;
    return psw_reader_open_shared(world, j->given.path, &j->slots.reader);
}

/* ---- packing ---- */

static bool is_packed(const char *path)
{
    psw_reader *reader;
    if (psw_reader_open(path, &reader) != PSW_OK) return false;
    bool packed = psw_reader_packed(reader);
    psw_reader_close(reader);
    return packed;
}

static psw_status pack(sweep_job *j)
{
    psw_packing packing = {.replaces = true};
    double start_s = psw_clock_s();
    PSW_TRY(psw_store_pack(j->given.path, j->given.path, &packing));
    say(j, "packed", &packing, psw_clock_s() - start_s);
    return psw_lock_renew(j->given.path, &j->slots.lock);
}

bool sweep_pack_close(sweep_job *j)
{
    char message[1024], site[96];
    if (!j->given.settings->pack || is_packed(j->given.path)) return false;
    psw_format(message, sizeof message, "%s", psw_message());
    psw_format(site, sizeof site, "%s", psw_message_site());
    bool packed = pack(j) == PSW_OK;
    if (!packed)
        psw_message_print("note: ", "; the file is whole, and stays as it was: polysweep pack makes a smaller one");
    psw_message_set(message, site);
    return packed;
}
