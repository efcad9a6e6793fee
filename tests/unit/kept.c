/* Speeds that are kept: the same numbers come back, and nothing else is believed. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "measure/kept.h"

static const double now = 1.8e9;

/* Numbers with full mantissas. */
static psw_speeds some_speeds(double slower)
{
    psw_speeds s = psw_speeds_unknown();
    double rates[sizeof s.rates / sizeof(double)];
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) rates[i] = slower * 1e-9 / (3 + (double)i);
    memcpy(&s.rates, rates, sizeof rates);
    s.rates.run_s = psw_rates_default.run_s;
    for (int i = 0; i < 2; i++) /* those that no message gave */
        s.rates.latency_s[i] = psw_rates_default.latency_s[i], s.rates.byte_s[i] = psw_rates_default.byte_s[i];
    s.rates.weigh_s[0] = 0; /* what the cost model found to take no time */
    s.product_flops_s[0] = 1e11 / 3, s.product_flops_s[1] = 2e11 / 3;
    s.memory_byte_s = slower * 1e-10 / 7;
    s.latency_s[0] = 1e-6 / 3, s.byte_s[0] = 1e-10 / 3;
    s.age_s = 0;
    psw_rates_of_messages(s.latency_s, s.byte_s, &s.rates);
    return s;
}

static psw_machine some_machine(const char *cpu)
{
    psw_machine m = {.cores_node = 8, .blas_threads = 1};
    psw_format(m.cpu, sizeof m.cpu, "%s", cpu);
    psw_format(m.blas_config, sizeof m.blas_config, "OpenBLAS; tiles: own kernel, AVX2");
    psw_format(m.blas_kernel, sizeof m.blas_kernel, "Zen");
    return m;
}

static void test_key(void)
{
    psw_machine m = some_machine("one"), other = some_machine("two"), unknown = some_machine("");
    psw_machine tiles = m, kernel = m, cores = m, allowed = m;
    psw_format(tiles.blas_config, sizeof tiles.blas_config, "OpenBLAS; tiles: own kernel, AVX-512");
    psw_format(kernel.blas_kernel, sizeof kernel.blas_kernel, "Haswell");
    cores.cores_node = 16;
    allowed.allowed.cores = 2;
    uint64_t hash = measure_key_of(&m, 4, 1, 1).hash;
    CHECK(hash && hash == measure_key_of(&m, 4, 1, 1).hash, "the same launch has another key");
    const uint64_t others[] = {measure_key_of(&other, 4, 1, 1).hash,   measure_key_of(&tiles, 4, 1, 1).hash,
                               measure_key_of(&kernel, 4, 1, 1).hash,  measure_key_of(&cores, 4, 1, 1).hash,
                               measure_key_of(&allowed, 4, 1, 1).hash, measure_key_of(&m, 2, 1, 1).hash,
                               measure_key_of(&m, 4, 2, 1).hash,       measure_key_of(&m, 4, 1, 2).hash};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        CHECK(others[i] && others[i] != hash, "launch %zu has the same key", i);
    CHECK(measure_key_of(&unknown, 4, 1, 1).hash == 0, "processors without a name are not told apart");
    setenv("OMPI_MCA_pml", "another", 1);
    CHECK(measure_key_of(&m, 4, 1, 1).hash != hash, "messages travel in another way");
    unsetenv("OMPI_MCA_pml");
}

static void test_kept(const measure_key *key)
{
    psw_speeds s = some_speeds(1), back;
    CHECK(!measure_kept_read(key->hash, now, &back), "nothing is kept yet");
    CHECK(measure_kept_write(key, now, &s), "speeds cannot be kept");
    CHECK(measure_kept_read(key->hash, now + 3600, &back) && back.age_s == 3600, "age %g", back.age_s);
    back.age_s = 0;
    CHECK(memcmp(&back, &s, offsetof(psw_speeds, busy)) == 0, "other numbers come back"); /* NaN too */
    CHECK(measure_kept_read(key->hash, now, &back) && back.age_s > 0, "kept ones look as if measured now");
    CHECK(!measure_kept_read(key->hash, now + MEASURE_KEPT_S + 1, &back), "older than a month");
    CHECK(!measure_kept_read(key->hash, now - 60, &back), "from the future");
}

static size_t slurp(const char *path, char *text, size_t size)
{
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(text, 1, size, file) : 0;
    if (file) fclose(file);
    return length;
}

static void spill(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fwrite(text, 1, length, file) == length, "%s cannot be written", path);
    if (file) fclose(file);
}

/* A file that was cut, changed, or is another's. */
static void test_not_believed(const measure_key *key, const measure_key *other)
{
    char path[1200], theirs[1200], text[8192];
    psw_speeds back;
    measure_kept_path(key->hash, path, sizeof path);
    measure_kept_path(other->hash, theirs, sizeof theirs);
    size_t length = slurp(path, text, sizeof text);
    CHECK(length > 500 && measure_kept_read(key->hash, now, &back), "the file is believed to begin with");
    for (size_t i = 0; i < length; i += 1 + i % 4) {
        if (i % 16 == 0) spill(path, text, i);
        CHECK(i % 16 != 0 || !measure_kept_read(key->hash, now, &back), "cut to %zu bytes", i);
        text[i] ^= 1;
        spill(path, text, length);
        CHECK(!measure_kept_read(key->hash, now, &back), "byte %zu changed", i);
        text[i] ^= 1;
    }
    text[length] = '\n';
    spill(path, text, length + 1);
    CHECK(!measure_kept_read(key->hash, now, &back), "a line more");
    spill(theirs, text, length);
    CHECK(!measure_kept_read(other->hash, now, &back), "another's file under this name");
    spill(path, text, length);
    CHECK(measure_kept_read(key->hash, now, &back), "the file is believed again");
    unlink(path);
    CHECK(mkfifo(path, 0600) == 0 && !measure_kept_read(key->hash, now, &back), "a pipe without a writer");
    CHECK(measure_kept_write(key, now, &(psw_speeds){0}), "it is replaced");
    CHECK(!measure_kept_read(key->hash, now, &back), "a product that takes no time");
    unlink(theirs);
    unlink(path);
}

/* No number that is none, whoever wrote it. */
static void test_numbers(const measure_key *key)
{
    psw_speeds bad[4], back;
    for (int i = 0; i < 4; i++) bad[i] = some_speeds(1);
    bad[0].rates.score_s[1] = NAN;
    bad[1].rates.head_flop_s[0] = -1e-12;
    bad[2].product_flops_s[0] = INFINITY;
    bad[3].rates.flop_s[0] = 0;
    for (int i = 0; i < 4; i++) {
        CHECK(measure_kept_write(key, now, &bad[i]), "written");
        CHECK(!measure_kept_read(key->hash, now, &back), "bad number %d is believed", i);
    }
}

static void test_kinds(const measure_key *one, const measure_key *two)
{
    measure_node list[] = {{*one, some_speeds(1)}, {*two, some_speeds(3)}, {*one, some_speeds(2)}}, read[3];
    psw_speeds all, kind;
    memcpy(read, list, sizeof list);
    list[1].speeds.busy = true;
    measure_kinds_write(list, 3, now);
    CHECK(measure_kept_read(two->hash, now + MEASURE_BUSY_S - 1, &kind) && kind.busy, "a busy node is known as such");
    CHECK(!measure_kept_read(two->hash, now + MEASURE_BUSY_S + 1, &kind), "a busy node counts for long");
    CHECK(!measure_kinds_read(read, 3, now + MEASURE_BUSY_S + 1), "a kind is missing");
    CHECK(measure_kept_read(one->hash, now + MEASURE_BUSY_S + 1, &kind) && !kind.busy, "an idle one does");
    CHECK(kind.rates.sign_s == list[2].speeds.rates.sign_s && kind.memory_byte_s == list[2].speeds.memory_byte_s,
          "not the slower of two alike");
    CHECK(measure_kinds_read(read, 3, now), "both are there");
    all = measure_kinds_join(read, 3);
    CHECK(all.rates.sign_s == list[1].speeds.rates.sign_s, "not the slowest kind");
    list[1].speeds.memory_byte_s = NAN;
    measure_speeds_join(&list[1].speeds, &all);
    CHECK(isnan(all.memory_byte_s), "what one does not know, all do not");
}

/* So many times as slow, all rates. */
static psw_speeds slow_speeds(double factor)
{
    psw_speeds s = some_speeds(1);
    double rate[sizeof s.rates / sizeof(double)];
    s.rates = psw_rates_default;
    memcpy(rate, &s.rates, sizeof s.rates);
    for (size_t i = 0; i < sizeof rate / sizeof *rate; i++) rate[i] *= factor;
    memcpy(&s.rates, rate, sizeof s.rates);
    return s;
}

/* The fastest first; as fast as the slowest of those that are about alike, and of each kind the slowest node counts. */
static void test_compare(void)
{
    static const double slow[] = {4, 1, 4.2, 1.05, 2}, speeds[] = {4, 4, 2.1, 1};
    measure_node list[6];
    for (int i = 0; i < 6; i++) {
        char cpu[8];
        psw_format(cpu, sizeof cpu, "cpu %d", i % 5);
        psw_machine m = some_machine(cpu);
        list[i] = (measure_node){measure_key_of(&m, 4, 1, 6), slow_speeds(slow[i % 5])};
    }
    list[2].key = list[0].key;
    psw_speeds all = measure_kinds_join(list, 6);
    CHECK(all.kinds == 4, "%d kinds", all.kinds);
    for (int k = 0; k < 4; k++)
        CHECK(fabs(all.kind[k].speed - speeds[k]) < 1e-9, "kind %d: %s is %g times as fast", k, all.kind[k].cpu,
              all.kind[k].speed);
    CHECK(all.kind[3].nodes == 3 && strcmp(all.kind[3].cpu, "cpu 0") == 0, "%td of %s", all.kind[3].nodes,
          all.kind[3].cpu);
    for (int i = 0; i < 6; i++) list[i].speeds = slow_speeds(1 + 0.02 * i);
    all = measure_kinds_join(list, 6);
    for (int k = 0; k < all.kinds; k++) CHECK(all.kind[k].speed == 1, "about alike, %g", all.kind[k].speed);
}

static void test_places(const char *place)
{
    char path[1200], expected[1200];
    measure_key key = {.text = "x", .hash = 1};
    psw_speeds s = some_speeds(1), back;
    setenv("HOME", place, 1);
    setenv("XDG_CACHE_HOME", "relative/is/none", 1);
    psw_format(expected, sizeof expected, "%s/.cache/polysweep", place);
    CHECK(measure_kept_directory(path, sizeof path) && strcmp(path, expected) == 0, "%s", path);
    setenv("XDG_CACHE_HOME", "/proc", 1); /* nobody makes a directory there */
    CHECK(!measure_kept_write(&key, now, &s) && !measure_kept_read(1, now, &back), "kept in /proc");
    setenv("XDG_CACHE_HOME", "", 1);
    unsetenv("HOME");
    CHECK(!measure_kept_directory(path, sizeof path) && !measure_kept_path(1, path, sizeof path), "%s", path);
    CHECK(!measure_kept_write(&key, now, &s) && !measure_kept_read(1, now, &back), "kept nowhere");
}

static void test_busy(void)
{
    CHECK(!measure_was_busy(0.95, 1, 1.2, 1.09), "a core of one's own");
    CHECK(measure_was_busy(0.85, 1, 1.2, 1), "another process had the core");
    CHECK(measure_was_busy(0.95, 1, 1.3, 1), "another process slowed products down");
    CHECK(measure_was_busy(0.95, 1, 1.2, 1.2), "another process slowed some rounds down");
    CHECK(measure_is_enough(3, 0.2, 1.01) && !measure_is_enough(2, 0.2, 1), "rounds that agree");
    CHECK(!measure_is_enough(3, 0.2, 1.2) && measure_is_enough(6, 0.4, 1.2), "rounds that do not");
    CHECK(measure_is_enough(2, 2, 1.2) && !measure_is_enough(1, 2, 1), "a part of a core");
}

int main(void)
{
    char place[] = "/tmp/polysweep-kept-XXXXXX", directory[64];
    CHECK(mkdtemp(place) != NULL, "no directory");
    unsetenv("OMPI_MCA_pml");
    setenv("XDG_CACHE_HOME", place, 1);
    psw_machine m = some_machine("one"), n = some_machine("two");
    measure_key key = measure_key_of(&m, 4, 1, 1), other = measure_key_of(&n, 4, 1, 1);
    test_key();
    test_kept(&key);
    test_not_believed(&key, &other);
    test_numbers(&key);
    test_kinds(&key, &other);
    test_compare();
    for (int i = 0; i < 2; i++) {
        char path[1200];
        measure_kept_path(i ? other.hash : key.hash, path, sizeof path);
        unlink(path);
    }
    psw_format(directory, sizeof directory, "%s/polysweep", place);
    CHECK(rmdir(directory) == 0, "something else was left behind");
    test_places(place);
    test_busy();
    CHECK(rmdir(place) == 0, "something was left in the home");
    return test_end();
}
