//! How fast the disk makes a small write durable at this moment: the figure that durable rates hang on.

use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

const ROUNDS: usize = 100;

/// The median time of an `fdatasync` after a 4 KiB write, in the folder of `near`.
pub fn fdatasync_median(near: &Path) -> std::io::Result<Duration> {
    let path = near.with_extension("fsync-probe");
    let mut file = File::create(&path)?;
    let mut times = Vec::with_capacity(ROUNDS);
    for _ in 0..ROUNDS {
        file.write_all(&[0; 4096])?;
        let start = Instant::now();
        file.sync_data()?;
        times.push(start.elapsed());
    }
    drop(file);
    std::fs::remove_file(path)?;
    times.sort_unstable();
    Ok(times.get(ROUNDS / 2).copied().unwrap_or_default())
}
