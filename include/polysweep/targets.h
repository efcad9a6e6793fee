/* base: targets, the processors that this program has kernels for.
 *
 * What computes (files *_real.c) is compiled once per precision (polysweep/real.h) and once per target; the rest once,
 * for the least processor. The first target of the list that the processor can run is taken, or the one that the
 * variable POLYSWEEP_TARGET names, for comparisons:
 *
 *     avx512  x86-64-v4 (Skylake-X, Zen 4 and later)      vectors of 512 bits, fused multiply-adds
 *     avx2    x86-64-v3 (Haswell, Zen and later)          vectors of 256 bits, fused multiply-adds
 *     base    any x86-64: vectors of 128 bits, products by BLAS; AArch64: NEON, fused multiply-adds
 *     native  the one target of a build with POLYSWEEP_NATIVE=ON
 *
 * Row folds have the same bits under all targets with fused multiply-adds (polysweep/fused.h, polysweep/tile.h). */
#ifndef POLYSWEEP_TARGETS_H
#define POLYSWEEP_TARGETS_H

#include "polysweep/base.h"

#ifdef PSW_HAS_AVX512
#define PSW_AVX512(X, type, name) X(type, name, avx512)
#else
#define PSW_AVX512(X, type, name)
#endif
#ifdef PSW_HAS_AVX2
#define PSW_AVX2(X, type, name) X(type, name, avx2)
#else
#define PSW_AVX2(X, type, name)
#endif
#ifdef PSW_HAS_BASE
#define PSW_BASE(X, type, name) X(type, name, base)
#else
#define PSW_BASE(X, type, name)
#endif
#ifdef PSW_HAS_NATIVE
#define PSW_NATIVE(X, type, name) X(type, name, native)
#else
#define PSW_NATIVE(X, type, name)
#endif
/* X(type, name, target) for each target of this build, the best one first. */
#define PSW_EACH_TARGET(X, type, name)                                                                                 \
    PSW_AVX512(X, type, name) PSW_AVX2(X, type, name) PSW_BASE(X, type, name) PSW_NATIVE(X, type, name)

/* The constants `name` of all targets are declared, and make a table [target][0: fp64, 1: fp32] of their addresses. */
#define PSW_TARGET_DECLARED(type, name, target) extern const type name##_fp64_##target, name##_fp32_##target;
#define PSW_TARGET_ENTRY(type, name, target) {&name##_fp64_##target, &name##_fp32_##target},
#define PSW_TARGETS_DECLARE(type, name) PSW_EACH_TARGET(PSW_TARGET_DECLARED, type, name)
#define PSW_TARGETS_TABLE(type, name)                                                                                  \
    {                                                                                                                  \
        PSW_EACH_TARGET(PSW_TARGET_ENTRY, type, name)                                                                  \
    }

/* The chosen target: its place in the list, its word, and its products of tiles: "own kernel, AVX-512". */
int psw_target(void);
const char *psw_target_word(void);
const char *psw_tile_backend(void);
/* PSW_USAGE where POLYSWEEP_TARGET names a target that this build does not have, or that this processor cannot run. */
psw_status psw_target_check(void);
/* From now on no better than this one of the list: ranks that share rows must lay them out alike (psw_target_share). */
void psw_target_at_most(int target);
/* The best one that this processor can run, whatever is chosen. */
const char *psw_target_best(void);

/* Before a function with loops in double that is compiled once: the compiler makes it for every processor. Nothing is
 * fused (-ffp-contract=off), so all have the same bits. */
#ifdef PSW_CLONES
#define PSW_CLONED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define PSW_CLONED
#endif

/* ---- a large product, in each precision ---- */

typedef struct psw_large_product {
    double flops;
    const char *tiles;           /* psw_tile_backend */
    size_t (*bytes)(void);       /* of the work space, which starts on a cache line */
    void (*prepare)(void *work); /* operands, and the packed one */
    void (*by_tiles)(void *work), (*by_blas)(void *work);
} psw_large_product;
const psw_large_product *psw_large_product_of(bool single); /* of the chosen target */

#endif
