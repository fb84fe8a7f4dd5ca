//! One run of one contender: its time, and the peak memory of all its processes.

use anyhow::{Context, Result, bail};
use std::fs::read_to_string;
use std::io::{Read as _, Write as _};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// What a run took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    /// For us the whole process; for Python what the script says it took without its imports.
    pub(crate) seconds: f64,
    /// Peak of `RssAnon` + `RssShmem` over all processes of the run: mapped file pages are not counted.
    pub(crate) peak: u64,
    /// Greatest `VmHWM` of any of them, mapped file pages counted.
    pub(crate) high_water: u64,
}

/// How long to wait before the next look at the memory of a run that has lasted so long. A look wakes a processor that the run has in use: one at all
/// processes of the machine every 10 ms made a product on two cores a tenth slower, one at the run's own 4%, every 50 ms nothing.
fn until_next_look(lasted: Duration) -> Duration {
    (lasted / 20).clamp(Duration::from_millis(10), Duration::from_millis(50))
}

/// Runs a command that must succeed, looking at its memory now and then.
pub(crate) fn measure(command: &mut Command, own_time: bool) -> Result<Measured> {
    let (measured, printed) = start_and_watch(command)?;
    if own_time { own_seconds(measured, &printed) } else { Ok(measured) }
}

/// As [`measure`], of a command that prints `TASK seconds …` for several tasks: with the time of each.
pub(crate) fn measure_tasks(command: &mut Command) -> Result<(Measured, Vec<(String, f64)>)> {
    let (measured, printed) = start_and_watch(command)?;
    let task = |line: &str| {
        let (task, seconds) = line.split_once(" seconds ").context("it printed no line `TASK seconds …`")?;
        Ok((task.to_owned(), seconds.parse()?))
    };
    Ok((measured, printed.lines().map(task).collect::<Result<_>>()?))
}

fn start_and_watch(command: &mut Command) -> Result<(Measured, String)> {
    let start = Instant::now();
    let child = command.stdout(Stdio::piped()).stderr(Stdio::inherit()).spawn().context("cannot start")?;
    watch(child, start)
}

/// With the time that the command says it took.
fn own_seconds(measured: Measured, printed: &str) -> Result<Measured> {
    let own = printed
        .lines()
        .find_map(|line| line.strip_prefix("seconds "))
        .context("it printed no line `seconds …`")?;
    Ok(Measured { seconds: own.parse()?, ..measured })
}

/// As [`measure`], of a linkage of n observations that says `ready` once its input is loaded and then waits for a line. Memory is warmed in
/// between, so that all contenders find it alike: their first touch of a page costs what the system takes, and not what
/// the host of a virtual machine takes for a page that it has to find first (twenty times as long, now and then).
pub(crate) fn measure_warm(command: &mut Command, n: usize) -> Result<Measured> {
    let start = Instant::now();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::inherit());
    let mut child = command.spawn().context("cannot start")?;
    // Byte by byte, so that nothing of what follows is taken.
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        let out = child.stdout.as_mut().context("no output")?;
        if out.read(&mut byte)? == 0 {
            bail!("it ended before it was ready");
        }
        line.extend(byte);
    }
    if line != b"ready\n" {
        bail!("it printed `{}` instead of `ready`", String::from_utf8_lossy(&line).trim());
    }
    // Several times what any of them takes: with less, some pages are still the host's.
    warm_memory(50 * (n as u64).pow(2) + (256 << 20));
    child.stdin.take().context("no input")?.write_all(b"go\n")?;
    let (measured, printed) = watch(child, start)?;
    own_seconds(measured, &printed)
}

/// What a process took, wall time among it, and what it printed.
fn watch(mut child: Child, start: Instant) -> Result<(Measured, String)> {
    let (mut peak, mut high_water) = (0, 0);
    // What a linkage takes is over in a moment, however long its input took to load.
    let watched = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait()? {
            break status;
        }
        let (now, high) = memory(child.id());
        peak = peak.max(now);
        high_water = high_water.max(high);
        std::thread::sleep(until_next_look(watched.elapsed()));
    };
    let wall = start.elapsed().as_secs_f64();
    if !status.success() {
        bail!("failed ({status})");
    }
    let mut printed = String::new();
    if let Some(mut out) = child.stdout.take() {
        out.read_to_string(&mut printed)?;
    }
    Ok((Measured { seconds: wall, peak, high_water }, printed))
}

/// The processes that a process has started, by each of its threads, as Linux lists them (where it was built to: distributions' kernels are).
fn children(pid: u32) -> Vec<u32> {
    let threads = std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let lists = threads.filter_map(|thread| read_to_string(thread.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect()
}

/// Anonymous and shared memory of a process and all below it, and the greatest high-water mark, in bytes.
fn memory(root: u32) -> (u64, u64) {
    let (mut total, mut high, mut pending) = (0, 0, vec![root]);
    while let Some(pid) = pending.pop() {
        let status = read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
        total += kilobytes(&status, "RssAnon:") + kilobytes(&status, "RssShmem:");
        high = high.max(kilobytes(&status, "VmHWM:"));
        pending.extend(children(pid));
    }
    (total, high)
}

fn kilobytes(status: &str, field: &str) -> u64 {
    let value = status.lines().find_map(|line| line.strip_prefix(field));
    value.and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// Touches memory, so that the next process does not pay for pages that the machine has never used or has given back (a
/// virtual machine may give free pages to its host within seconds).
pub(crate) fn warm_memory(most: u64) {
    let free = read_to_string("/proc/meminfo").map_or(0, |text| kilobytes(&text, "MemAvailable:"));
    let bytes = usize::try_from((free / 2).min(most)).unwrap_or(0);
    if let Ok(mut block) = memmap2::MmapMut::map_anon(bytes.max(1)) {
        // Where there are huge pages they are what is handed out again, and they are touched ten times as fast.
        let _ = block.advise(memmap2::Advice::HugePage);
        block.chunks_mut(4096).for_each(|page| page[0] = 1);
        std::hint::black_box(&block);
    }
}
