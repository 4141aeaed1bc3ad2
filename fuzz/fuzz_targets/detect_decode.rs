//! Whatever a network returns, decoding gives an error or detections that suppression can order.
#![no_main]

use std::collections::BTreeMap;

use libfuzzer_sys::fuzz_target;
use lineament::detect::{Heads, Priors, RetinaFaceSettings, suppress};
use lineament::DetectorFamily;
use lineament_runtime::{Outputs, Tensor};

/// Roles and values per cell of each family, at strides 8, 16 and 32.
const YUNET: [(&str, usize); 4] = [("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)];
const SCRFD: [(&str, usize); 3] = [("score", 1), ("bbox", 4), ("kps", 10)];

fuzz_target!(|data: &[u8]| {
    let [choice, width, height, twist, values @ ..] = data else {
        return;
    };
    let input = (u32::from(width % 97), u32::from(height % 97));
    let values: Vec<f32> = values
        .chunks_exact(4)
        .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
        .collect();
    let mut tensors = Tensors {
        values: &values,
        next: 0,
        twist: *twist,
        made: Vec::new(),
    };
    let cells = |stride: u32| (input.0.div_ceil(stride) * input.1.div_ceil(stride)) as usize;
    let family = match choice % 4 {
        0 => {
            for stride in [8, 16, 32] {
                for (role, n) in YUNET {
                    tensors.add(format!("{role}_{stride}"), n * cells(stride));
                }
            }
            DetectorFamily::YuNet
        }
        1 => {
            tensors.add("scores".to_owned(), 2 * values.len() / 6);
            tensors.add("boxes".to_owned(), 4 * values.len() / 6);
            DetectorFamily::UltraFace
        }
        2 => {
            let roles = if twist & 64 == 0 { 3 } else { 2 };
            for stride in [8, 16, 32] {
                for (role, n) in &SCRFD[..roles] {
                    tensors.add(format!("{role}_{stride}"), 2 * n * cells(stride));
                }
            }
            DetectorFamily::Scrfd {
                anchors_per_cell: 2,
            }
        }
        _ => {
            let n_priors = 2 * (cells(8) + cells(16));
            tensors.add("loc".to_owned(), 4 * n_priors);
            tensors.add("conf".to_owned(), 2 * n_priors);
            tensors.add("landms".to_owned(), 10 * n_priors);
            let level = |step, size| Priors {
                step,
                min_sizes: vec![size, 2.0 * size],
            };
            DetectorFamily::RetinaFace(RetinaFaceSettings {
                priors: vec![level(8, 16.0), level(16, 64.0)],
                variances: [0.1, 0.2],
            })
        }
    };
    let roles: BTreeMap<_, _> = tensors.made.iter().map(|(n, _)| (n.clone(), n.clone())).collect();
    let outputs = Outputs::new(tensors.made);
    let heads = Heads {
        outputs: &outputs,
        roles: &roles,
        input,
    };
    if let Ok(found) = family.decode(&heads, 0.5) {
        let kept = suppress(found, 0.4);
        assert!(kept.iter().all(|face| face.rect.is_valid() && face.score.is_finite()));
        assert!(kept.is_sorted_by(|a, b| a.score >= b.score));
    }
});

/// Makes tensors of the fuzzer's values, over and over; the twist makes one of them the wrong size.
struct Tensors<'a> {
    values: &'a [f32],
    next: usize,
    twist: u8,
    made: Vec<(String, Tensor)>,
}

impl Tensors<'_> {
    fn add(&mut self, name: String, len: usize) {
        let wrong = usize::from(self.twist & 15) == self.made.len() + 1;
        let len = if wrong { len + usize::from(self.twist >> 4) } else { len };
        let start = self.next;
        self.next += len;
        let at = |i: usize| self.values.get(i % self.values.len().max(1)).copied().unwrap_or(0.7);
        let data = (start..start + len).map(at).collect();
        if let Ok(tensor) = Tensor::new(vec![1, len], data) {
            self.made.push((name, tensor));
        }
    }
}
