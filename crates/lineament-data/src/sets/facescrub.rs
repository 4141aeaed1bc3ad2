//! FaceScrub: the lists of actors and actresses, and what was downloaded by them.
//!
//! The lists have the columns name, image id, face id, URL, `x1,y1,x2,y2`, SHA-256, with tabs between
//! them. Everybody downloads the images anew; these layouts are known, with `N` the name with
//! underscores for spaces (or as it is), below the folder of the lists or below `actors` and
//! `actresses` in it:
//!
//! * `images/N/N_<image id>.*`: photos (the download script that the set's page names);
//! * `faces/N/N_<image id>_<face id>.*`: the same script's crops, which have no box;
//! * `N/<sha-256>.*` and `<sha-256>.*`: photos by their hash;
//! * `FaceScrub/N/N_<face id>.*` and `N/N_<face id>.*`: photos as MegaFace has them.
//!
//! Many links are dead: a line whose image is not there is an error, as in every list.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use lineament_core::Rect;

use super::row::Place;
use super::{Columns, Container, Samples, failed, names};
use crate::error::DataError;
use crate::images::Stems;
use crate::limits::DataLimits;
use crate::lines::{Lines, count_line_ends};
use crate::people::Interner;
use crate::sample::Sample;
use crate::source::ImageSource;

/// The lists, and the folder that each has of its own in some layouts.
const LISTS: [(&str, &str); 2] = [
    ("facescrub_actors.txt", "actors"),
    ("facescrub_actresses.txt", "actresses"),
];

const ATTRIBUTES: [&str; 5] = ["image_id", "face_id", "url", "sha256", "list"];

pub(super) struct FaceScrub {
    root: PathBuf,
    limits: DataLimits,
}

impl FaceScrub {
    pub(super) fn open(root: &Path, limits: &DataLimits) -> Result<Self, DataError> {
        if !is_facescrub(root) {
            return Err(DataError::Missing {
                path: root.to_owned(),
                missing: "facescrub_actors.txt or facescrub_actresses.txt".to_owned(),
                help: "put the lists into the folder of the images".to_owned(),
            });
        }
        Ok(Self {
            root: root.to_owned(),
            limits: *limits,
        })
    }

    fn lists(&self) -> impl Iterator<Item = (PathBuf, &'static str)> {
        let lists = LISTS.map(|(name, group)| (self.root.join(name), group));
        lists.into_iter().filter(|(path, _)| path.is_file())
    }

    fn of_list(&self, path: &Path, group: &'static str) -> Result<Samples, DataError> {
        let mut lines = Lines::of_list(path, self.limits.max_list_bytes)?;
        let path = lines.path().clone();
        let mut reader = Reader {
            root: self.root.clone(),
            group,
            folders: Default::default(),
            interner: Interner::default(),
            columns: names(&ATTRIBUTES),
        };
        Ok(Box::new(std::iter::from_fn(move || {
            loop {
                let line = match lines.next_line()? {
                    Ok(line) => line,
                    Err(error) => return Some(Err(error)),
                };
                if line.number == 1 && line.text.starts_with("name\t") {
                    continue;
                }
                let at = Place {
                    path: &path,
                    line: line.number,
                };
                return Some(reader.sample(line.text, at));
            }
        })))
    }
}

impl Container for FaceScrub {
    fn columns(&self) -> Columns {
        Columns {
            face: true,
            attributes: names(&ATTRIBUTES),
            ..Columns::default()
        }
    }

    fn samples(&self) -> Samples {
        let lists = self.lists();
        let samples = lists.map(|(path, group)| self.of_list(&path, group).unwrap_or_else(failed));
        Box::new(samples.collect::<Vec<_>>().into_iter().flatten())
    }

    fn len_hint(&self) -> Option<u64> {
        let counts = self.lists().map(|(path, _)| count_line_ends(&path));
        counts.sum()
    }
}

/// True for a folder with a list of FaceScrub.
pub(super) fn is_facescrub(root: &Path) -> bool {
    LISTS.iter().any(|(name, _)| root.join(name).is_file())
}

struct Reader {
    root: PathBuf,
    group: &'static str,
    /// The folders of the person at hand, one for each place that is searched.
    folders: [Stems; N_PLACES],
    interner: Interner,
    columns: Vec<Arc<str>>,
}

/// Five in each of two roots, for each of two spellings.
const N_PLACES: usize = 20;

/// A line of a list.
struct Row<'a> {
    name: &'a str,
    image_id: &'a str,
    face_id: &'a str,
    url: &'a str,
    face: Rect,
    sha256: &'a str,
}

impl Reader {
    fn sample(&mut self, text: &str, at: Place<'_>) -> Result<Sample, DataError> {
        let row = Row::parse(text, at)?;
        let (path, is_crop) = self.find(&row)?.ok_or_else(|| {
            let got = format!("no image {} of {}", row.image_id, row.name);
            at.error("an image that was downloaded", got)
        })?;
        let name = path.strip_prefix(&self.root).unwrap_or(&path);
        let mut sample = Sample::new(
            name.to_string_lossy().replace('\\', "/"),
            ImageSource::File(path),
        );
        sample.person = Some(self.interner.get(row.name));
        sample.face = (!is_crop).then_some(row.face);
        let values = [row.image_id, row.face_id, row.url, row.sha256, self.group];
        let columns = self.columns.iter().cloned();
        sample.attributes = columns.zip(values.map(str::to_owned)).collect();
        Ok(sample)
    }

    /// The image of a line, and whether it is a crop.
    fn find(&mut self, row: &Row<'_>) -> Result<Option<(PathBuf, bool)>, DataError> {
        let roots = [self.root.clone(), self.root.join(self.group)];
        let mut folders = self.folders.iter_mut();
        for name in [row.name.replace(' ', "_"), row.name.to_owned()] {
            let photo = format!("{name}_{}", row.image_id);
            let crop = format!("{photo}_{}", row.face_id);
            let face = format!("{name}_{}", row.face_id);
            let places = |root: &Path| {
                [
                    (root.join("images").join(&name), [photo.as_str(), ""]),
                    (root.join(&name), [row.sha256, &face]),
                    (root.join("FaceScrub").join(&name), [&face, ""]),
                    (root.to_owned(), [row.sha256, ""]),
                    (root.join("faces").join(&name), [&crop, ""]),
                ]
            };
            for ((folder, stems), known) in
                roots.iter().flat_map(|root| places(root)).zip(&mut folders)
            {
                for stem in stems {
                    if let Some(path) = known.find(&folder, stem)? {
                        return Ok(Some((path, stem == crop)));
                    }
                }
            }
        }
        Ok(None)
    }
}

impl<'a> Row<'a> {
    fn parse(text: &'a str, at: Place<'_>) -> Result<Self, DataError> {
        let fields: Vec<&str> = text.split('\t').map(str::trim).collect();
        let &[name, image_id, face_id, url, bbox, sha256] = fields.as_slice() else {
            let expected = "name, image id, face id, url, box and hash with tabs between them";
            return Err(at.error(expected, format!("{} columns", fields.len())));
        };
        let corners: Vec<&str> = bbox.split(',').collect();
        let &[left, top, right, bottom] = corners.as_slice() else {
            return Err(at.error("a box x1,y1,x2,y2", format!("{bbox:?}")));
        };
        let number = |what, text| at.number(what, text);
        let face = Rect::from_corners(
            number("x1", left)?,
            number("y1", top)?,
            number("x2", right)?,
            number("y2", bottom)?,
        );
        if name.is_empty() || name.contains(['/', '\\']) {
            return Err(at.error("a name", format!("{name:?}")));
        }
        Ok(Self {
            name,
            image_id,
            face_id,
            url,
            face,
            sha256,
        })
    }
}
