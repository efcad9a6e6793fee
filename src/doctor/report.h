/* doctor/report: findings about a machine and a launch, and their output. */
#ifndef POLYSWEEP_DOCTOR_REPORT_H
#define POLYSWEEP_DOCTOR_REPORT_H

#include "polysweep/print.h"

typedef enum doctor_grade { DOCTOR_FINE, DOCTOR_WARN, DOCTOR_BAD } doctor_grade;

typedef struct doctor_finding {
    doctor_grade grade;
    char topic[16], text[640];
    char fix[640]; /* what to type, "`export A=1`, or `unset B`"; "" only where all is fine */
} doctor_finding;

enum { DOCTOR_FINDINGS = 96 };
typedef struct doctor_report {
    doctor_finding list[DOCTOR_FINDINGS];
    ptrdiff_t count, bad;
} doctor_report;

/* printf format. */
void doctor_fine(doctor_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_warn(doctor_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void doctor_bad(doctor_report *report, const char *topic, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The fix of the last finding. */
void doctor_fix(doctor_report *report, const char *format, ...) __attribute__((format(printf, 2, 3)));

void doctor_report_print(const doctor_report *report);                /* for people, on stdout */
void doctor_report_json(const doctor_report *report, psw_json *json); /* as members of the open object */

#endif
