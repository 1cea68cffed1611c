//! T12: commands of suites that will not end, and what they leave behind.

use crate::effort::figures;
use crate::mini::*;
use std::fs;

/// So long a suite may take.
const LIMIT_MS: u64 = 700;

/// What runs away. `MARK` is a number that only this suite's sleepers have.
const WAYS: &[(&str, &str)] = &[
    ("waits", "sleep MARK"),
    ("ignores", "trap '' TERM INT HUP QUIT; while :; do sleep MARK; done"),
    ("background", "sleep MARK & sleep MARK"),
    ("forks-twice", "( ( sleep MARK & ) & ) ; sleep MARK"),
    ("own-session", "setsid sleep MARK & sleep MARK"),
    (
        "own-session-twice",
        "setsid sh -c 'setsid sh -c \"trap \\\"\\\" TERM; sleep MARK\" & sleep MARK' & sleep MARK",
    ),
    ("closes", "exec >&- 2>&-; sleep MARK"),
    ("holds-pipe", "sleep MARK & exec sleep MARK"),
    ("reads", "cat; read x; sleep MARK"),
    ("floods", "yes $(head -c 9000 /dev/zero | tr '\\0' x) | head -c 30000000; sleep MARK"),
    ("floods-errors", "yes $(head -c 9000 /dev/zero | tr '\\0' x) >&2"),
    ("breeds", "i=0; while [ $i -lt 60 ]; do setsid sleep MARK & i=$((i+1)); done; wait"),
    ("breeds-on", "f() { sleep 0.05; [ $1 -lt 40 ] && { f $(($1+1)) & setsid sleep MARK & }; wait; }; f 0"),
    ("stops-itself", "kill -STOP $$; sleep MARK"),
    ("another-program", "exec setsid -f sleep MARK"),
    ("no-environment", "env -i setsid sleep MARK & sleep MARK"),
    ("no-environment-orphan", "( env -i setsid -f sleep MARK ); sleep MARK"),
];

fn sleepers(mark: &str) -> Vec<i32> {
    let entries = fs::read_dir("/proc").unwrap().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter(|pid| {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split(|byte| *byte == 0).any(|word| word == mark.as_bytes())
    })
    .collect()
}

#[test]
fn what_runs_away_is_gone_with_all_it_started() {
    let server = used();
    let mark = |at: usize| format!("{}", 1_000_000 + u64::from(std::process::id()) * 100 + at as u64);
    let suites: String = WAYS
        .iter()
        .enumerate()
        .map(|(at, (name, script))| {
            let command = serde_json::to_string(&script.replace("MARK", &mark(at))).unwrap();
            format!("[[suite]]\nid = \"{name}\"\ntitle = \"{name}\"\ncommand = [\"sh\", \"-c\", {command}]\nformat = \"exit-code\"\ntimeout_ms = {LIMIT_MS}\n")
        })
        .collect();
    let ids: Vec<&str> = WAYS.iter().map(|(name, _)| *name).collect();
    let room = mini(GOOD);
    let text = room.read("ceremony.toml");
    let step = format!(
        "[[step]]\nid = \"suites\"\nkind = \"suite\"\ntitle = \"suites\"\nsuites = {}\n",
        serde_json::json!(ids)
    );
    let text = text.replacen("[[step]]", &format!("{suites}{step}[[step]]"), 1);
    fs::write(room.path("ceremony.toml"), text).unwrap();
    let ended = run_on(&room, &server.url(), &room.yes().with("suites", &["{phrase}"]));
    let said = ended.said();
    let seen = room.observations("suite");
    assert_eq!(seen.len(), WAYS.len(), "{said}");
    let mut longest = 0;
    for (at, (name, _)) in WAYS.iter().enumerate() {
        assert_eq!(sleepers(&mark(at)), Vec::<i32>::new(), "{name} left somebody behind");
        let elapsed = seen[at]["elapsed_us"].as_u64().unwrap() / 1_000;
        longest = longest.max(elapsed);
    }
    figures(
        "T12",
        &format!(
            "{} ways to run away: 0 processes left, the last gone {longest} ms after its start",
            WAYS.len()
        ),
    );
}
