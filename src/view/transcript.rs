//! What was said and seen, entry by entry: the lines of the output pane and the tables of the results pane.

use crate::journal::Entry;
use crate::session::*;
use crate::time::{Moment, human_duration};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

/// The output pane keeps this many lines; all of them are in the record.
pub const LINES_MAX: usize = 20_000;
/// And so much of a line, bytes.
const LINE_BYTES_MAX: usize = 2048;
/// The results pane keeps this many tables,
pub const TABLES_MAX: usize = 500;
/// and of those before the newest so much, bytes.
const TABLES_BYTES_MAX: usize = 16 << 20;

/// Everything the panes show that the session's state does not hold.
#[derive(Clone, Debug, Default)]
pub struct Transcript {
    /// Number of the last entry.
    pub entries: u64,
    /// When it was written.
    pub at: Option<Moment>,
    /// Oldest first.
    pub lines: VecDeque<Line>,
    /// How many lines were left out before the oldest one.
    pub dropped: u64,
    /// Oldest first.
    pub tables: VecDeque<Arc<Table>>,
    /// What the latest proof of each step changed: step, objects.
    pub changes: Vec<(String, Vec<ObjectChange>)>,
    /// The statement that was sent last: step, place, text.
    pub statement: Option<(String, Place, String)>,
    /// How far the step that sent something last is: step, `statement` or `unit`, index from 0, how many there are.
    pub far: Option<(String, &'static str, usize, usize)>,
    /// The lines at which the statements of a file start that ran in its latest attempt, by file.
    pub ran: BTreeMap<String, BTreeSet<usize>>,
    /// The last error of the server.
    pub error: Option<Box<ErrorCard>>,
    /// What the radar saw last.
    pub radar: Option<super::Radar>,
}

/// A line of the output pane.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Number of the entry it comes from.
    pub entry: u64,
    /// When.
    pub at: Moment,
    /// The step it belongs to, if any.
    pub step: String,
    /// How it is drawn.
    pub kind: LineKind,
    /// Untrusted text.
    pub text: String,
}

/// How a line is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// Something was decided.
    Event,
    /// SQL that is sent.
    Sql,
    /// The server's command tag.
    Tag,
    /// A notice.
    Notice,
    /// An error.
    Error,
    /// Output of a child or rows of a statement.
    Output,
    /// A check that passed.
    Good,
    /// A check that did not.
    Bad,
    /// A person's words.
    Words,
}

/// A result of a query and what was made of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// Number of the entry it comes from.
    pub entry: u64,
    /// The step it belongs to.
    pub step: String,
    /// The query's id.
    pub query: String,
    /// What came back; untrusted text.
    pub result: ResultSet,
    /// Microseconds.
    pub elapsed_us: u64,
    /// What was made of it: verdict, wanted, seen.
    pub judged: Option<(Verdict, String, String)>,
}

impl Table {
    /// About what its rows take in memory.
    fn bytes(&self) -> usize {
        let cell = |cell: &Option<String>| size_of::<Option<String>>() + cell.as_ref().map_or(0, String::len);
        self.result.rows.iter().flatten().map(cell).sum()
    }
}

/// A line as it is kept; the whole one is in the record.
fn cut(line: &str) -> String {
    if line.len() <= LINE_BYTES_MAX {
        return line.to_owned();
    }
    let kept = &line[..line.floor_char_boundary(LINE_BYTES_MAX - 64)];
    format!("{kept}… (of {} bytes; all that was kept is in the record)", line.len())
}

/// What an entry made of the check that `is_it`: verdict, wanted, seen.
pub(super) fn judged(entry: &Entry, is_it: impl Fn(&str) -> bool) -> Option<(Verdict, String, String)> {
    entry.events.iter().find_map(|event| match event {
        Event::CheckJudged { check, verdict, expected, observed, .. } if is_it(check) => {
            Some((*verdict, expected.clone(), observed.clone()))
        }
        _ => None,
    })
}

/// Whether an entry without events, with a report of that name, does nothing to a transcript but add lines.
pub fn only_adds_lines(report: &str) -> bool {
    const REPORTS: [&str; 5] =
        ["printed", "noticed", "statement-finished", "statement-toll", "statement-left-out"];
    REPORTS.contains(&report)
}

impl Transcript {
    /// Takes an entry in, after the session (given as it is now) applied it.
    pub fn take(&mut self, entry: &Entry, session: &Session) {
        self.entries = entry.n;
        self.at = Some(entry.at());
        let step = session.current_step().unwrap_or_default().to_owned();
        if let Input::Outcome(outcome) = &entry.cause {
            let step = session.step_of(&outcome.attempt).unwrap_or(step);
            self.report(entry, &step, session, &outcome.report);
        }
        for event in &entry.events {
            if let Event::StepStarted { step, .. } = event {
                self.forget_what_ran(session, step);
            }
            self.event(entry, event);
        }
    }

    /// A step that starts again has run nothing yet.
    fn forget_what_ran(&mut self, session: &Session, step: &str) {
        for script in super::scripts(session, step) {
            if let Some(ran) = self.ran.get_mut(&script.file) {
                let to = script.first_line + script.text.lines().count();
                ran.retain(|line| !(script.first_line..to).contains(line));
            }
        }
    }

    /// Puts a table into the results.
    pub(super) fn put(
        &mut self,
        entry: &Entry,
        step: &str,
        query: &str,
        result: ResultSet,
        elapsed_us: u64,
        judged: Option<(Verdict, String, String)>,
    ) {
        let mut bytes: usize = self.tables.iter().map(|table| table.bytes()).sum();
        while self.tables.len() >= TABLES_MAX || bytes > TABLES_BYTES_MAX {
            let Some(oldest) = self.tables.pop_front() else { break };
            bytes -= oldest.bytes();
        }
        let (step, query) = (step.to_owned(), query.to_owned());
        self.tables.push_back(Arc::new(Table { entry: entry.n, step, query, result, elapsed_us, judged }));
    }

    pub(super) fn push(&mut self, entry: &Entry, step: &str, kind: LineKind, text: &str) {
        for line in text.lines() {
            if self.lines.len() == LINES_MAX {
                self.lines.pop_front();
                self.dropped += 1;
            }
            self.lines.push_back(Line {
                entry: entry.n,
                at: entry.at(),
                step: step.to_owned(),
                kind,
                text: cut(line),
            });
        }
    }

    fn report(&mut self, entry: &Entry, step: &str, session: &Session, report: &Report) {
        match report {
            Report::StatementStarted { index, of, at, sql } => {
                self.push(entry, step, LineKind::Event, &format!("statement {} of {of}, {at}", index + 1));
                self.push(entry, step, LineKind::Sql, sql);
                self.statement = Some((step.to_owned(), at.clone(), sql.clone()));
                self.far = Some((step.to_owned(), "statement", *index, *of));
            }
            Report::StatementFinished { tag, elapsed_us, .. } => {
                if let Some((_, at, _)) = &self.statement {
                    self.ran.entry(at.file.clone()).or_default().insert(at.line);
                }
                self.push(entry, step, LineKind::Tag, &format!("{tag}  {}", human_duration(*elapsed_us)));
            }
            Report::StatementToll { toll, .. } => {
                let locks = toll.locks.iter().map(|lock| format!("takes {} on {}", lock.mode, lock.relation));
                let files = toll.rewritten.iter().map(|table| format!("writes {table} anew"));
                let toll: Vec<String> = locks.chain(files).collect();
                self.push(entry, step, LineKind::Notice, &format!("others would feel: {}", toll.join("; ")));
            }
            Report::StatementLeftOut { at, sql, why } => {
                self.push(entry, step, LineKind::Event, &format!("left out: {sql} ({at}): {why}"));
            }
            Report::Noticed { notice, more } => {
                for notice in std::iter::once(&**notice).chain(more) {
                    self.push(entry, step, LineKind::Notice, &notice.one_line());
                }
            }
            Report::Printed { text, .. } => self.push(entry, step, LineKind::Output, text),
            Report::Observed { observation } => self.observed(entry, step, session, observation),
            Report::Sampled { sample } => self.sampled(entry, step, sample),
            Report::Failed { failure: Failure::Sql { error } } => {
                self.push(entry, step, LineKind::Error, &error.card());
                self.error = Some(error.clone());
            }
            Report::Failed { failure } => self.push(entry, step, LineKind::Error, &failure.words()),
            Report::UnitReady { index, of, at, sql, look } => {
                let found = if look.found.is_empty() { String::new() } else { format!(": {}", look.found) };
                self.push(entry, step, LineKind::Event, &format!("unit {} of {of}, {at}{found}", index + 1));
                self.statement = Some((step.to_owned(), at.clone(), sql.clone()));
                self.far = Some((step.to_owned(), "unit", *index, *of));
            }
            Report::UnitFailed { failure, look, .. } => {
                self.report(entry, step, session, &Report::Failed { failure: failure.clone() });
                self.push(entry, step, LineKind::Bad, &look.found);
            }
            Report::Masked { rule, count } => {
                self.push(entry, step, LineKind::Notice, &format!("masked above: {rule}, {count} times"));
            }
            Report::Proved { .. }
            | Report::UnitDone { .. }
            | Report::UnitsComplete
            | Report::Committed
            | Report::Discarded
            | Report::Settled { .. }
            | Report::Told { .. }
            | Report::Finished => {}
        }
    }

    fn observed(&mut self, entry: &Entry, step: &str, session: &Session, observation: &Observation) {
        self.observed_schema(entry, step, session, observation);
        match observation {
            Observation::Query { query, result, elapsed_us } => {
                let judged = judged(entry, |_| true);
                self.put(entry, step, query, result.clone(), *elapsed_us, judged);
            }
            Observation::QueryFailed { error, .. } => {
                self.push(entry, step, LineKind::Error, &error.card());
                self.error = Some(error.clone());
            }
            Observation::Suite { tests, .. } => {
                for test in tests {
                    let (kind, word) =
                        if test.ok { (LineKind::Good, "ok") } else { (LineKind::Bad, "not ok") };
                    let note =
                        if test.note.is_empty() { String::new() } else { format!("  # {}", test.note) };
                    self.push(entry, step, kind, &format!("{word} {}{note}", test.name));
                }
            }
            Observation::Drill { rungs, residue, kept, again } if rungs.is_empty() => {
                for name in kept {
                    self.push(entry, step, LineKind::Output, &format!("kept as declared: {name}"));
                }
                for change in residue.iter().chain(again) {
                    self.push(entry, step, LineKind::Bad, &change.one_line());
                }
            }
            _ => {}
        }
    }

    fn event(&mut self, entry: &Entry, event: &Event) {
        let (kind, step, text) = match event {
            Event::CheckJudged { step, check, verdict, expected, observed, .. } => {
                let kind = if verdict.is_good() { LineKind::Good } else { LineKind::Bad };
                let text = if verdict.is_good() {
                    format!("{} {check}: {observed}", verdict.word())
                } else {
                    format!("{} {check}: expected {expected}, observed {observed}", verdict.word())
                };
                (kind, step.as_str(), text)
            }
            Event::StepFinished { verdict, .. } if verdict.is_good() => {
                self.error = None;
                return self.headline(entry, event);
            }
            Event::NoteTaken { words } => (LineKind::Words, "", format!("note: {words}")),
            Event::StageDone { stage, words, decision } => {
                let decision = decision.map(|decision| format!("{}: ", decision.word())).unwrap_or_default();
                (LineKind::Words, "", format!("{} {decision}{words}", stage.word()))
            }
            _ => return self.headline(entry, event),
        };
        self.push(entry, step, kind, &text);
    }

    fn headline(&mut self, entry: &Entry, event: &Event) {
        if let Some((step, text)) = event.headline() {
            self.push(entry, step, event.line_kind(), &text);
        }
    }
}

impl Session {
    /// The step whose latest attempt this is.
    pub fn step_of(&self, attempt: &AttemptId) -> Option<String> {
        let forward = self.plan.steps.iter().zip(&self.steps);
        let back = self.plan.rollback.iter().zip(&self.rollback);
        forward
            .chain(back)
            .find(|(_, state)| state.attempt.as_ref() == Some(attempt))
            .map(|(step, _)| step.id.clone())
    }
}
