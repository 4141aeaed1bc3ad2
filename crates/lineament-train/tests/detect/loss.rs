//! Assignment and losses, as in `reference/detector_training.py`, and their gradients.

use std::path::Path;

use lineament_core::{Landmarks, Point, Rect};
use lineament_train::detect::assign::{Said, assign};
use lineament_train::detect::cells::Cells;
use lineament_train::detect::loss::{DetectorLoss, Targets};
use lineament_train::detect::scene::{Face, Marks};
use serde_json::Value;
use tch::{Kind, Tensor};

/// Overlaps and targets are 32-bit floats here, all of f64 there.
const TOLERANCE: f64 = 2e-6;
/// Every part by itself.
const PLAIN: DetectorLoss = DetectorLoss {
    object: 1.0,
    class: 1.0,
    rect: 1.0,
    landmarks: 1.0,
    landmark_bend: 0.02,
};

struct Case {
    cells: Cells,
    rows: Vec<Vec<f32>>,
    marks: Vec<Marks>,
    expected: Value,
}

impl Case {
    fn tensor(&self) -> Tensor {
        let flat: Vec<f32> = self.rows.concat();
        let rows = Tensor::from_slice(&flat).to_kind(Kind::Double);
        let shape = [self.rows.len() as i64, self.cells.len() as i64, 16];
        rows.reshape(shape).set_requires_grad(true)
    }
}

fn cases() -> Vec<Case> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../reference/golden/detector_training.json");
    let golden: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    golden["cases"]
        .as_array()
        .unwrap()
        .iter()
        .map(case)
        .collect()
}

fn case(golden: &Value) -> Case {
    let side = |name: &str| golden[name].as_u64().unwrap() as u32;
    let rows = golden["rows"].as_array().unwrap();
    Case {
        cells: Cells::of(side("width"), side("height")),
        rows: rows.iter().map(numbers).collect(),
        marks: golden["pictures"]
            .as_array()
            .unwrap()
            .iter()
            .map(marks)
            .collect(),
        expected: golden.clone(),
    }
}

/// The numbers of nested lists.
fn numbers(value: &Value) -> Vec<f32> {
    match value.as_array() {
        Some(list) => list.iter().flat_map(numbers).collect(),
        None => vec![value.as_f64().unwrap() as f32],
    }
}

fn marks(picture: &Value) -> Marks {
    let rect = |value: &Value| {
        let [x, y, width, height] = numbers(value)[..] else {
            panic!("{value}");
        };
        Rect {
            x,
            y,
            width,
            height,
        }
    };
    let landmarks = |value: &Value| {
        let flat = numbers(value);
        let point = |i: usize| Point::new(flat[2 * i], flat[2 * i + 1]);
        Landmarks::from_array([0, 1, 2, 3, 4].map(point))
    };
    let faces = picture["faces"]
        .as_array()
        .unwrap()
        .iter()
        .map(|face| Face {
            rect: rect(&face["box"]),
            landmarks: Some(&face["landmarks"])
                .filter(|l| !l.is_null())
                .map(landmarks),
        });
    Marks {
        faces: faces.collect(),
        ignored: picture["ignored"]
            .as_array()
            .unwrap()
            .iter()
            .map(rect)
            .collect(),
    }
}

#[test]
fn the_cells_that_answer_are_the_reference_s() {
    for case in cases() {
        let expected = case.expected["answers"].as_array().unwrap();
        for ((numbers, marks), expected) in case.rows.iter().zip(&case.marks).zip(expected) {
            let said = Said {
                cells: &case.cells,
                numbers,
            };
            let got = assign(&said, &marks.faces);
            let expected = expected.as_array().unwrap();
            assert_eq!(got.len(), expected.len());
            for (got, expected) in got.iter().zip(expected) {
                let number = |i: usize| expected[i].as_f64().unwrap();
                assert_eq!((got.cell as f64, got.face as f64), (number(0), number(1)));
                assert!(
                    (f64::from(got.iou) - number(2)).abs() < TOLERANCE,
                    "{got:?}"
                );
            }
        }
    }
}

#[test]
fn the_parts_of_the_loss_are_the_reference_s() {
    for case in cases() {
        let rows = case.tensor();
        let targets = Targets::of(&rows, &case.cells, &case.marks, Kind::Double).unwrap();
        let parts = PLAIN.compute(&rows, &case.cells, &targets).unwrap();
        for (name, part) in &parts.parts {
            let (got, expected) = (
                part.double_value(&[]),
                case.expected[*name].as_f64().unwrap(),
            );
            assert!(
                (got - expected).abs() < TOLERANCE * expected.max(1.0),
                "{name}: {got}, {expected}"
            );
        }
    }
}

#[test]
fn gradients_are_those_of_the_values() {
    for case in cases() {
        let rows = case.tensor();
        let targets = Targets::of(&rows, &case.cells, &case.marks, Kind::Double).unwrap();
        let value = |rows: &Tensor| {
            let parts = DetectorLoss::default().compute(rows, &case.cells, &targets);
            parts.unwrap().total()
        };
        value(&rows).backward();
        let gradient = rows.grad().reshape([-1]);
        // Every number of the cells that answer, and the object score of every tenth cell.
        let answering = Vec::<i64>::try_from(&targets.cells).unwrap();
        let all = 0..case.rows.concat().len() as i64;
        let looked_at = all.filter(|i| i % 160 == 1 || answering.contains(&(i / 16)));
        let flat = rows.detach().reshape([-1]);
        for i in looked_at {
            let at = |step: f64| {
                let moved = flat.copy();
                let _ = moved.get(i).fill_(flat.double_value(&[i]) + step);
                tch::no_grad(|| value(&moved.reshape(rows.size())).double_value(&[]))
            };
            // Truncation leaves h² of the third derivative, rounding 2⁻⁵³/h of the value.
            let expected = (at(1e-5) - at(-1e-5)) / 2e-5;
            let got = gradient.double_value(&[i]);
            let limit = 1e-5 * expected.abs().max(1.0);
            assert!(
                (got - expected).abs() < limit,
                "number {i}: {got}, {expected}"
            );
        }
    }
}

#[test]
fn what_is_said_already_costs_nothing_more() {
    // One cell that says exactly where the face is, sure of it.
    let cells = Cells::of(32, 32);
    let face = Face {
        rect: Rect {
            x: 2.0,
            y: 4.0,
            width: 12.0,
            height: 16.0,
        },
        landmarks: Some(Landmarks::from_array([Point::new(8.0, 8.0); 5])),
    };
    let marks = [Marks {
        faces: vec![face],
        ignored: vec![],
    }];
    let mut numbers = vec![-40.0_f32; cells.len() * 16];
    // The cell of column 0 and row 1 at stride 8: the centre is (8, 12).
    let cell = &mut numbers[4 * 16..5 * 16];
    cell[..6].copy_from_slice(&[40.0, 40.0, 1.0, 0.5, 1.5_f32.ln(), 2.0_f32.ln()]);
    for point in cell[6..].chunks_exact_mut(2) {
        point.copy_from_slice(&[1.0, 0.0]);
    }
    let rows = Tensor::from_slice(&numbers).reshape([1, -1, 16]);
    let targets = Targets::of(&rows, &cells, &marks, Kind::Float).unwrap();
    let parts = DetectorLoss::default()
        .compute(&rows, &cells, &targets)
        .unwrap();
    assert_eq!(targets.cells, Tensor::from_slice(&[4_i64]));
    assert!(parts.total().double_value(&[]) < 1e-4, "{parts:?}");
}
