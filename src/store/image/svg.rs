//! SVG: an XML document whose root element is `svg` and is closed (XML 1.0 §2.8 prolog, §3.1 tags; SVG 2 §5.1).
//!
//! Promises: the root is found behind a byte order mark, declaration, comments, instructions and a document type with
//! its internal subset, within the first 64 KiB. Its end tag is found by counting all elements, so that the end of an
//! inner `svg` does not count. An HTML page with pictures in it is no SVG.
//!
//! What surprises: names are not matched, entities are not looked up and the namespace is not asked for; a viewer may
//! still refuse what passes. Behind the root only blanks, comments and instructions pass, as XML has it, and a cut
//! inside them, between two, passes as well. Compressed files (`.svgz`) are not looked into.

use super::verdict::{Fault, Missing};
use super::window::Window;

/// How far into the file the root element may begin.
const PROLOG: u64 = 64 * 1024;
/// The longest name that a root is looked for in: a prefix, a colon, `svg`.
const NAME: usize = 64;

pub(super) fn check(window: &mut Window<'_>) -> Result<(), Fault> {
    let mut text = Text::new(window)?;
    let before = root(&mut text).map_err(|fault| match fault {
        // What ends, or breaks, before its root is not known to be an SVG.
        Fault::Cut(_) | Fault::Malformed(_) => Fault::Foreign,
        other => other,
    })?;
    element(&mut text, before)?;
    epilog(&mut text)
}

/// Finds the root's start tag, and returns the character behind its name.
fn root(text: &mut Text<'_, '_>) -> Result<u8, Fault> {
    while text.offset < PROLOG {
        match text.next()? {
            blank if blank.is_ascii_whitespace() => continue,
            b'<' => {}
            _ => return Err(Fault::Foreign),
        }
        match text.next()? {
            b'?' => text.skip_past(b"?>")?,
            b'!' => match text.next()? {
                b'-' => text.comment()?,
                _ => document_type(text)?,
            },
            first => return root_name(text, first),
        }
    }
    Err(Fault::Foreign)
}

fn root_name(text: &mut Text<'_, '_>, first: u8) -> Result<u8, Fault> {
    let (name, behind) = name(text, first)?;
    if name.rsplit(|byte| *byte == b':').next() == Some(b"svg") { Ok(behind) } else { Err(Fault::Foreign) }
}

/// A name that begins with `first`, and the character behind it.
fn name(text: &mut Text<'_, '_>, first: u8) -> Result<(Vec<u8>, u8), Fault> {
    let mut name = vec![first];
    while name.len() < NAME {
        match text.next()? {
            behind if behind.is_ascii_whitespace() || matches!(behind, b'>' | b'/' | b'[') => {
                return Ok((name, behind));
            }
            byte => name.push(byte),
        }
    }
    Err(Fault::Foreign)
}

/// Passes over a document type, of which `<!D` was read: that of HTML is refused.
fn document_type(text: &mut Text<'_, '_>) -> Result<(), Fault> {
    name(text, b'D')?;
    let mut first = text.next()?;
    while first.is_ascii_whitespace() {
        first = text.next()?;
    }
    let (kind, mut byte) = name(text, first)?;
    if kind.eq_ignore_ascii_case(b"html") {
        return Err(Fault::Foreign);
    }
    let mut depth = 1_u64;
    loop {
        match byte {
            b'"' | b'\'' => text.skip_past(&[byte])?,
            b'>' => depth -= 1,
            b'<' => match text.next()? {
                b'?' => text.skip_past(b"?>")?,
                b'!' => match text.next()? {
                    b'-' => text.comment()?,
                    _ => depth += 1,
                },
                _ => return Err(Fault::Foreign),
            },
            _ => {}
        }
        if depth == 0 {
            return Ok(());
        }
        byte = text.next()?;
    }
}

/// Reads to the end of the root, of whose start tag everything up to `behind` its name was read.
fn element(text: &mut Text<'_, '_>, behind: u8) -> Result<(), Fault> {
    let mut depth = u64::from(!text.start_tag(behind)?);
    while depth > 0 {
        text.skip_past(b"<")?;
        match text.next()? {
            b'/' => {
                text.skip_past(b">")?;
                depth -= 1;
            }
            b'?' => text.skip_past(b"?>")?,
            b'!' => match text.next()? {
                b'-' => text.comment()?,
                b'[' => text.skip_past(b"]]>")?,
                _ => return Err(Fault::Malformed("with a declaration inside its root element")),
            },
            first => depth += u64::from(!text.start_tag(first)?),
        }
    }
    Ok(())
}

fn epilog(text: &mut Text<'_, '_>) -> Result<(), Fault> {
    const MORE: Fault = Fault::Malformed("with more than its root element");
    while !text.at_end() {
        match text.next()? {
            blank if blank.is_ascii_whitespace() => {}
            b'<' => match text.next()? {
                b'?' => text.skip_past(b"?>")?,
                b'!' if text.next()? == b'-' => text.comment()?,
                _ => return Err(MORE),
            },
            _ => return Err(MORE),
        }
    }
    Ok(())
}

/// The document, character by character; what is not ASCII becomes one that stands for itself.
struct Text<'w, 'a> {
    window: &'w mut Window<'a>,
    offset: u64,
    /// The place of the telling byte in a pair of UTF-16, or none for UTF-8 and its kin.
    pair: Option<usize>,
}

impl<'w, 'a> Text<'w, 'a> {
    /// Tells the encoding by the byte order mark or the first character, which is `<` (XML 1.0 appendix F).
    fn new(window: &'w mut Window<'a>) -> Result<Self, Fault> {
        let (offset, pair) = match window.prefix(3)? {
            [0xEF, 0xBB, 0xBF] => (3, None),
            [0xFF, 0xFE, ..] => (2, Some(0)),
            [0xFE, 0xFF, ..] => (2, Some(1)),
            [b'<', 0, ..] => (0, Some(0)),
            [0, b'<', ..] => (0, Some(1)),
            _ => (0, None),
        };
        Ok(Self { window, offset, pair })
    }

    fn at_end(&self) -> bool {
        self.offset >= self.window.size()
    }

    /// The next character; behind the last one the document is cut.
    fn next(&mut self) -> Result<u8, Fault> {
        const OTHER: u8 = 0x80;
        let read = match self.pair {
            None => self.window.byte(self.offset),
            Some(telling) => self.window.array::<2>(self.offset).map(|pair| match pair[1 - telling] {
                0 => pair[telling],
                _ => OTHER,
            }),
        };
        self.offset += if self.pair.is_some() { 2 } else { 1 };
        read.map_err(endless)
    }

    /// Passes over everything up to `mark`, of at most three characters, and over it.
    fn skip_past(&mut self, mark: &[u8]) -> Result<(), Fault> {
        let wanted = mark.iter().fold(0, |word: u32, byte| word << 8 | u32::from(*byte));
        let kept = u32::MAX >> (32 - 8 * mark.len());
        let mut seen = u32::MAX;
        let mut ended = |byte: u8| {
            seen = seen << 8 | u32::from(byte);
            seen & kept == wanted
        };
        if self.pair.is_some() {
            while !ended(self.next()?) {}
            return Ok(());
        }
        loop {
            let ahead = self.window.ahead(self.offset).map_err(endless)?;
            match ahead.iter().position(|byte| ended(*byte)) {
                Some(last) => {
                    self.offset += last as u64 + 1;
                    return Ok(());
                }
                None => self.offset += ahead.len() as u64,
            }
        }
    }

    /// Passes over a comment, of which `<!-` was read.
    fn comment(&mut self) -> Result<(), Fault> {
        match self.next()? {
            b'-' => self.skip_past(b"-->"),
            _ => Err(Fault::Malformed("with a comment that does not begin as one")),
        }
    }

    /// Passes over the rest of a start tag, from `byte` on, and says whether it is the whole element.
    fn start_tag(&mut self, mut byte: u8) -> Result<bool, Fault> {
        let mut before = 0;
        loop {
            match byte {
                b'>' => return Ok(before == b'/'),
                b'"' | b'\'' => self.skip_past(&[byte])?,
                _ => {}
            }
            before = byte;
            byte = self.next()?;
        }
    }
}

/// How many characters a document lacks cannot be told.
fn endless(fault: Fault) -> Fault {
    if matches!(fault, Fault::Cut(_)) { Fault::Cut(Missing::End) } else { fault }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{assert_cut, assert_foreign, assert_malformed, assert_whole, utf16};
    use super::super::verdict::Format;

    const SVG: Format = Format::Svg;

    #[test]
    fn the_root_is_found_behind_any_prolog() {
        let prologs = [
            "",
            "\u{FEFF}",
            "\r\n\t ",
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<?xml-stylesheet href='a>b'?>",
            "<!-- <svg> is not here -->",
            "<!DOCTYPE svg PUBLIC \"-//W3C//DTD SVG 1.1//EN\" \"http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd\">",
            "<!DOCTYPE svg [\n<!-- it's ]> --><!ENTITY ns \"a>b]>\">\n<?pi ]>?><!ATTLIST svg a CDATA '>'>]>",
        ];
        for prolog in prologs {
            for root in ["<svg/>", "<svg></svg>", "<s:svg a='/>' b=\"'\" >x</s:svg >", "<svg\na='1'/>"] {
                assert_whole(SVG, format!("{prolog}{root}").as_bytes());
            }
        }
    }

    #[test]
    fn the_end_of_an_inner_svg_does_not_count() {
        let whole = b"<svg><svg/><svg a='</svg>'></svg><![CDATA[</svg>]]><!-- </svg> --><?a </svg>?></svg>";
        assert_whole(SVG, whole);
        for length in "<svg>".len()..whole.len() {
            assert_cut(SVG, &whole[..length]);
        }
    }

    #[test]
    fn only_blanks_comments_and_instructions_follow_the_root() {
        for epilog in ["\n\r\n", "<!-- made by hand -->", "<?a b?>\n<!---->"] {
            assert_whole(SVG, format!("<svg></svg>{epilog}").as_bytes());
        }
        for epilog in ["text", "<svg/>", "</svg>", "<!DOCTYPE svg>", "\0"] {
            assert_malformed(SVG, format!("<svg></svg>{epilog}").as_bytes());
        }
        assert_cut(SVG, b"<svg></svg><!-- made by");
    }

    #[test]
    fn utf16_is_read_in_both_orders_with_and_without_a_mark() {
        let text = "<?xml version='1.0' encoding='utf-16'?><svg>\u{263A}\u{3C00}\u{3E3E}</svg>";
        for marked in [format!("\u{FEFF}{text}"), text.to_owned()] {
            for big_endian in [false, true] {
                let bytes = utf16(&marked, big_endian);
                assert_whole(SVG, &bytes);
                assert_cut(SVG, &bytes[..bytes.len() - 1]);
                assert_cut(SVG, &bytes[..bytes.len() - 2]);
            }
        }
    }

    #[test]
    fn what_is_no_svg_is_told_so() {
        let others = [
            "<!DOCTYPE html><html><body><svg></svg></body></html>",
            "<!doctype HTML><svg></svg>",
            "<html><svg></svg></html>",
            "<svgs></svgs>",
            "<SVG></SVG>",
            "<svg:path/>",
            "text <svg></svg>",
            "<?xml version='1.0'?>",
            "<",
            " ",
        ];
        for other in others {
            assert_foreign(other.as_bytes());
        }
        let far = format!("{}<svg></svg>", " ".repeat(70_000));
        assert_foreign(far.as_bytes());
    }
}
