psw_test(sketch_maps unit/sketch_maps.c)
psw_test(sketch_check unit/sketch_check.c)
psw_test(sketch_precision unit/sketch_precision.c)
target_sources(test_sketch_precision PRIVATE unit/sketch_single.c)
