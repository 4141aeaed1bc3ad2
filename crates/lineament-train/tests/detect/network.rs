//! The network, and its exported file at sizes that it was not built for.

use lineament_runtime::{EngineOptions, Tensor as Numbers};
use lineament_train::detect::cells::Cells;
use lineament_train::detect::model_file;
use lineament_train::model::{Mode, Model};
use lineament_train::nets::detector;
use tch::{Device, Kind, Tensor};

use crate::support::Place;

#[test]
fn it_is_as_small_as_it_is_said_to_be() {
    let graph = detector((320, 320)).unwrap();
    assert!(graph.n_macs() < 150_000_000, "{}", graph.n_macs());
    assert!(graph.n_parameters() < 600_000, "{}", graph.n_parameters());
    assert!(detector((320, 300)).is_err());
}

#[test]
fn the_engine_gives_what_the_trainer_gives_at_any_size() {
    let config = Place::new().config(&[]);
    let model = Model::new(&detector((96, 64)).unwrap(), Device::Cpu, 1).unwrap();
    // So that batch normalisation has seen something.
    tch::manual_seed(1);
    let picture = |shape: [i64; 4]| Tensor::rand(shape, (Kind::Float, Device::Cpu)) * 2.0 - 1.0;
    model
        .forward(&picture([2, 3, 96, 64]), Mode::Train)
        .unwrap();
    let session = model_file(&config, &model).unwrap();
    let session = session.load(&EngineOptions::default()).unwrap().session;
    for (height, width) in [(96, 64), (32, 32), (64, 160)] {
        let shape = [1, 3, height, width];
        let pictures = picture(shape);
        let ours = tch::no_grad(|| model.forward(&pictures, Mode::Eval)).unwrap();
        let ours = Cells::rows(&ours).unwrap();
        assert_eq!(
            ours.size()[1] as usize,
            Cells::of(width as u32, height as u32).len()
        );
        let values = Vec::<f32>::try_from(pictures.reshape([-1])).unwrap();
        let shape = shape.map(|n| n as usize).to_vec();
        let outputs = session.run(&Numbers::new(shape, values).unwrap()).unwrap();
        let mut first = 0;
        for stride in [8, 16, 32] {
            let n_cells = (width / stride) * (height / stride);
            let level = ours.narrow(1, first, n_cells);
            first += n_cells;
            for (part, from, length) in
                [("cls", 0, 1), ("obj", 1, 1), ("bbox", 2, 4), ("kps", 6, 10)]
            {
                let theirs = outputs.get(&format!("{part}_{stride}")).unwrap();
                let theirs = Tensor::from_slice(theirs.data()).reshape([1, n_cells, length]);
                let ours = level.narrow(2, from, length);
                let ours = if from < 2 { ours.sigmoid() } else { ours };
                let apart = (ours - theirs).abs().max().double_value(&[]);
                assert!(apart < 1e-4, "{part}_{stride}: {apart:e}");
            }
        }
    }
}
