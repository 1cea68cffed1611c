//! The desk on a screen.

use super::{Desk, Sheet};
use crate::signoff::Role;
use crate::tui::keymap::{Context, Do, KEYMAP};
use crate::tui::layout::{HEIGHT_MIN, WIDTH_MIN};
use crate::tui::paint::{Canvas, to_ascii};
use crate::tui::panes;
use crate::tui::theme::verdict_tone;
use crate::view::review::Item;
use crate::view::{Mark, Row, Tone, wrap};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Position, Rect};
use ratatui::style::{Modifier, Style};

/// From here on items and evidence stand side by side.
const SIDE_BY_SIDE: u16 = 76;
/// Columns of a list row before its title.
const WORD: usize = 10;

impl Desk {
    /// Draws a frame. Any size will do.
    pub fn draw(&mut self, frame: &mut Frame<'_>) {
        let area = frame.area();
        let mut canvas = Canvas { frame, theme: self.theme };
        self.small = area.width < WIDTH_MIN || area.height < HEIGHT_MIN;
        if self.small {
            panes::too_small(&mut canvas, area);
        } else {
            self.draw_all(&mut canvas, area);
        }
        if self.ascii {
            to_ascii(frame.buffer_mut());
        }
    }

    fn draw_all(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let [header, body, hints] = area.layout(&Layout::vertical([
            Constraint::Length(2),
            Constraint::Fill(1),
            Constraint::Length(1),
        ]));
        self.header(canvas, header);
        self.hints(canvas, hints);
        if matches!(self.sheet, Sheet::Help) {
            let contexts = [Context::Signing, Context::Review, Context::Answer, Context::Words];
            panes::help::draw_of(canvas, body, &contexts, &mut self.help_scroll);
            return;
        }
        let rows = self.sheet_rows(usize::from(area.width).saturating_sub(3));
        let wanted = match self.sheet {
            Sheet::Reject => panes::lower(body).height.max(7),
            _ => u16::try_from(rows.len()).map_or(0, |rows| if rows == 0 { 0 } else { rows + 2 }),
        };
        let [body, sheet] = body.layout(&Layout::vertical([Constraint::Fill(1), Constraint::Length(wanted)]));
        if area.width >= SIDE_BY_SIDE {
            let [left, right] = body.layout(&Layout::horizontal([
                Constraint::Length((area.width / 2).min(72)),
                Constraint::Fill(1),
            ]));
            self.list(canvas, left);
            self.evidence(canvas, right);
        } else if self.reading {
            self.evidence(canvas, body);
        } else {
            self.list(canvas, body);
        }
        self.sheet(canvas, sheet, &rows);
    }

    fn header(&self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let papers = &self.papers;
        let width = usize::from(area.width);
        let [top, bottom] = [0, 1].map(|at| Rect { y: area.y + at, height: 1, ..area });
        let who = match papers.role {
            Some(role) => format!("as {}: {} ", role.word(), papers.reader),
            None => format!("read by {} ", papers.reader),
        };
        let badge = if papers.practice { " PRACTICE " } else { " REVIEW " };
        let right = Row::of(Tone::Plain, badge).say(Tone::Plain, "  ").say(Tone::Strong, &who);
        let right = right.cut(0, width);
        let room = width.saturating_sub(right.width() + 2);
        let left = Row::of(Tone::Plain, " ").say(Tone::Strong, &papers.title).cut(0, room);
        let at = width.saturating_sub(right.width());
        canvas.row(top, &left.pad(at).join(right), 0);
        let place = Rect {
            x: area.x + u16::try_from(at).unwrap_or(0),
            width: u16::try_from(badge.len()).unwrap_or(0),
            ..top
        };
        let style = canvas.theme.badge(if papers.practice { Tone::Bad } else { Tone::Call });
        canvas.style(place, style);
        if let Some(error) = &papers.error {
            canvas.row(bottom, &Row::of(Tone::Bad, &format!(" ✗ {error}")), 0);
            return;
        }
        let (done, of) = self.progress();
        let tone = if done == of { Tone::Good } else { Tone::Warn };
        let counter = Row::of(tone, &format!("opened {done} of {of} that must be opened "));
        let mark = Mark::of(papers.verdict);
        let verdict =
            Row::of(verdict_tone(papers.verdict), &format!(" {} {}", mark.shape(), papers.verdict.word()));
        let head = verdict.clone().say(Tone::Dim, "  head ").say(Tone::Strong, &papers.head_words);
        let left = if head.width() + counter.width() < width { head } else { verdict };
        canvas.row(bottom, &left.pad(width.saturating_sub(counter.width())).join(counter), 0);
    }

    fn state(&self, item: &Item) -> (&'static str, Tone) {
        match (self.opened.contains(&item.id), item.must) {
            (true, _) => ("✓", Tone::Good),
            (false, true) => ("○", Tone::Bad),
            (false, false) => ("○", Tone::Dim),
        }
    }

    fn list(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let items = &self.papers.items;
        let focus = !self.reading;
        let inner = canvas.frame(area, &Row::of(Tone::Strong, "Everything bad first"), Tone::Dim, focus);
        let inner = panes::inset(inner);
        self.list_scroll.follow = true;
        let top = self.list_scroll.fit(items.len(), usize::from(inner.height), Some(self.selected));
        for (at, line) in (top..items.len()).zip(inner.rows()) {
            let item = &items[at];
            let (shape, tone) = self.state(item);
            let title = if item.must && shape != "✓" { Tone::Strong } else { Tone::Plain };
            let row = Row::of(tone, &format!("{shape} "))
                .say(item.tone, &format!("{:<WORD$}", item.word))
                .say(title, &item.title);
            canvas.row(line, &row.cut(0, usize::from(line.width).saturating_sub(1)), 0);
            if at == self.selected {
                canvas.style(line, Style::new().add_modifier(Modifier::REVERSED));
            }
        }
        canvas.scrollbar(inner, &self.list_scroll);
    }

    fn evidence(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let Some(item) = self.papers.items.get(self.selected) else {
            canvas.frame(area, &Row::of(Tone::Strong, "Evidence"), Tone::Dim, false);
            return;
        };
        let title = Row::of(item.tone, item.word).say(Tone::Plain, " ").say(Tone::Strong, &item.id);
        let inner = panes::inset(canvas.frame(area, &title, Tone::Dim, self.reading));
        if !self.opened.contains(&item.id) {
            let rows = [
                Row::of(item.tone, &item.title),
                Row::new(),
                Row::of(Tone::Call, "Enter").say(Tone::Plain, " opens its evidence"),
            ];
            canvas.rows(inner, &wrap(&rows, usize::from(inner.width)), 0);
            return;
        }
        canvas.wrapped(inner, &item.rows, &mut self.evidence_scroll);
        let scroll = &self.evidence_scroll;
        let hidden = scroll.total.saturating_sub(scroll.top + scroll.page);
        if hidden > 0 {
            let key = if self.reading { "↓" } else { "PgDn" };
            canvas.footnote(area, &Row::of(Tone::Dim, &format!("{hidden} more: {key}")));
        }
    }

    /// The rows of what is open below, wrapped.
    fn sheet_rows(&self, columns: usize) -> Vec<Row> {
        let rows = match &self.sheet {
            Sheet::Refused(refusal) => vec![
                Row::labelled("refused", Tone::Bad, &refusal.what),
                Row::labelled("why", Tone::Plain, &refusal.why),
                Row::labelled("next", Tone::Warn, &refusal.next),
            ],
            Sheet::Approve(answer) => {
                let practice =
                    Row::of(Tone::Bad, "PRACTICE: it is signed as practice, never as the real ceremony");
                let mut rows: Vec<Row> = self.papers.practice.then_some(practice).into_iter().collect();
                let phrase = self.phrase();
                let row = Row { indent: 6, ..Row::of(Tone::Dim, "type  ").say(Tone::Call, &phrase) };
                rows.push(row.say(Tone::Dim, "  then Enter; Esc leaves"));
                let good =
                    phrase.chars().zip(answer.text.chars()).take_while(|(want, is)| want == is).count();
                let (right, wrong) = answer.text.split_at_checked(good).unwrap_or((&answer.text, ""));
                rows.push(Row::of(Tone::Strong, "    > ").say(Tone::Good, right).say(Tone::Bad, wrong));
                rows
            }
            _ => Vec::new(),
        };
        wrap(&rows, columns)
    }

    fn sheet(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect, rows: &[Row]) {
        let role = self.papers.role.map_or("", Role::word);
        match &self.sheet {
            Sheet::Refused(_) => {
                let inner = canvas.frame(area, &Row::of(Tone::Bad, "not yet"), Tone::Bad, false);
                canvas.rows(panes::inset(inner), rows, 0);
            }
            Sheet::Approve(_) => {
                let tone = if self.papers.practice { Tone::Bad } else { Tone::Call };
                let title = Row::of(tone, &format!("APPROVE as {role}: the claims are true"));
                let inner = panes::inset(canvas.frame(area, &title, tone, false));
                canvas.rows(inner, rows, 0);
                if let Some(last) = rows.last() {
                    let x = inner.x + u16::try_from(last.width()).unwrap_or(0);
                    let y = inner.y + u16::try_from(rows.len() - 1).unwrap_or(0);
                    canvas
                        .frame
                        .set_cursor_position(Position { x: x.min(inner.right().saturating_sub(1)), y });
                }
            }
            Sheet::Reject => self.reject_sheet(canvas, area, role),
            _ => {}
        }
    }

    fn reject_sheet(&mut self, canvas: &mut Canvas<'_, '_>, area: Rect, role: &str) {
        let title = Row::of(Tone::Bad, &format!("REJECT as {role}: what is wrong?"));
        let inner = panes::inset(canvas.frame(area, &title, Tone::Bad, false));
        let cites: Vec<String> = self.cites().iter().map(u64::to_string).collect();
        let words = match cites.as_slice() {
            [] => "cites no entry: open what it is about first".to_owned(),
            [one] => format!("cites entry {one}"),
            more => format!("cites entries {}", more.join(", ")),
        };
        canvas.row(Rect { height: 1.min(inner.height), ..inner }, &Row::of(Tone::Dim, &words), 0);
        let field = Rect { y: inner.y + 1, height: inner.height.saturating_sub(1), ..inner };
        canvas.frame.render_widget(self.reason.area(), field);
    }

    fn hints(&self, canvas: &mut Canvas<'_, '_>, area: Rect) {
        let row = match (&self.sheet, &self.message) {
            (_, Some(message)) => Row::of(Tone::Warn, &format!(" {message}")),
            (Sheet::Leave, _) => Row::of(Tone::Call, " Leave? ")
                .say(Tone::Strong, "y / n")
                .say(Tone::Dim, "   nothing is signed; what you opened is kept"),
            (Sheet::Reject, _) => Row::of(Tone::Call, " Ctrl-D")
                .say(Tone::Dim, " rejects  ")
                .say(Tone::Call, "Esc")
                .say(Tone::Dim, " puts the words aside; they are kept"),
            _ => self.keys(usize::from(area.width)),
        };
        canvas.row(area, &row, 0);
    }

    /// The keys that matter now; those that matter least give way.
    fn keys(&self, columns: usize) -> Row {
        let contexts = self.contexts();
        let shown = KEYMAP.iter().filter(|binding| contexts.contains(&binding.context));
        let mut rows: Vec<(Do, Row)> = shown
            .filter_map(|binding| {
                let (hint, key) = (binding.hint?, binding.keys.first()?);
                let row =
                    Row::of(Tone::Call, &format!(" {}", key.name())).say(Tone::Dim, &format!(" {hint} "));
                Some((binding.act, row))
            })
            .collect();
        for least in [Do::Help, Do::Replay] {
            if rows.iter().map(|(_, row)| row.width()).sum::<usize>() > columns {
                rows.retain(|(act, _)| *act != least);
            }
        }
        rows.into_iter().fold(Row::new(), |row, (_, more)| row.join(more))
    }
}
