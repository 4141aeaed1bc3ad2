//! A graph with its variables on a device.

#[cfg(test)]
mod tests {
    #[test]
    fn torch_runs() {
        let t = tch::Tensor::ones([2, 2], (tch::Kind::Float, tch::Device::Cpu));
        assert_eq!(t.sum(tch::Kind::Float).double_value(&[]), 4.0);
    }
}
