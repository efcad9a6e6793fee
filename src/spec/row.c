/* Rows of values and points. */
#include <math.h>

#include "spec/study.h"

/* What is not a whole number (a point that will be refused) must not be undefined behaviour. */
static ptrdiff_t whole(double x)
{
    return fabs(x) <= PSW_WHOLE_MAX ? (ptrdiff_t)x : 0;
}

psw_point spec_point_of_row(const psw_study *study, const spec_row *row)
{
    const double *at = row->at;
    psw_point p = {
        .method = (psw_method)whole(at[PSW_ID_METHOD]),
        .mask = (psw_mask)whole(at[PSW_ID_MASK]),
        .precision = (psw_precision)whole(at[PSW_ID_PRECISION]),
        .data_kind = (psw_data_kind)whole(at[PSW_ID_DATA_KIND]),
        .preset = (psw_preset)whole(at[PSW_ID_PRESET]),
        .row_norm = (psw_row_norm)whole(at[PSW_ID_ROW_NORM]),
        .negative = (psw_negative)whole(at[PSW_ID_NEGATIVE]),
        .beta = at[PSW_ID_BETA],
        .n = whole(at[PSW_ID_N]),
        .d = whole(at[PSW_ID_D]),
        .v = whole(at[PSW_ID_V]),
        .r = whole(at[PSW_ID_R]),
        .features = whole(at[PSW_ID_FEATURES]),
        .local = whole(at[PSW_ID_LOCAL]),
        .draws = whole(at[PSW_ID_DRAWS]),
        .noise = at[PSW_ID_NOISE],
        .a_0 = at[PSW_ID_A_0],
        .a_1 = at[PSW_ID_A_1],
        .b = at[PSW_ID_B],
        .c = at[PSW_ID_C],
        .kappa = at[PSW_ID_KAPPA],
        .j3 = whole(at[PSW_ID_J3]),
        .m = whole(at[PSW_ID_M]),
        .trials = whole(at[PSW_ID_TRIALS]),
        .den_constant = at[PSW_ID_DEN_CONSTANT],
        .cosine = at[PSW_ID_COSINE],
        .head = whole(at[PSW_ID_HEAD]),
        .block = whole(at[PSW_ID_BLOCK]),
        .team = whole(at[PSW_ID_TEAM]),
        .seed = (uint64_t)whole(at[PSW_ID_SEED]),
        .weights = whole(at[PSW_ID_WEIGHTS]),
        .data_draws = whole(at[PSW_ID_DATA_DRAWS]),
        .common = (int)whole(at[PSW_ID_COMMON]),
        .level = study->settings.level,
    };
    for (int i = 0; i < PSW_OWN_MAX; i++) p.own[i] = at[PSW_PARAMETERS + i];
    return p;
}

spec_row spec_row_of_point(const psw_point *p)
{
    spec_row row = {{
        [PSW_ID_METHOD] = p->method,
        [PSW_ID_DATA_KIND] = p->data_kind,
        [PSW_ID_PRESET] = p->preset,
        [PSW_ID_NOISE] = p->noise,
        [PSW_ID_A_0] = p->a_0,
        [PSW_ID_A_1] = p->a_1,
        [PSW_ID_B] = p->b,
        [PSW_ID_C] = p->c,
        [PSW_ID_KAPPA] = p->kappa,
        [PSW_ID_COSINE] = p->cosine,
        [PSW_ID_BETA] = p->beta,
        [PSW_ID_N] = (double)p->n,
        [PSW_ID_D] = (double)p->d,
        [PSW_ID_V] = (double)p->v,
        [PSW_ID_MASK] = p->mask,
        [PSW_ID_PRECISION] = p->precision,
        [PSW_ID_J3] = (double)p->j3,
        [PSW_ID_ROW_NORM] = p->row_norm,
        [PSW_ID_DEN_CONSTANT] = p->den_constant,
        [PSW_ID_NEGATIVE] = p->negative,
        [PSW_ID_HEAD] = (double)p->head,
        [PSW_ID_BLOCK] = (double)p->block,
        [PSW_ID_TEAM] = (double)p->team,
        [PSW_ID_SEED] = (double)p->seed,
        [PSW_ID_M] = (double)p->m,
        [PSW_ID_TRIALS] = (double)p->trials,
        [PSW_ID_R] = (double)p->r,
        [PSW_ID_FEATURES] = (double)p->features,
        [PSW_ID_LOCAL] = (double)p->local,
        [PSW_ID_DRAWS] = (double)p->draws,
        [PSW_ID_WEIGHTS] = (double)p->weights,
        [PSW_ID_DATA_DRAWS] = (double)p->data_draws,
        [PSW_ID_COMMON] = p->common,
    }};
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

/* features = r(r+1)/2 where they are squares (packed products of pairs), else r; whichever is given sets the other. */
static void size_sketch(spec_row *row)
{
    double *r = &row->at[PSW_ID_R], *features = &row->at[PSW_ID_FEATURES];
    bool packed = psw_method_facts_of((psw_method)row->at[PSW_ID_METHOD])->squares;
    if (!isnan(*r)) {
        *features = packed ? *r * (*r + 1) / 2 : *r;
    } else if (!isnan(*features)) {
        double root = packed ? floor((sqrt(8 * *features + 1) - 1) / 2) : *features;
        if (!packed || root * (root + 1) / 2 == *features) *r = root;
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
        if ((f->derived && !derive) || (keep >> f->id & 1) || (by_file && (size >> f->id & 1))) continue;
        psw_point point;
        if (f->program.oracle) point = spec_point_of_row(study, row);
        row->at[f->id] = psw_program_value(&f->program, row->at, study->rooms.theory, &point) + 0.0;
        if (f->id == PSW_ID_R || f->id == PSW_ID_FEATURES) size_sketch(row);
    }
}

bool spec_kind_random(psw_data_kind kind, bool noisy)
{
    psw_drawn drawn = psw_data_kind_facts_of(kind)->drawn;
    return drawn == PSW_DRAWN_ALWAYS || (drawn == PSW_DRAWN_NOISE && noisy);
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
    const psw_ids zero = PSW_ID(PSW_ID_NOISE) | PSW_ID(PSW_ID_DEN_CONSTANT);
    for (int id = 0; id < PSW_ROW; id++)
        if (!(applies >> id & 1))
            row->at[id] = id >= PSW_PARAMETERS || (spec_keys[id].type == PSW_T_REAL && !(zero >> id & 1)) ? NAN : 0;
    if (!spec_row_random(row)) row->at[PSW_ID_DATA_DRAWS] = row->at[PSW_ID_COMMON] = 0;
}

/* Of linear attention `negative` is there where a score can be negative, and nowhere else. */
void spec_row_settle(const psw_study *study, spec_row *row)
{
    double *negative = &row->at[PSW_ID_NEGATIVE];
    psw_kernel kernel = psw_method_facts_of((psw_method)row->at[PSW_ID_METHOD])->kernel;
    if (kernel != PSW_KERNEL_LINEAR || *negative == PSW_NEGATIVE_REFUSE) return;
    psw_point point = spec_point_of_row(study, row);
    if (study->rooms.negative && !study->rooms.negative(&point)) *negative = PSW_NEGATIVE_REFUSE;
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
