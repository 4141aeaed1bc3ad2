//! Where and in which numbers a network is trained.

use super::config::{Config, DeviceChoice, PrecisionChoice, TrainConfig};
use crate::error::TrainError;
use crate::model::Precision;
use tch::Device;

/// What a configuration leaves to the machine, decided.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Choice {
    /// Where.
    pub device: Device,
    /// In which numbers.
    pub precision: Precision,
}

impl Choice {
    /// The device and the precision of a run on this machine.
    ///
    /// # Errors
    /// [`TrainError::ConfigField`] for a GPU where libtorch sees none.
    pub fn new(config: &Config) -> Result<Self, TrainError> {
        Self::of(&config.train)
    }

    /// The same of one section.
    pub(crate) fn of(train: &TrainConfig) -> Result<Self, TrainError> {
        let device = match (train.device, Device::cuda_if_available()) {
            (DeviceChoice::Cpu, _) => Device::Cpu,
            (DeviceChoice::Auto, found) | (DeviceChoice::Cuda, found @ Device::Cuda(_)) => found,
            (DeviceChoice::Cuda, _) => {
                return Err(TrainError::ConfigField {
                    field: "train.device",
                    expected: "cpu or auto where libtorch sees no GPU".to_owned(),
                    got: "cuda".to_owned(),
                });
            }
        };
        let precision = match train.precision {
            PrecisionChoice::Float => Precision::Float,
            PrecisionChoice::Bfloat16 => Precision::BFloat16,
            PrecisionChoice::Auto if device.is_cuda() || has_bfloat16() => Precision::BFloat16,
            PrecisionChoice::Auto => Precision::Float,
        };
        Ok(Self { device, precision })
    }

    /// In words.
    #[must_use]
    pub fn describe(&self) -> String {
        let numbers = match self.precision {
            Precision::Float => "32-bit floats",
            Precision::BFloat16 => "bfloat16",
        };
        let place = match self.device {
            Device::Cpu => format!("CPU, {} threads", tch::get_num_threads()),
            other => format!("{other:?}"),
        };
        format!("{place}, {numbers}")
    }
}

/// Whether the processor multiplies numbers of bfloat16 faster than floats: those with AMX do, and AMD's with AVX512-BF16.
/// On an Intel Xeon with AVX512-BF16 and without AMX, bfloat16 trained 0.7 as many images a second as floats.
#[cfg(target_arch = "x86_64")]
fn has_bfloat16() -> bool {
    use std::arch::x86_64::{__cpuid, __cpuid_count};
    let maker = __cpuid(0);
    let is_amd = [maker.ebx, maker.edx, maker.ecx]
        .map(u32::to_le_bytes)
        .concat()
        == b"AuthenticAMD";
    let has_amx = maker.eax >= 7 && __cpuid_count(7, 0).edx & AMX_BF16 != 0;
    is_x86_feature_detected!("avx512bf16") && is_amd || has_amx
}

/// AMX-BF16 among the features of leaf 7, in EDX (Intel 64 and IA-32 Architectures Software Developer's Manual, CPUID).
#[cfg(target_arch = "x86_64")]
const AMX_BF16: u32 = 1 << 22;

#[cfg(target_arch = "aarch64")]
fn has_bfloat16() -> bool {
    std::arch::is_aarch64_feature_detected!("bf16")
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
fn has_bfloat16() -> bool {
    false
}
