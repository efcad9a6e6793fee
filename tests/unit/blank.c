/* Which columns no run of a study can fill: what is named must be blank, or must not be; and what theory says of every
 * point is blank where its column is. */
#include <math.h>

#include "polysweep/record.h"
#include "polysweep/store.h"
#include "unit/spec_study.h"

#define HEAD "schema: 1\nstudy: s\ndata: {preset: W2}\n"

static const struct {
    const char *text, *blank, *filled;
} cases[] = {
    {HEAD "methods: [closed_form]\ngrid: {beta: [2, 4], n: 64, d: 6}\n",
     "r draws j3 block successes tie trials_done special_mass_d1 success_z err_amm bad_rows recall time_median_s flops "
     "memory_bytes kv_bytes load_balance asked content_checksum random_version trials_error",
     "method beta n d a_0 status attempt deaths launch commit team_asked timing theory_success edge_lo beta_c "
     "team start_s"},
    {HEAD "methods: [exact]\ngrid: {beta: [2, 4], n: 64, d: 6}\n",
     "err_amm success_cond_lo success_between special_mass_d1_q10 cos_ref err_out_ref entropy err_rows time_lo_s",
     "successes tie trials_stop special_mass_d1 bad_rows den_rows time_median_s gflops theory_success wait_s "
     "sent_bytes"},
    {HEAD "methods: [exact]\ngrid: {beta: [2, 4], n: 64, d: 6, noise: [0, 0.1]}\n", "success_cond_lo",
     "random_version success_between special_mass_d1_q10 theory_success data_draws"},
    {HEAD "methods: [exact]\ngrid: {beta: [2, 4], n: 64, d: 6, noise: 0.1, data_draws: 1}\n",
     "theory_success beta_c edge_lo theory_special_mass_d1 gap_q10", "success_cond_lo random_version success_within"},
    {HEAD "methods: [{tensorsketch: {r: 8}}]\ngrid: {beta: 2, n: 64, d: 6}\n", "theory_success cos_ref recall",
     "err_amm err_out_q90 err_out_ref entropy theory_special_mass_d1 beta_c success_between success_z"},
    {HEAD "methods: [exact]\njudge: {trials: {most: 100, until: decided}}\ngrid: {beta: [2, 4], n: 64, d: 6}\n",
     "asked time_hi_s", "trials_error trials_stop"},
    {HEAD "methods: [exact]\nsearch: {over: beta, column: success_rate}\ngrid: {beta: [2, 4, 6], n: 64, d: 6}\n",
     "content_checksum", "asked"},
    {HEAD "methods: [exact]\ntime: {reps: 3}\noutput: {keep: [samples]}\ngrid: {beta: 2, n: 64, d: 6}\n", "recall",
     "time_lo_s time_stop content_checksum"},
    {HEAD "methods: [exact]\noutput: {keep: [rows]}\ngrid: {beta: 2, n: 64, d: 6}\n", "time_lo_s", "content_checksum"},
    {"schema: 1\nstudy: s\ndata: {kind: memory}\nmethods: [exact]\ngrid: {beta: 2, n: 64, d: 6}\n",
     "successes special_mass_d1 trials_done theory_success", "recall recall_margin bad_rows"},
    {"schema: 1\nstudy: s\ndata: {kind: gaussian}\nmethods: [exact, softmax]\ngrid: {beta: 2, n: 64, d: 6, mode: "
     "decode, reference: softmax}\n",
     "recall_lo success_rate", "kv_bytes decode_s err_out_ref cos_ref entropy mode reference"},
};

static bool named(const char *list, const char *name)
{
    size_t length = strlen(name);
    for (const char *at = list; (at = strstr(at, name)) != NULL; at += length)
        if ((at == list || at[-1] == ' ') && (at[length] == ' ' || at[length] == '\0')) return true;
    return false;
}

static void check_case(size_t k)
{
    psw_study *study = study_of(cases[k].text);
    psw_column_set all;
    bool blank[PSW_COLUMNS_MAX];
    ptrdiff_t wrong = 0;
    psw_column_set_make(NULL, 0, NULL, 0, NULL, &all);
    psw_columns_blank(study, &all, blank);
    for (ptrdiff_t i = 0; i < all.count; i++) {
        const char *name = all.list[i].name;
        CHECK(!blank[i] || !named(cases[k].filled, name), "study %zu: %s is said to be blank", k, name);
        CHECK(blank[i] || !named(cases[k].blank, name), "study %zu: %s is not said to be blank", k, name);
    }
    for (ptrdiff_t slot = 0; slot < psw_study_slots(study); slot++) {
        psw_point point = psw_study_point(study, slot);
        psw_record record = psw_record_blank(&point);
        record.theory = psw_theory_point(&point);
        for (ptrdiff_t i = 0; i < all.count; i++) wrong += blank[i] && !psw_column_blank(&all.list[i], &record);
    }
    CHECK(wrong == 0, "study %zu: %td values in columns that are said to be blank", k, wrong);
    psw_study_free(study);
}

int main(void)
{
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) check_case(k);
    return test_end();
}
