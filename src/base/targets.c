#include "polysweep/targets.h"

#if defined(PSW_HAS_AVX2) || defined(PSW_HAS_AVX512)
#include <cpuid.h>
#endif
#include <stdlib.h>
#include <string.h>

PSW_TARGETS_DECLARE(psw_large_product, psw_large_product)
static const psw_large_product *const products[][2] = PSW_TARGETS_TABLE(psw_large_product, psw_large_product);

/* ---- what processors offer ---- */

/* What a compiler may use under x86-64-v3, and under v4 beyond that: the psABI's levels. */
#if defined(PSW_HAS_AVX2) || defined(PSW_HAS_AVX512)
/* LZCNT, MOVBE and F16C, which older compilers have no words for: CPUID 0x80000001 ECX 5; 1 ECX 22 and 29. */
static bool offers_rest(void)
{
    unsigned a, b, c, d;
    bool counts = __get_cpuid(0x80000001, &a, &b, &c, &d) && c >> 5 & 1;
    return counts && __get_cpuid(1, &a, &b, &c, &d) && c >> 22 & 1 && c >> 29 & 1;
}

static bool offers_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi") &&
           __builtin_cpu_supports("bmi2") && __builtin_cpu_supports("popcnt") && offers_rest();
}

#endif

#ifdef PSW_HAS_AVX512
static bool offers_avx512(void)
{
    return offers_avx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
           __builtin_cpu_supports("avx512cd") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl");
}
#endif

static bool offers_any(void)
{
    return true;
}
#define offers_base offers_any
#define offers_native offers_any /* whoever built it said so */

typedef struct target_facts {
    const char *word;
    bool (*offered)(void);
} target_facts;
#define FACTS(type, name, target) {#target, offers_##target},
static const target_facts targets[] = {PSW_EACH_TARGET(FACTS, , )};
enum { TARGETS = sizeof targets / sizeof *targets };

/* ---- the choice ---- */

/* TARGETS if there is none. */
static int best(void)
{
    int i = 0;
    while (i < TARGETS && !targets[i].offered()) i++;
    return i;
}

static const char *asked(void)
{
    const char *word = getenv("POLYSWEEP_TARGET");
    return word && *word ? word : NULL;
}

/* TARGETS if there is no such one. */
static int find(const char *word)
{
    int i = 0;
    while (i < TARGETS && strcmp(targets[i].word, word) != 0) i++;
    return i;
}

static int choose(void)
{
    int i = asked() ? find(asked()) : TARGETS;
    return i < TARGETS && targets[i].offered() ? i : best() < TARGETS ? best() : TARGETS - 1;
}

static int chosen = -1;

/* The variable does not change while a program runs. */
int psw_target(void)
{
    if (chosen < 0) chosen = choose();
    return chosen;
}

void psw_target_at_most(int target)
{
    if (target > psw_target() && target < TARGETS) chosen = target;
}

const char *psw_target_word(void)
{
    return targets[psw_target()].word;
}

const char *psw_target_best(void)
{
    return targets[best() < TARGETS ? best() : TARGETS - 1].word;
}

psw_status psw_target_check(void)
{
    char list[64] = "";
    const char *word = asked();
    for (int i = 0; i < TARGETS; i++) {
        size_t used = strlen(list);
        if (targets[i].offered())
            psw_format(list + used, sizeof list - used, "%s%s", used ? ", " : "", targets[i].word);
    }
    if (!word) return PSW_OK;
    if (find(word) == TARGETS)
        return PSW_FAIL(PSW_USAGE, "POLYSWEEP_TARGET=%s: this build has no such kernels; it can be %s, or unset", word,
                        list);
    if (!targets[find(word)].offered())
        return PSW_FAIL(PSW_USAGE, "POLYSWEEP_TARGET=%s: this processor cannot run them; it can be %s, or unset", word,
                        list);
    return PSW_OK;
}

const psw_large_product *psw_large_product_of(bool single)
{
    return products[psw_target()][single];
}

const char *psw_tile_backend(void)
{
    return psw_large_product_of(false)->tiles;
}
