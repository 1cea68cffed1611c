//! Text for the clipboard of the operator's terminal: OSC 52, cleaned and of a limited size.

/// Terminals and multiplexers take 100,000 bytes of a sequence; this many bytes of text fit.
pub(super) const COPY_MAX: usize = 74_000;

/// A row as tab-separated values, in the spelling of COPY: `\N` is NULL.
pub(super) fn tsv(values: &[Option<String>]) -> String {
    let spelled = |value: &Option<String>| match value {
        None => "\\N".to_owned(),
        Some(text) => {
            text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
        }
    };
    values.iter().map(spelled).collect::<Vec<_>>().join("\t")
}

/// The sequence that puts `text` into the clipboard. Control characters but tab and newline stay out: what is pasted
/// into a shell must not act there.
pub fn osc52(text: &str) -> String {
    let kept: String = text.chars().filter(|c| matches!(c, '\t' | '\n') || !c.is_control()).collect();
    format!("\u{1b}]52;c;{}\u{7}", base64(kept.as_bytes()))
}

/// <https://www.rfc-editor.org/rfc/rfc4648#section-4>
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let [a, b, c] = [0, 1, 2].map(|at| u32::from(three.get(at).copied().unwrap_or(0)));
        let bits = a << 16 | b << 8 | c;
        for at in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * at) & 63) as usize];
            out.push(if at > three.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (text, coded) in pairs {
            assert_eq!(base64(text.as_bytes()), coded);
        }
        assert_eq!(base64(&[0xff, 0xfe, 0xfd]), "//79");
    }

    #[test]
    fn nothing_that_acts_is_copied() {
        assert_eq!(osc52("a\u{1b}[2J\rb\n"), osc52("a[2Jb\n"));
        assert!(osc52(&"x".repeat(COPY_MAX)).len() < 100_000);
    }

    #[test]
    fn a_row_is_told_apart_again() {
        let row = [Some("a\tb".to_owned()), None, Some("\\N".to_owned()), Some(String::new())];
        assert_eq!(tsv(&row), "a\\tb\t\\N\t\\\\N\t");
    }
}
