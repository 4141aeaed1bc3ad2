//! Wrong labels, by features alone: images unlike their person, and people who are alike.
//!
//! A person's centre is the mean of those images that agree with the image that most agree with, so
//! that a minority of strangers does not move it (the mode, not the mean, of the images).
//!
//! With other people, an image or a person has the mean of the scores of the images, which has the
//! scale that thresholds are calibrated on; the score with a centre of unit norm is greater, for
//! strangers too.

use lineament_cluster::{ClusterError, ScanPlan, UnitRows, map_scores};

/// What people look like.
pub(super) struct Centres {
    /// One a person, `[people, d]`, of unit norm.
    pub(super) rows: UnitRows,
    /// Norms of the means of the agreeing images: with them, products of centres are mean scores.
    norms: Vec<f32>,
    /// The rows of each person that the centre is the mean of.
    pub(super) agreeing: Vec<Vec<usize>>,
}

/// An image that may be filed under the wrong person.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Suspect {
    /// The row of its feature.
    pub(super) row: usize,
    /// Under whom it is filed.
    pub(super) person: usize,
    /// Score with the centre of that person's other images that agree.
    pub(super) score: f32,
    /// The other person whom it is most like, and its mean score with the images of them that agree.
    pub(super) other: Option<(usize, f32)>,
    pub(super) verdict: Verdict,
}

/// What is suspected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// It shows another person of the set.
    OtherPerson,
    /// It does not show its person.
    UnlikePerson,
    /// It is one of two images that do not show the same person; which of them is wrong is open.
    UnlikeEachOther,
}

/// Two people who may be one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Alike {
    pub(super) first: usize,
    pub(super) second: usize,
    /// Mean score of the images that agree.
    pub(super) score: f32,
}

/// Scores at which images count as alike.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Limits {
    /// Of images of one person with each other.
    pub(super) own: f32,
    /// Among all people of a set, where chance has more to choose from.
    pub(super) search: f32,
}

/// The centres of people, each with the rows of at least one image.
///
/// # Errors
/// [`ClusterError::NoDirection`] for images that cancel each other out.
pub(super) fn centres(
    rows: &UnitRows,
    people: &[Vec<usize>],
    own: f32,
) -> Result<Centres, ClusterError> {
    let mut centres = UnitRows::new(rows.n_columns())?;
    let (mut norms, mut all_agreeing) = (Vec::new(), Vec::new());
    for images in people {
        let agreeing = agreeing(rows, images, own)?;
        let sum = sum(rows, &agreeing);
        centres.push(&sum)?;
        norms.push(norm(&sum) / agreeing.len() as f32);
        all_agreeing.push(agreeing);
    }
    Ok(Centres {
        rows: centres,
        norms,
        agreeing: all_agreeing,
    })
}

/// The images that score `own` or more with the one that most do so with; of several such, with the
/// one whose scores sum to more.
fn agreeing(rows: &UnitRows, images: &[usize], own: f32) -> Result<Vec<usize>, ClusterError> {
    let few = rows.select(images);
    let support = map_scores(&few, &few, &ScanPlan::default(), |_, scores| {
        let n_alike = scores.iter().filter(|score| **score >= own).count();
        (n_alike, scores.iter().sum::<f32>())
    })?;
    let stronger = |a: &usize, b: &usize| {
        let (a_support, b_support) = (support[*a], support[*b]);
        let by_count = a_support.0.cmp(&b_support.0);
        // Of equals the first: `max_by` returns the last.
        by_count
            .then(a_support.1.total_cmp(&b_support.1))
            .then(b.cmp(a))
    };
    let Some(mode) = (0..images.len()).max_by(stronger) else {
        return Ok(Vec::new());
    };
    let is_alike = |i: &usize| *i == mode || dot(few.row(mode), few.row(*i)) >= own;
    let alike = (0..images.len()).filter(is_alike);
    Ok(alike.map(|i| images[i]).collect())
}

impl Centres {
    /// Pairs of a person of these and one of `others` whose images have a mean score of `least` or more
    /// with each other, the most alike first.
    ///
    /// # Errors
    /// [`ClusterError::Dimension`] for features of different lengths.
    pub(super) fn alike(&self, others: &Self, least: f32) -> Result<Vec<Alike>, ClusterError> {
        let of_person = |first: usize, scores: &[f32]| {
            let of_norms = scores.iter().zip(&others.norms);
            let means = of_norms.map(|(score, norm)| score * norm * self.norms[first]);
            let alike = means.enumerate().filter(|(_, score)| *score >= least);
            let pair = |(second, score)| Alike {
                first,
                second,
                score,
            };
            alike.map(pair).collect::<Vec<_>>()
        };
        let pairs = map_scores(&self.rows, &others.rows, &ScanPlan::default(), of_person)?;
        let mut pairs: Vec<Alike> = pairs.into_iter().flatten().collect();
        pairs.sort_by(|a, b| {
            let by_score = b.score.total_cmp(&a.score);
            by_score.then((a.first, a.second).cmp(&(b.first, b.second)))
        });
        Ok(pairs)
    }

    /// Pairs of these people who are alike, each once.
    ///
    /// # Errors
    /// None: centres fit each other.
    pub(super) fn alike_within(&self, least: f32) -> Result<Vec<Alike>, ClusterError> {
        let mut pairs = self.alike(self, least)?;
        pairs.retain(|pair| pair.first < pair.second);
        Ok(pairs)
    }
}

/// The images that may be filed under the wrong person, by person. People who may be one are not
/// taken for others of each other.
///
/// # Errors
/// None: features fit each other.
pub(super) fn suspects(
    rows: &UnitRows,
    people: &[Vec<usize>],
    centres: &Centres,
    alike: &[Alike],
    limits: Limits,
) -> Result<Vec<Suspect>, ClusterError> {
    let mut same: Vec<Vec<usize>> = (0..people.len()).map(|person| vec![person]).collect();
    for pair in alike {
        same[pair.first].push(pair.second);
        same[pair.second].push(pair.first);
    }
    let filed = people.iter().enumerate();
    let filed = filed.flat_map(|(person, images)| images.iter().map(move |row| (person, *row)));
    let filed: Vec<(usize, usize)> = filed.collect();
    let images: Vec<usize> = filed.iter().map(|(_, row)| *row).collect();
    let others = map_scores(
        &rows.select(&images),
        &centres.rows,
        &ScanPlan::default(),
        |i, scores| best_other(scores, &centres.norms, &same[filed[i].0]),
    )?;
    let judged = filed
        .iter()
        .zip(others)
        .filter_map(|((person, row), other)| {
            let images = &people[*person];
            // The only image of a person says who that is.
            let own = own_score(rows, &centres.agreeing[*person], *row, images)?;
            Some(Suspect {
                row: *row,
                person: *person,
                score: own.with_centre,
                other,
                verdict: judge(own, other, images.len(), limits)?,
            })
        });
    Ok(judged.collect())
}

fn best_other(scores: &[f32], norms: &[f32], same: &[usize]) -> Option<(usize, f32)> {
    let means = scores.iter().zip(norms).map(|(score, norm)| score * norm);
    let others = means.enumerate();
    let others = others.filter(|(person, _)| !same.contains(person));
    others.max_by(|a, b| a.1.total_cmp(&b.1).then(b.0.cmp(&a.0)))
}

/// Scores of an image with its person's other images that agree; of two that do not, with the other.
#[derive(Clone, Copy)]
struct Own {
    with_centre: f32,
    mean: f32,
}

/// `None` for a person's only image.
fn own_score(rows: &UnitRows, agreeing: &[usize], row: usize, images: &[usize]) -> Option<Own> {
    let without = |rows: &[usize]| -> Vec<usize> {
        rows.iter().copied().filter(|other| *other != row).collect()
    };
    let mut rest = without(agreeing);
    if rest.is_empty() {
        rest = without(images);
    }
    if rest.is_empty() {
        return None;
    }
    let sum = sum(rows, &rest);
    let product = dot(&sum, rows.row(row));
    Some(Own {
        with_centre: product / norm(&sum).max(f32::MIN_POSITIVE),
        mean: product / rest.len() as f32,
    })
}

fn judge(
    own: Own,
    other: Option<(usize, f32)>,
    n_images: usize,
    limits: Limits,
) -> Option<Verdict> {
    let is_other = |(_, mean): (usize, f32)| mean >= limits.search && mean > own.mean;
    if other.is_some_and(is_other) {
        return Some(Verdict::OtherPerson);
    }
    if own.with_centre >= limits.own {
        return None;
    }
    Some(match n_images {
        2 => Verdict::UnlikeEachOther,
        _ => Verdict::UnlikePerson,
    })
}

fn sum(rows: &UnitRows, of: &[usize]) -> Vec<f32> {
    let mut sum = vec![0.0; rows.n_columns()];
    for row in of {
        sum.iter_mut()
            .zip(rows.row(*row))
            .for_each(|(s, v)| *s += v);
    }
    sum
}

fn norm(values: &[f32]) -> f32 {
    dot(values, values).sqrt()
}

/// Score of two features of unit norm.
pub(super) fn dot(a: &[f32], b: &[f32]) -> f32 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: Limits = Limits {
        own: 0.5,
        search: 0.7,
    };

    /// Unit vectors in a plane, by their angles in degrees.
    fn at(angles: &[f32]) -> UnitRows {
        let row = |angle: &f32| [angle.to_radians().cos(), angle.to_radians().sin()];
        UnitRows::from_rows(&angles.iter().map(row).collect::<Vec<_>>()).unwrap()
    }

    fn found(angles: &[f32], people: &[Vec<usize>]) -> (Vec<Suspect>, Vec<Alike>) {
        let rows = at(angles);
        let centres = centres(&rows, people, LIMITS.own).unwrap();
        let alike = centres.alike_within(LIMITS.search).unwrap();
        let suspects = suspects(&rows, people, &centres, &alike, LIMITS).unwrap();
        (suspects, alike)
    }

    #[test]
    fn a_stranger_does_not_move_the_centre() {
        let people = [vec![0, 1, 2, 3], vec![4, 5]];
        let (suspects, alike) = found(&[0.0, 4.0, 8.0, 150.0, 250.0, 255.0], &people);
        assert!(alike.is_empty());
        assert_eq!(suspects.len(), 1, "{suspects:?}");
        assert_eq!((suspects[0].row, suspects[0].person), (3, 0));
        assert_eq!(suspects[0].verdict, Verdict::UnlikePerson);
        assert!((suspects[0].score - 146f32.to_radians().cos()).abs() < 1e-5);
    }

    #[test]
    fn an_image_of_another_person_is_told_whose_it_is() {
        let people = [vec![0, 1, 2, 5], vec![3, 4]];
        let (suspects, _) = found(&[0.0, 3.0, 6.0, 120.0, 124.0, 122.0], &people);
        assert_eq!(suspects.len(), 1, "{suspects:?}");
        assert_eq!(suspects[0].verdict, Verdict::OtherPerson);
        let (other, score) = suspects[0].other.unwrap();
        assert_eq!(other, 1);
        assert!(score > 0.99);
    }

    #[test]
    fn two_names_for_one_person_are_a_pair_and_their_images_no_suspects() {
        let people = [vec![0, 1], vec![2, 3], vec![4]];
        let (suspects, alike) = found(&[0.0, 10.0, 5.0, 15.0, 180.0], &people);
        assert!(suspects.is_empty(), "{suspects:?}");
        assert_eq!(alike.len(), 1);
        assert_eq!((alike[0].first, alike[0].second), (0, 1));
    }

    #[test]
    fn of_two_images_that_differ_neither_is_blamed() {
        let (suspects, _) = found(&[0.0, 100.0, 200.0], &[vec![0, 1], vec![2]]);
        let verdicts: Vec<_> = suspects.iter().map(|s| (s.row, s.verdict)).collect();
        let both = Verdict::UnlikeEachOther;
        assert_eq!(verdicts, [(0, both), (1, both)]);
    }
}
