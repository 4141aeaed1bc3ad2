//! `lineament eval lfw`: Labeled Faces in the Wild, View 1 and View 2.

use std::path::Path;

use lineament_data::{DataLimits, PairProtocol, lists::lfw};

use super::bad_list;
use crate::args::eval::{Lfw, View};
use crate::evaluation::faces::FaceSource;
use crate::evaluation::method::MethodSettings;
use crate::evaluation::pair_job::{Declared, DevSet, PairJob};
use crate::evaluation::settings::EvaluationSettings;
use crate::failure::Failure;

/// The list of View 1 on which everything is chosen.
const USUAL_DEV_LIST: &str = "pairsDevTrain.txt";

/// What `args` ask for.
pub(super) fn job(args: Lfw) -> Result<PairJob, Failure> {
    let protocol = read(&args.pairs, &args.images)?;
    let of_list = match protocol.name.as_str() {
        "lfw-view2" => View::Two,
        _ => View::One,
    };
    if args.view.is_some_and(|view| view != of_list) {
        return Err(wrong_view(&args.pairs, of_list));
    }
    match of_list {
        View::One => view_1(args, protocol),
        View::Two => view_2(args, protocol),
    }
}

fn view_1(args: Lfw, protocol: PairProtocol) -> Result<PairJob, Failure> {
    let settings = EvaluationSettings::new(args.evaluation, FaceSource::Detect)?;
    let list = args
        .dev_pairs
        .unwrap_or_else(|| args.pairs.with_file_name(USUAL_DEV_LIST));
    if list == args.pairs {
        return Err(Failure::usage(format!(
            "{} cannot be both --pairs and the development list",
            list.display()
        ))
        .help("give pairsDevTest.txt to --pairs"));
    }
    let images = args.dev_images.as_deref().unwrap_or(&args.images);
    let dev = read(&list, images)
        .map_err(|failure| failure.help("--dev-pairs and --dev-images say where View 1 learns"))?;
    let mut dev_settings = settings.clone();
    dev_settings.faces = args.dev_faces.unwrap_or(settings.faces);
    let choices = vec![("Learned on".to_owned(), list.display().to_string())];
    Ok(PairJob {
        dev: Some(DevSet {
            protocol: dev,
            settings: dev_settings,
            save_matcher: args.save_matcher,
        }),
        settings,
        method: MethodSettings::new(args.method)?,
        protocol: PairProtocol {
            name: "lfw-view1".to_owned(),
            ..protocol
        },
        title: "LFW, View 1".to_owned(),
        declared: Declared::Yes,
        frame_score: None,
        choices,
    })
}

fn view_2(args: Lfw, protocol: PairProtocol) -> Result<PairJob, Failure> {
    let only_view_1 = [
        ("--dev-pairs", args.dev_pairs.is_some()),
        ("--dev-images", args.dev_images.is_some()),
        ("--dev-faces", args.dev_faces.is_some()),
        ("--save-matcher", args.save_matcher.is_some()),
    ];
    if let Some((option, _)) = only_view_1.iter().find(|(_, is_given)| *is_given) {
        return Err(Failure::usage(format!(
            "{option} belongs to View 1, and {} is a list of View 2, which learns on its own folds",
            args.pairs.display()
        )));
    }
    Ok(PairJob {
        settings: EvaluationSettings::new(args.evaluation, FaceSource::Detect)?,
        method: MethodSettings::new(args.method)?,
        protocol,
        title: "LFW, View 2".to_owned(),
        declared: Declared::Yes,
        dev: None,
        frame_score: None,
        choices: Vec::new(),
    })
}

fn read(pairs: &Path, images: &Path) -> Result<PairProtocol, Failure> {
    lfw::read_pairs(pairs, images, &DataLimits::default()).map_err(bad_list)
}

fn wrong_view(pairs: &Path, of_list: View) -> Failure {
    let (number, other) = match of_list {
        View::One => (1, "pairs.txt, whose first line holds two numbers,"),
        View::Two => (2, "pairsDevTest.txt"),
    };
    Failure::usage(format!(
        "{} is a list of View {number}, by its first line",
        pairs.display()
    ))
    .help(format!(
        "leave out --view, or give {other} to --pairs for the other view"
    ))
}
