//! The header: what is run, on what, by whom, for how long, and whether it is recorded.

use super::ink::{Row, Tone};
use crate::session::{Identity, Mode, Phase, Session, Verdict};
use crate::time::{Moment, human_duration};

/// What the header says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderView {
    /// Title of the ceremony.
    pub title: Row,
    /// Whether the session counts.
    pub practice: bool,
    /// Where everything happens; always says whether it is LOCAL.
    pub target: Row,
    /// The server as it was pinned, or that it was not seen yet.
    pub server: Row,
    /// Who drives.
    pub operator: Row,
    /// Time since the opening beside the plan.
    pub elapsed: Row,
    /// Steps that are well done, and all of them.
    pub progress: (usize, usize),
    /// Number of findings.
    pub findings: usize,
}

/// Microseconds since the session was opened; stands still once it is closed.
pub fn elapsed_us(session: &Session, now: Moment) -> u64 {
    let end = match session.phase {
        Phase::Closed(_) => session.now.unwrap_or(now),
        _ => now,
    };
    let opened = session.header.as_ref().map_or(end.wall, |header| header.opened);
    u64::try_from(end.wall.as_micros() - opened.as_micros()).unwrap_or(0)
}

/// Whole seconds from ten seconds on: a header that flickers is not read.
pub(super) fn calm(micros: u64) -> String {
    let seconds = micros / 1_000_000;
    match seconds {
        0..=59 => format!("{seconds} s"),
        _ => human_duration(seconds * 1_000_000),
    }
}

/// How near the server is, in a word. What stands in the definition to let it through counts before it was seen, too.
pub(super) fn locality(session: &Session) -> (Tone, &'static str) {
    let shown = session.identity.as_ref().map(Identity::is_near);
    if !shown.unwrap_or(session.plan.ceremony.target.unproven.is_none()) {
        (Tone::Bad, "NOT SHOWN LOCAL ")
    } else if session.header.as_ref().is_some_and(|header| header.target.embedded) {
        (Tone::Good, "LOCAL, embedded ")
    } else {
        (Tone::Good, "LOCAL ")
    }
}

/// The header as of `now`.
pub fn header(session: &Session, now: Moment) -> HeaderView {
    let ceremony = &session.plan.ceremony;
    let target = session.header.as_ref().map(|header| &header.target);
    let place = target.map_or_else(String::new, |target| format!("{}/{}", session.address, target.database));
    let (tone, kind) = locality(session);
    let server = match &session.identity {
        Some(identity) => Row::of(Tone::Plain, &format!("PostgreSQL {}", identity.version))
            .say(Tone::Dim, &format!(" system {}", identity.system_identifier)),
        None => Row::of(Tone::Dim, "server not seen yet"),
    };
    let micros = elapsed_us(session, now);
    let late = micros > ceremony.planned_minutes * 60_000_000;
    HeaderView {
        title: Row::of(Tone::Strong, &ceremony.title),
        practice: session.header.as_ref().is_some_and(|header| header.mode == Mode::Practice),
        target: Row::of(tone, kind).exact(Tone::Strong, &place),
        server,
        operator: Row::of(Tone::Plain, &session.operator),
        elapsed: Row::of(if late { Tone::Warn } else { Tone::Plain }, &calm(micros))
            .say(Tone::Dim, &format!(" of {} min", ceremony.planned_minutes)),
        progress: (
            session.steps.iter().filter(|step| step.verdict.is_some_and(Verdict::is_good)).count(),
            session.steps.len(),
        ),
        findings: session.findings.len(),
    }
}
