psw_test(store unit/store.c)
psw_test(store_rows unit/store_rows.c)
psw_test(store_copy unit/store_copy.c)
psw_test(store_guard unit/store_guard.c)
psw_test(store_samples unit/store_samples.c)
psw_test(store_arrays unit/store_arrays.c)
psw_test(store_damaged property/store_damaged.c TIMEOUT 300) # two processes a file, slow under sanitizers
psw_test(store_files mpi/store_files.c MPI 1 2 3 4)
psw_test(store_row_blocks mpi/store_row_blocks.c MPI 1 2 3 4)

# not a test of its own: what scripts run, kill and read
add_executable(store_writer fault/store_writer.c)
target_link_libraries(store_writer PRIVATE polysweep_mpi)
target_include_directories(store_writer PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
# not a test of its own: what stands between a run and its libraries
add_library(preload MODULE fault/preload.c)
target_link_libraries(preload PRIVATE MPI::MPI_C ${CMAKE_DL_LIBS})
set_target_properties(preload PROPERTIES PREFIX "")
psw_script_test(store_faults fault/store_faults.sh)
psw_script_test(store_kill fault/store_kill.sh)
psw_script_test(store_kill_long fault/store_kill.sh ARGS 100 LABELS long TIMEOUT 1800)
psw_script_test(store_readers e2e/store_readers.py)
