//! Every format over sessions that stand still at different places, and over text that means harm.

use super::*;
use crate::journal::{Chain, Entry, recover};
use crate::session::*;
use crate::tui::{World, rows};
use quick_xml::events::Event as Xml;
use quick_xml::reader::Reader;
use std::collections::BTreeSet;

#[path = "../../tests/support/json_schema.rs"]
mod json_schema;

/// The head of a record that is only in memory.
fn head(entries: &[Entry]) -> String {
    let mut chain = Chain::default();
    for entry in entries {
        let (_, line) = chain.seal(entry.at(), entry.cause.clone(), entry.events.clone()).unwrap();
        chain.extend(&line);
    }
    chain.head()
}

pub fn execution(world: &World) -> Execution {
    Execution::new(&world.session, &world.transcript, &world.entries, &head(&world.entries))
}

/// Sessions at every kind of place.
fn worlds() -> Vec<(&'static str, World)> {
    vec![
        ("opened", World::new("Calendar sync")),
        ("at a gate", World::at_apply_gate("Calendar sync")),
        ("running", World::applying()),
        ("at a commit gate", World::at_commit_gate()),
        ("stopped", World::stopped()),
        ("deciding", World::at_decide()),
        ("rolling back", World::at_rollback_gate()),
        ("results", World::with_results()),
        ("closed", World::closed()),
        ("hostile", hostile()),
    ]
}

const HARM: &str = "</script></style><script>alert(1)</script> \"' onload='x' & <b> ]]> --> \
\u{1b}[31mred\u{1b}]0;owned\u{7} \u{202e}txt.exe\u{2066}\u{200b}\u{feff}\u{0}\u{fffe} | `x` [a](javascript:b) é\u{301}\u{301}\u{301}\u{301}";

fn in_toml(text: &str) -> String {
    let one = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    text.chars().map(one).collect()
}

/// A session in which everything that comes from outside means harm.
fn hostile() -> World {
    let mut world = World::at_apply_gate(&in_toml(HARM));
    world.command(Command::Note { words: HARM.to_owned() });
    world.confirm();
    let at = Place { file: format!("m/{HARM}.sql"), line: 2, column: 1 };
    world.report(Report::StatementStarted {
        index: 0,
        of: 1,
        at: at.clone(),
        sql: format!("SELECT '{HARM}'\n;"),
    });
    world.report(Report::StatementFinished { index: 0, tag: HARM.to_owned(), elapsed_us: 7 });
    world.report(Report::StatementLeftOut { at, sql: HARM.to_owned(), why: HARM.to_owned() });
    let result = rows(&[(HARM, false)], &[&[Some(HARM)], &[None]]);
    world.observe(Observation::Query { query: HARM.to_owned(), result, elapsed_us: 7 });
    world.observe(Observation::Schema {
        before: String::new(),
        after: String::new(),
        objects: 1,
        changes: vec![ObjectChange {
            object: HARM.to_owned(),
            before: Some(HARM.to_owned()),
            after: Some(format!("{HARM}\n{HARM}")),
        }],
    });
    world.observe(Observation::Suite {
        suite: HARM.to_owned(),
        exit_code: None,
        error: Some(HARM.to_owned()),
        tests: vec![TestPoint { name: HARM.to_owned(), ok: false, skipped: false, note: HARM.to_owned() }],
        planned: None,
        faults: Vec::new(),
        elapsed_us: 7,
    });
    let error = ErrorCard { message: HARM.to_owned(), detail: Some(HARM.to_owned()), ..ErrorCard::default() };
    world.report(Report::Failed { failure: Failure::Sql { error: Box::new(error) } });
    world.command(Command::Assess { words: HARM.to_owned() });
    world.command(Command::Decide { decision: Decision::Abandon, words: HARM.to_owned() });
    world
}

/// Every element and attribute of well-formed XML: name, attributes, text.
fn elements(text: &str) -> Vec<(String, Vec<(String, String)>)> {
    let mut reader = Reader::from_str(text);
    reader.config_mut().check_end_names = true;
    let (mut all, mut depth) = (Vec::new(), 0);
    loop {
        let event =
            reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.buffer_position()));
        let element = match &event {
            Xml::Start(element) => {
                depth += 1;
                element
            }
            Xml::Empty(element) => element,
            Xml::End(_) => {
                depth -= 1;
                continue;
            }
            Xml::Eof => break,
            Xml::GeneralRef(name) => {
                let name: &str = name;
                assert!(
                    ["amp", "lt", "gt", "quot", "#39"].contains(&name),
                    "&{name}; is no reference of ours"
                );
                continue;
            }
            _ => continue,
        };
        let attributes = element.attributes().map(|attribute| {
            let attribute = attribute.unwrap();
            let value = attribute.normalized_value(quick_xml::XmlVersion::Implicit1_0).unwrap();
            (attribute.key.into_inner().to_owned(), value.into_owned())
        });
        all.push((element.name().into_inner().to_owned(), attributes.collect()));
    }
    assert_eq!(depth, 0, "an element is open at the end");
    all
}

/// Characters that act or hide.
fn acting(text: &str) -> Vec<char> {
    let hidden = |c: char| {
        c.is_control() && c != '\n' && c != '\t'
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}' | '\u{fffe}')
    };
    text.chars().filter(|c| hidden(*c)).collect()
}

#[test]
fn the_page_is_well_formed_and_every_link_leads_somewhere() {
    for (name, world) in worlds() {
        let page = html::render(&execution(&world));
        let all = elements(page.trim_start_matches("<!DOCTYPE html>"));
        let values = |wanted: &str| -> Vec<String> {
            let attributes = all.iter().flat_map(|(_, attributes)| attributes);
            attributes.filter(|(key, _)| key == wanted).map(|(_, value)| value.clone()).collect()
        };
        let ids = values("id");
        let unique: BTreeSet<&String> = ids.iter().collect();
        assert_eq!(unique.len(), ids.len(), "{name}: an id twice");
        let links = values("href");
        assert!(links.len() > 12, "{name}: {links:?}");
        for link in links {
            let target = link.strip_prefix('#').unwrap_or_else(|| panic!("{name}: a link to {link}"));
            assert!(unique.contains(&target.to_owned()), "{name}: nothing is at {link}");
        }
        for (element, attributes) in &all {
            assert!(
                !["script", "link", "img", "iframe", "object", "form"].contains(&element.as_str()),
                "{element}"
            );
            for (key, _) in attributes {
                assert!(!key.starts_with("on") && key != "style" && key != "src", "{name}: {element} {key}");
            }
        }
        assert_eq!(acting(&page), ['x'; 0], "{name}");
    }
}

#[test]
fn nothing_from_outside_is_markup() {
    let world = hostile();
    let execution = execution(&world);
    let page = html::render(&execution);
    assert!(!page.contains("<script") && page.contains("&lt;script&gt;alert(1)"), "it is shown, and as text");
    assert!(page.contains("<span class=\"x\">\\u{202E}</span>"), "what is not drawn is marked");
    let junit = junit::render(&execution);
    assert!(!junit.contains("<script") && junit.contains("&lt;script&gt;alert(1)"));
    let markdown = markdown::render(&execution);
    for text in [&page, &junit, &markdown] {
        assert_eq!(acting(text), ['x'; 0]);
    }
    let mut in_fence = false;
    for line in markdown.lines() {
        if line.starts_with("```") {
            in_fence = !in_fence;
        }
        // In code nothing is markup; elsewhere each sign is taken its meaning.
        let plain: String = line.replace("\\`", "").split('`').step_by(2).collect();
        assert!(in_fence || !plain.replace("\\<", "").contains("<script"), "{line}");
    }
    assert!(!in_fence, "a fence that was closed or opened from within");
}

#[test]
fn only_its_own_style_may_be_loaded() {
    let page = html::render(&execution(&World::new("x")));
    let style = page.split_once("<style>").unwrap().1.split_once("</style>").unwrap().0;
    let hash = <sha2::Sha256 as sha2::Digest>::digest(style.as_bytes());
    let policy = format!("style-src 'sha256-{}'", base64(&hash));
    assert!(page.contains(&policy), "the style sheet changed: {policy}");
    assert!(page.contains("default-src 'none'"));
    assert!(!style.contains(['<', '&']), "so that it is the same text in HTML and in XML");
    assert!(!style.contains("url(") && !style.contains("@import"));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits =
            chunk.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place) & 63) as usize] as char;
            text.push(if place > chunk.len() { '=' } else { digit });
        }
    }
    text
}

#[test]
fn the_json_is_as_its_schema_says() {
    let schema: serde_json::Value =
        serde_json::from_str(include_str!("../../docs/report.schema.json")).unwrap();
    for (name, world) in worlds() {
        let text = json::render(&execution(&world)).unwrap();
        let report = serde_json::from_str(&text).unwrap();
        assert_eq!(json_schema::faults(&schema, &report), [""; 0], "{name}");
    }
    // And it does not say yes to anything.
    let text = json::render(&execution(&World::stopped())).unwrap();
    let mut report: serde_json::Value = serde_json::from_str(&text).unwrap();
    report["verdict"] = "fine".into();
    report["halts"][0]["condition"] = 9.into();
    report["steps"][0]["checks"][0]["more"] = 1.into();
    report.as_object_mut().unwrap().remove("gates");
    let faults = json_schema::faults(&schema, &report);
    assert_eq!(faults.len(), 4, "{faults:#?}");
}

#[test]
fn every_verdict_is_the_sessions_own() {
    for (name, world) in worlds() {
        let execution = execution(&world);
        assert_eq!(execution.verdict, world.session.verdict(), "{name}");
        for (step, state) in execution.steps.iter().zip(&world.session.steps) {
            assert_eq!(step.verdict, state.verdict.unwrap_or(Verdict::NotRun), "{name} {}", step.id);
            for (check, judged) in step.checks.iter().zip(&state.checks) {
                let verdict = judged.as_ref().map_or(Verdict::NotRun, |judged| judged.verdict);
                assert_eq!(check.verdict, verdict, "{name} {} {}", step.id, check.id);
                assert_eq!(check.entry.is_some(), judged.is_some(), "what was judged has its entry");
            }
        }
        let page = html::render(&execution);
        assert!(page.contains(&format!("<title>{} – ", execution.verdict.word())), "{name}");
        let line = format!("**Final verdict: {}**", execution.verdict.word());
        assert!(markdown::render(&execution).contains(&line), "{name}");
    }
}

#[test]
fn each_entry_that_is_cited_says_what_it_is_cited_for() {
    for (name, world) in worlds() {
        let execution = execution(&world);
        for check in execution.all_steps().flat_map(|step| &step.checks) {
            let Some(entry) = check.entry else { continue };
            let cited = &world.entries[entry as usize - 1];
            let judged = cited
                .events
                .iter()
                .any(|event| matches!(event, Event::CheckJudged { check: id, .. } if *id == check.id));
            assert!(judged, "{name}: entry {entry} does not judge {}", check.id);
        }
        for halt in &execution.halts {
            let cited = &world.entries[halt.entry.unwrap() as usize - 1];
            assert!(cited.events.iter().any(|event| matches!(event, Event::Halted { .. })), "{name}");
            for stage in halt.stages.iter().filter(|stage| stage.done && stage.stage != Stage::Stop) {
                let cited = &world.entries[stage.entry.unwrap() as usize - 1];
                let done =
                    |event: &Event| matches!(event, Event::StageDone { stage: it, .. } if *it == stage.stage);
                assert!(cited.events.iter().any(done), "{name}: {:?}", stage.stage);
            }
            assert_eq!(halt.stages.len(), 5, "{name}: all five stages are there, done or not");
        }
        for (note, entry) in execution.notes.iter().map(|note| (&note.words, note.entry.unwrap())) {
            let said = Event::NoteTaken { words: note.clone() };
            assert!(world.entries[entry as usize - 1].events.contains(&said), "{name}");
        }
    }
}

#[test]
fn a_build_server_is_not_told_that_all_is_well_when_nothing_was_run() {
    let junit = junit::render(&execution(&World::new("x")));
    assert!(junit.contains("<failure type=\"verdict\" message=\"NOT RUN\">"), "{junit}");
    assert!(junit.contains("<skipped message=\"nobody looked\"/>"));
    let junit = junit::render(&execution(&World::closed()));
    assert!(
        !junit.contains("<failure") && !junit.contains("<skipped") && !junit.contains("<error"),
        "{junit}"
    );
    for (name, world) in worlds() {
        let all = elements(&junit::render(&execution(&world)));
        let count = |wanted: &str| all.iter().filter(|(element, _)| element == wanted).count();
        let total = |key: &str| -> usize {
            let suites = all.iter().filter(|(element, _)| element == "testsuite");
            suites
                .map(|(_, of)| of.iter().find(|(name, _)| name == key).unwrap().1.parse::<usize>().unwrap())
                .sum()
        };
        assert_eq!(all[0].0, "testsuites", "{name}");
        assert_eq!(total("tests"), count("testcase"), "{name}");
        assert_eq!(total("failures"), count("failure"), "{name}");
        assert_eq!(total("errors"), count("error"), "{name}");
        assert_eq!(total("skipped"), count("skipped"), "{name}");
    }
}

/// What was found when the record was read is said before anything else, and no build server takes it for a pass.
#[test]
fn a_record_that_is_not_whole_says_so_first() {
    let whole = execution(&World::closed());
    let found = whole.clone().found(19, Some(7));
    for text in [html::render(&found), markdown::render(&found)] {
        let first = text.split("id=\"sign-off\"").next().unwrap().split("## Migrations").next().unwrap();
        assert!(first.contains("Entry 7 does not follow") && first.contains("19 bytes"), "{first}");
    }
    assert!(junit::render(&found).contains("<failure type=\"record\""));
    for text in [html::render(&whole), markdown::render(&whole)] {
        assert!(!text.contains("does not follow") && !text.contains("unfinished line"));
    }
}

/// The record is all that counts: read back from its bytes, it gives the same.
#[test]
fn the_same_record_gives_the_same_bytes() {
    for (name, world) in worlds() {
        let mut chain = Chain::default();
        let mut bytes = Vec::new();
        for entry in &world.entries {
            let (_, line) = chain.seal(entry.at(), entry.cause.clone(), entry.events.clone()).unwrap();
            chain.extend(&line);
            bytes.extend(line);
        }
        let found = recover(&bytes).unwrap();
        let mut session = Session::new(world.session.plan.clone());
        let mut transcript = crate::view::Transcript::default();
        for entry in &found.entries {
            for event in &entry.events {
                session.apply(entry.at(), event);
            }
            transcript.take(entry, &session);
        }
        let again = Execution::new(&session, &transcript, &found.entries, &found.chain.head());
        let first = execution(&world);
        assert_eq!(again, first, "{name}");
        assert_eq!(html::render(&again), html::render(&first), "{name}");
        assert_eq!(markdown::render(&again), markdown::render(&first), "{name}");
        assert_eq!(junit::render(&again), junit::render(&first), "{name}");
    }
}
