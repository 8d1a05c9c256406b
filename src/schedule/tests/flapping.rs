//! A host of which a part of all requests fails, at random, in virtual time.

use std::collections::VecDeque;

use super::{super::retry, *};

/// What came of a run.
#[derive(Debug, Default, PartialEq)]
struct Came {
    succeeded: u32,
    /// Ended although nobody had said that there are no more attempts.
    dropped: u32,
    requests: u32,
    /// Put off at most, at once.
    put_off: usize,
}

const WINDOW: usize = 16 * 1024;
const LATENCY: Duration = Duration::from_millis(20);

fn count(jobs: &[bool]) -> u32 {
    u32::try_from(jobs.len()).unwrap_or(u32::MAX)
}

/// As many jobs as are read ahead, each tried until it succeeds, where this share of all requests fails.
fn run(jobs: u32, share: f64) -> Came {
    let (mut schedule, mut rng) = (schedule(Limits { adaptive: false, ..limits(16) }), Rng::with_seed(11));
    let (mut came, mut unread, mut now) = (Came::default(), 0..jobs, Instant::now());
    let mut flying: VecDeque<(Instant, Ticket, bool)> = VecDeque::new();
    while came.succeeded + came.dropped < jobs {
        while schedule.waiting() < WINDOW && unread.next().is_some() {
            came.dropped += u32::from(schedule.push(&"a", true, now).is_err());
        }
        let is_time = unread.is_empty() || schedule.waiting() >= WINDOW;
        if is_time && schedule.is_down_to_put_off() {
            came.dropped += count(&schedule.last_pass(now));
        }
        let wake = loop {
            match schedule.next(now) {
                Next::Start(first, ticket) => flying.push_back((now + LATENCY, ticket, first)),
                Next::Wait(until) => break Some(until),
                Next::Nothing => break None,
            }
        };
        came.put_off = came.put_off.max(schedule.put_off);
        let landing = flying.front().map(|(at, ..)| *at);
        now = landing.into_iter().chain(wake).min().expect("something is going on").max(now);
        while flying.front().is_some_and(|(at, ..)| *at <= now) {
            let Some((_, ticket, first)) = flying.pop_front() else { break };
            came.requests += 1;
            if rng.f64() >= share {
                let _ = schedule.finish(ticket, Heard { first, ..CLEAN }, now);
                came.succeeded += 1;
                continue;
            }
            let found = schedule.finish(ticket, Heard { first, ..Heard::only(Kind::Trouble) }, now);
            let again = match found.down {
                Some(_) => Err(true),
                None => schedule.retry(
                    &"a",
                    false,
                    now + retry::backoff(Duration::from_millis(100), 1, rng.f64()),
                    found.cost,
                ),
            };
            if again.is_err() {
                came.dropped += 1 + count(&schedule.take_all(&"a", now));
            }
        }
    }
    came
}

#[test]
fn however_long_the_list_is_no_job_is_dropped_for_a_host_that_fails_now_and_then() {
    for (share, jobs) in [(0.1, 200_000), (0.22, 50_000), (0.3, 50_000)] {
        let came = run(jobs, share);
        assert_eq!((came.succeeded, came.dropped), (jobs, 0), "{share}: {came:?}");
        let needed = f64::from(jobs) / (1.0 - share);
        assert!(f64::from(came.requests) < needed * 1.02, "{share}: {came:?}");
        assert!(came.put_off <= 2000, "{share}: {came:?}");
    }
}
