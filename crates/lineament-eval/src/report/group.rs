//! Runs of one protocol, which are shown together, and what is said of all of them.

use super::numbers::{count, counted};
use super::run::{ReportRun, Sample};
use super::style::fitted;

/// Runs of one protocol, in the order given.
pub(super) struct Group<'a> {
    /// The protocol's name for people.
    pub(super) title: &'a str,
    /// What file names of this group start with: nothing where it is the only one.
    pub(super) prefix: String,
    pub(super) runs: Vec<&'a ReportRun>,
}

/// The runs by protocol, in the order in which protocols first occur.
pub(super) fn groups(runs: &[ReportRun]) -> Vec<Group<'_>> {
    let mut protocols: Vec<&str> = Vec::new();
    for run in runs {
        if !protocols.contains(&run.about.protocol.as_str()) {
            protocols.push(&run.about.protocol);
        }
    }
    let prefix = |i: usize| match protocols.len() {
        1 => String::new(),
        _ => format!("{}-", i + 1),
    };
    let group = |(i, protocol): (usize, &&str)| {
        let is_of_it = |run: &&ReportRun| run.about.protocol == *protocol;
        let runs: Vec<_> = runs.iter().filter(is_of_it).collect();
        Group {
            title: runs.first().map_or("", |run| &run.title),
            prefix: prefix(i),
            runs,
        }
    };
    protocols.iter().enumerate().map(group).collect()
}

impl Group<'_> {
    /// The runs' labels, short enough for a heading or a legend.
    pub(super) fn labels(&self) -> Vec<String> {
        self.runs.iter().map(|run| short(&run.label)).collect()
    }

    /// Protocol, numbers of comparisons and failures, as a caption says them.
    pub(super) fn basis(&self) -> String {
        let mut samples: Vec<Sample> = Vec::new();
        for run in &self.runs {
            if !samples.contains(&run.sample) {
                samples.push(run.sample);
            }
        }
        let samples: Vec<String> = samples.into_iter().map(sample_text).collect();
        let title = fitted(self.title, 480.0);
        format!("{title}: {}; {}.", samples.join("; "), self.failures())
    }

    fn failures(&self) -> String {
        let all: Vec<usize> = self.runs.iter().map(|run| run.n_failed).collect();
        let numbers = match all.as_slice() {
            [one] => count(*one),
            [first, rest @ ..] if rest.iter().all(|n| n == first) => {
                format!("{} each", count(*first))
            }
            all => {
                let of_run = |(label, n): (String, &usize)| format!("{} ({label})", count(*n));
                let list: Vec<String> = self.labels().into_iter().zip(all).map(of_run).collect();
                list.join(", ")
            }
        };
        format!("failures to enrol, counted as errors: {numbers}")
    }
}

/// A name with its middle left out where it is too long for a heading.
pub(super) fn short(name: &str) -> String {
    fitted(name, 220.0)
}

fn sample_text(sample: Sample) -> String {
    let both = |n_mated: usize, n_non_mated: usize, what: &str| {
        let all = counted(n_mated + n_non_mated, what);
        format!(
            "{all} ({} mated, {} non-mated)",
            count(n_mated),
            count(n_non_mated)
        )
    };
    match sample {
        Sample::Pairs {
            n_mated,
            n_non_mated,
        } => both(n_mated, n_non_mated, "pair"),
        Sample::Searches {
            n_mated,
            n_non_mated,
        } => both(n_mated, n_non_mated, "search"),
        Sample::Images { n_images, n_people } => {
            let people = if n_people == 1 { "person" } else { "people" };
            format!(
                "{} of {} {people}",
                counted(n_images, "image"),
                count(n_people)
            )
        }
        Sample::Faces { n_images, n_faces } => {
            format!(
                "{} with {}",
                counted(n_images, "image"),
                counted(n_faces, "face")
            )
        }
    }
}
