# Every library here is a Debian 12 package, named in packages.txt.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(tl-expected REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(CLI11 REQUIRED)
find_package(Eigen3 REQUIRED)
find_package(OpenSSL REQUIRED COMPONENTS Crypto SSL)
find_package(Boost 1.81 REQUIRED)
pkg_check_modules(NL REQUIRED IMPORTED_TARGET libnl-3.0 libnl-route-3.0 libnl-nf-3.0)
find_package(GTest REQUIRED)
find_package(benchmark REQUIRED)

# yaml-cpp 0.7 exports a plain target name; give it the shape of the others.
add_library(yaml INTERFACE)
target_link_libraries(yaml INTERFACE yaml-cpp)

# Asio and Beast, compiled once. Only speakers, servers and roles link this.
add_library(asio STATIC ${CMAKE_CURRENT_LIST_DIR}/asio.cc)
target_compile_definitions(asio PUBLIC BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION
                                       BOOST_ASIO_NO_DEPRECATED)
target_include_directories(asio SYSTEM PUBLIC ${Boost_INCLUDE_DIRS})
target_compile_options(asio PRIVATE -w)
target_link_libraries(asio PUBLIC Threads::Threads OpenSSL::SSL)
