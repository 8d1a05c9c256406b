//! What is being done when a call fails.

use std::{collections::BTreeMap, fs, path::Path};

use rustix::io::Errno;
use tempfile::TempDir;

use super::{
    super::{
        bench::{Bench, options},
        double::IMAGE,
        origin::{Origin, Version},
    },
    copy, folder,
    judge::{Found, chain, sums},
    shaky::Shaky,
};
use crate::{
    disk::{
        Call,
        torture::{Kind, Point, Torture},
    },
    event::Outcome,
    list::{Lists, Source},
    options::{Accept, Durability, Existing, Gone, Options, Share},
    plan::Plan,
    run::WINDOW,
    stop::StopSignal,
    template::Template,
    verify::{Depth, Remedy, verify},
};

pub(super) struct Scene {
    pub(super) name: &'static str,
    /// About so many points are tried in a usual test run.
    pub(super) usual: usize,
    /// So many calls of one kind are tried at most.
    pub(super) of_a_kind: usize,
    list: String,
    /// What the server has.
    origin: fn() -> Origin,
    options: Options,
    /// A run that came before, and what the server had then.
    earlier: Option<(fn() -> Origin, Options)>,
    /// What was done to the folder after that.
    meddle: fn(&Path),
    window: usize,
    claims_in_memory: usize,
    lacks: &'static [(Call, Errno)],
    /// Whether the files are verified, and what is bad is fetched again, without the list.
    repairs: bool,
}

impl Scene {
    fn new(name: &'static str, list: &str, origin: fn() -> Origin) -> Self {
        Self {
            name,
            usual: 40,
            of_a_kind: usize::MAX,
            list: list.into(),
            origin,
            options: options(2),
            earlier: None,
            meddle: |_| (),
            window: WINDOW,
            claims_in_memory: 1 << 16,
            lacks: &[],
            repairs: false,
        }
    }

    fn after(self, earlier: fn() -> Origin) -> Self {
        Self { earlier: Some((earlier, options(2))), ..self }
    }

    fn plan(&self, folder: &Path) -> Result<Plan, String> {
        if self.repairs {
            return Ok(Plan::mending());
        }
        let template = Template::parse("http://h/{code}").expect("a template");
        let lists = Lists::open(vec![Source::File(folder.join("list"))]);
        let mut plan = Plan::new(lists.map_err(|error| chain(&error))?, template, None);
        plan.keep_claims_in_memory(self.claims_in_memory);
        Ok(plan)
    }

    /// What was here before.
    pub(super) async fn prepare(&self) -> TempDir {
        let folder = folder();
        fs::write(folder.path().join("list"), &self.list).expect("written");
        let mut bench = Bench::below(folder);
        if let Some((origin, options)) = &self.earlier {
            bench.run(&self.list, &origin(), options.clone()).await.expect("nothing fails yet");
        }
        (self.meddle)(&bench.out());
        bench.folder
    }

    /// Plays the scene in a copy of a folder, with a call that fails or without.
    pub(super) async fn play(&self, before: &TempDir, point: Option<Point>) -> (Found, BTreeMap<Kind, usize>, TempDir) {
        let mut bench = Bench::below(folder());
        copy(before.path(), bench.folder.path());
        let root = bench.folder.path().to_owned();
        let torture = Torture::new(&root, self.lacks, point);
        let server = Shaky { origin: (self.origin)(), folder: root.clone().into() };
        let ended = self.act(&mut bench, &root, &server).await;
        let counts = torture.counts();
        drop(torture);
        let found = Found { ended, failures: std::mem::take(&mut bench.recorder.failures), ..Found::of(&bench.out()) };
        (found, counts, bench.folder)
    }

    async fn act(&self, bench: &mut Bench, root: &Path, server: &Shaky) -> Result<BTreeMap<&'static str, u64>, String> {
        let mut all = BTreeMap::new();
        if self.repairs {
            let verified = verify(&bench.out(), Depth::Full, Remedy::Forget, StopSignal::never(), &mut ()).await;
            let verified = verified.map_err(|error| chain(&error))?;
            assert!(verified.complete, "{verified:?}");
            all.insert("looked at", verified.whole + verified.bad.values().sum::<u64>());
        }
        let ended = bench.run_plan(self.plan(root)?, self.window, server, self.options.clone()).await;
        let summary = ended.map_err(|error| chain(&error.cause))?;
        assert!(summary.all_read && summary.tally.of(Outcome::Left) == 0, "{summary:?}");
        all.extend(sums(&summary.tally));
        all.insert("deleted", summary.deleted);
        Ok(all)
    }
}

/// A whole image that differs from [`IMAGE`].
fn image(number: u8) -> Vec<u8> {
    [IMAGE, &[number]].concat()
}

fn put(origin: &Origin, path: &str, number: u8) {
    origin.put(path, Version::new(image(number), &format!("\"{number}\"")));
}

/// A few images, of some number, and a page that is none.
fn small(number: u8) -> Origin {
    let origin = Origin::default();
    for path in ["a", "b", "c", "d", "e", "f"] {
        put(&origin, path, number);
    }
    origin.put("page", Version::new("<!DOCTYPE html><p>no</p>", "\"page\""));
    origin
}

fn first() -> Origin {
    small(1)
}

fn second() -> Origin {
    small(2)
}

const LIST: &str = "a\nb\nc\nmissing\nd\na\npage\nftp://x\ne\nf\n";

pub(super) fn a_first_run() -> Scene {
    Scene::new("a first run", LIST, first)
}

fn large() -> Origin {
    let origin = Origin::default();
    for number in [1, 2] {
        let mut bytes = vec![number; 3 << 19];
        for (at, byte) in bytes.iter_mut().enumerate().step_by(509) {
            *byte ^= at.to_le_bytes()[1];
        }
        origin.put(&format!("large{number}"), Version::new(bytes, &format!("\"{number}\"")));
    }
    origin.tell_hashes().cut(&[5 << 18, 5 << 18, 100]);
    origin
}

pub(super) fn large_files_that_are_cut() -> Scene {
    let options = Options { accept: Accept::Any, ..options(2) };
    Scene { options, usual: 24, ..Scene::new("large files that are cut", "large1\nlarge2\n", large) }
}

pub(super) fn one_large_file() -> Scene {
    Scene { list: "large1\n".into(), ..large_files_that_are_cut() }
}

pub(super) fn a_run_after_another() -> Scene {
    let meddle = |out: &Path| {
        fs::remove_file(out.join("a")).expect("it was there");
        fs::write(out.join("b"), &IMAGE[..20]).expect("written");
    };
    Scene { meddle, ..Scene::new("a run after another", LIST, first).after(first) }
}

fn changed() -> Origin {
    let origin = small(1);
    for path in ["a", "b"] {
        put(&origin, path, 2);
    }
    origin.remove("c").remove("d");
    put(&origin, "missing", 3);
    origin
}

pub(super) fn an_update() -> Scene {
    let options = Options { existing: Existing::Update, gone: Gone::Delete(Share::Part(1.0)), ..options(2) };
    Scene { options, ..Scene::new("an update", LIST, changed).after(first) }
}

fn colliding(add: u8) -> Origin {
    let origin = Origin::default();
    for (number, path) in (0..).zip(["1/x.gif", "2/x.gif", "3/X.gif", "4/y.gif"]) {
        put(&origin, path, number + add);
    }
    origin
}

const COLLIDING: &str = "http://h/1/x.gif\nhttp://h/2/x.gif\nhttp://h/3/X.gif\nhttp://h/4/y.gif\nhttp://h/1/x.gif\n";

pub(super) fn colliding_names_that_are_replaced() -> Scene {
    let options = Options { existing: Existing::Overwrite, ..options(2) };
    let scene = Scene::new("colliding names that are replaced", COLLIDING, || colliding(10));
    Scene { options, ..scene.after(|| colliding(0)) }
}

fn held() -> Origin {
    let origin = Origin::default();
    origin.refuse("held0", 1);
    origin
}

/// Of a host that wants to be left alone there are more than the window holds; nobody has any of it in the end.
pub(super) fn jobs_that_wait_on_disk() -> Scene {
    let list: String = (0..1100).map(|number| format!("http://held/held{number}\n")).collect();
    let list = list + &(0..20).map(|number| format!("http://good/{number}\n")).collect::<String>();
    Scene { window: 512, usual: 24, of_a_kind: 12, ..Scene::new("jobs that wait on disk", &list, held) }
}

pub(super) fn claims_on_disk() -> Scene {
    let list: String = (0..100).map(|number| format!("{number}\n")).collect();
    Scene { claims_in_memory: 40, of_a_kind: 40, ..Scene::new("claims on disk", &list, Origin::default) }
}

pub(super) fn files_that_are_synced() -> Scene {
    let options = Options { durability: Durability::File, ..options(2) };
    Scene { options, ..Scene::new("files that are synced", LIST, first) }
}

pub(super) fn files_that_are_replaced_and_synced_in_batches() -> Scene {
    let options = Options { durability: Durability::Batch, existing: Existing::Overwrite, ..options(2) };
    Scene { options, ..Scene::new("files that are replaced and synced in batches", LIST, second).after(first) }
}

fn lose_power(out: &Path) {
    let database = rusqlite::Connection::open(out.join(".flagdl/ledger.db")).expect("a database");
    database.execute_batch("UPDATE run SET boot = 'an earlier one', ended = NULL, ending = NULL").expect("changed");
    damage(out);
}

fn damage(out: &Path) {
    fs::write(out.join("a"), []).expect("written");
    fs::write(out.join("b"), vec![0; image(1).len()]).expect("written");
    fs::remove_file(out.join("c")).expect("it was there");
}

pub(super) fn a_run_after_a_power_loss() -> Scene {
    Scene { meddle: lose_power, ..Scene::new("a run after a power loss", LIST, first).after(first) }
}

pub(super) fn a_verification_and_its_repair() -> Scene {
    let scene = Scene::new("a verification and its repair", LIST, first);
    Scene { meddle: damage, repairs: true, ..scene.after(first) }
}

pub(super) fn files_that_are_adopted() -> Scene {
    let meddle = |out: &Path| {
        fs::create_dir(out).expect("a new folder");
        for (name, bytes) in [("a", image(1)), ("b", image(1)), ("c", IMAGE[..20].to_vec()), ("d", Vec::new())] {
            fs::write(out.join(name), bytes).expect("written");
        }
    };
    let options = Options { adopt: true, ..options(2) };
    Scene { options, meddle, ..Scene::new("files that are adopted", LIST, first) }
}

pub(super) fn a_file_system_that_knows_names_only() -> Scene {
    let options = Options { existing: Existing::Overwrite, ..options(2) };
    let scene = Scene::new("a file system that knows names only", "a\nb\nnew\nd\n", || {
        let origin = second();
        put(&origin, "new", 3);
        origin
    });
    Scene { options, lacks: &[(Call::OpenNameless, Errno::OPNOTSUPP)], ..scene.after(first) }
}

pub(super) fn a_file_system_without_hard_links() -> Scene {
    let lacks: &[_] = &[(Call::OpenNameless, Errno::OPNOTSUPP), (Call::Link, Errno::PERM)];
    let scene = a_file_system_that_knows_names_only();
    Scene { name: "a file system without hard links", lacks, ..scene }
}
