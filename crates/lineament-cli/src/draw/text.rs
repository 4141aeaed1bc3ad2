//! Text in a real font: its width, and its pixels on a canvas.

use ab_glyph::{Font, FontRef, Glyph, ScaleFont, point};
use lineament::Point;

use super::canvas::{Canvas, Paint};
use crate::exit::Exit;
use crate::failure::Failure;

/// What stands for the part of a text that did not fit.
const ELLIPSIS: char = '…';

/// DejaVu Sans Condensed Bold: Latin, Greek, Cyrillic and more; what it lacks becomes a box.
pub(crate) struct Typeface {
    font: FontRef<'static>,
}

/// A text at a size, ready to be drawn.
pub(crate) struct Line {
    glyphs: Vec<Glyph>,
    /// Width in pixels.
    pub(crate) width: f32,
    /// Height of a capital letter in pixels.
    pub(crate) cap_height: f32,
}

impl Typeface {
    pub(crate) fn new() -> Result<Self, Failure> {
        let font = FontRef::try_from_slice(dejavu::sans_condensed::bold()).map_err(|error| {
            Failure::new(Exit::Internal, format!("the font is broken: {error}"))
        })?;
        Ok(Self { font })
    }

    /// `name` and `number` in letters of `size_px`, at most `max_width` wide: the name is cut
    /// short with an ellipsis as needed, the number is not.
    pub(crate) fn line(&self, name: &str, number: &str, size_px: f32, max_width: f32) -> Line {
        let tail = if name.is_empty() {
            number.to_owned()
        } else {
            format!(" {number}")
        };
        let whole = self.lay_out(&format!("{name}{tail}"), size_px);
        if whole.width <= max_width {
            return whole;
        }
        let mut kept: Vec<char> = name.chars().collect();
        while kept.pop().is_some() {
            let shorter: String = kept.iter().collect();
            let text = format!("{}{ELLIPSIS}{tail}", shorter.trim_end());
            let line = self.lay_out(&text, size_px);
            if line.width <= max_width {
                return line;
            }
        }
        self.lay_out("", size_px)
    }

    fn lay_out(&self, text: &str, size_px: f32) -> Line {
        let font = self.font.as_scaled(size_px);
        let mut glyphs = Vec::new();
        let mut width = 0.0;
        let mut previous = None;
        for character in text.chars() {
            // Control characters, line breaks above all, have no place in a label.
            let visible = if character.is_control() {
                ' '
            } else {
                character
            };
            let glyph = font.glyph_id(visible);
            width += previous.map_or(0.0, |previous| font.kern(previous, glyph));
            glyphs.push(glyph.with_scale_and_position(size_px, point(width, 0.0)));
            width += font.h_advance(glyph);
            previous = Some(glyph);
        }
        Line {
            glyphs,
            width,
            cap_height: self.cap_height(size_px),
        }
    }

    fn cap_height(&self, size_px: f32) -> f32 {
        let letter = self.font.glyph_id('H').with_scale(size_px);
        self.font
            .outline_glyph(letter)
            .map_or(0.7 * size_px, |outline| outline.px_bounds().height())
    }

    /// Draws `line` with its baseline starting at `origin`.
    pub(crate) fn draw(&self, canvas: &mut Canvas, line: &Line, origin: Point, paint: Paint) {
        for glyph in &line.glyphs {
            let mut glyph = glyph.clone();
            glyph.position.x += origin.x;
            glyph.position.y += origin.y;
            let Some(outline) = self.font.outline_glyph(glyph) else {
                continue;
            };
            let bounds = outline.px_bounds();
            let (left, top) = (bounds.min.x as i64, bounds.min.y as i64);
            outline.draw(|x, y, coverage| {
                canvas.blend(left + i64::from(x), top + i64::from(y), coverage, paint);
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_text_ends_in_an_ellipsis_and_fits() {
        let typeface = Typeface::new().unwrap();
        let whole = typeface.line("Ada Lovelace", "0.7", 20.0, f32::INFINITY);
        let cut = typeface.line("Ada Lovelace", "0.7", 20.0, 0.7 * whole.width);
        assert!(cut.width <= 0.7 * whole.width);
        assert!(cut.glyphs.len() > 6 && cut.glyphs.len() < whole.glyphs.len());
        let last_ids = |line: &Line| {
            line.glyphs
                .iter()
                .rev()
                .take(3)
                .map(|g| g.id)
                .collect::<Vec<_>>()
        };
        assert_eq!(last_ids(&cut), last_ids(&whole));
        assert!(typeface.line("Ada", "0.7", 20.0, 1.0).glyphs.is_empty());
    }

    #[test]
    fn what_the_font_lacks_becomes_a_box_of_its_own_width() {
        let typeface = Typeface::new().unwrap();
        let boxes = typeface.line("李小龙", "", 20.0, f32::INFINITY);
        assert_eq!(boxes.glyphs.len(), 4);
        assert!(boxes.width > 15.0);
        let cyrillic = typeface.line("Ж", "", 20.0, f32::INFINITY);
        assert_ne!(cyrillic.glyphs[0].id, boxes.glyphs[0].id);
    }
}
