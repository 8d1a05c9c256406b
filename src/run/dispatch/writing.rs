//! Bodies to the writers: a batch at a time, as many batches at once as the disk needs.

use std::sync::Arc;

use super::{Dispatcher, Done, Task, UNWRITTEN};
use crate::{fetch::Transport, run::write::write_all};

/// Most files that are written in one go.
const WRITE_BATCH: usize = 64;

/// Most write batches under way at once; what a slow disk or a file system across a network needs.
const WRITERS: usize = 8;

impl<T: Transport> Dispatcher<'_, T> {
    /// Whether what is unwritten leaves room for another body.
    pub(super) fn has_room_for_bodies(&self) -> bool {
        self.unwritten_bytes < UNWRITTEN && self.unwritten.len() < WRITERS * WRITE_BATCH
    }

    /// Hands bodies to writers, as many as may be under way.
    pub(super) fn write(&mut self) {
        while self.wants_writer() {
            let rest = self.unwritten.split_off(self.unwritten.len().min(WRITE_BATCH));
            let (pending, batch): (Vec<_>, Vec<_>) = std::mem::replace(&mut self.unwritten, rest).into_iter().unzip();
            let bytes = batch.iter().map(|write| write.content.held()).sum();
            let (setting, given_up) = (Arc::clone(&self.setting), Arc::clone(&self.given_up));
            let task = self.tasks.spawn_blocking(move || {
                Done::Writes(write_all(setting.store(), setting.options.accept, &given_up, batch))
            });
            self.writers += 1;
            self.running.insert(task.id(), Task::Writes(pending, bytes));
        }
    }

    /// One writer is enough while it keeps up: two would only wake more threads, and lock the same folder.
    fn wants_writer(&self) -> bool {
        !self.unwritten.is_empty()
            && (self.writers == 0 || self.unwritten.len() >= WRITE_BATCH && self.writers < WRITERS)
    }
}
