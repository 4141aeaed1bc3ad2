//! Addresses of files in a page, which hold whatever their names are.

use std::path::{Component, Path, Prefix};

/// The address of the file at `to` in a page in the folder `from`; both are absolute. Relative where
/// there is a way, so that a folder of photos and its album can be moved together.
pub(crate) fn relative(from: &Path, to: &Path) -> String {
    let from: Vec<Component<'_>> = from.components().collect();
    let to: Vec<Component<'_>> = to.components().collect();
    let n_shared = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    if n_shared == 0 {
        return absolute(&to);
    }
    let up = from[n_shared..].iter().map(|_| "..".to_owned());
    let down = to[n_shared..].iter().map(|part| escaped(*part));
    up.chain(down).collect::<Vec<_>>().join("/")
}

/// The address of a file on another drive.
fn absolute(path: &[Component<'_>]) -> String {
    let part = |part: &Component<'_>| match part {
        Component::Prefix(prefix) => match prefix.kind() {
            Prefix::Disk(letter) | Prefix::VerbatimDisk(letter) => {
                Some(format!("{}:", char::from(letter)))
            }
            _ => Some(escaped(Component::Prefix(*prefix))),
        },
        Component::RootDir | Component::CurDir => None,
        Component::ParentDir | Component::Normal(_) => Some(escaped(*part)),
    };
    let parts: Vec<String> = path.iter().filter_map(part).collect();
    format!("file:///{}", parts.join("/"))
}

/// A part of a path with every byte escaped (RFC 3986, §2.1) that is not sure to stand for itself.
fn escaped(part: Component<'_>) -> String {
    let bytes = part.as_os_str().as_encoded_bytes();
    let escape = |byte: &u8| match byte {
        b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            char::from(*byte).to_string()
        }
        byte => format!("%{byte:02X}"),
    };
    bytes.iter().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_leads_up_and_down() {
        let link = |from, to| relative(Path::new(from), Path::new(to));
        assert_eq!(link("/a/album", "/a/photos/x.jpg"), "../photos/x.jpg");
        assert_eq!(link("/a", "/a/x.jpg"), "x.jpg");
        assert_eq!(link("/album", "/x.jpg"), "../x.jpg");
    }

    #[test]
    fn no_name_breaks_out() {
        let link = |name: &str| relative(Path::new("/a"), &Path::new("/a").join(name));
        assert_eq!(link("javascript:alert(1)"), "javascript%3Aalert%281%29");
        assert_eq!(
            link("a b\"<>&'?#%.jpg"),
            "a%20b%22%3C%3E%26%27%3F%23%25.jpg"
        );
        assert_eq!(link("é.jpg"), "%C3%A9.jpg");
    }
}
