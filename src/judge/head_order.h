/* judge/head_order: the order in which the rows of a leaf are looked up. Compiled per precision and target. */
#ifndef POLYSWEEP_JUDGE_HEAD_ORDER_H
#define POLYSWEEP_JUDGE_HEAD_ORDER_H

#include "judge/head.h"
#include "polysweep/real.h"

#define judge_head_list PSW_PRECISION_NAME(judge_head_list)
/* head->order of one pair of point and data set of a leaf, and head->row_value, which becomes 0. */
void judge_head_list(psw_head *head, const psw_leaf *leaf, ptrdiff_t pair);

#endif
