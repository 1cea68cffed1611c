//! One spelling for what the server writes in two ways: `kind IN ('a', 'b')` on a varchar column casts the array; the
//! same after a dump and restore casts each element.

const ARRAY: &str = "(ARRAY[";

/// `(ARRAY['a'::character varying, 'b'::character varying])::text[]`, as a server has it that read the list itself,
/// becomes `ARRAY[('a'::character varying)::text, ('b'::character varying)::text]`, as one has it that read this text.
/// Only lists of literals: elsewhere nothing is touched.
pub(super) fn settled(text: String) -> String {
    if !text.contains(ARRAY) {
        return text;
    }
    let (mut out, mut rest) = (String::with_capacity(text.len()), text.as_str());
    while let Some(at) = rest.find(ARRAY) {
        let inside = &rest[at + ARRAY.len()..];
        out.push_str(&rest[..at]);
        match list(inside) {
            Some((elements, kind, behind)) => {
                let cast: Vec<String> = elements.iter().map(|it| format!("({it})::{kind}")).collect();
                out.push_str(&format!("ARRAY[{}]", cast.join(", ")));
                rest = behind;
            }
            None => {
                out.push_str(ARRAY);
                rest = inside;
            }
        }
    }
    out + rest
}

/// The elements, the type that the array is cast to, and what follows.
fn list(text: &str) -> Option<(Vec<&str>, &str, &str)> {
    let (mut elements, mut rest) = (Vec::new(), text);
    loop {
        let long = literal(rest)?;
        elements.push(&rest[..long]);
        rest = &rest[long..];
        if let Some(more) = rest.strip_prefix(", ") {
            rest = more;
            continue;
        }
        let behind = rest.strip_prefix("])::")?;
        let (kind, behind) = behind.split_once("[]")?;
        let plain = |c: char| c.is_ascii_alphanumeric() || " _.\"".contains(c);
        return kind.chars().all(plain).then_some((elements, kind, behind));
    }
}

/// The length of a string literal or NULL with its type, bytes.
fn literal(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = if text.starts_with("NULL") { 4 } else { 0 };
    if at == 0 {
        if bytes.first() != Some(&b'\'') {
            return None;
        }
        at = 1;
        loop {
            at += text[at..].find('\'')? + 1;
            if bytes.get(at) != Some(&b'\'') {
                break;
            }
            at += 1;
        }
    }
    let kind = text[at..].strip_prefix("::")?;
    let mut deep = 0_usize;
    for (offset, c) in kind.char_indices() {
        match c {
            '(' => deep += 1,
            ')' if deep > 0 => deep -= 1,
            ',' | ']' if deep == 0 => return Some(at + 2 + offset),
            ')' | '\'' | '[' => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::settled;

    #[test]
    fn lists_of_literals_have_one_spelling() {
        for (text, wanted) in [
            (
                "CHECK (((k)::text = ANY ((ARRAY['a'::character varying, 'it''s, ]'::character varying(9)])::text[])))",
                "CHECK (((k)::text = ANY (ARRAY[('a'::character varying)::text, ('it''s, ]'::character varying(9))::text])))",
            ),
            (
                "x = ANY ((ARRAY[NULL::character varying])::text[])",
                "x = ANY (ARRAY[(NULL::character varying)::text])",
            ),
            ("x = ANY ((ARRAY[y, 'a'::text])::text[])", "x = ANY ((ARRAY[y, 'a'::text])::text[])"),
            ("x = ANY ((ARRAY['a'::text", "x = ANY ((ARRAY['a'::text"),
            ("(ARRAY['ä'::text])::text", "(ARRAY['ä'::text])::text"),
            ("x = ANY (ARRAY['a'::text])", "x = ANY (ARRAY['a'::text])"),
        ] {
            assert_eq!(settled(text.to_owned()), wanted);
            assert_eq!(settled(wanted.to_owned()), wanted);
        }
    }
}
