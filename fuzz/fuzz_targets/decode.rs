//! Any bytes through the decoder: an error or a photo of the promised size, soon, in bounded memory.

#![no_main]

use lineament_decode::{DecodeError, Limits, Resolution, decode_bytes};
use libfuzzer_sys::fuzz_target;

const LIMITS: Limits = Limits {
    max_bytes: 1 << 20,
    max_pixels: 1_000_000,
};

fuzz_target!(
    init: {
        // libfuzzer's hook aborts before the decoder's own boundary can turn a codec's panic into
        // an error. Those panics are part of the contract; one outside the boundary still aborts.
        std::panic::set_hook(Box::new(|panic| {
            let inside = panic.location().is_some_and(|at| at.file().contains("/registry/"));
            if !inside {
                eprintln!("{panic}");
                std::process::abort();
            }
        }));
    },
    |bytes: &[u8]| {
        for want in [Resolution::Full, Resolution::AtLeast { side_px: 64 }] {
            match decode_bytes(bytes, want, &LIMITS) {
                Ok(photo) => {
                    let factor = photo.reduction.factor();
                    assert_eq!(photo.image.width(), photo.original_width.div_ceil(factor));
                    assert_eq!(photo.image.height(), photo.original_height.div_ceil(factor));
                    let n_pixels = u64::from(photo.original_width) * u64::from(photo.original_height);
                    assert!(n_pixels <= LIMITS.max_pixels);
                }
                Err(DecodeError::Io { .. }) => panic!("there is no file"),
                Err(_) => {}
            }
        }
    }
);
