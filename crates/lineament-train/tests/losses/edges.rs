//! Batches with little in them: nobody known, no positive, ties, zeros.

use super::subject::{Batch, Subject, assert_close, cases, gradient};
use tch::{Kind, Tensor};

fn is_zero(tensor: &Tensor) -> bool {
    tensor.abs().max().double_value(&[]) == 0.0
}

fn number(tensor: &Tensor) -> f64 {
    tensor.double_value(&[])
}

#[test]
fn nobody_known_costs_nothing_and_moves_nothing() {
    for mut case in cases() {
        let mut batch = Batch::from_golden(&case.batches[0]);
        if batch.teacher.is_some() {
            continue;
        }
        batch.labels = batch.labels.full_like(-1);
        let (trained, kept) = case.subject.variables();
        let before: Vec<Tensor> = kept.values().map(Tensor::copy).collect();
        let output = case.subject.compute(&batch);
        assert_eq!(number(&output.total), 0.0, "{}", case.name);
        output.total.backward();
        assert!(is_zero(&gradient(&batch.features)), "{}", case.name);
        assert!(
            trained.values().all(|t| is_zero(&gradient(t))),
            "{}",
            case.name
        );
        let same = kept.values().zip(&before).all(|(now, then)| now == then);
        assert!(same, "{}", case.name);
        assert_eq!(output.accuracy(&batch.labels), None);
    }
}

#[test]
fn a_batch_of_no_rows_costs_nothing() {
    for mut case in cases() {
        let mut batch = Batch::from_golden(&case.batches[0]);
        batch.features = batch
            .features
            .detach()
            .slice(0, 0, 0, 1)
            .set_requires_grad(true);
        batch.labels = batch.labels.slice(0, 0, 0, 1);
        batch.teacher = batch.teacher.map(|teacher| teacher.slice(0, 0, 0, 1));
        let output = case.subject.compute(&batch);
        output.total.backward();
        assert_eq!(number(&output.total), 0.0, "{}", case.name);
    }
}

#[test]
fn unknown_rows_change_nothing_but_distillation() {
    for mut case in cases() {
        let batch = Batch::from_golden(&case.batches[0]);
        let known = batch.labels.ge(0).nonzero().squeeze_dim(1);
        let only = Batch {
            features: batch.features.index_select(0, &known),
            labels: batch.labels.index_select(0, &known),
            step: batch.step,
            teacher: None,
        };
        let neighbours = case.name.contains("neighbours");
        if batch.teacher.is_some() || neighbours {
            continue;
        }
        let (_, kept) = case.subject.variables();
        let kept: Vec<_> = kept.into_iter().map(|(name, t)| (name, t.copy())).collect();
        let with = case.subject.compute(&batch).total;
        kept.iter().for_each(|(name, t)| case.subject.set(name, t));
        assert_close(&case.name, &case.subject.compute(&only).total, &with, 1e-12);
    }
}

#[test]
fn features_of_zeros_give_finite_gradients() {
    for mut case in cases() {
        let mut batch = Batch::from_golden(&case.batches[0]);
        batch.features = batch.features.zeros_like().set_requires_grad(true);
        let output = case.subject.compute(&batch);
        output.total.backward();
        let (trained, _) = case.subject.variables();
        let all_finite =
            |t: &Tensor| number(&gradient(t).isfinite().all().to_kind(Kind::Double)) == 1.0;
        assert!(number(&output.total).is_finite(), "{}", case.name);
        assert!(all_finite(&batch.features), "{}", case.name);
        assert!(trained.values().all(all_finite), "{}", case.name);
    }
}

#[test]
fn a_feature_that_is_no_number_shows_in_the_value() {
    for mut case in cases() {
        let batch = Batch::from_golden(&case.batches[0]);
        let _ = batch.features.detach().get(0).fill_(f64::NAN);
        let output = case.subject.compute(&batch);
        assert!(number(&output.total).is_nan(), "{}", case.name);
    }
}

#[test]
fn features_on_their_class_weights_give_finite_gradients() {
    for mut case in cases() {
        let (trained, _) = case.subject.variables();
        let Some((_, weight)) = trained.iter().find(|(name, _)| name.ends_with("0.weight")) else {
            continue;
        };
        let mut batch = Batch::from_golden(&case.batches[0]);
        if batch.teacher.is_some() {
            continue;
        }
        batch.features = weight.detach().slice(0, 0, 4, 1).set_requires_grad(true);
        batch.labels = Tensor::from_slice(&[0_i64, 1, 2, 3]);
        let output = case.subject.compute(&batch);
        output.total.backward();
        let finite = gradient(&batch.features).isfinite().all();
        assert_eq!(number(&finite.to_kind(Kind::Double)), 1.0, "{}", case.name);
        assert!(number(&output.total).is_finite(), "{}", case.name);
    }
}

#[test]
fn one_class_is_always_right() {
    for kind in [
        "softmax",
        "modified_softmax",
        "cosface",
        "arcface",
        "a_softmax",
        "l_softmax",
    ] {
        let mut subject = Subject::of(&format!("kind = '{kind}'"), 2, 1);
        let batch = Batch::new(&[&[1.0, 2.0], &[-0.5, 0.1]], &[0, 0]);
        let output = subject.compute(&batch);
        assert_eq!(number(&output.total), 0.0, "{kind}");
        assert_eq!(output.accuracy(&batch.labels), Some(1.0), "{kind}");
    }
}

#[test]
fn a_class_without_pairs_makes_no_triplet() {
    for negatives in ["semi_hard", "hard", "all"] {
        let text = format!("kind = 'triplet'\nnegatives = '{negatives}'");
        let mut subject = Subject::of(&text, 2, 4);
        // No positive; then no negative.
        for labels in [[0, 1, 2], [3, 3, 3]] {
            let batch = Batch::new(&[&[1.0, 2.0], &[-0.5, 0.1], &[1.0, 0.0]], &labels);
            let output = subject.compute(&batch);
            assert_eq!(output.parts, [("triplet", 0.0), ("open_triplets", 0.0)]);
            output.total.backward();
            assert!(is_zero(&gradient(&batch.features)));
        }
    }
}

#[test]
fn of_equally_near_negatives_the_first_is_pushed() {
    let mut subject = Subject::of("kind = 'triplet'\nnegatives = 'hard'\nmargin = 4.0", 2, 3);
    // Rows 2 and 3 are the same: both anchors' nearest negative is row 2.
    let rows: [&[f64]; 4] = [&[1.0, 0.1], &[1.0, -0.1], &[-0.3, 1.0], &[-0.3, 1.0]];
    let batch = Batch::new(&rows, &[0, 0, 1, 2]);
    subject.compute(&batch).total.backward();
    let gradients = gradient(&batch.features);
    assert!(!is_zero(&gradients.get(2)) && is_zero(&gradients.get(3)));
}

#[test]
fn a_positive_at_the_negative_s_distance_has_no_semi_hard_negative() {
    let mut subject = Subject::of("kind = 'triplet'", 2, 2);
    let batch = Batch::new(&[&[1.0, 0.0], &[0.0, 1.0], &[0.0, 1.0]], &[0, 0, 1]);
    // The anchor of row 1 has its negative nearer than its positive, that of row 0 equally far.
    assert_eq!(subject.compute(&batch).parts[1], ("open_triplets", 0.0));
}

#[test]
fn two_people_who_look_the_same_are_not_torn_apart_to_nowhere() {
    for form in ["l1", "l2"] {
        let text = format!("kind = 'contrastive'\nform = '{form}'");
        let mut subject = Subject::of(&text, 2, 2);
        let batch = Batch::new(&[&[1.0, 2.0], &[1.0, 2.0]], &[0, 1]);
        let output = subject.compute(&batch);
        output.total.backward();
        // The whole margin is missing, and no direction leads out.
        assert_eq!(number(&output.total), if form == "l1" { 1.0 } else { 0.5 });
        assert!(is_zero(&gradient(&batch.features)));
    }
}

#[test]
fn pairs_of_one_kind_leave_the_margin_alone() {
    let text = "kind = 'contrastive'\nmargin = { rule = 'recent', initial = 0.8, n_pairs = 2 }";
    let mut subject = Subject::of(text, 2, 2);
    let mut margin_after = |labels: &[i64]| {
        let rows: [&[f64]; 4] = [&[0.0, 0.0], &[3.0, 0.0], &[0.0, 0.0], &[1.0, 0.0]];
        subject.compute(&Batch::new(&rows, labels));
        let (_, kept) = subject.variables();
        number(&kept["contrastive_0.margin"].get(0))
    };
    assert_eq!(margin_after(&[0, 0, 1, 1]), 0.8);
    // Different people 3 apart, one person 1 apart.
    assert_eq!(margin_after(&[0, 1, 1, 1]), 2.0);
    // One person 3 apart, different people 1 apart: to accept all is as good as any.
    assert_eq!(margin_after(&[0, 0, 1, 0]), 3.0);
}

/// The value of a loss for a batch of the reference, its weights drawn from one seed.
fn value(text: &str) -> f64 {
    let mut subject = Subject::of(text, 4, 5);
    let batch = Batch::from_golden(&cases()[0].batches[0]);
    number(&subject.compute(&batch).total)
}

#[test]
fn losses_contain_one_another() {
    for (general, special) in [
        (
            "kind = 'a_softmax'\nmultiplier = 1",
            "kind = 'modified_softmax'",
        ),
        (
            "kind = 'combined_margin'\nangle = 0.0\ncosine = 0.35",
            "kind = 'cosface'",
        ),
        (
            "kind = 'arcface'\nmargin = 0.0",
            "kind = 'cosface'\nmargin = 0.0",
        ),
        (
            "kind = 'normface'\nscale = 64.0",
            "kind = 'cosface'\nmargin = 0.0",
        ),
        (
            "kind = 'subcenter_arcface'\ncentres = 1",
            "kind = 'arcface'",
        ),
        (
            "kind = 'partial_fc'\nfraction = 1.0\nseed = 3\nhead = { kind = 'arcface' }",
            "kind = 'arcface'",
        ),
        ("kind = 'joint'\nlambda = 0.0", "kind = 'softmax'"),
    ] {
        let (general_value, special_value) = (value(general), value(special));
        let off = (general_value - special_value).abs() / special_value;
        assert!(off < 1e-9, "{general}: {general_value} and {special_value}");
    }
}

#[test]
fn a_margin_makes_the_own_class_harder() {
    let without = value("kind = 'cosface'\nmargin = 0.0");
    for kind in ["cosface", "arcface", "combined_margin", "adaface"] {
        assert!(value(&format!("kind = '{kind}'")) > without, "{kind}");
    }
}
