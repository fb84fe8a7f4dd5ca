//! Long work without the interpreter's lock: signals are looked for, progress told, and Ctrl-C ends it.

use pyo3::prelude::*;
use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{RecvTimeoutError, sync_channel};
use std::time::Duration;

/// How often signals are looked for.
const POLL: Duration = Duration::from_millis(20);

/// What the work tells of, and is told.
#[derive(Default)]
pub(crate) struct Watch {
    stopped: AtomicBool,
    /// The stage, then what is done of how much.
    stage: AtomicUsize,
    done: AtomicU64,
    total: AtomicU64,
}

impl Watch {
    /// From any thread of the work.
    pub(crate) fn progress(&self, stage: usize, done: usize, total: usize) -> ControlFlow<()> {
        self.stage.store(stage, Ordering::Relaxed);
        self.done.store(done as u64, Ordering::Relaxed);
        self.total.store(total as u64, Ordering::Relaxed);
        self.go_on()
    }

    /// From any thread, where nothing is new.
    pub(crate) fn go_on(&self) -> ControlFlow<()> {
        if self.stopped.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

/// Runs `work` in a thread of its own, while this one looks for signals and calls `progress(stage, done, total)` if there is
/// one. An exception from either stops the work, and is raised when it has stopped.
pub(crate) fn watched<R: Send>(
    py: Python<'_>,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce(&Watch) -> R + Send,
) -> PyResult<R> {
    let watch = Watch::default();
    let progress = progress.map(|progress| progress.clone().unbind());
    let (sender, receiver) = sync_channel(1);
    let (shared, reported) = (&watch, progress.as_ref());
    let (result, raised) = py.detach(move || {
        std::thread::scope(|scope| {
            scope.spawn(move || {
                // It fails only if nobody waits any more.
                let _ = sender.send(catch_unwind(AssertUnwindSafe(|| work(shared))));
            });
            let mut raised = None;
            loop {
                match receiver.recv_timeout(POLL) {
                    Ok(result) => break (Some(result), raised),
                    Err(RecvTimeoutError::Disconnected) => break (None, raised),
                    Err(RecvTimeoutError::Timeout) if raised.is_none() => {
                        if let Err(error) = Python::attach(|py| tell(py, shared, reported)) {
                            shared.stopped.store(true, Ordering::Relaxed);
                            raised = Some(error);
                        }
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    });
    match (result, raised) {
        (_, Some(error)) => Err(error),
        (Some(Ok(result)), None) => {
            tell(py, &watch, progress.as_ref())?;
            Ok(result)
        }
        (Some(Err(panic)), None) => resume_unwind(panic),
        (None, None) => Err(pyo3::exceptions::PyRuntimeError::new_err("the work ended without a result")),
    }
}

fn tell(py: Python<'_>, watch: &Watch, progress: Option<&Py<PyAny>>) -> PyResult<()> {
    py.check_signals()?;
    if let Some(progress) = progress {
        let [done, total] = [&watch.done, &watch.total].map(|count| count.load(Ordering::Relaxed));
        progress.call1(py, (watch.stage.load(Ordering::Relaxed), done, total))?;
    }
    Ok(())
}
