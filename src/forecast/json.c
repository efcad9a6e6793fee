/* plan --json. */
#include "forecast/points.h"
#include "forecast/schedule.h"

static void methods(psw_json *json, const psw_forecast *f)
{
    psw_json_open(json, "methods", '[');
    for (int i = 0; i < PSW_FORECAST_METHODS; i++) {
        if (f->methods[i].points == 0) continue;
        psw_json_open(json, NULL, '{');
        psw_json_text(json, "method", psw_word(PSW_WORDS_METHOD, i));
        psw_json_count(json, "points", f->methods[i].points);
        psw_json_number(json, "flops", f->methods[i].flops);
        psw_json_number(json, "head_flops", f->methods[i].head_flops);
        psw_json_number(json, "alone_s", f->methods[i].alone_s);
        psw_json_close(json);
    }
    psw_json_close(json);
}

static void exclusions(psw_json *json, const psw_forecast *f)
{
    const psw_exclusion *list;
    ptrdiff_t count = psw_study_exclusions(f->study, &list);
    psw_json_open(json, "exclusions", '[');
    for (ptrdiff_t i = 0; i < count; i++) {
        psw_json_open(json, NULL, '{');
        psw_json_text(json, "when", list[i].when);
        psw_json_text(json, "why", list[i].why ? list[i].why : "");
        psw_json_count(json, "points", list[i].points);
        psw_json_close(json);
    }
    psw_json_close(json);
}

static void extreme(psw_json *json, const psw_forecast *f, const char *key, const char *unit,
                    const psw_forecast_point *e)
{
    char text[160];
    if (e->slot < 0) return;
    psw_point point = psw_study_point(f->study, e->slot);
    psw_point_text(&point, text, sizeof text);
    psw_json_open(json, key, '{');
    psw_json_count(json, "slot", e->slot);
    psw_json_text(json, "point", text);
    psw_json_number(json, unit, e->value);
    psw_json_count(json, "team", e->team);
    psw_json_close(json);
}

/* All numbers of a schedule in the object that is open. */
static void outcome(psw_json *json, const psw_forecast *f, const psw_forecast_outcome *out)
{
    const psw_schedule *s = &out->schedule;
    psw_json_count(json, "ranks", s->ranks);
    psw_json_number(json, "finish_s", s->finish_s);
    psw_json_number(json, "busy_s", s->busy_s);
    psw_json_number(json, "held_s", s->held_s);
    psw_json_number(json, "utilisation", s->utilisation);
    psw_json_number(json, "speed_up", out->speed_up);
    psw_json_text(json, "limit", forecast_limit_word(out->limit));
    psw_json_count(json, "refused", out->refused);
    extreme(json, f, "critical", "predicted_s", &out->critical);
    if (out->limit != PSW_LIMIT_POINT || out->block == 0) return;
    psw_json_count(json, "other_block", out->block);
    extreme(json, f, "critical_with_other_block", "predicted_s", &out->other);
}

static void stages(psw_json *json, const psw_schedule *s)
{
    psw_json_open(json, "stages", '[');
    for (int k = 0; k < s->depths; k++) {
        const psw_stage *stage = &s->stage[k];
        if (stage->runs == 0) continue;
        psw_json_open(json, NULL, '{');
        psw_json_count(json, "depth", k);
        psw_json_count(json, "teams", stage->level.teams);
        psw_json_count(json, "least_ranks", stage->level.least);
        psw_json_count(json, "most_ranks", stage->level.most);
        psw_json_count(json, "runs", stage->runs);
        psw_json_count(json, "points", stage->points);
        psw_json_number(json, "from_s", stage->from_s);
        psw_json_number(json, "until_s", stage->until_s);
        psw_json_number(json, "busy_s", stage->busy_s);
        psw_json_number(json, "held_s", stage->held_s);
        psw_json_close(json);
    }
    psw_json_close(json);
}

static void compare(psw_json *json, const psw_forecast *f)
{
    psw_json_open(json, "compare", '[');
    for (ptrdiff_t i = 0; i < f->compared; i++) {
        psw_json_open(json, NULL, '{');
        outcome(json, f, &f->compare[i]);
        psw_json_close(json);
    }
    psw_json_close(json);
    if (forecast_knee(f) > 0) psw_json_count(json, "knee_ranks", forecast_knee(f));
}

static void bound(psw_json *json, const char *name, const psw_forecast_bound *b)
{
    psw_json_open(json, name, '{');
    psw_json_count(json, "points", b->points);
    psw_json_number(json, "busy_s", b->busy_s);
    psw_json_number(json, "finish_s", b->finish_s);
    psw_json_close(json);
}

static void search(psw_json *json, const psw_forecast *f)
{
    const psw_schedule *s = &f->outcome.schedule;
    if (f->search.combinations == 0) return;
    psw_json_open(json, "search", '{');
    psw_json_text(json, "over", psw_study_search(f->study)->over);
    psw_json_text(json, "column", psw_study_search(f->study)->column);
    psw_json_count(json, "combinations", f->search.combinations);
    psw_json_count(json, "unknown", f->search.unknown);
    bound(json, "least", &f->search.least);
    bound(json, "expected", &(psw_forecast_bound){f->points, s->busy_s, s->finish_s});
    bound(json, "most", &f->search.most);
    psw_json_close(json);
}

static void budget(psw_json *json, const psw_forecast_budget *b)
{
    if (!b->text) return;
    psw_json_open(json, "budget", '{');
    psw_json_text(json, "asked", b->text);
    psw_json_number(json, "node_hours", b->node_hours);
    psw_json_number(json, "deadline_s", b->deadline_s);
    psw_json_number(json, "needs_node_hours", b->needs_node_hours);
    psw_json_count(json, "points", b->points);
    psw_json_open(json, "bought", '[');
    for (ptrdiff_t i = 0; i < b->rows; i++) {
        psw_json_open(json, NULL, '{');
        psw_json_text(json, "method", psw_word(PSW_WORDS_METHOD, (int)b->table[i].method));
        psw_json_count(json, "n", b->table[i].n);
        psw_json_count(json, "points", b->table[i].points);
        psw_json_count(json, "of", b->table[i].of);
        psw_json_close(json);
    }
    psw_json_close(json);
    psw_json_close(json);
}

void psw_forecast_json(const psw_forecast *f)
{
    psw_json out = psw_json_begin(stdout, "plan");
    psw_json_text(&out, "study", psw_study_name(f->study));
    psw_json_count(&out, "slots", f->slots);
    char part[PSW_PART_TEXT];
    psw_part_print(&f->part, part);
    psw_json_text(&out, "part", part);
    psw_json_count(&out, "points", f->points);
    exclusions(&out, f);
    methods(&out, f);
    psw_json_count(&out, "never_decided", psw_judge_shortage_of(f->study).points);
    psw_json_text(&out, "rates", f->rates_from);
    psw_json_bool(&out, "rates_busy", f->rates_busy);
    psw_json_count(&out, "runs", f->runs.count);
    psw_json_number(&out, "alone_s", f->alone_s);
    outcome(&out, f, &f->outcome);
    psw_json_number(&out, "critical_sent_bytes", f->sent_bytes);
    psw_json_number(&out, "critical_messages", f->messages);
    stages(&out, &f->outcome.schedule);
    extreme(&out, f, "longest", "predicted_s", &f->longest);
    extreme(&out, f, "largest", "memory_bytes", &f->largest);
    psw_json_text(&out, "node_from", f->each.from);
    psw_json_text(&out, "node_cpu", f->each.cpu);
    psw_json_number(&out, "node_cores", f->each.cores);
    psw_json_number(&out, "node_memory_bytes", f->each.memory_bytes);
    psw_json_count(&out, "ranks_per_node", f->ranks_per_node);
    psw_json_number(&out, "memory_per_rank_bytes", f->memory_bytes);
    psw_json_text(&out, "memory_limit", f->memory_from);
    psw_json_count(&out, "too_large", f->too_large);
    psw_json_number(&out, "file_bytes", f->file_bytes);
    search(&out, f);
    compare(&out, f);
    budget(&out, &f->budget);
    if (f->run_of) forecast_points_json(&out, f);
    psw_json_end(&out);
}
