//! The help: the keymap, by context.

use crate::tui::Cockpit;
use crate::tui::find::Sight;
use crate::tui::keymap::{Context, KEYMAP};
use crate::tui::paint::{Canvas, Scroll};
use crate::view::{Row, Tone};
use ratatui::layout::Rect;

const ORDER: [Context; 24] = [
    Context::Gate,
    Context::Commit,
    Context::Stopped,
    Context::Curtain,
    Context::Drive,
    Context::Live,
    Context::Panes,
    Context::Result,
    Context::Find,
    Context::Found,
    Context::Answer,
    Context::Choice,
    Context::Words,
    Context::Sheet,
    Context::Watch,
    Context::Initials,
    Context::Replay,
    Context::Beside,
    Context::Prompt,
    Context::Review,
    Context::Signing,
    Context::Ask,
    Context::Palette,
    Context::Always,
];

/// What a replay has to do with, first of all its own keys.
const OF_REPLAY: [Context; 7] = [
    Context::Replay,
    Context::Curtain,
    Context::Panes,
    Context::Beside,
    Context::Prompt,
    Context::Ask,
    Context::Always,
];

/// The rows of the table in these contexts.
pub(in crate::tui) fn rows(contexts: &[Context]) -> Vec<Row> {
    let mut rows = Vec::new();
    for &context in contexts {
        rows.push(Row::of(Tone::Strong, context.title()));
        for binding in KEYMAP.iter().filter(|binding| binding.context == context) {
            let keys: Vec<String> = binding.keys.iter().map(|key| key.name()).collect();
            let row = Row::of(Tone::Call, &format!("  {:<16}", keys.join(" ")));
            rows.push(Row { indent: 18, ..row.say(Tone::Plain, binding.help) });
        }
        rows.push(Row::new());
    }
    rows
}

pub(in crate::tui) fn draw(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, replay: bool) {
    let inner = canvas.frame(area, &Row::of(Tone::Strong, "Keys"), Tone::Live, false);
    let order: &[Context] = if replay { &OF_REPLAY } else { &ORDER };
    let mut scroll = ui.help_scroll;
    canvas.found(super::inset(inner), &rows(order), &mut scroll, (&mut ui.find, Sight::Help));
    ui.help_scroll = scroll;
    canvas.footnote(area, &Row::of(Tone::Dim, "Esc closes"));
}

/// The keys of some contexts.
pub(in crate::tui) fn draw_of(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    contexts: &[Context],
    scroll: &mut Scroll,
) {
    let inner = canvas.frame(area, &Row::of(Tone::Strong, "Keys"), Tone::Live, false);
    canvas.wrapped(super::inset(inner), &rows(contexts), scroll);
    canvas.footnote(area, &Row::of(Tone::Dim, "Esc closes"));
}
