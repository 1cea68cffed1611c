//! The table of rooms: what each may name. And the other lists that the walls go by.

/// A room, and what it may name beside itself. The longest path that fits a file decides.
pub struct Room {
    /// A file, or a folder with all that is in it.
    pub path: &'static str,
    /// Modules of ours.
    pub modules: &'static [&'static str],
    /// Crates of others. Derived code counts where it is derived.
    pub crates: &'static [&'static str],
    /// Knows no async, clock, environment, files, network, processes, threads, chance or log.
    pub pure: bool,
}

pub const ROOMS: &[Room] = &[
    Room { path: "src/lib.rs", modules: &[], crates: &[], pure: true },
    Room { path: "src/main.rs", modules: &[], crates: &["color_eyre"], pure: false },
    // jiff for the arithmetic of calendars; its clock is walled off like every other.
    Room { path: "src/time.rs", modules: &[], crates: &["serde", "jiff"], pure: true },
    // strsim for "did you mean".
    Room { path: "src/definition/", modules: &["time"], crates: &["serde", "toml", "strsim"], pure: true },
    // serde: a record keeps the plan it was made from.
    Room { path: "src/plan", modules: &["definition"], crates: &["serde"], pure: true },
    // The definition as well: a plan is steps over a definition, and the core judges by what it says.
    Room { path: "src/session/", modules: &["plan", "definition", "time"], crates: &["serde"], pure: true },
    Room {
        path: "src/journal/",
        modules: &["session", "time"],
        crates: &["serde", "serde_json", "sha2"],
        pure: true,
    },
    // The one writer, and so the one that knows files.
    Room { path: "src/journal/file.rs", modules: &["session", "time"], crates: &[], pure: false },
    // What was planted in the place of a file is neither read nor written.
    Room { path: "src/journal/plain.rs", modules: &[], crates: &["rustix"], pure: false },
    // Where a record may lie.
    Room { path: "src/journal/ground.rs", modules: &[], crates: &["rustix"], pure: false },
    // Reads a record piece by piece.
    Room { path: "src/journal/pages.rs", modules: &["time"], crates: &["serde_json"], pure: false },
    // Reads a record line by line.
    Room { path: "src/journal/reader.rs", modules: &[], crates: &[], pure: false },
    // Reads what the one writer writes.
    Room { path: "src/journal/tail.rs", modules: &["session", "time"], crates: &[], pure: false },
    Room { path: "src/review.rs", modules: &["time"], crates: &["serde"], pure: true },
    Room {
        path: "src/signoff/",
        modules: &["review", "view::review", "plan", "definition", "session", "journal", "time"],
        crates: &["serde", "serde_json"],
        pure: true,
    },
    // The journal for one spelling of hashes only. sqlx is for postgres/ alone.
    Room {
        path: "src/runner/",
        modules: &[
            "session",
            "plan",
            "definition",
            "time",
            "journal::hex",
            "journal::heads",
            "journal::plain",
            "journal::FILE_NAME",
        ],
        crates: &["rustix", "serde", "serde_json", "sha2", "tempfile", "tokio", "tracing"],
        pure: false,
    },
    // quick_xml for the one format that is XML.
    Room {
        path: "src/runner/suite/result",
        modules: &["session", "definition", "runner::files"],
        crates: &["quick_xml", "serde", "serde_json"],
        pure: false,
    },
    // Keys and signatures; sqlx has no business there, and nobody else knows a key.
    Room {
        path: "src/runner/signoff/",
        modules: &["journal::plain", "signoff", "time", "runner::files", "runner::session_folder"],
        crates: &["rustix", "ssh_key", "tempfile", "zeroize"],
        pure: false,
    },
    Room { path: "src/runner/clock.rs", modules: &["time"], crates: &["rustix", "uuid"], pure: false },
    Room {
        path: "src/runner/postgres/",
        modules: &["journal::plain", "session", "plan", "definition", "time", "runner"],
        crates: &["rustix", "serde", "serde_json", "sha2", "sqlx", "tempfile", "tokio", "tracing"],
        pure: false,
    },
    Room {
        path: "src/runner/postgres/split",
        modules: &["session", "definition"],
        crates: &["squawk_syntax"],
        pure: true,
    },
    // The parser wants a thread of its own, for the size of its stack.
    Room {
        path: "src/runner/postgres/split/grammar.rs",
        modules: &[],
        crates: &["squawk_syntax"],
        pure: false,
    },
    // What the linter finds goes into the plan.
    Room {
        path: "src/runner/postgres/split/hazards",
        modules: &["plan", "session", "definition"],
        crates: &["squawk_syntax", "squawk_linter"],
        pure: true,
    },
    // What a server says, parsed in memory.
    Room {
        path: "src/runner/postgres/wire",
        modules: &["session", "runner::postgres", "runner::bytes"],
        crates: &[],
        pure: true,
    },
    // The loop itself: crossterm for the type of its events, passed on to the cockpit unread, tracing because
    // every decision is in the log too.
    Room {
        path: "src/driver/",
        modules: &["session", "journal", "time", "view", "runner::Runner", "runner::Recorded"],
        crates: &["crossterm", "tracing"],
        pure: false,
    },
    // toml for the file of answers, plan for the gates it may name.
    Room {
        path: "src/driver/headless.rs",
        modules: &["session", "plan", "journal", "time", "view", "runner::Runner", "runner::clock"],
        crates: &["toml", "tracing"],
        pure: false,
    },
    // Secrets are looked for in whatever a report holds.
    Room { path: "src/driver/mask.rs", modules: &["session"], crates: &["serde_json"], pure: true },
    Room {
        path: "src/driver/live.rs",
        modules: &["session", "journal", "time", "view", "tui", "runner::Runner", "runner::clock"],
        crates: &["crossterm", "ratatui", "tracing"],
        pure: false,
    },
    // No runner in their types: of the runner's they know the folder of a session, to read it.
    Room {
        path: "src/driver/replay.rs",
        modules: &[
            "session",
            "plan",
            "definition",
            "journal",
            "time",
            "view",
            "runner::files",
            "runner::session_folder",
        ],
        crates: &["serde_json"],
        pure: false,
    },
    // The cockpit, drawn from a record that is read back: no runner, no terminal, no clock.
    Room {
        path: "src/driver/cast.rs",
        modules: &["session", "journal", "time", "view", "tui", "driver::replay"],
        crates: &["ratatui", "serde_json"],
        pure: true,
    },
    // What a reader did is kept beside the record, in the folder of the session.
    Room {
        path: "src/driver/replay/",
        modules: &["session", "plan", "journal", "time", "view", "review", "runner::session_folder"],
        crates: &["serde_json"],
        pure: false,
    },
    Room {
        path: "src/driver/watch.rs",
        modules: &["session", "journal", "time", "view"],
        crates: &[],
        pure: false,
    },
    Room {
        path: "src/driver/verify",
        modules: &[
            "session",
            "plan",
            "definition",
            "journal",
            "time",
            "view",
            "runner::files",
            "runner::session_folder",
        ],
        crates: &[],
        pure: false,
    },
    // Tables of Unicode: which characters may reach a screen, how wide they are and what makes one letter. A reader's own notes are shown.
    Room {
        path: "src/view/",
        modules: &["session", "plan", "definition", "journal", "review", "time"],
        crates: &["unicode_properties", "unicode_segmentation", "unicode_width"],
        pure: true,
    },
    // Whether a cell is JSON, and nothing else.
    Room { path: "src/view/json.rs", modules: &[], crates: &["serde", "serde_json"], pure: true },
    // The view's words for risks and gates come from definition and time.
    Room {
        path: "src/tui/",
        modules: &["view", "session", "definition", "time"],
        crates: &["crossterm", "ratatui", "tui_textarea"],
        pure: true,
    },
    // The one list that is searched as one types.
    Room {
        path: "src/tui/palette.rs",
        modules: &["view", "tui"],
        crates: &["crossterm", "nucleo_matcher", "ratatui"],
        pure: true,
    },
    // toml: a theme is a file, also a person's own.
    Room {
        path: "src/tui/theme/",
        modules: &["view", "session", "definition"],
        crates: &["ratatui", "toml"],
        pure: true,
    },
    // What is gone through before somebody signs, and what they want then.
    Room {
        path: "src/tui/desk",
        modules: &["view", "session", "signoff", "time"],
        crates: &["crossterm", "ratatui"],
        pure: true,
    },
    // The terminal itself, with the thread that reads its keys.
    Room {
        path: "src/tui/terminal.rs",
        modules: &["tui::Call"],
        crates: &["crossterm", "ratatui", "rustix"],
        pure: false,
    },
    // Writes to it on a thread of its own.
    Room { path: "src/tui/pen.rs", modules: &[], crates: &["rustix"], pure: false },
    // The process that gives the terminal back when the cockpit was killed.
    Room {
        path: "src/tui/warden.rs",
        modules: &["view::clean_line"],
        crates: &["crossterm", "rustix"],
        pure: false,
    },
    Room {
        path: "src/report/",
        modules: &["view", "session", "plan", "definition", "journal", "time"],
        crates: &["serde", "serde_json"],
        pure: true,
    },
    Room { path: "src/cli/", modules: &["*"], crates: &["*"], pure: false },
];

/// What a pure room does not know, and why.
pub const IMPURE: &[(&str, &str)] = &[
    ("async", "the core and its projections are called, they never wait"),
    (".await", "the core and its projections are called, they never wait"),
    ("SystemTime", "time is handed in as a Moment; only runner/clock reads a clock"),
    ("Instant", "time is handed in as a Moment; only runner/clock reads a clock"),
    ("Timestamp::now", "time is handed in as a Moment; only runner/clock reads a clock"),
    ("Zoned::now", "time is handed in as a Moment; only runner/clock reads a clock"),
    ("HashMap", "its order is chance: use BTreeMap, so that a replay decides the same"),
    ("HashSet", "its order is chance: use BTreeSet, so that a replay decides the same"),
    ("println", "say it in what is returned"),
    ("eprintln", "say it in what is returned"),
];
pub const IMPURE_STD: &[&str] = &["env", "fs", "net", "process", "thread", "os"];

/// What is not left lying about in any Rust file, tests and comments included.
pub const LEFTOVERS: &[(&str, &str)] = &[
    (concat!("FIX", "ME"), "do it, or say in words what is missing and why"),
    (concat!("XX", "X"), "do it, or say in words what is missing and why"),
];
/// What is not written in any code, tests included.
pub const NEVER: &[(&str, &str)] = &[
    ("todo!", "write it, or return a refusal that says so"),
    ("unimplemented!", "write it, or return a refusal that says so"),
    ("thread::sleep", "wait for a named condition with a deadline"),
    ("time::sleep", "wait for a named condition with a deadline"),
    ("#[ignore]", "say why: #[ignore = \"…\"]"),
];
/// What names one machine, in any text of ours.
pub const MACHINES: &[&str] =
    &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/Us", "ers/")];
/// Where such a path is the point.
pub const MACHINES_FINE: &[&str] = &[concat!("/ho", "me/linuxbrew/"), concat!("\"/ho", "me/x\"")];

pub const LINES_MAX: usize = 400;
pub const LINES_MAX_OF_MAIN: usize = 40;
/// Files that are longer, and why they are not two.
pub const LONG: &[(&str, &str)] =
    &[("src/definition/entries.rs", "one reader for each kind of entry, all of one shape")];

/// What may stand at the top of the repository, beside hidden files of tools and what git ignores.
pub const TOP: &[&str] = &[
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "assets",
    "benches",
    "ceremony.toml",
    "docs",
    "fuzz",
    "migrations",
    "sessions",
    "src",
    "target",
    "tests",
];
