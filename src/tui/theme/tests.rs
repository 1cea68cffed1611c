//! What must hold for every shipped theme, and what is said of a bad one.

use super::color::{lab, of_256};
use super::*;

fn sheets() -> Vec<Sheet> {
    SHIPPED.iter().map(|(name, text)| Sheet::read(name, text).unwrap()).collect()
}

fn coloured() -> Vec<Sheet> {
    sheets().into_iter().filter(|sheet| sheet.name != PLAIN).collect()
}

fn rgb(color: Option<Color>) -> Option<Rgb> {
    match color? {
        Color::Rgb(red, green, blue) => Some(Rgb(red, green, blue)),
        Color::Indexed(at) => Some(of_256(at)),
        _ => None,
    }
}

fn contrast(a: Rgb, b: Rgb) -> f64 {
    let (a, b) = (a.luminance(), b.luminance());
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[test]
fn contrast_is_measured_as_the_standard_says() {
    assert!((contrast(Rgb(0, 0, 0), Rgb(255, 255, 255)) - 21.0).abs() < 0.01);
    assert!((contrast(Rgb(0x76, 0x76, 0x76), Rgb(255, 255, 255)) - 4.54).abs() < 0.01);
}

/// Every text on every ground it can stand on: the screen's, a bar's, a selected row's.
#[test]
fn every_text_can_be_read() {
    let mut bad = Vec::new();
    for sheet in coloured() {
        let least = if sheet.name.starts_with("high-contrast") { 7.0 } else { 4.5 };
        for depth in [Depth::True, Depth::Many] {
            let theme = sheet.theme(depth);
            let ground = rgb(theme.ground.bg).unwrap();
            for (at, name) in NAMES.iter().enumerate() {
                let style = theme.styles[at];
                let fg = rgb(style.fg.or(theme.styles[0].fg)).unwrap();
                let on = |part: Part| rgb(theme.part(part).bg).unwrap_or(ground);
                // A selected row that has a colour of its own for the text takes it from everything on it.
                let selected = theme.part(Part::Selected);
                let grounds = match *name {
                    "selected" | "bar" | "alarm" | "calls" => vec![rgb(style.bg).unwrap_or(ground)],
                    "frame" => vec![ground],
                    _ if selected.fg.is_some() => vec![ground, on(Part::Bar)],
                    _ => vec![ground, on(Part::Bar), on(Part::Selected)],
                };
                let least = if *name == "frame" { 3.0 } else { least };
                for on in grounds {
                    let found = contrast(fg, on);
                    if found < least {
                        bad.push(format!(
                            "{} {depth:?} {name} {fg:?} on {on:?}: {found:.2} < {least}",
                            sheet.name
                        ));
                    }
                }
            }
        }
    }
    assert!(bad.is_empty(), "{}", bad.join("\n"));
}

/// How eyes without the middle (deuteranopia) or the long (protanopia) receptor see: Machado, Oliveira, Fernandes 2009.
const DEUTAN: [[f64; 3]; 3] = [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]];
const PROTAN: [[f64; 3]; 3] = [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]];

#[test]
fn good_and_bad_differ_for_every_eye() {
    for sheet in coloured() {
        let theme = sheet.theme(Depth::True);
        let of = |tone: Tone| rgb(theme.style(tone).fg).unwrap().linear();
        let (good, bad) = (of(Tone::Good), of(Tone::Bad));
        let lightness = (lab(good)[0] - lab(bad)[0]).abs();
        assert!(lightness >= 10.0, "{}: as grey, good and bad differ by {lightness:.1}", sheet.name);
        for eye in [DEUTAN, PROTAN] {
            let seen = |c: [f64; 3]| {
                lab(eye.map(|row| (row[0] * c[0] + row[1] * c[1] + row[2] * c[2]).clamp(0.0, 1.0)))
            };
            // Warn and bad both want attention, and dark brown and dark red leave little room.
            for (a, b, least) in
                [(Tone::Good, Tone::Bad, 12.0), (Tone::Good, Tone::Warn, 15.0), (Tone::Warn, Tone::Bad, 8.0)]
            {
                let underlined = |tone: Tone| theme.style(tone).add_modifier.contains(Modifier::UNDERLINED);
                if underlined(a) != underlined(b) {
                    continue;
                }
                let (x, y) = (seen(of(a)), seen(of(b)));
                let far = x.iter().zip(y).map(|(x, y)| (x - y).powi(2)).sum::<f64>().sqrt();
                assert!(far >= least, "{}: {a:?} and {b:?} are {far:.1} apart", sheet.name);
            }
        }
    }
}

#[test]
fn every_shipped_file_says_all_it_must() {
    for sheet in sheets() {
        assert!(!sheet.about.is_empty(), "{}", sheet.name);
        // Without colours and with sixteen, a selected row, a stop and a gate stand out as well.
        for depth in [Depth::None, Depth::Sixteen] {
            let theme = sheet.theme(depth);
            for part in [Part::Selected, Part::Alarm, Part::Calls] {
                let style = theme.part(part);
                let stands_out = style.bg.is_some() || style.add_modifier.contains(Modifier::REVERSED);
                assert!(stands_out, "{} {depth:?} {part:?}", sheet.name);
            }
            assert!(theme.ground.bg.is_none(), "the ground is the terminal's own");
        }
        let bare = sheet.theme(Depth::None);
        let colours = bare.styles.iter().filter(|style| style.fg.is_some() || style.bg.is_some());
        assert_eq!(colours.count(), 0, "{}", sheet.name);
    }
}

#[test]
fn the_best_form_that_a_terminal_can_show_is_taken() {
    let text = "good = { fg = [\"#86e3c3\", 79, \"bright-green\"] }\nbad = { fg = \"#fe0103\", few = { bold = true } }\nwarn = { fg = \"#fefe02\" }";
    let sheet = Sheet::read("t", text).unwrap();
    let fg = |depth: Depth, tone: Tone| sheet.theme(depth).style(tone).fg;
    assert_eq!(fg(Depth::True, Tone::Good), Some(Color::Rgb(0x86, 0xe3, 0xc3)));
    assert_eq!(fg(Depth::Many, Tone::Good), Some(Color::Indexed(79)));
    assert_eq!(fg(Depth::Sixteen, Tone::Good), Some(Color::LightGreen));
    assert_eq!(fg(Depth::Many, Tone::Bad), Some(Color::Indexed(196)));
    assert_eq!(fg(Depth::Sixteen, Tone::Bad), None);
    assert_eq!(fg(Depth::Sixteen, Tone::Warn), Some(Color::LightYellow));
}

/// What a person's theme does not say can be read on the ground that it says.
#[test]
fn what_is_left_out_fits_the_ground() {
    for (ground, like) in [("#101010", "dark"), ("#fffff0", "light")] {
        let sheet =
            Sheet::read("mine.toml", &format!("ground = \"{ground}\"\ngood = {{ bold = true }}\n")).unwrap();
        let theme = sheet.theme(Depth::True);
        assert_eq!(theme.style(Tone::Plain), Theme::shipped(like, Depth::True).style(Tone::Plain));
        assert_eq!(theme.style(Tone::Good), Style::new().add_modifier(Modifier::BOLD));
        assert!(contrast(rgb(theme.ground.fg).unwrap(), rgb(theme.ground.bg).unwrap()) > 7.0);
    }
    let bare = Sheet::read("mine.toml", "good = { bold = true }\n").unwrap().theme(Depth::True);
    assert_eq!(
        (bare.ground, bare.style(Tone::Warn)),
        (Style::new(), Style::new()),
        "all else is the terminal's own"
    );
}

#[test]
fn a_bad_file_is_told_with_its_places() {
    let text = "about = 3\nground = \"#12345\"\ngod = { fg = \"red\" }\n\n[bad]\nfg = \"redd\"\nbolt = true\nbold = 1\nbg = 7\n";
    let problems = Sheet::read("themes/mine.toml", text).unwrap_err();
    let told: Vec<String> = problems
        .iter()
        .map(|problem| format!("{}: {}; {}", problem.at, problem.what, problem.next))
        .collect();
    insta::assert_snapshot!("bad_theme", told.join("\n"));
    let problems = Sheet::read("mine.toml", "good = {\n").unwrap_err();
    assert!(problems[0].to_string().starts_with("error: mine.toml:1:"), "{}", problems[0]);
}

#[test]
fn what_a_terminal_says_of_its_colours() {
    let depth = Depth::of;
    assert_eq!(depth(Some("1"), Some("truecolor"), Some("xterm-256color")), Depth::None);
    assert_eq!(depth(Some(""), Some("truecolor"), Some("xterm-256color")), Depth::True);
    assert_eq!(depth(None, Some("24bit"), Some("xterm")), Depth::True);
    assert_eq!(depth(None, None, Some("xterm-kitty")), Depth::True);
    assert_eq!(depth(None, Some(""), Some("screen-256color")), Depth::Many);
    assert_eq!(depth(None, None, Some("xterm")), Depth::Sixteen);
    assert_eq!(depth(None, None, Some("linux")), Depth::Sixteen);
    assert_eq!(depth(None, None, Some("dumb")), Depth::None);
    assert_eq!(depth(None, None, None), Depth::Sixteen);
}
