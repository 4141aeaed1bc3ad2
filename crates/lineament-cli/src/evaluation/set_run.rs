//! Protocols over images with a template each, run on every model.

use lineament_eval::report::ReportRun;
use lineament_eval::{EvalError, FlipMode};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::evaluation::faces::{FaceImage, Found};
use crate::evaluation::model::ModelUnderTest;
use crate::evaluation::results::Results;
use crate::evaluation::settings::EvaluationSettings;
use crate::evaluation::templates::{ItemFeatures, template};
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::trouble::Trouble;

/// The template of every image.
#[derive(Debug, Default)]
pub(crate) struct Templates {
    /// In the order of the images; `None` where there is no face or the image could not be read.
    pub(crate) rows: Vec<Option<Vec<f32>>>,
    pub(crate) n_unreadable: usize,
}

/// The template of an image, from what came of it.
pub(crate) fn template_of(image: &Result<Vec<Found>, Trouble>, flip: FlipMode) -> Option<Vec<f32>> {
    template(&ItemFeatures::of(std::slice::from_ref(image), flip))
}

/// What a protocol gave: a run of a report, and what failed to enrol.
pub(crate) struct Measured {
    run: ReportRun,
    failures: Vec<String>,
    n_unreadable: usize,
}

/// Opens each model for so many images and shows what `measure` makes of it: one result or several.
///
/// # Errors
/// Those of `measure`; models that cannot be used.
pub(crate) fn on_each_model(
    settings: &EvaluationSettings,
    n_images: usize,
    measure: impl Fn(&ModelUnderTest<'_>) -> Result<Vec<Measured>, Failure>,
) -> Result<Exit, Failure> {
    let mut results = Results::new(settings.batch.style, settings.report.as_deref())?;
    for embedder in &settings.embedders {
        let model = ModelUnderTest::open(settings, embedder, n_images)?;
        for measured in measure(&model)? {
            measured.show(&mut results)?;
        }
    }
    results.finish()
}

impl Measured {
    /// `report` as `--json` prints it, with `choices` by name, and as the run of a report.
    ///
    /// # Errors
    /// [`Exit::Internal`]: none for a report as it was made.
    pub(crate) fn new(
        report: &impl Serialize,
        run: Result<ReportRun, EvalError>,
        failures: &[String],
        choices: Vec<(String, String)>,
    ) -> Result<Self, Failure> {
        let internal =
            |error: &dyn std::fmt::Display| Failure::new(Exit::Internal, error.to_string());
        let mut result = serde_json::to_value(report).map_err(|error| internal(&error))?;
        if let Value::Object(result) = &mut result {
            let choices = choices.iter().cloned();
            let choices: Map<String, Value> = choices.map(|(k, v)| (k, Value::from(v))).collect();
            result.insert("choices".to_owned(), Value::Object(choices));
        }
        let run = run.map_err(|error| internal(&error))?;
        Ok(Self {
            run: ReportRun {
                settings: choices,
                result,
                ..run
            },
            failures: failures.to_vec(),
            n_unreadable: 0,
        })
    }

    /// So many images could not be read.
    pub(crate) fn unreadable(self, n_unreadable: usize) -> Self {
        Self {
            n_unreadable,
            ..self
        }
    }

    /// The run, to be changed.
    pub(crate) fn run_mut(&mut self) -> &mut ReportRun {
        &mut self.run
    }

    pub(crate) fn show(self, results: &mut Results<'_>) -> Result<(), Failure> {
        results.add(self.run, &self.failures, self.n_unreadable)
    }
}

impl Templates {
    /// The templates that `model` makes of the images.
    ///
    /// # Errors
    /// Those of [`ModelUnderTest::embed_each`].
    pub(crate) fn of(
        model: &ModelUnderTest<'_>,
        images: &[FaceImage],
        interrupt: &Interrupt,
    ) -> Result<Self, Failure> {
        let flip = model.flip()?;
        let mut templates = Self::default();
        model.embed_each(images, interrupt, |image| {
            templates.n_unreadable += usize::from(image.is_err());
            templates.rows.push(template_of(&image, flip));
            Ok(())
        })?;
        Ok(templates)
    }
}
