/* Blocks of the grid: which axes a method keeps, and the row of values at an index. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

/* Does the value of this axis member reach something that means something to the method? An own axis that no formula
 * reads (it stands in exclude or predict only) stays. */
static bool relevant(const psw_study *study, psw_ids applies, int id)
{
    psw_ids reached = spec_influence(study, id), parameters = PSW_ID(PSW_PARAMETERS) - 1;
    if (id >= PSW_PARAMETERS && !(reached & parameters)) return true;
    return reached & parameters & applies;
}

/* Of what spec_row_settle may replace: is it left alone in this block? */
static bool unsettled(const spec_block *block, int id)
{
    psw_affine affine = psw_method_facts_of(block->method)->affine;
    if (id == PSW_ID_SCALE) return !block->follows;
    if (id == PSW_ID_OFFSET) return !block->follows && affine != PSW_AFFINE_CANCELS;
    return false;
}

/* Does the value itself stand in the point? An automatic block does not; a preset under explicit constants reads
 * custom, draws of rows that are not random read 0; for `negative` of linear and scores see spec_row_settle. */
static bool visible(const psw_study *study, const spec_block *block, psw_ids applies, int id)
{
    bool noisy = study->given[PSW_ID_NOISE].origin == PSW_O_VALUE && study->base.at[PSW_ID_NOISE] > 0;
    bool random = spec_kind_random(study->kind, noisy);
    if ((id == PSW_ID_DATA_DRAWS || id == PSW_ID_COMMON) && !random) return false;
    if (id == PSW_ID_NEGATIVE && psw_method_facts_of(block->method)->kernel == PSW_KERNEL_LINEAR) return false;
    if ((id == PSW_ID_DRAWS || id == PSW_ID_DATA_DRAWS) && study->settings.until != PSW_UNTIL_FIXED) return false;
    if ((spec_settled & PSW_ID(id)) && !unsettled(block, id)) return false;
    if (id == PSW_ID_BLOCK && study->block_auto) return false;
    if (id == PSW_ID_MASK && study->given[PSW_ID_MODE].origin > PSW_O_DEFAULT) return false;
    return (applies >> id & 1) && !(id == PSW_ID_PRESET && study->constants_given);
}

/* Does it stand in the points with random tables alone? */
static bool given_by_file(const psw_study *study, psw_method method, int id)
{
    bool learns = spec_key_of_method(PSW_ID_WEIGHTS, method);
    return study->sized_by_file && learns && (id == PSW_ID_R || id == PSW_ID_FEATURES);
}

static bool same_where_relevant(const spec_axis *axis, const bool *matters, ptrdiff_t a, ptrdiff_t b)
{
    for (ptrdiff_t m = 0; m < axis->members; m++)
        if (matters[m] && axis->values[m * axis->count + a] != axis->values[m * axis->count + b]) return false;
    return true;
}

/* A zip group that the method ignores in part keeps the first of each set of entries that are equal for it. */
static psw_status pick_entries(spec_block_axis *kept, const bool *matters)
{
    const spec_axis *axis = kept->axis;
    kept->pick = malloc((size_t)axis->count * sizeof *kept->pick);
    if (!kept->pick) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate an axis");
    kept->count = 0;
    for (ptrdiff_t i = 0; i < axis->count; i++) {
        ptrdiff_t j = 0;
        while (j < kept->count && !same_where_relevant(axis, matters, i, kept->pick[j])) j++;
        if (j == kept->count) kept->pick[kept->count++] = i;
    }
    return PSW_OK;
}

static bool ascending(const spec_axis *axis)
{
    for (ptrdiff_t i = 1; i < axis->count; i++)
        if (!(axis->values[i - 1] < axis->values[i])) return false;
    return true;
}

static psw_status keep_axis(const psw_study *study, spec_block *block, const spec_axis *axis, psw_ids applies)
{
    bool matters[PSW_ROW], any = false, all = true, hidden = false;
    for (ptrdiff_t m = 0; m < axis->members; m++) {
        matters[m] = relevant(study, applies, axis->ids[m]);
        any |= matters[m];
        all &= matters[m];
        hidden |= axis->count > 1 && matters[m] &&
                  (!visible(study, block, applies, axis->ids[m]) || given_by_file(study, block->method, axis->ids[m]));
        block->base.at[axis->ids[m]] = axis->values[m * axis->count];
        if (!matters[m]) block->applies &= ~PSW_ID(axis->ids[m]);
    }
    if (!any) return PSW_OK; /* collapsed */
    spec_block_axis *kept = &block->axes[block->axis_count++];
    *kept = (spec_block_axis){axis, NULL, axis->count, hidden, axis->members == 1 && !hidden && ascending(axis)};
    block->ambiguous |= hidden;
    return all ? PSW_OK : pick_entries(kept, matters);
}

static bool holds_beta(const spec_axis *axis)
{
    for (ptrdiff_t m = 0; m < axis->members; m++)
        if (axis->ids[m] == PSW_ID_BETA) return true;
    return false;
}

/* beta is the fastest index of a slot. */
static void move_beta_last(spec_block *block)
{
    for (ptrdiff_t i = 0; i + 1 < block->axis_count; i++) {
        if (!holds_beta(block->axes[i].axis)) continue;
        spec_block_axis beta = block->axes[i];
        memmove(&block->axes[i], &block->axes[i + 1], (size_t)(block->axis_count - i - 1) * sizeof beta);
        block->axes[block->axis_count - 1] = beta;
        return;
    }
}

static bool read_by_formula(const psw_study *study, int id)
{
    for (ptrdiff_t i = 0; i < study->formula_count; i++)
        if (study->formulas[i].program.oracle || (study->formulas[i].program.reads & PSW_ID(id))) return true;
    return false;
}

/* Does spec_row_settle set something by the degree? A reference that is a power may have the degree of the point. */
static bool settled_by_beta(const psw_study *study, const spec_block *block)
{
    bool exact = study->base.at[PSW_ID_REFERENCE] == PSW_REFERENCE_EXACT;
    return block->follows || exact || study->given[PSW_ID_REFERENCE].origin == PSW_O_AXIS;
}

/* A parameter that the method needs and nothing gives, -1 = there is none. */
static int lacking(const psw_study *study, psw_ids applies)
{
    bool preset = study->given[PSW_ID_PRESET].origin > PSW_O_DEFAULT;
    for (int id = PSW_ID_PRESET; id < PSW_ID_R; id++) {
        if (!(applies >> id & 1) || spec_keys[id].fallback || study->given[id].origin != PSW_O_NONE) continue;
        if (id < PSW_ID_BETA && preset) continue;
        if (id != PSW_ID_SEED && id != PSW_ID_TEAM) return id;
    }
    return -1;
}

static psw_status refuse_lack(const psw_study *study, const spec_entry *entry, int id)
{
    const psw_yaml_node *grid = psw_yaml_child(study->tree.root, "grid");
    psw_where where = grid ? grid->key_where : study->tree.root->where;
    if (id < PSW_ID_BETA)
        return PSW_WRONG(&study->tree, where,
                         "%s is not given; name a preset, as in data: {preset: W2}, or give a_0, a_1, b and c",
                         spec_keys[id].name);
    return PSW_WRONG(&study->tree, where, "%s is not given, but %s needs it; add it to grid, zip or derive",
                     spec_keys[id].name, psw_word(PSW_WORDS_METHOD, (int)entry->method));
}

/* Single values that all points of include share make no point of their own where they are not all that one needs. */
static bool is_left_to_include(const psw_study *study)
{
    for (ptrdiff_t i = 0; i < study->axis_count; i++)
        if (strcmp(study->given[study->axes[i].ids[0]].section, "data") != 0) return false;
    return spec_includes_any(study);
}

static psw_status count_points(const psw_study *study, spec_block *block, const spec_entry *entry)
{
    double points = 1, ambiguous = 1;
    for (ptrdiff_t i = 0; i < block->axis_count; i++) {
        points *= (double)block->axes[i].count;
        if (block->axes[i].ambiguous) ambiguous *= (double)block->axes[i].count;
    }
    if (!(points <= PSW_POINTS_MAX))
        return PSW_WRONG(&study->tree, entry->where,
                         "the grid of %s has %.3g points; at most %.3g, so shorten or zip its axes",
                         psw_word(PSW_WORDS_METHOD, (int)block->method), points, PSW_POINTS_MAX);
    if (!(points * ambiguous <= PSW_POINTS_MAX) && ambiguous > 1)
        return PSW_WRONG(
            &study->tree, entry->where,
            "%s ignores an axis with %.3g values that others derive from: %.3g points are too many to tell "
            "apart; shorten the axis",
            psw_word(PSW_WORDS_METHOD, (int)block->method), ambiguous, points);
    block->total = (ptrdiff_t)points;
    return PSW_OK;
}

static psw_ids rules_of(const psw_study *study, psw_ids applies)
{
    psw_ids rules = 0;
    for (ptrdiff_t i = 0; i < study->rule_count; i++)
        if (!(study->rules[i].reads & ~applies)) rules |= PSW_ID(i);
    return rules;
}

/* What means something to points of the grid: own axes that only include gives do not. */
static psw_ids applies_in_grid(const psw_study *study, psw_method method)
{
    psw_ids applies = study->applies[method];
    for (int id = PSW_PARAMETERS; id < PSW_ROW; id++)
        if (study->given[id].origin == PSW_O_NONE) applies &= ~PSW_ID(id);
    return applies;
}

/* r of every file that the method's axis of weights names. */
static psw_status find_rows(psw_study *study, const spec_entry *entry)
{
    for (ptrdiff_t i = 0; i < entry->count && study->sized_by_file; i++) {
        const spec_axis *axis = &entry->axes[i];
        if (axis->ids[0] != PSW_ID_WEIGHTS) continue;
        for (ptrdiff_t k = 0; k < axis->count; k++) PSW_TRY(spec_weights_rows(study, axis->values[k], axis->where));
    }
    return PSW_OK;
}

static psw_status block_build(psw_study *study, const spec_entry *entry)
{
    PSW_TRY(find_rows(study, entry));
    spec_block *block = &study->blocks[study->block_count++];
    psw_ids applies = applies_in_grid(study, entry->method);
    *block = (spec_block){.method = entry->method, .base = study->base, .applies = applies};
    block->base.at[PSW_ID_METHOD] = entry->method;
    block->follows = spec_entry_has(entry, PSW_ID_MATCH, PSW_MATCH_EXP);
    PSW_TRY(spec_own_defaults(study, entry->method, &block->base));
    for (ptrdiff_t i = 0; i < entry->count; i++) PSW_TRY(keep_axis(study, block, &entry->axes[i], applies));
    for (ptrdiff_t i = 0; i < study->axis_count; i++) PSW_TRY(keep_axis(study, block, &study->axes[i], applies));
    move_beta_last(block);
    const spec_axis *last = block->axis_count ? block->axes[block->axis_count - 1].axis : NULL;
    block->line = last && last->members == 1 && last->ids[0] == PSW_ID_BETA && !block->ambiguous &&
                  !read_by_formula(study, PSW_ID_BETA) && !settled_by_beta(study, block);
    block->rules = rules_of(study, block->applies);
    PSW_TRY(count_points(study, block, entry));
    return spec_enumerate(study, block);
}

/* Schema, paths, how a file is read, and the level of success, both where they are not the default: the first files
 * know no other. */
static void identity_begin(psw_study *study)
{
    const double level = study->settings.level;
    double usual;
    study->identity = spec_hash_mix(0x706f6c7973776570, 1);
    for (ptrdiff_t i = 0; i < study->path_count; i++)
        for (const char *at = study->paths[i].text; *at; at++)
            study->identity = spec_hash_mix(study->identity, (unsigned char)*at);
    for (const char *at = spec_file_reading(study); *at; at++)
        study->identity = spec_hash_mix(study->identity, (unsigned char)*at);
    if (psw_number_read(spec_key_find("judge", "level")->fallback, &usual) && level != usual)
        spec_identity_add(study, spec_hash_mix(0, 0x6c6576656c), level);
}

psw_status spec_grid_build(psw_study *study)
{
    double all = 0;
    identity_begin(study);
    for (ptrdiff_t i = 0; i < study->entry_count; i++) {
        int lack = lacking(study, study->applies[study->entries[i].method]);
        if (lack >= 0 && is_left_to_include(study)) continue;
        if (lack >= 0) return refuse_lack(study, &study->entries[i], lack);
        spec_block *block = &study->blocks[study->block_count];
        PSW_TRY(block_build(study, &study->entries[i]));
        block->first = study->slots;
        study->slots += block->slots;
        all += (double)block->total;
        if (all > PSW_POINTS_MAX)
            return PSW_WRONG(&study->tree, study->entries[i].where,
                             "the grids of all methods have %.3g points so far; at most %.3g", all, PSW_POINTS_MAX);
    }
    return PSW_OK;
}

psw_ids spec_block_names(const spec_block *block)
{
    psw_ids names = 0;
    for (ptrdiff_t i = 0; i < block->axis_count; i++)
        for (ptrdiff_t m = 0; m < block->axes[i].axis->members; m++) names |= PSW_ID(block->axes[i].axis->ids[m]);
    return names & block->applies;
}

static void set_members(const spec_block_axis *kept, ptrdiff_t at, spec_row *row)
{
    const spec_axis *axis = kept->axis;
    ptrdiff_t entry = kept->pick ? kept->pick[at] : at;
    for (ptrdiff_t m = 0; m < axis->members; m++) row->at[axis->ids[m]] = axis->values[m * axis->count + entry];
}

void spec_block_row(const psw_study *study, const spec_block *block, ptrdiff_t index, spec_row *row)
{
    *row = block->base;
    for (ptrdiff_t i = block->axis_count - 1; i >= 0; i--) {
        const spec_block_axis *kept = &block->axes[i];
        set_members(kept, index % kept->count, row);
        index /= kept->count;
    }
    spec_row_finish(study, row, 0, true);
    spec_row_blank(row, block->applies);
    spec_row_settle(study, row);
}

/* ---- the inverse ---- */

typedef struct search {
    const psw_study *study;
    const spec_block *block;
    const spec_row *row;
} search;

static bool may_be(const search *s, const spec_block_axis *kept, ptrdiff_t at)
{
    const spec_axis *axis = kept->axis;
    ptrdiff_t entry = kept->pick ? kept->pick[at] : at;
    for (ptrdiff_t m = 0; m < axis->members; m++) {
        int id = axis->ids[m];
        bool compared = visible(s->study, s->block, s->block->applies, id) &&
                        !(spec_row_learned(s->row) && given_by_file(s->study, s->block->method, id));
        if (compared && s->row->at[id] != axis->values[m * axis->count + entry]) return false;
    }
    return true;
}

/* The only entry of an ascending axis that can have the value. */
static ptrdiff_t by_halves(const spec_axis *axis, double value)
{
    ptrdiff_t low = 0, high = axis->count - 1;
    while (low < high) {
        ptrdiff_t middle = (low + high) / 2;
        if (axis->values[middle] < value)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* The first index below `axis` whose row is the wanted one; `index` numbers what is chosen above. */
static ptrdiff_t find(const search *s, ptrdiff_t axis, ptrdiff_t index)
{
    if (axis == s->block->axis_count) {
        spec_row row;
        spec_block_row(s->study, s->block, index, &row);
        return spec_row_equal(s->study, &row, s->row) ? index : -1;
    }
    const spec_block_axis *kept = &s->block->axes[axis];
    ptrdiff_t first = kept->ascending ? by_halves(kept->axis, s->row->at[kept->axis->ids[0]]) : 0;
    for (ptrdiff_t at = first; at < (kept->ascending ? first + 1 : kept->count); at++) {
        if (!may_be(s, kept, at)) continue;
        ptrdiff_t found = find(s, axis + 1, index * kept->count + at);
        if (found >= 0) return found;
    }
    return -1;
}

ptrdiff_t spec_block_index(const psw_study *study, const spec_block *block, const spec_row *row)
{
    search s = {study, block, row};
    return find(&s, 0, 0);
}
