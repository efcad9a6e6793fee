# Lines that several job scripts for Slurm have stand once, in jobs/slurm: from there they go into the scripts that
# jobs/slurm-*.sh.in become, in jobs/ of the build directory, and into the program, for `plan --slurm`. A script has them
# all inside, since sbatch copies it away from whatever stands beside it.
set(PARTS_SOURCE ${PROJECT_BINARY_DIR}/slurm_parts.c)
set(literals "#include \"slurm/parts.h\"\n")
foreach(part node signal listen environment launch conclude run)
  set(path ${CMAKE_CURRENT_LIST_DIR}/slurm/${part}.sh)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  file(READ ${path} text)
  string(REPLACE "\\" "\\\\" literal "${text}")
  string(REPLACE "\"" "\\\"" literal "${literal}")
  string(REPLACE "\n" "\\n\"\n    \"" literal "${literal}")
  if(NOT part MATCHES "node|signal") # for these, plan knows better
    string(APPEND literals "\nconst char slurm_part_${part}[] =\n    \"${literal}\";\n")
  endif()
  string(TOUPPER SLURM_${part} name)
  string(REGEX REPLACE "\n$" "" ${name} "${text}")
endforeach()
file(WRITE ${PARTS_SOURCE}.new "${literals}")
configure_file(${PARTS_SOURCE}.new ${PARTS_SOURCE} COPYONLY) # its time changes with its text

set(SLURM_SCRIPTS slurm-one-node.sh slurm-nodes.sh slurm-array.sh slurm-array-parts.sh slurm-largest.sh)
foreach(script ${SLURM_SCRIPTS})
  configure_file(${CMAKE_CURRENT_LIST_DIR}/${script}.in ${PROJECT_BINARY_DIR}/jobs/${script} @ONLY)
endforeach()
configure_file(${CMAKE_CURRENT_LIST_DIR}/slurm-chain.sh ${PROJECT_BINARY_DIR}/jobs/slurm-chain.sh COPYONLY) # beside them
