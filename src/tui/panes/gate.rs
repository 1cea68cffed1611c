//! The gate with its answer line; what runs, while something runs; a strip about the stop one looks behind.

use crate::definition::Risk;
use crate::session::Phase;
use crate::tui::answer::Answer;
use crate::tui::paint::Canvas;
use crate::tui::{Cockpit, Pane, Scene};
use crate::view::{GateView, Row, Tone, alert, gate, running, wrap};
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
        rows.extend(view.rows.clone());
        let mut title = Row::of(Tone::Call, view.word).say(Tone::Plain, " ").join(view.title.clone());
        if session.escalation.is_some() {
            title = Row::of(Tone::Bad, "STOP THE WORLD ").join(title);
        }
        let tone = if view.danger { Tone::Bad } else { Tone::Call };
        return Content { title, tone, rows, gate: Some(view) };
    }
    if let Some((title, more)) = running(session, scene.transcript, now) {
        rows.extend(more);
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

/// Rows that the gate would like to have, with its frame.
pub(in crate::tui) fn height(ui: &Cockpit, scene: &Scene<'_>, width: u16) -> u16 {
    let content = content(ui, scene);
    let rows = wrap(&content.rows, usize::from(width).saturating_sub(3)).len();
    let answer = if content.gate.is_some() { 2 } else { 0 };
    u16::try_from(rows + answer + 2).unwrap_or(u16::MAX).max(5)
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
    let answer = if content.gate.is_some() { 2.min(inner.height) } else { 0 };
    let above = Rect { height: inner.height - answer, ..inner };
    canvas.wrapped(above, &content.rows, &mut ui.gate_scroll);
    let hidden = ui.gate_scroll.total.saturating_sub(ui.gate_scroll.top + ui.gate_scroll.page);
    if hidden > 0 {
        canvas.footnote(area, &Row::of(Tone::Dim, &format!("{hidden} more: Tab here, ↓ or z")));
    }
    if let Some(view) = &content.gate {
        let below = Rect { y: above.bottom(), height: answer, ..inner };
        prompt(canvas, below, view, &ui.answer, scene.live());
    }
}

/// The phrase and the line it is typed on.
fn prompt(canvas: &mut Canvas<'_, '_>, area: Rect, view: &GateView, answer: &Answer, live: bool) {
    let [first, second] = [0, 1].map(|at| Rect { y: area.y + at, height: 1, ..area });
    let wanted = if answer.discard { "discard" } else { view.phrase.as_str() };
    if !live {
        canvas.row(first, &Row::of(Tone::Dim, "it asked for: ").say(Tone::Strong, wanted), 0);
        return;
    }
    if !answer.typing {
        let row = Row::of(Tone::Strong, "press ").say(Tone::Call, "a").say(Tone::Strong, ", then type: ");
        canvas.row(first, &row.say(Tone::Call, wanted), 0);
        let more = match view.discard {
            true => "or d, then type discard: the transaction is rolled back and the world stops",
            false => "nothing happens until it is typed, letter for letter, and Enter is pressed",
        };
        canvas.row(second, &Row::of(Tone::Dim, more), 0);
        return;
    }
    let lead = Row::of(Tone::Dim, "type  ");
    canvas.row(first, &lead.say(Tone::Call, wanted).say(Tone::Dim, "  then Enter; Esc leaves"), 0);
    let good = wanted.chars().zip(answer.text.chars()).take_while(|(wanted, typed)| wanted == typed).count();
    let (right, wrong) = answer.text.split_at_checked(good).unwrap_or((&answer.text, ""));
    let row = Row::of(Tone::Strong, "    > ").say(Tone::Good, right).say(Tone::Bad, wrong);
    let skip = (row.width() + 1).saturating_sub(usize::from(area.width));
    canvas.row(second, &row, skip);
    let x = second.x + u16::try_from(row.width() - skip.min(row.width())).unwrap_or(0);
    canvas.frame.set_cursor_position(Position { x: x.min(second.right().saturating_sub(1)), y: second.y });
}
