//! What must hold for every input, whoever wrote it: one function a boundary, which panics where a promise is broken.
//!
//! Promises: each target takes any bytes, and does the same with the same bytes again. It touches nothing but memory;
//! the ledger's also touches a folder of its own among the temporary ones, which it removes.
//!
//! What surprises: this is part of the library for tests and under the feature `fuzzing` only, because targets call what
//! is not public. It is no public API. `cargo test` tries the corpus below `fuzz/` and changes to it; `benches/fuzz.rs`
//! tries as many changes as are wanted; the programs below `fuzz/` let libFuzzer find its own.

mod advice;
mod content_range;
mod corpus;
mod image;
mod input;
mod ledger;
mod list;
mod name;
mod template;
#[cfg(test)]
mod tests;

pub use self::corpus::Corpus;

/// A boundary at which bytes come in that others chose.
#[derive(Debug, Clone, Copy)]
pub struct Target {
    /// The name of its folder below `fuzz/corpus`, and of its program.
    pub name: &'static str,
    /// Panics where these bytes break a promise.
    pub hold: fn(&[u8]),
    /// Words of its language, for changes that say something.
    pub tokens: &'static [&'static [u8]],
}

/// All of them.
pub const TARGETS: [Target; 7] = [
    Target { name: "list", hold: list::hold, tokens: list::TOKENS },
    Target { name: "template", hold: template::hold, tokens: template::TOKENS },
    Target { name: "name", hold: name::hold, tokens: name::TOKENS },
    Target { name: "advice", hold: advice::hold, tokens: advice::TOKENS },
    Target { name: "content_range", hold: content_range::hold, tokens: content_range::TOKENS },
    Target { name: "image", hold: image::hold, tokens: image::TOKENS },
    Target { name: "ledger", hold: ledger::hold, tokens: ledger::TOKENS },
];

/// Tries one input on the target of this name.
///
/// # Panics
///
/// Where the input breaks a promise, or there is no such target.
pub fn hold(name: &str, data: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name).expect("a target's name");
    (target.hold)(data);
}
