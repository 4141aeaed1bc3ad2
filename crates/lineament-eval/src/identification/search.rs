//! Searches of a gallery, and what each of them found.

use super::plan::SearchPlan;
use super::rejecter::Rejecter;
use super::top::{Candidate, TopCandidates};
use crate::comparison::Comparison;
use crate::error::{EvalError, check_at_least};
use crate::labelled::LabelledSet;
use crate::scores::ScoreSet;
use lineament_match::{Features, FittedMatcher, Pooling, pool};

/// One search.
#[derive(Debug, Clone, PartialEq)]
pub struct SearchOutcome {
    /// The item that searched.
    pub probe: usize,
    /// Whether its person is enrolled.
    pub is_mated: bool,
    /// Of a mated search, 1 + the other persons that score no less than the mate does: equal scores
    /// count against it. `None` where the probe or the mate has no template.
    pub rank: Option<usize>,
    /// What the threshold is compared with: of a mated search the mate's, of a non-mated one the
    /// greatest. `None` where the search failed.
    pub score: Option<f64>,
    /// The best candidates, best first, with the matcher's scores.
    pub candidates: Vec<Candidate>,
}

/// Entries of a gallery that have a template, ready to be searched.
pub(crate) struct Gallery {
    pub(crate) templates: Vec<Vec<f32>>,
    /// Entry of every template.
    entry_of: Vec<usize>,
    /// Template of every entry.
    row_of: Vec<Option<usize>>,
}

/// How searches are made.
pub(crate) struct Searching<'a> {
    pub(crate) matcher: &'a FittedMatcher,
    pub(crate) rejecter: &'a Rejecter,
    pub(crate) n_candidates: usize,
}

impl Gallery {
    pub(crate) fn new(set: LabelledSet<'_>, plan: &SearchPlan) -> Result<Self, EvalError> {
        let mut gallery = Self {
            templates: Vec::new(),
            entry_of: Vec::new(),
            row_of: vec![None; plan.gallery.len()],
        };
        for (entry, enrolled) in plan.gallery.iter().enumerate() {
            let Some(template) = template(set, &enrolled.items)? else {
                continue;
            };
            gallery.row_of[entry] = Some(gallery.templates.len());
            gallery.templates.push(template);
            gallery.entry_of.push(entry);
        }
        check_at_least(
            "persons enrolled with a template",
            1,
            gallery.templates.len(),
        )?;
        Ok(gallery)
    }

    pub(crate) fn n_failed(&self) -> usize {
        self.row_of.len() - self.templates.len()
    }

    /// Every search of the plan, the mated ones first, in the order of the plan.
    pub(crate) fn search(
        &self,
        set: LabelledSet<'_>,
        plan: &SearchPlan,
        how: &Searching<'_>,
    ) -> Result<Vec<SearchOutcome>, EvalError> {
        let entries = plan.entries();
        let mut outcomes: Vec<SearchOutcome> = plan
            .probes()
            .enumerate()
            .map(|(i, probe)| SearchOutcome {
                probe,
                is_mated: i < plan.mated.len(),
                rank: None,
                score: None,
                candidates: Vec::new(),
            })
            .collect();
        let made = |i: &usize| set.templates[outcomes[*i].probe].is_some();
        let made: Vec<usize> = (0..outcomes.len()).filter(made).collect();
        if made.is_empty() {
            return Ok(outcomes);
        }
        let probes = made.iter().map(|i| outcomes[*i].probe);
        let mates: Vec<Option<usize>> = probes
            .clone()
            .map(|probe| self.row_of[*entries.get(&set.persons[probe])?])
            .collect();
        let is_mated: Vec<bool> = made.iter().map(|i| outcomes[*i].is_mated).collect();
        let probes = probes.filter_map(|probe| set.templates[probe].as_deref());
        let found = self.scored(probes, how.matcher, |i, scores| {
            self.outcome(scores, mates[i], is_mated[i], how)
        })?;
        for (i, found) in made.into_iter().zip(found) {
            let probe = outcomes[i].probe;
            outcomes[i] = SearchOutcome { probe, ..found };
        }
        Ok(outcomes)
    }

    /// What `of_probe` makes of the scores of each probe against the gallery, in order.
    pub(crate) fn scored<'a, T: Send>(
        &self,
        probes: impl Iterator<Item = &'a [f32]>,
        matcher: &FittedMatcher,
        of_probe: impl Fn(usize, &[f64]) -> Result<T, EvalError> + Sync,
    ) -> Result<Vec<T>, EvalError> {
        let gallery: Vec<&[f32]> = self.templates.iter().map(Vec::as_slice).collect();
        let comparison = Comparison::new(&probes.collect::<Vec<_>>(), &gallery, matcher)?;
        let parts = comparison.fold(Vec::new, |found, i, scores| {
            found.push((i, of_probe(i, scores)));
        })?;
        let mut found: Vec<_> = parts.into_iter().flatten().collect();
        found.sort_by_key(|(i, _)| *i);
        found.into_iter().map(|(_, outcome)| outcome).collect()
    }

    fn outcome(
        &self,
        scores: &[f64],
        mate: Option<usize>,
        is_mated: bool,
        how: &Searching<'_>,
    ) -> Result<SearchOutcome, EvalError> {
        let decision = how.rejecter.decide(scores)?;
        let mut top = TopCandidates::new(how.n_candidates);
        for (row, score) in scores.iter().enumerate() {
            let entry = self.entry_of[row];
            top.add(Candidate {
                entry,
                score: *score,
            });
        }
        // The mate itself is among those that score no less.
        let rank = |mate: usize| scores.iter().filter(|s| **s >= scores[mate]).count();
        Ok(SearchOutcome {
            probe: 0,
            is_mated,
            rank: mate.map(rank),
            score: match is_mated {
                true => mate.map(|mate| decision.of(mate)),
                false => Some(decision.greatest()),
            },
            candidates: top.into_sorted(),
        })
    }
}

/// The scores of an open-set search at `rank`: of mated searches the mate's where it is within
/// that rank, of non-mated ones the greatest; −∞ of those that failed.
pub(crate) fn open_set_scores(
    outcomes: &[SearchOutcome],
    rank: usize,
) -> Result<ScoreSet, EvalError> {
    ScoreSet::from_labelled(outcomes.iter().map(|o| (o.score_within(rank), o.is_mated)))
}

impl SearchOutcome {
    /// The score, of mated searches only where the mate is within `rank`.
    #[must_use]
    pub fn score_within(&self, rank: usize) -> Option<f64> {
        let is_listed = !self.is_mated || self.is_within(rank);
        self.score.filter(|_| is_listed)
    }

    /// Whether the mate is within `rank`.
    #[must_use]
    pub fn is_within(&self, rank: usize) -> bool {
        self.rank.is_some_and(|r| r <= rank)
    }
}

/// The mean of the directions of the items of one person; `None` where none has a template.
pub(crate) fn template(
    set: LabelledSet<'_>,
    items: &[usize],
) -> Result<Option<Vec<f32>>, EvalError> {
    let templates = items.iter();
    let templates: Vec<&[f32]> = templates
        .filter_map(|item| set.templates[*item].as_deref())
        .collect();
    match templates.as_slice() {
        [] => Ok(None),
        [one] => Ok(Some(one.to_vec())),
        several => {
            let pooled = pool(&Features::from_rows(several)?, Pooling::Mean)?;
            Ok(Some(pooled.into_iter().map(|v| v as f32).collect()))
        }
    }
}
