//! What is fed with any bytes, and what must hold then: no panic, and the rules written in each target. The same
//! functions run under libFuzzer (`fuzz/bins`) and from seeds in the test command (`tests/hostile/fuzz.rs`).

pub mod clean;
pub mod definition;
pub mod dsn;
pub mod journal;
pub mod signers;
pub mod splitter;

/// A target: its name, which is that of its binary and of its corpus; what runs it; words that get it further.
pub struct Target {
    pub name: &'static str,
    pub run: fn(&[u8]),
    pub words: &'static [&'static str],
}

/// All of them.
pub const TARGETS: [Target; 6] = [
    Target { name: "clean", run: clean::run, words: clean::WORDS },
    Target { name: "definition", run: definition::run, words: definition::WORDS },
    Target { name: "dsn", run: dsn::run, words: dsn::WORDS },
    Target { name: "journal", run: journal::run, words: journal::WORDS },
    Target { name: "signers", run: signers::run, words: signers::WORDS },
    Target { name: "splitter", run: splitter::run, words: splitter::WORDS },
];

/// The repository, whichever of its two packages is built.
pub fn root() -> &'static std::path::Path {
    let here = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    match here.join("ceremony.toml").exists() {
        true => here,
        false => here.parent().unwrap(),
    }
}
