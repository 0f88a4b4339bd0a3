//! Real files that remember what is not synced yet, so that a power cut can be played on them.
//!
//! Everything is written through, so killing the process loses nothing, as ever. Beside that, kept in memory: per file
//! what its last sync covered, and the synced bytes that were cut off since; per directory the names that changed since
//! its last sync, with a hard link to whatever file a name stood for. [`TrackedDisk::power_loss`] turns this into the
//! crash image. Files not opened through this disk count as synced.

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chance::Chance;
use super::os::{OsFileSystem, hard_link, is_directory};
use super::torn::crash_image;
use super::{File, FileSystem, parent, read_exact_at};

/// Hard links to files that lost their name carry this suffix; a log removes what a killed process left of them.
pub const KEPT_SUFFIX: &str = ".unsynced";

/// See the module. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct TrackedDisk {
    state: Arc<Mutex<State>>,
    /// Whether a sync also syncs. In a temporary directory nobody misses it.
    really_syncs: bool,
}

#[derive(Debug, Default)]
struct State {
    /// By path; absent means synced.
    files: HashMap<String, Tracking>,
    /// By directory, then by name: what the name stood for at the directory's last sync.
    names: BTreeMap<String, BTreeMap<String, Option<Kept>>>,
    links: u64,
    /// By path: set once the power was cut, for files opened before.
    dead: HashMap<String, Arc<AtomicBool>>,
}

/// What the last sync of a file covered.
#[derive(Debug, Default, Clone)]
struct Tracking {
    /// Shortest length since the last sync.
    common: u64,
    /// The synced bytes from `common` on, which are gone or overwritten.
    cut: Vec<u8>,
}

/// A file that lost its name without a sync.
#[derive(Debug)]
struct Kept {
    link: String,
    tracking: Option<Tracking>,
}

impl TrackedDisk {
    /// Files of the operating system; with `really_syncs` false, only the model is synced.
    #[must_use]
    pub fn new(really_syncs: bool) -> Self {
        Self {
            state: Arc::default(),
            really_syncs,
        }
    }

    /// Leaves under `directory` what a power cut would; without a seed everything not synced is gone.
    ///
    /// # Errors
    /// Whatever the system says.
    pub fn power_loss(&self, directory: &str, seed: Option<u64>) -> io::Result<()> {
        let mut chance = seed.map(Chance::new);
        let mut state = self.lock();
        let prefix = format!("{directory}/");
        let is_inside = |path: &String| path == directory || path.starts_with(&prefix);
        let mut files: Vec<String> = state
            .files
            .keys()
            .filter(|path| is_inside(path))
            .cloned()
            .collect();
        files.sort_unstable();
        for path in files {
            let tracking = state.files.remove(&path);
            leave_crash_image(&path, tracking, chance.as_mut())?;
        }
        state.dead.retain(|path, dead| {
            dead.fetch_or(is_inside(path), Ordering::Relaxed);
            !is_inside(path)
        });
        let changed: Vec<String> = state
            .names
            .keys()
            .filter(|path| is_inside(path))
            .cloned()
            .collect();
        for directory in changed {
            for (name, kept) in state.names.remove(&directory).unwrap_or_default() {
                restore(&format!("{directory}/{name}"), kept, chance.as_mut())?;
            }
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Gives a file the content that a power cut leaves.
fn leave_crash_image(
    path: &str,
    tracking: Option<Tracking>,
    chance: Option<&mut Chance>,
) -> io::Result<()> {
    let Some(Tracking { common, cut }) = tracking else {
        return Ok(());
    };
    let Some(length) = OsFileSystem.length(path)? else {
        return Ok(());
    };
    let file = OsFileSystem.open(path, false)?;
    // Only what lies past the common bytes can differ, so only that is read and written.
    let mut tail =
        vec![0; usize::try_from(length.saturating_sub(common)).map_err(io::Error::other)?];
    read_exact_at(&*file, &mut tail, common)?;
    let image = crash_image(&cut, &tail, 0, chance);
    file.truncate(common)?;
    file.append(&[&image])
}

/// Lets a name stand for what it stood for at the last sync of its directory, or by chance for what it stands for now.
fn restore(path: &str, kept: Option<Kept>, mut chance: Option<&mut Chance>) -> io::Result<()> {
    let took_effect = chance.as_deref_mut().is_some_and(|chance| chance.one_in(2));
    match kept {
        Some(Kept { link, .. }) if took_effect => {
            OsFileSystem.remove_file(&link).map(|_removed| ())
        }
        Some(Kept { link, tracking }) => {
            leave_crash_image(&link, tracking, chance)?;
            OsFileSystem.rename(&link, path)
        }
        None if took_effect => Ok(()),
        None => OsFileSystem.remove_file(path).map(|_removed| ()),
    }
}

impl State {
    /// Notes that a name is about to change, and keeps the file it stands for.
    fn note_change(&mut self, path: &str) -> io::Result<()> {
        let (directory, name) = (
            parent(path).to_owned(),
            path.rsplit('/').next().unwrap_or(path).to_owned(),
        );
        let is_first_change = !self
            .names
            .get(&directory)
            .is_some_and(|names| names.contains_key(&name));
        let tracking = self.files.remove(path);
        self.dead.remove(path);
        if !is_first_change {
            return Ok(());
        }
        let mut kept = None;
        if OsFileSystem.length(path)?.is_some() {
            self.links += 1;
            let link = format!("{directory}/{}{KEPT_SUFFIX}", self.links);
            OsFileSystem.remove_file(&link)?;
            hard_link(path, &link)?;
            kept = Some(Kept { link, tracking });
        }
        self.names.entry(directory).or_default().insert(name, kept);
        Ok(())
    }

    /// Lets what is known of a directory follow it to its new name.
    fn move_tree(&mut self, source: &str, target: &str) {
        let moved = |path: &str| {
            let rest = path.strip_prefix(source)?;
            (rest.is_empty() || rest.starts_with('/')).then(|| format!("{target}{rest}"))
        };
        let rename = |path: String| moved(&path).unwrap_or(path);
        self.files = self
            .files
            .drain()
            .map(|(path, tracking)| (rename(path), tracking))
            .collect();
        self.dead = self
            .dead
            .drain()
            .map(|(path, dead)| (rename(path), dead))
            .collect();
        self.names = std::mem::take(&mut self.names)
            .into_iter()
            .map(|(path, names)| (rename(path), names))
            .collect();
    }

    fn forget(&mut self, directory: &str) -> io::Result<()> {
        for kept in self
            .names
            .remove(directory)
            .unwrap_or_default()
            .into_values()
            .flatten()
        {
            OsFileSystem.remove_file(&kept.link)?;
        }
        Ok(())
    }
}

#[derive(Debug)]
struct TrackedFile {
    disk: TrackedDisk,
    file: Arc<dyn File>,
    path: String,
    dead: Arc<AtomicBool>,
}

impl TrackedFile {
    fn state(&self) -> io::Result<MutexGuard<'_, State>> {
        let state = self.disk.lock();
        if self.dead.load(Ordering::Relaxed) {
            return Err(io::Error::other(
                "the power was cut after this file was opened",
            ));
        }
        Ok(state)
    }

    /// The tracking of this file, starting from "all of it is synced".
    fn track<'s>(&self, state: &'s mut State) -> io::Result<&'s mut Tracking> {
        if !state.files.contains_key(&self.path) {
            let common = OsFileSystem.length(&self.path)?.unwrap_or(0);
            state.files.insert(
                self.path.clone(),
                Tracking {
                    common,
                    cut: Vec::new(),
                },
            );
        }
        state
            .files
            .get_mut(&self.path)
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl File for TrackedFile {
    fn append(&self, parts: &[&[u8]]) -> io::Result<()> {
        let mut state = self.state()?;
        self.track(&mut state)?;
        self.file.append(parts)
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        drop(self.state()?);
        self.file.read_at(buffer, position)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.state()?;
        let tracking = self.track(&mut state)?;
        if length < tracking.common {
            let mut cut =
                vec![0; usize::try_from(tracking.common - length).map_err(io::Error::other)?];
            read_exact_at(&*self.file, &mut cut, length)?;
            cut.append(&mut tracking.cut);
            *tracking = Tracking {
                common: length,
                cut,
            };
        }
        self.file.truncate(length)
    }

    fn own(&self) -> io::Result<()> {
        drop(self.state()?);
        self.file.own()
    }

    fn sync(&self) -> io::Result<()> {
        drop(self.state()?);
        // Appends go on while the disk works; what they add is not covered.
        let covered = OsFileSystem.length(&self.path)?;
        let before = self
            .state()?
            .files
            .get(&self.path)
            .map(|tracking| tracking.common);
        if self.disk.really_syncs {
            self.file.sync()?;
        }
        let mut state = self.state()?;
        if let (Some(tracking), Some(covered)) = (state.files.get_mut(&self.path), covered)
            && Some(tracking.common) == before
        {
            let length = OsFileSystem.length(&self.path)?.unwrap_or(0);
            *tracking = Tracking {
                common: covered.min(length),
                cut: Vec::new(),
            };
        }
        Ok(())
    }
}

impl FileSystem for TrackedDisk {
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>> {
        let mut state = self.lock();
        if create && OsFileSystem.length(path)?.is_none() {
            state.note_change(path)?;
            state.files.insert(path.to_owned(), Tracking::default());
        }
        let file = OsFileSystem.open(path, create)?;
        let dead = Arc::clone(state.dead.entry(path.to_owned()).or_default());
        Ok(Arc::new(TrackedFile {
            disk: self.clone(),
            file,
            path: path.to_owned(),
            dead,
        }))
    }

    fn length(&self, path: &str) -> io::Result<Option<u64>> {
        OsFileSystem.length(path)
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let mut names = OsFileSystem.list(directory)?;
        names.retain(|name| !name.ends_with(KEPT_SUFFIX));
        Ok(names)
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        OsFileSystem.create_directory(path)
    }

    fn rename(&self, source: &str, target: &str) -> io::Result<()> {
        let mut state = self.lock();
        if is_directory(source) {
            // Directories are renamed to be deleted later; playing that back would gain nothing.
            state.move_tree(source, target);
            return OsFileSystem.rename(source, target);
        }
        let tracking = state.files.get(source).cloned();
        state.note_change(target)?;
        state.note_change(source)?;
        OsFileSystem.rename(source, target)?;
        state
            .files
            .extend(tracking.map(|tracking| (target.to_owned(), tracking)));
        Ok(())
    }

    fn remove_file(&self, path: &str) -> io::Result<bool> {
        let mut state = self.lock();
        if OsFileSystem.length(path)?.is_none() {
            return Ok(false);
        }
        state.note_change(path)?;
        OsFileSystem.remove_file(path)
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        let prefix = format!("{path}/");
        state.files.retain(|file, _| !file.starts_with(&prefix));
        state.dead.retain(|file, _| !file.starts_with(&prefix));
        state
            .names
            .retain(|directory, _| directory != path && !directory.starts_with(&prefix));
        OsFileSystem.remove_tree(path)
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        if self.really_syncs {
            OsFileSystem.sync_directory(path)?;
        }
        state.forget(path)
    }
}
