//! What the radar saw: who waits for whom around an attempt's backend, which locks it holds, how far its statement is;
//! and the rule by which an attempt that others wait for is stopped.

use super::decide::Deciding;
use super::stopping::pressed;
use super::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// So many backends are named in a sample; those that wait longest go first.
pub const PEERS_MAX: usize = 32;
/// So many locks are named in a sample.
pub const LOCKS_MAX: usize = 32;
/// While somebody waits, a sample is reported so often, milliseconds.
pub const WAITING_MS: u64 = 1_000;
/// Progress is reported in steps of so many points.
const PERCENT_STEP: u8 = 5;

/// A look at the server.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Sample {
    /// The attempt's backend; 0 when every backend in the database is looked at.
    pub pid: i32,
    /// Everybody who waits, and whom they wait for, at most [`PEERS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub peers: Vec<Peer>,
    /// Strong locks that the attempt's backend holds on what others can see, at most [`LOCKS_MAX`].
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<Held>,
    /// How far the running statement is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub progress: Option<Progress>,
    /// Backends and locks that did not fit.
    #[serde(skip_serializing_if = "is_zero")]
    pub left_off: usize,
    /// Why the radar does not see; said once an attempt.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blind: Option<String>,
}

fn is_zero(number: &usize) -> bool {
    *number == 0
}

/// A backend of the server. Texts are the server's and not to be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Peer {
    /// Its process; 0 is a prepared transaction.
    pub pid: i32,
    /// The role.
    pub user: String,
    /// `application_name`.
    pub application: String,
    /// `active`, `idle in transaction`, …
    pub state: String,
    /// For how long it is in that state, milliseconds.
    pub state_ms: u64,
    /// The first line of what it runs, or ran last, at most 200 bytes.
    pub query: String,
    /// What it waits for, if it does.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wait: Option<LockWait>,
}

/// A wait for a lock.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LockWait {
    /// `ACCESS EXCLUSIVE`.
    pub mode: String,
    /// `public.bookings`, `transaction 771`, …
    pub on: String,
    /// For how long, milliseconds.
    pub waited_ms: u64,
    /// Who is in the way.
    pub blockers: Vec<i32>,
}

/// A lock that is held.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// `public.bookings`.
    pub on: String,
    /// `ACCESS EXCLUSIVE`.
    pub mode: String,
}

/// How far a statement is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Progress {
    /// `CREATE INDEX: building index`.
    pub what: String,
    /// 0 to 100; `None` when there is nothing to estimate it from.
    pub percent: Option<u8>,
    /// What the estimate rests on.
    pub from: String,
}

impl Peer {
    /// `process 4711 "psql" of ada`.
    pub fn name(&self) -> String {
        let Self { pid, user, application, .. } = self;
        if *pid == 0 {
            return "a prepared transaction".to_owned();
        }
        let mut text = format!("process {pid}");
        if !application.is_empty() {
            text.push_str(&format!(" \"{application}\""));
        }
        if !user.is_empty() {
            text.push_str(&format!(" of {user}"));
        }
        text
    }

    /// `: SELECT …`, or nothing.
    pub fn runs(&self) -> String {
        let query = self.query.trim_end_matches([';', ' ']);
        if query.is_empty() { String::new() } else { format!(": {query}") }
    }

    /// `process 4711 "psql" of ada (idle in transaction for 12 s): LOCK TABLE …`, `later_ms` after it was seen so.
    pub fn words(&self, later_ms: u64) -> String {
        let Self { state, state_ms, .. } = self;
        let mut text = self.name();
        if !state.is_empty() {
            text.push_str(&format!(" ({state} for {} s)", (state_ms + later_ms) / 1000));
        }
        text + &self.runs()
    }
}

impl Sample {
    /// The attempt's own backend, if it waits or is waited for.
    pub fn own(&self) -> Option<&Peer> {
        self.peer(self.pid).filter(|_| self.pid != 0)
    }

    /// A backend by its process.
    pub fn peer(&self, pid: i32) -> Option<&Peer> {
        self.peers.iter().find(|peer| peer.pid == pid)
    }

    /// Who is in the way of `peer`; one that is gone or did not fit has only its number.
    pub fn blockers<'s>(&'s self, peer: &'s Peer) -> impl Iterator<Item = Peer> + 's {
        let pids = peer.wait.iter().flat_map(|wait| &wait.blockers);
        pids.map(|pid| self.peer(*pid).cloned().unwrap_or(Peer { pid: *pid, ..Peer::default() }))
    }

    /// Who waits for `pid` at first hand.
    pub fn waiting_for(&self, pid: i32) -> impl Iterator<Item = &Peer> {
        let waits = move |peer: &&Peer| peer.wait.as_ref().is_some_and(|wait| wait.blockers.contains(&pid));
        self.peers.iter().filter(waits)
    }

    /// Who cannot go on because of the attempt's backend, at first hand or through others.
    pub fn victims(&self) -> Vec<&Peer> {
        if self.pid == 0 {
            return Vec::new();
        }
        let mut behind = BTreeSet::from([self.pid]);
        loop {
            let more: Vec<i32> = self
                .peers
                .iter()
                .filter(|peer| !behind.contains(&peer.pid))
                .filter(|peer| {
                    peer.wait
                        .as_ref()
                        .is_some_and(|wait| wait.blockers.iter().any(|pid| behind.contains(pid)))
                })
                .map(|peer| peer.pid)
                .collect();
            if more.is_empty() {
                break;
            }
            behind.extend(more);
        }
        self.peers.iter().filter(|peer| peer.pid != self.pid && behind.contains(&peer.pid)).collect()
    }

    /// The victims that are too many for too long, by these limits; `None` when the rule does not apply.
    pub fn too_many(&self, sessions_max: u64, ms_max: u64) -> Option<Vec<&Peer>> {
        let long = |peer: &&Peer| peer.wait.as_ref().is_some_and(|wait| wait.waited_ms >= ms_max);
        let victims: Vec<&Peer> = self.victims().into_iter().filter(long).collect();
        let enough = u64::try_from(victims.len()).is_ok_and(|count| count >= sessions_max);
        (sessions_max > 0 && ms_max > 0 && enough).then_some(victims)
    }

    /// A line for every wait, `later_ms` after it was seen: who waits how long for what, and who is in the way.
    pub fn lines(&self, later_ms: u64) -> Vec<String> {
        let waiting = self.peers.iter().filter_map(|peer| Some((peer, peer.wait.as_ref()?)));
        waiting
            .map(|(peer, wait)| {
                let own = peer.pid == self.pid;
                let (who, runs) = match own {
                    true => (String::new(), String::new()),
                    false => (format!("{} ", peer.name()), peer.runs()),
                };
                let blockers: Vec<String> = self
                    .blockers(peer)
                    .map(|blocker| match blocker.pid == self.pid {
                        true => "this step".to_owned(),
                        false => blocker.words(later_ms),
                    })
                    .collect();
                let held = if blockers.is_empty() {
                    "nobody that can be seen".to_owned()
                } else {
                    blockers.join("; ")
                };
                let LockWait { mode, on, waited_ms, .. } = wait;
                let waited_s = (waited_ms + later_ms) / 1000;
                format!("{who}waits {waited_s} s for {mode} on {on}, held by {held}{runs}")
            })
            .collect()
    }

    /// Who waits for whom and for what, without times: what a person would call the same situation.
    pub fn shape(&self) -> Vec<(i32, &[i32], &str, &str)> {
        let waiting = self.peers.iter().filter_map(|peer| Some((peer.pid, peer.wait.as_ref()?)));
        let mut shape: Vec<_> = waiting
            .map(|(pid, wait)| (pid, wait.blockers.as_slice(), wait.mode.as_str(), wait.on.as_str()))
            .collect();
        shape.sort_unstable();
        shape
    }

    /// Whether a person would want to know this sample after `before`, the last one that was reported, `since_ms` ago.
    pub fn is_news(&self, before: Option<&Self>, since_ms: u64, too_many: (u64, u64)) -> bool {
        let Some(before) = before else {
            return *self != Self { pid: self.pid, ..Self::default() };
        };
        let rule = |sample: &Self| sample.too_many(too_many.0, too_many.1).is_some();
        let waits = self.peers.iter().any(|peer| peer.wait.is_some());
        self.shape() != before.shape()
            || self.held != before.held
            || self.blind != before.blind
            || progressed(before.progress.as_ref(), self.progress.as_ref())
            || waits && since_ms >= WAITING_MS
            || rule(self) && !rule(before)
    }
}

fn progressed(before: Option<&Progress>, now: Option<&Progress>) -> bool {
    match (before, now) {
        (None, None) => false,
        (Some(before), Some(now)) => {
            let points = now.percent.unwrap_or(0).abs_diff(before.percent.unwrap_or(0));
            before.what != now.what || points >= PERCENT_STEP
        }
        _ => true,
    }
}

impl Deciding<'_> {
    /// A sample of the attempt at `step`: too many that wait for it too long stop it.
    pub(super) fn sampled(&mut self, step: &str, attempt: &AttemptId, sample: &Sample) {
        if let Some(why) = &sample.blind {
            self.emit(Event::FindingRaised { what: format!("the radar does not see: {why}") });
        }
        let limits = self.session().plan.ceremony.limits;
        let (sessions, ms) = (limits.blocked_sessions_max, limits.blocked_ms_max);
        let Some(victims) = sample.too_many(sessions, ms) else { return };
        let names: Vec<String> = victims.iter().map(|peer| peer.words(0)).collect();
        let why = format!(
            "{} sessions waited {ms} ms or longer for it (blocked_sessions_max = {sessions}, blocked_ms_max = {ms}): {}",
            victims.len(),
            names.join("; ")
        );
        match &self.session().phase {
            Phase::Running(running) if running.work == Work::Run && running.stop == 0 => {
                self.emit(Event::StopRequested {
                    attempt: attempt.clone(),
                    level: 1,
                    rule: Some(why),
                    by: None,
                });
            }
            Phase::Gate(gate) if gate.kind == GateKind::Commit => {
                let left = self.session().what_is_left(step, true);
                let halt = Halt { cause: HaltCause::Rule, step: step.to_owned(), why, left, error: None };
                self.emit(Event::DiscardRequested {
                    step: step.to_owned(),
                    attempt: attempt.clone(),
                    halt: Some(Box::new(halt)),
                });
            }
            _ => {}
        }
    }

    /// Who asked for the stop of what runs, in cause and words.
    pub(super) fn stopped_by(&self) -> (HaltCause, String) {
        match &self.session().phase {
            Phase::Running(Running { rule: Some(why), .. }) => (HaltCause::Rule, why.clone()),
            Phase::Running(running) => pressed(running.by.as_ref()),
            _ => pressed(None),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn peer(pid: i32, blockers: &[i32], waited_ms: u64) -> Peer {
        let wait = LockWait {
            mode: "ACCESS SHARE".to_owned(),
            on: "public.t".to_owned(),
            waited_ms,
            blockers: blockers.to_vec(),
        };
        Peer {
            pid,
            application: "app".to_owned(),
            wait: (!blockers.is_empty()).then_some(wait),
            ..Peer::default()
        }
    }

    fn sample(peers: &[Peer]) -> Sample {
        Sample { pid: 1, peers: peers.to_vec(), ..Sample::default() }
    }

    #[test]
    fn victims_are_found_through_others_and_blockers_are_none() {
        let sample = sample(&[
            peer(9, &[], 0),
            peer(1, &[9], 5),
            peer(2, &[1], 5),
            peer(3, &[2, 9], 5),
            peer(4, &[9], 5),
        ]);
        let victims: Vec<i32> = sample.victims().iter().map(|peer| peer.pid).collect();
        assert_eq!(victims, [2, 3]);
        assert!(Sample { pid: 0, ..sample }.victims().is_empty());
    }

    #[test]
    fn the_rule_wants_enough_that_wait_long_enough() {
        let three = sample(&[peer(2, &[1], 2_000), peer(3, &[1], 2_500), peer(4, &[3], 2_000)]);
        assert_eq!(three.too_many(3, 2_000).map(|victims| victims.len()), Some(3));
        assert!(three.too_many(4, 2_000).is_none());
        assert!(three.too_many(3, 2_001).is_none());
        assert!(three.too_many(0, 2_000).is_none(), "0 turns it off");
        assert!(three.too_many(3, 0).is_none(), "0 turns it off");
    }

    #[test]
    fn news_is_what_changed_and_a_wait_that_goes_on() {
        let quiet = Sample { pid: 1, ..Sample::default() };
        let off = (0, 0);
        assert!(!quiet.is_news(None, 0, off));
        assert!(!quiet.is_news(Some(&quiet), 60_000, off));
        let waits = sample(&[peer(9, &[], 0), peer(1, &[9], 100)]);
        let later = sample(&[peer(9, &[], 0), peer(1, &[9], 900)]);
        assert!(waits.is_news(None, 0, off) && waits.is_news(Some(&quiet), 0, off));
        assert!(quiet.is_news(Some(&waits), 0, off));
        assert!(!later.is_news(Some(&waits), WAITING_MS - 1, off));
        assert!(later.is_news(Some(&waits), WAITING_MS, off));
        let victim = |ms| sample(&[peer(2, &[1], ms)]);
        assert!(!victim(1_900).is_news(Some(&victim(1_700)), 200, (1, 2_000)));
        assert!(victim(2_100).is_news(Some(&victim(1_900)), 200, (1, 2_000)), "the rule is met now");
        let at = |percent| {
            let progress = Progress { what: "copy".to_owned(), percent: Some(percent), from: String::new() };
            Sample { pid: 1, progress: Some(progress), ..Sample::default() }
        };
        assert!(at(0).is_news(Some(&quiet), 0, off) && quiet.is_news(Some(&at(0)), 0, off));
        assert!(!at(14).is_news(Some(&at(10)), 9_000, off));
        assert!(at(15).is_news(Some(&at(10)), 0, off));
        let held = Held { on: "public.t".to_owned(), mode: "ACCESS EXCLUSIVE".to_owned() };
        assert!(Sample { held: vec![held], ..quiet.clone() }.is_news(Some(&quiet), 0, off));
    }

    #[test]
    fn waits_in_words() {
        let mut blocker = peer(9, &[], 0);
        (blocker.state, blocker.state_ms) = ("idle in transaction".to_owned(), 12_300);
        (blocker.user, blocker.query) = ("ada".to_owned(), "LOCK TABLE public.t".to_owned());
        let sample = sample(&[peer(1, &[9], 3_100), peer(2, &[1, 8], 700), blocker]);
        assert_eq!(
            sample.lines(0),
            [
                "waits 3 s for ACCESS SHARE on public.t, held by process 9 \"app\" of ada (idle in transaction for 12 s): LOCK TABLE public.t",
                "process 2 \"app\" waits 0 s for ACCESS SHARE on public.t, held by this step; process 8",
            ]
        );
    }
}
