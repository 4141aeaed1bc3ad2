//! What the command line means: options checked and put in types before anything starts.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use lineament::{DetectionOptions, EngineOptions, Limits, PipelineOptions, Score, Selector};
use lineament_runtime::{Device, Engine, Isa, Precision};

use crate::args::common::{self, EngineName};
use crate::failure::Failure;
use crate::inputs::{ListSource, Request};
use crate::journal::Start;
use crate::progress::Watcher;

/// How a run goes about its photos.
#[derive(Debug, Clone)]
pub(crate) struct BatchSettings {
    /// Results as JSON instead of a table.
    pub(crate) style: Style,
    /// Who watches.
    pub(crate) watcher: Watcher,
    /// Threads that work on photos.
    pub(crate) threads: NonZeroUsize,
}

/// What results look like on standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// A table or a sentence, for people.
    People,
    /// JSON, for programs.
    Json,
}

/// Which models to use and how.
#[derive(Debug, Clone)]
pub(crate) struct PipelineSettings {
    /// The folder that was named, if one was.
    pub(crate) folder: Option<PathBuf>,
    /// The pipeline's options.
    pub(crate) options: PipelineOptions,
}

/// What two faces must score to count as one person.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Rule {
    /// At least this.
    Score(Score),
    /// Whatever the calibration gives for this false-match rate.
    Fmr(f64),
    /// What the calibration recommends.
    Recommended,
}

pub(crate) fn style(json: bool) -> Style {
    if json { Style::Json } else { Style::People }
}

pub(crate) fn start(args: &common::Resume) -> Start {
    if args.resume {
        Start::Resume
    } else {
        Start::Afresh
    }
}

pub(crate) fn threads(wanted: Option<NonZeroUsize>) -> NonZeroUsize {
    wanted
        .or_else(|| std::thread::available_parallelism().ok())
        .unwrap_or(NonZeroUsize::MIN)
}

pub(crate) fn batch(args: &common::Batch) -> BatchSettings {
    BatchSettings {
        style: style(args.json),
        watcher: args.progress,
        threads: threads(args.threads),
    }
}

/// The photos that are asked for; folders in `outputs` are not searched.
pub(crate) fn request(
    args: common::Inputs,
    outputs: &[Option<&Path>],
    start: Start,
) -> Result<Request, Failure> {
    let list = args.files_from.map(|path| match path.to_str() {
        Some("-") => ListSource::Stdin,
        _ => ListSource::File(path),
    });
    let photo_on_stdin = args.paths.iter().any(|path| path == Path::new("-"));
    if photo_on_stdin && list == Some(ListSource::Stdin) {
        return Err(Failure::usage(
            "standard input cannot hold both a photo and a list of files",
        ));
    }
    if photo_on_stdin && start == Start::Resume {
        return Err(Failure::usage(
            "a run with a photo on standard input cannot be gone on with",
        ));
    }
    Ok(Request {
        paths: args.paths,
        list,
        outputs: outputs
            .iter()
            .flatten()
            .map(|path| path.to_path_buf())
            .collect(),
    })
}

pub(crate) fn rule(args: &common::Decision) -> Result<Rule, Failure> {
    match (args.threshold, args.fmr) {
        (Some(score), _) if (-1.0..=1.0).contains(&score) => Ok(Rule::Score(Score::new(score))),
        (Some(score), _) => Err(Failure::usage(format!(
            "--threshold is a score from -1 to 1, not {score}"
        ))),
        (None, Some(fmr)) if fmr > 0.0 && fmr < 1.0 => Ok(Rule::Fmr(fmr)),
        (None, Some(fmr)) => Err(Failure::usage(format!(
            "--fmr is a rate between 0 and 1, not {fmr}"
        ))),
        (None, None) => Ok(Rule::Recommended),
    }
}

pub(crate) fn pipeline(
    search: &common::Search,
    models: &common::Models,
) -> Result<PipelineSettings, Failure> {
    Ok(PipelineSettings {
        folder: models.dir.clone(),
        options: PipelineOptions {
            detector: selector(models.detector.as_deref()),
            embedder: selector(models.embedder.as_deref()),
            engine: EngineOptions {
                engine: engine(models.engine, &models.device, models.isa)?,
                precision: precision(models.network_precision, models.engine)?,
                ..EngineOptions::default()
            },
            detection: detection(search)?,
            decode: limits(search),
            ..PipelineOptions::default()
        },
    })
}

fn selector(name: Option<&str>) -> Selector {
    name.map_or(Selector::Preferred, |name| Selector::Named(name.to_owned()))
}

fn detection(args: &common::Search) -> Result<DetectionOptions, Failure> {
    let standard = DetectionOptions::default();
    DetectionOptions {
        max_side_px: args.max_side.unwrap_or(standard.max_side_px),
        min_face_px: args.min_face,
        score_threshold: args.score_threshold,
        nms_iou: args.nms_iou,
        ..standard
    }
    .validated()
    .map_err(|error| Failure::usage(error.to_string()))
}

fn limits(args: &common::Search) -> Limits {
    let mut limits = Limits::default();
    if let Some(max_bytes) = args.max_bytes {
        limits.max_bytes = max_bytes;
    }
    if let Some(max_pixels) = args.max_pixels {
        limits.max_pixels = max_pixels;
    }
    limits
}

pub(crate) fn engine(name: EngineName, device: &str, isa: Option<Isa>) -> Result<Engine, Failure> {
    let device = parse_device(device)?;
    let engine = match name {
        EngineName::Auto if isa.is_none() => Engine::Auto,
        EngineName::Auto | EngineName::Kernels => Engine::Kernels { isa },
        EngineName::Rten => Engine::Rten,
        EngineName::Onnxruntime => Engine::OnnxRuntime {
            library: None,
            device,
        },
    };
    if device != Device::Cpu && name != EngineName::Onnxruntime {
        return Err(
            Failure::usage(format!("this engine runs on the CPU only, not on {device}"))
                .help("add --engine onnxruntime"),
        );
    }
    match isa {
        Some(isa) if !matches!(engine, Engine::Kernels { .. }) => Err(Failure::usage(format!(
            "this engine chooses its instructions itself, {isa} cannot be asked for"
        ))
        .help("add --engine kernels")),
        _ => Ok(engine),
    }
}

/// The precision that was asked for, of an engine that has it.
pub(crate) fn precision(
    asked: Option<Precision>,
    engine: EngineName,
) -> Result<Option<Precision>, Failure> {
    let is_exact = matches!(engine, EngineName::Rten | EngineName::Onnxruntime);
    match asked {
        Some(asked) if is_exact && asked != Precision::F32 => Err(Failure::usage(format!(
            "this engine computes in f32, not in {asked}"
        ))
        .help("add --engine kernels")),
        asked => Ok(asked),
    }
}

/// The engine and the precision as journals and caches know them.
pub(crate) fn engine_in_words(options: &EngineOptions) -> String {
    match options.precision {
        Some(precision) => format!("{:?} in {precision}", options.engine),
        None => format!("{:?}", options.engine),
    }
}

fn parse_device(text: &str) -> Result<Device, Failure> {
    let (name, index) = text.split_once(':').unwrap_or((text, "0"));
    let index: Option<u32> = index.parse().ok();
    let numbered = text.contains(':');
    match (name, index) {
        ("cpu", _) if !numbered => Ok(Device::Cpu),
        ("coreml", _) if !numbered => Ok(Device::CoreMl),
        ("openvino", _) if !numbered => Ok(Device::OpenVino),
        ("cuda", Some(index)) => Ok(Device::Cuda { index }),
        ("tensorrt", Some(index)) => Ok(Device::TensorRt { index }),
        ("directml", Some(index)) => Ok(Device::DirectMl { index }),
        _ => Err(Failure::usage(format!(
            "unknown device {text}; there are cpu, cuda[:N], tensorrt[:N], directml[:N], coreml \
             and openvino"
        ))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser;

    fn detect(line: &str) -> crate::args::Detect {
        let cli = Cli::try_parse_from(line.split(' ')).unwrap();
        let Command::Detect(args) = cli.command else {
            unreachable!("the line says detect");
        };
        args
    }

    /// Two options of one name in any command, say: builds for release take one of them.
    #[test]
    fn no_commands_arguments_clash() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn numbers_out_of_range_are_usage_errors() {
        for line in [
            "lineament detect a.jpg --max-side 3",
            "lineament detect a.jpg --score-threshold 1.5",
            "lineament detect a.jpg --device cuda",
            "lineament detect a.jpg --engine kernels --device cuda",
            "lineament detect a.jpg --engine rten --network-precision bf16",
            "lineament detect a.jpg --engine rten --isa portable",
            "lineament detect a.jpg --engine onnxruntime --device cuda:x",
            "lineament detect a.jpg --engine onnxruntime --device toaster",
        ] {
            let args = detect(line);
            let failure = pipeline(&args.search, &args.models).unwrap_err();
            assert_eq!(failure.exit(), crate::exit::Exit::Usage, "{line}");
        }
    }

    #[test]
    fn options_reach_the_pipeline() {
        let line = "lineament detect a.jpg --max-side 320 --detector tiny --max-bytes 9 \
                    --engine onnxruntime --device cuda:1";
        let args = detect(line);
        let options = pipeline(&args.search, &args.models).unwrap().options;
        assert_eq!(options.detection.max_side_px, 320);
        assert_eq!(options.detector, Selector::Named("tiny".to_owned()));
        assert_eq!(options.decode.max_bytes, 9);
        let Engine::OnnxRuntime { device, .. } = options.engine.engine else {
            unreachable!("the line says onnxruntime");
        };
        assert_eq!(device, Device::Cuda { index: 1 });
        let portable = Some(Isa::Portable);
        for (line, engine) in [
            ("lineament detect a.jpg", Engine::Auto),
            (
                "lineament detect a.jpg --isa portable",
                Engine::Kernels { isa: portable },
            ),
            ("lineament detect a.jpg --engine rten", Engine::Rten),
            (
                "lineament detect a.jpg --engine kernels",
                Engine::Kernels { isa: None },
            ),
        ] {
            let args = detect(line);
            let options = pipeline(&args.search, &args.models).unwrap().options;
            assert_eq!(options.engine.engine, engine);
        }
    }

    #[test]
    fn one_rule_at_a_time() {
        let rule_of = |threshold, fmr| rule(&common::Decision { threshold, fmr });
        assert_eq!(rule_of(None, None).unwrap(), Rule::Recommended);
        assert_eq!(rule_of(None, Some(1e-4)).unwrap(), Rule::Fmr(1e-4));
        assert!(rule_of(Some(1.5), None).is_err());
        assert!(rule_of(None, Some(0.0)).is_err());
        let both = "lineament verify a b --threshold 0.3 --fmr 0.1";
        assert!(Cli::try_parse_from(both.split(' ')).is_err());
    }

    #[test]
    fn standard_input_serves_one_purpose() {
        let args = detect("lineament detect - --files-from -");
        assert!(request(args.inputs, &[], Start::Afresh).is_err());
        let args = detect("lineament detect - --out x --resume");
        assert!(request(args.inputs, &[], Start::Resume).is_err());
        assert!(Cli::try_parse_from(["lineament", "detect", "a", "--resume"]).is_err());
        assert!(Cli::try_parse_from(["lineament", "detect"]).is_err());
    }
}
