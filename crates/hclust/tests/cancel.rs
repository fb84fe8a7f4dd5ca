//! What a cancelled run holds is given back. Alone in its process, since it looks at the memory of that.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use hclust::{Condensed, Error, Method, Scratch, Storage, linkage_with};
use std::ops::ControlFlow;

/// Large enough for a square, of 52 MB, where the tests do not ask for one anyway.
const N: usize = 2_200;

/// Bytes of this process: of its address space, and of memory.
fn bytes() -> [usize; 2] {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
    let mut pages = statm.split_whitespace().map(|pages| pages.parse::<usize>().unwrap());
    [pages.next().unwrap() * 4_096, pages.next().unwrap() * 4_096]
}

#[test]
fn a_hundred_cancelled_runs_leave_no_more_memory_behind_than_a_few() {
    let d = Condensed::new(N, testkit::random_condensed(N, 1)).unwrap();
    let cancelled = |method, storage, last| {
        let stop = |done, _| if done >= last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) };
        let mut scratch = Scratch::new().with_storage(storage);
        assert_eq!(linkage_with(&mut scratch, d.clone(), method, &stop), Err(Error::Cancelled));
    };
    let all_cancelled = || {
        for method in [Method::Single, Method::Average, Method::Ward, Method::Centroid] {
            for storage in [Storage::Square, Storage::Tight, Storage::InPlace] {
                [0, 1, 9, N / 2].into_iter().for_each(|last| cancelled(method, storage, last));
            }
        }
    };
    // What allocators and threads keep for the next run is there after these.
    all_cancelled();
    let before = bytes();
    all_cancelled();
    all_cancelled();
    // 96 runs: 0.7 MB left by each would be more, and each has 19 MB of dissimilarities and 52 of a square.
    for (what, (before, after)) in ["address space", "memory"].into_iter().zip(before.into_iter().zip(bytes()))
    {
        assert!(after < before + (64 << 20), "{what}: {before} bytes, after 96 more runs {after}");
    }
}
