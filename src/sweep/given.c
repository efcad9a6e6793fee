#include "sweep/given.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the study, the same on every rank ---- */

static psw_status share_text(const psw_comm *world, char **text, size_t *length)
{
    PSW_TRY(psw_comm_bytes(world, 0, length, sizeof *length));
    if (world->rank != 0) *text = malloc(*length + 1);
    PSW_TRY(psw_comm_agree(world, *text ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for the text of the study")));
    return psw_comm_bytes(world, 0, *text, *length + 1);
}

static psw_status parse_study(const sweep_given *g, const char *text, size_t length, psw_study **study)
{
    const psw_sweep_request *asked = g->request;
    return psw_study_parse(&(psw_study_source){text, length, asked->file, asked->set, asked->sets},
                           g->before_references ? psw_stored_house() : psw_house(), study);
}

static psw_status open_study(const psw_sweep_request *asked, psw_study **study)
{
    const char *text = asked->text;
    if (!text) return psw_study_read(asked->file, asked->set, asked->sets, psw_house(), study);
    return psw_study_parse(&(psw_study_source){text, strlen(text), asked->file, asked->set, asked->sets}, psw_house(),
                           study);
}

static psw_status read_study(sweep_given *g)
{
    const psw_sweep_request *asked = g->request;
    psw_status status = g->world->rank == 0 ? open_study(asked, &g->study) : PSW_OK;
    char *text = NULL;
    size_t length = 0;
    PSW_TRY(psw_comm_agree(g->world, status));
    if (g->world->rank == 0) {
        text = strdup(psw_study_text(g->study));
        length = text ? strlen(text) : 0;
    }
    status = share_text(g->world, &text, &length);
    if (status == PSW_OK && g->world->rank != 0) status = parse_study(g, text, length, &g->study);
    free(text);
    return psw_comm_agree(g->world, status);
}

static psw_status read_settings(sweep_given *g)
{
    const psw_settings *s = psw_study_settings(g->study);
    g->settings = s;
    g->slots = psw_study_slots(g->study);
    PSW_TRY(psw_choice_read(s->layout, s->route, s->scan, &g->choice));
    return psw_comm_agree(g->world, psw_inputs_read(g->study, &g->inputs));
}

/* ---- the result file, the machine ---- */

static psw_status choose_path(sweep_given *g)
{
    const char *path = g->request->output ? g->request->output : g->settings->file;
    char of_study[sizeof g->path];
    bool whole = path[0] ? psw_format(of_study, sizeof of_study, "%s", path)
                         : psw_format(of_study, sizeof of_study, "%s.h5", psw_study_name(g->study));
    return whole && psw_part_path(&g->request->part, of_study, g->path, sizeof g->path)
               ? PSW_OK
               : PSW_FAIL(PSW_USAGE, "the name of the result file is longer than %zu characters", sizeof g->path - 1);
}

/* A file that is gone on with and is older than references has none: a study that leaves them open then means what it
 * meant. Whether the file can be read at all is found out later. */
static bool file_before_references(const sweep_given *g)
{
    psw_study *stored = NULL;
    bool asked = psw_study_reference_open(g->study) && !g->request->extend && access(g->path, F_OK) == 0;
    bool then = asked && psw_study_of_file(g->path, &stored) == PSW_OK && psw_study_before_references(stored);
    psw_study_free(stored);
    return then;
}

static psw_status read_as_the_file(sweep_given *g)
{
    psw_study *study = NULL;
    g->before_references = g->world->rank == 0 && file_before_references(g);
    PSW_TRY(psw_comm_bytes(g->world, 0, &g->before_references, sizeof g->before_references));
    if (g->before_references) {
        const char *text = psw_study_text(g->study);
        PSW_TRY(psw_comm_agree(g->world, parse_study(g, text, strlen(text), &study)));
        psw_study_free(g->study);
        g->study = study;
        g->settings = psw_study_settings(study);
    }
    return PSW_OK;
}

/* All ranks use the smallest node's memory: they choose routes by it. */
static psw_status read_memory(sweep_given *g)
{
    double asked = g->settings->memory_per_rank_bytes, least = -g->machine.memory_bytes / g->node.size;
    PSW_TRY(psw_comm_max(g->world, &least, 1));
    g->memory_bytes = asked > 0 ? asked : -least;
    return PSW_OK;
}

psw_status sweep_given_read(sweep_given *g)
{
    PSW_TRY(read_study(g));
    PSW_TRY(read_settings(g));
    PSW_TRY(psw_comm_agree(g->world, choose_path(g)));
    PSW_TRY(read_as_the_file(g));
    bool oversubscribe = g->request->oversubscribe || g->settings->oversubscribe;
    g->machine = psw_machine_read();
    PSW_TRY(psw_launch_check(g->world, &g->node, &g->machine, g->settings->threads, oversubscribe, &g->crowded));
    return read_memory(g);
}

void sweep_given_free(sweep_given *g)
{
    psw_inputs_free(&g->inputs);
    if (g->study) psw_study_free(g->study);
}
