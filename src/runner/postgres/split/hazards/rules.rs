//! Which of the linter's rules are about what happens when a script runs, and in which words.

use crate::plan::HazardClass;
use squawk_linter::Rule;

/// What a rule means to an operator.
pub(super) struct Meaning {
    pub rule: Rule,
    pub class: HazardClass,
    pub what: &'static str,
    pub next: &'static str,
    /// It is what undoing is: said of a migration, not of its rollback.
    pub up_only: bool,
}

const fn is(rule: Rule, class: HazardClass, what: &'static str, next: &'static str) -> Meaning {
    Meaning { rule, class, what, next, up_only: false }
}

const fn breaks(rule: Rule, what: &'static str) -> Meaning {
    Meaning { rule, class: HazardClass::Other, what, next: CLIENTS, up_only: true }
}

const CLIENTS: &str = "make sure that nothing that runs now relies on it";
const ROWS: &str = "make sure that nobody needs the rows, or that they are backed up";
const SMALL: &str =
    "on a small or quiet table accept it; on a large one build it CONCURRENTLY, in a file of its own";
const LATER: &str =
    "on a small table accept it; on a large one add it NOT VALID, and validate it in a later migration";
const SLOW: &str =
    "on a small table accept it; on a large one add a new column, fill it in parts, and change over";

/// The rules that are asked. Left out: taste in types and names, what the step itself does (one transaction, lock and
/// statement timeouts, no CONCURRENTLY inside), and what the splitter refuses.
pub(super) const MEANINGS: &[Meaning] = &[
    is(Rule::BanDropTable, HazardClass::Data, "dropping a table loses its rows", ROWS),
    is(Rule::BanDropColumn, HazardClass::Data, "dropping a column loses what is in it", ROWS),
    is(Rule::BanDropSchema, HazardClass::Data, "dropping a schema loses all that is in it", ROWS),
    is(Rule::BanDropDatabase, HazardClass::Data, "dropping a database loses all that is in it", ROWS),
    is(Rule::BanTruncateCascade, HazardClass::Data, "TRUNCATE CASCADE empties other tables too", ROWS),
    is(
        Rule::ChangingColumnType,
        HazardClass::Rewrite,
        "changing a column's type may rewrite its table",
        SLOW,
    ),
    is(
        Rule::AddingFieldWithDefault,
        HazardClass::Rewrite,
        "a new column with a computed value rewrites its table",
        SLOW,
    ),
    is(
        Rule::PreferRepack,
        HazardClass::Rewrite,
        "VACUUM FULL or CLUSTER rewrites the whole table",
        "do it at a quiet time, or with pg_repack",
    ),
    is(
        Rule::AddingForeignKeyConstraint,
        HazardClass::Lock,
        "a new foreign key locks both tables against writes and checks every row",
        LATER,
    ),
    is(
        Rule::DisallowedUniqueConstraint,
        HazardClass::Lock,
        "a new unique constraint locks its table while the index is built",
        "on a small table accept it; on a large one build the index CONCURRENTLY first, then add the constraint USING INDEX",
    ),
    is(
        Rule::AddingSerialPrimaryKeyField,
        HazardClass::Lock,
        "a new primary key locks its table while the index is built",
        "on a small table accept it; on a large one build the index CONCURRENTLY first, then add the key USING INDEX",
    ),
    is(
        Rule::AddingNotNullableField,
        HazardClass::Lock,
        "SET NOT NULL reads the whole table under a lock",
        "on a small table accept it; on a large one validate a CHECK (… IS NOT NULL) first",
    ),
    is(
        Rule::ConstraintMissingNotValid,
        HazardClass::Lock,
        "a new constraint checks every row under a lock",
        LATER,
    ),
    is(
        Rule::BanAlterDomainWithAddConstraint,
        HazardClass::Lock,
        "a domain's new constraint checks every table that uses it, under locks",
        LATER,
    ),
    is(
        Rule::RequireConcurrentIndexCreation,
        HazardClass::Lock,
        "building an index locks its table against writes until COMMIT",
        SMALL,
    ),
    is(
        Rule::RequireConcurrentReindex,
        HazardClass::Lock,
        "rebuilding an index locks its table until COMMIT",
        SMALL,
    ),
    is(
        Rule::RequireConcurrentIndexDeletion,
        HazardClass::Lock,
        "dropping an index locks its table until COMMIT",
        "on a quiet table accept it; on a busy one drop it CONCURRENTLY, in a file of its own",
    ),
    is(
        Rule::RequireConcurrentPartitionDetach,
        HazardClass::Lock,
        "detaching a partition locks the whole table until COMMIT",
        "on a quiet table accept it; on a busy one detach it CONCURRENTLY, in a file of its own",
    ),
    is(
        Rule::AddingRequiredField,
        HazardClass::Other,
        "a new column NOT NULL without a default fails if there are rows",
        "give it a default, or fill it first and set NOT NULL later",
    ),
    is(
        Rule::IdentifierTooLong,
        HazardClass::Other,
        "a name is longer than 63 bytes: the server cuts it",
        "shorten it",
    ),
    is(Rule::BanDuplicateColumnAssignments, HazardClass::Other, "a column is assigned twice", "keep one"),
    breaks(Rule::RenamingTable, "renaming a table breaks whoever uses the old name"),
    breaks(Rule::RenamingColumn, "renaming a column breaks whoever uses the old name"),
    breaks(Rule::RenamingObject, "renaming breaks whoever uses the old name"),
    breaks(Rule::BanSetSchema, "moving to another schema breaks whoever uses the old name"),
    breaks(Rule::BanDropNotNull, "readers may not expect the NULL that is allowed now"),
    breaks(Rule::BanDropDefault, "writers may rely on the default that is dropped"),
    breaks(Rule::BanDropConstraint, "readers may rely on the constraint that is dropped"),
    breaks(Rule::BanDropView, "dropping a view breaks whoever reads it"),
    breaks(Rule::BanDropFunction, "dropping a function breaks whoever calls it"),
    breaks(Rule::BanDropType, "dropping a type breaks whoever uses it"),
    breaks(Rule::BanDropDomain, "dropping a domain breaks whoever uses it"),
    breaks(Rule::BanDropSequence, "dropping a sequence breaks whoever draws from it"),
    breaks(Rule::BanDropExtension, "dropping an extension breaks whoever uses it"),
    breaks(Rule::BanDropGeneratedExpression, "writers may rely on the value that was computed"),
    breaks(Rule::BanAlterIdentity, "writers may rely on how the identity column was filled"),
];
