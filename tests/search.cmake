psw_test(search unit/search.c)
psw_test(searches property/search.c)
psw_test(search_theory property/search_theory.c)
psw_script_test(plan_search e2e/plan_search.py)
