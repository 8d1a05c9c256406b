//! What the schedule does, case by case, in virtual time.

mod flapping;
mod promises;

use std::time::Duration;

use super::*;

fn limits(per_host: usize) -> Limits {
    Limits {
        per_host,
        host_pace: None,
        run_pace: None,
        jitter: 0.0,
        adaptive: true,
        breaker: true,
        patience: true,
        max_retry_after: Duration::from_secs(900),
    }
}

fn schedule<J>(limits: Limits) -> Schedule<&'static str, J> {
    Schedule::new(limits, Rng::with_seed(7))
}

const CLEAN: Heard = Heard { kind: Kind::Clean, wait: None, quota: None, first: true };

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
    let mut schedule = self::schedule(limits(2));
    for job in 1..=3 {
        schedule.push(&"a", job, now).expect("taken");
    }
    let (first, ticket) = start(&mut schedule, now);
    let (second, _second) = start(&mut schedule, now);
    assert_eq!((first, second), (1, 2));
    assert_eq!(schedule.next(now), Next::Nothing, "two are in flight");
    let _ = schedule.finish(ticket, CLEAN, now);
    assert_eq!(start(&mut schedule, now).0, 3);
}

#[test]
fn a_host_that_never_answers_keeps_one_place_while_others_have_work() {
    let now = Instant::now();
    let mut schedule = self::schedule(limits(3));
    for job in 0..100 {
        schedule.push(&"silent", job, now).expect("taken");
        schedule.push(&"good", job, now).expect("taken");
        schedule.push(&"other", job, now).expect("taken");
    }
    let mut silent = 0;
    let mut flying = Vec::new();
    // Three places; the others answer at once, the silent one never.
    for _ in 0..50 {
        while flying.len() < 3 - silent {
            let (_, ticket) = start(&mut schedule, now);
            let id = ticket.id;
            if schedule.host(id).key == "silent" {
                silent += 1;
            } else {
                flying.push(ticket);
            }
        }
        for ticket in flying.drain(..) {
            let _ = schedule.finish(ticket, CLEAN, now);
        }
    }
    assert_eq!(silent, 1, "of three places the silent host holds one");
}

#[test]
fn a_host_that_has_not_answered_gets_more_only_when_nobody_else_wants_it() {
    let now = Instant::now();
    let mut schedule = self::schedule(limits(1));
    for job in ["s1", "s2", "s3"] {
        schedule.push(&"silent", job, now).expect("taken");
    }
    schedule.push(&"good", "g1", now).expect("taken");
    let (_, _silent) = start(&mut schedule, now);
    let (_, good) = start(&mut schedule, now);
    for job in ["g2", "g3"] {
        schedule.push(&"good", job, now).expect("taken");
    }
    assert!(schedule.is_undecided());
    let _ = schedule.finish(good, CLEAN, now);
    assert!(!schedule.is_undecided());
    schedule.limit_hosts(9, now);
    let starts: Vec<_> = (0..4).map(|_| start(&mut schedule, now).0).collect();
    assert_eq!(starts, ["g2", "g3", "s2", "s3"]);
}

#[test]
fn a_job_that_waits_for_its_next_attempt_comes_at_its_time_behind_the_others() {
    let now = Instant::now();
    let due = now + Duration::from_secs(1);
    let mut schedule = self::schedule(limits(9));
    schedule.push_at(&"a", "again", due).expect("taken");
    assert_eq!(schedule.next(now), Next::Wait(due));
    schedule.push(&"a", "new", now).expect("taken");
    assert_eq!(start(&mut schedule, due).0, "new");
    assert_eq!(start(&mut schedule, due).0, "again");
}

#[test]
fn the_pace_of_the_run_holds_over_all_hosts() {
    let now = Instant::now();
    let mut schedule = self::schedule(Limits { run_pace: Some(pace(10)), ..limits(9) });
    schedule.push(&"a", 1, now).expect("taken");
    schedule.push(&"b", 2, now).expect("taken");
    let _first = start(&mut schedule, now);
    assert_eq!(schedule.next(now), Next::Wait(now + Duration::from_millis(100)));
}

#[test]
fn a_host_is_forgotten_when_it_owes_nothing_and_not_before() {
    let now = Instant::now();
    let mut schedule = self::schedule(Limits { host_pace: Some(pace(10)), ..limits(9) });
    schedule.push(&"a", 1, now).expect("taken");
    let (_, ticket) = start(&mut schedule, now);
    let _ = schedule.finish(ticket, CLEAN, now);
    schedule.push(&"a", 2, now).expect("taken");
    let open = now + Duration::from_millis(100);
    assert_eq!(schedule.next(now), Next::Wait(open), "the pause is remembered");
    let (_, ticket) = start(&mut schedule, open);
    let _ = schedule.finish(ticket, CLEAN, open);
    assert_eq!(schedule.next(open + Duration::from_secs(1)), Next::Nothing);
    schedule.forget_one();
    assert!(schedule.ids.is_empty() && schedule.hosts.iter().all(Option::is_none));
}

/// Has a host asked once, and tells how that ended.
fn ask(schedule: &mut Schedule<usize, usize>, host: usize, heard: Heard, now: Instant) {
    schedule.push(&host, host, now).expect("taken");
    let Next::Start(job, ticket) = schedule.next(now) else { panic!("{host} does not start") };
    assert_eq!(job, host);
    let _ = schedule.finish(ticket, heard, now);
}

#[test]
fn of_many_idle_hosts_those_asked_longest_ago_are_forgotten_whatever_they_have_shown() {
    let (now, more) = (Instant::now(), 50);
    let mut schedule = Schedule::new(limits(9), Rng::with_seed(7));
    for host in 0..HOSTS_KEPT + more {
        ask(&mut schedule, host, heard(Kind::Refused), now);
    }
    let is_kept = |schedule: &Schedule<usize, usize>, host| schedule.ids.contains_key(&host);
    assert_eq!((schedule.ids.len(), schedule.hosts.iter().flatten().count()), (HOSTS_KEPT, HOSTS_KEPT));
    assert!((0..HOSTS_KEPT + more).all(|host| is_kept(&schedule, host) == (host >= more)));
    assert!(schedule.hosts.len() <= HOSTS_KEPT + 1, "places are used again");
    // Who is asked again is not among them any more, and who has shown nothing goes first.
    ask(&mut schedule, more, heard(Kind::Refused), now);
    ask(&mut schedule, usize::MAX, CLEAN, now);
    assert!(is_kept(&schedule, more + 1) && !is_kept(&schedule, usize::MAX));
    ask(&mut schedule, usize::MAX, heard(Kind::Refused), now);
    assert!(is_kept(&schedule, more) && !is_kept(&schedule, more + 1) && is_kept(&schedule, usize::MAX));
}

#[test]
fn what_a_host_is_owed_is_kept_however_many_are_idle() {
    let now = Instant::now();
    let mut schedule = Schedule::new(limits(9), Rng::with_seed(7));
    let wait = |seconds| Some(Duration::from_secs(seconds));
    let [held, down, shut, slow, delayed] = [1, 2, 3, 4, 5].map(|host| usize::MAX - host);
    ask(&mut schedule, held, Heard { wait: wait(60), ..heard(Kind::Pushback) }, now);
    ask(&mut schedule, down, Heard { wait: wait(10_000), ..heard(Kind::Pushback) }, now);
    schedule.shut(&shut, true, now);
    schedule.slow_down(&slow, Duration::from_secs(1), now);
    ask(&mut schedule, delayed, heard(Kind::Refused), now);
    schedule.retry(&delayed, delayed, now + Duration::from_secs(9), retry::Cost::Whole).expect("it can be paid");
    // The pause of the slow one is over.
    let later = now + Duration::from_secs(5);
    assert_eq!(schedule.next(later), Next::Wait(now + Duration::from_secs(9)));
    for host in 0..HOSTS_KEPT + 9 {
        ask(&mut schedule, host, heard(Kind::Refused), later);
    }
    for host in [held, down, shut, slow, delayed] {
        assert!(schedule.ids.contains_key(&host), "{}", usize::MAX - host);
    }
    assert_eq!(schedule.push(&down, 0, later).expect_err("it is down").1, Down::Told(Duration::from_secs(10_000)));
    let due = now + Duration::from_secs(9);
    let Next::Start(job, ticket) = schedule.next(due) else { panic!("its time has come") };
    assert_eq!(job, delayed);
    let _ = schedule.finish(ticket, heard(Kind::Refused), due);
    assert!(schedule.ids.contains_key(&delayed), "it was asked last");
}

#[test]
fn draining_gives_back_all_that_has_not_started() {
    let now = Instant::now();
    let mut schedule = self::schedule(limits(1));
    schedule.push(&"a", 1, now).expect("taken");
    schedule.push(&"a", 2, now).expect("taken");
    schedule.push_at(&"b", 4, now + Duration::from_secs(2)).expect("taken");
    schedule.push_at(&"b", 3, now + Duration::from_secs(1)).expect("taken");
    let (_, ticket) = start(&mut schedule, now);
    assert_eq!(schedule.drain(), [2, 3, 4]);
    let _ = schedule.finish(ticket, CLEAN, now);
    assert_eq!((schedule.waiting(), schedule.next(now)), (0, Next::Nothing));
}

fn heard(kind: Kind) -> Heard {
    Heard::only(kind)
}

/// Starts all that may start now and hands each ticket back as `heard`; tells what followed for each.
fn finish_all(schedule: &mut Schedule<&'static str, u32>, kind: Kind, now: Instant) -> Vec<Finding> {
    let mut tickets = Vec::new();
    while let Next::Start(_, ticket) = schedule.next(now) {
        tickets.push(ticket);
    }
    tickets.into_iter().map(|ticket| schedule.finish(ticket, heard(kind), now)).collect()
}

#[test]
fn fifty_refusals_at_once_are_one_decrease_and_one_hold() {
    let now = Instant::now();
    let mut schedule = schedule(limits(50));
    for job in 0..100 {
        schedule.push(&"a", job, now).expect("taken");
    }
    let found = finish_all(&mut schedule, Kind::Pushback, now + Duration::from_millis(1));
    assert_eq!(found.len(), 50);
    assert_eq!(found.iter().filter(|found| found.hold.is_some()).count(), 1);
    assert_eq!(found.iter().filter(|found| found.charged).count(), 1, "the others are not at fault");
    let host = schedule.host(0);
    assert_eq!(host.stats.pushbacks, 50);
    assert_eq!(host.adapt.limit(50), 35);
}

#[test]
fn a_host_that_is_given_up_takes_no_more_and_gives_back_all_that_waits() {
    let now = Instant::now();
    let mut schedule = schedule(limits(9));
    for job in 0..5 {
        schedule.push(&"a", job, now).expect("taken");
    }
    schedule.push_at(&"a", 5, now + Duration::from_secs(5)).expect("taken");
    schedule.push(&"b", 6, now).expect("taken");
    let (_, ticket) = start(&mut schedule, now);
    let told = Heard { wait: Some(Duration::from_secs(901)), ..heard(Kind::Pushback) };
    let found = schedule.finish(ticket, told, now);
    assert_eq!(found.down, Some(Down::Told(Duration::from_secs(901))));
    let mut jobs = schedule.take_all(&"a", now);
    jobs.sort_unstable();
    assert_eq!(jobs, [1, 2, 3, 4, 5]);
    assert!(schedule.push(&"a", 7, now).is_err());
    assert_eq!((start(&mut schedule, now).0, schedule.waiting()), (6, 0));
}

#[test]
fn what_the_budget_does_not_allow_waits_for_the_end_and_is_over_where_the_host_is_unwell() {
    for (kind, hopeless) in [(Kind::Clean, 0), (Kind::Trouble, 50)] {
        let now = Instant::now();
        let mut schedule = schedule(Limits { breaker: false, ..limits(1) });
        schedule.push(&"a", 0, now).expect("taken");
        for job in 1..=150 {
            schedule.retry(&"a", job, now, retry::Cost::Whole).expect("now or later");
        }
        let mut started = 0;
        while let Next::Start(_, ticket) = schedule.next(now) {
            started += 1;
            let _ = schedule.finish(ticket, Heard { first: false, ..heard(kind) }, now);
        }
        assert_eq!(started, 101, "one, and a hundred further attempts");
        assert!(schedule.is_down_to_put_off());
        assert_eq!(schedule.last_pass(now).len(), hopeless);
        assert_eq!(schedule.waiting(), 50 - hopeless);
    }
}

#[test]
fn only_errands_start_at_a_host_that_is_shut() {
    let now = Instant::now();
    let mut schedule = schedule(limits(3));
    schedule.push(&"a", "entry", now).expect("taken");
    schedule.shut(&"a", true, now);
    schedule.push_errand(&"a", "robots", now).expect("taken");
    let (job, _ticket) = start(&mut schedule, now);
    assert_eq!((job, schedule.next(now)), ("robots", Next::Nothing));
    schedule.shut(&"a", false, now);
    assert_eq!(start(&mut schedule, now).0, "entry");
}

#[test]
fn what_a_full_window_has_no_room_for_is_the_end_of_the_longest_queue_that_can_give_it() {
    let now = Instant::now();
    let mut schedule = schedule(limits(1));
    for job in 0..10 {
        schedule.push(&"stuck", job, now).expect("taken");
    }
    for job in 10..30 {
        schedule.push(&"free", job, now).expect("taken");
    }
    let _ticket = start(&mut schedule, now);
    assert_eq!(schedule.overflow(Some(now), 1, |_| true, |_| true), None, "it is held by nobody");
    assert_eq!(schedule.overflow(None, 1, |host| *host != "stuck", |_| true), None);
    let moved = schedule.overflow(None, 4, |_| true, |job| job % 2 == 0);
    assert_eq!(moved, Some(("stuck", vec![6, 8])), "what must stay is stepped over");
    assert_eq!(schedule.overflow(None, 4, |_| true, |_| true), Some(("stuck", vec![5, 7, 9])));
    assert_eq!(schedule.overflow(None, 4, |_| true, |_| true), None, "so many stay");
}
