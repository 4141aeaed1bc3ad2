//! The directory of a zip archive, and where its members lie (PKWARE APPNOTE 6.3.10, zip64 too).
//!
//! Images are packed without compression as a rule, so a member is a slice of the archive; that is
//! why the directory is read here and members are read where they are wanted.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use crate::error::DataError;
use crate::limits::DataLimits;
use crate::source::{Coding, ImageSource};

const END: u32 = 0x0605_4b50;
const END_64: u32 = 0x0606_4b50;
const END_64_LOCATOR: u32 = 0x0706_4b50;
const DIRECTORY_ENTRY: u32 = 0x0201_4b50;
const LOCAL_HEADER: u32 = 0x0403_4b50;
const END_BYTES: u64 = 22;
const ENTRY_BYTES: u64 = 46;
const LOCAL_BYTES: u64 = 30;

/// An archive whose directory has been read.
#[derive(Debug)]
pub(crate) struct ZipArchive {
    path: Arc<Path>,
    file: File,
    n_bytes: u64,
    members: HashMap<Box<str>, Member>,
}

/// What the directory says of a member.
#[derive(Debug, Clone, Copy)]
struct Member {
    header_offset: u64,
    n_packed: u64,
    n_bytes: u64,
    method: u16,
    is_encrypted: bool,
}

/// Where the directory is.
struct Directory {
    offset: u64,
    n_bytes: u64,
    n_entries: u64,
}

impl ZipArchive {
    /// Reads the directory of the archive at `path`. Of two members of one name the later counts.
    ///
    /// # Errors
    /// [`DataError::Bytes`] where it is not what a zip archive should be, [`DataError::Limit`] when it
    /// is larger than `limits` allow, [`DataError::Io`].
    pub(crate) fn open(path: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        let io = |error| DataError::io(path, error);
        let mut file = File::open(path).map_err(io)?;
        let n_bytes = file.metadata().map_err(io)?.len();
        let directory = find_directory(path, &mut file, n_bytes)?;
        directory.check(path, limits)?;
        file.seek(SeekFrom::Start(directory.offset)).map_err(io)?;
        let mut reader = BufReader::new(&file).take(directory.n_bytes);
        let mut members = HashMap::new();
        for _ in 0..directory.n_entries {
            let offset = directory.offset + directory.n_bytes - reader.limit();
            let (name, member) = read_entry(path, offset, &mut reader)?;
            members.insert(name, member);
        }
        Ok(Self {
            path: path.into(),
            file,
            n_bytes,
            members,
        })
    }

    /// Where the member `name` lies; `None` when there is none.
    ///
    /// # Errors
    /// [`DataError::Unsupported`] for a method other than "stored" and "deflated" and for encrypted
    /// members; [`DataError::Bytes`] when the directory points at something else.
    pub(crate) fn member(&mut self, name: &str) -> Option<Result<ImageSource, DataError>> {
        let member = *self.members.get(name)?;
        Some(self.locate(name, member))
    }

    fn locate(&mut self, name: &str, member: Member) -> Result<ImageSource, DataError> {
        let at = member.header_offset;
        let io = |error| DataError::io(&self.path, error);
        let bad = |expected: &str, got: String| DataError::bytes(&self.path, at, expected, got);
        if member.is_encrypted {
            return Err(self.unsupported(name, "encrypted"));
        }
        let mut header = [0; LOCAL_BYTES as usize];
        self.file.seek(SeekFrom::Start(at)).map_err(io)?;
        self.file
            .read_exact(&mut header)
            .map_err(|_| bad("a header of a zip member", "the end of the file".to_owned()))?;
        if u32_at(&header, 0) != LOCAL_HEADER {
            let got = format!("{:#010x}", u32_at(&header, 0));
            return Err(bad("a header of a zip member", got));
        }
        let offset =
            at + LOCAL_BYTES + u64::from(u16_at(&header, 26)) + u64::from(u16_at(&header, 28));
        if offset.saturating_add(member.n_packed) > self.n_bytes {
            let got = format!("{}", self.n_bytes.saturating_sub(offset));
            return Err(bad(&format!("{} bytes of {name}", member.n_packed), got));
        }
        let path = self.path.clone();
        let length = member.n_packed;
        match member.method {
            0 => Ok(ImageSource::Slice {
                path,
                offset,
                length,
            }),
            8 => Ok(ImageSource::Coded {
                path,
                offset,
                length,
                coding: Coding::Deflate {
                    n_bytes: member.n_bytes,
                },
            }),
            method => Err(self.unsupported(name, &format!("compressed by method {method}"))),
        }
    }

    fn unsupported(&self, name: &str, how: &str) -> DataError {
        DataError::Unsupported {
            path: self.path.to_path_buf(),
            what: format!("the member {name}, which is {how},"),
            help: "pack it stored or deflated, without a password".to_owned(),
        }
    }
}

impl Directory {
    fn check(&self, path: &Path, limits: &DataLimits) -> Result<(), DataError> {
        let limit = |what, limit, got| DataError::Limit {
            path: path.to_owned(),
            what,
            limit,
            got,
        };
        if self.n_bytes > limits.max_list_bytes {
            let most = limits.max_list_bytes;
            return Err(limit("bytes of a zip directory", most, self.n_bytes));
        }
        if self.n_entries > limits.max_entries {
            let most = limits.max_entries;
            return Err(limit("members of a zip archive", most, self.n_entries));
        }
        Ok(())
    }
}

/// Finds the end record, which a comment of up to 65,535 bytes may follow.
fn find_directory(path: &Path, file: &mut File, n_bytes: u64) -> Result<Directory, DataError> {
    let start = n_bytes.saturating_sub(END_BYTES + u64::from(u16::MAX));
    let tail = read_at(path, file, start, n_bytes - start)?;
    let last = tail.len().checked_sub(END_BYTES as usize);
    let end = last.and_then(|last| {
        (0..=last).rev().find(|&at| {
            let n_comment = usize::from(u16_at(&tail, at + 20));
            u32_at(&tail, at) == END && at + END_BYTES as usize + n_comment == tail.len()
        })
    });
    let Some(end) = end else {
        let expected = "the end record of a zip archive";
        return Err(DataError::bytes(path, n_bytes, expected, "none"));
    };
    let record = &tail[end..];
    let directory = Directory {
        offset: u64::from(u32_at(record, 16)),
        n_bytes: u64::from(u32_at(record, 12)),
        n_entries: u64::from(u16_at(record, 10)),
    };
    let is_64 = directory.n_entries == u64::from(u16::MAX)
        || directory.n_bytes == u64::from(u32::MAX)
        || directory.offset == u64::from(u32::MAX);
    let at = start + end as u64;
    let directory = if is_64 {
        find_directory_64(path, file, at)?.unwrap_or(directory)
    } else {
        directory
    };
    if directory.offset.saturating_add(directory.n_bytes) > at {
        let got = format!("{} bytes at {}", directory.n_bytes, directory.offset);
        return Err(DataError::bytes(
            path,
            at,
            "a directory before its end record",
            got,
        ));
    }
    Ok(directory)
}

/// The directory by the zip64 end record, whose place a locator right before the end record gives;
/// `None` where there is no locator: 65,535 members fit an archive without one.
fn find_directory_64(
    path: &Path,
    file: &mut File,
    end: u64,
) -> Result<Option<Directory>, DataError> {
    let Some(at) = end.checked_sub(20) else {
        return Ok(None);
    };
    let locator = read_at(path, file, at, 20)?;
    if u32_at(&locator, 0) != END_64_LOCATOR {
        return Ok(None);
    }
    let at = u64_at(&locator, 8);
    if at.saturating_add(56) > end {
        let got = format!("a pointer to byte {at}");
        return Err(DataError::bytes(
            path,
            end - 20,
            "a zip64 end record before its locator",
            got,
        ));
    }
    let record = read_at(path, file, at, 56)?;
    if u32_at(&record, 0) != END_64 {
        let got = format!("{:#010x}", u32_at(&record, 0));
        return Err(DataError::bytes(path, at, "a zip64 end record", got));
    }
    Ok(Some(Directory {
        offset: u64_at(&record, 48),
        n_bytes: u64_at(&record, 40),
        n_entries: u64_at(&record, 32),
    }))
}

fn read_entry(
    path: &Path,
    offset: u64,
    reader: &mut impl Read,
) -> Result<(Box<str>, Member), DataError> {
    let cut = |_| DataError::bytes(path, offset, "an entry of a zip directory", "its end");
    let mut head = [0; ENTRY_BYTES as usize];
    reader.read_exact(&mut head).map_err(cut)?;
    if u32_at(&head, 0) != DIRECTORY_ENTRY {
        let got = format!("{:#010x}", u32_at(&head, 0));
        return Err(DataError::bytes(
            path,
            offset,
            "an entry of a zip directory",
            got,
        ));
    }
    let mut read = |at: usize| {
        let mut bytes = vec![0; usize::from(u16_at(&head, at))];
        reader.read_exact(&mut bytes).map_err(cut)?;
        Ok::<_, DataError>(bytes)
    };
    let (name, extra, _comment) = (read(28)?, read(30)?, read(32)?);
    let mut member = Member {
        header_offset: u64::from(u32_at(&head, 42)),
        n_packed: u64::from(u32_at(&head, 20)),
        n_bytes: u64::from(u32_at(&head, 24)),
        method: u16_at(&head, 10),
        is_encrypted: u16_at(&head, 8) & 1 == 1,
    };
    member.widen(&extra);
    Ok((String::from_utf8_lossy(&name).into(), member))
}

impl Member {
    /// Takes the numbers that did not fit 32 bits from the zip64 field, which holds only those.
    fn widen(&mut self, extra: &[u8]) {
        let Some(field) = zip64_field(extra) else {
            return;
        };
        let mut wide = field.chunks_exact(8).map(|bytes| u64_at(bytes, 0));
        for number in [
            &mut self.n_bytes,
            &mut self.n_packed,
            &mut self.header_offset,
        ] {
            if *number == u64::from(u32::MAX) {
                *number = wide.next().unwrap_or(*number);
            }
        }
    }
}

/// The extra field of kind 1.
fn zip64_field(mut extra: &[u8]) -> Option<&[u8]> {
    while extra.len() >= 4 {
        let (kind, n_bytes) = (u16_at(extra, 0), usize::from(u16_at(extra, 2)));
        let field = extra.get(4..4 + n_bytes)?;
        if kind == 1 {
            return Some(field);
        }
        extra = &extra[4 + n_bytes..];
    }
    None
}

fn read_at(path: &Path, file: &mut File, offset: u64, length: u64) -> Result<Vec<u8>, DataError> {
    let io = |error| DataError::io(path, error);
    file.seek(SeekFrom::Start(offset)).map_err(io)?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes).map_err(io)?;
    if (bytes.len() as u64) < length {
        let expected = format!("{length} bytes");
        return Err(DataError::bytes(
            path,
            offset,
            expected,
            format!("{}", bytes.len()),
        ));
    }
    Ok(bytes)
}

/// The bytes at `at`, with zeros for what lies behind the end.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut wanted = [0; N];
    for (to, from) in wanted.iter_mut().zip(bytes.get(at..).unwrap_or_default()) {
        *to = *from;
    }
    wanted
}

fn u16_at(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(bytes_at(bytes, at))
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes_at(bytes, at))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes_at(bytes, at))
}
