/* Rows that the head leaves out change nothing: the same bits of every column but their share, with pruning and
 * without, for any order of leaves, any team and any number of threads. On attention of all presets, and on rows made
 * so that the largest pre-activations of many of them differ in last bits, or not at all. */
#include "kept_leaves.h"
#include "merge.h"
#include "polysweep/random.h"
#include "unit/theory_case.h"
#include "verdict.h"

typedef struct manner { /* of judging the same leaves */
    bool prunes, backwards;
    int ranks, threads;
} manner;

typedef struct judged {
    psw_verdict verdicts[PSW_GROUP_MAX];
} judged;

typedef struct tally { /* that there was something to see */
    double pruned;
    ptrdiff_t cases, silent, fires, ties, most, none;
} tally;

/* Draw after draw; the leaves of one in either order. */
static void take_some(const psw_judge *judge, psw_head *head, const kept *k, int rank, const manner *how)
{
    ptrdiff_t draws = k->draw[k->count - 1] + 1, each = k->count / draws;
    for (ptrdiff_t i = 0; i < k->count; i++) {
        ptrdiff_t at = how->backwards ? i / each * each + each - 1 - i % each : i;
        if (k->leaf[at].index % how->ranks != rank) continue;
        judge->draw(head, k->draw[at]);
        CHECK(judge->take(head, &k->leaf[at]) == PSW_OK, "%s", psw_message());
    }
}

/* `data`: where rows can be computed again, else NULL. */
static judged judge_all(const psw_group *of, const kept *k, const psw_data *data, manner how)
{
    psw_point points[PSW_GROUP_MAX];
    const psw_group some = {points, of->count}, *group = &some;
    for (ptrdiff_t i = 0; i < of->count; i++) points[i] = of->points[i], points[i].threads = how.threads;
    const psw_judge *judge = psw_judge_of(group->points->precision);
    psw_arena arena[TEAM_MOST];
    psw_head *head[TEAM_MOST];
    merge_list lists[TEAM_MOST];
    judged out;
    int count = 0;
    for (int r = 0; r < how.ranks; r++) {
        CHECK(psw_arena_create(judge->bytes(group, NULL), &arena[r]) == PSW_OK, "%s", psw_message());
        CHECK(judge->begin(group, NULL, (psw_watch){0}, &arena[r], &head[r]) == PSW_OK, "%s", psw_message());
        judge->prune(head[r], how.prunes);
        take_some(judge, head[r], k, r, &how);
        if (data) CHECK(judge->settle(head[r], data, (psw_watch){0}) == PSW_OK, "%s", psw_message());
        count = judge->merging(head[r], lists[r]);
    }
    merge_all(lists, how.ranks, count);
    judge->end(head[0], out.verdicts);
    for (int r = 0; r < how.ranks; r++) psw_arena_destroy(&arena[r]);
    return out;
}

static void count_verdict(const psw_verdict *v, tally *seen)
{
    seen->cases++;
    seen->pruned += v->head_pruned;
    seen->most += v->head_pruned > 0.9, seen->none += v->head_pruned == 0;
    seen->silent += v->fires_d1 == 0 && v->fires_d0 == 0, seen->fires += v->fires_d0 + v->fires_d1;
    seen->ties += v->tie;
}

static void any_manner(const char *name, const psw_group *group, const kept *k, const psw_data *data, tally *seen)
{
    static const manner manners[] = {
        {true, false, 1, 1}, {true, true, 1, 3}, {true, false, 2, 2}, {true, true, 3, 1}, {false, true, 2, 2}};
    const psw_point *p = group->points;
    judged plain = judge_all(group, k, data, (manner){false, false, 1, 1});
    for (size_t m = 0; m < sizeof manners / sizeof *manners; m++) {
        judged other = judge_all(group, k, data, manners[m]);
        for (ptrdiff_t i = 0; i < group->count; i++) {
            const psw_verdict *a = &plain.verdicts[i], *b = &other.verdicts[i];
            CHECK(verdict_same(a, b),
                  "%s method %d mask %d precision %d noise %g beta %g, %d ranks of %d threads%s: margins %.17g %.17g "
                  "not %.17g %.17g, "
                  "F %.17g not %.17g, ties %td not %td",
                  name, (int)p->method, (int)p->mask, (int)p->precision, p->noise, group->points[i].beta,
                  manners[m].ranks, manners[m].threads, manners[m].backwards ? ", backwards" : "", b->margin_d0,
                  b->margin_d1, a->margin_d0, a->margin_d1, b->value_d1, a->value_d1, b->tie, a->tie);
            CHECK(a->head_pruned == 0, "%g pruned without pruning", a->head_pruned);
            CHECK(b->head_pruned >= 0 && b->head_pruned < 1, "%g pruned", b->head_pruned);
            if (manners[m].prunes) count_verdict(b, seen);
        }
    }
}

/* ---- attention ---- */

static void attended(const preset_case *preset, const psw_group *group, tally *seen)
{
    psw_data *data = NULL;
    kept *k = leaves_of(group, NULL);
    bool again = group->points->precision == PSW_FP32;
    if (again) CHECK(psw_data_open(group->points, NULL, &data) == PSW_OK, "%s", psw_message());
    any_manner(preset->name, group, k, data, seen);
    psw_data_close(data);
    forget(k);
}

static void preset_with(const preset_case *preset, psw_mask mask, psw_precision precision, double noise, tally *seen)
{
    psw_point p = case_of(preset, 128, 18, 3), degrees[3];
    p.mask = mask, p.precision = precision, p.noise = noise;
    p.block = 40, p.m = 11, p.trials = 9; /* the last leaf has eight rows */
    p.j3 = mask == PSW_CAUSAL ? p.n - 1 : 50;
    for (int i = 0; i < 3; i++) degrees[i] = p, degrees[i].beta = i == 0 ? 2 : i == 1 ? 8 : 64;
    attended(preset, &(psw_group){degrees, 3}, seen);
    p.method = PSW_SOFTMAX, p.beta = NAN;
    attended(preset, &(psw_group){&p, 1}, seen);
    p.method = PSW_POLYSKETCH, p.beta = 4, p.r = 8, p.draws = 3;
    attended(preset, &(psw_group){&p, 1}, seen);
}

static void presets(tally *seen)
{
    static const preset_case one = {"a_0 + b = kappa", 0.05, 0.7, 0.05, 0.7}, all = {"b = kappa", 0, 0.7, 0.1, 0.7};
    const preset_case *const list[] = {&P1, &P2, &P3, &W1, &W2, &one, &all};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        for (int precision = PSW_FP64; precision <= PSW_FP16; precision++)
            for (int mask = PSW_FULL; mask <= PSW_CAUSAL; mask++)
                for (int noisy = 0; noisy < 2; noisy++)
                    preset_with(list[i], (psw_mask)mask, (psw_precision)precision, noisy ? 0.2 : 0, seen);
}

/* ---- rows made by hand ---- */

/* Every row has the signs of a vector that is drawn, so that its 1-norm is reached, and the 1-norm of all others to a
 * few roundings, at tau + above bounds; one row in three is equal to the one before it. */
static void reach(const psw_point *p, double above, double *rows)
{
    psw_key key = psw_random_key(PSW_STREAM_DATA, 7, NULL, 0);
    double norm = psw_data_threshold(p) + above * psw_judge_bound(p) * psw_data_unit(p);
    for (ptrdiff_t r = 0; r < 2 * p->n; r++) {
        double sum = 0, *row = rows + r * p->v;
        ptrdiff_t trial = r * 7 % p->trials, vector = r * 5 % p->m;
        if (r % 3 == 2) {
            memcpy(row, row - p->v, (size_t)p->v * sizeof *row);
            continue;
        }
        psw_random_uniforms(key, (uint64_t)r, 0, p->v, row);
        for (ptrdiff_t k = 0; k < p->v; k++) sum += row[k];
        for (ptrdiff_t k = 0; k < p->v; k++) row[k] *= sign_at(p, trial, vector, k) * norm / sum;
    }
}

static kept *leaves_made(const psw_point *p, const double *rows)
{
    kept *k = calloc(1, sizeof *k);
    k->real_bytes = psw_engine_of(p->precision)->real_bytes;
    for (ptrdiff_t first = 0; first < p->n; first += p->block) {
        ptrdiff_t count = p->n - first < p->block ? p->n - first : p->block, numbers = count * p->v;
        double *zeros = calloc((size_t)(2 * count), sizeof *zeros);
        char *own = malloc((size_t)(2 * numbers) * k->real_bytes);
        for (ptrdiff_t set = 0; set < 2; set++)
            for (ptrdiff_t i = 0; i < numbers; i++) {
                double x = rows[(set * p->n + first) * p->v + i];
                if (k->real_bytes == sizeof(float))
                    ((float *)(void *)own)[set * numbers + i] = (float)x;
                else
                    ((double *)(void *)own)[set * numbers + i] = x;
            }
        psw_leaf leaf = {first, count, first / p->block, 1, 2, p->v, own, zeros, zeros};
        CHECK(keep(k, &leaf) == PSW_OK, "%s", psw_message());
        free(zeros), free(own);
    }
    return k;
}

/* Widths of part of a group, of some groups, of slabs; vectors of several steps. */
static void made(psw_precision precision, ptrdiff_t v, ptrdiff_t m, double above, tally *seen)
{
    psw_point p = case_of(&W1, 96, v, 3);
    p.precision = precision, p.block = 20, p.m = m, p.trials = 10, p.j3 = 4;
    double *rows = malloc((size_t)(2 * p.n * v) * sizeof *rows);
    reach(&p, above, rows);
    kept *k = leaves_made(&p, rows);
    any_manner("made", &(psw_group){&p, 1}, k, NULL, seen);
    forget(k);
    free(rows);
}

/* A row without numbers changes nothing but what it would without pruning, wherever it stands. */
static void no_numbers(psw_precision precision, double what)
{
    psw_point p = case_of(&W1, 96, 12, 3);
    tally seen = {0};
    p.precision = precision, p.block = 20, p.m = 5, p.trials = 10;
    double *rows = malloc((size_t)(2 * p.n * p.v) * sizeof *rows);
    reach(&p, 2, rows);
    for (ptrdiff_t r = 0; r < 2 * p.n; r += 10) rows[r * p.v + 3] = what;
    kept *k = leaves_made(&p, rows);
    any_manner("no numbers", &(psw_group){&p, 1}, k, NULL, &seen);
    forget(k);
    free(rows);
}

int main(void)
{
    tally attention = {0}, by_hand = {0};
    presets(&attention);
    const ptrdiff_t widths[] = {1, 5, 12, 33, 71, 150};
    const double above[] = {-3, -1, 0.5, 20};
    for (int precision = PSW_FP64; precision <= PSW_BF16; precision++)
        for (size_t w = 0; w < sizeof widths / sizeof *widths; w++)
            for (size_t a = 0; a < sizeof above / sizeof *above; a++)
                made((psw_precision)precision, widths[w], a % 2 ? 9 : 130, above[a], &by_hand);
    for (int precision = PSW_FP64; precision <= PSW_FP32; precision++) {
        no_numbers((psw_precision)precision, NAN);
        no_numbers((psw_precision)precision, INFINITY);
        no_numbers((psw_precision)precision, -INFINITY);
    }
    CHECK(attention.silent > 0 && attention.fires > 0 && attention.ties > 0 && by_hand.ties > 0 && by_hand.fires > 0,
          "%td silent, %td fires, %td ties; %td, %td", attention.silent, attention.fires, attention.ties, by_hand.fires,
          by_hand.ties);
    CHECK(attention.pruned > 0.2 * (double)attention.cases && by_hand.pruned > 0.2 * (double)by_hand.cases &&
              attention.most > 0 && attention.none > 0,
          "%g of %td, %g of %td pruned; most in %td, none in %td", attention.pruned, attention.cases, by_hand.pruned,
          by_hand.cases, attention.most, attention.none);
    return test_end();
}
