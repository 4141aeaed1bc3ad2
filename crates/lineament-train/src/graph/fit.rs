//! The shapes that layers return.

use super::{Layer, Pool, Shape, Window};

impl Layer {
    /// The shape that the layer returns for inputs of these shapes, or what does not fit.
    pub(super) fn fit(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let takes = match self {
            Self::Input => 0,
            Self::Add | Self::Gate => 2,
            Self::Concat => inputs.len().max(1),
            _ => 1,
        };
        if inputs.len() != takes {
            return Err(format!("takes {takes} inputs, got {}", inputs.len()));
        }
        match *self {
            Self::Input => Err("the input is the first node".to_owned()),
            Self::BatchNorm { .. } | Self::Rectifier(_) | Self::Dropout(_) | Self::Times(_) => {
                Ok(inputs[0])
            }
            Self::Flatten => Ok(Shape::Vector(inputs[0].numel())),
            Self::Linear(linear) => {
                vector(inputs[0])?;
                Ok(Shape::Vector(linear.out))
            }
            Self::Maxout { pieces } => match vector(inputs[0])? {
                length if length % pieces == 0 => Ok(Shape::Vector(length / pieces)),
                length => Err(format!("{length} numbers are no multiple of {pieces}")),
            },
            Self::Add if inputs[0] == inputs[1] => Ok(inputs[0]),
            Self::Add => Err(format!("adds {} to {}", inputs[1], inputs[0])),
            Self::Concat => concat(inputs),
            _ => self.fit_maps(inputs),
        }
    }

    /// [`fit`](Self::fit) of the layers that take feature maps.
    fn fit_maps(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let Shape::Map {
            channels,
            height,
            width,
        } = inputs[0]
        else {
            return Err(format!("takes feature maps, got {}", inputs[0]));
        };
        let map = |channels, (height, width)| Shape::Map {
            channels,
            height,
            width,
        };
        match *self {
            Self::Grey if channels == 3 => Ok(map(1, (height, width))),
            Self::Grey => Err(format!("takes RGB, got {channels} channels")),
            Self::Conv(conv) => {
                let groups = conv.groups;
                if groups == 0 || channels % groups != 0 || conv.out_channels % groups != 0 {
                    let out = conv.out_channels;
                    return Err(format!("{groups} groups of {channels} and {out} channels"));
                }
                Ok(map(conv.out_channels, conv.window.places(height, width)?))
            }
            Self::LocalConv(local) => {
                let window = Window::new(local.kernel, local.stride);
                let (rows, columns) = window.places(height, width)?;
                if rows % local.share != 0 || columns % local.share != 0 {
                    let share = local.share;
                    return Err(format!("blocks of {share} do not fill {rows} x {columns}"));
                }
                Ok(map(local.out_channels, (rows, columns)))
            }
            Self::Pool(Pool::Mean | Pool::L2, window) if window.ceil => {
                Err("only the greatest is taken in windows over the edge".to_owned())
            }
            Self::Pool(_, window) => Ok(map(channels, window.places(height, width)?)),
            Self::Upsample => Ok(map(channels, (2 * height, 2 * width))),
            Self::GlobalMean => Ok(map(channels, (1, 1))),
            Self::Gate if inputs[1] == map(channels, (1, 1)) => Ok(inputs[0]),
            Self::Gate => Err(format!("{} cannot gate {}", inputs[1], inputs[0])),
            _ => Ok(inputs[0]),
        }
    }
}

impl Window {
    /// How many rows and columns of places the window has on maps of this size.
    pub(crate) fn places(&self, height: usize, width: usize) -> Result<(usize, usize), String> {
        let along = |length: usize, axis: usize| {
            let (kernel, padding) = (self.kernel[axis], self.padding[axis]);
            let room = (length + 2 * padding).checked_sub(kernel)?;
            if !self.ceil {
                return Some(room / self.stride + 1);
            }
            let places = room.div_ceil(self.stride) + 1;
            // As Caffe and libtorch: the last window starts inside the maps or their first padding.
            Some(if (places - 1) * self.stride >= length + padding {
                places - 1
            } else {
                places
            })
        };
        let fits = self.stride > 0 && self.kernel[0] > 0 && self.kernel[1] > 0;
        match (along(height, 0), along(width, 1)) {
            (Some(rows), Some(columns)) if fits => Ok((rows, columns)),
            _ => {
                let [rows, columns] = self.kernel;
                Err(format!(
                    "a window of {rows} x {columns} on maps of {height} x {width}"
                ))
            }
        }
    }
}

fn vector(shape: Shape) -> Result<usize, String> {
    match shape {
        Shape::Vector(length) => Ok(length),
        Shape::Map { .. } => Err(format!("takes a vector, got {shape}")),
    }
}

fn concat(inputs: &[Shape]) -> Result<Shape, String> {
    let total = inputs.iter().map(|shape| shape.channels()).sum();
    let (height, width) = inputs[0].size();
    let first = std::mem::discriminant(&inputs[0]);
    let alike = |s: &Shape| s.size() == (height, width) && std::mem::discriminant(s) == first;
    if !inputs.iter().all(alike) {
        let shapes: Vec<String> = inputs.iter().map(Shape::to_string).collect();
        return Err(format!("joins {}", shapes.join(", ")));
    }
    Ok(match inputs[0] {
        Shape::Vector(_) => Shape::Vector(total),
        Shape::Map { .. } => Shape::Map {
            channels: total,
            height,
            width,
        },
    })
}
