//! What the rows of a table hold, before and after: evidence of the data-loss meter, and what it says in words.

use serde::{Deserialize, Serialize};

/// What was found out about the rows of a table between two looks.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// `false` where the definition says `content = false`: the rows were only counted.
    pub hashed: bool,
    /// Columns of the primary key that each value was hashed with; empty where there is none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key: Vec<String>,
    /// Sum of the hashes of all rows before and after, as text; `None` when the columns are not the same.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<(String, String)>,
    /// Each column by itself; empty when the rows are the same anyway.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<ColumnContent>,
    /// What the transaction itself did to the rows; `None` when the server does not count it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub wrote: Option<Wrote>,
    /// Both looks together, microseconds.
    #[serde(default)]
    pub elapsed_us: u64,
}

/// What a transaction did to a table's rows, as the server counts it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wrote {
    /// Rows inserted.
    pub inserted: u64,
    /// Rows updated.
    pub updated: u64,
    /// Rows deleted.
    pub deleted: u64,
    /// It is another table, or its files were written anew.
    pub rewritten: bool,
}

/// A column between two looks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ColumnContent {
    /// Its name, the later one if it was renamed.
    pub column: String,
    /// What became of it.
    pub fate: Fate,
}

/// What became of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Fate {
    /// Its values were hashed both times.
    Compared {
        /// Sum of the hashes, as text.
        before: String,
        /// Sum of the hashes, as text.
        after: String,
    },
    /// Its type changed and its values cannot be read back as the old one.
    Unreadable {
        /// The server's words.
        error: String,
    },
    /// It is gone.
    Dropped,
    /// Nothing can be said of its values.
    NotCompared {
        /// Why.
        why: String,
    },
}

impl Fate {
    fn is_changed(&self) -> bool {
        match self {
            Self::Compared { before, after } => before != after,
            Self::Unreadable { .. } => true,
            Self::Dropped | Self::NotCompared { .. } => false,
        }
    }
}

impl Content {
    /// Whether the rows were compared and are not what they were.
    pub fn is_changed(&self) -> bool {
        match &self.rows {
            Some((before, after)) => before != after,
            None => self.columns.iter().any(|column| column.fate.is_changed()),
        }
    }

    /// The columns whose values are not what they were, in words.
    pub fn changed(&self) -> String {
        let changed = self.columns.iter().filter(|column| column.fate.is_changed());
        let names: Vec<&str> = changed.map(|column| column.column.as_str()).collect();
        match names.is_empty() {
            // Without a primary key each column may hold the same values, but in other rows.
            true => "which values stand together in a row".to_owned(),
            false => names.join(", "),
        }
    }

    /// What must be shown although nothing is wrong: `b is dropped`, `c: type changed from json to jsonb, …`.
    pub fn remarks(&self) -> Vec<String> {
        let remark = |column: &ColumnContent| match &column.fate {
            Fate::Dropped => Some(format!("{} is dropped", column.column)),
            Fate::NotCompared { why } => Some(format!("{}: {why}, content not compared", column.column)),
            Fate::Compared { .. } | Fate::Unreadable { .. } => None,
        };
        self.columns.iter().filter_map(remark).collect()
    }

    /// Whether there is a column of which nothing can be said.
    pub fn is_partial(&self) -> bool {
        self.columns.iter().any(|column| matches!(column.fate, Fate::NotCompared { .. }))
    }

    /// Rows that the transaction deleted and inserted where it deleted more: what others added meanwhile makes up for
    /// nothing. `None` also where every row was compared and is what it was.
    pub fn lost(&self) -> Option<(u64, u64)> {
        let Wrote { inserted, deleted, rewritten, .. } = self.wrote?;
        let untouched = self.rows.is_some() && !self.is_changed();
        (deleted > inserted && !rewritten && !untouched).then_some((deleted, inserted))
    }

    /// Why a change is not this transaction's, or none of a row that was there: in words.
    pub fn excuse(&self) -> Option<&'static str> {
        match self.wrote {
            Some(Wrote { updated: 0, deleted: 0, rewritten: false, inserted }) => Some(match inserted {
                0 => "others changed rows meanwhile, this transaction none",
                _ => "rows were added, none that was there was touched",
            }),
            _ => None,
        }
    }
}
