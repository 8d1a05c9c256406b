//! Templates and codes: the text of a template, a newline, the code.
//!
//! Promises that are held: a code changes no scheme, user, host or port, no number of segments or pairs, and none of
//! those that it does not stand in; the link is one that can be stored and read back, the name one that can be given.
//! A base keeps its folder.
//!
//! What surprises: two plain codes tell where the places of a template are, so nothing of it is read a second time here.

use url::Url;

use super::name;
use crate::{link::Link, template::Template};

pub(super) const TOKENS: &[&[u8]] = &[
    b"{code}",
    b"{code:lower}",
    b"{code:upper}",
    b"http://",
    b"https://",
    b"\n",
    b"..",
    b"/./",
    b"/../",
    b"%2e",
    b"%2F",
    b"\\",
    b"@",
    b":",
    b"?",
    b"&",
    b"#",
    b"flagdl0probe",
    "\u{130}".as_bytes(),
    "\u{ff0e}".as_bytes(),
    b"[::1]",
    b"\t",
];

pub(super) fn hold(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (text, code) = text.split_once('\n').unwrap_or((&text, ".."));
    if let Ok(template) = Template::parse(text) {
        code_keeps_its_place(&template, code);
    }
    if let Ok(template) = Template::for_base(text, "jpg") {
        code_keeps_its_place(&template, code);
        base_keeps_its_folder(&template, text);
    }
}

fn code_keeps_its_place(template: &Template, code: &str) {
    let (Ok((one, _)), Ok((other, _))) = (template.expand("1"), template.expand("2")) else { return };
    let Ok((link, name)) = template.expand(code) else { return };
    let url = link.url();
    let authority = |url: &Url| {
        let host = url.host_str().map(str::to_owned);
        let user = (url.username().to_owned(), url.password().map(str::to_owned));
        (url.scheme().to_owned(), user, host, url.port())
    };
    assert_eq!(authority(url), authority(one.url()), "{code:?} changes the server in {template:?}");
    assert_eq!(link.host(), one.host());
    assert_eq!(url.fragment(), None);
    let path = |url: &Url| parts(url.path(), '/');
    let query = |url: &Url| url.query().map(|query| parts(query, '&')).unwrap_or_default();
    for (got, one, other) in
        [(path(url), path(one.url()), path(other.url())), (query(url), query(one.url()), query(other.url()))]
    {
        assert_eq!(got.len(), one.len(), "{code:?} changes how many parts {template:?} has");
        for ((got, one), other) in got.iter().zip(&one).zip(&other) {
            assert!(one != other || got == one, "{code:?} changes a part of {template:?} that it does not stand in");
        }
    }
    assert_eq!(Link::read_back(url.as_str(), link.host()).as_ref(), Some(&link), "{url} cannot be read back");
    name::is_portable(&name);
}

fn parts(text: &str, separator: char) -> Vec<String> {
    text.split(separator).map(str::to_owned).collect()
}

fn base_keeps_its_folder(template: &Template, base: &str) {
    let Ok((link, name)) = template.expand("XY") else { return };
    // Twice, as a base is: each time a host loses one dot at its end.
    let base = Link::parse(base).and_then(|base| Link::parse(base.url().as_str())).expect("what is no link is no base");
    assert_eq!(link.host(), base.host());
    let path = format!("{}/xy.jpg", base.url().path().trim_end_matches('/'));
    assert_eq!((link.url().path(), name.as_str()), (&*path, "xy.jpg"), "of {base}");
}
