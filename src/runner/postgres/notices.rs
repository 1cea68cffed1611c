//! Notices that come together are reported together: a million of them must not be a million entries of a record.

use crate::session::{ErrorCard, NOTICES_BYTES_MAX, Report};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// So long a notice may wait for more of its kind.
const WAIT: Duration = Duration::from_millis(100);

/// Hears notices while one statement runs.
pub(super) struct Notices {
    waiting: Mutex<(Vec<ErrorCard>, usize)>,
    say: Arc<dyn Fn(Report) + Send + Sync>,
}

impl Notices {
    pub fn new(say: Arc<dyn Fn(Report) + Send + Sync>) -> Self {
        Self { waiting: Mutex::default(), say }
    }

    /// Takes one in; those that wait are said once they are as many as one entry holds.
    pub fn hear(&self, notice: ErrorCard) {
        let mut waiting = self.waiting();
        let bytes = notice.bytes();
        if waiting.1 + bytes > NOTICES_BYTES_MAX {
            drop(waiting);
            self.say_all();
            waiting = self.waiting();
        }
        waiting.0.push(notice);
        waiting.1 += bytes;
    }

    /// Waits for an answer, and says meanwhile what came; nothing waits any more when this returns.
    pub async fn during<T>(&self, answer: impl Future<Output = T>) -> T {
        let mut answer = std::pin::pin!(answer);
        let mut beat = tokio::time::interval(WAIT);
        beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let answer = loop {
            tokio::select! {
                biased;
                answer = &mut answer => break answer,
                _ = beat.tick() => self.say_all(),
            }
        };
        self.say_all();
        answer
    }

    fn waiting(&self) -> MutexGuard<'_, (Vec<ErrorCard>, usize)> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn say_all(&self) {
        let (all, _) = std::mem::take(&mut *self.waiting());
        let mut all = all.into_iter();
        if let Some(first) = all.next() {
            (self.say)(Report::Noticed { notice: Box::new(first), more: all.collect() });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(message: String) -> ErrorCard {
        ErrorCard { message, ..ErrorCard::default() }
    }

    #[tokio::test]
    async fn none_is_lost_none_is_moved_and_no_report_is_too_large() {
        let (say, said) = std::sync::mpsc::channel();
        let notices = Notices::new(Arc::new(move |report| say.send(report).unwrap()));
        let many: Vec<String> = (0..5_000).map(|at| format!("{at} {}", "x".repeat(at % 90))).collect();
        notices.during(async { many.iter().for_each(|text| notices.hear(card(text.clone()))) }).await;
        notices.during(async { notices.hear(card("y".repeat(2 * NOTICES_BYTES_MAX))) }).await;
        drop(notices);
        let mut heard = Vec::new();
        for (at, report) in said.into_iter().enumerate() {
            let Report::Noticed { notice, more } = report else { panic!("{report:?}") };
            let all: Vec<ErrorCard> = std::iter::once(*notice).chain(more).collect();
            let bytes: usize = all.iter().map(ErrorCard::bytes).sum();
            assert!(bytes <= NOTICES_BYTES_MAX || all.len() == 1, "report {at}: {bytes}");
            heard.extend(all.into_iter().map(|card| card.message));
        }
        assert_eq!(heard.pop().map(|last| last.len()), Some(2 * NOTICES_BYTES_MAX));
        assert_eq!(heard, many);
    }

    /// A lone one does not wait for the end of its statement.
    #[tokio::test]
    async fn a_lone_one_is_said_while_its_statement_runs() {
        let (say, said) = std::sync::mpsc::channel();
        let notices = Notices::new(Arc::new(move |report| say.send(report).unwrap()));
        let statement = async {
            notices.hear(card("one".to_owned()));
            while said.try_recv().is_err() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), notices.during(statement)).await.unwrap();
    }
}
