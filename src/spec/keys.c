#include "spec/keys.h"

#include <math.h>
#include <stddef.h>
#include <string.h>

#include "polysweep/print.h"

/* ---- which parameters mean something for which methods and data kinds ---- */

#define ALL (~0u)
#define OWN 0u /* those whose row in the table of methods, or of kinds of data, names the parameter */
enum {
#define PSW_METHOD(word, CODE, folds, ...) | (PSW_FOLDS_##folds != PSW_FOLDS_NOTHING ? 1u << PSW_##CODE : 0)
    COMPUTED = 0 /* reads rows of data */
#include "polysweep/methods.def"
    ,
#define PSW_METHOD(word, CODE, folds, kernel, affine, degree, ...) | (degree ? 1u << PSW_##CODE : 0)
    DEGREE = 0 /* has a degree beta */
#include "polysweep/methods.def"
    ,
#define PSW_METHOD(word, CODE, folds, kernel, ...)                                                                     \
    | (PSW_KERNEL_##kernel == PSW_KERNEL_POWER || PSW_KERNEL_##kernel == PSW_KERNEL_LINEAR ||                          \
               PSW_KERNEL_##kernel == PSW_KERNEL_TAYLOR                                                                \
           ? 1u << PSW_##CODE                                                                                          \
           : 0)
    ODD = 0 /* a negative score may make a negative weight */
#include "polysweep/methods.def"
    ,
#define PSW_METHOD(word, CODE, folds, kernel, affine, ...)                                                             \
    | (PSW_AFFINE_##affine != PSW_AFFINE_NONE ? 1u << PSW_##CODE : 0)
    SCALED = 0 /* a scale of the scores matters */
#include "polysweep/methods.def"
    ,
#define PSW_METHOD(word, CODE, folds, kernel, affine, ...)                                                             \
    | (PSW_AFFINE_##affine > PSW_AFFINE_SCALE ? 1u << PSW_##CODE : 0)
    SHIFTED = 0 /* and an offset */
#include "polysweep/methods.def"
    ,
#define PSW_METHOD(word, CODE, folds, ...) | (PSW_FOLDS_##folds != PSW_FOLDS_LANDMARKS ? 1u << PSW_##CODE : 0)
    DIVIDED = 0 /* by one denominator a row */
#include "polysweep/methods.def"
    ,
    POWERS = ODD & COMPUTED,
#define PSW_DATA_KIND(word, CODE, sets, rows, ...) | (rows ? 1u << PSW_##CODE : 0)
    ROWS = 0 /* has rows of width d */
#include "polysweep/data_kinds.def"
    ,
#define PSW_DATA_KIND(word, CODE, sets, ...) | (sets > 1 ? 1u << PSW_##CODE : 0)
    JUDGED = 0 /* kinds with two data sets to separate */
#include "polysweep/data_kinds.def"
    ,
#define PSW_DATA_KIND(word, CODE, sets, rows, ...) | (sets == 1 && rows ? 1u << PSW_##CODE : 0)
    SINGLE = 0 /* kinds with rows of one data set */
#include "polysweep/data_kinds.def"
};

/* ---- defaults that the tables make ---- */

#define FOR_true(text)
#define FOR_false(text) text

/* the first kind: the others follow the terminating zero */
static const char first_kind[] =
#define PSW_DATA_KIND(word, ...) #word "\0"
#include "polysweep/data_kinds.def"
    ;

/* without rows, values are the identity */
static const char value_width[] = "d"
#define PSW_DATA_KIND(word, CODE, sets, rows, ...) FOR_##rows(" * (data_kind != " #word ")")
#include "polysweep/data_kinds.def"
#define PSW_DATA_KIND(word, CODE, sets, rows, ...) FOR_##rows(" + n * (data_kind == " #word ")")
#include "polysweep/data_kinds.def"
    ;

#define MORE_ROWS(word) " + 256 * (method == " #word ")"
#define MORE_STATES(word)
#define MORE_EITHER(word) " + 256 * (method == " #word " and by == rows)"
#define MORE_LANDMARKS(word)
#define MORE_NOTHING(word)
static const char block_rows[] = "256"
#define PSW_METHOD(word, CODE, folds, ...) MORE_##folds(word)
#include "polysweep/methods.def"
    ;
/* Measured, passes of exact and polysketch at n from 1,024 to 16,384: the least block costs at most a tenth more than
 * the usual one, as what a tile does once weighs more on narrow rows and in single precision. 512 leaves are as many
 * shares of a team's row, and their square where both sides are shared. */
const char spec_block_rule[] =
    "min(max(64 * (1 + (d < 64)) * (1 + (precision != fp64)), 2 ** floor(log2(n / 512))), 256"
#define PSW_METHOD(word, CODE, folds, ...) MORE_##folds(word)
#include "polysweep/methods.def"
    ")";

/* rows that are drawn anyway once, noise 16 times, and what is repeated too, with noise or without */
#define ONCE_ALWAYS(word) " + (data_kind == " #word ")"
#define ONCE_REPEATED(word)
#define ONCE_NOISE(word)
#define ONCE_NEVER(word)
#define OFTEN_ALWAYS(word)
#define OFTEN_REPEATED(word) " or data_kind == " #word
#define OFTEN_NOISE(word)
#define OFTEN_NEVER(word)
static const char draws_of_kinds[] = "16 * (noise > 0"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) OFTEN_##drawn(word)
#include "polysweep/data_kinds.def"
                                     ")"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) ONCE_##drawn(word)
#include "polysweep/data_kinds.def"
    ;
const char spec_draws_once[] = "(noise > 0"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) OFTEN_##drawn(word)
#include "polysweep/data_kinds.def"
                               ")"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) ONCE_##drawn(word)
#include "polysweep/data_kinds.def"
    ;
/* some twenty trials each: a look costs no more of them than where trials come in blocks of twenty */
const char spec_draws_looked_at[] = "max(16, ceil(trials / 20)) * (noise > 0"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) OFTEN_##drawn(word)
#include "polysweep/data_kinds.def"
                                    ")"
#define PSW_DATA_KIND(word, CODE, sets, rows, drawn, ...) ONCE_##drawn(word)
#include "polysweep/data_kinds.def"
    ;

#define INF HUGE_VAL
#define WHOLE 0, PSW_WHOLE_MAX
#define COUNT 1, PSW_WHOLE_MAX
#define REAL -INF, INF
#define POSITIVE 0, INF
#define WORD(vocabulary) PSW_T_WORD, vocabulary, 0, 0
#define AT(member) 0, 0, offsetof(psw_settings, member)

/* clang-format off */
const psw_yaml_key spec_keys[] = {
    [PSW_ID_METHOD]       = {"include", "method", WORD(PSW_WORDS_METHOD), NULL, "method of this point", ALL, ALL, 0},
    [PSW_ID_DATA_KIND]    = {"data", "data_kind", WORD(PSW_WORDS_DATA_KIND), first_kind, "what the rows are (written data.kind)", ALL, ALL, 0},
    [PSW_ID_PRESET]       = {"data", "preset", WORD(PSW_WORDS_PRESET), "custom", "constants by name; those given one by one override it", ALL, OWN, 0},
    [PSW_ID_NOISE]        = {"data", "noise", PSW_T_REAL, -1, POSITIVE, "0", "standard deviation of the perturbation, times sqrt(ln n / d); of queries of memory, which are of length 1, times 1 / sqrt(d)", ALL, OWN, 0},
    [PSW_ID_A_0]          = {"data", "a_0", PSW_T_REAL, -1, REAL, NULL, "special feature in D_0", ALL, OWN, 0},
    [PSW_ID_A_1]          = {"data", "a_1", PSW_T_REAL, -1, REAL, NULL, "special feature in D_1", ALL, OWN, 0},
    [PSW_ID_B]            = {"data", "b", PSW_T_REAL, -1, REAL, NULL, "class features", ALL, OWN, 0},
    [PSW_ID_C]            = {"data", "c", PSW_T_REAL, -1, REAL, NULL, "constant feature", ALL, OWN, 0},
    [PSW_ID_KAPPA]        = {"data", "kappa", PSW_T_REAL, -1, REAL, "0.1", "threshold above the constant feature", ALL, OWN, 0},
    [PSW_ID_COSINE]       = {"data", "cosine", PSW_T_REAL, -1, -1, 1, "0.9", "between a query and its key", ALL, OWN, 0},
    [PSW_ID_DATA_DRAWS]   = {"data", "data_draws", PSW_T_WHOLE, -1, WHOLE, draws_of_kinds, "realisations of random rows; 1 with time, a twentieth of trials with judge.trials.until, 0 = rows are not random", COMPUTED, OWN, 0},
    [PSW_ID_COMMON]       = {"data", "common", WORD(PSW_WORDS_SWITCH), "false", "noise of a draw is the same for every n and noise; so are all rows of memory", COMPUTED, OWN, 0},
    [PSW_ID_QUERIES]      = {"data", "queries", WORD(PSW_WORDS_QUERIES), "all", "distinct: of equal queries one is computed and counted as many times; without noise, under a full mask", COMPUTED, OWN, 0},
    [PSW_ID_REFERENCE]    = {"data", "reference", WORD(PSW_WORDS_REFERENCE), "own", "what outputs are compared with: the own kernel, the attention of the model (default of files), a power of the scores", COMPUTED, ROWS, 0},
    [PSW_ID_REFERENCE_SCALE] = {"data", "reference_scale", PSW_T_REAL, -1, POSITIVE, "1 / sqrt(d)", "scale of the reference's scores, and of match exp; that of a file replaces the default", ALL, ROWS, 0},
    [PSW_ID_REFERENCE_BETA] = {"data", "reference_beta", PSW_T_REAL, -1, POSITIVE, "0", "degree of reference exact, 0 = the point's", COMPUTED, ROWS, 0},
    [PSW_ID_BETA]         = {"grid", "beta", PSW_T_REAL, -1, POSITIVE, NULL, "degree", DEGREE, ALL, 0},
    [PSW_ID_N]            = {"grid", "n", PSW_T_WHOLE, -1, 2, PSW_WHOLE_MAX, NULL, "length in tokens", ALL, ALL, 0},
    [PSW_ID_D]            = {"grid", "d", PSW_T_WHOLE, -1, COUNT, NULL, "width of queries and keys", ALL, ROWS, 0},
    [PSW_ID_V]            = {"grid", "v", PSW_T_WHOLE, -1, COUNT, value_width, "width of values", ALL, ALL, 0},
    [PSW_ID_N_K]          = {"grid", "n_k", PSW_T_WHOLE, -1, WHOLE, "0", "keys, where they are not as many as queries; 0 = n; causal: aligned at the end", COMPUTED, OWN, 0},
    [PSW_ID_MASK]         = {"grid", "mask", WORD(PSW_WORDS_MASK), "full", "which keys a query sees", ALL, ROWS, 0},
    [PSW_ID_PRECISION]    = {"grid", "precision", WORD(PSW_WORDS_PRECISION), "fp64", "of products; bf16 and fp16 round their operands, sums are fp32", COMPUTED, ALL, 0},
    [PSW_ID_J3]           = {"grid", "j3", PSW_T_WHOLE, -1, WHOLE, "(n - 1) * (mask == causal)", "special token, from 0", ALL, JUDGED, 0},
    [PSW_ID_ROW_NORM]     = {"grid", "row_norm", WORD(PSW_WORDS_ROW_NORM), "none", "scaling of queries and keys", SCALED, ROWS, 0},
    [PSW_ID_SCALE]        = {"grid", "scale", PSW_T_REAL, -1, REAL, "1", "scores are offset + scale <q, k>", SCALED, ALL, 0},
    [PSW_ID_OFFSET]       = {"grid", "offset", PSW_T_REAL, -1, REAL, "0", "added to every score; cancels in exponentials without den_constant", SHIFTED, ALL, 0},
    [PSW_ID_DEN_CONSTANT] = {"grid", "den_constant", PSW_T_REAL, -1, POSITIVE, "0", "added to every denominator", DIVIDED, ALL, 0},
    [PSW_ID_NEGATIVE]     = {"grid", "negative", WORD(PSW_WORDS_NEGATIVE), "refuse", "what becomes of weights below 0 (odd and fractional degrees, linear, partial sums of odd order); relu: z is max(z, 0)", POWERS, ALL, 0},
    [PSW_ID_LAYER]        = {"grid", "layer", PSW_T_WHOLE, -1, WHOLE, "0", "layer of a file (written data.layers)", COMPUTED, OWN, 0},
    [PSW_ID_HEAD]         = {"grid", "head", PSW_T_WHOLE, -1, WHOLE, "0", "attention head of a file (written data.heads)", COMPUTED, OWN, 0},
    [PSW_ID_BATCH]        = {"grid", "batch", PSW_T_WHOLE, -1, WHOLE, "0", "sequence of a file's batch (written data.batches)", COMPUTED, OWN, 0},
    [PSW_ID_MODE]         = {"grid", "mode", WORD(PSW_WORDS_MODE), "forward", "all queries, or decode: one query against what n tokens left", COMPUTED, ALL, 0},
    [PSW_ID_CACHE]        = {"decode", "cache", WORD(PSW_WORDS_PRECISION), "fp16", "precision of the key-value cache", COMPUTED, SINGLE, 0},
    [PSW_ID_BLOCK]        = {"grid", "block", PSW_T_AUTO, -1, COUNT, block_rows, "rows of a leaf, and the causal block of a sketch; auto: smaller for short n, by method, n, d and precision", COMPUTED, ALL, 0},
    [PSW_ID_TEAM]         = {"grid", "team", PSW_T_AUTO, PSW_WORDS_TEAM, WHOLE, "auto", "ranks that share a point; replaces run.team", COMPUTED, ALL, 0},
    [PSW_ID_SEED]         = {"grid", "seed", PSW_T_WHOLE, -1, WHOLE, "0", "for every random number; replaces the top level's", COMPUTED, ALL, 0},
    [PSW_ID_M]            = {"judge", "m", PSW_T_WHOLE, -1, COUNT, "ceil(8 * log(n))", "sign vectors of a trial; a number or an expression", ALL, JUDGED, 0},
    [PSW_ID_TRIALS]       = {"judge", "trials", PSW_T_WHOLE, -1, COUNT, "200", "trials of a point; a number or an expression", COMPUTED, JUDGED, 0},
    [PSW_ID_R]            = {"method", "r", PSW_T_WHOLE, -1, COUNT, NULL, "rows of a sketch; this or features", OWN, ALL, 0},
    [PSW_ID_FEATURES]     = {"method", "features", PSW_T_WHOLE, -1, COUNT, NULL, "features of a sketch: r, r(r+1)/2 where they are squares, 2r of complex columns", OWN, ALL, 0},
    [PSW_ID_LOCAL]        = {"method", "local", PSW_T_WHOLE, -1, WHOLE, NULL, "of a sketch the rows of its exact diagonal blocks (causal, a multiple of block); of window its nearest keys", OWN, ALL, 0},
    [PSW_ID_DRAWS]        = {"method", "draws", PSW_T_WHOLE, -1, COUNT, NULL, "independent sketches", OWN, ALL, 0},
    [PSW_ID_WEIGHTS]      = {"method", "weights", PSW_T_PATH, PSW_WORDS_WEIGHTS, WHOLE, NULL, "file of learned weights, {file: FILE.h5, r: 32}, or none; without a size r is the file's", OWN, ALL, 0},
    [PSW_ID_MATCH]        = {"method", "match", WORD(PSW_WORDS_MATCH), NULL, "exp: scale and offset make z^beta follow e^(reference_scale (<q, k> - center))", OWN, ALL, 0},
    [PSW_ID_CENTER]       = {"method", "center", PSW_T_REAL, -1, REAL, NULL, "of match exp, in units of <q, k>", OWN, ALL, 0},
    [PSW_ID_ORDER]        = {"method", "order", PSW_T_WHOLE, -1, 1, 64, NULL, "highest power of a partial sum", OWN, ALL, 0},
    [PSW_ID_BY]           = {"method", "by", WORD(PSW_WORDS_BY), NULL, "every score, or features in a state", OWN, ALL, 0},
    [PSW_ID_SINKS]        = {"method", "sinks", PSW_T_WHOLE, -1, WHOLE, NULL, "first keys that every query sees", OWN, ALL, 0},
    [PSW_ID_KEEP]         = {"method", "keep", PSW_T_WHOLE, -1, COUNT, NULL, "largest scores of a row that are kept", OWN, ALL, 0},
    [PSW_ID_LANDMARKS]    = {"method", "landmarks", PSW_T_WHOLE, -1, COUNT, NULL, "segments whose means stand for rows", OWN, ALL, 0},
    [PSW_ID_LEAVES]       = {"method", "leaves", WORD(PSW_WORDS_LEAVES), NULL, "sketches at the leaves of a tree", OWN, ALL, 0},
    [PSW_ID_COMPLEX]      = {"method", "complex", WORD(PSW_WORDS_SWITCH), NULL, "complex random numbers, real and imaginary parts as features", OWN, ALL, 0},
    [PSW_ID_EPSILON]      = {"method", "epsilon", PSW_T_REAL, -1, POSITIVE, NULL, "added to every feature, of positive random features", OWN, ALL, 0},

    {"", "schema", PSW_T_WHOLE, -1, 1, 1, NULL, "version of this language: 1", 0, 0, 0},
    {"", "study", PSW_T_TEXT, -1, 0, 0, "study", "a name for people", 0, 0, 0},
    {"", "seed", PSW_T_WHOLE, -1, WHOLE, "0", "for every random number, unless seed is an axis", 0, 0, 0},
    {"", "data", PSW_T_TREE, -1, 0, 0, NULL, "what the rows are", 0, 0, 0},
    {"", "methods", PSW_T_TREE, -1, 0, 0, NULL, "list of methods, each with its own parameters", 0, 0, 0},
    {"", "grid", PSW_T_TREE, -1, 0, 0, NULL, "axes: value | list | {from, to, step | factor | count, spacing}", 0, 0, 0},
    {"", "zip", PSW_T_TREE, -1, 0, 0, NULL, "named groups of linked lists, each group one axis", 0, 0, 0},
    {"", "derive", PSW_T_TREE, -1, 0, 0, NULL, "parameters as expressions of others", 0, 0, 0},
    {"", "exclude", PSW_T_TREE, -1, 0, 0, NULL, "list of {when: expression, why: text}", 0, 0, 0},
    {"", "include", PSW_T_TREE, -1, 0, 0, NULL, "list of single points, added at the end", 0, 0, 0},
    {"", "judge", PSW_T_TREE, -1, 0, 0, NULL, "the random threshold head", 0, 0, 0},
    {"", "search", PSW_T_TREE, -1, 0, 0, NULL, "computes only what it takes to find where a column crosses a level", 0, 0, 0},
    {"", "decode", PSW_T_TREE, -1, 0, 0, NULL, "how a model generates", 0, 0, 0},
    {"", "predict", PSW_T_TREE, -1, 0, 0, NULL, "your predictions by name: a critical degree, EXPR or {edge: EXPR}, or a claim, {when: EXPR, then: EXPR}; kept as columns predict_NAME", 0, 0, 0},
    {"", "time", PSW_T_TREE, -1, 0, 0, "off", "off, or how to repeat each point alone", 0, 0, 0},
    {"", "run", PSW_T_TREE, -1, 0, 0, NULL, "how to run; does not affect results", 0, 0, 0},
    {"", "output", PSW_T_TREE, -1, 0, 0, NULL, "the result file", 0, 0, 0},
    {"data", "path", PSW_T_TEXT, -1, 0, 0, "", "file of Q, K, V (kind file): .safetensors, .h5, or a directory of .npy", 0, 0, 0},
    {"data", "source", PSW_T_TEXT, -1, 0, 0, "", "the model and the text that heads are of, for people; else what the file says", 0, 0, 0},
    {"data", "names", PSW_T_TREE, -1, 0, 0, NULL, "of its tensors, {q: NAME, k: NAME, v: NAME}; {layer} in a name is the layer's number", 0, 0, 0},
    {"data", "kv_heads", PSW_T_WHOLE, -1, COUNT, NULL, "heads of keys and values, each for as many query heads; else as many as there are", 0, 0, 0},
    {"data", "padding", PSW_T_TEXT, -1, 0, 0, NULL, "tensor of the lengths of the batch's sequences; tokens from there on are left out", 0, 0, 0},
    {"data", "rope", PSW_T_TREE, -1, 0, 0, NULL, "rotates queries and keys by their positions, {base: 10000, width: 64, style: half}, or interleaved", 0, 0, 0},
    {"judge", "level", PSW_T_REAL, -1, 1e-6, 1 - 1e-6, "0.9", "rate of success at which a window begins and ends: edge_lo, edge_hi", AT(level)},
    {"judge.trials", "most", PSW_T_TEXT, -1, 0, 0, NULL, "trials at most; a number or an expression", 0, 0, 0},
    {"judge.trials", "until", PSW_T_TEXT, -1, 0, 0, NULL, "decided (on which side of judge.level the rate is), or {width: 0.05} of its interval", 0, 0, 0},
    {"judge.trials", "error", PSW_T_REAL, -1, 1e-12, 0.5, "0.01", "chance that any point is said to be on the wrong side", AT(error)},
    {"judge.trials", "among", PSW_T_WHOLE, -1, COUNT, NULL, "points that share this chance; else those of the study, which then cannot grow", AT(among)},
    {"search", "over", PSW_T_TEXT, -1, 0, 0, NULL, "axis whose values are the candidates", 0, 0, 0},
    {"search", "column", PSW_T_TEXT, -1, 0, 0, "success_rate", "column that crosses the level", 0, 0, 0},
    {"search", "level", PSW_T_REAL, -1, REAL, "judge.level", "a number, or {column: C, where: EXPR}: C of the same point with what EXPR names", 0, 0, 0},
    {"search", "edges", WORD(PSW_WORDS_EDGES), "all", "which crossings are refined", 0, 0, 0},
    {"search", "within", PSW_T_REAL, -1, 0, INF, "1", "an edge is known when its bracket is no wider, in units of the axis", 0, 0, 0},
    {"time", "reps", PSW_T_WHOLE, -1, COUNT, "6", "repetitions at least", AT(reps)},
    {"time", "max_reps", PSW_T_WHOLE, -1, COUNT, "50", "repetitions at most", AT(max_reps)},
    {"time", "ci_rel", PSW_T_REAL, -1, POSITIVE, "0.02", "wanted width of the median's interval, relative", AT(ci_rel)},
    {"time", "confidence", PSW_T_REAL, -1, 0.5, 0.9999, "0.95", "of that interval", AT(confidence)},
    {"time", "warmup", PSW_T_WHOLE, -1, WHOLE, "1", "repetitions before the first that counts", AT(warmup)},
    {"time", "beside", PSW_T_SWITCH, -1, 0, 0, "false", "all teams of a size compute the point at the same time; false: the others idle", AT(beside)},
    {"run", "time_limit", PSW_T_DURATION, -1, POSITIVE, "0s", "stop cleanly after this time; 0s = none", AT(time_limit_s)},
    {"run", "memory_per_rank", PSW_T_SIZE, -1, POSITIVE, "0", "refuse points that need more; 0 = the machine's", AT(memory_per_rank_bytes)},
    {"run", "team", PSW_T_AUTO, -1, COUNT, "auto", "ranks that share a point, unless team is an axis", AT(team)},
    {"run", "threads", PSW_T_WHOLE, -1, 1, 4096, "1", "threads of a rank", AT(threads)},
    {"run", "oversubscribe", PSW_T_SWITCH, -1, 0, 0, "false", "allow more ranks x threads than hardware threads", AT(oversubscribe)},
    {"run", "route", PSW_T_NAME, -1, 0, 0, "auto", "how blocks are sent in a team: ring, all_gather, pass_q, stream, grid", AT(route)},
    {"run", "layout", PSW_T_NAME, -1, 0, 0, "auto", "which leaves a rank of a team has: contiguous, zigzag, striped", AT(layout)},
    {"run", "scan", PSW_T_NAME, -1, 0, 0, "auto", "how states are summed over a team: doubling, chain, exscan, all_gather", AT(scan)},
    {"run", "point_limit", PSW_T_REAL, -1, 1, INF, "10", "give a point up after this many times its predicted time", AT(point_limit)},
    {"output", "file", PSW_T_TEXT, -1, 0, 0, "", "result file; empty = the name of the study and .h5", AT(file)},
    {"output", "keep", PSW_T_TREE, -1, 0, 0, "[]", "samples (of times), rows (outputs of each row)", 0, 0, 0},
    {"output", "pack", PSW_T_SWITCH, -1, 0, 0, "false", "pack the result file when all points are done: a tenth of its size", AT(pack)},
    {NULL, NULL, PSW_T_REAL, -1, 0, 0, NULL, NULL, 0, 0, 0},
};
/* clang-format on */

bool spec_key_applies(spec_parameter id, psw_method method, psw_data_kind kind)
{
    return spec_key_of_method(id, method) && spec_key_of_kind(id, kind);
}

const psw_yaml_key *spec_key_find(const char *section, const char *name)
{
    for (const psw_yaml_key *key = spec_keys; key->name; key++)
        if (strcmp(key->section, section) == 0 && strcmp(key->name, name) == 0) return key;
    return NULL;
}

int spec_parameter_find(const char *name)
{
    for (int id = 0; id < PSW_PARAMETERS; id++)
        if (strcmp(spec_keys[id].name, name) == 0) return id;
    return -1;
}

bool psw_is_parameter(const char *name)
{
    return spec_parameter_find(name) >= 0;
}

psw_shown spec_parameter_hint(const char *name)
{
    const char *names[PSW_PARAMETERS + 1] = {NULL};
    for (int id = 0; id < PSW_PARAMETERS; id++) names[id] = spec_keys[id].name;
    return psw_hint(name, names);
}

const char *spec_parameter_term(int id, int *vocabulary)
{
    if (id >= PSW_PARAMETERS) return NULL;
    *vocabulary = spec_keys[id].vocabulary;
    return spec_keys[id].name;
}

/* ---- printing ---- */

/* What is said of defaults that are sums over a table of methods. */
static const char *shown_default(const psw_yaml_key *key)
{
    ptrdiff_t id = key - spec_keys;
    if (id == PSW_ID_BLOCK) return "512 of methods that weigh every score, else 256";
    return id < PSW_PARAMETERS ? spec_key_fallback((spec_parameter)id, -1) : key->fallback;
}

static const char *type_of(const psw_yaml_key *key, psw_list_text *room)
{
    static const char *const names[] = {
        "number",        "whole number", "",     "path",   "whole number or auto", "text", "name",
        "true or false", "duration",     "size", "section"};
    if (key->type != PSW_T_WORD) return names[key->type];
    *room = psw_words_list((psw_vocabulary)key->vocabulary);
    return room->text;
}

static void print_row(FILE *stream, const psw_yaml_key *key, const char *name)
{
    psw_list_text room;
    const char *fallback = shown_default(key);
    const char *tick = fallback && *fallback ? "`" : "";
    fprintf(stream, "| `%s%s%s` | %s | %s%s%s | %s |\n", key->section, *key->section ? "." : "", name,
            type_of(key, &room), tick, fallback ? fallback : "", tick, key->meaning);
}

static void print_entry(FILE *stream, const psw_yaml_key *key, const char *name)
{
    enum { INDENT = 4, HEAD = 512 };
    char head[HEAD];
    psw_list_text room;
    const char *fallback = shown_default(key);
    bool has = fallback && *fallback;
    psw_format(head, sizeof head, "%s%s%s: %s%s%s", key->section, *key->section ? "." : "", name, type_of(key, &room),
               has ? "; default " : "", has ? fallback : "");
    psw_print_wrapped(stream, 0, INDENT, head);
    fprintf(stream, "%*s", INDENT, "");
    psw_print_wrapped(stream, INDENT, INDENT, key->meaning);
}

/* "judge" has those of judge.trials, too; "top" those without a section. */
static bool of_section(const psw_yaml_key *key, const char *section)
{
    size_t length = strlen(section);
    if (strcmp(section, "top") == 0) return !*key->section;
    return strncmp(key->section, section, length) == 0 && (key->section[length] == '\0' || key->section[length] == '.');
}

ptrdiff_t psw_keys_print(FILE *stream, const char *section, bool markdown)
{
    ptrdiff_t count = 0;
    if (markdown) fprintf(stream, "| key | type | default | meaning |\n|---|---|---|---|\n");
    for (const psw_yaml_key *key = spec_keys; key->name; key++) {
        const char *name = strcmp(key->name, "data_kind") == 0 ? "kind" : key->name;
        if (section && !of_section(key, section)) continue;
        (markdown ? print_row : print_entry)(stream, key, name);
        count++;
    }
    return count;
}
