/* Several ranks read one file. */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* After a sync that failed, memory may hold what the disk does not: pages are let go, so that the disk is read. */
static void forget_pages(int descriptor)
{
    if (fdatasync(descriptor) != 0) errno = 0; /* its reason was given to the run that wrote */
    posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
}

/* Where chunks are: rank 0 knows it. */
static psw_status share_index(const psw_comm *comm, store_source *source, ptrdiff_t count)
{
    if (count == 0) return PSW_OK;
    psw_status status = comm->rank == 0 ? PSW_OK : store_source_index(source, NULL, count);
    PSW_TRY(psw_comm_agree(comm, status));
    return psw_comm_bytes(comm, 0, store_source_chunks(source), (size_t)count * sizeof(store_chunk));
}

static psw_status open_steps(const psw_comm *comm, const char *path, psw_reader **reader)
{
    psw_status status = store_reader_begin(path, reader);
    if (status == PSW_OK && comm->rank == 0) status = store_inventory_take(path, &(*reader)->has, (*reader)->file);
    PSW_TRY(psw_comm_agree(comm, status));
    forget_pages(store_source_file((*reader)->file));
    PSW_TRY(psw_comm_bytes(comm, 0, &(*reader)->has, sizeof(store_inventory)));
    PSW_TRY(share_index(comm, (*reader)->file, (*reader)->has.chunks));
    return psw_comm_agree(comm, store_reader_understand(*reader, path));
}

psw_status psw_reader_open_shared(const psw_comm *comm, const char *path, psw_reader **out)
{
    psw_status status = open_steps(comm, path, out);
    if (status == PSW_OK) return status;
    psw_reader_close(*out);
    *out = NULL;
    return status;
}

enum { SHARE_LEAST = 1 << 16, PIECE = 1 << 14 };

typedef struct share {
    ptrdiff_t first, count;
} share;

/* Of a small file rank 0 reads all, unless it has rows or samples to read. */
static share share_of(const psw_comm *comm, const psw_reader *reader, int rank)
{
    ptrdiff_t slots = reader->has.slots, ranks = comm->size;
    bool more = reader->has.rows[ROWS_OUTPUT].count > 0 || reader->has.samples.count > 0;
    if (!more && ranks > (slots + SHARE_LEAST - 1) / SHARE_LEAST) ranks = (slots + SHARE_LEAST - 1) / SHARE_LEAST;
    if (rank >= ranks) return (share){slots, 0};
    ptrdiff_t first = slots / ranks * rank + (slots % ranks < rank ? slots % ranks : rank);
    return (share){first, slots / ranks + (rank < slots % ranks)};
}

psw_status psw_reader_states_each(const psw_comm *comm, psw_reader *reader, psw_states_take *take, void *context)
{
    share mine = share_of(comm, reader, comm->rank);
    psw_slot *slots = malloc(PIECE * sizeof *slots);
    psw_status status = slots ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read the states of slots");
    for (ptrdiff_t done = 0; status == PSW_OK && done < mine.count; done += PIECE) {
        ptrdiff_t count = mine.count - done < PIECE ? mine.count - done : PIECE;
        status = psw_reader_slots_get(reader, mine.first + done, count, slots);
        if (status == PSW_OK) status = take(context, mine.first + done, count, slots);
    }
    free(slots);
    return psw_comm_agree(comm, status);
}

psw_status psw_reader_states_join(const psw_comm *comm, const psw_reader *reader, void *bytes)
{
    for (int rank = 0; rank < comm->size; rank++) {
        share part = share_of(comm, reader, rank);
        if (part.count > 0) PSW_TRY(psw_comm_bytes(comm, rank, (char *)bytes + part.first, (size_t)part.count));
    }
    return PSW_OK;
}
