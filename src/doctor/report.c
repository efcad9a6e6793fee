#include "doctor/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "polysweep/plain.h"

static const char *const grade_words[] = {"ok", "warn", "bad"};

static void add(doctor_report *r, doctor_grade grade, const char *topic, const char *format, va_list arguments)
{
    r->bad += grade == DOCTOR_BAD;
    if (r->count == DOCTOR_FINDINGS) return;
    doctor_finding *f = &r->list[r->count++];
    *f = (doctor_finding){.grade = grade};
    psw_format(f->topic, sizeof f->topic, "%s", topic);
    psw_plain_format(f->text, sizeof f->text, format, arguments);
}

void doctor_fine(doctor_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, DOCTOR_FINE, topic, format, arguments);
    va_end(arguments);
}

void doctor_warn(doctor_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, DOCTOR_WARN, topic, format, arguments);
    va_end(arguments);
}

void doctor_bad(doctor_report *r, const char *topic, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add(r, DOCTOR_BAD, topic, format, arguments);
    va_end(arguments);
}

void doctor_fix(doctor_report *r, const char *format, ...)
{
    va_list arguments;
    if (r->count == 0) return;
    doctor_finding *f = &r->list[r->count - 1];
    va_start(arguments, format);
    psw_plain_format(f->fix, sizeof f->fix, format, arguments);
    va_end(arguments);
}

/* ---- printing ---- */

void doctor_report_print(const doctor_report *r)
{
    for (ptrdiff_t i = 0; i < r->count; i++) {
        const doctor_finding *f = &r->list[i];
        psw_print(stdout, "%-4s  %-8s  %s\n", grade_words[f->grade], f->topic, f->text);
        if (f->fix[0]) psw_print(stdout, "                type %s\n", f->fix);
    }
}

void doctor_report_json(const doctor_report *r, psw_json *out)
{
    psw_json_count(out, "bad", r->bad);
    psw_json_open(out, "findings", '[');
    for (ptrdiff_t i = 0; i < r->count; i++) {
        psw_json_open(out, NULL, '{');
        psw_json_text(out, "grade", grade_words[r->list[i].grade]);
        psw_json_text(out, "topic", r->list[i].topic);
        psw_json_text(out, "text", r->list[i].text);
        psw_json_text(out, "type", r->list[i].fix);
        psw_json_close(out);
    }
    psw_json_close(out);
}
