psw_test(search unit/search.c)
psw_test(searches property/search.c)
psw_test(search_theory property/search_theory.c)
