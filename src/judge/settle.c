/* Pre-activations that single precision cannot distinguish from 0: noted while leaves arrive, computed again in double
 * once a draw is complete, and only where the trial has not fired anyway. */
#include <math.h>
#include <string.h>

#include "judge/again.h"
#include "judge/head.h"

enum { BATCH = 16 }; /* rows that share the making of keys */

/* Double rows and sign vectors of a batch, and their scratch. */
ptrdiff_t judge_head_settle_numbers(const psw_point *p)
{
    return (BATCH + 1) * p->v + judge_again_numbers(p, BATCH);
}

/* ---- noting ---- */

/* Absolute trial of a column of this draw. */
static ptrdiff_t trial_of(const psw_head *h, ptrdiff_t column)
{
    return h->first_trial + column / h->point.m * h->draws;
}

/* Past the trials of the columns. */
static ptrdiff_t end_of(const psw_head *h)
{
    return h->first_trial + h->span * h->draws;
}

static unsigned char *trials_of(const psw_head *h, ptrdiff_t pair)
{
    return h->trial + pair / h->sets * h->trials;
}

/* Drops what has been decided since. */
static void prune(const psw_head *h, ptrdiff_t pair, judge_head_pending *list)
{
    const unsigned char *trial = trials_of(h, pair);
    int kept = 0;
    for (int i = 0; i < list->count; i++)
        if (!(__atomic_load_n(&trial[trial_of(h, list->at[i].column)], __ATOMIC_RELAXED) & TRIAL_SURE
                                                                                               << pair % h->sets))
            list->at[kept++] = list->at[i];
    list->count = kept;
}

/* Too many to list: whole rows are flagged, for whichever trials are left. */
static void flag_rows(psw_head *h, int set, judge_head_pending *list)
{
    list->many = true;
    for (int i = 0; i < list->count; i++) h->flags[list->at[i].row] |= (unsigned char)(1 << set);
    list->count = 0;
}

void judge_head_note(psw_head *h, ptrdiff_t pair, ptrdiff_t row, ptrdiff_t column)
{
    judge_head_pending *list = &h->pending[pair];
    int set = (int)(pair % h->sets);
    unsigned char *trial = trials_of(h, pair) + trial_of(h, column);
    if (__atomic_load_n(trial, __ATOMIC_RELAXED) & TRIAL_SURE << set) return;
    judge_head_unite(trial, TRIAL_TIE << set);
    if (!list->many && list->count == HEAD_PENDING) prune(h, pair, list);
    if (!list->many && list->count == HEAD_PENDING) flag_rows(h, set, list);
    if (list->many)
        h->flags[row] |= (unsigned char)(1 << set);
    else
        list->at[list->count++] = (judge_head_place){row, column};
}

/* ---- settling ---- */

typedef struct settling {
    psw_head *h;
    const psw_data *data;
    psw_watch watch;
    ptrdiff_t pair;
    const psw_point *point;
    int set;
    double bound; /* of what is computed here, in units of the rows */
    double *rows, *signs, *scratch;
    ptrdiff_t places[BATCH], count;
} settling;

/* Signs of vector `vector` of a trial, as head_real.c has them. */
static void signs_of(const psw_head *h, ptrdiff_t trial, ptrdiff_t vector, double *out)
{
    uint32_t words[4];
    for (ptrdiff_t k = 0; k < h->point.v; k++) {
        if (k % 128 == 0)
            psw_random_block(h->key, (uint64_t)trial << 32 | (uint64_t)vector, (uint64_t)(k / 128), words);
        out[k] = words[k % 128 / 32] >> (k % 32) & 1 ? 1 : -1;
    }
}

static void decide(const settling *s, const double *row, unsigned char *trial)
{
    double g = -s->h->threshold;
    for (ptrdiff_t k = 0; k < s->h->point.v; k++) g += row[k] * s->signs[k];
    if (g > s->bound)
        *trial |= (unsigned char)((TRIAL_FIRED | TRIAL_SURE) << s->set);
    else if (g >= -s->bound)
        *trial |= (unsigned char)(TRIAL_TIE << s->set);
}

static psw_status make_rows(settling *s)
{
    judge_again again = {s->point, s->data, s->set, s->places, s->count, s->watch};
    return judge_again_rows(&again, s->scratch, s->rows);
}

/* The batch, one listed place a row. */
static psw_status settle_listed(settling *s, const judge_head_place *places, int count)
{
    unsigned char *trial = trials_of(s->h, s->pair);
    for (int i = 0; i < count; i++) s->places[i] = places[i].row;
    s->count = count;
    PSW_TRY(make_rows(s));
    for (int i = 0; i < count; i++) {
        ptrdiff_t of = trial_of(s->h, places[i].column);
        signs_of(s->h, of, places[i].column % s->h->point.m, s->signs);
        decide(s, s->rows + i * s->h->point.v, trial + of);
    }
    return PSW_OK;
}

/* The batch against every vector of every trial that is left. */
static psw_status settle_flagged(settling *s, const unsigned char *left)
{
    unsigned char *trial = trials_of(s->h, s->pair);
    PSW_TRY(make_rows(s));
    for (ptrdiff_t t = s->h->first_trial; t < end_of(s->h); t += s->h->draws) {
        PSW_TRY(psw_watch_ask(s->watch));
        for (ptrdiff_t j = 0; left[t] && j < s->h->point.m && !(trial[t] & TRIAL_SURE << s->set); j++) {
            signs_of(s->h, t, j, s->signs);
            for (ptrdiff_t i = 0; i < s->count; i++) decide(s, s->rows + i * s->h->point.v, trial + t);
        }
    }
    return PSW_OK;
}

/* Trials of this draw that nothing has fired in yet but something may: no longer ties, until it is seen. */
static bool open_trials(const settling *s, unsigned char *left)
{
    unsigned char *trial = trials_of(s->h, s->pair), sure = (unsigned char)(TRIAL_SURE << s->set);
    unsigned char tie = (unsigned char)(TRIAL_TIE << s->set);
    bool any = false;
    for (ptrdiff_t t = s->h->first_trial; t < end_of(s->h); t += s->h->draws) {
        left[t] = (trial[t] & tie) && !(trial[t] & sure);
        any = any || left[t];
        trial[t] &= (unsigned char)~tie;
    }
    return any;
}

static psw_status all_flagged(settling *s)
{
    ptrdiff_t queries = psw_data_queries(&s->h->point);
    s->count = 0;
    for (ptrdiff_t row = 0; row < queries; row++) {
        if (s->h->flags[row] >> s->set & 1) s->places[s->count++] = row;
        if (s->count < BATCH && (row < queries - 1 || s->count == 0)) continue;
        PSW_TRY(settle_flagged(s, s->h->left));
        s->count = 0;
    }
    return PSW_OK;
}

static psw_status settle_pair(settling *s)
{
    judge_head_pending *list = &s->h->pending[s->pair];
    prune(s->h, s->pair, list);
    if (!open_trials(s, s->h->left)) return PSW_OK;
    if (list->many) return all_flagged(s);
    for (int i = 0; i < list->count; i += BATCH)
        PSW_TRY(settle_listed(s, list->at + i, list->count - i < BATCH ? list->count - i : BATCH));
    return PSW_OK;
}

static psw_status settle_pairs(psw_head *h, settling *s)
{
    for (s->pair = 0; s->pair < h->points * h->sets; s->pair++) {
        s->set = (int)(s->pair % h->sets);
        s->point = &h->group[s->pair / h->sets];
        s->bound = judge_head_bound_again(s->point) * h->unit;
        PSW_TRY(settle_pair(s));
    }
    return PSW_OK;
}

psw_status judge_head_settle(psw_head *h, const psw_data *data, psw_watch watch)
{
    if (!h->pending) return PSW_OK;
    settling s = {.h = h, .data = data, .watch = watch, .rows = h->again};
    s.signs = s.rows + BATCH * h->point.v;
    s.scratch = s.signs + h->point.v;
    psw_status status = settle_pairs(h, &s);
    for (ptrdiff_t pair = 0; pair < h->points * h->sets; pair++)
        h->pending[pair].count = 0, h->pending[pair].many = false;
    memset(h->flags, 0, (size_t)psw_data_queries(&h->point));
    return status;
}
