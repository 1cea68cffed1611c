//! Approving and rejecting: equally near, and neither without having looked.

use super::{Answer, Desk, DeskAction, Sheet};
use crate::session::Refusal;
use crate::signoff::{Choice, Wish};
use crate::time::Moment;

/// So many items are named in a refusal.
const NAMED_MAX: usize = 3;

impl Desk {
    /// The words that approve: who, as what, which verdict, which record.
    pub(super) fn phrase(&self) -> String {
        let papers = &self.papers;
        // The answer line takes plain letters only.
        let name: String =
            papers.reader.chars().map(|c| if c.is_ascii_graphic() { c } else { '?' }).collect();
        let role = papers.role.map_or("", crate::signoff::Role::word);
        let practice = if papers.practice { "PRACTICE " } else { "" };
        let head: Vec<&str> = papers.head_words.split(' ').take(2).collect();
        format!("sign {name} as {role}: {practice}{} {}", papers.verdict.word(), head.join(" "))
    }

    /// Why it cannot be approved now.
    fn in_the_way(&self) -> Option<Refusal> {
        let refusal = |what: &str, why: String, next: &str| {
            Some(Refusal { what: what.to_owned(), why, next: next.to_owned() })
        };
        let papers = &self.papers;
        let waiting: Vec<&str> = papers
            .items
            .iter()
            .filter(|item| item.must && !self.opened.contains(&item.id))
            .map(|item| item.id.as_str())
            .collect();
        if !waiting.is_empty() {
            let more = waiting.len().saturating_sub(NAMED_MAX);
            let named = waiting[..waiting.len() - more].join(", ");
            let more = if more == 0 { String::new() } else { format!(" and {more} more") };
            let why = format!("{} not opened yet: {named}{more}", waiting.len());
            return refusal("it cannot be approved yet", why, "press Esc, then n: it opens the next of them");
        }
        if !papers.closed {
            let why = "the ceremony is not over".to_owned();
            return refusal(
                "it cannot be approved",
                why,
                "end it with `ceremony resume`, then review it again",
            );
        }
        if !papers.verdict.is_good() {
            let why = format!("its verdict is {}: what it claims was not shown", papers.verdict.word());
            return refusal("it cannot be approved", why, "press Esc, then x, and say why you reject it");
        }
        None
    }

    pub(super) fn approve(&mut self, now: Moment) {
        self.sheet = match self.in_the_way() {
            Some(refusal) => Sheet::Refused(refusal),
            None => {
                let mut answer = Answer::default();
                answer.rest(now);
                Sheet::Approve(answer)
            }
        };
    }

    pub(super) fn reject(&mut self) {
        self.sheet = Sheet::Reject;
    }

    /// Entries that a rejection rests on: those of the bad items that were opened, else of the selected item.
    pub(super) fn cites(&self) -> Vec<u64> {
        let items = &self.papers.items;
        let opened = items.iter().filter(|item| item.must && self.opened.contains(&item.id));
        let mut cites: Vec<u64> = opened.flat_map(|item| item.entries.iter().copied()).collect();
        if cites.is_empty() {
            cites.extend(items.get(self.selected).into_iter().flat_map(|item| &item.entries));
        }
        cites.sort_unstable();
        cites.dedup();
        cites
    }

    fn wish(&self, choice: Choice, reason: String, cites: Vec<u64>) -> Option<DeskAction> {
        let opened = self.opened.iter().cloned().collect();
        Some(DeskAction::Sign(Wish { role: self.papers.role?, choice, reason, cites, opened }))
    }

    pub(super) fn confirm(&mut self, now: Moment) -> Option<DeskAction> {
        if matches!(self.sheet, Sheet::Reject) {
            let reason = self.reason.text();
            if reason.is_empty() {
                self.message = Some("a rejection needs words: say what is wrong, then Ctrl-D".to_owned());
                return None;
            }
            return self.wish(Choice::Reject, reason, self.cites());
        }
        let phrase = self.phrase();
        let Sheet::Approve(answer) = &mut self.sheet else { return None };
        let refused = match answer.pace(now) {
            Err(why) => why,
            Ok(()) if answer.text.trim().is_empty() => "Enter alone does nothing: type the phrase first",
            Ok(()) if answer.text.trim() != phrase => "that is not the phrase: type it letter for letter",
            Ok(()) => return self.wish(Choice::Approve, String::new(), Vec::new()),
        };
        self.message = Some(refused.to_owned());
        None
    }
}
