//! What is said where flagdl itself has failed.
//!
//! Promises: the place is told, and of the panic's text only what stands so in the source: one that was put together at
//! run time may hold what was being worked on, such as a URL with its password.

use std::{
    any::Any,
    backtrace::{Backtrace, BacktraceStatus},
    io::{self, Write as _},
    panic,
};

/// From now on panics are told so.
pub(crate) fn tell_without_values() {
    panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string).unwrap_or_default();
        let mut told = line(&place, info.payload());
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            told = format!("{told}\n{trace}");
        }
        // There is nobody left to tell if it cannot be written.
        let _ = writeln!(io::stderr(), "{told}");
    }));
}

fn line(place: &str, payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&'static str>().map(|text| format!(" ({text})")).unwrap_or_default();
    format!("flagdl panicked at {place}{text}: please report this")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_tells_its_place_and_nothing_that_was_made_at_run_time() {
        let payload: Box<dyn Any> = Box::new("http://user:pa55@h/ is no link".to_owned());
        assert_eq!(line("src/link.rs:7:1", &*payload), "flagdl panicked at src/link.rs:7:1: please report this");
        let payload: Box<dyn Any> = Box::new("no link");
        assert_eq!(
            line("src/link.rs:7:1", &*payload),
            "flagdl panicked at src/link.rs:7:1 (no link): please report this"
        );
    }
}
