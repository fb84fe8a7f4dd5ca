//! How much memory this process may take: the machine's and the control group's word, whichever is less.

use std::fs::read_to_string;
use std::path::Path;

/// Bytes that are free for this process on Linux: `MemAvailable`, and the limit of the control group less what its
/// processes hold (under Slurm and in containers that is the truth). `None` where neither can be read.
#[must_use]
pub fn available_memory() -> Option<u64> {
    let machine = read_to_string("/proc/meminfo").ok().and_then(|text| field(&text, "MemAvailable:", 1024));
    let groups = read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = groups.lines().filter_map(|line| group_room(Path::new("/sys/fs/cgroup"), line)).min();
    [machine, group].into_iter().flatten().min()
}

/// What is left in one control group and all above it; `line` is of /proc/self/cgroup.
fn group_room(root: &Path, line: &str) -> Option<u64> {
    let (controllers, path) = line.split_once(':')?.1.split_once(':')?;
    let (root, limit, held) = match controllers {
        "" => (root.to_owned(), "memory.max", "anon "),
        "memory" => (root.join("memory"), "memory.limit_in_bytes", "total_rss "),
        _ => return None,
    };
    let room = |folder: &Path| {
        let limit: u64 = read_to_string(folder.join(limit)).ok()?.trim().parse().ok()?;
        let held = read_to_string(folder.join("memory.stat")).ok().and_then(|text| field(&text, held, 1));
        Some(limit.saturating_sub(held.unwrap_or(0)))
    };
    let own = root.join(path.trim_start_matches('/'));
    own.ancestors().take_while(|folder| folder.starts_with(&root)).filter_map(room).min()
}

/// The number after `name` at the start of a line, times `unit`.
fn field(text: &str, name: &str, unit: u64) -> Option<u64> {
    let rest = text.lines().find_map(|line| line.strip_prefix(name))?;
    rest.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_limit_of_a_group_and_those_above_it_counts() {
        let root = std::env::temp_dir().join(format!("neuron-redundancy-cgroup-{}", std::process::id()));
        let job = root.join("slurm/job7");
        std::fs::create_dir_all(&job).unwrap();
        std::fs::write(job.join("memory.max"), "max\n").unwrap();
        std::fs::write(root.join("slurm/memory.max"), "5000\n").unwrap();
        std::fs::write(root.join("slurm/memory.stat"), "anon 1200\nfile 900\n").unwrap();
        assert_eq!(group_room(&root, "0::/slurm/job7"), Some(3800));
        assert_eq!(group_room(&root, "0::/elsewhere"), None);
        assert_eq!(group_room(&root, "3:cpu:/slurm"), None);
        let v1 = root.join("memory/docker");
        std::fs::create_dir_all(&v1).unwrap();
        std::fs::write(v1.join("memory.limit_in_bytes"), "800").unwrap();
        assert_eq!(group_room(&root, "4:memory:/docker"), Some(800));
        std::fs::remove_dir_all(&root).unwrap();
    }

    #[test]
    fn a_machine_says_how_much_it_has() {
        assert_eq!(field("MemTotal: 9 kB\nMemAvailable:   12 kB\n", "MemAvailable:", 1024), Some(12_288));
        if cfg!(target_os = "linux") {
            assert!(available_memory().is_some_and(|bytes| bytes > 1 << 20));
        }
    }
}
