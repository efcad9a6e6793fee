/* `block: auto` is a number wherever a block may be given: of n and the method alone, in points, identities and the
 * resolved study. */
#include "unit/spec_study.h"

#define STUDY "schema: 1\ndata: {kind: gaussian}\nmethods: [exact, closed_form, polysketch: {r: 8}]\n"
#define GRID STUDY "grid: {beta: [2, 4], d: 16, n: "

/* By the words of the manual: the largest power of two that leaves 512 leaves, no more than the usual block, no less
 * than 64, twice that for rows narrower than 64, and twice that again where products are not double. */
static ptrdiff_t by_hand(const psw_point *p)
{
    ptrdiff_t most = p->method == PSW_POLYSKETCH ? 256 : 512, block = 64;
    while (p->n / (2 * block) >= 512) block *= 2;
    ptrdiff_t least = (p->d < 64 ? 128 : 64) * (p->precision == PSW_FP64 ? 1 : 2);
    if (block < least) block = least;
    return p->method == PSW_CLOSED_FORM ? 0 : block < most ? block : most;
}

static uint64_t identity(const char *text)
{
    psw_study *study = study_of(text);
    uint64_t value = psw_study_identity(study);
    psw_study_free(study);
    return value;
}

static ptrdiff_t points(const char *text)
{
    psw_study *study = study_of(text);
    ptrdiff_t count = psw_study_slots(study);
    for (ptrdiff_t slot = 0; slot < count; slot++) {
        psw_point p = psw_study_point(study, slot);
        CHECK(p.block == by_hand(&p), "block %td of n %td: %s", p.block, p.n, text);
        CHECK(psw_study_slot(study, &p) == slot, "slot %td is at %td: %s", slot, psw_study_slot(study, &p), text);
    }
    psw_study_free(study);
    return count;
}

static void numbers(void)
{
    CHECK(points(GRID "[2, 63, 8192, 65535, 65536, 100000, 131071, 131072, 262143, 262144, 1000000], block: auto}\n") ==
              6 * 11,
          "some points are missing");
    CHECK(points(STUDY
                 "grid: {beta: 2, n: [2048, 65536, 131072], d: [8, 63, 64, 128], block: auto, mask: [full, causal], "
                 "precision: [fp32, fp64, bf16]}\n") == 3 * 4 * 2 * (2 * 3 + 1),
          "widths, masks, precisions");
    CHECK(points(GRID "[2048, 8192], block: [auto]}\n") == 12, "a list of one");
    CHECK(points(STUDY "grid: {beta: 2, d: 64}\nzip: {s: {n: [512, 131072], block: [auto, auto]}}\n") == 6, "zip");
    CHECK(points(STUDY "grid: {beta: 2, n: 65536, d: 16}\ninclude: [{method: exact, n: 512, d: 64, beta: 2, block: "
                       "auto}]\nderive: {block: 128}\n") == 4,
          "one point alone");
    CHECK(points(STUDY "grid: {beta: 2, n: 65536, classes: [8, 126], block: auto}\nderive: {d: classes + 2}\n") == 6,
          "a width that is derived");
}

/* Data without rows have no width. */
static void without_rows(void)
{
    psw_study *study = study_of("schema: 1\ndata: {kind: scores, a_0: 1, a_1: 2, b: 1}\nmethods: [softmax]\n"
                                "grid: {n: 4096, block: auto}\n");
    psw_point p = psw_study_point(study, 0);
    CHECK(p.block == 128, "block %td", p.block);
    psw_study_free(study);
}

/* Of equal points the first is there. */
static void beside_numbers(void)
{
    psw_study *study = study_of(GRID "[512, 262144], block: [256, auto, 512]}\n");
    ptrdiff_t count = psw_study_slots(study), small = 0;
    for (ptrdiff_t slot = 0; slot < count; slot++) {
        psw_point p = psw_study_point(study, slot);
        small += p.block == 128;
        CHECK(psw_study_slot(study, &p) == slot, "slot %td is at %td", slot, psw_study_slot(study, &p));
    }
    /* exact 2 x (3 + 2), polysketch 2 x (3 + 2), closed_form 2 x 2; auto is 128 at 512, else one of the others */
    CHECK(count == 24 && small == 4, "%td points, %td of them small", count, small);
    psw_study_free(study);
}

static void identities(void)
{
    CHECK(identity(GRID "[512, 2048], block: auto}\n") == identity(GRID "[512, 2048], block: 128}\n"), "one number");
    CHECK(identity(GRID "[512, 2048], block: auto}\n") != identity(GRID "[512, 2048]}\n"), "the default");
    CHECK(identity(STUDY "grid: {beta: 2, d: 16, n: [2048, 131072], block: auto}\n") ==
              identity(STUDY "grid: {beta: 2, d: 16, n: [2048, 131072]}\nderive: {block: 128 + 128 * (n == 131072)}\n"),
          "a formula");
}

static void check_resolved(const char *text, const char *holds)
{
    psw_study *study = study_of(text), *again = study_of(psw_study_resolved(study));
    CHECK(strstr(psw_study_resolved(study), holds), "%s is not in %s", holds, psw_study_resolved(study));
    CHECK(psw_study_identity(study) == psw_study_identity(again), "resolved it is another study: %s", text);
    psw_study_free(study);
    psw_study_free(again);
}

static void resolved(void)
{
    check_resolved(GRID "[512, 2048], block: auto}\n", "\"block\": 128");
    check_resolved(GRID "[512, 131072], block: auto}\n", "\"block\": \"auto\"");
    check_resolved(GRID "[512, 8192], block: [auto, 256]}\n", "\"block\": [\"auto\", 256]");
    check_resolved(GRID "[512, 2048], block: auto}\nexclude: [{when: block < 256, why: x}]\n"
                        "include: [{method: exact, n: 9999, d: 16, beta: 2, block: 256}]\n",
                   "\"block\": \"auto\"");
}

static void refused(const char *text, const char *words)
{
    psw_study *study = NULL;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, NULL, &study);
    CHECK(status == PSW_USAGE && strstr(psw_message(), words), "%s: %s", text, psw_message());
    psw_study_free(study);
}

static void wrong(void)
{
    refused(GRID "512, block: {from: auto, to: 512, factor: 2}}\n", "block is a whole number, not 'auto'");
    refused(GRID "512, block: [auto, auto]}\n", "block has the value 'auto' twice");
    refused(GRID "512, block: 0}\n", "the least is 1");
    refused(GRID "512, block: Auto}\n", "block is a whole number or auto, not 'Auto'");
    refused(GRID "512, block: [auto, 64]}\nsearch: {over: block, column: gap, level: 1}\n", "needs numbers, not auto");
    refused(STUDY "grid: {beta: 2, n: block * 2, d: 16, block: auto}\n", "a formula belongs in derive");
    refused(STUDY "grid: {beta: 2, d: 16, block: auto}\nderive: {n: 2 * block}\n", "break the circle");
}

int main(void)
{
    numbers();
    without_rows();
    beside_numbers();
    identities();
    resolved();
    wrong();
    return test_end();
}
