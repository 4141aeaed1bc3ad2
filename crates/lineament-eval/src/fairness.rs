//! Whether a matcher errs as often on one group of people as on another.

use crate::about::About;
use crate::error::{EvalError, check_index, check_length};
use crate::intervals::{Bootstrap, Interval, Proportion, bootstrap_by_identity};
use crate::pair_report::PairReport;
use crate::pairs::Pair;
use crate::scores::ScoreSet;
use serde::Serialize;

/// The groups that items belong to.
#[derive(Debug, Clone, Copy)]
pub struct Groups<'a> {
    /// What the groups are: `age`, `country of birth`.
    pub column: &'a str,
    /// Their names.
    pub names: &'a [String],
    /// Group of every item of the protocol; `None` where nobody knows.
    pub of_items: &'a [Option<usize>],
}

/// The threshold that all groups share.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SharedThreshold {
    /// This one.
    At(f64),
    /// The smallest whose false match rate over all pairs is not above this.
    AtFmr(f64),
}

/// Error rates of groups at one threshold; its JSON is what `lineament eval fairness` prints.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FairnessReport {
    /// What was evaluated.
    #[serde(flatten)]
    pub about: About,
    /// What the groups are.
    pub column: String,
    /// The threshold that all groups share.
    pub threshold: f64,
    /// Pairs of the protocol.
    pub n_pairs: usize,
    /// Pairs that failed; a mated one counts as refused.
    pub n_failed: usize,
    /// Pairs with a side whose group nobody knows; they are in no rate of a group.
    pub n_without_group: usize,
    /// Of all pairs.
    pub all: GroupFigures,
    /// Of mated pairs within each group, and of non-mated pairs within it, in the order of the
    /// names.
    pub groups: Vec<GroupFigures>,
    /// Of pairs across two groups; mated ones among them say that the groups are not of persons.
    pub across: GroupFigures,
    /// How far the groups' false match rates differ.
    pub fmr_spread: Spread,
    /// How far the groups' false non-match rates differ.
    pub fnmr_spread: Spread,
    /// (`fmr_spread.gini` + `fnmr_spread.gini`) / 2: GARBE with α = ½ (Howard et al. 2022).
    pub garbe: Option<f64>,
    /// The draws behind the intervals by identity, where persons are known.
    pub by_identity: Option<Bootstrap>,
}

/// Error rates of some pairs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct GroupFigures {
    /// Which pairs: the group's name.
    pub name: String,
    /// False match rate with Wilson's interval; `None` where there are no non-mated pairs.
    pub fmr: Option<Proportion>,
    /// Its interval by identity.
    pub fmr_by_identity: Option<Interval>,
    /// False non-match rate with Wilson's interval; `None` where there are no mated pairs.
    pub fnmr: Option<Proportion>,
    /// Its interval by identity.
    pub fnmr_by_identity: Option<Interval>,
}

/// How far the rates of groups differ.
#[derive(Debug, Clone, PartialEq, Default, Serialize)]
pub struct Spread {
    /// Name of the group of the greatest rate; `None` where fewer than two groups have a rate.
    pub greatest: Option<String>,
    /// Name of the group of the least rate.
    pub least: Option<String>,
    /// Greatest over least rate; `None` where the least is 0.
    pub ratio: Option<f64>,
    /// Its interval by identity.
    pub ratio_by_identity: Option<Interval>,
    /// Gini coefficient n/(n − 1) · Σᵢⱼ |xᵢ − xⱼ| / (2 n² x̄) of the n rates (Howard et al. 2022):
    /// 0 where all are equal, 1 where one group has all errors. 0 where nobody has any.
    pub gini: Option<f64>,
}

/// The pairs that a rate is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    All,
    Within(usize),
    Across,
}

/// A pair and its score; `None` where a side has no template.
pub type ScoredPair = (Pair, Option<f64>);

/// Error rates by group of the pairs that a protocol judged: see [`evaluate_groups`].
///
/// # Errors
/// As [`evaluate_groups`].
pub fn evaluate_fairness(
    report: &PairReport,
    groups: Groups<'_>,
    persons: Option<&[usize]>,
    threshold: SharedThreshold,
    bootstrap: Bootstrap,
) -> Result<FairnessReport, EvalError> {
    let scored = report.outcomes.iter().map(|o| (o.pair, o.score));
    let scored: Vec<ScoredPair> = scored.collect();
    let about = report.about.clone();
    evaluate_groups(about, &scored, groups, persons, threshold, bootstrap)
}

/// Error rates by group of scored pairs. `persons` are those of their items.
///
/// # Errors
/// Lists of other lengths than the protocol's items, a group without a name, and what
/// [`crate::ScoreSet::tar_at_fmr`] refuses.
pub fn evaluate_groups(
    about: About,
    scored: &[ScoredPair],
    groups: Groups<'_>,
    persons: Option<&[usize]>,
    threshold: SharedThreshold,
    bootstrap: Bootstrap,
) -> Result<FairnessReport, EvalError> {
    check(scored, groups, persons)?;
    let threshold = match threshold {
        SharedThreshold::At(threshold) => threshold,
        SharedThreshold::AtFmr(target) => {
            let labelled = scored.iter().map(|(pair, score)| (*score, pair.mated));
            ScoreSet::from_labelled(labelled)?
                .tar_at_fmr(target)?
                .threshold
        }
    };
    let split = Split::new(scored, groups, threshold);
    let parts = split.parts();
    let rates = |weights: &[f64]| split.rates(&parts, weights);
    let intervals = match persons {
        None => vec![None; 2 * parts.len() + 2],
        Some(persons) => {
            let of_pair = |(pair, _): &ScoredPair| (persons[pair.first], persons[pair.second]);
            let of_pairs: Vec<_> = scored.iter().map(of_pair).collect();
            bootstrap_by_identity(&of_pairs, bootstrap, rates)?
        }
    };
    let name = |part: Part| match part {
        Part::All => "all".to_owned(),
        Part::Across => "across groups".to_owned(),
        Part::Within(group) => groups.names[group].clone(),
    };
    let figures = |(i, part): (usize, &Part)| {
        let figures = split.figures(*part, name(*part))?;
        Ok(GroupFigures {
            fmr_by_identity: intervals[2 * i],
            fnmr_by_identity: intervals[2 * i + 1],
            ..figures
        })
    };
    let figures = parts.iter().enumerate().map(figures);
    let mut figures = figures.collect::<Result<Vec<_>, EvalError>>()?;
    let of_groups = figures.split_off(2);
    let fmr_spread = Spread::new(&of_groups, |g| g.fmr, intervals[2 * parts.len()]);
    let fnmr_spread = Spread::new(&of_groups, |g| g.fnmr, intervals[2 * parts.len() + 1]);
    let garbe = fmr_spread.gini.zip(fnmr_spread.gini);
    let [all, across] = [0, 1].map(|i| figures[i].clone());
    Ok(FairnessReport {
        about,
        column: groups.column.to_owned(),
        threshold,
        n_pairs: scored.len(),
        n_failed: scored.iter().filter(|(_, score)| score.is_none()).count(),
        n_without_group: split.judged.iter().filter(|j| j.part.is_none()).count(),
        all,
        groups: of_groups,
        across,
        fmr_spread,
        fnmr_spread,
        garbe: garbe.map(|(fmr, fnmr)| (fmr + fnmr) / 2.0),
        by_identity: persons.map(|_| bootstrap),
    })
}

fn check(
    scored: &[ScoredPair],
    groups: Groups<'_>,
    persons: Option<&[usize]>,
) -> Result<(), EvalError> {
    let n_items = groups.of_items.len();
    if let Some(persons) = persons {
        check_length("persons of items", n_items, persons.len())?;
    }
    for (pair, _) in scored {
        let item = pair.first.max(pair.second);
        check_index(
            "the item of a pair, among those with a group",
            n_items,
            item,
        )?;
    }
    let all = groups.of_items.iter().flatten();
    all.copied()
        .try_for_each(|group| check_index("the group of an item", groups.names.len(), group))
}

/// A pair and what became of it.
struct Judged {
    /// `None` where a side has no group.
    part: Option<Part>,
    is_mated: bool,
    is_error: bool,
}

struct Split {
    judged: Vec<Judged>,
    n_groups: usize,
}

impl Split {
    fn new(scored: &[ScoredPair], groups: Groups<'_>, threshold: f64) -> Self {
        let judged = |(pair, score): &ScoredPair| {
            let sides = groups.of_items[pair.first].zip(groups.of_items[pair.second]);
            let is_accepted = score.is_some_and(|s| s >= threshold);
            Judged {
                part: sides.map(|(a, b)| match a == b {
                    true => Part::Within(a),
                    false => Part::Across,
                }),
                is_mated: pair.mated,
                is_error: is_accepted != pair.mated,
            }
        };
        Self {
            judged: scored.iter().map(judged).collect(),
            n_groups: groups.names.len(),
        }
    }

    /// All, those across groups, and then every group.
    fn parts(&self) -> Vec<Part> {
        let groups = (0..self.n_groups).map(Part::Within);
        [Part::All, Part::Across]
            .into_iter()
            .chain(groups)
            .collect()
    }

    fn of(&self, part: Part, is_mated: bool) -> impl Iterator<Item = (usize, &Judged)> {
        let judged = self.judged.iter().enumerate();
        judged.filter(move |(_, j)| {
            j.is_mated == is_mated && (part == Part::All || j.part == Some(part))
        })
    }

    fn figures(&self, part: Part, name: String) -> Result<GroupFigures, EvalError> {
        let rate = |is_mated: bool| {
            let n = self.of(part, is_mated).count();
            let n_errors = self.of(part, is_mated).filter(|(_, j)| j.is_error).count();
            let rate = || Proportion::new(n_errors, n);
            (n > 0).then(rate).transpose()
        };
        Ok(GroupFigures {
            name,
            fmr: rate(false)?,
            fmr_by_identity: None,
            fnmr: rate(true)?,
            fnmr_by_identity: None,
        })
    }

    /// FMR and FNMR of every part, and then the ratios of both over the groups, where every pair
    /// has a weight.
    fn rates(&self, parts: &[Part], weights: &[f64]) -> Vec<Option<f64>> {
        let rate = |part: Part, is_mated: bool| {
            let (mut errors, mut all) = (0.0, 0.0);
            for (i, judged) in self.of(part, is_mated) {
                all += weights[i];
                errors += weights[i] * f64::from(u8::from(judged.is_error));
            }
            (all > 0.0).then(|| errors / all)
        };
        let rates = parts.iter().flat_map(|p| [rate(*p, false), rate(*p, true)]);
        let mut rates: Vec<Option<f64>> = rates.collect();
        let of_groups = |kind: usize| rates[4..].iter().skip(kind).step_by(2).flatten().copied();
        let ratios = [0, 1].map(|kind| ratio(&of_groups(kind).collect::<Vec<_>>()));
        rates.extend(ratios);
        rates
    }
}

impl Spread {
    fn new(
        groups: &[GroupFigures],
        rate: impl Fn(&GroupFigures) -> Option<Proportion>,
        ratio_by_identity: Option<Interval>,
    ) -> Self {
        let named = groups.iter().filter_map(|g| Some((&g.name, rate(g)?.rate)));
        let named: Vec<(&String, f64)> = named.collect();
        if named.len() < 2 {
            return Self::default();
        }
        let name = |found: Option<&(&String, f64)>| found.map(|(name, _)| (*name).clone());
        let rates: Vec<f64> = named.iter().map(|(_, rate)| *rate).collect();
        let ratio = ratio(&rates);
        Self {
            greatest: name(named.iter().max_by(|a, b| a.1.total_cmp(&b.1))),
            least: name(named.iter().min_by(|a, b| a.1.total_cmp(&b.1))),
            ratio,
            ratio_by_identity: ratio_by_identity.filter(|_| ratio.is_some()),
            gini: Some(gini(&rates)),
        }
    }
}

/// Greatest over least, of two rates or more, the least above 0.
fn ratio(rates: &[f64]) -> Option<f64> {
    let greatest = rates.iter().copied().reduce(f64::max)?;
    let least = rates.iter().copied().reduce(f64::min)?;
    (rates.len() > 1 && least > 0.0).then(|| greatest / least)
}

fn gini(rates: &[f64]) -> f64 {
    let n = rates.len() as f64;
    let sum: f64 = rates.iter().sum();
    let differences = rates
        .iter()
        .flat_map(|a| rates.iter().map(move |b| (a - b).abs()));
    match sum > 0.0 {
        true => n / (n - 1.0) * differences.sum::<f64>() / (2.0 * n * sum),
        false => 0.0,
    }
}
