//! May this key sign under this name, in this namespace, at this time?

use super::AllowedSigners;
use super::reading::Line;
use crate::signoff::Refused;
use crate::time::Timestamp;

impl AllowedSigners {
    /// Whether some line allows it.
    ///
    /// # Errors
    /// With the reason of the line that comes nearest.
    pub fn allow(&self, principal: &str, key: &str, namespace: &str, time: Timestamp) -> Result<(), Refused> {
        let unknown = |what: String| Refused::UnknownSigner(what);
        let named: Vec<&Line> =
            self.lines.iter().filter(|line| fits_list(&line.principals, principal)).collect();
        if named.is_empty() {
            return Err(unknown(format!("no line is for {principal}")));
        }
        let keyed: Vec<&&Line> = named.iter().filter(|line| line.key == key && !line.certificates).collect();
        if keyed.is_empty() {
            let authority = named.iter().find(|line| line.certificates);
            return Err(unknown(match authority {
                Some(line) => format!(
                    "line {} for {principal} is of a certificate authority, and certificates are not understood: list the person's own key",
                    line.number
                ),
                None => format!("the key is none of those of {principal}"),
            }));
        }
        let mut why = None;
        for line in keyed {
            match at(line, namespace, time) {
                Ok(()) => return Ok(()),
                Err(refused) => why = Some(refused),
            }
        }
        Err(why.unwrap_or_else(|| unknown("no line is for it".to_owned())))
    }
}

fn at(line: &Line, namespace: &str, time: Timestamp) -> Result<(), Refused> {
    let number = line.number;
    if line.namespaces.as_ref().is_some_and(|list| !fits_list(list, namespace)) {
        return Err(Refused::UnknownSigner(format!(
            "line {number} does not allow the namespace {namespace}"
        )));
    }
    if let Some(after) = line.after.filter(|after| time < *after) {
        return Err(Refused::Window(format!("signed at {time}, line {number} counts from {after}")));
    }
    if let Some(before) = line.before.filter(|before| time > *before) {
        return Err(Refused::Window(format!("signed at {time}, line {number} counts until {before}")));
    }
    Ok(())
}

/// Whether a list of patterns takes a word: one must fit, and none that begins with `!` may.
fn fits_list(list: &str, word: &str) -> bool {
    let mut taken = false;
    for pattern in list.split(',') {
        match pattern.strip_prefix('!') {
            Some(pattern) if fits(pattern.as_bytes(), word.as_bytes()) => return false,
            Some(_) => {}
            None => taken |= fits(pattern.as_bytes(), word.as_bytes()),
        }
    }
    taken
}

/// `*` is any bytes or none, `?` any one.
pub(super) fn fits(pattern: &[u8], word: &[u8]) -> bool {
    let (mut p, mut w) = (0, 0);
    let mut star: Option<(usize, usize)> = None;
    while w < word.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, w));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == word[w] => (p, w) = (p + 1, w + 1),
            _ => match star {
                Some((at, from)) => {
                    (p, w) = (at + 1, from + 1);
                    star = Some((at, from + 1));
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}
