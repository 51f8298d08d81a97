//! The threads of a run: as many as the system gives, and this one where it gives none.

use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Sender};
use std::thread::{self, JoinHandle};

use rayon::{ThreadBuilder, ThreadPoolBuilder};

use super::error::CliError;

/// Starts the threads that work on certificates. They are there before rayon is asked to use them: a pool that fails to start one of its
/// own cannot be made a second time, and everything after it would panic.
pub(crate) fn start(jobs: Option<NonZeroUsize>) {
    let wanted = wanted(jobs);
    let mut workers: Vec<Sender<ThreadBuilder>> =
        (0..wanted.get()).map_while(|_| worker().ok()).collect();
    let pool = ThreadPoolBuilder::new();
    // It fails only where there is a pool already, which then serves as well.
    let _ = if workers.is_empty() {
        pool.num_threads(1).use_current_thread().build_global()
    } else {
        pool.num_threads(workers.len())
            .spawn_handler(|thread| hand_over(thread, workers.pop()))
            .build_global()
    };
}

/// What was typed, else one for each core.
fn wanted(typed: Option<NonZeroUsize>) -> NonZeroUsize {
    let cores = || thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    typed.unwrap_or_else(cores)
}

/// A thread that waits to be one of the pool's.
fn worker() -> io::Result<Sender<ThreadBuilder>> {
    let (sender, given) = mpsc::channel::<ThreadBuilder>();
    thread::Builder::new().spawn(move || {
        if let Ok(thread) = given.recv() {
            thread.run();
        }
    })?;
    Ok(sender)
}

fn hand_over(thread: ThreadBuilder, worker: Option<Sender<ThreadBuilder>>) -> io::Result<()> {
    let worker = worker.ok_or(io::ErrorKind::WouldBlock)?;
    worker
        .send(thread)
        .map_err(|_| io::ErrorKind::BrokenPipe.into())
}

/// One more thread, for a while.
///
/// # Errors
/// The system gives none.
pub(crate) fn spawn<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, CliError> {
    thread::Builder::new().spawn(work).map_err(|error| {
        CliError::new("the system gives this program no further thread")
            .cause(error.to_string())
            .hint("raise the limit on processes (`ulimit -u`, pids.max of the service) or end other programs")
    })
}
