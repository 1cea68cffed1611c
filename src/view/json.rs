//! JSON set out over lines: the same tokens in the same order, numbers and doubles of keys as they came.

use serde::de::IgnoredAny;

/// An object or array with a line for each of its members; `None` for anything else.
pub(super) fn pretty(text: &str) -> Option<String> {
    let text = text.trim();
    if !text.starts_with(['{', '[']) || serde_json::from_str::<IgnoredAny>(text).is_err() {
        return None;
    }
    let mut out = String::with_capacity(text.len() * 2);
    let mut depth = 0_usize;
    let line = |out: &mut String, depth: usize| {
        out.push('\n');
        out.extend(std::iter::repeat_n("  ", depth));
    };
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let mut end = c.len_utf8();
        match c {
            '{' | '[' => {
                let inside = rest[1..].trim_start();
                let close = if c == '{' { '}' } else { ']' };
                out.push(c);
                if inside.starts_with(close) {
                    out.push(close);
                    end = rest.len() - inside.len() + 1;
                } else {
                    depth += 1;
                    line(&mut out, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut out, depth);
                out.push(c);
            }
            ',' => {
                out.push(c);
                line(&mut out, depth);
            }
            ':' => out.push_str(": "),
            '"' => {
                end = string_end(rest);
                out.push_str(&rest[..end]);
            }
            _ if c.is_ascii_whitespace() => {}
            _ => out.push(c),
        }
        rest = &rest[end..];
    }
    Some(out)
}

/// Behind the closing quote of the string that `text` starts with.
fn string_end(text: &str) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(1) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tokens_stay_as_they_are() {
        let text = r#" {"b":1.10,"a":[],"b":{ },"s":"x,\"{\\","n":[null , true]}"#;
        let out = pretty(text).unwrap();
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(
            lines[1..5],
            ["  \"b\": 1.10,", "  \"a\": [],", "  \"b\": {},", "  \"s\": \"x,\\\"{\\\\\","]
        );
        assert_eq!(lines.last(), Some(&"}"));
        let value = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
        assert_eq!(value(text), value(&out));
    }

    #[test]
    fn what_is_no_json_stays() {
        for text in ["", "{", "[1,]", "plain", "17", "\"text\"", "{not json}"] {
            assert_eq!(pretty(text), None, "{text}");
        }
        assert_eq!(pretty(&"[".repeat(100_000)), None, "too deep to read");
    }
}
