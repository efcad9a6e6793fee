#include "cmd/verify.h"

#include "polysweep/plain.h"
#include "polysweep/print.h"

static void print_difference(const cmd_check *c, const cmd_difference *d)
{
    char text[160];
    psw_point point = psw_study_point(c->study, d->slot);
    psw_point_text(&point, text, sizeof text);
    if (d->column < 0)
        psw_print(stdout, "differs     slot %td (%s): cannot be computed any more\n", d->slot, text);
    else
        psw_print(stdout, "differs     slot %td (%s): %s is %.17g, computed again %.17g\n", d->slot, text,
                  c->columns[d->column].name, d->stored, d->found);
}

void cmd_verify_print(const cmd_check *c, const cmd_findings *all, ptrdiff_t differing)
{
    double compared = (double)c->picked - c->too_large;
    psw_print(stdout, "file        %s, schema correct\n", c->path);
    psw_print(stdout, "slots       %td, %td done%s%s\n", c->slot_count, c->done, c->part[0] ? ", of part " : "",
              c->part);
    if (c->in_use) psw_print(stdout, "in use      a run has it open: slots that it has not finished are not checked\n");
    if (c->torn > 0)
        psw_print(stdout, "torn        %td with a wrong commit word; running the study again computes them again\n",
                  c->torn);
    if (c->altered > 0)
        psw_print(
            stdout,
            "altered     %td with kept rows or samples that are not those put; running the study again computes them "
            "again\n",
            c->altered);
    psw_print(stdout, "recomputed  %td of them (%.3g %%)", c->picked, c->percent);
    if (c->rows) psw_print(stdout, ", the kept rows of %.0f", c->with_rows);
    if (c->loose > 0) psw_print(stdout, ", %.0f within tolerances (other version, kernel or method)", c->loose);
    psw_print(stdout, "\n");
    if (c->older_noise > 0)
        psw_print(
            stdout,
            "older noise %td done slots are not comparable: random_version 1, their noise was drawn once and by other "
            "keys\n",
            c->older_noise);
    if (c->too_large > 0)
        psw_print(stdout,
                  "too large   %.0f of these for the memory of %d rank%s: not checked, start verify with more ranks\n",
                  c->too_large, c->world->size, c->world->size > 1 ? "s" : "");
    for (int rank = 0; rank < c->world->size; rank++)
        for (ptrdiff_t i = 0; i < all[rank].kept; i++) print_difference(c, &all[rank].list[i]);
    for (ptrdiff_t i = 0; i < c->column_count + CMD_ROW_LINES; i++)
        if (c->differs[i] > 0)
            psw_print(stdout, "column      %s differs in %.0f slots\n", c->columns[i].name, c->differs[i]);
    cmd_verify_search_print(c);
    if (differing + cmd_verify_search_faults(c) == 0)
        psw_print(stdout, "verdict     %s\n", compared > 0 ? "the same" : "nothing to compare");
}

void cmd_verify_json(const cmd_check *c, const cmd_findings *all, ptrdiff_t differing)
{
    psw_json out = psw_json_begin(stdout, "verify");
    psw_json_text(&out, "file", c->path);
    psw_json_count(&out, "slots", c->slot_count);
    psw_json_text(&out, "part", c->part);
    psw_json_count(&out, "done", c->done);
    psw_json_count(&out, "torn", c->torn);
    psw_json_count(&out, "altered", c->altered);
    psw_json_count(&out, "recomputed", c->picked);
    psw_json_number(&out, "percent", c->percent);
    psw_json_bool(&out, "in_use", c->in_use);
    psw_json_number(&out, "with_rows", c->with_rows);
    psw_json_number(&out, "within_tolerance", c->loose);
    psw_json_number(&out, "too_large", c->too_large);
    psw_json_count(&out, "not_comparable", c->older_noise);
    psw_json_count(&out, "differing", differing);
    cmd_verify_search_json(c, &out);
    psw_json_open(&out, "columns", '{');
    for (ptrdiff_t i = 0; i < c->column_count + CMD_ROW_LINES; i++)
        if (c->differs[i] > 0) psw_json_number(&out, c->columns[i].name, c->differs[i]);
    psw_json_close(&out);
    psw_json_open(&out, "differences", '[');
    for (int rank = 0; rank < c->world->size; rank++)
        for (ptrdiff_t i = 0; i < all[rank].kept; i++) {
            const cmd_difference *d = &all[rank].list[i];
            psw_json_open(&out, NULL, '{');
            psw_json_count(&out, "slot", d->slot);
            psw_json_text(&out, "column", d->column < 0 ? "status" : c->columns[d->column].name);
            psw_json_number(&out, "stored", d->stored);
            psw_json_number(&out, "found", d->found);
            psw_json_close(&out);
        }
    psw_json_end(&out);
}
