//! Which images a step takes.

use std::collections::BTreeSet;

use lineament_train::data::{BalancedEpoch, Sampler, SamplerOptions};

#[test]
fn every_image_comes_once_in_an_epoch() {
    let labels = vec![0; 23];
    let sampler = Sampler::new(&SamplerOptions::Uniform { batch: 5 }, &labels, 1).unwrap();
    assert_eq!(sampler.steps_per_epoch(), 5);
    // 23 steps of 5 are 5 epochs of 23.
    let drawn: Vec<usize> = (0..23).flat_map(|step| sampler.batch(step)).collect();
    for epoch in drawn.chunks(23) {
        let mut seen = epoch.to_vec();
        seen.sort_unstable();
        assert_eq!(seen, (0..23).collect::<Vec<_>>());
    }
    assert_ne!(drawn[..23], drawn[23..46]);
    let other = Sampler::new(&SamplerOptions::Uniform { batch: 5 }, &labels, 2).unwrap();
    assert_ne!(sampler.batch(0), other.batch(0));
    assert_eq!(sampler.batch(17), sampler.clone().batch(17));
}

#[test]
fn balanced_batches_hold_different_people_and_as_many_images_of_each() {
    // Person 0 makes no pair.
    let labels = nine_people();
    let options = SamplerOptions::Balanced {
        people: 4,
        images_per_person: 3,
        epoch: BalancedEpoch::People,
    };
    let sampler = Sampler::new(&options, &labels, 1).unwrap();
    assert_eq!((sampler.batch_size(), sampler.steps_per_epoch()), (12, 2));
    // The set has 50 images: as many steps of 12 as uniform batches take.
    let options = SamplerOptions::Balanced {
        people: 4,
        images_per_person: 3,
        epoch: BalancedEpoch::Images,
    };
    let of_images = Sampler::new(&options, &labels, 1).unwrap();
    let uniform = Sampler::new(&SamplerOptions::Uniform { batch: 12 }, &labels, 1).unwrap();
    assert_eq!(of_images.steps_per_epoch(), 5);
    assert_eq!(of_images.steps_per_epoch(), uniform.steps_per_epoch());
    assert!((0..20).all(|step| of_images.batch(step) == sampler.batch(step)));
    for round in 0..20 {
        let steps = [sampler.batch(2 * round), sampler.batch(2 * round + 1)];
        let mut people = Vec::new();
        for images in steps.iter().flat_map(|batch| batch.chunks(3)) {
            let person = labels[images[0]];
            assert!(person >= 1 && images.iter().all(|&image| labels[image] == person));
            let distinct: BTreeSet<_> = images.iter().collect();
            assert_eq!(distinct.len(), 3.min(person as usize + 1));
            people.push(person);
        }
        people.sort_unstable();
        assert_eq!(people, (1..9).collect::<Vec<_>>());
    }
}

/// Person i has i + 1 images, 0 to 8; five images show nobody.
fn nine_people() -> Vec<i64> {
    let people = (0..9_i64).flat_map(|person| vec![person; person as usize + 1]);
    people.chain([-1; 5]).collect()
}

#[test]
fn facenet_batches_add_images_of_others() {
    let labels = nine_people();
    let options = SamplerOptions::Facenet {
        people: 3,
        images_per_person: 4,
        others: 8,
    };
    let sampler = Sampler::new(&options, &labels, 1).unwrap();
    let mut singles = 0;
    for step in 0..50 {
        let batch = sampler.batch(step);
        assert_eq!((batch.len(), sampler.batch_size()), (20, 20));
        let inside: BTreeSet<i64> = batch[..12].iter().map(|&image| labels[image]).collect();
        let outside: Vec<i64> = batch[12..].iter().map(|&image| labels[image]).collect();
        assert_eq!(inside.len(), 3);
        // The six others come once each, then two of them again; person 0 is one of them.
        assert_eq!(outside[..6].iter().collect::<BTreeSet<_>>().len(), 6);
        assert_eq!(outside[6..], outside[..2]);
        assert!(
            outside
                .iter()
                .all(|label| *label >= 0 && !inside.contains(label))
        );
        singles += usize::from(outside[..6].contains(&0));
        assert_eq!(sampler.batch(step), batch);
    }
    assert_eq!(singles, 50);
}

#[test]
fn pairs_are_matched_as_often_as_asked_and_everybody_takes_turns() {
    let labels = nine_people();
    let options = SamplerOptions::Pairs {
        pairs: 6,
        matched: 0.7,
    };
    let sampler = Sampler::new(&options, &labels, 1).unwrap();
    assert_eq!((sampler.batch_size(), sampler.steps_per_epoch()), (12, 2));
    let mut people = Vec::new();
    for step in 0..20 {
        let batch = sampler.batch(step);
        for (number, pair) in batch.chunks(2).enumerate() {
            let [a, b] = [labels[pair[0]], labels[pair[1]]];
            assert!(a >= 0 && b >= 0 && pair[0] != pair[1]);
            assert_eq!(a == b, number < 4);
            people.extend((a == b).then_some(a));
        }
    }
    // Eight people have two images; 20 steps of 4 matched pairs are ten rounds.
    for round in people.chunks_mut(8) {
        round.sort_unstable();
        assert_eq!(round, (1..9).collect::<Vec<_>>());
    }
}

#[test]
fn every_image_comes_beside_another_of_the_person() {
    let labels = nine_people();
    let sampler = Sampler::new(&SamplerOptions::Mates { pairs: 7 }, &labels, 1).unwrap();
    // 44 images have a mate: all of people 1 to 8.
    assert_eq!((sampler.batch_size(), sampler.steps_per_epoch()), (14, 4));
    let drawn: Vec<usize> = (0..44).flat_map(|step| sampler.batch(step)).collect();
    let (firsts, mates): (Vec<usize>, Vec<usize>) =
        drawn.chunks(2).map(|pair| (pair[0], pair[1])).unzip();
    assert!(
        firsts
            .iter()
            .zip(&mates)
            .all(|(a, b)| a != b && labels[*a] == labels[*b])
    );
    for round in firsts.chunks(44) {
        let round: BTreeSet<usize> = round.iter().copied().collect();
        assert_eq!(round, (1..45).collect());
    }
    assert_ne!(firsts[..44], firsts[44..88]);
    // Every other image of the person may be the mate: in 7 rounds most of 8 are.
    let of_last = firsts.iter().zip(&mates).filter(|(first, _)| **first == 44);
    let of_last: BTreeSet<usize> = of_last.map(|(_, mate)| *mate).collect();
    assert!(of_last.len() >= 4, "{of_last:?}");
    assert_eq!(sampler.batch(17), sampler.clone().batch(17));
}

#[test]
fn samplers_that_lack_people_say_so() {
    let refused =
        |options: SamplerOptions, labels: &[i64]| Sampler::new(&options, labels, 0).is_err();
    let pairs = |matched| SamplerOptions::Pairs { pairs: 4, matched };
    assert!(refused(pairs(0.5), &[0, 0, 0]) && refused(pairs(0.5), &[0, 1, 2]));
    assert!(!refused(pairs(1.0), &[0, 0, -1]) && !refused(pairs(0.0), &[0, 1]));
    assert!(refused(pairs(1.5), &[0, 0, 1, 1]) && refused(pairs(0.5), &[-1; 4]));
    assert!(refused(pairs(0.5), &[0, 0, 1, 4]) && refused(pairs(0.5), &[0, 0, 1, i64::MAX]));
    assert!(refused(pairs(0.5), &[0, 0, 1, -2]) && !refused(pairs(0.5), &[0, 0, 3, 3]));
    let mates = |pairs| SamplerOptions::Mates { pairs };
    assert!(refused(mates(4), &[0, 1, 2, -1, -1]) && refused(mates(0), &[0, 0]));
    assert!(!refused(mates(4), &[0, 0]));
    let facenet = SamplerOptions::Facenet {
        people: 2,
        images_per_person: 2,
        others: 1,
    };
    assert!(refused(facenet, &[0, 0, 1, 1]) && !refused(facenet, &[0, 0, 1, 1, 2]));
}
