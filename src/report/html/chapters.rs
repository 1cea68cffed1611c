//! The chapters of the page that people answer for: claims, migrations, stops, findings, hazards, files, the record.

use super::picture::state_class;
use super::{Page, badge, block, code, text};
use crate::report::facts::{HaltFacts, StageFacts};
use crate::report::text::ticked_before;
use crate::session::{Stage, Verdict};
use crate::time::human_duration;

impl Page<'_> {
    pub(super) fn claims(&mut self) {
        self.chapter("sign-off", "Sign-off: what is claimed, and on what it rests", true);
        if let Some(words) = ticked_before(self.execution) {
            self.put(format!("<p class=\"practice\">{words}</p>"));
        }
        self.table("", &["claim", "ticked", "evidence", "signed off"]);
        for claim in &self.execution.claims {
            let evidence: Vec<String> = claim
                .evidence
                .iter()
                .map(|id| {
                    let step = self.execution.step(id);
                    let verdict = step.map_or(Verdict::NotRun, |step| step.verdict);
                    let entry = self.entry(step.and_then(|step| step.entry));
                    format!("{} {} {entry}", self.step_link(id), badge(verdict))
                })
                .collect();
            let ticked = badge(claim.verdict);
            self.row(&[text(&claim.text), ticked, evidence.join("<br/>"), self.entry(claim.entry)]);
        }
        self.end_table();
        if !self.execution.waivers.is_empty() {
            self.put("<h3>Waivers</h3>");
            self.table("", &["check", "reason", "granted by", "until", "used"]);
            for waiver in &self.execution.waivers {
                let mut check = code(&waiver.check);
                for test in &waiver.tests {
                    check.push_str(&format!("<br/>{}", code(test)));
                }
                let entries: Vec<String> = waiver.entries.iter().map(|at| self.entry(Some(*at))).collect();
                let used =
                    if waiver.used { format!("used {}", entries.join(" ")) } else { "not needed".to_owned() };
                let (by, until) = (text(&waiver.granted_by), text(&waiver.until));
                self.row(&[check, text(&waiver.reason), by, until, used]);
            }
            self.end_table();
        }
        if !self.execution.risks.is_empty() {
            self.put("<h3>Accepted risks</h3>\n<ul>");
            for risk in &self.execution.risks {
                self.put(format!("<li>{}</li>", text(risk)));
            }
            self.put("</ul>");
        }
        let record = &self.execution.record;
        let (head, words) = (code(&record.head), text(&record.words));
        self.put(format!(
            "<p>What is signed is the record with the head {head}, in words <b>{words}</b>.</p>"
        ));
        self.put("<h3>Recommendations</h3>");
        if self.execution.recommendations.is_empty() {
            self.put("<p>None: every check was made and every one passed.</p>");
        } else {
            self.put("<ul>");
            for recommendation in &self.execution.recommendations {
                self.put(format!("<li>{}</li>", text(recommendation)));
            }
            self.put("</ul>");
        }
        self.end();
    }

    pub(super) fn migrations(&mut self) {
        self.chapter("migrations", "Migrations", false);
        self.table("even", &["migration", "file, as reviewed", "way back"]);
        for migration in &self.execution.migrations {
            let mut name = format!("<b>{}</b><br/>{}", text(&migration.id), text(&migration.title));
            let (risk, state) = (migration.risk.word(), text(&migration.state));
            let class = state_class(migration);
            name.push_str(&format!("<br/>{risk} risk <span class=\"v {class}\">{state}</span>"));
            if !migration.after.is_empty() {
                let after = text(&migration.after.join(", "));
                name.push_str(&format!("<br/><span class=\"soft\">after {after}</span>"));
            }
            let file = format!("{}<br/>{}", code(&migration.file), code(&migration.sha256));
            let mut back = text(&migration.rollback);
            if !migration.rollback_deletes.is_empty() {
                let tables = text(&migration.rollback_deletes.join(", "));
                back.push_str(&format!("<br/><span class=\"v bad\">deletes rows</span> {tables}"));
            }
            if !migration.rollback_keeps.is_empty() {
                let kept = text(&migration.rollback_keeps.join(", "));
                back.push_str(&format!("<br/><span class=\"soft\">keeps {kept}</span>"));
            }
            self.row(&[name, file, back]);
        }
        self.end_table();
        self.end();
    }

    pub(super) fn halts(&mut self) {
        self.chapter("stops", "STOP THE WORLD", false);
        if self.execution.halts.is_empty() {
            self.put("<p>The world was never stopped.</p>");
        }
        for (at, halt) in self.execution.halts.iter().enumerate() {
            self.halt(at + 1, halt);
        }
        self.end();
    }

    fn halt(&mut self, number: usize, halt: &HaltFacts) {
        let entry = self.entry(halt.entry);
        let step = self.step_link(&halt.step);
        self.put(format!("<div class=\"halt\">\n<h3>Stop {number} at {step} {entry}</h3>\n<dl>"));
        for (name, words) in [("cause", &halt.cause), ("observed", &halt.why), ("what was left", &halt.left)]
        {
            self.put(format!("<dt>{name}</dt><dd>{}</dd>", text(words)));
        }
        self.put(format!("<dt>when</dt><dd>{}</dd>\n</dl>", halt.at));
        if let Some(error) = &halt.error {
            self.put(block(error));
        }
        self.table("", &["stage", "what was said", "entry"]);
        for stage in &halt.stages {
            let said = said(halt, stage);
            self.row(&[format!("<b>{}</b>", stage.stage.word()), said, self.entry(stage.entry)]);
        }
        self.end_table();
        self.put("</div>");
    }

    pub(super) fn issues(&mut self) {
        self.chapter("issues", "Findings and notes", false);
        if self.execution.findings.is_empty() {
            self.put("<p>No findings.</p>");
        } else {
            self.table("", &["finding", "when", "entry"]);
            for finding in &self.execution.findings {
                self.row(&[text(&finding.what), finding.at.to_string(), self.entry(finding.entry)]);
            }
            self.end_table();
        }
        if !self.execution.deviations.is_empty() {
            self.table("", &["deviation in", "expected", "observed", "decided", "entry"]);
            for deviation in &self.execution.deviations {
                let step = deviation.step.as_deref().map_or_else(|| "the ceremony".to_owned(), code);
                let words = [&deviation.expected, &deviation.observed, &deviation.decided];
                let [expected, observed, decided] = words.map(|words| text(words));
                self.row(&[step, expected, observed, decided, self.entry(deviation.entry)]);
            }
            self.end_table();
        }
        if self.execution.notes.is_empty() {
            self.put("<p>No notes.</p>");
        } else {
            self.table("", &["note", "when", "entry"]);
            for note in &self.execution.notes {
                self.row(&[text(&note.words), note.at.to_string(), self.entry(note.entry)]);
            }
            self.end_table();
        }
        self.end();
    }

    pub(super) fn hazards(&mut self) {
        self.chapter("hazards", "Hazards", false);
        match &self.execution.hazards {
            None => self.put("<p>Nobody looked for them.</p>"),
            Some(all) if all.is_empty() => self.put("<p>The scripts show none.</p>"),
            Some(all) => {
                self.put("<p>Read from the scripts before anything ran.</p>");
                self.table("", &["script", "kind", "what, and what to do about it", "in the rehearsal"]);
                for hazard in all {
                    let accepted = if hazard.accepted {
                        " <span class=\"v none\">accepted in the file</span>"
                    } else {
                        ""
                    };
                    let script = format!(
                        "{}<br/>{}<br/><span class=\"soft\">{}</span>",
                        code(&hazard.script),
                        text(&hazard.places),
                        code(&hazard.rule)
                    );
                    let what = format!(
                        "{}{accepted}<br/><span class=\"soft\">{} {}</span>",
                        text(&hazard.what),
                        text(&hazard.why),
                        text(&hazard.next)
                    );
                    let rehearsed = hazard.rehearsed.as_deref().map(text).unwrap_or_default();
                    self.row(&[script, hazard.class.word().to_owned(), what, rehearsed]);
                }
                self.end_table();
            }
        }
        self.end();
    }

    /// Rows that were copied out, and what puts them back.
    pub(super) fn kept(&mut self) {
        if self.execution.kept.is_empty() {
            return;
        }
        self.chapter("kept", "Compensating scripts", false);
        self.put("<p>Each says in its first lines when to use it, and how.</p>");
        self.table("", &["table", "#rows", "script", "entry"]);
        for kept in &self.execution.kept {
            let entry = self.entry(kept.entry);
            self.put(format!(
                "<tr><td>{}</td><td class=\"n\">{}</td><td>{}</td><td>{entry}</td></tr>",
                code(&kept.table),
                kept.rows,
                code(&kept.script)
            ));
        }
        self.end_table();
        self.end();
    }

    pub(super) fn gates(&mut self) {
        self.chapter("gates", "Gates", true);
        self.table("", &["gate", "words that confirm it", "opened", "answered", "#waited"]);
        for gate in &self.execution.gates {
            let (opened, answered) = (self.entry(Some(gate.entry)), self.entry(gate.answered));
            let answered = if answered.is_empty() { "not confirmed".to_owned() } else { answered };
            let waited = gate.answered.map(|_| human_duration(gate.waited_us())).unwrap_or_default();
            self.put(format!(
                "<tr><td>{}</td><td>{}</td><td>{opened}</td><td>{answered}</td><td class=\"n\">{waited}</td></tr>",
                text(&gate.id),
                code(&gate.phrase)
            ));
        }
        self.end_table();
        self.end();
    }

    pub(super) fn inputs(&mut self) {
        self.chapter("files", "Files", false);
        self.put("<p>Every file that the ceremony was made of, when the session was opened.</p>");
        self.table("", &["file", "sha256"]);
        for input in &self.execution.inputs {
            self.row(&[code(&input.path), code(&input.sha256)]);
        }
        if let Some(session) =
            self.execution.session.as_ref().filter(|session| !session.plan_sha256.is_empty())
        {
            self.row(&[
                "<code>plan.json</code>, what was planned from them".to_owned(),
                code(&session.plan_sha256),
            ]);
        }
        self.end_table();
        self.end();
    }

    pub(super) fn record(&mut self) {
        self.chapter("record", "The record, entry by entry", true);
        self.put("<p>Entries that only carry output or samples are left out; all of them are in <code>session.jsonl</code>.</p>");
        self.table("log", &["entry", "when", "what"]);
        for line in &self.execution.timeline {
            let says: Vec<String> = line.says.iter().map(|says| text(says)).collect();
            self.put(format!(
                "<tr id=\"e{0}\"><td class=\"e\">e{0}</td><td class=\"w\">{1}</td><td>{2}</td></tr>",
                line.entry,
                line.at,
                says.join("<br/>")
            ));
        }
        self.end_table();
        self.end();
    }
}

fn said(halt: &HaltFacts, stage: &StageFacts) -> String {
    if !stage.done {
        return "<span class=\"v bad\">not done</span>".to_owned();
    }
    match (stage.stage, halt.decision) {
        (Stage::Decide, Some(decision)) => format!("<b>{}</b>: {}", decision.word(), text(&stage.words)),
        _ => text(&stage.words),
    }
}
