//! Pair reports as runs of a page.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::report::{FigureValue, ReportRun};
use lineament_eval::{
    About, FlipMode, Judging, ModelIdentity, Pair, PairList, PairReport, evaluate_scores,
};
use lineament_match::FittedMatcher;

/// Two folds of a mated and a non-mated pair each; one comparison failed, one is decided wrongly.
fn report(persons: Option<&[usize]>) -> PairReport {
    let names: Vec<String> = (0..8).map(|i| format!("image {i}")).collect();
    let pair = |(first, second, mated, fold)| Pair {
        first,
        second,
        mated,
        fold,
    };
    let pairs = [
        (0, 1, true, 0),
        (0, 2, false, 0),
        (4, 5, true, 1),
        (4, 6, false, 1),
        (6, 7, true, 1),
    ];
    let pairs = pairs.map(pair);
    let list = PairList {
        names: &names,
        persons,
        pairs: &pairs,
    };
    let about = About {
        protocol: "a list".to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: "a model".to_owned(),
            sha256: "0".repeat(64),
        },
        flip: FlipMode::Off,
        command: "lineament eval pairs".to_owned(),
    };
    let scores = [Some(0.9), Some(0.1), Some(0.8), Some(0.85), None];
    let judging = Judging {
        fmr_targets: vec![0.5, 1e-3],
        ..Judging::default()
    };
    evaluate_scores(about, list, &scores, &FittedMatcher::Cosine, &judging).unwrap()
}

fn shown(run: &ReportRun, name: &str) -> FigureValue {
    let found = run.figures.iter().find(|figure| figure.name == name);
    found.unwrap().value.clone()
}

#[test]
fn figures_are_those_of_the_report() {
    let report = report(None);
    let run = report.run("A list").unwrap();
    let FigureValue::Share { share, .. } = shown(&run, "Accuracy") else {
        unreachable!("accuracy is a share");
    };
    assert_eq!(share, report.accuracy);
    assert_eq!(shown(&run, "Pairs that failed"), FigureValue::Count(1));
    let missing = shown(&run, "TAR at FMR 10⁻³").to_string();
    assert!(missing.contains("too few"), "{missing}");
    assert_eq!((run.n_failed, run.label.as_str()), (1, "a model"));
    assert_eq!(run.curves[0].points.last().unwrap()[0], 1.0);
    assert!(
        run.notes[0].contains("expected at FMR 5"),
        "{:?}",
        run.notes
    );
}

#[test]
fn people_in_several_folds_are_told_of() {
    // Images 4 and 5 are of the person of images 0 and 1.
    let persons = [0, 0, 1, 1, 0, 0, 2, 2];
    let run = report(Some(&persons)).run("A list").unwrap();
    let told = run
        .notes
        .iter()
        .find(|note| note.contains("in more than one fold: 1."));
    assert!(told.is_some(), "{:?}", run.notes);
    assert!(run.intervals.unwrap().contains("bootstrap of 3 people"));
}
