//! The definition of the sums of products; every other level is held to it.

use super::{PANEL, ROWS, Step};

pub(super) fn products(left: &[Step], rows: &[u16; ROWS], right: &[Step], out: &mut [[i32; PANEL]; ROWS]) {
    for (&row, sums) in rows.iter().zip(out) {
        let (panel, lane) = (usize::from(row) / PANEL, usize::from(row) % PANEL);
        let own = &left[panel * right.len()..][..right.len()];
        *sums = [0; PANEL];
        for (words, columns) in own.iter().zip(right) {
            let a = words[lane].to_le_bytes().map(i16::from);
            for (sum, column) in sums.iter_mut().zip(columns) {
                // A product of 255 and 127 is within an i16; four of them are not.
                let b = column.to_le_bytes().map(|byte| i16::from(byte.cast_signed()));
                *sum += i32::from(a[0] * b[0]) + i32::from(a[1] * b[1]);
                *sum += i32::from(a[2] * b[2]) + i32::from(a[3] * b[3]);
            }
        }
    }
}
