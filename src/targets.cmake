# Which processors there are kernels for (include/polysweep/targets.h): TARGETS, from the best to the least, each with
# TARGET_FLAGS_name, TARGET_TILES_name (what products of tiles are made of, include/polysweep/tile.h), and
# psw_target_options(LIBRARY precision name) for what is compiled for one of them.
include(CheckCCompilerFlag)
include(CheckCSourceCompiles)

set(POLYSWEEP_TILES auto CACHE STRING "Products of tiles: kernel (our own), blas, or auto (kernel where there are fused multiply-adds)")
set_property(CACHE POLYSWEEP_TILES PROPERTY STRINGS auto kernel blas)
if(NOT POLYSWEEP_TILES MATCHES "^(auto|kernel|blas)$")
  message(FATAL_ERROR "POLYSWEEP_TILES=${POLYSWEEP_TILES}: it is auto, kernel or blas")
endif()

set(TARGETS)
# One that the compiler knows.
function(psw_target name)
  string(REPLACE ";" " " words "${ARGN}")
  set(HAS_${name}_TARGET ON)
  if(ARGN)
    check_c_compiler_flag("${words}" HAS_${name}_TARGET)
  endif()
  if(NOT HAS_${name}_TARGET)
    message(STATUS "Kernels for ${name}: not with this compiler")
    return()
  endif()
  set(tiles ${POLYSWEEP_TILES})
  if(tiles STREQUAL "auto")
    set(CMAKE_REQUIRED_FLAGS "${words}")
    unset(HAS_${name}_FMA CACHE) # flags may have changed
    check_c_source_compiles("
      #if !(defined(__AVX2__) && defined(__FMA__)) && !defined(__aarch64__)
      #error
      #endif
      int main(void) { return 0; }" HAS_${name}_FMA)
    set(tiles blas)
    if(HAS_${name}_FMA)
      set(tiles kernel)
    endif()
  endif()
  message(STATUS "Kernels for ${name}: ${words} tiles: ${tiles}")
  set(TARGETS ${TARGETS} ${name} PARENT_SCOPE)
  set(TARGET_FLAGS_${name} "${ARGN}" PARENT_SCOPE)
  set(TARGET_TILES_${name} ${tiles} PARENT_SCOPE)
endfunction()

if(POLYSWEEP_NATIVE)
  check_c_compiler_flag(-mprefer-vector-width=512 HAS_VECTOR_WIDTH)
  set(wide)
  if(HAS_VECTOR_WIDTH)
    set(wide -mprefer-vector-width=512)
  endif()
  psw_target(native -march=native ${wide})
  if(NOT TARGETS)
    message(FATAL_ERROR "POLYSWEEP_NATIVE=ON: this compiler has no -march=native")
  endif()
elseif(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$")
  psw_target(avx512 -march=x86-64-v4 -mprefer-vector-width=512)
  psw_target(avx2 -march=x86-64-v3)
  psw_target(base)
else()
  psw_target(base)
endif()

# Loops in double in files that are compiled once: the compiler makes each for every processor (PSW_CLONED). Sanitizers see
# the choice between them before they are ready.
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(x86_64|AMD64|amd64)$" AND NOT POLYSWEEP_SANITIZE AND NOT POLYSWEEP_FUZZ)
  check_c_source_compiles("
    __attribute__((target_clones(\"arch=x86-64-v4\", \"arch=x86-64-v3\", \"default\"))) int one(void) { return 1; }
    int main(void) { return one() - 1; }" HAS_TARGET_CLONES)
  if(HAS_TARGET_CLONES)
    add_compile_definitions(PSW_CLONES)
  endif()
endif()

function(psw_target_options library precision target)
  target_compile_options(${library} PRIVATE ${TARGET_FLAGS_${target}})
  target_compile_definitions(${library} PRIVATE PSW_TARGET=${target})
  if(precision STREQUAL "fp32")
    target_compile_definitions(${library} PRIVATE PSW_SINGLE)
  endif()
  if(TARGET_TILES_${target} STREQUAL "blas")
    target_compile_definitions(${library} PRIVATE POLYSWEEP_TILES_BLAS)
  endif()
endfunction()
