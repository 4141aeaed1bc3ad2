//! Files of any few nodes over one input.

use super::{attribute, model, node, number, numbers, port, put, tensor};

/// A graph over the input `x`, node by node.
#[derive(Debug)]
pub(crate) struct Graph {
    bytes: Vec<u8>,
    n_values: u32,
}

impl Graph {
    pub(crate) fn over(shape: &[usize]) -> Self {
        let mut bytes = Vec::new();
        put(&mut bytes, 11, &port("x", shape));
        Self { bytes, n_values: 0 }
    }

    fn name(&mut self) -> String {
        self.n_values += 1;
        format!("v{}", self.n_values)
    }

    /// A constant of numbers from -1 to 1.
    pub(crate) fn weights(&mut self, shape: &[usize]) -> String {
        let values = numbers(shape.iter().product(), self.n_values);
        self.floats(shape, &values)
    }

    /// A constant of numbers from ½ to 1½.
    pub(crate) fn positive(&mut self, shape: &[usize]) -> String {
        let values = numbers(shape.iter().product(), self.n_values);
        let values: Vec<f32> = values.iter().map(|v| 1.0 + v / 2.0).collect();
        self.floats(shape, &values)
    }

    pub(crate) fn floats(&mut self, shape: &[usize], values: &[f32]) -> String {
        let name = self.name();
        put(&mut self.bytes, 5, &tensor(&name, shape, values));
        name
    }

    pub(crate) fn ints(&mut self, values: &[i64]) -> String {
        let (name, mut tensor) = (self.name(), Vec::new());
        number(&mut tensor, 1, values.len() as u64);
        number(&mut tensor, 2, 7);
        put(&mut tensor, 8, name.as_bytes());
        let bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        put(&mut tensor, 9, &bytes);
        put(&mut self.bytes, 5, &tensor);
        name
    }

    /// What a node gives; an input without a name is left out.
    pub(crate) fn node(
        &mut self,
        operator: &str,
        inputs: &[&str],
        attributes: &[Vec<u8>],
    ) -> String {
        let output = self.name();
        let node = node(operator, inputs, &output, attributes);
        put(&mut self.bytes, 1, &node);
        output
    }

    /// A 1x1 convolution of `value` to as many channels as it says.
    pub(crate) fn mix(&mut self, value: &str, from: usize, to: usize) -> String {
        let scale = 1.0 / (from as f32).sqrt();
        let weights = numbers(to * from, self.n_values);
        let weights: Vec<f32> = weights.iter().map(|w| w * scale).collect();
        let weights = self.floats(&[to, from, 1, 1], &weights);
        let bias = self.weights(&[to]);
        // rten has no defaults for a convolution without a stated size.
        let ones = |name| attribute(name, &[1; 2]);
        let attributes = ["kernel_shape", "strides", "dilations"].map(ones);
        self.node("Conv", &[value, &weights, &bias], &attributes)
    }

    /// The file, which gives these values.
    pub(crate) fn file(mut self, outputs: &[&str]) -> Vec<u8> {
        for output in outputs {
            let mut port = Vec::new();
            put(&mut port, 1, output.as_bytes());
            put(&mut self.bytes, 12, &port);
        }
        model(&self.bytes)
    }
}
