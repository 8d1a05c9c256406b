//! Which calls fail, and how.

use std::collections::BTreeMap;

use rustix::io::Errno;

use crate::disk::{
    Call,
    torture::{Kind, Point, Trouble},
};

const DISK: [Trouble; 5] = [
    Trouble::Error(Errno::IO),
    Trouble::Error(Errno::NOSPC),
    Trouble::Error(Errno::MFILE),
    Trouble::Error(Errno::INTR),
    Trouble::Error(Errno::ACCESS),
];
const WRITES: [Trouble; 6] = [DISK[0], DISK[1], Trouble::Short, DISK[2], DISK[3], DISK[4]];
/// As `SQLite`'s codes: it makes interrupted calls again itself, but somebody else may have the file.
const DATABASE: [Trouble; 5] = [DISK[0], DISK[1], DISK[2], DISK[4], Trouble::Error(Errno::BUSY)];
/// As faults of the transport.
const NETWORK: [Trouble; 5] = [
    Trouble::Error(Errno::CONNRESET),
    Trouble::Error(Errno::CONNREFUSED),
    Trouble::Error(Errno::TIMEDOUT),
    Trouble::Error(Errno::PROTO),
    Trouble::Error(Errno::MFILE),
];

fn troubles(kind: Kind) -> &'static [Trouble] {
    match kind {
        Kind::Disk(Call::Write) => &WRITES,
        Kind::Disk(_) => &DISK,
        Kind::Database => &DATABASE,
        Kind::Send | Kind::Chunk => &NETWORK,
    }
}

/// All points of a scene with so many calls, each with at most so many troubles, which take turns.
pub(super) fn points(counts: &BTreeMap<Kind, usize>, most: usize) -> Vec<Point> {
    let mut points = Vec::new();
    for (turn, (kind, count)) in counts.iter().enumerate() {
        for number in 1..=*count {
            let all = troubles(*kind);
            let turned = all.iter().cycle().skip((turn + number) % all.len()).take(all.len().min(most));
            points.extend(turned.map(|trouble| Point { kind: *kind, number, trouble: *trouble }));
        }
    }
    points
}

/// At most about so many of them, and of one kind no more than so many calls, spread evenly; at least one of each kind.
pub(super) fn choose(points: &[Point], most: usize, of_a_kind: usize) -> Vec<Point> {
    let mut counts = BTreeMap::<_, usize>::new();
    for point in points {
        let count = counts.entry(point.kind).or_default();
        *count = point.number.max(*count);
    }
    let few = |point: &&Point| (point.number - 1).is_multiple_of(counts[&point.kind].div_ceil(of_a_kind));
    let points: Vec<_> = points.iter().filter(few).copied().collect();
    let stride = points.len().div_ceil(most);
    let mut kinds = std::collections::BTreeSet::new();
    let chosen =
        points.into_iter().enumerate().filter(|(at, point)| kinds.insert(point.kind) || at.is_multiple_of(stride));
    chosen.map(|(_, point)| point).collect()
}
