/* plan/sketch_cost: the cost of a sketch besides the products of its forward pass. Rates of attention are used for
 * loops of the same kind; their factors were measured. */
#ifndef POLYSWEEP_PLAN_SKETCH_COST_H
#define POLYSWEEP_PLAN_SKETCH_COST_H

#include "polysweep/plan.h"

/* Of rounding numbers to the format of a point; 0 where they are what products take. */
double plan_rounding_seconds(const psw_rates *rates, const psw_point *point, double numbers);
/* Of one forward pass of one data set: maps without products, adding and reading states, scores of exact blocks. */
double plan_sketch_pass_seconds(const psw_rates *rates, const psw_point *point);
/* Random tables of one draw, of attention and errors each. */
double plan_sketch_table_seconds(const psw_rates *rates, const psw_point *point);
/* Errors: begin, and one draw. */
double plan_sketch_begin_seconds(const psw_rates *rates, const psw_point *point);
double plan_sketch_draw_seconds(const psw_rates *rates, const psw_point *point);
/* The reference of a point for one realisation of its rows; 0 where there is none. */
double plan_reference_seconds(const psw_rates *rates, const psw_point *point);

#endif
