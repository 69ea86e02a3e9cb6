# CATS_UNITY files are compiled as one: what headers and templates cost is paid once for all of them, not for each. So names
# in anonymous namespaces must differ within a folder. Files that register themselves are compiled apart (SEPARATE): who adds
# one need not look at the others.
function(cats_unity target)
  if(NOT CATS_UNITY EQUAL 1)
    set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_BATCH_SIZE ${CATS_UNITY})
    # What g++ says of files together and not of each: a member's type from an anonymous namespace, which would be a fault in
    # a header; a local name that another file uses outside.
    if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      target_compile_options(${target} PRIVATE -Wno-subobject-linkage -Wno-shadow -Wshadow=local)
    endif()
  endif()
endfunction()

# One static library per folder, named after its path: emulator/kernel becomes cats_emulator_kernel.
# DEPENDS names the libraries below it; tests/layers checks that the includes agree. REGISTRY names a folder below whose
# files register themselves with this one (algorithms, tests, …) and are part of the same library.
function(cats_library)
  cmake_parse_arguments(LIB "SEPARATE" "REGISTRY" "DEPENDS;PRIVATE" ${ARGN})
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" name "cats_${path}")
  file(GLOB sources CONFIGURE_DEPENDS *.cc)
  if(LIB_REGISTRY)
    file(GLOB registered CONFIGURE_DEPENDS ${LIB_REGISTRY}/*.cc)
    list(APPEND sources ${registered})
    set_source_files_properties(${registered} PROPERTIES SKIP_UNITY_BUILD_INCLUSION ON)
  endif()
  if(NOT sources)
    add_library(${name} INTERFACE)
    target_include_directories(${name} INTERFACE ${PROJECT_SOURCE_DIR})
    target_link_libraries(${name} INTERFACE ${LIB_DEPENDS})
    return()
  endif()
  add_library(${name} STATIC ${sources})
  target_include_directories(${name} PUBLIC ${PROJECT_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${LIB_DEPENDS} PRIVATE ${LIB_PRIVATE})
  if(NOT LIB_SEPARATE)
    cats_unity(${name})
  endif()
endfunction()

# The tests of one folder: every NAME_test.cc becomes part of one executable per size. The size is the ctest label:
#   thing_test.cc → unit, thing_golden_test.cc, thing_property_test.cc, thing_netns_test.cc, thing_interop_test.cc
# netns and interop tests need root and share the machine, so they run one at a time and only in the release build.
# What each of the two builds of ./test has to make: unit, golden and property tests run under the sanitizers, netns and
# interop tests on the optimised programs.
add_custom_target(unit_checks)
add_custom_target(kernel_checks)

function(cats_test_options target)
  # What a test costs is its compilation, not its run.
  target_compile_options(${target} PRIVATE -Wno-conversion -O0)
  # Of a test's own code AddressSanitizer finds null and stray pointers; the other sanitizer's checks of every pointer are a
  # third of the compilation.
  if(CATS_SANITIZE)
    target_compile_options(${target} PRIVATE -fno-sanitize=null,alignment)
  endif()
endfunction()

# SHARDS: golden tests that take minutes run as so many tests at once.
function(cats_tests)
  cmake_parse_arguments(T "" "SHARDS" "DEPENDS" ${ARGN})
  file(RELATIVE_PATH path ${PROJECT_SOURCE_DIR}/tests ${CMAKE_CURRENT_SOURCE_DIR})
  string(REPLACE "/" "_" folder "${path}")
  file(GLOB all CONFIGURE_DEPENDS *_test.cc)
  set(rest ${all})
  foreach(size golden property netns interop unit)
    if(size STREQUAL "unit")
      set(sources ${rest})
    else()
      set(sources ${all})
      list(FILTER sources INCLUDE REGEX "_${size}_test\\.cc$")
      list(FILTER rest EXCLUDE REGEX "_${size}_test\\.cc$")
    endif()
    if(NOT sources)
      continue()
    endif()
    set(target ${folder}_${size}_tests)
    add_executable(${target} ${sources})
    target_link_libraries(${target} PRIVATE ${T_DEPENDS} GTest::gmock GTest::gtest_main)
    target_compile_definitions(${target} PRIVATE CATS_SOURCE_DIR="${PROJECT_SOURCE_DIR}"
                                                 CATS_BINARY_DIR="${CMAKE_RUNTIME_OUTPUT_DIRECTORY}")
    cats_test_options(${target})
    target_precompile_headers(${target} REUSE_FROM test_headers)
    set(properties LABELS ${size})
    if(size MATCHES "netns|interop")
      list(APPEND properties RUN_SERIAL TRUE TIMEOUT 300)
      add_dependencies(kernel_checks ${target})
    else()
      list(APPEND properties TIMEOUT 400)
      # Those that take longest begin first, so that they do not end alone.
      if(size STREQUAL "golden")
        list(APPEND properties COST 100)
      endif()
      add_dependencies(unit_checks ${target})
    endif()
    if(NOT T_SHARDS OR NOT size STREQUAL "golden")
      add_test(NAME ${folder}.${size} COMMAND ${target})
      set_tests_properties(${folder}.${size} PROPERTIES ${properties})
      continue()
    endif()
    math(EXPR last "${T_SHARDS} - 1")
    foreach(shard RANGE ${last})
      add_test(NAME ${folder}.${size}.${shard} COMMAND ${target})
      set_tests_properties(${folder}.${size}.${shard} PROPERTIES ${properties}
                           ENVIRONMENT "GTEST_TOTAL_SHARDS=${T_SHARDS};GTEST_SHARD_INDEX=${shard}")
    endforeach()
  endforeach()
endfunction()
