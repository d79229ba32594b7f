# Writes OUTPUT, a header with the identity of the sources: a hash over their bytes, the commit they
# came from, and whether they differ from it. Run at every build; the file changes only if it must.
file(GLOB_RECURSE sources RELATIVE ${SOURCE_DIR}
    ${SOURCE_DIR}/broker_core/*.h ${SOURCE_DIR}/broker_core/*.cpp
    ${SOURCE_DIR}/faults/*.h ${SOURCE_DIR}/faults/*.cpp
    ${SOURCE_DIR}/scenarios/*.h ${SOURCE_DIR}/scenarios/*.cpp
    ${SOURCE_DIR}/sim/*.h ${SOURCE_DIR}/sim/*.cpp)
list(SORT sources)
set(all "")
foreach(source IN LISTS sources)
    file(SHA256 ${SOURCE_DIR}/${source} hash)
    string(APPEND all "${source} ${hash}\n")
endforeach()
string(SHA256 source_hash "${all}")
string(SUBSTRING ${source_hash} 0 16 source_hash)
set(commit "")
set(dirty false)
find_program(GIT git)
if(GIT)
    execute_process(COMMAND ${GIT} rev-parse --short=12 HEAD WORKING_DIRECTORY ${SOURCE_DIR}
        OUTPUT_VARIABLE commit OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
    execute_process(COMMAND ${GIT} diff --quiet HEAD -- broker_core faults scenarios sim reports
        WORKING_DIRECTORY ${SOURCE_DIR} RESULT_VARIABLE differs ERROR_QUIET)
    if(NOT differs EQUAL 0)
        set(dirty true)
    endif()
endif()
set(text "#define BROKERSIM_SOURCE \"${source_hash}\"\n#define BROKERSIM_COMMIT \"${commit}\"\n")
string(APPEND text "#define BROKERSIM_DIRTY ${dirty}\n")
set(old "")
if(EXISTS ${OUTPUT})
    file(READ ${OUTPUT} old)
endif()
if(NOT old STREQUAL text)
    file(WRITE ${OUTPUT} "${text}")
endif()
