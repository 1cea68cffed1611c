//! Which of the four speaks, and what is said of a bad file.

use super::*;

fn settled(
    options: Vec<(&'static str, String, &'static str)>,
    variables: &[(&str, &str)],
    file: Option<&str>,
) -> Result<Settings, Vec<String>> {
    let variable =
        |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    let file = file.map(|text| (PathBuf::from("/c/config.toml"), text.to_owned()));
    Settings::of(&Given { options, variable: &variable, file, folder: None })
}

#[test]
fn option_before_environment_before_file_before_default() {
    let option = || vec![("theme", "light".to_owned(), "--light")];
    let variables = [("CEREMONY_THEME", "plain")];
    let file = Some("theme = \"high-contrast\"\n");
    let theme = |settings: Settings| {
        let (value, source) = settings.get("theme");
        (value.unwrap().to_owned(), source.to_string())
    };
    let of = |options, variables: &[(&str, &str)], file| theme(settled(options, variables, file).unwrap());
    assert_eq!(of(option(), &variables, file), ("light".to_owned(), "option --light".to_owned()));
    assert_eq!(of(vec![], &variables, file), ("plain".to_owned(), "environment CEREMONY_THEME".to_owned()));
    assert_eq!(of(vec![], &[], file), ("high-contrast".to_owned(), "/c/config.toml:1:9".to_owned()));
    assert_eq!(of(vec![], &[], None), ("dark".to_owned(), "default".to_owned()));
    assert_eq!(of(vec![], &[("COLORFGBG", "0;15")], None), ("light".to_owned(), "default".to_owned()));
}

#[test]
fn no_color_is_stronger_than_the_file() {
    let settings =
        settled(vec![], &[("NO_COLOR", "1"), ("CEREMONY_COLORS", "true")], Some("colors = \"256\"")).unwrap();
    assert_eq!(settings.depth(), Depth::None);
    assert_eq!(settled(vec![], &[], Some("colors = \"256\"")).unwrap().depth(), Depth::Many);
}

#[test]
fn a_bad_file_is_told_with_its_places() {
    let text = "themes = \"dark\"\nmouse = \"yes\"\nbell = \"loud\"\noperator = \"\"\nwhat = 1\n";
    let problems = settled(vec![], &[("CEREMONY_ASCII", "1")], Some(text)).unwrap_err();
    insta::assert_snapshot!("bad_settings", problems.join("\n"));
    let problems = settled(vec![], &[], Some("theme = \n")).unwrap_err();
    assert!(problems[0].starts_with("error: /c/config.toml:1:"), "{}", problems[0]);
}

#[test]
fn paths_count_from_the_file() {
    let settings =
        settled(vec![], &[], Some("signers = \"signers\"\nkey = \"/k/id\"\nmouse = true")).unwrap();
    assert_eq!(settings.path("signers"), Some(PathBuf::from("/c/signers")));
    assert_eq!(settings.path("key"), Some(PathBuf::from("/k/id")));
    assert!(settings.flag("mouse") && settings.flag("motion") && !settings.flag("ascii"));
    assert_eq!(settings.path("sessions"), None);
}
