//! File systems, and the small files kept beside the logs.

use std::sync::Arc;

use minikafka_log::files;
use minikafka_log::fs::{
    DiskFault, FaultyDisk, FileSystem, OsFileSystem, SimulatedDisk, Strikes, TrackedDisk,
};
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
    kind: Kind,
}

/// What can be done to a disk besides using it.
enum Kind {
    Os(FaultyDisk),
    Tracked(FaultyDisk, TrackedDisk),
    Simulated(SimulatedDisk),
}

#[pymethods]
#[allow(clippy::needless_pass_by_value)]
impl Disk {
    #[staticmethod]
    fn os() -> Self {
        let faulty = FaultyDisk::new(Arc::new(OsFileSystem));
        Self {
            fs: Arc::new(faulty.clone()),
            kind: Kind::Os(faulty),
        }
    }

    #[staticmethod]
    #[pyo3(signature = (*, real_sync=true))]
    fn tracked(real_sync: bool) -> Self {
        let disk = TrackedDisk::new(real_sync);
        let faulty = FaultyDisk::new(Arc::new(disk.clone()));
        Self {
            fs: Arc::new(faulty.clone()),
            kind: Kind::Tracked(faulty, disk),
        }
    }

    #[staticmethod]
    fn simulated(seed: u64) -> Self {
        let disk = SimulatedDisk::new(seed);
        Self {
            fs: Arc::new(disk.clone()),
            kind: Kind::Simulated(disk),
        }
    }

    #[pyo3(signature = (directory, seed=None))]
    fn power_loss(&self, py: Python<'_>, directory: &str, seed: Option<u64>) -> PyResult<()> {
        match &self.kind {
            Kind::Simulated(disk) => disk.power_loss(directory, seed),
            Kind::Tracked(_, disk) => py
                .detach(|| disk.power_loss(directory, seed))
                .map_err(io_error)?,
            Kind::Os(_) => return Err(cannot("lose power: it does not know what was synced")),
        }
        Ok(())
    }

    #[pyo3(signature = (number, path, kind, *, amount=0, skip=0, times=None))]
    fn plant(
        &self,
        number: u64,
        path: &str,
        kind: &str,
        amount: u64,
        skip: u64,
        times: Option<u64>,
    ) -> PyResult<()> {
        let fault = match kind {
            "fail_sync" => DiskFault::FailSync,
            "full" => DiskFault::Full {
                after_bytes: amount,
            },
            "slow_sync" => DiskFault::SlowSync { ms: amount },
            _ => return Err(PyValueError::new_err(format!("no disk fault {kind:?}"))),
        };
        self.faulty()?
            .plant(number, path, fault, Strikes { skip, times });
        Ok(())
    }

    fn heal(&self, number: u64) -> PyResult<()> {
        self.faulty()?.heal(number);
        Ok(())
    }

    fn struck(&self, number: u64) -> PyResult<u64> {
        Ok(self.faulty()?.struck(number))
    }

    #[pyo3(signature = (path_prefix, times=1))]
    fn fail_sync(&self, path_prefix: &str, times: u32) -> PyResult<()> {
        self.simulation()?.fail_sync(path_prefix, times);
        Ok(())
    }

    fn cut_power_after(&self, changes: u64) -> PyResult<()> {
        self.simulation()?.cut_power_after(changes);
        Ok(())
    }

    fn set_full(&self, full: bool) -> PyResult<()> {
        self.simulation()?.set_full(full);
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

impl Disk {
    fn faulty(&self) -> PyResult<&FaultyDisk> {
        match &self.kind {
            Kind::Os(faulty) | Kind::Tracked(faulty, _) => Ok(faulty),
            Kind::Simulated(_) => Err(cannot("have faults planted: it has its own")),
        }
    }

    fn simulation(&self) -> PyResult<&SimulatedDisk> {
        match &self.kind {
            Kind::Simulated(disk) => Ok(disk),
            Kind::Os(_) | Kind::Tracked(..) => Err(cannot("be told that: it is not simulated")),
        }
    }
}

fn cannot(what: &str) -> PyErr {
    PyValueError::new_err(format!("this disk cannot {what}"))
}

/// Adds this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Disk>()
}
