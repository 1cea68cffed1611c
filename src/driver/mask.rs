//! Secrets that come up in what is heard are masked before anything is decided on it, and so before it is hashed.

use crate::session::{AttemptId, Input, Outcome, Report};
use serde_json::Value;

/// A shorter secret, or one that is in the name of the target, is no secret, and masking it would garble the record.
const SECRET_MIN: usize = 6;

/// What is not to be in the record, by rule.
#[derive(Clone, Default)]
pub struct Mask {
    rules: Vec<Rule>,
}

#[derive(Clone)]
struct Rule {
    /// In words, such as `the target's password`.
    name: String,
    kind: Kind,
}

#[derive(Clone)]
enum Kind {
    /// These texts.
    Texts(Vec<String>),
    /// What begins so, up to the next space, quote, comma or bracket.
    Prefix(String),
}

/// It says how many rules there are, never what they hide.
impl std::fmt::Debug for Mask {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Mask({} rules)", self.rules.len())
    }
}

impl Mask {
    /// Hides `secret`, also as it is written in a URL. `known`: what is no secret, such as the target's name.
    pub fn hide(&mut self, name: &str, secret: &str, known: &[&str]) {
        if secret.len() < SECRET_MIN || known.iter().any(|known| known.contains(secret)) {
            return;
        }
        let percent = |keep: &str| -> String {
            let plain = |byte: u8| byte.is_ascii_alphanumeric() || keep.as_bytes().contains(&byte);
            secret
                .bytes()
                .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
                .collect()
        };
        let mut texts = vec![secret.to_owned(), percent("-_.~"), percent("-_."), percent("")];
        texts.extend(texts.clone().iter().map(|text| text.replace("%", "%25")));
        texts.dedup();
        self.rules.push(Rule { name: name.to_owned(), kind: Kind::Texts(texts) });
    }

    /// Hides what a pattern of the definition stands for: a text, or the beginning of one with `*` behind it.
    pub fn hide_pattern(&mut self, number: usize, pattern: &str) {
        let name = format!("mask pattern {number}");
        let kind = match pattern.strip_suffix('*') {
            Some(prefix) => Kind::Prefix(prefix.to_owned()),
            None => Kind::Texts(vec![pattern.to_owned()]),
        };
        self.rules.push(Rule { name, kind });
    }

    /// `input` without secrets, and how often each rule hid something.
    pub(super) fn mask(&self, input: Input) -> (Input, Vec<(String, usize)>) {
        if !self.may_hold(&input) {
            return (input, Vec::new());
        }
        let mut hits = vec![0; self.rules.len()];
        let masked = serde_json::to_value(&input).and_then(|mut value| {
            self.walk(&mut value, &mut hits);
            serde_json::from_value(value)
        });
        let hits = self.rules.iter().zip(hits).filter(|(_, count)| *count > 0);
        let found = hits.map(|(rule, count)| (rule.name.clone(), count)).collect();
        (masked.unwrap_or(input), found)
    }

    /// The report that stands behind a masked input.
    pub(super) fn report(input: &Input, (rule, count): (String, usize)) -> Input {
        let nobodys = || AttemptId { session: String::new(), number: 0 };
        let attempt = match input {
            Input::Outcome(outcome) => outcome.attempt.clone(),
            Input::Command(_) => nobodys(),
        };
        Input::Outcome(Outcome { attempt, report: Report::Masked { rule, count } })
    }

    /// A quick look, for there is a lot of output and hardly ever a secret in it.
    fn may_hold(&self, input: &Input) -> bool {
        let holds = |text: &str| self.rules.iter().any(|rule| rule.finds(text));
        match input {
            _ if self.rules.is_empty() => false,
            Input::Outcome(Outcome { report: Report::Printed { text, .. }, .. }) => holds(text),
            // What JSON escapes is found once it is walked.
            _ => true,
        }
    }

    fn walk(&self, value: &mut Value, hits: &mut [usize]) {
        match value {
            Value::String(text) => {
                for (rule, hits) in self.rules.iter().zip(hits) {
                    *hits += rule.replace(text);
                }
            }
            Value::Array(all) => all.iter_mut().for_each(|value| self.walk(value, hits)),
            Value::Object(all) => all.iter_mut().for_each(|(_, value)| self.walk(value, hits)),
            _ => {}
        }
    }
}

impl Rule {
    fn finds(&self, text: &str) -> bool {
        match &self.kind {
            Kind::Texts(texts) => texts.iter().any(|secret| text.contains(secret.as_str())),
            Kind::Prefix(prefix) => text.contains(prefix.as_str()),
        }
    }

    /// Masks in place; how often.
    fn replace(&self, text: &mut String) -> usize {
        if !self.finds(text) {
            return 0;
        }
        let instead = format!("[masked: {}]", self.name);
        match &self.kind {
            Kind::Texts(texts) => {
                let mut count = 0;
                for secret in texts {
                    count += text.matches(secret.as_str()).count();
                    *text = text.replace(secret.as_str(), &instead);
                }
                count
            }
            Kind::Prefix(prefix) => {
                let (mut rest, mut count) = (std::mem::take(text), 0);
                while let Some(at) = rest.find(prefix.as_str()) {
                    let ends = |letter: char| letter.is_whitespace() || "\"'`,;()[]{}<>".contains(letter);
                    let behind = at + prefix.len();
                    let end = rest[behind..].find(ends).map_or(rest.len(), |more| behind + more);
                    text.push_str(&rest[..at]);
                    text.push_str(&instead);
                    rest = rest.split_off(end);
                    count += 1;
                }
                text.push_str(&rest);
                count
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::Command;

    fn masked(mask: &Mask, words: &str) -> (String, Vec<(String, usize)>) {
        let (input, found) = mask.mask(Input::Command(Command::Note { words: words.to_owned() }));
        let Input::Command(Command::Note { words }) = input else { panic!("another command") };
        (words, found)
    }

    #[test]
    fn secrets_are_masked_and_counted_by_rule() {
        let mut mask = Mask::default();
        mask.hide("the target's password", "p\"w/ x?", &["postgres"]);
        mask.hide_pattern(1, "sk_live_*");
        let (words, found) = masked(&mask, "p\"w/ x? and p%22w%2F%20x%3F, \"sk_live_abc\" (sk_live_) end");
        let password = "[masked: the target's password]";
        let key = "[masked: mask pattern 1]";
        assert_eq!(words, format!("{password} and {password}, \"{key}\" ({key}) end"));
        assert_eq!(found, [("the target's password".to_owned(), 2), ("mask pattern 1".to_owned(), 2)]);
        assert_eq!(masked(&mask, "nothing here"), ("nothing here".to_owned(), Vec::new()));
        assert_eq!(format!("{mask:?}"), "Mask(2 rules)");
    }

    #[test]
    fn what_is_no_secret_is_not_masked() {
        let mut mask = Mask::default();
        mask.hide("short", "abc", &[]);
        mask.hide("the name of the database", "postgres", &["postgres"]);
        assert_eq!(masked(&mask, "abc postgres"), ("abc postgres".to_owned(), Vec::new()));
    }
}
