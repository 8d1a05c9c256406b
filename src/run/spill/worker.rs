//! The thread that has the file: it writes blocks and reads them back, one command after the other.
//!
//! Promises: a host's blocks are read in the order in which they were written, each once; a block that cannot be
//! written stays in memory, in its place in that order; a block that is in the file costs memory for where it is,
//! and for nothing else.
//!
//! What surprises: after the first failure to write nothing more is written, because what fills a disk is mostly the
//! downloads, and they need the space more.

use std::{
    collections::{HashMap, VecDeque},
    fs::File,
    io,
    os::unix::fs::FileExt,
    sync::{Arc, mpsc::Receiver},
};

use tokio::sync::mpsc::UnboundedSender;

use super::{codec::Codec, extents::Extents};
use crate::{
    disk::{self, Call, Open as OpenFile},
    link::Host,
    plan::Job,
    store::Store,
};

/// How the file is opened; [`Store::scratch`] but in tests.
pub(super) type Open = fn(&Store) -> io::Result<File>;

#[derive(Debug)]
pub(super) enum Command {
    /// Puts a block behind those of its host.
    Write(Host, Vec<Job>),
    /// Hands out the first block of a host.
    Read(Host),
}

#[derive(Debug)]
pub(super) struct Answer {
    pub(super) done: Done,
    /// How many bytes of the file hold jobs.
    pub(super) used: u64,
}

/// What has become of a command; each has one answer.
#[derive(Debug)]
pub(super) enum Done {
    /// So many jobs were taken in.
    Written(usize),
    /// As that, but they had to stay in memory, and so will all that follow. Told once.
    Broken(usize, io::Error),
    /// A block was read.
    Read(Host, Vec<Job>),
    /// A block of so many jobs cannot be read.
    Lost(Host, u64, io::Error),
}

/// Where a block is. This is what a spilled job costs in memory, shared with its whole block.
#[derive(Debug)]
enum Block {
    InFile {
        at: u64,
        length: u32,
        jobs: u32,
    },
    /// It could not be written.
    InMemory(Vec<Job>),
}

const _: () = assert!(size_of::<Block>() <= 32);

#[derive(Debug)]
pub(super) struct Worker {
    store: Arc<Store>,
    open: Open,
    /// From the first block on.
    file: Option<File>,
    extents: Extents,
    codec: Codec,
    blocks: HashMap<Host, VecDeque<Block>>,
    /// The bytes of one block, kept so that they are not allocated each time.
    bytes: Vec<u8>,
    broken: bool,
}

impl Worker {
    pub(super) fn new(store: Arc<Store>, open: Open) -> Self {
        Self {
            store,
            open,
            file: None,
            extents: Extents::default(),
            codec: Codec::default(),
            blocks: HashMap::new(),
            bytes: Vec::new(),
            broken: false,
        }
    }

    /// Obeys until nobody commands any more, or nobody wants the answers.
    pub(super) fn run(mut self, commands: &Receiver<Command>, answers: &UnboundedSender<Answer>) {
        for command in commands {
            let done = match command {
                Command::Write(host, jobs) => self.write(host, jobs),
                Command::Read(host) => self.read(host),
            };
            if answers.send(Answer { done, used: self.extents.used() }).is_err() {
                return;
            }
        }
    }

    fn write(&mut self, host: Host, jobs: Vec<Job>) -> Done {
        let count = jobs.len();
        let (block, done) = if self.broken {
            (Block::InMemory(jobs), Done::Written(count))
        } else {
            match self.append(&jobs) {
                Ok(block) => (block, Done::Written(count)),
                Err(error) => {
                    self.broken = true;
                    (Block::InMemory(jobs), Done::Broken(count, error))
                }
            }
        };
        self.blocks.entry(host).or_default().push_back(block);
        done
    }

    fn append(&mut self, jobs: &[Job]) -> io::Result<Block> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert((self.open)(&self.store)?),
        };
        self.bytes.clear();
        self.codec.encode(jobs, &mut self.bytes);
        let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
        let length = u32::try_from(self.bytes.len()).map_err(too_large)?;
        let jobs = u32::try_from(jobs.len()).map_err(too_large)?;
        let at = self.extents.take(length.into());
        if let Err(error) = OpenFile(&*file).write_all_at(&self.bytes, at) {
            self.extents.give_back(at, length.into());
            // On a full disk even half a block is missed by others. If this fails too, it is there for the run.
            let _ = disk::call(file, Call::Resize, || file.set_len(self.extents.end()));
            return Err(error);
        }
        Ok(Block::InFile { at, length, jobs })
    }

    fn read(&mut self, host: Host) -> Done {
        let Some(blocks) = self.blocks.get_mut(&host) else { return Done::Read(host, Vec::new()) };
        let first = blocks.pop_front();
        if blocks.is_empty() {
            self.blocks.remove(&host);
        }
        match first {
            None => Done::Read(host, Vec::new()),
            Some(Block::InMemory(jobs)) => Done::Read(host, jobs),
            Some(Block::InFile { at, length, jobs }) => {
                let read = self.fetch(at, length, jobs, &host);
                self.extents.give_back(at, length.into());
                self.shrink();
                match read {
                    Ok(jobs) => Done::Read(host, jobs),
                    Err(error) => Done::Lost(host, jobs.into(), error),
                }
            }
        }
    }

    fn fetch(&mut self, at: u64, length: u32, jobs: u32, host: &Host) -> io::Result<Vec<Job>> {
        let Some(file) = &self.file else { return Err(io::ErrorKind::NotFound.into()) };
        self.bytes.resize(length as usize, 0);
        OpenFile(file).read_exact_at(&mut self.bytes, at)?;
        self.codec.decode(&self.bytes, host, jobs as usize).ok_or_else(|| io::ErrorKind::InvalidData.into())
    }

    /// Gives the disk its space back as soon as nothing is in the file.
    fn shrink(&mut self) {
        if let Some(file) = &self.file
            && self.extents.end() == 0
        {
            // If it fails, the space is used again by the next block, and free at the end of the run.
            let _ = disk::call(file, Call::Resize, || file.set_len(0));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{fs::OpenOptions, path::Path};

    use super::{
        super::tests::{host, job, jobs, lines},
        *,
    };

    /// A worker with a file that has a name, so that it can be looked at.
    fn worker(path: &Path) -> Worker {
        let store = Store::open_alone(path.parent().expect("a folder"));
        let open = OpenOptions::new().create(true).truncate(true).read(true).write(true).open(path);
        Worker { file: Some(open.expect("a file")), ..Worker::new(store, Store::scratch) }
    }

    fn length(path: &Path) -> u64 {
        path.metadata().expect("a file").len()
    }

    fn read(worker: &mut Worker, number: usize) -> Vec<u64> {
        match worker.read(host(number)) {
            Done::Read(_, jobs) => lines(&jobs),
            other => panic!("{other:?}"),
        }
    }

    fn write(worker: &mut Worker, number: usize, from: u64, to: u64) {
        let done = worker.write(host(number), jobs(number, from..to));
        assert!(matches!(done, Done::Written(_)), "{done:?}");
    }

    #[test]
    fn the_file_is_empty_when_everything_has_come_back() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spill");
        let mut worker = worker(&path);
        for round in 0..2 {
            write(&mut worker, 0, 0, 100);
            write(&mut worker, 1, 0, 10);
            write(&mut worker, 0, 100, 150);
            assert_eq!(read(&mut worker, 0), (0..100).collect::<Vec<_>>());
            assert!(length(&path) > 1000, "round {round}");
            assert_eq!(read(&mut worker, 0), (100..150).collect::<Vec<_>>());
            assert_eq!(read(&mut worker, 1), (0..10).collect::<Vec<_>>());
            assert_eq!((length(&path), worker.extents.used()), (0, 0), "round {round}");
            assert!(worker.blocks.is_empty());
        }
    }

    #[test]
    fn a_host_that_is_always_here_does_not_make_the_file_grow() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spill");
        let mut worker = worker(&path);
        write(&mut worker, 0, 100, 200);
        write(&mut worker, 0, 200, 300);
        let before = length(&path);
        for round in 3..30 {
            write(&mut worker, 0, round * 100, round * 100 + 100);
            assert_eq!(read(&mut worker, 0).first(), Some(&(round * 100 - 200)));
        }
        assert!(length(&path) <= 3 * before, "{} after {before}", length(&path));
    }

    #[test]
    fn what_cannot_be_written_stays_in_its_place_and_nothing_is_written_after_it() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spill");
        let mut worker = worker(&path);
        write(&mut worker, 0, 0, 100);
        let before = length(&path);
        let writable = worker.file.replace(File::open(&path).expect("a file"));
        let done = worker.write(host(0), jobs(0, 100..200));
        assert!(matches!(done, Done::Broken(100, _)), "{done:?}");
        worker.file = writable;
        write(&mut worker, 0, 200, 300);
        assert_eq!((length(&path), worker.extents.used()), (before, before));
        for first in [0, 100, 200] {
            assert_eq!(read(&mut worker, 0), (first..first + 100).collect::<Vec<_>>());
        }
        assert_eq!(length(&path), 0);
    }

    #[test]
    fn what_cannot_be_read_is_told_with_its_count_and_hinders_no_other_block() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("spill");
        let mut worker = worker(&path);
        write(&mut worker, 0, 0, 100);
        let first = length(&path);
        write(&mut worker, 0, 100, 130);
        write(&mut worker, 0, 130, 200);
        let file = worker.file.take().expect("a file");
        let done = worker.read(host(0));
        assert!(matches!(&done, Done::Lost(_, 100, error) if error.kind() == io::ErrorKind::NotFound), "{done:?}");
        file.write_all_at(&[0xff; 10], first).expect("written");
        worker.file = Some(file);
        let done = worker.read(host(0));
        assert!(matches!(&done, Done::Lost(_, 30, error) if error.kind() == io::ErrorKind::InvalidData), "{done:?}");
        assert_eq!(read(&mut worker, 0), (130..200).collect::<Vec<_>>());
        assert_eq!(worker.extents.used(), 0);
    }

    #[test]
    fn nobody_else_can_see_the_file() {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open_alone(folder.path());
        let mut worker = Worker::new(store, Store::scratch);
        assert!(matches!(worker.write(host(0), vec![job(0, 7)]), Done::Written(1)));
        let count = |path: &Path| std::fs::read_dir(path).expect("a folder").count();
        assert_eq!((count(folder.path()), count(&folder.path().join(".flagdl"))), (1, 0));
        assert_eq!(read(&mut worker, 0), [7]);
    }
}
