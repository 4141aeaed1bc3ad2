//! Files as memory, so that a large one is there at once and shared by all processes that look at it.
//!
//! It has nothing to do with networks: it lies in this crate since no other may hold unsafe code.
#![allow(unsafe_code, reason = "a file as memory, and its bytes as numbers")]

use std::fmt::{self, Debug};
use std::fs::File;
use std::io::{self, Read};
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;

use memmap2::Mmap;

/// Bytes of a cache line.
pub const LINE: usize = 64;

/// Numbers that fill a cache line and begin at one: `N` times the size of `T` is 64.
#[derive(Debug, Clone, Copy, PartialEq)]
#[repr(C, align(64))]
pub struct CacheLine<T, const N: usize>(pub [T; N]);

/// What any bytes are a value of, and whose every byte belongs to the value.
///
/// # Safety
/// Both hold for whoever implements it.
pub unsafe trait Word: Copy + Send + Sync + 'static {}

// SAFETY: integers and floats have neither forbidden values nor padding, nor has an array of them.
unsafe impl Word for u8 {}
// SAFETY: as above.
unsafe impl Word for i64 {}
// SAFETY: as above.
unsafe impl Word for f32 {}
// SAFETY: as above.
unsafe impl<const N: usize> Word for [f32; N] {}
// SAFETY: as above.
unsafe impl<const N: usize> Word for [u8; N] {}
// SAFETY: an array that fills its line, which leaves no room for padding.
unsafe impl Word for CacheLine<u8, 64> {}
// SAFETY: as above.
unsafe impl Word for CacheLine<i8, 64> {}
// SAFETY: as above.
unsafe impl Word for CacheLine<u32, 16> {}

/// The bytes of `words`, as this machine orders those of a number.
pub fn bytes_of<T: Word>(words: &[T]) -> &[u8] {
    // SAFETY: the same memory, of which every byte is part of a value (`Word`).
    unsafe { std::slice::from_raw_parts(words.as_ptr().cast(), size_of_val(words)) }
}

/// A file as memory, from a cache line's start on.
///
/// Nobody may change the file meanwhile, though it may be removed, or another take its name: whoever writes such files
/// gives them their names when they are whole and leaves them alone after that. Were one changed all the same,
/// other numbers would be read; were one cut short, the operating system would end the process.
pub struct MappedFile(Memory);

enum Memory {
    Mapped(Mmap),
    Read {
        lines: Vec<CacheLine<u8, LINE>>,
        n_bytes: usize,
    },
}

impl MappedFile {
    /// The file at `path`; it is read where it cannot be mapped, or would be in the way of the next of its name.
    ///
    /// # Errors
    /// Those of opening and reading a file.
    pub fn open(path: &Path) -> io::Result<Arc<Self>> {
        let file = File::open(path)?;
        let memory = match map(&file) {
            Some(map) => Memory::Mapped(map),
            None => read(file)?,
        };
        Ok(Arc::new(Self(memory)))
    }

    /// All of it.
    pub fn bytes(&self) -> &[u8] {
        match &self.0 {
            Memory::Mapped(map) => map,
            Memory::Read { lines, n_bytes } => &bytes_of(lines)[..*n_bytes],
        }
    }

    /// `n` words from byte `at` on; `None` where the file has no such, or they do not begin where such words do in memory.
    pub fn words<T: Word>(self: &Arc<Self>, at: usize, n: usize) -> Option<Words<T>> {
        let end = n.checked_mul(size_of::<T>())?.checked_add(at)?;
        let start = self.bytes().get(at..end)?.as_ptr().cast::<T>();
        start.is_aligned().then(|| Words {
            start,
            n,
            _file: Some(Arc::clone(self)),
        })
    }
}

impl Debug for MappedFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MappedFile({} bytes)", self.bytes().len())
    }
}

/// An interpreter has no files to map, and elsewhere than on Unix a file that is mapped can be neither removed nor replaced.
fn map(file: &File) -> Option<Mmap> {
    if cfg!(miri) || cfg!(not(unix)) {
        return None;
    }
    // SAFETY: nobody changes the file, as `MappedFile` says; its words have no forbidden values, and no
    // reference of a type that has some is made of it.
    unsafe { Mmap::map(file) }.ok()
}

fn read(mut file: File) -> io::Result<Memory> {
    let too_large = |_| io::Error::from(io::ErrorKind::FileTooLarge);
    let n_bytes = usize::try_from(file.metadata()?.len()).map_err(too_large)?;
    let n_lines = n_bytes.div_ceil(LINE);
    let mut lines = Vec::new();
    lines.try_reserve_exact(n_lines)?;
    lines.resize(n_lines, CacheLine([0; LINE]));
    // SAFETY: all bytes of the lines are theirs, and may be any (`Word`).
    let bytes = unsafe { std::slice::from_raw_parts_mut(lines.as_mut_ptr().cast(), n_bytes) };
    file.read_exact(bytes)?;
    Ok(Memory::Read { lines, n_bytes })
}

/// Words of a file that is mapped, which they keep.
#[derive(Clone)]
pub struct Words<T> {
    start: *const T,
    n: usize,
    /// What they lie in; `None` for none of them.
    _file: Option<Arc<MappedFile>>,
}

// SAFETY: it is a slice that nobody changes, and what owns that.
unsafe impl<T: Word> Send for Words<T> {}
// SAFETY: as above.
unsafe impl<T: Word> Sync for Words<T> {}

impl<T> Default for Words<T> {
    fn default() -> Self {
        Self {
            start: std::ptr::NonNull::dangling().as_ptr(),
            n: 0,
            _file: None,
        }
    }
}

impl<T: Word> Words<T> {
    /// The first `n` of them, or all if there are fewer.
    pub fn first(mut self, n: usize) -> Self {
        self.n = self.n.min(n);
        self
    }
}

impl<T: Word> Deref for Words<T> {
    type Target = [T];

    #[inline(always)]
    fn deref(&self) -> &[T] {
        // SAFETY: `n` words lie there (`MappedFile::words`), as long as the file that is kept with them; none need
        // no memory.
        unsafe { std::slice::from_raw_parts(self.start, self.n) }
    }
}

impl<T: Word + Debug> Debug for Words<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.deref().fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file_of(name: &str, bytes: &[u8]) -> std::path::PathBuf {
        let path = std::env::temp_dir().join(format!("lineament-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        path
    }

    #[test]
    fn words_of_a_file_outlive_its_name() {
        let numbers: Vec<f32> = (0..40).map(|i| i as f32 / 3.0).collect();
        let path = file_of("words", bytes_of(&numbers));
        let file = MappedFile::open(&path).unwrap();
        let words = file.words::<f32>(8, 38).unwrap();
        let lines = file.words::<CacheLine<u32, 16>>(64, 1).unwrap();
        let none = file.words::<[f32; 16]>(160, 0).unwrap();
        drop(file);
        std::fs::remove_file(path).unwrap();
        assert_eq!(*words, numbers[2..]);
        assert_eq!(lines[0].0.map(f32::from_bits).as_slice(), &numbers[16..32]);
        assert!(none.is_empty());
        assert!(Words::<i64>::default().is_empty());
    }

    #[test]
    fn a_file_that_is_read_is_as_one_that_is_mapped() {
        let bytes: Vec<u8> = (0..200).collect();
        let path = file_of("read", &bytes);
        let mapped = MappedFile::open(&path).unwrap();
        let read = Arc::new(MappedFile(read(File::open(&path).unwrap()).unwrap()));
        std::fs::remove_file(path).unwrap();
        for file in [&mapped, &read] {
            assert_eq!(file.bytes(), bytes);
            let lines = file.words::<CacheLine<i8, 64>>(128, 1).unwrap();
            assert_eq!(bytes_of(&lines), &bytes[128..192]);
        }
    }

    #[test]
    fn there_are_no_words_beyond_a_file_or_askew() {
        let path = file_of("askew", &[7; 200]);
        let file = MappedFile::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(file.words::<u8>(0, 200).is_some());
        assert!(file.words::<u8>(0, 201).is_none());
        assert!(file.words::<u8>(usize::MAX, 2).is_none());
        assert!(file.words::<i64>(8, usize::MAX / 4).is_none());
        assert!(file.words::<i64>(4, 1).is_none());
        assert!(file.words::<CacheLine<u8, 64>>(32, 1).is_none());
    }

    #[test]
    fn an_empty_file_has_no_words_but_none() {
        let path = file_of("empty", &[]);
        let file = MappedFile::open(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        assert!(file.bytes().is_empty());
        assert!(file.words::<f32>(0, 1).is_none());
    }
}
