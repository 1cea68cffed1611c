//! What is unusual for a database of one's own, and yet no proof of another: it is used only after somebody has typed
//! that they know it.

use super::decide::Deciding;
use super::*;
use crate::definition::StepKind;
use crate::plan::Subject;
use serde::{Deserialize, Serialize};

/// A database that somebody makes for themselves is rarely larger, bytes.
pub const SIZE_BYTES_MAX: u64 = 10 << 30;
/// Or longer up, seconds.
pub const UP_S_MAX: u64 = 30 * 24 * 60 * 60;
/// Or used by so many others at a time.
pub const SESSIONS_MAX: u64 = 50;

/// What a server shows of its use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circumstances {
    /// Of the database, bytes.
    pub size_bytes: u64,
    /// How long the server has been up, seconds.
    pub up_s: u64,
    /// Sessions of other clients, of every database.
    pub sessions: u64,
    /// How many of them our role may not look at: where they come from is not known.
    pub unseen: u64,
    /// Foreign servers, each with its wrapper: `archive (postgres_fdw)`.
    pub foreign_servers: Vec<String>,
    /// Extensions through which SQL reaches beyond the database, or acts by itself.
    pub extensions: Vec<String>,
}

/// One thing that has to be acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unusual {
    /// What is typed: `over 10 GB`. Words of ours alone, whatever names things have.
    pub name: String,
    /// What was seen: `the database holds 12.3 GB`.
    pub seen: String,
}

impl Circumstances {
    /// What of it has to be acknowledged, always in the same order.
    pub fn unusual(&self) -> Vec<Unusual> {
        let gb = self.size_bytes as f64 / f64::from(1 << 30);
        let days = self.up_s / (24 * 60 * 60);
        let (sessions, unseen) = (self.sessions, self.unseen);
        let foreign = &self.foreign_servers;
        let mut all = vec![
            (self.size_bytes > SIZE_BYTES_MAX, "over 10 GB", format!("the database holds {gb:.1} GB")),
            (self.up_s > UP_S_MAX, "up more than 30 days", format!("the server has been up for {days} days")),
            (sessions > SESSIONS_MAX, "many sessions", format!("{sessions} other sessions are open")),
            (
                unseen > 0,
                "sessions unseen",
                format!("where {unseen} of its sessions come from is not shown to this role"),
            ),
            (
                !foreign.is_empty(),
                "foreign servers",
                format!("it has the foreign server {}", foreign.join(", ")),
            ),
        ];
        for extension in &self.extensions {
            let name = match extension.as_str() {
                "dblink" => "dblink",
                "http" | "pg_net" | "pgsql-http" => "http",
                "pg_cron" | "pg_timetable" | "pgagent" => "cron",
                _ => "other extensions",
            };
            all.push((true, name, format!("it has the extension {extension}")));
        }
        let mut found: Vec<Unusual> = Vec::new();
        for (_, name, seen) in all.into_iter().filter(|(unusual, ..)| *unusual) {
            match found.iter_mut().find(|known| known.name == name) {
                Some(known) => known.seen = format!("{}, {seen}", known.seen),
                None => found.push(Unusual { name: name.to_owned(), seen }),
            }
        }
        found
    }
}

/// What was seen of several, in words.
pub fn seen_words(all: &[Unusual]) -> String {
    all.iter().map(|it| it.seen.as_str()).collect::<Vec<_>>().join("; ")
}

impl Session {
    /// What of the server nobody has acknowledged yet. Only a preflight that has not passed asks: what the migrations
    /// themselves bring is no surprise.
    pub(super) fn not_acknowledged(&self, step: &str, identity: &Identity) -> Vec<Unusual> {
        let asks = self.step(step).is_some_and(|step| {
            step.kind == StepKind::Preflight
                && step.checks.iter().any(|check| check.subject == Subject::Server)
        });
        let passed = self.step_state(step).is_some_and(|state| state.verdict.is_some_and(Verdict::is_good));
        let Some(circumstances) = identity.circumstances.as_ref().filter(|_| asks && !passed) else {
            return Vec::new();
        };
        let mut unusual = circumstances.unusual();
        unusual.retain(|it| !self.acknowledged.iter().any(|known| known.name == it.name));
        unusual
    }

    /// What has to be typed at the gate of `step` beside its usual words: `over 10 GB, dblink`.
    pub(super) fn to_acknowledge(&self, step: &str) -> Option<String> {
        let (of, unusual) = self.unusual.as_ref()?;
        let names: Vec<&str> = unusual.iter().map(|it| it.name.as_str()).collect();
        (of == step).then(|| names.join(", "))
    }

    /// The gate was answered with its words.
    pub(super) fn acknowledge(&mut self, gate: &str) {
        if self.unusual.as_ref().is_some_and(|(step, _)| step == gate)
            && let Some((_, unusual)) = self.unusual.take()
        {
            self.acknowledged.extend(unusual);
        }
    }

    /// What was acknowledged, for who reviews it.
    pub(super) fn acknowledged_words(&self) -> Option<String> {
        let seen = || seen_words(&self.acknowledged);
        (!self.acknowledged.is_empty()).then(|| format!("acknowledged by {}: {}", self.operator, seen()))
    }
}

impl Deciding<'_> {
    /// The server shows something that somebody must say they know.
    pub(super) fn unusual_seen(&mut self, step: &str, identity: &Identity) {
        let unusual = self.session().not_acknowledged(step, identity);
        if !unusual.is_empty() {
            self.emit(Event::AcknowledgementAsked { step: step.to_owned(), unusual });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(change: impl FnOnce(&mut Circumstances)) -> Vec<String> {
        let mut circumstances = Circumstances::default();
        change(&mut circumstances);
        circumstances.unusual().into_iter().map(|it| it.name).collect()
    }

    #[test]
    fn each_limit_is_the_last_good_value() {
        assert!(names(|_| {}).is_empty());
        assert!(names(|it| it.size_bytes = SIZE_BYTES_MAX).is_empty());
        assert_eq!(names(|it| it.size_bytes = SIZE_BYTES_MAX + 1), ["over 10 GB"]);
        assert!(names(|it| it.up_s = UP_S_MAX).is_empty());
        assert_eq!(names(|it| it.up_s = UP_S_MAX + 1), ["up more than 30 days"]);
        assert!(names(|it| it.sessions = SESSIONS_MAX).is_empty());
        assert_eq!(names(|it| it.sessions = SESSIONS_MAX + 1), ["many sessions"]);
        assert_eq!(names(|it| it.unseen = 1), ["sessions unseen"]);
        assert_eq!(names(|it| it.foreign_servers = vec!["a (postgres_fdw)".to_owned()]), ["foreign servers"]);
    }

    #[test]
    fn names_are_words_of_ours_and_each_stands_once() {
        let extensions = ["dblink", "http", "pg_net", "pg_cron", "one\u{202e}"].map(str::to_owned).to_vec();
        let found = names(|it| it.extensions = extensions.clone());
        assert_eq!(found, ["dblink", "http", "cron", "other extensions"]);
        let all =
            Circumstances { size_bytes: u64::MAX, up_s: u64::MAX, extensions, ..Circumstances::default() };
        assert!(
            seen_words(&all.unusual()).contains("it has the extension http, it has the extension pg_net")
        );
    }
}
