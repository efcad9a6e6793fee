# The rooms up to dist and programs, for ranks that SimGrid simulates: no file is written.
find_path(SMPI_INCLUDE_DIR smpi/smpi_helpers.h REQUIRED)
find_library(SIMGRID_LIBRARY simgrid REQUIRED)

# what the wrapper smpicc does, but for the rooms that know MPI alone
add_library(polysweep_teams STATIC)
foreach(room comm measure dist)
  file(GLOB sources CONFIGURE_DEPENDS src/${room}/*.c)
  target_sources(polysweep_teams PRIVATE ${sources})
endforeach()
target_compile_options(polysweep_teams PUBLIC "SHELL:-include ${CMAKE_SOURCE_DIR}/tests/smpi/simulated.h")
target_include_directories(polysweep_teams SYSTEM PUBLIC ${SMPI_INCLUDE_DIR} ${SMPI_INCLUDE_DIR}/smpi)
target_link_libraries(polysweep_teams PUBLIC polysweep_pure PkgConfig::HWLOC ${SIMGRID_LIBRARY})

# a search: all of sweep that neither computes points nor knows the file
set(SEARCH_SOURCES)
foreach(file crew families rounds runs search stop watch)
  list(APPEND SEARCH_SOURCES src/sweep/${file}.c)
endforeach()

add_executable(ranks tests/smpi/ranks.c src/sweep/crew.c)
add_executable(search tests/smpi/search.c ${SEARCH_SOURCES})
add_executable(kinds tests/mpi/kinds.c src/sweep/crew.c)
foreach(program ranks search kinds)
  target_include_directories(${program} PRIVATE tests)
  target_link_libraries(${program} PRIVATE polysweep_teams)
  target_link_options(${program} PRIVATE -shared -s) # stripped: every rank loads a copy
endforeach()
