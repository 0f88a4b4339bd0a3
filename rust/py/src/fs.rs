//! File systems, and the small files kept beside the logs.

use std::sync::Arc;

use minikafka_log::files;
use minikafka_log::fs::{FileSystem, OsFileSystem, SimulatedDisk, TrackedDisk};
use minikafka_log::log::{Checkpoint, LogConfig};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::buffer::BytesLike;
use crate::error::io_error;
use crate::log::{ConfigArgument, Log};

/// A file system.
#[pyclass(frozen, module = "minikafka._core")]
pub struct Disk {
    fs: Arc<dyn FileSystem>,
    faults: Faults,
}

/// What can be done to a disk besides using it.
enum Faults {
    None,
    Simulated(SimulatedDisk),
    Tracked(TrackedDisk),
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)]
impl Disk {
    #[staticmethod]
    fn os() -> Self {
        Self {
            fs: Arc::new(OsFileSystem),
            faults: Faults::None,
        }
    }

    #[staticmethod]
    #[pyo3(signature = (*, real_sync=true))]
    fn tracked(real_sync: bool) -> Self {
        let disk = TrackedDisk::new(real_sync);
        Self {
            fs: Arc::new(disk.clone()),
            faults: Faults::Tracked(disk),
        }
    }

    #[staticmethod]
    fn simulated(seed: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        Self {
            fs: Arc::new(disk.clone()),
            faults: Faults::Simulated(disk),
        }
    }

    #[pyo3(signature = (directory, seed=None))]
    fn power_loss(&self, py: Python<'_>, directory: &str, seed: Option<u64>) -> PyResult<()> {
        match &self.faults {
            Faults::Simulated(disk) => disk.power_loss(directory, seed),
            Faults::Tracked(disk) => py
                .detach(|| disk.power_loss(directory, seed))
                .map_err(io_error)?,
            Faults::None => return Err(no_faults()),
        }
        Ok(())
    }

    #[pyo3(signature = (path_prefix, times=1))]
    fn fail_sync(&self, path_prefix: &str, times: u32) -> PyResult<()> {
        match &self.faults {
            Faults::Simulated(disk) => disk.fail_sync(path_prefix, times),
            Faults::Tracked(disk) => disk.fail_sync(path_prefix, times),
            Faults::None => return Err(no_faults()),
        }
        Ok(())
    }

    fn cut_power_after(&self, changes: u64) -> PyResult<()> {
        match &self.faults {
            Faults::Simulated(disk) => disk.cut_power_after(changes),
            Faults::Tracked(_) | Faults::None => return Err(no_faults()),
        }
        Ok(())
    }

    fn set_full(&self, full: bool) -> PyResult<()> {
        match &self.faults {
            Faults::Simulated(disk) => disk.set_full(full),
            Faults::Tracked(_) | Faults::None => return Err(no_faults()),
        }
        Ok(())
    }

    #[pyo3(signature = (directory, *, config, recovery_point, log_start_offset, clean))]
    pub fn open_log(
        &self,
        py: Python<'_>,
        directory: &str,
        config: ConfigArgument,
        recovery_point: i64,
        log_start_offset: i64,
        clean: bool,
    ) -> PyResult<Log> {
        let checkpoint = Checkpoint {
            recovery_point,
            log_start_offset,
            clean,
        };
        Log::open_on(
            py,
            Arc::clone(&self.fs),
            directory,
            LogConfig::from(config),
            checkpoint,
        )
    }

    fn read_file<'py>(&self, py: Python<'py>, path: &str) -> PyResult<Option<Bound<'py, PyBytes>>> {
        let content = files::read_file(&*self.fs, path).map_err(io_error)?;
        Ok(content.map(|content| PyBytes::new(py, &content)))
    }

    fn write_file_atomically(
        &self,
        py: Python<'_>,
        path: &str,
        data: BytesLike<'_>,
    ) -> PyResult<()> {
        let content = data.as_slice();
        py.detach(|| files::write_file_atomically(&*self.fs, path, content))
            .map_err(io_error)
    }

    fn write_file(&self, path: &str, data: BytesLike<'_>) -> PyResult<()> {
        files::write_file(&*self.fs, path, data.as_slice()).map_err(io_error)
    }

    fn remove_file(&self, path: &str) -> PyResult<bool> {
        self.fs.remove_file(path).map_err(io_error)
    }

    fn list_directory(&self, path: &str) -> PyResult<Vec<String>> {
        self.fs.list(path).map_err(io_error)
    }

    fn make_directory(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| files::make_directory(&*self.fs, path))
            .map_err(io_error)
    }

    #[pyo3(signature = (source, target, *, durable=true))]
    fn rename(&self, py: Python<'_>, source: &str, target: &str, durable: bool) -> PyResult<()> {
        if durable {
            return py
                .detach(|| files::rename(&*self.fs, source, target))
                .map_err(io_error);
        }
        self.fs.rename(source, target).map_err(io_error)
    }

    fn remove_tree(&self, py: Python<'_>, path: &str) -> PyResult<()> {
        py.detach(|| self.fs.remove_tree(path)).map_err(io_error)
    }
}

fn no_faults() -> PyErr {
    PyValueError::new_err("this kind of disk cannot be told to fail that way")
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Disk>()
}
