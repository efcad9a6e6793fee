/* The bar of progress at every width: it fits, it says what matters, it fills from the left. */
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#include "polysweep/plain.h"
#include "polysweep/terminal.h"
#include "sweep/bar.h"

static int columns_of(const char *text)
{
    int columns = 0;
    unsigned code;
    for (; *text; columns++) text += psw_character_read(text, &code);
    return columns;
}

static void test_widths(void)
{
    const double fractions[] = {0, 0.003, 0.5, 0.999, 1}, times[] = {0, 59.6, 3599, 1e6, INFINITY, NAN};
    char text[SWEEP_BAR];
    for (int columns = 20; columns <= 300; columns++)
        for (int i = 0; i < 5 * 6 * 4; i++) {
            psw_sweep_state state = {.points = 123456, .done = 1000, .failed = i % 2 ? 17 : 0};
            state.fraction = fractions[i / 24], state.elapsed_s = times[i / 4 % 6],
            state.eta_s = times[(i / 4 + 3) % 6];
            double expected = i % 4 < 2 ? 0 : 40000;
            for (int unicode = 0; unicode < 2; unicode++) {
                int said = sweep_bar_text(&state, expected, columns, unicode, text);
                CHECK(said == columns_of(text) && said < columns, "%d of %d columns: \"%s\"", said, columns, text);
                CHECK(strchr(text, '%'), "%d columns: \"%s\"", columns, text);
                CHECK((strstr(text, "100 %") != NULL) == (state.fraction == 1), "\"%s\"", text);
            }
        }
}

static void test_texts(void)
{
    static const struct {
        int columns;
        bool unicode;
        const char *text;
    } cases[] = {
        {20, false, " 25 %  1h01m left"},
        {30, false, "[##.......]  25 %  1h01m left"},
        {40, false, "[####...............]  25 %  1h01m left"},
        {47, false, "[##........]  25 %  3/12, 1 failed  1h01m left"},
        {90, false, "[#####.................]  25 %  3 of 12 points, 1 failed  1m05s elapsed, about 1h01m left"},
        {60, true, "[\u2588\u2588\u2588\u258c          ]  25 %  3 of 12, 1 failed  about 1h01m left"},
    };
    psw_sweep_state state = {.points = 12, .done = 3, .failed = 1, .fraction = 0.25, .elapsed_s = 65, .eta_s = 3660};
    char text[SWEEP_BAR];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        sweep_bar_text(&state, 0, cases[i].columns, cases[i].unicode, text);
        CHECK(strcmp(text, cases[i].text) == 0, "%d columns: \"%s\"", cases[i].columns, text);
    }
}

static void test_terminal(void)
{
    static const struct {
        const char *all, *type, *lang;
        bool unicode;
    } locales[] = {{"C", "C.UTF-8", "C.UTF-8", false},  {"", "C.UTF-8", "C", true}, {"", "", "de_DE.utf8", true},
                   {"", "", "de_DE.ISO-8859-1", false}, {"POSIX", "", "", false},   {"", "", "", false}};
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++) {
        setenv("LC_ALL", locales[i].all, 1), setenv("LC_CTYPE", locales[i].type, 1), setenv("LANG", locales[i].lang, 1);
        CHECK(psw_terminal_unicode() == locales[i].unicode, "locale %zu", i);
    }
    setenv("COLUMNS", "37", 1);
    CHECK(psw_terminal_columns(-1) == 37, "COLUMNS is not taken");
    setenv("COLUMNS", "37x", 1);
    CHECK(psw_terminal_columns(-1) >= 1 && psw_terminal_columns(-1) != 37, "COLUMNS that is no number");
    CHECK(!psw_terminal_draws(-1), "what is no terminal");
}

/* What stands on stderr is cleared once, by whatever is said next; what another process draws, each time. */
static void test_standing(void)
{
    char path[] = "/tmp/polysweep-bar-XXXXXX", said[256] = "";
    int file = mkstemp(path), kept = dup(STDERR_FILENO);
    CHECK(file >= 0 && kept >= 0 && dup2(file, STDERR_FILENO) >= 0, "no file");
    psw_message_set("one", "");
    psw_standing_set(3, false);
    psw_message_print("", "");
    psw_print(stderr, "two\n");
    psw_standing_set(2, true);
    psw_print(stdout, "%s", "");
    psw_message_print("", "");
    psw_print(stderr, "three\n");
    psw_standing_set(0, false);
    psw_print(stderr, "four\n");
    fflush(stderr);
    dup2(kept, STDERR_FILENO);
    CHECK(pread(file, said, sizeof said - 1, 0) > 0 && unlink(path) == 0, "nothing was said");
    CHECK(strcmp(said, "\r   \rpolysweep: one\ntwo\n\r  \rpolysweep: one\n\r  \rthree\nfour\n") == 0, "\"%s\"", said);
}

int main(void)
{
    test_standing();
    test_widths();
    test_texts();
    test_terminal();
    return test_end();
}
