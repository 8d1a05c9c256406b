//! What a robots.txt says to us: the Robots Exclusion Protocol (RFC 9309).
//!
//! Promises: any bytes can be read, and what is understood of them is kept (§2.3.1.5). At most
//! [`Rules::LONGEST`] bytes are read and [`Rules::MOST`] rules kept, only those that concern our agent. The rule
//! with the most octets decides, `Allow` among equals (§2.2.2); `/robots.txt` itself is always allowed.
//!
//! What surprises: only a rule ends a list of `User-agent` lines (§2.2.4). So an agent named behind another's
//! `Crawl-delay` shares that one's rules, though not its delay: a delay concerns the agents named above it.
//! When there is no file to read, [`Rules::allow_all`] stands for a status of 4xx (§2.3.1.3).

mod line;
mod pattern;
#[cfg(test)]
mod tests;

use std::{cmp::Reverse, time::Duration};

use self::{
    line::Line,
    pattern::{Pattern, Target},
};

/// What a robots.txt says to us.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    /// The first one that matches decides.
    rules: Box<[Rule]>,
    crawl_delay: Option<Duration>,
}

/// A pattern, and what it says about the paths that match it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rule {
    verdict: Verdict,
    pattern: Pattern,
}

/// What a rule says. In the order in which rules of equal length are asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Verdict {
    Allow,
    Disallow,
}

impl Rules {
    /// How many bytes of a file are read: the least that RFC 9309 §2.5 asks for. Who cuts a file down to this length
    /// before it comes here should leave one byte more, which tells that the last line is not whole.
    pub(crate) const LONGEST: usize = 500 << 10;

    /// How many rules are kept, the first ones. A file of [`Rules::LONGEST`] bytes has more only if its lines are shorter
    /// than 60 bytes.
    const MOST: usize = 1 << 13;

    /// The longest delay that is believed.
    const LONGEST_DELAY: Duration = Duration::from_secs(300);

    /// Reads a robots.txt for an agent, whose product token is the beginning of its name: `flagdl` of `flagdl/1.0`.
    pub(crate) fn parse(text: &[u8], agent: &str) -> Self {
        let mut groups = Groups::new(agent);
        for line in line::lines(text) {
            match line {
                Line::Agent(name) => groups.name(name),
                Line::Rule(verdict, pattern) => groups.rule(verdict, pattern),
                Line::CrawlDelay(seconds) => groups.delay(seconds),
            }
        }
        groups.finish()
    }

    pub(crate) fn allow_all() -> Self {
        Self::new(Vec::new(), None)
    }

    fn new(mut rules: Vec<Rule>, crawl_delay: Option<Duration>) -> Self {
        rules.sort_unstable_by(|a, b| {
            let order = |rule: &Rule| (Reverse(rule.pattern.octets()), rule.verdict);
            order(a).cmp(&order(b)).then_with(|| a.pattern.cmp(&b.pattern))
        });
        rules.dedup();
        Self { rules: rules.into(), crawl_delay }
    }

    /// Whether a path may be asked for, given percent-encoded and with its `?query`, as it stands in a URL.
    pub(crate) fn allows(&self, path_and_query: &str) -> bool {
        let target = Target::new(path_and_query);
        let decisive = self.rules.iter().find(|rule| rule.pattern.matches(&target));
        decisive.is_none_or(|rule| rule.verdict == Verdict::Allow) || target.as_str() == "/robots.txt"
    }

    /// The time that is asked for between two requests: more than nothing, at most 300 s.
    pub(crate) fn crawl_delay(&self) -> Option<Duration> {
        self.crawl_delay
    }
}

/// The groups of a file, while it is being read: those that name us, and those for everyone (§2.2.1).
struct Groups<'agent> {
    token: &'agent [u8],
    ours: Merged,
    everyones: Merged,
    stage: Stage,
}

/// What part of a group was read last.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Names,
    Rules,
}

/// All groups of one agent, as one.
#[derive(Default)]
struct Merged {
    state: State,
    rules: Vec<Rule>,
    crawl_delay: Option<Duration>,
}

/// Whether groups of an agent were found.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum State {
    #[default]
    Absent,
    /// The group that is being read is one.
    Open,
    /// Only earlier groups were.
    Closed,
}

impl<'agent> Groups<'agent> {
    fn new(agent: &'agent str) -> Self {
        Self {
            token: product_token(agent.as_bytes()),
            ours: Merged::default(),
            everyones: Merged::default(),
            stage: Stage::Names,
        }
    }

    fn name(&mut self, name: &[u8]) {
        if self.stage == Stage::Rules {
            self.ours.close();
            self.everyones.close();
            self.stage = Stage::Names;
        }
        let token = product_token(name);
        if !token.is_empty() && token.eq_ignore_ascii_case(self.token) {
            self.ours.state = State::Open;
        }
        if name.split(u8::is_ascii_whitespace).next() == Some(b"*") {
            self.everyones.state = State::Open;
        }
    }

    fn rule(&mut self, verdict: Verdict, pattern: &[u8]) {
        self.stage = Stage::Rules;
        // A rule without a pattern says nothing, but ends the names all the same.
        if !pattern.is_empty() {
            for group in self.open().filter(|group| group.rules.len() < Rules::MOST) {
                group.rules.push(Rule { verdict, pattern: Pattern::parse(pattern) });
            }
        }
    }

    /// The longest delay holds. As any line that RFC 9309 does not know, it does not end the names (§2.2.4).
    fn delay(&mut self, seconds: &[u8]) {
        let delay = delay(seconds);
        for group in self.open() {
            group.crawl_delay = group.crawl_delay.max(delay);
        }
    }

    fn open(&mut self) -> impl Iterator<Item = &mut Merged> {
        [&mut self.ours, &mut self.everyones].into_iter().filter(|group| group.state == State::Open)
    }

    /// A group that names us counts even if it is empty: it then allows everything.
    fn finish(self) -> Rules {
        let group = if self.ours.state == State::Absent { self.everyones } else { self.ours };
        Rules::new(group.rules, group.crawl_delay)
    }
}

impl Merged {
    fn close(&mut self) {
        if self.state == State::Open {
            self.state = State::Closed;
        }
    }
}

/// The part of a name that counts (§2.2.1).
fn product_token(name: &[u8]) -> &[u8] {
    let is_other = |byte: &u8| !(byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'-'));
    let length = name.iter().position(is_other).unwrap_or(name.len());
    &name[..length]
}

/// Seconds, with or without decimals. Nothing else: no sign, no exponent, no unit.
fn delay(seconds: &[u8]) -> Option<Duration> {
    if !seconds.iter().all(|byte| byte.is_ascii_digit() || *byte == b'.') {
        return None;
    }
    let seconds: f64 = str::from_utf8(seconds).ok()?.parse().ok()?;
    let delay = Duration::try_from_secs_f64(seconds.min(Rules::LONGEST_DELAY.as_secs_f64())).ok()?;
    (!delay.is_zero()).then_some(delay)
}
