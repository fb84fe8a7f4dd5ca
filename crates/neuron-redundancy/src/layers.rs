//! Where in the network the clusters and the neurons that are kept are.

use activations::Layer;
use fcluster::Labels;

/// How a layer fares.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct LayerRedundancy {
    /// The layer's name.
    pub name: String,
    /// Its neurons.
    pub neurons: usize,
    /// Those of them that are kept.
    pub kept: usize,
    /// Those that share a cluster with a neuron of another layer.
    pub shared: usize,
}

impl LayerRedundancy {
    /// The share of its neurons that are not kept.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a share")]
    pub fn redundancy(&self) -> f64 {
        if self.neurons == 0 { 0.0 } else { 1.0 - self.kept as f64 / self.neurons as f64 }
    }
}

/// Layers of equal width, as files that name none have them: `width` neurons each, the last as many as are left.
///
/// ```
/// let layers = neuron_redundancy::layers_of_width(10, 4);
/// assert_eq!(layers.iter().map(|layer| layer.neurons.clone()).collect::<Vec<_>>(), [0..4, 4..8, 8..10]);
/// ```
#[must_use]
pub fn layers_of_width(neurons: usize, width: usize) -> Vec<Layer> {
    let start = |index: usize| index * width;
    let layer = |index: usize| Layer {
        name: format!("layer{index}"),
        neurons: start(index)..neurons.min(start(index + 1)),
    };
    if width == 0 { Vec::new() } else { (0..neurons.div_ceil(width)).map(layer).collect() }
}

/// How many neurons of each layer are kept, and how many have company elsewhere. `O(n)`.
///
/// ```
/// use fcluster::Labels;
/// use neuron_redundancy::{layer_redundancy, layers_of_width};
/// let labels = Labels::of_groups(&[0, 0, 1, 0]);
/// let layers = layer_redundancy(&labels, &[0, 2], &layers_of_width(4, 2));
/// assert_eq!((layers[0].kept, layers[1].kept, layers[1].shared), (1, 1, 1));
/// assert_eq!(layers[0].redundancy(), 0.5);
/// ```
#[must_use]
pub fn layer_redundancy(labels: &Labels, kept: &[usize], layers: &[Layer]) -> Vec<LayerRedundancy> {
    let windows = windows(labels, layers);
    let of_layer = |layer: &Layer| LayerRedundancy {
        name: layer.name.clone(),
        neurons: layer.neurons.len(),
        kept: kept.iter().filter(|neuron| layer.neurons.contains(neuron)).count(),
        shared: labels
            .as_slice()
            .iter()
            .skip(layer.neurons.start)
            .take(layer.neurons.len())
            .filter(|&&label| windows.get(label as usize - 1).is_some_and(|window| window.0 != window.1))
            .count(),
    };
    layers.iter().map(of_layer).collect()
}

/// Over how many layers clusters reach: entry w counts clusters of which the last layer is w after the first (Dalvi et
/// al., 2020, section 5.2, whose window is w + 1). Clusters of one neuron are counted, in entry 0. `O(n)`.
///
/// ```
/// use fcluster::Labels;
/// use neuron_redundancy::{layer_spans, layers_of_width};
/// let labels = Labels::of_groups(&[0, 0, 1, 0]);
/// assert_eq!(layer_spans(&labels, &layers_of_width(4, 2)), [1, 1]);
/// ```
#[must_use]
pub fn layer_spans(labels: &Labels, layers: &[Layer]) -> Vec<usize> {
    let mut spans = vec![0; layers.len()];
    for (first, last) in windows(labels, layers) {
        if let Some(count) = last.checked_sub(first).and_then(|span| spans.get_mut(span)) {
            *count += 1;
        }
    }
    spans
}

/// The first and the last layer of each cluster.
fn windows(labels: &Labels, layers: &[Layer]) -> Vec<(usize, usize)> {
    let mut windows = vec![(usize::MAX, 0); labels.count()];
    for (at, layer) in layers.iter().enumerate() {
        for &label in labels.as_slice().iter().skip(layer.neurons.start).take(layer.neurons.len()) {
            if let Some(window) = (label as usize).checked_sub(1).and_then(|index| windows.get_mut(index)) {
                *window = (window.0.min(at), at);
            }
        }
    }
    windows
}
