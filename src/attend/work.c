#include "attend/work.h"

#include <math.h>

#include "attend/method.h"

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t larger(ptrdiff_t a, ptrdiff_t b)
{
    return a > b ? a : b;
}

bool attend_special_alone(const psw_point *p)
{
    ptrdiff_t special = psw_data_special(p), last = psw_data_end(p, PSW_QUERY) - 1;
    return psw_data_distinct(p) && special >= 0 && (special == psw_data_first(p, PSW_QUERY) || special == last);
}

/* ---- tiles of a row fold, as attend_rows_tile computes them ---- */

/* Causal, of the rows first .. end - 1 of a leaf, strip by strip: each strip looks at the keys from `key` up to its own
 * end. */
static double strips_of(ptrdiff_t first, ptrdiff_t end, ptrdiff_t key)
{
    double entries = 0;
    if (end <= first) return 0;
    ptrdiff_t whole = (end - first) / PSW_STRIP, rest = (end - first) % PSW_STRIP;
    if (key <= first) { /* sum over k = 1 .. whole of strip (first - key + k strip) */
        double strip = (double)PSW_STRIP, count = (double)whole;
        return strip * (count * (double)(first - key) + strip * count * (count + 1) / 2) +
               (double)rest * (double)(end - key);
    }
    for (ptrdiff_t at = first; at < end;) {
        ptrdiff_t rows = smaller(PSW_STRIP, end - at);
        at += rows;
        entries += at > key ? (double)rows * (double)(at - key) : 0;
    }
    return entries;
}

static double scores_of(ptrdiff_t n, ptrdiff_t leaf, psw_mask mask)
{
    double all = (double)n, each = (double)leaf, whole = (double)(n / leaf), start = whole * each;
    if (mask == PSW_FULL) return all * all;
    return each * each * whole * (whole - 1) / 2 + whole * strips_of(0, leaf, 0) + (all - start) * start +
           strips_of(0, n % leaf, 0);
}

/* Of a sequence in which some tokens have no query or no key. */
static double partial_scores(const attend_shape *s)
{
    double all = 0;
    ptrdiff_t first = larger(s->first_query, 0), key = larger(s->first_key, 0);
    if (s->mask == PSW_FULL)
        return s->end_query > first && s->tokens > key ? (double)(s->end_query - first) * (double)(s->tokens - key) : 0;
    for (ptrdiff_t start = first / s->leaf * s->leaf; start < s->tokens; start += s->leaf)
        all += strips_of(larger(start, first), smaller(start + s->leaf, s->tokens), key);
    return all;
}

/* What is computed again for D_1, of a causal mask: from the strip of j3 on, where j3 is a key; and its strip. */
static void again_causal(const attend_shape *s, ptrdiff_t special, attend_tiles *tiles)
{
    ptrdiff_t start = special / s->leaf * s->leaf, end = smaller(start + s->leaf, s->tokens);
    ptrdiff_t row = larger(start, s->first_query), key = larger(s->first_key, 0), own = larger(start, key);
    ptrdiff_t strip = row + (special - row) / PSW_STRIP * PSW_STRIP, next = smaller(strip + PSW_STRIP, end);
    double later = (double)(s->tokens - end);
    tiles->patched = (double)(end - strip) + later + (double)(next - key) + 1;
    tiles->with_key = strips_of(strip, end, own) + later * (double)(end - own);
    tiles->again = tiles->with_key + (double)(next - strip) * (double)(own - key);
}

/* Rows of the strip of queries with j3, which is one of the leaf that begins with token `before`. */
static ptrdiff_t strip_with(const attend_shape *s, ptrdiff_t special, ptrdiff_t before)
{
    ptrdiff_t step = smaller(s->leaf, PSW_STRIP), first = larger(before, s->first_query);
    ptrdiff_t end = smaller(before + s->leaf, s->end_query), at = (special - first) / step * step;
    return s->alone ? 1 : smaller(step, end - first - at);
}

static void again_full(const attend_shape *s, ptrdiff_t special, attend_tiles *tiles)
{
    ptrdiff_t start = special / s->leaf * s->leaf, own = smaller(s->leaf, s->tokens - start);
    double keys = (double)s->tokens, queries = (double)(s->end_query - larger(s->first_query, 0));
    tiles->patched = queries + keys + 1;
    tiles->with_key = queries * (double)own;
    tiles->again = tiles->with_key + (double)strip_with(s, special, start) * (keys - (double)own);
}

attend_tiles attend_tiles_of(attend_shape s, ptrdiff_t special)
{
    s.leaf = smaller(s.leaf, s.tokens);
    bool whole = s.first_query <= 0 && s.first_key <= 0 && s.end_query >= s.tokens;
    attend_tiles tiles = {.scores = whole ? scores_of(s.tokens, s.leaf, s.mask) : partial_scores(&s)};
    if (special >= 0 && s.mask == PSW_FULL) again_full(&s, special, &tiles);
    if (special >= 0 && s.mask == PSW_CAUSAL) again_causal(&s, special, &tiles);
    return tiles;
}

double attend_tiles_flops(const attend_tiles *tiles, ptrdiff_t d, ptrdiff_t v, ptrdiff_t points)
{
    return 2 * (double)d * (tiles->scores + tiles->patched) +
           2 * (double)v * (tiles->scores + tiles->again) * (double)points;
}

/* ---- of methods that let a query see some keys alone: strip by strip ---- */

/* One strip with one key leaf. */
static void add_tile(attend_tiles *tiles, psw_tokens strip, psw_tokens keys, ptrdiff_t special)
{
    bool query = special >= strip.first && special < strip.first + strip.count;
    bool key = special >= keys.first && special < keys.first + keys.count;
    double entries = (double)strip.count * (double)keys.count;
    tiles->scores += entries;
    tiles->with_key += key ? entries : 0;
    tiles->again += query || key ? entries : 0;
    tiles->patched += (query ? (double)keys.count : 0) + (key ? (double)strip.count : 0) + (query && key);
}

static void add_strip(attend_tiles *tiles, const psw_point *p, psw_tokens strip, ptrdiff_t special)
{
    psw_seen seen = psw_attend_seen_by(p, strip);
    ptrdiff_t n = psw_data_tokens(p), leaf = smaller(p->block, n), next = 0, first_key = psw_data_first(p, PSW_KEY);
    for (int i = 0; i < seen.ranges; i++) {
        ptrdiff_t from = seen.at[i].first / leaf, last = (seen.at[i].first + seen.at[i].count - 1) / leaf;
        for (next = from > next ? from : next; next <= last; next++) {
            ptrdiff_t first = larger(next * leaf, first_key), end = smaller((next + 1) * leaf, n);
            add_tile(tiles, strip, attend_looked_at(&seen, (psw_tokens){first, end - first}), special);
        }
    }
}

static attend_tiles tiles_by_strips(const psw_point *p, ptrdiff_t special)
{
    attend_tiles tiles = {0};
    ptrdiff_t n = psw_data_tokens(p), leaf = smaller(p->block, n), whole = smaller(leaf, PSW_STRIP);
    for (ptrdiff_t first = psw_data_first(p, PSW_QUERY); first < n;) {
        ptrdiff_t left = smaller(n, (first / leaf + 1) * leaf) - first;
        psw_tokens strip = {first, smaller(whole, left)};
        add_strip(&tiles, p, strip, special);
        first += strip.count;
    }
    return tiles;
}

static double keys_of(const psw_point *p, ptrdiff_t query)
{
    psw_seen seen = psw_attend_seen(p, query, (psw_tokens){0, psw_data_tokens(p)});
    double count = 0;
    for (int i = 0; i < seen.ranges; i++) count += (double)seen.at[i].count;
    return count;
}

double psw_attend_pairs(const psw_point *p)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    ptrdiff_t tokens = psw_data_tokens(p);
    double pairs = 0;
    if (!method || !method->seen) return psw_data_pairs(p);
    for (ptrdiff_t first = psw_data_first(p, PSW_QUERY); first < tokens; first += PSW_STRIP) {
        ptrdiff_t count = smaller(PSW_STRIP, tokens - first);
        pairs += (keys_of(p, first) + keys_of(p, first + count - 1)) / 2 * (double)count;
    }
    return pairs;
}

/* ---- of a point ---- */

attend_entries attend_point_entries(const psw_point *p, int sets)
{
    const attend_method_row *method = attend_method_row_of(p->method);
    ptrdiff_t special = sets > 1 ? psw_data_special(p) : -1;
    attend_shape shape = {.tokens = psw_data_tokens(p),
                          .first_query = psw_data_first(p, PSW_QUERY),
                          .end_query = psw_data_end(p, PSW_QUERY),
                          .first_key = psw_data_first(p, PSW_KEY),
                          .leaf = p->block,
                          .mask = p->mask,
                          .alone = attend_special_alone(p)};
    attend_tiles t = method && method->seen ? tiles_by_strips(p, special) : attend_tiles_of(shape, special);
    attend_entries entries = {t.scores + t.patched, t.scores + t.again};
    if (method && !method->peak) entries = (attend_entries){0, t.scores + t.with_key};
    if (method && method->keep) entries = (attend_entries){2 * entries.products, t.scores * sets};
    return entries;
}

double attend_scores_flops(const psw_point *p)
{
    return 4 * (double)p->n;
}
