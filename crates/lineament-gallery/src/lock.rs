//! Encryption at rest: the lock that a secret opens, and the change from plain to sealed and back.
//!
//! All records of an encrypted gallery are sealed with one random key. The gallery holds that key sealed
//! with another, which Argon2id (RFC 9106) makes from the secret: a passphrase, or what a key file holds.

use std::fmt;
use std::path::Path;

use argon2::{Algorithm, Argon2, Params, Version};
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use rusqlite::{Connection, OptionalExtension, params};
use zeroize::Zeroizing;

use crate::change::{Action, Change};
use crate::checksum::Checksum;
use crate::error::GalleryError;
use crate::faces::{COLUMNS, Table, data_from_row, put_data, put_face, read_faces};
use crate::gallery::Gallery;
use crate::ids::{PersonId, UnixSeconds};
use crate::people::{put_person, read_person};
use crate::seal::{KEY_BYTES, Vault};

/// Bytes of a secret: what keeps the careless from an empty passphrase, and others from a film as key.
const SECRET_BYTES: std::ops::RangeInclusive<usize> = 8..=1 << 20;
const SALT_BYTES: usize = 16;
/// Random bytes that an encryption takes.
pub const ENTROPY_BYTES: usize = KEY_BYTES + SALT_BYTES;
/// What the sealed key is bound to.
const PURPOSE: &[u8] = b"lineament gallery key 1";

/// What opens an encrypted gallery. Its bytes are overwritten when it goes, and shown nowhere.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A secret of these bytes: of a passphrase, or of a key file.
    ///
    /// # Errors
    /// [`GalleryError::BadValue`] for fewer than 8 bytes or more than 1 MiB.
    pub fn new(bytes: Vec<u8>) -> Result<Self, GalleryError> {
        let bytes = Zeroizing::new(bytes);
        if SECRET_BYTES.contains(&bytes.len()) {
            return Ok(Self(bytes));
        }
        Err(GalleryError::BadValue {
            what: "a passphrase or key",
            expected: "8 bytes to 1 MiB",
            got: format!("{} bytes", bytes.len()),
        })
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// What trying one secret costs: the parameters of Argon2id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LockCost {
    /// Memory, in KiB; 8 for each lane to 1,048,576.
    pub memory_kib: u32,
    /// Passes over the memory, 1 to 64.
    pub passes: u32,
    /// Lanes, 1 to 16.
    pub lanes: u32,
}

impl Default for LockCost {
    /// 64 MiB, 3 passes, 4 lanes: the second of the two choices that RFC 9106, §4, recommends.
    fn default() -> Self {
        Self {
            memory_kib: 65_536,
            passes: 3,
            lanes: 4,
        }
    }
}

impl LockCost {
    /// Parameters within what is spent on a file from elsewhere.
    fn params(self) -> Option<Params> {
        let bounded = (1..=1 << 20).contains(&self.memory_kib)
            && (1..=64).contains(&self.passes)
            && (1..=16).contains(&self.lanes);
        let params = Params::new(self.memory_kib, self.passes, self.lanes, Some(KEY_BYTES));
        params.ok().filter(|_| bounded)
    }
}

/// The key of the records, locked away.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lock {
    cost: LockCost,
    salt: [u8; SALT_BYTES],
    /// The key, sealed: 32 bytes and a tag.
    pub(crate) key: Vec<u8>,
}

impl Lock {
    fn new(
        secret: &Secret,
        cost: LockCost,
        entropy: &[u8; ENTROPY_BYTES],
    ) -> Result<(Self, Vault), GalleryError> {
        let key: Zeroizing<[u8; KEY_BYTES]> = Zeroizing::new(std::array::from_fn(|i| entropy[i]));
        let mut lock = Self {
            cost,
            salt: std::array::from_fn(|i| entropy[KEY_BYTES + i]),
            key: Vec::new(),
        };
        let failed = || GalleryError::BadValue {
            what: "the cost of a lock",
            expected: "8 KiB a lane to 1 GiB, 1 to 64 passes, 1 to 16 lanes",
            got: format!("{cost:?}"),
        };
        let cipher = lock.cipher(secret).ok_or_else(failed)?;
        lock.key = cipher
            .encrypt(&nonce(), payload(key.as_slice()))
            .map_err(|_| failed())?;
        let vault = Vault::sealed(&key, &lock.key);
        Ok((lock, vault))
    }

    /// The key, if the secret is the right one.
    ///
    /// # Errors
    /// [`GalleryError::WrongKey`], [`GalleryError::Damaged`].
    pub(crate) fn open(&self, secret: &Secret) -> Result<Vault, GalleryError> {
        let path = Default::default();
        let cipher = self
            .cipher(secret)
            .ok_or_else(|| GalleryError::damaged("the cost of its lock is out of bounds"))?;
        let key = cipher
            .decrypt(&nonce(), payload(&self.key))
            .map(Zeroizing::new)
            .map_err(|_| GalleryError::WrongKey { path })?;
        let key = key
            .first_chunk::<KEY_BYTES>()
            .ok_or_else(|| GalleryError::damaged("the key in its lock is too short"))?;
        Ok(Vault::sealed(key, &self.key))
    }

    /// The cipher of the key that the secret gives; `None` for a cost out of bounds.
    fn cipher(&self, secret: &Secret) -> Option<XChaCha20Poly1305> {
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, self.cost.params()?);
        let mut key = Zeroizing::new([0; KEY_BYTES]);
        argon
            .hash_password_into(&secret.0, &self.salt, key.as_mut())
            .ok()?;
        Some(XChaCha20Poly1305::new(&(*key).into()))
    }

    fn checksum(&self) -> i64 {
        Checksum::default()
            .bytes(&self.salt)
            .number(self.cost.memory_kib.into())
            .number(self.cost.passes.into())
            .number(self.cost.lanes.into())
            .bytes(&self.key)
            .finish()
    }

    /// Takes the place of the lock of the gallery.
    fn write(&self, db: &Connection) -> Result<(), GalleryError> {
        let sql = "INSERT INTO lock (id, salt, memory_kib, passes, lanes, key, crc) \
                   VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6)";
        let LockCost {
            memory_kib,
            passes,
            lanes,
        } = self.cost;
        let crc = self.checksum();
        db.execute(
            sql,
            params![self.salt, memory_kib, passes, lanes, self.key, crc],
        )?;
        Ok(())
    }
}

/// A salt is never used twice, so neither is the key that this nonce goes with.
fn nonce() -> XNonce {
    XNonce::from([0; 24])
}

fn payload(bytes: &[u8]) -> Payload<'_, '_> {
    Payload {
        msg: bytes,
        aad: PURPOSE,
    }
}

impl Gallery {
    /// Encrypts the gallery, or gives an encrypted one another key: every record is sealed, and no byte of
    /// a name, path, embedding or picture that is not stays in the file, its write-ahead log or its index. Should
    /// the process die on the way, the gallery is what it was or what it was to be, and the next to open
    /// it finishes. `entropy` is random, from the system.
    ///
    /// What this cannot reach: backups and exports, and what file systems and flash storage keep of
    /// blocks that were overwritten.
    ///
    /// # Errors
    /// [`GalleryError::BadValue`] for a cost out of bounds; [`GalleryError::Busy`] when another process
    /// reads the old state: the records are sealed then, and the old bytes go when the file is opened
    /// next; and as every change.
    pub fn encrypt(
        &mut self,
        secret: &Secret,
        cost: LockCost,
        entropy: &[u8; ENTROPY_BYTES],
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        let (lock, vault) = Lock::new(secret, cost, entropy)?;
        self.seal_all(Some(&lock), vault, at)
    }

    /// Writes an encrypted gallery as it would be without.
    ///
    /// # Errors
    /// [`GalleryError::NotEncrypted`], and as [`encrypt`](Self::encrypt).
    pub fn decrypt(&mut self, at: UnixSeconds) -> Result<(), GalleryError> {
        if !self.vault.is_sealed() {
            let path = self.path.clone();
            return Err(GalleryError::NotEncrypted { path });
        }
        self.seal_all(None, Vault::Open, at)
    }

    /// Whether the records are sealed.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.vault.is_sealed()
    }

    /// Takes the lock of another gallery, of which this one is to be a copy; it is empty yet.
    pub(crate) fn adopt(
        &mut self,
        lock: &Lock,
        secret: &Secret,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        let vault = lock.open(secret).map_err(|error| error.at(&self.path))?;
        self.seal_all(Some(lock), vault, at)
    }

    fn seal_all(
        &mut self,
        lock: Option<&Lock>,
        vault: Vault,
        at: UnixSeconds,
    ) -> Result<(), GalleryError> {
        self.write(at, |change| {
            change.tx.execute("UPDATE about SET erasing = 1", [])?;
            seal_people(change, &vault)?;
            let n_faces = seal_faces(change, &vault)?;
            for table in [Table::Embedding, Table::Next, Table::Thumbnail] {
                seal_data(change, &vault, table)?;
            }
            // Hashes over what was plain would tell whether a guess of it is right.
            change.tx.execute("DELETE FROM history", [])?;
            change.tx.execute("DELETE FROM lock", [])?;
            let action = match lock {
                Some(lock) => {
                    lock.write(&change.tx)?;
                    change.hash(&lock.key);
                    Action::Encrypt
                }
                None => Action::Decrypt,
            };
            change.log(action, None, None, n_faces)
        })?;
        self.vault = vault;
        self.erase()
    }
}

fn seal_people(change: &mut Change<'_>, vault: &Vault) -> Result<(), GalleryError> {
    for number in numbers(&change.tx, "SELECT id FROM person")? {
        let person = read_person(&change.tx, change.vault, PersonId(number))?;
        put_person(change, vault, &person)?;
    }
    Ok(())
}

fn seal_faces(change: &mut Change<'_>, vault: &Vault) -> Result<usize, GalleryError> {
    let sql = format!("SELECT {COLUMNS} FROM face WHERE id = ?1");
    let all = numbers(&change.tx, "SELECT id FROM face")?;
    for number in &all {
        for face in read_faces(&change.tx, change.vault, &sql, params![number])? {
            put_face(change, vault, &face)?;
        }
    }
    Ok(all.len())
}

fn seal_data(change: &mut Change<'_>, vault: &Vault, table: Table) -> Result<(), GalleryError> {
    let name = table.name();
    let sql = format!("SELECT face, data, crc FROM {name} WHERE face = ?1");
    for number in numbers(&change.tx, &format!("SELECT face FROM {name}"))? {
        let mut statement = change.tx.prepare_cached(&sql)?;
        let read = statement.query_row(params![number], |row| {
            Ok(data_from_row(row, change.vault, table))
        });
        let (face, data) = read??;
        drop(statement);
        put_data(change, vault, table, face, &data)?;
    }
    Ok(())
}

fn numbers(db: &Connection, sql: &str) -> Result<Vec<i64>, GalleryError> {
    let mut statement = db.prepare(sql)?;
    let numbers = statement.query_map([], |row| row.get(0))?;
    Ok(numbers.collect::<Result<_, _>>()?)
}

/// Whether the gallery at `path` is encrypted.
///
/// # Errors
/// As for [`Gallery::open`].
pub fn is_encrypted(path: &Path) -> Result<bool, GalleryError> {
    match Gallery::open(path) {
        Ok(_) => Ok(false),
        Err(GalleryError::Locked { .. }) => Ok(true),
        Err(error) => Err(error),
    }
}

/// The vault of a gallery, opened.
///
/// # Errors
/// [`GalleryError::Locked`], [`GalleryError::WrongKey`] and [`GalleryError::NotEncrypted`], without a
/// path, and [`GalleryError::Damaged`].
pub(crate) fn unlock(db: &Connection, secret: Option<&Secret>) -> Result<Vault, GalleryError> {
    let path = Default::default();
    match (read_lock(db)?, secret) {
        (None, None) => Ok(Vault::Open),
        (None, Some(_)) => Err(GalleryError::NotEncrypted { path }),
        (Some(_), None) => Err(GalleryError::Locked { path }),
        (Some(lock), Some(secret)) => lock.open(secret),
    }
}

/// Refuses to go on when another process has encrypted or decrypted the gallery since it was opened.
pub(crate) fn check_lock(db: &Connection, vault: &Vault) -> Result<(), GalleryError> {
    let mut statement = db.prepare_cached("SELECT key FROM lock")?;
    let key: Option<Vec<u8>> = statement.query_row([], |row| row.get(0)).optional()?;
    if vault.fits(key.as_deref()) {
        return Ok(());
    }
    let path = Default::default();
    Err(GalleryError::Relocked { path })
}

/// The lock of the gallery, if it has one.
pub(crate) fn read_lock(db: &Connection) -> Result<Option<Lock>, GalleryError> {
    // Before version 3, a gallery could not be encrypted.
    let sql = "SELECT count(*) FROM sqlite_schema WHERE name = 'lock'";
    let n_tables: i64 = db.query_row(sql, [], |row| row.get(0))?;
    if n_tables == 0 {
        return Ok(None);
    }
    let sql = "SELECT salt, memory_kib, passes, lanes, key, crc FROM lock";
    let read = db.query_row(sql, [], |row| {
        let lock = Lock {
            salt: row.get(0)?,
            cost: LockCost {
                memory_kib: row.get(1)?,
                passes: row.get(2)?,
                lanes: row.get(3)?,
            },
            key: row.get(4)?,
        };
        Ok((lock, row.get::<_, i64>(5)?))
    });
    match read.optional()? {
        Some((lock, crc)) if lock.checksum() != crc => Err(GalleryError::damaged(
            "the checksum of its lock does not fit",
        )),
        read => Ok(read.map(|(lock, _)| lock)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::people::Person;
    use crate::seal::Kind;

    fn golden() -> Value {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../reference/golden/sealing.json"
        );
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
    }

    fn bytes(value: &Value) -> Vec<u8> {
        let (pairs, _) = value.as_str().unwrap().as_bytes().as_chunks::<2>();
        let byte = |pair: &[u8; 2]| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16);
        pairs.iter().map(|pair| byte(pair).unwrap()).collect()
    }

    fn number(value: &Value) -> u32 {
        value.as_u64().unwrap().try_into().unwrap()
    }

    #[test]
    fn locks_and_records_are_those_of_the_reference() {
        let golden = golden();
        let secret = Secret::new(bytes(&golden["secret"])).unwrap();
        let cost = LockCost {
            memory_kib: number(&golden["memory_kib"]),
            passes: number(&golden["passes"]),
            lanes: number(&golden["lanes"]),
        };
        let entropy = [bytes(&golden["key"]), bytes(&golden["salt"])].concat();
        let (lock, vault) = Lock::new(&secret, cost, &entropy.try_into().unwrap()).unwrap();
        assert_eq!(lock.key, bytes(&golden["locked"]));
        for vault in [vault, lock.open(&secret).unwrap()] {
            let name = golden["name"]["plain"].as_str().unwrap();
            assert_eq!(vault.name(name), golden["name"]["stored"].as_str().unwrap());
            let photo = bytes(&golden["photo"]["plain"]).try_into().unwrap();
            assert_eq!(vault.photo(&photo)[..], bytes(&golden["photo"]["stored"]));
            for record in golden["records"].as_array().unwrap() {
                let kind = [Kind::Person, Kind::Face, Kind::Embedding, Kind::Thumbnail]
                    [record["kind"].as_u64().unwrap() as usize - 1];
                let number = record["number"].as_i64().unwrap();
                let (plain, stored) = (bytes(&record["plain"]), bytes(&record["stored"]));
                assert_eq!(*vault.seal(kind, number, &plain).unwrap(), stored);
                assert_eq!(*vault.open(kind, number, &stored).unwrap(), plain);
                // Another place, another kind, a flipped bit and a cut are told.
                assert!(vault.open(kind, number + 1, &stored).is_err());
                assert!(vault.open(Kind::Face, number, &stored).is_err());
                for place in [0, 23, 24, stored.len() - 1] {
                    let mut flipped = stored.clone();
                    flipped[place] ^= 1;
                    assert!(vault.open(kind, number, &flipped).is_err());
                    assert!(vault.open(kind, number, &stored[..place]).is_err());
                }
            }
        }
    }

    #[test]
    fn a_person_is_put_away_as_the_reference_does() {
        let golden = golden();
        let key: [u8; KEY_BYTES] = bytes(&golden["key"]).try_into().unwrap();
        let vault = Vault::sealed(&key, &[]);
        let ada = Person {
            id: PersonId(7),
            name: "Ada Lovelace".to_owned(),
            tags: vec!["family".to_owned(), "Ärzte".to_owned()],
            notes: "two\nlines".to_owned(),
            created_at: UnixSeconds(3),
            merged_into: Some(PersonId(2)),
            n_faces: 0,
        };
        let stored = vault.put_away(&ada).unwrap().into_owned();
        use base64::Engine;
        let sealed = base64::engine::general_purpose::STANDARD.decode(&stored.notes);
        assert_eq!(sealed.unwrap(), bytes(&golden["records"][0]["stored"]));
        assert_eq!(stored.name, golden["name"]["stored"].as_str().unwrap());
        assert_eq!(
            (&stored.tags, stored.merged_into),
            (&vec![], ada.merged_into)
        );
        assert_eq!(vault.take_out(stored).unwrap(), ada);
    }
}
