/* Maps of the chosen target, in double: for files that are compiled once. */
#include "polysweep/targets.h"
#include "sketch/map.h"

PSW_TARGETS_DECLARE(sketch_maps, sketch_maps)
static const sketch_maps *const maps[][2] = PSW_TARGETS_TABLE(sketch_maps, sketch_maps);

const sketch_map *sketch_map_of_method(psw_method method)
{
    return maps[psw_target()][0]->of_method(method);
}

const sketch_map *sketch_map_of(const psw_point *point)
{
    return maps[psw_target()][0]->of(point);
}

PSW_TARGETS_DECLARE(psw_sketcher, psw_sketcher)
static const psw_sketcher *const sketchers[][2] = PSW_TARGETS_TABLE(psw_sketcher, psw_sketcher);

const psw_sketcher *psw_sketcher_in_double(void)
{
    return sketchers[psw_target()][0];
}
