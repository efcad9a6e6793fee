# Other builds of the same sources, each with its own tests: one test here, so that one summary counts them all.
# They use the whole machine and nothing runs beside them.
foreach(preset sanitize mpich blis)
  psw_script_test(${preset} builds/other.sh ARGS ${preset} LABELS long TIMEOUT 3000)
  set_tests_properties(builds.${preset} PROPERTIES SKIP_RETURN_CODE 77 RUN_SERIAL TRUE)
endforeach()
psw_script_test(install builds/install.sh)
# The kernels of row folds for several processors, compared bit by bit; with those that this build has for this machine's.
set(kernels_here)
if(TARGET_TILES_${PSW_TEST_BEST} STREQUAL "kernel")
  foreach(precision fp64 fp32)
    add_executable(test_kernels_${precision} builds/kernels.c)
    target_link_libraries(test_kernels_${precision} PRIVATE polysweep_pure)
    psw_target_options(test_kernels_${precision} ${precision} ${PSW_TEST_BEST})
    list(APPEND kernels_here $<TARGET_FILE:test_kernels_${precision}>)
  endforeach()
endif()
psw_script_test(targets builds/targets.sh ARGS builds/kernels.c ${CBLAS_INCLUDE_DIR} ${kernels_here})
set_tests_properties(builds.targets PROPERTIES SKIP_RETURN_CODE 77)
