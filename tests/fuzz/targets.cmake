# Fuzz targets, NAME LIBRARY in each string: NAME.cc defines LLVMFuzzerTestOneInput, corpus/NAME is its committed corpus. Built with
# libFuzzer by the preset `fuzz`, and replayed over the corpus as an ordinary test by tests/fuzz_replay.
set(CATS_FUZZ_TARGETS
    "fuzz_update cats_bgp"
    "fuzz_edge_metadata cats_bgp"
    "fuzz_scenario cats_scenarios")
