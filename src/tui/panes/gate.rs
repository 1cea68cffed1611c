//! The gate with its answer line; what runs, while something runs; a strip about the stop one looks behind.

use crate::definition::Risk;
use crate::session::Phase;
use crate::tui::answer::Answer;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Pane, Scene};
use crate::view::{GateView, Row, Tone, alert, gate, progress, running, wrap};
use ratatui::layout::{Position, Rect};

/// What the place of the gate shows.
struct Content {
    title: Row,
    tone: Tone,
    rows: Vec<Row>,
    gate: Option<GateView>,
}

fn content(ui: &Cockpit, scene: &Scene<'_>) -> Content {
    let (session, now) = (scene.session, scene.status.now);
    let mut rows = ui.refusal(session);
    if let Some(view) = gate(session, scene.transcript, now) {
        rows.extend(crate::view::phase_call(session, scene.status.head_words));
        rows.extend(view.rows.clone());
        if let Some(folder) = ui.folder.as_ref().filter(|_| session.waits_for_witness()) {
            rows.insert(rows.len() - view.rows.len() + 1, Row::labelled("DIR is", Tone::Dim, folder));
        }
        let mut title = Row::of(Tone::Call, view.word).say(Tone::Plain, " ").join(view.title.clone());
        if session.escalation.is_some() {
            title = Row::of(Tone::Bad, "STOP THE WORLD ").join(title);
        }
        let tone = if view.danger { Tone::Bad } else { Tone::Call };
        return Content { title, tone, rows, gate: Some(view) };
    }
    if let Some((title, more)) = running(session, scene.transcript, now) {
        rows.extend(more);
        let far = progress(session, scene.transcript, now);
        rows.splice(1.min(rows.len())..1.min(rows.len()), far);
        let title = match session.escalation {
            Some(_) => Row::of(Tone::Bad, "STOP THE WORLD ").join(title),
            None => title,
        };
        return Content { title, tone: Tone::Live, rows, gate: None };
    }
    if let Some(view) = alert(session) {
        rows.extend([view.cause, view.stages]);
        rows.extend(view.now);
        return Content { title: Row::of(Tone::Bad, "STOP THE WORLD"), tone: Tone::Bad, rows, gate: None };
    }
    let words = match session.phase {
        Phase::Closed(verdict) => format!("closed: {}; v goes back to the summary", verdict.word()),
        _ => "the session is not open yet".to_owned(),
    };
    rows.push(Row::of(Tone::Plain, &words));
    Content { title: Row::of(Tone::Strong, "Ceremony"), tone: Tone::Dim, rows, gate: None }
}

/// Rows that the gate would like to have and those it must have, with its frame.
pub(in crate::tui) fn height(ui: &Cockpit, scene: &Scene<'_>, width: u16) -> (u16, u16) {
    let content = content(ui, scene);
    let rows = wrap(&content.rows, usize::from(width).saturating_sub(3)).len();
    let columns = usize::from(width).saturating_sub(3);
    let answer = content.gate.as_ref().map_or(0, |view| prompt(view, &ui.answer, scene, columns).len());
    let rows_of = |rows: usize| u16::try_from(rows + 2).unwrap_or(u16::MAX);
    (rows_of(rows + answer).max(5), rows_of(answer))
}

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    if area.is_empty() {
        return;
    }
    let content = content(ui, scene);
    let inner = canvas.frame(area, &content.title, content.tone, ui.focus == Pane::Gate);
    let inner = super::inset(inner);
    if let Some(risk) = content.gate.as_ref().and_then(|view| view.risk) {
        let tone = match risk {
            Risk::High => Tone::Bad,
            Risk::Medium => Tone::Warn,
            Risk::Low => Tone::Dim,
        };
        let row = Row::of(tone, &format!("{} risk", risk.word()));
        let top = Rect { height: 2, y: area.y.saturating_sub(1), ..area };
        if usize::from(area.width) > content.title.width() + row.width() + 12 {
            canvas.footnote(top, &row);
        }
    }
    let prompt = content
        .gate
        .as_ref()
        .map_or_else(Vec::new, |view| prompt(view, &ui.answer, scene, usize::from(inner.width)));
    let answer = u16::try_from(prompt.len()).unwrap_or(u16::MAX).min(inner.height);
    let above = Rect { height: inner.height - answer, ..inner };
    canvas.wrapped(above, &content.rows, &mut ui.gate_scroll);
    let hidden = ui.gate_scroll.total.saturating_sub(ui.gate_scroll.top + ui.gate_scroll.page);
    if hidden > 0 {
        canvas.footnote(area, &Row::of(Tone::Dim, &format!("{hidden} more: Tab here, ↓ or z")));
    }
    let below = Rect { y: above.bottom(), height: answer, ..inner };
    draw_prompt(canvas, below, &prompt, ui.answer.typing && scene.live());
}

/// The phrase in full, broken where it must be, and a row for what is typed or what that means.
fn prompt(view: &GateView, answer: &Answer, scene: &Scene<'_>, columns: usize) -> Vec<Row> {
    let wanted = if answer.discard { "discard" } else { view.phrase.as_str() };
    if !scene.live() {
        let asks = if scene.watched() { "the operator is asked for: " } else { "it asked for: " };
        return Row::of(Tone::Dim, asks).exact(Tone::Strong, wanted).wrap(columns);
    }
    if answer.typing {
        let row = Row { indent: 6, ..Row::of(Tone::Dim, "type  ").exact(Tone::Call, wanted) };
        let mut rows = row.say(Tone::Dim, "  then Enter; Esc leaves").wrap(columns);
        rows.push(typed(wanted, &answer.text));
        return rows;
    }
    let row = Row::of(Tone::Strong, "press ").say(Tone::Call, "a").say(Tone::Strong, ", then type: ");
    let mut rows = Row { indent: 20, ..row.exact(Tone::Call, wanted) }.wrap(columns);
    rows.push(match view.discard {
        true if view.danger => Row::of(Tone::Dim, "or d, then discard: nothing is undone"),
        true => Row::of(Tone::Dim, "or d, then discard: it is rolled back and the world stops"),
        false => Row::of(Tone::Dim, "nothing happens until it is typed and Enter is pressed"),
    });
    rows
}

/// What was typed so far: right as far as it is what was wanted.
fn typed(wanted: &str, text: &str) -> Row {
    let good = wanted.chars().zip(text.chars()).take_while(|(wanted, typed)| wanted == typed).count();
    let (right, wrong) = text.split_at_checked(good).unwrap_or((text, ""));
    Row::of(Tone::Strong, "    > ").say(Tone::Good, right).say(Tone::Bad, wrong)
}

fn draw_prompt(canvas: &mut Canvas<'_, '_>, area: Rect, rows: &[Row], typing: bool) {
    let Some((last, above)) = rows.split_last().filter(|_| typing && area.height > 0) else {
        canvas.rows(area, rows, 0);
        return;
    };
    canvas.rows(area, above, 0);
    // The end of what is typed stays in sight.
    let line = Rect { y: area.bottom() - 1, height: 1, ..area };
    let skip = (last.width() + 1).saturating_sub(usize::from(area.width));
    canvas.row(line, last, skip);
    let x = line.x + u16::try_from(last.width().saturating_sub(skip)).unwrap_or(0);
    canvas.frame.set_cursor_position(Position { x: x.min(line.right().saturating_sub(1)), y: line.y });
}
