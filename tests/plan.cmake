psw_test(plan unit/plan.c)
psw_test(runs property/runs.c)
