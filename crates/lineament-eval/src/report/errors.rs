//! The worst errors, as pictures that the reader's own disk holds.

use super::element::{Element, block, inline};
use super::group::{Group, short};
use super::numbers::{count, counted, fixed};
use super::place::url;
use super::run::{ErrorKind, ErrorPair, Picture, ReportRun};
use std::path::Path;

/// Errors that are shown of a run.
const N_SHOWN: usize = 20;

/// The worst errors of each run that has any. `dir` is the report's folder, absolute.
pub(super) fn sections(group: &Group<'_>, dir: &Path) -> Vec<Element> {
    let with_errors = group.runs.iter().filter(|run| !run.errors.is_empty());
    with_errors.map(|run| section(run, dir)).collect()
}

fn section(run: &ReportRun, dir: &Path) -> Element {
    let worst = worst(&run.errors);
    let heading = inline("h3").text("Worst errors, ").child(
        inline("bdi")
            .set("title", &run.label)
            .text(short(&run.label)),
    );
    let mut section = block("section").set("class", "errors").child(heading);
    let said = match run.errors.len() {
        n if n > worst.len() => format!("{} of {} errors, ", worst.len(), count(n)),
        n => format!("{}, ", counted(n, "error")),
    };
    section = section.child(inline("p").set("class", "caption").text(format!(
        "{said}those furthest from their threshold first. The pictures are read from your disk; \
         the report holds none."
    )));
    for kind in [ErrorKind::FalseNonMatch, ErrorKind::FalseMatch] {
        let of_kind: Vec<_> = worst.iter().filter(|e| e.kind == kind).collect();
        if of_kind.is_empty() {
            continue;
        }
        let heading = inline("h4").text(match kind {
            ErrorKind::FalseNonMatch => "One person, refused (false non-matches)",
            ErrorKind::FalseMatch => "Two people, accepted (false matches)",
        });
        let pairs = block("div")
            .set("class", "pairs")
            .children(of_kind.into_iter().map(|error| pair(error, dir)));
        section = section.children([heading, pairs]);
    }
    section
}

/// The errors furthest on the wrong side of their threshold, worst first; those without a score
/// come last.
fn worst(errors: &[ErrorPair]) -> Vec<&ErrorPair> {
    let distance = |e: &ErrorPair| e.score.map_or(-1.0, |s| (s - e.threshold).abs());
    let mut worst: Vec<_> = errors.iter().collect();
    worst.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
    worst.truncate(N_SHOWN);
    worst
}

fn pair(error: &ErrorPair, dir: &Path) -> Element {
    let score = match error.score {
        Some(score) => format!("score {}", fixed(score, 4)),
        None => "not compared".to_owned(),
    };
    let score = inline("p")
        .set("class", "score")
        .child(inline("b").text(score))
        .text(format!(", threshold {}", fixed(error.threshold, 4)));
    let pictures = [&error.first, &error.second].map(|p| picture(p, dir));
    block("figure")
        .set("class", "pair")
        .child(block("div").set("class", "two").children(pictures))
        .child(
            block("figcaption")
                .child(score)
                .children([&error.first, &error.second].map(name)),
        )
}

fn name(picture: &Picture) -> Element {
    let name = inline("bdi")
        .set("title", &picture.name)
        .text(&picture.name);
    inline("p").set("class", "name").child(name)
}

/// A picture with a box behind it that shows where it is missing.
fn picture(picture: &Picture, dir: &Path) -> Element {
    let holder = block("div").set("class", "picture");
    let Some(file) = &picture.file else {
        let said = inline("p").text("inside a container");
        return holder.set("data-state", "missing").child(said);
    };
    let said = inline("p")
        .text("not found: ")
        .child(inline("bdi").text(file.to_string_lossy()));
    let image = block("img")
        .set("src", url(dir, file))
        .set("alt", &picture.name)
        .set("loading", "lazy")
        .set("decoding", "async");
    holder.children([said, image])
}
