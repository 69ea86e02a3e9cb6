add_compile_options(-Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Werror)
# A product and a sum stay two roundings where the processor could do both at once: simulations are the same to the bit on
# every machine.
add_compile_options(-ffp-contract=off)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these inside the standard library and Boost when coroutines or std::variant are inlined.
  add_compile_options(-Wno-maybe-uninitialized -Wno-stringop-overflow -Wno-array-bounds -Wno-restrict
                      -Wno-mismatched-new-delete)
endif()
if(CATS_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
  # What the checks say of their places is relocated, and the relocations are a third of a program that is not packed so.
  add_link_options(-fsanitize=address,undefined -Wl,-z,pack-relative-relocs)
endif()
if(CATS_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all)
  add_link_options(-fsanitize=address,undefined)
endif()
# A compiler cache where there is one: what was compiled here before is not compiled again, in a new build folder neither. It
# goes by the dependencies that the compiler writes, so that the first build costs nothing more.
find_program(CATS_CCACHE ccache)
if(CATS_CCACHE)
  set(CMAKE_CXX_COMPILER_LAUNCHER ${CMAKE_COMMAND} -E env CCACHE_DEPEND=1
      CCACHE_SLOPPINESS=pch_defines,time_macros,include_file_mtime,include_file_ctime ${CATS_CCACHE})
  # ccache sees a precompiled header only so.
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    add_compile_options(-fpch-preprocess)
  endif()
endif()
