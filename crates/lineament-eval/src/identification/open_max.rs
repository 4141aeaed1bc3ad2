//! OpenMax for a gallery, fitted on what is enrolled in it.

use super::plan::SearchPlan;
use super::rejecter::Rejecter;
use super::search::{Gallery, template};
use crate::error::{EvalError, check_at_least};
use crate::labelled::LabelledSet;
use lineament_match::{Features, FittedMatcher, Matcher, OpenMax, OpenMaxOptions};

/// An item of a gallery, whose class is its entry.
struct Sample<'a> {
    template: &'a [f32],
    class: usize,
    /// The template of its person made of their other items.
    of_others: Vec<f32>,
}

impl Rejecter {
    /// OpenMax fitted on the gallery itself: its classes are the persons enrolled and its samples
    /// their items. What activates a sample's own class is the template of the person's other
    /// items, as it is with a probe. Samples that another class activates more are left out.
    ///
    /// # Errors
    /// A person with fewer samples than `options.tail_size`, and samples all at one distance from
    /// their mean.
    pub fn open_max(
        set: LabelledSet<'_>,
        plan: &SearchPlan,
        matcher: &FittedMatcher,
        scale: f64,
        options: &OpenMaxOptions,
    ) -> Result<Self, EvalError> {
        set.check()?;
        plan.check(set.persons)?;
        let gallery = Gallery::new(set, plan)?;
        let n_classes = plan.gallery.len();
        check_at_least(
            "templates of persons enrolled",
            n_classes,
            gallery.templates.len(),
        )?;
        let samples = samples(set, plan)?;
        let probes = samples.iter().map(|s| s.template);
        let scores = gallery.scored(probes, matcher, |_, scores| Ok(scores.to_vec()))?;
        let (mut labels, mut activations) = (Vec::new(), Vec::new());
        for (sample, mut scores) in samples.iter().zip(scores) {
            let own = matcher.score(&wide(sample.template), &wide(&sample.of_others))?;
            scores[sample.class] = own;
            if scores.iter().all(|s| *s <= own) {
                labels.push(sample.class);
                activations.extend(scores.iter().map(|s| s * scale));
            }
        }
        let activations = Features::new(n_classes, activations)?;
        let model = OpenMax::fit(&activations, &labels, options)?;
        Ok(Self::OpenMax { model, scale })
    }
}

/// Items that have a template and whose person has another one.
fn samples<'a>(set: LabelledSet<'a>, plan: &SearchPlan) -> Result<Vec<Sample<'a>>, EvalError> {
    let mut samples = Vec::new();
    for (class, enrolled) in plan.gallery.iter().enumerate() {
        for item in &enrolled.items {
            let others = enrolled.items.iter().copied().filter(|i| i != item);
            let of_others = template(set, &others.collect::<Vec<_>>())?;
            if let (Some(template), Some(of_others)) = (&set.templates[*item], of_others) {
                samples.push(Sample {
                    template,
                    class,
                    of_others,
                });
            }
        }
    }
    check_at_least("items to fit OpenMax on", 1, samples.len())?;
    Ok(samples)
}

fn wide(template: &[f32]) -> Vec<f64> {
    template.iter().copied().map(f64::from).collect()
}
