//! The execution report as one page that needs nothing else: no script, no network, no font. It is also XML, so that
//! its form can be checked, and it prints.

mod chapters;
mod picture;
mod steps;

use super::facts::*;
use super::text::{Value, summary, warnings, word};
use super::xml::{escape, line, marked};
use crate::definition::Place;
use crate::session::Verdict;
use crate::time::human_duration;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

/// The style sheet, as it stands in the page.
const STYLE: &str = include_str!("html/style.css");
/// SHA-256 of [`STYLE`] in base 64: the only thing that the page allows itself to load. A test computes it again.
const STYLE_SHA256: &str = "/DFHq6kFTAENA8HpWWuQC5ycOT58n3L6XjcRkoFVNQU=";

/// What is being written, and which entries can be linked to.
struct Page<'e> {
    out: String,
    execution: &'e Execution,
    entries: BTreeSet<u64>,
    chapters: Vec<(&'static str, &'static str)>,
    /// Statements that were shown in full, and the entry where.
    shown: BTreeMap<(&'e Place, &'e str), u64>,
}

/// The class of a verdict in the style sheet.
fn class(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "good",
        Verdict::PassWithWaivers => "warn",
        Verdict::NotRun => "none",
        Verdict::Fail => "bad",
    }
}

fn badge(verdict: Verdict) -> String {
    format!("<span class=\"v {}\">{} {}</span>", class(verdict), shape(verdict), word(verdict))
}

fn shape(verdict: Verdict) -> &'static str {
    crate::view::Mark::of(verdict).shape()
}

/// Untrusted text, one line.
fn text(text: &str) -> String {
    marked(text, false)
}

/// Untrusted text in the type of code.
fn code(text: &str) -> String {
    format!("<code>{}</code>", marked(text, false))
}

/// Untrusted text of several lines.
fn block(text: &str) -> String {
    format!("<pre>{}</pre>", marked(text, true))
}

/// The whole report.
pub fn render(execution: &Execution) -> String {
    let entries = execution.timeline.iter().map(|line| line.entry).collect();
    let mut page =
        Page { out: String::new(), execution, entries, chapters: Vec::new(), shown: BTreeMap::new() };
    page.claims();
    page.migrations();
    page.halts();
    page.issues();
    page.timeline();
    page.durations();
    page.hazards();
    page.steps();
    page.schema();
    page.kept();
    page.gates();
    page.inputs();
    page.record();
    let chapters = std::mem::take(&mut page.out);
    page.front();
    page.out.push_str(&chapters);
    page.foot();
    page.out
}

impl Page<'_> {
    fn put(&mut self, html: impl AsRef<str>) {
        self.out.push_str(html.as_ref());
        self.out.push('\n');
    }

    /// Begins a chapter; [`Page::end`] ends it.
    fn chapter(&mut self, id: &'static str, title: &'static str, on_new_page: bool) {
        self.chapters.push((id, title));
        let class = if on_new_page { " class=\"page\"" } else { "" };
        self.put(format!("<section id=\"{id}\"{class}>\n<h2>{}</h2>", escape(title)));
    }

    fn end(&mut self) {
        self.put("</section>");
    }

    /// Opens a table; columns that start with `#` are numbers.
    fn table(&mut self, class: &str, columns: &[&str]) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let mut head = format!("<table{class}><thead><tr>");
        for column in columns {
            let _ = match column.strip_prefix('#') {
                Some(name) => write!(head, "<th class=\"n\">{}</th>", escape(name)),
                None => write!(head, "<th>{}</th>", escape(column)),
            };
        }
        self.put(head + "</tr></thead><tbody>");
    }

    /// A row of cells that are HTML.
    fn row(&mut self, cells: &[String]) {
        let cells: String = cells.iter().map(|cell| format!("<td>{cell}</td>")).collect();
        self.put(format!("<tr>{cells}</tr>"));
    }

    fn end_table(&mut self) {
        self.put("</tbody></table>");
    }

    /// A link to an entry, or nothing.
    fn entry(&self, entry: Option<u64>) -> String {
        match entry {
            Some(entry) if self.entries.contains(&entry) => {
                format!("<a class=\"e\" href=\"#e{entry}\">e{entry}</a>")
            }
            Some(entry) => format!("<span class=\"e\">e{entry}</span>"),
            None => String::new(),
        }
    }

    /// A link to a step, with its verdict.
    fn step_link(&self, id: &str) -> String {
        match self.step_anchor(id) {
            Some(anchor) => format!("<a href=\"#{anchor}\">{}</a>", code(id)),
            None => code(id),
        }
    }

    fn step_anchor(&self, id: &str) -> Option<String> {
        let at = self.execution.all_steps().position(|step| step.id == id)?;
        Some(format!("s{}", at + 1))
    }

    /// Everything before the first chapter: the first page.
    fn front(&mut self) {
        let execution = self.execution;
        let title = line(&execution.title);
        self.put("<!DOCTYPE html>");
        self.put(
            "<html lang=\"en\" xmlns=\"http://www.w3.org/1999/xhtml\">\n<head>\n<meta charset=\"utf-8\"/>",
        );
        self.put(format!(
            "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'sha256-{STYLE_SHA256}'; base-uri 'none'; form-action 'none'\"/>"
        ));
        self.put("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>");
        self.put("<meta name=\"referrer\" content=\"no-referrer\"/>");
        self.put(format!("<title>{} – {title}</title>", execution.verdict.word()));
        self.put(format!("<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<header class=\"head\">\n<div>"));
        self.put(format!(
            "<div class=\"eyebrow\">Execution report</div>\n<h1>{}</h1>",
            text(&execution.title)
        ));
        self.put(format!("<p class=\"lead\">{}</p>\n</div>", text(&execution.purpose)));
        let (verdict, counts) = (execution.verdict, &execution.counts);
        self.put(format!(
            "<div class=\"stamp {}\"><b>{} {}</b><span>{} of {} checks passed</span></div>\n</header>",
            class(verdict),
            shape(verdict),
            verdict.word(),
            counts.checks_passed,
            counts.checks
        ));
        self.put(format!("<p class=\"said\">{}.</p>", upper(execution.verdict_words)));
        for warning in warnings(execution) {
            self.put(format!("<p class=\"practice\">{}</p>", text(&warning)));
        }
        self.numbers();
        self.graph();
        self.put("<dl>");
        for (name, value) in summary(execution) {
            let value = match value {
                Value::Text(value) => text(&value),
                Value::Code(value) => code(&value),
            };
            self.put(format!("<dt>{name}</dt><dd>{value}</dd>"));
        }
        let record = &execution.record;
        self.put(format!("<dt>record</dt><dd>{} entries; head {}</dd>", record.entries, code(&record.head)));
        self.put(format!("<dt>head in words</dt><dd><b>{}</b></dd>\n</dl>", text(&record.words)));
        self.put("<ol class=\"toc\">");
        for (id, title) in self.chapters.clone() {
            self.put(format!("<li><a href=\"#{id}\">{}</a></li>", escape(title)));
        }
        self.put("</ol>");
    }

    fn numbers(&mut self) {
        let (counts, time) = (&self.execution.counts, &self.execution.time);
        let good = counts.steps_passed + counts.steps_waived;
        let cells = [
            (format!("{good}/{}", counts.steps), "steps passed"),
            (format!("{}/{}", counts.checks_passed + counts.checks_waived, counts.checks), "checks passed"),
            (counts.gates_answered.to_string(), "gates answered"),
            (counts.halts.to_string(), "stops of the world"),
            (counts.findings.to_string(), "findings"),
            (counts.waivers_used.to_string(), "waivers used"),
            (human_duration(time.elapsed_us), "from first to last entry"),
        ];
        self.put("<div class=\"numbers\">");
        for (number, what) in cells {
            self.put(format!("<div><b>{number}</b><span>{what}</span></div>"));
        }
        self.put("</div>");
    }

    fn foot(&mut self) {
        let record = &self.execution.record;
        let head = code(&record.head);
        self.put(format!(
            "<footer>Made from the record alone: the same record gives the same bytes. \
             <code>sha256sum session.jsonl</code> must say {head}.</footer>\n</main>\n</body>\n</html>"
        ));
    }
}

/// The first letter as a capital.
fn upper(words: &str) -> String {
    let mut letters = words.chars();
    letters
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + letters.as_str())
        .unwrap_or_default()
}
