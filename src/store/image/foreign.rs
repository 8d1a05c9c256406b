//! Names what is not an image, for the message that the user reads.
//!
//! Promises: the name is a noun with its article, and is told from the first 512 bytes. It decides nothing: whatever
//! comes here has been refused already.
//!
//! What surprises: a comment alone makes an HTML page, as browsers see it (WHATWG MIME Sniffing §7.1), and a text is
//! what has no control characters, whatever its encoding.

/// How many bytes are looked at.
pub(super) const ENOUGH: usize = 512;

/// How bytes of another kind begin.
const SIGNATURES: [(&[u8], &str); 22] = [
    (b"%PDF-", "a PDF document"),
    (b"PK\x03\x04", "a ZIP archive"),
    (b"PK\x05\x06", "a ZIP archive"),
    (b"\x1F\x8B", "gzip data"),
    (b"\x28\xB5\x2F\xFD", "Zstandard data"),
    (b"BZh", "bzip2 data"),
    (b"\xFD7zXZ\0", "XZ data"),
    (b"7z\xBC\xAF\x27\x1C", "a 7z archive"),
    (b"Rar!\x1A\x07", "a RAR archive"),
    (b"\x7FELF", "an executable"),
    (b"MZ", "an executable"),
    (b"\xCF\xFA\xED\xFE", "an executable"),
    (b"\0asm", "an executable"),
    (b"\x1A\x45\xDF\xA3", "a WebM or Matroska video"),
    (b"RIFF", "a sound or video"),
    (b"OggS", "a sound or video"),
    (b"ID3", "a sound"),
    (b"SQLite format 3\0", "a SQLite database"),
    (b"version https://git-lfs", "a Git LFS pointer"),
    (b"8BPS", "a Photoshop document"),
    (b"\0\0\0\x0CjP  ", "a JPEG 2000 file"),
    (b"\xFF\x4F\xFF\x51", "a JPEG 2000 file"),
];

/// How an HTML page begins, behind blanks, in any case.
const PAGES: [&[u8]; 12] = [
    b"<!doctype html",
    b"<html",
    b"<head",
    b"<body",
    b"<title",
    b"<script",
    b"<meta",
    b"<div",
    b"<center",
    b"<h1",
    b"<p",
    b"<!--",
];

/// What bytes look like that begin with `head`.
pub(super) fn name(head: &[u8]) -> &'static str {
    if let Some((_, name)) = SIGNATURES.iter().find(|(signature, _)| head.starts_with(signature)) {
        return name;
    }
    if head.get(4..8) == Some(b"ftyp") {
        return "a video or another ISO media file";
    }
    let text = head.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(head).trim_ascii_start();
    if !is_text(head) {
        "unknown data"
    } else if is_page(text) {
        "an HTML page"
    } else if is_markup(text) {
        "an XML document"
    } else if is_json(text) {
        "a JSON document"
    } else {
        "plain text"
    }
}

fn is_text(head: &[u8]) -> bool {
    let control = |byte: &u8| matches!(byte, 0..=8 | 0x0E..=0x1A | 0x1C..=0x1F | 0x7F);
    let utf16 = head.starts_with(b"\xFF\xFE") || head.starts_with(b"\xFE\xFF");
    !head.is_empty() && (utf16 || !head.iter().any(control))
}

fn is_page(text: &[u8]) -> bool {
    let begins = |tag: &[u8]| text.get(..tag.len()).is_some_and(|start| start.eq_ignore_ascii_case(tag));
    let page = |tag: &&[u8]| begins(tag) && text.get(tag.len()).is_none_or(|next| !next.is_ascii_alphabetic());
    let declared = begins(b"<?xml") && text.windows(5).any(|tag| tag.eq_ignore_ascii_case(b"<html"));
    declared || PAGES.iter().any(page)
}

fn is_markup(text: &[u8]) -> bool {
    matches!(text, [b'<', next, ..] if next.is_ascii_alphabetic() || matches!(next, b'?' | b'!' | b'_'))
}

fn is_json(text: &[u8]) -> bool {
    let Some((open, inside)) = text.split_first() else {
        return false;
    };
    let next = inside.trim_ascii_start().first();
    match open {
        b'{' => matches!(next, None | Some(b'"' | b'}')),
        b'[' => matches!(next, None | Some(b'{' | b'[' | b']' | b'"' | b'0'..=b'9')),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn common_answers_are_named() {
        let cases: [(&[u8], &str); 20] = [
            (b"<!DOCTYPE html><html><body>404</body></html>", "an HTML page"),
            (b"\xEF\xBB\xBF\r\n  <HTML>", "an HTML page"),
            (b"<!-- served by 7 --><html>", "an HTML page"),
            (b"<p>not here</p>", "an HTML page"),
            (b"<?xml version='1.0'?><!DOCTYPE html><html xmlns=''>", "an HTML page"),
            (b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code></Error>", "an XML document"),
            (b"<picture/>", "an XML document"),
            (b"{\"error\": 404}", "a JSON document"),
            (b"[\n {\"a\":1}]", "a JSON document"),
            (b"{not json", "plain text"),
            (b"404 page not found\n", "plain text"),
            ("nicht gefunden: große Datei".as_bytes(), "plain text"),
            (b"version https://git-lfs.github.com/spec/v1\n", "a Git LFS pointer"),
            (b"%PDF-1.7\n", "a PDF document"),
            (b"PK\x03\x04\x14", "a ZIP archive"),
            (b"\x1F\x8B\x08", "gzip data"),
            (b"\x7FELF\x02", "an executable"),
            (b"MZ\x90\0", "an executable"),
            (b"\0\0\0\x18ftypmp42\0\0\0\0", "a video or another ISO media file"),
            (b"\x00\x01\x02", "unknown data"),
        ];
        for (head, expected) in cases {
            assert_eq!(name(head), expected, "{:?}", String::from_utf8_lossy(head));
        }
    }
}
