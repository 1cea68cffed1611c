//! `clean` under libFuzzer.
#![no_main]

#[allow(dead_code, reason = "each has one target")]
#[path = "../targets/mod.rs"]
mod targets;

libfuzzer_sys::fuzz_target!(|data: &[u8]| targets::clean::run(data));
