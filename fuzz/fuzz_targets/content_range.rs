//! The target `content_range` of `src/fuzzing`, for libFuzzer.

#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| flagdl::fuzzing::hold("content_range", data));
