//! Codes to links: `https://example.org/flags/{code:lower}.jpg`.
//!
//! Promises: a code fills one path segment or a part of the query, percent-encoded, and can change nothing
//! else of the URL: not its scheme, user, host, port, nor the number of its segments. A template is checked
//! once, when it is parsed; a code that would make a `.` or `..` segment is refused by itself.
//!
//! What surprises: `%2e%2e` means `..` to every URL parser (WHATWG URL §4.4), so encoding alone would not do.

use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use thiserror::Error;

use crate::{
    link::{Link, LinkError},
    name::Name,
};

/// RFC 3986 §2.3: the unreserved characters stay as they are, all else is encoded.
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// Stands for each placeholder while the template's own URL is checked: alphanumeric, so it survives as it is.
const PROBE: &str = "flagdl0probe";

/// Why a template cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum TemplateError {
    /// There is no `{code}` in it.
    #[error("no {{code}} in it: every code would be the same URL")]
    NoPlaceholder,
    /// A placeholder that does not exist.
    #[error("what stands in braces in it is no placeholder (there are {{code}}, {{code:lower}} and {{code:upper}})")]
    Unknown,
    /// An opening brace without its closing one.
    #[error("a {{ without its }}")]
    Unclosed,
    /// The code would choose the scheme, the user, the host, the port or the fragment.
    #[error("{{code}} may only stand in the path or the query")]
    Place,
    /// What is left is no URL.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A base URL with a query or a fragment cannot have a file name appended.
    #[error("a base URL has no query and no fragment (use a URL template)")]
    BaseWithQuery,
    /// The extension would be more than an extension.
    #[error("an extension is letters and digits, such as jpg")]
    Extension,
}

/// Why a code gives no link.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CodeError {
    /// The code would make a `.` or `..` segment, which leads to another folder.
    #[error("this code would lead to another folder of the server")]
    DotSegment,
    /// The URL of this code is not valid.
    #[error(transparent)]
    Link(#[from] LinkError),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    AsWritten,
    Lower,
    Upper,
}

impl Case {
    fn apply(self, code: &str) -> String {
        match self {
            Self::AsWritten => code.to_owned(),
            Self::Lower => code.to_lowercase(),
            Self::Upper => code.to_uppercase(),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Literal(String),
    Code(Case),
}

/// A URL with places for a code.
#[derive(Clone)]
pub struct Template {
    /// The template's own URL, with a probe for each code.
    probed: Link,
    pieces: Vec<Piece>,
    /// The pieces of the last path segment, as literal text rather than as percent-encoded.
    name: Vec<Piece>,
}

impl fmt::Debug for Template {
    /// Without what might be secret in its URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Template({})", self.probed.to_string().replace(PROBE, "{code}"))
    }
}

impl Template {
    /// Reads a template.
    ///
    /// # Errors
    ///
    /// [`TemplateError`] tells what no code could repair.
    pub fn parse(text: &str) -> Result<Self, TemplateError> {
        let pieces = split(text)?;
        let codes = pieces.iter().filter(|piece| matches!(piece, Piece::Code(_))).count();
        if codes == 0 {
            return Err(TemplateError::NoPlaceholder);
        }
        let probed = render(&pieces, |_| PROBE.to_owned());
        if probe_is_in_authority(&probed) {
            return Err(TemplateError::Place);
        }
        let link = Link::parse(&probed)?;
        let url = link.url();
        let kept = url.path().matches(PROBE).count() + url.query().map_or(0, |query| query.matches(PROBE).count());
        // All of them, and no other: a host in upper case, which parsing lowers, may hold what looks like one.
        if kept != codes || url.as_str().matches(PROBE).count() != codes {
            return Err(TemplateError::Place);
        }
        Ok(Self::from_probed(link, &pieces))
    }

    /// Cuts the normalised URL at its probes, so that nothing is left in a template for a parser to resolve.
    fn from_probed(probed: Link, pieces: &[Piece]) -> Self {
        let url = probed.url().as_str();
        let codes: Vec<&Piece> = pieces.iter().filter(|piece| matches!(piece, Piece::Code(_))).collect();
        let path_end = url.find('?').unwrap_or(url.len());
        let name_start = url[..path_end].rfind('/').map_or(0, |slash| slash + 1);
        let before_name = url[..name_start].matches(PROBE).count();
        let mut name = interleave(&url[name_start..path_end], &codes[before_name..]);
        for piece in &mut name {
            if let Piece::Literal(literal) = piece
                && let Ok(text) = percent_decode_str(literal).decode_utf8()
            {
                *piece = Piece::Literal(text.into_owned());
            }
        }
        Self { pieces: interleave(url, &codes), name, probed }
    }

    /// The template `BASE/{code:lower}.EXT`.
    ///
    /// # Errors
    ///
    /// [`TemplateError`], where the base is no URL or has a query, or the extension is none.
    pub fn for_base(base: &str, extension: &str) -> Result<Self, TemplateError> {
        if extension.is_empty() || extension.len() > 16 || !extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(TemplateError::Extension);
        }
        let url = Link::parse(base)?;
        if url.url().query().is_some() || base.contains('#') {
            return Err(TemplateError::BaseWithQuery);
        }
        // As it was understood, not as it was written: what ends in a backslash or a blank may end in a slash. Braces
        // are encoded by then.
        let base = url.url().as_str().trim_end_matches('/');
        Self::parse(&format!("{base}/{{code:lower}}.{extension}"))
    }

    /// The link and the file name of a code.
    ///
    /// # Errors
    ///
    /// [`CodeError::DotSegment`] for codes such as `..` in a segment of their own; [`CodeError::Link`] where
    /// the URL gets too long.
    pub fn expand(&self, code: &str) -> Result<(Link, Name), CodeError> {
        let text = render(&self.pieces, |case| utf8_percent_encode(&case.apply(code), UNRESERVED).to_string());
        let link = Link::parse_beside(&text, &self.probed)?;
        // The template was normalised and the code is encoded, so only dot segments can still change on the way.
        if link.url().as_str() != text {
            return Err(CodeError::DotSegment);
        }
        let name = Name::new(&render(&self.name, |case| case.apply(code)), &link);
        Ok((link, name))
    }
}

fn split(text: &str) -> Result<Vec<Piece>, TemplateError> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(open) = rest.find('{') {
        if open > 0 {
            pieces.push(Piece::Literal(rest[..open].to_owned()));
        }
        let close = rest[open..].find('}').ok_or(TemplateError::Unclosed)? + open;
        pieces.push(Piece::Code(match &rest[open + 1..close] {
            "code" => Case::AsWritten,
            "code:lower" => Case::Lower,
            "code:upper" => Case::Upper,
            // It is not repeated: whatever stands in a query may be a secret.
            _ => return Err(TemplateError::Unknown),
        }));
        rest = &rest[close + 1..];
    }
    if !rest.is_empty() {
        pieces.push(Piece::Literal(rest.to_owned()));
    }
    Ok(pieces)
}

fn render(pieces: &[Piece], code: impl Fn(Case) -> String) -> String {
    let mut text = String::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(literal),
            Piece::Code(case) => text.push_str(&code(*case)),
        }
    }
    text
}

fn probe_is_in_authority(probed: &str) -> bool {
    let authority = probed.find("://").map_or(probed.len(), |scheme| scheme + 3);
    let end = probed[authority..].find(['/', '?', '#', '\\']).map_or(probed.len(), |end| authority + end);
    probed[..end].contains(PROBE)
}

/// The literals between the probes of `text`, with the codes in their places.
fn interleave(text: &str, codes: &[&Piece]) -> Vec<Piece> {
    let mut codes = codes.iter();
    let mut pieces = Vec::new();
    for (index, literal) in text.split(PROBE).enumerate() {
        if index > 0 {
            pieces.extend(codes.next().map(|code| (*code).clone()));
        }
        if !literal.is_empty() {
            pieces.push(Piece::Literal(literal.to_owned()));
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expand(template: &str, code: &str) -> (String, String) {
        let (link, name) = Template::parse(template).expect(template).expand(code).expect(code);
        (link.url().to_string(), name.to_string())
    }

    #[test]
    fn codes_become_links_and_names() {
        for (template, code, url, name) in [
            ("https://h/{code:lower}.jpg", "CN", "https://h/cn.jpg", "cn.jpg"),
            ("https://h/{code}/{code:upper}.png", "cN", "https://h/cN/CN.png", "CN.png"),
            ("https://h/a/../b%20c/{code}", "x", "https://h/b%20c/x", "x"),
            ("https://h/flag of {code}.png", "x", "https://h/flag%20of%20x.png", "flag of x.png"),
            ("https://h/img?id={code}&s=1", "a&b=c", "https://h/img?id=a%26b%3Dc&s=1", "img"),
            ("https://h/{code}.jpg", "a/b", "https://h/a%2Fb.jpg", "a%2Fb.jpg"),
            ("https://h/{code}.jpg", "../x", "https://h/..%2Fx.jpg", "%2E.%2Fx.jpg"),
            ("https://h/{code}.jpg", "a?b#c@d", "https://h/a%3Fb%23c%40d.jpg", "a%3Fb#c@d.jpg"),
            ("https://h/{code}.jpg", "é", "https://h/%C3%A9.jpg", "é.jpg"),
            ("https://h/{code}.jpg", "%2F", "https://h/%252F.jpg", "%252F.jpg"),
        ] {
            assert_eq!(expand(template, code), (url.to_owned(), name.to_owned()), "{template} {code}");
        }
    }

    #[test]
    fn a_base_takes_the_lower_case_code_and_an_extension() {
        let template = Template::for_base("http://h:8000/flags/", "png").expect("a base");
        let (link, name) = template.expand("CN").expect("a code");
        assert_eq!((link.url().as_str(), name.as_str()), ("http://h:8000/flags/cn.png", "cn.png"));
        for base in ["http://h/a/ ", "http://h/a\\", "http://h/a/\t/", "\nhttp://h/a", "http://h/b/../a//"] {
            let template = Template::for_base(base, "png").expect(base);
            assert_eq!(template.expand("CN").expect("a code").0.url().as_str(), "http://h/a/cn.png", "{base:?}");
        }
        let braces = Template::for_base("http://u{code}@h/{code}/", "png").expect("no placeholder in a base");
        assert_eq!(braces.expand("CN").expect("a code").0.url().as_str(), "http://u%7Bcode%7D@h/%7Bcode%7D/cn.png");
        assert_eq!(Template::for_base("http://h/?x=1", "jpg").expect_err("query"), TemplateError::BaseWithQuery);
        assert_eq!(Template::for_base("http://h", "../x").expect_err("extension"), TemplateError::Extension);
        assert!(matches!(Template::for_base("nonsense", "jpg"), Err(TemplateError::Link(_))));
    }

    #[test]
    fn a_template_that_cannot_work_is_refused_at_once() {
        for (template, error) in [
            ("https://h/x.jpg", TemplateError::NoPlaceholder),
            ("https://h/{cc}.jpg", TemplateError::Unknown),
            ("https://h/{code:title}.jpg", TemplateError::Unknown),
            ("https://h/{code", TemplateError::Unclosed),
            ("https://{code}/x.jpg", TemplateError::Place),
            ("https://{code}.example.org/{code}.jpg", TemplateError::Place),
            ("https://{code}@h/x.jpg", TemplateError::Place),
            ("https://h:{code}/x.jpg", TemplateError::Place),
            ("{code}://h/x.jpg", TemplateError::Place),
            ("https://h/x.jpg#{code}", TemplateError::Place),
            ("https://h/{code}/../x.jpg", TemplateError::Place),
            ("https://FLAGDL0PROBE/{code}", TemplateError::Place),
            ("https://hFlagdl0Probe.org/{code}/{code}", TemplateError::Place),
            ("https://flagdl0\tprobe@h/{code}", TemplateError::Place),
            ("{code}", TemplateError::Place),
            ("ftp://h/{code}", TemplateError::Link(LinkError::Scheme("ftp".into()))),
        ] {
            assert_eq!(Template::parse(template).expect_err(template), error);
        }
    }

    #[test]
    fn a_code_that_is_a_dot_segment_is_refused() {
        for (template, code) in [
            ("https://h/a/{code}", ".."),
            ("https://h/a/{code}", "."),
            ("https://h/a/.{code}", "."),
            ("https://h/a/%2e{code}", "."),
            ("https://h/a/{code}/x.jpg", ".."),
        ] {
            let template = Template::parse(template).expect(template);
            assert_eq!(template.expand(code).expect_err(code), CodeError::DotSegment);
        }
        assert_eq!(expand("https://h/a/{code}.jpg", "..").0, "https://h/a/...jpg");
    }

    proptest! {
        #[test]
        fn no_code_changes_more_than_its_place(code in "\\PC{1,60}|[\\x01-\\x7f]{1,20}|[./\\\\%2eE]{1,9}") {
            for text in [
                "https://u:p@h.example:81/a/{code}/b.jpg",
                "https://u:p@h.example:81/{code}",
                "https://u:p@h.example:81/a.{code:upper}.{code:lower}?q={code}",
            ] {
                let probe = Template::parse(text).expect(text).expand("x").expect("x is a code").0;
                if let Ok((link, name)) = Template::parse(text).expect(text).expand(&code) {
                    let (url, probe) = (link.url(), probe.url());
                    prop_assert_eq!(url.origin(), probe.origin());
                    prop_assert_eq!((url.username(), url.password()), (probe.username(), probe.password()));
                    prop_assert_eq!(url.path().split('/').count(), probe.path().split('/').count());
                    prop_assert_eq!(url.query_pairs().count(), probe.query_pairs().count());
                    prop_assert!(!name.as_str().contains(['/', '\\']));
                }
            }
        }
    }
}
