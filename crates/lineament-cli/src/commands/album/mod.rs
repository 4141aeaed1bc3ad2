//! `lineament album`: a folder of photos as a page of people.

mod apply;
mod known;
mod run;

use std::path::{Path, PathBuf};

use lineament::Pipeline;

use self::known::Known;
use self::run::Run;
use crate::album::doubt::Doubt;
use crate::album::library::Library;
use crate::album::links;
use crate::album::page::Place;
use crate::album::people::{People, Rules};
use crate::album::scan::{Scan, Scanner};
use crate::album::store::{Memory, Store};
use crate::album::thumbnails::{Thumbnails, Wanted};
use crate::args::album::{Action, Album, AlbumCommand};
use crate::args::common;
use crate::batch::{Batch, say};
use crate::clustering::Algorithm;
use crate::exit::Exit;
use crate::failure::Failure;
use crate::header;
use crate::inputs::{Input, Request, Source};
use crate::interrupt::Interrupt;
use crate::journal::Start;
use crate::known::Used;
use crate::pipeline::{self, Need, Threads, Threshold};
use crate::progress::plural;
use crate::settings::{self, BatchSettings, PipelineSettings, Rule};

/// The page, in the folder of the album.
const PAGE: &str = "index.html";

/// What `album` is asked to make.
struct Settings {
    request: Request,
    known: Option<Known>,
    out: PathBuf,
    rule: Rule,
    batch: BatchSettings,
    pipeline: PipelineSettings,
}

impl TryFrom<Album> for Settings {
    type Error = Failure;

    fn try_from(args: Album) -> Result<Self, Failure> {
        let folder = args.known.map(Known::Folder);
        Ok(Self {
            request: settings::request(args.inputs, &[Some(&args.out)], Start::Afresh)?,
            known: folder.or(args.gallery.map(Known::Gallery)),
            out: args.out,
            rule: settings::rule(&args.decision)?,
            batch: settings::batch(&common::Batch {
                json: false,
                progress: args.running.progress,
                threads: args.running.threads,
            }),
            pipeline: settings::pipeline(&args.search, &args.models)?,
        })
    }
}

pub(crate) fn run(command: AlbumCommand, interrupt: &Interrupt) -> Result<Exit, Failure> {
    match command.action {
        Some(Action::Apply { folder, names }) => apply::run(&folder, &names),
        None => make(&command.album.try_into()?, interrupt),
    }
}

fn make(settings: &Settings, interrupt: &Interrupt) -> Result<Exit, Failure> {
    let inputs = settings.request.list()?;
    refuse_nothing(&inputs)?;
    let threads = Threads::share(settings.batch.threads, inputs.len());
    let pipeline = pipeline::open(
        &settings.pipeline,
        Need::DetectorAndEmbedder,
        threads.network,
    )?;
    let together = together(settings.rule, &pipeline)?;
    let header = header::of("album", &settings.pipeline, &pipeline, []);
    let store = Store::open(&settings.out)?;
    if store.keep_way(&header)? == Memory::Dropped {
        say("all photos are looked at again, for models or options have changed");
    }
    let batch = |stage| Batch {
        threads,
        watcher: settings.batch.watcher,
        interrupt,
        stage,
    };
    let max_bytes = settings.pipeline.options.decode.max_bytes;
    let known = settings
        .known
        .as_ref()
        .map(|known| {
            let batch = batch("known people");
            known.open(&pipeline, settings.rule, &batch, max_bytes, &store)
        })
        .transpose()?;
    let thumbnails = Thumbnails::new(&settings.out, Wanted::FacesAndPhotos)?;
    let scanner = Scanner {
        pipeline: &pipeline,
        store: &store,
        thumbnails: Some(&thumbnails),
        max_bytes,
        doubt: Doubt::of(&pipeline)?,
    };
    let scan = scanner.scan(&inputs, &batch("photos"))?;
    if scan.n_failed == inputs.len() {
        let message = "no photo could be read; the album is as it was";
        return Err(Failure::new(Exit::BadInput, message));
    }
    let library = Library::load(&store, &scan.photos)?;
    let recognised = known
        .as_ref()
        .map_or(together.threshold, |known| known.threshold);
    let mut used = Used::default();
    let likenesses = match known {
        Some(mut known) => {
            used = std::mem::take(&mut known.used);
            known.likenesses(&library, &pipeline)?
        }
        None => Vec::new(),
    };
    let run = Run {
        photos: scan.photos.clone(),
        places: places(&settings.out, &inputs)?,
        likenesses,
        rules: Rules {
            recognised: recognised.value(),
            together: together.threshold.value(),
        },
        n_failed: scan.n_failed,
    };
    let people = run.show(&settings.out, &store, &library)?;
    run.keep(&store)?;
    scan.forget_others(&inputs, &used, &store, Some(&thumbnails))?;
    tell(&settings.out, &scan, &library, &people);
    Ok(scan.exit())
}

/// Paths of which none leads anywhere are a slip, and no reason to forget what is in the album.
fn refuse_nothing(inputs: &[Input]) -> Result<(), Failure> {
    let is_gone = |input: &Input| match &input.source {
        Source::File(path) => !path.exists(),
        Source::Stdin => false,
    };
    match inputs.first() {
        Some(first) if inputs.iter().all(is_gone) => {
            let message = format!("{} does not exist", first.shown);
            Err(Failure::new(Exit::BadInput, message).help("name the folder with the photos"))
        }
        _ => Ok(()),
    }
}

/// From which score on two strangers are one.
fn together(rule: Rule, pipeline: &Pipeline) -> Result<Threshold, Failure> {
    let rule = match rule {
        Rule::Recommended => Rule::Fmr(Algorithm::USUAL.usual_fmr()),
        rule => rule,
    };
    Threshold::of(rule, pipeline)
        .map_err(|error| error.help("--threshold says at which score faces are together"))
}

/// Where the photos are, from the page.
fn places(out: &Path, inputs: &[Input]) -> Result<Vec<Place>, Failure> {
    let unreadable = |error: std::io::Error| Failure::write(out, &error);
    let page = out.canonicalize().map_err(unreadable)?;
    let place = |input: &Input| {
        // A photo that is gone meanwhile keeps its name; the page then shows its small picture.
        let href = match &input.source {
            Source::File(path) => {
                let path = path.canonicalize().or_else(|_| std::path::absolute(path));
                path.map_or_else(|_| String::new(), |path| links::relative(&page, &path))
            }
            Source::Stdin => String::new(),
        };
        Place {
            shown: input.shown.clone(),
            href,
        }
    };
    Ok(inputs.iter().map(place).collect())
}

fn tell(out: &Path, scan: &Scan, library: &Library, people: &People) {
    let n_named: usize = people.named.iter().map(|person| person.faces.len()).sum();
    say(&format!(
        "{}, {}: {} with names ({}), {}",
        scan.in_words(),
        plural(library.n_faces(), "face", "faces"),
        n_named,
        plural(people.named.len(), "person", "people"),
        plural(people.strangers.len(), "stranger", "strangers"),
    ));
    say(&format!("the album is {}", out.join(PAGE).display()));
}
