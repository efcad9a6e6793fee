/* What a study says of a file of heads and takes from it: identities, the study written out, and without the file. */
#include <string.h>

#include "unit/spec_study.h"

#define HEADS "schema: 1\nstudy: a\nmethods: [softmax]\ngrid: {n: 20, d: 16}\ndata: {kind: file, path: x.h5}\n"
#define OPEN "schema: 1\nstudy: a\nmethods: [softmax]\ndata: {kind: file, path: x.h5, layers: all, heads: all}\n"

static psw_file_facts facts;
static int asked;

static psw_status tell(const char *path, const psw_file_keys *keys, psw_file_facts *said)
{
    CHECK(strcmp(path, "x.h5") == 0 && keys, "path %s", path);
    asked++;
    *said = facts;
    return facts.n > 0 ? PSW_OK : PSW_FAIL(PSW_ENVIRONMENT, "%s cannot be found", path);
}

static const psw_rooms rooms = {.file_facts = tell};

static uint64_t identity(const char *text, const psw_rooms *of, const char *set)
{
    const char *const sets[] = {set, NULL};
    psw_study *study = study_with(text, of, set ? sets : NULL);
    uint64_t value = psw_study_identity(study);
    psw_study_free(study);
    return value;
}

/* How a file is read is part of a study's identity, what it is called is not. */
static void keys_make_other_studies(void)
{
    static const char *const sets[] = {"data.names={q: x}",
                                       "data.names={k: x}",
                                       "data.kv_heads=2",
                                       "data.padding=lengths",
                                       "data.rope={base: 10000}",
                                       "data.rope={base: 5000}",
                                       "data.rope.width=8",
                                       "data.rope={base: 10000, style: interleaved}",
                                       "data.layers=[1]",
                                       "data.batches=[1]",
                                       "data.reference_scale=0.125",
                                       "grid.n_k=30"};
    enum { SETS = sizeof sets / sizeof *sets };
    uint64_t seen[SETS + 1] = {identity(HEADS, NULL, NULL)};
    for (int i = 0; i < SETS; i++) {
        if (strcmp(sets[i], "data.rope.width=8") == 0)
            seen[i + 1] = identity(HEADS, NULL, "data.rope={base: 10000, width: 8}");
        else
            seen[i + 1] = identity(HEADS, NULL, sets[i]);
        for (int k = 0; k <= i; k++)
            CHECK(seen[k] != seen[i + 1], "%s is not another study than number %d", sets[i], k);
    }
    CHECK(identity(HEADS, NULL, "data.source=a model") == seen[0], "a source made another study");
    CHECK(identity(HEADS, NULL, "data.rope={base: 10000, style: half}") ==
              identity(HEADS, NULL, "data.rope={base: 10000}"),
          "the default style written out made another study");
}

/* A scale that is the default's makes no other study; another one does. What is taken is in the study that is written
 * out, which is the same study without the file. */
static void values_are_taken(void)
{
    facts = (psw_file_facts){.scale = 0.25, .n = 20, .n_k = 20, .d = 16, .v = 16, .heads = 3, .batches = 1};
    facts.layers = 2, facts.layer[0] = 0, facts.layer[1] = 7;
    psw_format(facts.source, sizeof facts.source, "a \"model\"\n");
    uint64_t plain = identity(HEADS, NULL, NULL), told = identity(HEADS, &rooms, NULL);
    CHECK(plain == told, "the scale 1 / sqrt(16) made another study");
    facts.scale = 0.5;
    CHECK(identity(HEADS, &rooms, NULL) == identity(HEADS, NULL, "data.reference_scale=0.5"), "another scale");
    facts.n_k = 30, facts.v = 4;
    psw_study *study = study_with(OPEN, &rooms, NULL);
    psw_point last = psw_study_point(study, psw_study_slots(study) - 1);
    CHECK(psw_study_slots(study) == 6 && last.layer == 7 && last.head == 2, "layer %td head %td", last.layer,
          last.head);
    CHECK(last.n == 20 && last.n_k == 30 && last.d == 16 && last.v == 4 && last.reference_scale == 0.5, "n = %td",
          last.n);
    CHECK(strcmp(psw_study_data_source(study), "a \"model\"\\x0a") == 0, "source '%s'", psw_study_data_source(study));
    asked = 0;
    psw_study *again = study_with(psw_study_resolved(study), &rooms, NULL);
    CHECK(asked == 0 && psw_study_identity(again) == psw_study_identity(study), "the file was opened again");
    CHECK(strcmp(psw_study_data_source(again), psw_study_data_source(study)) == 0, "source of the study written out");
    psw_study_free(again);
    psw_study_free(study);
}

/* Points of a file that is read in another way are other points. */
static void points_are_found_in_the_same_reading_alone(void)
{
    const char *const set[] = {"data.kv_heads=2", NULL};
    char text[4096];
    psw_study *a = study_of(HEADS), *b = study_with(HEADS, NULL, set), *c = study_of(HEADS);
    psw_point point = psw_study_point(a, 0);
    CHECK(psw_study_find(c, a, &point) == 0 && psw_study_find(b, a, &point) == -1, "found in another reading");
    psw_study_difference(a, b, text, sizeof text);
    CHECK(strstr(text, "kv_heads") && strstr(text, "nothing here"), "the difference is '%s'", text);
    psw_study_free(a), psw_study_free(b), psw_study_free(c);
}

static void refused(const char *text, const psw_rooms *of, psw_status how, const char *word)
{
    psw_study *study = NULL;
    psw_status status = psw_study_parse(&(psw_study_source){text, strlen(text), "s.yaml", NULL, 0}, of, &study);
    CHECK(status == how && strstr(psw_message(), word), "%s: \"%s\" does not say %s", text, psw_message(), word);
    psw_study_free(study);
}

/* Without the file defaults stay, and what only it knows is refused. */
static void files_may_be_missing(void)
{
    facts = (psw_file_facts){0};
    CHECK(identity(HEADS, &rooms, NULL) == identity(HEADS, NULL, NULL), "a missing file made another study");
    refused(OPEN, &rooms, PSW_ENVIRONMENT, "cannot be found");
    refused(OPEN, NULL, PSW_USAGE, "all is not known without the file");
    refused("schema: 1\nmethods: [softmax]\ndata: {kind: file, path: x.h5}\n", NULL, PSW_USAGE, "n is not given");
}

int main(void)
{
    keys_make_other_studies();
    values_are_taken();
    points_are_found_in_the_same_reading_alone();
    files_may_be_missing();
    return test_end();
}
