//! Memory of each thread for what a task computes on its way: rows in `f32`, tiles, a band.

use std::cell::RefCell;

use crate::aligned::Aligned;
use crate::numbers::Numbers;
use crate::picture::Picture;

/// Rooms that a task has at most at the same time: for a row that it writes, and for two that it reads.
const ROOMS_OF_TASK: usize = 3;

thread_local! {
    /// What this thread has made room for and does not use now. The last is taken first.
    static ROOMS: RefCell<Vec<Aligned>> = RefCell::default();
}

/// What a task takes at most.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Scratch {
    /// Words of its first room.
    first: usize,
    /// Words of each that it takes beside that.
    beside: usize,
}

impl Scratch {
    /// One room of `length` words.
    pub(crate) fn room(length: usize) -> Self {
        Self {
            first: length,
            beside: 0,
        }
    }

    /// A room for a row of each of the pictures whose words have to be widened.
    pub(crate) fn rows<'a>(pictures: impl IntoIterator<Item = &'a Picture>) -> Self {
        let narrow = pictures.into_iter().filter(|p| p.numbers == Numbers::Bf16);
        let length = narrow.map(row_length).max().unwrap_or(0);
        Self {
            first: length,
            beside: length,
        }
    }

    /// What is enough for both.
    pub(crate) fn union(self, other: Self) -> Self {
        Self {
            first: self.first.max(other.first),
            beside: self.beside.max(other.beside),
        }
    }

    /// Makes room for it on this thread, where a task then finds it.
    pub(crate) fn reserve(self) {
        ROOMS.with_borrow_mut(|rooms| {
            if rooms.len() < ROOMS_OF_TASK {
                rooms.resize_with(ROOMS_OF_TASK, Aligned::default);
            }
            for (place, room) in rooms.iter_mut().rev().take(ROOMS_OF_TASK).enumerate() {
                room.grow(if place == 0 { self.first } else { self.beside });
            }
        });
    }
}

/// Numbers of a row of `picture`.
pub(super) fn row_length(picture: &Picture) -> usize {
    picture.width * picture.lanes
}

/// Calls `work` with room for `length` words, whatever they hold.
pub(super) fn with_room<R>(length: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
    let mut room = ROOMS.with_borrow_mut(Vec::pop).unwrap_or_default();
    room.grow(length);
    let result = work(&mut room[..length]);
    ROOMS.with_borrow_mut(|rooms| rooms.push(room));
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_task_finds_what_was_reserved() {
        let lengths = || ROOMS.with_borrow(|rooms| rooms.iter().map(|r| r.len()).collect());
        let mut narrow = Picture::new([1, 8, 3, 5], 8);
        assert_eq!(Scratch::rows([&narrow]), Scratch::default());
        narrow.numbers = Numbers::Bf16;
        Scratch::room(70).union(Scratch::rows([&narrow])).reserve();
        let reserved: Vec<usize> = lengths();
        assert_eq!(reserved, [40, 40, 70]);
        with_room(70, |band| band.fill(1.0));
        with_room(40, |_| {
            with_room(40, |_| with_room(40, |row| row.fill(2.0)))
        });
        assert_eq!(lengths(), reserved);
        Scratch::room(30).reserve();
        assert_eq!(lengths(), reserved);
    }
}
