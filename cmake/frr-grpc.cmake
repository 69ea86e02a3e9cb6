# What the southbound driver frr-grpc is made from: FRR's .proto, which cmake/frr-grpc.sh takes from Debian's source package
# when it builds the module that Debian's FRR lacks. Without it the driver says what is missing.
set(CATS_FRR_GRPC AUTO CACHE STRING "The southbound driver frr-grpc: ON, OFF, or AUTO, when cmake/frr-grpc.sh was run")
set(CATS_FRR_GRPC_DIR ${PROJECT_SOURCE_DIR}/build/frr-grpc CACHE PATH "Where cmake/frr-grpc.sh left FRR's gRPC module")

# So that a build after cmake/frr-grpc.sh sees what it made.
file(GLOB CATS_FRR_PROTO CONFIGURE_DEPENDS ${CATS_FRR_GRPC_DIR}/frr-northbound.proto)
if("${CATS_FRR_GRPC}" STREQUAL "OFF" OR ("${CATS_FRR_GRPC}" STREQUAL "AUTO" AND NOT CATS_FRR_PROTO))
  return()
endif()
if(NOT CATS_FRR_PROTO)
  message(FATAL_ERROR "${CATS_FRR_GRPC_DIR}/frr-northbound.proto is not there: sudo cmake/frr-grpc.sh makes it")
endif()

find_program(CATS_PROTOC protoc REQUIRED)
find_program(CATS_GRPC_CPP_PLUGIN grpc_cpp_plugin REQUIRED)
pkg_check_modules(GRPC REQUIRED IMPORTED_TARGET GLOBAL grpc++ protobuf)

# While configuring: the preset `lint` reads what it never builds.
set(generated ${CMAKE_BINARY_DIR}/frr-northbound)
if(NOT EXISTS ${generated}/frr-northbound.grpc.pb.cc OR ${CATS_FRR_PROTO} IS_NEWER_THAN ${generated}/frr-northbound.grpc.pb.cc)
  file(MAKE_DIRECTORY ${generated})
  execute_process(COMMAND ${CATS_PROTOC} -I ${CATS_FRR_GRPC_DIR} --cpp_out=${generated} --grpc_out=${generated}
                          --plugin=protoc-gen-grpc=${CATS_GRPC_CPP_PLUGIN} frr-northbound.proto
                  COMMAND_ERROR_IS_FATAL ANY)
endif()
add_library(frr_northbound STATIC ${generated}/frr-northbound.pb.cc ${generated}/frr-northbound.grpc.pb.cc)
target_include_directories(frr_northbound SYSTEM PUBLIC ${generated})
target_compile_options(frr_northbound PRIVATE -w)
target_link_libraries(frr_northbound PUBLIC PkgConfig::GRPC)
