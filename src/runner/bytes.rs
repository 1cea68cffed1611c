//! Bytes of servers and programs as text: what is UTF-8 stays as it came, what is not becomes `\xNN`.

/// UTF-8 as it is. Other bytes become `\xNN`, and then a `\x` that was there already becomes `\x5Cx`, so that bytes
/// which differ do not become the same text.
///
/// # Examples
/// ```
/// use ceremony::runner::bytes::text;
/// assert_eq!(text("naïve \\x41".as_bytes()), "naïve \\x41");
/// assert_eq!(text(b"na\xEFve \\x41"), "na\\xEFve \\x5Cx41");
/// ```
pub fn text(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len() + 16);
    for chunk in bytes.utf8_chunks() {
        text.push_str(&chunk.valid().replace("\\x", "\\x5Cx"));
        chunk.invalid().iter().for_each(|byte| text.push_str(&format!("\\x{byte:02X}")));
    }
    text
}

/// Where a piece of a stream can be cut so that no character of UTF-8 is.
pub fn whole(bytes: &[u8]) -> usize {
    match std::str::from_utf8(bytes) {
        Err(error) if error.error_len().is_none() => error.valid_up_to(),
        // An invalid byte somewhere before says nothing of the end.
        Err(_) => {
            let starts = bytes.iter().rev().take(4).position(|byte| byte & 0xC0 != 0x80).unwrap_or(0);
            let from = bytes.len() - starts.min(bytes.len() - 1) - 1;
            let cut =
                matches!(std::str::from_utf8(&bytes[from..]), Err(error) if error.error_len().is_none());
            if cut { from } else { bytes.len() }
        }
        Ok(_) => bytes.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_cut_between_characters() {
        let text = "a日本é\u{1F600}z".as_bytes();
        for end in 1..=text.len() {
            let cut = whole(&text[..end]);
            assert!(end - cut < 4 && std::str::from_utf8(&text[..cut]).is_ok(), "{end}");
            let with_odd = [b"\xFF", &text[..end]].concat();
            assert_eq!(whole(&with_odd), if cut == 0 { 1 } else { cut + 1 }, "{end}");
        }
        assert_eq!((whole(b""), whole(b"\xFF"), whole(b"\x80\x80\x80\x80\x80")), (0, 1, 5));
    }
}
