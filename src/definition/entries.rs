//! Each kind of entry of `ceremony.toml`, read into the model.

use super::model::*;
use super::queries;
use super::reader::{At, Reading, Table};
use super::schema::{self, Grade, Undeclared};
use super::sections::Files;
use super::signatures;
use super::target::*;
use std::ops::Range;

/// Where the things that are checked against each other stand in the text.
#[derive(Default)]
pub(super) struct Spans {
    pub steps: Vec<Range<usize>>,
    pub migrations: Vec<Range<usize>>,
    pub waivers: Vec<Range<usize>>,
    /// `(kind of thing, id, where it is defined)`.
    pub ids: Vec<(&'static str, String, Range<usize>)>,
    /// `(kind of thing, id, where it is referred to)`.
    pub uses: Vec<(&'static str, String, Range<usize>)>,
    pub sums: Vec<(String, Range<usize>)>,
    /// Of each waiver the tests it names; `None` when it has no such list.
    pub waived: Vec<Option<Vec<At<String>>>>,
    /// Of each suite its result file.
    pub results: Vec<Option<At<String>>>,
    pub signatures: Vec<Range<usize>>,
}

impl Spans {
    fn define(&mut self, kind: &'static str, id: At<String>) -> String {
        self.ids.push((kind, id.value.clone(), id.span));
        id.value
    }

    fn refer(&mut self, kind: &'static str, ids: Vec<At<String>>) -> Vec<String> {
        ids.into_iter()
            .map(|id| {
                self.uses.push((kind, id.value.clone(), id.span));
                id.value
            })
            .collect()
    }
}

fn values(list: Vec<At<String>>) -> Vec<String> {
    list.into_iter().map(|item| item.value).collect()
}

pub(super) fn read(
    reading: &mut Reading<'_>,
    mut root: Table<'_, '_>,
    files: &mut Files<'_>,
) -> (Ceremony, Spans) {
    let mut spans = Spans::default();
    let format = root.number(reading, "format", 1..2, 0);
    if format == 0 && reading.problems.is_empty() {
        let span = root.span.clone();
        reading.problem(
            &span,
            "the definition has no 'format'",
            "the format's number tells how the file is to be read",
            "add `format = 1` as the first line",
        );
    }
    let mut ceremony = head(reading, &mut root);
    ceremony.target = target(reading, &mut root, files);
    ceremony.limits = limits(reading, &mut root);
    for mut table in root.tables(reading, "input") {
        let path = table.string(reading, "path");
        let sum = checksum(reading, &mut table, &mut spans);
        files.sum(reading, &path);
        let line = super::Place::of("", reading.text, sum.span.start).line;
        ceremony.inputs.push(Input { path: path.value, sha256: sum.value, line });
        table.done(reading);
    }
    for mut table in root.tables(reading, "flag") {
        let name = table.string(reading, "name");
        let on = table.choice(reading, "expect", &[("off", false), ("on", true)], Some(false));
        ceremony.flags.push(Flag { name: spans.define("flag", name), on });
        table.done(reading);
    }
    for mut table in root.tables(reading, "protect") {
        let name = table.string(reading, "table");
        let name = qualified(reading, name);
        if !table.flag(reading, "content", true) {
            ceremony.counted_only.push(name.clone());
        }
        ceremony.protect.push(name);
        table.done(reading);
    }
    for table in root.tables(reading, "migration") {
        let (migration, line) = migration(reading, table, files, &mut spans, ceremony.undeclared);
        ceremony.inputs.push(Input {
            path: migration.script.file.clone(),
            sha256: migration.sha256.clone(),
            line,
        });
        ceremony.migrations.push(migration);
    }
    for table in root.tables(reading, "query") {
        ceremony.queries.push(queries::read(reading, table, files, &mut spans));
    }
    for table in root.tables(reading, "negative") {
        ceremony.negatives.push(negative(reading, table, files, &mut spans));
    }
    let default_timeout_ms = ceremony.limits.suite_timeout_ms;
    for table in root.tables(reading, "suite") {
        ceremony.suites.push(suite(reading, table, files, &mut spans, default_timeout_ms));
    }
    for table in root.tables(reading, "waiver") {
        spans.waivers.push(table.span.clone());
        ceremony.waivers.push(waiver(reading, table, &mut spans));
    }
    for table in root.tables(reading, "step") {
        spans.steps.push(table.span.clone());
        ceremony.steps.push(step(reading, table, files, &mut spans));
    }
    for mut table in root.tables(reading, "claim") {
        let id = table.string(reading, "id");
        let text = table.string(reading, "text").value;
        let evidence = table.strings(reading, "evidence");
        ceremony.claims.push(Claim {
            id: spans.define("claim", id),
            text,
            evidence: spans.refer("planned step", evidence),
        });
        table.done(reading);
    }
    for table in root.tables(reading, "signature") {
        ceremony.signatures.push(signatures::read(reading, table, &mut spans));
    }
    root.done(reading);
    (ceremony, spans)
}

fn head(reading: &mut Reading<'_>, root: &mut Table<'_, '_>) -> Ceremony {
    let mut ceremony = Ceremony {
        id: String::new(),
        title: String::new(),
        purpose: String::new(),
        planned_minutes: 0,
        rollback_minutes: 0,
        runbook: None,
        risks: Vec::new(),
        undeclared: Undeclared::Stop,
        notify: Vec::new(),
        mask: Vec::new(),
        target: Target::default(),
        limits: Limits::default(),
        inputs: Vec::new(),
        flags: Vec::new(),
        protect: Vec::new(),
        counted_only: Vec::new(),
        migrations: Vec::new(),
        queries: Vec::new(),
        negatives: Vec::new(),
        suites: Vec::new(),
        waivers: Vec::new(),
        steps: Vec::new(),
        claims: Vec::new(),
        signatures: Vec::new(),
        files: Default::default(),
    };
    let Some(mut table) = root.table(reading, "ceremony", true) else { return ceremony };
    let id = table.string(reading, "id");
    ceremony.id = plain_id(reading, &id);
    ceremony.title = table.string(reading, "title").value;
    ceremony.purpose = table.string(reading, "purpose").value;
    ceremony.planned_minutes = table.number(reading, "planned_minutes", 1..10_000, 60);
    ceremony.rollback_minutes = table.number(reading, "rollback_minutes", 1..10_000, 30);
    ceremony.runbook = table.string_or(reading, "runbook", None).map(|path| path.value);
    ceremony.risks = values(table.strings(reading, "risks"));
    ceremony.undeclared = table.choice(reading, "undeclared", schema::UNDECLARED, Some(Undeclared::Stop));
    ceremony.notify = values(table.strings(reading, "notify"));
    let patterns = table.strings(reading, "mask");
    ceremony.mask = masks(reading, patterns);
    table.done(reading);
    ceremony
}

/// What is never to be in the record; a pattern that short would hide what matters.
fn masks(reading: &mut Reading<'_>, patterns: Vec<At<String>>) -> Vec<String> {
    for pattern in patterns.iter().filter(|it| it.value.trim_end_matches('*').chars().count() < 4) {
        let why = "it would mask what has to be read";
        reading.problem(
            &pattern.span,
            "a mask pattern needs 4 letters before its '*'",
            why,
            "write more of it",
        );
    }
    values(patterns)
}

fn target(reading: &mut Reading<'_>, root: &mut Table<'_, '_>, files: &mut Files<'_>) -> Target {
    let Some(mut table) = root.table(reading, "target", false) else { return Target::default() };
    let planned = table.string_or(reading, "planned", None).map(|text| text.value);
    let url = table.string_or(reading, "url", None).map(|text| text.value);
    let baseline = table.string_or(reading, "baseline", None).map(|path| files.script(reading, &path));
    let unproven = table.string_or(reading, "unproven", None).map(|text| text.value);
    table.done(reading);
    Target { planned, url, baseline, unproven }
}

fn limits(reading: &mut Reading<'_>, root: &mut Table<'_, '_>) -> Limits {
    let day_ms = 86_400_000;
    let mut limits = Limits::default();
    let Some(mut table) = root.table(reading, "limits", false) else { return limits };
    for (key, value) in [
        ("lock_timeout_ms", &mut limits.lock_timeout_ms),
        ("statement_timeout_ms", &mut limits.statement_timeout_ms),
        ("answer_timeout_ms", &mut limits.answer_timeout_ms),
        ("idle_ms", &mut limits.idle_ms),
        ("suite_timeout_ms", &mut limits.suite_timeout_ms),
        ("budget_ms_min", &mut limits.budget_ms_min),
    ] {
        *value = table.number(reading, key, 1..day_ms, *value);
    }
    limits.budget_factor = table.number(reading, "budget_factor", 0..10_000, limits.budget_factor);
    let sessions = &mut limits.blocked_sessions_max;
    *sessions = table.number(reading, "blocked_sessions_max", 0..33, *sessions);
    limits.blocked_ms_max = table.number(reading, "blocked_ms_max", 0..day_ms, limits.blocked_ms_max);
    table.done(reading);
    limits
}

fn checksum(reading: &mut Reading<'_>, table: &mut Table<'_, '_>, spans: &mut Spans) -> At<String> {
    let sum = table.string(reading, "sha256");
    let hexadecimal = sum.value.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    if !sum.value.is_empty() && (sum.value.len() != 64 || !hexadecimal) {
        reading.problem(
            &sum.span,
            "'sha256' is not 64 lower-case hexadecimal digits",
            "the checksum says which bytes were reviewed",
            "take it from `sha256sum FILE`",
        );
    }
    spans.sums.push((sum.value.clone(), sum.span.clone()));
    sum
}

/// Ids appear in typed phrases, answers files and folder names.
fn plain_id(reading: &mut Reading<'_>, id: &At<String>) -> String {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_/.".contains(&byte);
    if !id.value.bytes().all(plain) || id.value.len() > 80 {
        reading.problem(
            &id.span,
            format!("'{}' cannot be an id", id.value.escape_default()),
            "an id is typed at gates: at most 80 of a-z, 0-9, '-', '_', '/' and '.'",
            "choose a plain name",
        );
    }
    id.value.clone()
}

/// Table names are put into SQL, so they are `schema.table` in plain letters.
fn qualified(reading: &mut Reading<'_>, name: At<String>) -> String {
    let part = |part: &str| {
        let mut bytes = part.bytes();
        bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_')
            && bytes.all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
            && part.len() <= 63
    };
    let good = name.value.split_once('.').is_some_and(|(schema, table)| part(schema) && part(table));
    if !good && !name.value.is_empty() {
        reading.problem(
            &name.span,
            format!("'{}' is not a table's name", name.value.escape_default()),
            "it must be written `schema.table`, in small letters, digits and '_', at most 63 of them each",
            "write the schema too, such as public.bookings",
        );
    }
    name.value
}

fn tables(reading: &mut Reading<'_>, names: Vec<At<String>>) -> Vec<String> {
    names.into_iter().map(|name| qualified(reading, name)).collect()
}

pub(super) fn script(reading: &mut Reading<'_>, table: &mut Table<'_, '_>, files: &mut Files<'_>) -> Script {
    let reference = table.string(reading, "script");
    files.script(reading, &reference)
}

pub(super) fn id(
    reading: &mut Reading<'_>,
    table: &mut Table<'_, '_>,
    kind: &'static str,
    spans: &mut Spans,
) -> String {
    let id = table.string(reading, "id");
    plain_id(reading, &id);
    spans.define(kind, id)
}

fn migration(
    reading: &mut Reading<'_>,
    mut table: Table<'_, '_>,
    files: &mut Files<'_>,
    spans: &mut Spans,
    undeclared: Undeclared,
) -> (Migration, usize) {
    spans.migrations.push(table.span.clone());
    let id = id(reading, &mut table, "migration", spans);
    let title = table.string(reading, "title").value;
    let file = table.string(reading, "file");
    let mut script = files.script(reading, &file);
    script.transaction = transaction(reading, &mut table);
    let sum = checksum(reading, &mut table, spans);
    let risk = table.choice(
        reading,
        "risk",
        &[("low", Risk::Low), ("medium", Risk::Medium), ("high", Risk::High)],
        None,
    );
    let after = table.strings(reading, "after");
    let commit = table.choice(
        reading,
        "commit",
        &[("ask", CommitPolicy::Ask), ("auto", CommitPolicy::Auto)],
        Some(CommitPolicy::Ask),
    );
    let summary = table.string(reading, "summary").value;
    let declared = schema::declared(reading, &mut table);
    let undeclared = table.choice(reading, "undeclared", schema::UNDECLARED, Some(undeclared));
    let reapply = table.choice(reading, "reapply", schema::GRADES, Some(Grade::ReCreates));
    let verify = table.strings(reading, "verify");
    let updates = table.strings(reading, "updates");
    let updates = tables(reading, updates);
    let rollback = table.table(reading, "rollback", true).map(|table| rollback(reading, table, files));
    table.done(reading);
    let line = super::Place::of("", reading.text, sum.span.start).line;
    let migration = Migration {
        id,
        title,
        script,
        sha256: sum.value,
        risk,
        after: spans.refer("migration", after),
        commit,
        summary,
        declared,
        undeclared,
        reapply,
        verify: spans.refer("query", verify),
        updates,
        rollback: rollback.unwrap_or_default(),
    };
    (migration, line)
}

fn transaction(reading: &mut Reading<'_>, table: &mut Table<'_, '_>) -> Transaction {
    let choices = [("one", Transaction::One), ("none", Transaction::None)];
    table.choice(reading, "transaction", &choices, Some(Transaction::One))
}

fn rollback(reading: &mut Reading<'_>, mut table: Table<'_, '_>, files: &mut Files<'_>) -> Rollback {
    let mut script = script(reading, &mut table, files);
    script.transaction = transaction(reading, &mut table);
    let summary = table.string(reading, "summary").value;
    let when = table.string(reading, "when").value;
    let deletes = table.strings(reading, "deletes");
    let deletes = tables(reading, deletes);
    let updates = table.strings(reading, "updates");
    let updates = tables(reading, updates);
    let kept = table.strings(reading, "kept");
    let kept = schema::objects(reading, kept);
    let also_drops = table.strings(reading, "also_drops");
    let also_drops = schema::objects(reading, also_drops);
    table.done(reading);
    Rollback { script, summary, when, deletes, updates, kept, also_drops }
}

fn negative(
    reading: &mut Reading<'_>,
    mut table: Table<'_, '_>,
    files: &mut Files<'_>,
    spans: &mut Spans,
) -> Negative {
    let id = id(reading, &mut table, "negative", spans);
    let title = table.string(reading, "title").value;
    let script = script(reading, &mut table, files);
    let sqlstate = table.string(reading, "sqlstate");
    let code = sqlstate.value.bytes().all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase());
    if !sqlstate.value.is_empty() && (!code || sqlstate.value.len() != 5) {
        reading.problem(
            &sqlstate.span,
            format!("'{}' is not an SQLSTATE", sqlstate.value.escape_default()),
            "it has five characters of 0-9 and A-Z",
            "take it from the manual's appendix of error codes, such as 23505",
        );
    }
    let constraint = table.string_or(reading, "constraint", None).map(|name| name.value);
    table.done(reading);
    Negative { id, title, script, sqlstate: sqlstate.value, constraint }
}

fn suite(
    reading: &mut Reading<'_>,
    mut table: Table<'_, '_>,
    files: &mut Files<'_>,
    spans: &mut Spans,
    default_timeout_ms: u64,
) -> Suite {
    let id = id(reading, &mut table, "suite", spans);
    let title = table.string(reading, "title").value;
    let file = table.string_or(reading, "file", None);
    if let Some(path) = &file {
        files.sum(reading, path);
    }
    let command = table.strings(reading, "command");
    if command.is_empty() {
        let span = table.span.clone();
        reading.problem(
            &span,
            format!("suite '{id}' has no 'command'"),
            "a suite is a program that is run",
            "add `command = [\"program\", \"argument\"]`",
        );
    }
    let format = table.choice(
        reading,
        "format",
        &[
            ("tap", SuiteFormat::Tap),
            ("exit-code", SuiteFormat::ExitCode),
            ("junit", SuiteFormat::Junit),
            ("vitest", SuiteFormat::Vitest),
        ],
        None,
    );
    let result = table.string_or(reading, "result", None);
    spans.results.push(result.clone());
    let result = result.map(|path| path.value);
    let timeout_ms = table.number(reading, "timeout_ms", 1..86_400_000, default_timeout_ms);
    let starts_application =
        table.choice(reading, "proves", &[("behaviour", false), ("application-start", true)], Some(false));
    table.done(reading);
    let file = file.map(|path| path.value);
    Suite { id, title, file, command: values(command), format, result, timeout_ms, starts_application }
}

fn waiver(reading: &mut Reading<'_>, mut table: Table<'_, '_>, spans: &mut Spans) -> Waiver {
    let check = table.string(reading, "check");
    let tests = table.has("tests").then(|| table.strings(reading, "tests"));
    spans.waived.push(tests.clone());
    let reason = table.string(reading, "reason").value;
    let granted_by = table.string(reading, "granted_by").value;
    let until = table.string(reading, "until");
    let date = until.value.as_bytes();
    let shape = date.len() == 10
        && date.iter().enumerate().all(|(at, byte)| match at {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if !shape && !until.value.is_empty() {
        reading.problem(
            &until.span,
            format!("'{}' is not a date", until.value.escape_default()),
            "a waiver ends on a day",
            "write it as 2026-12-31",
        );
    }
    table.done(reading);
    let check = spans.refer("suite or query", vec![check]).remove(0);
    Waiver { check, tests: values(tests.unwrap_or_default()), reason, granted_by, until: until.value }
}

fn step(
    reading: &mut Reading<'_>,
    mut table: Table<'_, '_>,
    files: &mut Files<'_>,
    spans: &mut Spans,
) -> StepDefinition {
    let id = id(reading, &mut table, "step", spans);
    let kind = table.choice(
        reading,
        "kind",
        &[
            ("preflight", StepKind::Preflight),
            ("backup", StepKind::Backup),
            ("apply", StepKind::Apply),
            ("verify", StepKind::Verify),
            ("reapply", StepKind::Reapply),
            ("negative", StepKind::Negative),
            ("suite", StepKind::Suite),
            ("drill", StepKind::Drill),
            ("sign-off", StepKind::SignOff),
        ],
        None,
    );
    let title = table.string(reading, "title").value;
    let mut probes = Vec::new();
    for probe in table.strings(reading, "probes") {
        match probe.value.as_str() {
            "server" => probes.push(Probe::Server),
            "inputs" => probes.push(Probe::Inputs),
            "flags" => probes.push(Probe::Flags),
            other => reading.problem(
                &probe.span,
                format!("unknown probe '{}'", other.escape_default()),
                "the probes there are: server, inputs, flags",
                "use one of these, or write a query or a suite",
            ),
        }
    }
    let queries = table.strings(reading, "queries");
    let suites = table.strings(reading, "suites");
    let negatives = table.strings(reading, "negatives");
    let names = table.strings(reading, "tables");
    let tables = tables(reading, names);
    let seed = table.string_or(reading, "seed", None).map(|reference| files.script(reading, &reference));
    let witness = table.flag(reading, "witness", false);
    table.done(reading);
    StepDefinition {
        id,
        kind,
        title,
        probes,
        queries: spans.refer("query", queries),
        suites: spans.refer("suite", suites),
        negatives: spans.refer("negative", negatives),
        tables,
        seed,
        witness,
    }
}
