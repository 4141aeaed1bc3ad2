//! One model under evaluation: what it makes of a protocol's images.

use lineament::{Calibration, Embedder, Flip, Selector};
use lineament_data::DataLimits;
use lineament_eval::{About, FlipMode, ModelIdentity};

use crate::batch::{Batch, say};
use crate::evaluation::cache::Cache;
use crate::evaluation::command_line::command_line;
use crate::evaluation::embedded::{Embedded, embed_each};
use crate::evaluation::faces::{FaceImage, FaceReader, FaceSource, Found, Networks, Way};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::{self, Need, Threads};
use crate::settings::{PipelineSettings, Rule};
use crate::trouble::Trouble;

/// A model, opened for evaluation.
pub(crate) struct ModelUnderTest<'a> {
    settings: &'a EvaluationSettings,
    pipeline_settings: PipelineSettings,
    threads: Threads,
    networks: Networks,
}

impl<'a> ModelUnderTest<'a> {
    /// Opens the embedder for a protocol of `n_images`.
    pub(crate) fn open(
        settings: &'a EvaluationSettings,
        embedder: &Selector,
        n_images: usize,
    ) -> Result<Self, Failure> {
        let pipeline_settings = settings.pipeline(embedder);
        let threads = Threads::share(settings.batch.threads, n_images);
        let networks = match settings.faces {
            FaceSource::Aligned => Networks::Aligned(Box::new(pipeline::open_embedder(
                &pipeline_settings,
                threads.network,
            )?)),
            FaceSource::Detect => Networks::Detect(Box::new(pipeline::open(
                &pipeline_settings,
                Need::DetectorAndEmbedder,
                threads.network,
            )?)),
        };
        Ok(Self {
            settings,
            pipeline_settings,
            threads,
            networks,
        })
    }

    /// The embedder.
    pub(crate) fn embedder(&self) -> Result<&Embedder, Failure> {
        self.networks.embedder()
    }

    /// What it is known by.
    pub(crate) fn identity(&self) -> Result<ModelIdentity, Failure> {
        let info = self.embedder()?.info();
        Ok(ModelIdentity {
            name: info.name.clone(),
            sha256: info.sha256.clone(),
        })
    }

    /// Where the faces in images come from.
    pub(crate) fn faces_in_words(&self) -> String {
        match &self.networks {
            Networks::Aligned(_) => "aligned images".to_owned(),
            Networks::Detect(pipeline) => format!("found by {}", pipeline.detector_info().name),
        }
    }

    /// What becomes of mirror images.
    pub(crate) fn flip(&self) -> Result<FlipMode, Failure> {
        let own = match self.embedder()?.flip() {
            Flip::None => FlipMode::Off,
            Flip::Sum => FlipMode::Sum,
            Flip::Concat => FlipMode::Concat,
        };
        Ok(self.settings.flip.unwrap_or(own))
    }

    /// The rule for comparisons of everybody with everybody: the score that was given, else the least
    /// false-match rate that the calibration supports.
    pub(crate) fn strictest(&self, given: Rule) -> Result<Rule, Failure> {
        let calibration = self.embedder()?.calibration();
        let least = |calibration: &Calibration| calibration.points.last().map(|point| point.fmr);
        Ok(match given {
            Rule::Recommended => calibration
                .and_then(least)
                .map_or(Rule::Recommended, Rule::Fmr),
            given => given,
        })
    }

    /// What a result says of itself under a protocol that does not ask what was learned from.
    pub(crate) fn about(&self, protocol: &str) -> Result<About, Failure> {
        Ok(About {
            protocol: protocol.to_owned(),
            declaration: None,
            model: self.identity()?,
            flip: self.flip()?,
            command: command_line(),
        })
    }

    /// What came of each image.
    ///
    /// # Errors
    /// Those of [`embed_each`].
    pub(crate) fn embed(
        &self,
        images: &[FaceImage],
        interrupt: &Interrupt,
    ) -> Result<Embedded, Failure> {
        let mut embedded = Vec::with_capacity(images.len());
        self.embed_each(images, interrupt, |image| {
            embedded.push(image);
            Ok(())
        })?;
        Ok(embedded)
    }

    /// Gives what came of each image to `take`, in order.
    ///
    /// # Errors
    /// Those of [`embed_each`].
    pub(crate) fn embed_each(
        &self,
        images: &[FaceImage],
        interrupt: &Interrupt,
        take: impl FnMut(Result<Vec<Found>, Trouble>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let reader = FaceReader {
            networks: &self.networks,
            max_frames: self.settings.max_frames,
            data_limits: DataLimits::default(),
            decode_limits: self.pipeline_settings.options.decode,
        };
        let batch = Batch {
            threads: self.threads,
            watcher: self.settings.batch.watcher,
            interrupt,
            stage: "images",
        };
        embed_each(&reader, self.cache()?.as_ref(), images, &batch, take)
    }

    /// What is remembered; a cache that cannot be opened is told of and gone without.
    fn cache(&self) -> Result<Option<Cache>, Failure> {
        let Some(folder) = self.settings.cache.as_deref() else {
            return Ok(None);
        };
        let way = Way::of(&self.networks, &self.pipeline_settings)?;
        let opened = Cache::open(folder, &way);
        if let Err(why) = &opened {
            say(&format!("warning: embeddings are not remembered: {why}"));
        }
        Ok(opened.ok())
    }
}
