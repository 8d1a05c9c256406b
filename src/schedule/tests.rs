//! The schedule's promises, in virtual time.

use std::{collections::HashMap, time::Duration};

use proptest::prelude::*;

use super::*;

fn limits(per_host: usize) -> Limits {
    Limits { per_host, host_pace: None, run_pace: None }
}

fn pace(per_second: u32) -> Pace {
    Pace { interval: Duration::from_secs(1) / per_second, burst: 1 }
}

fn start<J: std::fmt::Debug>(schedule: &mut Schedule<&'static str, J>, now: Instant) -> (J, Ticket) {
    match schedule.next(now) {
        Next::Start(job, ticket) => (job, ticket),
        other => panic!("nothing starts: {other:?}"),
    }
}

#[test]
fn a_hosts_jobs_start_in_the_order_in_which_they_came() {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits(2));
    for job in 1..=3 {
        schedule.push(&"a", job, now);
    }
    let (first, ticket) = start(&mut schedule, now);
    let (second, _second) = start(&mut schedule, now);
    assert_eq!((first, second), (1, 2));
    assert_eq!(schedule.next(now), Next::Nothing, "two are in flight");
    schedule.finish(ticket, true, now);
    assert_eq!(start(&mut schedule, now).0, 3);
}

#[test]
fn a_host_that_never_answers_keeps_one_place_while_others_have_work() {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits(3));
    for job in 0..100 {
        schedule.push(&"silent", job, now);
        schedule.push(&"good", job, now);
        schedule.push(&"other", job, now);
    }
    let mut silent = 0;
    let mut flying = Vec::new();
    // Three places; the others answer at once, the silent one never.
    for _ in 0..50 {
        while flying.len() < 3 - silent {
            let (_, ticket) = start(&mut schedule, now);
            let id = ticket.0;
            if schedule.host(id).key == "silent" {
                silent += 1;
            } else {
                flying.push(ticket);
            }
        }
        for ticket in flying.drain(..) {
            schedule.finish(ticket, true, now);
        }
    }
    assert_eq!(silent, 1, "of three places the silent host holds one");
}

#[test]
fn a_host_that_has_not_answered_gets_more_only_when_nobody_else_wants_it() {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits(1));
    for job in ["s1", "s2", "s3"] {
        schedule.push(&"silent", job, now);
    }
    schedule.push(&"good", "g1", now);
    let (_, _silent) = start(&mut schedule, now);
    let (_, good) = start(&mut schedule, now);
    for job in ["g2", "g3"] {
        schedule.push(&"good", job, now);
    }
    assert!(schedule.is_undecided());
    schedule.finish(good, true, now);
    assert!(!schedule.is_undecided());
    schedule.limit_hosts(9, now);
    let starts: Vec<_> = (0..4).map(|_| start(&mut schedule, now).0).collect();
    assert_eq!(starts, ["g2", "g3", "s2", "s3"]);
}

#[test]
fn a_job_that_waits_for_its_next_attempt_comes_at_its_time_behind_the_others() {
    let now = Instant::now();
    let due = now + Duration::from_secs(1);
    let mut schedule = Schedule::new(limits(9));
    schedule.push_at(&"a", "again", due);
    assert_eq!(schedule.next(now), Next::Wait(due));
    schedule.push(&"a", "new", now);
    assert_eq!(start(&mut schedule, due).0, "new");
    assert_eq!(start(&mut schedule, due).0, "again");
}

#[test]
fn the_pace_of_the_run_holds_over_all_hosts() {
    let now = Instant::now();
    let mut schedule = Schedule::new(Limits { per_host: 9, host_pace: None, run_pace: Some(pace(10)) });
    schedule.push(&"a", 1, now);
    schedule.push(&"b", 2, now);
    let _first = start(&mut schedule, now);
    assert_eq!(schedule.next(now), Next::Wait(now + Duration::from_millis(100)));
}

#[test]
fn a_host_is_forgotten_when_it_owes_nothing_and_not_before() {
    let now = Instant::now();
    let mut schedule = Schedule::new(Limits { per_host: 9, host_pace: Some(pace(10)), run_pace: None });
    schedule.push(&"a", 1, now);
    let (_, ticket) = start(&mut schedule, now);
    schedule.finish(ticket, true, now);
    schedule.push(&"a", 2, now);
    let open = now + Duration::from_millis(100);
    assert_eq!(schedule.next(now), Next::Wait(open), "the pause is remembered");
    let (_, ticket) = start(&mut schedule, open);
    schedule.finish(ticket, true, open);
    assert_eq!(schedule.next(open + Duration::from_secs(1)), Next::Nothing);
    assert!(schedule.ids.is_empty() && schedule.hosts.iter().all(Option::is_none));
}

#[test]
fn draining_gives_back_all_that_has_not_started() {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits(1));
    schedule.push(&"a", 1, now);
    schedule.push(&"a", 2, now);
    schedule.push_at(&"b", 4, now + Duration::from_secs(2));
    schedule.push_at(&"b", 3, now + Duration::from_secs(1));
    let (_, ticket) = start(&mut schedule, now);
    assert_eq!(schedule.drain(), [2, 3, 4]);
    schedule.finish(ticket, true, now);
    assert_eq!((schedule.waiting(), schedule.next(now)), (0, Next::Nothing));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1000))]
    #[test]
    fn no_promise_breaks_whatever_comes(
        per_host in 1usize..4, rate in proptest::option::of(1u32..500), total in proptest::option::of(1u32..500),
        steps in proptest::collection::vec((0u8..4, 0usize..4, 0u64..20), 1..120),
    ) {
        const HOSTS: [&str; 4] = ["a", "b", "c", "d"];
        let mut now = Instant::now();
        let mut schedule = Schedule::new(Limits { per_host, host_pace: rate.map(pace), run_pace: total.map(pace) });
        let mut flying: HashMap<usize, Vec<(&str, Ticket)>> = HashMap::new();
        let mut last: HashMap<&str, Instant> = HashMap::new();
        let (mut pushed, mut started, mut last_of_all) = (0, 0, None::<Instant>);
        let interval = |rate: Option<u32>| rate.map_or(Duration::ZERO, |rate| Duration::from_secs(1) / rate);
        for (step, host, millis) in steps {
            match step {
                0 => { schedule.push(&HOSTS[host], HOSTS[host], now); pushed += 1; }
                1 => { schedule.push_at(&HOSTS[host], HOSTS[host], now + Duration::from_millis(millis)); pushed += 1; }
                2 => {
                    now += Duration::from_millis(millis);
                    if let Some((_, ticket)) = flying.values_mut().find_map(Vec::pop) { schedule.finish(ticket, true, now); }
                }
                _ => now += Duration::from_millis(millis),
            }
            while let Next::Start(name, ticket) = schedule.next(now) {
                started += 1;
                let flying = flying.entry(HOSTS.iter().position(|host| *host == name).expect("one of them")).or_default();
                flying.push((name, ticket));
                prop_assert!(flying.len() <= per_host);
                if let Some(before) = last.insert(name, now) {
                    prop_assert!(now - before + pace::LATE >= interval(rate));
                }
                if let Some(before) = last_of_all.replace(now) {
                    prop_assert!(now - before + pace::LATE >= interval(total));
                }
            }
            prop_assert_eq!(schedule.waiting(), pushed - started);
            prop_assert_eq!(schedule.in_flight(), flying.values().map(Vec::len).sum::<usize>());
        }
        // Nobody starves: with every request finishing, everything starts.
        while started < pushed {
            for (_, ticket) in flying.values_mut().flat_map(|tickets| tickets.drain(..)) { schedule.finish(ticket, true, now); }
            match schedule.next(now) {
                Next::Start(name, ticket) => { started += 1; flying.entry(0).or_default().push((name, ticket)); }
                Next::Wait(until) => { prop_assert!(until > now); now = until; }
                Next::Nothing => prop_assert!(flying.values().any(|tickets| !tickets.is_empty()), "a job was lost"),
            }
        }
    }
}
