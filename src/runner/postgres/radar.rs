//! The radar: a second backend that looks a few times a second at who waits for whom, and says what is news.
//!
//! It only reads, waits for no lock and never stands in the way: what goes wrong with it is said once and fails nothing.

mod look;

use super::attempt::{Attempt, Room};
use super::backend::{Backend, DbError, Endpoint};
use super::stop::Stop;
use crate::definition::StepKind;
use crate::session::*;
use look::Looker;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};

/// How often it looks.
const BEAT: Duration = Duration::from_millis(250);
/// A look that takes longer is given up, and the connection with it.
const LOOK_MAX: Duration = Duration::from_secs(3);
/// How long its connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// A blind radar tries again after so many beats.
const BLIND_BEATS: u32 = 8;
/// A wait that was seen longer ago than this does not explain an error, microseconds.
const EXPLAINS_US: u64 = 1_500_000;

/// What the radar saw last, for whoever has to explain an error.
#[derive(Default)]
pub struct Sight(Mutex<Option<(u64, Sample)>>);

impl Sight {
    fn waited(&self, now_us: u64, sample: &Sample) {
        if sample.own().is_some_and(|own| own.wait.is_some())
            && let Ok(mut slot) = self.0.lock()
        {
            *slot = Some((now_us, sample.clone()));
        }
    }

    /// Who was in the way when the server said `card` to backend `pid`: from the last look at its wait, and for a
    /// deadlock from the server's own words.
    pub fn blockers(&self, card: &ErrorCard, pid: Option<i32>, now_us: u64) -> Vec<Peer> {
        if !["55P03", "40P01"].contains(&card.sqlstate.as_str()) {
            return Vec::new();
        }
        let seen = self.0.lock().ok().and_then(|slot| slot.clone());
        let seen = seen.filter(|(at_us, _)| now_us.saturating_sub(*at_us) <= EXPLAINS_US);
        let sample = seen.map(|(_, sample)| sample).unwrap_or_default();
        let mut found: Vec<Peer> = sample.own().map(|own| sample.blockers(own).collect()).unwrap_or_default();
        let detail = card.detail.as_deref().filter(|_| card.sqlstate == "40P01").unwrap_or_default();
        for other in deadlocked(detail) {
            if Some(other) != pid && found.iter().all(|peer| peer.pid != other) {
                found.push(sample.peer(other).cloned().unwrap_or(Peer { pid: other, ..Peer::default() }));
            }
        }
        found.truncate(PEERS_MAX);
        found
    }
}

/// The processes in the detail of a deadlock: `Process 1 waits for …; blocked by process 2.`, a line for each.
fn deadlocked(detail: &str) -> impl Iterator<Item = i32> {
    detail.split("blocked by process ").skip(1).filter_map(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    })
}

/// A radar at work; it ends when this is dropped.
pub struct Radar {
    _work: oneshot::Sender<()>,
}

impl Radar {
    /// Begins to look around the backend of `attempt`, once there is one. Suites and the drill have many: there
    /// everybody who waits in the database is looked at.
    pub fn start(attempt: &Attempt) -> Self {
        let (work, over) = oneshot::channel();
        let everybody = matches!(attempt.step.kind, StepKind::Suite | StepKind::Drill);
        let mut endpoint = attempt.room.endpoint.clone();
        if attempt.step.kind == StepKind::Drill {
            // Nobody may be connected to a database that is being copied.
            endpoint = super::copy::outside(&endpoint);
        }
        let looking = Looking {
            room: attempt.room.clone(),
            stop: attempt.stop.clone(),
            sight: attempt.sight.clone(),
            say: attempt.say.clone(),
            endpoint,
            everybody,
            said: None,
            blind_for: 0,
        };
        tokio::spawn(looking.until(over));
        Self { _work: work }
    }
}

struct Looking {
    room: Arc<Room>,
    stop: Arc<Stop>,
    sight: Arc<Sight>,
    say: Arc<dyn Fn(Report) + Send + Sync>,
    endpoint: Endpoint,
    everybody: bool,
    /// The last sample that was reported, and when.
    said: Option<(u64, Sample)>,
    /// Beats until it tries again.
    blind_for: u32,
}

impl Looking {
    async fn until(mut self, mut over: oneshot::Receiver<()>) {
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut looker: Option<Looker> = None;
        tokio::select! {
            _ = &mut over => {}
            () = self.look_on(&mut beat, &mut looker) => {}
        }
        if let Some(looker) = looker {
            looker.close().await;
        }
    }

    /// Looks for as long as it is let.
    async fn look_on(&mut self, beat: &mut Interval, looker: &mut Option<Looker>) {
        let limits = self.room.plan.ceremony.limits;
        let too_many = (limits.blocked_sessions_max, limits.blocked_ms_max);
        loop {
            beat.tick().await;
            let pid = if self.everybody { Some(0) } else { self.stop.pid() };
            let Some(pid) = pid else { continue };
            if self.blind_for > 0 {
                self.blind_for -= 1;
                continue;
            }
            let sample = match timeout(LOOK_MAX, self.look(looker, pid)).await {
                Ok(Ok(sample)) => sample,
                Ok(Err(error)) => self.blind(looker, pid, error.to_string()),
                Err(_) => self.blind(looker, pid, format!("no answer within {} s", LOOK_MAX.as_secs())),
            };
            let now_us = (self.room.now_us)();
            self.sight.waited(now_us, &sample);
            let before = self.said.as_ref().map(|(_, sample)| sample);
            let since_ms = self.said.as_ref().map_or(0, |(at_us, _)| now_us.saturating_sub(*at_us) / 1000);
            // What it cannot see is said once; until it sees again there is nothing to add.
            let known = sample.blind.is_some() && before.is_some_and(|before| before.blind.is_some());
            if !known && sample.is_news(before, since_ms, too_many) {
                (self.say)(Report::Sampled { sample: Box::new(sample.clone()) });
                self.said = Some((now_us, sample));
            }
        }
    }

    async fn look(&self, looker: &mut Option<Looker>, pid: i32) -> Result<Sample, DbError> {
        let ready = match looker.take() {
            Some(looker) => looker,
            None => {
                Looker::new(Backend::connect(&self.endpoint, "ceremony radar", CONNECT_MAX).await?).await?
            }
        };
        let found = looker.insert(ready).look(pid, &self.room.endpoint.database).await;
        if matches!(found, Err(DbError::Lost(_))) {
            *looker = None;
        }
        found
    }

    fn blind(&mut self, looker: &mut Option<Looker>, pid: i32, why: String) -> Sample {
        *looker = None;
        self.blind_for = BLIND_BEATS;
        Sample { pid, blind: Some(why), ..Sample::default() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(sqlstate: &str, detail: &str) -> ErrorCard {
        ErrorCard { sqlstate: sqlstate.to_owned(), detail: Some(detail.to_owned()), ..ErrorCard::default() }
    }

    #[test]
    fn a_deadlock_names_its_processes() {
        let detail = "Process 12 waits for ShareLock on transaction 745; blocked by process 34.\nProcess 34 waits for ShareLock on transaction 744; blocked by process 12.";
        let sight = Sight::default();
        let pids = |card: &ErrorCard| -> Vec<i32> {
            sight.blockers(card, Some(12), 0).iter().map(|peer| peer.pid).collect()
        };
        assert_eq!(pids(&card("40P01", detail)), [34]);
        assert_eq!(pids(&card("40001", detail)), [0; 0]);
        assert_eq!(pids(&card("40P01", "")), [0; 0]);
    }

    #[test]
    fn what_was_seen_long_ago_explains_nothing() {
        let sight = Sight::default();
        let wait = LockWait { blockers: vec![7], ..LockWait::default() };
        let own = Peer { pid: 12, wait: Some(wait), ..Peer::default() };
        let other = Peer { pid: 7, application: "psql".to_owned(), ..Peer::default() };
        sight.waited(1_000, &Sample { pid: 12, peers: vec![own, other.clone()], ..Sample::default() });
        // It does not wait any more: what it waited for is still what the error is about.
        sight.waited(2_000, &Sample { pid: 12, ..Sample::default() });
        assert_eq!(sight.blockers(&card("55P03", ""), Some(12), EXPLAINS_US), [other]);
        assert!(sight.blockers(&card("55P03", ""), Some(12), EXPLAINS_US + 2_000).is_empty());
    }
}
