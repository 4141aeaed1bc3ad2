//! `lineament eval detect`: found faces against marked ones.

use std::path::{Path, PathBuf};

use lineament::{Pipeline, Selector};
use lineament_data::boxes::{self, BoxForm, BoxSet, BoxedFace, Duty, WiderSubset};
use lineament_data::{DataError, DataLimits, LabelledSet};
use lineament_eval::detection::{
    DetectionImage, DetectionMaterial, DetectionOptions, DetectionRules, LandmarkScale, MarkedFace,
    Standing,
};
use lineament_eval::report::{Figure, FigureValue, Uncertainty};
use lineament_eval::{About, FlipMode, ModelIdentity, evaluate_detections};

use super::bad_list;
use crate::args::common::{Models, Search};
use crate::args::eval::sets::{BoxFormName, DetectFaces, RulesName, ScaleName};
use crate::batch::Batch;
use crate::evaluation::cache::{self, Cache};
use crate::evaluation::command_line::command_line;
use crate::evaluation::detections::{self, FoundFaces};
use crate::evaluation::embedded::Fresh;
use crate::evaluation::faces::Way;
use crate::evaluation::pair_job::failure;
use crate::evaluation::results::Results;
use crate::evaluation::set_run::Measured;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::interrupt::Interrupt;
use crate::pipeline::{self, Need, Threads};
use crate::progress::{Level, plural};
use crate::settings::{self, BatchSettings, PipelineSettings};

/// Marked images and the detectors that look at them.
struct Job {
    protocol: String,
    set: BoxSet,
    detectors: Vec<Selector>,
    pipeline: PipelineSettings,
    batch: BatchSettings,
    options: DetectionOptions,
    /// Where detections are remembered, if they are.
    cache: Option<PathBuf>,
}

pub(super) fn run(args: DetectFaces, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let report = args.report.clone();
    let job = Job::new(args)?;
    let mut results = Results::new(job.batch.style, report.as_deref())?;
    for detector in &job.detectors {
        job.measure(detector, interrupt)?.show(&mut results)?;
    }
    results.finish()
}

impl Job {
    fn new(args: DetectFaces) -> Result<Self, Failure> {
        if let Some(iou) = args.iou.iter().find(|iou| !(**iou > 0.0 && **iou < 1.0)) {
            return Err(Failure::usage(format!(
                "--iou takes overlaps between 0 and 1, not {iou}"
            )));
        }
        if args.rules == RulesName::WiderEval && args.at_score.is_some() {
            return Err(Failure::usage(
                "--rules wider_eval stretches the scores, and --at-score is one of the detector's",
            ));
        }
        let mut detectors: Vec<Selector> = Vec::new();
        for name in &args.detectors {
            let selector = Selector::Named(name.clone());
            if detectors.contains(&selector) {
                return Err(Failure::usage(format!("--detector {name} is given twice")));
            }
            detectors.push(selector);
        }
        if detectors.is_empty() {
            detectors.push(Selector::Preferred);
        }
        let stem = args.list.file_stem().unwrap_or_default();
        Ok(Self {
            protocol: format!("detect-{}", stem.to_string_lossy()),
            set: read(&args)?,
            detectors,
            batch: BatchSettings {
                style: settings::style(args.json),
                watcher: args.progress,
                threads: settings::threads(args.threads),
            },
            cache: (!args.no_cache).then(|| args.cache.unwrap_or_else(cache::usual_folder)),
            options: DetectionOptions {
                rules: match args.rules {
                    RulesName::Plain => DetectionRules::Plain,
                    RulesName::WiderEval => DetectionRules::WiderEval,
                },
                ious: args.iou,
                min_score: args.at_score,
                landmark_scale: match args.landmark_scale {
                    ScaleName::Box => LandmarkScale::Box,
                    ScaleName::Eyes => LandmarkScale::Eyes,
                },
                ..DetectionOptions::default()
            },
            pipeline: settings::pipeline(
                &Search {
                    max_side: args.max_side,
                    min_face: args.min_face,
                    score_threshold: Some(args.score_threshold),
                    nms_iou: args.nms_iou,
                    max_pixels: None,
                    max_bytes: None,
                },
                &Models {
                    dir: args.dir,
                    detector: None,
                    embedder: None,
                    engine: args.engine,
                    device: args.device,
                    isa: args.isa,
                    network_precision: args.network_precision,
                },
            )?,
        })
    }

    fn measure(&self, detector: &Selector, interrupt: &Interrupt) -> Result<Measured, Failure> {
        let mut settings = self.pipeline.clone();
        settings.options.detector = detector.clone();
        let threads = Threads::share(self.batch.threads, self.set.images.len());
        let pipeline = pipeline::open(&settings, Need::Detector, threads.network)?;
        let way = Way::of_detector(&pipeline, &settings);
        let cache = Cache::open_or_say(self.cache.as_deref(), &way);
        let images = self.look(&pipeline, cache.as_ref(), threads, interrupt)?;
        let info = pipeline.detector_info();
        let about = About {
            protocol: self.protocol.clone(),
            declaration: None,
            model: ModelIdentity {
                name: info.name.clone(),
                sha256: info.sha256.clone(),
            },
            flip: FlipMode::Off,
            command: command_line(),
        };
        let material = DetectionMaterial {
            images: &images,
            subsets: &self.set.subsets,
        };
        let report = evaluate_detections(about, material, &self.options);
        let report = report.map_err(|e| failure(&e))?;
        let options = &settings.options.detection;
        let mut choices = vec![
            (
                "Longest side".to_owned(),
                format!("{} px", options.max_side_px),
            ),
            (
                "Least detection score".to_owned(),
                options.score_threshold.unwrap_or_default().to_string(),
            ),
        ];
        if self.options.rules == DetectionRules::WiderEval {
            let rules = "wider_eval of WIDER FACE's eval_tools";
            choices.push(("Rules".to_owned(), rules.to_owned()));
        }
        if let Some(px) = options.min_face_px {
            choices.push(("Least face".to_owned(), format!("{px} px, by tiles")));
        }
        let run = Ok(report.run("Face detection"));
        let mut measured =
            Measured::new(&report, run, &report.failures, choices)?.unreadable(report.n_failed);
        let run = measured.run_mut();
        run.figures.extend(self.at_score(&report));
        let n_ignored = self.set.images.iter().flat_map(|image| &image.faces);
        let n_ignored = n_ignored.filter(|face| face.duty == Duty::MayFind).count();
        if n_ignored > 0 {
            let faces = plural(n_ignored, "marked face", "marked faces");
            run.notes.push(format!(
                "{faces} may be found or not; no figure counts them."
            ));
        }
        Ok(measured)
    }

    /// What is found in every image.
    fn look(
        &self,
        pipeline: &Pipeline,
        cache: Option<&Cache>,
        threads: Threads,
        interrupt: &Interrupt,
    ) -> Result<Vec<DetectionImage>, Failure> {
        let batch = Batch {
            threads,
            watcher: self.batch.watcher,
            interrupt,
            stage: "images",
        };
        let mut images = Vec::with_capacity(self.set.images.len());
        let mut fresh = Fresh::new(cache);
        let count = batch.for_each(
            &self.set.images,
            |image| detections::look(pipeline, cache, image),
            |progress, image, found| {
                if let Err(trouble) = &found {
                    progress.tell(Level::Error, &trouble.about(&image.name));
                }
                let found = found.ok().map(|(faces, hash)| {
                    let FoundFaces(faces) = fresh.take(faces, hash);
                    faces
                });
                let n_faces = found.as_ref().map_or(0, Vec::len);
                images.push(DetectionImage {
                    name: image.name.clone(),
                    marked: image.faces.iter().map(marked).collect(),
                    found,
                });
                Ok(n_faces)
            },
        );
        fresh.write();
        let count = count?;
        match count.done == self.set.images.len() {
            true => Ok(images),
            false => Err(Failure::new(
                Exit::Interrupted,
                format!("interrupted after {} of {} images", count.done, count.total),
            )),
        }
    }

    /// Precision and recall at the score that was asked for, at the first overlap.
    fn at_score(&self, report: &lineament_eval::detection::DetectionReport) -> Vec<Figure> {
        let (Some(score), Some(of_all)) = (self.options.min_score, report.by_iou.first()) else {
            return Vec::new();
        };
        let point = of_all.at_min_score;
        let figures = [
            ("Precision", point.map(|p| p.precision)),
            ("Recall", point.map(|p| p.recall)),
        ];
        let figure = |(name, share): (&str, Option<f64>)| Figure {
            name: format!("{name} at score {score}, IoU {}", of_all.iou),
            value: match share {
                Some(share) => FigureValue::Share {
                    share,
                    uncertainty: Uncertainty::Unknown,
                },
                None => FigureValue::Missing("nothing has that score".to_owned()),
            },
        };
        figures.map(figure).to_vec()
    }
}

fn read(args: &DetectFaces) -> Result<BoxSet, Failure> {
    let form = match args.form {
        Some(BoxFormName::Wider) => BoxForm::Wider,
        Some(BoxFormName::Dlib) => BoxForm::Dlib,
        Some(BoxFormName::Voc) => BoxForm::Voc,
        Some(BoxFormName::Set) => BoxForm::Set,
        None => BoxForm::of(&args.list).map_err(bad_list)?,
    };
    let mat_files = args.subsets.iter().cloned().map(WiderSubset::MatFile);
    let flags = args.subsets_by_flags.then_some(WiderSubset::Flags);
    let subsets: Vec<WiderSubset> = mat_files.chain(flags).collect();
    if form != BoxForm::Wider && !subsets.is_empty() {
        return Err(
            Failure::usage("--subset and --subsets-by-flags belong to WIDER FACE's list")
                .help("a set names its subsets in a column `subset`"),
        );
    }
    if form == BoxForm::Set && args.images.is_some() {
        return Err(Failure::usage(
            "a set says itself where its images are; leave out --images",
        ));
    }
    let images = args.images.clone();
    let images = images.unwrap_or_else(|| form.usual_images(&args.list));
    let set = read_form(form, &args.list, &images, &subsets).map_err(bad_list)?;
    match set.images.is_empty() {
        false => Ok(set),
        true => Err(Failure::new(
            Exit::BadInput,
            format!("{}: no image", args.list.display()),
        )),
    }
}

fn read_form(
    form: BoxForm,
    list: &Path,
    images: &Path,
    subsets: &[WiderSubset],
) -> Result<BoxSet, DataError> {
    let limits = DataLimits::default();
    match form {
        BoxForm::Wider => boxes::read_wider(list, images, subsets, &limits),
        BoxForm::Dlib => boxes::read_dlib(list, images, &limits),
        BoxForm::Voc => boxes::read_voc(list, images, &limits),
        BoxForm::Set => boxes::of_set(&LabelledSet::open(list, None, &limits)?),
    }
}

fn marked(face: &BoxedFace) -> MarkedFace {
    MarkedFace {
        rect: face.rect,
        standing: match face.duty {
            Duty::MustFind => Standing::Counted,
            Duty::MayFind => Standing::Ignored,
        },
        landmarks: face.landmarks,
        subsets: face.subsets.clone(),
    }
}
