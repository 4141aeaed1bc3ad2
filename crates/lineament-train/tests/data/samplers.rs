//! Which images a step takes.

use std::collections::BTreeSet;

use lineament_train::data::{Sampler, SamplerOptions};

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
    // Person i has i + 1 images; person 0 makes no pair, −1 is nobody.
    let labels: Vec<i64> = (0..9_i64)
        .flat_map(|person| vec![person; person as usize + 1])
        .chain([-1; 5])
        .collect();
    let options = SamplerOptions::Balanced {
        people: 4,
        images_per_person: 3,
    };
    let sampler = Sampler::new(&options, &labels, 1).unwrap();
    assert_eq!((sampler.batch_size(), sampler.steps_per_epoch()), (12, 2));
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
