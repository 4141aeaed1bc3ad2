//! `lineament cluster`: the faces in photos, grouped by person.

mod files;
mod folders;

use std::collections::HashSet;
use std::path::PathBuf;

use lineament::Rect;
use serde::Serialize;
use serde_json::json;

use crate::album::confirmed::{Confirmed, Statements};
use crate::album::doubt::Doubt;
use crate::album::groups::Numbering;
use crate::album::library::{FaceRef, Library};
use crate::album::scan::{Scan, Scanner};
use crate::album::store::{Memory, Store};
use crate::album::thumbnails::{Thumbnails, Wanted};
use crate::args;
use crate::args::cluster::Folders;
use crate::args::common;
use crate::batch::{Batch, say};
use crate::clustering::Algorithm;
use crate::commands::models::print;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Request};
use crate::interrupt::Interrupt;
use crate::journal::{Header, Start};
use crate::known::Used;
use crate::pipeline::{self, Need, Threads, Threshold};
use crate::progress::plural;
use crate::settings::{self, BatchSettings, PipelineSettings, Rule, Style};

/// What the numbers of the groups are kept under.
const NUMBERS: &str = "numbers";

/// What `cluster` is asked to do.
pub(crate) struct Settings {
    request: Request,
    out: PathBuf,
    folders: Option<Folders>,
    algorithm: Algorithm,
    confirmed: Option<PathBuf>,
    rule: Rule,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<args::cluster::Cluster> for Settings {
    type Error = Failure;

    fn try_from(args: args::cluster::Cluster) -> Result<Self, Failure> {
        let algorithm = Algorithm::from(&args.clustering);
        let rule = settings::rule(&args.decision)?;
        algorithm.check_rule(rule)?;
        Ok(Self {
            request: settings::request(args.inputs, &[Some(&args.out)], Start::Afresh)?,
            out: args.out,
            folders: args.folders,
            rule: match rule {
                Rule::Recommended => Rule::Fmr(algorithm.usual_fmr()),
                rule => rule,
            },
            algorithm,
            confirmed: args.confirmed,
            batch: settings::batch(&common::Batch {
                json: args.json,
                progress: args.running.progress,
                threads: args.running.threads,
            }),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

/// A group of faces that are one person's.
#[derive(Debug, Serialize)]
struct Group {
    group: u64,
    faces: Vec<Face>,
}

/// A face in the results.
#[derive(Debug, Clone, Serialize)]
struct Face {
    path: String,
    face_idx: usize,
    #[serde(rename = "box")]
    rect: Rect,
    detection_score: f32,
    #[serde(skip)]
    face: FaceRef,
}

/// How many pairs the user has confirmed.
#[derive(Debug, Serialize)]
struct NumberConfirmed {
    same: usize,
    different: usize,
}

/// All that came of a run, as `clusters.json` has it.
#[derive(Serialize)]
struct Clusters {
    run: Header,
    method: String,
    /// None where the method has no threshold.
    #[serde(flatten)]
    threshold: Option<Threshold>,
    /// Pairs of these faces that the user has confirmed to be one person's, and two people's.
    confirmed: NumberConfirmed,
    /// The groups of the most faces first.
    groups: Vec<Group>,
    /// Faces that are in no group: too poor to tell, or noise to DBSCAN or HDBSCAN.
    left_out: Vec<Face>,
}

pub(crate) fn run(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let statements = settings.confirmed.as_deref().map(Statements::read);
    let statements = statements.transpose()?;
    let inputs = settings.request.list()?;
    let threads = Threads::share(settings.batch.threads, inputs.len());
    let pipeline = pipeline::open(
        &settings.pipeline,
        Need::DetectorAndEmbedder,
        threads.network,
    )?;
    let threshold = || {
        Threshold::of(settings.rule, &pipeline)
            .map_err(|error| error.help("--threshold says at which score faces are together"))
    };
    let threshold = settings.algorithm.has_threshold().then(threshold);
    let threshold = threshold.transpose()?;
    let header = header::of("cluster", &settings.pipeline, &pipeline, []);
    let store = Store::open(&settings.out)?;
    if store.keep_way(&header)? == Memory::Dropped {
        say("all photos are looked at again, for models or options have changed");
    }
    let crops = (settings.folders == Some(Folders::Crops))
        .then(|| Thumbnails::new(&settings.out, Wanted::Faces))
        .transpose()?;
    let scanner = Scanner {
        pipeline: &pipeline,
        store: &store,
        thumbnails: crops.as_ref(),
        max_bytes: settings.pipeline.options.decode.max_bytes,
        doubt: Doubt::of(&pipeline)?,
    };
    let batch = Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage: "photos",
    };
    let scan = scanner.scan(&inputs, &batch)?;
    let library = Library::load(&store, &scan.photos)?;
    let confirmed = match &statements {
        Some(statements) => statements.keep(&library, &inputs, &store)?,
        None => Confirmed::remembered(&library, &inputs, &store)?,
    };
    let grouping = Grouping::find(settings, threshold.as_ref(), &store, &library, &confirmed)?;
    let shown = |faces: &[FaceRef]| -> Vec<Face> {
        let faces = faces.iter();
        faces
            .map(|face| Face::new(&library, &inputs, *face))
            .collect()
    };
    let groups = grouping.groups.iter();
    let clusters = Clusters {
        run: header,
        method: grouping.method,
        threshold,
        confirmed: NumberConfirmed {
            same: confirmed.same.len(),
            different: confirmed.different.len(),
        },
        groups: groups
            .map(|(group, faces)| Group {
                group: *group,
                faces: shown(faces),
            })
            .collect(),
        left_out: shown(&grouping.left_out),
    };
    files::write(&settings.out, &clusters)?;
    folders::write(
        settings,
        &store,
        &clusters.groups,
        &library,
        &inputs,
        crops.as_ref(),
    )?;
    scan.forget_others(&inputs, &Used::default(), &store, crops.as_ref())?;
    tell(settings, &scan, &library, &clusters)?;
    Ok(scan.exit())
}

/// Whose faces are together.
struct Grouping {
    method: String,
    /// The groups of the most faces first, with their numbers.
    groups: Vec<(u64, Vec<FaceRef>)>,
    /// The faces in none.
    left_out: Vec<FaceRef>,
}

impl Grouping {
    /// Groups the faces that are good enough, and gives the groups their numbers.
    fn find(
        settings: &Settings,
        threshold: Option<&Threshold>,
        store: &Store,
        library: &Library,
        confirmed: &Confirmed,
    ) -> Result<Self, Failure> {
        let good: Vec<FaceRef> = library
            .faces()
            .filter(|face| !library.face(*face).is_poor)
            .collect();
        let min_score = Threshold::least_score(threshold);
        let members = library
            .cluster(&good, settings.algorithm, min_score, confirmed)
            .map_err(|error| Failure::usage(error.to_string()))?;
        let mut numbering: Numbering = store.note(NUMBERS)?.unwrap_or_default();
        let numbers = numbering.renumber(&library.keys(&members));
        store.put_note(NUMBERS, &numbering)?;
        let grouped: HashSet<FaceRef> = members.iter().flatten().copied().collect();
        let left_out = library.faces().filter(|face| !grouped.contains(face));
        Ok(Self {
            method: settings.algorithm.in_words(good.len()),
            left_out: left_out.collect(),
            groups: numbers.into_iter().zip(members).collect(),
        })
    }
}

impl Face {
    fn new(library: &Library, inputs: &[Input], face: FaceRef) -> Self {
        let seen = library.face(face);
        let input = library.photos[face.photo_idx].inputs[0];
        Self {
            path: inputs[input].shown.clone(),
            face_idx: face.face_idx,
            rect: seen.rect,
            detection_score: seen.detection_score,
            face,
        }
    }
}

/// Says what came of the run: the groups on standard output, and how it went on standard error.
fn tell(
    settings: &Settings,
    scan: &Scan,
    library: &Library,
    clusters: &Clusters,
) -> Result<(), Failure> {
    let style = settings.batch.style;
    if style == Style::People {
        print(
            style,
            || json!(null),
            |out| writeln!(out, "{:>6} {:>6}  FIRST PHOTO", "GROUP", "FACES"),
        )?;
    }
    for group in &clusters.groups {
        print(
            style,
            || group,
            |out| {
                let first = group.faces.first().map_or("", |face| face.path.as_str());
                writeln!(out, "{:>6} {:>6}  {first}", group.group, group.faces.len())
            },
        )?;
    }
    if style == Style::People {
        let n_left_out = match clusters.left_out.len() {
            0 => String::new(),
            n => format!(", {n} left out"),
        };
        let NumberConfirmed { same, different } = clusters.confirmed;
        let n_confirmed = match same + different {
            0 => String::new(),
            _ => format!("; confirmed: {same} same, {different} different"),
        };
        say(&format!(
            "{}, {} in {}{n_left_out}{n_confirmed}",
            scan.in_words(),
            plural(library.n_faces(), "face", "faces"),
            plural(clusters.groups.len(), "group", "groups"),
        ));
    }
    Ok(())
}
