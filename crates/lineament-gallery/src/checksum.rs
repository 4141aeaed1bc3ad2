//! Checksums of rows: SQLite notices a broken page, not a flipped bit in a name.

/// CRC-32 (IEEE 802.3) over the fields of a row, each after its length.
#[derive(Default)]
pub(crate) struct Checksum(crc32fast::Hasher);

impl Checksum {
    pub(crate) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.update(&(bytes.len() as u64).to_le_bytes());
        self.0.update(bytes);
        self
    }

    pub(crate) fn text(self, text: &str) -> Self {
        self.bytes(text.as_bytes())
    }

    pub(crate) fn number(self, number: i64) -> Self {
        self.bytes(&number.to_le_bytes())
    }

    /// A missing number is not zero.
    pub(crate) fn maybe(self, number: Option<f64>) -> Self {
        match number {
            Some(number) => self.bytes(&number.to_le_bytes()),
            None => self.bytes(&[]),
        }
    }

    pub(crate) fn finish(self) -> i64 {
        i64::from(self.0.finalize())
    }
}
