//! Sessions that return what they are told.

use lineament_core::{Landmarks, Point, Rect};
use lineament_runtime::{Dim, Outputs, PortInfo, RuntimeError, Session, Signature, Tensor};

type Respond = dyn Fn(&Tensor) -> Vec<(String, Tensor)> + Send + Sync;

/// A network made of a function.
pub struct FakeSession {
    signature: Signature,
    respond: Box<Respond>,
}

impl FakeSession {
    /// A network with these ports that answers with `respond`.
    #[must_use]
    pub fn new(
        signature: Signature,
        respond: impl Fn(&Tensor) -> Vec<(String, Tensor)> + Send + Sync + 'static,
    ) -> Self {
        Self {
            signature,
            respond: Box::new(respond),
        }
    }

    /// A YuNet that finds the brightest square of 8×8 cells' worth of pixels: it answers with
    /// one face around every cell of stride 32 whose mean input value is at least `bright`.
    #[must_use]
    pub fn bright_spot_yunet(bright: f32) -> Self {
        let heads = ["cls", "obj", "bbox", "kps"];
        let names = [8, 16, 32]
            .iter()
            .flat_map(|s| heads.map(|head| format!("{head}_{s}")));
        let outputs = names
            .map(|name| port(&name, vec![Dim::Dynamic; 3]))
            .collect();
        let input = port(
            "input",
            vec![Dim::Fixed(1), Dim::Fixed(3), Dim::Dynamic, Dim::Dynamic],
        );
        Self::new(Signature { input, outputs }, move |image| {
            bright_cells(image, bright)
        })
    }

    /// An embedder of 112×112 crops whose `dimension` values are means of stripes of the crop.
    #[must_use]
    pub fn striped_embedder(dimension: usize) -> Self {
        let input = port(
            "input",
            vec![
                Dim::Dynamic,
                Dim::Fixed(3),
                Dim::Fixed(112),
                Dim::Fixed(112),
            ],
        );
        let outputs = vec![port("embedding", vec![Dim::Dynamic, Dim::Fixed(dimension)])];
        Self::new(Signature { input, outputs }, move |crops| {
            let batch = crops.shape()[0];
            let stripe = crops.data().len() / batch / dimension;
            let stripes = crops
                .data()
                .chunks_exact(crops.data().len() / batch)
                .flat_map(|crop| {
                    crop.chunks_exact(stripe)
                        .take(dimension)
                        .map(move |s| s.iter().sum::<f32>() / stripe as f32)
                });
            vec![(
                "embedding".to_owned(),
                tensor(vec![batch, dimension], stripes.collect()),
            )]
        })
    }
}

impl Session for FakeSession {
    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn run(&self, input: &Tensor) -> Result<Outputs, RuntimeError> {
        self.signature.check(input)?;
        Ok(Outputs::new((self.respond)(input)))
    }
}

fn port(name: &str, shape: Vec<Dim>) -> PortInfo {
    PortInfo {
        name: name.to_owned(),
        shape,
    }
}

fn tensor(shape: Vec<usize>, data: Vec<f32>) -> Tensor {
    // Shapes here are made beside their data.
    Tensor::new(shape, data).unwrap_or_else(|error| unreachable!("{error}"))
}

/// The box and landmarks that [`FakeSession::bright_spot_yunet`] reports for the cell of stride 32
/// at (`column`, `row`), in input pixels.
#[must_use]
pub fn bright_spot_face(column: usize, row: usize) -> (Rect, Landmarks) {
    let (x, y) = (column as f32 * 32.0, row as f32 * 32.0);
    let rect = Rect::from_corners(x, y, x + 32.0, y + 32.0);
    let points = SPOT_LANDMARKS.map(|(dx, dy)| Point::new(x + 32.0 * dx, y + 32.0 * dy));
    (rect, Landmarks::from_array(points))
}

const SPOT_LANDMARKS: [(f32, f32); 5] = [
    (0.3, 0.35),
    (0.7, 0.35),
    (0.5, 0.55),
    (0.35, 0.75),
    (0.65, 0.75),
];

fn bright_cells(image: &Tensor, bright: f32) -> Vec<(String, Tensor)> {
    let (height, width) = (image.shape()[2], image.shape()[3]);
    let mut outputs = Vec::new();
    for stride in [8usize, 16, 32] {
        let (columns, rows) = (width / stride, height / stride);
        let n_cells = columns * rows;
        let found = |cell: usize| {
            stride == 32
                && mean(image, (cell % columns) * 32, (cell / columns) * 32, width) >= bright
        };
        let scores: Vec<f32> = (0..n_cells)
            .map(|cell| f32::from(u8::from(found(cell))))
            .collect();
        let boxes = [0.5, 0.5, 0.0, 0.0].repeat(n_cells);
        let points: Vec<f32> = SPOT_LANDMARKS.iter().flat_map(|&(x, y)| [x, y]).collect();
        let name = |head: &str| format!("{head}_{stride}");
        outputs.push((name("cls"), tensor(vec![1, n_cells, 1], scores.clone())));
        outputs.push((name("obj"), tensor(vec![1, n_cells, 1], scores)));
        outputs.push((name("bbox"), tensor(vec![1, n_cells, 4], boxes)));
        outputs.push((
            name("kps"),
            tensor(vec![1, n_cells, 10], points.repeat(n_cells)),
        ));
    }
    outputs
}

/// Mean of the first channel over 32×32 pixels.
fn mean(image: &Tensor, left: usize, top: usize, width: usize) -> f32 {
    let rows = (top..top + 32).map(|y| &image.data()[y * width + left..][..32]);
    rows.flatten().sum::<f32>() / (32.0 * 32.0)
}
