//! The command that makes figures again.

use std::ffi::OsString;

/// The command line of this run, as a shell would take it.
pub(crate) fn command_line() -> String {
    of(std::env::args_os().skip(1))
}

fn of(arguments: impl Iterator<Item = OsString>) -> String {
    let quoted = arguments.map(|argument| quoted(&argument.to_string_lossy()));
    let words: Vec<String> = std::iter::once("lineament".to_owned())
        .chain(quoted)
        .collect();
    words.join(" ")
}

/// The word in single quotes where a shell would see more in it than letters.
pub(crate) fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=:,@%+".contains(c);
    match !word.is_empty() && word.chars().all(is_plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_survive_a_shell() {
        let words = ["eval", "a b", "it's", "", "x/é-1.txt"].map(OsString::from);
        let line = of(words.into_iter());
        assert_eq!(line, r"lineament eval 'a b' 'it'\''s' '' x/é-1.txt");
    }
}
