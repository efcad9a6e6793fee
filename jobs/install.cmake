# cmake --install BUILD --prefix DIRECTORY: the program, studies and job scripts, the analysis package as source, and
# module files for Lmod and Environment Modules that point at DIRECTORY.
include(GNUInstallDirs)
set(POLYSWEEP_SHARE "${CMAKE_INSTALL_DATADIR}/polysweep")
string(REPLACE ":" ";" loaded "$ENV{LOADEDMODULES}")
set(POLYSWEEP_MODULES "${loaded}" CACHE STRING "Modules that the module file loads first: those loaded when it was configured")
install(TARGETS polysweep)
install(DIRECTORY ${CMAKE_CURRENT_LIST_DIR}/ DESTINATION ${POLYSWEEP_SHARE}/jobs USE_SOURCE_PERMISSIONS
        PATTERN setup.sh EXCLUDE PATTERN quickstart.sh EXCLUDE PATTERN install.cmake EXCLUDE # these want the sources
        PATTERN modules EXCLUDE PATTERN spack EXCLUDE PATTERN conda EXCLUDE PATTERN apptainer EXCLUDE PATTERN slurm EXCLUDE PATTERN slurm.cmake EXCLUDE
        PATTERN init.cmake EXCLUDE
        PATTERN "slurm-*.sh.in" EXCLUDE)
foreach(script ${SLURM_SCRIPTS})
  install(FILES ${PROJECT_BINARY_DIR}/jobs/${script} DESTINATION ${POLYSWEEP_SHARE}/jobs)
endforeach()
install(DIRECTORY ${PROJECT_SOURCE_DIR}/analysis/ DESTINATION ${POLYSWEEP_SHARE}/analysis
        PATTERN gallery EXCLUDE PATTERN tests EXCLUDE PATTERN __pycache__ EXCLUDE PATTERN "*.egg-info" EXCLUDE
        PATTERN build EXCLUDE)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${POLYSWEEP_SHARE})
install(FILES ${PROJECT_SOURCE_DIR}/src/base/random123/LICENSE DESTINATION ${POLYSWEEP_SHARE} RENAME LICENSE.random123)
configure_file(${CMAKE_CURRENT_LIST_DIR}/modules/fill.cmake.in ${PROJECT_BINARY_DIR}/fill.cmake @ONLY)
install(SCRIPT ${PROJECT_BINARY_DIR}/fill.cmake)
