# Harnesses for fuzzing. Always built: with fuzz/replay.c, as tests that run the inputs kept in fuzz/corpus/NAME. With
# POLYSWEEP_FUZZ (fuzz/fuzz.sh, clang): with libFuzzer, which makes inputs.
function(psw_fuzz source)
  get_filename_component(name ${source} NAME_WE)
  add_executable(fuzz_${name} ${source})
  target_link_libraries(fuzz_${name} PRIVATE polysweep_mpi)
  target_include_directories(fuzz_${name} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  if(POLYSWEEP_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${name} PRIVATE fuzz/replay.c)
    add_test(NAME fuzz.${name} COMMAND fuzz_${name} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${name})
    psw_test_properties(fuzz.${name} 60 fuzz 1)
  endif()
endfunction()

psw_fuzz(fuzz/study.c)
psw_fuzz(fuzz/expression.c)
psw_fuzz(fuzz/overrides.c)
psw_fuzz(fuzz/reader.c)
psw_fuzz(fuzz/arrays.c)
psw_fuzz(fuzz/plain.c)

psw_script_test(hostile e2e/hostile.py ALONE)
