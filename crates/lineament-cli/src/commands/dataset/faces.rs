//! The faces of a set, embedded once and remembered.

use std::collections::BTreeMap;
use std::sync::Arc;

use lineament_cluster::{ClusterError, UnitRows};
use lineament_data::{Item, LabelledSet, Sample};

use super::run::Run;
use crate::args::dataset::{Embedding, Shown};
use crate::evaluation::cache;
use crate::evaluation::faces::FaceImage;
use crate::evaluation::labelled::usual_faces;
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::settings::EvaluationSettings;
use crate::evaluation::templates::{features, template};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::Threshold;
use crate::settings::{self, BatchSettings, Rule};

/// How the faces of sets are embedded.
pub(super) struct FaceSettings {
    evaluation: EvaluationSettings,
}

/// The images of a set in memory, and the features of those with a face.
pub(super) struct SetFaces {
    /// The images with their numbers in the set.
    pub(super) images: Vec<(u64, Sample)>,
    /// Lines of the set that make no sense.
    pub(super) n_bad: u64,
    /// The features, `[faces, d]`, of unit norm.
    pub(super) rows: UnitRows,
    /// Which of `images` each row is of.
    pub(super) image_of_row: Vec<usize>,
}

impl FaceSettings {
    /// What the arguments mean for `set`.
    pub(super) fn new(
        embedding: &Embedding,
        shown: &Shown,
        set: &LabelledSet,
    ) -> Result<Self, Failure> {
        let usual = usual_faces(set.kind());
        let batch = BatchSettings {
            style: settings::style(shown.json),
            watcher: shown.progress,
            threads: settings::threads(shown.threads),
        };
        let folder = embedding.cache.clone().unwrap_or_else(cache::usual_folder);
        Ok(Self {
            evaluation: EvaluationSettings::of_set(
                batch,
                embedding.faces.unwrap_or(usual),
                (!embedding.no_cache).then_some(folder),
                settings::pipeline(&embedding.search, &embedding.models)?,
            ),
        })
    }

    /// Opens the networks.
    pub(super) fn open(&self) -> Result<ModelUnderTest<'_>, Failure> {
        let [embedder] = self.evaluation.embedders.as_slice() else {
            return Err(Failure::usage("one embedder is needed"));
        };
        // A set has more images than there are threads: each thread gets images of its own.
        ModelUnderTest::open(&self.evaluation, embedder, usize::MAX)
    }
}

impl SetFaces {
    /// Reads the set and embeds its faces.
    ///
    /// # Errors
    /// [`Exit::Interrupted`]; [`Exit::Models`]; [`Exit::BadInput`] for a set without faces.
    pub(super) fn read(
        set: &LabelledSet,
        settings: &FaceSettings,
        model: &ModelUnderTest<'_>,
        run: &Run<'_>,
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let mut images = Vec::new();
        let n_bad = run.read(set, |seen| {
            images.push((seen.idx, seen.sample));
            Ok(())
        })?;
        let (rows, image_of_row) = embed(&images, settings, model, interrupt)?;
        let Some(rows) = rows else {
            return Err(Failure::new(
                Exit::BadInput,
                format!("{}: no face was found", set.path().display()),
            ));
        };
        Ok(Self {
            images,
            n_bad,
            rows,
            image_of_row,
        })
    }

    /// Images without a face.
    pub(super) fn n_without_face(&self) -> usize {
        self.images.len() - self.image_of_row.len()
    }

    /// The image that a row is of.
    pub(super) fn image(&self, row: usize) -> &(u64, Sample) {
        &self.images[self.image_of_row[row]]
    }

    /// The rows of each person, by name.
    pub(super) fn people(&self) -> BTreeMap<Arc<str>, Vec<usize>> {
        let mut people: BTreeMap<Arc<str>, Vec<usize>> = BTreeMap::new();
        for (row, image) in self.image_of_row.iter().enumerate() {
            if let Some(person) = &self.images[*image].1.person {
                people.entry(person.clone()).or_default().push(row);
            }
        }
        people
    }
}

/// The features of the images that have a face, and which images these are.
fn embed(
    images: &[(u64, Sample)],
    settings: &FaceSettings,
    model: &ModelUnderTest<'_>,
    interrupt: &Interrupt,
) -> Result<(Option<UnitRows>, Vec<usize>), Failure> {
    let faces = settings.evaluation.faces;
    let face_image = |(_, sample): &(u64, Sample)| FaceImage::of_sample(sample, faces);
    let item = |(_, sample): &(u64, Sample)| Item {
        name: sample.name.clone(),
        person: None,
        images: vec![sample.image.clone()],
    };
    let face_images: Vec<FaceImage> = images.iter().map(face_image).collect();
    let items: Vec<Item> = images.iter().map(item).collect();
    let embedded = model.embed(&face_images, interrupt)?;
    let mut rows: Option<UnitRows> = None;
    let mut image_of_row = Vec::new();
    for (idx, of_image) in features(&items, &embedded, model.flip()?)
        .iter()
        .enumerate()
    {
        let Some(feature) = template(of_image) else {
            continue;
        };
        match &mut rows {
            Some(rows) => rows.push(&feature),
            None => UnitRows::from_rows(&[&feature]).map(|first| rows = Some(first)),
        }
        .map_err(defect)?;
        image_of_row.push(idx);
    }
    Ok((rows, image_of_row))
}

/// The threshold that `rule` asks for.
pub(super) fn threshold(model: &ModelUnderTest<'_>, rule: Rule) -> Result<Threshold, Failure> {
    Threshold::of_embedder(rule, model.embedder()?)
}

/// The rule for comparisons with everybody in a set: see [`ModelUnderTest::strictest`].
pub(super) fn strictest(model: &ModelUnderTest<'_>, given: Rule) -> Result<Rule, Failure> {
    model.strictest(given)
}

/// A scan of features that fit each other fails for a defect of this program only.
pub(super) fn defect(error: ClusterError) -> Failure {
    Failure::new(Exit::Internal, error.to_string())
}
