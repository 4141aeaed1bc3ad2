//! Matchers as files: one JSON object with a format name, a version, a hash and the matcher.

use crate::error::MatchError;
use crate::matcher::FittedMatcher;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

const FORMAT: &str = "lineament-matcher";
const VERSION: u64 = 1;
/// Bytes beyond which a file is not read.
const MAX_BYTES: u64 = 1 << 30;

#[derive(Serialize, Deserialize)]
struct Envelope<'a> {
    format: &'a str,
    version: u64,
    /// SHA-256 of the bytes of `payload` as they stand in the file, in hexadecimal.
    sha256: &'a str,
    #[serde(borrow)]
    payload: &'a RawValue,
}

impl FittedMatcher {
    /// Writes the matcher to a file; a file of that name appears whole or not at all.
    ///
    /// # Errors
    /// [`MatchError::Io`]; [`MatchError::NonFinite`] and its kin for a matcher that would not load.
    pub fn save(&self, path: &Path) -> Result<(), MatchError> {
        self.validate()?;
        let corrupt = |error: serde_json::Error| corrupt(path, error.to_string());
        let payload = serde_json::value::to_raw_value(self).map_err(corrupt)?;
        let envelope = Envelope {
            format: FORMAT,
            version: VERSION,
            sha256: &sha256_hex(payload.get()),
            payload: &payload,
        };
        let text = serde_json::to_string(&envelope).map_err(corrupt)?;
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".part");
        let io = |source| io(path, source);
        std::fs::write(&unfinished, text).map_err(io)?;
        std::fs::rename(&unfinished, path).map_err(io)
    }

    /// The matcher in a file that [`Self::save`] wrote: scores are the same to the last bit.
    ///
    /// # Errors
    /// [`MatchError::Io`], [`MatchError::TooLarge`], [`MatchError::UnsupportedVersion`], and
    /// [`MatchError::Corrupt`] where the hash or the dimensions do not fit.
    pub fn load(path: &Path) -> Result<Self, MatchError> {
        let text = read_limited(path)?;
        let not_json = |error: serde_json::Error| corrupt(path, error.to_string());
        let envelope: Envelope<'_> = serde_json::from_str(&text).map_err(not_json)?;
        check_envelope(path, &envelope)?;
        let matcher: Self = serde_json::from_str(envelope.payload.get()).map_err(not_json)?;
        let unfit = |error: MatchError| corrupt(path, error.to_string());
        matcher.validate().map_err(unfit)?;
        Ok(matcher)
    }
}

fn check_envelope(path: &Path, envelope: &Envelope<'_>) -> Result<(), MatchError> {
    if envelope.format != FORMAT {
        let reason = format!("its format is {:?}, not {FORMAT:?}", envelope.format);
        return Err(corrupt(path, reason));
    }
    if envelope.version != VERSION {
        return Err(MatchError::UnsupportedVersion {
            path: path.to_owned(),
            expected: VERSION,
            got: envelope.version,
        });
    }
    let found = sha256_hex(envelope.payload.get());
    match found == envelope.sha256 {
        true => Ok(()),
        false => {
            let reason = format!("its payload hashes to {found}, not {}", envelope.sha256);
            Err(corrupt(path, reason))
        }
    }
}

fn read_limited(path: &Path) -> Result<String, MatchError> {
    let io = |source| io(path, source);
    let file = File::open(path).map_err(io)?;
    let got = file.metadata().map_err(io)?.len();
    let mut text = String::new();
    // A file that grows after this look is still cut off at the limit.
    let limit = MAX_BYTES;
    if got > limit {
        let path = path.to_owned();
        return Err(MatchError::TooLarge { path, limit, got });
    }
    file.take(limit).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

fn sha256_hex(text: &str) -> String {
    let mut hex = String::with_capacity(64);
    for byte in Sha256::digest(text) {
        // Writing to a string cannot fail.
        let _ = write!(hex, "{byte:02x}");
    }
    hex
}

fn io(path: &Path, source: std::io::Error) -> MatchError {
    let path = path.to_owned();
    MatchError::Io { path, source }
}

fn corrupt(path: &Path, reason: String) -> MatchError {
    let path = path.to_owned();
    MatchError::Corrupt { path, reason }
}
