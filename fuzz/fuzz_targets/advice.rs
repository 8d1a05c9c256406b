//! The target `advice` of `src/fuzzing`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagdl::fuzzing::hold("advice", data));
