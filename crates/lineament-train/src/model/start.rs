//! What weights are before training.

use lineament_eval::Seeded;
use tch::Tensor;

use crate::error::TrainError;
use crate::graph::Init;

/// Weights of `shape` for the variable called `name`, each summing over `fan_in` numbers.
///
/// They depend on the seed, the name and the shape, not on the device, on the number of threads or
/// on what else was drawn.
pub(super) fn weights(
    init: Init,
    shape: &[i64],
    fan_in: usize,
    name: &str,
    seed: u64,
) -> Result<Tensor, TrainError> {
    let n: i64 = shape.iter().product();
    let mut random = Seeded::new(seed ^ fnv(name));
    let values: Vec<f32> = match init {
        Init::He => normal(&mut random, n, (2.0 / fan_in as f64).sqrt()),
        Init::Normal(deviation) => normal(&mut random, n, deviation),
        Init::Xavier => {
            let bound = (3.0 / fan_in as f64).sqrt();
            let draw = |_| (bound * (2.0 * unit(&mut random) - 1.0)) as f32;
            (0..n).map(draw).collect()
        }
    };
    Ok(Tensor::f_from_slice(&values)?.f_reshape(shape)?)
}

/// Normal numbers in pairs (Box and Muller, 1958).
fn normal(random: &mut Seeded, n: i64, deviation: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(n as usize + 1);
    while (values.len() as i64) < n {
        let radius = deviation * (-2.0 * (1.0 - unit(random)).ln()).sqrt();
        let angle = std::f64::consts::TAU * unit(random);
        values.push((radius * angle.cos()) as f32);
        values.push((radius * angle.sin()) as f32);
    }
    values.truncate(n as usize);
    values
}

/// A number in [0, 1).
fn unit(random: &mut Seeded) -> f64 {
    (random.bits() >> 11) as f64 / (1_u64 << 53) as f64
}

/// FNV-1a.
fn fnv(name: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    name.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}
