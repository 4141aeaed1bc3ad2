//! The templates of a material as rows that matchers take.

use crate::error::{EvalError, check_at_least, check_length};
use crate::pairs::{Pair, PairMaterial};
use lineament_match::{
    Features, FitOptions, FittedMatcher, MatchError, Matcher, Training, TrainingPair, fit,
};
use std::collections::BTreeMap;

/// A material whose templates are of one length, finite and not zero.
pub(crate) struct Compared<'a> {
    material: PairMaterial<'a>,
    features: Features,
    /// Row of every item, `None` where it has no template.
    row_of: Vec<Option<usize>>,
    /// Item of every row.
    item_of: Vec<usize>,
}

impl<'a> Compared<'a> {
    pub(crate) fn new(material: PairMaterial<'a>) -> Result<Self, EvalError> {
        let PairMaterial { list, templates } = material;
        list.check()?;
        check_length("templates of items", list.names.len(), templates.len())?;
        let has_template = |i: &usize| templates[*i].is_some();
        let item_of: Vec<usize> = (0..templates.len()).filter(has_template).collect();
        check_at_least("items with a template", 1, item_of.len())?;
        let mut row_of = vec![None; templates.len()];
        for (row, item) in item_of.iter().enumerate() {
            row_of[*item] = Some(row);
        }
        let rows: Vec<&[f32]> = templates.iter().flatten().map(Vec::as_slice).collect();
        for (row, item) in rows.iter().zip(&item_of) {
            check_template(&list.names[*item], rows[0].len(), row)?;
        }
        Ok(Self {
            features: Features::from_rows(&rows)?,
            material,
            row_of,
            item_of,
        })
    }

    pub(crate) fn features(&self) -> &Features {
        &self.features
    }

    pub(crate) fn pairs(&self) -> &'a [Pair] {
        self.material.list.pairs
    }

    /// An error of the features, with the name of the item that it is about.
    pub(crate) fn named(&self, error: MatchError) -> EvalError {
        match error {
            MatchError::NoDirection { row } => EvalError::Template {
                item: self.material.list.names[self.item_of[row]].clone(),
                reason: "has norm 0 after centring or projection and so no direction".to_owned(),
            },
            error => error.into(),
        }
    }

    /// Names of the items that pairs need and that have no template.
    pub(crate) fn failures(&self) -> Vec<String> {
        let names = self.material.list.names;
        let mut is_compared = vec![false; names.len()];
        for pair in self.pairs() {
            is_compared[pair.first] = true;
            is_compared[pair.second] = true;
        }
        let failed = |i: &usize| is_compared[*i] && self.row_of[*i].is_none();
        let failed = (0..names.len()).filter(failed);
        failed.map(|i| names[i].clone()).collect()
    }

    /// One row for every side of the pairs that has a template.
    pub(crate) fn sides(&self, pairs: &[&Pair]) -> Result<Features, EvalError> {
        select(&self.features, &self.rows_of_sides(pairs))
    }

    fn rows_of_sides(&self, pairs: &[&Pair]) -> Vec<usize> {
        let sides = pairs.iter().flat_map(|p| [p.first, p.second]);
        sides.filter_map(|item| self.row_of[item]).collect()
    }

    /// A matcher fitted on the items of the pairs, each once, and on the pairs that did not fail.
    pub(crate) fn fit(
        &self,
        options: &FitOptions,
        features: &Features,
        pairs: &[&Pair],
    ) -> Result<FittedMatcher, EvalError> {
        let mut rows = self.rows_of_sides(pairs);
        rows.sort_unstable();
        rows.dedup();
        let new_row: BTreeMap<usize, usize> = rows.iter().copied().zip(0..).collect();
        let pairs = pairs.iter().filter_map(|pair| {
            Some(TrainingPair {
                first: new_row[&self.row_of[pair.first]?],
                second: new_row[&self.row_of[pair.second]?],
                mated: pair.mated,
            })
        });
        let persons = self.material.list.persons;
        let person = |row: &usize| persons.map(|p| p[self.item_of[*row]]);
        let identities: Option<Vec<usize>> = rows.iter().map(person).collect();
        let training = Training {
            features: &select(features, &rows)?,
            identities: identities.as_deref(),
            pairs: &pairs.collect::<Vec<_>>(),
        };
        Ok(fit(options, &training)?)
    }

    /// Score of every pair of the list; `None` where a side has no template.
    pub(crate) fn scores(&self, matcher: &FittedMatcher) -> Result<Vec<Option<f64>>, EvalError> {
        let prepared = matcher.prepare(self.features.clone());
        let (matcher, features) = prepared.map_err(|error| self.named(error))?;
        let score = |pair: &Pair| {
            let rows = self.row_of[pair.first].zip(self.row_of[pair.second]);
            let score = |(a, b)| matcher.score(features.row(a), features.row(b));
            Ok(rows.map(score).transpose()?)
        };
        self.pairs().iter().map(score).collect()
    }
}

fn select(features: &Features, rows: &[usize]) -> Result<Features, EvalError> {
    check_at_least("templates to learn from", 1, rows.len())?;
    let mut values = Vec::with_capacity(rows.len() * features.n_columns());
    rows.iter()
        .for_each(|row| values.extend_from_slice(features.row(*row)));
    Ok(Features::new(features.n_columns(), values)?)
}

/// Refuses a template of another length, not finite, or without a direction.
pub(crate) fn check_template(
    name: &str,
    n_columns: usize,
    template: &[f32],
) -> Result<(), EvalError> {
    let reason = if template.len() != n_columns {
        let n = template.len();
        format!("has {n} values where others have {n_columns}; one model must have made all")
    } else if let Some(value) = template.iter().find(|v| !v.is_finite()) {
        format!("holds {value}, which is no finite number")
    } else if template.iter().all(|v| *v == 0.0) {
        "has norm 0 and so no direction".to_owned()
    } else {
        return Ok(());
    };
    Err(EvalError::Template {
        item: name.to_owned(),
        reason,
    })
}
