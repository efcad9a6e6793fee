/* Which indices of a block exist, and the slots that number them. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

uint64_t spec_bits_of(double value)
{
    uint64_t bits;
    if (isnan(value)) return 0x7ff8000000000000;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

/* All values of a row but beta; a team counts only where the study itself gives it, a younger parameter only where it
 * is not its default, by its name. */
uint64_t spec_hash_row(const psw_study *study, const spec_row *row)
{
    const psw_ids left_out = PSW_YOUNGER_IDS | PSW_ID(PSW_ID_BETA);
    uint64_t hash = 0;
    for (int id = 0; id < PSW_PARAMETERS + (int)study->own_count; id++) {
        if ((left_out >> id & 1) || (id == PSW_ID_TEAM && study->given[id].origin <= PSW_O_DEFAULT)) continue;
        hash = spec_hash_mix(hash, spec_bits_of(row->at[id]));
    }
    for (int id = 0; id < PSW_PARAMETERS; id++)
        if ((PSW_YOUNGER_IDS >> id & 1) && spec_younger_tells(study, row, id))
            hash = spec_hash_mix(spec_hash_mix(hash, spec_younger_salt(id)), spec_bits_of(row->at[id]));
    return hash;
}

void spec_identity_add(psw_study *study, uint64_t rest, double beta)
{
    study->identity = spec_hash_mix(spec_hash_mix(study->identity, rest), spec_bits_of(beta));
}

/* ---- enumeration ---- */

typedef struct walk {
    psw_study *study;
    spec_block *block;
    spec_row row;
    psw_ids names;
    psw_where where;
    uint64_t hash;  /* of the row without beta */
    ptrdiff_t line; /* points between full evaluations of the row */
} walk;

/* The first rule that holds, -1 = none. */
static ptrdiff_t rule_that_holds(const walk *w)
{
    const psw_study *study = w->study;
    psw_point point;
    bool made = false;
    for (ptrdiff_t i = 0; i < study->rule_count; i++) {
        if (!(w->block->rules >> i & 1)) continue;
        if (study->rules[i].oracle && !made) point = spec_point_of_row(study, &w->row), made = true;
        if (psw_program_true(psw_program_value(&study->rules[i], w->row.at, study->rooms.theory, &point))) return i;
    }
    return -1;
}

static bool is_twin(const walk *w, ptrdiff_t index)
{
    return w->block->ambiguous && spec_block_index(w->study, w->block, &w->row) != index;
}

static psw_status visit(walk *w, ptrdiff_t index, bool *exists)
{
    const spec_block *block = w->block;
    bool fresh = index % w->line == 0;
    *exists = false;
    if (fresh)
        spec_block_row(w->study, block, index, &w->row), spec_block_note(w->study, &w->row);
    else
        w->row.at[PSW_ID_BETA] = block->axes[block->axis_count - 1].axis->values[index % w->line];
    if (is_twin(w, index)) return PSW_OK;
    ptrdiff_t rule = rule_that_holds(w);
    if (rule >= 0) {
        w->study->exclusions[rule].points++;
        if (fresh) w->hash = 0;
        return PSW_OK;
    }
    if (fresh || w->hash == 0) {
        PSW_TRY(spec_row_check(w->study, &w->row, w->names, w->where, false));
        w->hash = spec_hash_row(w->study, &w->row) | 1;
    }
    PSW_TRY(spec_point_check(w->study, &w->row, w->names, w->where));
    spec_identity_add(w->study, w->hash, w->row.at[PSW_ID_BETA]);
    *exists = true;
    return PSW_OK;
}

#define WORDS(total) (((total) + 63) / 64)

static psw_status bitmap_create(spec_block *block)
{
    block->bits = calloc((size_t)WORDS(block->total) + 1, sizeof *block->bits);
    block->before = calloc((size_t)(WORDS(block->total) / PSW_SUPERBLOCK) + 2, sizeof *block->before);
    if (block->bits && block->before) return PSW_OK;
    return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate the grid of a study");
}

static ptrdiff_t ones(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555;
    x = (x & 0x3333333333333333) + (x >> 2 & 0x3333333333333333);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0f;
    return (ptrdiff_t)(x * 0x0101010101010101 >> 56);
}

/* Fills the directory; a block without holes needs neither. */
static void bitmap_close(spec_block *block)
{
    ptrdiff_t words = WORDS(block->total);
    for (ptrdiff_t w = 0; w < words; w++) {
        if (w % PSW_SUPERBLOCK == 0) block->before[w / PSW_SUPERBLOCK] = block->slots;
        block->slots += ones(block->bits[w]);
    }
    if (block->slots < block->total) return;
    free(block->bits);
    free(block->before);
    block->bits = NULL;
    block->before = NULL;
}

psw_status spec_enumerate(psw_study *study, spec_block *block)
{
    const psw_yaml_node *grid = psw_yaml_child(study->tree.root, "grid");
    walk w = {.study = study, .block = block, .names = spec_block_names(block), .line = 1};
    w.where = grid ? grid->key_where : study->tree.root->where;
    if (block->line) w.line = block->axes[block->axis_count - 1].count;
    PSW_TRY(bitmap_create(block));
    for (ptrdiff_t index = 0; index < block->total; index++) {
        bool exists;
        PSW_TRY(visit(&w, index, &exists));
        if (exists) block->bits[index / 64] |= (uint64_t)1 << index % 64;
    }
    bitmap_close(block);
    return PSW_OK;
}

bool spec_block_exists(const spec_block *block, ptrdiff_t index)
{
    return !block->bits || block->bits[index / 64] >> index % 64 & 1;
}

/* ---- slots ---- */

ptrdiff_t spec_block_rank(const spec_block *block, ptrdiff_t index)
{
    if (!block->bits) return index;
    ptrdiff_t word = index / 64, superblock = word / PSW_SUPERBLOCK, count = block->before[superblock];
    for (ptrdiff_t w = superblock * PSW_SUPERBLOCK; w < word; w++) count += ones(block->bits[w]);
    return count + ones(block->bits[word] & (((uint64_t)1 << index % 64) - 1));
}

/* The index with `wanted` existing ones below it. */
static ptrdiff_t pick(const spec_block *block, ptrdiff_t wanted)
{
    if (!block->bits) return wanted;
    ptrdiff_t low = 0, high = (WORDS(block->total) - 1) / PSW_SUPERBLOCK;
    while (low < high) {
        ptrdiff_t middle = (low + high + 1) / 2;
        if (block->before[middle] <= wanted)
            low = middle;
        else
            high = middle - 1;
    }
    ptrdiff_t word = low * PSW_SUPERBLOCK, left = wanted - block->before[low];
    while (ones(block->bits[word]) <= left) left -= ones(block->bits[word++]);
    uint64_t bits = block->bits[word];
    while (left-- > 0) bits &= bits - 1;
    return word * 64 + ones((bits & (~bits + 1)) - 1);
}

/* NULL: the slot is a point of include. */
static const spec_block *block_of(const psw_study *study, ptrdiff_t slot)
{
    ptrdiff_t i = 0;
    while (i < study->block_count && slot >= study->blocks[i].first + study->blocks[i].slots) i++;
    return i < study->block_count ? &study->blocks[i] : NULL;
}

psw_point psw_study_point(const psw_study *study, ptrdiff_t slot)
{
    spec_row row;
    const spec_block *block = block_of(study, slot);
    if (!block) return spec_point_of_row(study, &study->includes[slot - study->slots + study->include_count]);
    spec_block_row(study, block, pick(block, slot - block->first), &row);
    return spec_point_of_row(study, &row);
}

const psw_point *psw_cursor_at(psw_cursor *c, ptrdiff_t slot)
{
    const spec_block *block = block_of(c->study, slot);
    ptrdiff_t index = block && block->line ? pick(block, slot - block->first) : -1;
    const spec_axis *betas = index >= 0 ? block->axes[block->axis_count - 1].axis : NULL;
    bool same = betas && c->block == block && c->line == index / betas->count;
    if (same)
        c->point.beta = betas->values[index % betas->count];
    else
        c->point = psw_study_point(c->study, slot);
    c->block = betas ? block : NULL;
    c->line = betas ? index / betas->count : 0;
    return &c->point;
}

ptrdiff_t psw_study_slot(const psw_study *study, const psw_point *point)
{
    spec_row row = spec_row_of_point(point);
    for (ptrdiff_t i = 0; i < study->block_count; i++) {
        const spec_block *block = &study->blocks[i];
        if (block->method != point->method) continue;
        ptrdiff_t index = spec_block_index(study, block, &row);
        if (index >= 0 && spec_block_exists(block, index)) return block->first + spec_block_rank(block, index);
    }
    for (ptrdiff_t i = 0; i < study->include_count; i++)
        if (spec_row_equal(study, &row, &study->includes[i])) return study->slots - study->include_count + i;
    return -1;
}

ptrdiff_t psw_study_slots(const psw_study *study)
{
    return study->slots;
}
