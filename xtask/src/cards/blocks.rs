//! Data of any length, a block at a time. Blocks overlap, so that whatever is short is whole in one of them, and begin
//! and end where nothing is cut, so that a number never looks as if it stood by itself.

use std::io::{self, Read};

use super::borders::{self, REACH};

/// A block has about as many bytes: they and what is decoded of them fit into a processor's cache.
pub const BLOCK_BYTES: usize = 128 * 1024;
/// Where data has no border, as a long text in base64, a block may become so long.
const BLOCK_BYTES_MAX: usize = 16 * 1024 * 1024;

/// Reads blocks.
pub struct Blocks<R> {
    reader: R,
    buffer: Vec<u8>,
    /// How many bytes of the buffer belong to the last block alone.
    done: usize,
    /// Where the buffer begins in the data.
    offset: u64,
    ended: bool,
}

/// Some neighbouring bytes.
pub struct Block<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// How many of them the next block does not have.
    pub own: usize,
    /// Where they begin in the data.
    pub offset: u64,
}

impl<R: Read> Blocks<R> {
    /// Blocks of everything that can be read.
    pub fn new(reader: R) -> Self {
        Self { reader, buffer: Vec::new(), done: 0, offset: 0, ended: false }
    }

    /// The next block; none at the end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn next(&mut self) -> io::Result<Option<Block<'_>>> {
        self.buffer.drain(..self.done);
        self.offset += u64::try_from(self.done).unwrap_or_default();
        let mut wanted = BLOCK_BYTES + 2 * REACH;
        let (own, end) = loop {
            self.fill(wanted)?;
            if self.ended {
                break (self.buffer.len(), self.buffer.len());
            }
            if let Some(cut) = cut(&self.buffer) {
                break cut;
            }
            if wanted >= BLOCK_BYTES_MAX {
                break (self.buffer.len() - 2 * REACH, self.buffer.len());
            }
            wanted *= 2;
        };
        self.done = own;
        let block = Block { bytes: &self.buffer[..end], own, offset: self.offset };
        Ok((end > 0).then_some(block))
    }

    fn fill(&mut self, wanted: usize) -> io::Result<()> {
        let missing = u64::try_from(wanted.saturating_sub(self.buffer.len())).unwrap_or_default();
        let read = (&mut self.reader).take(missing).read_to_end(&mut self.buffer)?;
        self.ended = u64::try_from(read).unwrap_or_default() < missing;
        Ok(())
    }
}

/// Where the next block begins, and where this one ends: both at a border, and further apart than anything is long.
fn cut(buffer: &[u8]) -> Option<(usize, usize)> {
    let own = borders::after(buffer, BLOCK_BYTES, buffer.len()).filter(|own| *own < buffer.len())?;
    let end = borders::after(buffer, own + REACH, buffer.len()).filter(|end| *end < buffer.len())?;
    Some((own, end))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Offset, own bytes and length of each block.
    fn blocks(data: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut blocks = Blocks::new(data);
        let mut all = Vec::new();
        while let Some(block) = blocks.next().unwrap() {
            let offset = usize::try_from(block.offset).unwrap();
            assert_eq!(block.bytes, &data[offset..offset + block.bytes.len()]);
            all.push((offset, block.own, block.bytes.len()));
        }
        all
    }

    #[test]
    fn blocks_cover_everything_overlap_and_are_cut_at_borders() {
        let data = "0123456789,".repeat(5 * BLOCK_BYTES / 11).into_bytes();
        let all = blocks(&data);
        assert!(all.len() >= 5, "{all:?}");
        let mut covered = 0;
        for (offset, own, length) in &all {
            assert_eq!(*offset, covered);
            covered += own;
            let end = offset + length;
            assert!(end == data.len() || (length - own >= REACH && [0, 10].contains(&(end % 11))), "{all:?}");
            assert!([0, 10].contains(&(covered % 11)) || covered == data.len(), "{all:?}");
        }
        assert_eq!(covered, data.len());
    }

    #[test]
    fn a_text_without_borders_stays_whole_as_long_as_that_can_be() {
        let data = vec![b'x'; BLOCK_BYTES_MAX / 2];
        assert_eq!(blocks(&data), [(0, data.len(), data.len())]);
        let longer = vec![b'x'; 3 * BLOCK_BYTES_MAX];
        let all = blocks(&longer);
        assert!(all.len() > 1 && all.iter().all(|(_, _, length)| *length <= 2 * BLOCK_BYTES_MAX), "{all:?}");
        assert!(all.windows(2).all(|pair| pair[0].0 + pair[0].2 >= pair[1].0 + REACH), "{all:?}");
    }

    #[test]
    fn nothing_is_no_block() {
        assert_eq!(blocks(b""), []);
        assert_eq!(blocks(b"x"), [(0, 1, 1)]);
    }
}
