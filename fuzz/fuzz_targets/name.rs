//! The target `name` of `src/fuzzing`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagdl::fuzzing::hold("name", data));
