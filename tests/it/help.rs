//! Help and usage errors, word for word: a change of them is a change that users see.

use insta::assert_snapshot;

use crate::workspace::Workspace;

/// What a run says that does nothing but talk, its version taken out.
fn said(arguments: &[&str], code: i32) -> String {
    let work = Workspace::new();
    work.list(&["cn"]);
    let told = work.flagdl(arguments.iter().copied()).run();
    told.expect_code(code);
    let (silent, text) = if code == 0 { (&told.err, &told.out) } else { (&told.out, &told.err) };
    assert_eq!(silent, "", "{told}");
    text.replace(env!("CARGO_PKG_VERSION"), "<version>")
}

#[test]
fn help_in_full() {
    assert_snapshot!("help", said(&["--help"], 0));
}

#[test]
fn help_in_short() {
    assert_snapshot!("help_short", said(&["-h"], 0));
}

#[test]
fn help_of_the_practice_origin() {
    assert_snapshot!("help_serve", said(&["serve", "--help"], 0));
}

#[test]
fn help_of_status() {
    assert_snapshot!("help_status", said(&["status", "--help"], 0));
}

#[test]
fn help_of_verify() {
    assert_snapshot!("help_verify", said(&["verify", "--help"], 0));
}

#[test]
fn the_version() {
    assert_snapshot!("version", said(&["--version"], 0));
}

#[test]
fn each_line_of_help_fits_a_usual_terminal_and_says_its_default() {
    let help = said(&["--help"], 0);
    for line in help.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
    // A default may stand at the end of a line.
    let help = help.split_whitespace().collect::<Vec<_>>().join(" ");
    for default in [
        "3",
        "1",
        "downloads",
        "https://i1.mifile.cn/a1",
        "jpg",
        "10s",
        "30s",
        "1KiB/s",
        "64MiB",
        "image",
        "auto",
        "text",
    ] {
        assert!(help.contains(&format!("[default: {default}]")), "{default} in {help}");
    }
}

#[test]
fn each_example_in_the_help_is_one_line() {
    let help = said(&["--help"], 0);
    let examples = help.split("Examples:\n").nth(1).and_then(|rest| rest.split("\n\n").next());
    for line in examples.expect("there are examples").lines() {
        assert!(["  flagdl ", "  cat "].iter().any(|command| line.starts_with(command)), "{line:?}");
    }
}

/// Command lines that cannot work.
const WRONG: [&[&str]; 23] = [
    &[],
    &["--no-such-option", "list.txt"],
    &["-c", "0", "list.txt"],
    &["--rate", "fast", "list.txt"],
    &["--timeout", "10", "list.txt"],
    &["--max-size", "64XB", "list.txt"],
    &["--format", "xml", "list.txt"],
    &["-v", "-q", "list.txt"],
    &["--url-template", "https://example.org/flag.jpg", "list.txt"],
    &["--url-template", "https://{code}.example.org/flag.jpg", "list.txt"],
    &["--base-url", "example.org", "list.txt"],
    &["--ext", "../x", "list.txt"],
    &["-H", "no colon", "list.txt"],
    &["--cacert", "list.txt", "list.txt"],
    &["--cacert", "no-such-file", "list.txt"],
    &["--failed", "no/such/folder/x", "list.txt"],
    &["--failed", "-", "list.txt"],
    &["status", "--failed", "-"],
    &["-u", "http://user:secret@", "list.txt"],
    &["no-such-list.txt"],
    &["no-such-list"],
    &["stats"],
    &["-", "-"],
];

#[test]
fn usage_errors() {
    let all = WRONG.map(|wrong| format!("$ flagdl {}\n{}", wrong.join(" "), said(wrong, 2)));
    assert_snapshot!("usage_errors", all.join("\n"));
}

#[test]
fn a_usage_error_says_nothing_twice() {
    for wrong in WRONG {
        let text = said(wrong, 2);
        let causes: Vec<_> = text.lines().next().unwrap_or_default().split(": ").collect();
        assert!(causes.windows(2).all(|pair| pair[0] != pair[1]), "{text}");
    }
}
