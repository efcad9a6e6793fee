/* What is left to do: the file is made, taken over or found, and each of its slots gets the part that it plays. */
#include <stdlib.h>
#include <unistd.h>

#include "cmd/job.h"
#include "cmd/print.h"

/* What has changed since the file was made, where it is not the study. */
static const char *since(const psw_study *stored)
{
    if (!psw_study_earlier(stored)) return "";
    return " closed_form, which left them out when the file was made, has a point for each mask, noise, j3, row_norm "
           "and den_constant now.";
}

static psw_status refuse_study(const psw_job *j, const psw_study *stored, const char *difference)
{
    char way[96] = "";
    ptrdiff_t kept = psw_extend_keeps(j->path, j->study);
    if (kept >= 0) psw_format(way, sizeof way, ", or --extend to keep its %td done points in a file of this one", kept);
    return PSW_FAIL(PSW_USAGE,
                    "%s holds another study and is left as it is; give another file with -o, or the study it was made "
                    "from%s.%s\n%s",
                    j->path, way, since(stored), difference);
}

/* The same points, and nothing else that a file cannot change once it is made. */
static psw_status same_study(psw_job *j, psw_reader *reader)
{
    char difference[768];
    psw_study *stored;
    bool points = psw_reader_identity(reader) == psw_study_identity(j->study) && psw_reader_slots(reader) == j->slots;
    PSW_TRY(psw_study_stored(reader, j->path, &stored));
    (points ? psw_study_layout_difference : psw_study_difference)(j->study, stored, difference, sizeof difference);
    psw_status status = points && !*difference ? PSW_OK : refuse_study(j, stored, difference);
    psw_study_free(stored);
    return status;
}

/* Points with noise of two kinds in one file are told apart by a column, which this file does not have. */
static psw_status refuse_noise(const psw_job *j, const psw_point *point, ptrdiff_t slot, const char *text)
{
    return PSW_FAIL(
        PSW_USAGE,
        "%.300s is from before noise was drawn data_draws times (random_version 1: once for all trials of a "
        "point, so that its intervals are given that draw), and cannot go on with points that have noise (slot "
        "%td, %s, would have %td draws); -o with another file computes all points in the same way, --extend "
        "makes a file that keeps what is done, its noise marked by column random_version, and --where \"noise "
        "== 0\" leaves noise out",
        j->path, slot, text, point->data_draws);
}

/* The file may be older than a parameter that the study gives a value. */
static psw_status has_columns(const psw_job *j, const psw_filter *filter, const psw_reader *reader)
{
    char text[160];
    for (ptrdiff_t slot = 0; slot < j->slots; slot++) {
        psw_point point = psw_study_point(j->study, slot);
        const psw_column *column = psw_reader_lacks(reader, &point);
        if (!column || (filter && !psw_filter_keeps(filter, &point))) continue;
        psw_say_point(&point, text, sizeof text);
        if (psw_data_random_version(&point) > 0) return refuse_noise(j, &point, slot, text);
        return PSW_FAIL(
            PSW_USAGE,
            "%.300s is older than the parameter %s, which this study gives a value (slot %td, %s), and has no "
            "column for it; --extend makes a file that has, and keeps what is done, or give another file "
            "with -o",
            j->path, column->name, slot, text);
    }
    return PSW_OK;
}

/* What this launch leaves alone but earlier ones ended. */
static void count_before(psw_job *j, psw_slot_status s)
{
    j->display.points_before += s == PSW_SLOT_DONE;
    j->display.failed_before += s == PSW_SLOT_FAILED || s == PSW_SLOT_TIMEOUT;
    j->display.skipped_before += s == PSW_SLOT_SKIPPED;
}

static unsigned char byte_of(ptrdiff_t count)
{
    return (unsigned char)(count < 255 ? count : 255);
}

/* Which slots this launch computes: of those that the filter (NULL = none) keeps the unfinished, and the failed if
 * asked for. */
static void choose_slot(psw_job *j, const psw_filter *filter, ptrdiff_t i, const psw_slot *slot)
{
    ptrdiff_t deaths = slot->deaths + (slot->status == PSW_SLOT_RUNNING);
    psw_part part = psw_job_part(slot, deaths, j->options->redo != NULL);
    if (part != PSW_PART_ENDED && filter) {
        psw_point point = psw_study_point(j->study, i);
        if (!psw_filter_keeps(filter, &point)) part = PSW_PART_ENDED;
    }
    j->part[i] = (unsigned char)part;
    j->attempts[i] = byte_of(slot->attempt);
    j->deaths[i] = byte_of(deaths);
    if (part == PSW_PART_ENDED || part == PSW_PART_KILLED)
        count_before(j, part == PSW_PART_KILLED ? PSW_SLOT_FAILED : slot->status);
}

/* Piece by piece: of ten million slots only what is to be done, attempts and deaths stay, a byte each. */
static psw_status read_slots(psw_job *j, const psw_filter *filter, psw_reader *reader)
{
    enum { PIECE = 1024 };
    psw_record *records = malloc(PIECE * sizeof *records);
    psw_status status = records ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory to read the states of slots");
    for (ptrdiff_t first = 0; status == PSW_OK && first < j->slots; first += PIECE) {
        ptrdiff_t count = j->slots - first < PIECE ? j->slots - first : PIECE;
        status = psw_reader_get(reader, first, count, records);
        for (ptrdiff_t i = 0; status == PSW_OK && i < count; i++) choose_slot(j, filter, first + i, &records[i].slot);
    }
    free(records);
    return status;
}

static psw_status open_existing(psw_job *j, const psw_filter *filter)
{
    psw_reader *reader;
    PSW_TRY(psw_reader_open(j->path, &reader));
    psw_status status = same_study(j, reader);
    if (status == PSW_OK) status = has_columns(j, filter, reader);
    if (status == PSW_OK) status = read_slots(j, filter, reader);
    psw_reader_close(reader);
    return status;
}

static psw_status create_or_resume(psw_job *j, const psw_filter *filter)
{
    PSW_TRY(psw_store_lock(j->path, &j->lock));
    if (access(j->path, F_OK) != 0)
        PSW_TRY(psw_store_create(j->path, j->study));
    else if (j->options->extend)
        PSW_TRY(psw_extend(j->path, j->study, j->options->quiet));
    return open_existing(j, filter);
}

/* --where is understood before the file is touched: a refusal leaves nothing behind. */
static psw_status choose_slots(psw_job *j)
{
    psw_filter *filter = NULL;
    PSW_TRY(psw_filter_of_options(j->options, j->study, &filter));
    psw_status status = create_or_resume(j, filter);
    if (filter) psw_filter_free(filter);
    return status;
}

psw_status psw_job_find_work(psw_job *j)
{
    j->part = calloc((size_t)j->slots, 1);
    j->attempts = calloc((size_t)j->slots, 1);
    j->deaths = calloc((size_t)j->slots, 1);
    bool room = j->part && j->attempts && j->deaths;
    PSW_TRY(psw_comm_agree(j->world, room ? PSW_OK : PSW_FAIL(PSW_NO_MEMORY, "no memory for %td slots", j->slots)));
    PSW_TRY(psw_comm_agree(j->world, j->world->rank == 0 ? choose_slots(j) : PSW_OK));
    PSW_TRY(psw_comm_bytes(j->world, 0, j->part, (size_t)j->slots));
    PSW_TRY(psw_comm_bytes(j->world, 0, j->attempts, (size_t)j->slots));
    return psw_comm_bytes(j->world, 0, j->deaths, (size_t)j->slots);
}
