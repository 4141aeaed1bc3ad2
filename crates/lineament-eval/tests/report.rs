//! The files of a report: what they show, that they are well-formed whatever names they show, and
//! that the same runs give the same files.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lineament_eval::report::{
    CurveKind, ErrorKind, ErrorPair, Figure, FigureValue, GroupRate, GroupRates, Picture,
    ReportCurve, ReportFiles, ReportRun, Sample, ScoreDistribution, Uncertainty, rate_name,
    write_report,
};
use lineament_eval::{About, EvalError, FlipMode, Histogram, Interval, ModelIdentity, Proportion};
use proptest::prelude::*;
use quick_xml::escape::unescape;
use quick_xml::{Reader, events::Event};
use sha2::{Digest, Sha256};
use std::fs;
use std::path::{Path, PathBuf};

/// A run of three mated and four non-mated pairs, with one of everything.
fn run(label: &str, folder: &Path) -> ReportRun {
    let curve = |kind, points: &[[f64; 2]]| ReportCurve {
        kind,
        subset: None,
        points: points.to_vec(),
        n_non_mated: Some(4),
    };
    let mut histogram = Histogram::new(-0.2, 0.8, 5).unwrap();
    [0.8, 0.5]
        .iter()
        .for_each(|score| histogram.add(*score, true));
    let non_mated = [-0.2, 0.0, 0.1, 0.55];
    non_mated
        .iter()
        .for_each(|score| histogram.add(*score, false));
    let rate = |count, n| Proportion::new(count, n).ok();
    ReportRun {
        label: label.to_owned(),
        title: "Tiny".to_owned(),
        about: About {
            protocol: "tiny".to_owned(),
            declaration: None,
            model: ModelIdentity {
                name: label.to_owned(),
                sha256: "ab".repeat(32),
            },
            flip: FlipMode::Sum,
            command: format!("lineament eval pairs tiny.csv --embedder '{label}'"),
        },
        settings: vec![("Matcher".to_owned(), "cosine".to_owned())],
        sample: Sample::Pairs {
            n_mated: 3,
            n_non_mated: 4,
        },
        n_failed: 1,
        intervals: Some("Wilson's, 95 %".to_owned()),
        figures: figures(),
        curves: vec![
            curve(
                CurveKind::Verification,
                &[
                    [0.0, 1.0],
                    [0.0, 2.0 / 3.0],
                    [0.25, 2.0 / 3.0],
                    [0.25, 1.0 / 3.0],
                    [1.0, 1.0 / 3.0],
                ],
            ),
            curve(CurveKind::OpenSet, &[[0.0, 0.5], [0.5, 0.25], [1.0, 0.25]]),
            curve(CurveKind::Ranks, &[[1.0, 0.5], [2.0, 0.75]]),
            curve(CurveKind::Distractors, &[[10.0, 0.9], [1000.0, 0.7]]),
            curve(
                CurveKind::PrecisionRecall,
                &[[0.0, 1.0], [0.5, 0.9], [0.9, 0.4]],
            ),
        ],
        scores: Some(ScoreDistribution {
            histogram,
            threshold: Some(0.3),
        }),
        groups: Some(GroupRates {
            column: "group".to_owned(),
            threshold: 0.3,
            groups: vec![
                GroupRate {
                    name: "one".to_owned(),
                    fmr: rate(1, 4),
                    fnmr: rate(1, 3),
                },
                GroupRate {
                    name: "nobody".to_owned(),
                    fmr: None,
                    fnmr: None,
                },
            ],
        }),
        errors: errors(label, folder),
        notes: vec!["A note.".to_owned()],
        result: serde_json::json!({"protocol": "tiny", "accuracy": 0.714}),
    }
}

fn figures() -> Vec<Figure> {
    let share = |share, uncertainty| FigureValue::Share { share, uncertainty };
    let interval = Interval {
        low: 0.061_49,
        high: 0.792_34,
    };
    [
        (
            "Accuracy".to_owned(),
            share(0.714_29, Uncertainty::StandardError(0.170_75)),
        ),
        (
            format!("TAR at FMR {}", rate_name(0.25)),
            share(0.333_33, Uncertainty::Interval(interval)),
        ),
        (
            "Threshold".to_owned(),
            FigureValue::Number {
                value: -0.299_96,
                places: 4,
            },
        ),
        ("Pairs".to_owned(), FigureValue::Count(12_345)),
        ("AUC".to_owned(), FigureValue::Missing("too few".to_owned())),
    ]
    .map(|(name, value)| Figure { name, value })
    .into()
}

fn errors(label: &str, folder: &Path) -> Vec<ErrorPair> {
    let picture = |name: &str, file: Option<&str>| Picture {
        name: format!("{name} {label}"),
        file: file.map(|file| folder.join("pictures").join(file)),
    };
    vec![
        ErrorPair {
            kind: ErrorKind::FalseNonMatch,
            first: picture("a", Some("a 1.jpg")),
            second: picture("b", None),
            score: None,
            threshold: 0.3,
        },
        ErrorPair {
            kind: ErrorKind::FalseMatch,
            first: picture("c", Some("c#?.jpg")),
            second: picture("d", Some("d.jpg")),
            score: Some(0.55),
            threshold: 0.3,
        },
    ]
}

fn read(path: &PathBuf) -> String {
    fs::read_to_string(path).unwrap()
}

/// The page without its style sheet and script, which have no numbers.
fn page_text(files: &ReportFiles) -> String {
    let page = read(&files.page);
    let (head, rest) = page.split_once("<style>").unwrap();
    let (_, body) = rest.split_once("</script>").unwrap();
    format!("{head}[…]{body}")
}

#[test]
fn snapshots() {
    let dir = tempfile::tempdir().unwrap();
    let files = write_report(&dir.path().join("report"), &[run("model", dir.path())]).unwrap();
    let folder = dir.path().to_str().unwrap().to_owned();
    insta::with_settings!({filters => vec![(folder.as_str(), "FOLDER")]}, {
        insta::assert_snapshot!("page", page_text(&files));
        insta::assert_snapshot!("markdown", read(&files.markdown));
        insta::assert_snapshot!("json", read(&files.json));
    });
    for plot in &files.plots {
        let stem = plot.file_stem().unwrap().to_str().unwrap();
        insta::assert_snapshot!(format!("plot-{stem}"), read(plot));
    }
}

#[test]
fn the_same_runs_give_the_same_files_and_nothing_is_left_beside_them() {
    let dir = tempfile::tempdir().unwrap();
    let runs = [run("one", dir.path()), run("two", dir.path())];
    let folder = dir.path().join("a/report");
    let bytes = |files: &ReportFiles| {
        let ReportFiles {
            page,
            plots,
            markdown,
            json,
        } = files;
        let all = plots.iter().chain([page, markdown, json]);
        all.map(|path| (path.clone(), fs::read(path).unwrap()))
            .collect::<Vec<_>>()
    };
    let first = bytes(&write_report(&folder, &runs).unwrap());
    let second = bytes(&write_report(&folder, &runs).unwrap());
    assert!(first == second);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), first.len());
}

#[test]
fn runs_of_one_protocol_share_plots_and_others_have_their_own() {
    let dir = tempfile::tempdir().unwrap();
    let mut other = run("two", dir.path());
    let stems = |runs: &[ReportRun]| -> Vec<String> {
        let files = write_report(&dir.path().join("report"), runs).unwrap();
        let stem = |path: &PathBuf| path.file_stem().unwrap().to_str().unwrap().to_owned();
        files.plots.iter().map(stem).collect()
    };
    let together = stems(&[run("one", dir.path()), other.clone()]);
    let lines = [
        "roc",
        "det",
        "cmc",
        "fnir-fpir",
        "distractors",
        "precision-recall",
    ];
    assert_eq!(together[..6], lines);
    assert_eq!(
        together[6..],
        ["scores-1", "scores-2", "groups-1", "groups-2"]
    );
    other.about.protocol = "other".to_owned();
    let apart = stems(&[run("one", dir.path()), other]);
    assert_eq!(apart.len(), 16);
    assert!(apart.contains(&"1-roc".to_owned()) && apart.contains(&"2-groups".to_owned()));
}

#[test]
fn only_the_script_that_the_policy_names_is_in_the_page() {
    let dir = tempfile::tempdir().unwrap();
    let files = write_report(dir.path(), &[run("model", dir.path())]).unwrap();
    let page = read(&files.page);
    let (_, rest) = page.split_once("<script>").unwrap();
    let (script, rest) = rest.split_once("</script>").unwrap();
    assert!(!rest.contains("<script"));
    let (_, policy) = page.split_once("script-src &#39;sha256-").unwrap();
    let (hash, _) = policy.split_once("&#39;").unwrap();
    assert_eq!(hash, base64(&Sha256::digest(script)));
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let padded = [
            0,
            chunk[0],
            *chunk.get(1).unwrap_or(&0),
            *chunk.get(2).unwrap_or(&0),
        ];
        let bits = u32::from_be_bytes(padded);
        for i in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * i)) as usize & 63];
            text.push(if i <= chunk.len() {
                char::from(digit)
            } else {
                '='
            });
        }
    }
    text
}

#[test]
fn what_cannot_be_written_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let error = write_report(dir.path(), &[]).unwrap_err();
    assert!(matches!(error, EvalError::TooFew { got: 0, .. }), "{error}");
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = write_report(&file.join("report"), &[run("model", dir.path())]).unwrap_err();
    assert!(
        matches!(&error, EvalError::Io { path, .. } if path.starts_with(&file)),
        "{error}"
    );
}

/// Elements and attributes of a well-formed document, and all its text.
struct Parsed {
    names: Vec<String>,
    attributes: Vec<(String, String)>,
    text: String,
}

fn parsed(document: &str) -> Parsed {
    let mut reader = Reader::from_str(document);
    let (mut names, mut attributes, mut text) = (Vec::new(), Vec::new(), String::new());
    let mut depth = 0;
    loop {
        let event = reader.read_event().unwrap();
        match &event {
            Event::Start(tag) | Event::Empty(tag) => {
                names.push(tag.name().as_ref().to_owned());
                for attribute in tag.attributes() {
                    let attribute = attribute.unwrap();
                    let value = unescape(&attribute.value).unwrap().into_owned();
                    attributes.push((attribute.key.as_ref().to_owned(), value));
                }
            }
            Event::Text(part) => text.push_str(part),
            Event::GeneralRef(name) => text.push_str(&unescape(&format!("&{};", &**name)).unwrap()),
            Event::Eof => break,
            other => assert!(
                matches!(other, Event::End(_) | Event::DocType(_)),
                "{other:?}"
            ),
        }
        match event {
            Event::Start(_) => depth += 1,
            Event::End(_) => depth -= 1,
            _ => {}
        }
    }
    assert_eq!(depth, 0);
    Parsed {
        names,
        attributes,
        text,
    }
}

/// Numbers in a path, which must be somewhere near the plot.
fn path_is_sane(d: &str) -> bool {
    let numbers = d
        .split(|c: char| c.is_ascii_alphabetic() || c == ' ')
        .filter(|n| !n.is_empty());
    numbers
        .clone()
        .all(|n| n.parse::<f64>().is_ok_and(|v| v.abs() < 1000.0))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn names_from_outside_change_no_structure(name in "(?s).{0,60}|[<>&\"'`|\\\\/a-z \u{202e}\n=;]{0,60}") {
        let dir = tempfile::tempdir().unwrap();
        let structure = |label: &str| {
            let mut run = run(label, dir.path());
            run.title = label.to_owned();
            run.settings = vec![(label.to_owned(), label.to_owned())];
            run.notes = vec![label.to_owned()];
            run.figures[0].name = label.to_owned();
            run.figures.iter_mut().skip(1).for_each(|f| f.name.push_str(label));
            run.curves.iter_mut().for_each(|c| c.subset = Some(label.to_owned()));
            let groups = run.groups.as_mut().unwrap();
            groups.column = label.to_owned();
            groups.groups[0].name = label.to_owned();
            let files = write_report(&dir.path().join("report"), &[run]).unwrap();
            let page = parsed(&read(&files.page));
            let plots: Vec<_> = files.plots.iter().map(|p| parsed(&read(p)).names).collect();
            (page, plots)
        };
        let (page, plots) = structure(&name);
        let (plain_page, plain_plots) = structure("plain");
        prop_assert_eq!(page.names, plain_page.names);
        prop_assert_eq!(plots, plain_plots);
        let keys = |p: &[(String, String)]| p.iter().map(|(k, _)| k.clone()).collect::<Vec<_>>();
        prop_assert_eq!(keys(&page.attributes), keys(&plain_page.attributes));
        let link = |(key, _): &&(String, String)| key == "src" || key == "href";
        let links = |p: &[(String, String)]| p.iter().filter(link).cloned().collect::<Vec<_>>();
        prop_assert_eq!(links(&page.attributes), links(&plain_page.attributes));
    }

    #[test]
    fn any_points_give_plots_that_can_be_drawn(
        points in prop::collection::vec([0.0..=1.0, 0.0..=1.0], 0..40),
        extreme in prop::sample::select(vec![0.0, 1.0, f64::NAN, f64::INFINITY, -1.0, 1e-300]),
        threshold in prop::sample::select(vec![-1e9, 0.3, 1e9, f64::NAN]),
    ) {
        let dir = tempfile::tempdir().unwrap();
        let mut run = run("model", dir.path());
        for curve in &mut run.curves {
            curve.points = points.clone();
            curve.points.push([extreme, 0.5]);
            curve.points.push([0.5, extreme]);
        }
        run.scores.as_mut().unwrap().threshold = Some(threshold);
        let files = write_report(&dir.path().join("report"), &[run]).unwrap();
        for plot in &files.plots {
            let svg = parsed(&read(plot));
            let paths = svg.attributes.iter().filter(|(key, _)| key == "d");
            for (_, d) in paths {
                prop_assert!(path_is_sane(d), "{}: {d}", plot.display());
            }
            prop_assert!(!svg.text.contains("NaN") && !svg.text.contains("inf"), "{}", svg.text);
        }
    }
}

#[test]
fn every_number_given_is_shown() {
    let dir = tempfile::tempdir().unwrap();
    let files = write_report(dir.path(), &[run("model", dir.path())]).unwrap();
    let text = parsed(&read(&files.page)).text.replace('\u{202f}', " ");
    for shown in [
        "71.43 % ± 17.08",
        "TAR at FMR 2.5 × 10⁻¹",
        "33.33 % [6.15, 79.23]",
        "−0.3000",
        "12 345",
        "– (too few)",
        "7 pairs (3 mated, 4 non-mated); failures to enrol, counted as errors: 1.",
        "Intervals: Wilson's, 95 %.",
        "25.00 % [4.56, 69.94]",
        "score 0.5500, threshold 0.3000",
        "lineament eval pairs tiny.csv --embedder 'model'",
        &"ab".repeat(32),
    ] {
        assert!(text.contains(shown), "{shown}");
    }
    let json: serde_json::Value = serde_json::from_str(&read(&files.json)).unwrap();
    let run = &json["runs"][0];
    assert_eq!(run["figures"][0]["value"]["share"]["share"], 0.714_29);
    assert_eq!(run["result"]["accuracy"], 0.714);
    assert_eq!(run["curves"][0]["points"][2][0], 0.25);
}
