//! T13: hostile definitions. Each is refused with file, line and column, in three parts, quickly, without a panic.

use crate::effort::figures;
use crate::room::*;
use std::fs;
use std::os::unix::fs::symlink;

/// Changes the shipped definition.
type Change = fn(&str) -> Vec<u8>;

fn after_title(text: &str, more: &str) -> Vec<u8> {
    text.replacen("planned_minutes = 120", &format!("{more}\nplanned_minutes = 120"), 1).into_bytes()
}

const HOSTILE: [(&str, Change); 21] = [
    ("deep lists", |text| {
        after_title(text, &format!("risks = {}{}", "[".repeat(100_000), "]".repeat(100_000)))
    }),
    ("deep tables", |text| {
        after_title(text, &format!("x = {}1{}", "{ a = ".repeat(50_000), " }".repeat(50_000)))
    }),
    ("deep keys", |text| after_title(text, &format!("{}a = 1", "a.".repeat(100_000)))),
    ("deep headings", |text| format!("{text}\n[{}a]\n", "a.".repeat(100_000)).into_bytes()),
    ("more than 1 MiB", |text| format!("{text}\n# {}", "x".repeat(1 << 20)).into_bytes()),
    ("a huge text", |text| after_title(text, &format!("title = \"{}\"", "x".repeat(900_000)))),
    ("too many steps", |text| {
        let step = |at: usize| format!("[[step]]\nid = \"s{at}\"\nkind = \"preflight\"\n");
        format!("{text}\n{}", (0..15_000).map(step).collect::<String>()).into_bytes()
    }),
    ("the same id twice", |text| {
        let at = text.find("[[migration]]").unwrap();
        let end = text[at + 5..].find("\n[[").map_or(text.len(), |more| at + 5 + more);
        format!("{text}\n{}", &text[at..end]).into_bytes()
    }),
    ("a cycle", |text| {
        text.replacen("[[migration]]\n", "[[migration]]\nafter = [\"outbound-sync\"]\n", 1).into_bytes()
    }),
    ("NUL", |text| after_title(text, "risks = [\"a\0b\"]")),
    ("NUL, escaped", |text| after_title(text, "runbook = \"docs/a\\u0000b.md\"")),
    ("not UTF-8", |text| [text.as_bytes(), b"\n# \xff\xfe\n"].concat()),
    ("bidi in an id", |text| {
        text.replacen("id = \"foundations\"", "id = \"found\u{202e}ations\"", 1).into_bytes()
    }),
    ("a link out", |text| text.replace(BASELINE, "link/passwd").into_bytes()),
    ("a pipe", |text| text.replace(BASELINE, "pipe").into_bytes()),
    ("a device", |text| text.replace(BASELINE, "device").into_bytes()),
    ("a folder", |text| text.replace(BASELINE, "docs").into_bytes()),
    ("an absolute path", |text| text.replace(BASELINE, "/etc/passwd").into_bytes()),
    ("a path that climbs", |text| text.replace(BASELINE, "docs/../../etc/passwd").into_bytes()),
    ("a date that cannot be", |text| after_title(text, "risks = 2026-02-31")),
    ("a number that cannot be", |text| after_title(text, &format!("x = {}", "9".repeat(100_000)))),
];

#[test]
fn t13_hostile_definitions_are_refused_with_their_place() {
    let room = Room::new();
    symlink("/etc", room.path("link")).unwrap();
    let mode = rustix::fs::Mode::RUSR;
    rustix::fs::mknodat(rustix::fs::CWD, room.path("pipe"), rustix::fs::FileType::Fifo, mode, 0).unwrap();
    symlink("/dev/zero", room.path("device")).unwrap();
    let shipped = room.read("ceremony.toml");
    for (name, change) in HOSTILE {
        let hostile = change(&shipped);
        assert_ne!(hostile, shipped.as_bytes(), "{name} changes nothing");
        fs::write(room.path("ceremony.toml"), hostile).unwrap();
        let ended = room.call(&["check"]);
        let said = ended.said();
        let short: String = said.chars().take(2_000).collect();
        assert!(ended.code.is_some_and(|code| code != 0), "{name}: {:?} {short}", ended.code);
        assert!(!said.contains("panicked") && !said.contains("overflow"), "{name}: {short}");
        let place = said.lines().any(|line| {
            let mut parts = line.split("ceremony.toml:").nth(1).unwrap_or_default().split(':');
            let number = |part: Option<&str>| {
                part.is_some_and(|part| part.chars().next().is_some_and(|letter| letter.is_ascii_digit()))
            };
            number(parts.next()) && number(parts.next())
        });
        assert!(place, "{name} is refused without its place: {short}");
        assert!(said.contains("why:") && said.contains("next:"), "{name}: {short}");
        assert!(!said.contains('\u{202e}') && !said.contains('\0'), "{name}: it is drawn as it is: {short}");
        assert!(said.len() < 200_000, "{name}: {} bytes are said", said.len());
    }
    figures("T13", &format!("{} hostile definitions, each refused with line and column", HOSTILE.len()));
}
