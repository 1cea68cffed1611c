//! Locks: who waits for whom as a small tree, what the step holds and since when, how far its statement is.

use super::ink::{Row, Tone};
use super::{LineKind, Transcript};
use crate::definition::Limits;
use crate::journal::Entry;
use crate::session::*;
use crate::time::{Moment, human_duration};

/// A wait that goes on is printed again after so long, microseconds.
const SAID_AGAIN_US: u64 = 5_000_000;
/// So many locks are named at the gate; the pane has all.
const AT_GATE: usize = 3;
/// Columns of the bar of progress.
const BAR: usize = 20;
/// So deep is the tree of waits drawn.
const DEPTH_MAX: usize = 8;

/// The latest sample and what earlier ones of the same attempt add to it.
#[derive(Clone, Debug, PartialEq)]
pub struct Radar {
    /// The step.
    pub step: String,
    /// The attempt.
    pub attempt: AttemptId,
    /// When it was taken.
    pub at: Moment,
    /// The sample.
    pub sample: Sample,
    /// When each lock was first seen to be held, in the sample's order.
    pub held_since: Vec<Moment>,
    /// When waits were printed last.
    said: Option<Moment>,
}

impl Transcript {
    pub(super) fn sampled(&mut self, entry: &Entry, step: &str, sample: &Sample) {
        let Input::Outcome(Outcome { attempt, .. }) = &entry.cause else { return };
        let at = entry.at();
        let before = self.radar.take().filter(|radar| radar.attempt == *attempt);
        let since = |held: &Held| {
            let before = before.as_ref()?;
            let seen = before.sample.held.iter().position(|other| other == held)?;
            before.held_since.get(seen).copied()
        };
        let held_since = sample.held.iter().map(|held| since(held).unwrap_or(at)).collect();
        let shape = before.as_ref().map(|before| before.sample.shape()).unwrap_or_default();
        let said = before.as_ref().and_then(|before| before.said);
        let again = said.is_none_or(|said| at.mono_us.saturating_sub(said.mono_us) >= SAID_AGAIN_US);
        let waits = !sample.shape().is_empty();
        let news = sample.shape() != shape;
        let say = waits && (news || again);
        if say {
            self.push(entry, step, LineKind::Notice, &sample.lines(0).join("\n"));
        } else if news {
            self.push(entry, step, LineKind::Event, "nobody waits any more");
        }
        let said = if say { Some(at) } else { said };
        self.radar = Some(Radar {
            step: step.to_owned(),
            attempt: attempt.clone(),
            at,
            sample: sample.clone(),
            held_since,
            said,
        });
    }
}

impl Radar {
    /// Milliseconds since the sample.
    fn later_ms(&self, now: Moment) -> u64 {
        now.mono_us.saturating_sub(self.at.mono_us) / 1000
    }
}

/// When a step is stopped for those who wait for it, behind the other limits of its gate.
pub(super) fn rule_words(limits: Limits) -> String {
    let (sessions, ms) = (limits.blocked_sessions_max, limits.blocked_ms_max);
    match sessions * ms {
        0 => String::new(),
        _ => format!("; stopped when {sessions} others wait {} for it", super::gate_start::limit(ms)),
    }
}

/// The radar of the attempt that is in flight.
fn current<'t>(session: &Session, transcript: &'t Transcript) -> Option<&'t Radar> {
    let radar = transcript.radar.as_ref()?;
    let flight = match &session.phase {
        Phase::Running(running) => running.attempt == radar.attempt,
        Phase::Gate(gate) if gate.kind == GateKind::Commit => {
            let state = session.step_state(&gate.step)?;
            state.attempt.as_ref() == Some(&radar.attempt)
        }
        _ => false,
    };
    flight.then_some(radar)
}

/// What the place of the gate says while a step runs: for whom it waits, who waits for it, how far it is.
pub(super) fn while_running(session: &Session, transcript: &Transcript, now: Moment) -> Vec<Row> {
    let Some(radar) = current(session, transcript) else { return Vec::new() };
    let (sample, later_ms) = (&radar.sample, radar.later_ms(now));
    let mut rows = Vec::new();
    if let Some(own) = sample.own()
        && let Some(wait) = &own.wait
    {
        let waited = format!("{} s for {} on {}", (wait.waited_ms + later_ms) / 1000, wait.mode, wait.on);
        let blockers: Vec<String> = sample.blockers(own).map(|peer| peer.words(later_ms)).collect();
        rows.push(
            Row::labelled("waits", Tone::Bad, &waited)
                .say(Tone::Warn, &format!(", held by {}", blockers.join("; "))),
        );
    } else if sample.pid == 0 && !sample.shape().is_empty() {
        rows.extend(
            sample.lines(later_ms).iter().take(2).map(|line| Row::labelled("waits", Tone::Warn, line)),
        );
    }
    rows.extend(victims(sample, later_ms));
    rows.extend(sample.progress.as_ref().map(|progress| progress_row("far", progress, 120)));
    rows
}

/// Who waits for the commit gate.
pub(super) fn blocked(session: &Session, transcript: &Transcript, now: Moment) -> Option<Row> {
    let radar = current(session, transcript)?;
    victims(&radar.sample, radar.later_ms(now))
}

/// The locks that wait with the commit gate, and for how long the first of them is held.
pub(super) fn held(session: &Session, transcript: &Transcript, now: Moment) -> Option<Row> {
    let radar = current(session, transcript)?;
    let since = radar.held_since.iter().map(|since| since.mono_us).min()?;
    let held = &radar.sample.held;
    let named: Vec<String> =
        held.iter().take(AT_GATE).map(|held| format!("{} on {}", held.mode, held.on)).collect();
    let more = held.len().saturating_sub(AT_GATE);
    let more = if more == 0 { String::new() } else { format!("; {more} more (tab Locks)") };
    let time = super::header::calm(now.mono_us.saturating_sub(since));
    Some(
        Row::labelled("locks", Tone::Warn, &format!("held for {time}: "))
            .say(Tone::Warn, &format!("{}{more}", named.join("; "))),
    )
}

fn held_words(held: &Held, since: Moment, now: Moment) -> String {
    let us = now.mono_us.saturating_sub(since.mono_us);
    format!("{} on {} for {}", held.mode, held.on, super::header::calm(us))
}

/// How many wait for the step, and who does longest.
fn victims(sample: &Sample, later_ms: u64) -> Option<Row> {
    let victims = sample.victims();
    let waited = |peer: &&&Peer| peer.wait.as_ref().map_or(0, |wait| wait.waited_ms);
    let longest = victims.iter().max_by_key(waited)?;
    let seconds = (waited(&longest) + later_ms) / 1000;
    let count = match victims.len() {
        1 => format!("1 session waits for it, for {seconds} s: "),
        more => format!("{more} sessions wait for it, the first for {seconds} s: "),
    };
    let more = if victims.len() > 1 { "; the others in tab Locks" } else { "" };
    Some(
        Row::labelled("blocks", Tone::Bad, &count)
            .say(Tone::Plain, &format!("{}{}", longest.name(), longest.runs()))
            .say(Tone::Dim, more),
    )
}

fn progress_row(label: &str, progress: &Progress, columns: usize) -> Row {
    let mut row = Row::labelled(label, Tone::Live, &progress.what);
    if let Some(percent) = progress.percent {
        let bar = BAR.min(columns.saturating_sub(30)).max(5);
        let full = bar * usize::from(percent.min(100)) / 100;
        row = row
            .say(Tone::Good, &format!(" {}", "█".repeat(full)))
            .say(Tone::Dim, &"░".repeat(bar - full))
            .say(Tone::Strong, &format!(" {percent} %"));
    }
    row.say(Tone::Dim, &format!(" {}", progress.from))
}

/// The pane.
pub fn locks(session: &Session, transcript: &Transcript, now: Moment, columns: usize) -> Vec<Row> {
    let Some(radar) = &transcript.radar else {
        return vec![Row::of(Tone::Dim, "The radar has seen nobody wait and no strong lock yet.")];
    };
    let in_flight = current(session, transcript).is_some();
    // What is over does not go on waiting.
    let now = if in_flight { now } else { radar.at };
    let sample = &radar.sample;
    let later_ms = radar.later_ms(now);
    let ago = match in_flight {
        true => format!("  seen {} ago", human_duration(later_ms * 1000)),
        false => format!("  as it was last seen, at {}", radar.at.wall.clock()),
    };
    let mut rows = vec![Row::of(Tone::Strong, &radar.step).say(Tone::Dim, &ago)];
    if let Some(why) = &sample.blind {
        rows.push(Row::labelled("radar", Tone::Bad, &format!("it does not see: {why}")));
    }
    rows.push(Row::new());
    if sample.shape().is_empty() {
        rows.push(Row::labelled("waits", Tone::Good, "nobody waits"));
    } else {
        rows.push(Row::of(Tone::Dim, "waits"));
        rows.extend(tree(sample, later_ms));
    }
    rows.push(Row::new());
    for (at, (held, since)) in sample.held.iter().zip(&radar.held_since).enumerate() {
        let label = if at == 0 { "holds" } else { "" };
        rows.push(Row::labelled(label, Tone::Warn, &held_words(held, *since, now)));
    }
    if sample.held.is_empty() && sample.pid != 0 {
        rows.push(Row::labelled("holds", Tone::Good, "no strong lock on what others can see"));
    }
    if let Some(progress) = &sample.progress {
        rows.push(Row::new());
        rows.push(progress_row("far", progress, columns));
    }
    if sample.left_off > 0 {
        rows.push(Row::of(Tone::Dim, &format!("and {} more that do not fit", sample.left_off)));
    }
    rows
}

/// Who is in the way first, below each who waits for it.
fn tree(sample: &Sample, later_ms: u64) -> Vec<Row> {
    let mut drawn = Vec::new();
    let mut rows = Vec::new();
    let known = |pid: i32| sample.peer(pid).is_some();
    // One that is gone, or a prepared transaction, is in the way without being a backend.
    let unknown = sample.peers.iter().flat_map(|peer| sample.blockers(peer)).filter(|peer| !known(peer.pid));
    let free = sample.peers.iter().filter(|peer| peer.wait.is_none()).cloned();
    let roots: Vec<Peer> = free.chain(unknown).collect();
    for peer in roots.iter().chain(&sample.peers) {
        // Whoever is left waits in a circle: it is opened at the first of them.
        branch(sample, peer, 0, later_ms, &mut drawn, &mut rows);
    }
    rows
}

fn branch(
    sample: &Sample,
    peer: &Peer,
    depth: usize,
    later_ms: u64,
    drawn: &mut Vec<i32>,
    rows: &mut Vec<Row>,
) {
    if drawn.contains(&peer.pid) || depth > DEPTH_MAX {
        return;
    }
    drawn.push(peer.pid);
    let own = sample.pid != 0 && peer.pid == sample.pid;
    let lead = if depth == 0 { "  ".to_owned() } else { format!("{}└ ", "  ".repeat(depth)) };
    let indent = lead.chars().count() + 2;
    let mut row = Row { indent, ..Row::of(Tone::Dim, &lead) };
    row = match (own, &peer.wait) {
        (true, _) => row.say(Tone::Live, "this step"),
        (false, Some(_)) => row.say(Tone::Plain, &peer.name()),
        (false, None) => row.say(Tone::Bad, &peer.words(later_ms)),
    };
    if let Some(wait) = &peer.wait {
        let waited =
            format!(" waits {} s for {} on {}", (wait.waited_ms + later_ms) / 1000, wait.mode, wait.on);
        let runs = if own { String::new() } else { peer.runs() };
        row = row.say(Tone::Warn, &waited).say(Tone::Plain, &runs);
    }
    rows.push(row);
    for next in sample.waiting_for(peer.pid) {
        branch(sample, next, depth + 1, later_ms, drawn, rows);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(pid: i32, blockers: &[i32]) -> Peer {
        let wait = LockWait {
            mode: "SHARE".to_owned(),
            on: "public.t".to_owned(),
            waited_ms: 1_000,
            blockers: blockers.to_vec(),
        };
        Peer { pid, wait: (!blockers.is_empty()).then_some(wait), ..Peer::default() }
    }

    fn drawn(peers: &[Peer]) -> String {
        let sample = Sample { pid: 1, peers: peers.to_vec(), ..Sample::default() };
        tree(&sample, 500).iter().map(|row| row.plain() + "\n").collect()
    }

    #[test]
    fn everybody_stands_once_below_whom_they_wait_for() {
        let peers = [peer(9, &[]), peer(1, &[9, 0]), peer(2, &[1]), peer(3, &[2, 1])];
        assert_eq!(
            drawn(&peers),
            "  process 9\n  └ this step waits 1 s for SHARE on public.t\n    └ process 2 waits 1 s for SHARE on public.t\n      └ process 3 waits 1 s for SHARE on public.t\n  a prepared transaction\n"
        );
    }

    #[test]
    fn a_circle_is_opened_once() {
        assert_eq!(
            drawn(&[peer(1, &[2]), peer(2, &[1])]),
            "  this step waits 1 s for SHARE on public.t\n  └ process 2 waits 1 s for SHARE on public.t\n"
        );
    }
}
