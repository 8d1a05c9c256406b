//! What a run that was killed leaves in flagdl's own folder, and how the next one takes it away.
//!
//! Promises: only plain files with exactly the names that staged files have are removed, and only from that folder,
//! whose lock the caller holds; so they are nobody's any more.
//!
//! What surprises: a failure is not told. What is left over is in nobody's way, and the next run tries again.

use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Dir};

use super::inspect::what_else;
use crate::disk::{self, Call};

/// What names of staged files begin and end with.
const PREFIX: &str = ".fdl-";
const SUFFIX: &str = ".part";

/// The name of a run's staged file with this number.
pub(super) fn staged_name(run: u64, number: u64) -> String {
    format!("{PREFIX}{run:016x}-{number}{SUFFIX}")
}

/// Whether a run has given this name to a staged file.
fn is_staged_name(name: &str) -> bool {
    let numbers =
        name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)).and_then(|rest| rest.split_once('-'));
    let Some((run, number)) = numbers else { return false };
    // Writing the numbers again tells signs, capitals and leading zeros.
    let numbers = u64::from_str_radix(run, 16).ok().zip(number.parse().ok());
    numbers.is_some_and(|(run, number)| staged_name(run, number) == name)
}

/// Removes what runs that are over have left in their own folder.
pub(super) fn sweep(own: &OwnedFd) {
    let Ok(entries) = disk::call(own, Call::List, || Dir::read_from(own)) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let look = || rustix::fs::statat(own, name, AtFlags::SYMLINK_NOFOLLOW);
        let is_file = || disk::call(own, Call::Look, look).is_ok_and(|stat| what_else(&stat).is_none());
        if name.to_str().is_ok_and(is_staged_name) && is_file() {
            let _ = disk::call(own, Call::Remove, || rustix::fs::unlinkat(own, name, AtFlags::empty()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_named_as_a_staged_file_is_one() {
        for name in [staged_name(0, 0), staged_name(u64::MAX, u64::MAX), ".fdl-0123456789abcdef-7.part".into()] {
            assert!(is_staged_name(&name), "{name}");
        }
        for name in [
            "ledger.db",
            ".fdl-.part",
            ".fdl--.part",
            ".fdl-0123456789abcdef.part",
            ".fdl-0123456789abcdef-.part",
            ".fdl-0123456789abcdef-07.part",
            ".fdl-0123456789abcdef-+7.part",
            ".fdl-0123456789ABCDEF-7.part",
            ".fdl-123456789abcdef-7.part",
            ".fdl-0123456789abcdef-7-7.part",
            ".fdl-0123456789abcdef-7.part.jpg",
            "x.fdl-0123456789abcdef-7.part",
            ".fdl-0123456789abcdef-99999999999999999999.part",
        ] {
            assert!(!is_staged_name(name), "{name}");
        }
    }
}
