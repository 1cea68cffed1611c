//! Pictures as inline SVG: the dependency graph, the time line, durations beside their estimates.

use super::{Page, class, shape, text};
use crate::report::facts::{Attempt, MigrationFacts};
use crate::report::text::durations;
use crate::report::xml::line;
use crate::session::Verdict;
use crate::time::human_duration;
use crate::view::{TimelineKind, width};
use std::fmt::Write;

/// Width of a box of the graph, and of the channel behind it.
const BOX: usize = 210;
const CHANNEL: usize = 70;
/// Height of a row of the graph.
const ROW: usize = 23;
/// Width of the time line, and of its labels.
const WIDE: u64 = 1000;
const LABELS: u64 = 210;
/// Height of a lane of the time line.
const LANE: u64 = 20;
/// Width of the bars of durations.
const BAR: u64 = 300;

/// Clean text of at most so many columns.
fn short(words: &str, columns: usize) -> String {
    if width(words) <= columns {
        return line(words);
    }
    let mut cut = String::new();
    for character in words.chars() {
        if width(&cut) + 1 >= columns {
            break;
        }
        cut.push(character);
    }
    line(&cut) + "…"
}

/// The class of a migration's state in the style sheet.
pub(super) fn state_class(migration: &MigrationFacts) -> &'static str {
    match migration.state.as_str() {
        state if state.starts_with("applied") => "good",
        state if state.starts_with("not applied") => "none",
        state if state.starts_with("rolled back") => "warn",
        _ => "bad",
    }
}

impl Page<'_> {
    pub(super) fn graph(&mut self) {
        let layers = &self.execution.graph;
        let rows = layers.iter().flatten().map(|place| place.y + place.height).max().unwrap_or(0);
        if rows == 0 {
            return;
        }
        let (columns, rows) = (layers.len() * (BOX + CHANNEL) - CHANNEL, rows * ROW);
        let mut svg = format!(
            "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-2 -2 {} {}\" width=\"{}\" role=\"img\" aria-label=\"The migrations and what each depends on\">",
            columns + 4,
            rows + 4,
            columns + 4
        );
        for (at, layer) in layers.iter().enumerate() {
            let x = at * (BOX + CHANNEL);
            for place in layer {
                let middle = place.y * ROW + place.height * ROW / 2;
                for from in &place.from {
                    let Some(from) = at.checked_sub(1).and_then(|before| layers.get(before)?.get(*from))
                    else {
                        continue;
                    };
                    let start = (x - CHANNEL, from.y * ROW + from.height * ROW / 2);
                    let bend = x - CHANNEL / 2;
                    let _ = write!(
                        svg,
                        "<path class=\"edge\" d=\"M{} {}C{bend} {} {bend} {middle} {} {middle}\"/>",
                        start.0,
                        start.1,
                        start.1,
                        x.saturating_sub(if place.migration.is_some() { 6 } else { 0 })
                    );
                    if place.migration.is_some() {
                        let _ = write!(svg, "<path class=\"tip\" d=\"M{x} {middle}l-8 -4v8z\"/>");
                    }
                }
                match place.migration.as_ref().and_then(|id| self.migration(id)) {
                    None => {
                        let _ = write!(svg, "<path class=\"edge\" d=\"M{x} {middle}h{BOX}\"/>");
                    }
                    Some(migration) => {
                        node(&mut svg, x, place.y * ROW + 4, place.height * ROW - 8, migration)
                    }
                }
            }
        }
        svg.push_str("</svg></figure>");
        self.put(svg);
    }

    fn migration(&self, id: &str) -> Option<&MigrationFacts> {
        self.execution.migrations.iter().find(|migration| migration.id == id)
    }

    /// When each step waited at its gates and ran, with what a reviewer looks for above.
    pub(super) fn timeline(&mut self) {
        self.chapter("timeline", "Timeline", false);
        let execution = self.execution;
        let whole = execution.time.elapsed_us.max(1);
        let x = |micros: u64| {
            let inside = u128::from(micros.min(whole)) * u128::from(WIDE - LABELS - 10) / u128::from(whole);
            LABELS + u64::try_from(inside).unwrap_or(0)
        };
        let lanes: Vec<&str> = execution
            .all_steps()
            .map(|step| step.id.as_str())
            .filter(|id| {
                execution.attempts.iter().any(|attempt| attempt.step == *id)
                    || execution.gates.iter().any(|gate| gate.step == *id)
            })
            .collect();
        let top = 40;
        let height = top + LANE * lanes.len() as u64 + 6;
        let mut svg = format!(
            "<figure><svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDE} {height}\" width=\"{WIDE}\" role=\"img\" aria-label=\"When each step waited and ran\">"
        );
        for tick in 0..=4 {
            let micros = whole / 4 * tick;
            let (at, anchor) = (x(micros), if tick == 4 { "end" } else { "middle" });
            let _ = write!(
                svg,
                "<path class=\"grid\" d=\"M{at} 16V{height}\"/><text class=\"m\" x=\"{at}\" y=\"11\" text-anchor=\"{anchor}\">{}</text>",
                if tick == 0 { "0".to_owned() } else { human_duration(micros) }
            );
        }
        self.marks(&mut svg, x);
        for (lane, id) in lanes.iter().enumerate() {
            let y = top + LANE * lane as u64;
            let _ = write!(
                svg,
                "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>",
                LABELS - 10,
                y + 14,
                short(id, 32)
            );
            for gate in execution.gates.iter().filter(|gate| gate.step == *id) {
                let until = gate.answered_us.unwrap_or(whole);
                let (from, to) = (x(gate.opened_us), x(until));
                let _ = write!(
                    svg,
                    "<rect class=\"wait\" x=\"{from}\" y=\"{}\" width=\"{}\" height=\"8\"><title>gate {} e{}</title></rect>",
                    y + 6,
                    (to - from).max(1),
                    line(&gate.id),
                    gate.entry
                );
            }
            for attempt in execution.attempts.iter().filter(|attempt| attempt.step == *id) {
                bar(&mut svg, attempt, x(attempt.started_us), x(attempt.ended_us), y + 3);
            }
        }
        svg.push_str(
            "</svg><figcaption>Grey: a gate waits for a person. Colour: the step runs, by its verdict. ",
        );
        for kind in [TimelineKind::Halt, TimelineKind::Failed, TimelineKind::Finding, TimelineKind::Gate] {
            let _ = write!(svg, "{} {} ", kind.shape(), kind.word());
        }
        svg.push_str("</figcaption></figure>");
        self.put(svg);
        self.end();
    }

    fn marks(&self, svg: &mut String, x: impl Fn(u64) -> u64) {
        for mark in &self.execution.marks {
            let lines = &self.execution.timeline;
            let Ok(at) = lines.binary_search_by_key(&mark.entry, |line| line.entry) else { continue };
            let class = match mark.kind {
                TimelineKind::Halt | TimelineKind::Failed => "bad",
                TimelineKind::Finding | TimelineKind::Deviation => "warn",
                // Hits and own notes are a reader's; they are in no record.
                TimelineKind::Gate | TimelineKind::Note | TimelineKind::Hit | TimelineKind::Own => "m",
            };
            let _ = write!(
                svg,
                "<a href=\"#e{}\"><text class=\"{class}\" x=\"{}\" y=\"30\" text-anchor=\"middle\">{}</text></a>",
                mark.entry,
                x(lines[at].offset_us),
                mark.kind.shape()
            );
        }
    }

    /// What each step took, beside what its rehearsal took.
    pub(super) fn durations(&mut self) {
        self.chapter("durations", "Durations beside their estimates", false);
        let time = &self.execution.time;
        self.put(format!(
            "<p>{} from the first entry to the last, {} of it at open gates; planned by hand: {} min, and {} min for a complete rollback.</p>",
            human_duration(time.elapsed_us),
            human_duration(time.waited_us),
            time.planned_minutes,
            time.rollback_minutes
        ));
        let all: Vec<_> = durations(self.execution).collect();
        let longest = all.iter().map(|(step, took)| (*took).max(step.rehearsed_us.unwrap_or(0))).max();
        let longest = longest.unwrap_or(1).max(1);
        let scale = |micros: u64| {
            u64::try_from(u128::from(micros) * u128::from(BAR - 4) / u128::from(longest)).unwrap_or(BAR)
        };
        self.table("", &["step", "#runs", "#took", "#rehearsed", ""]);
        for (step, took) in all {
            let mut bars = format!(
                "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {BAR} 14\" width=\"{BAR}\" height=\"14\" aria-hidden=\"true\"><rect class=\"{}\" x=\"0\" y=\"3\" width=\"{}\" height=\"8\"/>",
                class(step.verdict),
                scale(took).max(1)
            );
            if let Some(estimate) = step.rehearsed_us {
                let _ = write!(bars, "<path class=\"est\" d=\"M{} 0v14\"/>", scale(estimate).max(1));
            }
            bars.push_str("</svg>");
            let estimate = step.rehearsed_us.map(human_duration).unwrap_or_default();
            let link = self.step_link(&step.id);
            self.put(format!(
                "<tr><td>{link}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{estimate}</td><td>{bars}</td></tr>",
                step.runs,
                human_duration(took)
            ));
        }
        self.end_table();
        let how = match &self.execution.rehearsal {
            Some(rehearsal) => format!("The line is what the rehearsal of {} took.", text(&rehearsal.date)),
            None => "There was no rehearsal of these files, so there are no estimates by step.".to_owned(),
        };
        self.put(format!("<p class=\"soft\">{how}</p>"));
        self.end();
    }
}

fn node(svg: &mut String, x: usize, y: usize, height: usize, migration: &MigrationFacts) {
    let class = state_class(migration);
    let _ = write!(
        svg,
        "<rect class=\"box {class}\" x=\"{x}\" y=\"{y}\" width=\"{BOX}\" height=\"{height}\" rx=\"3\"/>\
         <text class=\"t\" x=\"{}\" y=\"{}\">{}</text><text class=\"m\" x=\"{}\" y=\"{}\">{} risk · {}</text>",
        x + 12,
        y + 25,
        short(&migration.id, 26),
        x + 12,
        y + 44,
        migration.risk.word(),
        short(migration.state.split(" (").next().unwrap_or_default(), 22)
    );
}

fn bar(svg: &mut String, attempt: &Attempt, from: u64, to: u64, y: u64) {
    let verdict = attempt.verdict.unwrap_or(Verdict::NotRun);
    let took = human_duration(attempt.ended_us.saturating_sub(attempt.started_us));
    let _ = write!(
        svg,
        "<a href=\"#e{}\"><rect class=\"{}\" x=\"{from}\" y=\"{y}\" width=\"{}\" height=\"14\" rx=\"1\"><title>attempt {} {} {took}</title></rect></a>",
        attempt.entry,
        class(verdict),
        to.saturating_sub(from).max(2),
        attempt.number,
        shape(verdict)
    );
}
