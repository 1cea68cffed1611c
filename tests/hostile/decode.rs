//! The way back from what is shown to what came: where there is one, two texts are never shown alike.

use ceremony::view::Span;
use unicode_properties::{GeneralCategoryGroup, UnicodeGeneralCategory};

/// What a text came from, read from the letters alone, without their colours.
pub fn undone(shown: &str) -> Option<String> {
    let mut text = String::new();
    let mut rest = shown;
    while let Some(c) = rest.chars().next() {
        if let Some(escape) = rest.strip_prefix("\\u{") {
            let (digits, more) = escape.split_once('}')?;
            text.push(char::from_u32(u32::from_str_radix(digits, 16).ok()?)?);
            rest = more;
            continue;
        }
        text.push(match c {
            '\u{2400}'..='\u{241F}' => char::from_u32(u32::from(c) - 0x2400)?,
            '\u{2421}' => '\x7f',
            '\u{2422}'..='\u{2426}' | '\u{2420}' => return None,
            other => other,
        });
        rest = &rest[c.len_utf8()..];
    }
    Some(text)
}

/// The letters of spans.
pub fn joined(spans: &[Span]) -> String {
    spans.iter().map(|span| span.text.as_str()).collect()
}

/// Invisible although their category does not say so, or taken for something else.
const LOOKALIKES: &str = "\u{34f}\u{115f}\u{1160}\u{17b4}\u{17b5}\u{180b}\u{180f}\u{2800}\u{3164}\u{fe00}\
    \u{fe0e}\u{fe0f}\u{ffa0}\u{fffc}\u{fffd}\u{e0100}";

/// Whether a letter may stand in anything that is shown: by its category, whatever the program says of it, and by that.
pub fn is_harmless(c: char) -> bool {
    use GeneralCategoryGroup::{Other, Separator};
    let ours = matches!(c, ' '..='~' | '\u{2400}'..='\u{241F}' | '\u{2421}');
    let acts = matches!(c.general_category_group(), Other | Separator) || LOOKALIKES.contains(c);
    ours || !acts
        && ["a", "\u{1100}", "\u{1100}\u{1161}"].iter().any(|before| {
            ceremony::view::clean(&format!("{before}{c}"), false).last().is_some_and(|span| !span.danger)
        })
}

#[test]
fn escapes_are_undone() {
    assert_eq!(undone("a\\u{202E}b\u{241b}\u{2421}").as_deref(), Some("a\u{202e}b\x1b\x7f"));
    assert_eq!(undone("\\u{5C}u{41}").as_deref(), Some("\\u{41}"));
    assert_eq!(undone("\\x41 \\n").as_deref(), Some("\\x41 \\n"));
    assert!(undone("\\u{D800}").is_none() && undone("\u{2424}").is_none());
}
