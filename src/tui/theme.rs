//! Themes: what each tone looks like on a dark terminal, on a light one, and without colour. Only the 16 colours
//! that every terminal has and that its owner chose.

use crate::session::Verdict;
use crate::view::Tone;
use ratatui::style::{Color, Modifier, Style};

/// How the cockpit is coloured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// For a dark background.
    Dark,
    /// For a light background.
    Light,
    /// Weights and reversal alone (`NO_COLOR`).
    Plain,
}

impl Theme {
    /// The style of a tone.
    pub fn style(self, tone: Tone) -> Style {
        match self {
            Self::Dark => dark(tone),
            Self::Light => light(tone),
            Self::Plain => plain(tone),
        }
    }

    /// A word on a ground of its own: badges, titles of panes in focus.
    pub fn badge(self, tone: Tone) -> Style {
        self.style(tone).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
}

/// The tone of a verdict.
pub(super) fn verdict_tone(verdict: Verdict) -> Tone {
    crate::view::Mark::of(verdict).tone()
}

fn dark(tone: Tone) -> Style {
    let style = Style::new();
    match tone {
        Tone::Plain => style,
        Tone::Dim => style.fg(Color::DarkGray),
        Tone::Strong => style.add_modifier(Modifier::BOLD),
        Tone::Good => style.fg(Color::LightGreen),
        Tone::Warn => style.fg(Color::Yellow),
        Tone::Bad => style.fg(Color::LightRed).add_modifier(Modifier::BOLD),
        Tone::Live => style.fg(Color::LightCyan).add_modifier(Modifier::BOLD),
        Tone::Call => style.fg(Color::LightMagenta).add_modifier(Modifier::BOLD),
        Tone::Keyword => style.fg(Color::LightBlue),
        Tone::Literal => style.fg(Color::Green),
        Tone::Danger => style.fg(Color::LightRed).add_modifier(Modifier::REVERSED),
    }
}

fn light(tone: Tone) -> Style {
    let style = Style::new();
    match tone {
        Tone::Plain => style,
        Tone::Dim => style.fg(Color::DarkGray),
        Tone::Strong => style.add_modifier(Modifier::BOLD),
        Tone::Good => style.fg(Color::Green),
        Tone::Warn => style.fg(Color::Magenta),
        Tone::Bad => style.fg(Color::Red).add_modifier(Modifier::BOLD),
        Tone::Live => style.fg(Color::Blue).add_modifier(Modifier::BOLD),
        Tone::Call => style.fg(Color::Magenta).add_modifier(Modifier::BOLD),
        Tone::Keyword => style.fg(Color::Blue),
        Tone::Literal => style.fg(Color::Green),
        Tone::Danger => style.fg(Color::Red).add_modifier(Modifier::REVERSED),
    }
}

fn plain(tone: Tone) -> Style {
    let style = Style::new();
    match tone {
        Tone::Plain | Tone::Good | Tone::Literal => style,
        Tone::Dim => style.add_modifier(Modifier::DIM),
        Tone::Strong | Tone::Warn | Tone::Live | Tone::Keyword => style.add_modifier(Modifier::BOLD),
        Tone::Call => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Tone::Bad => style.add_modifier(Modifier::BOLD | Modifier::UNDERLINED),
        Tone::Danger => style.add_modifier(Modifier::REVERSED),
    }
}
