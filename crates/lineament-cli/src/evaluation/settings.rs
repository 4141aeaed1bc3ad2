//! What the options that all protocols share mean.

use std::num::NonZeroUsize;
use std::path::PathBuf;

use lineament::Selector;
use lineament_eval::FlipMode;

use crate::args::common::Models;
use crate::args::eval::{EvalModels, Evaluation, FlipName};
use crate::evaluation::cache;
use crate::evaluation::faces::FaceSource;
use crate::evaluation::given::Given;
use crate::failure::Failure;
use crate::settings::{self, BatchSettings, PipelineSettings};

/// Frames of a video that the protocol of YouTube Faces looks at.
const USUAL_FRAMES: NonZeroUsize = NonZeroUsize::new(100).unwrap();

/// How a protocol is run, whichever it is.
#[derive(Debug, Clone)]
pub(crate) struct EvaluationSettings {
    pub(crate) batch: BatchSettings,
    /// The folder of the report, if one is wanted.
    pub(crate) report: Option<PathBuf>,
    /// Where embeddings are remembered, if they are.
    pub(crate) cache: Option<PathBuf>,
    pub(crate) faces: FaceSource,
    /// Embeddings that another program made, instead of a network's.
    pub(crate) given: Option<Given>,
    /// `None` for what the model asks for.
    pub(crate) flip: Option<FlipMode>,
    /// Frames of a video to look at.
    pub(crate) max_frames: NonZeroUsize,
    /// The models to evaluate, at least one.
    pub(crate) embedders: Vec<Selector>,
    /// The pipeline but for its embedder.
    pipeline: PipelineSettings,
}

impl EvaluationSettings {
    /// What `args` mean for a protocol whose images are usually such as `usual_faces`.
    pub(crate) fn new(args: Evaluation, usual_faces: FaceSource) -> Result<Self, Failure> {
        let embedders = embedders(&args.models.embedders)?;
        let given = args.models.embeddings.as_deref().map(Given::read);
        Ok(Self {
            given: given.transpose()?,
            batch: BatchSettings {
                style: settings::style(args.json),
                watcher: args.progress,
                threads: settings::threads(args.threads),
            },
            report: args.report,
            cache: (!args.no_cache).then(|| args.cache.unwrap_or_else(cache::usual_folder)),
            faces: args.faces.unwrap_or(usual_faces),
            flip: args.flip.map(|flip| match flip {
                FlipName::Sum => FlipMode::Sum,
                FlipName::Concat => FlipMode::Concat,
                FlipName::Off => FlipMode::Off,
            }),
            max_frames: USUAL_FRAMES,
            embedders,
            pipeline: settings::pipeline(&args.search, &one_model(args.models))?,
        })
    }

    /// How the faces of a labelled set are embedded, by the one embedder of `pipeline`.
    pub(crate) fn of_set(
        batch: BatchSettings,
        faces: FaceSource,
        cache: Option<PathBuf>,
        pipeline: PipelineSettings,
    ) -> Self {
        Self {
            batch,
            report: None,
            cache,
            faces,
            given: None,
            flip: None,
            max_frames: USUAL_FRAMES,
            embedders: vec![pipeline.options.embedder.clone()],
            pipeline,
        }
    }

    /// The pipeline with this embedder.
    pub(crate) fn pipeline(&self, embedder: &Selector) -> PipelineSettings {
        let mut settings = self.pipeline.clone();
        settings.options.embedder = embedder.clone();
        settings
    }
}

fn embedders(names: &[String]) -> Result<Vec<Selector>, Failure> {
    let mut selectors = Vec::new();
    for name in names {
        let selector = Selector::Named(name.clone());
        if selectors.contains(&selector) {
            return Err(Failure::usage(format!("--embedder {name} is given twice")));
        }
        selectors.push(selector);
    }
    if selectors.is_empty() {
        selectors.push(Selector::Preferred);
    }
    Ok(selectors)
}

fn one_model(models: EvalModels) -> Models {
    Models {
        dir: models.dir,
        detector: models.detector,
        embedder: None,
        engine: models.engine,
        device: models.device,
        isa: models.isa,
        network_precision: models.network_precision,
    }
}
