/* A claim: an expression over the columns of a file, split into the parts that `and` joins. */
#include "polysweep/claim.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "record/rates.h"

/* Steps first .. end of a program. */
typedef struct part_steps {
    ptrdiff_t first, end;
} part_steps;

typedef struct part {
    part_steps whole, value, bound; /* value, bound: of a comparison, as `value < bound`; empty of others */
    psw_operation operation;        /* with the value on its left */
    const record_rate *rate;        /* the value is this rate, and the bound is known before; NULL: not tested */
} part;

struct psw_claim {
    const psw_study *study;
    psw_column list[PSW_COLUMNS_MAX];
    const char *names[PSW_COLUMNS_MAX + 1];
    int words[PSW_COLUMNS_MAX];
    ptrdiff_t count, number; /* number: of the prediction */
    psw_oracle oracle;
    psw_program program;
    part *parts;
    ptrdiff_t part_count, tests; /* tests: one-sided ones */
    bool untested_rate;
    const psw_column *results[PSW_COLUMNS_MAX];
    ptrdiff_t result_count;
};

typedef struct subject {
    const psw_claim *claim;
    const psw_record *record;
} subject;

static double column_value(const void *of, ptrdiff_t name)
{
    const subject *s = of;
    return psw_column_value(&s->claim->list[name], s->record);
}

/* ---- the parts ---- */

/* Where the operand begins that ends before `end`. */
static ptrdiff_t operand(const psw_program *program, ptrdiff_t end)
{
    ptrdiff_t wanted = 1;
    while (wanted > 0) {
        unsigned char operation = program->steps[--end].operation;
        wanted += operation >= PSW_OP_ADD ? 1 : operation <= PSW_OP_ORACLE ? -1 : 0;
    }
    return end;
}

static const psw_column *column_of(const psw_claim *claim, ptrdiff_t step)
{
    const psw_program_step *s = &claim->program.steps[step];
    return s->operation == PSW_OP_ORACLE ? &claim->list[s->argument] : NULL;
}

/* Parameters, theory and predictions are functions of the point. */
static bool known_before(const psw_column *column)
{
    const size_t theory = offsetof(psw_record, theory), predict = offsetof(psw_record, predict);
    return psw_column_parameter(column) || (column->offset >= theory && column->offset < theory + sizeof(psw_theory)) ||
           (column->offset >= predict && column->offset < predict + PSW_PREDICT_MAX * sizeof(double));
}

static bool all_known_before(const psw_claim *claim, part_steps steps)
{
    for (ptrdiff_t i = steps.first; i < steps.end; i++)
        if (column_of(claim, i) && !known_before(column_of(claim, i))) return false;
    return true;
}

static const record_rate *rate_of(const psw_claim *claim, part_steps steps)
{
    const psw_column *column = column_of(claim, steps.first);
    return column && steps.end == steps.first + 1 ? record_rate_of(column) : NULL;
}

static void turn_round(part *p)
{
    static const psw_operation turned[] = {[PSW_OP_LESS] = PSW_OP_GREATER,
                                           [PSW_OP_GREATER] = PSW_OP_LESS,
                                           [PSW_OP_AT_MOST] = PSW_OP_AT_LEAST,
                                           [PSW_OP_AT_LEAST] = PSW_OP_AT_MOST};
    part_steps value = p->value;
    p->value = p->bound, p->bound = value;
    if (p->operation > PSW_OP_UNEQUAL) p->operation = turned[p->operation];
}

/* Codes of words are no distances. */
static bool compares_words(const psw_claim *claim, part_steps whole)
{
    for (ptrdiff_t i = whole.first; i < whole.end; i++)
        if (column_of(claim, i) && column_of(claim, i)->vocabulary >= 0) return true;
    return false;
}

static void part_add(psw_claim *claim, part_steps whole)
{
    part *p = &claim->parts[claim->part_count++];
    psw_operation operation = (psw_operation)claim->program.steps[whole.end - 1].operation;
    *p = (part){.whole = whole};
    if (operation < PSW_OP_EQUAL || operation > PSW_OP_AT_LEAST || compares_words(claim, whole)) return;
    ptrdiff_t right = operand(&claim->program, whole.end - 1);
    p->operation = operation;
    p->value = (part_steps){whole.first, right}, p->bound = (part_steps){right, whole.end - 1};
    if (rate_of(claim, p->bound)) turn_round(p);
    if (operation != PSW_OP_UNEQUAL && all_known_before(claim, p->bound)) p->rate = rate_of(claim, p->value);
    if (p->rate) claim->tests += operation == PSW_OP_EQUAL ? 2 : 1;
}

static void split(psw_claim *claim, part_steps whole)
{
    while (claim->program.steps[whole.end - 1].operation == PSW_OP_AND) {
        ptrdiff_t right = operand(&claim->program, whole.end - 1);
        split(claim, (part_steps){right, whole.end - 1});
        whole.end = right;
    }
    part_add(claim, whole);
}

static void results_find(psw_claim *claim)
{
    for (ptrdiff_t i = 0; i < claim->program.count; i++) {
        const psw_column *column = column_of(claim, i);
        bool listed = !column || psw_column_parameter(column);
        for (ptrdiff_t k = 0; k < claim->result_count; k++) listed |= claim->results[k] == column;
        if (!listed) claim->results[claim->result_count++] = column;
    }
    for (ptrdiff_t i = 0; i < claim->part_count; i++)
        for (ptrdiff_t k = claim->parts[i].whole.first; k < claim->parts[i].whole.end && !claim->parts[i].rate; k++)
            claim->untested_rate |= column_of(claim, k) && record_rate_of(column_of(claim, k));
}

/* ---- from end to end ---- */

static psw_status compile(psw_claim *claim, const char *text)
{
    psw_names names = {.oracle = &claim->oracle};
    for (ptrdiff_t i = 0; i < claim->count; i++) {
        claim->names[i] = claim->list[i].name;
        claim->words[i] = psw_column_vocabulary(&claim->list[i]);
    }
    claim->oracle = (psw_oracle){claim->names, column_value, claim->words};
    PSW_TRY(psw_program_named(text, "then:", &names, &claim->program));
    claim->parts = malloc((size_t)claim->program.count * sizeof *claim->parts);
    if (!claim->parts) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a claim");
    split(claim, (part_steps){0, claim->program.count});
    results_find(claim);
    return PSW_OK;
}

psw_status psw_claim_create(const psw_study *study, ptrdiff_t number, psw_claim **claim)
{
    *claim = calloc(1, sizeof **claim);
    if (!*claim) return PSW_FAIL(PSW_NO_MEMORY, "no memory for a claim");
    (*claim)->count = psw_columns_of(study, (*claim)->list);
    (*claim)->study = study, (*claim)->number = number;
    psw_status status = compile(*claim, psw_study_claims(study)[number]);
    if (status == PSW_OK) return PSW_OK;
    psw_claim_free(*claim);
    *claim = NULL;
    return status;
}

void psw_claim_free(psw_claim *claim)
{
    if (!claim) return;
    psw_program_free(&claim->program);
    free(claim->parts);
    free(claim);
}

ptrdiff_t psw_claim_columns(const psw_claim *claim, const psw_column *const **columns)
{
    *columns = claim->results;
    return claim->result_count;
}

bool psw_claim_tested(const psw_claim *claim)
{
    return claim->tests > 0;
}

bool psw_claim_untested_rate(const psw_claim *claim)
{
    return claim->untested_rate;
}

/* ---- a point ---- */

static double value_of(const subject *s, part_steps steps)
{
    psw_program program = {.steps = s->claim->program.steps + steps.first, .count = steps.end - steps.first};
    return psw_program_value(&program, NULL, &s->claim->oracle, s);
}

static bool all_there(const subject *s)
{
    for (ptrdiff_t i = 0; i < s->claim->program.count; i++) {
        const psw_column *column = column_of(s->claim, i);
        if (column && isnan(psw_column_value(column, s->record))) return false;
    }
    return true;
}

static double beyond(psw_operation operation, double value, double bound)
{
    bool less = operation == PSW_OP_LESS || operation == PSW_OP_AT_MOST;
    if (operation == PSW_OP_EQUAL) return fabs(value - bound);
    if (operation == PSW_OP_UNEQUAL) return 0;
    return fmax(less ? value - bound : bound - value, 0);
}

static double test(const part *p, const psw_record *record, double bound)
{
    double most = record_rate_at_most(p->rate, record, bound), least = record_rate_at_least(p->rate, record, bound);
    if (p->operation == PSW_OP_EQUAL) return most < least ? most : least;
    return p->operation == PSW_OP_LESS || p->operation == PSW_OP_AT_MOST ? most : least;
}

static void ask_part(const subject *s, const part *p, psw_claim_answer *answer)
{
    double value = 0, bound = 0;
    if (p->value.end > 0) {
        value = value_of(s, p->value), bound = value_of(s, p->bound);
        answer->beyond = fmax(answer->beyond, beyond(p->operation, value, bound));
    }
    answer->known = answer->known && !isnan(value) && !isnan(bound);
    if (!p->rate && psw_program_true(value_of(s, p->whole))) return;
    double found = p->rate ? (double)s->claim->tests * test(p, s->record, bound) : 0;
    if (found < answer->p || !p->rate) answer->p = found, answer->tested = p->rate;
}

/* Of points that were not computed a file has no predictions. */
static bool is_about(const psw_claim *claim, const psw_record *record)
{
    double values[PSW_PREDICT_MAX];
    if (!isnan(record->predict[claim->number])) return record->predict[claim->number] == 1;
    psw_study_predictions(claim->study, &record->point, values);
    return values[claim->number] == 1;
}

psw_claim_answer psw_claim_ask(const psw_claim *claim, const psw_record *record)
{
    const subject s = {claim, record};
    psw_claim_answer answer = {.about = is_about(claim, record), .p = NAN, .beyond = NAN};
    if (!answer.about || record->slot.status != PSW_SLOT_DONE || !all_there(&s)) return answer;
    answer.known = true, answer.p = 1;
    answer.holds = psw_program_true(value_of(&s, (part_steps){0, claim->program.count}));
    for (ptrdiff_t i = 0; i < claim->part_count; i++) ask_part(&s, &claim->parts[i], &answer);
    return answer;
}

/* ---- many points ---- */

static int stronger(const void *a, const void *b)
{
    const psw_claim_finding *x = a, *y = b;
    double far_x = isnan(x->answer.beyond) ? 0 : x->answer.beyond,
           far_y = isnan(y->answer.beyond) ? 0 : y->answer.beyond;
    if (x->answer.p != y->answer.p) return x->answer.p < y->answer.p ? -1 : 1;
    if (far_x != far_y) return far_x > far_y ? -1 : 1;
    return x->slot < y->slot ? -1 : 1;
}

/* The k-th smallest of N p-values times N - k + 1, never less than the one before. */
void psw_claim_findings_sort(psw_claim_finding *list, ptrdiff_t count, ptrdiff_t points)
{
    double before = 0;
    qsort(list, (size_t)count, sizeof *list, stronger);
    for (ptrdiff_t i = 0; i < count; i++) {
        before = fmax(before, fmin(1, list[i].answer.p * (double)(points - i)));
        list[i].corrected = before;
    }
}
