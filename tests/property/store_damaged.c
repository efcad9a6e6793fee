/* Files, every second one packed, with a few bytes changed, or cut: a reader ends with a status, never with a signal,
 * and asks for no memory that the file does not account for. Each file is read in a process of its own. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "polysweep/random.h"
#include "store_edges.h"

enum { SLOTS = 40, COMBINATIONS = 5, FILES = 300, LARGEST = 1 << 20 };

static char path[256];
static store_layout layout;

static void store_bytes(const unsigned char *bytes, size_t count)
{
    FILE *stream = fopen(path, "wb");
    if (!stream) return;
    fwrite(bytes, 1, count, stream);
    fclose(stream);
}

/* Changes up to 20 bytes, half of them among the first 4096, where the tables of the file are; every tenth is cut. */
static size_t damage(psw_key key, uint64_t file, unsigned char *bytes, size_t count)
{
    uint32_t word[4];
    psw_random_block(key, file, 0, word);
    uint64_t changes = 1 + word[0] % 20;
    size_t kept = word[1] % 10 == 0 ? word[2] % count : count;
    for (uint64_t i = 1; i <= changes; i++) {
        psw_random_block(key, file, i, word);
        bytes[word[0] % (word[1] % 2 ? count : 4096)] = word[2] % 3 ? (unsigned char)word[3] : (word[3] % 2 ? 0xff : 0);
    }
    return kept;
}

static int read_all(void)
{
    psw_reader *reader = NULL;
    static psw_record records[SLOTS];
    static psw_edge_row rows[PSW_SEARCH_EDGES * COMBINATIONS];
    psw_launch launch;
    char message[64];
    alarm(20); /* a reader that loops is a failure too */
    psw_status status = psw_reader_open(path, &reader);
    if (status != PSW_OK) return status == PSW_ENVIRONMENT ? 0 : 1;
    ptrdiff_t slots = psw_reader_slots(reader);
    if (slots > LARGEST) return 1;
    psw_reader_get(reader, 0, slots < SLOTS ? slots : SLOTS, records);
    for (ptrdiff_t i = 0; i < slots && i < SLOTS; i++)
        if (!psw_word(PSW_WORDS_METHOD, (int)records[i].point.method)) return 1;
    for (ptrdiff_t i = 0; i < COMBINATIONS; i++)
        if (psw_reader_edges_get(reader, i, 1, rows) == PSW_OK &&
            !(psw_word(PSW_WORDS_EDGE, (int)rows[0].kind) && psw_word(PSW_WORDS_SIDE, (int)rows[0].starts)))
            return 1;
    store_edges_check(reader, &layout);
    psw_reader_launch(reader, 0, &launch);
    psw_reader_failure(reader, 0, message, sizeof message);
    psw_reader_schema(reader);
    psw_reader_close(reader);
    return 0;
}

static void try_file(uint64_t number)
{
    int state = 0;
    pid_t child = fork();
    if (child == 0) _exit(read_all() || H5Fget_obj_count((hid_t)H5F_OBJ_ALL, H5F_OBJ_ALL) != 0); /* nothing left open */
    waitpid(child, &state, 0);
    CHECK(WIFEXITED(state) && WEXITSTATUS(state) == 0, "file %llu: state %d", (unsigned long long)number, state);
}

static size_t load(unsigned char *bytes)
{
    FILE *stream = fopen(path, "rb");
    size_t count = stream ? fread(bytes, 1, LARGEST, stream) : 0;
    if (stream) fclose(stream);
    CHECK(count > 4096 && count < LARGEST, "%zu bytes", count);
    return count;
}

int main(void)
{
    static unsigned char good[2][LARGEST], bad[LARGEST];
    psw_packing packing = {.replaces = true};
    size_t count[2];
    const psw_key key = psw_random_key(PSW_STREAM_DATA, 1, NULL, 0);
    layout = store_edges_layout(SLOTS, COMBINATIONS);
    psw_format(path, sizeof path, "/tmp/polysweep-damaged.%ld.h5", (long)getpid());
    CHECK(store_layout_create(path, &layout) == PSW_OK, "%s", psw_message());
    count[0] = load(good[0]);
    CHECK(psw_store_pack(path, path, &packing) == PSW_OK, "%s", psw_message());
    count[1] = load(good[1]);
    for (uint64_t number = 0; number < FILES; number++) {
        memcpy(bad, good[number % 2], count[number % 2]);
        store_bytes(bad, damage(key, number, bad, count[number % 2]));
        try_file(number);
    }
    unlink(path);
    (void)store_record, (void)store_edges_wrong;
    return test_end();
}
