/* /edges of a file that may be damaged: where its datasets are, whether they are those of a study, what is in them. */
#include <stdlib.h>

#include "store/store.h"

enum { PIECE = 64 }; /* combinations at a time */

psw_status store_edges_locate(hid_t file, store_index *index, store_raw places[STORE_EDGE_COLUMNS])
{
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    hid_t dataset;
    if (H5Lexists(file, "edges", H5P_DEFAULT) <= 0) return PSW_OK;
    hid_t group = H5Gopen2(file, "edges", H5P_DEFAULT);
    psw_status status = group < 0 ? PSW_FAIL(PSW_MISMATCH, "edges: group /edges cannot be opened") : PSW_OK;
    for (ptrdiff_t i = 0; status == PSW_OK && i < lines; i++) {
        status = store_hdf_look(group, columns[i].name, store_hdf_type(columns[i].type), -1, 0, &dataset);
        if (status == PSW_OK) {
            status = store_hdf_place(dataset, columns[i].name, index, &places[i]);
            if (status == PSW_OK) status = store_column_check(dataset, &columns[i]);
            H5Dclose(dataset);
        }
        if (status == PSW_ENVIRONMENT) status = PSW_FAIL(PSW_MISMATCH, "edges: %s", psw_message());
    }
    if (group >= 0) H5Gclose(group);
    return status;
}

psw_status store_edges_check(const psw_reader *reader, const store_layout *what)
{
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    if (!what->search) return PSW_OK;
    PSW_TRY(store_finding_tell(&reader->has.edges_are));
    for (ptrdiff_t i = 0; i < lines; i++)
        if (reader->has.edges[i].count != PSW_SEARCH_EDGES * what->combinations)
            return PSW_FAIL(PSW_MISMATCH, "edges: /edges/%s has %td rows, not %td", columns[i].name,
                            reader->has.edges[i].count, PSW_SEARCH_EDGES * what->combinations);
    return PSW_OK;
}

psw_status psw_reader_edges(const psw_reader *reader, const psw_study *study)
{
    store_layout what = store_layout_of(study);
    return store_edges_check(reader, &what);
}

static psw_status take_slots(psw_reader *reader, psw_replay *replay, psw_record *records)
{
    for (ptrdiff_t first = 0; first < replay->slots; first += STORE_PIECE) {
        ptrdiff_t count = replay->slots - first < STORE_PIECE ? replay->slots - first : STORE_PIECE;
        PSW_TRY(psw_reader_get(reader, first, count, records));
        for (ptrdiff_t i = 0; i < count; i++) psw_replay_take(replay, first + i, &records[i]);
    }
    return psw_replay_run(replay);
}

static psw_status find_part(const psw_reader *reader, const psw_study *study, psw_replay *replay)
{
    psw_part part;
    ptrdiff_t points;
    PSW_TRY(psw_reader_part(reader, &part));
    if (part.of == 0) return PSW_OK;
    unsigned char *mine = malloc((size_t)replay->slots + 1);
    psw_status status =
        mine ? psw_part_slots(study, &part, mine, &points) : PSW_FAIL(PSW_NO_MEMORY, "no memory for slots");
    if (status == PSW_OK) psw_replay_part(replay, mine);
    free(mine);
    return status;
}

psw_status psw_reader_replay(psw_reader *reader, const psw_study *study, psw_replay *replay)
{
    PSW_TRY(psw_replay_create(study, replay));
    PSW_TRY(find_part(reader, study, replay));
    psw_record *records = malloc(STORE_PIECE * sizeof *records);
    psw_status status = records ? take_slots(reader, replay, records) : PSW_FAIL(PSW_NO_MEMORY, "no memory for slots");
    free(records);
    return status;
}

static psw_status read_rows(const psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_edge_row *rows)
{
    uint64_t packed[PSW_SEARCH_EDGES * PIECE];
    ptrdiff_t lines;
    const psw_column *columns = psw_edge_columns(&lines);
    for (ptrdiff_t i = 0; i < lines; i++) {
        size_t size = psw_column_bytes(&columns[i]);
        PSW_TRY(store_raw_read(reader->file, columns[i].name, reader->has.edges[i],
                               (store_raw_part){size, first, count}, packed));
        for (ptrdiff_t k = 0; k < count; k++)
            psw_column_unpack(&columns[i], (const char *)packed + (size_t)k * size, 1, &rows[k].record);
    }
    return PSW_OK;
}

psw_status psw_reader_edges_get(psw_reader *reader, ptrdiff_t first, ptrdiff_t count, psw_edge_row *rows)
{
    const ptrdiff_t all = PSW_SEARCH_EDGES * count, most = PSW_SEARCH_EDGES * PIECE;
    for (ptrdiff_t done = 0; done < all; done += most)
        PSW_TRY(read_rows(reader, PSW_SEARCH_EDGES * first + done, all - done < most ? all - done : most, rows + done));
    return PSW_OK;
}
