//! Tests that break things have a short form, run by the test command, and a long one: `EFFORT=20 cargo test …`.

/// How many times as many points as in the test command are tried. 1 where `EFFORT` is not set.
///
/// # Panics
/// When `EFFORT` is no whole number from 1 on.
pub fn effort() -> u64 {
    let Some(text) = std::env::var_os("EFFORT") else { return 1 };
    let wanted = text.to_str().and_then(|text| text.parse().ok()).filter(|effort| *effort > 0);
    wanted.unwrap_or_else(|| panic!("EFFORT is {text:?}; a whole number from 1 on is wanted"))
}

/// One line for the table of `docs/reliability.md`: what was tried for an item, and how often each outcome came.
pub fn figures(item: &str, counted: &str) {
    println!("figures {item}: {counted}");
}
