//! Torture: each call that can fail fails once, in a dozen scenes, with each error that it can have.
//!
//! Promises: whatever fails, a run ends, without a panic and within [`LONGEST`]; its sums hold; what has a final name is
//! whole; what it says names the failure; a signal or a short write changes nothing at all. The next run, in which
//! nothing fails, ends with the files, the rows and the sums that a quiet one has, and nothing is left over.
//!
//! What surprises: in a usual test run each scene tries some dozens of its points; `every_point` tries them all, but for
//! two scenes that repeat themselves, of which it tries as many as they say, spread evenly. The database's own calls to
//! the system are not reached from here: its answers fail, and tests/e2e has the rest.

mod judge;
mod points;
mod scenes;
mod shaky;

use std::{
    fs, io,
    path::Path,
    sync::{Arc, mpsc},
    thread,
    time::Duration,
};

use rustix::io::Errno;
use tempfile::TempDir;

use self::{
    judge::{Found, complaints},
    points::points,
    scenes::Scene,
};
use crate::disk::{
    Call,
    torture::{Kind, Point, Trouble},
};

/// How long a scene may take, with what comes before it and after it.
const LONGEST: Duration = Duration::from_secs(60);

/// A folder where syncing costs nothing, if there is one.
fn folder() -> TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// A copy of a folder. Who reads the ledger for a run may let go of it a moment after the run's end, and takes its log away:
/// then it is copied once more.
fn copy(from: &Path, to: &Path) {
    while let Err(error) = try_copy(from, to) {
        assert_eq!(error.kind(), io::ErrorKind::NotFound, "{error}");
        fs::remove_dir_all(to).expect("removed");
    }
}

fn try_copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            try_copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}

/// What is done on a thread of its own, in virtual time, unless it takes too long.
fn guarded<D: Send + 'static>(work: impl AsyncFnOnce() -> D + Send + 'static) -> Result<D, String> {
    let (tell, told) = mpsc::channel();
    let thread = thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        let done = runtime.expect("a runtime").block_on(work());
        // Nobody waits for one that took too long.
        let _ = tell.send(());
        done
    });
    match told.recv_timeout(LONGEST) {
        Err(mpsc::RecvTimeoutError::Timeout) => Err(format!("no end after {LONGEST:?}")),
        _ => thread.join().map_err(|panic| {
            let text = panic.downcast_ref::<String>().map(String::as_str).or(panic.downcast_ref::<&str>().copied());
            format!("panic: {}", text.unwrap_or("?"))
        }),
    }
}

/// What was here before, and what a quiet run and another one after it come to.
struct Rehearsed {
    prepared: TempDir,
    before: Found,
    quiet: Found,
    after: Found,
    points: Vec<Point>,
}

fn rehearse(scene: &Arc<Scene>, troubles: usize) -> Rehearsed {
    let own = Arc::clone(scene);
    let rehearsed = guarded(async move || {
        let prepared = own.prepare().await;
        let before = Found::of(&prepared.path().join("out"));
        let (quiet, counts, folder) = own.play(&prepared, None).await;
        let (after, _, _) = own.play(&folder, None).await;
        Rehearsed { prepared, before, quiet, after, points: points(&counts, troubles) }
    });
    rehearsed.unwrap_or_else(|error| panic!("{}: {error}", scene.name))
}

/// Has a call fail, and says what is then not as it should be.
fn try_point(scene: &Arc<Scene>, rehearsed: &Arc<Rehearsed>, point: Point) -> Vec<String> {
    let what = format!("{}: {point}", scene.name);
    let (own, known) = (Arc::clone(scene), Arc::clone(rehearsed));
    let tried = guarded(async move || {
        let (failed, _, folder) = own.play(&known.prepared, Some(point)).await;
        let (after, _, _) = own.play(&folder, None).await;
        complaints(point, &known, &failed, &after)
    });
    let complaints = tried.unwrap_or_else(|error| vec![error]);
    complaints.into_iter().map(|complaint| format!("{what}: {complaint}")).collect()
}

fn torture(scene: Scene, troubles: usize, most: usize) {
    let scene = Arc::new(scene);
    let rehearsed = Arc::new(rehearse(&scene, troubles));
    let chosen = points::choose(&rehearsed.points, most, scene.of_a_kind);
    let wrong: Vec<_> = chosen.iter().flat_map(|point| try_point(&scene, &rehearsed, *point)).collect();
    assert!(chosen.len() > 20, "{} has only {} points", scene.name, chosen.len());
    assert!(wrong.is_empty(), "{} of {} points: {:#?}", wrong.len(), chosen.len(), &wrong[..wrong.len().min(30)]);
}

/// All calls of a kind fail in one way, one after the other.
fn torture_all(scene: Scene, call: Call, error: Errno) {
    let scene = Arc::new(scene);
    let rehearsed = Arc::new(rehearse(&scene, usize::MAX));
    let is_one = |point: &&Point| point.kind == Kind::Disk(call) && point.trouble == Trouble::Error(error);
    let wrong: Vec<_> =
        rehearsed.points.iter().filter(is_one).flat_map(|point| try_point(&scene, &rehearsed, *point)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_is_gone_and_cannot_be_looked_at_is_not_forgotten() {
    torture_all(scenes::an_update(), Call::Look, Errno::NOSPC);
}

#[test]
fn a_ledger_that_cannot_be_looked_at_is_not_taken_for_none() {
    torture_all(scenes::a_verification_and_its_repair(), Call::Look, Errno::IO);
}

#[test]
fn a_signal_while_a_file_is_read_for_another_hash_costs_nothing() {
    torture_all(scenes::one_large_file(), Call::Read, Errno::INTR);
}

macro_rules! scenes {
    ($($scene:ident)*) => {
        $(
            #[test]
            fn $scene() {
                let scene = scenes::$scene();
                let most = scene.usual;
                torture(scene, 1, most);
            }
        )*

        #[test]
        #[ignore = "takes minutes"]
        fn every_point() {
            let scenes = [$(scenes::$scene()),*];
            thread::scope(|scope| {
                for scene in scenes {
                    scope.spawn(|| torture(scene, usize::MAX, usize::MAX));
                }
            });
        }
    };
}

scenes! {
    a_first_run
    large_files_that_are_cut
    a_run_after_another
    an_update
    colliding_names_that_are_replaced
    jobs_that_wait_on_disk
    claims_on_disk
    files_that_are_synced
    files_that_are_replaced_and_synced_in_batches
    a_run_after_a_power_loss
    a_verification_and_its_repair
    files_that_are_adopted
    a_file_system_that_knows_names_only
    a_file_system_without_hard_links
}
