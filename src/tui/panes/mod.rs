//! One file a pane; what belongs to none of them: the working pane's tabs, curtains, hints, the notice of size.

pub(super) mod alert;
pub(super) mod changes;
pub(super) mod checklist;
pub(super) mod closed;
pub(super) mod gate;
pub(super) mod graph;
pub(super) mod header;
pub(super) mod help;
pub(super) mod initials;
pub(super) mod locks;
pub(super) mod notes;
pub(super) mod output;
pub(super) mod results;
pub(super) mod sql;
pub(super) mod timeline;

use super::find::Sight;
use super::keymap::{Context, Do, KEYMAP, lookup};
use super::layout::{HEIGHT_MIN, WIDTH_MIN};
use super::mouse::Target;
use super::paint::Canvas;
use super::place::{Pane, Tab};
use super::{Ask, Cockpit, Scene};
use crate::session::Phase;
use crate::view::{GraphView, Row, Tone, evidence};
use ratatui::layout::Rect;

/// The screen is too small for anything but this.
pub(super) fn too_small(canvas: &mut Canvas<'_, '_>, area: Rect) {
    let rows = [
        Row::of(Tone::Warn, &format!("The cockpit needs {WIDTH_MIN} columns and {HEIGHT_MIN} rows.")),
        Row::of(
            Tone::Plain,
            &format!("This terminal has {} and {}. Make it larger;", area.width, area.height),
        ),
        Row::of(Tone::Plain, "the session goes on, Ctrl-C is still STOP."),
    ];
    let rows = crate::view::wrap(&rows, usize::from(area.width));
    canvas.rows(area, &rows, 0);
}

/// The lower part of an area, for an editor.
pub(super) fn lower(area: Rect) -> Rect {
    let height = (area.height * 2 / 5).clamp(6.min(area.height), 14);
    Rect { y: area.bottom() - height, height, ..area }
}

/// What covers the panes: a stop or the end.
pub(super) fn curtain(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, scene: &Scene<'_>) {
    match scene.session.phase {
        Phase::Closed(_) => closed::draw(canvas, area, ui, scene),
        _ => alert::draw(canvas, area, ui, scene),
    }
}

/// The working pane with its tabs.
pub(super) fn work(
    canvas: &mut Canvas<'_, '_>,
    area: Rect,
    ui: &mut Cockpit,
    scene: &Scene<'_>,
    graph_view: &GraphView,
) {
    if area.is_empty() {
        return;
    }
    let focus = ui.focus == Pane::Work;
    let inner = canvas.frame(area, &Row::new(), Tone::Dim, focus);
    tabs(canvas, area, ui, focus);
    let inner = inset(inner);
    match ui.tab {
        Tab::Output => output::draw(canvas, inner, ui, scene),
        Tab::Results => results::draw(canvas, inner, ui, scene),
        Tab::Sql => sql::draw(canvas, inner, ui, scene),
        Tab::Changes => changes::draw(canvas, inner, ui, scene),
        Tab::Locks => locks::draw(canvas, inner, ui, scene),
        Tab::Graph => graph::draw(canvas, inner, ui, scene, focus, false, graph_view),
        Tab::Evidence => {
            let rows = ui.subject(scene.session).map(|id| evidence(scene.session, &id, scene.status.now));
            searched(canvas, inner, ui, Tab::Evidence, &rows.unwrap_or_default());
        }
        Tab::Notes => notes::list(canvas, inner, ui, scene),
    }
}

/// A window of wrapped rows that can be scrolled and searched.
pub(super) fn searched(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, tab: Tab, rows: &[Row]) {
    let mut scroll = *ui.scroll(tab);
    canvas.found(area, rows, &mut scroll, (&mut ui.find, Sight::Tab(tab)));
    *ui.scroll(tab) = scroll;
}

/// A column of air on the left.
pub(super) fn inset(area: Rect) -> Rect {
    let cut = 1.min(area.width);
    Rect { x: area.x + cut, width: area.width - cut, ..area }
}

/// The tabs' names, as long as the pane is wide.
fn tabs(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &mut Cockpit, focus: bool) {
    let shown: Vec<(usize, Tab)> =
        Tab::ALL.into_iter().enumerate().filter(|(_, tab)| *tab != Tab::Graph || !ui.wide).collect();
    let full = |at: usize, tab: Tab| format!(" {} {} ", at + 1, tab.word());
    let short = |at: usize, tab: Tab| format!(" {} {}", at + 1, tab.short());
    let room = usize::from(area.width.saturating_sub(2));
    let current = ui.tab;
    let mixed = |at: usize, tab: Tab| if tab == current { full(at, tab) } else { short(at, tab) };
    let tight = |at: usize, tab: Tab| format!(" {}{}", at + 1, tab.short());
    let ways: [&dyn Fn(usize, Tab) -> String; 4] = [&full, &mixed, &short, &tight];
    let fits = |way: &&&dyn Fn(usize, Tab) -> String| {
        shown.iter().map(|(at, tab)| way(*at, *tab).len()).sum::<usize>() <= room
    };
    let way = ways.iter().find(fits).unwrap_or(&ways[3]);
    let mut x = area.x + 1;
    for (at, tab) in shown {
        let here = tab == ui.tab;
        let text = way(at, tab);
        let width = u16::try_from(text.len()).unwrap_or(0);
        if x + width > area.right().saturating_sub(1) {
            break;
        }
        let place = Rect { x, y: area.y, width, height: 1 };
        let key = text.find(|c: char| c.is_ascii_digit()).map_or(0, |key| key + 1);
        let (key, word) = text.split_at(key);
        let tones = if here { [Tone::Strong; 2] } else { [Tone::Plain, Tone::Dim] };
        canvas.row(place, &Row::of(tones[0], key).say(tones[1], word), 0);
        ui.target(place, Target::Tab(tab));
        if here {
            let style = canvas.theme.badge(if focus { Tone::Live } else { Tone::Plain });
            canvas.style(place, style);
        }
        x += width;
    }
    if x + 1 < area.right() {
        canvas.row(Rect { x, y: area.y, width: 1, height: 1 }, &Row::of(Tone::Plain, " "), 0);
    }
}

/// The line at the bottom: a question, a message, or the keys that matter now.
pub(super) fn hints(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &Cockpit, scene: &Scene<'_>) {
    canvas.bar(area);
    if ui.find.typing {
        return looking_for(canvas, area, ui);
    }
    if let Some((_, prompt)) = &ui.reading.prompt {
        canvas.row(area, &prompt.row(usize::from(area.width)), 0);
        return;
    }
    let row = match (ui.ask, ui.message.as_ref().or(ui.notice.as_ref())) {
        (Some(Ask::Quit), _) => Row::of(Tone::Call, " Leave? ").say(Tone::Strong, "y / n").say(
            Tone::Dim,
            match scene.session.phase {
                Phase::Closed(_) => "   the session is over; its record stays",
                _ if scene.watched() => "   the session goes on without you",
                _ if scene.live() => "   the session can be gone on with: ceremony resume",
                _ => "",
            },
        ),
        (Some(Ask::RollBack), _) => Row::of(Tone::Bad, " Undo everything that is applied? ")
            .say(Tone::Strong, "y / n")
            .say(Tone::Dim, "   a gate asks before anything happens"),
        (None, Some(message)) => Row::of(Tone::Warn, &format!(" {message}")),
        (None, None) => keys(ui, scene, usize::from(area.width)),
    };
    canvas.row(area, &row, 0);
}

/// What is typed to look for, and how much of it there is.
fn looking_for(canvas: &mut Canvas<'_, '_>, area: Rect, ui: &Cockpit) {
    let (words, count) = ui.find.words();
    let row =
        Row::of(Tone::Call, " / ").say(Tone::Strong, &words).say(Tone::Call, "█ ").say(Tone::Warn, &count);
    let hint = Row::of(Tone::Dim, "Enter keeps it, n and N go on  Esc leaves ");
    let room = usize::from(area.width).saturating_sub(hint.width() + 2);
    canvas.row(area, &row.cut(row.width().saturating_sub(room), room).pad(room + 1).join(hint), 0);
}

/// The keys that matter now; those that matter least give way on a narrow screen.
fn keys(ui: &Cockpit, scene: &Scene<'_>, columns: usize) -> Row {
    let contexts = ui.contexts(scene);
    let still = matches!(scene.session.phase, Phase::Closed(_) | Phase::Stopped);
    let mut shown: Vec<(Do, Row)> = Vec::new();
    if contexts.contains(&Context::Found) {
        let (words, count) = ui.find.words();
        let row = Row::of(Tone::Warn, " /").say(Tone::Strong, &words).cut(0, columns / 3);
        shown.push((Do::FindHere, row.say(Tone::Warn, &format!(" {count} "))));
    }
    for binding in KEYMAP.iter().filter(|binding| contexts.contains(&binding.context)) {
        let (Some(hint), Some(key)) = (binding.hint, binding.keys.first()) else { continue };
        let idle = match binding.act {
            Do::Stop => still,
            Do::NextPane | Do::Zoom | Do::Palette => ui.covered,
            _ => false,
        };
        // A closer context may have the key for something else.
        if !idle && lookup(*key, &contexts) == Some(binding.act) {
            let tone = if binding.act == Do::Stop { Tone::Bad } else { Tone::Call };
            let row = Row::of(tone, &format!(" {}", key.name())).say(Tone::Dim, &format!(" {hint}"));
            shown.push((binding.act, row));
        }
    }
    if contexts.contains(&Context::Found) {
        // What is looked for, and its keys, before everything else.
        shown.sort_by_key(|(act, _)| !matches!(act, Do::FindHere | Do::FindNext(_) | Do::Leave));
    }
    for least in
        [Do::Palette, Do::Zoom, Do::Note, Do::NextPane, Do::Seek(-1), Do::Seek(1), Do::GoTo, Do::Find]
    {
        // A space stands between two of them.
        if shown.iter().map(|(_, row)| row.width() + 1).sum::<usize>() > columns + 1 {
            shown.retain(|(act, _)| *act != least);
        }
    }
    shown.into_iter().fold(Row::new(), |row, (_, more)| {
        let gap = if row.pieces.is_empty() { "" } else { " " };
        row.say(Tone::Dim, gap).join(more)
    })
}
