//! A disk in memory, for the simulator: it remembers what a power cut would leave.
//!
//! Every file has a *volatile* content, which programs see, and a *durable* one, as of its last sync. Every directory has
//! volatile and durable entries likewise, because a file that is synced but whose name is not is lost as well.
//! [`SimulatedDisk::power_loss`] makes the durable state the visible one, or with a seed a random mixture of both that a
//! real disk could leave. Handles opened before it are dead.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::io::{self, ErrorKind};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::chance::Chance;
use super::torn::crash_image;
use super::{File, FileSystem};

type NodeId = u64;
const ROOT: NodeId = 0;

/// See the module. Clones are the same disk.
#[derive(Debug, Clone)]
pub struct SimulatedDisk {
    state: Arc<Mutex<State>>,
    seed: u64,
}

#[derive(Debug)]
struct State {
    nodes: HashMap<NodeId, Node>,
    next_id: NodeId,
    /// (path prefix, how many syncs under it will still fail)
    failing: Vec<(String, u32)>,
    full: bool,
    /// How many changes the disk still makes before its power is cut; `None`: any number.
    changes_left: Option<u64>,
}

#[derive(Debug)]
enum Node {
    File(Content),
    Directory(Entries),
}

#[derive(Debug, Default)]
struct Content {
    volatile: Vec<u8>,
    durable: Vec<u8>,
    /// Shortest length since the last sync; up to here both contents agree.
    common: usize,
    /// A sync failed: the system believes these bytes clean now and will never write them.
    poisoned: bool,
}

#[derive(Debug, Default)]
struct Entries {
    volatile: BTreeMap<String, NodeId>,
    durable: BTreeMap<String, NodeId>,
}

impl SimulatedDisk {
    /// An empty disk. The seed colours the crash images of seeded power losses.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        let nodes = HashMap::from([(ROOT, Node::Directory(Entries::default()))]);
        let state = State {
            nodes,
            next_id: ROOT + 1,
            failing: Vec::new(),
            full: false,
            changes_left: None,
        };
        Self {
            state: Arc::new(Mutex::new(state)),
            seed,
        }
    }

    /// Leaves under `directory` what a power cut would. Without a seed everything not synced is gone.
    pub fn power_loss(&self, directory: &str, seed: Option<u64>) {
        let mut chance = seed.map(|seed| Chance::new(seed ^ self.seed.rotate_left(32)));
        let mut state = self.lock();
        state.changes_left = None;
        if let Some(id) = state.find(directory) {
            state.crash(id, chance.as_mut(), &mut HashMap::new());
            state.forget_unreachable();
        }
    }

    /// The next `times` syncs of files and directories at or under the prefix fail; 0: they work again.
    pub fn fail_sync(&self, path_prefix: &str, times: u32) {
        let mut state = self.lock();
        state.failing.retain(|(prefix, _)| prefix != path_prefix);
        state.failing.push((path_prefix.to_owned(), times));
    }

    /// The power goes after so many more changes, wherever that is in whatever operation: every later change fails,
    /// until [`SimulatedDisk::power_loss`] says what is left and the power is back.
    pub fn cut_power_after(&self, changes: u64) {
        self.lock().changes_left = Some(changes);
    }

    /// While full, nothing grows.
    pub fn set_full(&self, full: bool) {
        self.lock().full = full;
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn find(&self, path: &str) -> Option<NodeId> {
        components(path).try_fold(ROOT, |id, name| {
            self.entries(id)?.volatile.get(name).copied()
        })
    }

    fn entries(&self, id: NodeId) -> Option<&Entries> {
        match self.nodes.get(&id) {
            Some(Node::Directory(entries)) => Some(entries),
            _ => None,
        }
    }

    /// The entries of the directory that holds `path`, and the last part of `path`.
    fn parent_of<'p>(&mut self, path: &'p str) -> io::Result<(&mut Entries, &'p str)> {
        let (directory, name) = path
            .trim_end_matches('/')
            .rsplit_once('/')
            .unwrap_or(("", path));
        let id = self.find(directory).ok_or_else(|| not_found(directory))?;
        match self.nodes.get_mut(&id) {
            Some(Node::Directory(entries)) => Ok((entries, name)),
            _ => Err(ErrorKind::NotADirectory.into()),
        }
    }

    fn content(&mut self, id: NodeId) -> io::Result<&mut Content> {
        match self.nodes.get_mut(&id) {
            Some(Node::File(content)) => Ok(content),
            _ => Err(io::Error::other(
                "the power was cut after this file was opened",
            )),
        }
    }

    /// Counts one change.
    fn change(&mut self) -> io::Result<()> {
        match &mut self.changes_left {
            None => Ok(()),
            Some(0) => Err(io::Error::other("the power was cut")),
            Some(left) => {
                *left -= 1;
                Ok(())
            }
        }
    }

    fn add(&mut self, node: Node) -> NodeId {
        let id = self.next_id;
        self.next_id += 1;
        self.nodes.insert(id, node);
        id
    }

    /// Fails if told to, once per telling.
    fn check_sync(&mut self, path: &str) -> io::Result<()> {
        let told = self
            .failing
            .iter_mut()
            .find(|(prefix, times)| *times > 0 && path.starts_with(prefix.as_str()));
        match told {
            Some((_, times)) => {
                *times -= 1;
                Err(io::Error::other(format!(
                    "{path}: the sync was told to fail"
                )))
            }
            None => Ok(()),
        }
    }

    /// Replaces the node by its crash image, under a new id so that open handles are dead; returns the id.
    ///
    /// `done` knows the nodes already replaced: after a rename that was not synced a node may have two names.
    fn crash(
        &mut self,
        id: NodeId,
        mut chance: Option<&mut Chance>,
        done: &mut HashMap<NodeId, NodeId>,
    ) -> NodeId {
        if let Some(&crashed) = done.get(&id) {
            return crashed;
        }
        let crashed = match self.nodes.remove(&id) {
            Some(Node::File(content)) => {
                let image =
                    crash_image(&content.durable, &content.volatile, content.common, chance);
                let common = image.len();
                self.add(Node::File(Content {
                    volatile: image.clone(),
                    durable: image,
                    common,
                    poisoned: false,
                }))
            }
            Some(Node::Directory(entries)) => {
                let survivors: Vec<(String, NodeId)> =
                    surviving(&entries, chance.as_deref_mut()).collect();
                let crashed: BTreeMap<String, NodeId> = survivors
                    .into_iter()
                    .map(|(name, child)| (name, self.crash(child, chance.as_deref_mut(), done)))
                    .collect();
                // A directory keeps its id: its parent may be outside of what lost power.
                let entries = Entries {
                    volatile: crashed.clone(),
                    durable: crashed,
                };
                self.nodes.insert(id, Node::Directory(entries));
                id
            }
            None => id,
        };
        done.insert(id, crashed);
        crashed
    }

    /// Frees files that no name leads to.
    fn forget_unreachable(&mut self) {
        let mut reachable = HashSet::from([ROOT]);
        let mut to_visit = vec![ROOT];
        while let Some(entries) = to_visit.pop().and_then(|id| self.entries(id)) {
            let found: Vec<NodeId> = entries
                .volatile
                .values()
                .chain(entries.durable.values())
                .copied()
                .collect();
            for id in found {
                if reachable.insert(id) {
                    to_visit.extend(self.entries(id).map(|_directory| id));
                }
            }
        }
        self.nodes.retain(|id, _| reachable.contains(id));
    }
}

/// The entries on disk after a power cut: those that both sides agree on, and of the others the durable side or, by
/// chance, the volatile one.
fn surviving(
    entries: &Entries,
    mut chance: Option<&mut Chance>,
) -> impl Iterator<Item = (String, NodeId)> {
    let mut names: Vec<&String> = entries
        .volatile
        .keys()
        .chain(entries.durable.keys())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.into_iter().filter_map(move |name| {
        let (volatile, durable) = (entries.volatile.get(name), entries.durable.get(name));
        let took_effect =
            volatile != durable && chance.as_deref_mut().is_some_and(|chance| chance.one_in(2));
        let survivor = if took_effect { volatile } else { durable };
        survivor.map(|id| (name.clone(), *id))
    })
}

#[derive(Debug)]
struct SimulatedFile {
    disk: SimulatedDisk,
    id: NodeId,
    path: String,
}

impl File for SimulatedFile {
    fn append(&self, parts: &[&[u8]]) -> io::Result<()> {
        let mut state = self.disk.lock();
        if state.full && parts.iter().any(|part| !part.is_empty()) {
            return Err(ErrorKind::StorageFull.into());
        }
        state.change()?;
        let content = state.content(self.id)?;
        for part in parts {
            content.volatile.extend_from_slice(part);
        }
        Ok(())
    }

    fn read_at(&self, buffer: &mut [u8], position: u64) -> io::Result<usize> {
        let mut state = self.disk.lock();
        let content = state.content(self.id)?;
        let from = usize::try_from(position).unwrap_or(usize::MAX);
        let there = content.volatile.get(from..).unwrap_or_default();
        let count = there.len().min(buffer.len());
        for (target, source) in buffer.iter_mut().zip(there) {
            *target = *source;
        }
        Ok(count)
    }

    fn truncate(&self, length: u64) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.change()?;
        let content = state.content(self.id)?;
        content
            .volatile
            .truncate(usize::try_from(length).unwrap_or(usize::MAX));
        content.common = content.common.min(content.volatile.len());
        Ok(())
    }

    fn own(&self) -> io::Result<()> {
        // No file here has a second name.
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.disk.lock();
        state.change()?;
        let told = state.check_sync(&self.path);
        let content = state.content(self.id)?;
        if told.is_err() {
            content.poisoned = true;
            return told;
        }
        if !content.poisoned {
            content.durable.truncate(content.common);
            content
                .durable
                .extend_from_slice(content.volatile.get(content.common..).unwrap_or_default());
            content.common = content.volatile.len();
        }
        Ok(())
    }
}

impl FileSystem for SimulatedDisk {
    fn open(&self, path: &str, create: bool) -> io::Result<Arc<dyn File>> {
        let mut state = self.lock();
        let id = match state.find(path) {
            Some(id) => id,
            None if create => {
                state.change()?;
                let id = state.add(Node::File(Content::default()));
                let (entries, name) = state.parent_of(path)?;
                entries.volatile.insert(name.to_owned(), id);
                id
            }
            None => return Err(not_found(path)),
        };
        state.content(id)?;
        Ok(Arc::new(SimulatedFile {
            disk: self.clone(),
            id,
            path: path.to_owned(),
        }))
    }

    fn length(&self, path: &str) -> io::Result<Option<u64>> {
        let mut state = self.lock();
        let Some(id) = state.find(path) else {
            return Ok(None);
        };
        Ok(Some(state.content(id)?.volatile.len() as u64))
    }

    fn list(&self, directory: &str) -> io::Result<Vec<String>> {
        let state = self.lock();
        let entries = state.find(directory).and_then(|id| state.entries(id));
        Ok(entries
            .map(|entries| entries.volatile.keys().cloned().collect())
            .unwrap_or_default())
    }

    fn create_directory(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        if state.find(path).is_none() {
            state.change()?;
            let id = state.add(Node::Directory(Entries::default()));
            let (entries, name) = state.parent_of(path)?;
            entries.volatile.insert(name.to_owned(), id);
        }
        Ok(())
    }

    fn rename(&self, source: &str, target: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        let (entries, name) = state.parent_of(source)?;
        let id = entries
            .volatile
            .remove(name)
            .ok_or_else(|| not_found(source))?;
        let (entries, name) = state.parent_of(target)?;
        entries.volatile.insert(name.to_owned(), id);
        Ok(())
    }

    fn remove_file(&self, path: &str) -> io::Result<bool> {
        let mut state = self.lock();
        state.change()?;
        match state.parent_of(path) {
            Ok((entries, name)) => Ok(entries.volatile.remove(name).is_some()),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn remove_tree(&self, path: &str) -> io::Result<()> {
        self.remove_file(path).map(|_removed| ())
    }

    fn sync_directory(&self, path: &str) -> io::Result<()> {
        let mut state = self.lock();
        state.change()?;
        state.check_sync(path)?;
        let id = state.find(path).ok_or_else(|| not_found(path))?;
        if let Some(Node::Directory(entries)) = state.nodes.get_mut(&id) {
            entries.durable.clone_from(&entries.volatile);
        }
        Ok(())
    }
}

fn components(path: &str) -> impl Iterator<Item = &str> {
    path.split('/')
        .filter(|name| !name.is_empty() && *name != ".")
}

fn not_found(path: &str) -> io::Error {
    io::Error::new(ErrorKind::NotFound, path.to_owned())
}
