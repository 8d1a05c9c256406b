//! Small pictures from a few shapes: what turns a flag's design into pixels.
//!
//! Promises: the same design gives the same pixels on every machine, and every
//! shape may reach over the edge, since each pixel is asked whether it lies
//! inside a shape and never the other way round.
//!
//! What surprises: a flag is one unit high and one and a half wide whatever
//! its real proportions are, so Switzerland's square is stretched at the sides
//! and its cross is not. There is no smoothing: a flag is mostly straight
//! lines, and plain pixels keep the PNG at a few hundred bytes.

/// Pixels across.
pub(crate) const WIDTH: u16 = 60;
/// Pixels down.
pub(crate) const HEIGHT: u16 = 40;
/// How wide a flag is when it is one high.
const ASPECT: f32 = 1.5;

/// A colour as the web writes it: `0xRRGGBB`.
pub(crate) type Colour = u32;
/// A place on a flag: across (0 to 1.5) and down (0 to 1).
pub(crate) type Point = (f32, f32);

/// One shape of a design. Later ones lie over earlier ones.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Layer<'a> {
    /// Equal horizontal stripes from the top; a colour given twice is twice as high.
    Rows(&'a [Colour]),
    /// Equal vertical stripes from the hoist.
    Columns(&'a [Colour]),
    /// A rectangle: left, top, right, bottom.
    Box([f32; 4], Colour),
    /// A disc: centre and radius.
    Disc(f32, f32, f32, Colour),
    /// The part of the first disc that the second does not cover.
    Crescent([f32; 3], [f32; 3], Colour),
    /// A five-pointed star that stands upright: centre and radius.
    Star(f32, f32, f32, Colour),
    /// A cross whose arms reach the edges: centre and width of the arms.
    Cross(f32, f32, f32, Colour),
    /// A cross with four equal arms: centre, length of an arm from it, width.
    Plus(f32, f32, f32, f32, Colour),
    /// A cross from corner to corner: width of the arms.
    Saltire(f32, Colour),
    /// A triangle that stands on the whole hoist: how far its tip reaches.
    Hoist(f32, Colour),
    /// Any outline, inside by the even-odd rule.
    Polygon(&'a [Point], Colour),
    /// A whole design, made smaller by this factor, in the upper hoist corner.
    Canton(f32, &'a [Layer<'a>]),
}

/// Paints `design` as rows of RGB bytes, [`WIDTH`] by [`HEIGHT`].
pub(crate) fn paint(design: &[Layer<'_>]) -> Vec<u8> {
    let scale = f32::from(HEIGHT);
    let mut pixels = Vec::with_capacity(usize::from(WIDTH) * usize::from(HEIGHT) * 3);
    for row in 0..HEIGHT {
        for column in 0..WIDTH {
            let middle = ((f32::from(column) + 0.5) / scale, (f32::from(row) + 0.5) / scale);
            let [_, red, green, blue] = colour_at(design, middle).unwrap_or(0).to_be_bytes();
            pixels.extend_from_slice(&[red, green, blue]);
        }
    }
    pixels
}

fn colour_at(design: &[Layer<'_>], point: Point) -> Option<Colour> {
    design.iter().rev().find_map(|layer| layer.at(point))
}

impl Layer<'_> {
    /// The colour of this layer at a point, or nothing where it does not cover it.
    fn at(self, point: Point) -> Option<Colour> {
        let (x, y) = point;
        let (inside, colour) = match self {
            Layer::Rows(colours) => return stripe(colours, y),
            Layer::Columns(colours) => return stripe(colours, x / ASPECT),
            Layer::Canton(scale, design) => {
                let inner = (x / scale, y / scale);
                let covers = inner.0 < ASPECT && inner.1 < 1.0;
                return covers.then(|| colour_at(design, inner)).flatten();
            }
            Layer::Box([left, top, right, bottom], colour) => {
                ((left..right).contains(&x) && (top..bottom).contains(&y), colour)
            }
            Layer::Disc(cx, cy, radius, colour) => (in_disc(point, [cx, cy, radius]), colour),
            Layer::Crescent(disc, cut, colour) => (in_disc(point, disc) && !in_disc(point, cut), colour),
            Layer::Star(cx, cy, radius, colour) => (in_polygon(point, &star(cx, cy, radius)), colour),
            Layer::Cross(cx, cy, width, colour) => {
                ((x - cx).abs() < width / 2.0 || (y - cy).abs() < width / 2.0, colour)
            }
            Layer::Plus(cx, cy, reach, width, colour) => {
                let (across, down) = ((x - cx).abs(), (y - cy).abs());
                let long = across.max(down) < reach;
                (long && across.min(down) < width / 2.0, colour)
            }
            Layer::Saltire(width, colour) => {
                // How far the point is from the line through two opposite
                // corners; the other diagonal is the same line mirrored.
                let from = |y: f32| (y * ASPECT - x).abs() / ASPECT.hypot(1.0);
                (from(y).min(from(1.0 - y)) < width / 2.0, colour)
            }
            Layer::Hoist(depth, colour) => (x / depth < 1.0 - (2.0 * y - 1.0).abs(), colour),
            Layer::Polygon(outline, colour) => (in_polygon(point, outline), colour),
        };
        inside.then_some(colour)
    }
}

/// Which of some equal stripes a share of the whole width falls in.
fn stripe(colours: &[Colour], share: f32) -> Option<Colour> {
    let count = f32::from(u8::try_from(colours.len()).unwrap_or(u8::MAX));
    let mut end = 0.0;
    colours.iter().copied().find(|_| {
        end += 1.0;
        share * count < end
    })
}

fn in_disc((x, y): Point, [cx, cy, radius]: [f32; 3]) -> bool {
    (x - cx).hypot(y - cy) < radius
}

fn in_polygon((x, y): Point, outline: &[Point]) -> bool {
    let mut inside = false;
    let Some(mut before) = outline.last().copied() else {
        return false;
    };
    for &corner in outline {
        // An edge counts when it crosses the point's height to its right.
        let crosses = (corner.1 > y) != (before.1 > y);
        if crosses {
            let along = (y - corner.1) / (before.1 - corner.1);
            if x < corner.0 + along * (before.0 - corner.0) {
                inside = !inside;
            }
        }
        before = corner;
    }
    inside
}

/// The ten corners of an upright star; the inner ones lie where the lines
/// between the outer ones cross, 0.382 of the way out.
fn star(cx: f32, cy: f32, radius: f32) -> [Point; 10] {
    const OUT: [Point; 10] = [
        (0.0, -1.0),
        (0.2245, -0.309),
        (0.9511, -0.309),
        (0.3633, 0.118),
        (0.5878, 0.809),
        (0.0, 0.382),
        (-0.5878, 0.809),
        (-0.3633, 0.118),
        (-0.9511, -0.309),
        (-0.2245, -0.309),
    ];
    OUT.map(|(x, y)| (cx + x * radius, cy + y * radius))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RED: Colour = 0x00FF_0000;
    const BLUE: Colour = 0x0000_00FF;

    fn at(design: &[Layer<'_>], x: f32, y: f32) -> Option<Colour> {
        colour_at(design, (x, y))
    }

    #[test]
    fn a_colour_given_twice_is_twice_as_high() {
        let design = [Layer::Rows(&[RED, BLUE, BLUE, RED])];
        let seen = [0.1, 0.3, 0.7, 0.9].map(|y| at(&design, 0.5, y));
        assert_eq!(seen, [Some(RED), Some(BLUE), Some(BLUE), Some(RED)]);
    }

    #[test]
    fn the_later_layer_lies_over_the_earlier() {
        let design = [Layer::Rows(&[RED]), Layer::Disc(0.75, 0.5, 0.3, BLUE)];
        assert_eq!(at(&design, 0.75, 0.5), Some(BLUE));
        assert_eq!(at(&design, 0.75, 0.1), Some(RED));
    }

    #[test]
    fn shapes_cover_what_they_say() {
        for (layer, inside, outside) in [
            (Layer::Columns(&[RED]), (1.49, 0.5), (1.51, 0.5)),
            (Layer::Box([0.0, 0.0, 0.5, 0.5], RED), (0.4, 0.4), (0.6, 0.4)),
            (Layer::Cross(0.5, 0.5, 0.2, RED), (0.5, 0.9), (0.7, 0.7)),
            (Layer::Plus(0.75, 0.5, 0.3, 0.2, RED), (1.0, 0.5), (1.1, 0.5)),
            (Layer::Saltire(0.1, RED), (1.5, 0.0), (0.75, 0.1)),
            (Layer::Hoist(0.5, RED), (0.1, 0.2), (0.4, 0.2)),
            (Layer::Star(0.5, 0.5, 0.3, RED), (0.5, 0.25), (0.35, 0.3)),
            (Layer::Crescent([0.5, 0.5, 0.2], [0.6, 0.5, 0.2], RED), (0.35, 0.5), (0.65, 0.5)),
            (Layer::Polygon(&[(0.0, 0.0), (1.5, 0.0), (0.0, 1.0)], RED), (0.2, 0.2), (1.2, 0.8)),
            (Layer::Canton(0.5, &[Layer::Rows(&[RED])]), (0.7, 0.4), (0.8, 0.4)),
        ] {
            assert_eq!(layer.at(inside), Some(RED), "{layer:?} at {inside:?}");
            assert_eq!(layer.at(outside), None, "{layer:?} at {outside:?}");
        }
    }

    #[test]
    fn a_painting_has_three_bytes_a_pixel() {
        let pixels = paint(&[Layer::Rows(&[RED])]);
        assert_eq!(pixels.len(), 60 * 40 * 3);
        assert!(pixels.chunks(3).all(|pixel| pixel == [255, 0, 0]));
    }
}
