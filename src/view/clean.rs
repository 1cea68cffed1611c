//! Rules C and S: what foreign text may put on a screen. Everything else is shown as an escape, in the style of danger.

use unicode_properties::{GeneralCategory, UnicodeGeneralCategory};
use unicode_segmentation::UnicodeSegmentation;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// A base character carries at most this many marks; more would paint over the lines around it.
const MARKS_MAX: usize = 2;

/// A run of text that is either as it came or an escape for something that must not act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// Safe to draw.
    pub text: String,
    /// Whether it stands for a character that is not drawn.
    pub danger: bool,
}

/// Characters that are invisible although their category does not say so (Unicode's `Default_Ignorable_Code_Point`
/// outside of the categories that are refused as a whole).
fn is_ignorable(c: char) -> bool {
    matches!(
        u32::from(c),
        0x034F | 0x115F..=0x1160 | 0x17B4..=0x17B5 | 0x180B..=0x180F | 0x2065 | 0x3164 | 0xFE00..=0xFE0F
            | 0xFFA0 | 0xFFF0..=0xFFF8 | 0xE0000..=0xE0FFF
    )
}

/// Whether a character that is not ASCII may be drawn as it is.
fn is_drawn(c: char) -> bool {
    use GeneralCategory as G;
    // The control pictures are what escapes are made of, so they may not come from outside. The Braille blank and
    // the two replacement characters look like nothing or like something else, and some terminals leave them out.
    let lookalike = matches!(c, '\u{2400}'..='\u{2426}' | '\u{2800}' | '\u{FFFC}' | '\u{FFFD}');
    // Terminals have one column for a letter, or two; whether the half-wide voice marks have one they do not agree on.
    let of_no_width = c.width().unwrap_or(0) > 2 || matches!(c, '\u{FF9E}' | '\u{FF9F}');
    !lookalike
        && !of_no_width
        && !is_ignorable(c)
        && !matches!(
            c.general_category(),
            G::Control
                | G::Format
                | G::PrivateUse
                | G::Surrogate
                | G::Unassigned
                | G::LineSeparator
                | G::ParagraphSeparator
                | G::SpaceSeparator
        )
}

fn is_mark(c: char) -> bool {
    use GeneralCategory as G;
    c.width().unwrap_or(0) == 0
        || matches!(c.general_category(), G::NonspacingMark | G::EnclosingMark | G::SpacingMark)
}

/// Whether terminals draw `c` behind what is in `cluster` as it was meant. A mark that makes no one letter with it is
/// dropped (by ratatui) or drawn over something else; a letter that melts into it (a skin tone) takes other columns
/// on one terminal than on the next.
fn stands_behind(cluster: &mut String, c: char) -> bool {
    let columns = cluster.width() + c.width().unwrap_or(0);
    cluster.push(c);
    let one = cluster.graphemes(true).nth(1).is_none();
    let fits = if one { cluster.width() == columns } else { !is_mark(c) };
    cluster.pop();
    fits
}

/// How an escape begins.
const ESCAPE: &str = "\\u{";

/// Whether text looks like an escape made here: without colours the two could not be told apart.
fn is_like_escape(text: &str) -> bool {
    text.starts_with(ESCAPE)
}

fn escape(c: char) -> String {
    format!("\\u{{{:X}}}", u32::from(c))
}

fn push(spans: &mut Vec<Span>, text: &str, danger: bool) {
    match spans.last_mut() {
        Some(last) if last.danger == danger => last.text.push_str(text),
        _ => spans.push(Span { text: text.to_owned(), danger }),
    }
}

/// Rule C, for text of servers, files and people. Newline and tab are kept only with `multi_line`.
pub fn clean(text: &str, multi_line: bool) -> Vec<Span> {
    if text.bytes().all(|byte| (0x20..0x7F).contains(&byte)) && !text.contains(ESCAPE) {
        return vec![Span { text: text.to_owned(), danger: false }];
    }
    let mut spans = Vec::new();
    // How many marks the last base carries; `None` where there is no base. A space is none: it goes where lines break.
    let mut marks: Option<usize> = None;
    // The last base with its marks.
    let mut cluster = String::new();
    let mut buffer = [0; 4];
    for (at, c) in text.char_indices() {
        let (shown, danger) = match c {
            '\n' | '\t' if multi_line => (None, false),
            '\\' if is_like_escape(&text[at..]) => (Some(escape(c)), true),
            ' '..='~' => (None, false),
            '\0'..='\x1F' => (char::from_u32(0x2400 + u32::from(c)).map(String::from), true),
            '\x7F' => (Some("\u{2421}".to_owned()), true),
            _ if !is_drawn(c) || !stands_behind(&mut cluster, c) => (Some(escape(c)), true),
            _ if is_mark(c) => match marks {
                Some(count) if count < MARKS_MAX => (None, false),
                _ => (Some(escape(c)), true),
            },
            _ => (None, false),
        };
        marks = match (danger, c) {
            (true, _) | (_, ' ' | '\n' | '\t') => None,
            _ if is_mark(c) => marks.map(|count| count + 1),
            _ => Some(0),
        };
        if marks.is_none_or(|marks| marks == 0) {
            cluster.clear();
        }
        if marks.is_some() {
            cluster.push(c);
        }
        push(&mut spans, shown.as_deref().unwrap_or(c.encode_utf8(&mut buffer)), danger);
    }
    spans
}

/// One line of Rule C as plain text, for outputs that have no style.
pub fn clean_line(text: &str) -> String {
    clean(text, false).into_iter().map(|span| span.text).collect()
}

/// Rule S, for hosts, paths and phrases that are typed: printable ASCII, the rest as escapes.
pub fn strict(text: &str) -> Vec<Span> {
    let mut spans = Vec::new();
    let mut buffer = [0; 4];
    for (at, c) in text.char_indices() {
        match c {
            ' '..='~' if !is_like_escape(&text[at..]) => {
                push(&mut spans, c.encode_utf8(&mut buffer), false);
            }
            _ => push(&mut spans, &escape(c), true),
        }
    }
    spans
}

/// JSON as `serde_json` writes it, with everything escaped that a terminal or an editor could act on: nothing but
/// strings can hold it there, and what they hold stays the same.
pub fn json_text(json: &str) -> String {
    let mut safe = String::with_capacity(json.len());
    let mut units = [0; 2];
    for c in json.chars() {
        if matches!(c, ' '..='~' | '\n') || (c > '\x7F' && is_drawn(c) && !is_mark(c)) {
            safe.push(c);
        } else {
            c.encode_utf16(&mut units).iter().for_each(|unit| safe.push_str(&format!("\\u{unit:04x}")));
        }
    }
    safe
}

/// Rule S as plain text.
pub fn strict_line(text: &str) -> String {
    strict(text).into_iter().map(|span| span.text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(spans: &[Span]) -> String {
        spans.iter().map(|span| span.text.as_str()).collect()
    }

    fn is_safe(c: char) -> bool {
        matches!(c, '\u{2400}'..='\u{2421}') || matches!(c, ' '..='~') || is_drawn(c)
    }

    #[test]
    fn no_code_point_gets_through_that_could_act() {
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            for text in [String::from(c), format!("a{c}"), format!("{c}a")] {
                for multi_line in [false, true] {
                    let spans = clean(&text, multi_line);
                    for span in &spans {
                        for shown in span.text.chars() {
                            let act = multi_line && matches!(shown, '\n' | '\t');
                            assert!(act || is_safe(shown), "{:X} shows {:X}", u32::from(c), u32::from(shown));
                            assert!(
                                span.danger || !matches!(shown, '\u{2400}'..='\u{2426}'),
                                "a control picture that was not made here"
                            );
                        }
                    }
                    if !multi_line {
                        assert!(joined(&spans).chars().all(|shown| !shown.is_control()));
                    }
                }
            }
            assert!(
                strict(&String::from(c))
                    .iter()
                    .all(|span| span.text.bytes().all(|b| (0x20..0x7F).contains(&b)))
            );
        }
    }

    #[test]
    fn two_texts_never_look_the_same() {
        let mut seen = std::collections::HashMap::new();
        for c in (0..=u32::from(char::MAX)).filter_map(char::from_u32) {
            let shown: Vec<(String, bool)> =
                clean(&String::from(c), false).into_iter().map(|span| (span.text, span.danger)).collect();
            assert_eq!(seen.insert(shown, c), None, "{:X}", u32::from(c));
        }
    }

    #[test]
    fn what_is_drawn() {
        assert_eq!(joined(&clean("naïve ✓ 日本", false)), "naïve ✓ 日本");
        assert_eq!(joined(&clean("\x1b[31mred\x07", false)), "\u{241b}[31mred\u{2407}");
        assert_eq!(joined(&clean("a\u{202e}b\u{a0}c\u{9b}", false)), "a\\u{202E}b\\u{A0}c\\u{9B}");
        assert_eq!(joined(&clean("e\u{301}\u{302}\u{303}", false)), "e\u{301}\u{302}\\u{303}");
        // Hangul in pieces is a syllable; the same pieces behind a letter would vanish.
        assert_eq!(joined(&clean("\u{1112}\u{1161}\u{11ab}", false)), "\u{1112}\u{1161}\u{11ab}");
        assert_eq!(joined(&clean("a\u{1161} \u{301}", false)), "a\\u{1161} \\u{301}");
        // What looks like an escape is none, also where nothing has a colour.
        assert_eq!(joined(&clean(r"\u{202E} \x41", false)), r"\u{5C}u{202E} \x41");
        assert_eq!(joined(&strict(r"\u{202E}")), r"\u{5C}u{202E}");
        assert_eq!(joined(&clean("a\nb", true)), "a\nb");
        assert_eq!(joined(&clean("a\nb", false)), "a\u{240a}b");
        assert_eq!(joined(&strict("127.0.0.1\u{430}")), "127.0.0.1\\u{430}");
    }
}
