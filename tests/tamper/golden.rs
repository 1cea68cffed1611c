//! Sessions that were recorded in format 1 are read by this version and every later one.

use crate::effort::figures;
use crate::kept::*;
use ceremony::driver::replay::{Again, Player, Reel};
use ceremony::driver::verify::verify;
use ceremony::session::{Phase, Verdict};
use std::fs;

/// Each with the head it was committed with: what was written once is not written anew.
const SESSIONS: &[(&str, &str, Verdict)] = &[
    ("passed", "guduk pakah bigot vubik", Verdict::Pass),
    ("resumed", "horih mahav jifom vupim", Verdict::Pass),
    ("rolled-back", "sopir dibaj nofof rahid", Verdict::Fail),
    ("signed", "hukud rivos fohiz hivim", Verdict::Pass),
];

#[test]
fn sessions_of_format_1_are_read_replayed_verified_and_reported() {
    assert_eq!(names(), SESSIONS.map_names());
    let mut entries = 0;
    for (name, words, verdict) in SESSIONS {
        let folder = golden().join(name);
        let found = verify(&folder, None).unwrap();
        assert_eq!(found.divergences, Vec::<String>::new(), "{name}: {FROZEN}");
        assert_eq!((found.words.as_str(), found.verdict, found.closed), (*words, *verdict, true), "{name}");
        entries += found.entries;

        let player = Player::open(&folder).unwrap();
        assert_eq!(player.divergent, None, "{name}: {FROZEN}");
        assert!(matches!(player.session.phase, Phase::Closed(_)));

        // Wound to places on the way and back.
        let mut reel = Reel::open(&folder).unwrap();
        assert_eq!((reel.len() as u64, reel.misfit()), (found.entries, None));
        for place in [reel.len(), reel.len() / 2, 1, reel.len() - 1] {
            reel.seek(place);
            while reel.work() {}
            assert_eq!(reel.at(), place);
        }
        let again = Again::start(reel.pages().unwrap(), reel.plan().clone());
        while !again.is_over() {
            std::thread::yield_now();
        }
        assert_eq!(again.found(), None, "{name}: {FROZEN}");

        let copy = Copy::of(name);
        copy.verify().with(0, &["files    as recorded"]);
        copy.call("report", &["--format", "all"]).with(0, &["session.cast"]);
        copy.verify().with(0, &[]);
        if *name == SIGNED {
            copy.verify_signed().with(0, &["signed off by the policy"]);
            copy.script(&[]).with(0, &["nothing is wrong; 3 of 3"]);
        }
    }
    figures(
        "golden",
        &format!(
            "{} sessions of format 1, {entries} entries: read, replayed, decided again, reported, checked",
            SESSIONS.len()
        ),
    );
}

/// What to do when this fails.
const FROZEN: &str = "format 1 is frozen: what it recorded must be read and decided as it was. Make what is new a field \
                      that may be missing, or a new format beside this one";

trait Names {
    fn map_names(&self) -> Vec<String>;
}

impl Names for [(&str, &str, Verdict)] {
    fn map_names(&self) -> Vec<String> {
        self.iter().map(|(name, ..)| (*name).to_owned()).collect()
    }
}

/// They were made on somebody's machine, and nothing of that machine is in them.
#[test]
fn nothing_of_the_machine_they_were_made_on_is_in_them() {
    let mut folders = vec![golden()];
    let mut looked_at = 0;
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            looked_at += 1;
            let text = String::from_utf8(fs::read(&path).unwrap()).unwrap();
            for machine in [
                concat!("/tm", "p/"),
                concat!("/ro", "ot/"),
                concat!("/ho", "me/"),
                "PRIVATE KEY",
                "postgres:postgres@",
            ] {
                let in_input = path.components().any(|part| part.as_os_str() == "files");
                assert!(in_input || !text.contains(machine), "{}: {machine}", path.display());
            }
        }
    }
    assert!(looked_at > 60);
}
