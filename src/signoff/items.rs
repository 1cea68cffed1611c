//! Which waivers a session rests on. What must have been opened, the review says.

use crate::definition::Waiver;
use crate::session::Session;
pub use crate::view::review::must_be_opened;

/// Whether a check passed because of this waiver.
pub(super) fn was_used(session: &Session, waiver: &Waiver) -> bool {
    let mut judged = session.steps.iter().flat_map(|state| &state.checks).flatten();
    judged.any(|judged| judged.waiver.as_ref().is_some_and(|text| text.contains(&waiver.reason)))
}
