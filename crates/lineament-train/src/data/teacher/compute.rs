//! Asking the teacher.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;

use lineament::stream::map_in_order;
use lineament::{Embedder, Views};
use lineament_core::RgbImage;
use lineament_runtime::Sha256;
use lineament_runtime::digest::NotASha256;

use super::Head;
use crate::data::Progress;
use crate::data::images::Images;
use crate::error::TrainError;

/// Images that the teacher is asked about at once, as many as the embedder takes in a batch.
const GROUP: usize = 16;

/// Writes what `teacher` says of every one of `images` and of its mirror image to the file at `path`.
/// The middle of an image, of the size of the teacher's crop, is what it sees.
///
/// A file that holds the first of them already is continued; a computation that ended at any moment
/// goes on with the next call. Networks run on `threads` images at once.
///
/// # Errors
/// [`TrainError::Io`]; [`TrainError::Format`] for a file of other images or of another teacher, and one
/// that another process writes; [`TrainError::TeacherImage`] when the teacher fails, or an image is
/// smaller than its crop; [`TrainError::Stopped`] when `progress` stopped it.
pub fn compute(
    images: &Images,
    teacher: &Embedder,
    path: &Path,
    threads: NonZeroUsize,
    progress: &mut Progress<'_>,
) -> Result<(), TrainError> {
    let head = head_for(images, teacher)?;
    let (mut file, n_done) = open_to_append(path, &head)?;
    let mut n_done = n_done as usize;
    let ask = |first: usize| features_of(images, teacher, &head, first);
    let mut ended = Ok(());
    map_in_order(
        (n_done..images.len()).step_by(GROUP),
        threads,
        ask,
        |features| {
            let written = features.and_then(|features| {
                let written = file.write_all(&features);
                written.map_err(|source| TrainError::io(path, source))
            });
            n_done = (n_done + GROUP).min(images.len());
            ended = match (written, progress(n_done, images.len())) {
                (Ok(()), ControlFlow::Continue(())) => return ControlFlow::Continue(()),
                (Ok(()), ControlFlow::Break(())) => Err(TrainError::Stopped),
                (Err(error), _) => Err(error),
            };
            ControlFlow::Break(())
        },
    );
    ended?;
    file.sync_all()
        .map_err(|source| TrainError::io(path, source))
}

fn head_for(images: &Images, teacher: &Embedder) -> Result<Head, TrainError> {
    let (width, height) = teacher.crop().size();
    let blank = teacher.views(&[RgbImage::filled(width, height, [128; 3])])?;
    let sha256 = &teacher.info().sha256;
    let model: Sha256 = sha256.parse().map_err(|NotASha256| TrainError::Argument {
        what: "the digest of the teacher's file",
        expected: NotASha256.to_string(),
        got: sha256.clone(),
    })?;
    Ok(Head {
        images: *images.fingerprint().bytes(),
        model: *model.bytes(),
        dimension: blank.first().map_or(0, |views| views.plain.len()) as u32,
        n_images: images.len() as u64,
    })
}

/// The file, at the end of its last whole row, and how many there are.
fn open_to_append(path: &Path, head: &Head) -> Result<(File, u64), TrainError> {
    let io = |source| TrainError::io(path, source);
    let refused = |expected: &str, got: &str| TrainError::Format {
        path: path.to_owned(),
        expected: expected.to_owned(),
        got: got.to_owned(),
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .map_err(io)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(refused(
                "a file that nobody writes",
                "one that another process does",
            ));
        }
        Err(TryLockError::Error(source)) => return Err(io(source)),
    }
    let n_bytes = file.metadata().map_err(io)?.len();
    if n_bytes < super::HEAD_BYTES as u64 && is_start_of_head(&mut file, head).map_err(io)? {
        file.set_len(0).map_err(io)?;
        file.seek(SeekFrom::Start(0)).map_err(io)?;
        file.write_all(&head.to_bytes()).map_err(io)?;
        return Ok((file, 0));
    }
    if Head::read(path, &mut file)? != *head {
        let expected = "features of these images by this teacher; compute them into another file";
        return Err(refused(
            expected,
            "those of other images or another teacher",
        ));
    }
    let n_done = head.n_rows_in(n_bytes).min(head.n_images);
    let end = super::HEAD_BYTES as u64 + n_done * head.row_bytes();
    file.set_len(end).map_err(io)?;
    file.seek(SeekFrom::Start(end)).map_err(io)?;
    Ok((file, n_done))
}

/// True for an empty file, and for one that was cut off in the head: nothing of anybody else's.
fn is_start_of_head(file: &mut File, head: &Head) -> io::Result<bool> {
    let mut bytes = Vec::new();
    io::Read::read_to_end(file, &mut bytes)?;
    file.seek(SeekFrom::Start(0))?;
    Ok(head.to_bytes().starts_with(&bytes))
}

/// The rows of a group that starts with image `first`, as bytes.
fn features_of(
    images: &Images,
    teacher: &Embedder,
    head: &Head,
    first: usize,
) -> Result<Vec<u8>, TrainError> {
    let rows = first..(first + GROUP).min(images.len());
    let crops = rows.clone().map(|row| crop_of(images, teacher, row));
    let crops = crops.collect::<Result<Vec<Option<RgbImage>>, _>>()?;
    let there: Vec<RgbImage> = crops.iter().flatten().cloned().collect();
    let views = teacher.views(&there);
    let views = views.map_err(|source| failed(images, first, source))?;
    let absent = Views {
        plain: vec![f32::NAN; head.dimension as usize],
        mirrored: vec![f32::NAN; head.dimension as usize],
    };
    let mut views = views.iter();
    let each = crops.iter().map(|crop| {
        let views = crop.as_ref().and_then(|_| views.next());
        views.unwrap_or(&absent)
    });
    let values = each.flat_map(|views| views.plain.iter().chain(&views.mirrored));
    Ok(values.flat_map(|value| value.to_le_bytes()).collect())
}

fn crop_of(
    images: &Images,
    teacher: &Embedder,
    row: usize,
) -> Result<Option<RgbImage>, TrainError> {
    let image = images.read(row)?;
    let crop = image.map(|image| teacher.crop_aligned(&image)).transpose();
    crop.map_err(|source| failed(images, row, source))
}

fn failed(images: &Images, row: usize, source: lineament::Error) -> TrainError {
    TrainError::TeacherImage {
        image: images.name(row).to_owned(),
        source: Box::new(source),
    }
}
