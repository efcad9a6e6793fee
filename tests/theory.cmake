psw_test(theory_tables unit/theory_tables.c)
psw_test(theory_enumerated unit/theory_enumerated.c)
psw_test(theory_bounds unit/theory_bounds.c)
psw_test(theory_edges unit/theory_edges.c)
