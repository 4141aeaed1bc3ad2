//! The secret of an encrypted gallery: in a key file, in a variable, or typed.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use lineament_gallery::{Gallery, GalleryError, Secret};

use crate::exit::Exit;
use crate::failure::Failure;

const KEY_FILE: &str = "LINEAMENT_GALLERY_KEY_FILE";
const PASSPHRASE: &str = "LINEAMENT_GALLERY_PASSPHRASE";
/// One byte more than a secret may have: enough to see that it is too long.
const MAX_BYTES: u64 = (1 << 20) + 1;

/// The gallery at `path`, with its secret if it needs one.
///
/// # Errors
/// As for [`Gallery::open_with`], and when there is no secret to be had.
pub(crate) fn open(path: &Path, key_file: Option<&Path>) -> Result<Gallery, Failure> {
    with_secret(path, key_file, |secret| Gallery::open_with(path, secret))
}

/// What `work` does, which is given the secret if it turns out to need one.
pub(super) fn with_secret<T>(
    path: &Path,
    key_file: Option<&Path>,
    work: impl Fn(Option<&Secret>) -> Result<T, GalleryError>,
) -> Result<T, Failure> {
    match work(None) {
        Err(GalleryError::Locked { .. }) => {
            let secret = match given(key_file)? {
                Some(secret) => secret,
                None => typed(&format!("Passphrase of {}: ", path.display()))?,
            };
            Ok(work(Some(&secret))?)
        }
        done => Ok(done?),
    }
}

/// The secret that a gallery is to have from now on.
pub(super) fn new(
    gallery: &Gallery,
    new_key_file: Option<&Path>,
    key_file: Option<&Path>,
) -> Result<Secret, Failure> {
    if let Some(path) = new_key_file {
        return from_file(path);
    }
    // What is given opens the gallery as it is; a new key is another.
    let given = match gallery.is_encrypted() {
        true => None,
        false => given(key_file)?,
    };
    if let Some(secret) = given {
        return Ok(secret);
    }
    let question = format!("New passphrase of {}: ", gallery.path().display());
    let first = ask(&question)?;
    if ask("Once more: ")? != first {
        return Err(Failure::usage(
            "the two passphrases differ; nothing was changed",
        ));
    }
    Ok(Secret::new(first.into_bytes())?)
}

/// The secret that the command line or a variable gives.
fn given(key_file: Option<&Path>) -> Result<Option<Secret>, Failure> {
    let named = key_file.map(Path::to_owned);
    if let Some(path) = named.or_else(|| std::env::var_os(KEY_FILE).map(PathBuf::from)) {
        return from_file(&path).map(Some);
    }
    match std::env::var(PASSPHRASE) {
        Ok(text) => Ok(Some(Secret::new(text.into_bytes())?)),
        Err(std::env::VarError::NotPresent) => Ok(None),
        Err(std::env::VarError::NotUnicode(_)) => {
            Err(Failure::usage(format!("{PASSPHRASE} is not UTF-8")))
        }
    }
}

fn from_file(path: &Path) -> Result<Secret, Failure> {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(MAX_BYTES).read_to_end(&mut bytes));
    read.map_err(|error| {
        let message = format!("the key file {}: {error}", path.display());
        Failure::new(Exit::BadInput, message)
    })?;
    Secret::new(bytes).map_err(|error| {
        let message = format!("the key file {}: {error}", path.display());
        Failure::usage(message).help("`head -c 32 /dev/urandom > FILE` makes a good one")
    })
}

fn typed(question: &str) -> Result<Secret, Failure> {
    Ok(Secret::new(ask(question)?.into_bytes())?)
}

/// Asks where somebody can answer: not in a script, which would wait for ever.
fn ask(question: &str) -> Result<String, Failure> {
    let asked = match io::stdin().is_terminal() {
        true => rpassword::prompt_password(question).map_err(|error| error.to_string()),
        false => Err("standard input is no terminal".to_owned()),
    };
    asked.map_err(|why| {
        let message = format!("the passphrase cannot be asked for: {why}");
        Failure::usage(message).help(format!("give --key-file FILE, or set {PASSPHRASE}"))
    })
}
