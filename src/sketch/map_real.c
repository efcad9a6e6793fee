/* The table of maps, from the table of methods. */
#include "sketch/map.h"

/* By what a method folds. */
#define DECLARE_STATES(word) extern const sketch_map SKETCH_MAP(word);
#define DECLARE_EITHER(word) extern const sketch_map SKETCH_MAP(word);
#define DECLARE_ROWS(word)
#define DECLARE_LANDMARKS(word)
#define DECLARE_NOTHING(word)
#define PSW_METHOD(word, CODE, folds, ...) DECLARE_##folds(word)
#include "polysweep/methods.def"

#define ROW_STATES(word) &SKETCH_MAP(word)
#define ROW_EITHER(word) &SKETCH_MAP(word)
#define ROW_ROWS(word) NULL
#define ROW_LANDMARKS(word) NULL
#define ROW_NOTHING(word) NULL
static const sketch_map *const maps[] = {
#define PSW_METHOD(word, CODE, folds, ...) ROW_##folds(word),
#include "polysweep/methods.def"
};

const sketch_map *sketch_map_of_method(psw_method method)
{
    return (size_t)method < PSW_METHODS ? maps[method] : NULL;
}

const sketch_map *sketch_map_of(const psw_point *point)
{
    const sketch_map *map = sketch_map_of_method(point->method);
    return map && map->learned && point->weights > 0 ? map->learned : map;
}

extern const sketch_maps PSW_PRECISION_NAME(sketch_maps);
const sketch_maps PSW_PRECISION_NAME(sketch_maps) = {sketch_map_of_method, sketch_map_of};
