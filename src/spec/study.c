#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/study.h"

static psw_status build(psw_study *study, size_t length, const char *const *set, ptrdiff_t sets)
{
    PSW_TRY(psw_yaml_load(&study->tree, study->text, length, 0));
    PSW_TRY(psw_yaml_override(&study->tree, set, sets));
    PSW_TRY(spec_file_read(study));
    PSW_TRY(spec_study_declare(study));
    PSW_TRY(spec_grid_build(study));
    PSW_TRY(spec_includes_read(study));
    if (study->slots == 0)
        return PSW_WRONG(&study->tree, study->tree.root->where, "no point is left: all are excluded");
    return spec_resolved_write(study);
}

static psw_study *blank(const char *text, size_t length, const char *name, const psw_rooms *rooms)
{
    psw_study *study = calloc(1, sizeof *study);
    if (!study) return NULL;
    study->text = malloc(length + 1);
    study->paths = malloc(sizeof *study->paths);
    if (study->paths) study->paths[study->path_count++] = (spec_path){.text = calloc(1, 1)};
    if (!study->text || !study->paths || !study->paths[0].text) {
        psw_study_free(study);
        return NULL;
    }
    memcpy(study->text, text, length);
    study->text[length] = 0;
    psw_format(study->file, sizeof study->file, "%s", name);
    study->tree.name = study->file;
    if (rooms) study->rooms = *rooms;
    return study;
}

psw_status psw_study_parse(const psw_study_source *source, const psw_rooms *rooms, psw_study **study)
{
    *study = blank(source->text, source->length, source->name, rooms);
    if (!*study) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate a study");
    psw_status status = build(*study, source->length, source->set, source->sets);
    (*study)->tree.set = NULL; /* the caller's */
    if (status == PSW_OK) return PSW_OK;
    psw_study_free(*study);
    *study = NULL;
    return status;
}

static psw_status read_all(FILE *file, const char *path, char **text, size_t *length)
{
    *text = malloc(PSW_TEXT_MAX + 1);
    if (!*text) return PSW_FAIL(PSW_NO_MEMORY, "cannot allocate memory to read %s", path);
    *length = fread(*text, 1, PSW_TEXT_MAX + 1, file);
    if (ferror(file)) return PSW_FAIL(PSW_ENVIRONMENT, "the study file %s cannot be read: %s", path, psw_reason(errno));
    return PSW_OK;
}

psw_status psw_study_read(const char *path, const char *const *set, ptrdiff_t sets, const psw_rooms *rooms,
                          psw_study **study)
{
    char *text = NULL;
    size_t length = 0;
    *study = NULL;
    FILE *file;
    psw_status opened = psw_file_open(path, &file);
    if (opened != PSW_OK) return PSW_FAIL(opened, "the study file %s", psw_message());
    psw_status status = read_all(file, path, &text, &length);
    fclose(file);
    if (status == PSW_OK) status = psw_study_parse(&(psw_study_source){text, length, path, set, sets}, rooms, study);
    free(text);
    return status;
}

static void free_axis(spec_axis *axis)
{
    free(axis->values);
}

static void free_block(spec_block *block)
{
    for (ptrdiff_t i = 0; i < block->axis_count; i++) free(block->axes[i].pick);
    free(block->bits);
    free(block->before);
}

void psw_study_free(psw_study *study)
{
    if (!study) return;
    for (ptrdiff_t i = 0; i < PSW_ROW; i++) free_axis(&study->axes[i]);
    for (ptrdiff_t i = 0; i < study->entry_count; i++)
        for (ptrdiff_t k = 0; k < PSW_METHOD_KEYS; k++) free_axis(&study->entries[i].axes[k]);
    for (ptrdiff_t i = 0; i < study->block_count; i++) free_block(&study->blocks[i]);
    for (ptrdiff_t i = 0; i < study->formula_count; i++) psw_program_free(&study->formulas[i].program);
    spec_younger_free(study);
    for (ptrdiff_t i = 0; i < study->rule_count; i++) psw_program_free(&study->rules[i]);
    for (ptrdiff_t i = 0; i < study->predict_count; i++) psw_program_free(&study->predictions[i]);
    for (ptrdiff_t i = 0; i < study->path_count; i++) free(study->paths[i].text);
    free(study->paths);
    free(study->file_reading);
    free(study->includes);
    psw_yaml_free(study->tree.root);
    free(study->resolved);
    free(study->text);
    free(study);
}

const char *psw_study_name(const psw_study *study)
{
    return study->name;
}
const char *psw_study_text(const psw_study *study)
{
    return study->text;
}
const char *psw_study_resolved(const psw_study *study)
{
    return study->resolved;
}
const psw_settings *psw_study_settings(const psw_study *study)
{
    return &study->settings;
}
bool psw_study_earlier(const psw_study *study)
{
    return study->rooms.first_files;
}
uint64_t psw_study_identity(const psw_study *study)
{
    return study->identity;
}

ptrdiff_t psw_study_exclusions(const psw_study *study, const psw_exclusion **list)
{
    *list = study->exclusions;
    return study->rule_count;
}

ptrdiff_t psw_study_own(const psw_study *study, const char *const **names)
{
    *names = study->own;
    return study->own_count;
}

const char *psw_study_path(const psw_study *study, ptrdiff_t index)
{
    return index >= 0 && index < study->path_count ? study->paths[index].text : NULL;
}
