/* The datasets of /edges, where a study searches. */
#include <math.h>

#include "polysweep/record.h"

#define KEPT_bitwise                                                                                                   \
    true,                                                                                                              \
    {                                                                                                                  \
        0, 0                                                                                                           \
    }
#define KEPT_results                                                                                                   \
    false,                                                                                                             \
    {                                                                                                                  \
        INFINITY, INFINITY                                                                                             \
    }

static const psw_column edges[] = {
#define PSW_EDGE(name, type, member, units, long_name, kept, vocabulary)                                               \
    {#name, units, long_name, PSW_##type, KEPT_##kept, vocabulary, offsetof(psw_edge_row, member), false, NAN},
#include "record/edges.def"
#undef PSW_EDGE
};

#define PSW_EDGE(name, type, member, units, long_name, ...)                                                            \
    _Static_assert(_Generic(((psw_edge_row *)0)->member, double                                                        \
                            : PSW_F8, ptrdiff_t                                                                        \
                            : PSW_I8, default                                                                          \
                            : PSW_U1) == PSW_##type,                                                                   \
                   #name);                                                                                             \
    _Static_assert(sizeof #name <= PSW_COLUMN_NAME && sizeof(units) <= PSW_COLUMN_TEXT &&                              \
                       sizeof(long_name) <= PSW_COLUMN_TEXT,                                                           \
                   "texts of " #name);
#include "record/edges.def"
#undef PSW_EDGE

const psw_column *psw_edge_columns(ptrdiff_t *count)
{
    *count = sizeof edges / sizeof *edges;
    return edges;
}
