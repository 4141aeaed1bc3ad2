//! What the training pairs of a split teach.

use crate::compared::Compared;
use crate::error::EvalError;
use crate::pairs::{Centering, Pair, PairMatcher, PairOptions};
use lineament_match::{FitOptions, FittedMatcher, MatcherKind, Pca, Placement, Whitening};
use std::borrow::Cow;

/// The matcher of a split, learned from some of the pairs of a material: whatever is centred and
/// projected in front of it is part of it.
pub(crate) fn learn(
    compared: &Compared<'_>,
    training: &[&Pair],
    options: &PairOptions,
) -> Result<FittedMatcher, EvalError> {
    let placement = placement(compared, training, options)?;
    let features = match &placement {
        None => Cow::Borrowed(compared.features()),
        Some(placement) => {
            let placed = placement.transform_all(compared.features());
            Cow::Owned(placed.map_err(|error| compared.named(error))?)
        }
    };
    let matcher = match &options.matcher {
        PairMatcher::Fixed(matcher) => matcher.clone(),
        PairMatcher::Learned(options) => compared.fit(options, &features, training)?,
    };
    Ok(match placement {
        None => matcher,
        Some(placement) => FittedMatcher::Placed {
            placement,
            matcher: Box::new(matcher),
        },
    })
}

/// Where features are compared; `None` for where they are.
fn placement(
    compared: &Compared<'_>,
    training: &[&Pair],
    options: &PairOptions,
) -> Result<Option<Placement>, EvalError> {
    if options.center == Centering::Off && options.pca.is_none() {
        return Ok(None);
    }
    let mut sides = compared.sides(training)?;
    let mut mean = None;
    if options.center == Centering::Folds {
        let of_sides = sides.mean();
        sides = sides.less(&of_sides)?;
        mean = Some(of_sides);
    }
    let projection = options.pca.map(|n| Pca::fit(&sides, n, Whitening::No));
    Ok(Some(Placement::new(mean, projection.transpose()?)?))
}

/// Whether all splits give the same scores, since nothing is learned from their training pairs.
pub(crate) fn learns_nothing(options: &PairOptions) -> bool {
    let is_fixed = match &options.matcher {
        PairMatcher::Fixed(_) => true,
        PairMatcher::Learned(FitOptions { kind, pca, whiten }) => {
            let is_plain = matches!(kind, MatcherKind::Cosine | MatcherKind::SquaredEuclidean);
            is_plain && pca.is_none() && *whiten == Whitening::No
        }
    };
    is_fixed && options.center == Centering::Off && options.pca.is_none()
}
