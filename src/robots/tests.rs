//! What a whole file says: groups, precedence, delays, limits.

use std::{
    fmt::Write as _,
    time::{Duration, Instant},
};

use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> Rules {
    Rules::parse(text.as_bytes(), "FooBot")
}

/// Asserts which paths a file allows the agent.
fn assert_says(text: &str, agent: &str, allowed: &[&str], refused: &[&str]) {
    let rules = Rules::parse(text.as_bytes(), agent);
    for path in allowed {
        assert!(rules.allows(path), "{agent} may not have {path} by\n{text}");
    }
    for path in refused {
        assert!(!rules.allows(path), "{agent} may have {path} by\n{text}");
    }
}

#[test]
fn the_simple_example_of_rfc_9309_is_read_as_it_says() {
    // §5.1
    let text = "User-Agent: *\nDisallow: *.gif$\nDisallow: /example/\nAllow: /publications/\n\n\
        User-Agent: foobot\nDisallow:/\nAllow:/example/page.html\nAllow:/example/allowed.gif\n\n\
        User-Agent: barbot\nUser-Agent: bazbot\nDisallow: /example/page.html\n\nUser-Agent: quxbot\n\nEOF\n";
    assert_says(text, "other", &["/", "/publications/a", "/a.gif?x"], &["/a.gif", "/example/a", "/b/c.gif"]);
    assert_says(text, "foobot", &["/example/page.html", "/example/allowed.gif"], &["/", "/publications/", "/a.gif"]);
    for agent in ["barbot", "bazbot"] {
        assert_says(text, agent, &["/", "/example/", "/a.gif"], &["/example/page.html"]);
    }
    assert_says(text, "quxbot", &["/", "/example/page.html", "/a.gif"], &[]);
}

#[test]
fn the_longest_rule_decides_and_allow_among_equals() {
    for (lines, allowed, refused) in [
        // §5.2
        (
            "Allow: /example/page/\nDisallow: /example/page/disallowed.gif",
            &["/example/page/"][..],
            &["/example/page/disallowed.gif"][..],
        ),
        ("Disallow: /x/page.html\nAllow: /x/", &["/x/"], &["/x/page.html"]),
        ("Allow: /x/page.html\nDisallow: /x/", &["/x/page.html"], &["/x/"]),
        ("Disallow: /x\nAllow: /x/", &["/x/", "/x/y"], &["/x", "/xy"]),
        ("Disallow:\nAllow:", &["/", "/x"], &[]),
        ("Disallow: /\nAllow: /", &["/", "/x"], &[]),
        ("Disallow: /x\nAllow: /x", &["/x"], &[]),
        ("Disallow: /%78\nAllow: /x", &["/x"], &[]),
        ("Disallow: /", &[], &["/", "/x", "/x?y"]),
        ("Disallow:", &["/", "/x"], &[]),
        ("Allow: /\nDisallow:", &["/x"], &[]),
        ("Disallow: /\nDisallow:", &[], &["/x"]),
        ("Allow: /page\nDisallow: /*.html", &["/page", "/page.htm"], &["/page.html"]),
        ("Allow: /x/page.\nDisallow: /*.html", &["/x/page.html"], &["/x/y.html"]),
        ("Allow: /page\nDisallow: /*.htm", &["/page"], &["/page.htm"]),
        ("Allow: /p\nDisallow: /", &["/page"], &["/"]),
        ("Allow: /$\nDisallow: /", &["/"], &["/page.html"]),
        ("Allow: /*.jpg$\nDisallow: /a:b:c", &["/a:b:c.jpg"], &["/a:b:c.png"]),
        ("Disallow: /foo/bar$", &["/foo/bar/", "/foo/bar/qux"], &["/foo/bar"]),
        ("# Disallow: /\nDisallow: /foo/quz#qux\nAllow: /", &["/foo/bar"], &["/foo/quz"]),
    ] {
        assert_says(&format!("User-agent: FooBot\n{lines}"), "FooBot", allowed, refused);
    }
}

#[test]
fn a_group_is_found_by_the_product_token_alone() {
    let file = |name: &str| format!("User-agent: {name}\nDisallow: /");
    for name in ["FooBot", "foobot", "FOOBOT", "FooBot/1.0", "FooBot Images", "FooBot*", "FooBot # us", "FooBot2"] {
        assert!(!rules(&file(name)).allows("/x"), "{name} is not us");
    }
    for name in ["Foo", "FooBot-Images", "FooBot_x", "BarBot", "My FooBot", "/FooBot", "", "*FooBot", "**"] {
        assert!(rules(&file(name)).allows("/x"), "{name} is us");
    }
    for agent in ["FooBot/0.1.0", "foobot (+https://h/)", "FOOBOT"] {
        assert_says(&file("FooBot"), agent, &[], &["/x"]);
    }
    // Without a token of our own we are named by nobody, and everyone's rules hold.
    assert_says(&(file("") + "\n" + &file("1.0")), "", &["/x"], &[]);
    assert_says(&file("*"), "", &[], &["/x"]);
}

#[test]
fn everyones_rules_hold_only_for_those_who_are_not_named() {
    let text = "User-agent: *\nDisallow: /x\nUser-agent: FooBot\nDisallow: /y\n";
    assert_says(text, "FooBot", &["/x"], &["/y"]);
    assert_says(text, "BarBot", &["/y"], &["/x"]);
    // A group that names us is ours even if it is empty, wherever it stands.
    assert_says("User-agent: FooBot\nAllow:\n\nUser-agent: *\nDisallow: /", "FooBot", &["/x"], &[]);
    assert_says("User-agent: *\nDisallow: /\n\nUser-agent: FooBot\n", "FooBot", &["/x"], &[]);
    assert_says("User-agent: BarBot\nDisallow: /\n", "FooBot", &["/x"], &[]);
    for everyone in ["*", "* # all", "* all"] {
        assert_says(&format!("User-agent: {everyone}\nDisallow: /x\n"), "FooBot", &["/y"], &["/x"]);
    }
}

#[test]
fn all_groups_of_an_agent_are_one() {
    // §2.2.1
    let text = "user-agent: FooBot\ndisallow: /foo\ndisallow: /bar\n\nuser-agent: BarBot\ndisallow: /qux\n\n\
        user-agent: FooBot\ndisallow: /baz\n";
    assert_says(text, "FooBot", &["/", "/qux"], &["/foo", "/bar", "/baz"]);
    let text = "user-agent: *\ndisallow: /foo\nuser-agent: BarBot\ndisallow: /qux\nuser-agent: *\ndisallow: /bar";
    assert_says(text, "FooBot", &["/qux"], &["/foo", "/bar"]);
}

#[test]
fn names_in_a_row_share_a_group_and_only_a_rule_ends_the_row() {
    for between in ["", "\n\n", "Sitemap: https://h/s.xml\n", "Host: h\n", "nonsense\n", "# BarBot\n"] {
        let text = format!("User-agent: FooBot\n{between}User-agent: BarBot\nDisallow: /x\n{between}Disallow: /y\n");
        assert_says(&text, "FooBot", &["/"], &["/x", "/y"]);
        assert_says(&text, "BarBot", &["/"], &["/x", "/y"]);
    }
    for rule in ["Disallow:", "Allow: /", "Disallow: /z"] {
        let text = format!("User-agent: FooBot\n{rule}\nUser-agent: BarBot\nDisallow: /x\n");
        assert_says(&text, "FooBot", &["/x"], &[]);
    }
}

#[test]
fn rules_before_any_name_are_nobodys() {
    let text = "Disallow: /\nCrawl-delay: 5\nUser-agent: FooBot\nDisallow: /x\n";
    assert_says(text, "FooBot", &["/y"], &["/x"]);
    assert_says(text, "BarBot", &["/x", "/y"], &[]);
    assert_eq!(rules(text).crawl_delay(), None);
}

#[test]
fn the_robots_file_itself_is_always_allowed() {
    assert!(rules("User-agent: *\nDisallow: /").allows("/robots.txt"));
    assert!(rules("User-agent: *\nDisallow: /robots.txt").allows("/robots%2etxt"));
    assert!(!rules("User-agent: *\nDisallow: /").allows("/robots.txt.gif"));
}

#[test]
fn without_a_file_everything_is_allowed() {
    for path in ["/", "/a.jpg", "/a?b", ""] {
        assert!(Rules::allow_all().allows(path), "{path}");
        assert!(rules("").allows(path), "{path}");
    }
    assert_eq!(Rules::allow_all().crawl_delay(), None);
}

#[test]
fn a_page_instead_of_a_robots_file_allows_everything() {
    let text = "<!DOCTYPE html>\n<html><head><title>404: not found</title>\n<style>a:hover { color: red }</style>\n\
        <script>user: agent</script></head>\n<body><p>Disallow: nothing<br>User-agent: *</p></body></html>";
    assert_says(text, "FooBot", &["/", "/x"], &[]);
}

#[test]
fn a_delay_is_seconds_with_decimals_and_anything_else_is_ignored() {
    let millis = |millis| Some(Duration::from_millis(millis));
    for (value, delay) in [
        ("10", millis(10_000)),
        ("1.5", millis(1500)),
        (".5", millis(500)),
        ("5.", millis(5000)),
        ("0.25 # s", millis(250)),
        ("86400", millis(300_000)),
        (&"9".repeat(400), millis(300_000)),
        ("0", None),
        ("0.0000000000001", None),
        ("", None),
        (".", None),
        ("1.2.3", None),
        ("-1", None),
        ("+1", None),
        ("1e2", None),
        ("10s", None),
        ("1,5", None),
        ("inf", None),
        ("NaN", None),
        ("\u{664}", None),
    ] {
        assert_eq!(rules(&format!("User-agent: *\nCrawl-delay: {value}")).crawl_delay(), delay, "{value}");
    }
}

#[test]
fn a_delay_belongs_to_the_names_above_it() {
    let seconds = |text: &str| rules(text).crawl_delay().map(|delay| delay.as_secs());
    assert_eq!(seconds("User-agent: *\nCrawl-delay: 5\nDisallow: /x"), Some(5));
    assert_eq!(seconds("User-agent: *\nDisallow: /x\nCrawl-delay: 5"), Some(5));
    assert_eq!(seconds("User-agent: FooBot\nUser-agent: BarBot\nCrawl-delay: 5"), Some(5));
    assert_eq!(seconds("User-agent: BarBot\nCrawl-delay: 5"), None);
    // As with rules: a group that names us leaves nothing of everyone's.
    assert_eq!(seconds("User-agent: *\nCrawl-delay: 5\nDisallow: /x\nUser-agent: FooBot\nDisallow: /y"), None);
    // Of several the longest.
    assert_eq!(seconds("User-agent: FooBot\nCrawl-delay: 5\nCrawl-delay: 3\nCrawl-delay: x"), Some(5));
    assert_eq!(seconds("User-agent: *\nCrawl-delay: 5\nDisallow: /\nUser-agent: *\nCrawl-delay: 7"), Some(7));
    // §2.2.4: the line does not end the row of names, so the rule is everyone's, but the delay is BarBot's.
    let text = "User-agent: BarBot\nCrawl-delay: 5\n\nUser-agent: *\nDisallow: /x\n";
    assert_eq!(seconds(text), None);
    assert_says(text, "BarBot", &["/"], &["/x"]);
    assert_says(text, "FooBot", &["/"], &["/x"]);
}

#[test]
fn of_a_huge_file_only_the_beginning_is_read() {
    let mut text = "User-agent: *\nDisallow: /x\n".to_owned();
    text += &"# nothing\n".repeat(1 << 20);
    text += "Disallow: /y\n";
    assert!(text.len() > 10_000_000);
    assert_says("User-agent: *\nDisallow: /x\nDisallow: /y", "FooBot", &[], &["/x", "/y"]);
    let rules = rules(&text);
    assert!(!rules.allows("/x"));
    assert!(rules.allows("/y"));
}

#[test]
fn no_more_rules_are_kept_than_it_says() {
    let mut text = "User-agent: *\n".to_owned();
    for number in 0..=Rules::MOST {
        writeln!(text, "Allow:/{number}x").expect("a text can be written to");
    }
    let rules = rules(&text);
    assert!(text.len() < Rules::LONGEST, "{}", text.len());
    assert_eq!(rules.rules.len(), Rules::MOST);
}

#[test]
fn equal_rules_are_kept_once() {
    assert_eq!(rules(&format!("User-agent: *\n{}", "Disallow: /x\nDisallow: /y\n".repeat(1000))).rules.len(), 2);
}

#[test]
fn a_file_made_to_be_slow_is_not() {
    let path = format!("/{}?{}", "a".repeat(4000), "a".repeat(4000));
    let mut text = "User-agent: *\n".to_owned();
    for number in 0..6000 {
        writeln!(text, "Disallow: {}b{number}", "*a".repeat(30)).expect("a text can be written to");
    }
    let begun = Instant::now();
    let rules = rules(&text);
    assert!(rules.rules.len() > 5000, "{}", rules.rules.len());
    assert!(rules.allows(&path));
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

/// Lines of which most are understood.
fn file() -> impl Strategy<Value = Vec<String>> {
    let line = prop_oneof![
        "(User-agent|useragent) ?: ?(FooBot|foobot/1|BarBot|\\*)",
        "(Allow|Disallow): ?(/?[ab*/?%]{0,6}\\$?)?",
        "Crawl-delay: [0-9.]{0,3}",
        "(Sitemap: x|# x|)",
        "\\PC{0,12}",
    ];
    proptest::collection::vec(line, 0..20)
}

proptest! {
    #[test]
    fn any_bytes_can_be_read_and_asked(bytes in proptest::collection::vec(any::<u8>(), 0..600), path in "\\PC{0,20}") {
        let _ = Rules::parse(&bytes, "FooBot").allows(&path);
    }

    #[test]
    fn any_lines_can_be_read_and_asked(lines in file(), path in "/[ab/?%]{0,8}") {
        let first = rules(&lines.join("\n"));
        let again = rules(&("\u{feff}".to_owned() + &lines.join("\r\n")));
        prop_assert_eq!(first.allows(&path), again.allows(&path));
        prop_assert_eq!(first.crawl_delay(), again.crawl_delay());
        prop_assert!(first.crawl_delay().is_none_or(|delay| delay <= Rules::LONGEST_DELAY && !delay.is_zero()));
        prop_assert!(first.allows("/robots.txt"));
    }

    #[test]
    fn the_order_of_rules_does_not_matter(
        mut lines in proptest::collection::vec("(Allow|Disallow): /[ab*]{0,4}\\$?", 0..8), path in "/[ab]{0,6}",
    ) {
        let says = |lines: &[String]| rules(&format!("User-agent: *\n{}", lines.join("\n"))).allows(&path);
        let forwards = says(&lines);
        lines.reverse();
        prop_assert_eq!(forwards, says(&lines));
        // The meaning, word by word: of the rules that match alone, the longest, and `Allow` among equals.
        let alone = |line: &&String| !says(&[line.replace("Allow", "Disallow")]);
        let decisive = lines.iter().filter(alone).map(|line| {
            let (verdict, pattern) = line.split_once(": ").expect("lines have a colon");
            (pattern.len(), verdict == "Allow")
        });
        prop_assert_eq!(forwards, decisive.max().is_none_or(|(_, is_allowed)| is_allowed));
    }
}
