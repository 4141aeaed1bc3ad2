//! Where a page finds a picture on the reader's disk.

use super::escape::percent_encoded;
use std::ffi::OsStr;
use std::path::{Component, Path, PathBuf};

/// The URL of `file` for a page in the folder `dir`, both absolute: relative where they share more
/// than the root, so that both can be moved together.
pub(super) fn url(dir: &Path, file: &Path) -> String {
    let (dir, file) = (resolved(dir), resolved(file));
    let pairs = dir.components().zip(file.components());
    let shared = pairs.take_while(|(a, b)| a == b).count();
    let parts = |from: usize| file.components().skip(from).map(|c| encoded(c.as_os_str()));
    let is_named = |c: &Component<'_>| matches!(c, Component::Normal(_));
    if dir.components().take(shared).any(|c| is_named(&c)) {
        let up = dir.components().skip(shared).map(|_| "..".to_owned());
        return up.chain(parts(shared)).collect::<Vec<_>>().join("/");
    }
    let mut url = "file://".to_owned();
    for component in file.components() {
        match component {
            Component::RootDir | Component::CurDir | Component::ParentDir => {}
            Component::Prefix(prefix) => url.push_str(&prefix_url(prefix.as_os_str())),
            Component::Normal(part) => {
                url.push('/');
                url.push_str(&encoded(part));
            }
        }
    }
    url
}

/// The path without `.` and `..`.
fn resolved(path: &Path) -> PathBuf {
    let mut resolved = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => drop(resolved.pop()),
            component => resolved.push(component),
        }
    }
    resolved
}

fn encoded(part: &OsStr) -> String {
    percent_encoded(part).replace('/', "%2F")
}

/// Windows: `/C:` for a drive, `server/share` for a network folder.
fn prefix_url(prefix: &OsStr) -> String {
    let text = prefix.to_string_lossy().replace('\\', "/");
    match text.strip_prefix("//") {
        Some(share) => percent_encoded(OsStr::new(share)),
        None => format!("/{text}"),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn urls_lead_from_the_report_to_the_picture() {
        for (dir, file, expected) in [
            ("/home/a/report", "/home/a/report/x.jpg", "x.jpg"),
            (
                "/home/a/report",
                "/home/a/lfw/B C/x#1?.jpg",
                "../lfw/B%20C/x%231%3F.jpg",
            ),
            ("/home/a/out/../report", "/home/a/./x.jpg", "../x.jpg"),
            (
                "/home/a/report",
                "/home/a/it's: \"ü\".jpg",
                "../it%27s%3A%20%22%C3%BC%22.jpg",
            ),
            (
                "/home/a/report",
                "/data/lfw/x.jpg",
                "file:///data/lfw/x.jpg",
            ),
            ("/", "/x.jpg", "file:///x.jpg"),
            (
                "/home/a",
                "/home/javascript:alert(1)",
                "../javascript%3Aalert%281%29",
            ),
        ] {
            assert_eq!(url(Path::new(dir), Path::new(file)), expected);
        }
    }

    #[test]
    fn names_that_are_no_text_keep_their_bytes() {
        use std::os::unix::ffi::OsStrExt;
        let file = Path::new("/a").join(OsStr::from_bytes(b"\xff%41\n.jpg"));
        assert_eq!(url(Path::new("/a"), &file), "%FF%2541%0A.jpg");
    }
}
