//! Colours by red, green and blue, and the nearest of those that a terminal has.

use ratatui::style::Color;

/// A colour of the screen (sRGB).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Rgb(pub u8, pub u8, pub u8);

/// The words for the sixteen, with what most terminals make of them.
pub(super) const SIXTEEN: [(&str, Color, Rgb); 16] = [
    ("black", Color::Black, Rgb(0, 0, 0)),
    ("red", Color::Red, Rgb(205, 0, 0)),
    ("green", Color::Green, Rgb(0, 205, 0)),
    ("yellow", Color::Yellow, Rgb(205, 205, 0)),
    ("blue", Color::Blue, Rgb(0, 0, 238)),
    ("magenta", Color::Magenta, Rgb(205, 0, 205)),
    ("cyan", Color::Cyan, Rgb(0, 205, 205)),
    ("white", Color::Gray, Rgb(229, 229, 229)),
    ("bright-black", Color::DarkGray, Rgb(127, 127, 127)),
    ("bright-red", Color::LightRed, Rgb(255, 0, 0)),
    ("bright-green", Color::LightGreen, Rgb(0, 255, 0)),
    ("bright-yellow", Color::LightYellow, Rgb(255, 255, 0)),
    ("bright-blue", Color::LightBlue, Rgb(92, 92, 255)),
    ("bright-magenta", Color::LightMagenta, Rgb(255, 0, 255)),
    ("bright-cyan", Color::LightCyan, Rgb(0, 255, 255)),
    ("bright-white", Color::White, Rgb(255, 255, 255)),
];

impl Rgb {
    /// `#rrggbb`.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |at: usize| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok();
        Some(Self(part(0)?, part(2)?, part(4)?))
    }

    pub fn color(self) -> Color {
        Color::Rgb(self.0, self.1, self.2)
    }

    /// One of the cube or the greys; the first sixteen are everybody's own.
    pub fn nearest_of_256(self) -> u8 {
        (16..=255).min_by(|a, b| self.far(of_256(*a)).total_cmp(&self.far(of_256(*b)))).unwrap_or(7)
    }

    pub fn nearest_of_16(self) -> Color {
        let by = |a: &&(&str, Color, Self), b: &&(&str, Color, Self)| self.far(a.2).total_cmp(&self.far(b.2));
        SIXTEEN.iter().min_by(by).map_or(Color::Reset, |(_, color, _)| *color)
    }

    /// Light that it gives off, 0 to 1. <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance>
    pub fn luminance(self) -> f64 {
        let [red, green, blue] = self.linear();
        0.2126 * red + 0.7152 * green + 0.0722 * blue
    }

    pub fn linear(self) -> [f64; 3] {
        [self.0, self.1, self.2].map(|part| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        })
    }

    /// How different two colours look (CIE 1976): under 3 hardly, over 20 clearly.
    pub fn far(self, other: Self) -> f64 {
        let (a, b) = (lab(self.linear()), lab(other.linear()));
        a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum::<f64>().sqrt()
    }
}

/// Lightness and two axes of hue, from linear light.
pub(super) fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let bend = |t: f64| if t > 0.008_856 { t.cbrt() } else { 7.787 * t + 16.0 / 116.0 };
    let x = bend((0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505);
    let y = bend(0.2126 * red + 0.7152 * green + 0.0722 * blue);
    let z = bend((0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089);
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// What a terminal shows for a number of the palette.
pub(super) fn of_256(at: u8) -> Rgb {
    let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
    match at {
        0..=15 => SIXTEEN[usize::from(at)].2,
        16..=231 => Rgb(level((at - 16) / 36), level((at - 16) / 6 % 6), level((at - 16) % 6)),
        _ => {
            let grey = 8 + 10 * (at - 232);
            Rgb(grey, grey, grey)
        }
    }
}
