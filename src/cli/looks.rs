//! How the cockpit is to look, from the settings; `ceremony themes`.

use super::config::Source;
use super::{Common, Trouble};
use crate::definition::nearest;
use crate::tui::terminal::painted;
use crate::tui::{Cockpit, SHIPPED, Sheet, Theme};
use crate::view::{Mark, Tone};
use std::path::{Path, PathBuf};

/// The cockpit with the looks that the settings ask for. What is wrong with a theme is said on its screen.
pub(super) fn cockpit(common: &Common) -> Cockpit {
    let settings = &common.settings;
    let (theme, trouble) = theme(common);
    let mut cockpit = Cockpit::new(theme, settings.flag("ascii"));
    cockpit.set_motion(settings.flag("motion"));
    cockpit.set_bell(settings.bell());
    if let Some(trouble) = trouble {
        cockpit.notice(&trouble);
    }
    cockpit
}

/// The theme that the settings ask for, or the dark one and what is wrong with theirs.
pub(super) fn theme(common: &Common) -> (Theme, Option<String>) {
    let settings = &common.settings;
    let name = settings.get("theme").0.unwrap_or("dark");
    match sheet(common, name) {
        Ok(sheet) => (sheet.theme(settings.depth()), None),
        Err(what) => {
            // Short enough for one line; `ceremony themes` has all of it.
            let what = what.lines().next().unwrap_or_default().trim_start_matches("error: ").to_owned();
            let folder = own(common).map(|folder| format!("{}/", folder.display())).unwrap_or_default();
            let what = what.replacen(&folder, "", 1);
            (Theme::shipped("dark", settings.depth()), Some(format!("dark theme instead: {what}")))
        }
    }
}

/// A theme that is asked for by an option must be there; elsewhere the cockpit says what is wrong and goes on.
pub(super) fn check(common: &Common) -> Result<(), Trouble> {
    let (name, source) = common.settings.get("theme");
    let name = name.unwrap_or_default();
    match source {
        Source::Option(_) if !names(common).iter().any(|known| known == name) => Err(Trouble::usage(
            format!("there is no theme '{name}'"),
            format!("the themes are: {}", names(common).join(", ")),
            near(common, name),
        )),
        _ => Ok(()),
    }
}

fn near(common: &Common, name: &str) -> String {
    let names = names(common);
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    nearest(name, &names).map_or_else(
        || "`ceremony themes` shows them".to_owned(),
        |near| format!("did you mean '{near}'? `ceremony themes` shows them"),
    )
}

/// The folder of a person's own themes.
fn own(common: &Common) -> Option<PathBuf> {
    Some(common.settings.folder.as_ref()?.join("themes"))
}

/// The names of all themes: a person's own, then those that come with the program.
fn names(common: &Common) -> Vec<String> {
    let found = own(common).and_then(|folder| std::fs::read_dir(folder).ok());
    let stem = |path: PathBuf| {
        let toml = path.extension().is_some_and(|extension| extension == "toml");
        toml.then(|| path.file_stem().map(|stem| stem.to_string_lossy().into_owned())).flatten()
    };
    let mut names: Vec<String> =
        found.into_iter().flatten().flatten().filter_map(|entry| stem(entry.path())).collect();
    names.sort();
    for (name, _) in SHIPPED {
        if !names.iter().any(|own| own == name) {
            names.push(name.to_owned());
        }
    }
    names
}

/// A theme by its name; a person's own goes before a shipped one.
fn sheet(common: &Common, name: &str) -> Result<Sheet, String> {
    let shipped = SHIPPED.iter().find(|(shipped, _)| *shipped == name);
    let told = |problems: Vec<crate::definition::Diagnostic>| {
        problems
            .iter()
            .map(|problem| super::out::three_parts(&problem.to_string()))
            .collect::<Vec<_>>()
            .join("\n")
    };
    // A name is no path.
    let path = own(common).filter(|_| Path::new(name).components().count() == 1);
    if let Some(path) = path.map(|folder| folder.join(format!("{name}.toml"))) {
        match std::fs::read_to_string(&path) {
            Ok(text) => return Sheet::read(&path.display().to_string(), &text).map_err(told),
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(format!("error: cannot read {}: {error}", path.display()));
            }
            Err(_) => {}
        }
    }
    match shipped {
        Some((name, text)) => Sheet::read(name, text).map_err(told),
        None => Err(format!("error: there is no theme '{name}': {}", near(common, name))),
    }
}

/// `ceremony themes`: each with a sample, and what is wrong with it.
pub(super) fn list(common: &Common) -> Result<u8, Trouble> {
    use std::io::IsTerminal;
    let colours = std::io::stdout().is_terminal();
    let current = common.settings.get("theme").0;
    let mut bad = false;
    for name in names(common) {
        let here = if current == Some(&name) { "*" } else { " " };
        match sheet(common, &name) {
            Ok(sheet) => {
                outln!("{here} {name:<20} {}", sheet.about);
                if colours {
                    let painted = sample(sheet.theme(common.settings.depth()), common.settings.flag("ascii"));
                    super::out::as_made(format!("  {painted}\n\n").as_bytes());
                }
            }
            Err(what) => {
                bad = true;
                outln!("{here} {name:<20} cannot be used");
                super::out::error_as_made(&what);
            }
        }
    }
    outln!(
        "* is what holds; choose with --theme NAME, or theme = \"NAME\" in the settings (`ceremony config`)"
    );
    if let Some(folder) = own(common) {
        outln!("your own are {}", folder.join("NAME.toml").display());
    }
    Ok(if bad { 2 } else { 0 })
}

/// What a screen is made of, on its ground.
fn sample(theme: Theme, ascii: bool) -> String {
    use crate::tui::Part;
    let on = |tone: Tone, text: &str| painted(text, theme.ground().patch(theme.style(tone)));
    let mut line = painted(" LIVE ", theme.ground().patch(theme.badge(Tone::Live)));
    line += &on(Tone::Plain, " ");
    for mark in [Mark::Pass, Mark::Gate, Mark::Run, Mark::Waived, Mark::Fail, Mark::Open] {
        let shape = if ascii { "" } else { mark.shape() };
        line += &on(mark.tone(), &format!("{shape} {} ", mark.word()));
    }
    line += &on(Tone::Keyword, " ALTER TABLE ");
    line += &on(Tone::Literal, "'text' ");
    line += &painted(" STOP THE WORLD ", theme.part(Part::Alarm));
    line
}
