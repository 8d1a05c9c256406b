//! Jobs as bytes and back: how a block of them stands in the file.
//!
//! Promises: what comes back equals what went in, and shares its host and its list's name with all others; bytes
//! that no block could be made of give no jobs.
//!
//! What surprises: the names of lists stay here, since there are few; a block tells their numbers only. A link whose
//! text is what the user wrote, as most are, is written as an empty text.

use std::sync::Arc;

use crate::{
    ledger::Validators,
    link::{Host, Link},
    list::Entry,
    name::Name,
    plan::{Before, Job},
};

/// The names of lists that blocks refer to by number.
#[derive(Debug, Default)]
pub(super) struct Codec {
    lists: Vec<Arc<str>>,
}

impl Codec {
    /// Puts jobs of one host behind what is in `block`.
    pub(super) fn encode(&mut self, jobs: &[Job], block: &mut Vec<u8>) {
        for Job { entry, link, path, before } in jobs {
            let link = link.url().as_str();
            put_number(block, self.number(&entry.list) as u64);
            put_number(block, entry.line);
            put_text(block, &entry.text);
            put_bytes(block, entry.sha256.as_ref().map_or(&[], |hash| &hash[..]));
            put_text(block, if link == &*entry.text { "" } else { link });
            put_text(block, path.as_str());
            put_before(block, before.as_deref());
        }
    }

    /// So many jobs of the host, if the bytes are that and nothing else.
    pub(super) fn decode(&self, block: &[u8], host: &Host, count: usize) -> Option<Vec<Job>> {
        let mut rest = Rest(block);
        let mut jobs = Vec::with_capacity(count);
        for _ in 0..count {
            jobs.push(self.job(&mut rest, host)?);
        }
        rest.0.is_empty().then_some(jobs)
    }

    fn job(&self, rest: &mut Rest<'_>, host: &Host) -> Option<Job> {
        let list = self.lists.get(usize::try_from(rest.number()?).ok()?)?;
        let (number, text) = (rest.number()?, rest.text()?.into());
        let sha256 = match rest.bytes()? {
            [] => None,
            hash => Some(hash.try_into().ok()?),
        };
        let entry = Entry { list: Arc::clone(list), line: number, text, sha256 };
        let url = Some(rest.text()?).filter(|text| !text.is_empty()).unwrap_or(&entry.text);
        let (link, path) = (Link::read_back(url, host)?, Name::of_stored(rest.text()?)?);
        Some(Job { link, path, before: rest.before()?, entry })
    }

    /// The number of a list; the last ones are looked at first, because lists are read one after the other.
    fn number(&mut self, list: &Arc<str>) -> usize {
        self.lists.iter().rposition(|known| Arc::ptr_eq(known, list) || known == list).unwrap_or_else(|| {
            self.lists.push(Arc::clone(list));
            self.lists.len() - 1
        })
    }
}

/// Seven bits a byte, the lowest first; the eighth tells that more follow.
fn put_number(block: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        block.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    block.push(number.to_le_bytes()[0]);
}

fn put_text(block: &mut Vec<u8>, text: &str) {
    put_bytes(block, text.as_bytes());
}

fn put_bytes(block: &mut Vec<u8>, bytes: &[u8]) {
    put_number(block, bytes.len() as u64);
    block.extend_from_slice(bytes);
}

/// What follows is told first: bit 0 for a file, 1 for its hash, 2 for its entity tag, 3 for its time.
fn put_before(block: &mut Vec<u8>, before: Option<&Before>) {
    let Some(Before { sha256, validators: Validators { etag, last_modified } }) = before else {
        return block.push(0);
    };
    let bits = [true, sha256.is_some(), etag.is_some(), last_modified.is_some()];
    block.push(bits.iter().rev().fold(0, |bits, bit| bits << 1 | u8::from(*bit)));
    block.extend(sha256.iter().flatten());
    for text in [etag, last_modified].into_iter().flatten() {
        put_text(block, text);
    }
}

/// What of a block has not been read yet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..u64::BITS).step_by(7) {
            let (byte, rest) = self.0.split_first()?;
            self.0 = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Some(number);
            }
        }
        None
    }

    fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.number()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// None for what could not have been written.
    #[allow(clippy::option_option, reason = "whether it can be read, and whether there is one")]
    fn before(&mut self) -> Option<Option<Box<Before>>> {
        let (bits, rest) = self.0.split_first()?;
        self.0 = rest;
        let has = |bit: u8| bits >> bit & 1 == 1;
        if !has(0) {
            return (*bits == 0).then_some(None);
        }
        let mut before = Before::default();
        if has(1) {
            let (hash, rest) = self.0.split_first_chunk()?;
            before.sha256 = Some(*hash);
            self.0 = rest;
        }
        if has(2) {
            before.validators.etag = Some(self.text()?.into());
        }
        if has(3) {
            before.validators.last_modified = Some(self.text()?.into());
        }
        Some(Some(Box::new(before)))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn link(text: &str) -> Link {
        Link::parse(text).expect(text)
    }

    /// A job of one of the ugliest hosts that are one host, of an ordinary list or of a strange one.
    fn job() -> impl Strategy<Value = Job> {
        let link = "(HTTP|http)://(é:p%@s@|u@|)Exämple\\.org\\.?(:80)?/(\\PC{0,40}|[./\\\\%é ]{0,9})(\\?\\PC{0,20})?(#\\PC{0,5})?"
            .prop_filter_map("a link of that host", |text| {
                let link = Link::parse(&text).ok()?;
                (link.host().as_str() == "http://xn--exmple-cua.org").then_some((text, link))
            });
        let before = (any::<Option<[u8; 32]>>(), any::<Option<String>>(), any::<Option<String>>());
        let before = before.prop_map(|(sha256, etag, last_modified)| {
            let validators = Validators { etag: etag.map(Into::into), last_modified: last_modified.map(Into::into) };
            Box::new(Before { sha256, validators })
        });
        let (before, checksum) = (proptest::option::of(before), any::<Option<[u8; 32]>>());
        let list = prop_oneof!["stdin", "\\PC{0,9}"];
        (link, "\\PC{0,60}", any::<bool>(), any::<u64>(), list, before, checksum).prop_map(
            |((url, link), text, as_written, line, list, before, sha256)| {
                let path = Name::new(&text, &link);
                let text = if as_written { link.url().as_str().into() } else { [url, text].concat().into() };
                Job { entry: Entry { list: list.into(), line, text, sha256 }, link, path, before }
            },
        )
    }

    proptest! {
        #[test]
        fn what_comes_back_equals_what_went_in(jobs in proptest::collection::vec(job(), 1..9)) {
            let mut codec = Codec::default();
            let mut block = Vec::new();
            codec.encode(&jobs, &mut block);
            let decoded = codec.decode(&block, jobs[0].link.host(), jobs.len()).expect("what was encoded");
            prop_assert_eq!(decoded.len(), jobs.len());
            for (decoded, job) in decoded.iter().zip(&jobs) {
                prop_assert_eq!(&decoded.entry, &job.entry);
                prop_assert_eq!(decoded.link.url(), job.link.url());
                prop_assert_eq!(decoded.link.host(), job.link.host());
                prop_assert_eq!(&decoded.path, &job.path);
                prop_assert_eq!(&decoded.before, &job.before);
            }
        }

        #[test]
        fn no_bytes_are_a_danger(bytes in proptest::collection::vec(any::<u8>(), 0..60), count in 0_usize..4) {
            let codec = Codec { lists: vec!["list".into()] };
            codec.decode(&bytes, link("http://h/").host(), count);
        }

        #[test]
        fn numbers_of_any_size_come_back(number in any::<u64>()) {
            for number in [number, number >> 32, number & 0xff] {
                let mut bytes = Vec::new();
                put_number(&mut bytes, number);
                prop_assert_eq!(Rest(&bytes).number(), Some(number));
            }
        }
    }

    #[test]
    fn the_host_and_the_lists_name_are_shared() {
        let list: Arc<str> = "list".into();
        let job = |line, url| {
            let link = link(url);
            let path = Name::of_link(&link);
            Job {
                entry: Entry { list: Arc::clone(&list), line, text: url.into(), sha256: None },
                link,
                path,
                before: None,
            }
        };
        let jobs = [job(1, "http://h/a.jpg"), job(2, "http://h/b.jpg")];
        let mut codec = Codec::default();
        let mut block = Vec::new();
        codec.encode(&jobs, &mut block);
        assert!(block.len() < 2 * 30, "{} bytes: the text is not written twice", block.len());
        let host = jobs[0].link.host().clone();
        for job in codec.decode(&block, &host, 2).expect("what was encoded") {
            assert!(Arc::ptr_eq(&job.entry.list, &list));
            assert!(std::ptr::eq(job.link.host().as_str(), host.as_str()));
        }
    }

    #[test]
    fn a_block_that_is_not_whole_gives_no_jobs() {
        let link = link("http://h/a.jpg");
        let path = Name::of_link(&link);
        let host = link.host().clone();
        let entry = Entry { list: "list".into(), line: 300, text: "a".into(), sha256: Some([7; 32]) };
        let job = Job { entry, link, path, before: None };
        let mut codec = Codec::default();
        let mut block = Vec::new();
        codec.encode(&[job], &mut block);
        assert!(codec.decode(&block, &host, 1).is_some());
        for end in 0..block.len() {
            assert!(codec.decode(&block[..end], &host, 1).is_none(), "{end}");
        }
        assert!(codec.decode(&block, &host, 2).is_none());
        block.push(0);
        assert!(codec.decode(&block, &host, 1).is_none());
        assert!(Codec::default().decode(&block[..block.len() - 1], &host, 1).is_none(), "a list that nobody knows");
    }
}
