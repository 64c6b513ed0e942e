//! The search in bytes: as they are, in every way to read them, and in every way to read those.

use std::io::{self, Read};
use std::mem;

use memchr::memmem;

use super::blocks::{Block, Blocks};
use super::codes::Codes;
use super::decode::{self, DECODINGS, INFLATED_BYTES_MAX};
use super::digits;
use super::found::{Form, Found, LAYERS_MAX};
use super::numbers::{Numbers, Plain};
use crate::failure::Outcome;

/// What is searched for.
pub struct Wanted {
    /// Numbers of cards and bank accounts.
    pub numbers: Numbers,
    codes: Codes,
    /// Whether something stands between one thing and the next, so that a plain number and a security code mean
    /// something. In a process's memory, nothing does.
    pub borders: bool,
}

impl Wanted {
    /// Reads the numbers from the checkout.
    ///
    /// # Errors
    /// When they are not there.
    pub fn read(borders: bool) -> Outcome<Self> {
        Ok(Self { numbers: Numbers::read()?, codes: Codes::new()?, borders })
    }
}

/// Whatever reads bytes.
pub type Reading<'a> = Box<dyn Read + 'a>;
/// Reads on from a place in the data that a block is of.
type Onward<'a> = dyn Fn(usize) -> io::Result<Reading<'a>> + 'a;

/// A search, with memory that it uses again.
pub struct Search<'a> {
    wanted: &'a Wanted,
    /// One for each layer.
    buffers: [Vec<u8>; LAYERS_MAX],
}

impl<'a> Search<'a> {
    /// A search for this.
    pub fn new(wanted: &'a Wanted) -> Self {
        Self { wanted, buffers: Default::default() }
    }

    /// Searches a block; `from` reads compressed data on beyond its end.
    ///
    /// # Errors
    /// When reading fails.
    pub fn block(&mut self, block: &Block, form: Form, from: &Onward, found: &mut Found) -> io::Result<()> {
        self.readings(block.bytes, form, found)?;
        self.compressed(block.bytes, block.own, form, from, found)
    }

    /// Searches bytes that are all there.
    ///
    /// # Errors
    /// Never in practice: reading memory does not fail.
    pub fn bytes(&mut self, data: &[u8], form: Form, found: &mut Found) -> io::Result<()> {
        let mut blocks = Blocks::new(data);
        while let Some(block) = blocks.next()? {
            let start = usize::try_from(block.offset).unwrap_or(data.len());
            let from = |place: usize| -> io::Result<Reading> { Ok(Box::new(&data[start + place..])) };
            self.block(&block, form, &from, found)?;
        }
        Ok(())
    }

    /// Searches bytes as they are and in each reading, but not compressed data in them.
    fn readings(&mut self, data: &[u8], form: Form, found: &mut Found) -> io::Result<()> {
        self.plainly(data, form, found);
        for decoding in &DECODINGS {
            let Some(inner) = form.then(decoding.name) else { break };
            let mut buffer = mem::take(&mut self.buffers[form.layers()]);
            buffer.clear();
            (decoding.decode)(data, &mut buffer);
            if !buffer.is_empty() {
                self.readings(&buffer, inner, found)?;
                let from = |place: usize| -> io::Result<Reading> { Ok(Box::new(&buffer[place..])) };
                self.compressed(&buffer, buffer.len(), inner, &from, found)?;
            }
            self.buffers[form.layers()] = buffer;
        }
        Ok(())
    }

    fn plainly(&self, data: &[u8], form: Form, found: &mut Found) {
        let Wanted { numbers, codes, borders } = self.wanted;
        let plain = if *borders { Plain::ByThemselves } else { Plain::Never };
        digits::for_each(data, |digits| {
            for number in numbers.within(digits, plain) {
                found.number(number, form);
            }
        });
        if *borders {
            for context in codes.contexts(data) {
                found.code(context, form);
            }
        }
    }

    /// Searches in whatever compressed data begins within so many bytes.
    fn compressed(
        &mut self,
        data: &[u8],
        within: usize,
        form: Form,
        from: &Onward,
        found: &mut Found,
    ) -> io::Result<()> {
        let Some(inner) = form.then("gzip") else { return Ok(()) };
        for place in memmem::find_iter(data, decode::MAGIC).take_while(|place| *place < within) {
            let inflated = decode::inflate(from(place)?)?;
            if u64::try_from(inflated.len()).is_ok_and(|length| length >= INFLATED_BYTES_MAX) {
                found.add("more compressed data than is searched".to_owned(), inner);
            }
            // With memory of its own: ours may be in use, one layer further out.
            Search::new(self.wanted).bytes(&inflated, inner, found)?;
        }
        Ok(())
    }
}
