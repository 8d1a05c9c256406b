//! The answers that a path has, in the order in which they are given out.

use super::Answer;

/// What is answered at a path.
pub(super) struct Route {
    pub(super) path: String,
    /// Whether everything that begins like this belongs to it too.
    pub(super) below: bool,
    pub(super) answers: Vec<Answer>,
    /// Whether the last answer is given for ever.
    pub(super) repeats: bool,
    pub(super) asked: usize,
}

impl Route {
    pub(super) fn takes(&self, target: &str) -> bool {
        if self.below { target.starts_with(&self.path) } else { target == self.path }
    }

    pub(super) fn next(&mut self) -> Option<Answer> {
        let last = self.answers.len() - 1;
        let index = if self.repeats { self.asked.min(last) } else { self.asked };
        self.asked += 1;
        self.answers.get(index).cloned()
    }
}
