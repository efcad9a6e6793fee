/* JSON that any parser takes, tables that stay aligned, sidecars that come back as they were written. */
#define _DEFAULT_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "check.h"
#include "cmd/cmd.h"
#include "polysweep/print.h"

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
                             .stop_reason = "time limit"},
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
    return test_end();
}
