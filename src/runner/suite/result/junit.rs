//! JUnit's XML, as pytest, jest-junit, Gradle and others write it: counted test by test, whatever its totals say.

use super::{Found, State, cut};
use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Elements may nest so deep.
const DEPTH_MAX: usize = 200;

/// Reads every `testcase`. Neither a DTD nor entities of its own are followed.
pub(super) fn read(bytes: &[u8]) -> Found {
    let text = match std::str::from_utf8(bytes) {
        Ok(text) if text.trim().is_empty() => return Found::fault("the result is empty"),
        Ok(text) => text,
        Err(error) => return Found::fault(format!("the result is not UTF-8 (byte {})", error.valid_up_to())),
    };
    let mut reading = Reading::default();
    match reading.all(text) {
        Ok(()) => reading.found.faults.extend(reading.more_in_totals()),
        Err(what) => reading.found.faults.push(format!("the result is not JUnit's XML: {what}")),
    }
    reading.found
}

/// The testcase that is open.
struct Case {
    name: String,
    state: State,
    note: String,
}

#[derive(Default)]
struct Reading {
    found: Found,
    path: Vec<String>,
    case: Option<Case>,
    roots: usize,
    /// `failure` and `error` elements.
    seen: usize,
    /// How many of them the root says there are, and the suites directly below it.
    of_root: Option<usize>,
    of_suites: usize,
}

impl Reading {
    fn all(&mut self, text: &str) -> Result<(), String> {
        let mut reader = Reader::from_str(text);
        loop {
            let at = reader.buffer_position();
            let event = reader.read_event().map_err(|error| format!("{error} (byte {at})"))?;
            match event {
                Event::Start(element) => self.start(&element)?,
                Event::Empty(element) => {
                    self.start(&element)?;
                    self.end();
                }
                Event::End(_) => self.end(),
                Event::Text(text) => self.text(&text.into_inner()),
                Event::CData(text) => self.text(&text.into_inner()),
                Event::Eof => break,
                _ => {}
            }
        }
        match (self.path.last(), self.roots) {
            (Some(open), _) => Err(format!("it ends inside <{}>", cut(open, 40))),
            (None, 1) => Ok(()),
            (None, roots) => Err(format!("it has {roots} outermost elements")),
        }
    }

    fn start(&mut self, element: &BytesStart<'_>) -> Result<(), String> {
        let name = element.local_name().into_inner().to_owned();
        let depth = self.path.len();
        if depth == DEPTH_MAX {
            return Err(format!("its elements nest more than {DEPTH_MAX} deep"));
        }
        let is_suite = matches!(name.as_str(), "testsuites" | "testsuite" | "testrun");
        match depth {
            0 if !is_suite => return Err(format!("it starts with <{}>", cut(&name, 40))),
            0 => {
                self.roots += 1;
                self.of_root = total(element)?;
            }
            1 if is_suite => self.of_suites = self.of_suites.saturating_add(total(element)?.unwrap_or(0)),
            _ => {}
        }
        match name.as_str() {
            "testcase" => self.case = Some(open(element)?),
            "failure" | "error" => self.failed(&name, element)?,
            "skipped" | "disabled" => {
                let message = attribute(element, "message")?.unwrap_or_default();
                // What failed stays failed.
                if let Some(case) = self.case.as_mut().filter(|case| case.state == State::Passed) {
                    case.state = State::Skipped;
                    case.note = format!("skipped {message}");
                }
            }
            _ => {}
        }
        self.path.push(name);
        Ok(())
    }

    fn failed(&mut self, kind: &str, element: &BytesStart<'_>) -> Result<(), String> {
        let message = attribute(element, "message")?.unwrap_or_default();
        let in_suite = matches!(self.path.last().map(String::as_str), Some("testsuite" | "testsuites"));
        match &mut self.case {
            Some(case) => {
                self.seen += 1;
                if case.state != State::Failed {
                    case.note = message;
                }
                case.state = State::Failed;
            }
            // Of a whole suite, such as one that could not be set up.
            None if in_suite => {
                self.seen += 1;
                self.found.add(&format!("({kind} outside of a test)"), State::Failed, &message);
            }
            None => {}
        }
        Ok(())
    }

    fn text(&mut self, text: &str) {
        let inside = matches!(self.path.last().map(String::as_str), Some("failure" | "error"));
        if let Some(case) = self.case.as_mut().filter(|case| inside && case.note.trim().is_empty()) {
            case.note = cut(text.trim(), 1_000).to_owned();
        }
    }

    fn end(&mut self) {
        if self.path.pop().as_deref() == Some("testcase")
            && let Some(case) = self.case.take()
        {
            self.found.add(&case.name, case.state, &case.note);
        }
    }

    /// Totals that name failures which no test shows.
    fn more_in_totals(&self) -> Option<String> {
        let named = self.of_root.unwrap_or(0).max(self.of_suites);
        let what = format!("its totals name {named} failures and errors, its tests show {}", self.seen);
        (named > self.seen).then_some(what)
    }
}

/// Failures and errors that a suite says it has.
fn total(element: &BytesStart<'_>) -> Result<Option<usize>, String> {
    let mut sum = None;
    for name in ["failures", "errors"] {
        let number = attribute(element, name)?.and_then(|text| text.trim().parse::<usize>().ok());
        sum = number.map(|number| number.saturating_add(sum.unwrap_or(0))).or(sum);
    }
    Ok(sum)
}

fn open(element: &BytesStart<'_>) -> Result<Case, String> {
    let name = attribute(element, "name")?.unwrap_or_default();
    let class = attribute(element, "classname")?.unwrap_or_default();
    let name = match (class.as_str(), name.as_str()) {
        ("", "") => "(no name)".to_owned(),
        ("", _) => name,
        (_, "") => class,
        (class, test) if class == test => name,
        _ => format!("{class} > {name}"),
    };
    // Google's way to say that a test was not run.
    let state = match attribute(element, "status")?.as_deref() {
        Some("notrun" | "disabled" | "skipped") => State::Skipped,
        _ => State::Passed,
    };
    Ok(Case { name, state, note: String::new() })
}

fn attribute(element: &BytesStart<'_>, name: &str) -> Result<Option<String>, String> {
    let Some(found) = element.try_get_attribute(name).map_err(|error| error.to_string())? else {
        return Ok(None);
    };
    let value = found.normalized_value(XmlVersion::Implicit1_0).map_err(|error| error.to_string())?;
    Ok(Some(value.into_owned()))
}
