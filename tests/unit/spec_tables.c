/* The tables of methods and of kinds of data: codes that stand in files, what rows say, whose parameters are whose. */
#include "polysweep/sketch.h"
#include "spec/keys.h"
#include "unit/spec_study.h"

/* Rows are appended: these have been in files. */
static void codes_stay(void)
{
    static const char *const methods[] = {"exact", "softmax",      "linear", "closed_form", "monomial", "polysketch",
                                          "tree",  "tensorsketch", "srht",   "maclaurin",   "favor"};
    static const char *const kinds[] = {"self_attention", "scores", "gaussian", "sphere", "aligned", "file", "memory"};
    for (int code = 0; code < (int)(sizeof methods / sizeof *methods); code++)
        CHECK(psw_word_code(PSW_WORDS_METHOD, methods[code]) == code, "%s has moved", methods[code]);
    for (int code = 0; code < (int)(sizeof kinds / sizeof *kinds); code++)
        CHECK(psw_word_code(PSW_WORDS_DATA_KIND, kinds[code]) == code, "%s has moved", kinds[code]);
    CHECK(!psw_word(PSW_WORDS_METHOD, PSW_METHODS) && !psw_word(PSW_WORDS_DATA_KIND, PSW_DATA_KINDS), "words end");
}

/* Whatever a row says, these hold. */
static void rows_make_sense(void)
{
    for (int code = 0; code < PSW_METHODS; code++) {
        psw_method method = (psw_method)code;
        const psw_method_facts *facts = psw_method_facts_of(method);
        bool sized = spec_key_of_method(PSW_ID_R, method), local = spec_key_of_method(PSW_ID_LOCAL, method);
        CHECK(strcmp(facts->word, psw_word(PSW_WORDS_METHOD, code)) == 0 && *facts->help, "%s", facts->word);
        CHECK(sized == spec_key_of_method(PSW_ID_FEATURES, method), "%s has r and features, or neither", facts->word);
        CHECK(!facts->squares || sized, "%s squares columns of its own", facts->word);
        CHECK(!facts->random || spec_key_of_method(PSW_ID_DRAWS, method), "%s is random and has draws", facts->word);
        bool sketch = psw_sketch_has(&(psw_point){.method = method});
        CHECK(!local || !sketch || (int)psw_method_of_kernel(facts->kernel) < PSW_METHODS, "exact blocks of %s",
              facts->word);
        CHECK(psw_word(PSW_WORDS_FOLDED, (int)facts->folds) && psw_word(PSW_WORDS_KERNEL, (int)facts->kernel),
              "%s folds and weighs what has a word", facts->word);
    }
}

static bool weighs_powers(const psw_method_facts *facts)
{
    return facts->folds == PSW_FOLDS_ROWS && facts->kernel == PSW_KERNEL_POWER;
}

static bool weighs(const psw_method_facts *facts)
{
    return facts->folds == PSW_FOLDS_ROWS && psw_kernel_known(facts->kernel);
}

static void facts_are_found(void)
{
    CHECK(psw_method_of_kernel(PSW_KERNEL_POWER) == PSW_EXACT, "z^beta");
    CHECK(psw_method_of_kernel(PSW_KERNEL_EXPONENTIAL) == PSW_SOFTMAX, "e^z");
    CHECK(strcmp(psw_methods_where(weighs_powers).text, "exact") == 0, "%s", psw_methods_where(weighs_powers).text);
    CHECK(strcmp(psw_methods_where(weighs).text, "exact, softmax or linear") == 0, "%s",
          psw_methods_where(weighs).text);
    const psw_method_facts *none = psw_method_facts_of((psw_method)200); /* a code of a newer program, or of damage */
    CHECK(none->folds == PSW_FOLDS_NOTHING && !none->bitwise && !none->word, "no method");
    CHECK(psw_data_kind_facts_of((psw_data_kind)200)->sets == 1 && !psw_data_kind_facts_of((psw_data_kind)200)->word,
          "no kind");
}

static void parameters_are_their_own(void)
{
    CHECK(spec_key_of_method(PSW_ID_WEIGHTS, PSW_POLYSKETCH) && !spec_key_of_method(PSW_ID_WEIGHTS, PSW_TREE),
          "weights");
    CHECK(strcmp(spec_key_fallback(PSW_ID_DRAWS, PSW_FAVOR), "20") == 0, "draws of favor");
    CHECK(!spec_key_fallback(PSW_ID_LOCAL, PSW_FAVOR) && !spec_key_fallback(PSW_ID_R, PSW_TREE), "no default");
    CHECK(spec_key_of_method(PSW_ID_BETA, PSW_CLOSED_FORM) && !spec_key_of_method(PSW_ID_BETA, PSW_SOFTMAX), "degrees");
    CHECK(!spec_key_of_method(PSW_ID_TRIALS, PSW_CLOSED_FORM) && spec_key_of_method(PSW_ID_TRIALS, PSW_MONOMIAL),
          "trials");
    CHECK(spec_key_of_kind(PSW_ID_COSINE, PSW_ALIGNED) && !spec_key_of_kind(PSW_ID_COSINE, PSW_SPHERE), "cosine");
    CHECK(spec_key_of_kind(PSW_ID_KAPPA, PSW_SELF_ATTENTION) && !spec_key_of_kind(PSW_ID_KAPPA, PSW_FILE), "kappa");
    CHECK(spec_key_of_kind(PSW_ID_M, PSW_SCORES) && !spec_key_of_kind(PSW_ID_M, PSW_GAUSSIAN), "what is judged");
    CHECK(!spec_key_of_kind(PSW_ID_D, PSW_SCORES) && spec_key_of_kind(PSW_ID_D, PSW_FILE), "rows");
}

#define STUDY                                                                                                          \
    "schema: 1\nmethods: [exact, softmax, tree: {r: 4}, tensorsketch: {r: 4, local: 256, draws: 3}, monomial]\n"       \
    "data: {kind: gaussian}\ngrid: {beta: 2, n: 512, d: 4, mask: causal}\n"

static void defaults_by_method(void)
{
    psw_study *study = study_of(STUDY "include: [{method: maclaurin, beta: 3, n: 512, d: 4, mask: causal, r: 4}]\n");
    static const ptrdiff_t block[] = {512, 512, 256, 256, 256, 256}, local[] = {0, 0, 0, 256, 0, 0},
                           draws[] = {0, 0, 20, 3, 0, 20};
    CHECK(psw_study_slots(study) == 6, "%td points", psw_study_slots(study));
    for (ptrdiff_t slot = 0; slot < 6; slot++) {
        psw_point p = psw_study_point(study, slot);
        CHECK(p.block == block[slot] && p.local == local[slot] && p.draws == draws[slot],
              "slot %td: block %td, local %td, draws %td", slot, p.block, p.local, p.draws);
    }
    psw_study_free(study);
}

/* Files keep the text of defaults; that of `block` grows with the table. */
static void defaults_of_older_texts(void)
{
    static const char *const sets[] = {"seed=1", NULL};
    psw_study *asked = study_with(STUDY, NULL, sets);
    psw_study *stored = study_of(STUDY "derive: {block: \"256 + 256 * (method == exact or method == softmax)\"}\n");
    psw_study *other = study_of(STUDY "derive: {block: \"256 + 256 * (method == exact)\"}\n");
    char text[4096] = "";
    psw_study_difference(asked, stored, text, sizeof text);
    CHECK(strcmp(text, "seed: 1 here, 0 in the file") == 0, "%s", text);
    psw_study_difference(asked, other, text, sizeof text);
    CHECK(strstr(text, "grid.block"), "another block is a difference: %s", text);
    psw_study_free(asked), psw_study_free(stored), psw_study_free(other);
}

int main(void)
{
    codes_stay();
    rows_make_sense();
    facts_are_found();
    parameters_are_their_own();
    defaults_by_method();
    defaults_of_older_texts();
    return test_end();
}
