//! The schema's state as text, one entry an object: read by one query, compared and hashed here.

mod spelling;
#[cfg(test)]
mod tests;

use crate::session::ObjectChange;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// One read-only query, three text columns without NULL: object, definition and id, sorted by object, each object once.
/// The id tells an object from another one of the same name and shape; it is empty for what has no row of its own.
///
/// The caller runs [`SETTINGS`] before, in the same transaction. Run it in one snapshot, as it reads many
/// catalogs; inside the step's own transaction it sees what that has changed. PostgreSQL 14 and later.
///
/// Left out: system and temporary schemas, members of extensions, and schemas `ceremony` and `supabase_migrations`.
/// Data is left out, and with it the place a sequence stands at. Options of user mappings show as a digest.
pub const QUERY: &str = include_str!("catalog.sql");

/// What [`QUERY`] needs, one statement each. With another search path, names in definitions lose their schema; with
/// JIT, compiling the query takes 3.6 s instead of the 20 ms that it runs. They hold until the end of the transaction:
/// where statements of others follow in it, set both back, best by `ROLLBACK TO` a savepoint from before.
pub const SETTINGS: &[&str] = &["SET LOCAL search_path = pg_catalog", "SET LOCAL jit = off"];

/// Every object of a database with its definition, such as `column public.bookings.id` → `bigint; not null`.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Snapshot(pub BTreeMap<String, String>);

impl Snapshot {
    /// From the rows of [`QUERY`].
    pub fn from_rows(rows: impl IntoIterator<Item = (String, String)>) -> Self {
        Snapshot(rows.into_iter().map(|(object, text)| (object, spelling::settled(text))).collect())
    }

    /// From the rows of [`QUERY`] as a server sends them, with their ids.
    pub fn from_cells(rows: Vec<Vec<Option<String>>>) -> (Self, Ids) {
        let (mut objects, mut ids) = (Vec::new(), Ids::default());
        for row in rows {
            let mut cells = row.into_iter().flatten();
            if let (Some(object), Some(definition), Some(id)) = (cells.next(), cells.next(), cells.next()) {
                ids.0.insert(object.clone(), id);
                objects.push((object, definition));
            }
        }
        (Self::from_rows(objects), ids)
    }

    /// SHA-256 in hex over every object and definition in order, each with its length in bytes (8, big-endian) first.
    pub fn hash(&self) -> String {
        let mut digest = Sha256::new();
        for text in self.0.iter().flat_map(|(object, definition)| [object, definition]) {
            digest.update((text.len() as u64).to_be_bytes());
            digest.update(text.as_bytes());
        }
        digest.finalize().iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Which object each name stands for: name to `class/object/part` in oids.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ids(pub BTreeMap<String, String>);

impl Ids {
    /// Names that stand for another object than before.
    pub fn recreated(&self, after: &Self) -> Vec<String> {
        let other = |(name, id): &(&String, &String)| {
            !id.is_empty() && after.0.get(*name).is_some_and(|now| now != *id)
        };
        self.0.iter().filter(other).map(|(name, _)| name.clone()).collect()
    }
}

/// What differs, sorted by object.
pub fn diff(before: &Snapshot, after: &Snapshot) -> Vec<ObjectChange> {
    let change = |object: &String| {
        let (before, after) = (before.0.get(object), after.0.get(object));
        (before != after).then(|| ObjectChange {
            object: object.clone(),
            before: before.cloned(),
            after: after.cloned(),
        })
    };
    let added = after.0.keys().filter(|object| !before.0.contains_key(*object));
    let mut changes: Vec<ObjectChange> = before.0.keys().chain(added).filter_map(change).collect();
    changes.sort_by(|a, b| a.object.cmp(&b.object));
    changes
}
