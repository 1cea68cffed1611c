//! What is masked in the record of a session.

use crate::definition::Ceremony;
use crate::driver::mask::Mask;
use crate::runner::postgres::endpoint::Endpoint;

/// What must not get into the record: the passwords there are, and what the definition says.
pub fn mask(endpoint: &Endpoint, ceremony: &Ceremony) -> Mask {
    let mut mask = Mask::default();
    let address = endpoint.to_string();
    let known = [endpoint.user.as_str(), &endpoint.database, &address];
    let variable = std::env::var("PGPASSWORD").ok();
    let passwords = [
        ("the target's password", endpoint.password.as_ref().map(|password| password.expose().to_owned())),
        ("the password in PGPASSWORD", variable),
    ];
    for (name, secret) in passwords {
        if let Some(secret) = secret {
            mask.hide(name, &secret, &known);
        }
    }
    for (at, pattern) in ceremony.mask.iter().enumerate() {
        mask.hide_pattern(at + 1, pattern);
    }
    mask
}
