/* Times as Slurm writes them, and what of them is kept for closing. */
#include "check.h"
#include "polysweep/slurm.h"

typedef struct sample {
    const char *text;
    double seconds; /* NAN: refused */
} sample;

static void test_read(void)
{
    const sample list[] = {
        {"0:00", 0},
        {"0:59", 59},
        {"5:00", 300},
        {"59:59", 3599},
        {"1:00:00", 3600},
        {"12:34:56", 45296},
        {"1-00:00:00", 86400},
        {"2-03:04:05", 183845},
        {"UNLIMITED", INFINITY},
        {"10", 600},
        {"1-12", 129600},
        {"1-12:30", 131400},
        {"0-00:00:07", 7},
        {"", NAN},
        {"NOT_SET", NAN},
        {"INVALID", NAN},
        {"-5:00", NAN},
        {"1:2:3:4", NAN},
        {"1:", NAN},
        {":30", NAN},
        {"1-", NAN},
        {"5:00 ", NAN},
        {"5m", NAN},
        {"1.5", NAN},
        {"9999999999", NAN},
        {"unlimited", NAN},
        {"1-2-3", NAN},
        {"--1", NAN},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        double seconds = -1;
        bool read = psw_slurm_time(list[i].text, &seconds);
        CHECK(read == !isnan(list[i].seconds), "\"%s\" is %s", list[i].text, read ? "taken" : "refused");
        if (read) CHECK(seconds == list[i].seconds, "\"%s\" is %g s", list[i].text, seconds);
    }
}

/* What is printed is read back as the same whole second, rounded up. */
static void test_print(void)
{
    const double list[] = {0, 1, 59.2, 60, 3599, 3600, 86399, 86400, 90061, 864000 + 59};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        char text[PSW_SLURM_TEXT];
        double back = -1;
        psw_slurm_time_print(list[i], text);
        CHECK(psw_slurm_time(text, &back) && back == ceil(list[i]), "%g s: \"%s\" is %g s", list[i], text, back);
    }
}

static void test_margin(void)
{
    CHECK(psw_slurm_margin_s(60) == 6, "a minute keeps %g s", psw_slurm_margin_s(60));
    CHECK(psw_slurm_margin_s(300) == 30, "five minutes keep %g s", psw_slurm_margin_s(300));
    CHECK(psw_slurm_margin_s(86400) == 30, "a day keeps %g s", psw_slurm_margin_s(86400));
    CHECK(psw_slurm_margin_s(0) == 0, "nothing keeps %g s", psw_slurm_margin_s(0));
}

int main(void)
{
    test_read();
    test_print();
    test_margin();
    return test_end();
}
