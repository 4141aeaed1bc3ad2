//! What is written of a person, a face and an embedding: as it is, or sealed.
//!
//! A sealed record lies in the columns of a plain one. What belongs to nobody but the person is one text,
//! sealed, in `notes` and `source_path`; a name and the hash of a photo, by which rows are found, are keyed
//! hashes; the other columns of the record hold nothing.

use std::borrow::Cow;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hmac::{Hmac, Mac};
use lineament_core::Rect;
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::GalleryError;
use crate::face::{Face, FaceQuality, Source};
use crate::hex;
use crate::people::Person;

pub(crate) const KEY_BYTES: usize = 32;
const NONCE_BYTES: usize = 24;
/// Sealed texts have a multiple of this length before they are sealed: it tells little of a name's.
const PAD_BYTES: usize = 64;

/// What a record is of. It is bound to that and to its number: rows cannot change places unnoticed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Person,
    Face,
    Embedding,
    Thumbnail,
}

impl Kind {
    const fn byte(self) -> u8 {
        match self {
            Self::Person => 1,
            Self::Face => 2,
            Self::Embedding => 3,
            Self::Thumbnail => 4,
        }
    }
}

/// How records are written.
pub(crate) enum Vault {
    /// As they are.
    Open,
    /// Sealed with these keys.
    Sealed(Box<Keys>),
}

pub(crate) struct Keys {
    cipher: XChaCha20Poly1305,
    nonces: Zeroizing<[u8; KEY_BYTES]>,
    names: Zeroizing<[u8; KEY_BYTES]>,
    photos: Zeroizing<[u8; KEY_BYTES]>,
    /// The key as the gallery's lock has it, by which one lock is known from another.
    lock: Vec<u8>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "Open",
            Self::Sealed(_) => "Sealed",
        })
    }
}

/// What a person is, but their number, time and merge.
#[derive(Serialize, Deserialize)]
struct PersonRecord {
    name: String,
    tags: Vec<String>,
    notes: String,
}

/// What a face is, but its number, owner and time.
#[derive(Serialize, Deserialize)]
struct FaceRecord {
    source: Source,
    #[serde(rename = "box")]
    rect: Rect,
    landmarks: Option<lineament_core::Landmarks>,
    quality: FaceQuality,
}

impl Vault {
    /// Records sealed with this key; `lock` is the key as the gallery's lock has it.
    pub(crate) fn sealed(key: &[u8; KEY_BYTES], lock: &[u8]) -> Self {
        let derive = |purpose: &str| Zeroizing::new(keyed_hash(key, &[purpose.as_bytes()]));
        let cipher = derive("lineament gallery records 1");
        Self::Sealed(Box::new(Keys {
            cipher: XChaCha20Poly1305::new(&(*cipher).into()),
            nonces: derive("lineament gallery nonces 1"),
            names: derive("lineament gallery names 1"),
            photos: derive("lineament gallery photos 1"),
            lock: lock.to_owned(),
        }))
    }

    pub(crate) fn is_sealed(&self) -> bool {
        matches!(self, Self::Sealed(_))
    }

    /// Whether it is that of a gallery whose lock holds this key, or has none.
    pub(crate) fn fits(&self, lock: Option<&[u8]>) -> bool {
        match self {
            Self::Open => lock.is_none(),
            Self::Sealed(keys) => lock == Some(&keys.lock),
        }
    }

    /// What a person of this name has in the column `name`.
    pub(crate) fn name<'a>(&self, name: &'a str) -> Cow<'a, str> {
        match self {
            Self::Open => name.into(),
            Self::Sealed(keys) => hex::encode(&keyed_hash(&keys.names, &[name.as_bytes()])).into(),
        }
    }

    /// What a face of the photo with this hash has in the column `source_sha256`.
    pub(crate) fn photo(&self, sha256: &[u8; 32]) -> [u8; 32] {
        match self {
            Self::Open => *sha256,
            Self::Sealed(keys) => keyed_hash(&keys.photos, &[sha256]),
        }
    }

    /// The person as the columns of their row have them.
    ///
    /// # Errors
    /// [`GalleryError::Storage`] when it cannot be written.
    pub(crate) fn put_away<'a>(&self, person: &'a Person) -> Result<Cow<'a, Person>, GalleryError> {
        let Self::Sealed(keys) = self else {
            return Ok(Cow::Borrowed(person));
        };
        let record = PersonRecord {
            name: person.name.clone(),
            tags: person.tags.clone(),
            notes: person.notes.clone(),
        };
        Ok(Cow::Owned(Person {
            name: self.name(&person.name).into_owned(),
            tags: Vec::new(),
            notes: keys.seal_record(Kind::Person, person.id.0, &record)?,
            ..person.clone()
        }))
    }

    /// The person that the columns of their row have.
    ///
    /// # Errors
    /// [`GalleryError::Damaged`] for one that was not sealed with this key.
    pub(crate) fn take_out(&self, person: Person) -> Result<Person, GalleryError> {
        let Self::Sealed(keys) = self else {
            return Ok(person);
        };
        let PersonRecord { name, tags, notes } =
            keys.open_record(Kind::Person, person.id.0, &person.notes)?;
        Ok(Person {
            name,
            tags,
            notes,
            ..person
        })
    }

    /// The face as the columns of its row have it.
    ///
    /// # Errors
    /// As [`put_away`](Self::put_away).
    pub(crate) fn put_away_face<'a>(&self, face: &'a Face) -> Result<Cow<'a, Face>, GalleryError> {
        let Self::Sealed(keys) = self else {
            return Ok(Cow::Borrowed(face));
        };
        let record = FaceRecord {
            source: face.source.clone(),
            rect: face.rect,
            landmarks: face.landmarks,
            quality: face.quality.clone(),
        };
        Ok(Cow::Owned(Face {
            rect: Rect::from_corners(0.0, 0.0, 0.0, 0.0),
            landmarks: None,
            quality: FaceQuality::default(),
            source: Source {
                path: keys.seal_record(Kind::Face, face.id.0, &record)?,
                sha256: self.photo(&face.source.sha256),
            },
            ..face.clone()
        }))
    }

    /// The face that the columns of its row have.
    ///
    /// # Errors
    /// As [`take_out`](Self::take_out).
    pub(crate) fn take_out_face(&self, face: Face) -> Result<Face, GalleryError> {
        let Self::Sealed(keys) = self else {
            return Ok(face);
        };
        let record = keys.open_record(Kind::Face, face.id.0, &face.source.path)?;
        let FaceRecord {
            source,
            rect,
            landmarks,
            quality,
        } = record;
        Ok(Face {
            source,
            rect,
            landmarks,
            quality,
            ..face
        })
    }

    /// The bytes as they are written.
    ///
    /// # Errors
    /// As [`put_away`](Self::put_away).
    pub(crate) fn seal<'a>(
        &self,
        kind: Kind,
        number: i64,
        bytes: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, GalleryError> {
        match self {
            Self::Open => Ok(bytes.into()),
            Self::Sealed(keys) => Ok(keys.seal(kind, number, bytes)?.into()),
        }
    }

    /// The bytes that were written.
    ///
    /// # Errors
    /// As [`take_out`](Self::take_out).
    pub(crate) fn open<'a>(
        &self,
        kind: Kind,
        number: i64,
        bytes: &'a [u8],
    ) -> Result<Cow<'a, [u8]>, GalleryError> {
        match self {
            Self::Open => Ok(bytes.into()),
            Self::Sealed(keys) => Ok(keys.open(kind, number, bytes)?.into()),
        }
    }
}

impl Keys {
    fn seal_record(
        &self,
        kind: Kind,
        number: i64,
        record: &impl Serialize,
    ) -> Result<String, GalleryError> {
        let mut text = serde_json::to_vec(record).map_err(|error| GalleryError::Storage {
            path: Default::default(),
            what: error.to_string(),
        })?;
        // White space behind JSON means nothing.
        text.resize(text.len().next_multiple_of(PAD_BYTES), b' ');
        Ok(BASE64.encode(self.seal(kind, number, &text)?))
    }

    fn open_record<T: for<'de> Deserialize<'de>>(
        &self,
        kind: Kind,
        number: i64,
        text: &str,
    ) -> Result<T, GalleryError> {
        let sealed = BASE64.decode(text).map_err(|_| broken(kind, number))?;
        let text = self.open(kind, number, &sealed)?;
        serde_json::from_slice(&text).map_err(|_| broken(kind, number))
    }

    /// A nonce, the sealed bytes and a tag. The nonce is a keyed hash of all that is sealed, so it comes
    /// twice only for what is the same twice (as in "synthetic IV": Rogaway and Shrimpton, 2006).
    fn seal(&self, kind: Kind, number: i64, bytes: &[u8]) -> Result<Vec<u8>, GalleryError> {
        let bound = bound(kind, number);
        let hash = keyed_hash(&self.nonces, &[&bound, bytes]);
        let nonce: [u8; NONCE_BYTES] = std::array::from_fn(|i| hash[i]);
        let payload = Payload {
            msg: bytes,
            aad: &bound,
        };
        let sealed = self.cipher.encrypt(&XNonce::from(nonce), payload);
        let sealed = sealed.map_err(|_| GalleryError::Storage {
            path: Default::default(),
            what: "a record is too long to be encrypted".to_owned(),
        })?;
        Ok([&nonce, sealed.as_slice()].concat())
    }

    fn open(&self, kind: Kind, number: i64, sealed: &[u8]) -> Result<Vec<u8>, GalleryError> {
        let (nonce, msg) = sealed
            .split_first_chunk::<NONCE_BYTES>()
            .ok_or_else(|| broken(kind, number))?;
        let bound = bound(kind, number);
        let payload = Payload { msg, aad: &bound };
        let opened = self.cipher.decrypt(&XNonce::from(*nonce), payload);
        opened.map_err(|_| broken(kind, number))
    }
}

fn bound(kind: Kind, number: i64) -> [u8; 9] {
    let mut bound = [kind.byte(); 9];
    bound[1..].copy_from_slice(&number.to_le_bytes());
    bound
}

fn broken(kind: Kind, number: i64) -> GalleryError {
    let whose = match kind {
        Kind::Person => "person",
        Kind::Face => "face",
        Kind::Embedding => "the embedding of face",
        Kind::Thumbnail => "the picture of face",
    };
    GalleryError::damaged(format!(
        "the encrypted record of {whose} {number} does not fit"
    ))
}

/// HMAC-SHA-256. At most the last part may vary in length.
fn keyed_hash(key: &[u8; KEY_BYTES], parts: &[&[u8]]) -> [u8; 32] {
    // HMAC fills its key up to a block of the hash; with a whole one it cannot fail.
    let mut block = Zeroizing::new([0; 64]);
    block[..KEY_BYTES].copy_from_slice(key);
    let mut hash = Hmac::<Sha256>::new(&(*block).into());
    parts.iter().for_each(|part| hash.update(part));
    hash.finalize().into_bytes().into()
}
