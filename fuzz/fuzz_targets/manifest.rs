//! Any text as a manifest: an error, or a manifest that is written and read back to an equal one.

#![no_main]

use libfuzzer_sys::fuzz_target;
use lineament_runtime::Manifest;

fuzz_target!(|bytes: &[u8]| {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return;
    };
    if let Ok(manifest) = Manifest::parse(text, "fuzz") {
        let written = manifest.to_toml().unwrap();
        // Writing may make a text longer, above what is read.
        if written.len() <= 64 * 1024 {
            assert_eq!(Manifest::parse(&written, "written").unwrap(), manifest);
        }
    }
});
