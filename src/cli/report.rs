//! `ceremony report DIR`: the execution report in its formats, into the folder or wherever it is wanted.

use super::Trouble;
use crate::driver::cast::{Screen, cast};
use crate::driver::replay::Player;
use crate::report::{Execution, html, json, junit, markdown};
use crate::runner::session_folder::replace;
use clap::{Args, ValueEnum};
use std::path::{Path, PathBuf};

/// Which report, and where it goes.
#[derive(Clone, Debug, Args)]
pub struct Options {
    /// Which of them.
    #[arg(long, value_enum, default_value_t = Format::Markdown)]
    format: Format,
    /// Write it there and not into the folder; `-` is standard output.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Of the recording's screen, columns and rows.
    #[arg(long, value_name = "COLSxROWS", default_value = "120x40", value_parser = size)]
    size: (u16, u16),
    /// A pause of the recording is at most so long, seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 2, value_parser = clap::value_parser!(u32).range(1..=3600))]
    idle: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// report.md, for people, and to standard output.
    Markdown,
    /// report.html, one page that needs nothing else.
    Html,
    /// report.json, for programs; docs/report.schema.json says what is in it.
    Json,
    /// report.junit.xml, for build servers.
    Junit,
    /// session.cast, the cockpit as an asciicast for terminal players.
    Cast,
    /// All of them.
    All,
}

impl Format {
    const EACH: [Self; 5] = [Self::Markdown, Self::Html, Self::Json, Self::Junit, Self::Cast];

    fn name(self) -> &'static str {
        match self {
            Self::Markdown | Self::All => "report.md",
            Self::Html => "report.html",
            Self::Json => "report.json",
            Self::Junit => "report.junit.xml",
            Self::Cast => "session.cast",
        }
    }
}

/// `80x24`.
fn size(text: &str) -> Result<(u16, u16), String> {
    let number = |part: &str| part.parse().ok().filter(|number| (1..=500).contains(number));
    text.split_once('x')
        .and_then(|(columns, rows)| Some((number(columns)?, number(rows)?)))
        .ok_or_else(|| "columns and rows from 1 to 500, such as 80x24".to_owned())
}

pub(super) fn write(dir: &Path, options: &Options) -> Result<u8, Trouble> {
    if options.format == Format::All && options.output.is_some() {
        return Err(Trouble::usage(
            "--format all cannot be written with --output",
            "it is several files",
            "leave --output out, and they are written into the session's folder",
        ));
    }
    let player = Player::open(dir).map_err(Trouble::unreadable)?;
    if let Some(entry) = player.divergent.filter(|entry| *entry > player.entries().len() as u64) {
        return Err(Trouble::divergent(dir, entry));
    }
    let execution = Execution::new(&player.session, &player.transcript, player.entries(), &player.head);
    let formats = match &options.format {
        Format::All => &Format::EACH[..],
        one => std::slice::from_ref(one),
    };
    for format in formats {
        let text = match format {
            Format::Markdown | Format::All => markdown::render(&execution),
            Format::Html => html::render(&execution),
            Format::Json => json::render(&execution).map_err(|error| Trouble::unexpected(&error.into()))?,
            Format::Junit => junit::render(&execution),
            Format::Cast => {
                let (columns, rows) = options.size;
                let idle_us = u64::from(options.idle) * 1_000_000;
                cast(&player, Screen { columns, rows, idle_us })
            }
        };
        let is_for_folder = *format == Format::Markdown && options.output.is_none();
        if let Some(name) =
            is_for_folder.then(|| super::sign::signed_report(dir, &player.head, &text)).flatten()
        {
            super::out::as_made(text.as_bytes());
            errln!("not written: {name} is about the report.md that is there, made by another version");
            continue;
        }
        put(dir, options, *format, &text)?;
    }
    Ok(0)
}

fn put(dir: &Path, options: &Options, format: Format, text: &str) -> Result<(), Trouble> {
    // A closed pipe (`| head`) is no trouble.
    let say = || {
        super::out::as_made(text.as_bytes());
    };
    let path = match &options.output {
        Some(output) if output.as_os_str() == "-" => {
            say();
            return Ok(());
        }
        Some(output) => {
            let name = output.file_name().ok_or_else(|| {
                Trouble::usage(
                    format!("--output {} names no file", output.display()),
                    "the report is a file",
                    "name one, or - for standard output",
                )
            })?;
            let folder = output.parent().filter(|parent| !parent.as_os_str().is_empty());
            let folder = folder.unwrap_or(Path::new("."));
            replace(folder, &name.to_string_lossy(), text.as_bytes())
                .map_err(|error| Trouble::folder(folder, &error))?
        }
        None => replace(dir, format.name(), text.as_bytes()).map_err(|error| Trouble::folder(dir, &error))?,
    };
    if options.format == Format::Markdown && options.output.is_none() {
        say();
    }
    errln!("written to {}", path.display());
    Ok(())
}
