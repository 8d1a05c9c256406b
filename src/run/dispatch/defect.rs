//! What is told of a task that has panicked.
//!
//! Promises: only words are repeated that stand so in the source. A text that was put together at run time may hold what
//! was being worked on, such as a URL with its password.

use std::any::Any;

use tokio::task::JoinError;

use super::Done;

/// What a task has to say that ended as it should not.
pub(super) fn in_words(done: Result<Done, JoinError>) -> String {
    match done.map_err(JoinError::try_into_panic) {
        Ok(_) => "a task has done another's work".to_owned(),
        Err(Ok(payload)) => words(&*payload).to_owned(),
        Err(Err(error)) => error.to_string(),
    }
}

fn words(payload: &(dyn Any + Send)) -> &'static str {
    payload.downcast_ref::<&'static str>().copied().unwrap_or("a panic, told on stderr by its place")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_panic_tells_nothing_that_was_made_at_run_time() {
        let secret = "http://user:pa55@h/".to_owned();
        let made: Result<Done, _> = tokio::spawn(async move { panic!("{secret} is no link") }).await;
        assert_eq!(in_words(made), "a panic, told on stderr by its place");
        let written: Result<Done, _> = tokio::spawn(async { panic!("no link") }).await;
        assert_eq!(in_words(written), "no link");
    }
}
