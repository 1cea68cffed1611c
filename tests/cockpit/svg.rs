//! A terminal's screen as a picture: one rectangle and one text for each run of cells that look the same.

use std::fmt::Write;
use vt100::{Cell, Color, Screen};

const WIDE: u32 = 8;
const HIGH: u32 = 17;
const BACK: &str = "#16181d";
const FRONT: &str = "#d7dae0";
const SIXTEEN: [&str; 16] = [
    "#2a2e37", "#e0636d", "#8fc379", "#dfb65f", "#66a8ef", "#c487de", "#5cb8c4", "#c3c8d2", "#6f7785",
    "#f47c85", "#a8d991", "#f0cc80", "#86bffb", "#d9a0f0", "#78d0db", "#f4f6fa",
];

#[derive(Clone, PartialEq, Eq)]
struct Look {
    front: String,
    back: String,
    bold: bool,
    dim: bool,
}

fn color(color: Color, otherwise: &str) -> String {
    match color {
        Color::Default => otherwise.to_owned(),
        Color::Idx(at @ 0..=15) => SIXTEEN[usize::from(at)].to_owned(),
        Color::Idx(at @ 16..=231) => {
            let level = |part: u8| if part == 0 { 0 } else { 55 + 40 * part };
            let at = at - 16;
            format!("#{:02x}{:02x}{:02x}", level(at / 36), level(at / 6 % 6), level(at % 6))
        }
        Color::Idx(at) => {
            let grey = 8 + 10 * (at - 232);
            format!("#{grey:02x}{grey:02x}{grey:02x}")
        }
        Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
    }
}

fn look(cell: &Cell) -> Look {
    let (mut front, mut back) = (color(cell.fgcolor(), FRONT), color(cell.bgcolor(), BACK));
    if cell.inverse() {
        std::mem::swap(&mut front, &mut back);
    }
    Look { front, back, bold: cell.bold(), dim: cell.dim() }
}

/// What most cells stand on: it is drawn once, under all of them.
fn ground(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let places = (0..rows.get()).flat_map(|row| (0..columns.get()).map(move |column| (row, column)));
    let mut counts = std::collections::BTreeMap::<String, usize>::new();
    for cell in places.filter_map(|(row, column)| screen.cell(row, column)) {
        *counts.entry(look(cell).back).or_default() += 1;
    }
    counts.into_iter().max_by_key(|(_, count)| *count).map_or_else(|| BACK.to_owned(), |(back, _)| back)
}

fn run(out: &mut String, (row, column): (u32, u32), look: &Look, text: &str, cells: u32, ground: &str) {
    let (x, y, width) = (column * WIDE, row * HIGH, cells * WIDE);
    if look.back != ground {
        let back = &look.back;
        writeln!(out, r#"<rect x="{x}" y="{y}" width="{width}" height="{HIGH}" fill="{back}"/>"#).unwrap();
    }
    if text.trim().is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
    let weight = if look.bold { r#" font-weight="bold""# } else { "" };
    let dim = if look.dim { r#" opacity="0.65""# } else { "" };
    let (y, front) = (y + 13, &look.front);
    writeln!(
        out,
        r#"<text x="{x}" y="{y}" textLength="{width}" fill="{front}"{weight}{dim} xml:space="preserve">{text}</text>"#
    )
    .unwrap();
}

/// The screen as SVG.
pub fn draw(screen: &Screen) -> String {
    let (rows, columns) = screen.size();
    let (rows, columns) = (rows.get(), columns.get());
    let (width, height) = (u32::from(columns) * WIDE, u32::from(rows) * HIGH);
    let ground = ground(screen);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"-10 -10 {} {}\" width=\"{}\" font-family=\"monospace\" \
         font-size=\"13.3\">\n<rect x=\"-10\" y=\"-10\" width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\n",
        width + 20,
        height + 20,
        width + 20,
    );
    for row in 0..rows {
        let (mut from, mut text, mut last) = (0, String::new(), None::<Look>);
        for column in 0..columns {
            let Some(cell) = screen.cell(row, column) else { continue };
            let here = look(cell);
            if let Some(before) = last.take_if(|before| *before != here) {
                run(&mut out, (row.into(), from), &before, &text, u32::from(column) - from, &ground);
                (from, text) = (column.into(), String::new());
            }
            last = Some(here);
            if !cell.is_wide_continuation() {
                text.push_str(if cell.has_contents() { cell.contents() } else { " " });
            }
        }
        if let Some(look) = last {
            run(&mut out, (row.into(), from), &look, &text, u32::from(columns) - from, &ground);
        }
    }
    out + "</svg>\n"
}
