//! IJB-B (Whitelam et al., 2017) and IJB-C (Maze et al., 2018).
//!
//! A template is what one enrolment or search sees of a subject: media, each a still image or frames
//! of one video. The lists of templates are CSV with a row for every face, the lists of matches pairs
//! of template numbers. InsightFace packs both databases as loose crops with lists of its own, and
//! with the official lists of galleries and probes beside them.

mod matches;
mod official;
mod packed;
mod template;

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use crate::error::DataError;
use crate::limits::DataLimits;

pub use matches::{TemplatePair, read_matches};
pub use official::read_templates;
pub use template::{Face, Media, Template};

/// Which database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Release {
    /// IJB-B, whose galleries are S1 and S2.
    B,
    /// IJB-C, whose galleries are G1 and G2.
    C,
}

/// Whose lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// The official ones: `ijbc_1N_gallery_G1.csv` and so on, over whole images.
    Official,
    /// InsightFace's: `ijbc_face_tid_mid.txt` and so on, over loose crops.
    Packed,
}

/// Where a database is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source<'a> {
    /// Which database.
    pub release: Release,
    /// Whose lists.
    pub form: Form,
    /// The folder of the lists (`protocols`, or `meta`).
    pub lists: &'a Path,
    /// The folder that images are below (the one that holds `img`, or `loose_crop`).
    pub images: &'a Path,
}

/// Comparisons of templates (1:1).
#[derive(Debug, Clone, PartialEq)]
pub struct Verification {
    /// `ijbb` or `ijbc`.
    pub name: &'static str,
    /// The templates, each once.
    pub templates: Vec<Template>,
    /// The comparisons, in the order of the list.
    pub pairs: Vec<TemplatePair>,
}

/// Searches (1:N) in two galleries, each on its own.
#[derive(Debug, Clone, PartialEq)]
pub struct Identification {
    /// `ijbb` or `ijbc`.
    pub name: &'static str,
    /// Both galleries.
    pub galleries: [Gallery; 2],
    /// The mixed probes (stills and videos). In either gallery, those whose subject is not in it are
    /// the non-mated ones.
    pub probes: Vec<Template>,
}

/// Who is enrolled.
#[derive(Debug, Clone, PartialEq)]
pub struct Gallery {
    /// `S1`, `S2`, `G1` or `G2`.
    pub name: &'static str,
    /// The templates.
    pub templates: Vec<Template>,
}

impl Release {
    /// `ijbb` or `ijbc`, which the names of lists start with.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::B => "ijbb",
            Self::C => "ijbc",
        }
    }

    const fn galleries(self) -> [&'static str; 2] {
        match self {
            Self::B => ["S1", "S2"],
            Self::C => ["G1", "G2"],
        }
    }
}

impl Form {
    /// The form of the lists in the folder `lists`: packed where `ijbc_face_tid_mid.txt` lies.
    #[must_use]
    pub fn of_folder(lists: &Path, release: Release) -> Self {
        match lists.join(packed::faces_file(release)).is_file() {
            true => Self::Packed,
            false => Self::Official,
        }
    }
}

impl Source<'_> {
    fn gallery_files(&self) -> [PathBuf; 2] {
        let release = self.release.name();
        let file = |gallery| format!("{release}_1N_gallery_{gallery}.csv");
        self.release
            .galleries()
            .map(|gallery| self.lists.join(file(gallery)))
    }

    fn probe_file(&self) -> PathBuf {
        let file = format!("{}_1N_probe_mixed.csv", self.release.name());
        self.lists.join(file)
    }

    fn match_file(&self) -> PathBuf {
        let release = self.release.name();
        let [first, second] = self.release.galleries();
        self.lists.join(match self.form {
            Form::Official => format!("{release}_11_{first}_{second}_matches.csv"),
            Form::Packed => format!("{release}_template_pair_label.txt"),
        })
    }
}

/// The 1:1 protocol: templates of both galleries and of the mixed probes.
///
/// # Errors
/// [`DataError::Line`] for a line of a list that makes no sense: a missing image, a template of two
/// subjects, a match of a template that no list has, a match twice; [`DataError::Limit`];
/// [`DataError::Io`] for a list that is not there.
pub fn read_verification(
    source: &Source<'_>,
    limits: &DataLimits,
) -> Result<Verification, DataError> {
    let templates = match source.form {
        Form::Official => {
            let [first, second] = source.gallery_files();
            let files = [first, second, source.probe_file()];
            official::read_all(&files, source.images, limits)?
        }
        Form::Packed => packed::read_templates(source, limits)?,
    };
    Ok(Verification {
        name: source.release.name(),
        pairs: read_matches(&source.match_file(), &templates, limits)?,
        templates,
    })
}

/// The 1:N protocol with the mixed probes.
///
/// # Errors
/// As [`read_verification`].
pub fn read_identification(
    source: &Source<'_>,
    limits: &DataLimits,
) -> Result<Identification, DataError> {
    let packed: Option<HashMap<u64, Template>> = match source.form {
        Form::Official => None,
        Form::Packed => {
            let templates = packed::read_templates(source, limits)?.into_iter();
            Some(
                templates
                    .map(|template| (template.number, template))
                    .collect(),
            )
        }
    };
    let read = |list: &Path| match &packed {
        None => read_templates(list, source.images, limits),
        Some(packed) => packed::templates_of(list, packed, limits),
    };
    let [first, second] = source.gallery_files();
    let [first_name, second_name] = source.release.galleries();
    let gallery = |name, list: &Path| {
        Ok(Gallery {
            name,
            templates: read(list)?,
        })
    };
    Ok(Identification {
        name: source.release.name(),
        galleries: [gallery(first_name, &first)?, gallery(second_name, &second)?],
        probes: read(&source.probe_file())?,
    })
}
