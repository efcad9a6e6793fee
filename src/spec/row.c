/* Rows of values and points. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "spec/study.h"

/* What is not a whole number (a point that will be refused) must not be undefined behaviour. */
static ptrdiff_t whole(double x)
{
    return fabs(x) <= PSW_WHOLE_MAX ? (ptrdiff_t)x : 0;
}

/* Where a point has its parameters, and as what. */
typedef enum member { REAL, WHOLE, CODE, SEED } member;
static const struct {
    member as;
    size_t at;
} members[PSW_PARAMETERS] = {
    [PSW_ID_METHOD] = {CODE, offsetof(psw_point, method)},
    [PSW_ID_DATA_KIND] = {CODE, offsetof(psw_point, data_kind)},
    [PSW_ID_PRESET] = {CODE, offsetof(psw_point, preset)},
    [PSW_ID_NOISE] = {REAL, offsetof(psw_point, noise)},
    [PSW_ID_A_0] = {REAL, offsetof(psw_point, a_0)},
    [PSW_ID_A_1] = {REAL, offsetof(psw_point, a_1)},
    [PSW_ID_B] = {REAL, offsetof(psw_point, b)},
    [PSW_ID_C] = {REAL, offsetof(psw_point, c)},
    [PSW_ID_KAPPA] = {REAL, offsetof(psw_point, kappa)},
    [PSW_ID_COSINE] = {REAL, offsetof(psw_point, cosine)},
    [PSW_ID_BETA] = {REAL, offsetof(psw_point, beta)},
    [PSW_ID_N] = {WHOLE, offsetof(psw_point, n)},
    [PSW_ID_D] = {WHOLE, offsetof(psw_point, d)},
    [PSW_ID_V] = {WHOLE, offsetof(psw_point, v)},
    [PSW_ID_MASK] = {CODE, offsetof(psw_point, mask)},
    [PSW_ID_PRECISION] = {CODE, offsetof(psw_point, precision)},
    [PSW_ID_J3] = {WHOLE, offsetof(psw_point, j3)},
    [PSW_ID_ROW_NORM] = {CODE, offsetof(psw_point, row_norm)},
    [PSW_ID_DEN_CONSTANT] = {REAL, offsetof(psw_point, den_constant)},
    [PSW_ID_NEGATIVE] = {CODE, offsetof(psw_point, negative)},
    [PSW_ID_HEAD] = {WHOLE, offsetof(psw_point, head)},
    [PSW_ID_BLOCK] = {WHOLE, offsetof(psw_point, block)},
    [PSW_ID_TEAM] = {WHOLE, offsetof(psw_point, team)},
    [PSW_ID_SEED] = {SEED, offsetof(psw_point, seed)},
    [PSW_ID_M] = {WHOLE, offsetof(psw_point, m)},
    [PSW_ID_TRIALS] = {WHOLE, offsetof(psw_point, trials)},
    [PSW_ID_R] = {WHOLE, offsetof(psw_point, r)},
    [PSW_ID_FEATURES] = {WHOLE, offsetof(psw_point, features)},
    [PSW_ID_LOCAL] = {WHOLE, offsetof(psw_point, local)},
    [PSW_ID_DRAWS] = {WHOLE, offsetof(psw_point, draws)},
    [PSW_ID_WEIGHTS] = {WHOLE, offsetof(psw_point, weights)},
    [PSW_ID_DATA_DRAWS] = {WHOLE, offsetof(psw_point, data_draws)},
    [PSW_ID_COMMON] = {CODE, offsetof(psw_point, common)},
    [PSW_ID_QUERIES] = {CODE, offsetof(psw_point, queries)},
    [PSW_ID_SCALE] = {REAL, offsetof(psw_point, scale)},
    [PSW_ID_OFFSET] = {REAL, offsetof(psw_point, offset)},
    [PSW_ID_MATCH] = {CODE, offsetof(psw_point, match)},
    [PSW_ID_CENTER] = {REAL, offsetof(psw_point, center)},
    [PSW_ID_REFERENCE] = {CODE, offsetof(psw_point, reference)},
    [PSW_ID_REFERENCE_SCALE] = {REAL, offsetof(psw_point, reference_scale)},
    [PSW_ID_REFERENCE_BETA] = {REAL, offsetof(psw_point, reference_beta)},
    [PSW_ID_MODE] = {CODE, offsetof(psw_point, mode)},
    [PSW_ID_CACHE] = {CODE, offsetof(psw_point, cache)},
    [PSW_ID_N_K] = {WHOLE, offsetof(psw_point, n_k)},
    [PSW_ID_LAYER] = {WHOLE, offsetof(psw_point, layer)},
    [PSW_ID_BATCH] = {WHOLE, offsetof(psw_point, batch)},
    [PSW_ID_ORDER] = {WHOLE, offsetof(psw_point, order)},
    [PSW_ID_BY] = {CODE, offsetof(psw_point, by)},
    [PSW_ID_SINKS] = {WHOLE, offsetof(psw_point, sinks)},
    [PSW_ID_KEEP] = {WHOLE, offsetof(psw_point, keep)},
    [PSW_ID_LANDMARKS] = {WHOLE, offsetof(psw_point, landmarks)},
    [PSW_ID_LEAVES] = {CODE, offsetof(psw_point, leaves)},
    [PSW_ID_COMPLEX] = {CODE, offsetof(psw_point, is_complex)},
    [PSW_ID_EPSILON] = {REAL, offsetof(psw_point, epsilon)},
};

static void put(psw_point *p, int id, double value)
{
    char *at = (char *)p + members[id].at;
    ptrdiff_t count = whole(value);
    uint64_t seed = (uint64_t)count;
    int code = (int)count;
    switch (members[id].as) {
    case REAL: memcpy(at, &value, sizeof value); break;
    case WHOLE: memcpy(at, &count, sizeof count); break;
    case CODE: memcpy(at, &code, sizeof code); break;
    case SEED: memcpy(at, &seed, sizeof seed); break;
    }
}

static double get(const psw_point *p, int id)
{
    const char *at = (const char *)p + members[id].at;
    double value;
    ptrdiff_t count;
    uint64_t seed;
    int code;
    switch (members[id].as) {
    case WHOLE: memcpy(&count, at, sizeof count); return (double)count;
    case CODE: memcpy(&code, at, sizeof code); return code;
    case SEED: memcpy(&seed, at, sizeof seed); return (double)seed;
    default: memcpy(&value, at, sizeof value); return value;
    }
}

/* A scale that does not apply is 0 in a point. */
psw_point spec_point_of_row(const psw_study *study, const spec_row *row)
{
    const psw_settings *s = &study->settings;
    psw_point p = {.level = s->level, .until = s->until, .until_width = s->until_width, .threads = s->threads};
    if (s->until != PSW_UNTIL_FIXED) p.until_error = s->error / spec_study_among(study);
    for (int id = 0; id < PSW_PARAMETERS; id++) put(&p, id, row->at[id]);
    if (isnan(p.scale)) p.scale = 0;
    for (int i = 0; i < PSW_OWN_MAX; i++) p.own[i] = row->at[PSW_PARAMETERS + i];
    return p;
}

spec_row spec_row_of_point(const psw_point *p)
{
    spec_row row;
    for (int id = 0; id < PSW_PARAMETERS; id++) row.at[id] = get(p, id);
    if (p->scale == 0) row.at[PSW_ID_SCALE] = NAN;
    for (int i = 0; i < PSW_OWN_MAX; i++) row.at[PSW_PARAMETERS + i] = p->own[i];
    return row;
}

/* a_0 a_1 b c kappa of the presets, in units of sqrt(ln n). */
static const double presets[][5] = {
    [PSW_P1] = {0.04, 0.7, 0.05, 0.7, 0.1}, [PSW_P2] = {0.04, 1.2, 0.05, 0.7, 0.1},
    [PSW_P3] = {0.04, 1.2, 0.05, 1.5, 0.1}, [PSW_W1] = {0.4, 1.2, 0.05, 1.0, 0.1},
    [PSW_W2] = {0.04, 1.2, 0.3, 1.0, 0.1},
};

void spec_row_preset(const psw_study *study, spec_row *row)
{
    int preset = (int)whole(row->at[PSW_ID_PRESET]);
    if (preset == PSW_CUSTOM) return;
    for (int i = 0; i < 5; i++)
        if (study->given[PSW_ID_A_0 + i].origin <= PSW_O_DEFAULT) row->at[PSW_ID_A_0 + i] = presets[preset][i];
    if (study->constants_given) row->at[PSW_ID_PRESET] = PSW_CUSTOM;
}

/* features = r(r+1)/2 where they are squares (packed products of pairs), 2r of complex columns, else r; whichever is
 * given sets the other. */
static void size_sketch(spec_row *row)
{
    double *r = &row->at[PSW_ID_R], *features = &row->at[PSW_ID_FEATURES];
    bool packed = psw_method_facts_of((psw_method)row->at[PSW_ID_METHOD])->squares;
    double each = row->at[PSW_ID_COMPLEX] == 1 ? 2 : 1;
    if (!isnan(*r)) {
        *features = packed ? *r * (*r + 1) / 2 : each * *r;
    } else if (!isnan(*features)) {
        double root = packed ? floor((sqrt(8 * *features + 1) - 1) / 2) : *features / each;
        if (packed ? root * (root + 1) / 2 == *features : root == floor(root)) *r = root;
    }
}

void spec_row_finish(const psw_study *study, spec_row *row, psw_ids keep, bool derive)
{
    const psw_ids size = PSW_ID(PSW_ID_R) | PSW_ID(PSW_ID_FEATURES);
    bool by_file = spec_row_learned(row) && (derive ? study->sized_by_file : !(keep & size));
    spec_row_preset(study, row);
    if (by_file) row->at[PSW_ID_R] = (double)study->paths[(ptrdiff_t)row->at[PSW_ID_WEIGHTS]].r;
    size_sketch(row);
    for (ptrdiff_t i = 0; i < study->formula_count; i++) {
        const spec_formula *f = &study->formulas[i];
        bool known = f->automatic ? !spec_block_is_auto(study, f->id, row->at[f->id]) : keep >> f->id & 1;
        if ((f->derived && !derive) || known || (by_file && (size >> f->id & 1))) continue;
        psw_point point;
        if (f->program.oracle) point = spec_point_of_row(study, row);
        row->at[f->id] = psw_program_value(&f->program, row->at, study->rooms.theory, &point) + 0.0;
        if (f->id == PSW_ID_R || f->id == PSW_ID_FEATURES) size_sketch(row);
    }
}

bool spec_kind_random(psw_data_kind kind, bool noisy)
{
    psw_drawn drawn = psw_data_kind_facts_of(kind)->drawn;
    return drawn != PSW_DRAWN_NEVER && (drawn != PSW_DRAWN_NOISE || noisy);
}

bool spec_study_random(const psw_study *study)
{
    bool given = study->given[PSW_ID_NOISE].origin > PSW_O_VALUE || study->base.at[PSW_ID_NOISE] > 0;
    return spec_kind_random(study->kind, given);
}

bool spec_row_random(const spec_row *row)
{
    psw_data_kind kind = (psw_data_kind)row->at[PSW_ID_DATA_KIND];
    return spec_kind_random(kind, row->at[PSW_ID_NOISE] > 0);
}

/* noise and den_constant are 0 where they do not apply: that is what is computed without them. So are draws of rows
 * that are not random, whatever was asked for. */
void spec_row_blank(spec_row *row, psw_ids applies)
{
    const psw_ids zero = PSW_ID(PSW_ID_NOISE) | PSW_ID(PSW_ID_DEN_CONSTANT) | PSW_ID(PSW_ID_OFFSET) |
                         PSW_ID(PSW_ID_EPSILON) | PSW_ID(PSW_ID_CENTER);
    for (int id = 0; id < PSW_ROW; id++)
        if (!(applies >> id & 1))
            row->at[id] = id >= PSW_PARAMETERS || (spec_keys[id].type == PSW_T_REAL && !(zero >> id & 1)) ? NAN : 0;
    if (!spec_row_random(row)) row->at[PSW_ID_DATA_DRAWS] = row->at[PSW_ID_COMMON] = 0;
}

/* Of linear attention `negative` is there where a score can be negative, and nowhere else. */
static void settle_negative(const psw_study *study, spec_row *row)
{
    double *negative = &row->at[PSW_ID_NEGATIVE];
    psw_kernel kernel = psw_method_facts_of((psw_method)row->at[PSW_ID_METHOD])->kernel;
    if (kernel != PSW_KERNEL_LINEAR || *negative == PSW_NEGATIVE_REFUSE) return;
    psw_point point = spec_point_of_row(study, row);
    if (study->rooms.negative && !study->rooms.negative(&point)) *negative = PSW_NEGATIVE_REFUSE;
}

/* (1 + sigma (z - mu) / beta)^beta follows e^(sigma (z - mu)): scale = sigma / beta, offset = 1 - sigma mu / beta. A
 * centre without a match is none, and an offset cancels between numerators and denominators of exponentials. */
static void settle_scores(spec_row *row)
{
    double *at = row->at, sigma = at[PSW_ID_REFERENCE_SCALE], beta = at[PSW_ID_BETA];
    psw_affine affine = psw_method_facts_of((psw_method)at[PSW_ID_METHOD])->affine;
    if (at[PSW_ID_MATCH] == PSW_MATCH_EXP && beta > 0) {
        at[PSW_ID_SCALE] = sigma / beta;
        at[PSW_ID_OFFSET] = 1 - sigma * at[PSW_ID_CENTER] / beta;
    } else if (!isnan(at[PSW_ID_CENTER])) {
        at[PSW_ID_CENTER] = 0;
    }
    if (affine == PSW_AFFINE_CANCELS && at[PSW_ID_DEN_CONSTANT] == 0) at[PSW_ID_OFFSET] = 0;
}

static void settle_reference(spec_row *row)
{
    double *at = row->at, *beta = &at[PSW_ID_REFERENCE_BETA];
    if (at[PSW_ID_REFERENCE] == PSW_REFERENCE_OWN && at[PSW_ID_MATCH] != PSW_MATCH_EXP)
        at[PSW_ID_REFERENCE_SCALE] = NAN;
    if (at[PSW_ID_REFERENCE] != PSW_REFERENCE_EXACT)
        *beta = NAN;
    else if (*beta == 0)
        *beta = at[PSW_ID_BETA];
    if (at[PSW_ID_MODE] == PSW_DECODE && psw_data_kind_facts_of((psw_data_kind)at[PSW_ID_DATA_KIND])->has_rows)
        at[PSW_ID_MASK] = PSW_CAUSAL; /* the newest token */
    if (at[PSW_ID_MODE] == PSW_FORWARD)
        at[PSW_ID_CACHE] = psw_word_code(PSW_WORDS_PRECISION, spec_key_fallback(PSW_ID_CACHE, -1));
}

/* Of queries that all differ each is computed. */
static void settle_queries(const psw_study *study, spec_row *row)
{
    double *queries = &row->at[PSW_ID_QUERIES];
    if (*queries != PSW_QUERIES_DISTINCT || !study->rooms.repeats) return;
    psw_point point = spec_point_of_row(study, row);
    if (!study->rooms.repeats(&point)) *queries = PSW_QUERIES_ALL;
}

void spec_row_settle(const psw_study *study, spec_row *row)
{
    spec_draws_settle(study, row);
    settle_scores(row);
    settle_negative(study, row); /* by the scores */
    settle_reference(row);
    settle_queries(study, row); /* by the mask */
}

bool spec_row_equal(const psw_study *study, const spec_row *a, const spec_row *b)
{
    for (int id = 0; id < PSW_PARAMETERS + (int)study->own_count; id++) {
        bool same = a->at[id] == b->at[id] || (isnan(a->at[id]) && isnan(b->at[id]));
        if (id == PSW_ID_TEAM && study->given[id].origin <= PSW_O_DEFAULT) continue; /* from `run` */
        if (!same) return false;
    }
    return true;
}

/* A step of MurmurHash64A (Appleby). */
uint64_t spec_hash_mix(uint64_t hash, uint64_t word)
{
    const uint64_t factor = 0xc6a4a7935bd1e995;
    word *= factor;
    word ^= word >> 47;
    word *= factor;
    return (hash ^ word) * factor;
}
