//! What a run has changed about the files, for people and for programs that mirror them further.
//!
//! Promises: a line a file: `new`, `changed` or `gone`, a tab, and the path below the folder for downloads. No path
//! holds a tab or a line's end.

use flagdl::event::Ended;

/// What the list gets of an entry, if anything.
pub(super) fn line(ended: &Ended) -> Option<String> {
    Some(format!("{}\t{}", ended.change?.as_str(), ended.path.as_ref()?))
}
