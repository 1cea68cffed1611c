//! Feature flags: environment variables, read when they are asked for.

use crate::session::Observation;

/// Looks a flag up. Unset counts as off, and the record says which it was.
pub fn observe(name: &str) -> Observation {
    let value = std::env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    Observation::Flag { name: name.to_owned(), value, source: "environment of this program".to_owned() }
}
