//! Themes: what each tone looks like, as read from a file, for the colours that a terminal has.

mod color;
mod read;
#[cfg(test)]
mod tests;

use crate::session::Verdict;
use crate::view::Tone;
use color::Rgb;
use ratatui::style::{Color, Modifier, Style};
pub use read::Sheet;

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None: weights, underlines and reversal alone (`NO_COLOR`).
    None,
    /// The sixteen that its owner chose.
    Sixteen,
    /// The palette of 256.
    Many,
    /// Any, by red, green and blue.
    True,
}

impl Depth {
    /// What the terminal's variables say: `NO_COLOR`, `COLORTERM`, `TERM`. <https://no-color.org>
    pub fn of(no_color: Option<&str>, colorterm: Option<&str>, term: Option<&str>) -> Self {
        const TRUE: [&str; 6] = ["-direct", "kitty", "ghostty", "alacritty", "wezterm", "foot"];
        const NONE: [&str; 4] = ["dumb", "-mono", "-m", "vt100"];
        let term = term.unwrap_or_default();
        if no_color.is_some_and(|value| !value.is_empty()) || NONE.iter().any(|name| term.ends_with(name)) {
            Self::None
        } else if matches!(colorterm, Some("truecolor" | "24bit"))
            || TRUE.iter().any(|name| term.contains(name))
        {
            Self::True
        } else if term.contains("256color") {
            Self::Many
        } else {
            Self::Sixteen
        }
    }
}

/// Parts of the screen that have a look of their own, beside the tones of what is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The edge of a pane without the focus.
    Frame,
    /// Header and hints, and the row that is current.
    Bar,
    /// The row that is selected.
    Selected,
    /// The bar of a stop.
    Alarm,
    /// The bar of a gate.
    Calls,
}

/// The names in a file, in the order of [`Theme`]'s styles: the tones, then the parts.
const NAMES: [&str; 16] = [
    "plain", "dim", "strong", "good", "warn", "bad", "live", "call", "keyword", "literal", "danger", "frame",
    "bar", "selected", "alarm", "calls",
];

fn place_of(tone: Tone) -> usize {
    match tone {
        Tone::Plain => 0,
        Tone::Dim => 1,
        Tone::Strong => 2,
        Tone::Good => 3,
        Tone::Warn => 4,
        Tone::Bad => 5,
        Tone::Live => 6,
        Tone::Call => 7,
        Tone::Keyword => 8,
        Tone::Literal => 9,
        Tone::Danger => 10,
    }
}

/// How the cockpit looks on this terminal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Theme {
    ground: Style,
    styles: [Style; NAMES.len()],
}

impl Theme {
    /// The shipped theme for a dark terminal, in any colour.
    pub fn dark() -> Self {
        Self::shipped("dark", Depth::True)
    }

    /// A shipped theme; without any style if there is none of that name.
    pub fn shipped(name: &str, depth: Depth) -> Self {
        let sheet = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
        let sheet = sheet.and_then(|(name, text)| Sheet::read(name, text).ok());
        sheet.map(|sheet| sheet.theme(depth)).unwrap_or_default()
    }

    /// The style of a tone.
    pub fn style(self, tone: Tone) -> Style {
        self.styles[place_of(tone)]
    }

    /// The style of a part.
    pub fn part(self, part: Part) -> Style {
        self.styles[11 + part as usize]
    }

    /// What everything is drawn on.
    pub fn ground(self) -> Style {
        self.ground
    }

    /// A word on a ground of its own: badges, titles of panes in focus.
    pub fn badge(self, tone: Tone) -> Style {
        self.style(tone).add_modifier(Modifier::REVERSED | Modifier::BOLD)
    }
}

/// A colour, best form first: the first one that the terminal can show is taken.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Ink {
    rgb: Option<Rgb>,
    many: Option<u8>,
    few: Option<Color>,
}

impl Ink {
    /// The colour at a depth. A ground that names none of the sixteen is left as the terminal has it.
    fn at(&self, depth: Depth, ground: bool) -> Option<Color> {
        match depth {
            Depth::None => None,
            Depth::True => self.rgb.map(Rgb::color).or_else(|| self.at(Depth::Many, ground)),
            Depth::Many => {
                let many = self.many.or_else(|| self.rgb.map(Rgb::nearest_of_256));
                many.map(Color::Indexed).or(self.few)
            }
            Depth::Sixteen if ground => self.few,
            Depth::Sixteen => self.few.or_else(|| self.rgb.map(Rgb::nearest_of_16)),
        }
    }
}

/// One entry of a file: colours and weights, and what stands for them where there are few colours.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Word {
    fg: Option<Ink>,
    bg: Option<Ink>,
    weights: Modifier,
    few: Option<Box<Word>>,
}

impl Word {
    fn style(&self, depth: Depth) -> Style {
        if let (Some(few), Depth::Sixteen | Depth::None) = (&self.few, depth) {
            return few.style(depth);
        }
        let fg = self.fg.as_ref().and_then(|ink| ink.at(depth, false));
        let bg = self.bg.as_ref().and_then(|ink| ink.at(depth, true));
        Style { fg, bg, ..Style::new().add_modifier(self.weights) }
    }
}

impl Sheet {
    /// How it looks on a terminal with so many colours; without any, the weights of the shipped `plain` speak.
    pub fn theme(&self, depth: Depth) -> Theme {
        if depth == Depth::None && self.name != PLAIN {
            return Theme::shipped(PLAIN, depth);
        }
        let bg = self.ground.as_ref().and_then(|ink| ink.at(depth, true));
        let styles = std::array::from_fn(|at| self.words[at].style(depth));
        // What has no colour of its own is as plain text is.
        Theme { ground: Style { bg, ..styles[0] }, styles }
    }
}

/// The tone of a verdict.
pub(super) fn verdict_tone(verdict: Verdict) -> Tone {
    crate::view::Mark::of(verdict).tone()
}

/// The shipped theme that has no colours.
const PLAIN: &str = "plain";

/// The themes that come with the program: name and file.
pub const SHIPPED: [(&str, &str); 6] = [
    ("dark", include_str!("../../../assets/themes/dark.toml")),
    ("light", include_str!("../../../assets/themes/light.toml")),
    ("high-contrast", include_str!("../../../assets/themes/high-contrast.toml")),
    ("high-contrast-light", include_str!("../../../assets/themes/high-contrast-light.toml")),
    ("blue-orange", include_str!("../../../assets/themes/blue-orange.toml")),
    (PLAIN, include_str!("../../../assets/themes/plain.toml")),
];
