//! Pushback: a server that says "not so fast" is left alone for as long as it says, and nobody else is.
//!
//! Promises: a wait that a server names is never cut short, whatever it was named with; the host waits and not the
//! one entry; a wait that is too long ends the host's entries at once.
//!
//! What surprises: a request that follows an answer cannot come before it, so the least time between two arrivals is
//! exact on any machine. The most is not, and is generous.

use std::time::{Duration, Instant, SystemTime};

use httpdate::{fmt_http_date, parse_http_date};

use crate::{
    fleet::{hosts, urls},
    pictures::jpeg,
    server::{Answer, Server},
    ways::ways,
    workspace::{Signal, Workspace},
};

const SECOND: Duration = Duration::from_secs(1);

/// How long a refusal takes to come: a wait begins with the answer, and not with the request.
const SLOW: Duration = Duration::from_millis(200);

/// What a wait may take longer than told, on a machine that is busy.
const LATER: Duration = Duration::from_secs(4);

/// Two entries of each server; what is asked first is what it refuses.
fn pairs(servers: &[Server]) -> Vec<String> {
    servers.iter().flat_map(|server| ["/a.jpg", "/b.jpg"].map(|path| server.url(path))).collect()
}

/// A server that answers the first request like this, once, and then as it should.
fn refusing(answer: Answer) -> Server {
    let server = Server::start();
    server.script_below("/", [answer.after(SLOW), Answer::ok(jpeg("it"))]);
    server
}

/// The time between an arrival and the next.
fn gap(server: &Server, index: usize) -> Duration {
    let arrivals = server.arrivals();
    arrivals[index + 1].at.duration_since(arrivals[index].at)
}

/// Expects the second request so long after the first answer.
#[track_caller]
fn expect_wait(server: &Server, wait: Duration, why: &str) {
    let gap = gap(server, 0);
    assert!(gap >= wait + SLOW, "{why}: {gap:?} is too early for {wait:?}");
    assert!(gap <= wait + SLOW + LATER, "{why}: {gap:?} is far too late for {wait:?}");
}

/// This machine's time, of both its clocks.
#[allow(clippy::disallowed_methods, reason = "servers name dates")]
fn now() -> (Instant, SystemTime) {
    (Instant::now(), SystemTime::now())
}

#[test]
fn a_host_gets_nothing_before_the_time_it_names_whatever_the_status() {
    let statuses = [429, 503, 500, 413, 501];
    let work = Workspace::new();
    let servers = statuses.map(|status| refusing(Answer::status(status).field("Retry-After", "1")));
    let list = work.list_of(&pairs(&servers));
    let told = work.flagdl(["-c", "10", "--per-host", "1", &list]).run();
    // Two of them refuse for good.
    told.expect_code(1).expect_summary("8 ok, 0 not found, 2 errors");
    for (server, status) in servers.iter().zip(statuses) {
        expect_wait(server, SECOND, &status.to_string());
    }
}

#[test]
fn a_host_that_waits_keeps_no_other_waiting() {
    let (work, [patient, good]) = (Workspace::new(), [Server::start(), Server::start()]);
    patient.always_below("/", Answer::status(429).field("Retry-After", "600"));
    good.always_below("/", Answer::ok(jpeg("it")));
    let mut entries = urls(std::slice::from_ref(&patient), 40);
    entries.extend(urls(std::slice::from_ref(&good), 40));
    let list = work.list_of(&entries);
    let run = work.flagdl(["-c", "4", "--per-host", "2", &list]).start();
    good.wait_for(40);
    patient.wait_for(1);
    assert!(!patient.arrives(3, Duration::from_millis(150)), "more than were in flight");
    // There is nothing in flight to be waited for.
    run.send(Signal::Interrupt);
    let told = run.wait();
    told.expect_code(130).expect_summary("40 ok, 0 not found, 0 errors, 40 left");
}

#[test]
fn a_date_is_read_by_the_clock_of_the_server_that_names_it() {
    const HOUR: Duration = Duration::from_secs(60 * 60);
    const DAY: Duration = Duration::from_secs(24 * 60 * 60);
    let (work, now) = (Workspace::new(), now().1);
    let wrong = [now + HOUR, now - HOUR, now + DAY, now - DAY];
    let servers = wrong.map(|date| {
        let until = fmt_http_date(date + SECOND);
        refusing(Answer::status(503).field("Date", &fmt_http_date(date)).field("Retry-After", &until))
    });
    let list = work.list_of(&pairs(&servers));
    work.flagdl(["-c", "8", "--per-host", "1", &list]).run().expect_code(0);
    for (server, why) in servers.iter().zip(["an hour ahead", "an hour behind", "a day ahead", "a day behind"]) {
        expect_wait(server, SECOND, why);
    }
}

#[test]
fn a_date_of_a_server_whose_clock_makes_no_sense_is_read_by_ours() {
    const YEAR: Duration = Duration::from_secs(365 * 24 * 60 * 60);
    let (work, (begun, now)) = (Workspace::new(), now());
    let until = fmt_http_date(now + 2 * SECOND);
    let servers = [now + YEAR, now - YEAR]
        .map(|date| refusing(Answer::status(429).field("Date", &fmt_http_date(date)).field("Retry-After", &until)));
    let list = work.list_of(&pairs(&servers));
    work.flagdl(["-c", "4", "--per-host", "1", &list]).run().expect_code(0);
    let until = parse_http_date(&until).expect("a date of our own");
    let due = begun + until.duration_since(now).expect("it is yet to come");
    for server in &servers {
        let next = server.arrivals()[1].at;
        // Both clocks run on, though not quite alike.
        let early = due.saturating_duration_since(next);
        assert!(early <= Duration::from_millis(20), "{early:?} too early");
        assert!(next <= due + LATER, "{:?} late", next.duration_since(due));
    }
}

#[test]
fn a_time_that_is_none_keeps_nothing_from_arriving() {
    let past = fmt_http_date(now().1 - SECOND);
    let values = ["0", "-1", "1.5", "soon", "", "1e9", "900000s", "Thu, 99 Jan 1970 00:00:00 GMT", &past];
    let work = Workspace::new();
    let servers = values.map(|value| refusing(Answer::status(429).field("Retry-After", value)));
    let list = work.list_of(&pairs(&servers));
    let told = work.flagdl(["-c", "18", "--per-host", "1", &list]).run();
    told.expect_code(0).expect_summary("18 ok, 0 not found, 0 errors");
    for (server, value) in servers.iter().zip(values) {
        expect_wait(server, Duration::ZERO, value);
    }
}

#[test]
fn a_host_that_names_too_long_a_time_is_given_up_and_the_others_are_not() {
    let (work, begun) = (Workspace::new(), now().1);
    let refusals = ["3600", "100000000000000000000"];
    let servers = refusals.map(|time| {
        let server = Server::start();
        server.script("/c0.jpg", [Answer::status(429).field("Retry-After", time)]);
        server
    });
    let good = hosts(1, &Answer::ok(jpeg("it")));
    let own = servers.each_ref().map(|server| urls(std::slice::from_ref(server), 20));
    let entries: Vec<_> = own.iter().flatten().cloned().chain(urls(&good, 20)).collect();
    let list = work.list_of(&entries);
    let told = work.flagdl(["-c", "6", "--per-host", "1", "--format", "ndjson", &list]).run();
    told.expect_code(1);
    assert!(told.elapsed < Duration::from_secs(20), "{told}");
    let good = urls(&good, 20);
    for (entry, ending) in told.endings() {
        // The first of each was told so itself.
        let first = own.iter().any(|own| own[0] == entry);
        match &*ending {
            "ok" => assert!(good.contains(&entry), "{told}"),
            "error http-429" => assert!(first, "{told}"),
            ending => assert_eq!(ending, "error host-down", "{told}"),
        }
    }
    assert_eq!(told.summary()["ok"], 20, "{told}");
    for (own, least) in own.iter().zip([3600, 5 * 365 * 24 * 3600]) {
        let object = told.entry(&own[7]);
        let message = object["message"].as_str().unwrap_or_default();
        let (_, rest) = message.split_once("the server wants nothing before ").expect(message);
        let (date, rest) = rest.split_once(", which is more than").expect(message);
        assert_eq!(rest, " --max-retry-after 15m", "{told}");
        let ahead = parse_http_date(date).expect(date).duration_since(begun).expect(date) + SECOND;
        assert!(ahead >= Duration::from_secs(least), "{date} is {ahead:?} ahead");
        assert!(object["attempts"].is_null() && object["status"].is_null(), "{told}");
    }
    told.expect_err(&format!("{} is given up: the server wants nothing before ", servers[0].url("")));
}

#[test]
fn no_attempt_is_announced_that_never_comes() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::status(429).field("Retry-After", "3600")]);
    let list = work.list(&["a"]);
    let told = work.flagdl(["-v", "-u", &server.url(""), &list]).run();
    told.expect_code(1).expect_err("is given up");
    assert!(!told.err.contains("the next in"), "{told}");
}

#[test]
fn max_retry_after_says_which_time_is_too_long() {
    for way in ways("max-retry-after", "1s") {
        let work = Workspace::new();
        let servers = [refusing(Answer::status(503).field("Retry-After", "1")), Server::start()];
        servers[1].script("/a.jpg", [Answer::status(503).field("Retry-After", "2")]);
        let list = work.list_of(&pairs(&servers));
        let told = work.flagdl(["-c", "4", "--per-host", "1", &list]).with(&way).run();
        told.expect_code(1).expect_summary("2 ok, 0 not found, 2 errors").expect_err("--max-retry-after 1s");
        expect_wait(&servers[0], SECOND, "as long as it may be");
    }
}

#[test]
fn a_redirect_is_not_followed_before_the_time_it_names() {
    let (work, server) = (Workspace::new(), Server::start());
    server.script("/a.jpg", [Answer::redirect(302, "/there.jpg").field("Retry-After", "1").after(SLOW)]);
    server.script("/late.jpg", [Answer::redirect(302, "/never.jpg").field("Retry-After", "3600")]);
    server.pictures(&["there"]);
    let list = work.list(&["a", "late"]);
    let told = work.flagdl(["-c", "1", "--format", "ndjson", "-u", &server.url(""), &list]).run();
    told.expect_endings(&[("a", "ok"), ("late", "error redirect")]);
    assert_eq!(server.targets(), ["/a.jpg", "/late.jpg", "/there.jpg"], "the entry waits, and not the host");
    let waited = gap(&server, 0) + gap(&server, 1);
    assert!(waited >= SECOND + SLOW, "{waited:?}");
}

#[test]
fn a_quota_that_is_used_up_holds_the_host_until_it_is_renewed() {
    let date = now().1;
    let since_1970 = date.duration_since(SystemTime::UNIX_EPOCH).expect("a machine's clock").as_secs();
    let quotas = [
        vec![("RateLimit", "\"p\";r=0;t=1".to_owned())],
        vec![("X-RateLimit-Remaining", "0".to_owned()), ("X-RateLimit-Reset", "1".to_owned())],
        vec![
            ("Date", fmt_http_date(date)),
            ("X-RateLimit-Remaining", "0".to_owned()),
            ("X-RateLimit-Reset", (since_1970 + 1).to_string()),
        ],
    ];
    let work = Workspace::new();
    let servers = quotas.clone().map(|fields| {
        let answer = fields.iter().fold(Answer::ok(jpeg("it")), |answer, (name, value)| answer.field(name, value));
        refusing(answer)
    });
    let list = work.list_of(&pairs(&servers));
    work.flagdl(["-c", "6", "--per-host", "1", &list]).run().expect_code(0);
    for (server, quota) in servers.iter().zip(quotas) {
        expect_wait(server, SECOND, &format!("{quota:?}"));
    }
}

#[test]
fn what_is_left_of_a_quota_lasts_until_it_is_renewed() {
    let (work, server) = (Workspace::new(), refusing(Answer::ok(jpeg("it")).field("RateLimit", "\"p\";r=4;t=1")));
    let list = work.list_of(&urls(std::slice::from_ref(&server), 9));
    work.flagdl(["-c", "1", &list]).run().expect_code(0);
    let arrivals = server.arrivals();
    let four_more = arrivals[5].at.duration_since(arrivals[0].at);
    assert!(four_more >= SECOND + SLOW, "a fifth after {four_more:?}");
}

#[test]
fn many_that_are_refused_at_once_cost_no_entry_its_attempts() {
    let (work, server) = (Workspace::new(), Server::start());
    // All sixteen at once, then two that have been refused before: with one further attempt, that would be one too many.
    let refusal = Answer::status(429);
    let mut answers = vec![refusal.clone().gated(); 16];
    answers.push(Answer::ok(jpeg("it")));
    answers.extend([refusal.clone(), refusal]);
    answers.push(Answer::ok(jpeg("it")));
    server.script_below("/", answers);
    let list = work.list_of(&urls(std::slice::from_ref(&server), 16));
    let run = work.flagdl(["-c", "16", "--retries", "1", &list]).start();
    server.wait_for(16);
    server.release();
    let told = run.wait();
    told.expect_code(0).expect_summary("16 ok, 0 not found, 0 errors");
    assert_eq!(server.arrivals().len(), 16 + 1 + 2 + 15, "{told}");
}

#[test]
fn after_a_hold_exactly_one_request_comes_first() {
    for adaptive in ["on", "off"] {
        let (work, server) = (Workspace::new(), Server::start());
        let mut answers = vec![Answer::status(503).gated(); 6];
        answers.extend([Answer::ok(jpeg("it")).after(Duration::from_millis(400)), Answer::ok(jpeg("it"))]);
        server.script_below("/", answers);
        let list = work.list_of(&urls(std::slice::from_ref(&server), 12));
        let run = work.flagdl(["-c", "6", "--adaptive", adaptive, &list]).start();
        server.wait_for(6);
        server.release();
        run.wait().expect_code(0);
        assert!(gap(&server, 6) >= Duration::from_millis(400), "a second before the first was answered: {adaptive}");
    }
}

#[test]
fn a_host_that_pushes_back_is_asked_for_less_at_once() {
    let (work, server) = (Workspace::new(), Server::start());
    let mut answers = vec![Answer::status(429).gated(); 8];
    answers.push(Answer::ok(jpeg("it")));
    server.script_below("/", answers);
    let list = work.list_of(&urls(std::slice::from_ref(&server), 40));
    let run = work.flagdl(["-c", "8", "--format", "ndjson", &list]).start();
    server.wait_for(8);
    server.release();
    let told = run.wait();
    told.expect_code(0);
    let limit = told.summary()["hosts"][0]["limit"].as_u64();
    assert!(limit.is_some_and(|limit| (1..8).contains(&limit)), "{told}");
}

#[test]
fn adaptive_off_keeps_the_limit_whatever_a_host_says() {
    const MANY: usize = 40;
    for way in ways("adaptive", "off") {
        let (work, server) = (Workspace::new(), Server::start());
        let mut answers = vec![Answer::ok(jpeg("it")); MANY];
        answers[0] = Answer::status(429);
        answers.push(Answer::ok(jpeg("it")).gated());
        server.script_below("/", answers);
        let list = work.list_of(&urls(std::slice::from_ref(&server), MANY + 20));
        let run = work.flagdl(["-c", "8", &list]).with(&way).start();
        server.wait_for(MANY + 8);
        assert!(!server.arrives(MANY + 9, Duration::from_millis(150)), "a ninth with {way:?}");
        server.release();
        run.wait().expect_code(0);
    }
}
