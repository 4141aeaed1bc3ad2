//! Lines through points: stepped or straight, as short as what can be seen.

use super::element::Hundredths;
use std::fmt::Write as _;

/// How points are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Joined {
    /// Level up to the next point, then upright: what holds until something else is measured.
    Steps,
    /// Straight.
    Straight,
}

/// The `d` of a path through points in pixels. Points that fall on one tenth of a pixel are one.
pub(super) fn path(points: impl IntoIterator<Item = [f64; 2]>, joined: Joined) -> String {
    let mut corners: Vec<[f64; 2]> = Vec::new();
    for point in points {
        let point = point.map(|v| (10.0 * v).round() / 10.0);
        match corners.last_mut() {
            Some(last) if *last == point => {}
            // Only the last of many heights at one place is where the line goes on.
            Some(last) if joined == Joined::Steps && last[0] == point[0] => *last = point,
            _ => corners.push(point),
        }
    }
    let mut d = String::new();
    for (i, [x, y]) in corners.into_iter().enumerate() {
        let (x, y) = (Hundredths(x), Hundredths(y));
        // Writing to a string does not fail.
        let _ = match (i, joined) {
            (0, _) => write!(d, "M{x} {y}"),
            (_, Joined::Straight) => write!(d, "L{x} {y}"),
            (_, Joined::Steps) => write!(d, "H{x}V{y}"),
        };
    }
    d
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_hold_until_the_next_point() {
        let points = [[0.0, 9.0], [1.0, 8.0], [1.01, 7.0], [3.0, 7.0], [3.0, 2.0]];
        assert_eq!(path(points, Joined::Steps), "M0 9H1V7H3V2");
        assert_eq!(path(points, Joined::Straight), "M0 9L1 8L1 7L3 7L3 2");
        assert_eq!(path([], Joined::Steps), "");
    }
}
