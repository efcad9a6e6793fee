#include "attend/method.h"
#include "polysweep/tile.h"

/* The row of each method that folds rows; NULL for the others. */
#define DECLARE_ROWS(word) extern const attend_method_row ATTEND_WEIGH(word);
#define DECLARE_EITHER(word) extern const attend_method_row ATTEND_WEIGH(word);
#define DECLARE_STATES(word)
#define DECLARE_LANDMARKS(word)
#define DECLARE_NOTHING(word)
#define PSW_METHOD(word, CODE, folds, ...) DECLARE_##folds(word)
#include "polysweep/methods.def"

#define ROW_ROWS(word) &ATTEND_WEIGH(word)
#define ROW_EITHER(word) &ATTEND_WEIGH(word)
#define ROW_STATES(word) NULL
#define ROW_LANDMARKS(word) NULL
#define ROW_NOTHING(word) NULL
static const attend_method_row *const methods[] = {
#define PSW_METHOD(word, CODE, folds, ...) ROW_##folds(word),
#include "polysweep/methods.def"
};

const attend_method_row *attend_method_row_of(psw_method method)
{
    return (size_t)method < PSW_METHODS ? methods[method] : NULL;
}

extern const attend_methods PSW_PRECISION_NAME(attend_methods);
const attend_methods PSW_PRECISION_NAME(attend_methods) = {attend_method_row_of, attend_log2_all, psw_row_peak,
                                                           PSW_TILE_ANY_SHAPE};
