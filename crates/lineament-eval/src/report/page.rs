//! The page: one HTML file that needs no other and asks no network for anything.

use super::bars::bar_plots;
use super::element::{Element, block, inline};
use super::errors;
use super::group::{Group, groups, short};
use super::histogram::histogram_plots;
use super::plots::{Plot, line_plots};
use super::run::ReportRun;
use super::tables::{caption, figures_table, groups_table};
use std::path::Path;

const STYLE: &str = include_str!("page.css");
const SCRIPT: &str = include_str!("page.js");
/// Nothing is loaded but pictures of the same place or disk, and nothing runs but `page.js`, which
/// the hash names.
const POLICY: &str = "default-src 'none'; img-src 'self' file:; style-src 'unsafe-inline'; \
    script-src 'sha256-XZRGnmhZbE2qVkygdU8NMUZmEPhD+Q6GQXKQfKFaOWE='";

/// The page of a report in the folder `dir`, absolute, and its plots.
pub(super) fn page(runs: &[ReportRun], dir: &Path) -> (String, Vec<Plot>) {
    let groups = groups(runs);
    let mut numbering = Numbering::default();
    let (mut sections, mut all_plots) = (Vec::new(), Vec::new());
    for (i, group) in groups.iter().enumerate() {
        let mut plots = line_plots(group);
        plots.extend(histogram_plots(group));
        plots.extend(bar_plots(group));
        let start = block("section")
            .set("id", format!("protocol-{}", i + 1))
            .child(inline("h2").text(headings(&groups)[i]));
        sections.push(section(start, group, &plots, &mut numbering, dir));
        all_plots.extend(plots);
    }
    let head = head(&heading(&groups));
    let body = block("body")
        .child(header(&groups))
        .child(block("main").children(sections).child(origins(&groups)))
        .child(footer());
    let html = block("html").set("lang", "en").children([head, body]);
    (format!("<!doctype html>\n{html}\n"), all_plots)
}

/// Tables and figures are numbered through the page.
#[derive(Default)]
struct Numbering {
    n_tables: usize,
    n_figures: usize,
}

impl Numbering {
    fn table(&mut self) -> String {
        self.n_tables += 1;
        format!("Table {}. ", self.n_tables)
    }

    fn figure(&mut self) -> String {
        self.n_figures += 1;
        format!("Figure {}. ", self.n_figures)
    }
}

fn heading(groups: &[Group<'_>]) -> String {
    match groups {
        [group] => group.title.to_owned(),
        groups => format!("Evaluation under {} protocols", groups.len()),
    }
}

/// What stands over the results of each group.
fn headings<'a>(groups: &[Group<'a>]) -> Vec<&'a str> {
    match groups {
        [_] => vec!["Results"],
        groups => groups.iter().map(|group| group.title).collect(),
    }
}

fn head(title: &str) -> Element {
    let meta = |name: &str, content: &str| block("meta").set("name", name).set("content", content);
    let policy = block("meta")
        .set("http-equiv", "Content-Security-Policy")
        .set("content", POLICY);
    block("head")
        .child(block("meta").set("charset", "utf-8"))
        .child(policy)
        .child(meta("viewport", "width=device-width, initial-scale=1"))
        .child(meta("referrer", "no-referrer"))
        .child(inline("title").text(title))
        .child(inline("style").raw("\n").raw(STYLE))
        .child(inline("script").raw(SCRIPT))
}

fn header(groups: &[Group<'_>]) -> Element {
    let labels: Vec<String> = groups.iter().flat_map(Group::labels).collect();
    let mut unique: Vec<&str> = Vec::new();
    for label in &labels {
        if !unique.contains(&label.as_str()) {
            unique.push(label);
        }
    }
    let link = |(i, title)| (format!("#protocol-{}", i + 1), title);
    let links = headings(groups)
        .into_iter()
        .enumerate()
        .map(link)
        .chain([("#origins".to_owned(), "How to make it again")]);
    let link = |(to, text): (String, &str)| {
        block("li").child(inline("a").set("href", to).text(short(text)))
    };
    block("header")
        .child(inline("h1").text(heading(groups)))
        .child(inline("p").set("class", "lead").text(unique.join(" · ")))
        .child(
            block("nav")
                .set("aria-label", "Sections")
                .child(block("ul").children(links.map(link))),
        )
}

/// The section with all that there is of a group.
fn section(
    section: Element,
    group: &Group<'_>,
    plots: &[Plot],
    numbering: &mut Numbering,
    dir: &Path,
) -> Element {
    let basis = inline("p")
        .set("class", "caption")
        .child(inline("b").text(numbering.table()))
        .text(caption(group));
    let mut section = section.children([basis, figures_table(group)]);
    let figures = plots.iter().map(|plot| figure(plot, &numbering.figure()));
    section = section.child(
        block("div")
            .set("class", "plots")
            .children(figures.collect::<Vec<_>>()),
    );
    for run in &group.runs {
        let Some(rates) = &run.groups else { continue };
        let caption = inline("p")
            .set("class", "caption")
            .child(inline("b").text(numbering.table()))
            .text(format!(
                "Error rates by {}, {}.",
                rates.column,
                short(&run.label)
            ));
        section = section.children([caption, groups_table(rates)]);
    }
    section.children(errors::sections(group, dir))
}

fn figure(plot: &Plot, number: &str) -> Element {
    let file = format!("{}.svg", plot.stem);
    let download = inline("a")
        .set("class", "files")
        .set("href", &file)
        .text("SVG");
    let caption = inline("figcaption")
        .child(inline("b").text(number).text(&plot.name).text("."))
        .text(" ")
        .text(&plot.caption)
        .text(" ")
        .child(download);
    block("figure").child(plot.picture.clone()).child(caption)
}

/// Model, choices and command of every run.
fn origins(groups: &[Group<'_>]) -> Element {
    let section = block("section")
        .set("id", "origins")
        .child(inline("h2").text("How to make it again"));
    section.children(
        groups
            .iter()
            .flat_map(|g| g.runs.iter().map(|run| origin(run))),
    )
}

fn origin(run: &ReportRun) -> Element {
    let about = &run.about;
    let mut facts = vec![
        ("Protocol".to_owned(), about.protocol.clone()),
        ("Model".to_owned(), about.model.name.clone()),
        ("SHA-256".to_owned(), about.model.sha256.clone()),
    ];
    facts.extend(
        about
            .declaration
            .map(|d| ("Declared as".to_owned(), d.to_string())),
    );
    facts.push(("Mirror image".to_owned(), flip_text(run).to_owned()));
    facts.extend(run.settings.iter().cloned());
    let fact = |(name, value): (String, String)| {
        [
            inline("dt").text(name),
            inline("dd").child(inline("bdi").text(value)),
        ]
    };
    let list = block("dl").children(facts.into_iter().flat_map(fact));
    let notes = run.notes.iter().map(|note| inline("p").text(note));
    block("section")
        .child(inline("h3").text(format!("{}, {}", short(&run.label), run.title)))
        .child(list)
        .child(inline("pre").set("tabindex", "0").text(&about.command))
        .children(notes)
}

fn flip_text(run: &ReportRun) -> &'static str {
    use crate::flip::FlipMode;
    match run.about.flip {
        FlipMode::Off => "not used",
        FlipMode::Sum => "features added",
        FlipMode::Concat => "features concatenated",
    }
}

fn footer() -> Element {
    let version = env!("CARGO_PKG_VERSION");
    let plain = [("report.md", "Markdown"), ("report.json", "JSON")];
    let mut line = inline("p").text(format!("Written by Lineament {version}."));
    for (file, name) in plain {
        line = line.text(" ").child(
            inline("a")
                .set("class", "files")
                .set("href", file)
                .text(name),
        );
    }
    block("footer").child(line)
}
