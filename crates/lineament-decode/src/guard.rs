//! The boundary around the codecs.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::DecodeError;
use crate::format::ImageFormat;

/// The result of `decode`, or [`DecodeError::Corrupt`] where a codec panicked: one bad file must not
/// end a run over a million. Nothing outlives the panic but the bytes, which `decode` only reads.
pub(crate) fn guarded<T>(
    format: ImageFormat,
    decode: impl FnOnce() -> Result<T, DecodeError>,
) -> Result<T, DecodeError> {
    catch_unwind(AssertUnwindSafe(decode)).unwrap_or_else(|panic| {
        Err(DecodeError::Corrupt {
            format,
            reason: format!("the decoder gave up on it ({})", text_of(panic.as_ref())),
        })
    })
}

fn text_of(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or("no reason given")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::panic, reason = "it stands for a codec's")]
    fn a_panic_becomes_an_error() {
        let error = guarded::<()>(ImageFormat::Gif, || panic!("index {} out of range", 7));
        let text = error.unwrap_err().to_string();
        assert!(text.contains("GIF") && text.contains("index 7"), "{text}");
    }
}
