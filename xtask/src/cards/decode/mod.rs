//! What could have been done to a text before it was written, undone. No file format is known: each decoding is tried
//! at all places where it is possible, and what comes of them is put one after the other.

mod base64;
mod gzip;
mod hex;
mod spelled;
mod utf16;

pub use gzip::{INFLATED_BYTES_MAX, MAGIC, inflate};

/// Stands between the results of different places: part of no number and of no encoding.
const BETWEEN: u8 = 0xff;

/// One way to read bytes as other bytes.
pub struct Decoding {
    /// For people.
    pub name: &'static str,
    /// Appends what can be read; nothing, where nothing is written that way.
    pub decode: fn(&[u8], &mut Vec<u8>),
}

/// All but gzip, which is not limited to the block of data that is looked at.
pub const DECODINGS: [Decoding; 6] = [
    Decoding { name: "percent", decode: spelled::percent },
    Decoding { name: "quoted-printable", decode: spelled::quoted_printable },
    Decoding { name: "escapes", decode: spelled::escapes },
    Decoding { name: "base64", decode: base64::decode },
    Decoding { name: "hex", decode: hex::decode },
    Decoding { name: "utf-16", decode: utf16::decode },
];
