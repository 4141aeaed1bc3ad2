//! One model under evaluation: what it makes of a protocol's images.

use lineament::{Calibration, Embedder, Flip, Selector};
use lineament_data::DataLimits;
use lineament_eval::{About, FlipMode, ModelIdentity};

use crate::batch::Batch;
use crate::evaluation::cache::Cache;
use crate::evaluation::command_line::command_line;
use crate::evaluation::embedded::{self, Embedded, embed_each};
use crate::evaluation::faces::{FaceImage, FaceReader, FaceSource, Found, Networks, Way};
use crate::evaluation::given::Given;
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
    source: Source,
}

/// Where embeddings come from.
enum Source {
    Networks(Networks),
    Given(Given),
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
        let source = match &settings.given {
            Some(given) => Source::Given(given.clone()),
            None => Source::Networks(networks(settings.faces, &pipeline_settings, threads)?),
        };
        Ok(Self {
            settings,
            pipeline_settings,
            threads,
            source,
        })
    }

    /// The embedder.
    ///
    /// # Errors
    /// A usage error where another program made the embeddings.
    pub(crate) fn embedder(&self) -> Result<&Embedder, Failure> {
        match &self.source {
            Source::Networks(networks) => networks.embedder(),
            Source::Given(_) => Err(Failure::usage(
                "this takes its threshold from a network's calibration, and --embeddings have none",
            )
            .help("use --embedder")),
        }
    }

    /// What it is known by.
    pub(crate) fn identity(&self) -> Result<ModelIdentity, Failure> {
        if let Source::Given(given) = &self.source {
            return Ok(given.identity());
        }
        let info = self.embedder()?.info();
        Ok(ModelIdentity {
            name: info.name.clone(),
            sha256: info.sha256.clone(),
        })
    }

    /// Where the faces in images come from.
    pub(crate) fn faces_in_words(&self) -> String {
        match &self.source {
            Source::Networks(Networks::Aligned(_)) => "aligned images".to_owned(),
            Source::Networks(Networks::Detect(pipeline)) => {
                format!("found by {}", pipeline.detector_info().name)
            }
            Source::Given(given) => given.in_words(),
        }
    }

    /// What becomes of mirror images.
    pub(crate) fn flip(&self) -> Result<FlipMode, Failure> {
        if let Source::Given(given) = &self.source {
            return given.flip(self.settings.flip);
        }
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
        let batch = Batch {
            threads: self.threads,
            watcher: self.settings.batch.watcher,
            interrupt,
            stage: "images",
        };
        let networks = match &self.source {
            Source::Networks(networks) => networks,
            Source::Given(given) => {
                let find = |image: &FaceImage| Ok(vec![(given.find(&image.name)?, None)]);
                return embed_each(find, None, images, &batch, take);
            }
        };
        let reader = FaceReader {
            networks,
            max_frames: self.settings.max_frames,
            data_limits: DataLimits::default(),
            decode_limits: self.pipeline_settings.options.decode,
        };
        let way = Way::of(networks, &self.pipeline_settings)?;
        let cache = Cache::open_or_say(self.settings.cache.as_deref(), &way);
        let embed = |image: &FaceImage| embedded::embed(&reader, cache.as_ref(), image);
        embed_each(embed, cache.as_ref(), images, &batch, take)
    }
}

/// The networks that look at such images.
fn networks(
    faces: FaceSource,
    settings: &PipelineSettings,
    threads: Threads,
) -> Result<Networks, Failure> {
    Ok(match faces {
        FaceSource::Aligned => Networks::Aligned(Box::new(pipeline::open_embedder(
            settings,
            threads.network,
        )?)),
        FaceSource::Detect => {
            let need = Need::DetectorAndEmbedder;
            Networks::Detect(Box::new(pipeline::open(settings, need, threads.network)?))
        }
    })
}
