//! Reports of scores that were drawn from normal distributions, not measured: what each kind of
//! plot looks like, and how a report is put together.
//!
//! `cargo run --example report_demo -- FOLDER [SEED]`
#![allow(clippy::print_stdout, reason = "an example tells where it wrote")]

use lineament_eval::report::{
    CurveKind, ErrorKind, ErrorPair, Figure, FigureValue, GroupRate, GroupRates, Picture,
    ReportCurve, ReportRun, Sample, ScoreDistribution, Uncertainty, rate_name, write_report,
};
use lineament_eval::{About, EvalError, FlipMode, ModelIdentity, ScoreSet, Seeded};
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args_os().skip(1);
    let folder = PathBuf::from(args.next().ok_or("usage: report_demo FOLDER [SEED]")?);
    let seed = args
        .next()
        .and_then(|s| s.to_str()?.parse().ok())
        .unwrap_or(1);
    let pictures = folder.join("pictures");
    draw_pictures(&pictures)?;
    let draw = |model, separation| pair_run(model, separation, seed, &pictures);
    let reports = [
        ("pairs", vec![draw("sphereface20", 5.2)?]),
        (
            "models",
            vec![
                draw("sphereface20", 5.2)?,
                draw("arcface-r100", 7.0)?,
                draw("deepid2", 4.1)?,
            ],
        ),
        (
            "search",
            vec![
                search_run("sphereface20", 3.6, seed)?,
                search_run("arcface-r100", 4.8, seed)?,
            ],
        ),
        ("fairness", vec![fairness_run(seed)?]),
        (
            "hostile",
            vec![
                hostile(draw("a", 5.2)?),
                hostile(draw("b", 4.5)?),
                search_run("c", 4.0, seed)?,
            ],
        ),
    ];
    for (name, runs) in reports {
        let files = write_report(&folder.join(name), &runs)?;
        println!("{}", files.page.display());
    }
    Ok(())
}

/// A number from the standard normal distribution (Box and Muller 1958).
fn normal(random: &mut Seeded) -> f64 {
    let mut unit = || (random.bits() >> 11) as f64 / (1_u64 << 53) as f64;
    let (radius, angle) = ((-2.0 * (1.0 - unit()).ln()).sqrt(), unit());
    radius * (std::f64::consts::TAU * angle).cos()
}

/// Scores like those of cosines: non-mated around 0, mated `separation` standard deviations above.
fn scores(n: usize, mean: f64, random: &mut Seeded) -> Vec<f64> {
    (0..n)
        .map(|_| (mean + 0.1 * normal(random)).clamp(-1.0, 1.0))
        .collect()
}

fn about(protocol: &str, model: &str) -> About {
    About {
        protocol: protocol.to_owned(),
        declaration: None,
        model: ModelIdentity {
            name: model.to_owned(),
            sha256: "0".repeat(64),
        },
        flip: FlipMode::Concat,
        command: format!("cargo run --example report_demo -- FOLDER # model {model}"),
    }
}

/// A run without anything to show yet.
fn run(title: &str, protocol: &str, model: &str, sample: Sample) -> ReportRun {
    ReportRun {
        label: model.to_owned(),
        title: title.to_owned(),
        about: about(protocol, model),
        settings: vec![("Matcher".to_owned(), "cosine".to_owned())],
        sample,
        n_failed: 0,
        intervals: Some("Wilson's, 95 %".to_owned()),
        figures: Vec::new(),
        curves: Vec::new(),
        scores: None,
        groups: None,
        errors: Vec::new(),
        notes: vec!["These scores were drawn at random; no face was looked at.".to_owned()],
        result: serde_json::Value::Null,
    }
}

fn share(name: impl Into<String>, share: f64, uncertainty: Uncertainty) -> Figure {
    Figure {
        name: name.into(),
        value: FigureValue::Share { share, uncertainty },
    }
}

/// 6000 comparisons as in LFW's View 2, of which one found no face.
fn pair_run(
    model: &str,
    separation: f64,
    seed: u64,
    pictures: &Path,
) -> Result<ReportRun, EvalError> {
    let mut random = Seeded::new(seed);
    let mut mated = scores(3000, 0.1 * separation, &mut random);
    let non_mated = scores(3000, 0.0, &mut random);
    mated[0] = f64::NEG_INFINITY;
    let threshold = 0.05 * separation;
    let errors = errors(&mated, &non_mated, threshold, pictures);
    let set = ScoreSet::new(mated, non_mated)?;
    let curve = set.curve()?;
    let accuracy = 1.0 - errors.len() as f64 / 6000.0;
    let error = (accuracy * (1.0 - accuracy) / 6000.0).sqrt();
    let sample = Sample::Pairs {
        n_mated: 3000,
        n_non_mated: 3000,
    };
    let mut run = run("Drawn scores", "drawn-pairs", model, sample);
    run.n_failed = 1;
    run.figures = vec![
        share("Accuracy", accuracy, Uncertainty::StandardError(error)),
        Figure {
            name: "AUC".to_owned(),
            value: FigureValue::Number {
                value: curve.auc(),
                places: 5,
            },
        },
    ];
    let eer = curve.eer();
    run.figures
        .extend(eer.map(|eer| share("EER", eer.rate, Uncertainty::Unknown)));
    for target in [1e-2, 1e-3] {
        let at = set.tar_at_fmr(target)?;
        let name = format!("TAR at FMR {}", rate_name(target));
        run.figures.push(share(
            name,
            at.tar.rate,
            Uncertainty::Interval(at.tar.interval),
        ));
    }
    let points = curve.points(600);
    run.curves.push(ReportCurve {
        kind: CurveKind::Verification,
        subset: None,
        points: points.iter().map(|p| [p.fmr, p.fnmr]).collect(),
        n_non_mated: Some(3000),
    });
    run.scores = Some(ScoreDistribution {
        histogram: set.histogram(60)?,
        threshold: Some(threshold),
    });
    run.errors = errors;
    Ok(run)
}

fn errors(mated: &[f64], non_mated: &[f64], threshold: f64, pictures: &Path) -> Vec<ErrorPair> {
    let picture = |i: usize, n: usize| Picture {
        name: format!("Face_{:02}/Face_{:02}_{n:04}", i % 24, i % 24),
        // The last is nowhere, as when a disk was taken out.
        file: Some(pictures.join(format!("face {:02}.svg", i % 24))),
    };
    let error = |kind, i: usize, score: f64, other: usize| ErrorPair {
        kind,
        first: picture(i, 1),
        second: picture(other, 2),
        score: score.is_finite().then_some(score),
        threshold,
    };
    let refused = mated.iter().enumerate().filter(|(_, s)| **s < threshold);
    let refused = refused.map(|(i, s)| error(ErrorKind::FalseNonMatch, i, *s, i));
    let accepted = non_mated
        .iter()
        .enumerate()
        .filter(|(_, s)| **s >= threshold);
    let accepted = accepted.map(|(i, s)| error(ErrorKind::FalseMatch, i, *s, i + 7));
    refused.chain(accepted).collect()
}

/// Drawings of faces, no two alike, all but the last of the 24 that errors refer to.
fn draw_pictures(folder: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    for i in 0..23 {
        let (hue, mouth) = (i * 47 % 360, 60 + i % 5 * 5);
        let svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 100 100\">\
             <rect width=\"100\" height=\"100\" fill=\"hsl({hue} 30% 70%)\"/>\
             <ellipse cx=\"50\" cy=\"52\" rx=\"30\" ry=\"38\" fill=\"hsl({hue} 40% 85%)\"/>\
             <circle cx=\"39\" cy=\"43\" r=\"4\"/><circle cx=\"61\" cy=\"43\" r=\"4\"/>\
             <path d=\"M36 66Q50 {mouth} 64 66\" fill=\"none\" stroke=\"#000\" stroke-width=\"3\"/></svg>"
        );
        std::fs::write(folder.join(format!("face {i:02}.svg")), svg)?;
    }
    Ok(())
}

/// Searches of a gallery of 500 people: half of the probes are of people who are not in it.
fn search_run(model: &str, separation: f64, seed: u64) -> Result<ReportRun, EvalError> {
    const N_GALLERY: usize = 500;
    const N_PROBES: usize = 2000;
    let mut random = Seeded::new(seed);
    let (mut mates, mut strangers, mut ranks) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..N_PROBES {
        let others = scores(N_GALLERY, 0.0, &mut random);
        strangers.push(others.iter().copied().fold(-1.0, f64::max));
        let mate = 0.1 * separation + 0.1 * normal(&mut random);
        let rank = 1 + others[1..].iter().filter(|s| **s > mate).count();
        // Only a mate that comes first counts as found.
        mates.push(if rank == 1 { mate } else { f64::NEG_INFINITY });
        ranks.push(rank);
    }
    let curve = ScoreSet::new(mates, strangers)?.curve()?;
    let within =
        |rank: usize| ranks.iter().filter(|r| **r <= rank).count() as f64 / N_PROBES as f64;
    let sample = Sample::Searches {
        n_mated: N_PROBES,
        n_non_mated: N_PROBES,
    };
    let mut run = run("Drawn scores, open set", "drawn-searches", model, sample);
    run.figures = vec![
        share("Rank-1 rate", within(1), Uncertainty::Unknown),
        share("Rank-10 rate", within(10), Uncertainty::Unknown),
    ];
    run.curves = vec![
        ReportCurve {
            kind: CurveKind::Ranks,
            subset: None,
            points: (1..=20).map(|rank| [rank as f64, within(rank)]).collect(),
            n_non_mated: None,
        },
        ReportCurve {
            kind: CurveKind::OpenSet,
            subset: None,
            points: curve.points(400).iter().map(|p| [p.fmr, p.fnmr]).collect(),
            n_non_mated: Some(N_PROBES),
        },
    ];
    Ok(run)
}

/// Five groups whose scores lie apart by different amounts.
fn fairness_run(seed: u64) -> Result<ReportRun, EvalError> {
    let mut random = Seeded::new(seed);
    let threshold = 0.26;
    let mut groups = Vec::new();
    for (name, n, separation) in [
        ("18 to 29", 2000, 5.2),
        ("30 to 44", 3000, 5.4),
        ("45 to 59", 1500, 5.0),
        ("60 and older", 600, 4.6),
        ("not said", 40, 5.0),
    ] {
        let mated = scores(n, 0.1 * separation, &mut random);
        let non_mated = scores(n, 0.0, &mut random);
        let set = ScoreSet::new(mated, non_mated)?;
        groups.push(GroupRate {
            name: name.to_owned(),
            fmr: Some(set.fmr(threshold)?),
            fnmr: Some(set.fnmr(threshold)?),
        });
    }
    let n: usize = groups.iter().filter_map(|g| g.fmr).map(|p| p.n).sum();
    let sample = Sample::Pairs {
        n_mated: n,
        n_non_mated: n,
    };
    let mut run = run(
        "Drawn scores by age",
        "drawn-groups",
        "sphereface20",
        sample,
    );
    let rates = groups.iter().filter_map(|g| g.fnmr).map(|p| p.rate);
    let worst = rates.fold(0.0, f64::max);
    run.figures = vec![share(
        "Greatest FNMR of a group",
        worst,
        Uncertainty::Unknown,
    )];
    run.groups = Some(GroupRates {
        column: "age".to_owned(),
        threshold,
        groups,
    });
    Ok(run)
}

/// The run with names that try to be markup, to turn the text around, and to be very long.
fn hostile(mut run: ReportRun) -> ReportRun {
    let evil = format!(
        "{}<script>alert('{0}')</script>\"|`*&amp;\u{202e}人脸{}",
        run.label,
        "x".repeat(200)
    );
    run.label.clone_from(&evil);
    run.title = format!(
        "LFW </title><img src=x onerror=alert(1)> {}",
        "long ".repeat(20)
    );
    run.about.model.name.clone_from(&evil);
    run.about.command = format!("lineament eval lfw --images '{evil}' ```\n--pairs pairs.txt");
    for error in &mut run.errors {
        error.first.name.clone_from(&evil);
        error.second.name = "item 17 of agedb_30.bin".to_owned();
        error.second.file = None;
    }
    run
}
