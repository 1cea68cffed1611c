//! Untrusted text in XML and HTML: cleaned as for a screen, then escaped. Nothing else writes text into them.

use crate::view::clean;

/// Escapes what is markup.
pub(super) fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            _ => safe.push(character),
        }
    }
    safe
}

/// One line, for attributes and plain text: what must not act is shown as an escape.
pub(super) fn line(text: &str) -> String {
    clean(text, false).iter().map(|span| escape(&span.text)).collect()
}

/// Several lines as plain text.
pub(super) fn lines(text: &str) -> String {
    clean(text, true).iter().map(|span| escape(&span.text)).collect()
}

/// Text of a page, where what stands for a character that is not drawn is marked.
pub(super) fn marked(text: &str, multi_line: bool) -> String {
    let one = |span: crate::view::Span| match span.danger {
        true => format!("<span class=\"x\">{}</span>", escape(&span.text)),
        false => escape(&span.text),
    };
    clean(text, multi_line).into_iter().map(one).collect()
}
