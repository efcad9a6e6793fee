/* Study files cut, spliced and mutated: each ends in a study or in a message. Replay one with its number as argument.
 */
#include <dirent.h>
#include <stdlib.h>

#include "unit/spec_study.h"

#define SEEDS 24
#define TEXT_MAX 8192
#ifndef ROUNDS
#define ROUNDS 6000
#endif

static const char *const own_seeds[] = {
    "schema: 1\nstudy: a\nseed: 4\ndata: {preset: P1, noise: 0}\nmethods:\n  - exact\n  - softmax\n  - polysketch: {r: "
    "[2, 3], local: 0}\n"
    "grid:\n  beta: [2, 4]\n  n: {from: 64, to: 256, factor: 2}\n  classes: [8, 16]\nzip: {s: {mask: [full, causal], "
    "block: [8, 16]}}\n"
    "derive: {d: \"classes + 2\"}\nexclude: [{when: \"n % (d - 2) != 0 or (method == exact and beta > 3)\", why: x}]\n"
    "include: [{method: linear, n: 64, d: 34}]\njudge: {m: ceil(8 * log(n)), trials: 5}\npredict: {mine: log(n) / "
    "log(1 + (a_1**2 + b**2) / c**2)}\n"
    "time: {reps: 2}\nrun: {time_limit: 1h, memory_per_rank: 4Gi, team: 2}\noutput: {file: a.h5, keep: [rows]}\n",
    "{\"schema\": 1, \"data\": {\"a_0\": 0.1, \"a_1\": 1, \"b\": 0.2, \"c\": 1}, \"methods\": [\"closed_form\"], "
    "\"grid\": {\"beta\": "
    "{\"from\": 1, \"to\": 9, \"count\": 5, \"spacing\": \"log\"}, \"n\": [64, 128], \"d\": 10}}",
    "schema: 1\ndata: {kind: file, path: q, heads: [0, 1]}\nmethods: [tensorsketch: {features: [4, 8]}, favor: {r: "
    "2}]\n"
    "grid: {beta: [1, 2], n: 64, d: 3, x: [1, 2]}\nderive: {block: x * beta}\n",
};
static const char *const pieces[] = {
    "{",     "}",     "[",  "]", ":",    ",",    "- ",       "\n",   "  ",  "\"",   "'",   "#",     "&a ", "*a",
    "!!",    "---\n", "(",  ")", "**",   "beta", "n",        "from", "to",  "step", "1e9", "-1",    "0",   "0.1",
    "exact", "\t",    "\\", "%", "not ", "\xff", "\xc3\xa9", "~",    "|\n", ">\n",  "? ",  "1e308", "nan", ".inf"};

static uint64_t state;
static long accepted;

static size_t random_below(size_t bound) /* xorshift64* (Marsaglia 2003, Vigna 2016) */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 2685821657736338717u >> 33) % bound);
}

typedef struct text {
    char at[TEXT_MAX];
    size_t length;
} text;

static void insert(text *t, size_t where, const char *piece, size_t length)
{
    char kept[64]; /* the piece may be a part of the text itself */
    if (t->length + length >= TEXT_MAX || length > sizeof kept) return;
    memcpy(kept, piece, length);
    memmove(t->at + where + length, t->at + where, t->length - where);
    memcpy(t->at + where, kept, length);
    t->length += length;
}

static void mutate(text *t, const text *other)
{
    size_t where = random_below(t->length + 1), span = random_below(t->length - where + 1);
    const char *piece = pieces[random_below(sizeof pieces / sizeof *pieces)];
    switch (random_below(6)) {
    case 0: insert(t, where, piece, strlen(piece)); break;
    case 1: t->length = where; break;
    case 2:
        if (span > 16) span = 16;
        memmove(t->at + where, t->at + where + span, t->length - where - span);
        t->length -= span;
        break;
    case 3:
        if (where < t->length) t->at[where] = (char)random_below(256);
        break;
    case 4: {
        size_t from = random_below(other->length), length = random_below(other->length - from) % 64;
        insert(t, where, other->at + from, length);
        break;
    }
    default: {
        size_t from = random_below(t->length + 1), length = random_below(20);
        if (from + length <= t->length) insert(t, where, t->at + from, length);
        break;
    }
    }
}

static void try_study(const text *t, int round)
{
    static char where[64];
    const char *set = where;
    psw_study *study = NULL;
    size_t first = random_below(t->length + 1), length = t->length - first > 40 ? 40 : t->length - first;
    memcpy(where, t->at + first, length);
    where[length] = 0;
    psw_status status =
        psw_study_parse(&(psw_study_source){t->at, t->length, "fuzz", &set, round % 3 == 0}, NULL, &study);
    CHECK((status == PSW_OK) == (study != NULL), "round %d: status and study disagree", round);
    CHECK(status == PSW_OK || status == PSW_USAGE, "round %d: status %d, %s", round, (int)status, psw_message());
    CHECK(status == PSW_OK || strlen(psw_message()) > 8, "round %d: no message", round);
    if (!study) return;
    accepted++;
    ptrdiff_t slots = psw_study_slots(study), slot = (ptrdiff_t)random_below((size_t)slots);
    psw_point point = psw_study_point(study, slot);
    CHECK(psw_study_slot(study, &point) == slot, "round %d: slot %td comes back as %td", round, slot,
          psw_study_slot(study, &point));
    const char *resolved = psw_study_resolved(study);
    psw_study *again = NULL;
    status = psw_study_parse(&(psw_study_source){resolved, strlen(resolved), "resolved", NULL, 0}, NULL, &again);
    CHECK(status == PSW_OK && psw_study_identity(again) == psw_study_identity(study), "round %d: %s\n%s", round,
          status == PSW_OK ? "resolved is another study" : psw_message(), resolved);
    psw_study_free(again);
    psw_study_free(study);
}

static size_t load_seeds(text *seeds)
{
    size_t count = 0;
    for (; count < sizeof own_seeds / sizeof *own_seeds; count++) {
        seeds[count].length = strlen(own_seeds[count]);
        memcpy(seeds[count].at, own_seeds[count], seeds[count].length);
    }
    DIR *jobs = opendir(POLYSWEEP_JOBS);
    for (struct dirent *entry; jobs && count < SEEDS && (entry = readdir(jobs)) != NULL;) {
        char path[512];
        psw_format(path, sizeof path, "%s/%s", POLYSWEEP_JOBS, entry->d_name);
        FILE *file = strstr(entry->d_name, ".yaml") ? fopen(path, "rb") : NULL;
        if (!file) continue;
        seeds[count].length = fread(seeds[count].at, 1, TEXT_MAX - 1, file);
        count++;
        fclose(file);
    }
    if (jobs) closedir(jobs);
    return count;
}

static void run_round(const text *seeds, size_t count, int round)
{
    state = 0x9e3779b97f4a7c15u + (uint64_t)round * 1000003u;
    text t = seeds[(size_t)round % count];
    for (size_t changes = 1 + random_below(4); changes > 0; changes--) mutate(&t, &seeds[random_below(count)]);
    try_study(&t, round);
}

int main(int argc, char **argv)
{
    static text seeds[SEEDS];
    size_t count = load_seeds(seeds);
    for (size_t i = 0; i < sizeof own_seeds / sizeof *own_seeds; i++) { /* every prefix of ours */
        text t = seeds[i];
        for (t.length = 0; argc < 2 && t.length < seeds[i].length; t.length += 1 + t.length % 3) try_study(&t, 1);
    }
    if (argc > 1)
        run_round(seeds, count, atoi(argv[1]));
    else
        for (int round = 0; round < ROUNDS; round++) run_round(seeds, count, round);
    CHECK(argc > 1 || accepted > ROUNDS / 50, "only %ld texts were studies", accepted);
    fprintf(stderr, "%ld studies\n", accepted);
    return test_end();
}
