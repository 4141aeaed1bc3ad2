//! Several galleries searched apart, and the mean over them (IJB-B, IJB-C).

use super::plan::SearchPlan;
use super::report::{IdentificationOptions, IdentificationReport, identify};
use crate::about::About;
use crate::error::{EvalError, check_at_least};
use crate::labelled::LabelledSet;
use serde::Serialize;
use std::collections::BTreeMap;

/// What several galleries gave; its JSON is what `lineament eval ijbb` prints of 1:N.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GalleriesReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// Every gallery by itself, by name.
    pub galleries: BTreeMap<String, IdentificationReport>,
    /// Means over them.
    pub mean: MeanFigures,
}

/// Means over galleries; `None` where a gallery could not measure a figure.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct MeanFigures {
    /// Share of mated searches with the mate within a rank.
    pub rank_rate: BTreeMap<usize, f64>,
    /// FNIR at FPIR; TPIR is what is left to 1.
    pub fnir_at_fpir: BTreeMap<String, Option<f64>>,
    /// Detection and identification rate at FPIR.
    pub dir_at_fpir: BTreeMap<String, Option<f64>>,
}

/// Searches each gallery as its plan says. A probe may be mated in one and non-mated in another.
///
/// # Errors
/// As [`identify`], and [`EvalError::TooFew`] for no galleries.
pub fn identify_galleries(
    about: About,
    set: LabelledSet<'_>,
    galleries: &[(String, SearchPlan)],
    options: &IdentificationOptions,
) -> Result<GalleriesReport, EvalError> {
    check_at_least("galleries", 1, galleries.len())?;
    let search = |(name, plan): &(String, SearchPlan)| {
        Ok((name.clone(), identify(about.clone(), set, plan, options)?))
    };
    let galleries = galleries.iter().map(search);
    let galleries = galleries.collect::<Result<BTreeMap<_, _>, EvalError>>()?;
    let reports: Vec<&IdentificationReport> = galleries.values().collect();
    let mean = MeanFigures {
        rank_rate: means(&reports, |r| present(&r.rank_rate))
            .into_iter()
            .filter_map(|(rank, rate)| Some((rank, rate?)))
            .collect(),
        fnir_at_fpir: means(&reports, |r| r.at_fpir.fnir_at_fpir.clone()),
        dir_at_fpir: means(&reports, |r| r.at_fpir.dir_at_fpir.clone()),
    };
    Ok(GalleriesReport {
        about,
        galleries,
        mean,
    })
}

fn present(rates: &BTreeMap<usize, f64>) -> BTreeMap<usize, Option<f64>> {
    rates
        .iter()
        .map(|(rank, rate)| (*rank, Some(*rate)))
        .collect()
}

/// The mean of what every report has under a key.
fn means<K: Ord + Clone>(
    reports: &[&IdentificationReport],
    figures: impl Fn(&IdentificationReport) -> BTreeMap<K, Option<f64>>,
) -> BTreeMap<K, Option<f64>> {
    let tables: Vec<BTreeMap<K, Option<f64>>> = reports.iter().map(|r| figures(r)).collect();
    let mean = |key: &K| {
        let values = tables.iter().map(|table| table.get(key).copied().flatten());
        let sum: Option<f64> = values.sum();
        sum.map(|sum| sum / tables.len() as f64)
    };
    let keys = tables.iter().flat_map(|table| table.keys());
    keys.map(|key| (key.clone(), mean(key))).collect()
}
