#include "data/kind.h"

/* N(0,1) in every entry. */
const data_kind data_gaussian = {
    .check = data_normal_check, .draw = data_normal_draw, .rows = data_normal_rows, .work = data_normal_work};
