//! Reports of sessions whose every text is hostile: nothing acts on a terminal, in a page, in a table or in a parser.

use crate::decode::is_harmless;
use crate::folder::hostile_plan;
use crate::mutate::{Mutator, held, sealed};
use crate::sequences::{foreign_to_cockpit, foreign_to_text};
use crate::support::effort::{effort, figures};
use ceremony::driver::cast::{Screen, cast};
use ceremony::driver::replay::Player;
use ceremony::journal::recover;
use ceremony::report::{Execution, html, json, junit, markdown};
use pulldown_cmark::{Event as Mark, Options, Parser, Tag};
use quick_xml::events::Event as Xml;
use serde_json::Value;

/// Every letter may be looked at on a terminal.
#[track_caller]
fn assert_harmless(what: &str, text: &str) {
    // A tab acts where there are several lines, as a line end does.
    assert_eq!(foreign_to_text(text.replace('\t', " ").as_bytes()), [], "{what}");
    let odd =
        text.char_indices().find(|(_, c)| !matches!(c, '\n' | '\t') && !is_harmless(*c) && !is_mark(*c));
    assert_eq!(
        odd,
        None,
        "{what}: {:?}",
        odd.map(|(at, _)| text[..at].chars().rev().take(60).collect::<String>())
    );
}

/// Marks are let through, two behind a letter.
pub fn is_mark(c: char) -> bool {
    use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};
    c.general_category_group() == GeneralCategoryGroup::Mark
}

/// The elements and attributes of a page; panics where it is not well-formed XML.
fn elements(page: &str, mut each: impl FnMut(&str, &[(String, String)])) {
    let mut reader = quick_xml::Reader::from_str(page);
    reader.config_mut().check_end_names = true;
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{error} at {}", reader.buffer_position())) {
            Xml::Start(start) | Xml::Empty(start) => {
                let name = start.name().as_ref().to_owned();
                let attributes: Vec<(String, String)> = start
                    .attributes()
                    .map(|it| {
                        let it = it.unwrap();
                        let key = it.key.as_ref().to_owned();
                        (key, it.value.to_string())
                    })
                    .collect();
                each(&name, &attributes);
            }
            Xml::Comment(_) | Xml::CData(_) | Xml::PI(_) => panic!("nobody writes those"),
            Xml::Eof => break,
            _ => {}
        }
    }
}

fn check_html(page: &str) {
    assert_harmless("HTML", page);
    let (mut policies, mut styles, mut count) = (0, 0, 0);
    elements(page.strip_prefix("<!DOCTYPE html>\n").unwrap(), |name, attributes| {
        count += 1;
        let forbidden = [
            "script",
            "iframe",
            "object",
            "embed",
            "form",
            "input",
            "link",
            "base",
            "img",
            "foreignObject",
            "image",
            "use",
            "audio",
            "video",
            "animate",
            "set",
        ];
        assert!(!forbidden.contains(&name), "<{name}>");
        styles += u64::from(name == "style");
        for (key, value) in attributes {
            assert!(
                !key.starts_with("on") && key != "src" && key != "srcset" && key != "formaction",
                "{name} {key}"
            );
            if key == "href" || key.ends_with(":href") {
                assert!(value.starts_with('#'), "{name} {key}={value}");
            }
            if key == "style" {
                panic!("a style of its own: the policy would not let it act");
            }
            assert!(!value.to_ascii_lowercase().contains("javascript:") || key != "href");
            policies += u64::from(value == "Content-Security-Policy");
            if key == "content" && value.starts_with("default-src") {
                assert!(value.starts_with("default-src 'none'; style-src 'sha256-"), "{value}");
                assert!(!value.contains("unsafe") && value.ends_with("base-uri 'none'; form-action 'none'"));
            }
        }
    });
    assert!(policies == 1 && styles == 1 && count > 200, "{policies} {styles} {count}");
}

fn check_junit(page: &str) {
    assert_harmless("JUnit", page);
    // XML 1.0 forbids most controls and the last two of a plane.
    let odd = page.chars().find(
        |c| !matches!(c, '\t' | '\n' | '\r' | ' '..='\u{D7FF}' | '\u{E000}'..='\u{FFFD}' | '\u{10000}'..),
    );
    assert_eq!(odd, None);
    let known = [
        "testsuites",
        "testsuite",
        "testcase",
        "properties",
        "property",
        "failure",
        "error",
        "skipped",
        "system-out",
    ];
    elements(page, |name, _| assert!(known.contains(&name), "<{name}>"));
}

fn check_json(text: &str) {
    assert_harmless("JSON", text);
    let _: Value = serde_json::from_str(text).unwrap();
}

/// Markdown as GitHub reads it: no markup but ours, every row as wide as its head.
fn check_markdown(text: &str) {
    assert_harmless("Markdown", text);
    let options = Options::ENABLE_TABLES
        | Options::ENABLE_STRIKETHROUGH
        | Options::ENABLE_TASKLISTS
        | Options::ENABLE_MATH
        | Options::ENABLE_FOOTNOTES;
    let (mut heads, mut columns, mut cells, mut tables) = (Vec::new(), 0, 0, 0);
    for mark in Parser::new_ext(text, options) {
        match mark {
            Mark::Html(html) | Mark::InlineHtml(html) => {
                let ours = html.strip_prefix("<a id=\"e").and_then(|rest| rest.strip_suffix("\">"));
                let number = ours.is_some_and(|number| number.bytes().all(|byte| byte.is_ascii_digit()));
                assert!(number || &*html == "</a>", "HTML of others: {html}");
            }
            Mark::Start(Tag::Link { dest_url, .. }) => {
                assert!(
                    dest_url.strip_prefix("#e").is_some_and(|n| n.bytes().all(|b| b.is_ascii_digit())),
                    "{dest_url}"
                );
            }
            Mark::Start(Tag::Image { .. } | Tag::Strikethrough | Tag::FootnoteDefinition(_)) => {
                panic!("{mark:?}")
            }
            Mark::InlineMath(_)
            | Mark::DisplayMath(_)
            | Mark::Rule
            | Mark::TaskListMarker(_)
            | Mark::FootnoteReference(_) => {
                panic!("{mark:?}")
            }
            Mark::Start(Tag::CodeBlock(kind)) => assert!(format!("{kind:?}").contains("text"), "{kind:?}"),
            Mark::Start(Tag::Heading { level, .. }) => heads.push(level),
            Mark::Start(Tag::Table(all)) => (columns, tables) = (all.len(), tables + 1),
            Mark::Start(Tag::TableRow) => cells = 0,
            Mark::Start(Tag::TableCell) => cells += 1,
            Mark::End(pulldown_cmark::TagEnd::TableRow) => assert_eq!(cells, columns),
            _ => {}
        }
    }
    assert!(tables > 10 && heads.len() > 20);
    // A pipe too many would be cut off by the reader: counted in the text itself.
    let pipes = |line: &str| line.replace("\\\\", "").replace("\\|", "").matches('|').count();
    let lines: Vec<&str> = text.lines().collect();
    let mut fence = None;
    for at in 1..lines.len() {
        let marks = lines[at].len() - lines[at].trim_start_matches('`').len();
        match fence {
            None if marks >= 3 => fence = Some(marks),
            Some(open) if marks >= open && lines[at].trim_start_matches('`').is_empty() => fence = None,
            _ => {}
        }
        if fence.is_none() && lines[at].starts_with("| ") && lines[at - 1].starts_with('|') {
            assert_eq!(pipes(lines[at]), pipes(lines[at - 1]), "{}\n{}", lines[at - 1], lines[at]);
        }
    }
}

/// The asciicast: JSON lines, whose output holds what the cockpit writes and nothing else.
fn check_cast(text: &str) {
    assert_harmless("cast", text);
    let mut written = String::new();
    for (at, line) in text.lines().enumerate() {
        let value: Value = serde_json::from_str(line).unwrap();
        if at > 0 && value[1] == "o" {
            written.push_str(value[2].as_str().unwrap());
        } else {
            let said = if at == 0 { value["title"].as_str() } else { value[2].as_str() };
            assert_harmless("a label of the cast", said.unwrap());
        }
    }
    let foreign = foreign_to_cockpit(written.as_bytes());
    assert!(foreign.is_empty() && written.len() > 10_000, "{foreign:?}");
}

#[test]
fn reports_of_hostile_records_are_harmless() {
    let rounds = if effort() > 1 { effort() * 6 } else { 6 };
    let (mut strings, mut bytes) = (0, 0);
    for round in 0..rounds {
        let (plan, words) = hostile_plan(round + 1000);
        let entries = held(&plan, round);
        let mut mutator = Mutator::new(round + 7, false);
        let (made, _, _) = mutator.record(&plan, &entries);
        strings += words + mutator.strings;
        let player = Player::new(plan, recover(&sealed(&made).0).unwrap());
        assert_eq!(player.entries().len(), made.len());
        let execution = Execution::new(&player.session, &player.transcript, player.entries(), &player.head);
        let (page, tests) = (html::render(&execution), junit::render(&execution));
        let (data, text) = (json::render(&execution).unwrap(), markdown::render(&execution));
        check_html(&page);
        check_junit(&tests);
        check_json(&data);
        check_markdown(&text);
        bytes += page.len() + tests.len() + data.len() + text.len();
        if round % 3 == 0 {
            let film = cast(&player, Screen { columns: 120, rows: 40, idle_us: 1_000_000 });
            check_cast(&film);
            bytes += film.len();
        }
    }
    figures(
        "T1",
        &format!(
            "{strings} hostile strings in {rounds} records, {} KB of reports: harmless, well-formed, no markup but ours",
            bytes / 1000
        ),
    );
}
