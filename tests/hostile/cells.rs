//! T1 and T3: every code point and very many hostile strings, cleaned, put into rows and drawn: what comes out of the
//! real backend, read by an emulator, is what `view/clean` made, and nothing acts.

use crate::decode::{is_harmless, joined, undone};
use crate::frames::Stage;
use crate::payload::hostile;
use crate::sequences::{foreign_to_cockpit, foreign_to_text};
use crate::support::effort::{effort, figures};
use ceremony::runner::fake::Seed;
use ceremony::tui::Theme;
use ceremony::tui::picker::{Picker, PickerView};
use ceremony::view::{Row, Tone, clean, clean_line, json_text, strict, strict_line, width};
use unicode_width::UnicodeWidthChar;

const COLUMNS: u16 = 200;
/// Rows of the list that show something; the frame around takes others.
const LINES: usize = 60;

/// Draws rows with the real backend; returns the bytes.
fn drawn(lines: &[Row]) -> Vec<u8> {
    let rows = u16::try_from(lines.len() + 12).unwrap();
    let title = Row::of(Tone::Strong, "title");
    let view = PickerView { title: &title, lines, name: "x", details: &[], offers: &[] };
    let mut picker = Picker::new(Theme::dark(), false, 0);
    Stage::new(COLUMNS, rows).draw(|frame| picker.draw(frame, &view))
}

/// The rows of an emulator that was given these bytes.
fn seen(bytes: &[u8], rows: usize) -> Vec<String> {
    let rows = u16::try_from(rows).unwrap();
    let mut parser = vt100::Parser::new(rows.try_into().unwrap(), COLUMNS.try_into().unwrap(), 0);
    parser.process(bytes);
    parser.screen().rows(0, COLUMNS).collect()
}

/// Texts, each in a row of its own or several in one; drawn and compared with what `clean` made of them.
struct Drawing {
    rows: Vec<Row>,
    wanted: Vec<String>,
    frames: u64,
}

impl Drawing {
    fn new() -> Self {
        Self { rows: Vec::new(), wanted: Vec::new(), frames: 0 }
    }

    /// Takes what fits into one row.
    fn take(&mut self, row: Row) {
        let row = row.cut(0, usize::from(COLUMNS) - 8);
        self.wanted.push(row.plain());
        self.rows.push(row);
        if self.rows.len() == LINES {
            self.flush();
        }
    }

    fn flush(&mut self) {
        let (rows, wanted) = (std::mem::take(&mut self.rows), std::mem::take(&mut self.wanted));
        if rows.is_empty() {
            return;
        }
        let bytes = drawn(&rows);
        assert_eq!(foreign_to_cockpit(&bytes), [], "{wanted:#?}");
        let shown = seen(&bytes, rows.len() + 12);
        for (at, wanted) in wanted.iter().enumerate() {
            let line = &shown[at + 2];
            // `│ ▸ words   │`
            let inner: String = line.chars().skip(4).collect();
            let inner = inner.strip_suffix('│').unwrap_or(&inner).trim_end_matches(' ');
            assert_eq!(inner, wanted.trim_end_matches(' '), "row {at}: {line}");
        }
        self.frames += 1;
    }
}

/// What must hold for any text, whatever is done with it.
fn rules(text: &str) {
    for multi_line in [false, true] {
        let spans = clean(text, multi_line);
        let shown = joined(&spans);
        assert_eq!(undone(&shown).as_deref(), Some(text), "shown as {shown:?}");
        let acts = |c: char| !(is_harmless_cached(c) || multi_line && matches!(c, '\n' | '\t'));
        assert_eq!(shown.chars().find(|c| acts(*c)), None, "{text:?} is shown as {shown:?}");
        for span in &spans {
            assert!(!span.text.is_empty() || text.is_empty(), "an empty span of {text:?}");
            let pictures = |c: char| matches!(c, '\u{2400}'..='\u{2426}');
            assert!(span.danger || !span.text.contains(pictures) && !span.text.contains("\\u{"), "{spans:?}");
        }
    }
    assert_eq!(foreign_to_text(clean_line(text).as_bytes()), [], "{text:?}");
    let exact = strict_line(text);
    assert!(exact.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{exact:?}");
    assert_eq!(undone(&exact).as_deref(), Some(text), "Rule S shows {exact:?}");
    assert_eq!(joined(&strict(text)), exact);
    let json = serde_json::Value::from(text).to_string();
    let safe = json_text(&json);
    assert_eq!(foreign_to_text(safe.as_bytes()), [], "{safe}");
    assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), text);
}

fn is_harmless_cached(c: char) -> bool {
    use std::cell::RefCell;
    use std::collections::HashMap;
    thread_local!(static KNOWN: RefCell<HashMap<char, bool>> = RefCell::default());
    KNOWN.with_borrow_mut(|known| *known.entry(c).or_insert_with(|| is_harmless(c)))
}

/// Letters that marks, joiners and the like make something of.
const BEFORE: [char; 9] =
    ['a', '\u{1100}', ' ', '日', '\u{ac00}', '\u{ac01}', '\u{915}', '\u{644}', '\u{1f44d}'];

/// Of ideographs and syllables, which are all alike, every 16th; of planes without a letter every 61st.
fn is_in_short_form(number: u32) -> bool {
    match number {
        0x3400..=0x9FFF | 0xAC00..=0xD7A3 | 0x1_7000..=0x1_8CFF | 0x2_0000..=0x3_3FFF => {
            number.is_multiple_of(16)
        }
        0xE000..=0xF8FF | 0x3_4000..=0xD_FFFF | 0xF_0000.. => number.is_multiple_of(61),
        _ => true,
    }
}

#[test]
fn every_code_point_is_shown_as_clean_made_it() {
    let (mut drawing, mut points, mut row) = (Drawing::new(), 0_u64, Row::new());
    for number in 0..=u32::from(char::MAX) {
        if effort() == 1 && !is_in_short_form(number) {
            continue;
        }
        let Some(c) = char::from_u32(number) else { continue };
        points += 1;
        rules(&String::from(c));
        // What is not drawn but as an escape needs few pictures.
        let picture = !clean_line(&format!("a{c}")).is_ascii() || number % 64 == 0;
        let joins = c.width().unwrap_or(0) == 0 || c > '\u{1F1E5}';
        let before = if joins { &BEFORE[..] } else { &BEFORE[..2] };
        for before in before.iter().filter(|_| picture) {
            let text = format!("{before}{c}b");
            rules(&text);
            let next = Row::of(Tone::Plain, &text).say(Tone::Good, "|");
            if row.width() + next.width() > usize::from(COLUMNS) - 10 {
                drawing.take(std::mem::take(&mut row));
            }
            row = row.join(next);
        }
    }
    drawing.take(row);
    drawing.flush();
    let frames = drawing.frames;
    figures(
        "T1",
        &format!(
            "{points} code points, alone and behind up to {} letters: 0 foreign, 0 collisions",
            BEFORE.len()
        ),
    );
    figures("T3", &format!("{points} code points in {frames} frames: the emulator shows what clean made"));
}

#[test]
fn hostile_strings_are_shown_as_clean_made_them() {
    let count = if effort() > 1 { 50_000 * effort().min(20) } else { 50_000 };
    let (mut seed, mut drawing) = (Seed(0xC1EA), Drawing::new());
    let mut escaped = 0_u64;
    for at in 0..count {
        let text = hostile(&mut seed);
        rules(&text);
        let row = Row::of(Tone::Plain, &text);
        escaped += u64::from(row.pieces.iter().any(|piece| piece.tone == Tone::Danger));
        for columns in [1, 7, 40] {
            for row in row.wrap(columns) {
                assert!(columns < 2 || width(&row.plain()) <= columns, "{text:?}");
            }
        }
        match at % 3 {
            0 => drawing.take(row),
            1 => drawing.take(row.cut(usize::try_from(at % 11).unwrap(), 60)),
            _ => row.wrap(70).into_iter().take(4).for_each(|row| drawing.take(row)),
        }
    }
    drawing.flush();
    assert!(escaped * 2 > count, "most of them hold something that is not drawn");
    figures("T1", &format!("{count} hostile strings, {escaped} with an escape: 0 foreign, 0 collisions"));
    figures(
        "T3",
        &format!(
            "{count} hostile strings whole, cut and wrapped in {} frames: as clean made them",
            drawing.frames
        ),
    );
}

/// Where there are no colours, and where there are none but ASCII's letters: still no two texts alike by Rule S.
#[test]
fn the_danger_of_an_escape_is_not_told_by_colour_alone() {
    assert_ne!(clean_line("\u{202e}"), clean_line("\\u{202E}"));
    assert_ne!(clean_line("\x1b"), clean_line("\u{241b}"));
    assert_ne!(strict_line("\u{430}"), strict_line("\\u{430}"));
}
