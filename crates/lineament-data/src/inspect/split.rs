//! Splitting people into parts by a seed.

use std::sync::Arc;

use crate::error::DataError;

/// The part that each of `people` goes to, as an index into `shares`.
///
/// People are ranked by a hash of `seed` and their name, and the ranking is cut: the parts have exactly
/// the sizes that the shares (which need not sum to 1) ask for, by largest remainders. It is the same on
/// every machine and does not depend on the order of `people`. Names must differ from each other.
///
/// # Errors
/// [`DataError::Argument`] for shares that are negative, not finite or sum to nothing.
///
/// ```
/// use lineament_data::inspect::split_people;
///
/// # fn main() -> Result<(), lineament_data::DataError> {
/// let people = ["Ada", "Bob", "Cem", "Dee", "Eva"].map(Into::into);
/// let parts = split_people(&people, 1, &[0.8, 0.2])?;
/// assert_eq!(parts.iter().filter(|&&part| part == 1).count(), 1);
/// # Ok(())
/// # }
/// ```
pub fn split_people(
    people: &[Arc<str>],
    seed: u64,
    shares: &[f64],
) -> Result<Vec<usize>, DataError> {
    let sizes = sizes(people.len(), shares)?;
    let mut ranking: Vec<(u64, &str, usize)> = people
        .iter()
        .enumerate()
        .map(|(idx, person)| (rank(seed, person), &**person, idx))
        .collect();
    ranking.sort_unstable();
    let mut parts = vec![0; people.len()];
    let parts_in_order = sizes
        .iter()
        .enumerate()
        .flat_map(|(part, &size)| std::iter::repeat_n(part, size));
    for ((_, _, idx), part) in ranking.into_iter().zip(parts_in_order) {
        parts[idx] = part;
    }
    Ok(parts)
}

/// Whole sizes that sum to `n` (Hamilton's method).
fn sizes(n: usize, shares: &[f64]) -> Result<Vec<usize>, DataError> {
    let sum: f64 = shares.iter().sum();
    let is_usable = shares
        .iter()
        .all(|share| share.is_finite() && *share >= 0.0)
        && sum > 0.0
        && sum.is_finite();
    if !is_usable {
        return Err(DataError::Argument {
            what: "shares of a split",
            expected: "numbers that are not negative and not all 0".to_owned(),
            got: format!("{shares:?}"),
        });
    }
    let exact: Vec<f64> = shares.iter().map(|share| share / sum * n as f64).collect();
    let mut sizes: Vec<usize> = exact.iter().map(|size| size.floor() as usize).collect();
    let mut by_remainder: Vec<usize> = (0..shares.len()).collect();
    // Of equal remainders the earlier part gets one more: the sort is stable.
    by_remainder.sort_by(|&a, &b| exact[b].fract().total_cmp(&exact[a].fract()));
    let n_left = n.saturating_sub(sizes.iter().sum());
    for part in by_remainder.into_iter().cycle().take(n_left) {
        sizes[part] += 1;
    }
    Ok(sizes)
}

/// FNV-1a of the name, mixed with the seed by SplitMix64 (Steele et al., 2014).
fn rank(seed: u64, name: &str) -> u64 {
    let fnv = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    split_mix(split_mix(seed) ^ fnv)
}

fn split_mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn sizes_sum_and_order_does_not_matter(
            n in 0usize..60, seed in any::<u64>(), shares in prop::collection::vec(0.01f64..5.0, 1..4),
        ) {
            let people: Vec<Arc<str>> = (0..n).map(|i| format!("p{i}").into()).collect();
            let parts = split_people(&people, seed, &shares).unwrap();
            let sum: f64 = shares.iter().sum();
            for (part, share) in shares.iter().enumerate() {
                let size = parts.iter().filter(|&&p| p == part).count() as f64;
                prop_assert!((size - share / sum * n as f64).abs() < 1.0 + 1e-9);
            }
            let reversed: Vec<Arc<str>> = people.iter().rev().cloned().collect();
            let mut again = split_people(&reversed, seed, &shares).unwrap();
            again.reverse();
            prop_assert_eq!(parts, again);
        }
    }

    #[test]
    fn shares_that_are_none_are_refused() {
        for shares in [&[][..], &[0.0], &[-1.0, 2.0], &[f64::NAN]] {
            assert!(split_people(&["a".into()], 0, shares).is_err());
        }
    }
}
