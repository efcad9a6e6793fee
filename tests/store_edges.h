/* A small study that searches, and what was found of its combinations, the same for every test of /edges. */
#ifndef POLYSWEEP_TESTS_STORE_EDGES_H
#define POLYSWEEP_TESTS_STORE_EDGES_H

#include "store.h"

static inline store_layout store_edges_layout(ptrdiff_t slots, ptrdiff_t combinations)
{
    static const psw_search_keys search = {
        .over = "beta", .column = "success_rate", .level = 0.9, .edges = PSW_EDGES_ALL, .within = 1};
    store_layout what = test_layout(slots);
    what.search = &search;
    what.search_bitwise = true;
    what.error = 0.01;
    what.combinations = combinations;
    return what;
}

/* Zero to six edges; every value is another, with a full mantissa, and some are infinite. */
static inline psw_crossings store_crossings(ptrdiff_t combination)
{
    double x = (double)(combination + 1) / 3;
    psw_crossings found = {.first_slot = combination * 7,
                           .count = combination % 7,
                           .evaluations = combination + 20,
                           .trials = (double)(combination * 4000),
                           .flops = x * 1e12,
                           .starts = (psw_level_side)(combination % 5),
                           .missed = 11 - combination % 3,
                           .open = combination % 2};
    for (int k = 0; k < PSW_SEARCH_EDGES; k++)
        found.edge[k] = (psw_crossing){.kind = k % 2 ? PSW_EDGE_FALL : PSW_EDGE_RISE,
                                       .position = x + k + 0.1,
                                       .lo = k ? x + k : -INFINITY,
                                       .hi = x + k + 1,
                                       .theory = combination % 3 ? x * 1.1 : INFINITY,
                                       .theory_z = -x / 7};
    return found;
}

/* Datasets in which row `row` of a file is not what was found of its combination; `written`: else nothing is known. */
static inline int store_edges_wrong(const psw_edge_row *row, ptrdiff_t number, bool written)
{
    psw_crossings found = store_crossings(number / PSW_SEARCH_EDGES);
    const psw_crossing *edge = &found.edge[number % PSW_SEARCH_EDGES];
    bool there = written && number % PSW_SEARCH_EDGES < found.count;
    const struct {
        double is, should;
    } pairs[] = {{(double)row->combination, written ? (double)(number / PSW_SEARCH_EDGES) : -1},
                 {(double)row->slot, written ? (double)found.first_slot : -1},
                 {(double)row->count, written ? (double)found.count : -1},
                 {row->kind, there ? edge->kind : PSW_EDGE_NONE},
                 {row->position, there ? edge->position : NAN},
                 {row->lo, there ? edge->lo : NAN},
                 {row->hi, there ? edge->hi : NAN},
                 {row->theory, there ? edge->theory : NAN},
                 {row->theory_z, there ? edge->theory_z : NAN},
                 {(double)row->evaluations, written ? (double)found.evaluations : -1},
                 {(double)row->trials, written ? found.trials : -1},
                 {row->flops, written ? found.flops : NAN},
                 {row->starts, written ? found.starts : PSW_SIDE_NONE},
                 {(double)row->missed, written ? (double)found.missed : -1},
                 {(double)row->open, written ? (double)found.open : -1}};
    int wrong = 0;
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        wrong += pairs[i].is != pairs[i].should && !(isnan(pairs[i].is) && isnan(pairs[i].should));
    return wrong;
}

#endif
