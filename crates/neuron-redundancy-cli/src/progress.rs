//! A bar on the terminal, and the way out on Ctrl-C.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use neuron_redundancy::{Observer, Stage};
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Draws the stage at work on standard error, if that is a terminal.
pub(crate) struct Progress<'a> {
    bar: ProgressBar,
    stage: Mutex<Option<Stage>>,
    cancelled: &'a AtomicBool,
}

impl<'a> Progress<'a> {
    pub(crate) fn new(cancelled: &'a AtomicBool) -> Self {
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{msg:>12} [{wide_bar}] {percent:>3}% {eta:>5}") {
            bar.set_style(style.progress_chars("=> "));
        }
        Self { bar, stage: Mutex::new(None), cancelled }
    }
}

impl Progress<'_> {
    fn draw(&self, stage: Stage, done: u64, total: u64) {
        // A thread that holds the lock is drawing already: one bar less is no loss.
        let Ok(mut current) = self.stage.try_lock() else { return };
        if *current != Some(stage) {
            *current = Some(stage);
            self.bar.reset();
            self.bar.set_length(total);
            self.bar.set_message(stage.name());
        }
        // Threads report out of order: never step back.
        if done > self.bar.position() {
            self.bar.set_position(done);
        }
    }
}

impl Drop for Progress<'_> {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress<'_> {
    fn progress(&self, stage: Stage, done: usize, total: usize) -> ControlFlow<()> {
        if !self.bar.is_hidden() {
            self.draw(stage, done as u64, total as u64);
        }
        if self.cancelled.load(Ordering::Relaxed) { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}
