/* JSON that any parser takes, tables that stay aligned, sidecars that come back as they were written. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "cmd/cmd.h"
#include "polysweep/print.h"
#include "sweep/places.h"

static char text[65536];

static FILE *paper(void)
{
    return tmpfile();
}

static const char *read_back(FILE *file)
{
    rewind(file);
    size_t length = fread(text, 1, sizeof text - 1, file);
    text[length] = '\0';
    fclose(file);
    return text;
}

static void test_json(void)
{
    FILE *file = paper();
    psw_json json = psw_json_begin(file, "test");
    psw_json_text(&json, "quote", "a \"b\" \\ \n\x01");
    psw_json_open(&json, "list", '[');
    psw_json_number(&json, NULL, 0.1);
    psw_json_number(&json, NULL, 1.0 / 3);
    psw_json_number(&json, NULL, NAN);
    psw_json_number(&json, NULL, -INFINITY);
    psw_json_open(&json, NULL, '{');
    psw_json_close(&json);
    psw_json_close(&json);
    psw_json_bool(&json, "yes", true);
    psw_json_count(&json, "n", -3);
    psw_json_open(&json, "open", '{');
    psw_json_end(&json);
    const char *expected =
        "{\"polysweep_json\": 1, \"command\": \"test\", \"quote\": \"a \\\"b\\\" \\\\ \\u000a\\u0001\", "
        "\"list\": [0.1, 0.33333333333333331, null, \"-inf\", {}], \"yes\": true, \"n\": -3, "
        "\"open\": {}}\n";
    read_back(file);
    CHECK(strcmp(text, expected) == 0, "%s", text);
}

static void test_table(void)
{
    FILE *file = paper();
    psw_table table;
    CHECK(psw_table_begin(file, 2, &table), "no memory");
    psw_table_row(&table, (const char *const[]){"long name", "b"});
    for (int i = 0; i < 3 * PSW_TABLE_HELD; i++) psw_table_row(&table, (const char *const[]){"1", "22"});
    psw_table_end(&table);
    read_back(file);
    int lines = 0;
    for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++)
        CHECK(strlen(line) == strlen("long name  22"), "line %d: \"%s\"", lines, line);
    CHECK(lines == 3 * PSW_TABLE_HELD + 1, "%d lines", lines);
}

static void test_words(void)
{
    static const struct {
        double seconds;
        const char *said;
    } times[] = {{2e-5, "20 us"}, {0.0125, "12.5 ms"}, {3.25, "3.25 s"}, {125, "2m05s"}, {7500, "2h05m"}, {NAN, "-"}};
    char said[PSW_TEXT];
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        psw_format_seconds(times[i].seconds, said);
        CHECK(strcmp(said, times[i].said) == 0, "%g s is \"%s\"", times[i].seconds, said);
    }
    psw_format_bytes(1536, said);
    CHECK(strcmp(said, "1.5 KiB") == 0, "1536 bytes are \"%s\"", said);
    psw_format_bytes(17, said);
    CHECK(strcmp(said, "17 B") == 0, "17 bytes are \"%s\"", said);
}

/* A table on a terminal: as many columns as fit, and the first in any case. */
static void test_fitting(void)
{
    static const struct {
        ptrdiff_t most, fitting;
        const char *said;
    } cases[] = {{0, 3, "  a  bbb  ccccc\nddd    e      f\n"},
                 {15, 3, "  a  bbb  ccccc\nddd    e      f\n"},
                 {14, 2, "  a  bbb\nddd    e\n"},
                 {8, 2, "  a  bbb\nddd    e\n"},
                 {1, 1, "  a\nddd\n"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char *said = NULL;
        size_t size;
        FILE *out = open_memstream(&said, &size);
        psw_table table;
        CHECK(out && psw_table_begin(out, 3, &table), "no table");
        table.most = cases[i].most;
        psw_table_row(&table, (const char *[]){"a", "bbb", "ccccc"});
        psw_table_row(&table, (const char *[]){"ddd", "e", "f"});
        psw_table_end(&table);
        fclose(out);
        CHECK(table.fitting == cases[i].fitting && strcmp(said, cases[i].said) == 0, "case %zu: %s", i, said);
        free(said);
    }
}

static void test_state(void)
{
    char folder[] = "/tmp/polysweep-print-XXXXXX", path[128];
    psw_sweep_state state = {.state = "running",
                             .study = "a \"b\", \"done\": 3",
                             .host = "here",
                             .points = 7,
                             .done = 5,
                             .pid = 12345,
                             .fraction = 1.0 / 3,
                             .elapsed_s = 2.5,
                             .eta_s = NAN,
                             .time_limit_s = 54.5,
                             .time_limit_from = "Slurm",
                             .stop_reason = "time limit",
                             .before = 2,
                             .node_count = 2,
                             .nodes = {{"n-1", 1, 4, 17, 0.25}, {"", 40, 160, 1234, NAN}},
                             .team_count = 1,
                             .teams = {{4, 41, 1251, 61.5, NAN}}},
                    back;
    CHECK(mkdtemp(folder) != NULL, "no folder");
    psw_format(path, sizeof path, "%s/x.h5", folder);
    CHECK(psw_sweep_state_read(path, &back) == PSW_ENVIRONMENT, "there is none yet");
    CHECK(psw_sweep_state_write(path, &state) == PSW_OK, "%s", psw_message());
    CHECK(psw_sweep_state_read(path, &back) == PSW_OK, "%s", psw_message());
    CHECK(strcmp(back.study, state.study) == 0 && strcmp(back.state, "running") == 0, "\"%s\"", back.study);
    CHECK(back.points == 7 && back.done == 5 && back.pid == 12345 && back.fraction == 1.0 / 3, "numbers");
    CHECK(back.time_limit_s == 54.5 && strcmp(back.time_limit_from, "Slurm") == 0, "limit");
    CHECK(strcmp(back.stop_reason, "time limit") == 0, "\"%s\"", back.stop_reason);
    CHECK(isnan(back.eta_s) && back.elapsed_s == 2.5, "times");
    CHECK(back.before == 2 && back.node_count == 2 && back.team_count == 1, "%td nodes, %td teams", back.node_count,
          back.team_count);
    CHECK(strcmp(back.nodes[0].host, "n-1") == 0 && back.nodes[0].ranks == 4 && back.nodes[0].points == 17, "node");
    CHECK(fabs(back.nodes[0].heard_s - 0.25) < 0.06 && isnan(back.nodes[1].heard_s), "heard"); /* a digit is kept */
    CHECK(!back.nodes[1].host[0] && back.nodes[1].nodes == 40 && back.nodes[1].points == 1234, "others");
    CHECK(back.teams[0].ranks == 4 && back.teams[0].teams == 41 && back.teams[0].longest_s == 61.5, "team");
    CHECK(psw_sweep_state_write("/nowhere/at/all/x.h5", &state) == PSW_ENVIRONMENT, "a directory that does not exist");
    psw_format(path, sizeof path, "%s/x.h5.status.json", folder);
    CHECK(remove(path) == 0 && rmdir(folder) == 0, "something was left beside the sidecar");
}

/* What is written beside a result file, and is believed only if a run can have written it. */
static void put(const char *path, const char *sidecar)
{
    FILE *file = fopen(path, "w");
    CHECK(file && fputs(sidecar, file) >= 0 && fclose(file) == 0, "%s cannot be written", path);
}

#define SIDECAR(state, points, done, fraction, elapsed, rest)                                                          \
    "{\"polysweep_json\": 1, \"state\": \"" state                                                                      \
    "\", \"study\": \"s\\u202e\\u001b\", \"host\": \"h\", \"pid\": 7, \"ranks\": 1, "                                  \
    "\"started\": \"\", \"updated\": \"\", \"points\": " points ", \"done\": " done                                    \
    ", \"failed\": 0, \"skipped\": 0, "                                                                                \
    "\"running\": 0, \"fraction\": " fraction ", \"elapsed_s\": " elapsed                                              \
    ", \"eta_s\": \"inf\", \"time_limit_s\": null, "                                                                   \
    "\"time_limit_from\": \"\", \"stop_reason\": \"\"" rest "}\n"

static void put_nodes(const char *path, int count)
{
    char sidecar[8192];
    psw_format(sidecar, sizeof sidecar, "%s", SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \""));
    *strstr(sidecar, "}\n") = '\0';
    for (int i = 0; i < count; i++)
        strcat(sidecar, i ? ";aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa 1 1 1 0.5" : "b 1 1 1 -");
    put(path, strcat(sidecar, "\"}\n"));
}

/* Nodes that are too many share the last place, and nothing of them is lost. */
static void test_places(void)
{
    enum { NODES = 50, EACH = 3 };
    int node[NODES * EACH];
    char host[NODES][64];
    sweep_places places = {NODES * EACH, NODES, node, host};
    psw_sweep_state state = {.node_count = 7};
    double points = 0, ranks = 0, nodes = 0;
    sweep_places_empty(&state);
    for (int rank = 0; rank < NODES * EACH; rank++) {
        node[rank] = rank / EACH;
        psw_format(host[rank / EACH], sizeof *host, "n%d", rank / EACH);
        sweep_word word = {rank % EACH == 0 ? 1 + rank % 7 : 0, rank, rank, rank == 4 ? (double)NAN : rank};
        sweep_places_add(&places, rank, &word, &state);
    }
    CHECK(state.node_count == PSW_NODES_SHOWN && state.team_count == 7, "%td, %td", state.node_count, state.team_count);
    for (ptrdiff_t i = 0; i < state.node_count; i++) {
        nodes += (double)state.nodes[i].nodes, ranks += (double)state.nodes[i].ranks;
        points += (double)state.nodes[i].points;
    }
    CHECK(nodes == NODES && ranks == NODES * EACH && points == NODES * EACH * (NODES * EACH - 1) / 2, "%g", points);
    CHECK(strcmp(state.nodes[2].host, "n2") == 0 && state.nodes[2].heard_s == 8, "node 2");
    CHECK(isnan(state.nodes[1].heard_s) && state.nodes[PSW_NODES_SHOWN - 1].heard_s == NODES * EACH - 1, "heard");
    for (ptrdiff_t i = 0; i < state.team_count; i++) CHECK(state.teams[i].ranks == i + 1, "teams are in order");
}

static void test_foreign_states(void)
{
    static const char *const good[] = {
        SIDECAR("done", "20", "20", "1", "1e17", ""),
        SIDECAR("running", "9007199254740992", "0", "null", "0", ", \"younger\": -1.5, \"more\": \"x\""),
    };
    static const char *const bad[] = {
        SIDECAR("done", "20", "-3", "1", "1", ""),
        SIDECAR("done", "20", "21", "1", "1", ""),
        SIDECAR("done", "20", "20.5", "1", "1", ""),
        SIDECAR("done", "20", "1e308", "1", "1", ""),
        SIDECAR("done", "20", "\"20\"", "1", "1", ""),
        SIDECAR("done", "20", "null", "1", "1", ""),
        SIDECAR("done", "20", "[20]", "1", "1", ""),
        SIDECAR("done", "20", "{\"x\": 20}", "1", "1", ""),
        SIDECAR("done", "99999999999999999999", "1", "1", "1", ""),
        SIDECAR("done", "9007199254740993", "1", "1", "1", ""),
        SIDECAR("done", "20", "20", "1.5", "1", ""),
        SIDECAR("done", "20", "20", "-0.5", "1", ""),
        SIDECAR("done", "20", "20", "nan", "1", ""),
        SIDECAR("done", "20", "20", "NaN", "1", ""),
        SIDECAR("done", "20", "20", "\"1\"", "1", ""),
        SIDECAR("done", "20", "20", "1", "1e308", ""),
        SIDECAR("done", "20", "20", "1", "1e400", ""),
        SIDECAR("done", "20", "20", "1", "-1", ""),
        SIDECAR("done", "20", "20", "1", "inf", ""),
        SIDECAR("over", "20", "20", "1", "1", ""),
        SIDECAR("done", "20", "20", "1", "1", ", \"done\": 3"),
        SIDECAR("done", "20", "20", "1", "1", ", \"younger\": [1]"),
        SIDECAR("done", "20", "20", "1", "1", ", \"younger\": {\"done\": 3}"),
        SIDECAR("done", "20", "20", "1", "1", ","),
        SIDECAR("done", "20", "20", "1", "1", "} {"),
        SIDECAR("do\\", "20", "20", "1", "1", ""),
        SIDECAR("done", "20", "20", "1", "1", ", \"\\u12"),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": [\"a 1 1 1 0\"]"),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \"a 1 1 1\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \"a 1 1 1 0 0\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \"a 1 1 -1 0\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \"a 1 1 1 nan\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \"a 1 1 1 0;\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"nodes\": \";\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"teams\": \"1 1 1 0\""),
        SIDECAR("done", "20", "20", "1", "1", ", \"teams\": \"1 1e3 1 0 0\""),
        "",
        "{",
        "{}",
        "[]",
        "null",
        "\"done\"",
        "{\"done\": 20}",
    };
    char folder[] = "/tmp/polysweep-print-XXXXXX", path[128], result[128];
    psw_sweep_state state;
    CHECK(mkdtemp(folder) != NULL, "no folder");
    psw_format(result, sizeof result, "%s/x.h5", folder);
    psw_format(path, sizeof path, "%s.status.json", result);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        put(path, good[i]);
        CHECK(psw_sweep_state_read(result, &state) == PSW_OK, "good %zu: %s", i, psw_message());
        CHECK(strcmp(state.study, "s\xe2\x80\xae\x1b") == 0 && state.eta_s > 1e300, "good %zu: \"%s\"", i, state.study);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        put(path, bad[i]);
        CHECK(psw_sweep_state_read(result, &state) == PSW_ENVIRONMENT, "bad %zu is believed", i);
        CHECK(strstr(psw_message(), "x.h5.status.json is not the status of a run"), "bad %zu: %s", i, psw_message());
    }
    put_nodes(path, PSW_NODES_SHOWN);
    CHECK(psw_sweep_state_read(result, &state) == PSW_OK && state.node_count == PSW_NODES_SHOWN, "%s", psw_message());
    put_nodes(path, PSW_NODES_SHOWN + 1);
    CHECK(psw_sweep_state_read(result, &state) == PSW_ENVIRONMENT, "more nodes than there is room for");
    CHECK(remove(path) == 0 && mkfifo(path, 0600) == 0, "no FIFO");
    CHECK(psw_sweep_state_read(result, &state) == PSW_ENVIRONMENT, "a FIFO is believed");
    CHECK(remove(path) == 0 && rmdir(folder) == 0, "something was left beside the sidecar");
}

int main(void)
{
    test_json();
    test_table();
    test_words();
    test_state();
    test_foreign_states();
    test_places();
    test_fitting();
    return test_end();
}
