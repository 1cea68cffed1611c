//! Text that is shown: Rule C and Rule S, whole, cut and wrapped.

use ceremony::runner::bytes;
use ceremony::view::{Row, Tone, clean, json_text, strict_line, width};

pub const WORDS: &[&str] = &[
    "\x1b[31m",
    "\x1b]0;x\x07",
    "\u{9b}",
    "\u{202e}",
    "\u{200d}",
    "\u{301}",
    "\u{302}\u{303}",
    "\u{1100}\u{1161}\u{11a8}",
    "\u{ac00}",
    "\u{1f44d}\u{1f3fd}",
    "\u{1f1e9}",
    "\u{fe0f}",
    "\u{ff9e}",
    "\u{915}\u{94d}",
    "\u{e0041}",
    "\\u{202E}",
    "\\u{",
    "\\x1b",
    "日",
    "\u{241b}",
    "\u{2421}",
    "\n",
    "\t",
    "\r",
    " ",
    "\u{5c8}",
    "\u{10fffd}",
    "\u{fffd}",
];

/// Read back from its letters alone.
fn undone(shown: &str) -> String {
    let mut text = String::new();
    let mut rest = shown;
    while let Some(c) = rest.chars().next() {
        if let Some(escape) = rest.strip_prefix("\\u{") {
            let (digits, more) = escape.split_once('}').expect("an escape that ends");
            text.push(u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).expect("a code point"));
            rest = more;
            continue;
        }
        text.push(match u32::from(c) {
            number @ 0x2400..=0x241F => char::from_u32(number - 0x2400).unwrap(),
            0x2421 => '\x7f',
            _ => c,
        });
        rest = &rest[c.len_utf8()..];
    }
    text
}

pub fn run(data: &[u8]) {
    let text = &bytes::text(data);
    for multi_line in [false, true] {
        let spans = clean(text, multi_line);
        let shown: String = spans.iter().map(|span| span.text.as_str()).collect();
        assert_eq!(undone(&shown), *text, "two texts are shown alike");
        for c in shown.chars() {
            let acts = c.is_control() && !(multi_line && matches!(c, '\n' | '\t'));
            assert!(!acts, "{c:?} is shown");
        }
        // What was found fit to be drawn still is, where it stands alone.
        for span in spans.iter().filter(|span| !span.danger) {
            let again = clean(&span.text, multi_line);
            assert!(again.iter().all(|span| !span.danger), "{:?} of {text:?}", span.text);
        }
    }
    let exact = strict_line(text);
    assert!(exact.bytes().all(|byte| (b' '..=b'~').contains(&byte)) && undone(&exact) == *text);
    let json = json_text(&serde_json::Value::from(text.as_str()).to_string());
    assert!(json.chars().all(|c| !c.is_control()) && serde_json::from_str::<String>(&json).unwrap() == *text);
    let row = Row::of(Tone::Plain, text).say(Tone::Bad, text);
    for columns in [1, 2, 3, 9, 40] {
        let rows = row.wrap(columns);
        assert!(columns < 2 || rows.iter().all(|row| row.width() <= columns));
        let kept = |text: String| text.replace(' ', "");
        assert_eq!(kept(rows.iter().map(Row::plain).collect()), kept(row.plain()), "wrapping loses letters");
        for skip in [0, 1, 5] {
            let cut = row.cut(skip, columns).plain();
            assert!(width(&cut) <= columns, "{cut:?} has more than {columns} columns");
        }
    }
}
